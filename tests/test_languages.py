"""What a block's body means, in Python and in SQL: its output, its names, its line numbers, its parameters."""

from __future__ import annotations

import datetime
from typing import Any

import pandas as pd
import pytest

from jupyter_mage.errors import BlockSyntaxError, JupyterMageError
from jupyter_mage.model import Failure
from jupyter_mage.session import Session
from jupyter_mage.state import Run
from jupyter_mage.work import Place


def in_clean_run(session: Session, name: str, body: str) -> Run:
    session.define(name, body)
    return session.run(name, executor="inline")


def in_its_cell(session: Session, name: str, body: str) -> Run:
    session.define(name, body)
    return session.run_cell(name, Place(namespace={}))


BOTH = pytest.mark.parametrize("run", [in_clean_run, in_its_cell])


def failure(run: Run, name: str) -> Failure:
    found = run.blocks[name].failure
    assert found is not None, f"{name} is {run.blocks[name].status}"
    return found


# ---- Python: the output


OUTPUTS: dict[str, tuple[str, Any]] = {
    "last_expression": ("x = 2\nx * 2", 4),
    "only_a_text": ("'hello'", "hello"),
    "text_after_docstring": ('"""What it is for."""\n"hello"', "hello"),
    "silenced_expression": ("5;", 5),
    "named": ("named = 1\n2", 1),
    "named_by_annotation": ("named_by_annotation: int = 1", 1),
    "named_by_loop": ("for named_by_loop in range(3): pass", 2),
    "named_by_import": ("import math as named_by_import\nnamed_by_import = named_by_import.floor(1.5)", 1),
    "named_by_with": ("import contextlib\nwith contextlib.nullcontext(4) as named_by_with: pass", 4),
    "named_in_branch": ("if True:\n    named_in_branch = 1\nelse:\n    named_in_branch = 2", 1),
    "named_in_function": ("def f():\n    named_in_function = 1\n    return named_in_function\nf() + 1", 2),
    "returned": ("return 3", 3),
    "returned_early": ("if 1 > 0:\n    return 'big'\nreturn 'small'", "big"),
    "returned_before_name": ("if 1 > 0:\n    return 'big'\nreturned_before_name = 'small'", "big"),
    "returned_from_loop": ("for i in range(5):\n    if i == 3:\n        return i", 3),
    "returned_from_try": ("try:\n    return 1\nfinally:\n    x = 2", 1),
    "returned_nothing": ("return", None),
    "docstring_only_then_nothing": ('"""What it is for."""\nx = 1', None),
    "nothing": ("x = 1", None),
    "empty": ("", None),
    "comment": ("# nothing yet", None),
    "awaited": ("import asyncio\nawait asyncio.sleep(0, 9)", 9),
    "awaited_with": (
        "import contextlib\n@contextlib.asynccontextmanager\nasync def c():\n    yield 3\nasync with c() as v:\n    pass\nv",
        3,
    ),
    "awaited_comprehension": ("async def g():\n    yield 1\n[x async for x in g()]", [1]),
    "awaited_return": ("import asyncio\nif True:\n    return await asyncio.sleep(0, 9)", 9),
    "shell_line": ("files = !echo one; echo two\nlist(files)", ["one", "two"]),
    "magic_line": ("%precision 3\n1", 1),
    "cell_magic_in_body": ("x = 7 % 4\nx", 3),
    "decorated": ("import functools\n@functools.lru_cache\ndef f(): return 3\nf()", 3),
    "class_": ("import dataclasses\n@dataclasses.dataclass\nclass A:\n    x: int = 1\nA().x", 1),
    "closure": ("k = 3\ndef f(): return [k * i for i in range(3)]\nf()", [0, 3, 6]),
    "recursion": ("def f(n): return 1 if n < 2 else n * f(n - 1)\nf(5)", 120),
    "matched": ("match 3:\n    case int(x):\n        y = x\ny", 3),
    "walrus": ("[last := i for i in range(3)]\nlast", 2),
    "caught": ("try:\n    1 / 0\nexcept ZeroDivisionError as e:\n    text = str(e)\ntext", "division by zero"),
    "deleted": ("x = 1\ndel x\n5", 5),
    "annotated": ("count: int = 3\nrest: list[int]\ncount", 3),
    "future": ("from __future__ import annotations\ndef f(x: Undefined): return 1\nf(1)", 1),
    "main_guard": ("if __name__ == '__main__':\n    r = 1\nr", 1),
    "shadowed_builtin": ("list = 3\nlist", 3),
    "windows_lines": ("x = 1\r\nx + 1", 2),
    "no_ascii": ("größe = 3\ngröße", 3),
}  # fmt: skip


