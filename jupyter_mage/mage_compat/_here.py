"""Where the running body belongs: its project."""

from __future__ import annotations

import os
from pathlib import Path

from ..plugins import Scope
from ..work import current_scope

_set: list[tuple[Scope, str]] = []
"""The folder that `set_root` was given last, and for whom: no other run gets it."""


def root() -> Path:
    """The project's folder."""
    scope = current_scope()
    if _set and _set[0][0] is scope:
        return Path(_set[0][1])
    return Path(scope.root or os.environ.get("MAGE_REPO_PATH") or Path.cwd())


def set_root(folder: str) -> None:
    """From now on, for whoever runs now, the project is this folder."""
    _set[:] = [(current_scope(), str(Path(folder).resolve()))]
