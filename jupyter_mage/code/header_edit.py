"""One thing of a cell's header changed in its text; every other character stays as it is. All carriers; runs nothing.

What is changed is found as a reader finds it: the name, the arguments between parentheses, the options. A cell that is a whole
Mage block file has no header of its own: it gets one, in a line above.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from ..errors import DefinitionError, HeaderError
from . import decorator
from .carriers import read_cell
from .header import CellHead, comments_above, signature_end, words_of
from .options import OPTIONS, SHORT

_FIRST = re.compile(r"(?:%%(?:block|test)[ \t]*|#\s*\|\s*(?:block|test)\s*:\s*)")
_MANY = frozenset(option.name for option in OPTIONS if option.many)
_VALUED = frozenset(option.name for option in OPTIONS if not option.flag)


@dataclass(frozen=True, slots=True)
class _Part:
    """What stands between two commas: ``[start:end]`` of the cell, and its first word."""

    start: int
    end: int
    word: str


@dataclass(frozen=True, slots=True)
class _Option:
    """An option as it stands in the cell: its whole text, and its value's."""

    name: str
    start: int
    end: int
    value: tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class _Places:
    """Where the parts of a header stand in a cell's text."""

    name: tuple[int, int]
    inside: tuple[int, int] | None
    """Between the parentheses of the signature; None where there are none."""
    options: tuple[_Option, ...]
    end: int
    """Where another option goes."""
    decorated: bool


def rename(source: str, new: str) -> str:
    """The cell with its block called ``new``.

    >>> rename("%%block big(orders) --sql\\nSELECT 1", "large")
    '%%block large(orders) --sql\\nSELECT 1'
    """
    source = _with_header(source)
    start, end = _places(source).name
    return source[:start] + new + source[end:]


def retarget(source: str, new: str) -> str:
    """The test cell with the block that it tests called ``new``."""
    head = _head(source)
    start = _first_word(source)
    return source[:start] + new + source[start + len(head.text.split()[0]) :]


def call(source: str, old: str, new: str) -> str:
    """The cell with another block, wherever its header names it, called ``new``: inputs, order, guards, map.

    >>> call("%%block big(raw, *, n=1) --after raw,users --map raw\\nn", "raw", "orders")
    '%%block big(orders, *, n=1) --after orders,users --map orders\\nn'
    """
    source = _with_header(source)
    places = _places(source)
    changes = [(p.start, p.start + len(old), new) for p in _inputs(source, places) if p.word == old]
    for each in places.options:
        if each.name in ("--after", "--if", "--map") and each.value is not None:
            text = source[slice(*each.value)]
            changes.append((*each.value, re.sub(rf"(?<!\w){re.escape(old)}(?!\w)", new, text)))
    return _changed(source, changes)


def connect(source: str, upstream: str, *, inferred: Sequence[str] = ()) -> str:
    """The cell with ``upstream`` as its last input. ``inferred`` are those that a header without parentheses has.

    >>> connect("%%block big(orders, *, n: int = 1)\\nn", "users"), connect("%%block big --sql\\nSELECT 1", "b", inferred=["a"])
    ('%%block big(orders, users, *, n: int = 1)\\nn', '%%block big(a, b) --sql\\nSELECT 1')
    """
    source = _declared(_with_header(source), inferred)
    places = _places(source)
    if places.inside is None:
        raise HeaderError("a header without parentheses")
    parts = _parts(source, places.inside[0] - 1)
    before = [part for part in parts if not part.word.startswith("*") and part in _inputs(source, places, slashes=True)]
    if before:
        return _changed(source, [(before[-1].end, before[-1].end, f", {upstream}")])
    at = places.inside[0]
    return _changed(source, [(at, at, f"{upstream}, " if parts else upstream)])


