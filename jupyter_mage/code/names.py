"""Which names a Python body reads from outside and which it binds: scope analysis in evaluation order.

Careful rather than clever: a name bound only on one branch and read later counts as read, since a run might need it. It is a
``perhaps``: an upstream where a block has that name, and nothing to complain of where none has.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any

from ..plugins import Names

_IMPLICIT = {"__name__", "__file__", "__doc__", "__builtins__", "__class__", "__module__", "__qualname__", "__annotations__"}
BUILTINS = frozenset(dir(builtins)) | _IMPLICIT | {"get_ipython"}


class _Scope:
    """Names of one scope while it is read: bound for sure so far, bound anywhere, read before bound, read later by functions."""

    def __init__(self, *, is_class: bool = False) -> None:
        self.bound: set[str] = set()
        self.maybe: set[str] = set()
        """Bound on some way to here."""
        self.binds: dict[str, None] = {}
        self.reads: dict[str, None] = {}
        self.sure: set[str] = set()
        """Of the reads, those that nothing before them can have bound."""
        self.later: dict[str, None] = {}
        self.is_class = is_class
        self.through: dict[str, None] = {}
        """What comprehensions in a class body read: they do not see the names of the class."""

    def bind(self, name: str) -> None:
        self.bound.add(name)
        self.bind_perhaps(name)

    def bind_perhaps(self, name: str) -> None:
        self.maybe.add(name)
        self.binds.setdefault(name)

    def unbind(self, name: str) -> None:
        self.bound.discard(name)
        self.maybe.discard(name)
        self.binds.setdefault(name)  # Python takes a deleted name for one of the scope's own

    def read(self, name: str, *, perhaps: bool = False) -> None:
        if name not in self.bound:
            self.reads.setdefault(name)
            if name not in self.maybe and not perhaps:
                self.sure.add(name)


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
            self.scope.unbind(node.id)

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

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        self.visit(node.values[0])
        self._branches([node.values[1:]])

    def visit_Compare(self, node: ast.Compare) -> None:
        self.all([node.left, node.comparators[0]])
        self._branches([node.comparators[1:]])

    def visit_IfExp(self, node: ast.IfExp) -> None:
        self.visit(node.test)
        self._branches([[node.body], [node.orelse]], covers=True)

    def visit_Assert(self, node: ast.Assert) -> None:
        self.visit(node.test)
        self._branches([[node.msg] if node.msg else []])

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
        before = set(self.scope.bound)
        self._branches([[*node.body, *node.orelse], *([handler] for handler in node.handlers)], covers=True)
        after, self.scope.bound = self.scope.bound, before
        self.all(node.finalbody)  # also where the rest of it was left half-way
        self.scope.bound = after | self.scope.bound

    visit_TryStar = visit_Try  # type: ignore[assignment]

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        self.all([node.type])
        if node.name:
            self.scope.bind(node.name)
        self.all(node.body)
        if node.name:
            self.scope.unbind(node.name)

    def visit_With(self, node: ast.With | ast.AsyncWith) -> None:
        for item in node.items:
            self.all([item.context_expr, item.optional_vars])
        self.all(node.body)

    visit_AsyncWith = visit_With

    def visit_Match(self, node: ast.Match) -> None:
        self.visit(node.subject)
        self._branches([[case] for case in node.cases], covers=_matches_all(node.cases[-1]))

    def visit_match_case(self, node: ast.match_case) -> None:
        self.visit(node.pattern)
        if node.guard is not None:
            self.visit(node.guard)
        self.all(node.body)

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
        types = _type_parameters(node)
        self.all([*node.decorator_list, *arguments.defaults, *arguments.kw_defaults])
        self._hiding(types, [node.returns, *(argument.annotation for argument in _arguments(arguments)), *_bounds(node)])
        self.scope.bind(node.name)
        self._inner(node.body, [*types, *(argument.arg for argument in _arguments(arguments))])

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self.all([*node.args.defaults, *node.args.kw_defaults])
        self._inner([node.body], [argument.arg for argument in _arguments(node.args)])

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        types = _type_parameters(node)
        self.all(node.decorator_list)
        self._hiding(types, [*node.bases, *(keyword.value for keyword in node.keywords), *_bounds(node)])
        inner = _Scope(is_class=True)
        _Reader(inner).all(node.body)
        declared = _global_names(node.body)
        for name in (*inner.reads, *inner.through):
            if name not in types:
                self.scope.read(name, perhaps=name not in inner.sure and name not in inner.through)
        for name in inner.later:
            if name not in types:
                self.scope.later.setdefault(name)
        for name in declared & set(inner.binds):
            self.scope.bind(name)
        self.scope.bind(node.name)

    def visit_TypeAlias(self, node: Any) -> None:  # (of Python 3.12 on)
        self.visit(node.name)
        self._inner([node.value], _type_parameters(node))

    def _hiding(self, hidden: Collection[str], nodes: Iterable[ast.AST | None]) -> None:
        """Read ``nodes`` where these names (type parameters) are something of their own."""
        before = set(self.scope.bound)
        self.scope.bound |= set(hidden)
        self.all(nodes)
        self.scope.bound = before | (self.scope.bound - set(hidden))

    def _comprehension(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp) -> None:
        self.visit(node.generators[0].iter)
        inner = _Scope()
        reader = _Reader(inner)
        for index, generator in enumerate(node.generators):
            if index:
                reader.visit(generator.iter)
            reader.all([generator.target, *generator.ifs])
        targets = {name.id for gen in node.generators for name in _targets(gen.target)}
        reader.all([node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt])
        for name in (each for each in inner.reads if each not in targets):
            if self.scope.is_class:
                self.scope.through.setdefault(name)
            else:
                self.scope.read(name, perhaps=name not in inner.sure)
        for name in (*inner.later, *inner.through):
            if name not in targets:
                self.scope.later.setdefault(name)
        for name in inner.binds:
            if name not in targets:  # a walrus in a comprehension binds outside it, where there was an item
                self.scope.bind_perhaps(name)

    visit_ListComp = visit_SetComp = visit_GeneratorExp = visit_DictComp = _comprehension

    def _inner(self, body: Iterable[ast.AST], arguments: Iterable[str]) -> None:
        """A function's body: what it reads of outside is read when it is called, after the whole body above may have bound it."""
        nodes = list(body)
        inner = _Scope()
        _Reader(inner).all(nodes)
        declared = _global_names(nodes)
        local = (set(inner.binds) | set(arguments)) - declared - _global_names(nodes, ast.Nonlocal)
        for name in (*inner.reads, *inner.later):
            if name not in local:
                self.scope.later.setdefault(name)
        for name in declared & set(inner.binds):  # bound when it is called, if it is
            self.scope.bind_perhaps(name)

    def _branches(self, branches: Sequence[Sequence[ast.AST]], *, covers: bool = False) -> None:
        """Alternatives: bound for sure is only what every one of them binds, and nothing if one of them may not be taken."""
        before, maybe = set(self.scope.bound), set(self.scope.maybe)
        after: list[set[str]] = []
        reached = set(maybe)
        for branch in branches:
            self.scope.bound, self.scope.maybe = set(before), set(maybe)
            self.all(branch)
            after.append(self.scope.bound)
            reached |= self.scope.maybe
        self.scope.maybe = reached
        self.scope.bound = set.intersection(*after) if covers and after else before


