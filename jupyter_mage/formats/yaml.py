"""YAML that may be hostile, read within limits; and YAML written so that every reader agrees on it.

Reading goes over parser events only (nothing recurses, no tag builds anything), and remembers the line of every value.
Plain words are text unless they are a number, ``true``/``false`` or null; where Mage's own reader would see something
else (``no``, ``012``, ``12:30``, dates), the text is kept and a note says so.
"""

from __future__ import annotations

import copy
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..errors import FormatError, Where

MAX_BYTES = 1_000_000
MAX_DEPTH = 50
MAX_NODES = 50_000
MAX_ALIASES = 100
MAX_DIGITS = 400

Path = tuple[str | int, ...]

_INT = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_FLOAT = re.compile(r"[-+]?([0-9]+\.[0-9]*|\.[0-9]+)([eE][-+][0-9]+)?")
_SPECIAL = {".inf": math.inf, "+.inf": math.inf, "-.inf": -math.inf, ".nan": math.nan}
_WORDS: dict[str, Any] = {"": None, "~": None, "null": None, "Null": None, "NULL": None}
_WORDS |= {word: word.lower() == "true" for word in ("true", "True", "TRUE", "false", "False", "FALSE")}
_MISREAD = re.compile(
    r"(?i:y|n|yes|no|on|off)|[-+]?0[0-9_]+|[-+]?0[xob][0-9a-fA-F_]+|[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?"
    r"|[-+]?([0-9][0-9_]*\.?|\.[0-9])[0-9_]*([eE][-+]?[0-9]+)?|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt \t].*)?|=|<<"
)
_OWN_WORDS = frozenset(["<<", *"yYnN"])
"""Those of them that Mage's reader takes as we do; other readers may not."""
_BIDI = re.compile("[\u202a-\u202e\u2066-\u2069]")
_CONFLICT = re.compile(r"^(<{7} |={7}$|>{7} )", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Document:
    """What a file says, the line of every value in it, and notes on words that Mage reads otherwise."""

    data: Any
    lines: Mapping[Path, int]
    notes: tuple[tuple[int, str], ...] = ()

    def line(self, *path: str | int) -> int:
        """The line of the value at ``path``, or of the nearest thing around it."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


@dataclass(slots=True)
class _Open:
    """A mapping or list whose end has not come yet."""

    value: Any
    path: Path
    anchor: str | None
    nodes: int = 1
    key: Any = None
    has_key: bool = False
    merged: list[Any] = field(default_factory=list)


def load(text: str | bytes, *, file: str = "", aliases: int = MAX_ALIASES) -> Document:
    """The one document in ``text``; FormatError with file and line for anything broken, hostile or too large.

    >>> load("a: [1, 012, no, true]").data
    {'a': [1, '012', 'no', True]}
    """
    return _Builder(_decoded(text, file), file, aliases).build()


def _decoded(text: str | bytes, file: str) -> str:
    blob = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    if len(blob) > MAX_BYTES:
        raise FormatError(f"{len(blob):,} bytes, more than the {MAX_BYTES:,} that are read", where=Where(file=file))
    try:
        decoded = blob.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = blob[: error.start].count(b"\n") + 1
        raise FormatError(
            f"not UTF-8 text: byte 0x{blob[error.start]:02x}", where=Where(file=file, line=line), hint="save it as UTF-8"
        ) from None
    for pattern, what in ((_BIDI, "a character that reverses text on screen"), (_CONFLICT, "a merge conflict marker")):
        found = pattern.search(decoded)
        if found:
            line = decoded.count("\n", 0, found.start()) + 1
            raise FormatError(f"{what}: {found.group().strip()!r}", where=Where(file=file, line=line))
    return decoded


def events(text: str) -> Iterator[Any]:
    """What the parser sees, with marks; nothing is built. Raises the parser's own errors."""
    import yaml

    yield from yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))


