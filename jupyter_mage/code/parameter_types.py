"""The types that parameters may have, read from their annotations: what values fit, and which control asks for one.

Values travel as JSON has them (a date as its ISO text), in files, history and cache keys; `Type.live` makes of them what the body
gets.
"""

from __future__ import annotations

import ast
import datetime as dt
import enum
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from ..model import MISSING, Parameter

SCALARS: dict[str, tuple[type, ...]] = {
    "int": (int,), "float": (float, int), "bool": (bool,), "str": (str,), "dict": (dict,), "list": (list,),
}  # fmt: skip
DATES = {"date": dt.date, "datetime": dt.datetime}
_LISTS = {"list": "list", "List": "list", "Sequence": "list", "dict": "dict", "Dict": "dict"}
_TRUE = {"true": True, "false": False, "yes": True, "no": False, "on": True, "off": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class Type:
    """What an annotation says. ``name`` is ``int``, ``float``, ``bool``, ``str``, ``list``, ``dict``, ``date``, ``datetime``,
    ``choice``, ``enum``, or empty where any value goes."""

    name: str = ""
    text: str = ""
    """The annotation as written."""
    optional: bool = False
    choices: tuple[Any, ...] = ()
    """What ``Literal[…]`` allows; the members' names of an Enum, where they are known."""
    item: Type | None = None
    """Of a list's items."""

    def fit(self, value: Any) -> Any:
        """``value`` as JSON has it; text (of a command line) is read as the type says. Raises ValueError with what was expected.

        >>> read("date").fit("2024-02-30")
        Traceback (most recent call last):
        ValueError: a date is YYYY-MM-DD
        >>> read("list[int]").fit("1, 2"), read("int | None").fit("none"), read('Literal["a", 2]').fit("2")
        ([1, 2], None, 2)
        """
        if self.optional and (value is None or (type(value) is str and value.strip().lower() in ("none", "null"))):
            return None
        return _FITS.get(self.name, _anything)(self, value)

    def live(self, value: Any) -> Any:
        """What the body gets for a value that `fit` gave: a date is a date. (An Enum's member needs its class.)"""
        if self.name in DATES and isinstance(value, str):
            return DATES[self.name].fromisoformat(value)
        if self.name == "list" and self.item is not None and isinstance(value, list):
            return [self.item.live(each) for each in value]
        return value


ANY = Type()


@lru_cache(maxsize=4096)
def read(annotation: str) -> Type:
    """The type that this text names. One that we do not know takes any value.

    >>> read("Optional[int]").optional, read("datetime.date").name, read("np.ndarray").name
    (True, 'date', '')
    """
    try:
        return _read(ast.parse(annotation.strip(), mode="eval").body, annotation)
    except (SyntaxError, ValueError, TypeError, RecursionError, MemoryError):
        return ANY


def of(parameter: Parameter) -> Type:
    """The type of a parameter: its annotation's, else its default's."""
    if parameter.annotation:
        return read(parameter.annotation)
    name = type(parameter.default).__name__
    return Type(name=name, text=name) if parameter.default is not MISSING and name in SCALARS else ANY


def _read(node: ast.expr, text: str) -> Type:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return read(node.value)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return _union([node.left, node.right], text)
    if isinstance(node, ast.Subscript):
        return _subscript(node, text)
    name = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
    if name in SCALARS or name in DATES:
        return Type(name=name, text=text)
    if name in _LISTS:
        return Type(name=_LISTS[name], text=text)
    return Type(name="enum", text=name) if isinstance(node, ast.Name) and name[:1].isupper() and name != "Any" else ANY


def _union(nodes: list[ast.expr], text: str) -> Type:
    parts = [each for each in nodes if not (isinstance(each, ast.Constant) and each.value is None)]
    if len(parts) != 1:
        return ANY
    inner = _read(parts[0], ast.unparse(parts[0]))
    return replace(inner, text=inner.text if inner.name == "enum" else text, optional=inner.optional or len(parts) < len(nodes))


def _subscript(node: ast.Subscript, text: str) -> Type:
    head = node.value.attr if isinstance(node.value, ast.Attribute) else getattr(node.value, "id", "")
    inner = list(node.slice.elts) if isinstance(node.slice, ast.Tuple) else [node.slice]
    if not inner:
        return ANY
    if head == "Literal":
        return Type(name="choice", text=text, choices=tuple(ast.literal_eval(each) for each in inner))
    if head == "Optional":
        return _union([inner[0], ast.Constant(None)], text)
    if head == "Union":
        return _union(inner, text)
    if head == "Annotated":
        return _read(inner[0], ast.unparse(inner[0]))
    if head in _LISTS:
        item = _read(inner[0], ast.unparse(inner[0])) if _LISTS[head] == "list" and len(inner) == 1 else None
        return Type(name=_LISTS[head], text=text, item=item)
    return ANY


# ---- what fits


def _anything(_: Type, value: Any) -> Any:
    return value


def read_text(text: str) -> Any:
    """A value typed on a command line, as Python or JSON would read it; else the text itself."""
    lowered = {"true": True, "false": False, "none": None, "null": None}
    if text.lower() in lowered:
        return lowered[text.lower()]
    try:
        return ast.literal_eval(text)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return text


def _scalar(kind: Type, value: Any) -> Any:
    if type(value) is str and kind.name != "str":
        value = read_text(value)
    if kind.name == "bool" and isinstance(value, str):
        value = _TRUE.get(value.lower(), value)
    fits = isinstance(value, SCALARS[kind.name]) and not (isinstance(value, bool) and kind.name in ("int", "float"))
    if not fits:
        raise ValueError
    return float(value) if kind.name == "float" else value


def _list(kind: Type, value: Any) -> Any:
    if type(value) is str:
        found = read_text(value)
        if isinstance(found, list | tuple):
            value = list(found)
        elif "," in value:
            value = [each.strip() if kind.item else read_text(each.strip()) for each in value.split(",") if each.strip()]
    if not isinstance(value, list | tuple):
        raise ValueError
    return [kind.item.fit(each) if kind.item else each for each in value]


def _date(kind: Type, value: Any) -> str:
    wanted = DATES[kind.name]
    if kind.name == "date" and isinstance(value, dt.datetime):
        if value.time() != dt.time():
            raise ValueError("a date has no time of day")
        value = value.date()
    if kind.name == "datetime" and type(value) is dt.date:
        value = dt.datetime.combine(value, dt.time())
    if isinstance(value, str):
        try:
            value = wanted.fromisoformat(value.strip())
        except ValueError:
            said = "a date is YYYY-MM-DD" if kind.name == "date" else "a datetime is YYYY-MM-DDTHH:MM:SS"
            raise ValueError(said) from None
    if not isinstance(value, wanted):
        raise ValueError
    return str(value.isoformat())


def _choice(kind: Type, value: Any) -> Any:
    for each in kind.choices:
        if type(each) is type(value) and each == value:
            return each
    for each in kind.choices if isinstance(value, str) else ():
        if str(each) == value:
            return each
    raise ValueError(f"one of {', '.join(map(repr, kind.choices))}")


def _enum(kind: Type, value: Any) -> Any:
    """A member's name. Of a class that is not known here, any value stays as it is."""
    if isinstance(value, enum.Enum):
        return value.name
    if isinstance(value, str):
        value = value.removeprefix(f"{kind.text}.")
    if kind.choices and value not in kind.choices:
        raise ValueError(f"one of {', '.join(map(str, kind.choices))}")
    return value


_FITS = {
    **dict.fromkeys(("int", "float", "bool", "str", "dict"), _scalar),
    **dict.fromkeys(DATES, _date),
    "list": _list,
    "choice": _choice,
    "enum": _enum,
}


def with_members(types: Mapping[str, Type], values: Mapping[str, Any], namespace: Mapping[str, Any]) -> dict[str, Any]:
    """The values, where an Enum's is the member of its class in this namespace."""
    found = dict(values)
    for name, kind in types.items():
        owner = namespace.get(kind.text) if kind.name == "enum" else None
        if isinstance(owner, type) and issubclass(owner, enum.Enum) and isinstance(found.get(name), str):
            found[name] = owner.__members__.get(found[name], found[name])
    return found


def enum_members(source: str, name: str) -> tuple[str, ...]:
    """The members of the Enum class that this source defines, in order; nothing where it is no Enum.

    >>> enum_members("class Mode(Enum):\\n    FAST = 1\\n    SAFE = 2", "Mode")
    ('FAST', 'SAFE')
    """
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ()
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and node.name == name and any("Enum" in ast.unparse(base) for base in node.bases):
            targets = [each.targets[0] for each in node.body if isinstance(each, ast.Assign)]
            return tuple(each.id for each in targets if isinstance(each, ast.Name) and not each.id.startswith("_"))
    return ()
