"""The tutorial in a real JupyterLab, from the first cell to the last. With ``SHOTS=FOLDER`` it leaves the README's pictures there."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

Open = Callable[..., Any]
NOTEBOOK = Path(__file__).resolve().parents[2] / "notebooks" / "01_flights.ipynb"
BLOCKS = {
    "flights",
    "airlines",
    "weather",
    "by_hour",
    "delays",
    "by_carrier",
    "with_weather",
    "to_parquet",
    "by_wind",
    "to_duckdb",
    "summary",
}
PANEL = "#jupyter-mage-panel"


def keep(one: Any, name: str) -> None:
    if folder := os.environ.get("SHOTS"):
        one.page.screenshot(path=f"{folder}/{name}.png")


def test_the_tutorial_runs_and_is_seen(lab: Open) -> None:
    one = lab(copy=NOTEBOOK, width=1500, height=1000)
    panel = one.panel()
    one.run_all()
    run = next(n for n, source in enumerate(one.sources()) if source.startswith("%pipeline run"))
    assert "succeeded" in one.said(run)
    cards = panel.locator(".jm-node")
    assert {cards.nth(n).get_attribute("data-block") for n in range(cards.count())} == BLOCKS
    outputs = one.page.evaluate(f"() => window.jupyterapp.shell.currentWidget.content.widgets[{run}].model.outputs.toJSON()")
    (drawn,) = [each["data"]["image/svg+xml"] for each in outputs if "image/svg+xml" in each.get("data", {})]
    if folder := os.environ.get("SHOTS"):
        (Path(folder) / "flights.svg").write_text("".join(drawn))
    one.page.evaluate("() => { window.jupyterapp.shell.collapseLeft(); return null; }")
    one.page.evaluate(f"async () => {{ await window.jupyterapp.shell.currentWidget.content.scrollToItem({run}, 'start'); }}")
    keep(one, "jupyterlab")
    panel.get_by_role("tab", name="Runs").click()
    panel.locator(".jm-runlist .jm-jump").first.click()
    panel.locator(".jm-ganttrow[data-block='summary']").wait_for()
    assert panel.locator(".jm-ganttrow").count() == len(BLOCKS)
    keep(one, "runs")
