"""Typed parameters: what a run may set, checked before anything runs."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Mapping
from typing import Any

from ..errors import DefinitionError, Where, nearest, unknown
from ..model import MISSING, Block, Parameter
from . import parameter_types as types
from .parameter_types import Type


def type_name(parameter: Parameter) -> str:
    """``int`` for ``x: int``, ``x: int | None = 3`` and plain ``x=3``; empty where any value goes."""
    return types.of(parameter).name


def type_of(parameter: Parameter, block: Block | None = None) -> Type:
    """The type of a parameter; with its block, an Enum of a plain cell has its members as choices."""
    found = types.of(parameter)
    if block is None or found.name != "enum":
        return found
    source = next((each.source for each in block.captured if each.name == found.text), "")
    members = types.enum_members(source, found.text)
    return dataclasses.replace(found, choices=members) if members else found


def coerce(parameter: Parameter, value: Any, *, block: Block | None = None) -> Any:
    """``value`` as JSON has this parameter's type; text (from a command line) is read as the type says.

    Raises DefinitionError where it does not fit.

    >>> coerce(Parameter(name="n", annotation="int"), "30"), coerce(Parameter(name="day", annotation="date"), "2024-01-01")
    (30, '2024-01-01')
    """
    wanted = type_of(parameter, block)
    if value is None and "None" in parameter.annotation:
        return None
    try:
        return wanted.fit(value)
    except (ValueError, TypeError, OverflowError) as error:
        expected = str(error)
        guess = nearest(str(value), map(str, wanted.choices)) if wanted.choices else None
        raise DefinitionError(
            f"parameter {parameter.name} is {parameter.annotation or wanted.name}, and {value!r} "
            + (f"does not fit: {expected}" if expected else f"is {type(value).__name__}")
            + (f". Did you mean {guess}?" if guess else ""),
            where=Where(block=block.name, cell=block.cell_number, line=1) if block else None,
            hint=f"--var {parameter.name}=…",
        ) from None


def live(parameter: Parameter, value: Any) -> Any:
    """What the body gets for a value that `coerce` gave."""
    return types.of(parameter).live(value)


def live_values(block: Block, values: Mapping[str, Any]) -> dict[str, Any]:
    """The block's parameters as its body gets them; other values as they are."""
    found = dict(values)
    for parameter in block.parameters if found else ():
        if parameter.name in found:
            found[parameter.name] = live(parameter, found[parameter.name])
    return found


def with_members(block: Block, values: Mapping[str, Any], namespace: Mapping[str, Any]) -> dict[str, Any]:
    """Values of the block's parameters, where an Enum's is the member of its class in this namespace."""
    if not block.parameters:
        return dict(values)
    return types.with_members({each.name: types.of(each) for each in block.parameters}, values, namespace)


def type_names(parameters: Iterable[Parameter]) -> list[str]:
    """The classes that annotations name: an Enum of a plain cell has to be there where the body runs."""
    found = (types.of(each) for each in parameters)
    return [each.text for each in found if each.name == "enum"]


def values(block: Block, variables: Mapping[str, Any]) -> dict[str, Any]:
    """The value of each of the block's parameters: the run's variable, else the default.

    Raises DefinitionError for one that has neither.
    """
    found: dict[str, Any] = dict(variables) if block.is_file else {}  # Mage's functions get every variable
    for parameter in block.parameters:
        if parameter.name in variables:
            found[parameter.name] = coerce(parameter, variables[parameter.name], block=block)
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
    there = tuple(blocks)
    names = {parameter.name for block in there for parameter in block.parameters} | set(known)
    for name in variables:
        if name not in names and not any(block.is_file and _speaks_of(block, name) for block in there):
            raise unknown("variable", name, names)


def _speaks_of(block: Block, name: str) -> bool:
    """Whether a Mage file, which gets every variable in ``kwargs`` or for its templates, has this name in its text."""
    if f"'{name}'" in block.source or f'"{name}"' in block.source or f"{name}=" in block.source:
        return True
    return name in block.source and re.search(rf"\{{[{{%][^{{}}]*\b{re.escape(name)}\b", block.source) is not None


def checked(variables: Mapping[str, Any], blocks: Iterable[Block], known: Iterable[str] = ()) -> dict[str, Any]:
    """Variables as they are kept: known to a block, and of the type that every block with this parameter says.

    Raises UnknownNameError, DefinitionError.
    """
    there = tuple(blocks)
    check_variables(variables, there, known)
    found = dict(variables)
    for block in there:
        for parameter in block.parameters:
            if parameter.name in found:
                found[parameter.name] = coerce(parameter, variables[parameter.name], block=block)
    return {name: types.read_text(value) if _untyped(name, value, there) else value for name, value in found.items()}


def _untyped(name: str, value: Any, blocks: Iterable[Block]) -> bool:
    """Whether no parameter says what a text is: then a number in it is a number, as in YAML."""
    return isinstance(value, str) and not any(each.name == name for block in blocks for each in block.parameters)
