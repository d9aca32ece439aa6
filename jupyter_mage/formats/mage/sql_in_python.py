"""A SQL block as a Mage Python file that runs the very same query on DuckDB, in its own process.

Mage hands a Python block's frame to a SQL block by way of a table in which decimals are cut to three places, true/false is text,
names are lower case and a column called ``year`` is ``_year``. A block that reads one is written this way instead.
"""

from __future__ import annotations

import ast
import dataclasses

from ...errors import FormatError, Where
from ...model import Block, Definition, Pipeline
from . import python_file
from .project import Written

RUNNER = '''def run_query(query, tables, parameters):
    """The rows of the query's last statement that gives rows."""
    connection = duckdb.connect(config={'python_enable_replacements': False})
    for name, table in tables.items():
        table = table.to_frame() if hasattr(table, 'to_frame') else table
        table = table.to_arrow() if hasattr(table, 'to_arrow') else table
        connection.register(name, pandas.DataFrame(table) if isinstance(table, list) else table)
    frame = None
    for statement in duckdb.extract_statements(query):
        used = {name: parameters[name] for name in statement.named_parameters if name in parameters}
        cursor = connection.execute(statement, used) if used else connection.execute(statement)
        if statement.type.name in ('SELECT', 'EXPLAIN', 'CALL', 'PRAGMA', 'RELATION'):
            types = [str(column[1]) for column in cursor.description]
            frame = cursor.df()
            for position, sort in enumerate(types):  # a sum of integers comes as a float; it is an integer again
                values = frame.iloc[:, position]
                if sort == 'HUGEINT' and len(values) and values.notna().all() and (values.abs() < 2**53).all():
                    frame.isetitem(position, values.astype('int64'))
        else:
            cursor.fetchall()
    connection.close()
    return frame'''
_DEFINITIONS = (
    Definition(name="duckdb", source="import duckdb", sort="import"),
    Definition(name="pandas", source="import pandas", sort="import"),
)
_NAMES = frozenset(["duckdb", "pandas", "run_query", "QUERY"])


def needed(pipeline: Pipeline, language: str) -> frozenset[str]:
    """The blocks of this (SQL) language that read, directly or not, a frame of another one: Mage could not hand it on whole."""
    by_name = {block.name: block for block in pipeline}
    mixed: set[str] = set()
    changed = True
    while changed:
        found = {
            block.name
            for block in pipeline
            if block.language == language
            and any(by_name[up].language != language or up in mixed for up in block.upstreams if up in by_name)
        }
        changed, mixed = found != mixed, found
    return frozenset(mixed)


def compose(block: Block) -> Written:
    """The Python file. Raises FormatError."""
    written = python_file.compose(_as_python(block))
    ours = {key: value for key, value in written.ours.items() if key.startswith("test_") or key in ("schema_test", "tests")}
    return Written(text=written.text, ours=ours, language="python")


def _as_python(block: Block) -> Block:
    names = {each.name for test in block.tests for each in test.captured}
    clash = sorted(names & _NAMES - {"duckdb", "pandas"})
    if clash:
        raise FormatError(f"a test uses a name of its own called {clash[0]}", where=Where(block=block.name), hint="rename it")
    tables = ", ".join(f"{name!r}: {name}" for name in block.upstreams)
    parameters = ", ".join(f"{each.name!r}: {each.name}" for each in block.parameters)
    query = Definition(name="QUERY", source=f"QUERY = {_quoted(block.source)}", sort="constant")
    runner = Definition(name="run_query", source=RUNNER, sort="function")
    return dataclasses.replace(
        block,
        language="python",
        source=f"return run_query(QUERY, {{{tables}}}, {{{parameters}}})",
        captured=(*_DEFINITIONS, query, runner),
    )


def _quoted(source: str) -> str:
    """The text between newlines in quotes that leave it as it is, where there are such."""
    for quotes in ('"""', "'''"):
        if quotes not in source and "\0" not in source:
            return f"r{quotes}\n{source}\n{quotes}"
    return repr(f"\n{source}\n")


def read_source(prelude: str) -> str:
    """The query that a file written by `compose` holds. Raises FormatError."""
    for node in ast.parse(prelude).body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant) and ast.unparse(node.targets[0]) == "QUERY":
            text = node.value.value
            if isinstance(text, str) and len(text) >= 2 and text[0] == text[-1] == "\n":
                return text[1:-1]
    raise FormatError("no QUERY in it")
