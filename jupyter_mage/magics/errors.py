"""How a cell ends that did not end well: with the user's own exception, drawn from the user's own line on, in a dozen lines."""

from __future__ import annotations

import types
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .. import events as ev
from .. import failures, redaction, report
from ..errors import BlockFailedError, JupyterMageError
from ..failures import chained, own_frames
from ..model import Failure
from ..session import Session
from ..state import Run

LINES = 12
"""What an error may cost, where its own text is short."""


class Interrupted(KeyboardInterrupt):
    """A cell that the user stopped, shown in one line."""

    def _render_traceback_(self) -> list[str]:
        return [f"KeyboardInterrupt: {self}"]


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


def ended(shell: Any, session: Session, run: Run, name: str, errors: Mapping[str, BaseException]) -> BaseException | None:
    """What the cell of block ``name`` has to raise after this run; None where all went well.

    ``errors`` are the exceptions of the cell's own body, by block or item.
    """
    if run.status == "cancelled":
        return Interrupted(f"{name} was interrupted; what had finished above it is cached")
    if run.status == "succeeded":  # also where a conditional was not true: it is as the author wants it
        return None
    block = report.told_first(run)
    if block is None or block.failure is None:
        return JupyterMageError(f"{name} was not run: {run.blocks[name].reason}", hint=f"%pipeline run {name}")
    error, more = errors.get(block.name), report.items_text(run, block)
    if error is not None and not block.failure.test and can_be_said(error):
        shown = _own(shell, error, block.failure, block.name, more, session)
        if shown is not None:
            return shown
    pipeline = session.pipeline
    source = pipeline[block.name.split("[")[0]]
    return coloured(
        failures.text(source, block.failure, name=block.name, more=more, names=pipeline.names, colour=colour)
        for colour in (False, True)
    )


def coloured(texts: Any, *, hint: str = "") -> BlockFailedError:
    """The error of these two texts: the plain one is what it says, the other is how a notebook draws it."""
    plain, drawn = texts
    error = BlockFailedError(plain, hint=hint)
    lines = [*drawn.splitlines(), *(f"  \x1b[1m→\x1b[0m {line}" for line in hint.splitlines())]
    error._render_traceback_ = lambda: lines  # type: ignore[method-assign]
    error.__suppress_context__ = True
    return error


def _own(shell: Any, error: BaseException, failure: Failure, name: str, more: str, session: Session) -> BaseException | None:
    """The user's exception with the user's own frames (so that ``%debug`` stops there), and the lines that are drawn of it."""
    frames, others = own_frames(error, session.root)
    if not frames or isinstance(error, JupyterMageError) or redaction.holds_secret(str(error)):
        return None
    tail = [*failures.inputs_lines(failure), *_causes(error, session.root), *([more] if more else [])]
    if others:
        tail.append(f"  {others} frame{'s' * (others != 1)} of other code hidden: %pipeline logs {name}")
    tail.append(f"  \x1b[1m→\x1b[0m look into it: %debug, or %pipeline open {name}; then correct the cell and run it again")
    try:
        lines = _drawn(shell, error, frames, failures.guess(failure, session.pipeline.names), tail)
    except Exception:  # noqa: BLE001 (an exception whose own text cannot be made: the failure's words are used)
        return None
    lines = [redaction.hide(line) for line in lines]
    error._render_traceback_ = lambda: lines  # type: ignore[attr-defined]
    return error.with_traceback(chained(frames))


def _drawn(shell: Any, error: BaseException, frames: list[types.TracebackType], guess: str, tail: list[str]) -> list[str]:
    """As many lines around each frame's own as there is room for; of a deep stack the first and the last frame."""
    cause, suppressed = error.__cause__, error.__suppress_context__
    error.__cause__, error.__suppress_context__ = None, True
    lines: list[str] = []
    ends = frames[:1] + frames[-1:]
    all_of_them = [(frames, context) for context in (5, 3, 2)] if len(frames) <= 4 else []
    try:
        for kept, context in (*all_of_them, (ends, 3), (ends, 2)):
            # the first two of what it gives are a rule and a title
            drawn = shell.InteractiveTB.structured_traceback(type(error), error, chained(kept), 0, context)
            lines = "\n".join(drawn[2:] if len(drawn) > 2 else drawn).rstrip().splitlines()
            if guess:
                lines[-1] += f"{'' if lines[-1].endswith(('.', '?')) else '.'} \x1b[1;33m{guess}\x1b[0m"
            if len(kept) < len(frames):
                lines.append(f"  {len(frames) - len(kept)} of your own frames between these are hidden: %debug shows them")
            if len(lines) + len(tail) <= LINES:
                break
    finally:
        error.__cause__, error.__suppress_context__ = cause, suppressed
    return [*lines, *tail]


def _causes(error: BaseException, root: Path) -> list[str]:
    """``  because of KeyError: 'a' (line 3)`` for the exception that this one was raised from, or while handling."""
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if before is None or not can_be_said(before):
        return []
    frames, _ = own_frames(before, root)
    line = f" (line {frames[-1].tb_lineno})" if frames else ""
    first = (str(before).strip().splitlines() or [""])[0]
    return [f"  {'because of' if error.__cause__ else 'while handling'} {type(before).__name__}: {first}{line}"] if frames else []


def can_be_said(error: BaseException) -> bool:
    """Whether the exception's own text can be made; front ends ask for it, and fail where it cannot."""
    try:
        str(error), repr(error)
    except Exception:  # noqa: BLE001 (the user's own code, which may raise anything)
        return False
    return True


def stop_at(shell: Any, error: BaseException, root: Path) -> None:
    """The debugger at the user's line that raised ``error``, until it is quit; a line where nobody can type."""
    from IPython.core.error import StdinNotImplementedError

    frames, _ = own_frames(error, root)
    debugger = shell.debugger_cls()
    debugger.reset()
    print(f"{type(error).__name__}: {error}" if can_be_said(error) else type(error).__name__)  # noqa: T201
    try:
        debugger.interaction(None, chained(frames) or error.__traceback__)
    except StdinNotImplementedError:
        print("  this front end has no keyboard for the debugger")  # noqa: T201
