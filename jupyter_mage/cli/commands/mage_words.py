"""The options of `mage run`, so that a line which ran there runs here: what they mean here, and what cannot be had."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from ...session import Session

F = TypeVar("F", bound=Callable[..., Any])
LOCAL = ("local_python", "local_python_force")
_ELSEWHERE = (
    "--callback-url",
    "--block-run-id",
    "--pipeline-run-id",
    "--execution-partition",
    "--template-runtime-configuration",
)
"""Words with which Mage's scheduler calls `mage run`; there is no such scheduler behind this command."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MageWords:
    """What `mage run`'s own options came to."""

    variables: dict[str, Any] = field(default_factory=dict)
    block: str = ""
    strict: bool = False
    skip_sensors: bool = False

    def selection(self, session: Session) -> str:
        """The block that ``--block-uuid`` means, by the name that it has here. Raises UnknownNameError."""
        from ...errors import unknown

        if not self.block:
            return ""
        names = {block.label or block.name: block.name for block in session.pipeline}
        found = names.get(self.block) or (self.block if self.block in session.pipeline else "")
        if not found:
            raise unknown("block", self.block, names)
        return found


def mage_words(command: F) -> F:
    """Add `mage run`'s options to a command, which gets them as ``mage``."""

    @wraps(command)
    def with_words(*args: Any, **given: Any) -> Any:
        for name in _ELSEWHERE:
            if given.pop(name.lstrip("-").replace("-", "_")) is not None:
                raise click.UsageError(f"{name} is for Mage's own scheduler, which is not here: leave it out")
        executor = given.pop("executor_type")
        if executor is not None and executor not in LOCAL:
            raise click.UsageError(f"--executor-type {executor} is not here: {', '.join(LOCAL)}, or --executor processes")
        given.pop("test")
        words = MageWords(
            variables=_runtime_variables(given.pop("runtime_vars")),
            block=given.pop("block_uuid"),
            strict=given.pop("mage_strict"),
            skip_sensors=given.pop("skip_sensors"),
        )
        return command(*args, mage=words, **given)

    options = [
        click.option("--runtime-vars", metavar="JSON", help="Variables, as a JSON object."),
        click.option(
            "--block-uuid", default="", metavar="BLOCK", help="Run this block, and what it needs where that is not cached."
        ),
        click.option("--test/--no-test", default=True, help="Tests run anyway."),
        click.option("--skip-sensors/--no-skip-sensors", default=False, help="Do not wait: sensors count as true."),
        click.option("--mage-strict", is_flag=True, help="Hand values on as Mage does, where that is worse too; keeps nothing."),
        click.option("--executor-type", metavar="NAME", hidden=True),
        *(click.option(name, hidden=True) for name in _ELSEWHERE),
    ]
    decorated: Any = with_words
    for option in reversed(options):
        decorated = option(decorated)
    return decorated  # type: ignore[no-any-return]


def _runtime_variables(text: str | None) -> dict[str, Any]:
    if not text:
        return {}
    try:
        found = json.loads(text)
    except ValueError as error:
        raise click.UsageError(f"--runtime-vars does not read as JSON: {error}") from None
    if not isinstance(found, dict):
        raise click.UsageError(f'--runtime-vars has to be an object: {{"name": value}}, not {text:.60}')
    return found
