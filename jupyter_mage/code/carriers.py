"""What a cell's text says it is: a block or a test, by a magic, a comment, ``@block`` on a ``def``, or a whole Mage block file.

One grammar, whichever carries it; `switch` writes a cell with another carrier. Line 1 of a cell is where its header stands, so a
body has, below it, the line numbers of its cell. Runs nothing.
"""

from __future__ import annotations

import ast
import dataclasses
import re
from collections.abc import Callable, Collection, Sequence

from ..errors import DefinitionError, HeaderError, Where, nearest
from .decorator import NAME, decorated, header_of, written
from .decorator import rebuilt as with_def
from .function import DECORATORS, mage_decorator
from .header import CellHead, comments_above, one_newline, split_cell
from .source import parse

CARRIERS = ("magic", "comment", "decorator")
_FIRST = {"magic": "%%{sort} {text}", "comment": "#| {sort}: {text}"}


def read_cell(source: str, taken: Callable[[str], bool] = lambda _: False) -> CellHead | None:
    """What the cell is, or None for a plain one. Raises HeaderError where it has ``@block`` and cannot be a block.

    ``taken`` says whether the notebook uses a decorator's name for something of its own: then the cell is plain.

    >>> read_cell("@block(kind='custom')\\ndef big(orders, *, n: int = 1):\\n    return orders[n:]").body
    '\\norders[n:]'
    >>> read_cell("@data_loader\\ndef load(*args, **kwargs):\\n    return 1").text
    'load() --kind data_loader'
    """
    source = one_newline(source)
    head = split_cell(source)
    if head is not None or "@" not in source:
        return head
    return _decorated(source, taken) or _mage_file(source, taken)


def _decorated(source: str, taken: Callable[[str], bool]) -> CellHead | None:
    if NAME not in source:
        return None
    found = decorated(source)
    if found is None or (found.bare and taken(NAME)):
        return None
    return CellHead(sort="block", text=found.head, body=found.body, carrier="decorator")


def _mage_file(source: str, taken: Callable[[str], bool]) -> CellHead | None:
    """A Mage block file that was pasted: its function names the block and, as Mage passes them by place, its upstreams."""
    sort = mage_decorator(source)
    if not sort or sort not in DECORATORS:
        return None
    tree = parse(source)
    imported = _imported(tree)
    if imported.get(sort, "mage_ai").split(".")[0] != "mage_ai" or (sort not in imported and taken(sort)):
        return None
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and any(_named(each) == sort for each in node.decorator_list):
            upstreams = ", ".join(each.arg for each in (*node.args.posonlyargs, *node.args.args))
            return CellHead(sort="block", text=f"{node.name}({upstreams}) --kind {sort}", body=source, carrier="mage")
    return None


def _named(decorator: ast.expr) -> str:
    found = decorator.func if isinstance(decorator, ast.Call) else decorator
    return found.id if isinstance(found, ast.Name) else ""


