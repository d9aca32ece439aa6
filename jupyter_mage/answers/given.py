"""The words of a question, read as what they should be: they come from a page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import DefinitionError

LONGEST = 10_000


class Given:
    """Arguments by name.

    >>> given = Given({"block": "raw", "start": "7"})
    >>> given.text("block"), given.number("start"), given.flag("force")
    ('raw', 0, False)
    """

    def __init__(self, arguments: Mapping[str, Any]) -> None:
        self._arguments = arguments

    def text(self, name: str) -> str:
        """Empty where there is none. Raises DefinitionError for one that nobody types."""
        found = self._arguments.get(name)
        if isinstance(found, str) and len(found) > LONGEST:
            raise DefinitionError(f"{name} has {len(found):,} characters")
        return found if isinstance(found, str) else ""

    def number(self, name: str, otherwise: int = 0) -> int:
        """A whole number, 0 or more."""
        found = self._arguments.get(name)
        return found if isinstance(found, int) and not isinstance(found, bool) and found >= 0 else otherwise

    def flag(self, name: str) -> bool:
        return self._arguments.get(name) is True

    def texts(self, name: str) -> dict[str, str]:
        """Texts by name: variables as they were typed."""
        found = self._arguments.get(name)
        return {str(key): value for key, value in found.items() if isinstance(value, str)} if isinstance(found, Mapping) else {}

    def pairs(self, name: str) -> dict[str, str]:
        """Pairs of texts, in their order: ids of cells and what they say. An object would put ids of digits first."""
        found = self._arguments.get(name)
        pairs = (each for each in found if isinstance(each, list) and len(each) == 2) if isinstance(found, list) else ()
        return {one: other for one, other in pairs if isinstance(one, str) and isinstance(other, str)}
