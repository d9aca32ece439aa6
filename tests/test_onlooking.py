"""A pipeline on disk, asked as its kernel would be: plan, variables, outputs, edges. Nothing of it runs, nothing is written."""

from __future__ import annotations

import contextlib
import io
import json
import pickle
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from test_browsing import notebook, snapshot
from test_contract import misfits

from jupyter_mage import asked, browsing, onlooking, redaction, starting
from jupyter_mage.cli import main
from jupyter_mage.errors import DefinitionError, JupyterMageError, ProjectError, UnknownNameError
from jupyter_mage.session import Session

CELLS = (
    "import helper\nopen('ran', 'w')",
    "%%block raw(*, rows: int = 10)\nimport pandas as pd\npd.DataFrame({'n': range(rows), 'who': 'a'})",
    "%%block few(raw, *, least: int = 2)\nraw[raw.n >= least]",
    "%%block total(few) --retries 1\nint(few.n.sum())",
)
SHAPES = {
    "plan": asked.Plan, "variables": asked.PipelineVariables, "preview": asked.Shown, "profile": asked.Profiled,
    "edge": asked.EdgeFlow, "fit": asked.Fitted,
}  # fmt: skip


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    made = tmp_path / "root"
    notebook(made / "sales" / "daily.ipynb", *CELLS)
    (made / "sales" / "helper.py").write_text("open('imported', 'w')")
    yield made
    redaction.forget()


@pytest.fixture
def one(root: Path) -> browsing.Project:
    return browsing.project(root, "sales")


def ran(root: Path, **variables: Any) -> str:
    session = Session.open(root / "sales" / "daily.ipynb")
    run = session.run(executor="inline", variables=variables).id
    session.close()
    return run


def ask(one: browsing.Project, what: str, **given: Any) -> Any:
    found = onlooking.ask(one, "daily", what, given)
    if what in SHAPES:
        assert misfits(found, SHAPES[what]) == []
    return found


def test_a_plan_is_what_the_command_says_and_runs_nothing(one: browsing.Project, root: Path, monkeypatch: Any) -> None:
    ran(root)
    (root / "sales" / "ran").unlink(missing_ok=True)
    notebook(root / "sales" / "daily.ipynb", *CELLS[:2], CELLS[2].replace(">=", ">"), CELLS[3])
    before, path = snapshot(root), list(sys.path)
    plan = ask(one, "plan", variables={"least": "3"})
    assert (snapshot(root), sys.path, "helper" in sys.modules) == (before, path, False)
    assert plan["command"] == "jupyter mage run sales/daily.ipynb daily --var least=3"
    assert [(step["block"], step["action"]) for step in plan["steps"]] == [("raw", "cached"), ("few", "run"), ("total", "maybe")]
    assert "+raw[raw.n > least]" in plan["steps"][1]["diff"]
    monkeypatch.chdir(root)
    monkeypatch.setattr(sys, "argv", ["jupyter-mage", *plan["command"].replace(" run ", " plan ").split()[2:], "--json"])
    said = io.StringIO()
    with contextlib.redirect_stdout(said), pytest.raises(SystemExit):
        main()
    steps = [{name: step[name] for name in ("block", "action", "seconds")} for step in plan["steps"]]
    assert [{name: step[name] for name in ("block", "action", "seconds")} for step in json.loads(said.getvalue())] == steps


def test_a_pipeline_that_never_ran_has_a_plan_and_no_history(one: browsing.Project, root: Path) -> None:
    before = snapshot(root)
    assert (
        ask(one, "plan", selection="+few", force=True)["command"]
        == "jupyter mage run sales/daily.ipynb daily --select +few --force"
    )
    assert [each["last"] for each in ask(one, "variables")["variables"]] == [None, None]
    with pytest.raises(JupyterMageError, match="no output yet") as none:
        ask(one, "preview", block="raw")
    assert none.value.hint == "jupyter mage run sales/daily.ipynb daily --select raw"
    assert snapshot(root) == before


def test_variables_have_their_defaults_and_what_the_last_run_was_given(one: browsing.Project, root: Path) -> None:
    ran(root, rows="30")
    run = ran(root, least=4)
    found = ask(one, "variables")
    assert (found["last_run"], found["last_at"] is not None) == (run, True)
    assert [(each["name"], each["control"], each["default"], each["last"]) for each in found["variables"]] == [
        ("rows", "int", "10", None),
        ("least", "int", "2", "4"),
    ]


def test_a_value_is_refused_as_the_command_would_refuse_it(one: browsing.Project) -> None:
    assert ask(one, "fit", name="rows", value="12") == {
        "value": "12", "command": "jupyter mage vars sales/daily.ipynb daily rows=12",
    }  # fmt: skip
    with pytest.raises(DefinitionError, match="rows"):
        ask(one, "fit", name="rows", value="many")


def test_a_run_is_started_with_the_forms_variables(one: browsing.Project) -> None:
    begun = starting.run(one, "daily", file="daily.ipynb", variables={"rows": "7", "least": "5"})
    assert begun["command"] == "jupyter mage run sales/daily.ipynb --var rows=7 --var least=5"
    assert one.reader.run(begun["run"]).variables == {"rows": 7, "least": 5}
    with pytest.raises(JupyterMageError, match="no variable 'row'"):
        starting.run(one, "daily", variables={"row": "7"})


