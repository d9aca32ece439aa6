"""Running one block: the same function in a notebook, in a worker process and, later, on a cluster.

It gets a `Task` (source, inputs by reference, parameters), runs the body and its tests, stores the output itself and gives back
a `Result`. It never raises for what the block did: a failure is a value. It knows nothing of runs, events or screens.
"""

from __future__ import annotations

import contextlib
import linecache
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import Any

from . import checks, guesses, items, memory, redaction, strict, vault
from .code import dependencies
from .code.parameters import live_values
from .errors import JupyterMageError, StoreError
from .model import Block, Failure, Output, Test
from .plugins import Call, Scope, Store, languages, stores, surroundings
from .printing import BoundedText, PrintedTo

TRACEBACK_LIMIT = 64 * 1024
_NOWHERE = Scope()


@dataclass(slots=True, kw_only=True)  # not frozen, nor is Result: that doubles what it takes to make one
class Task:
    """What it takes to run one block."""

    block: Block
    inputs: tuple[tuple[str, Output], ...] = ()
    upstreams: tuple[tuple[str, Output], ...] = ()
    """What tests may look at where ``inputs`` are something else: the items that are collected."""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    output: Output | None = None
    """Given when only the tests have to run, on this output."""
    sample: int | None = None
    """Rows or items to cut the output to, or None."""
    context: Mapping[str, Any] = field(default_factory=dict)
    """More names for the body, which are no part of what its output is made of."""
    strict: bool = False
    """Whether the output becomes what Mage would make of it."""
    compiled: bytes = b""
    """The body as its language has compiled it, where it goes to another process."""
    asks: bool = False
    """Whether to say if the value is true."""
    role: str = "body"
    """``body``; for a mapped block ``split`` (store each item of the upstream; ``split pairs``: of a dynamic one), ``item`` (one
    of them), ``collect``."""


@dataclass(slots=True, kw_only=True)
class Result:
    """What came of it: an output or a failure."""

    output: Output | None = None
    failure: Failure | None = None
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    log: str = ""
    tests: tuple[str, ...] = ()
    parts: tuple[Output, ...] = ()
    """What a split gave: each item, by reference."""
    notes: tuple[Mapping[str, Any], ...] = ()
    """What a dynamic block said of each item, or nothing."""
    true: bool | None = None
    """Whether the value is true, where the task asks."""
    peak_memory: int = 0
    cancelled: bool = False


@dataclass(slots=True, kw_only=True)
class Place:
    """Where a body runs when that is not a fresh namespace: a notebook's cell."""

    namespace: dict[str, Any] | None
    """Where its names are kept; None for a clean run that is only watched."""
    filename: str = ""
    show: Callable[[Any], None] | None = None
    """Called with the value, to display it."""
    failed: Callable[[BaseException], None] | None = None
    """Called with the exception, for a debugger."""
    inputs: dict[str, Any] = field(default_factory=dict)
    """What the body was given, filled in before it runs: to see what it changed in place."""


class _Gathered:
    """What an attempt finds beside its output."""

    __slots__ = ("notes", "parts", "true")

    def __init__(self) -> None:
        self.parts: list[Output] = []
        self.true: bool | None = None
        self.notes: tuple[Mapping[str, Any], ...] = ()


def run_task(task: Task, store: Store, place: Place | None = None, *, scope: Scope | None = None, capture: bool = True) -> Result:
    """Run the task's block and tests; printed text is kept (and still printed where there is a ``place``)."""
    bodies = _bodies
    before, bodies.scope = bodies.scope, scope or _NOWHERE
    try:
        return _without_secrets(_run(task, store, place, capture))
    finally:
        bodies.scope = before


