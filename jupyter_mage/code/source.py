"""Python bodies: parsed as a notebook would (``!``, ``%``, ``await``), compiled so that they have one output.

The output is the first of: ``return x``; a variable named like the block; the last expression; nothing.
Line 1 is the header, so every line number is the one seen in the cell.
"""

from __future__ import annotations
import __future__

import ast
import contextlib
import re
import warnings
from functools import lru_cache
from types import CodeType
from typing import Any, TypeVar

from ..errors import BlockSyntaxError, Where
from ..plugins import Names
from . import bodies
from .names import analyse

_MAGIC_LINE = re.compile(r"^\s*(?:[\w.,\s\[\]]*=\s*)?[!%]|^\s*\?|\?\s*$", re.MULTILINE)
MANY = 16_384
"""Bodies of which what was found out is kept."""
AGAIN = "correct the line and run the cell again"


@lru_cache(maxsize=256)
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
        found = f": {text.strip()[:80]!r}" if text.strip() else ""
        raise BlockSyntaxError(f"{error.msg}{found}", where=Where(block=block, line=line), hint=AGAIN) from None
    except (ValueError, RecursionError, MemoryError) as error:
        raise BlockSyntaxError(f"the body does not parse: {error}", where=Where(block=block)) from error


@lru_cache(maxsize=256)
def _shared(source: str) -> ast.Module:
    """The body's tree one line down, below the header: looked at by many, changed by nobody."""
    return _fresh(source)


def _fresh(source: str) -> ast.Module:
    return ast.parse(f"\n{transform_magics(source) if uses_magics(source) else source}")


def check(source: str, *, block: str = "", arguments: tuple[str, ...] = ()) -> None:
    """Raise BlockSyntaxError for a body that does not parse, or parses and does not compile (``break`` outside a loop …).

    It is compiled as a clean run does, with these arguments, so that the run finds it done; where the body says what is global
    itself, as a cell does.
    """
    if bodies.checked(source, block, arguments):
        return
    tree = parse(source, block=block)
    for node in ast.walk(tree) if "import" in source else ():
        if isinstance(node, ast.ImportFrom) and node.names[0].name == "*":
            raise BlockSyntaxError(
                f"from {node.module} import *: it cannot be told what this binds",
                where=Where(block=block, line=node.lineno + 1),
                hint=f"name what you import: from {node.module} import …",
            )
    if "global" in source or "nonlocal" in source or "import *" in source:
        compile_body(source, "", arguments=(), filename="<check>", keep_names=True, block=block)
    else:
        compile_body(source, block, arguments=arguments, filename=f"<block {block}>", keep_names=False, block=block)
    bodies.note_checked(source, block, arguments)


@lru_cache(maxsize=MANY)
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

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of its own: it takes U+2028 in a comment for the end of a line
        return str(TransformerManager().transform_cell(source))  # type: ignore[no-untyped-call]


@lru_cache(maxsize=MANY)
def _read(source: str) -> tuple[Names, str]:
    """Names and normal form of a body, together: its tree is only here now, and is larger than all that is kept of it."""
    known = bodies.known(source)
    if known is not None:
        return known.names, known.normal
    tree = _shared(source)
    spelled: list[str] = []
    with contextlib.suppress(RecursionError, MemoryError):
        _spell(tree, spelled)
        names, normal = analyse(tree), "".join(spelled)
        if not uses_magics(source):  # what those mean, IPython says
            bodies.note(source, names, normal)
        return names, normal
    return analyse(tree), source


def names_in(source: str) -> Names:
    """What the body reads and binds; raises SyntaxError where it does not parse."""
    return _read(source)[0]


def names_of(source: str) -> Names:
    """The same; raises BlockSyntaxError with the cell's line where it does not parse."""
    if bodies.known(source) is None:
        parse(source)
    return names_in(source)


def normalise(source: str) -> str:
    """A text that is equal for bodies that differ only in comments, layout and docstrings."""
    try:
        return _read(source)[1]
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return source


_UNSAID = frozenset({"ctx", "kind", "type_comment"})
"""Fields that follow from the place, or do nothing when the body runs."""


def _spell(node: ast.AST, spelled: list[str]) -> None:
    """The tree as text, fields that are not there left out: the same in each version of Python, and faster than `ast.dump`."""
    for name in node._fields:
        value = getattr(node, name, None)
        if value is None or name in _UNSAID:
            continue
        if isinstance(value, list):
            if value:
                spelled.append(f"{name}[")
                for each in value:
                    _spell_value(each, spelled)
                spelled.append("]")
        else:
            spelled.append(f"{name}=")
            _spell_value(value, spelled)


def _spell_value(value: object, spelled: list[str]) -> None:
    if isinstance(value, ast.AST):
        spelled.append(f"{type(value).__name__}(")
        _spell(value, spelled)
        spelled.append(")")
    else:
        spelled.append(f"{value!r},")


