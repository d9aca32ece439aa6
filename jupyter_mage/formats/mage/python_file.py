"""A Python block as a Mage block file, and back: imports, guards, captured definitions, one function, tests."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ...code import function
from ...code.cells import merge_definitions
from ...code.inline_tests import is_guard
from ...code.source import parse
from ...errors import FormatError, Where
from ...model import Block, Definition, Test
from ...plugins import kinds
from . import callback_file, chart_file, own_tests
from .project import Written

_DECORATOR_OF = {"conditional": "condition", "chart": "render"}
_GUARD = """if '{name}' not in globals():
    from mage_ai.data_preparation.decorators import {name}"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """A block file, taken apart; every text is the file's own."""

    prelude: str
    """Imports and definitions above the function, the guards blanked out."""
    function: str
    name: str
    """What it is called."""
    calls: tuple[str, ...]
    """The functions below it by which Mage calls it, where it does so in a roundabout way."""
    tests: tuple[tuple[str, str], ...]
    """Name and text of each test function."""


def decorator_of(kind: str) -> str:
    """What Mage calls the decorator of this kind of block."""
    return _DECORATOR_OF.get(kind, kind)


def compose(block: Block) -> Written:
    """The file's text, and what it alone cannot tell (see `read_body`). Raises FormatError."""
    block = own_tests.bare(block)
    kept = own_tests.beside(block)
    in_file = tuple(test for test in block.tests if test not in kept)
    definitions = merge_definitions(block.captured, *(test.captured for test in in_file))
    _refuse_conflicts(block, definitions)
    decorator = decorator_of(block.kind)
    used = {decorator, "test"} if in_file else {decorator}
    _refuse_decorators(block, used & {each.name for each in definitions})
    imports = [each.source for each in definitions if each.sort == "import"]
    imports.sort(key=lambda source: not source.startswith("from __future__"))
    guards = [_GUARD.format(name=name) for name in sorted(used, key=lambda name: name == "test")]
    top = "\n\n".join(part for part in ("\n".join(imports), "\n".join(guards)) if part)
    names = {each.name for each in definitions}
    sections = [top, *(each.source for each in definitions if each.sort != "import")]
    sections += _functions(block, decorator, names)
    called = _test_functions(in_file, names)
    sections += [own_tests.text(test, block, called[test.name]) for test in in_file]
    return Written(
        text="\n\n\n".join(sections) + "\n",
        ours=_hints(block, in_file, called) | own_tests.notes(block, in_file, called) | _kept_text(block),
    )


def _kept_text(block: Block) -> dict[str, str]:
    """The body of a block whose file is not taken apart again."""
    return {"source": block.source} if block.kind in kinds and kinds.get(block.kind).aside else {}


def _functions(block: Block, decorator: str, taken: set[str]) -> list[str]:
    """The block's function, and below it those that Mage calls where it would not call that one."""
    kind = kinds.get(block.kind) if block.kind in kinds else None
    if kind is not None and kind.aside:
        called = function.free_name(block.name, taken)
        return [function.to_function(block, decorator=decorator, called=called), chart_file.shown(called)]
    if kind is None or not kind.watches:
        return [function.to_function(block, decorator=decorator, taken=taken)]
    called = function.free_name(block.name, taken)
    while callback_file.needed(called) & taken:
        called = function.free_name(f"{called}_block", taken)
    own = function.to_function(block, decorator=decorator, called=called, given=kind.gives)
    return [own, *callback_file.calls(called, block.on)]


def _test_functions(tests: Iterable[Test], taken: set[str]) -> dict[str, str]:
    """A function name for each test, no two the same; a function of the cell keeps its own."""
    called = {test.name: test.name for test in tests if own_tests.is_function(test)}
    for test in tests:
        if test.name in called:
            continue
        name = function.called_test(test.name)
        while name in taken or name in called.values():
            name += "_"
        called[test.name] = name
    return called


def _refuse_decorators(block: Block, clash: set[str]) -> None:
    if clash:
        name = min(clash)
        raise FormatError(
            f"uses {name} from a plain cell, and Mage's decorator has that name",
            where=Where(block=block.name),
            hint=f"give the function or constant {name} another name",
        )


