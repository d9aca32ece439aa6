"""Runs, logs and projects in the panel with no kernel: what command lines and schedules do is seen as it happens."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from test_browsing import notebook

PANEL = "#jupyter-mage-panel"
NUMBERS = "%%block numbers\nprint('three of them')\n[1, 2, 3]"
# waits until the test has seen what it wants to see; no longer than half a minute
SLOW = """%%block slow(numbers)
import time, pathlib
print('waiting for the word')
end = time.monotonic() + 30
while not pathlib.Path('go').exists() and time.monotonic() < end:
    time.sleep(.05)
len(numbers)"""
FAILING = "%%block bad(numbers) --retries 1 --retry-delay 0\nnumbers[9]"
AFTER = "%%block after(bad)\nbad"


class Screen:
    """The panel on a page with no notebook open, and a folder of its own to run things in."""

    def __init__(self, page: Any, folder: Path) -> None:
        self.page, self.folder = page, folder
        self.panel = page.locator(PANEL)

    def write(self, name: str, *cells: str) -> None:
        notebook(self.folder / f"{name}.ipynb", *cells)

    def begin(self, *words: str) -> subprocess.Popen[bytes]:
        """``jupyter mage WORDS`` in the folder, as in a terminal."""
        command = [sys.executable, "-m", "jupyter_mage.cli", *words]
        return subprocess.Popen(command, cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def ran(self, *words: str) -> None:
        self.begin(*words).wait(60)

    def show(self, view: str) -> None:
        self.panel.locator(f".jm-tabs button[data-view='{view}']").click()

    def go(self, view: str, **subject: str) -> None:
        """As a link to the view does."""
        detail = {"action": "show", "view": view, "subject": {"project": self.folder.name, **subject}}
        self.page.evaluate(
            "detail => { document.body.dispatchEvent(new CustomEvent('jupyter-mage:request', {bubbles: true, cancelable: true, detail})); }",
            detail,
        )

    def see(self, selector: str) -> Any:
        found = self.panel.locator(selector)
        found.first.wait_for()
        return found


@pytest.fixture
def screen(server: Any, browser: Any, request: pytest.FixtureRequest) -> Iterator[Callable[..., Screen]]:
    pages: list[Any] = []
    errors: list[str] = []

    def make(*, theme: str = "JupyterLab Light", width: int = 1400) -> Screen:
        folder = server.work / f"{request.node.name[:40]}_{len(pages)}"
        folder.mkdir()
        page = browser.new_page(viewport={"width": width, "height": 900})
        page.set_default_timeout(30_000)
        page.on("pageerror", lambda error: errors.append(f"{error}\n{error.stack}") if server.counts(error) else None)
        pages.append(page)
        page.goto(f"http://127.0.0.1:{server.port}/lab?reset&token={server.token}")
        page.locator(PANEL).wait_for(state="attached")
        page.evaluate(
            "async () => { await window.jupyterapp.restored; window.jupyterapp.shell.activateById('jupyter-mage-panel'); }"
        )
        page.evaluate("theme => window.jupyterapp.commands.execute('apputils:change-theme', { theme })", theme)
        return Screen(page, folder)

    yield make
    for page in pages:
        if os.environ.get("SHOTS"):
            page.screenshot(path=f"{os.environ['SHOTS']}/{request.node.name[:50]}.png")
        page.close()
    assert errors == []


def test_a_run_of_a_command_line_is_seen_as_it_happens_with_no_kernel(screen: Any, server: Any) -> None:
    one = screen()
    one.write("daily", NUMBERS, SLOW)
    one.go("runs")
    assert "Nothing has run here yet" in one.see(".jm-notice").first.inner_text()
    process = one.begin("run", "daily.ipynb")
    one.see(".jm-runlist li[data-status='running']").locator(".jm-jump").click()
    one.see(".jm-ganttrow[data-block='numbers'][data-status='succeeded']")
    one.see(".jm-ganttrow[data-block='slow'] .jm-ganttbar[data-status='running']")
    one.panel.get_by_role("button", name="Logs", exact=True).click()
    one.see(".jm-live .jm-logline[data-block='slow'] >> text=waiting for the word")
    (one.folder / "go").touch()
    one.see(".jm-logline[data-block='slow'][data-level='note'] >> text=done in")
    assert one.panel.locator(".jm-live .jm-logline").count() == 0
    one.show("runs")
    one.see(".jm-runtitle[data-status='succeeded']")
    process.wait(60)
    assert server.call("GET", "api/kernels") == []


def test_a_run_is_cancelled_and_resumed_and_run_again(screen: Any) -> None:
    one = screen()
    one.write("daily", NUMBERS, SLOW)
    one.go("projects")
    tile = one.see(f".jm-project[data-project='{one.folder.name}'] .jm-pipeline[data-pipeline='daily']")
    assert tile.locator(".jm-command code").inner_text() == f"jupyter mage run {one.folder.name}/daily.ipynb"
    tile.get_by_role("button", name="Run", exact=True).click()
    one.see(".jm-ganttrow[data-block='slow'][data-status='running']")
    one.panel.get_by_role("button", name="Cancel").click()
    one.see(".jm-runtitle[data-status='cancelled']")
    one.see(".jm-ganttrow[data-block='slow'][data-status='cancelled']")
    (one.folder / "go").touch()
    command = one.see(".jm-doing .jm-command code").first.inner_text()
    assert command.startswith(f"jupyter mage resume {one.folder.name}/daily.ipynb --run ")
    run = one.panel.locator(".jm-runid").inner_text()
    one.panel.get_by_role("button", name="Resume").click()
    one.see(".jm-runtitle[data-status='succeeded']")
    assert one.panel.locator(".jm-runid").inner_text() == run
    one.panel.get_by_role("button", name="Run again").click()
    one.page.wait_for_function("run => document.querySelector('.jm-runid')?.textContent !== run", arg=run)
    one.see(".jm-ganttrow[data-block='numbers'][data-status='cached']")
    one.panel.get_by_role("button", name="‹ Runs").click()
    assert one.see(".jm-runlist li").count() == 2


def test_errors_tries_logs_search_and_two_runs_compared(screen: Any) -> None:
    one = screen(theme="JupyterLab Dark")
    one.write("daily", NUMBERS, FAILING, AFTER)
    one.ran("run", "daily.ipynb")
    one.write("daily", NUMBERS.replace("2, 3]", "2, 4]"), FAILING, AFTER)
    one.ran("run", "daily.ipynb")
    one.go("runs")
    one.see(".jm-runlist .jm-jump").first.click()
    bad = one.see(".jm-ganttrow[data-block='bad'][data-status='failed']")
    assert [bar.get_attribute("data-status") for bar in bad.locator(".jm-ganttbar").all()] == ["failed", "failed"]
    bad.click()
    card = one.see(".jm-blockcard")
    assert card.locator(".jm-error").inner_text().startswith("IndexError: list index out of range")
    assert card.locator(".jm-tries li").count() == 2
    one.panel.get_by_role("button", name="Table").click()
    assert one.see("tbody[data-block='after'] .jm-runwhy").inner_text() == "bad failed"
    one.panel.get_by_role("button", name="Graph", exact=True).click()
    one.see(".jm-rungraph .jm-node[data-block='bad'][data-status='failed']")
    one.panel.get_by_role("button", name="‹ Runs").click()
    for box in one.see(".jm-runlist input").all():
        box.check()
    one.panel.get_by_role("button", name="Compare").click()
    said = one.see(".jm-difftable tbody[data-block='numbers']").inner_text()
    assert "other values" in said
    assert "code: 2 lines" in said
    assert "the same error" in one.panel.locator(".jm-difftable tbody[data-block='bad']").inner_text()
    one.show("logs")
    one.see(".jm-logline[data-level='error'] >> text=IndexError: list index out of range")
    one.panel.locator(".jm-logs .jm-find").fill("THREE OF")
    one.see(".jm-logline mark >> text=three of")
    assert one.panel.locator(".jm-logline").count() == 1
    one.panel.locator(".jm-logs .jm-find").fill("no such words")
    one.see(".jm-logs .jm-notice >> text=no such words")


def test_a_log_follows_its_end_until_the_reader_scrolls_up(screen: Any) -> None:
    one = screen()
    talk = "import time\nfor n in range(300): print('line', n)\n"
    one.write(
        "daily",
        NUMBERS,
        SLOW.replace("import time, pathlib", f"import pathlib\n{talk}"),
        "%%block end(slow)\nprint('the end')\n1",
    )
    process = one.begin("run", "daily.ipynb")
    one.go("logs")
    one.see(".jm-live .jm-logline >> text=line 299")
    room = one.panel.locator(".jm-loglines")
    at_end = "room => room.scrollHeight - room.scrollTop - room.clientHeight < 30"
    assert room.evaluate(at_end)
    room.evaluate("room => { room.scrollTop = 40; }")
    one.see(".jm-toend")
    (one.folder / "go").touch()
    one.see(".jm-toend >> text=more lines")
    assert room.evaluate("room => room.scrollTop") == 40
    one.panel.locator(".jm-toend").click()
    process.wait(60)
    one.see(".jm-logline >> text=the end")
    assert room.evaluate(at_end)


def test_the_launcher_leads_to_projects_and_they_to_the_notebook(screen: Any) -> None:
    one = screen()
    one.write("daily", NUMBERS)
    one.ran("run", "daily.ipynb")
    one.page.locator(".jp-LauncherCard", has_text="Pipelines").click()
    tile = one.see(f".jm-project[data-project='{one.folder.name}'] .jm-pipeline[data-status='succeeded']")
    assert "1 block" in tile.inner_text()
    one.panel.locator(".jm-projects .jm-find").fill("no such pipeline")
    one.see(".jm-projects .jm-notice >> text=No pipeline is like that")
    one.panel.locator(".jm-projects .jm-find").fill(one.folder.name)
    tile.get_by_role("button", name="Open the notebook").click()
    one.page.wait_for_function("window.jupyterapp.shell.currentWidget?.context?.path?.endsWith('daily.ipynb')")
    one.show("runs")
    one.see(".jm-runlist li[data-status='succeeded']")


def test_keys_alone_reach_a_run_and_its_blocks(screen: Any) -> None:
    one = screen(width=1000)
    one.write("daily", NUMBERS, FAILING, AFTER)
    one.ran("run", "daily.ipynb")
    one.go("runs")
    one.see(".jm-runlist .jm-jump").first.focus()
    one.page.keyboard.press("Enter")
    one.see(".jm-ganttrow[data-block='numbers']").focus()
    one.page.keyboard.press("ArrowDown")
    one.page.wait_for_function("document.activeElement.dataset.block === 'bad'")
    one.see(".jm-blockcard .jm-error")
    assert one.panel.locator(".jm-ganttrow[aria-selected='true']").get_attribute("data-block") == "bad"
