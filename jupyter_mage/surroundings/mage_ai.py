"""``import mage_ai`` in a block, where mage-ai is not installed: `jupyter_mage.mage_compat` under that name, while a body runs.

The finder stands last on ``sys.meta_path``, so that an installed mage-ai is found before it. When the last body has ended,
the finder and the modules under that name are gone: nothing outside a run sees them. What a body has bound stays good, since
the classes and functions belong to `jupyter_mage.mage_compat`.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import sys
import threading
from collections.abc import Iterator
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import TYPE_CHECKING

from ..plugins import Scope

if TYPE_CHECKING:
    from importlib.abc import Loader
else:
    Loader = object  # importing that takes a worker as long as a tenth of all the rest

NAME, OURS = "mage_ai", "jupyter_mage.mage_compat"

_lock = threading.Lock()
_bodies = 0
_runs: set[str] = set()
"""Runs whose bodies find the finder there already."""


class Finder(Loader):
    """Finds ``mage_ai`` and what is below it; also its loader."""

    def find_spec(self, name: str, *_: object) -> ModuleSpec | None:
        if name.split(".")[0] != NAME:
            return None
        above = sys.modules.get(name.rpartition(".")[0])
        if above is not None and not _is_ours(above):
            return None  # an installed mage-ai that lacks this module: it is the one that is in use
        own = OURS + name.removeprefix(NAME)
        try:
            found = importlib.util.find_spec(own)
        except ModuleNotFoundError:
            found = None
        if found is None:
            message = f"No module named {name!r}: mage-ai is not installed, and jupyter_mage has no stand-in for this part of it"
            raise ModuleNotFoundError(
                f"{message} (docs/connections.md lists what it has; pip install mage-ai for the rest)", name=name
            )
        return ModuleSpec(name, self, is_package=found.submodule_search_locations is not None)

    def create_module(self, _: ModuleSpec) -> None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        own = importlib.import_module(OURS + module.__name__.removeprefix(NAME))
        module.__dict__.update(
            {name: value for name, value in vars(own).items() if not name.startswith("__") or name == "__doc__"}
        )
        if "__getattr__" in vars(own):
            module.__dict__["__getattr__"] = vars(own)["__getattr__"]


_finder = Finder()


def _is_ours(module: ModuleType) -> bool:
    return getattr(getattr(module, "__spec__", None), "loader", None) is _finder


class MageAi:
    """Makes the names importable while a body runs."""

    name = "mage_ai"

    def around(self, scope: Scope) -> contextlib.AbstractContextManager[object] | None:
        return None if scope.run in _runs else _importable

    @contextlib.contextmanager
    def around_run(self, scope: Scope) -> Iterator[None]:
        with _importable:
            _runs.add(scope.run)
            try:
                yield
            finally:
                _runs.discard(scope.run)


class _Importable:
    """The finder is there inside the ``with``, however many bodies are in it at once."""

    __slots__ = ()

    def __enter__(self) -> None:
        global _bodies
        with _lock:
            _bodies += 1
            path = sys.meta_path
            if not path or (path[-1] is not _finder and _finder not in path):
                path.append(_finder)

    def __exit__(self, *_: object) -> None:
        global _bodies
        with _lock:
            _bodies -= 1
            if not _bodies:
                path = sys.meta_path
                if path and path[-1] is _finder:
                    del path[-1]
                elif _finder in path:  # the body has changed the path itself
                    sys.meta_path.remove(_finder)
                if NAME in sys.modules:
                    _forget()


_importable = _Importable()


def _forget() -> None:
    for name in [each for each in sys.modules if each.split(".")[0] == NAME]:
        if _is_ours(sys.modules[name]):
            del sys.modules[name]


surroundings = MageAi()