@BOTH
@pytest.mark.parametrize("name", OUTPUTS)
def test_python_output_follows_the_rule(session: Session, run: Any, name: str) -> None:
    body, value = OUTPUTS[name]
    result = run(session, name, body)
    assert (result.blocks[name].failure, result.status) == (None, "succeeded")
    assert session.value(name) == value


REFUSED = {
    "equals": ("x = 1\ny = = 2", 3),
    "unclosed": ("x = (1,\ny = 2", 2),
    "indented": ("if True:\nx = 1", 3),
    "star": ("x = 1\nfrom math import *\nsqrt(4)", 3),
    "stray_break": ("x = 1\nbreak", 3),
    "nothing_to_yield": ("def f():\n    x = yield\nreturn = 3", 4),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_python_that_cannot_run_is_refused_at_definition(session: Session, name: str) -> None:
    body, line = REFUSED[name]
    session.define(name, "'the one before'")
    with pytest.raises(BlockSyntaxError) as caught:
        session.define(name, body)
    assert caught.value.where is not None and (caught.value.where.block, caught.value.where.line) == (name, line)
    assert caught.value.hint and session.pipeline[name].source == "'the one before'"


def test_star_import_hint_names_the_other_way(session: Session) -> None:
    with pytest.raises(BlockSyntaxError) as caught:
        session.define("roots", "from math import *\nsqrt(4)")
    assert "from math import" in caught.value.hint


LINES = {
    "plain": ("x = 1\n\n1 / 0", 4, "1 / 0"),
    "first": ("1 / 0", 2, "1 / 0"),
    "in_function": ("def f():\n    return 1 / 0\n\nf()", 3, "    return 1 / 0"),
    "in_library": ("import json\n\njson.loads('{')", 4, "json.loads('{')"),
    "over_lines": ("x = [\n  1,\n  1 / 0,\n]", 4, "  1 / 0,"),
    "after_shell": ("!true\nx = 1\n1 / 0", 4, "1 / 0"),
    "after_await": ("import asyncio\nawait asyncio.sleep(0)\n1 / 0", 4, "1 / 0"),
    "after_text": ('x = """\na\n"""\n1 / 0', 5, "1 / 0"),
    "returned": ("x = 1\nif x:\n    return 1 / 0", 4, "    return 1 / 0"),
    "raised_from": ("try:\n    1 / 0\nexcept Exception as e:\n    raise ValueError from e", 5, "    raise ValueError from e"),
}  # fmt: skip


@pytest.mark.parametrize("name", LINES)
def test_python_failure_has_the_line_of_its_cell(session: Session, name: str) -> None:
    body, line, code = LINES[name]
    found = failure(in_clean_run(session, name, body), name)
    assert (found.line, found.code) == (line, code)
    assert "jupyter_mage" not in found.traceback


def test_failure_in_a_captured_function_names_the_blocks_line(session: Session) -> None:
    session.note_cell("def halve(x):\n    return x / 0", 1)
    found = failure(in_clean_run(session, "half", "x = 1\nhalve(x)"), "half")
    assert (found.error, found.line, found.code) == ("ZeroDivisionError", 3, "halve(x)")
    assert "return x / 0" in found.traceback


def test_failure_shows_what_the_inputs_were(session: Session) -> None:
    session.define("raw", "import pandas as pd\npd.DataFrame({'id': [1, 2], 'user': ['a', 'b']})")
    found = failure(in_clean_run(session, "clean", "raw['user_id']"), "clean")
    assert found.inputs == (("raw", "2 × 2: id int64, user str"),)


def test_python_body_cannot_change_its_upstream(session: Session) -> None:
    session.define("raw", "import pandas as pd\npd.DataFrame({'a': [1, 2]})")
    session.define("items", "[1, [2]]")
    session.define("changes", "raw['b'] = 1\nraw.loc[0, 'a'] = 99\nitems[1].append(3)\nlen(raw.columns)")
    session.run(executor="inline")
    assert session.value("changes") == 2
    assert session.value("raw").to_dict("list") == {"a": [1, 2]} and session.value("items") == [1, [2]]


# ---- SQL


TRIPS = """\
import pandas as pd
pd.DataFrame({
    "id": [1, 2, 3],
    "town": ["Ulm", "it's", None],
    "at": pd.to_datetime(["2024-01-01 10:00", "2024-01-02 11:30", None]),
    "far": [1.5, None, 2.5],
    "Odd Name": [10, 20, 30],
})
"""


@pytest.fixture
def trips(session: Session) -> Session:
    session.define("trips", TRIPS)
    return session


def sql(session: Session, text: str, header: str = "asked", **variables: Any) -> pd.DataFrame:
    session.define(f"{header} --sql", text)
    run = session.run("asked", executor="inline", variables=variables)
    assert run.blocks["asked"].failure is None
    value = session.value("asked")
    assert isinstance(value, pd.DataFrame)
    return value


ANSWERS = {
    "plain": ("SELECT id, town FROM trips WHERE id < 3", {"id": [1, 2], "town": ["Ulm", "it's"]}),
    "from_first": ("FROM trips SELECT id WHERE id = 2", {"id": [2]}),
    "with_names": ("WITH big AS (SELECT id FROM trips), more AS (SELECT * FROM big)\nSELECT * FROM more", {"id": [1, 2, 3]}),
    "statements": (
        "CREATE TABLE kept AS SELECT id FROM trips;\nINSERT INTO kept VALUES (9);\nSELECT sum(id) AS s FROM kept; -- end",
        {"s": [15]},
    ),
    "quoted": ('SELECT "Odd Name" AS "another one" FROM "trips"', {"another one": [10, 20, 30]}),
    "subquery": ("SELECT id FROM trips WHERE id = (SELECT max(id) FROM trips)", {"id": [3]}),
    "joined": ("SELECT a.id FROM trips a JOIN trips b ON a.id = b.id + 1 ORDER BY 1", {"id": [2, 3]}),
    "text_with_semicolon": ("SELECT ';' AS a, '-- no' AS b", {"a": [";"], "b": ["-- no"]}),
    "umlaut": ("SELECT 'größe' AS größe", {"größe": ["größe"]}),
}  # fmt: skip


@pytest.mark.parametrize("name", ANSWERS)
def test_sql_gives_a_frame(trips: Session, name: str) -> None:
    text, value = ANSWERS[name]
    assert sql(trips, text).to_dict("list") == value
    assert trips.pipeline["asked"].upstreams == (() if name in ("text_with_semicolon", "umlaut") else ("trips",))


def test_sql_keeps_the_types_of_its_columns(trips: Session) -> None:
    trips.define("asked --sql", "SELECT * FROM trips")
    trips.run(executor="inline")
    pd.testing.assert_frame_equal(trips.value("asked"), trips.value("trips"))


def test_sql_sums_of_whole_numbers_are_whole(trips: Session) -> None:
    found = sql(trips, "SELECT sum(id) AS s, count(*) AS n, max(id) AS m, avg(id) AS a, sum(far) AS f FROM trips")
    assert found.dtypes.astype(str).to_dict() == {"s": "int64", "n": "int64", "m": "int64", "a": "float64", "f": "float64"}
    assert found.iloc[0].tolist() == [6, 3, 3, 2.0, 4.0]


def test_sql_dates_and_times_come_out_equal(trips: Session) -> None:
    found = sql(trips, "SELECT max(\"at\") AS last, DATE '2024-02-29' AS day, 1.10::DECIMAL(10, 2) * 3 AS price FROM trips")
    row = found.iloc[0]
    assert row["last"] == datetime.datetime(2024, 1, 2, 11, 30)
    assert pd.Timestamp(row["day"]).date() == datetime.date(2024, 2, 29)
    assert float(row["price"]) == 3.3


def test_sql_parameter_is_bound_and_never_pasted(trips: Session) -> None:
    header, text = "asked(trips, *, town: str = 'Ulm')", "SELECT id FROM trips WHERE town = $town"
    towns = ["Ulm", "it's", "x'); drop table trips; --"]
    assert [sql(trips, text, header, town=town)["id"].tolist() for town in towns] == [[1], [2], []]
    assert sql(trips, text, header)["id"].tolist() == [1]


def test_sql_parameters_keep_their_types(trips: Session) -> None:
    header = "asked(*, n: int = 1, x: float = 1.5, on: bool = True, words: list[str] = ['a', 'b'])"
    found = sql(trips, "SELECT $n + 1 AS n, $x * 2 AS x, NOT $on AS off, len($words) AS w", header, n="41").iloc[0]
    assert (found["n"], found["x"], found["off"], found["w"]) == (42, 3.0, False, 2)


@pytest.mark.parametrize(
    ("text", "line"), [("SELEC 1", 2), ("SELECT 1;\nSELECT FROM WHERE", 3), ("SELECT (\n  1,\n  2", 4), ("", 2), ("-- later", 2)]
)
def test_sql_that_does_not_parse_is_refused_with_its_line(trips: Session, text: str, line: int) -> None:
    trips.define("asked --sql", "SELECT 1 AS a")
    with pytest.raises(BlockSyntaxError) as caught:
        trips.define("asked --sql", text)
    assert caught.value.where is not None and (caught.value.where.block, caught.value.where.line) == ("asked", line)
    assert caught.value.hint and trips.pipeline["asked"].source == "SELECT 1 AS a"


def sql_failure(session: Session, text: str, header: str = "asked") -> Failure:
    session.define(f"{header} --sql", text)
    return failure(session.run("asked", executor="inline"), "asked")


def test_sql_unknown_column_is_answered_with_the_columns(trips: Session) -> None:
    found = sql_failure(trips, "SELECT id,\n       twon\nFROM trips")
    assert "twon" in found.message and found.line == 3 and found.code == "       twon"
    assert found.inputs == (("trips", "3 × 5: id int64, town str, at datetime64[us], far float64, Odd Name int64"),)


def test_sql_unknown_table_is_answered_with_the_blocks(trips: Session) -> None:
    found = sql_failure(trips, "SELECT *\nFROM trisp", "asked(trips)")
    assert "trisp" in found.message and "trips" in found.message and "pg_" not in found.message
    assert found.line == 3


def test_sql_unknown_table_is_found_by_check(trips: Session) -> None:
    found = sql_failure(trips, "SELECT *\nFROM trisp")
    assert "trisp" in found.message and "none" not in found.message
    assert any("trisp" in problem and "Did you mean trips?" in problem for problem in trips.check())


def test_sql_table_names_have_no_case(trips: Session) -> None:
    assert sql(trips, "SELECT id FROM Trips ORDER BY ID DESC", "asked(trips)")["id"].tolist() == [3, 2, 1]


def test_sql_error_in_a_later_statement_has_its_own_line(trips: Session) -> None:
    found = sql_failure(trips, "CREATE TABLE kept AS SELECT id FROM trips;\n\nSELECT id + 'x' AS bad\nFROM kept")
    assert found.line == 4 and "'x'" in found.message


def test_sql_missing_parameter_is_named(trips: Session) -> None:
    assert "town" in sql_failure(trips, "SELECT $town AS town").message


def test_sql_refuses_what_is_no_table(session: Session) -> None:
    session.define("counts", "[1, 2, 3]")
    found = sql_failure(session, "SELECT * FROM counts")
    assert "counts is a list" in found.message and "make counts return a DataFrame" in found.message


def test_sql_reads_every_sort_of_table(session: Session) -> None:
    session.define("rows", "[{'a': 1}, {'a': 2}]")
    session.define("arrow", "import pyarrow as pa\npa.table({'a': [3]})")
    session.define("series", "import pandas as pd\npd.Series([4], name='a')")
    session.define("polar", "import polars as pl\npl.DataFrame({'a': [5]})")
    found = sql(
        session, " UNION ALL ".join(f"SELECT a FROM {each}" for each in ("rows", "arrow", "series", "polar")) + " ORDER BY a"
    )
    assert found["a"].tolist() == [1, 2, 3, 4, 5]


def test_sql_without_rows_gives_nothing(session: Session) -> None:
    session.define("made --sql", "CREATE TABLE kept (a INTEGER)")
    assert session.run(executor="inline").status == "succeeded" and session.value("made") is None


def test_sql_file_in_the_project_is_read_by_its_path(session: Session) -> None:
    (session.root / "rows.csv").write_text("a,b\n1,x\n2,y\n")
    assert sql(session, "SELECT * FROM 'rows.csv'").to_dict("list") == {"a": [1, 2], "b": ["x", "y"]}
    assert session.pipeline["asked"].upstreams == ()


def test_sql_block_never_sees_our_variables(session: Session) -> None:
    """DuckDB can read Python variables of its caller; a block must read its upstreams and nothing else."""
    found = sql_failure(session, "SELECT * FROM connection")
    assert "connection" in found.message


def test_sql_comment_and_layout_do_not_run_it_again(trips: Session) -> None:
    sql(trips, "SELECT id FROM trips")
    trips.define("asked --sql", "-- only ids\nSELECT id\n  FROM trips")
    assert trips.run("asked", executor="inline").blocks["asked"].status == "cached"
    trips.define("asked --sql", "SELECT id FROM trips WHERE town = 'ulm'")
    trips.run("asked", executor="inline")
    trips.define("asked --sql", "SELECT id FROM trips WHERE town = 'Ulm'")
    assert trips.run("asked", executor="inline").blocks["asked"].status == "succeeded"


def test_unknown_language_is_answered_with_the_languages(session: Session) -> None:
    with pytest.raises(JupyterMageError, match="sql"):
        session.define("asked --lang sqll", "SELECT 1")
