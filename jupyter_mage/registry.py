"""Names to plugins, by entry point: the door that built-ins and guests both come through.

A plugin is an object listed in ``pyproject.toml`` under ``jupyter_mage.languages``, ``.kinds``, ``.surroundings``,
``.executors``, ``.stores``, ``.sinks`` or ``.formats``. It is imported when its name is first asked for; a missing optional
package becomes an error that says what to install.
"""

from __future__ import annotations

import functools
import json
import os
import sys
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Generic, TypeVar, cast

from .errors import PluginError, unknown

T = TypeVar("T")


class Registry(Generic[T]):
    """The plugins of one sort.

    >>> Registry("languages").get("pyhton")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    jupyter_mage.errors.UnknownNameError: no language 'pyhton'. Did you mean 'python'? There are: ...python, sql
    """

    def __init__(self, sort: str) -> None:
        self.sort = sort
        self._loaded: dict[str, T] = {}
        self._all: tuple[T, ...] | None = None
        self._names: list[str] | None = None

    def names(self) -> list[str]:
        if self._names is None:
            self._names = sorted({*self._entry_points(), *self._loaded})
        return list(self._names)

    def at_hand(self) -> list[str]:
        """The names, those first whose plugin is imported already: to ask that one costs nothing."""
        points = self._entry_points()
        return sorted(self.names(), key=lambda name: name in points and points[name].module not in sys.modules)

    def add(self, name: str, plugin: T) -> None:
        """Register a plugin of this process only; a package lists its own as an entry point instead."""
        self._loaded[name] = plugin
        self._all = self._names = None

    def all(self) -> tuple[T, ...]:
        """Every plugin, in the order of their names. Raises PluginError where one cannot be imported."""
        if self._all is None:
            self._all = tuple([self.get(name) for name in self.names()])
        return self._all

    def get(self, name: str) -> T:
        """The plugin of this name, imported now if it was not before."""
        try:
            return self._loaded[name]
        except KeyError:
            pass
        point = self._entry_points().get(name)
        if point is None:
            raise unknown(self.sort.removesuffix("s"), name, self.names())
        try:
            plugin = cast(T, point.load())
        except ModuleNotFoundError as error:
            extra = f"[{point.extra}]" if point.extra else ""
            raise PluginError(
                f"{self.sort.removesuffix('s')} {name!r} needs the package {error.name!r}, which is not installed",
                hint=f"pip install 'jupyter_mage{extra}'",
            ) from error
        self._loaded[name] = plugin
        return plugin

    def __contains__(self, name: str) -> bool:
        return name in self._loaded or name in self._entry_points()

    def _entry_points(self) -> dict[str, _Point]:
        return _all_points().get(f"jupyter_mage.{self.sort}", {})


@dataclass(frozen=True, slots=True)
class _Point:
    """An entry point: where a plugin is, and the extra that its packages come with."""

    module: str
    attribute: str
    extra: str = ""

    def load(self) -> object:
        return functools.reduce(getattr, filter(None, self.attribute.split(".")), import_module(self.module))


HANDED_OVER = "JUPYTER_MAGE_ENTRY_POINTS"
"""Variable of a process that this one starts, which need not look for them again: to import what finds them takes a fifth of what
its fork server imports."""


@cache
def _all_points() -> dict[str, dict[str, _Point]]:
    """Every entry point of ours, by group: one look at the installed packages, and only ours are parsed (the first one wins)."""
    handed = os.environ.pop(HANDED_OVER, "")
    if handed:
        return {group: {name: _Point(*each) for name, each in names.items()} for group, names in json.loads(handed).items()}
    from importlib import metadata

    found: dict[str, dict[str, _Point]] = {}
    for distribution in metadata.distributions():
        if "[jupyter_mage." in (distribution.read_text("entry_points.txt") or ""):
            for point in distribution.entry_points:
                said = _Point(point.module, point.attr, point.extras[0] if point.extras else "")
                found.setdefault(point.group, {}).setdefault(point.name, said)
    return found


def handed_over() -> str:
    """What `HANDED_OVER` says to a process that this one starts."""
    return json.dumps(
        {
            group: {name: (each.module, each.attribute, each.extra) for name, each in names.items()}
            for group, names in _all_points().items()
            if group.startswith("jupyter_mage.")
        }
    )
