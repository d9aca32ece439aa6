"""SQL as text, looked at the way Mage looks at it: which table a statement makes, where one ends, where a table's name goes."""

from __future__ import annotations

import re
from typing import Any

_CREATE = re.compile(
    r"\bcreate\s+(?:or\s+replace\s+)?(?:temp(?:orary)?\s+)?table\s+(?:if\s+not\s+exists\s+)?([^\s(]+)", re.IGNORECASE
)
_INSERT = re.compile(r"\binsert(?:\s+ignore)?(?:\s+overwrite)?(?:\s+into)?\s+([\w.\"`]+)", re.IGNORECASE)
_UPDATE = re.compile(r"\bupdate\s+([\w.\"`]+)\s+(?:as\s+\w+\s+)?set\s", re.IGNORECASE)
_DROP = re.compile(r"\bdrop\s+table\b", re.IGNORECASE)
_PARTS = re.compile(
    r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|\$\$.*?\$\$|/\*.*?\*/|;|--[^\n]*|[^'\";/$-]+|.", re.DOTALL
)  # texts and comments are one part, whatever stands in them


def _table(number: int) -> str:
    return rf"\{{\{{[ ]*df_{number}[ ]*\}}\}}"


def speaks_of(source: str, number: int) -> bool:
    """Whether the text has ``{{ df_N }}``."""
    return re.search(_table(number), source) is not None


def with_table(source: str, number: int, name: str) -> str:
    """``{{ df_N }}`` said as this name.

    >>> with_table("SELECT * FROM {{ df_1 }}", 1, "main.orders")
    'SELECT * FROM main.orders'
    """
    return re.sub(_table(number), lambda _: name, source)


def with_query(source: str, number: int, query: str, name: str) -> str:
    """``{{ df_N }}`` said as a query in parentheses, called ``name`` where the text does not call it something.

    >>> with_query("SELECT * FROM {{ df_1 }} AS a", 1, "SELECT 1", "x"), with_query("FROM {{ df_1 }}", 1, "SELECT 1", "x")
    ('SELECT * FROM (SELECT 1) AS a', 'FROM (\\nSELECT 1\\n) AS x')
    """
    query = query.rstrip(";")
    named = rf"{_table(number)}(?=\s+as\s|\s+[\"'][^\n]+[\"']|\s+\S+\s+ON\b)"
    source = re.sub(named, lambda _: f"({query})", source, flags=re.IGNORECASE)
    return re.sub(_table(number), lambda _: f"(\n{query}\n) AS {name}", source)


def cleaned(uuid: str) -> str:
    """A block's uuid as a part of its table's name.

    >>> cleaned("Load API/data"), cleaned("1st")
    ('load_api_data', 'letter_1st')
    """
    name = re.sub(r"\W", "_", uuid.translate(dict.fromkeys(map(ord, '\ufeff"$\n\r\t'))))
    return (f"letter_{name}" if name[:1].isdigit() else name).lower()


def _bare(source: str) -> str:
    return "\n".join(line for line in source.split("\n") if not line.startswith("--"))


def makes_a_table(source: str) -> bool:
    """Whether it creates a table or puts rows into one."""
    return bool(_CREATE.search(_bare(source)) or _INSERT.search(_bare(source)))


def drops_or_updates(source: str) -> bool:
    return bool(_DROP.search(_bare(source)) or _UPDATE.search(_bare(source)))


def table_made(source: str) -> str:
    """The table that the text is about: the first one it creates, else the last one that it fills or changes; or empty.

    >>> table_made("DROP TABLE IF EXISTS a; CREATE TABLE IF NOT EXISTS s.a AS SELECT 1"), table_made("INSERT INTO b VALUES (1)")
    ('s.a', 'b')
    """
    bare = _bare(source)
    created = _CREATE.search(bare)
    if created:
        return created[1]
    found = _INSERT.findall(bare) or _UPDATE.findall(bare)
    return str(found[-1]) if found else ""


def statements(source: str) -> list[str]:
    """The statements, without lines that are comments; a semicolon in quotes or in a comment ends none.

    >>> statements("SELECT ';' AS a; -- one; two\\n-- three\\nSELECT 2;")
    ["SELECT ';' AS a", 'SELECT 2']
    """
    parts: list[list[str]] = [[]]
    for part in _PARTS.findall(source):
        if part == ";":
            parts.append([])
        elif not part.startswith("--"):
            parts[-1].append(part)
    return [found for each in parts if (found := "".join(each).strip())]


def rows(value: Any) -> Any:
    """A frame as a list of dicts; anything else as it is."""
    return value.to_dict(orient="records") if hasattr(value, "to_dict") and hasattr(value, "columns") else value
