"""Where the running body belongs: its project, its pipeline."""

from __future__ import annotations

import os
from pathlib import Path

from ..work import current_scope

_set: list[str] = []
"""The folder that `set_root` was given last, if any."""


def root() -> Path:
    """The project's folder."""
    if _set:
        return Path(_set[-1])
    return Path(current_scope().root or os.environ.get("MAGE_REPO_PATH") or Path.cwd())


def set_root(folder: str) -> None:
    _set[:] = [str(Path(folder).resolve())]


def pipeline() -> str:
    """The name of the pipeline that runs, or empty."""
    return current_scope().pipeline
