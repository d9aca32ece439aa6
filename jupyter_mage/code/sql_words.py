"""What can be typed at a place of a SQL text that is still being written: tables, columns, parameters, functions, keywords.

The text need not parse; it is looked at word by word, the statement around the place only.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

Found = tuple[str, str]
"""A word, and what it is."""
Columns = tuple[tuple[str, str], ...]
"""Name and type of each."""

_TABLE = r'"(?:[^"]|"")+"|[A-Za-z_]\w*'
_SOURCE = re.compile(rf"\b(?:from|join|update|into)\s+({_TABLE})(?:\s+(?:as\s+)?({_TABLE}))?", re.IGNORECASE)
_NEXT_SOURCE = re.compile(rf"\s*,\s*({_TABLE})(?:\s+(?:as\s+)?({_TABLE}))?", re.IGNORECASE)
_CTE = re.compile(
    r"\b(?:with(?:\s+recursive)?|,)\s*([A-Za-z_]\w*)\s*(?:\([^()]*\)\s*)?as\s*(?:(?:not\s+)?materialized\s*)?\(", re.IGNORECASE
)
_HIDDEN = re.compile(r"'(?:[^']|'')*(?:'|\Z)|--[^\n]*|/\*.*?(?:\*/|\Z)", re.DOTALL)
_CLOSED = re.compile(r"'(?:[^']|'')*'|/\*.*\*/", re.DOTALL)
_WANTS_TABLE = re.compile(r"\b(?:from|join|into|update|table|describe|summarize)\s+(?:[^;()]*,\s*)?\Z", re.IGNORECASE)
_LOWER = re.compile(r"\b(?:select|from|with|insert|update|create)\b")
_CLAUSE = re.compile(r"\b(?:where|on|using|group|order|having|select|set|values|limit|qualify|window)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What a text's surroundings know: tables with what each is and its columns, which of them are declared, parameters."""

    tables: Mapping[str, tuple[str, Columns]] = field(default_factory=dict)
    inputs: tuple[str, ...] = ()
    parameters: tuple[str, ...] = ()
    keywords: Mapping[str, bool] = field(default_factory=dict)
    """In capitals; whether each is reserved, so that no column is called so without quotes."""
    functions: Collection[str] = ()


def offers(text: str, place: int, known: Known) -> tuple[str, list[Found]]:
    """The word so far at ``place``, and what it can become, best first. Nothing inside a text or a comment.

    >>> flights = Known(tables={"flights": ("block", (("carrier", "str"), ("dep_delay", "int64")))})
    >>> offers("SELECT f.d FROM flights f", 10, flights)
    ('d', [('dep_delay', 'column: int64 of flights')])
    """
    before = text[text.rfind(";", 0, place) + 1 : place]
    hidden = _HIDDEN.sub(lambda found: " " * len(found[0]), before)
    stem = re.search(r"\w*\Z", before)[0]  # type: ignore[index]
    if any(each.end() == len(before) and not _CLOSED.fullmatch(each[0]) for each in _HIDDEN.finditer(before)):
        return stem, []
    end = text.find(";", place)
    sources = _sources(_HIDDEN.sub(" ", before + text[place : end if end >= 0 else len(text)]), known)
    ahead = hidden[: len(hidden) - len(stem)]
    if ahead.endswith("$"):
        found: Iterable[Found] = ((each, "parameter") for each in known.parameters)
    elif dotted := re.search(rf"({_TABLE})\.\Z", ahead):
        table = sources.get(_plain(dotted[1]), _plain(dotted[1]))
        found = [*_columns({table: table}, known), ("*", f"every column of {table}")]
    elif _is_table(ahead):
        found = _tables(sources, known)
    else:
        found = _anything(stem, sources, known, upper=stem != stem.lower() if stem else not _LOWER.search(hidden))
    return stem, [(word, sort) for word, sort in dict(found).items() if _begins(word, stem)]


def _begins(word: str, stem: str) -> bool:
    return word.lower().lstrip('"').startswith(stem.lower())


def _is_table(ahead: str) -> bool:
    wanted = _WANTS_TABLE.search(ahead)
    return wanted is not None and not _CLAUSE.search(wanted[0])


def _sources(statement: str, known: Known) -> dict[str, str]:
    """What each table of a statement is called in it: name or alias, to the table."""
    found: dict[str, str] = dict.fromkeys((match[1] for match in _CTE.finditer(statement)), "")
    for match in _SOURCE.finditer(statement):
        here: re.Match[str] | None = match
        while here is not None:
            name, alias = _plain(here[1]), _plain(here[2] or "")
            alias = "" if alias.upper() in known.keywords else alias
            found[alias or name] = name
            here = _NEXT_SOURCE.match(statement, here.end() if alias or not here[2] else here.end(1))
    return found


def _plain(word: str) -> str:
    return word[1:-1].replace('""', '"') if word.startswith('"') else word


def _tables(sources: Mapping[str, str], known: Known) -> Iterator[Found]:
    for name in (*known.inputs, *known.tables):
        if name in known.tables:
            yield _written(name, known), known.tables[name][0]
    yield from ((name, "table of this statement") for name, table in sources.items() if not table)


def _columns(sources: Mapping[str, str], known: Known) -> Iterator[Found]:
    lower = {name.lower(): name for name in known.tables}
    for table in dict.fromkeys(sources.values()):
        name = lower.get(table.lower(), table)
        for column, sort in known.tables.get(name, ("", ()))[1]:
            yield _written(column, known), f"column: {sort} of {name}"


def _anything(stem: str, sources: Mapping[str, str], known: Known, *, upper: bool) -> Iterator[Found]:
    yield from _columns(sources or {name: name for name in known.inputs}, known)
    yield from ((name, f"table: {table or 'of this statement'}") for name, table in sources.items())
    for word, reserved in known.keywords.items():
        if stem or reserved:
            yield word if upper else word.lower(), "keyword"
    if stem:
        yield from ((name, "function") for name in known.functions)
    if not sources:
        yield from _tables(sources, known)


def _written(name: str, known: Known) -> str:
    """The name as SQL takes it: in quotes where it has to be."""
    plain = re.fullmatch(r"[A-Za-z_]\w*", name) and not known.keywords.get(name.upper(), False)
    return name if plain else '"' + name.replace('"', '""') + '"'
