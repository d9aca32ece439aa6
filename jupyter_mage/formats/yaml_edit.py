"""A YAML text with other data in it, and everything that says the same left byte for byte: comments, quotes, order, line ends.

The old text is taken apart by the parser's marks; only pairs and items whose value differs are written anew. The result is read
again: where an edit could not be made in place (an anchor that others use, say), the text is written anew as a whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..errors import FormatError
from . import yaml


@dataclass(slots=True)
class _Node:
    """A value in the text: where it starts and ends, and what it holds."""

    sort: str
    """``map``, ``list``, ``scalar`` or ``alias``."""
    start: int
    end: int = 0
    flow: bool = False
    quotes: str = ""
    key: Any = None
    """A scalar as a key."""
    pairs: list[tuple[_Node, _Node]] = field(default_factory=list)
    items: list[_Node] = field(default_factory=list)


def edit(text: str, data: Any) -> str:
    """``text`` with the least changes after which it says ``data``. Raises FormatError where it is not YAML.

    >>> print(edit("a: 1  # why\\nb: [x]\\nc: 'q'\\n", {"a": 1, "b": ["x", "z"], "d": None}), end="")
    a: 1  # why
    b: [x, z]
    d: null
    """
    old = yaml.load(text).data
    if same(old, data):
        return text
    tree = _tree(text)
    if tree is not None:
        made = _Editor(text).value(tree, old, data)
        if made is not None:
            result = text[: tree.start] + made + text[tree.end :]
            if _says(result, data):
                return result
    newline = "\r\n" if "\r\n" in text else "\n"
    return yaml.dump(data).replace("\n", newline)


def same(one: Any, other: Any) -> bool:
    """Whether two values are equal, types and all (``1``, ``1.0`` and ``true`` are three; so are keys).

    >>> same({"a": [1]}, {"a": [1]}), same(1, True)
    (True, False)
    """
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return len(one) == len(other) and all(
            key in other and same(value, other[key]) and same(key, _key_in(other, key)) for key, value in one.items()
        )
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return type(one) is type(other) and (one == other or (one != one and other != other))  # noqa: PLR0124 (not a number)


def _key_in(mapping: Mapping[Any, Any], key: Any) -> Any:
    """The mapping's own key that equals ``key``: ``1`` finds ``True``."""
    return key if isinstance(key, str) else next(each for each in mapping if each == key)


def _says(text: str, data: Any) -> bool:
    try:
        return same(yaml.load(text).data, data)
    except FormatError:
        return False


# -------------------------------------------------------------------------------------------------------- taking it apart


def _tree(text: str) -> _Node | None:
    stack: list[_Node] = []
    keys: list[_Node | None] = []
    root: _Node | None = None

    def put(node: _Node) -> None:
        nonlocal root
        if not stack:
            root = node
        elif stack[-1].sort == "list":
            stack[-1].items.append(node)
        elif keys[-1] is None:
            keys[-1] = node
        else:
            if node.start == node.end and text[node.start - 1 : node.start] != ":":  # `? key` alone
                node.start = node.end = keys[-1].end
            stack[-1].pairs.append((keys[-1], node))
            keys[-1] = None

    for event in yaml.events(text):
        name = type(event).__name__
        start, end = event.start_mark.index, event.end_mark.index
        if name == "ScalarEvent":
            put(_scalar(event, text, start, end))
        elif name == "AliasEvent":
            put(_Node("alias", start, end))
        elif name in ("MappingStartEvent", "SequenceStartEvent"):
            stack.append(_Node("map" if name[0] == "M" else "list", start, flow=bool(event.flow_style)))
            keys.append(None)
        elif name in ("MappingEndEvent", "SequenceEndEvent"):
            node = stack.pop()
            keys.pop()
            node.end = end if node.flow else _end_of_line(text, _last(node, node.start))
            if not node.flow and node.sort == "map" and node.pairs:
                for key, _ in node.pairs:
                    key.start = _mark_of(text, key.start)
                node.start = node.pairs[0][0].start
            put(node)
    return root


def _scalar(event: Any, text: str, start: int, end: int) -> _Node:
    plain = event.implicit[0] and event.style in (None, "")
    if event.style in ("|", ">"):
        end = _end_of_line(text, end - 1 if text[end - 1 : end] == "\n" else end)
    quotes = event.style if event.style in ("'", '"', "|", ">") else ""
    return _Node("scalar", start, end, quotes=quotes, key=yaml.word(event.value) if plain else event.value)