class _Builder:
    """Builds plain values from parser events with a stack of its own."""

    def __init__(self, text: str, file: str, aliases: int) -> None:
        self.text, self.file, self.aliases_left = text, file, aliases
        self.stack: list[_Open] = []
        self.root: Any = None
        self.started = False
        self.nodes = 0
        self.anchors: dict[str, tuple[Any, int]] = {}
        self.lines: dict[Path, int] = {}
        self.notes: list[tuple[int, str]] = []

    def build(self) -> Document:
        for event in self._events():
            line = event.start_mark.line + 1
            handler = getattr(self, f"_on_{type(event).__name__}", None)
            if handler is not None:
                handler(event, line)
        return Document(self.root, self.lines, tuple(self.notes))

    def _events(self) -> Iterator[Any]:
        import yaml

        try:
            yield from events(self.text)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            message = ": ".join(part for part in (error.context, error.problem) if part)
            if "nesting depth" in message:  # newer parsers have a bound of their own, above ours
                raise self._error(f"nested more than {MAX_DEPTH} deep", mark.line + 1 if mark else 1) from None
            raise self._error(f"not YAML: {message}", mark.line + 1 if mark else 1) from None
        except yaml.YAMLError as error:
            raise self._error(f"not YAML: {' '.join(str(error).split())}", self._odd_line()) from None

    def _odd_line(self) -> int:
        found = re.search("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", self.text)
        return self.text.count("\n", 0, found.start()) + 1 if found else 1

    def _error(self, message: str, line: int) -> FormatError:
        return FormatError(message, where=Where(file=self.file, line=line))

    def _on_DocumentStartEvent(self, event: Any, line: int) -> None:  # noqa: N802 — named after the parser's events
        if self.started:
            raise self._error("a second document in the file; there has to be one", line)
        if event.tags:
            raise self._error("a %TAG directive; tags are not read", line)
        self.started = True

    def _on_ScalarEvent(self, event: Any, line: int) -> None:  # noqa: N802
        self._node(event, line)
        plain = event.implicit[0] and event.style in (None, "")
        value = self._scalar(event.value, line) if plain else event.value
        if event.anchor:
            self.anchors[event.anchor] = (value, 1)
        if plain and event.value == "<<" and self.stack and self._wants_key():
            value = _MERGE
        self._add(value, line, 1)

    def _on_AliasEvent(self, event: Any, line: int) -> None:  # noqa: N802
        self.aliases_left -= 1
        if self.aliases_left < 0:
            raise self._error("more aliases (*name) than are read", line)
        if event.anchor not in self.anchors:
            raise self._error(f"the alias *{event.anchor} stands for nothing that is complete before it", line)
        value, size = self.anchors[event.anchor]
        self._count(size, line)
        self._add(copy.deepcopy(value), line, size)

    def _on_MappingStartEvent(self, event: Any, line: int) -> None:  # noqa: N802
        self._start({}, event, line)

    def _on_SequenceStartEvent(self, event: Any, line: int) -> None:  # noqa: N802
        self._start([], event, line)

    def _start(self, value: Any, event: Any, line: int) -> None:
        self._node(event, line)
        if len(self.stack) >= MAX_DEPTH:
            raise self._error(f"nested more than {MAX_DEPTH} deep", line)
        if self._wants_key():
            raise self._error("a list or mapping as a key", line)
        self.stack.append(_Open(value, self._path(), event.anchor))
        self.lines[self.stack[-1].path] = line

    def _on_MappingEndEvent(self, _: Any, line: int) -> None:  # noqa: N802
        top = self.stack[-1]
        for source in top.merged:
            for key, value in source.items():
                top.value.setdefault(key, value)
        self._end(line)

    def _on_SequenceEndEvent(self, _: Any, line: int) -> None:  # noqa: N802
        self._end(line)

    def _end(self, line: int) -> None:
        top = self.stack.pop()
        if top.anchor:
            self.anchors[top.anchor] = (top.value, top.nodes)
        self._add(top.value, self.lines.get(top.path, line), top.nodes)

    def _node(self, event: Any, line: int) -> None:
        if event.tag is not None:
            raise self._error(f"the tag {event.tag!r}; tags are not read", line)
        self._count(1, line)

    def _count(self, nodes: int, line: int) -> None:
        self.nodes += nodes
        if self.nodes > MAX_NODES:
            raise self._error(f"more than {MAX_NODES:,} values", line)

    def _wants_key(self) -> bool:
        return bool(self.stack) and isinstance(self.stack[-1].value, dict) and not self.stack[-1].has_key

    def _path(self) -> Path:
        if not self.stack:
            return ()
        top = self.stack[-1]
        return (*top.path, len(top.value) if isinstance(top.value, list) else top.key)

    def _add(self, value: Any, line: int, size: int) -> None:
        if not self.stack:
            self.root = value
            self.lines[()] = line
            return
        top = self.stack[-1]
        top.nodes += size
        if isinstance(top.value, list):
            self.lines[(*top.path, len(top.value))] = line
            top.value.append(value)
        elif not top.has_key:
            self._key(top, value, line)
        else:
            self._pair(top, value, line)

    def _key(self, top: _Open, key: Any, line: int) -> None:
        if isinstance(key, (dict, list)):
            raise self._error("a list or mapping as a key", line)
        if key is not _MERGE and key in top.value:
            raise self._error(f"the key {key!r} stands here twice", line)
        top.key, top.has_key = key, True
        if key is not _MERGE:
            self.lines[(*top.path, key)] = line

    def _pair(self, top: _Open, value: Any, line: int) -> None:
        top.has_key = False
        if top.key is not _MERGE:
            top.value[top.key] = value
            return
        sources = value if isinstance(value, list) else [value]
        if not all(isinstance(source, dict) for source in sources):
            raise self._error("<< merges something that is not a mapping", line)
        top.merged.extend(sources)

    def _scalar(self, text: str, line: int) -> Any:
        if len(text) > MAX_DIGITS and _MISREAD.fullmatch(text):
            raise self._error(f"a number of {len(text):,} digits", line)
        value = word(text)
        if value is not text:
            return value
        if _MISREAD.fullmatch(text) and text not in _OWN_WORDS:
            self.notes.append((line, f"{text} is read as text here and may be something else to Mage: quote it"))
        return text


