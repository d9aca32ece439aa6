"""SQL blocks, on DuckDB in this process: an upstream frame is a table under its block's name, the result is a DataFrame.

Parameters are bound, never pasted: ``WHERE delay >= $min_minutes``. Several statements may stand in a body; the last one that
gives rows is the output.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from ..code import sql_words
from ..code.tables import rename_table, tables
from ..errors import BlockSyntaxError, JupyterMageError, NotStorableError, RunError, Where, unknown
from ..model import Block, Pipeline
from ..plugins import Around, Call, Names


class Sql:
    name = "sql"
    extension = "sql"
    packages = ("duckdb", "pandas", "pyarrow")
    any_case = True

    def check(self, source: str, *, block: str = "", arguments: tuple[str, ...] = ()) -> None:  # noqa: ARG002 (the protocol's)
        import duckdb

        try:
            statements = duckdb.extract_statements(source)
        except duckdb.Error as error:
            raise BlockSyntaxError(
                _first_line(str(error)),
                where=Where(block=block, line=_line(error, source)),
                hint="correct the SQL and run the cell again",
            ) from error
        if not statements:
            raise BlockSyntaxError(
                "the body has no SQL statement", where=Where(block=block, line=2), hint="SELECT * FROM upstream"
            )

    def names(self, source: str) -> Names:
        return _names(source)

    def normalise(self, source: str) -> str:
        return _normalise(source)

    def spelled(self, block: Block, pipeline: Pipeline) -> Block:  # noqa: ARG002 (it knows its upstreams by name)
        return block

    def scratch(self, block: Block, parameters: Sequence[str]) -> str:
        source = block.source.strip("\n")
        used = [each for each in parameters if re.search(rf"\${each}\b", source)]
        bound = ", {" + ", ".join(f'"{name}": {name}' for name in used) + "}" if used else ""
        quotes = "'''" if '"""' in source else '"""'
        raw = "r" if "\\" in source else ""
        text = f"{raw}{quotes}\n{source}\n{quotes}{bound}"
        return f"import duckdb  # it finds the inputs by their names\n\n{block.name} = duckdb.execute({text}).df()\n{block.name}"

    def rename(self, source: str, old: str, new: str) -> str | None:
        return rename_table(source, old, new, dialect="duckdb")

    def complete(self, source: str, place: int, around: Around) -> tuple[str, list[tuple[str, str]]]:
        keywords, functions = _vocabulary()
        known = sql_words.Known(
            tables=around.tables, inputs=around.inputs, parameters=around.parameters, keywords=keywords, functions=functions
        )
        return sql_words.offers(source, place, known)

    def compiled(self, block: Block, arguments: tuple[str, ...]) -> bytes:  # noqa: ARG002 (the protocol's)
        return b""

    def run(self, call: Call) -> Any:
        import duckdb

        connection = duckdb.connect(config={"python_enable_replacements": False})
        try:
            parameters = {each.name: call.values[each.name] for each in call.block.parameters if each.name in call.values}
            for name, value in call.values.items():
                if name not in parameters:
                    connection.register(name, _table(name, value))
            return _execute(connection, call, parameters)
        finally:
            connection.close()


def _execute(connection: Any, call: Call, parameters: dict[str, Any]) -> Any:
    import duckdb

    result, place = None, 0
    for statement in duckdb.extract_statements(call.source):
        place = max(call.source.find(statement.query, place), place)
        bound = {name: parameters[name] for name in statement.named_parameters if name in parameters}
        try:
            cursor = connection.execute(statement, bound) if bound else connection.execute(statement)
            if statement.type in _WITH_ROWS(duckdb):
                result = _whole_numbers(cursor.df(), cursor.description)
            else:
                cursor.fetchall()
        except duckdb.Error as error:
            raise _said(error, call, place) from None
        place += len(statement.query)
    return result


def _WITH_ROWS(duckdb: Any) -> tuple[Any, ...]:  # noqa: N802
    kinds = duckdb.StatementType
    return tuple(getattr(kinds, name) for name in ("SELECT", "EXPLAIN", "CALL", "PRAGMA", "RELATION") if hasattr(kinds, name))


def _whole_numbers(frame: Any, description: Any) -> Any:
    """``sum`` of integers is HUGEINT in DuckDB and would come out as float; where it fits, it is int64, as in pandas."""
    import numpy as np

    for position, column in enumerate(description):
        if str(column[1]).upper() not in ("HUGEINT", "NUMBER") or frame.dtypes.iloc[position] != np.float64:
            continue
        values = frame.iloc[:, position]
        if len(values) and values.notna().all() and (values.abs() < 2**53).all() and (values == values.round()).all():
            frame.isetitem(position, values.astype("int64"))
    return frame


def _table(name: str, value: Any) -> Any:
    """The value as something DuckDB reads as a table."""
    kind = type(value)
    module = kind.__module__.split(".")[0]
    if module == "pandas" and kind.__name__ == "DataFrame":
        return value.reset_index() if any(name is not None for name in value.index.names) else value
    if module in ("polars", "pyarrow"):
        return value.to_arrow() if module == "polars" else value
    import pandas as pd

    if isinstance(value, pd.Series):
        return value.to_frame()
    if isinstance(value, list) and value and all(isinstance(row, dict) for row in value):
        return pd.DataFrame(value)
    raise NotStorableError(
        f"upstream {name} is a {kind.__name__}, and a SQL block needs a table", hint=f"make {name} return a DataFrame"
    )


_USUAL = frozenset(
    {"BY", "DELETE", "EXCLUDE", "FILTER", "FIRST", "FOLLOWING", "INSERT", "LAST", "MATERIALIZED", "NULLS", "OVER", "PARTITION"}
    | {"PRECEDING", "RANGE", "RECURSIVE", "REPLACE", "ROWS", "SET", "TEMP", "UPDATE", "VALUES", "VIEW"}
)
"""Of the keywords that may also be names, those that queries are made of; the others would hide the columns."""


@lru_cache(maxsize=1)
def _vocabulary() -> tuple[dict[str, bool], tuple[str, ...]]:
    """The keywords that DuckDB's queries are made of, each with whether it is reserved, and its functions."""
    import duckdb

    with duckdb.connect() as connection:
        words = connection.execute("SELECT upper(keyword_name), keyword_category FROM duckdb_keywords()").fetchall()
        names = connection.execute("SELECT DISTINCT function_name FROM duckdb_functions() ORDER BY 1").fetchall()
    usual = {word: sort == "reserved" for word, sort in sorted(words) if sort != "unreserved" or word in _USUAL}
    return usual, tuple(name for (name,) in names if re.fullmatch("[a-z][a-z0-9_]*", name))


