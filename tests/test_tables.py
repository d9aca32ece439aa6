"""The tables of a SQL text against DuckDB itself, which is asked what it would read."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jupyter_mage.code.tables import rename_table
from jupyter_mage.languages.sql import language
from jupyter_mage.session import Session

NAMES = st.sampled_from(["raw", "Raw", '"raw"', "users", "main.users", "t", '"order"', "u"])


def bare(name: str) -> str:
    return name.removeprefix("main.").strip('"')


def queries(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    alias = st.sampled_from(["raw", "t", "u", "x"])
    return st.one_of(
        st.tuples(alias, inner, inner).map("WITH {0[0]} AS ({0[1]}) SELECT 1 AS a FROM ({0[2]}), {0[0]}".format),
        st.tuples(alias, inner, inner, inner).map(
            "WITH {0[0]} AS ({0[1]}), users AS MATERIALIZED ({0[2]}) SELECT 1 AS a FROM ({0[3]}), {0[0]}, users".format
        ),
        st.tuples(alias, inner, inner).map("WITH RECURSIVE {0[0]} AS ({0[1]} UNION ALL {0[2]}) FROM {0[0]}".format),
        st.tuples(alias, inner, inner).map("WITH RECURSIVE {0[0]} AS ({0[1]}) SELECT 1 AS a FROM ({0[2]}), {0[0]}".format),
        st.tuples(inner, inner).map("{0[0]} UNION ALL {0[1]}".format),
        st.tuples(inner, alias).map("SELECT * FROM ({0[0]}) AS {0[1]}".format),
        st.tuples(NAMES, alias, inner).map("SELECT {0[1]}.* FROM {0[0]} AS {0[1]} WHERE EXISTS ({0[2]})".format),
        st.tuples(NAMES, inner).map("SELECT (SELECT count(*) FROM ({0[1]})) AS n FROM {0[0]}".format),
    )


QUERIES = st.recursive(
    NAMES.map("SELECT * FROM {}".format) | NAMES.map("FROM {}".format) | st.just("SELECT 1 AS a"), queries, max_leaves=6
)


def asked(query: str) -> set[str] | None:
    """What DuckDB says it reads; None for what it does not read at all."""
    with duckdb.connect() as connection:
        try:
            return {name.casefold() for name in connection.get_table_names(query)}
        except duckdb.Error:
            return None


@settings(max_examples=200, deadline=None)
@given(QUERIES)
def test_tables_of_a_query_are_what_duckdb_reads(query: str) -> None:
    expected = asked(query)
    if expected is not None:
        assert {name.casefold() for name in language.names(query).reads} == expected, query


@settings(max_examples=100, deadline=None)
@given(QUERIES)
def test_renamed_table_is_all_that_changes(query: str) -> None:
    before = asked(query)
    after = rename_table(query, "raw", "source", dialect="duckdb")
    if before is not None and after is not None:
        assert asked(after) == {"source" if name == "raw" else name for name in before}, query


@pytest.mark.parametrize(
    ("text", "reads", "binds"),
    [
        ("WITH raw AS (SELECT * FROM raw WHERE x) SELECT * FROM raw", "raw", ""),
        ("WITH RECURSIVE t AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM T WHERE n < 3) SELECT * FROM t JOIN raw ON true", "raw", ""),
        ('SELECT "select" FROM "order" o, main.raw, other.raw2', "order raw", ""),
        ("CREATE TEMP TABLE big AS FROM raw WHERE n > 1; SELECT * FROM Big", "raw", "big"),
        ("DROP TABLE IF EXISTS big; CREATE TABLE big AS FROM raw; FROM big", "raw", "big"),
        ("CREATE VIEW v AS SELECT * FROM raw; CREATE TABLE t (n int); INSERT INTO t SELECT n FROM v; FROM t", "raw", "v t"),
        ("CREATE MACRO m(a) AS TABLE SELECT * FROM raw WHERE n = a; SELECT * FROM m(1)", "raw", "m"),
        ("SELECT * FROM range(3) r, read_csv('a.csv'), unnest([1, 2]) u, (VALUES (1)) v(a), raw", "raw", ""),
        ("EXPLAIN SELECT * FROM raw", "raw", ""),
        ("SUMMARIZE raw", "raw", ""),
        ("PIVOT raw ON year USING sum(n)", "raw", ""),
        ("FROM raw SELECT a WHERE a IN (FROM users SELECT id)", "raw users", ""),
        ("SELECT * FROM raw ASOF JOIN users USING (t) POSITIONAL JOIN more", "raw users more", ""),
        ("COPY (SELECT * FROM raw) TO 'x.parquet'", "raw", ""),
        ("SELECT * FROM raw -- users\n/* FROM more */ WHERE a = 'FROM text'", "raw", ""),
    ],
)  # fmt: skip
def test_tables_that_a_text_reads_and_makes(text: str, reads: str, binds: str) -> None:
    found = language.names(text)
    assert (set(found.reads), found.binds) == (set(reads.split()), tuple(binds.split()))


@pytest.fixture
def session(tmp_path: Path) -> Session:
    made = Session(tmp_path, pipeline="work")
    made.define("Orders", "import pandas as pd\npd.DataFrame({'a': [1, 2]})")
    return made


@pytest.mark.parametrize("text", ["SELECT * FROM orders", 'FROM "ORDERS"', "WITH orders AS (FROM oRDERS) FROM orders"])
def test_block_is_found_whatever_the_case(session: Session, text: str) -> None:
    found = session.define("asked --sql", text)
    assert (found.block.upstreams, found.notes) == (("Orders",), ())
    assert session.run(executor="inline").status == "succeeded" and len(session.value("asked")) == 2
    assert session.define("asked(Orders) --sql", text).notes == ()


def test_block_defined_later_is_found_whatever_the_case(session: Session) -> None:
    session.define("asked --sql", "FROM ORDERS JOIN Users USING (a)")
    session.define("users(Orders)", "Orders")
    assert session.pipeline["asked"].upstreams == ("Orders", "users") and session.check() == []


def test_table_that_is_not_declared_is_said_with_the_right_header(session: Session) -> None:
    session.define("users(Orders)", "Orders")
    notes = session.define("asked(Orders) --sql", "FROM ORDERS JOIN USERS USING (a)").notes
    assert notes == ("asked reads users, not in its header: %%block asked(Orders, users) --sql",)
