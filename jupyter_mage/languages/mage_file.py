"""A block file of Mage, run as Mage runs it: its decorated functions get the upstreams by place and the variables by name.

What Mage collects by its decorators is collected here under the same names, so the guarded imports that every template of
Mage begins with import nothing.
"""

from __future__ import annotations

import builtins
import contextlib
import inspect
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from ..code.function import DECORATORS
from ..plugins import Call

Function = Callable[..., Any]
Found = list[tuple[str, Function]]
"""Functions, each with the word that its decorator was given."""
_BESIDE = ("test", "preprocesser", "on_success", "on_failure")
_ENDS = {"success": "on_success", "failure": "on_failure"}


class Logger:
    """``kwargs['logger']``: what is said is printed, with the fields that Mage would keep beside it."""

    def _say(self, level: str, message: object, fields: Mapping[str, object]) -> None:
        more = "".join(f" {name}={value}" for name, value in fields.items())
        print(f"{level} {message}{more}")  # noqa: T201 (a block's log is what it prints)

    def debug(self, message: object, **fields: object) -> None:
        self._say("DEBUG", message, fields)

    def info(self, message: object, **fields: object) -> None:
        self._say("INFO", message, fields)

    def warning(self, message: object, **fields: object) -> None:
        self._say("WARNING", message, fields)

    def error(self, message: object, **fields: object) -> None:
        self._say("ERROR", message, fields)

    exception = critical = error


def run(call: Call, decorator: str, execute: Callable[[dict[str, Any]], None]) -> Any:
    """The output of the file. ``execute`` runs its text in the namespace that it is given.

    The first function with the block's decorator counts; of a conditional all do, and of a callback those for how each
    upstream ended. Preprocessers run before, with the same inputs. Tests are run by whoever runs tests.
    """
    upstreams = [name for name in call.block.upstreams if name in call.values]
    found: dict[str, Found] = {name: [] for name in (*DECORATORS, *_BESIDE)}
    inputs = {f"df_{place}": call.values[name] for place, name in enumerate(upstreams, 1)}
    space = call.namespace
    with _kept(space, (*found, *inputs, call.block.name)):  # a notebook keeps its own ``test``, and gets none of ours
        collectors = {name: _collector(functions) for name, functions in found.items()}
        space.update(collectors)
        space.update({name: call.values[name] for name in upstreams if name not in found})
        space.update(inputs)
        with _offered(collectors):
            execute(space)
        return _output(call, decorator, found, upstreams)


_running = threading.local()


def collecting(decorator: str) -> Function | None:
    """What collects the functions of the file that this thread executes just now: for those that import decorators by name."""
    found: Function | None = getattr(_running, "collectors", {}).get(decorator)
    return found


@contextlib.contextmanager
def _offered(collectors: Mapping[str, Function]) -> Iterator[None]:
    before, _running.collectors = getattr(_running, "collectors", {}), collectors
    try:
        yield
    finally:
        _running.collectors = before


@contextlib.contextmanager
def _kept(space: dict[str, Any], names: Sequence[str]) -> Iterator[None]:
    """Whatever happens to these names, they are afterwards what they were before."""
    before = {name: space[name] for name in names if name in space}
    try:
        yield
    finally:
        for name in names:
            space.pop(name, None)
        space.update(before)


def _output(call: Call, decorator: str, found: Mapping[str, Found], upstreams: Sequence[str]) -> Any:
    outcome = call.values.get("outcome")
    named = {name: value for name, value in call.values.items() if name not in upstreams and name != "outcome"}
    named.setdefault("logger", Logger())
    forgiving = bool(named.pop("mage_strict", False))
    inputs = [call.values[name] for name in upstreams]
    for _, function in found["preprocesser"]:
        _called(function, inputs, named)
    if decorator == "callback":
        with _forgiven(forgiving):
            _tell(found, call, outcome or {}, named)
        return None
    if decorator == "condition":
        answers = [False] * len(found["condition"])
        for place, (_, function) in enumerate(found["condition"]):  # each is asked
            with _forgiven(forgiving):
                answers[place] = bool(_called(function, inputs, named, fit=True))
        return all(answers)
    return _called(found[decorator][0][1], inputs, named, fit=decorator == "sensor")


@contextlib.contextmanager
def _forgiven(forgiving: bool) -> Iterator[None]:
    """As in Mage, where an error in a condition is a no, and one in a callback is nothing."""
    try:
        yield
    except Exception:
        if not forgiving:
            raise
        traceback.print_exc()


def _collector(into: Found) -> Function:
    """A decorator that may be given words or none: ``@callback``, ``@callback('failure')``."""

    def decorate(function: Any = None, *_: Any, **__: Any) -> Any:
        if callable(function):
            into.append(("", function))
            return function
        word = function if isinstance(function, str) else ""

        def with_word(inner: Function) -> Function:
            into.append((word, inner))
            return inner

        return with_word

    return decorate


def _called(function: Function, inputs: Sequence[Any], named: Mapping[str, Any], *, fit: bool = False) -> Any:
    """Call it with the inputs by place and those of ``named`` that it takes; with ``fit`` no more inputs than it takes."""
    parameters = inspect.signature(function).parameters.values()
    if not any(each.kind is each.VAR_KEYWORD for each in parameters):
        by_place = [each.name for each in parameters if each.kind is each.POSITIONAL_OR_KEYWORD][: len(inputs)]
        takes = {each.name for each in parameters if each.kind in (each.POSITIONAL_OR_KEYWORD, each.KEYWORD_ONLY)}
        named = {name: value for name, value in named.items() if name in takes - set(by_place)}
    if fit and not any(each.kind is each.VAR_POSITIONAL for each in parameters):
        count = sum(each.kind in (each.POSITIONAL_ONLY, each.POSITIONAL_OR_KEYWORD) for each in parameters)
        inputs = inputs[:count]
    return function(*inputs, **named)


def _raised(name: str, message: str) -> Exception:
    """An exception such as the block raised in another process: it has that name and says that, and is one of Python's own
    where that is one."""
    known = getattr(builtins, name, None)
    bases = [known] if isinstance(known, type) and issubclass(known, Exception) else []
    for base in (*bases, Exception):
        with contextlib.suppress(TypeError):  # some of them want more than a message
            found: Exception = type(name, (base,), {"__str__": lambda _: message})(message)
            return found
    return Exception(message)


def _tell(
    found: Mapping[str, list[tuple[str, Function]]], call: Call, outcome: Mapping[str, Any], named: Mapping[str, Any]
) -> None:
    """Each function of a callback, once for each upstream that ended in the way that it is for."""
    for name, end in outcome.items():
        data = call.values.get(name)
        told = {**named, "parent_block_uuid": name, "__input": {name: data, "df_1": data}}
        if end["status"] == "failure":
            told["__error"] = _raised(end["error"], end["message"])
        for word, function in found["callback"]:
            if word in ("", end["status"]):
                _called(function, [[] if data is None else data], told, fit=True)
        for _, function in found.get(_ENDS.get(end["status"], ""), ()):
            _called(function, [], told)
