"""A pipeline's variables as a form needs them, and whether a value fits one."""

from __future__ import annotations

import shlex
from typing import Any, Literal

from ..asked import Fitted, PipelineVariable, PipelineVariables
from ..asking import text_of
from ..code.parameter_types import Type
from ..errors import unknown
from ..model import MISSING, Pipeline
from ..redaction import hide
from ..session import Session
from ..variables import Variable, changed, listed
from .data import ran
from .given import Given

Control = Literal["bool", "int", "float", "date", "datetime", "choice", "str", "json"]

_CONTROLS: dict[str, Control] = {
    "bool": "bool", "int": "int", "float": "float", "date": "date", "datetime": "datetime", "choice": "choice", "str": "str",
}  # fmt: skip
MOST = 500
LONGEST = 20_000


def variables(session: Session, _: Given) -> PipelineVariables:
    """Every variable that blocks read, and the pipeline's others."""
    pipeline = session.pipeline
    run, at, last = session.history.last_variables(pipeline.name) if ran(session) else ("", 0.0, dict[str, Any]())
    return {
        "pipeline": pipeline.name,
        "variables": [_variable(each, pipeline, last.get(each.name, MISSING)) for each in listed(pipeline)[:MOST]],
        "last_run": run,
        "last_at": at if run else None,
    }


def fit(session: Session, given: Given) -> Fitted:
    """Whether the text ``value`` fits the variable ``name``. Raises DefinitionError with what is wrong, as setting it would."""
    name, pipeline = given.text("name"), session.pipeline
    if not name:
        raise unknown("variable", name, (each.name for each in listed(pipeline)), hint="%pipeline vars")
    found = changed(pipeline, {name: given.text("value")}).variables[name]
    text = text_of(found)
    return {"value": text, "command": f"%pipeline vars {shlex.quote(f'{name}={text}')}"}


def _variable(each: Variable, pipeline: Pipeline, last: Any) -> PipelineVariable:
    return {
        "name": each.name,
        "type": each.type.text or each.type.name,
        "control": control(each.type),
        "optional": each.type.optional,
        "choices": [text_of(choice) for choice in each.type.choices[:MOST]],
        "value": _text(each.value),
        "default": _text(_default(each.name, pipeline)),
        "source": each.source,  # type: ignore[typeddict-item]  # one of three words
        "last": _text(last),
        "blocks": list(each.blocks[:MOST]),
    }


def control(kind: Type) -> Control:
    """Which control asks for it: text where nothing is a value too, unless one can choose that.

    >>> from jupyter_mage.code.parameter_types import read
    >>> [control(read(text)) for text in ("bool", "int | None", "Literal['a', 'b']", "list[int]", "")]
    ['bool', 'str', 'choice', 'json', 'str']
    """
    if kind.choices:
        return "choice"
    if kind.name in ("list", "dict"):
        return "json"
    return "str" if kind.optional and kind.name not in ("date", "datetime") else _CONTROLS.get(kind.name, "str")


def _default(name: str, pipeline: Pipeline) -> Any:
    found = (each.default for block in pipeline for each in block.parameters if each.name == name)
    return next((value for value in found if value is not MISSING), MISSING)


def _text(value: Any) -> str | None:
    return None if value is MISSING else hide(text_of(value))[:LONGEST]
