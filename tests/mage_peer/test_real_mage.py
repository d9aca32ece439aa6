"""Exported projects run in the real mage-ai, and its outputs are those that plain pandas gives.

``make test-mage`` installs mage-ai in an environment of its own and runs these.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from jupyter_mage import graph
from jupyter_mage.formats import mage, notebook
from jupyter_mage.model import Pipeline
from jupyter_mage.plugins import Call, kinds, languages

pytestmark = [pytest.mark.mage, pytest.mark.timeout(300)]
HERE = Path(__file__).parent

CELLS = [
    ("markdown", "# Flights\n\n{{ braces }} and text"),
    ("code", "%load_ext jupyter_mage"),
    ("code", "import pandas as pd\nimport numpy as np"),
    ("code", "# minutes\nLEAST = 15\n\ndef hours(minutes):\n    '''Of minutes.'''\n    return minutes / SIXTY\n\nSIXTY = 60"),
    (
        "code",
        "%%block flights\n"
        "pd.DataFrame({'year': 2013, 'Carrier': ['UA', 'AA', 'UA', 'B6', None], 'delay': [10.123456, 60, 90.5, np.nan, 15],\n"
        "              'late': [False, True, True, False, True], 'name': list('abcde'),\n"
        "              'when': pd.date_range('2013-01-01', periods=5, freq='h')})",
    ),
    (
        "code",
        '%%block delays(flights, *, least: int = 15, label: str = "it\'s")\n"""Late flights.\n\n  Really."""\n'
        "delays = flights[flights.delay >= least].assign(hours=lambda t: hours(t.delay))  # late\n"
        'text = f"""\n  {label}\n"""\ndelays["text"] = text\n# done',
    ),
    ("code", "%%test delays\nassert len(delays) >= 3, '''\n  not three'''"),
    ("code", "%%test delays hours\nassert np.isclose(delays.hours.max(), 90.5 / SIXTY)"),
    (
        "code",
        '%%block by_carrier(delays, *, most: float = 1000.0, wanted: str = "it\'s") --sql\n'
        "-- {{ not a template }} {% nor %} this\n"
        'SELECT year, "Carrier", count(*) AS n, sum(n_) AS total, avg(delay) AS minutes, bool_or(late) AS late, $wanted AS word\n'
        "FROM (SELECT *, 1 AS n_ FROM delays) WHERE delay < $most GROUP BY ALL ORDER BY 2;",
    ),
    ("code", "%%test by_carrier\nassert by_carrier.n.sum() >= 3"),
    ("code", "%%block numbers --sql\nSELECT range AS k, range / 3 AS third, {'a': {'b': 1}}.a.b AS one FROM range(4)"),
    (
        "code",
        '%%block some(numbers, *, least: int = 2, word: str = "o\'k") --sql\n-- {{ x }}\n'
        "SELECT *, $word AS word FROM numbers WHERE k >= $least",
    ),
    (
        "code",
        "%%block both(by_carrier, some) --kind custom\n"
        "if len(some) > 100:\n    return None\nboth = by_carrier.merge(some, how='cross')",
    ),
    ("code", "%%block summary\n{'rows': len(both), 'least': LEAST}"),
    ("code", "%%block save(both) --kind data_exporter --after summary\nboth.to_csv('both.csv', index=False)"),
    ("code", "%%test save\nassert save is None"),
    ("code", "plain = !echo never run in Mage"),
]


def load(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(name, HERE / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("mage")
    cells = [{"cell_type": sort, "metadata": {}, "source": source} for sort, source in CELLS]
    (folder / "01_flights.ipynb").write_text(json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
    mage.format.write(notebook.format.read(folder / "01_flights.ipynb"), folder / "project")
    return folder / "project"


def run(project: Path, out: Path, **environment: str) -> dict[str, Any]:
    command = [str(HERE / "run_in_mage.sh"), str(project), "flights", str(out)]
    done = subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True, check=False)
    assert (out / "report.json").exists(), done.stdout + done.stderr
    return json.loads((out / "report.json").read_text())


def expected(least: int, least_of_numbers: int) -> dict[str, Any]:
    """What the cells say, in plain pandas."""
    flights = pd.DataFrame(
        {
            "year": 2013,
            "Carrier": ["UA", "AA", "UA", "B6", None],
            "delay": [10.123456, 60, 90.5, None, 15],
            "late": [False, True, True, False, True],
            "name": list("abcde"),
            "when": pd.date_range("2013-01-01", periods=5, freq="h"),
        }
    )
    delays = flights[flights.delay >= least].assign(hours=lambda table: table.delay / 60, text="\n  it's\n")
    grouped = delays.groupby(["year", "Carrier"], dropna=False)
    by_carrier = grouped.agg(n=("delay", "size"), total=("delay", "size"), minutes=("delay", "mean"), late=("late", "any"))
    by_carrier = by_carrier.reset_index().assign(word="it's").sort_values("Carrier")
    numbers = pd.DataFrame({"k": range(4), "third": [k / 3 for k in range(4)], "one": 1})
    some = numbers[numbers.k >= least_of_numbers].assign(word="o'k")
    both = by_carrier.merge(some, how="cross")
    return {
        "flights": flights,
        "delays": delays,
        "by_carrier": by_carrier,
        "numbers": numbers,
        "some": some,
        "both": both,
        "summary": {"rows": len(both), "least": 15},
    }


@pytest.mark.parametrize("mode", ["cli", "oneproc"])
@pytest.mark.parametrize("variables", [{}, {"least": 1}], ids=["defaults", "variables"])
def test_real_mage_gives_the_same_outputs(mode: str, variables: dict[str, int], project: Path, tmp_path: Path) -> None:
    report = run(project, tmp_path, MODE=mode, RUNTIME_VARS=json.dumps(variables))
    describe = load("df_hash").describe
    wanted = expected(variables.get("least", 15), variables.get("least", 2))
    assert (report["ok"], report["error"]) == (True, None)
    found = {name: block["outputs"][0]["loose"] for name, block in report["blocks"].items() if block["outputs"]}
    assert found == {name: describe(value)["loose"] for name, value in wanted.items()}
    still = {name for name, block in report["blocks"].items() if block["status"] == "not run"}
    assert still == {"flights_flights", "flights_code_1", "flights_imports", "flights_hours", "flights_code_4"}
    assert (tmp_path / "both.csv").exists()


def here(pipeline: Pipeline) -> dict[str, Any]:
    """The outputs of a pipeline, each body run by its language, one after another."""
    values: dict[str, Any] = {}
    for name in graph.order(pipeline):
        block = pipeline[name]
        if kinds.get(block.kind).runs:
            inputs = {up: values[up] for up in block.upstreams} | {each.name: each.default for each in block.parameters}
            call = Call(block=block, source=block.source, captured=block.captured, values=inputs)
            values[name] = languages.get(block.language).run(call)
    return values


def test_tutorial_runs_in_real_mage_with_the_same_outputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pipeline = notebook.format.read(HERE.parent.parent / "notebooks" / "01_flights.ipynb")
    mage.format.write(pipeline, tmp_path / "project")
    report = run(tmp_path / "project", tmp_path / "out", MODE="cli")
    assert (report["ok"], report["error"]) == (True, None)
    monkeypatch.chdir(tmp_path)
    describe = load("df_hash").describe
    wanted = {name: describe(value)["loose"] for name, value in here(pipeline).items() if value is not None}
    found = {name: block["outputs"][0]["loose"] for name, block in report["blocks"].items() if block["outputs"]}
    assert found == wanted


def test_real_mage_runs_the_tests(project: Path, tmp_path: Path) -> None:
    report = run(project, tmp_path, MODE="cli")
    assert {name: block["tests"] for name, block in report["blocks"].items() if block.get("tests")} == {
        "delays": 2,
        "by_carrier": 1,
        "save": 1,
    }


def test_failing_test_fails_in_real_mage(project: Path, tmp_path: Path) -> None:
    report = run(project, tmp_path, MODE="cli", RUNTIME_VARS='{"least": 1000}')
    assert (report["ok"], report["blocks"]["delays"]["tests"], report["blocks"]["both"]["status"]) == (False, "failed", "not run")
