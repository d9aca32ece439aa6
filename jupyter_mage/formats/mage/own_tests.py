"""Tests that Mage knows in another form, or not at all: ``@test`` functions of the cell, schemas, tests that look at inputs.

A test of the cell is written below the block's function as it stands there. Mage hands a test the output only: one that wants
more is kept beside the block's other notes, or stands in the file without the decorator.
"""

from __future__ import annotations

import ast
import dataclasses
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from ...code import cells, function, inline_tests
from ...code.capture import Ledger
from ...model import Block, Test
from ...plugins import languages

_BETWEEN = "\n\n\n@test\n"


def is_function(test: Test) -> bool:
    """Whether it is a ``@test`` function of its block's cell."""
    return test.inline and test.line > 1


def bare(block: Block) -> Block:
    """The block with the body that runs: its ``@test`` functions are out of it."""
    if not any(map(is_function, block.tests)):
        return block
    return dataclasses.replace(block, source=inline_tests.without(block.source).rstrip("\n"))


def wants_inputs(test: Test, block: Block) -> bool:
    """Whether it looks at more than the output, which is all that Mage gives it."""
    if is_function(test):
        return bool(inline_tests.asked(_node(test)))
    reads = languages.get("python").names(test.source).reads
    return bool({*block.upstreams, *(each.name for each in block.parameters)} & set(reads))


def _node(test: Test) -> ast.FunctionDef:
    return next(each for each in ast.parse(test.source).body if isinstance(each, ast.FunctionDef))


def beside(block: Block) -> list[Test]:
    """The tests that the file has no place for."""
    return [test for test in block.tests if not test.inline and wants_inputs(test, block)]


def text(test: Test, block: Block, called: str) -> str:
    """The test as it stands in the file."""
    if not is_function(test):
        return function.to_test(test, block.name, called=called)
    return test.source if wants_inputs(test, block) else f"@test\n{test.source}"


def note(test: Test) -> dict[str, str]:
    """A test as a note."""
    uses = "\n\n\n".join(each.source for each in test.captured)
    return {"name": test.name, "source": test.source} | ({"uses": uses} if uses else {})


def notes(block: Block, in_file: Iterable[Test], called: Mapping[str, str]) -> dict[str, Any]:
    """What the file alone cannot tell of the tests."""
    mine = [test.name for test in in_file if is_function(test)]
    schema = next((called[test.name] for test in in_file if test.inline and test.line == 1), "")
    others = [test for test in block.tests if not test.inline]
    kept = [note(test) | {"at": others.index(test)} for test in beside(block)]
    found = {"own_tests": mine, "schema_test": schema, "tests": kept}
    return {key: value for key, value in found.items() if value}


def schema_note(block: Block) -> dict[str, Any]:
    """Where the file has no room for Python: what the block's schema is made of."""
    schema = next((test for test in block.tests if test.inline and test.line == 1), None)
    return {"schema_uses": note(schema)["uses"]} if schema is not None and schema.captured else {}


def functions(ours: Mapping[str, Any]) -> list[str]:
    """Names of the functions in the file that are tests of the cell."""
    listed = ours.get("own_tests")
    return [each for each in listed if isinstance(each, str)] if isinstance(listed, list) else []


def joined(body: str, tests: Iterable[tuple[str, str]], names: Collection[str]) -> str:
    """The cell's body with its ``@test`` functions below, as they are usually written."""
    found = [source.removeprefix("@test\n") for name, source in tests if name in names]
    return body + "".join(_BETWEEN + source for source in found)


def kept(block: Block, ours: Mapping[str, Any], known: tuple[str, ...], others: Iterable[Test] = ()) -> tuple[Test, ...]:
    """All tests of the block: its cell's own, ``others`` that stand in the file, and those that stand in the notes."""
    made = list(others)
    listed = ours.get("tests")
    given = {*block.upstreams, *block.reads, *(each.name for each in block.parameters)}
    for each in listed if isinstance(listed, list) else []:
        if not isinstance(each, Mapping):
            continue
        ledger = Ledger()
        ledger.note(str(each.get("uses", "")))
        name, source, at = str(each.get("name", "")), str(each.get("source", "")), each.get("at")
        test, _ = cells.define_test(block.name, name, source, ledger, known=known, given=given)
        made.insert(at if type(at) is int and at >= 0 else len(made), test)
    return inline_tests.merged([test for test in block.tests if test.inline], made)
