"""Tests of blocks: with inputs, in the block's own cell, by a schema; here and in a Mage project."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from real_kernel import Kernel

from jupyter_mage import projects
from jupyter_mage.code import inline_tests
from jupyter_mage.definitions import Definitions
from jupyter_mage.errors import DefinitionError, JupyterMageError, UnknownNameError
from jupyter_mage.session import Session

RAW = "import pandas as pd\npd.DataFrame({'id': [1, 2, 3], 'amount': [10.0, None, 5.0]})"
CLEAN = """import pandas as pd

clean = raw.dropna()


@test
def no_gaps(output, *args):
    assert isinstance(output, pd.DataFrame)
    assert output.notna().all().all()


@test
def loses_little(output, raw, *, least, **kwargs):
    assert len(output) >= len(raw) - least
"""
HEADER = "clean(raw, *, least: int = 1)"


def test_functions_of_the_cell_get_output_upstreams_and_parameters(session: Session) -> None:
    session.define("raw", RAW)
    session.define(HEADER, CLEAN)
    run = session.run(executor="inline")
    assert (run.status, run.blocks["clean"].tests) == ("succeeded", ("no_gaps", "loses_little"))
    failed = session.run(variables={"least": 0}, executor="inline").blocks["clean"].failure
    assert failed is not None
    assert (failed.error, failed.test, failed.line) == ("AssertionError", "loses_little", 15)
    assert failed.code.strip() == "assert len(output) >= len(raw) - least"


def test_test_cell_sees_the_upstreams_and_parameters_it_names(session: Session) -> None:
    session.define("raw", RAW)
    session.define("clean(raw, *, least: int = 1)", "clean = raw.dropna()")
    session.define_test("clean", "assert len(raw) - len(clean) == least")
    assert session.run().status == "succeeded"
    assert session.run(retest=True).blocks["clean"].status == "succeeded"


def test_edited_test_runs_on_the_kept_output_and_the_body_does_not_run(session: Session, tmp_path: Path) -> None:
    session.define("raw", "import pathlib\nopen('ran', 'a').write('x')\n1")
    session.define(
        "more(raw)", "open('ran', 'a').write('y')\nmore = raw + 1\n\n@test\ndef grows(output, raw):\n    assert output > raw"
    )
    session.run()
    session.define(
        "more(raw)", "open('ran', 'a').write('y')\nmore = raw + 1\n\n@test\ndef grows(output, raw):\n    assert output < raw"
    )
    run = session.run()
    assert run.blocks["more"].failure and run.blocks["more"].failure.test == "grows"
    assert (tmp_path / "ran").read_text() == "xy"


def test_function_that_asks_for_what_the_block_has_not_is_refused(session: Session) -> None:
    session.define("raw", "1")
    with pytest.raises(UnknownNameError, match=r"no upstream or parameter of more 'rwa'\. Did you mean 'raw'") as caught:
        session.define("more(raw)", "raw + 1\n\n@test\ndef grows(output, rwa):\n    assert output > rwa")
    assert caught.value.where is not None and caught.value.where.line == 5


def test_function_that_reads_what_the_body_computes_is_refused(session: Session) -> None:
    with pytest.raises(DefinitionError, match="reads total, which the body computes"):
        session.define("more", "total = sum([1])\nmore = total\n\n@test\ndef grows(output):\n    assert output > total")


def test_failed_assert_shows_the_wrong_rows(session: Session) -> None:
    session.define("raw", RAW)
    session.define_test("raw", "assert raw.id.is_unique\nassert (raw.amount > 6).all()")
    failure = session.run(executor="inline").blocks["raw"].failure
    assert failure is not None
    assert failure.rows.split("\n") == ["   id  amount", "1   2     NaN", "2   3     5.0"]
    assert "2   3     5.0" in failure.traceback


@pytest.mark.parametrize(
    ("code", "rows"),
    [
        ("assert not raw.id.duplicated().any()", ["0", "2"]), ("assert raw.id.is_unique", ["0", "2"]),
        ("assert raw.notna().all().all()", ["1"]), ("assert raw.amount.isna().sum() == 0", ["1"]),
        ("assert len(raw[raw.amount < 6]) == 0", ["2"]), ("assert raw.query('amount > 6').empty", ["0"]),
        ("assert len(raw) == 3 and (raw.amount > 6).all()", ["1", "2"]),
        ("wrong = raw.amount < 6\nassert not wrong.any()", ["2"]), ("assert raw.equals(raw.assign(id=1))", ["1"]),
        ("assert max(raw.id) < 2", []),
    ],
)  # fmt: skip
def test_rows_are_found_for_the_asserts_that_people_write(session: Session, code: str, rows: list[str]) -> None:
    session.define("raw", "import pandas as pd\npd.DataFrame({'id': [1, 2, 1], 'amount': [10.0, None, 5.0]})")
    session.define_test("raw", code)
    failure = session.run(executor="inline").blocks["raw"].failure
    assert failure is not None and failure.error == "AssertionError"
    shown = failure.rows.splitlines()
    found = [line.split()[0] for line in shown if line.split()[0].isdigit()]
    if "duplicated" in code:
        rows = rows[1:]
    assert found == rows, shown


# ---- schemas

SCHEMA = "import pandera.pandas as pa\n\n\nclass Orders(pa.DataFrameModel):\n    id: int = pa.Field(unique=True)\n    amount: float = pa.Field(ge=0, nullable=False)\n"


def test_schema_checks_the_output_lazily_and_shows_failing_rows(session: Session) -> None:
    session.note_cell(SCHEMA, 1)
    session.define("raw --schema Orders", "import pandas as pd\npd.DataFrame({'id': [1, 1], 'amount': [-1.0, None]})", number=2)
    session.define("below(raw)", "len(raw)")
    run = session.run()
    failure = run.blocks["raw"].failure
    assert failure is not None
    assert (failure.error, failure.test, failure.line) == ("SchemaErrors", "schema", 1)
    assert run.blocks["below"].status == "skipped"
    assert failure.message == (
        "id: field_uniqueness (2×), amount: not_nullable (1×), amount: greater_than_or_equal_to(0) (1×); not as Orders says"
    )
    assert [line.split()[:2] for line in failure.rows.splitlines()[1:]] == [
        ["0", "id"],
        ["1", "id"],
        ["1", "amount"],
        ["0", "amount"],
    ]


def test_changed_schema_checks_the_kept_output_and_runs_no_body(
    session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "schemas.py").write_text("import pandera.pandas as pa\nOrders = pa.DataFrameSchema({'id': pa.Column(int)})\n")
    session.note_cell("from schemas import Orders", 1)
    session.define("raw --schema Orders", "open('ran', 'a').write('x')\nimport pandas as pd\npd.DataFrame({'id': [1, 2]})")
    assert session.run().status == "succeeded"
    (tmp_path / "schemas.py").write_text("import pandera.pandas as pa\nOrders = pa.DataFrameSchema({'id': pa.Column(str)})\n")
    run = session.run()
    assert run.blocks["raw"].failure is not None
    assert (tmp_path / "ran").read_text() == "x"


def test_unknown_schema_is_refused_and_the_old_block_stays(session: Session) -> None:
    session.define("raw", "1")
    with pytest.raises(UnknownNameError, match=r"--schema Ordres: no such name\. Did you mean Orders\?"):
        session.define("raw --schema Ordres", "2", namespace={"Orders": type("Orders", (), {"validate": classmethod(print)})})
    assert session.pipeline["raw"].source == "1"


def test_schema_made_by_a_call_is_captured_like_a_class(session: Session) -> None:
    session.note_cell("import pandera.pandas as pa\nOrders = pa.DataFrameSchema({'n': pa.Column(int, pa.Check.gt(0))})", 1)
    session.define("raw --sql --schema Orders", "SELECT 1::BIGINT AS n")
    assert session.run().blocks["raw"].tests == ("schema",)


# ---- in a Mage project


def test_tests_come_back_from_a_mage_project(session: Session, tmp_path: Path) -> None:
    session.note_cell(SCHEMA, 1)
    session.define("raw --schema Orders", RAW.replace("None", "1.0"))
    session.define(HEADER, CLEAN)
    session.define("totals(clean) --sql --schema Orders", "SELECT id, amount FROM clean")
    session.define("counted(clean)", "@test\ndef first(output):\n    assert output\n\nlen(clean)")
    session.define_test("clean", "assert len(clean) <= len(raw)", name="shrinks")
    session.define_test("clean", "assert len(clean)", name="some")
    session.define_test("counted", "assert counted == len(clean)")
    project = tmp_path / "project"
    _, warnings = session.export(project)
    assert projects.read(project, "demo") == session.pipeline
    assert "clean: Mage hands a test the output only: loses_little, shrinks kept, and run here only" in warnings
    text = (project / "transformers" / "clean.py").read_text()
    assert "@test\ndef no_gaps(output, *args):" in text and "\n\n\ndef loses_little(output, raw" in text
    assert "@test\ndef test_some(" in text
    assert session.export(project)[0] == []
    opened = Session.open(project, "demo")
    run = opened.run()
    assert run.status == "succeeded"
    assert run.blocks["clean"].tests == ("no_gaps", "loses_little", "shrinks", "some")
    opened.close()


def test_tests_come_back_from_a_notebook(session: Session, tmp_path: Path) -> None:
    session.define("raw", RAW)
    session.define(HEADER, CLEAN)
    session.define_test("clean", "assert len(clean) <= len(raw)")
    path = tmp_path / "demo.ipynb"
    projects.formats.get("notebook").write(session.pipeline, path)
    again = projects.read(path)
    assert [test.name for test in again["clean"].tests] == ["no_gaps", "loses_little", "test_3"]
    assert again["clean"] == session.pipeline["clean"]


MAGE = """from pandas import DataFrame
if 'transformer' not in globals():
    from mage_ai.data_preparation.decorators import transformer
