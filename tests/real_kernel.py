"""A real kernel for tests: run code in it and see every message it sends."""

from __future__ import annotations

import contextlib
import queue
import warnings
from collections.abc import Iterator
from typing import Any


class Kernel:
    """Runs code as a front end does. ``messages`` is everything that came, as (type, content)."""

    def __init__(self, manager: Any, client: Any) -> None:
        self._manager, self._client = manager, client
        self.messages: list[tuple[str, dict[str, Any]]] = []

    def run(self, code: str, *, cell: str = "c1") -> list[tuple[str, dict[str, Any]]]:
        """Everything the kernel sends until it is idle again. ``cell`` empty: as nbclient runs it."""
        message = self._client.session.msg("execute_request", {"code": code, "silent": False, "store_history": True})
        message["metadata"] = {"cellId": cell} if cell else {}
        self._client.shell_channel.send(message)
        return self._until_idle(message["header"]["msg_id"])

    def send(self, kind: str, content: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
        """Send a message on the shell channel (a comm's, say)."""
        message = self._client.session.msg(kind, content)
        self._client.shell_channel.send(message)
        return self._until_idle(message["header"]["msg_id"])

    def wait(self, condition: Any, *, seconds: float = 20) -> dict[str, Any]:
        """The content of the first message, come or coming, for which ``condition(type, content)`` is true."""
        seen = 0
        while True:
            for kind, content in self.messages[seen:]:
                if condition(kind, content):
                    return content
            seen = len(self.messages)
            self._next(seconds)

    def _next(self, seconds: float) -> Any:
        try:
            message = self._client.get_iopub_msg(timeout=seconds)
        except queue.Empty:
            raise AssertionError(f"nothing more came; the last were {self.messages[-5:]}") from None
        self.messages.append((message["msg_type"], message["content"]))
        return message

    def _until_idle(self, asked: str) -> list[tuple[str, dict[str, Any]]]:
        start = len(self.messages)
        while True:
            message = self._next(60)
            mine = message["parent_header"].get("msg_id") == asked
            if mine and message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
                return self.messages[start:]


@contextlib.contextmanager
def kernel() -> Iterator[Kernel]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # jupyter_client's own, about event loops
        from jupyter_client.manager import start_new_kernel

        manager, client = start_new_kernel(kernel_name="python3")
        try:
            yield Kernel(manager, client)
        finally:
            client.stop_channels()
            manager.shutdown_kernel(now=True)


FAKE = '''
from jupyter_mage import events as ev, panel, view, widget
from jupyter_mage.model import Block, Pipeline
from jupyter_mage.state import fold

class Session:
    """As much of a session as screens see."""
    def __init__(self):
        self.pipeline = Pipeline(name="p", blocks=(Block(name="a", source="1"), Block(name="b", source="a", upstreams=("a",))))
        self.events, self.callbacks, self.cancelled = [], [], 0
    def picture(self):
        return view.picture(self.pipeline, fold(self.events) if self.events else None)
    def subscribe(self, callback):
        self.callbacks.append(callback)
        return lambda: self.callbacks.remove(callback)
    def cancel(self):
        self.cancelled += 1
    def emit(self, *events):
        for event in events:
            self.events.append(event)
            for callback in list(self.callbacks):
                callback()

session = Session()
started = [ev.RunStarted(run="r", pipeline="p", blocks=("a", "b"), at=0.0), ev.BlockStarted(run="r", block="a")]
finished = [*(ev.BlockCancelled(run="r", block=name) for name in "ab"), ev.RunFinished(run="r", status="cancelled")]
'''
