"""A real kernel for tests, driven as a front end drives it: every message that it sends, and what a cell came to."""

from __future__ import annotations

import os
import queue
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SECONDS = 30.0
ANSI = re.compile(r"\x1b\[[0-9;]*m")
TIME = re.compile(r"<1 ms|\d+(\.\d+)? (ms|s)\b")

Message = tuple[str, dict[str, Any]]
"""Its type and its content."""


@dataclass
class Cell:
    """What executing a cell came to."""

    status: str = ""
    printed: str = ""
    result: str = ""
    errors: str = ""
    error: str = ""
    shown: list[dict[str, Any]] = field(default_factory=list)
    help: str = ""
    messages: list[Message] = field(default_factory=list, repr=False)

    @property
    def lines(self) -> list[str]:
        """What was printed, times left out."""
        return [TIME.sub("T", line) for line in self.printed.splitlines() if line.strip()]

    def add(self, sort: str, content: dict[str, Any]) -> None:
        self.messages.append((sort, content))
        if sort == "stream" and content["name"] == "stdout":
            self.printed += content["text"]
        elif sort == "stream":
            self.errors += content["text"]
        elif sort == "execute_result":
            self.result = content["data"]["text/plain"]
        elif sort == "display_data":
            self.shown.append(content["data"])
        elif sort == "error":
            self.error = ANSI.sub("", "\n".join(content["traceback"]))


class Kernel:
    """A kernel and its client. ``messages`` is everything that came, whoever asked for it."""

    def __init__(self, folder: Path, environ: dict[str, str]) -> None:
        from jupyter_client.manager import KernelManager

        self.messages: list[Message] = []
        self.manager = KernelManager(kernel_name="python3")
        self.manager.start_kernel(cwd=str(folder), env=environ)
        self.client = self.manager.blocking_client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=SECONDS)

    def send(self, code: str, cell: str = "", deleted: tuple[str, ...] = ()) -> str:
        """Ask for a cell to be executed. With ``cell``, as JupyterLab does; without, as nbclient does."""
        content = {"code": code, "silent": False, "store_history": True, "user_expressions": {}, "allow_stdin": False}
        metadata = {"cellId": cell, "deletedCells": list(deleted)} if cell or deleted else {}
        return self._send("execute_request", {**content, "stop_on_error": False}, metadata)

    def receive(self, sent: str, on_print: Callable[[str], None] = lambda text: None) -> Cell:
        """All that comes of it, to its end."""
        cell = self._until_idle(sent, on_print)
        while True:
            reply = self.client.get_shell_msg(timeout=SECONDS)
            if reply["parent_header"].get("msg_id") == sent:
                cell.status = reply["content"]["status"]
                self.count = reply["content"]["execution_count"]
                pages = [each["data"]["text/plain"] for each in reply["content"].get("payload", []) if "data" in each]
                cell.help = ANSI.sub("", "\n".join(pages))
                return cell

    def run(self, code: str, cell: str = "", deleted: tuple[str, ...] = ()) -> Cell:
        return self.receive(self.send(code, cell, deleted))

    def tell(self, kind: str, content: dict[str, Any]) -> list[Message]:
        """Send a message that has no reply (a comm's); everything that came of it."""
        return self._until_idle(self._send(kind, content, {})).messages

    def wait(self, condition: Callable[[str, dict[str, Any]], bool]) -> dict[str, Any]:
        """The content of the first message, come or coming, for which ``condition(type, content)`` is true."""
        seen = 0
        while True:
            for sort, content in self.messages[seen:]:
                if condition(sort, content):
                    return content
            seen = len(self.messages)
            self._next()

    def value(self, expression: str) -> str:
        """The repr of an expression in the kernel."""
        return self.run(expression).result

    def number(self) -> str:
        """The number of the cell before, as the front end shows it."""
        return str(self.count)

    def close(self) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)
        self.manager.cleanup_resources()

    def _send(self, kind: str, content: dict[str, Any], metadata: dict[str, Any]) -> str:
        message = self.client.session.msg(kind, content, metadata=metadata)
        self.client.shell_channel.send(message)
        return str(message["header"]["msg_id"])

    def _next(self) -> tuple[str, Message]:
        """The next message, and what it is the answer to."""
        try:
            message = self.client.get_iopub_msg(timeout=SECONDS)
        except queue.Empty:
            raise AssertionError(f"nothing more came; the last were {self.messages[-5:]}") from None
        self.messages.append((message["msg_type"], message["content"]))
        return message["parent_header"].get("msg_id", ""), self.messages[-1]

    def _until_idle(self, sent: str, on_print: Callable[[str], None] = lambda text: None) -> Cell:
        cell = Cell()
        while True:
            asked, (sort, content) = self._next()
            if asked != sent:
                continue
            cell.add(sort, content)
            if sort == "stream" and content["name"] == "stdout":
                on_print(cell.printed)
            if sort == "status" and content["execution_state"] == "idle":
                return cell


def surroundings(home: Path) -> dict[str, str]:
    """The environment of a kernel that reads nothing of the person's who runs the tests."""
    names = ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR")
    kept = {name: value for name, value in os.environ.items() if name != "JPY_SESSION_NAME"}
    return {**kept, **{name: str(home / name.lower()) for name in names}}


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