if 'test' not in globals():
    from mage_ai.data_preparation.decorators import test

LIMIT = len('ab')


@transformer
def transform(data, *args, **kwargs):
    return data + [1]


@test
def test_output(output, *args) -> None:
    assert output is not None


@test
def test_length(output, *args) -> None:
    assert len(output) < LIMIT, 'too long'
"""


def test_pasted_mage_file_has_its_tests_by_name(session: Session) -> None:
    session.define("raw", "[1, 2]")
    session.define("clean(raw)", MAGE)
    failure = session.run().blocks["clean"].failure
    assert failure is not None
    assert (failure.test, failure.line, failure.message) == ("test_length", 23, "too long")


def test_mapped_block_is_tested_on_the_collected_list_with_its_upstreams(session: Session) -> None:
    session.define("parts", "[1, 2]")
    session.define(
        "double(parts) --map parts",
        "parts * 2\n\n@test\ndef all_there(output, parts):\n    assert output == [2, 4] and parts == [1, 2]",
    )
    assert session.run().status == "succeeded"


# ---- in a notebook


def test_cells_own_tests_come_and_go_with_it_in_a_real_kernel(notebook: Kernel) -> None:
    cell = (
        "%%block clean(raw) --schema Orders\nclean = raw[raw.amount > 0]\n\n"
        "@test\ndef shrinks(output, raw):\n    assert len(output) < len(raw)"
    )
    notebook.run(SCHEMA, "schema")
    notebook.run("%%block raw()\nimport pandas as pd\nraw = pd.DataFrame({'id': [1, 2], 'amount': [0.0, 2.0]})", "raw")
    assert notebook.run(cell, "clean").printed.endswith("2 tests passed\n")
    assert notebook.run("%%test clean\nassert len(clean) == 1", "test").printed.endswith("3 tests passed\n")
    assert notebook.run(cell, "clean").printed.endswith("3 tests passed\n")
    number = notebook.number()
    notebook.run(SCHEMA.replace("ge=0", "ge=5"), "schema")
    failed = notebook.run("%pipeline run", "run").error
    assert (
        f"✗ test schema of clean failed at cell [{number}] line 1: SchemaErrors: amount: greater_than_or_equal_to(5) (1×)"
        in failed
    )
    assert "row column                       check  value\n         1 amount greater_than_or_equal_to(5)    2.0" in failed
    assert "greater_than_or_equal_to(5)" in notebook.run("%pipeline logs clean", "logs").printed
    notebook.run(SCHEMA, "schema")
    shorter = cell.partition("\n\n@test")[0]
    assert notebook.run(shorter, "clean").printed.endswith("2 tests passed\n")
    assert "clean has a test schema in its own cell" in notebook.run("%%test clean schema\nassert True", "other").error


def test_missing_pandera_is_said_with_what_to_install(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    session.note_cell(SCHEMA, 1)
    session.define("raw() --schema Orders", "raw = 1")
    monkeypatch.setitem(sys.modules, "pandera", None)
    monkeypatch.delitem(sys.modules, "pandera.pandas", raising=False)
    failure = session.run(executor="inline").blocks["raw"].failure
    assert failure is not None
    assert failure.message == "the schema Orders of raw needs pandera: pip install 'jupyter_mage[pandera]'"


# ---- bad input

BITS = st.sampled_from(
    [
        "@test\n", "@test", "def f(output):\n", "    assert output\n", "\n", "x = 1\n", "@", "test", "class A:\n", "    pass\n", "'''",
        "if 'test' not in globals():\n", "    import test\n", "!ls\n", "\\", "# @test\n", "def f(a, b, *, c=1, **k): return a\n",
    ]
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.lists(BITS, max_size=10).map("".join))
def test_any_body_gives_a_block_or_an_error_of_ours_and_keeps_its_lines(body: str) -> None:
    left, _ = inline_tests.split(body)
    assert left.count("\n") == body.count("\n")
    with contextlib.suppress(JupyterMageError):
        Definitions(Path(), "demo").define("x()", body)