def _run(task: Task, store: Store, place: Place | None, capture: bool) -> Result:
    log = BoundedText(echo=sys.stdout if place else None, block=task.block.name)
    started, cpu = time.perf_counter(), time.process_time()
    gathered = _Gathered()
    with PrintedTo(log) if capture else contextlib.nullcontext():
        outcome = _attempt(task, store, place, gathered, interruptible=capture)
    output = outcome if isinstance(outcome, Output) else None
    return Result(
        output=output,
        failure=outcome if isinstance(outcome, Failure) else None,
        parts=tuple(gathered.parts),
        notes=gathered.notes,
        true=gathered.true,
        seconds=time.perf_counter() - started,
        cpu_seconds=time.process_time() - cpu,
        log=log.value() if capture else _captured(),
        tests=tuple([test.name for test in task.block.tests]) if output and task.block.tests else (),
        cancelled=outcome is None,
    )


def _without_secrets(result: Result) -> Result:
    """The same, where no text has a secret in it; the outputs themselves are data, and stay what they are."""
    root = current_scope().root
    if root and vault.there(root):
        vault.learn(Path(root))
    if not redaction.known():
        return result
    hide, failure = redaction.hide, result.failure
    if result.output is not None:
        result.output = replace(result.output, preview=hide(result.output.preview))
    result.parts = tuple(replace(part, preview=hide(part.preview)) for part in result.parts)
    if failure is not None:
        texts: dict[str, Any] = {name: hide(getattr(failure, name)) for name in ("message", "code", "traceback", "guess", "rows")}
        result.failure = replace(failure, **texts)
    result.log = hide(result.log)
    return result


def _captured() -> str:
    """What a worker process has printed in this call, where its stdout can tell."""
    captured: Callable[[], str] | None = getattr(sys.stdout, "captured", None)
    return captured() if captured else ""


_stores: dict[tuple[str, str, str], Store] = {}
_path = lru_cache(maxsize=64)(Path)


def run_in_worker(task: Task, store: str, root: str, durability: str, scope: Scope) -> Result:
    """`run_task` in another process: the store is opened there once, by its plugin's name; modules of the project are fresh."""
    dependencies.forget_modules(_path(scope.root))
    known = (store, root, durability)
    if known not in _stores:
        _stores[known] = stores.get(store)(Path(root), durability=durability)
    with memory.within(task.block.limits.memory):
        before = memory.forget_peak()
        result = run_task(task, _stores[known], scope=scope, capture=False)
        result.peak_memory = memory.peak() if before else 0
        return result


def made_ready(task: Task) -> Task:
    """The task as it goes to another process of this Python: what is compiled here need not be compiled there."""
    if task.output is None and task.role in ("body", "item"):
        arguments = tuple({**task.context, **dict(task.inputs), **task.parameters})
        task.compiled = languages.get(task.block.language).compiled(task.block, arguments)
    return task


def _attempt(task: Task, store: Store, place: Place | None, gathered: _Gathered, interruptible: bool) -> Output | Failure | None:
    """The output, or why there is none; None when the user interrupted."""
    block, test, inputs = task.block, None, {}
    try:
        for name, output in task.inputs if task.output is None else ():
            inputs[name] = _input(store, name, output)
        if place:
            place.inputs.update(inputs)
        if task.role.startswith("split"):
            values: Any = inputs[block.mapped]
            if task.role == "split pairs":
                values, gathered.notes = items.pairs(values, block)
            gathered.parts += [store.put(item) for item in items.split(values, block)]
            return task.inputs[0][1]
        if task.output is None:
            value = (
                items.collect(list(inputs.values()), whole=block.is_file)
                if task.role == "collect"
                else _run_body(task, inputs, place)
            )
            value = value if task.sample is None else items.sample(value, task.sample)
            gathered.true = bool(value) if task.asks else None
            if task.strict:
                value = [] if task.asks else strict.handed_over(value)
            output = store.put(value)
        else:
            output, value = task.output, store.get(task.output) if block.tests else None
        if task.role == "item":
            return output
        if place and place.show and task.output is None:
            place.show(value)
        for test in block.tests:
            shown = value if place is None else store.get(output)
            with _users_code:
                checks.run(block, test, shown, lambda name: _input_of(task, store, name), task.parameters)
    except KeyboardInterrupt as error:
        # only the user interrupts this process; a worker gets no SIGINT but from a halt, which waits for no answer
        return None if interruptible else _failure(error, task, test)
    except StoreError as error:
        return Failure(error=type(error).__name__, message=str(error), inputs=_shapes(task))
    except BaseException as error:  # noqa: BLE001 (a block may raise anything; a failure is a value here)
        if place and place.failed:
            place.failed(error)
        return _failure(error, task, test)
    return output


