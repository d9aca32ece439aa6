"""Tests in a block's own cell: ``@test`` functions, as in Mage's block files, and the header's ``--schema``. Runs nothing."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from ..errors import DefinitionError, UnknownNameError, Where, nearest, unknown
from ..model import Block, Definition, Test
from .capture import Ledger
from .names import analyse
from .source import MANY, transform_magics, uses_magics

SCHEMA = "schema"
"""The name of the test that a header's ``--schema`` makes."""
_DECORATOR = "test"
_MAGE_DECORATORS = "mage_ai.data_preparation.decorators"


@dataclass(frozen=True, slots=True)
class Found:
    """A ``@test`` function: its text without that decorator, and the line of the body (from 1) where the text starts."""

    name: str
    source: str
    line: int
    function: ast.FunctionDef


@lru_cache(maxsize=MANY)
def split(source: str) -> tuple[str, tuple[Found, ...]]:
    """The body without its ``@test`` functions, every line in its place, and these functions.

    >>> body, found = split("1 + 1\\n@test\\ndef positive(output, *args):\\n    assert output > 0")
    >>> body, [(each.name, each.line) for each in found]
    ('1 + 1\\n\\n\\n', [('positive', 3)])
    """
    if f"@{_DECORATOR}" not in source:
        return source, ()
    try:
        tree = ast.parse(transform_magics(source) if uses_magics(source) else source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return source, ()  # whoever checks the body says it
    found = [node for node in tree.body if isinstance(node, ast.FunctionDef) and any(map(_is_test, node.decorator_list))]
    if not found or _DECORATOR in analyse(ast.Module(body=_own(tree.body), type_ignores=[])).binds:
        return source, ()
    lines = source.split("\n")
    left = list(lines)
    for node in (*found, *(each for each in tree.body if is_guard(each, _DECORATOR))):
        first, last = _first_line(node), node.end_lineno or node.lineno
        left[first - 1 : last] = [""] * (last - first + 1)
    return "\n".join(left), tuple(_found(node, lines) for node in found)


def without(source: str) -> str:
    """The body that runs: its ``@test`` functions are blank lines."""
    return split(source)[0]


def _is_test(decorator: ast.expr) -> bool:
    return isinstance(decorator, ast.Name) and decorator.id == _DECORATOR


def _own(body: Iterable[ast.stmt]) -> list[ast.stmt]:
    """Without what only brings Mage's own decorator, guarded or not."""
    return [node for node in body if not is_guard(node, _DECORATOR) and getattr(node, "module", "") != _MAGE_DECORATORS]


def is_guard(node: ast.stmt, name: str = r"\w+") -> bool:
    """``if 'test' not in globals(): from mage_ai… import test``."""
    return isinstance(node, ast.If) and bool(re.fullmatch(rf"'{name}' not in globals\(\)", ast.unparse(node.test)))


def _first_line(node: ast.stmt) -> int:
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(each.lineno for each in decorators)])


def _found(node: ast.FunctionDef, lines: list[str]) -> Found:
    others = [each for each in node.decorator_list if not _is_test(each)]
    start = min([node.lineno, *(each.lineno for each in others)])
    text = lines[start - 1 : node.end_lineno]
    for each in node.decorator_list:
        if _is_test(each) and each.lineno >= start:
            text[each.lineno - start] = ""
    return Found(node.name, "\n".join(text), start, node)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """What a cell's tests are looked up in: plain cells, the notebook's values, names of blocks."""

    ledger: Ledger
    known: Collection[str] = ()
    namespace: Mapping[str, Any] | None = None


def of_block(block: Block, cell: Cell) -> tuple[Test, ...]:
    """The tests of a block's own cell, with what they need captured.

    Raises DefinitionError, with the cell's line, for a function that asks for what the block has not.
    """
    made = [_schema(block, block.schema, cell)] if block.schema else []
    body, found = split(block.source)
    for each in found:
        _check_arguments(block, each)
        captured = _prelude(body) if block.is_file else _captured(block, each, body, cell)
        if any(test.name == each.name for test in made):
            raise DefinitionError(
                f"{block.name} has two tests with the name {each.name}",
                where=Where(block=block.name, line=each.line + block.starts - 1),
                hint="give one another name",
            )
        made.append(
            Test(
                name=each.name, source=each.source, captured=captured, inline=True, line=each.line + block.starts - 1,
                cell=block.cell, cell_number=block.cell_number,
            )
        )  # fmt: skip
    return tuple(made)


