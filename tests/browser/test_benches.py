"""The benches that need a browser work: they measure what is on the screen, all of it, and say so in one table."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

BENCH = Path(__file__).resolve().parents[2] / "bench" / "run.py"


def measured(workload: str, contender: str, folder: Path) -> dict[str, Any]:
    """The only round of five blocks."""
    command = [sys.executable, str(BENCH), "--workload", workload, "--contender", contender, "--n", "5", "--rounds", "1"]
    done = subprocess.run(
        [*command, "--json", str(folder / "figures.json")], capture_output=True, text=True, timeout=110, check=False
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    (result,) = json.loads((folder / "figures.json").read_text())["workloads"].values()
    (record,) = result["contenders"][contender]["rounds"]
    assert isinstance(record, dict)
    return record


@pytest.mark.parametrize("screen", ["panel", "list", "widget", "no-kernel"])
def test_each_start_and_end_of_a_run_is_seen_on_each_screen(screen: str, tmp_path: Path) -> None:
    assert measured("live", f"jupyter_mage-{screen}", tmp_path)["told"] == 8  # all but the one that waits for the page


def test_the_graph_is_seen_and_moves(tmp_path: Path) -> None:
    record = measured("graph", "jupyter_mage", tmp_path)
    assert {"paint_ms", "pan_ms", "far_ms", "update_ms", "script_kb", "page_kb", "wire_kb"} <= set(record)
