"""The whole way through the screens, by a person's clicks: define, run, watch, fail, open, fix, resume; two tabs; a restart in a run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Open = Callable[..., Any]

LOAD = "%load_ext jupyter_mage"
RAW = "%%block raw --no-run\nimport pandas as pd\nraw = pd.DataFrame({'id': [1, 2, 3]})"
WAIT = """%%block slow(raw) --no-run
import time, pathlib
end = time.monotonic() + 40
while not pathlib.Path('go').exists() and time.monotonic() < end:
    time.sleep(.05)
len(raw)"""
BAD = "%%block names(raw) --no-run\nraw[['idd']]"
LAST = "%%block last(names, slow) --no-run\nlen(names) + slow"
PANEL = "#jupyter-mage-panel"
CELLS = "window.jupyterapp.shell.currentWidget.content"


def card(block: str, status: str) -> str:
    return f"{PANEL} .jm-node[data-block='{block}'][data-status='{status}']"


def shows(one: Any, **states: str) -> None:
    for block, status in states.items():
        one.page.wait_for_selector(card(block, status), state="attached")


def defined(lab: Open, *cells: str, **settings: Any) -> tuple[Any, Any]:
    """The notebook, its blocks defined by running their cells, and the panel."""
    one = lab(LOAD, *cells, **settings)
    panel = one.panel()
    one.run_all()
    return one, panel


def test_define_run_watch_fail_open_fix_resume(lab: Open) -> None:
    one, panel = defined(lab, RAW, WAIT, BAD, LAST)
    page = one.page
    shows(one, raw="new", slow="new", names="new", last="new")

    panel.get_by_role("button", name="Run the pipeline").click()
    shows(one, raw="succeeded", slow="running", names="failed")
    assert "2 of 4" in panel.locator(".jm-header .jm-words").inner_text()
    one.file.with_name("go").touch()
    shows(one, slow="succeeded", last="skipped")
    panel.locator(".jm-header[data-status='failed']").wait_for()

    panel.locator("li[data-block='names'] .jm-more").get_by_text("idd").wait_for()
    panel.locator(card("names", "failed").removeprefix(PANEL)).click()
    one.wait(f"{CELLS}.activeCellIndex === 3")

    one.write(3, BAD.replace("idd", "id"))
    page.keyboard.press("Control+Enter")
    one.page.wait_for_selector(f"{card('names', 'stale')}, {card('names', 'new')}", state="attached")
    one.idle()

    page.evaluate("() => { window.jupyterapp.commands.execute('jupyter-mage:resume'); return null; }")
    shows(one, raw="succeeded", slow="succeeded", names="succeeded", last="succeeded")
    panel.locator(".jm-header[data-status='succeeded']").wait_for()


def test_two_tabs_of_one_notebook_show_the_same_run(lab: Open, browser: Any, server: Any) -> None:
    one, panel = defined(lab, RAW, WAIT)
    shows(one, slow="new")
    other = browser.new_page(viewport={"width": 1400, "height": 900})
    try:
        other.goto(f"http://127.0.0.1:{server.port}/doc/tree/{one.path}?token={server.token}")
        other.wait_for_function(
            "window.jupyterapp && window.jupyterapp.shell.currentWidget && window.jupyterapp.shell.currentWidget.content"
        )
        other.evaluate("() => { window.jupyterapp.shell.activateById('jupyter-mage-panel'); return null; }")
        panel.get_by_role("button", name="Run the pipeline").click()
        shows(one, slow="running")
        other.wait_for_selector(card("slow", "running"), state="attached")
        other.locator(f"{PANEL} .jm-header").get_by_role("button", name="Cancel the run").wait_for()
        one.file.with_name("go").touch()
        for page in (one.page, other):
            page.wait_for_selector(card("slow", "succeeded"), state="attached")
    finally:
        other.close()


def test_restart_in_a_run_is_said_and_the_run_goes_on_where_it_was(lab: Open) -> None:
    one, panel = defined(lab, RAW, WAIT)
    shows(one, slow="new")
    panel.get_by_role("button", name="Run the pipeline").click()
    shows(one, raw="succeeded", slow="running")
    one.page.evaluate("() => { window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart(); return null; }")
    again = panel.get_by_role("button", name="Load it again")
    again.wait_for()
    assert panel.get_by_role("button", name="Run the pipeline").is_disabled()
    one.file.with_name("go").touch()
    one.idle()
    again.click()
    again.wait_for(state="hidden")
    one.run(1, 2)
    one.page.wait_for_selector(f"{PANEL} .jm-dag:not(.jm-lost) .jm-node[data-block='slow']", state="attached")
    panel.get_by_role("button", name="Run the pipeline").click()
    shows(one, raw="cached", slow="succeeded")
