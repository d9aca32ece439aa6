"""The project's ``.env`` for whatever runs: its variables are there while a body runs, and never instead of a real one."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

from .. import vault
from ..plugins import Scope

_lock = threading.Lock()
_set: dict[str, tuple[str, int]] = {}
"""The variables that we have set, with their value and how many bodies run that want them."""


class DotEnv:
    """Sets the variables of ``.env`` that the environment lacks; the last body that ends takes them away."""

    name = "dotenv"

    def around(self, scope: Scope) -> contextlib.AbstractContextManager[object] | None:
        if not scope.root or not vault.there(scope.root):
            return None
        found = vault.environment(Path(scope.root))
        return _variables(found) if found else None

    def around_run(self, scope: Scope) -> contextlib.AbstractContextManager[object]:  # noqa: ARG002 (a body may change the file)
        return contextlib.nullcontext()


@contextlib.contextmanager
def _variables(found: Mapping[str, str]) -> Iterator[None]:
    with _lock:
        ours = [name for name in found if name in _set or name not in os.environ]
        for name in ours:
            value, users = _set.get(name, (found[name], 0))
            _set[name] = value, users + 1
            os.environ.setdefault(name, value)
    try:
        yield
    finally:
        with _lock:
            for name in ours:
                value, users = _set.pop(name)
                if users > 1:
                    _set[name] = value, users - 1
                elif os.environ.get(name) == value:  # else the body has set it to something of its own
                    del os.environ[name]


surroundings = DotEnv()