def _refuse_conflicts(block: Block, definitions: Iterable[Definition]) -> None:
    merged = {each.name: each for each in definitions}
    for test in block.tests:
        for each in test.captured:
            if each.source != merged[each.name].source:
                raise FormatError(
                    f"{each.name} is one thing to the block and another to its test {test.name}, and a file has room for one",
                    where=Where(block=block.name),
                    hint=f"run the cell of {block.name} again, then its tests",
                )


def _hints(block: Block, in_file: Iterable[Test], called: Mapping[str, str]) -> dict[str, Any]:
    """Only what differs from the ordinary: how the output is said, newlines at the end of a body."""
    hints: dict[str, Any] = {}
    rule = function.output_rule(block.source, block.name)
    if rule:
        hints["output"] = rule
    if newlines := _newlines(block.source):
        hints["newlines"] = newlines
    tests = [test for test in in_file if not test.inline]
    hints["test_newlines"] = {test.name: _newlines(test.source) for test in tests if _newlines(test.source)}
    hints["test_names"] = {called[test.name]: test.name for test in tests if called[test.name] != test.name}
    hints["test_empty"] = [test.name for test in tests if not parse(test.source).body]
    return {key: value for key, value in hints.items() if value}


def _newlines(source: str) -> int:
    return len(source) - len(source.rstrip("\n"))


def split(text: str, decorator: str, also: Collection[str] = ()) -> Parts:
    """The parts of a file that `compose` wrote, perhaps edited since. Raises FormatError where it has another shape.

    ``also`` are functions below the block's that are no tests to Mage."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise FormatError(f"the file does not parse: {error}") from error
    lines = text.split("\n")
    starts = [_first_line(node) for node in tree.body] + [len(lines) + 1]
    main = callback_file.main(tree.body)
    roundabout = main is not None
    if main is None:
        main = next((i for i, node in enumerate(tree.body) if _decorated(node, decorator)), None)
    if main is None:
        raise FormatError(f"no function with @{decorator}")
    above = lines[: starts[main] - 1]
    for node in tree.body[:main]:
        if is_guard(node):
            above[node.lineno - 1 : node.end_lineno] = [""] * ((node.end_lineno or 0) - node.lineno + 1)
    below = [
        (getattr(node, "name", ""), "\n".join(lines[starts[index] - 1 : starts[index + 1] - 1]).rstrip("\n"))
        for index, node in enumerate(tree.body)
    ][main:]
    name, function_text = below[0]
    helpers = callback_file.needed(name) if roundabout else frozenset()
    tests = [each for each in below[1:] if each[0] not in helpers]
    for (each, _), node, start in zip(below[1:], tree.body[main + 1 :], starts[main + 1 :], strict=False):
        if each not in helpers and each not in also and not _decorated(node, "test"):
            raise FormatError(f"something other than a test below the function (line {start})")
    calls = tuple(text for each, text in below[1:] if each in helpers)
    return Parts(prelude="\n".join(above), function=function_text, name=name, calls=calls, tests=tuple(tests))


def _first_line(node: ast.stmt) -> int:
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(each.lineno for each in decorators)])


def _decorated(node: ast.stmt, name: str) -> bool:
    if not isinstance(node, ast.FunctionDef) or len(node.decorator_list) != 1:
        return False
    return isinstance(node.decorator_list[0], ast.Name) and node.decorator_list[0].id == name


def read_body(parts: Parts, hints: Mapping[str, Any], parameters: Iterable[str]) -> function.Body:
    """The cell's body. Raises FormatError."""
    return function.to_body(
        parts.function,
        parameters=parameters,
        output=str(hints.get("output", "")),
        newlines=_count(hints.get("newlines")),
    )


def read_tests(parts: Parts, hints: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Name and body of each test that is a cell of its own. Raises FormatError."""
    own = {*own_tests.functions(hints), str(hints.get("schema_test", ""))}
    newlines = hints.get("test_newlines")
    counts = newlines if isinstance(newlines, Mapping) else {}
    names = hints.get("test_names")
    renamed = names if isinstance(names, Mapping) else {}
    listed = hints.get("test_empty")
    empty = listed if isinstance(listed, list) else []
    found = []
    for called, text in parts.tests:
        if called in own:
            continue
        name = str(renamed.get(called, called))
        rule = function.EMPTY if name in empty else function.AS_WRITTEN
        found.append((name, function.to_body(text, output=rule, newlines=_count(counts.get(name))).source))
    return found


def _count(value: Any) -> int:
    return int(value) if type(value) is int and 0 <= value < 1000 else 0