def _imported(tree: ast.Module) -> dict[str, str]:
    """The names that ``from … import`` binds anywhere in the cell, each with its module."""
    return {
        alias.asname or alias.name: node.module or ""
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


# ------------------------------------------------------------------------------------------------ a directive that is none

_DIRECTIVE = re.compile(r"#\s*\|\s*(\w+)\s*(:?)\s*(.*)")
_CELL_MAGIC = re.compile(r"%%\s*(\w+)[ \t]*(.*)")
_OTHERS = frozenset(["text", "export", "hide", "eval", "echo", "label"])
"""Directives of other tools that are near ours, or nearly."""


def near_miss(source: str, magics: Collection[str] = ()) -> str:
    """A line for a directive that was nearly ours, with the one that is; empty where there is none.

    >>> near_miss("#| blok: raw\\n1")
    "'#| blok: raw' makes no block: #| block: raw"
    """
    start = len(comments_above(source))
    first = source[start:].partition("\n")[0].rstrip()
    magic = _CELL_MAGIC.match(first)
    spaced = magic is not None and not first.startswith(f"%%{magic[1]}")
    if magic and (spaced or magic[1] not in magics) and (word := _meant(magic[1])):
        return f"{first!r:.100} makes no {word}: %%{word} {magic[2]}".rstrip()
    for number, line in enumerate(source.splitlines(), 1):
        found = _DIRECTIVE.match(line)
        word = _meant(found[1]) if found else ""
        if not found or not word or not (found[2] or found[3]):
            continue
        right = f"#| {word}: {found[3]}"
        if found[1] == word and found[2]:
            return f"{line.rstrip()!r:.100} on line {number} makes no {word}: it has to be the cell's first line"
        return f"{line.rstrip()!r:.100} makes no {word}: {right}"
    return ""


def _meant(word: str) -> str:
    if word in _OTHERS:
        return ""
    guess = nearest(word.lower(), ["block", "test"])
    return guess if guess and (guess == word.lower() or _close(word.lower(), guess)) else ""


def _close(word: str, guess: str) -> bool:
    """One letter more, less or other, or two of them swapped."""
    if abs(len(word) - len(guess)) > 1:
        return False
    if sorted(word) == sorted(guess):
        return True
    short, long = sorted((word, guess), key=len)
    if len(short) == len(long):
        return sum(a != b for a, b in zip(word, guess, strict=True)) == 1
    return any(long[:i] + long[i + 1 :] == short for i in range(len(long)))


# ------------------------------------------------------------------------------------------------------- from one to another


def switch(source: str, to: str, *, upstreams: Sequence[str] = ()) -> str:
    """The cell ``source`` with its header carried by ``to``. ``upstreams`` are those that were inferred: a ``def`` names them.

    Raises DefinitionError where that carrier cannot carry it, with what can.

    >>> switch("%%block big(orders)\\norders[1:]", "decorator")
    '@block\\ndef big(orders):\\n    return orders[1:]'
    >>> switch(switch("# why\\n%%block big(orders)\\norders[1:]", "decorator"), "magic")
    '# why\\n%%block big(orders)\\norders[1:]'
    """
    if to not in CARRIERS:
        raise DefinitionError(f"no carrier {to!r}. There are: {', '.join(CARRIERS)}", hint="%pipeline carrier BLOCK comment")
    source = one_newline(source)
    head = read_cell(source)
    if head is None or head.sort != "block":
        raise DefinitionError("the cell is no block", hint="%%block NAME")
    if head.carrier == to:
        return source
    if head.carrier == "mage":
        raise DefinitionError("a Mage block file stays as it is; a header may stand above it", hint=f"%%block {head.text}")
    above, header, body = _parts(source, head)
    if to == "decorator":
        return above + written(header, body, upstreams)
    return f"{above}{_FIRST[to].format(sort='block', text=header)}\n{body}"


def _parts(source: str, head: CellHead) -> tuple[str, str, str]:
    """The comments above, the header as a line, and the body as it stands below."""
    above = comments_above(source)
    if head.carrier != "decorator":
        return above, head.text, source[len(above) :].partition("\n")[2]
    found = decorated(source)
    if found is None:
        raise HeaderError("no @block here", where=Where(line=1))
    return above, header_of(found), found.bare_body[len(above) :] if found.bare_body.startswith(above) else found.bare_body


def said(header: str, carrier: str = "magic", *, whole: bool = False) -> str:
    """The header as its carrier would show it, in one line: ``%%block big(orders)``, ``#| block: …``, ``def …:``.

    With ``whole``, the options too, where they stand on a line of their own.
    """
    if carrier == "decorator":
        lines = written(header, "").split("\n")[:2]
        return " ".join(lines) if whole else lines[1]
    return _FIRST.get(carrier, _FIRST["magic"]).format(sort="block", text=header)


def shown(head: CellHead | None, line: str, python: str) -> str:
    """The cell as tracebacks show it and Python reads it: what carries the header is a comment, and every line has its number."""
    if head is not None and head.carrier == "mage":
        return python
    if head is not None and head.carrier == "comment":
        return f"{said(line, head.carrier)}\n{python}"
    if head is None or head.carrier != "decorator":
        return f"#%%block {line}\n{python}"
    lines = ["", *python.split("\n")]
    for number, text in enumerate(head.text.split("\n")):
        lines[number] = lines[number] if lines[number].strip() else f"# {text}"
    return "\n".join(lines)


def in_cell(where: Where, source: str) -> Where:
    """The place in a header as the place in its cell: the line that has this header, and the column there."""
    if where.code and where.column is not None:
        for number, line in enumerate(source.split("\n"), 1):
            if (at := line.find(where.code)) >= 0:
                return dataclasses.replace(where, line=number, column=where.column + at, code=line)
    return where


def rebuilt(header: str, body: str, carrier: str, name: str) -> str:
    """The cell's text again, of what `read_cell` gave: its header and body."""
    if carrier == "decorator":
        return with_def(header, body, name) if "\n" in header else written(header, body)
    return f"{said(header, carrier)}\n{body}"
