"""A real kernel with a person at it: what a front end puts into the next cell, what is typed at a prompt, what Tab offers."""

from __future__ import annotations

import queue
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from real_kernel import ANSI, SECONDS, TIME, surroundings

__all__ = ["ANSI", "Answer", "Person"]


@dataclass
class Answer:
    """What executing a cell came to."""

    status: str = ""
    printed: str = ""
    drawn: str = ""
    """The error as it is drawn, colours and all."""
    result: str = ""
    next_cell: str = ""
    page: str = ""
    displays: list[dict[str, Any]] = field(default_factory=list)
    updates: list[dict[str, Any]] = field(default_factory=list)

    @property
    def error(self) -> str:
        return ANSI.sub("", self.drawn)

    @property
    def lines(self) -> list[str]:
        """What was printed, times left out."""
        return [TIME.sub("T", line) for line in self.printed.splitlines() if line.strip()]


class Person:
    """Someone at a notebook; ``cell`` is the identity that the front end gives, empty where nobody looks (nbclient)."""

    def __init__(self, folder: Path, home: Path) -> None:
        from jupyter_client.manager import KernelManager

        self.manager = KernelManager(kernel_name="python3")
        self.manager.start_kernel(cwd=str(folder), env=surroundings(home))
        self.client = self.manager.blocking_client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=SECONDS)

    def runs(
        self, code: str, *, cell: str = "", typing: tuple[str, ...] | None = None, sees: Callable[[Answer], None] = lambda _: None
    ) -> Answer:
        """Execute a cell; ``typing`` are the lines given at its prompts, in order; without it there is no keyboard.

        ``sees`` is called with all that came so far, after each message.
        """
        content = {"code": code, "silent": False, "store_history": True, "user_expressions": {}, "stop_on_error": False}
        message = self.client.session.msg("execute_request", {**content, "allow_stdin": typing is not None})
        message["metadata"] = {"cellId": cell} if cell else {}
        self.client.shell_channel.send(message)
        sent, answer, left, done = message["header"]["msg_id"], Answer(), list(typing or ()), False
        while not done:
            if typing is not None:
                self._type(left)
            try:
                got = self.client.get_iopub_msg(timeout=0.1 if typing is not None else SECONDS)
            except queue.Empty:
                assert typing is not None, "nothing more came"
                continue
            if got["parent_header"].get("msg_id") == sent:
                done = self._add(answer, got["msg_type"], got["content"])
                sees(answer)
        while True:
            reply = self.client.get_shell_msg(timeout=SECONDS)
            if reply["parent_header"].get("msg_id") == sent:
                break
        answer.status = reply["content"]["status"]
        for each in reply["content"].get("payload", []):
            answer.next_cell = each.get("text", "") if each["source"] == "set_next_input" else answer.next_cell
            answer.page = ANSI.sub("", each["data"]["text/plain"]) if each["source"] == "page" else answer.page
        assert left == [], f"nobody asked for {left}"
        return answer

    def _type(self, left: list[str]) -> None:
        try:
            asked = self.client.get_stdin_msg(timeout=0)
        except queue.Empty:
            return
        assert asked["msg_type"] == "input_request"
        self.client.input(left.pop(0))

    @staticmethod
    def _add(answer: Answer, sort: str, content: dict[str, Any]) -> bool:
        if sort == "stream":
            answer.printed += content["text"]
        elif sort == "execute_result":
            answer.result = content["data"]["text/plain"]
        elif sort == "display_data":
            answer.displays.append(content)
        elif sort == "update_display_data":
            answer.updates.append(content)
        elif sort == "error":
            answer.drawn = "\n".join(content["traceback"])
        return sort == "status" and content["execution_state"] == "idle"

    def presses_tab(self, code: str, *, at: int | None = None) -> dict[str, str]:
        """What is offered, and of what type; each with what stands before it, as it would stand in the cell."""
        place = len(code) if at is None else at
        sent = self.client.complete(code, place)
        while True:
            reply = self.client.get_shell_msg(timeout=SECONDS)
            if reply["parent_header"].get("msg_id") == sent:
                break
        content = reply["content"]
        head = code[: content["cursor_start"]].split("\n")[-1]
        found = content["metadata"]["_jupyter_types_experimental"]
        return {head + each["text"]: each["type"].replace("\u00a0", " ") for each in found}

    def leaves(self) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)
        self.manager.cleanup_resources()
