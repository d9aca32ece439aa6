"""Typed parameters: what a run may set, checked before anything runs."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from typing import Any

from ..errors import DefinitionError, Where, unknown
from ..model import MISSING, Block, Parameter

_TYPES: dict[str, tuple[type, ...]] = {
    "int": (int,),
    "float": (float, int),
    "str": (str,),
    "bool": (bool,),
    "list": (list,),
    "dict": (dict,),
}


def type_name(parameter: Parameter) -> str:
    """``int`` for ``x: int``, ``x: int | None = 3`` and plain ``x=3``; empty where any value goes."""
    if parameter.annotation:
        head = parameter.annotation.split("|")[0].split("[")[0].strip()
        return head if head in _TYPES else ""
    if parameter.default is MISSING or parameter.default is None:
        return ""
    return type(parameter.default).__name__ if type(parameter.default).__name__ in _TYPES else ""


def coerce(parameter: Parameter, value: Any, *, block: str = "") -> Any:
    """``value`` as this parameter's type; text (from a command line) is read as the type says.

    Raises DefinitionError where it does not fit.

    >>> coerce(Parameter(name="n", annotation="int"), "30"), coerce(Parameter(name="day", annotation="str"), "2024-01-01")
    (30, '2024-01-01')
    """
    wanted = type_name(parameter)
    if value is None and "None" in parameter.annotation:
        return None
    if type(value) is str and wanted not in ("", "str"):
        value = _read_text(value)
    if not wanted:
        return value
    fits = isinstance(value, _TYPES[wanted]) and not (isinstance(value, bool) and wanted in ("int", "float"))
    if not fits:
        raise DefinitionError(
            f"parameter {parameter.name} is {parameter.annotation or wanted}, and {value!r} is {type(value).__name__}",
            where=Where(block=block) if block else None,
            hint=f"--var {parameter.name}=…",
        )
    return float(value) if wanted == "float" else value


def _read_text(text: str) -> Any:
    lowered = {"true": True, "false": False, "none": None, "null": None}
    if text.lower() in lowered:
        return lowered[text.lower()]
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return text


def values(block: Block, variables: Mapping[str, Any]) -> dict[str, Any]:
    """The value of each of the block's parameters: the run's variable, else the default.

    Raises DefinitionError for one that has neither.
    """
    found: dict[str, Any] = dict(variables) if block.carrier == "mage" else {}  # Mage's functions get every variable
    for parameter in block.parameters:
        if parameter.name in variables:
            found[parameter.name] = coerce(parameter, variables[parameter.name], block=block.name)
        elif parameter.default is not MISSING:
            found[parameter.name] = parameter.default
        else:
            raise DefinitionError(
                f"parameter {parameter.name} of {block.name} has no value",
                where=Where(block=block.name, cell=block.cell_number, line=1),
                hint=f"give it a default, or: %pipeline run {block.name} --var {parameter.name}=…",
            )
    return found


def check_variables(variables: Iterable[str], blocks: Iterable[Block], known: Iterable[str] = ()) -> None:
    """Refuse a variable that no block has as a parameter and the pipeline does not have either."""
    names = {parameter.name for block in blocks for parameter in block.parameters} | set(known)
    for name in variables:
        if name not in names:
            raise unknown("variable", name, names)
