"""A name that a body reads from outside, called otherwise in its text; and a block's new name in all that reads it.

Scopes are minded, nothing else of a text changes, and what is not sure is left.
"""

from __future__ import annotations

import ast
import dataclasses
import re
from collections.abc import Iterable

from ..model import Block, Pipeline, Test
from ..plugins import languages
from .names import analyse
from .source import uses_magics


class _NotSure(Exception):
    """The name is bound by something other than a plain name: a function, an import, ``global`` …"""


class _Uses(ast.NodeVisitor):
    """The nodes that mean the body's outermost ``name``."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.found: list[ast.Name] = []

    def all(self, nodes: Iterable[ast.AST | None]) -> None:
        for node in nodes:
            if node is not None:
                self.visit(node)

    def visit_Name(self, node: ast.Name) -> None:
        if node.id == self.name:
            self.found.append(node)

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self._bound(node.name)
        arguments = node.args
        own = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
        own += [each for each in (arguments.vararg, arguments.kwarg) if each]
        self.all([*node.decorator_list, *arguments.defaults, *arguments.kw_defaults, node.returns])
        self.all(each.annotation for each in own)
        self._function(node.body, {each.arg for each in own})

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_Lambda(self, node: ast.Lambda) -> None:
        arguments = node.args
        self.all([*arguments.defaults, *arguments.kw_defaults])
        own = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
        self._function([node.body], {each.arg for each in own if each})

    def _function(self, body: list[ast.stmt] | list[ast.expr], arguments: set[str]) -> None:
        module = ast.Module(body=[each if isinstance(each, ast.stmt) else ast.Expr(each) for each in body], type_ignores=[])
        if self.name not in arguments and self.name not in analyse(module).binds:
            self.all(body)
        elif any(isinstance(each, ast.Global | ast.Nonlocal) and self.name in each.names for each in ast.walk(module)):
            raise _NotSure

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self._bound(node.name)
        if self.name in analyse(ast.Module(body=node.body, type_ignores=[])).binds:
            raise _NotSure
        self.generic_visit(node)

    def _comprehension(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp) -> None:
        targets = {n.id for each in node.generators for n in ast.walk(each.target) if isinstance(n, ast.Name)}
        if self.name in targets:
            self.visit(node.generators[0].iter)
        else:
            self.generic_visit(node)

    visit_ListComp = visit_SetComp = visit_GeneratorExp = visit_DictComp = _comprehension

    def visit_Import(self, node: ast.Import | ast.ImportFrom) -> None:
        for each in node.names:
            self._bound(each.asname or each.name.split(".")[0])

    visit_ImportFrom = visit_Import

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        self._bound(node.name)
        self.generic_visit(node)

    def visit_Global(self, node: ast.Global | ast.Nonlocal) -> None:
        for each in node.names:
            self._bound(each)

    visit_Nonlocal = visit_Global

    def visit_MatchAs(self, node: ast.MatchAs | ast.MatchStar) -> None:
        self._bound(node.name)
        self.generic_visit(node)

    visit_MatchStar = visit_MatchAs

    def visit_MatchMapping(self, node: ast.MatchMapping) -> None:
        self._bound(node.rest)
        self.generic_visit(node)

    def _bound(self, name: str | None) -> None:
        if name == self.name:
            raise _NotSure


def rename_free(source: str, old: str, new: str, *, own: bool = False) -> str | None:
    """The body with the outside name ``old`` called ``new``; None where that cannot be done for sure.

    With ``own``, also where the body only binds it: the variable that is a block's output.

    >>> rename_free("raw = raw.dropna()\\n[raw for raw in rows]  # raw", "raw", "source")
    'source = source.dropna()\\n[raw for raw in rows]  # raw'
    >>> rename_free("clean = raw.dropna()", "clean", "cleaned", own=True)
    'cleaned = raw.dropna()'
    """
    if uses_magics(source):
        return None if re.search(rf"\b{re.escape(old)}\b", source) else source
    try:
        tree = ast.parse(source)
        uses = _Uses(old)
        uses.visit(tree)
    except (_NotSure, SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    names = analyse(tree)
    if old not in names.reads and not (own and old in names.binds):
        return source
    if new in {*names.reads, *names.binds}:
        return None
    lines = source.encode().splitlines(keepends=True)
    for node in sorted(uses.found, key=lambda each: (each.lineno, each.col_offset), reverse=True):
        line, start = lines[node.lineno - 1], node.col_offset
        if line[start : start + len(old.encode())] != old.encode():  # inside an f-string, places are not exact
            return None
        lines[node.lineno - 1] = line[:start] + new.encode() + line[start + len(old.encode()) :]
    text = b"".join(lines).decode()
    for node in uses.found:
        node.id = new
    try:
        return text if uses.found and ast.dump(ast.parse(text)) == ast.dump(tree) else None
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def follow(pipeline: Pipeline, old: str, new: str) -> tuple[Pipeline, list[str], tuple[Test, ...]]:
    """The pipeline without block ``old``, where all that named it names ``new``; the places that say ``old``; and its tests.

    A place is a block or test with its cell, as a person reads it. A body that cannot be changed for sure keeps its name, and
    waits for it.
    """
    places: list[str] = []
    blocks = []
    for block in pipeline:
        if block.name == old:
            continue
        changed = _follow_in(block, old, new)
        if changed is not block or old in (*block.needs, *block.reads):
            places.append(_place(block.name, block.cell_number))
        blocks.append(changed)
    renamed = pipeline[old]
    tests = []
    for test in renamed.tests:
        source = languages.get("python").rename(test.source, old, new)
        places.append(_place(f"test {test.name}", test.cell_number))
        tests.append(dataclasses.replace(test, source=test.source if source is None else source))
    return dataclasses.replace(pipeline, blocks=tuple(blocks)), places, tuple(tests)


def _follow_in(block: Block, old: str, new: str) -> Block:
    reads = old in block.reads
    if not reads and old not in (*block.needs, block.mapped):
        return block
    source: str | None = block.source
    if block.language in languages and not block.is_file:  # a Mage file gets its inputs by place
        source = languages.get(block.language).rename(block.source, old, new)
    if source is None:
        return block

    def swapped(names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(new if name == old else name for name in names)

    return dataclasses.replace(
        block,
        source=source,
        upstreams=swapped(block.upstreams),
        after=swapped(block.after),
        reads=swapped(block.reads),
        mapped=new if block.mapped == old else block.mapped,
        header="",
    )


def _place(name: str, cell: int | None) -> str:
    return name if cell is None else f"{name} [{cell}]"
