"""Python blocks: a body runs as a function, in a fresh namespace or in the notebook's."""

from __future__ import annotations

import builtins
import contextlib
import inspect
import linecache
import marshal
import threading
import types
from collections.abc import Sequence
from typing import Any

from ..code import inline_tests, scratch, source
from ..code.function import mage_decorator
from ..code.parameters import with_members
from ..code.renaming import rename_free
from ..errors import JupyterMageError
from ..model import Block, Pipeline
from ..plugins import Call, Names
from . import mage_file


class Python:
    name = "python"
    extension = "py"
    packages = ()
    any_case = False

    def check(self, source_text: str, *, block: str = "", arguments: tuple[str, ...] = ()) -> None:
        source.check(inline_tests.without(source_text), block=block, arguments=arguments)

    def names(self, source_text: str) -> Names:
        return source.names_of(inline_tests.without(source_text))

    def normalise(self, source_text: str) -> str:
        return source.normalise(inline_tests.without(source_text))

    def spelled(self, block: Block, pipeline: Pipeline) -> Block:  # noqa: ARG002 (it knows its upstreams by name)
        return block

    def scratch(self, block: Block, parameters: Sequence[str]) -> str:
        return scratch.plain(block, parameters)

    def rename(self, source_text: str, old: str, new: str) -> str | None:
        return rename_free(source_text, old, new)

    def compiled(self, block: Block, arguments: tuple[str, ...]) -> bytes:
        """The body's code, which this process has compiled already: that takes a worker several times as long as to run it."""
        if block.carrier == "mage":
            return b""
        with contextlib.suppress(JupyterMageError, SyntaxError, ValueError, RecursionError, MemoryError):
            body, filename = inline_tests.without(block.source), f"<block {block.name}>"
            return marshal.dumps(
                source.compile_body(body, block.name, arguments=arguments, filename=filename, keep_names=False, block=block.name)
            )
        return b""

    def run(self, call: Call) -> Any:
        body = inline_tests.without(call.source)
        filename = call.filename or f"<block {call.block.name}>"
        namespace = call.namespace
        namespace.setdefault("__name__", "__main__")
        decorator = mage_decorator(call.source) if call.block.is_file else ""
        if decorator:
            return mage_file.run(call, decorator, lambda space: _execute(call, body, filename, space))
        if not call.keep_names:
            _define(call, namespace)
        arguments = tuple(call.values)
        if call.compiled:
            code, is_async = marshal.loads(call.compiled)  # noqa: S302 (from our own parent process)
        else:
            code, is_async = source.compile_body(
                body, call.block.name, arguments=() if call.keep_names else arguments, filename=filename,
                keep_names=call.keep_names, block=call.block.name,
            )  # fmt: skip
        first = (call.block.header or call.block.name).split("\n", 1)[0]  # a def's head is longer: its lines are in the source
        _remember(filename, f"{'' if first.startswith('@') else '%%block '}{first}\n{call.source}")
        if source.uses_magics(call.source) or "get_ipython" in call.source:
            _need_ipython(namespace)
        namespace.setdefault("__builtins__", builtins.__dict__)  # as exec does
        function = types.FunctionType(code, namespace)
        given = with_members(call.block, call.values, namespace)
        if call.keep_names:
            namespace.update(given)
            result = function()
        else:
            result = function(**given)
        return _finish(result) if is_async else result


def _execute(call: Call, body: str, filename: str, space: dict[str, Any]) -> None:
    """Run a file as it stands, but for its tests; lines are those of its cell, where a header may be the first."""
    above = "\n" * (call.block.starts - 1)
    _remember(filename, above + call.source)
    exec(compile(above + body, filename, "exec"), space)  # noqa: S102


def _define(call: Call, namespace: dict[str, Any]) -> None:
    for definition in call.captured:
        filename = f"<{definition.sort} {definition.name}>"
        _remember(filename, definition.source)
        exec(compile(definition.source, filename, "exec"), namespace)  # noqa: S102


def _remember(filename: str, text: str) -> None:
    """Let tracebacks show the text of code that is in no file."""
    if not filename.startswith("<"):
        return
    lines = text.splitlines(keepends=True)
    linecache.cache[filename] = (len(text), None, lines, filename)


def _finish(awaitable: Any) -> Any:
    """The result of a body with top-level ``await``; on a thread of its own where this one's loop is busy (a kernel's is)."""
    if not inspect.isawaitable(awaitable):
        return awaitable
    import asyncio  # a fifth of what a worker imports, where it is imported

    async def main() -> Any:
        return await awaitable

    if not _loop_is_running():
        return asyncio.run(main())
    box: dict[str, Any] = {}

    def target() -> None:
        try:
            box["value"] = asyncio.run(main())
        except BaseException as error:  # noqa: BLE001 (handed to the thread that waits)
            box["error"] = error

    thread = threading.Thread(target=target)
    thread.start()
    thread.join()
    if "error" in box:
        raise box["error"]
    return box["value"]


def _loop_is_running() -> bool:
    import asyncio

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _need_ipython(namespace: dict[str, Any]) -> None:
    """``!ls`` and ``%time`` need IPython; a clean process gets a shell of its own for them."""
    from IPython.core.getipython import get_ipython
    from IPython.core.interactiveshell import InteractiveShell

    shell = get_ipython() or InteractiveShell.instance()
    if shell is None:
        raise JupyterMageError("this body has ! or % lines, and IPython could not start")
    namespace.setdefault("get_ipython", lambda: shell)


language = Python()
