"""The one object that changes: it holds what cells define (`definitions`), runs it, and answers every verb.

Magics, widget, panel and command line are thin words over it. Here, and only here, plugins, engine, store and history meet.
"""

from __future__ import annotations

import contextlib
import dataclasses
import getpass
import os
import platform
import socket
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent import futures
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import engine, graph, interrupts, live_logs, planner, projects
from .code import bodies, dependencies
from .code.parameters import values
from .crew import Crew, KeptOutputs
from .earlier import Earlier
from .errors import BlockFailedError, DefinitionError, JupyterMageError, RunCancelledError, Where
from .exchange import Exchange
from .fingerprint import Fingerprint
from .following import Following
from .model import Block, Pipeline
from .plugins import executors, kinds, languages
from .printing import plain
from .records import STATE
from .spelling import kinds_of, spelled_out, with_callbacks, without_waiting
from .state import GOOD, BlockRun, Run
from .variables import merged
from .work import Place

if TYPE_CHECKING:
    from . import fixtures, verification


class Session(Following, Exchange):
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
        root: str | Path | None = None,
        *,
        pipeline: str = "pipeline",
        origin: str = "python",
        durability: str = "process",
    ) -> None:
        super().__init__(Path(os.path.realpath(root or Path.cwd())), pipeline, durability=durability)
        self.fingerprint = Fingerprint(self.root)
        self.control: engine.Control | None = None
        self._origin = origin
        self._crew: Crew | None = None
        self.before: Mapping[str, Any] = {}
        """Each block's last good result as it was before the last run."""
        self._earlier = Earlier()
        self.stream.subscribe(self._earlier.note, essential=True)  # before those who look
        self._found: bodies.Opening | None = None
        self._live = live_logs.LiveLogs(self.state_folder)
        self._pools: dict[tuple[str, int], tuple[object, futures.Executor]] = {}

    # ---- what runs -------------------------------------------------------------------------------------------------

    def run(
        self,
        selection: str = "",
        *,
        variables: Mapping[str, Any] | None = None,
        force: bool = False,
        start: str = "",
        executor: str = "processes",
        workers: int | None = None,
        sample: int | None = None,
        retest: bool = False,
        strict: bool = False,
        skip_sensors: bool = False,
        check: bool = False,
        debug: Callable[[BaseException], None] | None = None,
        trigger: Mapping[str, Any] | None = None,
    ) -> Run:
        """Run the current pipeline, or a selection of it and what that needs.

        ``start`` names a block that runs, with all below it, whatever is cached. ``sample`` cuts what loaders give to so many
        rows or items; such outputs have keys of their own. ``strict`` does everything as real Mage does, where that is worse
        too, and keeps nothing for other runs. With ``check``, a failed run raises BlockFailedError and a cancelled
        one RunCancelledError. ``debug`` is called with each exception of a block, frames and all; the run is then inline.
        ``trigger`` are the variables of what starts it: they come after the run's own, and before the pipeline's.
        Raises UnknownNameError and DefinitionError before anything runs.
        """
        request = self._request(
            selection, variables, force=force, start=start, executor="inline" if debug else executor, workers=workers,
            sample=sample, retest=retest, trigger=trigger,
        )  # fmt: skip
        if strict:
            request = dataclasses.replace(request, strict=True)
        if skip_sensors:
            request = dataclasses.replace(request, pipeline=without_waiting(request.pipeline))
        if request.force or not (self.state_folder / "history.db").exists():  # then blocks run: workers start meanwhile
            self._warm_up(request)
        run = self._execute(request, Crew(self, request, place=Place(namespace=None, failed=debug) if debug else None))
        self.tidy(run)
        if check:
            _raise_unless_good(run)
        return run

    def resume(self, run: str = "", *, executor: str = "", workers: int | None = None, check: bool = False) -> Run:
        """Go on in the same run (the last unfinished one): blocks that had finished in it are not run again.

        Blocks are taken as they are defined now, with the run's variables. Raises JupyterMageError where there is nothing left.
        """
        name = self.history.resolve_run(run) if run else self._unfinished()
        self.history.claim(name)  # before its state is read: nobody else goes on in it meanwhile
        try:
            request = self._resumed(name, executor, workers)
            crew = Crew(self, request)
        except BaseException:
            self.history.unclaim(name)
            raise
        resumed = self._execute(request, crew)
        if check:
            _raise_unless_good(resumed)
        return resumed

    def _resumed(self, name: str, executor: str, workers: int | None) -> engine.Request:
        past = self.history.run(name)
        if past.pipeline != self.current and past.pipeline in self.pipelines:
            self.current = past.pipeline
        for block, each in past.blocks.items():
            if each.output is not None and not self.store.has(each.output):
                past.blocks[block] = BlockRun(block)  # it had finished, and what it gave is gone
        if past.status == "succeeded" and all(each.status in GOOD for each in past.blocks.values()):
            raise JupyterMageError(f"run {past.id} is finished: nothing is left to do", hint="%pipeline run")
        request = self._request(
            past.selection, past.variables, executor=executor or past.executor, workers=workers, sample=past.sample
        )
        self.board[past.pipeline] = self.history.run(name)
        return dataclasses.replace(request, run=past.id, resumed=past)

    def _unfinished(self) -> str:
        for each in self.history.runs(self.current, 50):
            if each.status not in ("succeeded", "running"):
                return str(each.id)
        raise JupyterMageError(f"no run of {self.current} is unfinished", hint="%pipeline runs")

    def run_cell(self, name: str, place: Place, *, run_body: bool = True, force: bool = False) -> Run:
        """Run one block in the notebook's namespace; what it needs comes from the cache or runs first.

        Without ``run_body``, only its tests run where its output is kept. With ``force``, all that it needs runs too.
        """
        request = self._request(name, None, executor="inline", workers=1)
        only = frozenset(engine.needed(request.pipeline, [name]) if force else [name])
        request = dataclasses.replace(
            request,
            force=only if run_body else frozenset(),
            retest=frozenset() if run_body else frozenset([name]),
            leaks_allowed=True,
            patient=False,
        )
        if dependencies.forget_modules(self.root, changed_only=True) and place.namespace is not None:
            _import_again(request.pipeline, place.namespace)
        return self._execute(request, Crew(self, request, name, place))

    def check_request(
        self, selection: str = "", *, variables: Mapping[str, Any] | None = None, start: str = "", executor: str = "inline"
    ) -> None:
        """Raise what `run` would raise before anything runs."""
        self._request(selection, variables, start=start, executor=executor)

    def cancel(self) -> bool:
        """Stop the run that is going on, from any thread; False where none is."""
        control = self.control
        if control is not None:
            control.cancel()
        return control is not None

    def cancel_run(self, run: str = "last") -> str:
        """Interrupt a run of any process on this machine; gives its id. Raises JupyterMageError where it does not run here."""
        name = self.history.resolve_run(run)
        from . import starting

        starting.interrupt(name, self.history.holder(name))
        return name

    def plan(
        self,
        selection: str = "",
        *,
        variables: Mapping[str, Any] | None = None,
        force: bool = False,
        fingerprint: Fingerprint | None = None,
    ) -> list[planner.Step]:
        """What `run` would do, block by block, and why. Runs nothing; from another thread, with a ``fingerprint`` of its own."""
        used = fingerprint or self.fingerprint
        request = self._request(selection, variables, force=force, fingerprint=used)
        latest = self.history.latest(request.pipeline.name)
        with contextlib.closing(KeptOutputs(self, latest)) as cache:
            return planner.plan(request, cache=cache, fingerprint=used, latest=latest)

    def _request(
        self,
        selection: str,
        variables: Mapping[str, Any] | None,
        *,
        force: bool = False,
        start: str = "",
        executor: str = "inline",
        workers: int | None = None,
        sample: int | None = None,
        retest: bool = False,
        trigger: Mapping[str, Any] | None = None,
        fingerprint: Fingerprint | None = None,
    ) -> engine.Request:
        if sample is not None and sample < 1:
            raise DefinitionError(f"sample is {sample}; at least one row or item", hint="--sample 100")
        everything = self.pipeline
        pipeline = engine.runnable(everything)
        if not len(pipeline):
            raise DefinitionError(f"pipeline {self.current} has no block that runs", hint="define one: %%block NAME")
        targets = graph.select(pipeline, selection)
        aside = {name for name, kind in kinds_of(pipeline).items() if kind.aside} if not selection else set()
        if aside:
            targets = tuple(name for name in targets if pipeline[name].kind not in aside)
        again = frozenset(targets) if force else frozenset()
        if start:
            again |= frozenset(graph.select(pipeline, f"{start}+"))
        wanted = {*targets, *(graph.ancestors(pipeline, targets) if len(targets) < len(pipeline) else ())}
        heard = with_callbacks(pipeline, wanted, whole=not selection)
        asked, wanted = {*targets, *heard}, wanted | heard
        part = pipeline
        if len(wanted) < len(pipeline):
            part = dataclasses.replace(pipeline, blocks=tuple(block for block in pipeline if block.name in wanted))
        graph.check_runnable(part, pipeline)
        given = merged(pipeline, trigger, variables)
        for sort in {(block.kind, block.language) for block in part}:  # one that is not here is said now
            kinds.get(sort[0]), languages.get(sort[1])
        for block in part:
            if block.parameters:
                values(block, given)
        (fingerprint or self.fingerprint).refresh()
        spelled = spelled_out(part, wanted)
        return engine.Request(
            run=f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}-{os.urandom(3).hex()}",
            pipeline=spelled,
            targets=tuple([name for name in spelled.names if name in asked or name.split("[")[0] in asked]),
            selection=selection,
            variables=given,
            force=again,
            executor=executor,
            workers=_workers(executor, workers),
            sample=sample,
            retest=frozenset(targets) if retest else frozenset(),
            origin=_origin(self._origin, self.root),
            context=_context(pipeline.name, self.root),
        )

    def _execute(self, request: engine.Request, crew: Crew) -> Run:
        if self.control is not None:
            raise JupyterMageError("a run is going on in this session", hint="wait for it, or cancel it")
        self.control, self._crew, self.live = engine.Control(), crew, request.resumed or Run()
        cache: KeptOutputs | None = None
        try:
            dependencies.forget_modules(self.root, changed_only=True)
            self.before = self.history.latest(request.pipeline.name)
            self._earlier.begin(request.pipeline.name, self.before)
            cache = KeptOutputs(self, self.before)
            with interrupts.to(self.control), self._live.of(request.run, self.stream, crew.printed), crew.at_work():
                return engine.run(
                    request,
                    submit=crew.submit,
                    halt=crew.halt,
                    stop=crew.stop,
                    cache=cache,
                    fingerprint=self.fingerprint,
                    emit=self.stream.emit,
                    control=self.control,
                    state=self.live,
                )
        finally:
            if cache is not None:
                cache.close()
            self.control = self._crew = self.live = None
            dependencies.watch_modules(self.root)
            if self._found is not None:  # the first run has made the folder for it
                self._found.keep()

    def warm(self, executor: str) -> None:
        """Let this executor begin with what takes long, where the first blocks have to run. Raises UnknownNameError."""
        plugin, latest = executors.get(executor), self.history.latest(self.current)
        first = (block for block in self.pipeline if not block.needs and engine.runs(block))
        if any(block.name not in latest or latest[block.name].key != self._key(block) for block in first):
            plugin.warm(self._packages())

    def _warm_up(self, request: engine.Request) -> None:
        plugin = executors.get(request.executor)
        if not plugin.in_process and (request.executor, request.workers) not in self._pools:
            plugin.warm(self._packages())

    def _key(self, block: Block) -> str:
        """The cache key of a block without upstreams, as the pipeline's own variables make it; empty where a value is missing."""
        with contextlib.suppress(DefinitionError):
            return self.fingerprint.of(block, {}, values(block, self.pipeline.variables)).key
        return ""

    def _packages(self) -> set[str]:
        """What the pipeline's blocks import, and their languages need."""
        running = [block for block in self.pipeline if engine.runs(block) and block.language in languages]
        sources = {text for block in running for text in (block.source, *(each.source for each in block.captured))}
        needed = {name for each in {block.language for block in running} for name in languages.get(each).packages}
        return needed | dependencies.packages(sources, self.root)

    def freeze(self, block: str, *, rows: int | None = None, mask: Iterable[str] = ()) -> fixtures.Frozen:
        """Keep a sample of what a block gets (``rows`` of it, else the usual) as files for its tests; upstreams may run first."""
        from . import fixtures

        return fixtures.freeze(self, block, rows=fixtures.ROWS if rows is None else rows, mask=tuple(mask))

    def pool(self, name: str, workers: int) -> futures.Executor:
        """The warm executor of this sort; a new one where the environment that its workers copied has changed."""
        try:
            now = (dict(os.environ), Path.cwd())
        except FileNotFoundError:
            raise JupyterMageError("the current folder was deleted", hint="cd to one that is there") from None
        known = self._pools.get((name, workers))
        if known is not None and known[0] == now:
            return known[1]
        if known is not None:
            known[1].shutdown(wait=False)
        plugin = executors.get(name)
        if not plugin.in_process:
            plugin.warm(self._packages())
        pool = plugin.open(workers)
        self._pools[name, workers] = now, pool
        return pool

    # ---- files -----------------------------------------------------------------------------------------------------

    @classmethod
    def open(cls, path: str | Path, pipeline: str = "", *, origin: str = "python", durability: str = "process") -> Session:
        """A session on a notebook file or a project folder, read and not run. Raises FormatError with file and line."""
        path = Path(path)
        with bodies.from_file(projects.root_of(path) / STATE / f"{path.name or 'project'}.read") as opening:
            found = projects.read(path, pipeline)
        session = cls(projects.root_of(path), pipeline=found.name, origin=origin, durability=durability)
        session.adopt(found)
        session.opened, session._found = path, opening
        opening.keep()
        projects.make_importable(session.root)
        return session

    def verify(
        self, selection: str = "", *, variables: Mapping[str, Any] | None = None, effects: bool = False
    ) -> verification.Verification:
        """Export it, run it in a fresh process, compare each output with the one here. See `verification.verify`."""
        from . import verification

        return verification.verify(self, self._request(selection, variables), effects=effects)

    def printed(self, block: str) -> str:
        """What a block that runs just now has printed so far; from any thread."""
        crew = self._crew
        return plain(crew.printed(block)) if crew is not None else ""

    # ---- who watches -----------------------------------------------------------------------------------------------

    def picture(self) -> dict[str, Any]:
        """What the screens draw of the current pipeline: the graph, and each block's latest state."""
        from . import view

        with self._opening:
            if self.current not in self.board and (self.state_folder / "history.db").exists():
                recent = self.history.runs(self.current, 1)
                past = self.history.run(recent[0].id) if recent else Run()
                self.board.setdefault(self.current, past)  # a run may have begun meanwhile, on another thread
        board, stale = self.board.get(self.current), self.stale.get(self.current, ())
        before = self._earlier.of(self.current)
        return view.picture(self.pipeline, board, statuses=dict.fromkeys(stale, "stale"), before=before)

    def close(self) -> None:
        """End pools and history; nothing is lost without it."""
        for _, pool in self._pools.values():
            pool.shutdown(wait=True, cancel_futures=True)
        self._pools.clear()
        if self._history is not None:
            self._history.close()
            self._history = None


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


