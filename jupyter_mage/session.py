"""The one object that changes: it holds what cells define (`definitions`), runs it, and answers every verb.

Magics, widget, panel and command line are thin words over it. Here, and only here, plugins, engine, store and history meet.
"""

from __future__ import annotations

import dataclasses
import getpass
import os
import secrets
import socket
import threading
import time
from collections.abc import Callable, Mapping
from concurrent import futures
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import engine, graph, planner, projects
from .code import dependencies
from .code.parameters import check_variables, values
from .definitions import Definitions
from .errors import BlockFailedError, DefinitionError, JupyterMageError, RunCancelledError, Where, unknown
from .fingerprint import Fingerprint
from .handoff import Handoff
from .model import Output, Pipeline
from .plugins import executors, formats, kinds, languages, sinks, stores
from .state import Run
from .work import Place, Result, Task, run_in_worker, run_task

if TYPE_CHECKING:
    from .sinks.history import History

STATE = ".jupyter_mage"


class Session(Definitions):
    """Pipelines, their runs, and the project folder they live in.

    >>> import tempfile
    >>> session = Session(Path(tempfile.mkdtemp()), pipeline="demo")
    >>> _ = session.define("raw", "[1, 2, 3]"), session.define("total(raw)", "sum(raw)")
    >>> session.run(executor="inline").status, session.value("total")
    ('succeeded', 6)
    >>> session.close()
    """

    def __init__(
        self,
        root: Path | None = None,
        *,
        pipeline: str = "pipeline",
        origin: str = "python",
        durability: str = "process",
    ) -> None:
        super().__init__(Path(os.path.realpath(root or Path.cwd())), pipeline)
        self.fingerprint = Fingerprint(self.root)
        self.control: engine.Control | None = None
        self._origin, self._durability = origin, durability
        self._history: History | None = None
        self._store: Handoff | None = None
        self._opening = threading.RLock()  # screens ask from threads of their own
        self._pools: dict[tuple[str, int], tuple[object, futures.Executor]] = {}

    # ---- what runs -------------------------------------------------------------------------------------------------

    def run(
        self,
        selection: str = "",
        *,
        variables: Mapping[str, Any] | None = None,
        force: bool = False,
        executor: str = "processes",
        workers: int | None = None,
        retest: bool = False,
        check: bool = False,
    ) -> Run:
        """Run the current pipeline, or a selection of it and what that needs.

        With ``check``, a failed run raises BlockFailedError and a cancelled one RunCancelledError. Raises UnknownNameError and
        DefinitionError before anything runs.
        """
        if workers is not None and workers < 1:
            raise DefinitionError(f"workers is {workers}; at least one block has to run at a time", hint="--workers 2")
        plugin = executors.get(executor)
        count = (workers or os.cpu_count() or 1) if not plugin.in_process else 1
        request = self._request(selection, variables, force=force, executor=executor, workers=count, retest=retest)
        pool = self._pool(executor, count)
        if plugin.in_process:
            store = self.store

            def submit(task: Task) -> futures.Future[Result]:
                return pool.submit(run_task, task, store, None)
        else:
            where = str(self.state_folder / "store")

            def submit(task: Task) -> futures.Future[Result]:
                return pool.submit(run_in_worker, task, "local", where, self._durability, str(self.root))

        dependencies.forget_modules(self.root, changed_only=True)
        run = self._execute(request, submit, lambda: plugin.halt(pool))
        if check:
            _raise_unless_good(run)
        return run

    def run_cell(self, name: str, place: Place, *, run_body: bool = True, force: bool = False) -> Run:
        """Run one block in the notebook's namespace; what it needs comes from the cache or runs first.

        Without ``run_body``, only its tests run where its output is kept.
        """
        request = self._request(name, None, force=force, executor="inline", workers=1)
        only = frozenset(engine.needed(request.pipeline, [name]) if force else [name])
        request = dataclasses.replace(
            request,
            force=request.force | only if run_body else request.force,
            retest=frozenset() if run_body else frozenset([name]),
            leaks_allowed=True,
        )
        if dependencies.forget_modules(self.root, changed_only=True):
            _import_again(request.pipeline, place.namespace)
        pool, store = self._pool("inline", 1), self.store
        shown = place.show

        def show(value: Any) -> None:
            place.namespace[name] = value
            if shown:
                shown(value)

        own = dataclasses.replace(place, show=show)

        def submit(task: Task) -> futures.Future[Result]:
            block = task.block
            where = own if block.name == name else Place(namespace=place.namespace) if block.leaks else None
            return pool.submit(run_task, task, store, where)

        return self._execute(request, submit, lambda: None)

    def check_request(self, selection: str = "", *, variables: Mapping[str, Any] | None = None, executor: str = "inline") -> None:
        """Raise what `run` would raise before anything runs."""
        executors.get(executor)
        self._request(selection, variables)

    def cancel(self) -> bool:
        """Stop the run that is going on, from any thread; False where none is."""
        control = self.control
        if control is not None:
            control.cancel()
        return control is not None

    def plan(self, selection: str = "", *, variables: Mapping[str, Any] | None = None, force: bool = False) -> list[planner.Step]:
        """What `run` would do, block by block, and why. Runs nothing."""
        request = self._request(selection, variables, force=force)
        latest = self.history.latest(request.pipeline.name)
        return planner.plan(request, cache=_Cache(self, latest), fingerprint=self.fingerprint, latest=latest)

    def _request(
        self,
        selection: str,
        variables: Mapping[str, Any] | None,
        *,
        force: bool = False,
        executor: str = "inline",
        workers: int = 1,
        retest: bool = False,
    ) -> engine.Request:
        everything, given = self.pipeline, dict(variables or {})
        pipeline = dataclasses.replace(everything, blocks=tuple(block for block in everything if engine.runs(block)))
        if not len(pipeline):
            raise unknown("pipeline", self.current, self.pipelines, hint="define a block: %%block NAME")
        targets = graph.select(pipeline, selection)
        wanted = {*targets, *graph.ancestors(pipeline, targets)}
        graph.check_runnable(dataclasses.replace(pipeline, blocks=tuple(b for b in pipeline if b.name in wanted)), pipeline)
        check_variables(given, pipeline, pipeline.variables)
        for name in wanted:
            (
                kinds.get(pipeline[name].kind),
                languages.get(pipeline[name].language),
            )  # a kind or language that is not here is said now
            values(pipeline[name], {**pipeline.variables, **given})
        self.fingerprint.refresh()
        return engine.Request(
            run=f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}-{secrets.token_hex(2)}",
            pipeline=pipeline,
            targets=targets,
            selection=selection,
            variables={**pipeline.variables, **given},
            force=frozenset(targets) if force else frozenset(),
            executor=executor,
            workers=workers,
            retest=frozenset(targets) if retest else frozenset(),
            origin={"face": self._origin, "user": _user(), "host": socket.gethostname(), "pid": os.getpid()},
        )

    def _execute(self, request: engine.Request, submit: engine.Submit, halt: Callable[[], None]) -> Run:
        if self.control is not None:
            raise JupyterMageError("a run is going on in this session", hint="wait for it, or cancel it")
        self.control = engine.Control()
        try:
            return engine.run(
                request,
                submit=submit,
                halt=halt,
                cache=_Cache(self, self.history.latest(request.pipeline.name)),
                fingerprint=self.fingerprint,
                emit=self.stream.emit,
                control=self.control,
            )
        finally:
            self.control = None
            dependencies.watch_modules(self.root)

    def _pool(self, name: str, workers: int) -> futures.Executor:
        """The warm executor of this sort; a new one where the environment that its workers copied has changed."""
        now = (dict(os.environ), Path.cwd())
        known = self._pools.get((name, workers))
        if known is not None and known[0] == now:
            return known[1]
        if known is not None:
            known[1].shutdown(wait=False)
        pool = executors.get(name).open(workers)
        self._pools[name, workers] = now, pool
        return pool

    # ---- what is kept ----------------------------------------------------------------------------------------------

    @property
    def state_folder(self) -> Path:
        return self.root / STATE

    @property
    def history(self) -> History:
        """The project's history, opened (and recovered) at first use; from then on every event goes there first."""
        with self._opening:
            if self._history is None:
                self._history = sinks.get("history")(self.state_folder, durability=self._durability)
                self.stream.subscribe(self._history, essential=True)
            return self._history

    @property
    def store(self) -> Handoff:
        with self._opening:
            if self._store is None:
                self._store = Handoff(stores.get("local")(self.state_folder / "store", durability=self._durability))
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

    # ---- files -----------------------------------------------------------------------------------------------------

    @classmethod
    def open(cls, path: Path, pipeline: str = "", *, origin: str = "python", durability: str = "process") -> Session:
        """A session on a notebook file or a project folder, read and not run. Raises FormatError with file and line."""
        found = projects.read(path, pipeline)
        session = cls(projects.root_of(path), pipeline=found.name, origin=origin, durability=durability)
        session.adopt(found)
        projects.make_importable(session.root)
        return session

    def export(self, path: Path, *, notebook: Path | None = None) -> tuple[list[Path], list[str]]:
        """Write the current pipeline as a Mage project: the files written, and what real Mage would do otherwise.

        ``notebook`` is the file whose text cells go along, in its order.
        """
        pipeline = self.pipeline
        if notebook is not None:
            pipeline = projects.laid_out(pipeline, projects.read(notebook))
        plugin = formats.get("mage")
        return plugin.write(pipeline, path), plugin.warnings(pipeline)

    def check(self, path: Path | None = None) -> list[str]:
        """Everything that would stop this pipeline, or the project at ``path``; runs nothing."""
        return projects.check(path) if path is not None else projects.problems(self.pipeline)

    def past_run(self, name: str = "last") -> Run:
        """A run of the history, by id, a part of it, ``last`` or ``-1``."""
        return self.history.run(self.history.resolve_run(name))

    # ---- who watches -----------------------------------------------------------------------------------------------

    def picture(self) -> dict[str, Any]:
        """What the screens draw of the current pipeline: the graph, and each block's latest state."""
        from . import view

        with self._opening:
            if self.current not in self.board and (self.state_folder / "history.db").exists():
                recent = self.history.runs(self.current, 1)
                self.board[self.current] = self.history.run(recent[0].id) if recent else Run()
        board, stale = self.board.get(self.current), self.stale.get(self.current, ())
        return view.picture(self.pipeline, board, statuses=dict.fromkeys(stale, "stale"))

    def close(self) -> None:
        """End pools and history; nothing is lost without it."""
        for _, pool in self._pools.values():
            pool.shutdown(wait=True, cancel_futures=True)
        self._pools.clear()
        if self._history is not None:
            self._history.close()
            self._history = None