def disconnect(source: str, upstream: str, *, inferred: Sequence[str] = ()) -> str:
    """The cell without ``upstream`` in its header: as an input, in the order, as a guard or what it is mapped over.

    >>> disconnect("%%block big(orders, users) --after users\\nn", "users")
    '%%block big(orders)\\nn'
    >>> disconnect("%%block big\\na + b", "a", inferred=["a", "b"])
    '%%block big(b)\\na + b'
    """
    source = _declared(_with_header(source), inferred) if upstream in inferred else _with_header(source)
    places = _places(source)
    changes: list[tuple[int, int, str]] = []
    if places.inside is not None:
        parts = _parts(source, places.inside[0] - 1)
        gone = {i for i, part in enumerate(parts) if part in _inputs(source, places) and part.word == upstream}
        if gone and [part.word for part in parts[:2]] == [upstream, "/"]:
            gone.add(1)  # nothing is left before it
        changes += [_without(parts, i, gone) for i in sorted(gone)]
    for each in places.options:
        if each.name in ("--after", "--if", "--map") and each.value is not None:
            changes += _value_without(source, places, each, upstream)
    return _changed(source, changes)


def set_option(source: str, option: str, value: str) -> str:
    """The cell with this option, in the place of the one there is; without it, where the value is empty.

    >>> set_option("%%block big(orders) --kind custom\\nn", "--kind", "data_exporter")
    '%%block big(orders) --kind data_exporter\\nn'
    >>> set_option("@block(kind='custom')\\ndef big():\\n    return 1", "--kind", "")
    '@block\\ndef big():\\n    return 1'
    """
    source = _with_header(source)
    places = _places(source)
    there = [each for each in places.options if each.name == option]
    quoted = repr(value) if places.decorated else value
    if not value:
        return _changed(source, [_cut(source, places, each) for each in there])
    if there and there[-1].value is not None:
        return _changed(source, [(*there[-1].value, quoted)])
    if places.decorated:
        return _add_keyword(source, f"{option.removeprefix('--').replace('-', '_')}={quoted}")
    return _changed(source, [*(_cut(source, places, each) for each in there), (places.end, places.end, f" {option} {quoted}")])


def set_language(source: str, language: str, known: Iterable[str]) -> str:
    """The cell with ``--sql`` and the like; without, for Python. Raises DefinitionError for a ``def``, which is Python.

    >>> set_language("%%block big(orders) --retries 3\\nn", "sql", ["python", "sql"])
    '%%block big(orders) --retries 3 --sql\\nn'
    """
    source = _with_header(source)
    places = _places(source)
    if places.decorated and language != "python":
        name = source[slice(*places.name)]
        raise DefinitionError("a def is Python", hint=f"%pipeline carrier {name} comment")
    words = {"--lang", *(f"--{each}" for each in known)}
    there = [each for each in places.options if each.name in words]
    changes = [_cut(source, places, each) for each in there]
    if language != "python":
        start = there[0].start if there else places.end
        end = there[0].end if there else places.end
        changes = [(start, end, f"--{language}" if there else f" --{language}"), *changes[1:]]
    return _changed(source, changes)


def with_body(source: str, change: Callable[[str], str | None], *, output: str = "") -> str | None:
    """The cell with its body changed, below a header that stays; None where the change cannot be made in it for sure.

    ``output`` is the variable that the changed body gives, where that is another one than before.
    """
    head = _head(source)
    if head.carrier == "mage":
        return source
    if head.carrier != "decorator":
        above = comments_above(source)
        first, newline, body = source[len(above) :].partition("\n")
        changed = change(body)
        return None if changed is None else f"{above}{first}{newline}{changed}"
    found = decorator.decorated(source)
    name = found.node.name if found else ""
    changed = change(head.body)
    if changed is None or changed == head.body:
        return None if changed is None else source
    if decorator.rebuilt(head.text, head.body, name) != source:
        return None
    return decorator.rebuilt(head.text, changed, output or name)


# ------------------------------------------------------------------------------------------------------------- where it stands


def _head(source: str) -> CellHead:
    head = read_cell(source)
    if head is None:
        raise DefinitionError("the cell is no block", hint="%%block NAME")
    return head


def _with_header(source: str) -> str:
    """The cell itself, or a bare Mage block file below the header that it stands for."""
    head = _head(source)
    return f"%%block {head.text}\n{source}" if head.carrier == "mage" else source


def _first_word(source: str) -> int:
    above = len(comments_above(source))
    match = _FIRST.match(source, above)
    return match.end() if match else above


