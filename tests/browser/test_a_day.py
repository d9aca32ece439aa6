"""The second tutorial as a person walks through it: rename, delete, fail, open, fix, resume, verify; and in Notebook 7.

With ``SHOTS=FOLDER`` it leaves pictures there, light and dark; the one in the documentation is made so.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Open = Callable[..., Any]

NOTEBOOK = Path(__file__).resolve().parents[2] / "notebooks" / "02_a_day_with_blocks.ipynb"
BLOCKS = {"orders", "prices", "sold", "by_item", "regulars", "by_hour", "by_day", "report"}
PANEL = "#jupyter-mage-panel"
GOOD = ("succeeded", "cached")


class Day:
    """The notebook, open, with the panel beside it."""

    def __init__(self, lab: Any) -> None:
        self.lab, self.page, self.panel = lab, lab.page, lab.panel()

    def cell(self, start: str) -> int:
        """The first cell that begins so."""
        return next(i for i, source in enumerate(self.lab.sources()) if source.startswith(start))

    def edit(self, start: str, old: str, new: str) -> str:
        """Change a word of a cell, run it, and read what it says."""
        cell = self.cell(start)
        source = self.lab.sources()[cell]
        assert source.count(old) == 1
        self.lab.write(cell, source.replace(old, new))
        return self.run(cell)

    def run(self, cell: int) -> str:
        self.lab.idle()
        self.lab.run(cell)
        self.lab.idle()
        said: str = self.lab.said(cell)
        return said

    def type(self, below: int, line: str) -> tuple[int, str]:
        """Type a line into a new cell and run it."""
        cell = self.lab.add_below(below, line)
        return cell, self.run(cell)

    def shows(self, *blocks: str) -> None:
        """Wait until the panel's graph and list have these blocks, and no others."""
        self.lab.wait(
            f"""['.jm-node', 'li[data-block]'].every(each => [...document.querySelectorAll(`{PANEL} ${{each}}`)]
            .map(one => one.dataset.block).sort().join() === {",".join(sorted(blocks))!r})"""
        )

    def state(self, block: str, *statuses: str, where: str = PANEL) -> Any:
        """Wait until the block has one of these states in the graph; gives its card."""
        either = ", ".join(f"{where} .jm-node[data-block='{block}'][data-status='{status}']" for status in statuses)
        self.page.wait_for_selector(either, state="attached")
        return self.page.locator(either).first

    def reads(self, block: str, upstreams: str) -> None:
        card = self.page.locator(f"{PANEL} .jm-node[data-block='{block}'][aria-label*='from {upstreams}']")
        card.wait_for(state="attached")

    def picture(self, name: str, cell: int) -> None:
        """Leave pictures of this cell, light and dark, where somebody asked for them."""
        if not os.environ.get("SHOTS"):
            return
        size = self.page.viewport_size
        self.page.evaluate("window.jupyterapp.shell.collapseLeft()")
        self.page.set_viewport_size({"width": 1300, "height": 1320})
        for theme in ("Light", "Dark", "Light"):
            change = "theme => window.jupyterapp.commands.execute('apputils:change-theme', {theme})"
            self.page.evaluate(change, f"JupyterLab {theme}")
            self.page.wait_for_selector(f"body[data-jp-theme-light='{str(theme == 'Light').lower()}']", state="attached")
            self.page.locator("#jupyterlab-splash").wait_for(state="detached")
            self.page.evaluate(
                f"async () => {{ await window.jupyterapp.shell.currentWidget.content.scrollToItem({cell}, 'start'); }}"
            )
            self.page.screenshot(path=f"{os.environ['SHOTS']}/{name}{'_dark' * (theme == 'Dark')}.png")
        self.page.set_viewport_size(size)


def test_a_day_with_blocks(lab: Open) -> None:
    day = Day(lab(copy=NOTEBOOK, width=1500, height=1000))
    day.lab.run_all()
    day.shows(*BLOCKS)
    assert ": 8 equal " in day.lab.said(day.cell("%pipeline verify"))
    rename(day)
    delete(day)
    run = fail(day)
    mend(day, run)
    _, said = day.type(day.cell("%pipeline resume"), "%pipeline verify")
    assert [line.split()[0] for line in said.splitlines() if line.endswith(" equal")] == ["✓"] * 8
    assert said.splitlines()[-1].startswith("verified a_day_with_blocks in a fresh process: 8 equal"), said


