"""A block called as a function, with made-up inputs: for tests of one's own, and to try it. Nothing is cached or recorded."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

from . import items
from .code.parameters import live_values, values
from .errors import DefinitionError, Where, unknown
from .model import Block, Pipeline
from .plugins import Call, languages


def call(pipeline: Pipeline, name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    """The output of a block for these upstreams (by place or by name) and parameters; others come from the pipeline's variables.

    Raises UnknownNameError, DefinitionError; and what the body raises, as it is.

    >>> block = Block(name="total", source="sum(raw)", upstreams=("raw",))
    >>> call(Pipeline(name="p", blocks=(block,)), "total", [[1, 2]], {})
    3
    """
    __tracebackhide__ = True
    block = pipeline[name]
    where = Where(block=block.name, cell=block.cell_number)
    if block.leaks:
        raise DefinitionError(f"{block.name} reads {block.leaks[0].name}, which only the notebook has", where=where)
    inputs = _inputs(block, args, kwargs, where)
    given = {name: value for name, value in kwargs.items() if name not in inputs}
    names = {each.name for each in block.parameters}
    for each in given:
        if each not in names and not block.is_file:
            raise unknown(f"upstream or parameter of {block.name}", each, [*block.upstreams, *names], where=where)
    parameters = values(block, {**pipeline.variables, **given})
    isolated = {name: _isolated(value) for name, value in inputs.items()}
    body = Call(
        block=block, source=block.source, captured=block.captured, values={**isolated, **live_values(block, parameters)}
    )  # fmt: skip
    return languages.get(block.language).run(body)


def _inputs(block: Block, args: Sequence[Any], kwargs: Mapping[str, Any], where: Where) -> dict[str, Any]:
    said = f"{block.name}({', '.join(f'{each}=…' for each in block.upstreams)})"
    if len(args) > len(block.upstreams):
        raise DefinitionError(
            f"{block.name} takes {len(block.upstreams)} upstreams, and {len(args)} values were given", where=where, hint=said
        )
    found = dict(zip(block.upstreams, args, strict=False))
    twice = sorted(set(found) & set(kwargs))
    if twice:
        raise DefinitionError(f"{twice[0]} is given by place and by name", where=where, hint=said)
    found |= {name: kwargs[name] for name in block.upstreams if name in kwargs}
    missing = [each for each in block.upstreams if each not in found]
    if missing:
        raise DefinitionError(f"{block.name} needs {', '.join(missing)}", where=where, hint=said)
    return {name: found[name] for name in block.upstreams}


def _isolated(value: Any) -> Any:
    """A value that the body may change without changing the caller's, where it can be copied at all."""
    if hasattr(value, "iloc"):
        return value.copy()
    try:
        return copy.deepcopy(value)
    except Exception:  # noqa: BLE001 (a made-up input may be anything: one that cannot be copied is handed on as it is)
        return value


def call_whole(pipeline: Pipeline, name: str, inputs: Mapping[str, Any], parameters: Mapping[str, Any]) -> Any:
    """The output of a block as a run has it: a mapped one is called for each item, and the results are collected."""
    __tracebackhide__ = True
    block = pipeline[name]
    if not block.mapped:
        return call(pipeline, name, (), {**inputs, **parameters})
    found = items.split(inputs[block.mapped], block)
    made = [call(pipeline, name, (), {**inputs, block.mapped: each, **parameters}) for each in found]
    return items.collect(made, whole=block.is_file)
