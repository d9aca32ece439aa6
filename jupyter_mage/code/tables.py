"""Which tables a SQL text reads from outside and which it makes itself, by sqlglot; and a table's name changed in the text.

Names are the same whatever their case, as DuckDB has it. Runs nothing.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

from ..plugins import Names

if TYPE_CHECKING:
    from sqlglot import exp

OUR_SCHEMAS = frozenset(["", "main", "temp", "temp.main"])
"""Where DuckDB looks for the tables that it is given: ``FROM raw`` and ``FROM main.raw`` are one."""
_FROM = re.compile(r"(?i)\b(?:from|join)\s+([A-Za-z]\w*)")


def tables(source: str, *, dialect: str, otherwise: Callable[[str], Iterable[str]] = _FROM.findall) -> Names:
    """The tables that the SQL reads, CTEs and tables it makes itself left out. ``otherwise`` reads what sqlglot cannot.

    >>> tables("WITH raw AS (SELECT * FROM Raw) SELECT * FROM raw JOIN users USING (id)", dialect="duckdb").reads
    ('Raw', 'users')
    >>> tables("CREATE TEMP TABLE t AS FROM raw; SELECT * FROM T", dialect="duckdb")
    Names(reads=('raw',), binds=('t',), perhaps=())
    """
    reads: dict[str, str] = {}
    made: dict[str, str] = {}
    statements = _parsed(source, dialect)
    if statements is None:
        return Names(reads=tuple({name.casefold(): name for name in reversed([*otherwise(source)])}.values())[::-1])
    from sqlglot import exp

    for statement in statements:
        if isinstance(statement, exp.Command):
            for name in otherwise(f"{statement.this} {statement.expression or ''}"):
                reads.setdefault(name.casefold(), name)
            continue
        target = _target(statement)
        for table in _outside(statement):
            if table is not target and table.name.casefold() not in made:
                reads.setdefault(table.name.casefold(), table.name)
        if target is not None:
            made.setdefault(target.name.casefold(), target.name)
    return Names(reads=tuple(reads.values()), binds=tuple(made.values()))


def rename_table(source: str, old: str, new: str, *, dialect: str) -> str | None:
    """The text with the outside table ``old`` called ``new``; None where that cannot be done for sure.

    >>> rename_table("SELECT raw.id, raw FROM raw -- raw", "raw", "source", dialect="duckdb")
    'SELECT source.id, raw FROM source -- raw'
    """
    from sqlglot import exp

    before, statements, folded = tables(source, dialect=dialect), _parsed(source, dialect), old.casefold()
    if statements is None or folded in {name.casefold() for name in before.binds}:
        return None
    if folded not in {name.casefold() for name in before.reads}:
        return source
    places: set[tuple[int, int]] = set()
    for statement in statements:
        if isinstance(statement, exp.Command):
            return None
        outside = {id(table) for table in _outside(statement) if table.name.casefold() == folded}
        named = [table.this for table in statement.find_all(exp.Table) if id(table) in outside]
        named += [column.args["table"] for column in statement.find_all(exp.Column) if _is_of(column, folded, outside)]
        places |= {(name.meta.get("start", -1), name.meta.get("end", -1)) for name in named}
    text = source
    for start, end in sorted(places, reverse=True):
        if source[start : end + 1].strip("\"'`").casefold() != folded:
            return None
        quote = source[start] if source[start] in "\"'`" else ""
        text = f"{text[:start]}{quote}{new}{quote}{text[end + 1 :]}"
    wanted = {new.casefold() if name.casefold() == folded else name.casefold() for name in before.reads}
    after = {name.casefold() for name in tables(text, dialect=dialect).reads}
    return text if places and after == wanted else None


def _parsed(source: str, dialect: str) -> list[Any] | None:
    import sqlglot
    from sqlglot.errors import SqlglotError

    try:
        with _quiet():
            return [each for each in sqlglot.parse(source, dialect=dialect) if each is not None]
    except (SqlglotError, RecursionError, ValueError):
        return None


@contextmanager
def _quiet() -> Iterator[None]:
    """sqlglot logs a warning for a statement that it leaves as it is; we ask the database then."""
    logger = logging.getLogger("sqlglot")
    before, logger.disabled = logger.disabled, True
    try:
        yield
    finally:
        logger.disabled = before


def _target(statement: Any) -> exp.Table | None:
    """The table, view or macro that the statement makes."""
    from sqlglot import exp

    if not isinstance(statement, exp.Create):
        return None
    found = statement.this
    found = found if isinstance(found, exp.Table) or found is None else found.find(exp.Table)
    return found if isinstance(found, exp.Table) else None


def _outside(statement: Any) -> Iterator[exp.Table]:
    """The tables of a statement that are no CTE's, in the order of the text; a dropped one is not read."""
    from sqlglot import exp

    found = [
        table
        for table in statement.find_all(exp.Table)
        if isinstance(table.this, exp.Identifier)
        and ".".join(part for part in (table.catalog, table.db) if part).casefold() in OUR_SCHEMAS
        and not isinstance(table.parent, exp.Drop)
        and not (not table.db and _is_cte(table))
    ]
    return iter(sorted(found, key=lambda table: table.this.meta.get("start", 0)))


def _is_cte(table: exp.Table) -> bool:
    """Whether a CTE in sight of this place has the name.

    A CTE is seen by those behind it and by the query. A recursive one sees itself too, on the right of its UNION.
    """
    from sqlglot import exp

    name, node = table.name.casefold(), cast(Any, table.parent)
    above: list[Any] = [table]
    while node is not None:
        clause: Any = node.args.get("with_") or node.args.get("with")
        if isinstance(clause, exp.With):
            within: Any = next((each for each in above if each.parent is clause), None)
            for cte in clause.expressions:
                if cte is within:
                    if clause.recursive and cte.alias_or_name.casefold() == name and _recurs(cte, above):
                        return True
                    break
                if cte.alias_or_name.casefold() == name:
                    return True
        above.append(node)
        node = node.parent
    return False


def _recurs(cte: exp.CTE, above: list[Any]) -> bool:
    """Whether the way up to this CTE comes from the right side of its UNION."""
    from sqlglot import exp

    union = cte.this.unnest()
    return isinstance(union, exp.SetOperation) and any(each is union.expression for each in above)


def _is_of(column: exp.Column, folded: str, outside: set[int]) -> bool:
    """Whether the column is written with the name of this outside table, and means it."""
    from sqlglot import exp

    if not isinstance(column.args.get("table"), exp.Identifier) or column.table.casefold() != folded:
        return False
    node: Any = column
    while node is not None:
        sources = [node.args.get("from_") or node.args.get("from"), *(node.args.get("joins") or ()), node]
        direct = [each.this if isinstance(each, exp.From | exp.Join) else each for each in sources if each is not None]
        for each in direct:
            if isinstance(each, exp.Table | exp.Subquery) and each.alias_or_name.casefold() == folded:
                return id(each) in outside and not each.alias
        node = node.parent
    return False
