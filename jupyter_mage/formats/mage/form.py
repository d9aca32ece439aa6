"""What of a file's bytes its text does not say: line ends, a byte order mark, an encoding. It stays as it is."""

from __future__ import annotations

import codecs
import difflib
import io
import re
import tokenize
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...errors import FormatError, Where

_ENDS = re.compile(r"\r\n|\r|\n")
_SORTS = ("\n", "\r\n", "\r")
_ENCODINGS = re.compile(r"(iso|latin|cp|windows|koi8|mac|gb|big5|euc|shift|sjis|johab|hz|tis|kz|ptcp)[\w-]*")
"""Those that a coding cookie may name: whatever gives back the bytes that it was given."""


@dataclass(frozen=True, slots=True)
class Form:
    """How a file's text stands in it.

    >>> text, form = decoded(b"\\xef\\xbb\\xbfa = 1\\r\\nb = 2\\r\\n")
    >>> text, form.ends, form.mark
    ('a = 1\\nb = 2\\n', '\\r\\n', True)
    >>> form.encoded("a = 1\\nb = 3\\n")
    b'\\xef\\xbb\\xbfa = 1\\r\\nb = 3\\r\\n'
    """

    ends: str = "\n"
    """Its line ends; empty where they are of several sorts."""
    mark: bool = False
    """Whether a byte order mark stands at its beginning."""
    encoding: str = "utf-8"
    whole: str = ""
    """All of the text with its line ends, where these are of several sorts."""

    def encoded(self, text: str, *, file: str = "") -> bytes:
        """The bytes of a file that is to say ``text``. Raises FormatError for a character that its encoding has not."""
        shaped = _with_ends_of(self.whole, text) if self.whole else text.replace("\n", self.ends or "\n")
        try:
            return (codecs.BOM_UTF8 if self.mark else b"") + shaped.encode(self.encoding)
        except UnicodeEncodeError as error:
            line = text.count("\n", 0, error.start) + 1
            raise FormatError(
                f"the file is {self.encoding}, which has no {shaped[error.start]!r}",
                where=Where(file=file, line=line),
                hint="write it otherwise, or save the file as UTF-8 without its coding line first",
            ) from None

    def noted(self) -> dict[str, Any]:
        """What a notebook keeps of it; nothing for an ordinary file."""
        usual = Form()
        names = ("ends", "mark", "encoding", "whole")
        return {name: getattr(self, name) for name in names if getattr(self, name) != getattr(usual, name)}


def decoded(blob: bytes, *, cookies: bool = True) -> tuple[str, Form]:
    """The text of a file, line ends made ``\\n``, and its form. Raises UnicodeDecodeError for what is no text.

    With ``cookies``, a line ``# coding: latin-1`` at the top tells of bytes that are no UTF-8, as in Python.
    """
    mark = blob.startswith(codecs.BOM_UTF8)
    encoding = "utf-8"
    try:
        whole = blob.decode("utf-8-sig")
    except UnicodeDecodeError:
        encoding = _said(blob) if cookies else ""
        if mark or not encoding:
            raise
        whole = blob.decode(encoding)
    return _plain(whole), _form(whole, mark, encoding)


def salvaged(blob: bytes) -> tuple[str, Form]:
    """As `decoded`, for bytes that are no text: each is a character."""
    whole = blob.decode("latin-1")
    return _plain(whole), _form(whole, False, "latin-1")


def _form(whole: str, mark: bool, encoding: str) -> Form:
    ends = set(_ENDS.findall(whole))
    mixed = len(ends) > 1
    return Form(ends="" if mixed else min(ends, default="\n"), mark=mark, encoding=encoding, whole=whole if mixed else "")


def _plain(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _said(blob: bytes) -> str:
    """The encoding that a coding cookie names, where the bytes read by it and come back from it; else nothing."""
    try:
        name, _ = tokenize.detect_encoding(io.BytesIO(blob[:1000]).readline)
        if _ENCODINGS.fullmatch(name) and blob.decode(name).encode(name) == blob:
            return name
    except (SyntaxError, UnicodeError, LookupError):
        pass
    return ""


def of_note(note: object) -> Form:
    """The form that a notebook kept; the usual one where somebody broke the note."""
    if not isinstance(note, Mapping):
        return Form()
    ends, mark, encoding, whole = note.get("ends", "\n"), note.get("mark"), note.get("encoding", "utf-8"), note.get("whole", "")
    known = isinstance(encoding, str) and (encoding == "utf-8" or _ENCODINGS.fullmatch(encoding))
    if ends not in (*_SORTS, "") or not known or not isinstance(whole, str):
        return Form()
    try:
        codecs.lookup(str(encoding))
    except LookupError:
        return Form()
    return Form(ends=str(ends), mark=mark is True, encoding=str(encoding), whole=whole)


def _with_ends_of(whole: str, text: str) -> str:
    """``text`` with the line ends that its lines have in ``whole``; a new line has that of the one above."""
    old = re.findall(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+\Z", whole)
    new = text.split("\n")
    ends = [_ENDS.search(line) for line in old]
    kept = [found.group() if found else "\n" for found in ends]
    lines = [line.rstrip("\r\n") for line in old]
    made: list[str | None] = [None] * len(new)
    for match in difflib.SequenceMatcher(None, lines, new, autojunk=False).get_matching_blocks():
        for index in range(match.size):
            made[match.b + index] = kept[match.a + index]
    result, last = [], kept[0] if kept else "\n"
    for line, end in zip(new[:-1], made[:-1], strict=True):
        last = end or last
        result.append(line + last)
    return "".join(result) + new[-1]