class _Cache:
    """Finds kept outputs: each block's latest first (one look for all), then older ones."""

    def __init__(self, session: Session, latest: Mapping[str, Any]) -> None:
        self._history, self._store, self._latest = session.history, session.store, latest

    def find(self, block: str, key: str) -> engine.Kept | None:
        last = self._latest.get(block)
        if last is not None and last.key == key:
            kept = engine.Kept(output=last.output, tests=str(last.ingredients.get("tests", "")), seconds=last.seconds)
        elif last is None:
            return None
        else:
            found = self._history.outputs([key]).get(key)
            if found is None:
                return None
            kept = engine.Kept(output=found)
        return kept if self._store.has(kept.output) else None


def _import_again(pipeline: Pipeline, namespace: dict[str, Any]) -> None:
    """Bind the imports that blocks captured anew: a project module was edited, and the notebook holds the old one."""
    for definition in {each.name: each for block in pipeline for each in block.captured if each.sort == "import"}.values():
        if definition.name in namespace:
            exec(definition.source, namespace)  # noqa: S102 (the author's own import, run once more)


def _raise_unless_good(run: Run) -> None:
    if run.status == "cancelled":
        raise RunCancelledError(f"run {run.id} was cancelled")
    for block in run.failed:
        failure = block.failure
        message = f"{block.name} failed: {failure.error}: {failure.message}" if failure else f"{block.name} failed"
        raise BlockFailedError(message, where=Where(block=block.name, line=failure.line if failure else None))


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())