def _check_arguments(block: Block, found: Found) -> None:
    """Mage gives the output by place; what stands behind it has to be an upstream or a parameter of the block."""
    arguments, where = found.function.args, Where(block=block.name, line=found.line + block.starts - 1)
    positional = [*arguments.posonlyargs, *arguments.args]
    if not positional and arguments.vararg is None:
        raise DefinitionError(
            f"@test {found.name} takes nothing: the output comes first",
            where=where,
            hint=f"def {found.name}(output, *args)",
        )
    if block.is_file:
        return
    has = {*block.upstreams, *block.reads, *(each.name for each in block.parameters)}
    for name in asked(found.function):
        if name not in has:
            raise unknown(f"upstream or parameter of {block.name}", name, has, where=where, hint=f"def {found.name}(output, …)")


def asked(function: ast.FunctionDef) -> list[str]:
    """Names that a test function takes beside the output, and has no default for."""
    arguments = function.args
    positional = [*arguments.posonlyargs, *arguments.args]
    needed = positional[1 : len(positional) - len(arguments.defaults)]
    keywords = zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    return [each.arg for each in (*needed, *(each for each, default in keywords if default is None))]


def _captured(block: Block, found: Found, body: str, cell: Cell) -> tuple[Definition, ...]:
    """What the function reads: first of the body's own imports, functions and constants, then of the plain cells."""
    reads = analyse(ast.Module(body=[found.function], type_ignores=[])).reads
    given = {_DECORATOR, block.name, *block.upstreams, *(each.name for each in block.parameters), *cell.known}
    both, bound = cell.ledger.with_cell(body)
    inner = both.resolve([name for name in reads if name in bound and name not in given])
    outer = cell.ledger.resolve([name for name in reads if name not in bound and name not in given], cell.namespace)
    for leak in inner.leaks:
        raise DefinitionError(
            f"@test {found.name} reads {leak.name}, which the body computes; a test has the output and the inputs",
            where=Where(block=block.name, line=found.line + block.starts - 1),
            hint=f"put {leak.name} into the output, or compute it in the test",
        )
    return tuple({each.name: each for each in (*outer.captured, *inner.captured)}.values())


def _prelude(body: str) -> tuple[Definition, ...]:
    """Of a Mage file, all that is no block: its imports and helpers."""
    tree = ast.parse(body)
    lines = body.split("\n")
    for node in tree.body:
        if getattr(node, "decorator_list", None) or is_guard(node):
            first, last = _first_line(node), node.end_lineno or node.lineno
            lines[first - 1 : last] = [""] * (last - first + 1)
    text = "\n".join(lines).strip("\n")
    return (Definition(name="file", source=text, sort="code"),) if text else ()


# ---- the schema


def _schema(block: Block, schema: str, cell: Cell) -> Test:
    """The header's schema as a test: pandera's own words, so that real Mage checks it too."""
    head, _, rest = schema.partition(".")
    found = cell.ledger.resolve([head], cell.namespace)
    captured = found.captured
    where = Where(block=block.name, cell=block.cell_number, line=1)
    if not any(each.name == head for each in captured):
        if not rest or found.leaks:
            raise _no_schema(schema, cell, where)
        captured = (Definition(name=head, source=f"import {schema.rpartition('.')[0]}", sort="import"),)
    elif cell.namespace is not None and not rest and not callable(getattr(cell.namespace.get(head), "validate", None)):
        raise DefinitionError(
            f"--schema {schema}: {schema} is of type {type(cell.namespace.get(head)).__name__}, not a pandera schema",
            where=where,
            hint=f"{schema} = pandera.pandas.DataFrameSchema({{…}}), or a class of DataFrameModel",
        )
    source = f"{schema}.validate({block.name}, lazy=True)"
    return Test(
        name=SCHEMA, source=source, captured=captured, inline=True, line=1, cell=block.cell, cell_number=block.cell_number
    )  # fmt: skip


def _no_schema(schema: str, cell: Cell, where: Where) -> UnknownNameError:
    names = cell.namespace if cell.namespace is not None else ()
    there = [name for name in names if callable(getattr(names[name], "validate", None))] if names else []
    if schema in names:
        return UnknownNameError(
            f"--schema {schema}: {schema} is made where no clean run can find it",
            where=where,
            hint=f"{schema} = …DataFrameSchema({{…}}) in a plain cell, a DataFrameModel, or from schemas import {schema}",
        )
    guess = nearest(schema, there)
    ask = f" Did you mean {guess}?" if guess else ""
    return UnknownNameError(
        f"--schema {schema}: no such name.{ask}",
        where=where,
        hint=f"run the cell that makes it, or import it: from schemas import {schema}",
    )


def merged(own: Iterable[Test], old: Iterable[Test]) -> tuple[Test, ...]:
    """A redefined block's tests: those of its own cell as they are now, and those of other cells as they were."""
    new = tuple(own)
    names = {each.name for each in new}
    return (*new, *(each for each in old if not each.inline and each.name not in names))


def free_name(tests: Iterable[Test]) -> str:
    """``test_2`` for a second test that has no name of its own."""
    taken = {each.name for each in tests}
    number = len(taken) + 1
    while f"test_{number}" in taken:
        number += 1
    return f"test_{number}"