def word(text: str) -> Any:
    """What a plain word says: ``3`` is a number, ``~`` nothing, most are the text that they are."""
    if text in _WORDS:
        return _WORDS[text]
    if _INT.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text):
        return float(text)
    return _SPECIAL.get(text.lower(), text)


_MERGE = object()
"""Stands for the key ``<<`` while a mapping is built."""


# ------------------------------------------------------------------------------------------------------------ writing

_PLAIN = re.compile(r"[A-Za-z_/\u00c0-\ud7ff]([\w ./()+-]*[\w)./])?|[0-9]+\.[0-9]+\.[0-9][0-9.]*")
_LINE = re.compile("[\t\x20-\x7e\xa0-\u2027\u202f-\u2065\u206a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]*")
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r", "\0": "\\0"}


def dump(data: Any) -> str:
    """``data`` as YAML: keys in the order given, text quoted where any reader could take it for something else.

    Raises FormatError for what YAML cannot give back equal (anything but text, numbers, bool, None, list, dict).

    >>> print(dump({"on": "no", "at": "12:30", "code": "x = 1\\ny = 2\\n", "empty": []}), end="")
    'on': 'no'
    at: '12:30'
    code: |
      x = 1
      y = 2
    empty: []
    """
    if not isinstance(data, (Mapping, list, tuple)) or not data:
        return _inline(data) + "\n"
    lines: list[str] = []
    _emit(data, 0, lines)
    text = "\n".join(lines) + "\n"
    if len(text.encode()) > MAX_BYTES:
        raise FormatError(f"{len(text):,} characters of YAML, more than can be read again ({MAX_BYTES:,} bytes)")
    return text


def _emit(data: Any, indent: int, lines: list[str]) -> None:
    if indent > 2 * MAX_DEPTH:
        raise FormatError(f"a value nested more than {MAX_DEPTH} deep cannot be written as YAML")
    pad = " " * indent
    if isinstance(data, Mapping):
        for key, value in data.items():
            head = f"{pad}{_inline(key)}:"
            if isinstance(value, (list, tuple)) and value:
                lines.append(head)
                _emit(value, indent, lines)
            else:
                _value(head, value, indent + 2, lines)
        return
    for item in data:
        if isinstance(item, (Mapping, list, tuple)) and item:
            start = len(lines)
            _emit(item, indent + 2, lines)
            lines[start] = f"{pad}- {lines[start][indent + 2 :]}"
        else:
            _value(f"{pad}-", item, indent + 2, lines)


def _value(head: str, value: Any, indent: int, lines: list[str]) -> None:
    if isinstance(value, Mapping) and value:
        lines.append(head)
        _emit(value, indent, lines)
    elif isinstance(value, str) and (block := _block(value, indent)) is not None:
        lines.append(f"{head} {block[0]}")
        lines.extend(block[1:])
    else:
        lines.append(f"{head} {_inline(value)}")


def _block(text: str, indent: int) -> list[str] | None:
    """A literal block (``|``) of a text of several lines, or None where only quotes keep it exact."""
    content = text.rstrip("\n")
    rows = text.split("\n")
    if "\n" not in text or not content or not all(_LINE.fullmatch(row) for row in rows):
        return None
    if (rows[0].strip(" \t") == "" and rows[0]) or content.split("\n")[-1].strip(" \t") == "":
        return None
    hint = "2" if rows[0] == "" or rows[0][0] in " \t" else ""
    newlines = len(text) - len(content)
    chomp = "-" if newlines == 0 else "" if newlines == 1 else "+"
    if newlines:
        rows = rows[:-1]
    return [f"|{hint}{chomp}", *(" " * indent + row if row else "" for row in rows)]


def _inline(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if type(value) is int:
        return str(value)
    if type(value) is float:
        return _number(value)
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, Mapping) and not value:
        return "{}"
    if isinstance(value, (list, tuple)) and not value:
        return "[]"
    raise FormatError(f"a value of type {type(value).__name__} cannot be written as YAML: {value!r:.60}")


def _number(value: float) -> str:
    if math.isnan(value):
        return ".nan"
    if math.isinf(value):
        return ".inf" if value > 0 else "-.inf"
    text = repr(value)
    mantissa, e, exponent = text.partition("e")
    if e and "." not in mantissa:
        mantissa += ".0"
    return mantissa + e + exponent


def _text(text: str) -> str:
    lower = text.lower()
    special = text in _WORDS or lower in _SPECIAL or _MISREAD.fullmatch(text)
    if not special and _PLAIN.fullmatch(text):
        return text
    if _LINE.fullmatch(text):
        return "'" + text.replace("'", "''") + "'"
    return '"' + "".join(_escaped(char) for char in text) + '"'


def _escaped(char: str) -> str:
    if char in _ESCAPES:
        return _ESCAPES[char]
    if _LINE.fullmatch(char) and char != "\t":
        return char
    if "\ud800" <= char <= "\udfff":
        raise FormatError("text with half a character (a lone surrogate) cannot be written")
    code = ord(char)
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}" if code < 65536 else f"\\U{code:08x}"