def test_the_latest_output_and_its_edges_are_told(one: browsing.Project, root: Path) -> None:
    first = ran(root)
    ran(root, rows=5)
    seen, told = ask(one, "preview", block="few", rows=2), ask(one, "profile", block="raw")
    assert (seen["preview"]["cells"], seen["preview"]["command"]) == (
        [["2", "a"], ["3", "a"]],
        "jupyter mage show sales/daily.ipynb daily few",
    )
    assert [each["name"] for each in told["profile"]["columns"]] == ["n", "who"]
    edge = ask(one, "edge", source="raw", target="few")
    assert (edge["change"]["alert"], edge["before"]["run"], edge["change"]["percent"], edge["taken"]) == (
        "loss",
        first,
        -50.0,
        True,
    )


def test_the_graph_is_drawn_with_the_last_runs_states(one: browsing.Project, root: Path) -> None:
    assert {state["status"] for state in ask(one, "picture")["states"].values()} == {"new"}
    ran(root)
    ran(root, rows=5)
    drawn = ask(one, "picture")
    assert [node["id"] for node in drawn["nodes"]] == ["raw", "few", "total"]
    assert drawn["states"]["raw"]["flow"]["alert"] == "loss"


def test_a_run_is_drawn_against_the_last_good_run_before_it(one: browsing.Project, root: Path) -> None:
    first, second, third = ran(root), ran(root, rows=5), ran(root, rows=10)
    told = {run: browsing.picture(one, run)["picture"]["states"]["raw"]["flow"] for run in (first, second, third)}  # type: ignore[typeddict-item]
    assert [(told[run].get("alert"), told[run].get("before")) for run in (first, second, third)] == [
        (None, None),
        ("loss", "10 × 2"),
        (None, "5 × 2"),
    ]
    edge = browsing.edge(one, second, "raw", "few")
    assert (misfits(edge, asked.EdgeFlow), edge["before"] and edge["before"]["run"], edge["now"] and edge["now"]["rows"]) == (
        [],
        first,
        5,
    )
    assert browsing.edge(one, first, "raw", "few")["before"] is None


def test_a_failed_run_between_is_none_to_compare_with(one: browsing.Project, root: Path) -> None:
    ran(root)
    failing = notebook(root / "sales" / "daily.ipynb", *CELLS[:1], CELLS[1] + "\n1 / 0", *CELLS[2:])
    failed = ran(root)
    notebook(failing, *CELLS)
    last = ran(root, rows=4)
    assert browsing.picture(one, last)["picture"]["states"]["raw"]["flow"]["before"] == "10 × 2"  # type: ignore[typeddict-item]
    edge = browsing.edge(one, failed, "raw", "few")
    assert (edge["now"], edge["note"]) == (None, f"raw gave nothing in run {failed}: it failed")


def test_a_run_whose_file_is_gone_tells_its_edges(one: browsing.Project, root: Path) -> None:
    run = ran(root)
    (root / "sales" / "daily.ipynb").unlink()
    assert browsing.edge(one, run, "raw", "few")["change"] is not None
    with pytest.raises(UnknownNameError, match="daily"):
        ask(one, "plan")


def test_what_may_not_be_asked_is_refused(one: browsing.Project) -> None:
    for what in ("edit", "mermaid", "__class__", ""):
        with pytest.raises(UnknownNameError, match="answer"):
            ask(one, what)


def test_two_files_with_one_pipeline_are_told_apart_by_their_name(one: browsing.Project, root: Path) -> None:
    noted = json.loads((root / "sales" / "daily.ipynb").read_text())
    noted["metadata"]["jupyter_mage"] = {"pipeline": "daily"}
    (root / "sales" / "other.ipynb").write_text(json.dumps(noted))
    with pytest.raises(ProjectError, match="several files"):
        ask(one, "plan")
    assert onlooking.ask(one, "daily", "plan", {}, file="other.ipynb")["command"] == "jupyter mage run sales/other.ipynb daily"


def test_a_pickle_is_not_loaded(one: browsing.Project, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    notebook(root / "sales" / "daily.ipynb", "%%block odd\nimport fractions\n{fractions.Fraction(1, 3)}")
    run = ran(root)
    for name in ("loads", "load", "Unpickler"):
        monkeypatch.setattr(pickle, name, None)
    for seen in (ask(one, "preview", block="odd"), browsing.preview(one, run, "odd")):
        assert (seen["preview"]["sort"], seen["preview"]["text"]) == ("opaque", "{Fraction(1, 3)}")


def test_a_mage_project_is_asked_too(root: Path) -> None:
    session = Session.open(root / "sales" / "daily.ipynb")
    session.export(root / "shop")
    session.close()
    shop = browsing.project(root, "shop")
    plan = onlooking.ask(shop, "daily", "plan", {})
    assert (plan["command"], [step["action"] for step in plan["steps"]]) == ("jupyter mage run shop daily", ["run"] * 3)
