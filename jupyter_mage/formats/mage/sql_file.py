"""A SQL block over SQL blocks as a Mage SQL file, and back: the text stays, only tables and parameters are said Mage's way.

``FROM delays`` becomes ``FROM {{ df_1 }} AS delays``, ``$least`` becomes ``{{ least | default(3) }}``. Places come from
sqlglot's tokens; the SQL itself is never generated anew.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from typing import Any

from ...code.parameters import type_name
from ...errors import FormatError, Where
from ...model import MISSING, Block, Parameter
from . import own_tests
from .project import Written

CONFIGURATION = {"data_provider": "duckdb", "data_provider_profile": "default", "export_write_policy": "replace"}
"""What Mage needs to run the file on DuckDB, and to run it twice."""

_BRACE = "{{ \"{{ '{' }}\" }}"
"""A brace to a template that is filled in twice over, as Mage does."""
_BRACES = re.compile(r"\{(?=[{%#]|\Z)")
_TABLE = re.compile(r'\{\{ df_(\d+) \}\}(?: AS ("?)(\w+)\2(?!\w))?')
_QUOTED = re.compile(r"'\{\{ (\w+)(?: \| default\(.*?\))? \| replace\(\"'\", \"''\"\) \}\}'")
_BARE = re.compile(r"\{\{ (\w+)(?: \| default\(.*?\))? \}\}")

Change = tuple[int, int, str]


def compose(block: Block) -> Written:
    """The file's text, and the ``configuration`` that makes Mage run it. Raises FormatError."""
    changes = [*_tables(block), *_parameters(block)]
    parts, position = [], 0
    for start, end, text in sorted(changes):
        parts += [_escape(block.source[position:start]), text]
        position = end
    parts.append(_escape(block.source[position:]))
    raw = {} if is_query(block.source) else {"use_raw_sql": True}
    others = [own_tests.note(test) for test in block.tests if not test.inline]
    ours = ({"tests": others} if others else {}) | own_tests.schema_note(block)
    return Written(text="".join(parts) + "\n", configuration=CONFIGURATION | raw, ours=ours)


def is_query(source: str) -> bool:
    """Whether the body is one query; then Mage makes a table of it, otherwise it runs the statements as they are."""
    import sqlglot
    from sqlglot import exp
    from sqlglot.errors import SqlglotError

    try:
        statements = [each for each in sqlglot.parse(source, dialect="duckdb") if each is not None]
    except (SqlglotError, RecursionError):
        return False
    return len(statements) == 1 and isinstance(statements[0], exp.Query | exp.Values | exp.Table)


def read_body(text: str, upstreams: Sequence[str], parameters: Sequence[Parameter]) -> str:
    """The cell's body that `compose` made ``text`` of.

    >>> least = Parameter(name="least")
    >>> read_body("SELECT * FROM {{ df_1 }} AS delays WHERE n > {{ least | default(3) }}\\n", ["delays"], [least])
    'SELECT * FROM delays WHERE n > $least'
    """
    names = {parameter.name for parameter in parameters}

    def table(match: re.Match[str]) -> str:
        index = int(match[1]) - 1
        if index >= len(upstreams):
            raise FormatError(f"{match[0]} and only {len(upstreams)} upstreams")
        name, alias = upstreams[index], match[3]
        if alias is None:
            return name
        if alias.casefold() == name.casefold():
            return f"{match[2]}{alias}{match[2]}"
        return f"{name} AS {match[2]}{alias}{match[2]}"

    def parameter(match: re.Match[str]) -> str:
        return f"${match[1]}" if match[1] in names else match[0]

    text = _TABLE.sub(table, text.removesuffix("\n"))
    text = _BARE.sub(parameter, _QUOTED.sub(parameter, text))
    return text.replace(_BRACE, "{")


def _escape(text: str) -> str:
    """Braces that Mage's templates would take for their own."""
    return _BRACES.sub(_BRACE, text)


def _tables(block: Block) -> list[Change]:
    from sqlglot import exp, parse
    from sqlglot.errors import SqlglotError

    try:
        statements = parse(block.source, dialect="duckdb")
    except (SqlglotError, RecursionError) as error:
        raise FormatError(
            f"the SQL is not understood well enough to find its tables: {str(error).splitlines()[0]}",
            where=Where(block=block.name),
            hint="the same in simpler SQL, or as a Python block with duckdb.sql(…)",
        ) from error
    numbers = {name.casefold(): number for number, name in enumerate(block.needs, 1) if name in block.upstreams}
    changes: list[Change] = []
    for statement in statements:
        ctes = {cte.alias_or_name.casefold() for cte in statement.find_all(exp.CTE)} if statement else set()
        for table in statement.find_all(exp.Table) if statement else []:
            name = table.name.casefold()
            if isinstance(table.this, exp.Identifier) and not table.db and name in numbers and name not in ctes:
                changes.append(_table(block, table, numbers[name]))
    return list(dict.fromkeys(changes))


def _table(block: Block, table: Any, number: int) -> Change:
    from sqlglot import exp

    start, end = table.this.meta["start"], table.this.meta["end"] + 1
    written = block.source[start:end]
    needs_name = not table.alias and isinstance(table.parent, exp.From | exp.Join)
    return start, end, f"{{{{ df_{number} }}}}" + (f" AS {written}" if needs_name else "")


def _parameters(block: Block) -> list[Change]:
    from sqlglot import tokenize

    known = {parameter.name: parameter for parameter in block.parameters}
    tokens = tokenize(block.source, dialect="duckdb")
    changes: list[Change] = []
    for sign, name in itertools.pairwise(tokens):
        if sign.token_type.name == "PARAMETER" and name.text in known and name.start == sign.end + 1:
            changes.append((sign.start, name.end + 1, _template(block, known[name.text])))
    return changes


def _template(block: Block, parameter: Parameter) -> str:
    sort = type_name(parameter) or ("str" if parameter.default is MISSING else "")
    if sort in ("choice", "date", "datetime") and isinstance(parameter.default, str):
        sort = "str"  # as a database reads a quoted date
    if sort not in ("int", "float", "bool", "str") or parameter.default is None:
        raise FormatError(
            f"parameter {parameter.name} = {parameter.default!r}: a SQL block takes numbers, text and true/false to Mage",
            where=Where(block=block.name),
            hint=f"give {parameter.name} a type and a default of that type",
        )
    default = "" if parameter.default is MISSING else f" | default({_literal(parameter.default)})"
    if sort == "str":
        return f"'{{{{ {parameter.name}{default} | replace(\"'\", \"''\") }}}}'"
    return f"{{{{ {parameter.name}{default} }}}}"


def _literal(value: Any) -> str:
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else repr(value)