def _places(source: str) -> _Places:
    return _places_of_def(source) if _head(source).carrier == "decorator" else _places_of_line(source)


def _places_of_line(source: str) -> _Places:
    start = _first_word(source)
    line = source[start:].partition("\n")[0].rstrip()
    match = re.match(r"[^\s(]+", line)
    if match is None:
        raise HeaderError("a block needs a name")
    name, at = (start, start + match.end()), match.end()
    paren = re.match(r"\s*\(", line[at:])
    inside = None
    if paren:
        opened = at + paren.end()
        at = opened - 1 + signature_end(line[opened - 1 :])
        inside = (start + opened, start + at - 1)
        arrow = re.match(r"\s*->\s*[^-\s][^-]*", line[at:])
        at += len(arrow[0].rstrip()) if arrow else 0
    return _Places(name, inside, tuple(_options_of_line(line, at, start)), start + len(line), decorated=False)


def _options_of_line(line: str, at: int, shift: int) -> Iterator[_Option]:
    words = words_of(line, at)
    while words:
        full, index = words.pop(0)
        word, equals, _ = full.partition("=")
        word, start, end = SHORT.get(word, word), shift + index, shift + index + len(full)
        if equals:
            yield _Option(word, start, end, (start + len(full.partition("=")[0]) + 1, end))
        elif word in _VALUED and words and not words[0][0].startswith("--"):
            value, place = words.pop(0)
            end = shift + place + len(value)
            yield _Option(word, start, end, (shift + place, end))
        else:
            yield _Option(word, start, end, None)


def _places_of_def(source: str) -> _Places:
    found = decorator.decorated(source)
    if found is None:
        raise HeaderError("no @block here")
    node, offset = found.node, _Offsets(source)
    at = offset.of(node.lineno, node.col_offset)
    match = re.compile(r"(?:async\s+)?def\s+(\w+)\s*(?=\()").match(source, at)
    if match is None:
        raise HeaderError("the function's arguments do not stand right behind its name")
    end = _closing(source, match.end())
    options = []
    call_node = node.decorator_list[0]
    for each in call_node.keywords if isinstance(call_node, ast.Call) else ():
        start, value = offset.of(each.lineno, each.col_offset), each.value
        bounds = (offset.of(value.lineno, value.col_offset), offset.of(value.end_lineno or 0, value.end_col_offset or 0))
        options.append(_Option(f"--{(each.arg or '').replace('_', '-')}", start, bounds[1], bounds))
    name = (match.start(1), match.end(1))
    decorated_end = offset.of(call_node.end_lineno or 0, call_node.end_col_offset or 0)
    return _Places(name, (match.end() + 1, end - 1), tuple(options), decorated_end, decorated=True)


class _Offsets:
    """Places that `ast` gives (lines, and bytes in them) as indexes of the text."""

    def __init__(self, source: str) -> None:
        self.lines = source.split("\n")
        self.starts = [0]
        for line in self.lines:
            self.starts.append(self.starts[-1] + len(line) + 1)

    def of(self, line: int, column: int) -> int:
        return self.starts[line - 1] + len(self.lines[line - 1].encode()[:column].decode())


# --------------------------------------------------------------------------------------------------- between the parentheses


def _tokens(source: str, opened: int) -> Iterator[tuple[tokenize.TokenInfo, int, int]]:
    """The tokens from the parenthesis at ``opened`` to the one that closes it, each with its place in the text."""
    text = source[opened:]
    starts = [opened]
    for line in text.split("\n"):
        starts.append(starts[-1] + len(line) + 1)
    depth = 0
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        yield token, starts[token.start[0] - 1] + token.start[1], starts[token.end[0] - 1] + token.end[1]
        if token.type == tokenize.OP:
            depth += (token.string in "([{") - (token.string in ")]}")
            if not depth:
                return


def _closing(source: str, opened: int) -> int:
    """Index behind the parenthesis that closes the one at ``opened``."""
    return max(end for _, _, end in _tokens(source, opened))


_LAYOUT = (tokenize.NL, tokenize.NEWLINE, tokenize.COMMENT, tokenize.INDENT, tokenize.DEDENT)


