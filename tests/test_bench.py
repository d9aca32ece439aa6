"""The benches: their command works for each workload, their JSON has one shape, and a wrong result is never a figure."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).resolve().parent.parent / "bench"
OURS = "jupyter_mage,jupyter_mage-processes,floor"
WORKLOADS = "chain, fan, chain-10k, fan-10k, cached, frame, cpu, first, plan, plan-100k, graph, live, events, define, import, help, cold, mage-project"


def bench(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(BENCH / "run.py"), *arguments], capture_output=True, text=True, timeout=170, check=False
    )


@pytest.mark.parametrize(
    ("workload", "contenders", "n"),
    [
        ("chain", {"floor", "jupyter_mage"}, 5),
        ("fan", {"floor", "jupyter_mage", "jupyter_mage-processes"}, 5),
        ("chain-10k", {"floor", "jupyter_mage"}, 5),
        ("fan-10k", {"floor", "jupyter_mage"}, 5),
        ("cached", {"jupyter_mage"}, 5),
        ("frame", {"floor", "jupyter_mage"}, 5),
        ("cpu", {"floor", "jupyter_mage", "jupyter_mage-processes"}, 5),
        ("first", {"jupyter_mage-processes"}, 1),
        ("plan", {"jupyter_mage"}, 5),
        ("plan-100k", {"jupyter_mage"}, 5),
        ("events", {"jupyter_mage"}, 5),
        ("define", {"floor", "jupyter_mage"}, 5),
        ("import", {"floor", "jupyter_mage"}, 1),
        ("help", {"floor", "jupyter_mage"}, 1),
        ("cold", {"floor", "jupyter_mage"}, 1),
        ("mage-project", {"jupyter_mage"}, 1),
    ],
)
def test_bench_runs_each_workload_and_writes_its_figures_as_json(workload, contenders, n, tmp_path):
    target = tmp_path / "figures.json"
    done = bench("--workload", workload, "--contender", OURS, "--n", "5", "--rounds", "2", "--json", str(target))
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    document = json.loads(target.read_text())
    assert set(document) == {"version", "at", "machine", "not_installed", "workloads"}
    assert set(document["machine"]) == {"cpus", "memory_gb", "python", "system"}
    (result,) = document["workloads"].values()
    assert (result["n"], set(result["contenders"])) == (n, contenders)
    assert not result["targets"] or n == 1  # they are put for the workload's own size
    for entry in result["contenders"].values():
        assert entry["ok"]
        assert len(entry["rounds"]) == 2
        assert {"ok", "wall_s", "cpu_s", "load"} <= set(entry["rounds"][0])
        assert entry["wall_ms"]["min"] <= entry["wall_ms"]["median"]
    if "jupyter_mage" in contenders:
        assert result["contenders"]["jupyter_mage"]["ratio"] == 1
        assert all(entry["ratio"] > 0 for entry in result["contenders"].values())


def test_bench_says_which_workloads_there_are_where_the_name_is_wrong():
    done = bench("--workload", "chian")
    assert done.returncode == 1
    assert done.stderr == f"no workload 'chian'; there are: {WORKLOADS}\n"


SKIPPING = """
import importlib, json, sys
from pathlib import Path
sys.path[:0] = [sys.argv[1], sys.argv[2]]
import workloads
from contenders import floor

class Skipping(floor.Runner):
    def run(self):
        blocks, values = self.blocks, {}
        for name in blocks.NAMES:
            if name != "b2":
                values[name] = getattr(blocks, name)(*[values.get(each, int(sys.argv[3])) for each in blocks.UPSTREAMS[name]])
        return values[blocks.FINAL]

workload = workloads.all_workloads()["chain"]
workload.prepare(Path(sys.argv[2]), 5)
record = {}
workload.child(Skipping("", Path(sys.argv[2])), importlib.import_module("bench_blocks"), "first", record)
print(json.dumps([record["ok"], record.get("error")]))
"""


@pytest.mark.parametrize(
    ("instead", "error"),
    [("2", "4 bodies ran, not 5"), ("1", "the last block gave 3, not 4; 4 bodies ran, not 5")],
)
def test_a_measurement_of_which_a_block_was_skipped_is_not_ok(instead, error, tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", SKIPPING, str(BENCH), str(tmp_path), instead], capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == [False, error]
