"""With no kernel: a pipeline that ran before is planned, started with other variables, and looked into, in a real JupyterLab."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest
from test_runs_and_logs import Screen
from test_runs_and_logs import screen as screen  # noqa: PLC0414 (a fixture)

ORDERS = """%%block orders(*, many: int = 40, region: str = "north")
import sys
import pandas as pd
print('reading', file=sys.stderr)
pd.DataFrame({'order': range(many), 'region': region, 'amount': [n / 2 for n in range(many)]})"""
LARGE = "%%block large(orders, *, least: float = 8.0)\nprint('large ones')\norders[orders.amount >= least]"
TOTAL = "%%block total(large)\nlarge.amount.sum()"


def shoot(one: Screen, name: str, theme: str = "") -> None:
    if os.environ.get("SHOTS"):
        one.panel.screenshot(path=f"{os.environ['SHOTS']}/no_kernel_{name}{theme}.png")


def test_a_pipeline_on_disk_is_planned_started_and_looked_into(
    screen: Callable[..., Screen], server: Any, request: pytest.FixtureRequest
) -> None:
    one = screen()
    one.write("daily", ORDERS, LARGE, TOTAL)
    one.ran("run", "daily.ipynb", "--var", "least=4")
    one.write("daily", ORDERS, LARGE.replace(">=", ">"), TOTAL)
    one.go("projects")
    tile = one.see(f".jm-project[data-project='{one.folder.name}'] .jm-pipeline[data-pipeline='daily']")
    tile.get_by_role("button", name="Plan", exact=True).click()
    one.see(".jm-plan .jm-steps li[data-action='run'] >> text=code")
    said = [" ".join(each.split()) for each in one.panel.locator(".jm-plan .jm-steprow").all_inner_texts()]
    assert [each.split(" ≈")[0] for each in said] == ["orders cached 40 × 3", "large runs", "total runs perhaps"]
    file = f"{one.folder.name}/daily.ipynb"
    assert one.panel.locator(".jm-plan .jm-command code").first.inner_text() == f"jupyter mage run {file} daily"
    shoot(one, "plan")
    one.show("variables")
    many = one.panel.get_by_label("many")
    many.wait_for()
    assert "4.0 in the last run" in one.panel.locator(".jm-variable", has_text="least").inner_text()
    many.fill("2.5")
    one.see(".jm-variable [role=alert] .jm-refusal")
    assert one.panel.get_by_role("button", name="Run with these").is_disabled()
    many.fill("24")
    one.see(f".jm-variable .jm-command code >> text=jupyter mage vars {file} daily many=24")
    shoot(one, "variables")
    assert one.panel.locator(".jm-foot .jm-command code").inner_text() == f"jupyter mage run {file} --var many=24"
    one.panel.get_by_role("button", name="Run with these").click()
    one.see(".jm-runtitle[data-status='succeeded']")
    assert "many = 24" in one.panel.locator(".jm-runfacts").inner_text()
    one.panel.get_by_role("button", name="Graph", exact=True).last.click()
    edge = one.see(".jm-rungraph .jm-edge[data-source='orders'][data-target='large']")
    assert edge.get_attribute("data-alert") == "loss"
    shoot(one, "graph")
    edge.locator(".jm-hit").dispatch_event("click")
    flowed = one.see(".jm-data .jm-edgeinfo .jm-alert[data-alert='loss']").first
    assert "−16 rows (−40\u00a0%)" in flowed.inner_text()
    one.see(".jm-data table")
    assert one.panel.locator(".jm-data caption").inner_text() == "Rows 1 to 24 of 24"
    shoot(one, "edge")
    one.panel.get_by_role("button", name="Back to the latest").click()
    one.panel.locator(".jm-data .jm-desk >> text=as it is on disk").wait_for()
    one.see(".jm-data table")
    shoot(one, "data")
    assert server.call("GET", "api/kernels") == []


def test_a_notebook_whose_kernel_was_shut_down_is_told_from_disk(lab: Any, server: Any) -> None:
    one = lab("%load_ext jupyter_mage", ORDERS, LARGE, TOTAL, name="shop")
    one.run(0, 1, 2, 3)
    one.page.evaluate("async () => { await window.jupyterapp.commands.execute('docmanager:save'); }")
    panel = one.panel()
    panel.locator(".jm-tabs button[data-view='plan']").click()
    panel.locator(".jm-plan .jm-command code >> text=%pipeline run").first.wait_for()
    assert panel.locator(".jm-plan .jm-desk").is_hidden()
    one.page.evaluate("async () => { await window.jupyterapp.shell.currentWidget.sessionContext.shutdown(); }")
    panel.locator(".jm-plan .jm-desk >> text=as it is on disk").wait_for()
    panel.locator(f".jm-plan .jm-command code >> text=jupyter mage run {one.path} shop").first.wait_for()
    panel.locator(".jm-plan .jm-steps li[data-action='cached']").first.wait_for()
    assert server.call("GET", "api/kernels") == []