def _mark_of(text: str, start: int) -> int:
    """Where a key begins: at its ``?``, where it has one."""
    line = text.rfind("\n", 0, start) + 1
    mark = re.search(r"(?:^|(?<=[ \t?-]))\?[ \t]+$", text[line:start])
    return line + mark.start() if mark else start


def _last(node: _Node, default: int) -> int:
    if node.pairs:
        return node.pairs[-1][1].end or default
    return node.items[-1].end if node.items else default


def _end_of_line(text: str, place: int) -> int:
    """The end of the line that ``place`` is in, its newline left out."""
    end = text.find("\n", place)
    end = len(text) if end < 0 else end
    return end - 1 if end > 0 and text[end - 1] == "\r" else end


# ------------------------------------------------------------------------------------------------------------ writing it


class _Editor:
    def __init__(self, text: str) -> None:
        self.text = text
        self.newline = "\r\n" if "\r\n" in text else "\n"

    def value(self, node: _Node, old: Any, new: Any) -> str | None:
        """The node's text when it says ``new``; None where it has to be written anew together with its key."""
        if same(old, new):
            return self.text[node.start : node.end]
        if node.sort == "map" and isinstance(new, Mapping) and new and node.pairs:
            return self.flow_map(node, old, new) if node.flow else self.block_map(node, old, new)
        if node.sort == "list" and isinstance(new, list | tuple) and new and node.items:
            return _flow(new) if node.flow else self.block_list(node, old, new)
        if node.sort == "scalar" and node.quotes not in ("|", ">") and node.end > node.start and _is_short(new):
            return _quoted_alike(new, node.quotes)
        return None

    def column(self, place: int) -> int:
        return place - (self.text.rfind("\n", 0, place) + 1)

    def block_map(self, node: _Node, old: Mapping[Any, Any], new: Mapping[Any, Any]) -> str | None:
        column = self.column(node.start)
        pieces: list[tuple[Any, str, str]] = []
        before = node.start
        for key, value in node.pairs:
            end = _end_of_line(self.text, value.end)
            lead, before = self.text[before : key.start], end
            if key.key == "<<" and "<<" not in old:
                pieces.append((_MERGE, lead, self.text[key.start : end]))
            elif key.key in new:
                pieces.append((key.key, lead, self.pair(key, value, old[key.key], new[key.key], column)))
        there = {key for key, _, _ in pieces}
        merged = {key for key in new if key in old and key not in there and same(old[key], new[key])}
        for key in new:
            if key not in there and key not in merged:
                lead = self.newline + " " * column
                pieces.insert(_place(key, [each for each, _, _ in pieces]), (key, lead, self.fresh({key: new[key]}, column)))
        return self.joined([(lead, text) for _, lead, text in pieces], column)

    def pair(self, key: _Node, value: _Node, old: Any, new: Any, column: int) -> str:
        end = _end_of_line(self.text, value.end)
        made = self.value(value, old, new)
        if made is not None:
            return self.text[key.start : value.start] + made + self.text[value.end : end]
        lines = self.fresh({key.key: new}, column).split(self.newline)
        if value.sort == "scalar" or value.flow:
            comment = self.text[value.end : end].rstrip()
            lines[0] += comment if comment.lstrip().startswith("#") and comment[:1].isspace() else ""
        return self.newline.join(lines)

    def block_list(self, node: _Node, old: Sequence[Any], new: Sequence[Any]) -> str:
        column = self.column(node.start)
        leads, starts = self.dashes(node, column)
        chosen = _matched(old, new)
        pieces = []
        for item, index in zip(new, chosen, strict=True):
            if index is None:
                pieces.append((self.newline + " " * column, self.fresh([item], column)))
                continue
            there = node.items[index]
            made = self.value(there, old[index], item)
            if made is None:
                pieces.append((leads[index], self.fresh([item], column)))
            else:
                end = _end_of_line(self.text, there.end)
                pieces.append((leads[index], self.text[starts[index] : there.start] + made + self.text[there.end : end]))
        return self.joined(pieces, column)

    def dashes(self, node: _Node, column: int) -> tuple[list[str], list[int]]:
        """What stands before each item's dash, and where the dash is."""
        leads, starts = [""], [node.start]
        for before, item in zip(node.items, node.items[1:], strict=False):
            end = _end_of_line(self.text, before.end)
            dash = re.compile(rf"\n {{{column}}}-").search(self.text, end, max(item.start, end) + 1)
            starts.append(dash.end() - 1 if dash else item.start)
            leads.append(self.text[end : starts[-1]])
        return [leads[0] or self.newline + " " * column, *leads[1:]], starts

    def joined(self, pieces: Iterable[tuple[str, str]], column: int) -> str:
        """Pieces with what stood before each; the first one begins where the whole does."""
        usual = self.newline + " " * column
        return "".join(f"{lead or usual}{piece}" for lead, piece in pieces).lstrip()

    def fresh(self, data: Any, column: int) -> str:
        """``data`` as lines in this column, the first without its indent."""
        lines = yaml.dump(data).removesuffix("\n").split("\n")
        return (self.newline + " " * column).join(lines).replace(f"{self.newline}{' ' * column}{self.newline}", self.newline * 2)

    def flow_map(self, node: _Node, old: Mapping[Any, Any], new: Mapping[Any, Any]) -> str | None:
        own = [key.key for key, _ in node.pairs]
        if any(key not in new for key in own) or "<<" in own:
            return _flow({**{key: new[key] for key in own if key in new}, **new})
        result, before = "", node.start
        for key, value in node.pairs:
            made = self.value(value, old[key.key], new[key.key])
            made = _flow(new[key.key]) if made is None or "\n" in made else made
            if made is None:
                return None
            space = " " if value.end == value.start and made else ""
            result += self.text[before : value.start] + space + made
            before = value.end
        for key in new:
            if key not in own:
                made = _flow({key: new[key]})
                if made is None:
                    return None
                result += f", {made[1:-1]}"
        return result + self.text[before : node.end]