def _workers(executor: str, workers: int | None) -> int:
    """How many blocks run at once: as asked, else one a core, else one where the executor does one after the other."""
    if workers is not None and workers < 1:
        raise DefinitionError(f"workers is {workers}; at least one block has to run at a time", hint="--workers 2")
    return (workers or os.cpu_count() or 1) if executors.get(executor).parallel else 1


def _context(pipeline: str, root: Path) -> dict[str, Any]:
    """What block files of Mage find in ``kwargs`` of a run that no trigger started; names and types are Mage's."""
    now = datetime.now(UTC).replace(tzinfo=None)
    return {
        "pipeline_uuid": pipeline,
        "repo_path": str(root),
        "env": os.environ.get("ENV", "dev"),
        "execution_date": now,
        "ds": now.strftime("%Y-%m-%d"),
        "hr": now.strftime("%H"),
        "event": {},
    }


def _origin(face: str, root: Path) -> dict[str, Any]:
    """Who started a run, from where, and on what state of the project."""
    return {
        "face": face,
        "user": _user(),
        "host": socket.gethostname(),
        "pid": os.getpid(),
        "python": platform.python_version(),
        "git": _git_commit(root),
    }


def _git_commit(root: Path) -> str:
    """The commit that is checked out, read from the files (no git is started); empty outside a checkout."""
    for folder in (root, *root.parents):
        head = folder / ".git" / "HEAD"
        if head.is_file():
            with contextlib.suppress(OSError):
                text = head.read_text().strip()
                if not text.startswith("ref: "):
                    return text
                reference = folder / ".git" / text.removeprefix("ref: ")
                return reference.read_text().strip() if reference.is_file() else ""
    return ""


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())