def _parts(source: str, opened: int) -> list[_Part]:
    """What stands between the commas of these parentheses."""
    found: list[list[tuple[str, int, int]]] = [[]]
    depth = 0
    for token, start, end in _tokens(source, opened):
        opens, closes = token.string in ("(", "[", "{"), token.string in (")", "]", "}")
        operator = token.type == tokenize.OP
        depth -= operator and closes
        if operator and token.string == "," and depth == 1:
            found.append([])
        elif depth and token.type not in _LAYOUT:
            found[-1].append((token.string, start, end))
        depth += operator and opens
    return [_Part(each[0][1], each[-1][2], each[0][0]) for each in found if each]


def _inputs(source: str, places: _Places, *, slashes: bool = False) -> list[_Part]:
    """The positional arguments: those before the ``*``."""
    found: list[_Part] = []
    for part in _parts(source, places.inside[0] - 1) if places.inside else ():
        if part.word.startswith("*"):
            break
        if slashes or part.word != "/":
            found.append(part)
    return found


def _without(parts: Sequence[_Part], index: int, gone: Iterable[int]) -> tuple[int, int, str]:
    """The change that takes a part out, with one of its commas: the one behind, or before it where none is behind."""
    left = [i for i in range(len(parts)) if i not in set(gone)]
    behind = [i for i in left if i > index]
    if behind:
        return parts[index].start, parts[index + 1].start, ""
    before = [i for i in left if i < index]
    if before:
        return parts[index - 1].end, parts[index].end, ""
    return parts[index].start, parts[index + 1].start if index + 1 < len(parts) else parts[index].end, ""


def _declared(source: str, inferred: Sequence[str]) -> str:
    """The cell with its inputs said: parentheses where there are none, no ``infer`` on a function."""
    places = _places(source)
    infer = next((each for each in places.options if each.name == f"--{decorator.INFER}"), None)
    if infer is not None:
        return _changed(source, [_cut(source, places, infer)])
    if places.inside is None:
        return _changed(source, [(places.name[1], places.name[1], f"({', '.join(inferred)})")])
    return source


# ------------------------------------------------------------------------------------------------------------------ options


def _cut(source: str, places: _Places, option: _Option) -> tuple[int, int, str]:
    """The change that takes an option out."""
    if not places.decorated:
        start = option.start
        while source[start - 1] in " \t":
            start -= 1
        return start, option.end, ""
    opened = source.index("(", source.rindex("@", 0, option.start))
    parts = _parts(source, opened)
    if len(parts) == 1:
        return opened, places.end, ""
    index = next(i for i, part in enumerate(parts) if part.start == option.start)
    return _without(parts, index, {index})


def _value_without(source: str, places: _Places, option: _Option, name: str) -> list[tuple[int, int, str]]:
    """The changes that take a name out of an option's value; the option goes with its last one."""
    start, end = option.value or (0, 0)
    text = source[start:end]
    if not places.decorated:
        names = [each.strip() for each in text.strip("'\"").split(",") if each.strip()]
        if name not in names:
            return []
        left = [each for each in names if each != name]
        return [(start, end, ",".join(left))] if left else [_cut(source, places, option)]
    value = ast.literal_eval(text)
    names = [value] if isinstance(value, str) else list(value)
    if name not in names:
        return []
    left = [each for each in names if each != name]
    return [(start, end, repr(left))] if left else [_cut(source, places, option)]


def _add_keyword(source: str, text: str) -> str:
    found = decorator.decorated(source)
    if found is None:
        raise HeaderError("no @block here")
    node, offset = found.node.decorator_list[0], _Offsets(source)
    end = offset.of(node.end_lineno or 0, node.end_col_offset or 0)
    if not isinstance(node, ast.Call):
        return _changed(source, [(end, end, f"({text})")])
    opened = source.index("(", offset.of(node.lineno, node.col_offset))
    parts = _parts(source, opened)
    if not parts:
        return _changed(source, [(opened + 1, opened + 1, text)])
    return _changed(source, [(parts[-1].end, parts[-1].end, f", {text}")])


def _changed(source: str, changes: Iterable[tuple[int, int, str]]) -> str:
    for start, end, text in sorted(changes, reverse=True):
        source = source[:start] + text + source[end:]
    return source