@lru_cache(maxsize=2048)
def _names(source: str) -> Names:
    return tables(source, dialect="duckdb", otherwise=_asked)


def _asked(statement: str) -> list[str]:
    """What DuckDB itself says that a statement reads, where sqlglot does not know the statement."""
    import duckdb

    with duckdb.connect() as connection:
        try:
            return sorted(connection.get_table_names(statement))
        except duckdb.Error:
            return re.findall(r"(?i)\b(?:from|join|show|describe|summarize)\s+([A-Za-z]\w*)", statement)


@lru_cache(maxsize=2048)
def _normalise(source: str) -> str:
    from sqlglot import tokenize
    from sqlglot.errors import SqlglotError

    try:
        return " ".join(f"{token.token_type.name}:{token.text}" for token in tokenize(source, dialect="duckdb"))
    except (SqlglotError, RecursionError):
        return source


def _said(error: Exception, call: Call, place: int) -> JupyterMageError:
    """DuckDB's error as ours: the block's own line, and for a table that is not there, the nearest one that is."""
    where = Where(block=call.block.name, line=_line(error, call.source, place))
    table = re.search(r"Table with name (\S+) does not exist", str(error))
    if table:
        inputs = [name for name in call.values if name not in {each.name for each in call.block.parameters}]
        line = next((n for n, text in enumerate(call.source.splitlines(), 2) if table[1] in text), None)
        where = Where(block=call.block.name, line=line)
        if not inputs:
            return SqlError(f"no table {table[1]!r}, and this block has no upstream", where=where, hint="%pipeline check")
        return unknown("table", table[1], inputs, where=where, hint=f"name it in the header: %%block {call.block.name}(…)")
    return SqlError(_first_lines(str(error)), where=where, hint="correct the SQL and run the cell again")


class SqlError(RunError):
    """A statement that DuckDB refused while it ran."""


def _first_lines(text: str) -> str:
    """What DuckDB says without the picture of the line, which is shown anyway, and without its own list of columns."""
    said = re.split(r"\n\s*(?:LINE \d+:|Candidate bindings:)", text.strip())[0]
    return said.strip()


def _first_line(text: str) -> str:
    return text.strip().splitlines()[0] if text.strip() else "the SQL does not parse"


def _line(error: Exception, source: str, place: int = 0) -> int | None:
    """The cell's line: DuckDB says ``LINE 2: …`` of the statement at ``place``, or nothing; the header is line 1."""
    start = place + len(source[place:]) - len(source[place:].lstrip())
    match = re.search(r"LINE (\d+):", str(error))
    first = source.count("\n", 0, place if match else start) + 1
    return min(first + (int(match[1]) - 1 if match else 0), source.count("\n") + 1) + 1


language = Sql()
