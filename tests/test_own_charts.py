"""Cells of kind chart: a figure or a frame, drawn where it is asked for, shown in the graph, and a chart of Mage's when exported."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from jupyter_mage import projects
from jupyter_mage.formats import mage, notebook
from jupyter_mage.session import Session

CELLS = {
    "numbers": "numbers = [3, 1, 2]",
    "summary --kind chart": '"""The numbers in short."""\nimport pandas as pd\npd.DataFrame({"n": numbers}).describe().round(1)',
    "bar(numbers, *, colour: str = 'red') --kind chart": "Figure(sum(numbers), colour)",
}
FIGURE = (
    "class Figure:\n    def __init__(self, total, colour):\n        self.total, self.colour = total, colour\n\n"
    "    def savefig(self, file, format):\n        file.write(f'{self.colour} {self.total}'.encode())"
)


@pytest.fixture
def session(tmp_path: Path):
    made = Session(tmp_path, pipeline="shown")
    made.ledger.note(FIGURE)
    for header, body in CELLS.items():
        made.define(header, body)
    yield made
    made.close()


def statuses(session: Session, selection: str = "", executor: str = "inline") -> dict[str, str]:
    return {name: block.status for name, block in session.run(selection, executor=executor).blocks.items()}


def test_a_whole_run_leaves_charts_alone_and_one_that_is_asked_for_is_drawn_from_the_cache(session: Session) -> None:
    assert statuses(session) == {"numbers": "succeeded"}
    run = session.run("summary", executor="processes")
    assert {name: block.status for name, block in run.blocks.items()} == {"numbers": "cached", "summary": "succeeded"}
    assert session.store.get(run.blocks["summary"].output).n["mean"] == 2.0
    assert statuses(session, "summary") == {"numbers": "cached", "summary": "cached"}


def test_charts_stand_in_the_graph_below_what_they_show(session: Session) -> None:
    drawn = session.picture()
    assert [(node["id"], node["kind"], node["upstreams"]) for node in drawn["nodes"] if node["kind"] == "chart"] == [
        ("summary", "chart", ["numbers"]),
        ("bar", "chart", ["numbers"]),
    ]
    assert drawn["states"]["bar"] == {"status": "manual", "detail": "runs when asked"}


def test_a_chart_comes_back_from_a_project_and_from_a_notebook_as_the_cell_it_was(session: Session, tmp_path: Path) -> None:
    written, warnings = session.export(tmp_path / "project")
    assert [each for each in warnings if each.startswith(("summary", "bar"))] == []
    back = mage.format.read(tmp_path / "project", "shown")
    assert {each.name: each for each in back} == {each.name: each for each in session.pipeline}
    assert session.export(tmp_path / "project")[0] == []
    assert projects.check(tmp_path / "project") == []
    notebook.format.write(back, tmp_path / "back.ipynb")
    again = projects.read(tmp_path / "back.ipynb")
    assert {each.name: (each.source, each.upstreams, each.parameters) for each in again if each.kind == "chart"} == {
        each.name: (each.source, each.upstreams, each.parameters) for each in back if each.kind == "chart"
    }


def test_its_file_is_a_chart_of_mages_and_once_edited_there_it_is_drawn_as_that(session: Session, tmp_path: Path) -> None:
    session.export(tmp_path / "project")
    for name, old, new in (("summary", "round(1)", "round(0)"), ("bar", "'colour', 'red'", "'colour', 'blue'")):
        place = tmp_path / f"project/charts/{name}.py"
        assert old in place.read_text()
        place.write_text(place.read_text().replace(old, new))
    edited = Session.open(tmp_path / "project", "shown")
    found: dict[str, Any] = {}
    for name in ("summary", "bar"):
        run = edited.run(name, executor="inline")
        assert run.status == "succeeded", run.blocks[name].failure
        found[name] = edited.store.get(run.blocks[name].output)._repr_mimebundle_()["text/html"]
    edited.close()
    assert "<td>2.0</td>" in found["summary"] and 'class="dataframe"' in found["summary"]
    assert found["bar"] == '<img src="data:image/png;base64,Ymx1ZSA2">'  # "blue 6"


def test_a_command_line_draws_one_too(session: Session, tmp_path: Path) -> None:
    session.export(tmp_path / "project")
    command = [sys.executable, "-m", "jupyter_mage.cli", "run", "project", "shown", "--select", "bar", "--executor", "inline"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "2 blocks" in done.stdout and "chart" in done.stdout
