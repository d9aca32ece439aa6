"""At the cells: strips that tell how a block goes, bodies in their own language, blocks in the table of contents."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

Open = Callable[..., Any]
NOTEBOOK = "window.jupyterapp.shell.currentWidget"

LOAD = "%load_ext jupyter_mage"
RAW = '%%block raw\nimport pandas as pd\npd.DataFrame({"carrier": ["AA", "B6"], "delay": [3, 4]})'
SLOW = "#| block: slow(raw)\nimport pathlib, time\nwhile not pathlib.Path('go').exists():\n    time.sleep(0.01)"
SQL = "%%block late(raw) --sql\nSELECT carrier FROM raw"
BROKEN = "@block(kind='custom')\ndef broken(raw):\n    return raw['nothing']"


_STRIPS = (
    "() => JSON.stringify([...document.querySelectorAll('.jp-Notebook .jp-Cell')].map(cell => cell.querySelector('.jm-strip'))"
    ".filter(strip => strip).map(strip => [...strip.querySelectorAll('button > span:not([hidden])')].map(each => each.textContent)"
    ".filter(text => text).join(' | ').replace(/ · [\\d.<]+ m?s|\\d+ s$/, '')))"
)


def strips(lab: Any) -> list[str]:
    """What stands over each block's cell, times left out."""
    found: list[str] = json.loads(lab.page.evaluate(_STRIPS))
    return found


def until(lab: Any, wanted: list[str]) -> None:
    """Until the strips say this; what they say instead where they never do."""
    try:
        lab.wait(f"({_STRIPS})() === {json.dumps(json.dumps(wanted, ensure_ascii=False, separators=(',', ':')))}", seconds=20)
    except Exception:
        assert strips(lab) == wanted
        raise


def test_strip_tells_how_its_block_goes(lab: Open) -> None:
    nb = lab(LOAD, RAW, SLOW, SQL, BROKEN, "x = 1")
    new = ["raw | not run", "slow | not run", "late | SQL | not run", "broken | custom | not run"]
    until(nb, new)
    nb.run(0, 1, 3, 4)
    done = ["raw | loader | cached | 2 × 2", "slow | not run", "late | transformer | SQL | done | 2 × 1"]
    until(nb, [*done, "broken | custom | failed | KeyError: 'nothing' (line 3)"])

    nb.start(2)
    nb.wait(f"({_STRIPS})().includes('slow | transformer | running')")
    (nb.file.parent / "go").touch()
    nb.idle()
    done[1] = "slow | transformer | done | nothing"
    nb.wait(f"({_STRIPS})().includes('slow | transformer | done')")

    nb.page.locator(".jm-strip-open", has_text="late").click()
    panel = nb.page.locator("#jupyter-mage-panel")
    panel.locator(".jm-node.jm-selected[data-block=late]").wait_for()


def test_strip_follows_its_cell(lab: Open) -> None:
    nb = lab(LOAD, RAW, SQL)
    nb.run(0, 1, 2)
    raw, late = "raw | loader | cached | 2 × 2", "late | transformer | SQL | done | 2 × 1"
    until(nb, [raw, late])

    nb.write(2, f"{SQL} LIMIT 1")
    until(nb, [raw, f"{late} | edited since"])
    nb.select(2)
    nb.page.evaluate("async () => { await window.jupyterapp.commands.execute('notebook:move-cell-up') }")
    until(nb, [f"{late} | edited since", raw])
    nb.select(2)
    nb.page.evaluate("async () => { await window.jupyterapp.commands.execute('notebook:duplicate-below') }")
    until(nb, [f"{late} | edited since", raw, "raw | not run | another cell defines it"])
    nb.page.evaluate("async () => { await window.jupyterapp.commands.execute('notebook:delete-cell') }")
    nb.wait(f"{NOTEBOOK}.content.widgets.length === 3")
    nb.write(1, "x = 1")
    until(nb, [raw])

    nb.page.evaluate(f"async () => {{ await {NOTEBOOK}.sessionContext.session.kernel.restart(); }}")
    nb.wait("document.querySelectorAll('.jp-Notebook .jm-strip.jm-lost').length === 1")
    nb.page.evaluate("async () => { await window.jupyterapp.commands.execute('docmanager:save') }")
    saved = json.loads(nb.file.read_text())
    assert "jm-strip" not in nb.file.read_text()
    assert [set(cell["metadata"]) - {"trusted", "execution", "lines_to_next_cell"} for cell in saved["cells"]] == [set()] * 3


def test_sql_body_is_sql(lab: Open) -> None:
    nb = lab(LOAD, RAW, f"-- no block\n{SQL}", SQL, "#| block: fit(raw) --r\nmodel <- lm(x) # note", "SELECT = 1")
    nb.run(0, 1)
    keywords = """(cell) => [...document.querySelectorAll('.jp-Notebook .jp-Cell')[cell].querySelectorAll('.cm-line')].slice(1)
        .flatMap(line => [...line.querySelectorAll('span')]).map(each => each.textContent)"""
    nb.wait(f"({keywords})(3).join() === 'SELECT,FROM'")
    nb.wait(f"({keywords})(4).join() === '<-,# note'")
    nb.write(5, "%%block other --sql\nSELECT 1 AS one")
    nb.wait(f"({keywords})(5).join() === 'SELECT,1,AS'")
    nb.write(5, "# plain\nselect = 1")
    nb.wait(f"({keywords})(5).join() === '=,1'")

    nb.write(3, "%%block late(raw) --sql\nSELECT carri")
    nb.page.keyboard.press("Control+End")
    nb.page.keyboard.press("Tab")
    nb.page.locator(".jp-Completer-item", has_text="column:").wait_for()
    nb.page.keyboard.press("Enter")
    nb.wait(f"{NOTEBOOK}.content.widgets[3].model.sharedModel.getSource().endsWith('SELECT carrier')")


def test_table_of_contents_names_blocks_and_goes_to_them(lab: Open, server: Any) -> None:
    texts = ["# Flights", RAW, "## Late ones", SQL, "x = 1", *(f"%%block more_{i}(raw)\n" + "\n" * 12 + "raw" for i in range(8))]
    cells = [
        {"cell_type": "markdown", "id": f"m{i}", "metadata": {}, "source": text}
        if text.startswith("#")
        else {"cell_type": "code", "id": f"c{i}", "metadata": {}, "source": text, "outputs": [], "execution_count": None}
        for i, text in enumerate(texts)
    ]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    made = {"nbformat": 4, "nbformat_minor": 5, "metadata": kernel, "cells": cells}
    path = server.work / "contents.ipynb"
    path.write_text(json.dumps(made))
    nb = lab(copy=path)
    nb.page.evaluate("() => { window.jupyterapp.shell.activateById('table-of-contents'); return null; }")
    items = nb.page.locator(".jp-tocItem-content")
    items.nth(11).wait_for()
    assert items.all_inner_texts() == ["Flights", "raw", "Late ones", "late", *(f"more_{i}" for i in range(8))]
    items.get_by_text("more_6").click()
    nb.wait(f"{NOTEBOOK}.content.activeCellIndex === 11")
    assert nb.page.locator(".jm-strip-open", has_text="more_6").is_visible()
