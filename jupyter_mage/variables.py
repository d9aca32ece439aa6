"""Pipeline-wide variables: set, unset, listed. What a run gives comes before a trigger's, and that before these."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

from .code.parameter_types import Type
from .code.parameters import checked, type_of
from .engine import runs
from .errors import DefinitionError, unknown
from .model import MISSING, Block, Parameter, Pipeline


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """One name that a run may set: what it is now, from where, and who reads it."""

    name: str
    type: Type
    value: Any = MISSING
    source: str = ""
    """``pipeline``, ``default``, or empty where a run has to give it."""
    blocks: tuple[str, ...] = ()


def changed(pipeline: Pipeline, given: Mapping[str, Any], unset: Iterable[str] = ()) -> Pipeline:
    """The pipeline with these variables set and those taken away.

    Raises UnknownNameError for a name that no block has as a parameter, DefinitionError for a value that does not fit one.

    >>> block = Block(name="a", source="n", parameters=(Parameter(name="n", annotation="int"),))
    >>> dict(changed(Pipeline(name="p", blocks=(block,)), {"n": "3"}).variables)
    {'n': 3}
    """
    variables = dict(pipeline.variables)
    for name in unset:
        if name not in variables:
            raise unknown("variable of the pipeline", name, variables, hint="%pipeline vars")
        del variables[name]
    try:
        found = checked(given, _running(pipeline), variables)
    except DefinitionError as error:
        error.hint = error.hint.replace("--var ", "%pipeline vars ")
        raise
    return dataclasses.replace(pipeline, variables={**variables, **found})


def affected(before: Pipeline, after: Pipeline) -> list[str]:
    """The blocks whose parameters have another value now."""
    names = {name for name in {**before.variables, **after.variables} if before.variables.get(name) != after.variables.get(name)}
    return [block.name for block in after if any(each.name in names for each in block.parameters)]


def merged(pipeline: Pipeline, trigger: Mapping[str, Any] | None, given: Mapping[str, Any] | None) -> dict[str, Any]:
    """What a run's blocks get: pipeline < trigger < run. Raises UnknownNameError, DefinitionError."""
    asked = {**(trigger or {}), **(given or {})}
    return {**pipeline.variables, **checked(asked, _running(pipeline), pipeline.variables)} if asked else dict(pipeline.variables)


def _running(pipeline: Pipeline) -> tuple[Block, ...]:
    return tuple(block for block in pipeline if runs(block))


def listed(pipeline: Pipeline, names: Iterable[str] | None = None) -> list[Variable]:
    """Every variable that these blocks (all by default) read, in the order in which they stand, then the pipeline's others."""
    wanted = set(names) if names is not None else None
    found: dict[str, Variable] = {}
    for block in _running(pipeline):
        for parameter in block.parameters if wanted is None or block.name in wanted else ():
            found[parameter.name] = _with(found.get(parameter.name), parameter, block, pipeline.variables)
    for name, value in pipeline.variables.items():
        found.setdefault(name, Variable(name=name, type=Type(), value=value, source="pipeline"))
    return list(found.values())


def _with(known: Variable | None, parameter: Parameter, block: Block, variables: Mapping[str, Any]) -> Variable:
    if known is not None:
        kind = known.type if known.type.name else type_of(parameter, block)
        return dataclasses.replace(known, type=kind, blocks=(*known.blocks, block.name))
    here = parameter.name in variables
    value = variables[parameter.name] if here else parameter.default
    source = "pipeline" if here else "default" if value is not MISSING else ""
    return Variable(name=parameter.name, type=type_of(parameter, block), value=value, source=source, blocks=(block.name,))
