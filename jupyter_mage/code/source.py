"""Python bodies: parsed as a notebook would (``!``, ``%``, ``await``), compiled so that they have one output.

The output is the first of: ``return x``; a variable named like the block; the last expression; nothing.
Line 1 is the header, so every line number is the one seen in the cell.
"""

from __future__ import annotations

import ast
import copy
import re
from functools import lru_cache
from types import CodeType

from ..errors import BlockSyntaxError, Where
from .names import analyse

_MAGIC_LINE = re.compile(r"^\s*(?:[\w.,\s\[\]]*=\s*)?[!%]|^\s*\?|\?\s*$", re.MULTILINE)
FUNCTION = "__block__"


@lru_cache(maxsize=4096)
def _parse(source: str) -> ast.Module:
    try:
        return ast.parse(source)
    except SyntaxError:
        if not uses_magics(source):
            raise
    return ast.parse(transform_magics(source))


def parse(source: str, *, block: str = "") -> ast.Module:
    """The body as a tree; do not change it (it is shared). Raises BlockSyntaxError with the cell's line."""
    try:
        return _parse(source)
    except SyntaxError as error:
        line = (error.lineno or 1) + 1
        text = (error.text or "").rstrip()
        found = f": {text.strip()!r}" if text.strip() else ""
        raise BlockSyntaxError(
            f"{error.msg}{found}", where=Where(block=block, line=line), hint="correct the line and run the cell again"
        ) from error
    except (ValueError, RecursionError, MemoryError) as error:
        raise BlockSyntaxError(f"the body does not parse: {error}", where=Where(block=block)) from error


def uses_magics(source: str) -> bool:
    """Whether the source has lines that only IPython reads (``!ls``, ``%time``)."""
    if not _MAGIC_LINE.search(source):
        return False
    try:
        ast.parse(source)
    except (SyntaxError, ValueError):
        return True
    return False


def transform_magics(source: str) -> str:
    """The source with IPython's own lines made Python, line for line."""
    from IPython.core.inputtransformer2 import TransformerManager

    return str(TransformerManager().transform_cell(source))  # type: ignore[no-untyped-call]


def bound_at_top(tree: ast.Module, name: str) -> bool:
    """Whether the body itself (not a function in it) binds ``name``."""
    return name in analyse(tree).binds


def normalise(source: str) -> str:
    """A text that is equal for bodies that differ only in comments, layout and docstrings."""
    return _normalise(source)


@lru_cache(maxsize=8192)
def _normalise(source: str) -> str:
    try:
        tree = _parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return source
    return ast.dump(tree)


def compile_body(
    source: str, name: str, *, arguments: tuple[str, ...], filename: str, keep_names: bool, block: str = ""
) -> tuple[CodeType, bool]:
    """Code that defines the function ``__block__(*arguments)`` in the namespace it is executed in, and whether it is async.

    With ``keep_names`` the names that the body binds become names of that namespace, as in a plain cell; otherwise they are
    locals, as in the exported file.
    """
    tree = parse(source, block=block)
    fresh = copy.deepcopy(tree)
    body = list(fresh.body)
    bound = bound_at_top(tree, name)
    if bound:
        body.append(ast.Return(value=ast.Name(id=name, ctx=ast.Load())))
    elif body and isinstance(body[-1], ast.Expr) and not _is_docstring_only(body):
        last = body[-1]
        body[-1] = ast.copy_location(ast.Return(value=last.value), last)
    if keep_names:
        globals_ = [each for each in analyse(tree).binds if each not in arguments]
        if globals_:
            body.insert(0, ast.Global(names=globals_))
    is_async = _awaits(fresh)
    maker = ast.AsyncFunctionDef if is_async else ast.FunctionDef
    function = maker(
        name=FUNCTION,
        args=ast.arguments(
            posonlyargs=[],
            args=[ast.arg(arg=each) for each in arguments],
            vararg=None,
            kwonlyargs=[],
            kw_defaults=[],
            kwarg=None,
            defaults=[],
        ),
        body=body or [ast.Pass()],
        decorator_list=[],
        returns=None,
    )
    module = ast.Module(body=[function], type_ignores=[])
    ast.increment_lineno(module, 1)
    ast.fix_missing_locations(module)
    try:
        return compile(module, filename, "exec"), is_async
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None)
        raise BlockSyntaxError(str(getattr(error, "msg", error)), where=Where(block=block, line=line)) from error


def _is_docstring_only(body: list[ast.stmt]) -> bool:
    only = body[0]
    return (
        len(body) == 1
        and isinstance(only, ast.Expr)
        and isinstance(only.value, ast.Constant)
        and isinstance(only.value.value, str)
    )


class _Awaits(ast.NodeVisitor):
    found = False

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        """A nested scope's awaits are its own."""

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        """A nested scope's awaits are its own."""

    def visit_Lambda(self, node: ast.Lambda) -> None:
        """A nested scope's awaits are its own."""

    def visit_Await(self, node: ast.Await) -> None:
        self.found = True

    visit_AsyncFor = visit_AsyncWith = visit_Await  # type: ignore[assignment]  # noqa: N815


def _awaits(tree: ast.Module) -> bool:
    visitor = _Awaits()
    visitor.visit(tree)
    return visitor.found


def docstring(source: str) -> str:
    """The body's docstring, or empty."""
    try:
        return ast.get_docstring(_parse(source)) or ""
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ""
