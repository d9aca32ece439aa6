"""Parameters have types, pipelines have variables; both are checked before anything runs, and asked for."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from real_kernel import Kernel

from jupyter_mage import projects
from jupyter_mage.cli.commands import cli
from jupyter_mage.code import header, parameter_types
from jupyter_mage.code.parameters import coerce
from jupyter_mage.errors import DefinitionError, FormatError, JupyterMageError, UnknownNameError
from jupyter_mage.formats.mage import variables as mage_variables
from jupyter_mage.model import Parameter
from jupyter_mage.session import Session

MODE = "from enum import Enum\n\n\nclass Mode(Enum):\n    FAST = 1\n    SAFE = 2"
SEEN = "seen = repr(x)"


@pytest.mark.parametrize(
    ("annotation", "text", "seen"),
    [
        ("int", "3", "3"), ("float", "3", "3.0"), ("bool", "yes", "True"), ("str", "3", "'3'"),
        ("date", "2024-02-29", "datetime.date(2024, 2, 29)"),
        ("datetime.datetime", "2024-02-29 10:30", "datetime.datetime(2024, 2, 29, 10, 30)"),
        ("Literal['a', 2]", "2", "2"), ("list[int]", "1,2", "[1, 2]"), ("list[date]", "['2024-01-01']", "[datetime.date(2024, 1, 1)]"),
        ("Optional[int]", "none", "None"), ("date | None", "2024-01-01", "datetime.date(2024, 1, 1)"),
        ("dict", "{'a': 1}", "{'a': 1}"), ("Mode", "SAFE", "<Mode.SAFE: 2>"), ("Mode", "Mode.FAST", "<Mode.FAST: 1>"),
        ("'int | None'", "4", "4"), ("np.ndarray", "4", "'4'"),
    ],
)  # fmt: skip
def test_text_of_a_command_line_becomes_what_the_annotation_says(session: Session, annotation: str, text: str, seen: str) -> None:
    session.note_cell(MODE, 1)
    session.define(f"seen(*, x: {annotation})", SEEN)
    assert session.run(variables={"x": text}, check=True).status == "succeeded"
    assert session.value("seen") == seen
    assert session.plan(variables={"x": text})[0].action == "cached"


@pytest.mark.parametrize(
    ("annotation", "value", "said"),
    [
        ("int", "x", "is str"), ("date", "2024-02-30", "does not fit: a date is YYYY-MM-DD"),
        ("Literal['daily', 'hourly']", "dayly", "does not fit: one of 'daily', 'hourly'. Did you mean daily?"),
        ("Mode", "FASD", "does not fit: one of FAST, SAFE. Did you mean FAST?"), ("list[int]", "1,b", "does not fit"),
        ("bool", "perhaps", "is str"),
    ],
)  # fmt: skip
def test_value_of_the_wrong_type_is_refused_with_place_and_nearest(
    session: Session, annotation: str, value: str, said: str
) -> None:
    session.note_cell(MODE, 1)
    session.define(f"seen(*, x: {annotation})", SEEN, number=2)
    with pytest.raises(DefinitionError) as caught:
        session.run(variables={"x": value})
    assert said in str(caught.value) or (annotation.startswith("list") and "parameter x" in str(caught.value))
    assert caught.value.where is not None and (caught.value.where.block, caught.value.where.cell) == ("seen", 2)


def test_default_may_be_written_as_a_date_or_a_member(session: Session) -> None:
    session.note_cell(MODE, 1)
    session.define("seen(*, x: date = date(2024, 1, 2), mode: Mode = Mode.SAFE)", "seen = [str(x), mode.name]")
    session.run(check=True)
    assert session.value("seen") == ["2024-01-02", "SAFE"]


def test_sql_gets_a_date_as_a_date(session: Session) -> None:
    session.define("found(*, day: date = '2024-01-31') --sql", "SELECT typeof($day) AS t, $day + INTERVAL 1 DAY AS d")
    session.run(check=True)
    assert session.value("found").t[0] == "DATE"


def test_typed_parameters_come_back_from_a_project_and_mage_gets_the_same(session: Session, tmp_path: Path) -> None:
    session.note_cell(MODE, 1)
    session.define(
        "seen(*, day: date = '2024-01-01', mode: Mode = Mode.FAST, some: date | None = None)", "seen = [day, mode, some]"
    )
    session.export(tmp_path / "project")
    assert projects.read(tmp_path / "project", "demo") == session.pipeline
    text = (tmp_path / "project" / "data_loaders" / "seen.py").read_text()
    space: dict[str, Any] = {"data_loader": lambda function: function}
    exec(compile(text, "seen.py", "exec"), space)
    day, mode, some = space["seen"](mode="SAFE")
    assert (str(day), type(day).__name__, mode.name, some) == ("2024-01-01", "date", "SAFE", None)


# ---- variables of the pipeline


def three(session: Session) -> None:
    session.define("one(*, size: int = 1)", "one = size")
    session.define("two(one, *, size: int = 1, day: date = '2024-01-01')", "two = [one, size, str(day)]")


def test_run_comes_before_trigger_before_pipeline_before_default(session: Session) -> None:
    three(session)
    session.set_variables({"size": "2"})
    seen = []
    for trigger, variables in ((None, None), ({"size": 3, "day": "2024-02-02"}, None), ({"size": 3}, {"size": "4"})):
        session.run(trigger=trigger, variables=variables, check=True)
        seen.append(session.value("two"))
    assert seen == [[2, 2, "2024-01-01"], [3, 3, "2024-02-02"], [4, 4, "2024-01-01"]]
    with pytest.raises(DefinitionError, match="parameter size is int, and 'x' is str"):
        session.run(trigger={"size": "x"})


def test_variables_are_checked_and_a_wrong_one_changes_nothing(session: Session) -> None:
    three(session)
    session.set_variables({"size": "2"})
    for wrong, error in (
        ({"siz": "1"}, UnknownNameError),
        ({"size": "x"}, DefinitionError),
        ({"day": "x", "size": "3"}, DefinitionError),
    ):
        with pytest.raises(error):
            session.set_variables(wrong)
    with pytest.raises(UnknownNameError):
        session.set_variables({}, unset=["day"])
    assert dict(session.pipeline.variables) == {"size": 2}
    session.set_variables({}, unset=["size"])
    assert dict(session.pipeline.variables) == {}


def test_variables_go_into_the_project_and_come_back(session: Session, tmp_path: Path) -> None:
    three(session)
    session.set_variables({"size": "2", "day": "2024-05-06"})
    session.export(tmp_path / "project")
    text = (tmp_path / "project" / "pipelines" / "demo" / "metadata.yaml").read_text()
    assert "variables:\n  size: 2\n  day: '2024-05-06'\n" in text or "variables:\n  day: '2024-05-06'\n  size: 2\n" in text
    assert dict(projects.read(tmp_path / "project", "demo").variables) == {"size": 2, "day": "2024-05-06"}


def test_command_changes_variables_in_the_project_and_no_other_line(session: Session, tmp_path: Path) -> None:
    three(session)
    project = tmp_path / "project"
    session.export(project)
    path = project / "pipelines" / "demo" / "metadata.yaml"
    path.write_text("# by hand\n" + path.read_text() + "# the end\n")
    before = path.read_text()
    done = CliRunner().invoke(cli, ["vars", str(project), "demo", "size=5", "day=2024-07-08"])
    assert done.exit_code == 0, done.output
    assert path.read_text() == before + "variables:\n  size: 5\n  day: '2024-07-08'\n"
    assert CliRunner().invoke(cli, ["vars", str(project), "--unset", "size", "--unset", "day"]).exit_code == 0
    assert path.read_text() == before
    wrong = CliRunner().invoke(cli, ["vars", str(project), "sice=5"])
    assert (wrong.exit_code, path.read_text()) == (2, before)
    assert "no variable 'sice'. Did you mean 'size'?" in wrong.output


def test_comments_in_the_variables_stay_and_odd_shapes_are_refused() -> None:
    text = "variables:\n  # the day\n  day: a  # first\n  size: 1\nname: p\n"
    assert (
        mage_variables.edited(text, {"day": "a", "size": 2}) == "variables:\n  # the day\n  day: a  # first\n  size: 2\nname: p\n"
    )
    assert mage_variables.edited("variables: {size: 1}\nname: p\n", {"size": 2}) == "variables:\n  size: 2\nname: p\n"
    with pytest.raises(FormatError, match="cannot be changed line by line"):
        mage_variables.edited('{"name": "p"}\n', {"size": 2})


def write_notebook(path: Path, *cells: str) -> None:
    made = [
        {
            "cell_type": "code",
            "id": f"c{place}",
            "metadata": {},
            "execution_count": None,
            "outputs": [],
            "source": text.splitlines(True),
        }
        for place, text in enumerate(cells)
    ]
    document = {"cells": made, "metadata": {"language_info": {"name": "python"}}, "nbformat": 4, "nbformat_minor": 5}
    path.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n")


def test_variables_of_a_notebook_are_its_cells_words(tmp_path: Path) -> None:
    path = tmp_path / "n.ipynb"
    write_notebook(path, "%pipeline vars n=7", "%%block one(*, n: int = 1)\none = n", "%%block two(*, m: int = 1)\ntwo = m")
    assert dict(projects.read(path).variables) == {"n": 7}
    text = path.read_text()
    assert CliRunner().invoke(cli, ["vars", str(path), "m=8"]).exit_code == 0
    assert dict(projects.read(path).variables) == {"m": 8, "n": 7}
    refused = CliRunner().invoke(cli, ["vars", str(path), "n=9"])
    assert refused.exit_code == 2 and "n is set by a cell: %pipeline vars n=7" in refused.output
    assert CliRunner().invoke(cli, ["vars", str(path), "--unset", "m"]).exit_code == 0
    assert path.read_text() == text


def test_mage_function_takes_a_variable_that_its_text_names(session: Session) -> None:
    session.define("raw", "@data_loader\ndef load(*args, **kwargs):\n    return kwargs.get('day', 'none')")
    session.set_variables({"day": "monday"})
    session.run(check=True)
    assert session.value("raw") == "monday"
    with pytest.raises(UnknownNameError, match="no variable 'dya'"):
        session.run(variables={"dya": 1})


# ---- asked for


def test_command_asks_in_a_terminal_until_the_answer_fits(session: Session, tmp_path: Path) -> None:
    three(session)
    session.export(tmp_path / "project")
    done = CliRunner().invoke(
        cli, ["run", str(tmp_path / "project"), "--ask", "--json", "--executor", "inline"], input="x\n3\n\n"
    )
    assert done.exit_code == 0, done.output
    assert "'x' is no int" in done.stderr
    assert f"jupyter mage run {tmp_path / 'project'} --var size=3\n" in done.stderr
    assert json.loads(done.stdout)["status"] == "succeeded"
    empty = Session(tmp_path / "other", pipeline="empty")
    empty.define("a", "1")
    from jupyter_mage import asking

    with pytest.raises(JupyterMageError, match="no block of this run has a parameter"):
        asking.wanted(empty.pipeline)


def test_notebook_shows_a_control_a_type_and_its_button_runs(notebook: Kernel) -> None:
    notebook.run(
        "%%block seen(*, n: int = 1, f: float = 1.5, on: bool = True, day: date = '2024-01-01', how: Literal['a', 'b'] = 'b', "
        "who: str = 'ann', maybe: int | None = None) --no-run\nseen = [n, f, on, str(day), how, who, maybe]",
        "seen",
    )
    asked = notebook.run("%pipeline run --ask", "ask")
    opened = {
        content["comm_id"]: content["data"]["state"]
        for kind, content in asked.messages
        if kind == "comm_open" and content["data"].get("state", {}).get("description")
    }
    assert {state["description"]: state["_model_name"] for state in opened.values()} == {
        "n": "IntTextModel", "f": "FloatTextModel", "on": "CheckboxModel", "day": "DatePickerModel",
        "how": "DropdownModel", "who": "TextModel", "maybe": "TextModel", "Run": "ButtonModel",
    }  # fmt: skip
    assert asked.printed == "asks for n, f, on, day, how, who, maybe; without a form: %pipeline run --var n=…\n"
    comms = {state["description"]: comm for comm, state in opened.items()}
    set_to_5 = {"method": "update", "state": {"value": 5}, "buffer_paths": []}
    answers = notebook.tell("comm_msg", {"comm_id": comms["n"], "data": set_to_5})
    texts = [content["data"].get("state", {}).get("value") for kind, content in answers if kind == "comm_msg"]
    assert "<code>%pipeline run --var n=5</code>" in texts
    notebook.tell("comm_msg", {"comm_id": comms["Run"], "data": {"method": "custom", "content": {"event": "click"}}})
    assert notebook.run("%pipeline show seen", "show").result == "[5, 1.5, True, '2024-01-01', 'b', 'ann', None]"


# ---- bad input

WORDS = st.sampled_from(
    "int float bool str date datetime Literal list Optional Union None [ ] | ( ) , 'a' 1 dict Mode Annotated . ... lambda { } -".split()
)
ANNOTATIONS = st.text(max_size=20) | st.lists(WORDS, max_size=8).map("".join)
VALUES = (
    st.text(max_size=20) | st.integers() | st.floats() | st.none() | st.booleans() | st.dates() | st.datetimes() | st.lists(st.integers())
    | st.sampled_from(["1e999", "{[]:1}", "9" * 5000, "[1,2", "2024-01-01", "1,2", "(" * 300])
)  # fmt: skip


@settings(max_examples=500, deadline=None)
@given(ANNOTATIONS, VALUES)
@pytest.mark.filterwarnings("ignore::SyntaxWarning")
def test_any_value_fits_any_annotation_or_is_refused_by_us(annotation: str, value: Any) -> None:
    parameter = Parameter(name="x", annotation=annotation)
    with contextlib.suppress(JupyterMageError):
        parameter_types.of(parameter).live(coerce(parameter, value))


DEFAULTS = st.sampled_from(
    ["date(2024,1,1)", "date(0,0,0)", "date(10**99,1,1)", "Mode.A", "datetime(1)", "'2024-01-01'", "3", "(", "--"]
)


@settings(max_examples=300, deadline=None)
@given(ANNOTATIONS, DEFAULTS)
@pytest.mark.filterwarnings("ignore::SyntaxWarning")
def test_any_default_gives_a_header_or_an_error_of_ours(annotation: str, default: str) -> None:
    with contextlib.suppress(JupyterMageError):
        header.parse(f"x(*, p: {annotation} = {default}) --schema {default}")
