"""The graph edits the text: whole ways in a real JupyterLab with a real kernel."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from test_browser import LOAD, kept, settled

Open = Callable[..., Any]

NUMBERS = kept("%%block numbers\n[1, 2, 3]")
USERS = kept("%%block users\n[4]")
TOTAL = kept("%%block total(numbers)\nsum(numbers)")


def middle(box: Any) -> tuple[float, float]:
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def says(one: Any, cell: int, text: str) -> None:
    one.wait(f"window.jupyterapp.shell.currentWidget.content.widgets[{cell}].model.sharedModel.getSource() === {text!r}")


def pull(one: Any, panel: Any, source: str, target: str) -> None:
    """With the mouse: from the port below a block to another block."""
    card = panel.locator(f".jm-node[data-block='{source}']")
    card.hover()
    one.page.mouse.move(*middle(card.locator(".jm-port[data-side='out']").bounding_box()))
    one.page.mouse.down()
    one.page.mouse.move(*middle(panel.locator(f".jm-node[data-block='{target}']").bounding_box()), steps=5)
    if target == "total":
        one.page.screenshot(path="/tmp/edits/pulling.png")
    one.page.mouse.up()


def test_edge_drawn_with_the_mouse_is_in_the_header_and_undo_takes_it_back(lab: Open) -> None:
    one = lab(LOAD, NUMBERS, USERS, TOTAL)
    panel = one.panel()
    one.run_all()
    settled(one, total="new", users="new")
    pull(one, panel, "users", "total")
    says(one, 3, "%%block total(numbers, users) --no-run\nsum(numbers)")
    panel.locator(".jm-edge[data-source='users'][data-target='total']").wait_for(state="attached")
    one.page.screenshot(path="/tmp/edits/drawn.png")
    assert one.count(3) == 4 - 0
    one.page.keyboard.press("Control+z")
    says(one, 3, TOTAL)
    panel.locator(".jm-edge[data-source='users']").wait_for(state="detached")