def rename(day: Day) -> None:
    """The graph follows, the cells that say the old name are listed, and the name can be taken back."""
    said = day.edit("%%block by_item(", "by_item(", "by_product(").splitlines()
    report = day.lab.count(day.cell("%%block report("))
    assert f"~ renamed by_item → by_product; 1 cell still says by_item: report [{report}]" in said
    day.shows(*BLOCKS - {"by_item"}, "by_product")
    day.reads("report", "by_product, by_day, regulars")
    day.state("report", "stale")
    asked = day.cell("%pipeline")
    assert "by_item" not in day.run(asked)  # the file is not saved yet, and does not bring it back
    assert "by_item is called by_product now" in day.run(day.cell("%%block report("))
    assert "~ renamed by_product → by_item" in day.edit("%%block by_product(", "by_product(", "by_item(")
    day.shows(*BLOCKS)
    day.reads("report", "by_item, by_day, regulars")


def delete(day: Day) -> None:
    """A block goes with its cell, and comes back with it."""
    cells = day.lab.sources()
    day.lab.select(day.cell("%%block by_hour("))
    day.page.keyboard.press("d")
    day.page.keyboard.press("d")
    day.lab.wait(f"window.jupyterapp.shell.currentWidget.content.widgets.length === {len(cells) - 1}")
    assert "by_hour" not in day.run(day.cell("%pipeline"))
    day.shows(*BLOCKS - {"by_hour"})
    day.lab.select(day.cell("#| block: by_day("))
    day.page.keyboard.press("z")
    day.lab.wait(f"window.jupyterapp.shell.currentWidget.content.widgets.length === {len(cells)}")
    assert day.lab.sources() == cells
    day.run(day.cell("%%block by_hour("))
    day.shows(*BLOCKS)


def fail(day: Day) -> str:
    """An error of few lines in the cell, and in a run, where what does not need the block is done; gives the run."""
    said = day.edit("#| block: by_day(", ").paid.", ')[["payed", "pieces"]].')
    assert "KeyError: \"Columns not found: 'payed'\". Did you mean paid?" in said, said
    assert "      1 #| block: by_day(sold)" in said and len(said.strip().splitlines()) <= 12, said
    cell, said = day.type(day.cell("#| block: by_day("), "%pipeline run")
    for where in (PANEL, ".jp-NotebookPanel"):
        day.state("by_day", "failed", where=where)
        day.state("report", "skipped", where=where)
        for block in BLOCKS - {"by_day", "report"}:
            day.state(block, *GOOD, where=where)
    error = said[said.index("✗ by_day failed at cell") :].strip().splitlines()
    assert error[-2] == "  → look into it: %pipeline open by_day" and len(error) <= 12, said
    day.picture("failed", cell)
    return error[-1].removeprefix("  → correct it, then go on in this run: %pipeline resume ")


def mend(day: Day, run: str) -> None:
    """The real inputs in a scratch cell; the block mended; the same run goes on, and what had finished is not run again."""
    opened, _ = day.type(day.cell("#| block: by_day(") + 1, "%pipeline open by_day")
    day.lab.wait(f"window.jupyterapp.shell.currentWidget.content.widgets[{opened + 1}].model.sharedModel.getSource() !== ''")
    scratch = day.lab.sources()[opened + 1].splitlines()
    assert scratch[0] == f"# by_day as it failed in run {run}: a scratch cell, no block"
    assert scratch[-2:] == ['by_day["weekday"] = by_day.day.dt.day_name()', "by_day"]
    day.lab.write(opened + 1, "\n".join([*scratch[:2], "sold.shape, 'paid' in sold"]))
    assert day.run(opened + 1) == "((189, 7), True)"
    assert "7 × 4 (+pieces)" in day.edit("#| block: by_day(", "payed", "paid")
    day.state("report", "stale")
    _, said = day.type(opened + 1, f"%pipeline resume {run}")
    states = dict(line.split()[:3:2] for line in said.splitlines() if line.split()[:1] and line.split()[0] in BLOCKS)
    assert states == {**dict.fromkeys(BLOCKS, "cached"), "report": "succeeded"}, said
    assert f"run {run} succeeded" in said and said.strip().endswith("8 blocks, 7 cached"), said
    day.state("by_day", *GOOD)
    day.state("report", "succeeded")


def test_notebook_7_runs_it_and_draws_it(lab: Open) -> None:
    pytest.importorskip("notebook")
    one = lab(copy=NOTEBOOK, front="notebooks")
    one.run_all()
    sources = one.sources()
    assert ": 8 equal " in one.said(sources.index("%pipeline verify"))
    one.select(sources.index("%pipeline"))
    graph = one.output(sources.index("%pipeline")).locator(".jm-dag")
    graph.locator(".jm-node[data-block='report'][data-status='succeeded']").wait_for()
    assert graph.locator(".jm-node").count() == len(BLOCKS) and graph.locator(".jm-edge").count() == 9
