"""Asking for a run's variables: which, with which values they begin, and what one would have typed instead."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from . import graph
from .engine import needed, runs
from .errors import JupyterMageError
from .model import MISSING, Pipeline
from .variables import Variable, listed


def wanted(pipeline: Pipeline, selection: str = "") -> list[Variable]:
    """The variables that a run of this selection reads. Raises UnknownNameError; JupyterMageError where there are none."""
    names = needed(
        pipeline, graph.select(pipeline, selection) if selection else [block.name for block in pipeline if runs(block)]
    )
    found = listed(pipeline, names)
    found = [each for each in found if each.blocks]
    if not found:
        raise JupyterMageError("no block of this run has a parameter", hint='%%block NAME(…, *, day: date = "2024-01-01")')
    return found


def text_of(value: Any) -> str:
    """A value as one types it behind ``--var name=``."""
    return value if isinstance(value, str) else repr(value)


def different(variables: Iterable[Variable], values: Mapping[str, Any]) -> dict[str, Any]:
    """The answers that are not what the run would take anyway."""
    return {each.name: values[each.name] for each in variables if each.name in values and values[each.name] != each.value}


def command(start: Sequence[str], variables: Iterable[Variable], values: Mapping[str, Any]) -> str:
    """``%pipeline run --var day=2024-01-01``: the same without being asked."""
    words = []
    for each in variables:
        if each.name in values and values[each.name] != each.value:
            words += ["--var", f"{each.name}={text_of(values[each.name])}"]
    return " ".join([*start, shlex.join(words)]).strip()


def prompted(variables: Iterable[Variable]) -> dict[str, Any]:
    """Ask in a terminal, one line a variable, again where an answer does not fit; Return takes the value that is shown."""
    import click

    found = {}
    for each in variables:
        kind = f" ({each.type.text or each.type.name})" if each.type.name else ""
        choices = f" [{', '.join(map(str, each.type.choices))}]" if each.type.choices else ""
        shown = None if each.value is MISSING else text_of(each.value)
        found[each.name] = click.prompt(f"{each.name}{kind}{choices}", default=shown, value_proc=_reader(each, shown), err=True)
    return found


def _reader(variable: Variable, shown: str | None) -> Any:
    def read(text: str) -> Any:
        import click

        if text == shown:
            return variable.value
        try:
            return variable.type.fit(text)
        except (ValueError, TypeError, OverflowError) as error:
            expected = f": {error}" if str(error) else ""
            raise click.BadParameter(f"{text!r} is no {variable.type.text or variable.type.name}{expected}") from None

    return read