def _input(store: Store, name: str, output: Output) -> Any:
    try:
        return store.get(output)
    except StoreError as error:
        raise type(error)(f"its input {name}: {error.message}", hint=f"run {name} again: %pipeline run --from {name}") from error


def _input_of(task: Task, store: Store, name: str) -> Any:
    """An upstream's value for a test, as it came: the body may have changed its own."""
    return _input(store, name, dict(task.upstreams or task.inputs)[name])


class _Bodies(threading.local):
    """What this thread runs."""

    def __init__(self) -> None:
        self.scope = Scope()
        self.laid: list[list[contextlib.AbstractContextManager[object]]] = []


_bodies = _Bodies()
_scopes: dict[int, Scope] = {}
"""The scopes of all bodies that run in this process just now, the last one last."""


def in_body() -> bool:
    """Whether this thread runs a user's code just now."""
    return bool(_bodies.laid)


def current_scope() -> Scope:
    """Whose task this thread runs; of a thread that a body started, that of the body which was started last."""
    return _bodies.scope if _bodies.scope.root or not _scopes else next(reversed(tuple(_scopes.values())))


class _UsersCode:
    """Inside the ``with`` a user's code runs, with all its surroundings, and `in_body` says so."""

    __slots__ = ()

    def __enter__(self) -> None:
        laid: list[contextlib.AbstractContextManager[object]] = []
        _bodies.laid.append(laid)
        scope = _scopes[id(laid)] = _bodies.scope
        try:
            for plugin in surroundings.all():
                around = plugin.around(scope)
                if around is not None:
                    around.__enter__()
                    laid.append(around)
        except BaseException:
            self.__exit__()
            raise

    def __exit__(self, *_: object) -> None:
        laid = _bodies.laid.pop()
        _scopes.pop(id(laid), None)
        error: BaseException | None = None
        for around in reversed(laid):  # each is taken away, whatever another says
            try:
                around.__exit__(None, None, None)
            except BaseException as problem:  # noqa: BLE001 (raised below)
                error = problem
        if error is not None:
            raise error


_users_code = _UsersCode()


def _run_body(task: Task, inputs: Mapping[str, Any], place: Place | None) -> Any:
    block = task.block
    call = Call(
        block=block,
        source=block.source,
        captured=block.captured,
        values={**task.context, **inputs, **(live_values(block, task.parameters) if task.parameters else {})},
        namespace=place.namespace if place and place.namespace is not None else {},
        filename=place.filename if place else "",
        keep_names=place is not None and place.namespace is not None,
        compiled=task.compiled,
    )
    with _users_code:
        return languages.get(block.language).run(call)


def failure_of(error: BaseException, block: Block, test: Test) -> Failure:
    """What a test's exception comes to, where no run is: the block's own where the test had not begun."""
    own = checks.filename_of(block, test)
    begun = any(step.tb_frame.f_code.co_filename == own for step in _steps(error.__traceback__))
    return _failure(error, Task(block=block), test if begun or (test.line == 1 and hasattr(error, "failure_cases")) else None)