_MERGE = object()


def _place(key: Any, keys: list[Any]) -> int:
    """Where a new key goes: into its place where keys are sorted (as Mage writes them), else last."""
    names = [each for each in keys if isinstance(each, str)]
    if isinstance(key, str) and len(names) == len(keys) and names == sorted(names) and len(names) > 1:
        return sum(each < key for each in names)
    return len(keys)


def _matched(old: Sequence[Any], new: Sequence[Any]) -> list[int | None]:
    """For each new item, the old one that it is: by its uuid or name, else by what it says."""
    left = dict(enumerate(old))
    called: dict[str, list[int]] = {}
    for place, each in reversed(left.items()):
        called.setdefault(_identity(each), []).append(place)
    found: list[int | None] = []
    for item in new:
        name = _identity(item)
        index: int | None
        if name:
            index = called[name].pop() if called.get(name) else None
        else:
            index = next((i for i, each in left.items() if same(each, item)), None)
        if index is not None:
            del left[index]
        found.append(index)
    return found


def _identity(item: Any) -> str:
    """What an item is called: a block's uuid, a trigger's name; empty for what has no name."""
    if not isinstance(item, Mapping):
        return ""
    return next((item[key] for key in ("uuid", "name") if isinstance(item.get(key), str)), "")


def _is_short(value: Any) -> bool:
    return not isinstance(value, Mapping | list | tuple) and not (isinstance(value, str) and "\n" in value)


def _quoted_alike(value: Any, quotes: str) -> str:
    """A scalar, in the quotes that the old one had where that can be."""
    text = yaml.dump(value).removesuffix("\n")
    if quotes == "'" and isinstance(value, str) and text[:1] not in ("'", '"'):
        return f"'{text}'"
    if quotes == '"' and isinstance(value, str) and text[:1] != '"' and not {'"', "\\"} & set(value):
        return f'"{value}"'
    return text


def _flow(value: Any) -> str | None:
    """``value`` on one line, in brackets; None where it would not fit well."""
    if isinstance(value, Mapping):
        parts = [f"{_flow(key)}: {text}" if (text := _flow(each)) is not None else None for key, each in value.items()]
    elif isinstance(value, list | tuple):
        parts = [_flow(each) for each in value]
    else:
        text = yaml.dump(value).removesuffix("\n")
        return (
            None
            if "\n" in text
            else f"'{text}'"
            if isinstance(value, str) and set(text) & set("[]{},") and text[0] not in "'\""
            else text
        )
    if any(part is None for part in parts):
        return None
    inside = ", ".join(str(part) for part in parts)
    return f"{{{inside}}}" if isinstance(value, Mapping) else f"[{inside}]"
