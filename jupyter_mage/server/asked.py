"""What a request says, checked: nothing of it goes further than its own type and bounds."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from ..errors import DefinitionError

RUN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
BLOCK = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,62}(\[\d{1,9}\])?", re.ASCII)
VARIABLE = re.compile(r"[A-Za-z_]\w{0,199}")
LONGEST = 4_096
WORDS = 20_000


class Asked:
    """The fields of a request, each asked for with what it has to be. Raises DefinitionError for anything else.

    >>> asked = Asked({"run": "20260101-120000-abc123", "rows": "20", "block": "../x"})
    >>> asked.run(), asked.number("rows", 50, most=500)
    ('20260101-120000-abc123', 20)
    >>> asked.block()
    Traceback (most recent call last):
    jupyter_mage.errors.DefinitionError: '../x' is no block
      → NAME, or NAME[3] for an item of a mapped one
    """

    def __init__(self, fields: Mapping[str, Any]) -> None:
        self._fields = fields

    def text(self, name: str, otherwise: str | None = None) -> str:
        value = self._fields.get(name, otherwise)
        if not isinstance(value, str) or len(value) > LONGEST or "\0" in value:
            raise DefinitionError(f"{name} is {_short(value)}, not a text", hint=f"{name}=TEXT")
        return value

    def number(self, name: str, otherwise: int, *, most: int = 1 << 62) -> int:
        value = self._fields.get(name, otherwise)
        if isinstance(value, bool) or not isinstance(value, int | str) or not re.fullmatch(r"\d{1,18}", str(value)):
            raise DefinitionError(f"{name} is {_short(value)}, not a whole number", hint=f"{name}=10")
        return min(int(value), most)

    def yes(self, name: str) -> bool:
        return self._fields.get(name) in (True, "true", "1")

    def words(self, name: str) -> dict[str, Any]:
        """What a kernel would be sent: an object as JSON."""
        value = self._fields.get(name, "{}")
        if isinstance(value, str) and len(value) <= WORDS:
            with contextlib.suppress(ValueError, RecursionError):
                found = json.loads(value)
                if isinstance(found, dict):
                    return found
        raise DefinitionError(f"{name} is {_short(value)}, not an object as JSON", hint=f'{name}={{"block": "NAME"}}')

    def variables(self, name: str) -> dict[str, str]:
        """Texts by the name of a variable, as they are typed."""
        value = self._fields.get(name, {})
        if not isinstance(value, dict) or any("\0" in part or len(part) > LONGEST for part in _texts(value)):
            raise DefinitionError(f"{name} is {_short(value)}, not texts by name", hint=f'{name}={{"day": "2024-01-01"}}')
        return value

    def run(self, name: str = "run") -> str:
        return self._matching(name, RUN, "run", "jupyter mage runs PROJECT")

    def block(self, name: str = "block") -> str:
        return self._matching(name, BLOCK, "block", "NAME, or NAME[3] for an item of a mapped one")

    def pipeline(self, name: str = "pipeline") -> str:
        """Of a Mage project it may be any folder's name; it is only ever compared with those that are there."""
        return self.text(name)

    def _matching(self, name: str, pattern: re.Pattern[str], what: str, hint: str) -> str:
        value = self.text(name)
        if not pattern.fullmatch(value):
            raise DefinitionError(f"{_short(value)} is no {what}", hint=hint)
        return value


def _texts(value: dict[Any, Any]) -> Iterator[str]:
    """Each name and text; for whatever is none, one that nothing takes."""
    for name, part in value.items():
        yield name if VARIABLE.fullmatch(name) else "\0"
        yield part if isinstance(part, str) else "\0"


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:59]}…"
