"""What a worker process has from the start: the fork server imports this module once, for every worker that it forks."""

from __future__ import annotations

from .plugins import languages, stores, surroundings
from .work import run_in_worker

__all__ = ["run_in_worker"]

surroundings.all()
languages.get("python")
stores.get("local")
