"""What a block needs from plain cells: imports, functions, classes, literal constants, with their source; the rest is a leak.

A `Ledger` reads each plain cell's text when it has run (or when a notebook file is read) and remembers who bound what. Nothing
is executed, and nothing is guessed from values: a value that no literal in a cell explains is hidden state.
"""

from __future__ import annotations

import ast
import sys
import types
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..model import Definition, Leak
from .names import BUILTINS, analyse, names_of
from .source import transform_magics, uses_magics


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """How a plain cell bound a name: ``import``, ``function``, ``class``, ``constant``, ``schema``, or ``value`` (a leak)."""

    name: str
    sort: str
    source: str
    cell: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """What became of the names a body reads."""

    captured: tuple[Definition, ...] = ()
    """In an order in which they can be executed."""
    leaks: tuple[Leak, ...] = ()
    unknown: tuple[str, ...] = ()
    """Bound nowhere: a block still to come, or a mistake."""


_ALWAYS = {"display": Definition(name="display", source="from IPython.display import display", sort="import")}


class Ledger:
    """The bindings that plain cells made.

    >>> ledger = Ledger()
    >>> _ = ledger.note("import math\\nRATE = 2\\ndef area(r): return math.pi * r * RATE", 1)
    >>> [d.name for d in ledger.resolve(["area"]).captured]
    ['math', 'RATE', 'area']
    """

    def __init__(self) -> None:
        self._bindings: dict[str, Binding] = {}
        self._stars: dict[str, None] = {}

    def note(self, source: str, number: int | None = None) -> set[str]:
        """Remember what the plain cell ``source`` binds (and give the names); a later binding replaces an earlier one."""
        bound: set[str] = set()
        try:
            text = transform_magics(source) if uses_magics(source) else source
            tree = ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return bound
        lines = text.splitlines(keepends=True)
        end = 0
        for node in tree.body:
            if isinstance(node, ast.ImportFrom) and node.names[0].name == "*":
                self._stars.setdefault(ast.unparse(node))
            for binding in _bindings(node, lines, end, number):
                self._bindings[binding.name] = _joined(self._bindings.get(binding.name), binding)
                bound.add(binding.name)
            end = node.end_lineno or end
        return bound

    def has(self, name: str) -> bool:
        """Whether a plain cell binds the name, to something that is not ours."""
        binding = self._bindings.get(name)
        return binding is not None and "jupyter_mage" not in binding.source

    def with_cell(self, source: str) -> tuple[Ledger, set[str]]:
        """This ledger and, on top, what one more cell binds; and the names of that."""
        both = Ledger()
        both._bindings, both._stars = dict(self._bindings), dict(self._stars)
        return both, both.note(source)

    def resolve(self, names: Iterable[str], namespace: Mapping[str, Any] | None = None) -> Resolved:
        """Sort ``names`` into captured definitions (recursively), leaks and unknown ones.

        ``namespace`` is the notebook's, where there is one: it tells imports and values that no cell's text shows.
        """
        captured: dict[str, Definition] = {}
        leaks: dict[str, Leak] = {}
        unknown: dict[str, None] = {}
        visiting: set[str] = set()

        def visit(name: str) -> None:
            if name in captured or name in leaks or name in visiting:
                return
            visiting.add(name)
            found = self._definition(name, namespace)
            if isinstance(found, Leak):
                leaks[name] = found
            elif found is None:
                if name not in BUILTINS:
                    unknown.setdefault(name)
            else:
                for inner in names_of(found.source).reads:
                    if inner != name:
                        visit(inner)
                captured[name] = found

        for name in names:
            visit(name)
        return Resolved(captured=tuple(captured.values()), leaks=tuple(leaks.values()), unknown=tuple(unknown))

    def _definition(self, name: str, namespace: Mapping[str, Any] | None) -> Definition | Leak | None:
        binding = self._bindings.get(name)
        if namespace is not None and name not in namespace and name not in _ALWAYS:
            return None
        if binding is None or (namespace is not None and not _agrees(binding, namespace[name])):
            if name in _ALWAYS:
                return _ALWAYS[name]
            if namespace is None:  # a file, read: what a star import binds cannot be known without importing it
                return Definition(name=name, source="\n".join(self._stars), sort="import") if self._stars else None
            cell = binding.cell if binding else None
            return _importable(name, namespace[name]) or Leak(name=name, cell=cell, reason=_describe(namespace[name]))
        if binding.sort == "value":
            return Leak(name=name, cell=binding.cell, reason="its value is computed, not a literal")
        return Definition(name=name, source=binding.source, sort=binding.sort)


def _joined(old: Binding | None, new: Binding) -> Binding:
    """``import a.b`` and ``import a.c`` both bind ``a``, and a body may need both."""
    lines = new.source.split("\n")
    if old is None or old.sort != "import" or new.sort != "import" or not new.source.startswith(f"import {new.name}."):
        return new
    if not old.source.startswith(f"import {new.name}"):
        return new
    return replace(new, source="\n".join(dict.fromkeys((*old.source.split("\n"), *lines))))


def _bindings(node: ast.stmt, lines: list[str], previous_end: int, cell: int | None) -> list[Binding]:
    def made(name: str, sort: str, source: str) -> Binding:
        return Binding(name=name, sort=sort, source=source, cell=cell)

    if isinstance(node, ast.Import | ast.ImportFrom):
        return [made(bound, "import", source) for bound, source in _imports(node)]
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return [made(node.name, "function", _text(node, lines, previous_end))]
    if isinstance(node, ast.ClassDef):
        return [made(node.name, "class", _text(node, lines, previous_end))]
    if isinstance(node, ast.Assign) and _is_schema(node.value) and isinstance(node.targets[0], ast.Name):
        return [made(node.targets[0].id, "schema", _text(node, lines, previous_end))]
    targets = _constant_targets(node)
    if targets:
        return [made(target, "constant", _text(node, lines, previous_end)) for target in targets]
    if isinstance(node, ast.Assign) and isinstance(node.value, ast.Lambda) and isinstance(node.targets[0], ast.Name):
        return [made(node.targets[0].id, "function", _text(node, lines, previous_end))]
    return [made(name, "value", "") for name in analyse(ast.Module(body=[node], type_ignores=[])).binds]


