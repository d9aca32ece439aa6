"""Who does the work of a request, and where its kept outputs are found: what stands between a session and the engine."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Iterator, Mapping
from concurrent import futures
from pathlib import Path
from typing import Any, Protocol

from . import redaction, vault
from .engine import Request
from .handoff import Handoff
from .jobs import Kept
from .model import Block, Output, Pipeline
from .plugins import Scope, executors, surroundings
from .printing import printed, routed
from .work import Place, Result, Task, made_ready, run_in_worker, run_task


class Grounds(Protocol):
    """Of a session, what its crew needs."""

    root: Path
    durability: str

    @property
    def pipeline(self) -> Pipeline: ...
    @property
    def state_folder(self) -> Path: ...
    @property
    def store(self) -> Handoff: ...
    @property
    def history(self) -> Any: ...
    def pool(self, name: str, workers: int) -> futures.Executor: ...


class Crew:
    """Who runs the tasks of one request: the run's executor, or the one that a block asks for; in its cell, the notebook."""

    def __init__(self, grounds: Grounds, request: Request, own: str = "", place: Place | None = None) -> None:
        self._grounds, self._request = grounds, request
        self._own, self._place = own, self._showing(own, place) if place else None
        self._out: dict[futures.Future[Result], tuple[Any, futures.Executor, str]] = {}
        self._opened: dict[str, tuple[Any, futures.Executor]] = {}
        self._limits: object = None
        self._chosen: tuple[Any, Any] = (None, None)
        self._store: Handoff | None = None
        self._where = str(grounds.state_folder / "store")
        self._scope = Scope(root=str(grounds.root), pipeline=request.pipeline.name, run=request.run)
        vault.refuse(
            grounds.root,
            {f"variable {name}": value for name, value in request.variables.items()},
            hint="the history would keep it: read it in the block, with os.environ or get_secret_value",
        )
        executors.get(request.executor)

    @contextlib.contextmanager
    def at_work(self) -> Iterator[None]:
        """What is the same for all blocks of the run, done once: its surroundings, and where they print to."""
        with contextlib.ExitStack() as stack:
            stack.enter_context(routed())
            for plugin in surroundings.all():
                stack.enter_context(plugin.around_run(self._scope))
            yield

    def submit(self, task: Task) -> futures.Future[Result]:
        grounds = self._grounds
        limits = task.block.limits
        if limits is not self._limits:  # most blocks have the same: none
            self._limits, self._chosen = limits, self._open(self._executor_of(task.block))
        plugin, pool = self._chosen
        future: futures.Future[Result]
        if plugin.in_process:
            self._store = self._store or grounds.store
            future = pool.submit(run_task, task, self._store, self._place_of(task.block), scope=self._scope)
        else:
            future = pool.submit(run_in_worker, made_ready(task), "local", self._where, grounds.durability, self._scope)
        if not future.done():  # else there is nothing left to stop
            self._out[future] = plugin, pool, task.block.name
            future.add_done_callback(lambda done: self._out.pop(done, None))
        return future

    def stop(self, future: futures.Future[Result]) -> None:
        plugin, pool, _ = self._out.get(future, (None, None, ""))
        if plugin is not None:
            plugin.stop(pool, future)

    def printed(self, block: str) -> str:
        """What a block that runs has printed so far; from any thread."""
        here = printed(block)
        told = (plugin.printed(pool, future) for future, (plugin, pool, name) in tuple(self._out.items()) if name == block)
        return redaction.hide(here or next((text for text in told if text), ""))

    def halt(self) -> None:
        for plugin, pool in self._opened.values():
            plugin.halt(pool)

    def _executor_of(self, block: Block) -> str:
        """A cell's blocks run in the kernel; elsewhere a limit needs a process, since nothing else can be held to it."""
        if self._place is not None:
            return self._request.executor
        limited = block.limits.timeout is not None or block.limits.memory is not None
        if limited and executors.get(block.limits.executor or self._request.executor).in_process:
            return "processes"
        return block.limits.executor or self._request.executor

    def _open(self, name: str) -> tuple[Any, futures.Executor]:
        if name not in self._opened:
            self._opened[name] = executors.get(name), self._grounds.pool(name, self._request.workers)
        return self._opened[name]

    def _place_of(self, block: Block) -> Place | None:
        if self._place is None:
            return None
        if block.name == self._own or self._place.namespace is None:
            return self._place
        return Place(namespace=self._place.namespace) if block.leaks else None

    @staticmethod
    def _showing(name: str, place: Place) -> Place:
        """The place, where showing a value also binds it to the block's name."""
        shown, namespace = place.show, place.namespace
        if namespace is None:
            return place

        def show(value: Any) -> None:
            namespace[name] = value
            if shown:
                shown(value)

        return dataclasses.replace(place, show=show)


class KeptOutputs:
    """Finds kept outputs: each block's latest first (one look for all), then older ones, on one connection for the run."""

    def __init__(self, grounds: Grounds, latest: Mapping[str, Any]) -> None:
        self._history, self._store, self._latest = grounds.history, grounds.store, latest
        self._tested = {block.name for block in grounds.pipeline if block.tests}
        self._opened = contextlib.ExitStack()
        self._older: Callable[[str], Output | None] | None = None

    def close(self) -> None:
        self._opened.close()

    def find(self, block: str, key: str) -> Kept | None:
        last = self._latest.get(block)
        if last is None:
            return None
        if last.key == key:
            # the ingredients are JSON until they are looked into, and without tests nobody needs to
            tests = str(last.ingredients.get("tests", "")) if block in self._tested else ""
            kept = Kept(output=last.output, tests=tests, seconds=last.seconds, at=last.at)
        else:
            if self._older is None:
                self._older = self._opened.enter_context(self._history.lookup())
            found = self._older(key)
            if found is None:
                return None
            kept = Kept(output=found)
        return kept if self._store.has(kept.output) else None
