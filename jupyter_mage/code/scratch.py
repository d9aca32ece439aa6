"""A block's body as a plain cell, to step through: no top-level ``return``, no decorators of Mage. Runs nothing."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from ..model import Block
from .function import DECORATORS, INDENT, NAME, mage_decorator, output_rule, string_lines
from .source import parse, uses_magics


def plain(block: Block, parameters: Sequence[str] = ()) -> str:
    """What a plain cell runs where upstreams and parameters have their names; its last line shows the output.

    >>> print(plain(Block(name="big", source="return orders[orders.n > 3]", upstreams=("orders",))))
    orders[orders.n > 3]
    """
    if block.is_file and mage_decorator(block.source):
        return _mage_file(block, parameters)
    source = block.source.rstrip("\n")
    tree = parse(source, block=block.name)
    returns = [node for node in _own_scope(tree) if isinstance(node, ast.Return)]
    if not returns:
        return f"{source}\n{block.name}" if output_rule(source, block.name) == NAME else source
    if returns == tree.body[-1:] and not uses_magics(source):
        return _without_return(source, returns[0])
    return _in_function(block, parameters, source, tree)


def _own_scope(tree: ast.Module) -> list[ast.AST]:
    """All nodes but those inside functions, classes and lambdas."""
    found: list[ast.AST] = []
    waiting: list[ast.AST] = list(tree.body)
    while waiting:
        node = waiting.pop(0)
        found.append(node)
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            waiting.extend(ast.iter_child_nodes(node))
    return found


def _without_return(source: str, last: ast.Return) -> str:
    """The word ``return`` is taken from the last statement; lines keep their numbers."""
    lines = source.split("\n")
    line, start = lines[last.lineno - 1].encode(), last.col_offset
    rest = line[start + len("return") :]
    for changed, end in ((line[:start] + rest.lstrip(b" "), ""), (line[:start] + b"(" + rest, "\n)")):
        text = "\n".join([*lines[: last.lineno - 1], changed.decode(), *lines[last.lineno :]]) + end
        if _parses(text):  # not where the value was spread over lines by the word's own line: then parentheses hold it
            break
    return text.rstrip("\n")


def _parses(text: str) -> bool:
    try:
        ast.parse(text)
    except SyntaxError:
        return False
    return True


def _in_function(block: Block, parameters: Sequence[str], source: str, tree: ast.Module) -> str:
    """A body that returns in the middle stays a function, which is called."""
    inside = string_lines(source)
    lines = [line if number in inside or not line else f"{INDENT}{line}" for number, line in enumerate(source.split("\n"), 1)]
    if output_rule(source, block.name) == NAME:
        lines.append(f"{INDENT}return {block.name}")
    waits = any(isinstance(node, ast.Await | ast.AsyncFor | ast.AsyncWith) for node in _own_scope(tree))
    names = ", ".join((*block.upstreams, *parameters))
    call = f"{block.name}({names})"
    head = f"async def {call}:" if waits else f"def {call}:"
    return "\n".join([head, *lines, "", f"await {call}" if waits else call])


def _mage_file(block: Block, parameters: Sequence[str]) -> str:
    """A block file without the guarded imports and decorators of Mage; its function is called as Mage does."""
    tree = ast.parse(block.source)
    ours = {*DECORATORS, "test", "preprocesser", "on_success", "on_failure"}
    lines: list[str | None] = list(block.source.rstrip("\n").split("\n"))
    called = ""
    for node in tree.body:
        guard = isinstance(node, ast.If) and any(isinstance(n, ast.Constant) and n.value in ours for n in ast.walk(node.test))
        if guard:
            lines[node.lineno - 1 : node.end_lineno] = [None] * ((node.end_lineno or node.lineno) - node.lineno + 1)
        for decorator in getattr(node, "decorator_list", []):
            name = decorator.func if isinstance(decorator, ast.Call) else decorator
            if isinstance(name, ast.Name) and name.id in ours:
                first, last = decorator.lineno, decorator.end_lineno or decorator.lineno
                lines[first - 1 : last] = [None] * (last - first + 1)
                called = called or (node.name if name.id in DECORATORS and isinstance(node, ast.FunctionDef) else "")
    given = [*block.upstreams, *(f"{each}={each}" for each in parameters)]
    text = "\n".join(line for line in lines if line is not None).strip("\n")
    return f"{text}\n\n{called}({', '.join(given)})"
