"""Changing the text of single cells in a notebook file: every other byte stays as it is."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

from ...errors import FormatError, Where
from ...files import atomic_write
from .document import load

_TOKEN = re.compile(r'\s*("(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+)')


def replace_sources(path: Path, changed: Mapping[int, str]) -> bool:
    """Give the cells at these places (from 1) new text, and write the file whole; False where nothing changes.

    The JSON's layout, key order and escapes stay: only the ``source`` values are written anew, in the way the file has them.
    Raises FormatError where the file is no notebook, or has changed in between.
    """
    load(path)  # says what is wrong with it
    blob = path.read_bytes()
    mark = b"\xef\xbb\xbf" if blob.startswith(b"\xef\xbb\xbf") else b""
    text = blob[len(mark) :].decode()
    spans = _sources(text)
    for place in sorted(changed, reverse=True):
        if place not in spans:
            raise FormatError("no such cell", where=Where(file=str(path), cell=place), hint="try again")
        start, end = spans[place]
        text = text[:start] + _like(text, start, end, changed[place]) + text[end:]
    made = mark + text.encode()
    if made == blob:
        return False
    if path.read_bytes() != blob:
        raise FormatError("the notebook was written meanwhile", where=Where(file=str(path)), hint="try again")
    atomic_write(path, made)
    return True


_CELLS, _CELL = ["", "cells"], ["", "cells", ""]
"""The keys above a cell, and those above what is in it."""


def _sources(text: str) -> dict[int, tuple[int, int]]:
    """Where each cell's ``source`` value begins and ends, by the cell's place. No recursion: the keys above are a list."""
    found: dict[int, tuple[int, int]] = {}
    above: list[str] = []
    place, key, valued, start = 0, "", False, -1
    for match in _TOKEN.finditer(text):
        sign = match[1]
        if sign in ("{", "["):
            place += sign == "{" and above == _CELLS
            if valued and key == "source" and above == _CELL:
                start = match.start(1)
            above.append(key if valued else "")
            key, valued = "", False
        elif sign in ("}", "]"):
            above.pop()
            if start >= 0 and above == _CELL:
                found[place], start = (start, match.end(1)), -1
            key, valued = "", False
        elif sign == ":":
            valued = True
        elif sign == ",":
            key, valued = "", False
        elif valued:
            if key == "source" and above == _CELL:
                found[place] = match.span(1)
        elif sign.startswith('"'):
            key = json.loads(sign)
    return found


def _like(text: str, start: int, end: int, source: str) -> str:
    """``source`` as JSON in the way the old value stands there: list or text, its indent, its escapes."""
    old = text[start:end]
    ascii_only = text.isascii() and not source.isascii() and "\\u" in text
    if not old.startswith("["):
        return json.dumps(source, ensure_ascii=ascii_only)
    lines = [json.dumps(line, ensure_ascii=ascii_only) for line in source.splitlines(keepends=True)]
    between = re.match(r"\[(\s*)", old)
    lead = between[1] if between else ""
    if "\n" not in lead and len(json.loads(old)) > 1:
        return f"[{', '.join(lines)}]"
    column = text[text.rfind("\n", 0, start) + 1 : start]
    indent = re.match(r"\s*", column)
    outer = "\n" + (indent[0] if indent else "") if "\n" in text else ""
    inner = lead if "\n" in lead else f"{outer} " if outer else ""
    last = re.search(r"(\s*)\]$", old)
    tail = last[1] if last and "\n" in last[1] else outer
    return f"[{inner}{f',{inner}'.join(lines)}{tail}]" if lines else "[]"
