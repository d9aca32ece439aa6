"""The graph and the side panel in a real JupyterLab: what a person sees and does."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

Open = Callable[..., Any]

LOAD = "%load_ext jupyter_mage"
NUMBERS = "%%block numbers\n[1, 2, 3]"
TOTAL = '%%block total(numbers)\n"""What they add up to."""\nsum(numbers)'
FIRST = "%%block first(numbers)\nnumbers[9]"
# waits until the test has seen what it wants to see; no longer than half a minute
SLOW = """%%block slow(numbers)
import time, pathlib
end = time.monotonic() + 30
while not pathlib.Path('go').exists() and time.monotonic() < end:
    time.sleep(.05)
len(numbers)"""
STATUS = "#jupyter-mage-panel .jm-node[data-block='{}'][data-status='{}']"


def kept(cell: str) -> str:
    """The cell, changed so that it only defines its block."""
    return cell.replace("\n", " --no-run\n", 1)


def command(one: Any, name: str, **arguments: str) -> None:
    """Start a command of JupyterLab; what comes of it is waited for elsewhere."""
    one.page.evaluate("([name, given]) => { window.jupyterapp.commands.execute(name, given); return null; }", [name, arguments])


def settled(lab: Any, **states: str) -> None:
    """Wait until the panel shows these states."""
    for block, status in states.items():
        lab.page.wait_for_selector(STATUS.format(block, status), state="attached")


def test_pipeline_draws_the_graph_in_the_notebook(lab: Open) -> None:
    one = lab(LOAD, NUMBERS, TOTAL, "%pipeline")
    one.run(0, 1, 2, 3)
    graph = one.output(3).locator(".jm-dag")
    graph.locator(".jm-node").nth(1).wait_for()
    labels = [graph.locator(".jm-node").nth(i).get_attribute("aria-label") for i in range(2)]
    assert [label.split(",")[0] for label in labels] == ["numbers: loader", "total: transformer"]
    assert graph.locator(".jm-edge").count() == 1


def test_panel_lists_blocks_and_follows_a_run(lab: Open, server: Any) -> None:
    one = lab(LOAD, kept(NUMBERS), kept(FIRST), kept(SLOW), "%pipeline run")
    go = one.file.with_name("go")
    panel = one.panel()
    one.run(0, 1, 2, 3)
    settled(one, numbers="new", slow="new", first="new")
    one.start(4)
    settled(one, numbers="succeeded", slow="running", first="failed")
    assert panel.locator(".jm-header .jm-words").inner_text().startswith("running · 2 of 3")
    assert panel.get_by_role("button", name="Cancel").is_visible()
    one.page.locator(".jp-NotebookPanel .jm-node[data-block='slow'][data-status='running']").wait_for(state="attached")
    go.touch()
    settled(one, slow="succeeded")
    row = panel.locator("li[data-block='first']")
    assert row.locator(".jm-more").inner_text().startswith("IndexError: list index out of range")
    panel.get_by_role("button", name="Run the pipeline").wait_for()


def test_cancel_in_the_panel_stops_a_run(lab: Open) -> None:
    one = lab(LOAD, NUMBERS, kept(SLOW), "%pipeline run", "'ali' + 've'")
    panel = one.panel()
    one.run(0, 1, 2)
    settled(one, slow="new")
    one.start(3)
    settled(one, slow="running")
    panel.get_by_role("button", name="Cancel").click()
    settled(one, slow="cancelled")
    one.idle()
    one.run(4)
    assert "alive" in one.output(4).inner_text()


def test_run_button_runs_and_says_so(lab: Open) -> None:
    one = lab(LOAD, kept(NUMBERS), kept(TOTAL))
    panel = one.panel()
    one.run(0, 1, 2)
    settled(one, numbers="new", total="new")
    panel.get_by_role("button", name="Run the pipeline").click()
    settled(one, numbers="succeeded", total="succeeded")
    panel.locator(".jm-header[data-status='succeeded']").wait_for()


def test_run_button_of_a_block_runs_its_cell(lab: Open) -> None:
    one = lab(LOAD, NUMBERS, TOTAL)
    panel = one.panel()
    one.run(0, 1, 2)
    settled(one, total="succeeded")
    before = one.count(2)
    panel.locator("li[data-block='total']").hover()
    panel.get_by_role("button", name="Run total").click()
    one.wait(f"window.jupyterapp.shell.currentWidget.content.widgets[2].model.executionCount > {before}")
    assert "6" in one.output(2).first.inner_text()


def test_click_and_keys_jump_to_the_cell(lab: Open) -> None:
    one = lab(LOAD, NUMBERS, TOTAL, *["# filler\n" * 30] * 8)
    panel = one.panel()
    one.run(0, 1, 2)
    settled(one, total="succeeded")
    panel.locator("li[data-block='total'] .jm-jump").click()
    one.wait("window.jupyterapp.shell.currentWidget.content.activeCellIndex === 2")
    panel.locator(".jm-node[data-block='numbers']").click()
    one.wait("window.jupyterapp.shell.currentWidget.content.activeCellIndex === 1")
    panel.locator(".jm-node[data-block='numbers']").focus()
    one.page.keyboard.press("ArrowDown")
    focused = "document.activeElement.dataset.block"
    assert one.page.evaluate(focused) == "total"
    one.page.keyboard.press("Enter")
    one.wait("window.jupyterapp.shell.currentWidget.content.activeCellIndex === 2")
    one.page.keyboard.press("ArrowUp")
    assert (one.page.evaluate(focused), one.active()) == ("numbers", 2)


def test_sample_items_and_retries_are_seen_while_they_happen(lab: Open) -> None:
    flaky = (
        "%%block flaky(numbers) --retries 1 --retry-delay 1ms --no-run\nimport pathlib, time\n"
        "if not pathlib.Path('tried').exists():\n    pathlib.Path('tried').touch()\n    raise ConnectionError('down')\n"
        + SLOW.split("\n", 1)[1].replace("import time, pathlib\n", "")
    )
    part = "%%block part(numbers) --map numbers --no-run\n12 // (numbers - 2)"
    one = lab(LOAD, kept(NUMBERS), part, flaky, "%pipeline run --sample 2")
    panel = one.panel()
    one.run(0, 1, 2, 3)
    settled(one, part="new", flaky="new")
    one.start(4)
    settled(one, numbers="succeeded", part="failed", flaky="running")
    tries = panel.locator(".jm-node[data-block='flaky']")
    tries.filter(has_text="attempt 2 · ").wait_for()
    assert "attempt 1 failed: ConnectionError: down" in tries.get_attribute("aria-label")
    one.file.with_name("go").touch()
    settled(one, flaky="succeeded")
    marked = panel.locator(".jm-node.jm-sampled")
    assert [marked.nth(i).get_attribute("data-block") for i in range(marked.count())] == ["numbers", "flaky"]
    assert panel.locator(".jm-list .jm-badge:visible").all_inner_texts() == ["SAMPLE", "SAMPLE"]
    row = panel.locator("li[data-block='part']")
    assert row.locator(".jm-detail").inner_text() == "1 of 2 items failed"
    why = "1 of 2 items failed, the first part[1]: ZeroDivisionError: "
    assert row.locator(".jm-more").inner_text().startswith(why)
    assert "sample of 2" in panel.locator(".jm-header .jm-words").inner_text()
    one.output(4).locator(".jm-node.jm-sampled").nth(1).wait_for(state="attached")


def test_hostile_words_run_no_script(lab: Open, server: Any) -> None:
    bad = "</title></text></style><img src=x onerror=window.hacked=1><script>window.hacked=1</script>"
    code = (
        "from jupyter_mage.model import Block, Pipeline\n"
        f"bad = {bad!r}\n"
        "mage = get_ipython().magics_manager.registry['PipelineMagics'].session\n"
        "mage.adopt(Pipeline(name='h', blocks=(Block(name='a', source='1', label=bad, doc=bad),"
        " Block(name='b', source='a', kind='<b>', upstreams=('a',), language='<i>'))))\n"
        "mage._changed()"
    )
    one = lab(LOAD, code, "%pipeline")
    panel = one.panel()
    one.run(0, 1, 2)
    panel.locator(".jm-node").nth(1).wait_for(state="attached")
    one.output(2).locator(".jm-node").nth(1).wait_for(state="attached")
    assert one.page.evaluate("window.hacked === undefined && !document.querySelector('.jm-root img, .jm-root script')")
    assert bad[:8] in panel.locator(".jm-blockname").first.inner_text()


def test_saved_notebook_shows_the_graph_without_a_kernel_state(lab: Open, server: Any) -> None:
    one = lab(LOAD, NUMBERS, TOTAL, "%pipeline", name="saved")
    one.run(0, 1, 2, 3)
    one.output(3).locator(".jm-node").nth(1).wait_for()
    one.page.evaluate("async () => { await window.jupyterapp.shell.currentWidget.context.save(); }")
    kept = json.loads(one.file.read_text())["cells"][3]["outputs"][0]["data"]
    assert {"image/svg+xml", "text/vnd.mermaid", "text/plain", "application/vnd.jupyter_mage.dag+json"} <= set(kept)
    server.end_kernels()
    one.open()
    graph = one.output(3)
    graph.locator(".jm-node[data-status='succeeded'], .jm-node[data-status='cached']").nth(1).wait_for()
    assert graph.get_by_role("button", name="Run the pipeline").is_disabled()


def test_reload_while_busy_shows_the_run_again(lab: Open, server: Any) -> None:
    one = lab(LOAD, NUMBERS, kept(SLOW), "%pipeline run", name="reload")
    one.panel()
    one.run(0, 1, 2)
    one.page.evaluate("async () => { await window.jupyterapp.shell.currentWidget.context.save(); }")
    one.start(3)
    settled(one, slow="running")
    one.page.goto(f"http://127.0.0.1:{server.port}/lab/tree/{one.path}?token={server.token}")
    one.wait("!!(window.jupyterapp && window.jupyterapp.shell.currentWidget && window.jupyterapp.shell.currentWidget.content)")
    one.panel()
    settled(one, slow="running")
    one.file.with_name("go").touch()
    settled(one, slow="succeeded")


def test_restart_keeps_the_picture_and_a_new_load_revives_it(lab: Open) -> None:
    one = lab(LOAD, NUMBERS)
    panel = one.panel()
    one.run(0, 1)
    settled(one, numbers="succeeded")
    one.page.evaluate("async () => { await window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart(); }")
    panel.locator(".jm-dag.jm-lost").wait_for()
    assert panel.get_by_role("button", name="Run the pipeline").is_disabled()
    one.idle()
    one.run(0, 1)
    panel.locator(".jm-dag:not(.jm-lost) .jm-node[data-block='numbers']").wait_for()


def test_two_notebooks_have_two_pipelines(lab: Open) -> None:
    one = lab(LOAD, NUMBERS, name="uno")
    panel = one.panel()
    one.run(0, 1)
    settled(one, numbers="succeeded")
    command(one, "notebook:create-new", kernelName="python3")
    panel.locator(".jm-welcome").wait_for()
    command(one, "docmanager:open", path=one.path)
    settled(one, numbers="succeeded")
    assert panel.locator(".jm-name").inner_text() == "uno"


def test_look_is_the_same_in_the_dark(lab: Open) -> None:
    one = lab(LOAD, NUMBERS, "%pipeline")
    one.run(0, 1, 2)
    one.output(2).locator(".jm-card").first.wait_for()
    command(one, "apputils:change-theme", theme="JupyterLab Dark")
    one.page.wait_for_selector("body[data-jp-theme-light='false']", state="attached")
    words, card = one.page.evaluate(
        """() => ['.jm-title', '.jm-card'].map(each =>
        getComputedStyle(document.querySelector('.jp-NotebookPanel ' + each)).fill)"""
    )
    command(one, "apputils:change-theme", theme="JupyterLab Light")
    one.page.wait_for_selector("body[data-jp-theme-light='true']", state="attached")
    assert (words, card.startswith(("color(srgb 0.1", "color(srgb 0.2", "rgb(3", "rgb(4"))) == ("rgb(240, 243, 246)", True)