def _arguments(arguments: ast.arguments) -> list[ast.arg]:
    extra = [each for each in (arguments.vararg, arguments.kwarg) if each is not None]
    return [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, *extra]


def _global_names(nodes: Iterable[ast.AST], sort: type[ast.Global] | type[ast.Nonlocal] = ast.Global) -> set[str]:
    """What the scope of these statements declares as global (or nonlocal); inner scopes speak for themselves."""
    found: set[str] = set()
    waiting = list(nodes)
    while waiting:
        node = waiting.pop()
        if isinstance(node, sort):
            found.update(node.names)
        elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            waiting.extend(ast.iter_child_nodes(node))
    return found


def _targets(target: ast.expr) -> Iterator[ast.Name]:
    """The names that a target binds: not those of an index or an attribute's object in it."""
    return (each for each in ast.walk(target) if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store))


def _matches_all(case: ast.match_case) -> bool:
    pattern = case.pattern
    return case.guard is None and isinstance(pattern, ast.MatchAs) and pattern.pattern is None


def _type_parameters(node: Any) -> list[str]:
    """Names of ``def f[T]`` and the like, of Python 3.12 on."""
    return [each.name for each in getattr(node, "type_params", ())]


def _bounds(node: Any) -> list[ast.AST | None]:
    return [getattr(each, part, None) for each in getattr(node, "type_params", ()) for part in ("bound", "default_value")]


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
            scope.sure.add(name)
    perhaps = tuple(name for name in reads if name not in scope.sure)
    return Names(reads=tuple(reads), binds=tuple(scope.binds), perhaps=perhaps)


@lru_cache(maxsize=4096)
def names_of(source: str) -> Names:
    """`analyse` of a definition's source text; nothing for text that does not parse."""
    try:
        return analyse(ast.parse(source))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return Names()
