"""Charts of Mage projects: plain code that binds ``x`` and ``y``, or decorated functions, or nothing but a configuration."""

from __future__ import annotations

import ast
import linecache
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ...errors import BlockSyntaxError, Where
from ...model import Block, Pipeline
from ...plugins import Call, Names
from . import data
from .picture import Chart

DECORATORS = ("columns", "configuration", "data_source", "x", "xy", "y")
"""``render`` takes words and stands apart."""


class MageChart:
    name = "mage_chart"
    extension = "py"
    packages = ("pandas",)
    any_case = False

    def check(self, source: str, *, block: str = "", arguments: tuple[str, ...] = ()) -> None:  # noqa: ARG002
        try:
            ast.parse(source)
        except SyntaxError as error:
            where = Where(block=block, line=(error.lineno or 1) + 1)
            raise BlockSyntaxError(str(error.msg), where=where, hint="correct the line") from None

    def names(self, source: str) -> Names:  # noqa: ARG002
        return Names()

    def normalise(self, source: str) -> str:
        return source.strip()

    def rename(self, source: str, old: str, new: str) -> str | None:  # noqa: ARG002
        return None

    def spelled(self, block: Block, pipeline: Pipeline) -> Block:  # noqa: ARG002
        return block

    def scratch(self, block: Block, parameters: Sequence[str]) -> str:  # noqa: ARG002
        inputs = [f"df_{place} = {name}" for place, name in enumerate(block.upstreams, 1)]
        return "\n".join([*inputs, block.source.strip("\n")])

    def compiled(self, block: Block, arguments: tuple[str, ...]) -> bytes:  # noqa: ARG002 (the protocol's)
        return b""

    def run(self, call: Call) -> Chart:
        given = [call.values[name] for name in call.block.upstreams if name in call.values]
        found: dict[str, list[Callable[..., Any]]] = {name: [] for name in (*DECORATORS, "test")}
        rendered: list[tuple[Callable[..., Any], dict[str, Any]]] = []
        space: dict[str, Any] = {"__name__": "__main__", **{name: _collector(into) for name, into in found.items()}}
        space["render"] = lambda *_, **words: lambda function: rendered.append((function, words))
        before = dict(space)
        space |= {name: call.values[name] for name in call.block.upstreams if name in call.values}
        space |= {f"df_{place}": value for place, value in enumerate(given, 1)}
        _execute(call, space)
        bound = {name: value for name, value in space.items() if before.get(name) is not value}
        return _chart(call, found, rendered, given, bound)


def _collector(into: list[Callable[..., Any]]) -> Callable[[Any], Any]:
    def decorate(function: Any) -> Any:
        into.append(function)
        return function

    return decorate


def _execute(call: Call, space: dict[str, Any]) -> None:
    """Lines are those of the cell, where a header may be the first."""
    text = "\n" * (call.block.starts - 1) + call.source
    filename = call.filename or f"<block {call.block.name}>"
    if filename.startswith("<"):
        linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)
    exec(compile(text, filename, "exec"), space)  # noqa: S102 (a block's code runs where its block runs)


def _chart(
    call: Call,
    found: Mapping[str, Sequence[Callable[..., Any]]],
    rendered: Sequence[tuple[Callable[..., Any], Mapping[str, Any]]],
    given: Sequence[Any],
    bound: Mapping[str, Any],
) -> Chart:
    words = {name: value for name, value in call.values.items() if name not in call.block.upstreams}

    def called(name: str, inputs: Sequence[Any]) -> Any:
        return found[name][0](*inputs, **_taken(found[name][0], words)) if found[name] else None

    source = called("data_source", given)
    inputs = given if source is None else [source]
    settings = {**call.block.configuration, **(called("configuration", inputs) or {})}
    if rendered:
        function, how = rendered[0]
        return Chart(
            sort="custom",
            content=function(*inputs, **_taken(function, words)),
            content_type=str(how.get("render_type", "html")),
        )
    both = called("xy", inputs)
    x, y = both if both is not None else (called("x", inputs), called("y", inputs))
    return data.chart(settings, inputs, x, y, bound, where=Where(block=call.block.name))


def _taken(function: Callable[..., Any], words: Mapping[str, Any]) -> Mapping[str, Any]:
    import inspect

    parameters = inspect.signature(function).parameters.values()
    if any(each.kind is each.VAR_KEYWORD for each in parameters):
        return words
    return {each.name: words[each.name] for each in parameters if each.kind is each.KEYWORD_ONLY and each.name in words}


language = MageChart()
