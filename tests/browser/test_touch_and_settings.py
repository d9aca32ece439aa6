"""The panel under a finger, and as a person has set it: in a real JupyterLab."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

Open = Callable[..., Any]
LOAD, NUMBERS, TOTAL = "%load_ext jupyter_mage", "%%block numbers\n[1, 2, 3]", "%%block total(numbers)\nsum(numbers)"
SETTINGS = "jupyter-mage:plugin"


def test_a_finger_that_rests_on_a_block_opens_its_menu(lab: Open) -> None:
    one = lab(LOAD, NUMBERS, TOTAL)
    one.run(0, 1, 2)
    panel = one.panel()
    node = panel.locator(".jm-graph .jm-node[data-block='total']")
    node.wait_for()
    box = node.bounding_box()
    finger = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}
    browser = one.page.context.new_cdp_session(one.page)
    browser.send("Emulation.setTouchEmulationEnabled", {"enabled": True, "maxTouchPoints": 1})

    def touch(kind: str, *points: dict[str, float]) -> None:
        browser.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": list(points)})

    touch("touchStart", finger)
    menu = one.page.locator(".jm-menus .jm-menu")
    menu.wait_for()
    touch("touchEnd")
    delete = menu.locator(".jm-item", has_text="Delete")
    delete.wait_for()  # it stays when the finger is gone
    place = delete.bounding_box()
    at = {"x": place["x"] + place["width"] / 2, "y": place["y"] + place["height"] / 2}
    touch("touchStart", at)
    touch("touchEnd")
    menu.wait_for(state="detached")
    one.wait("window.jupyterapp.shell.currentWidget.content.widgets.length === 2")
    assert one.sources() == [LOAD, NUMBERS]


def test_what_a_person_sets_is_seen_at_once_and_after_a_reload(lab: Open, server: Any) -> None:
    one = lab(LOAD, NUMBERS, TOTAL)
    one.run(0, 1, 2)
    panel = one.panel()
    panel.locator(".jm-blocks .jm-row").first.wait_for()
    one.page.locator(".jm-strip").first.wait_for()
    assert one.page.locator("#jp-right-stack #jupyter-mage-panel").count() == 1
    edit(one, panelSide="left", mostBlocks=1, cellStrip=False, startTab="logs")
    one.page.locator("#jp-left-stack #jupyter-mage-panel").wait_for(state="attached")
    one.page.locator(".jm-strip").first.wait_for(state="hidden")
    try:
        one.open()
        panel = one.panel()
        panel.locator(".jm-tabs button[data-view='logs'][aria-selected='true']").wait_for()
        assert one.page.locator("#jp-left-stack #jupyter-mage-panel").count() == 1
        panel.locator(".jm-tabs button[data-view='graph']").click()
        panel.locator(".jm-graph .jm-node").first.wait_for()
        assert panel.locator(".jm-blocks").first.is_hidden(), "two blocks are more than one"
    finally:
        file(server).unlink()


def file(server: Any) -> Any:
    return server.home / "settings" / "jupyter-mage" / "plugin.jupyterlab-settings"


def edit(one: Any, **values: Any) -> None:
    """In the settings editor, as JSON: open it, type, save."""
    one.page.evaluate("() => { window.jupyterapp.commands.execute('settingeditor:open-json', {}); return null; }")
    one.page.locator(f"[data-id='{SETTINGS}']").click()
    field = one.page.locator(".jp-SettingsRawEditor-user .cm-content")
    field.click()
    one.page.keyboard.press("Control+A")
    one.page.keyboard.insert_text(json.dumps(values))
    one.page.keyboard.press("Control+S")
