"""The graph edits the text: whole ways in a real JupyterLab with a real kernel."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from test_browser import LOAD, kept, settled

Open = Callable[..., Any]

NUMBERS = kept("%%block numbers\n[1, 2, 3]")
USERS = kept("%%block users\n[4]")
TOTAL = kept("%%block total(numbers)\nsum(numbers)")


def shot(one: Any, name: str) -> None:
    """A picture to look at, where SHOTS names a folder."""
    if os.environ.get("SHOTS"):
        one.page.screenshot(path=f"{os.environ['SHOTS']}/editing_{name}.png")


def middle(box: Any) -> tuple[float, float]:
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def says(one: Any, cell: int, text: str) -> None:
    one.wait(f"window.jupyterapp.shell.currentWidget.content.widgets[{cell}].model.sharedModel.getSource() === {text!r}")


def opened(one: Any) -> Any:
    """The panel, as wide as one drags it to work in it."""
    panel = one.panel()
    one.page.evaluate("() => { window.jupyterapp.shell._hsplitPanel.setRelativeSizes([1, 3, 2]); return null; }")
    return panel


def pull(one: Any, panel: Any, source: str, target: str) -> None:
    """With the mouse: from the port below a block to another block."""
    card = panel.locator(f".jm-node[data-block='{source}']")
    card.hover()
    one.page.mouse.move(*middle(card.locator(".jm-port[data-side='out']").bounding_box()))
    one.page.mouse.down()
    one.page.mouse.move(*middle(panel.locator(f".jm-node[data-block='{target}']").bounding_box()), steps=5)
    shot(one, f"pull_{target}")
    one.page.mouse.up()


def test_edge_drawn_with_the_mouse_is_in_the_header_and_undo_takes_it_back(lab: Open) -> None:
    one = lab(LOAD, NUMBERS, USERS, TOTAL, "%pipeline")
    panel = opened(one)
    one.run_all()
    settled(one, total="new", users="new")
    pull(one, panel, "users", "total")
    says(one, 3, "%%block total(numbers, users) --no-run\nsum(numbers)")
    edge = panel.locator(".jm-edge[data-source='users'][data-target='total']")
    edge.wait_for(state="attached")
    shot(one, "drawn")
    assert one.count(3) == 4  # it did not run again
    assert panel.locator(".jm-editbar:visible code").inner_text() == "%%block total(numbers, users) --no-run"
    one.select(3)
    one.page.keyboard.press("Enter")
    one.page.keyboard.press("Control+z")
    says(one, 3, TOTAL)
    edge.wait_for(state="detached")
    pull(one, panel, "users", "total")
    edge.wait_for(state="attached")
    one.page.keyboard.press("Control+z")  # in the graph
    says(one, 3, TOTAL)
    edge.wait_for(state="detached")
    pull(one, panel, "total", "numbers")
    refused = panel.locator(".jm-editbar:visible .jm-refused")
    assert refused.inner_text() == "cycle: numbers ← total ← numbers (cells [2] [4]); kept the previous numbers"
    shot(one, "refused")
    one.output(4).locator(".jm-node[data-block='total']").click(button="right")  # the graph in the notebook is edited as well
    one.page.get_by_role("menuitem", name="Change kind").wait_for()
    assert one.page.locator(".lm-Menu").count() == 0
    one.page.keyboard.press("Escape")
    one.page.locator(".jm-menu").wait_for(state="detached")
    assert one.sources()[1:] == [NUMBERS, USERS, TOTAL, "%pipeline"]


def test_menu_renames_everywhere_and_deletes_and_both_come_back(lab: Open) -> None:
    test = "%%test numbers\nassert numbers"
    one = lab(LOAD, NUMBERS, TOTAL, test, "len(numbers)")
    panel = opened(one)
    one.run_all()
    settled(one, total="new")
    node = panel.locator(".jm-node[data-block='numbers']")
    node.click(button="right")
    shot(one, "menu")
    one.page.get_by_role("menuitem", name="Change kind").hover()
    one.page.get_by_role("menuitemradio", name="sensor").hover()
    one.page.locator(".jm-menu .jm-command code").filter(has_text="--kind sensor").wait_for()
    shot(one, "submenu")
    one.page.get_by_role("menuitem", name="Rename…").click()
    one.page.keyboard.insert_text("figures")
    shot(one, "rename")
    one.page.keyboard.press("Enter")
    panel.locator(".jm-edge[data-source='figures'][data-target='total']").wait_for(state="attached")
    renamed = [text.replace("numbers", "figures") for text in (NUMBERS, TOTAL, test)]
    assert one.sources() == [LOAD, *renamed, "len(numbers)"]
    shot(one, "renamed")
    panel.get_by_role("button", name="Undo").click()
    panel.locator(".jm-edge[data-source='numbers'][data-target='total']").wait_for(state="attached")
    assert one.sources() == [LOAD, NUMBERS, TOTAL, test, "len(numbers)"]
    node.click(button="right")
    one.page.get_by_role("menuitem", name="Delete").click()
    node.wait_for(state="detached")
    settled(one, total="problem")
    assert one.sources() == [LOAD, TOTAL, "len(numbers)"]
    shot(one, "deleted")
    one.select(0)
    one.page.keyboard.press("z")
    one.page.keyboard.press("z")
    node.wait_for(state="attached")
    settled(one, total="new")
    assert one.sources() == [LOAD, NUMBERS, TOTAL, test, "len(numbers)"]
    one.write(4, "%pipeline rename numbers figures")
    one.run(4)
    panel.locator(".jm-edge[data-source='figures'][data-target='total']").wait_for(state="attached")
    assert one.sources() == [LOAD, *renamed, "%pipeline rename numbers figures"]


def test_plain_cell_becomes_a_block_and_chosen_blocks_run(lab: Open) -> None:
    one = lab(LOAD, NUMBERS, "import math\nroots = [math.sqrt(n) for n in numbers]", TOTAL)
    panel = opened(one)
    one.run(0, 1, 3)
    settled(one, total="new")
    one.select(2)
    one.page.get_by_title("Make This Cell a Block").click()
    made = "import math\nroots = [math.sqrt(n) for n in numbers]"
    says(one, 2, f"%%block roots\n{made}")
    settled(one, roots="new")
    shot(one, "made")
    one.page.keyboard.insert_text("sides")
    says(one, 2, f"%%block sides\n{made}")
    one.page.keyboard.press("Control+z")
    panel.get_by_role("tab", name="Blocks").click()
    rows = panel.locator(".jm-page[data-view='blocks']")
    rows.get_by_label("Filter blocks").fill("kind:transformer")
    assert rows.locator("li:visible").count() == 2
    shot(one, "blocks")
    rows.get_by_label("Choose total").check()
    rows.get_by_label("Filter blocks").fill("")
    rows.get_by_role("button", name="Run some or all").click()
    one.page.get_by_role("menuitem", name="Run with upstream").hover()
    shot(one, "runmenu")
    one.page.get_by_role("menuitem", name="Run with upstream").click()
    rows.locator("li[data-block='total'][data-status='succeeded']").wait_for()
    rows.locator("li[data-block='numbers'][data-status='succeeded']").wait_for()
    assert rows.locator("li[data-block='roots']").get_attribute("data-status") == "new"


def test_keyboard_alone_connects_changes_kind_and_adds(lab: Open) -> None:
    one = lab(LOAD, NUMBERS, USERS, TOTAL)
    panel = opened(one)
    one.run_all()
    settled(one, total="new")
    panel.locator(".jm-node[data-block='users']").focus()
    press = one.page.keyboard.press
    press("c")
    panel.locator(".jm-editbar").get_by_text("Connect users to").wait_for()
    shot(one, "choosing")
    press("ArrowLeft")
    press("ArrowDown")
    press("Enter")
    says(one, 3, "%%block total(numbers, users) --no-run\nsum(numbers)")
    panel.locator(".jm-edge[data-source='users']").wait_for(state="attached")
    press("Shift+F10")
    for key in ("Home", "c", "Enter", "s", "Enter"):  # change kind, sensor
        press(key)
    says(one, 3, "%%block total(numbers, users) --no-run --kind sensor\nsum(numbers)")
    press("a")
    one.wait("window.jupyterapp.shell.currentWidget.content.mode === 'edit'")
    one.page.keyboard.type("more")
    says(one, 4, "%%block more(total)\ntotal")
    press("Control+Enter")
    settled(one, more="succeeded")


def test_notebook_7_has_the_menu_and_the_keys(lab: Open) -> None:
    one = lab(LOAD, NUMBERS, TOTAL, front="notebooks")
    one.run_all()
    one.page.evaluate("() => { window.jupyterapp.commands.execute('jupyter-mage:show', {view: 'graph'}); return null; }")
    settled(one, total="new")
    one.page.locator(".lm-MenuBar-itemLabel").get_by_text("Pipeline", exact=True).click()
    shot(one, "notebook7")
    one.page.locator(".lm-Menu").get_by_text("Run Pipeline").click()
    settled(one, total="succeeded")
    one.select(1)
    one.page.keyboard.press("p")
    one.page.keyboard.press("e")
    one.page.get_by_role("dialog").get_by_role("textbox").fill("figures")
    one.page.keyboard.press("Enter")
    says(one, 2, TOTAL.replace("numbers", "figures"))