@lru_cache(maxsize=MANY)
def compile_body(
    source: str, name: str, *, arguments: tuple[str, ...], filename: str, keep_names: bool, block: str = ""
) -> tuple[CodeType, bool]:
    """The code of a function ``name(*arguments)``, and whether it is async.

    With ``keep_names`` the names that the body binds become names of that namespace, as in a plain cell; otherwise they are
    locals, as in the exported file.
    """
    try:
        tree = _fresh(source) if keep_names or "__future__" in source else _shared(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        parse(source, block=block)  # says it in our words
        raise
    binds = names_in(source).binds
    body: list[ast.stmt] = list(tree.body)
    flags = _futures(body) if "__future__" in source else 0
    if name in binds and body:
        body.append(_located(ast.Return(value=_located(ast.Name(id=name, ctx=ast.Load()), body[-1])), body[-1]))
    elif body and isinstance(body[-1], ast.Expr):
        body[-1] = _located(ast.Return(value=body[-1].value), body[-1])
    globals_ = [each for each in binds if each not in arguments]
    if keep_names and globals_:
        body[:] = [_Unannotated().visit(each) for each in body]
        body.insert(0, _located(ast.Global(names=globals_), body[0]))
    is_async = ("await" in source or "async" in source) and _awaits(tree)
    function = _function(body or [ast.Pass(lineno=2, col_offset=0)], arguments, is_async)
    try:
        module = compile(ast.Module(body=[function], type_ignores=[]), filename, "exec", flags=flags)
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None)
        raise BlockSyntaxError(str(getattr(error, "msg", error)), where=Where(block=block, line=line), hint=AGAIN) from None
    code = next(each for each in module.co_consts if isinstance(each, CodeType))
    shown = "<module>" if keep_names else name  # in its own cell as a plain cell's code is, elsewhere under the block's name
    return code.replace(co_name=shown, co_qualname=shown), is_async


def _futures(body: list[ast.stmt]) -> int:
    """Take ``from __future__ import …`` out of the body (it may not stand in a function); the compiler flags it means."""
    flags = 0
    for node in [each for each in body if isinstance(each, ast.ImportFrom) and each.module == "__future__"]:
        body.remove(node)
        for alias in node.names:
            flags |= getattr(getattr(__future__, alias.name, None), "compiler_flag", 0)
    return flags


class _Unannotated(ast.NodeTransformer):
    """``x: int = 1`` as ``x = 1``: a name that is global in the function may not be annotated there."""

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:  # noqa: N802 (ast's own names)
        if not isinstance(node.target, ast.Name):
            return node
        if node.value is None:
            return _located(ast.Pass(), node)
        return _located(ast.Assign(targets=[node.target], value=node.value), node)

    def _keep(self, node: ast.AST) -> ast.AST:
        return node

    visit_FunctionDef = visit_AsyncFunctionDef = visit_ClassDef = visit_Lambda = _keep


def _function(body: list[ast.stmt], arguments: tuple[str, ...], is_async: bool) -> ast.stmt:
    def argument(each: str) -> ast.arg:
        return ast.arg(arg=each, lineno=1, col_offset=0)

    maker = ast.AsyncFunctionDef if is_async else ast.FunctionDef
    signature = ast.arguments(
        posonlyargs=[],
        args=[argument(each) for each in arguments],
        vararg=None,
        kwonlyargs=[],
        kw_defaults=[],
        kwarg=None,
        defaults=[],
    )
    return maker(name="block", args=signature, body=body, decorator_list=[], returns=None, lineno=1, col_offset=0)


N = TypeVar("N", bound=ast.AST)


def _located(node: N, like: Any) -> N:
    """``node`` where ``like`` stands."""
    place: Any = node
    place.lineno, place.col_offset = like.lineno, like.col_offset
    place.end_lineno, place.end_col_offset = like.end_lineno, like.end_col_offset
    return node


class _Awaits(ast.NodeVisitor):
    found = False

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        """A nested scope's awaits are its own."""

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        """A nested scope's awaits are its own."""

    def visit_Lambda(self, node: ast.Lambda) -> None:
        """A nested scope's awaits are its own."""

    def visit_Await(self, node: ast.Await) -> None:
        self.found = bool(node)

    def visit_comprehension(self, node: ast.comprehension) -> None:
        self.found = self.found or bool(node.is_async)
        self.generic_visit(node)

    visit_AsyncFor = visit_AsyncWith = visit_Await  # type: ignore[assignment]


def _awaits(tree: ast.Module) -> bool:
    visitor = _Awaits()
    visitor.visit(tree)
    return visitor.found


def awaits(source: str) -> bool:
    """Whether the body itself awaits."""
    return _awaits(_parse(source))


def never_called(source: str) -> list[str]:
    """Functions named ``test_…`` that the body defines and does not mention again."""
    tree = _parse(source)
    defined = [each.name for each in tree.body if isinstance(each, ast.FunctionDef) and each.name.startswith("test_")]
    read = {each.id for each in ast.walk(tree) if isinstance(each, ast.Name)}
    return [name for name in defined if name not in read]


def asserts_nothing(source: str) -> bool:
    """Whether a test's body neither asserts, raises nor calls anything."""
    return not any(isinstance(each, ast.Assert | ast.Raise | ast.Call) for each in ast.walk(_parse(source)))


def docstring(source: str) -> str:
    """The body's docstring, or empty."""
    known = bodies.known(source)
    if known is not None and known.doc is not None:
        return known.doc
    try:
        tree = _parse(source)
        found = ast.get_docstring(tree) or "" if len(tree.body) > 1 else ""
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ""
    bodies.note_doc(source, found)
    return found