def _is_schema(value: ast.expr) -> bool:
    """``pa.DataFrameSchema({…})``: a declaration, though it is written as a call."""
    called = value.func if isinstance(value, ast.Call) else None
    name = called.attr if isinstance(called, ast.Attribute) else called.id if isinstance(called, ast.Name) else ""
    return name == "DataFrameSchema"


def _imports(node: ast.Import | ast.ImportFrom) -> Iterable[tuple[str, str]]:
    """Each name an import binds, with the shortest import that binds just it."""
    for alias in node.names:
        if alias.name == "*":
            continue
        bound = alias.asname or alias.name.split(".")[0]
        yield bound, ast.unparse(type(node)(**{**_fields(node), "names": [alias]}))


def _fields(node: ast.Import | ast.ImportFrom) -> dict[str, Any]:
    return {"module": node.module, "level": node.level} if isinstance(node, ast.ImportFrom) else {}


def _constant_targets(node: ast.stmt) -> list[str]:
    """The names that a statement like ``RATE: float = 24 * 60`` or ``A, B = 1, 2`` binds to literals; none for any other."""
    if isinstance(node, ast.Assign):
        targets, value = node.targets, node.value
    elif isinstance(node, ast.AnnAssign) and node.value is not None:
        targets, value = [node.target], node.value
    else:
        return []
    names = [each for target in targets for each in (target.elts if isinstance(target, ast.Tuple) else [target])]
    found = [each.id for each in names if isinstance(each, ast.Name)]
    return found if len(found) == len(names) and _is_literal(value) else []


_LITERAL = (
    *(
        ast.Constant,
        ast.List,
        ast.Tuple,
        ast.Set,
        ast.Dict,
        ast.BinOp,
        ast.UnaryOp,
        ast.operator,
        ast.unaryop,
        ast.Load,
    ),
    *(ast.JoinedStr, ast.FormattedValue, ast.Starred),
)


def _is_literal(value: ast.expr) -> bool:
    """Literals, containers of them, and arithmetic on them."""
    return all(isinstance(each, _LITERAL) for each in ast.walk(value))


def _text(node: ast.stmt, lines: list[str], previous_end: int) -> str:
    """The statement's own text, with its decorators and the comment lines right above it."""
    decorators = getattr(node, "decorator_list", [])
    start = min([node.lineno, *(each.lineno for each in decorators)]) - 1
    while start > previous_end and lines[start - 1].lstrip().startswith("#"):
        start -= 1
    first = lines[start : node.end_lineno]
    offset = node.col_offset if not decorators and start == node.lineno - 1 else 0
    text = "".join(first)
    return text.encode()[offset:].decode().rstrip("\n") if offset else text.rstrip("\n")


def _agrees(binding: Binding, value: Any) -> bool:
    """Whether the namespace still holds what the cell's text says."""
    if binding.sort == "import":
        return isinstance(value, types.ModuleType) or not _is_plain(value) or _importable(binding.name, value) is not None
    if binding.sort == "function":
        return callable(value)
    if binding.sort == "class":
        return isinstance(value, type)
    if binding.sort == "constant":
        return _same_literal(binding, value)
    return True


def _same_literal(binding: Binding, value: Any) -> bool:
    """Whether ``value`` is what the constant's source says; a frame or an array in its place is not, whatever ``==`` gives."""
    known, literal = _literal_value(binding.source, binding.name)
    return known and type(literal) is type(value) and repr(literal) == repr(value)


def _is_plain(value: Any) -> bool:
    return type(value) in (int, float, str, bytes, list, dict, set, tuple)


def _literal_value(source: str, name: str) -> tuple[bool, Any]:
    """The value of a constant's source. It is made of literals only, so evaluating it can do nothing else."""
    node = ast.parse(source).body[0]
    if not isinstance(node, ast.Assign | ast.AnnAssign) or node.value is None or not _is_literal(node.value):
        return False, None
    space: dict[str, Any] = {"__builtins__": {}}
    try:
        exec(compile(source, "<constant>", "exec"), space)  # noqa: S102
        return name in space, space.get(name)
    except (ArithmeticError, TypeError, ValueError, MemoryError):
        return False, None


def _importable(name: str, value: Any) -> Definition | None:
    """The import that gives this very object, or None."""
    if isinstance(value, types.ModuleType):
        module = value.__name__
        if module == "__main__":
            return None
        if "." in module and name == module.split(".")[0]:
            return Definition(name=name, source=f"import {module}", sort="import")
        return Definition(name=name, source=f"import {module}" if name == module else f"import {module} as {name}", sort="import")
    module_name, qualified = getattr(value, "__module__", None), getattr(value, "__qualname__", None)
    if not isinstance(module_name, str) or not isinstance(qualified, str) or "." in qualified or module_name == "__main__":
        return None
    if getattr(sys.modules.get(module_name), qualified, None) is not value:
        return None
    alias = f" as {name}" if name != qualified else ""
    return Definition(name=name, source=f"from {module_name} import {qualified}{alias}", sort="import")


def _describe(value: Any) -> str:
    return f"a {type(value).__name__} that no cell defines as a literal"
