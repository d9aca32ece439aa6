"""Which names a Python body reads from outside and which it binds: scope analysis in evaluation order.

Careful rather than clever: a name bound only on one branch and read later counts as read, since a run might need it.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterable, Sequence
from functools import lru_cache

from ..plugins import Names

BUILTINS = frozenset(dir(builtins)) | {"__name__", "__file__", "__doc__", "get_ipython"}


class _Scope:
    """Names of one scope while it is read: bound for sure so far, bound anywhere, read before bound, read later by functions."""

    def __init__(self) -> None:
        self.bound: set[str] = set()
        self.binds: dict[str, None] = {}
        self.reads: dict[str, None] = {}
        self.later: dict[str, None] = {}

    def bind(self, name: str) -> None:
        self.bound.add(name)
        self.binds.setdefault(name)

    def read(self, name: str) -> None:
        if name not in self.bound:
            self.reads.setdefault(name)


class _Reader(ast.NodeVisitor):
    def __init__(self, scope: _Scope) -> None:
        self.scope = scope

    def all(self, nodes: Iterable[ast.AST | None]) -> None:
        for node in nodes:
            if node is not None:
                self.visit(node)

    def visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Load):
            self.scope.read(node.id)
        elif isinstance(node.ctx, ast.Store):
            self.scope.bind(node.id)
        else:
            self.scope.read(node.id)
            self.scope.bound.discard(node.id)

    def visit_Assign(self, node: ast.Assign) -> None:
        self.all([node.value, *node.targets])

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        self.all([node.annotation, node.value])
        if node.value is not None or not isinstance(node.target, ast.Name):
            self.visit(node.target)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        if isinstance(node.target, ast.Name):
            self.scope.read(node.target.id)
        self.all([node.value, node.target])

    def visit_NamedExpr(self, node: ast.NamedExpr) -> None:
        self.all([node.value, node.target])

    def visit_For(self, node: ast.For | ast.AsyncFor) -> None:
        self.visit(node.iter)
        self._branches([[node.target, *node.body], node.orelse])

    visit_AsyncFor = visit_For

    def visit_While(self, node: ast.While) -> None:
        self.visit(node.test)
        self._branches([node.body, node.orelse])

    def visit_If(self, node: ast.If) -> None:
        self.visit(node.test)
        self._branches([node.body, node.orelse], covers=True)

    def visit_Try(self, node: ast.Try) -> None:
        self._branches([[*node.body, *node.orelse], *([handler] for handler in node.handlers)], covers=True)
        self.all(node.finalbody)

    visit_TryStar = visit_Try  # type: ignore[assignment]

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        self.all([node.type])
        if node.name:
            self.scope.bind(node.name)
        self.all(node.body)
        if node.name:
            self.scope.bound.discard(node.name)

    def visit_With(self, node: ast.With | ast.AsyncWith) -> None:
        for item in node.items:
            self.all([item.context_expr, item.optional_vars])
        self.all(node.body)

    visit_AsyncWith = visit_With

    def visit_Match(self, node: ast.Match) -> None:
        self.visit(node.subject)
        self._branches([[case] for case in node.cases])

    def visit_match_case(self, node: ast.match_case) -> None:
        self.all([node.pattern, node.guard, *node.body])

    def visit_MatchAs(self, node: ast.MatchAs) -> None:
        self.all([node.pattern])
        if node.name:
            self.scope.bind(node.name)

    def visit_MatchStar(self, node: ast.MatchStar) -> None:
        if node.name:
            self.scope.bind(node.name)

    def visit_MatchMapping(self, node: ast.MatchMapping) -> None:
        self.all([*node.keys, *node.patterns])
        if node.rest:
            self.scope.bind(node.rest)

    def visit_Import(self, node: ast.Import | ast.ImportFrom) -> None:
        for alias in node.names:
            if alias.name != "*":
                self.scope.bind(alias.asname or alias.name.split(".")[0])

    visit_ImportFrom = visit_Import

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        arguments = node.args
        self.all([*node.decorator_list, *arguments.defaults, *arguments.kw_defaults, node.returns])
        self.all(argument.annotation for argument in _arguments(arguments))
        self.scope.bind(node.name)
        self._inner(node.body, [argument.arg for argument in _arguments(arguments)])

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self.all([*node.args.defaults, *node.args.kw_defaults])
        self._inner([node.body], [argument.arg for argument in _arguments(node.args)])

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self.all([*node.decorator_list, *node.bases, *(keyword.value for keyword in node.keywords)])
        inner = _Scope()
        inner.bound = set()
        _Reader(inner).all(node.body)
        for name in inner.reads:
            self.scope.read(name)
        for name in inner.later:
            self.scope.later.setdefault(name)
        self.scope.bind(node.name)

    def _comprehension(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp) -> None:
        self.visit(node.generators[0].iter)
        inner = _Scope()
        reader = _Reader(inner)
        for index, generator in enumerate(node.generators):
            if index:
                reader.visit(generator.iter)
            reader.all([generator.target, *generator.ifs])
        targets = {name.id for gen in node.generators for name in ast.walk(gen.target) if isinstance(name, ast.Name)}
        reader.all([node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt])
        for name in inner.reads:
            self.scope.read(name)
        for name in inner.later:
            self.scope.later.setdefault(name)
        for name in inner.binds:
            if name not in targets:  # a walrus in a comprehension binds outside it
                self.scope.bind(name)

    visit_ListComp = visit_SetComp = visit_GeneratorExp = visit_DictComp = _comprehension

    def _inner(self, body: Iterable[ast.AST], arguments: Iterable[str]) -> None:
        """A function's body: what it reads of outside is read when it is called, after the whole body above may have bound it."""
        nodes = list(body)
        inner = _Scope()
        _Reader(inner).all(nodes)
        declared = {name for node in nodes for name in _global_names(node)}
        local = (set(inner.binds) | set(arguments)) - declared
        for name in (*inner.reads, *inner.later):
            if name not in local:
                self.scope.later.setdefault(name)

    def _branches(self, branches: Sequence[Sequence[ast.AST]], *, covers: bool = False) -> None:
        """Alternatives: bound for sure is only what every one of them binds, and nothing if one of them may not be taken."""
        before = set(self.scope.bound)
        after: list[set[str]] = []
        for branch in branches:
            self.scope.bound = set(before)
            self.all(branch)
            after.append(self.scope.bound)
        self.scope.bound = set.intersection(*after) if covers and after else before


def _arguments(arguments: ast.arguments) -> list[ast.arg]:
    extra = [each for each in (arguments.vararg, arguments.kwarg) if each is not None]
    return [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, *extra]


def _global_names(node: ast.AST) -> set[str]:
    return {name for each in ast.walk(node) if isinstance(each, ast.Global) for name in each.names}


def analyse(tree: ast.AST) -> Names:
    """Names that the module ``tree`` reads from outside (builtins left out) and binds, in order of appearance.

    >>> analyse(ast.parse("late = flights[flights.delay > limit]\\ndef f(x): return x + k")).reads
    ('flights', 'limit', 'k')
    """
    scope = _Scope()
    _Reader(scope).all(getattr(tree, "body", [tree]))
    reads = dict.fromkeys(name for name in scope.reads if name not in BUILTINS)
    for name in scope.later:
        if name not in scope.binds and name not in BUILTINS:
            reads.setdefault(name)
    return Names(reads=tuple(reads), binds=tuple(scope.binds))


@lru_cache(maxsize=4096)
def names_of(source: str) -> Names:
    """`analyse` of a definition's source text; nothing for text that does not parse."""
    try:
        return analyse(ast.parse(source))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return Names()
