"""Looking into blocks in a real JupyterLab: Tab in a header, a failure opened in the next cell, what runs above a cell."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Open = Callable[..., Any]

LOAD = "%load_ext jupyter_mage"
RAW = '%%block raw\nimport pandas as pd\nraw = pd.DataFrame({"id": [1, 2], "user": ["a", "b"]});'
HALF = "%%block half(raw)\nhow_many = len(raw)\nraw['usr'] / how_many"
SLOW = """%%block slow --no-run
import time, pathlib
print('read 12 rows')
end = time.monotonic() + 30
while not pathlib.Path('go').exists() and time.monotonic() < end:
    time.sleep(.05)
7"""


def test_failure_is_short_and_opens_in_the_next_cell(lab: Open) -> None:
    one = lab(LOAD, RAW, HALF, "%pipeline open half")
    one.run(0, 1, 2)
    error = one.output(2).inner_text()
    assert "KeyError: 'usr'. Did you mean user?" in error and len(error.strip().splitlines()) <= 12, error
    one.idle()
    one.run(3)
    cell = one.page.locator(".jp-NotebookPanel .jp-Cell").nth(4).locator(".cm-content")
    cell.locator(".cm-line").nth(4).wait_for()
    lines = cell.locator(".cm-line").all_inner_texts()
    assert lines[0].startswith("# half as it failed in run ") and lines[-2:] == ["how_many = len(raw)", "raw['usr'] / how_many"]


def test_tab_in_a_header_offers_blocks_with_their_shape(lab: Open) -> None:
    one = lab(LOAD, RAW, "%%block big(")
    one.run(0, 1)
    one.idle()
    one.page.locator(".jp-NotebookPanel .jp-Cell").nth(2).locator(".cm-content").click()
    one.page.keyboard.press("End")
    one.page.keyboard.type("ra")
    one.page.keyboard.press("Tab")
    offered = one.page.locator(".jp-Completer-item")
    offered.first.wait_for()
    said = " ".join(offered.first.inner_text().split())
    assert "raw" in said and "block: data_loader, 2 × 2" in said, said
    assert offered.count() == 1
    one.page.keyboard.press("Enter")
    header = one.page.locator(".jp-NotebookPanel .jp-Cell").nth(2).locator(".cm-line").first
    header.get_by_text("%%block big(raw").wait_for()


def test_block_above_is_shown_while_it_runs_and_then_gone(lab: Open) -> None:
    one = lab(LOAD, SLOW, "%%block below(slow)\nslow + 1")
    one.run(0, 1)
    one.idle()
    one.start(2)
    shown = one.output(2).get_by_text("▶ slow")
    shown.wait_for()
    assert one.output(2).locator("progress").count() == 1
    one.file.with_name("go").touch()
    shown.wait_for(state="detached")
    one.idle()
    printed = one.page.locator(".jp-NotebookPanel .jp-Cell").nth(2).locator(".jp-OutputArea").inner_text()
    assert "below ← slow (ran" in printed and "▶" not in printed