def _failure(error: BaseException, task: Task, test: Test | None) -> Failure:
    block = task.block
    own = {f"<block {block.name}>", *([checks.filename_of(block, test)] if test else [])}
    line, code = _place(error, own)
    if line is None and isinstance(error, JupyterMageError) and error.where is not None and error.where.line:
        line = error.where.line
        code = next(iter(block.source.splitlines()[line - 2 : line - 1]), "") if line > 1 else ""
    told = checks.told(error, checks.filename_of(block, test)) if test else checks.Told()
    if test and test.line == 1:
        line, code = 1, f"%%block {block.header or block.name}"
    message = told.message or _message(error)
    if isinstance(error, AssertionError) and not message and code:
        message = code.strip()
    trace = f"{type(error).__name__}: {message}\n" if told.message else _own_traceback(error)
    return Failure(
        error=type(error).__name__,
        message=message,
        line=line,
        code=code,
        traceback=f"{trace}{told.rows}\n" if told.rows else trace,
        inputs=_shapes(task),
        test=test.name if test else "",
        guess=guesses.guess(error, task.inputs, _names(task, error)) or _hint(error),
        rows=told.rows,
    )


def _names(task: Task, error: BaseException) -> Iterator[str]:
    """What a name in the body may mean: what it was given, and what it has bound itself."""
    block = task.block
    yield from (*block.upstreams, *task.parameters, *(each.name for each in block.captured))
    yield from languages.get(block.language).names(block.source).binds
    for step in _steps(error.__traceback__):
        yield from step.tb_frame.f_locals


def _hint(error: BaseException) -> str:
    return error.hint if isinstance(error, JupyterMageError) else ""


def _message(error: BaseException) -> str:
    if isinstance(error, JupyterMageError):
        return error.message
    try:
        return str(error)[:4000]
    except Exception:  # noqa: BLE001 (a user's exception may fail to say what it is; the failure itself must not get lost)
        return "(its message could not be made)"


def _place(error: BaseException, own: set[str]) -> tuple[int | None, str]:
    """Line and text of the innermost frame that is in the block's own cell."""
    found: tuple[int | None, str] = (None, "")
    step: TracebackType | None = error.__traceback__
    while step is not None:
        filename = step.tb_frame.f_code.co_filename
        if filename in own or "ipykernel_" in filename or "<ipython-input" in filename:
            found = step.tb_lineno, linecache.getline(filename, step.tb_lineno).rstrip("\n")
        step = step.tb_next
    if isinstance(error, SyntaxError) and error.filename in own:
        return error.lineno, (error.text or "").rstrip("\n")
    return found


def _own_traceback(error: BaseException) -> str:
    """The traceback from the user's first frame on; ours, above it, are left out."""
    kept: TracebackType | None = None
    for step in reversed(list(_steps(error.__traceback__))):
        kept = TracebackType(kept, step.tb_frame, step.tb_lasti, step.tb_lineno)
    try:
        text = "".join(traceback.format_exception(type(error), error, kept))
    except Exception:  # noqa: BLE001 (formatting calls the exception's own code, which may fail)
        text = f"{type(error).__name__}\n"
    half = TRACEBACK_LIMIT // 2
    return text if len(text) <= TRACEBACK_LIMIT else f"{text[:half]}\n… cut …\n{text[-half:]}"


def _steps(step: TracebackType | None) -> Iterator[TracebackType]:
    """The steps from the first in a cell on, without ours."""
    seen = False
    while step is not None:
        filename = step.tb_frame.f_code.co_filename
        seen = seen or filename.startswith("<") or "ipykernel_" in filename
        if seen and str(step.tb_frame.f_globals.get("__name__", "")).split(".")[0] != "jupyter_mage":
            yield step
        step = step.tb_next


def _shapes(task: Task) -> tuple[tuple[str, str], ...]:
    if task.role == "collect":  # its inputs are the items' outputs, by place
        return ()
    return tuple((name, shape(output)) for name, output in task.inputs)


def shape(output: Output) -> str:
    """``12 480 × 3: id int64, user str, ts datetime64[us]``.

    >>> shape(Output(content="", codec="json", type="int", size=1))
    'int'
    """
    if output.columns is None:
        return output.describe()
    shown = ", ".join(f"{name} {dtype}" for name, dtype in output.columns[:20])
    more = ", …" if len(output.columns) > 20 else ""
    return f"{output.describe()}: {shown}{more}"
