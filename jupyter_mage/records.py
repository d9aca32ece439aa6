"""What a project keeps of its runs: history, outputs, the cache and its bounds."""

from __future__ import annotations

import dataclasses
import os
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import browsing, graph
from .definitions import Definitions
from .errors import JupyterMageError, Where
from .handoff import Handoff
from .model import Output
from .plugins import sinks, stores
from .state import Run

if TYPE_CHECKING:
    from .sinks.history import History

STATE = ".jupyter_mage"
CACHE_LIMIT = int(os.environ.get("JUPYTER_MAGE_CACHE_LIMIT", 20_000_000_000))
"""Bytes of outputs that a project keeps; the oldest go first."""
RUNS_KEPT = int(os.environ.get("JUPYTER_MAGE_RUNS_KEPT", 1000))
"""Runs that the history keeps, beside those whose outputs are kept."""
TIDY_SECONDS = 600.0
"""How long a session trusts what it knows of the cache's size: other processes add to it too."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Collected:
    """What a collection came to: keys forgotten, files removed, bytes kept, and their bound."""

    forgotten: int
    files: int
    kept: int
    limit: int


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two runs, and for each block whose key differs, why: code, parameters, inputs, packages …"""

    before: Run
    after: Run
    reasons: Mapping[str, list[str]]


class Records(Definitions):
    """Definitions with a folder that keeps what became of them: history, store and cache, each opened at first use."""

    def __init__(self, root: Path, pipeline: str, *, durability: str = "process") -> None:
        super().__init__(root, pipeline)
        self.durability = durability
        self._history: History | None = None
        self._store: Handoff | None = None
        self._room, self._tidy_again = 0, 0.0
        self._opening = threading.RLock()  # screens ask from threads of their own

    @property
    def state_folder(self) -> Path:
        return self.root / STATE

    @property
    def history(self) -> History:
        """The project's history, opened (and recovered) at first use; from then on every event goes there first."""
        with self._opening:
            if self._history is None:
                self._history = sinks.get("history")(self.state_folder, durability=self.durability)
                self.stream.subscribe(self._history, essential=True)
            return self._history

    @property
    def store(self) -> Handoff:
        with self._opening:
            if self._store is None:
                self._store = Handoff(stores.get("local")(self.state_folder / "store", durability=self.durability))
            return self._store

    def output(self, block: str) -> Output:
        """The last good output of a block, by reference. Raises UnknownNameError; JupyterMageError where it never ran."""
        name = self.pipeline[block].name
        last = self.history.latest(self.current).get(name)
        if last is None:
            raise JupyterMageError(f"{name} has no output yet", where=Where(block=name), hint=f"%pipeline run {name}")
        output: Output = last.output
        return output

    def value(self, block: str) -> Any:
        """The last good output of a block, loaded."""
        return self.store.get(self.output(block))

    def cached_outputs(self) -> list[Any]:
        """What the cache has, largest first: pipeline, block, key, output, when and by which run it was made."""
        return sorted(self.history.kept(), key=lambda each: -each.output.size)

    def clear_cache(self, selection: str = "") -> int:
        """Forget what is kept of these blocks (all, of every pipeline, when empty) and remove its files; gives how many."""
        names = set(graph.select(self.pipeline, selection)) if selection else None
        chosen = [
            each.key
            for each in self.history.kept()
            if names is None or (each.pipeline == self.current and each.block.split("[")[0] in names)
        ]
        forgotten = self.history.forget(chosen)
        self.store.collect(self.history.contents(), age=0.0)
        return forgotten

    def collect(self, limit: int | None = None) -> Collected:
        """Keep the cache within ``limit`` bytes, oldest first out, and remove files that nothing needs."""
        limit = CACHE_LIMIT if limit is None else limit
        forgotten = self.history.evict(limit)
        files = self.store.collect(self.history.contents())
        return Collected(forgotten=forgotten, files=files, kept=self.history.kept_size(), limit=limit)

    def compare(self, before: str = "-2", after: str = "-1") -> Comparison:
        """Two runs of the history, and what the results of each block were made of."""
        old, new = self.past_run(before), self.past_run(after)
        reasons = browsing.why_different(self.history, old, new)
        return Comparison(before=old, after=new, reasons=reasons)

    def is_run(self, text: str) -> bool:
        """Whether ``text`` names exactly one run: an id, a part of it, ``last``, ``-1``."""
        try:
            return (self.state_folder / "history.db").exists() and bool(self.history.resolve_run(text))
        except JupyterMageError:
            return False

    def tidy(self, run: Run) -> None:
        """Keep cache and history within their bounds: looked at after the first run, then as that room is used up."""
        self._room -= sum(block.output.size for block in run.blocks.values() if block.output and block.status == "succeeded")
        if self._room > 0 and time.monotonic() < self._tidy_again:  # others use up room as well
            return
        if self.history.kept_size() > CACHE_LIMIT:
            self.collect()
        self.history.prune(RUNS_KEPT)
        self._room, self._tidy_again = CACHE_LIMIT - self.history.kept_size(), time.monotonic() + TIDY_SECONDS

    def page(self, name: str = "last") -> str:
        """A run, or the pipeline's last, as one HTML page that needs nothing else: graph, times, errors, logs, versions."""
        from . import page

        run = self.history.resolve_run(name, self.current if name == "last" else None)
        return page.page(page.of_run(browsing.project(self.root, "."), run))

    def past_run(self, name: str = "last") -> Run:
        """A run of the history, by id, a part of it, ``last`` or ``-1``."""
        return self.history.run(self.history.resolve_run(name))
