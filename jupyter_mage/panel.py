"""The kernel's end of the JupyterLab side panel: pushes what changes, and answers what is asked. Runs no user code.

Two comms, because a kernel answers nothing on a comm that the running cell sends on:

- PUSH (kernel → panel): ``{"type": "loaded"}`` and ``{"type": "show", "picture": …}``, a whole picture or changes of one. It is
  never opened: the panel reads it by its id, also after a page was reloaded while a cell runs.
- CTRL (panel → kernel): opened by the panel, on a subshell where there are any: ``{"type": "state"}`` has a whole picture
  pushed, ``{"type": "cancel"}`` stops the run, ``{"type": "ask", "id": n, "what": NAME, …}`` is answered with
  ``{"type": "answer", "id": n, "value": …}`` or ``{… "error": sentence, "hint": command}``: see `answers`.

Where the kernel has no comms (IPython in a terminal) all of this does nothing.
"""

from __future__ import annotations

import contextvars
import json
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from . import answers, view
from .redaction import hide
from .session import Session

if TYPE_CHECKING:
    from . import editing

PUSH = "jupyter_mage.push"
TARGET = "jupyter_mage"
REFRESH = 3.0
"""Seconds after which changes come as a whole picture: a page that was reloaded meanwhile has nothing to change."""
MANY = 150
"""Of more blocks than `REFRESH` times this, whole pictures come less often: so many blocks a second at most."""

started = False
"""Whether CTRL can be opened; the panel asks, because opening a target that is not there prints on the kernel's stderr."""


def start(session: Session, ip: Any) -> Callable[[], None]:
    """Serve ``session`` to the panel of this kernel's front end, instead of any session before; the answer ends it."""
    global started
    manager = getattr(getattr(ip, "kernel", None), "comm_manager", None)
    if manager is None:
        return lambda: None
    server = _Server(session, ip)
    _serve(server)
    manager.register_target(TARGET, _opened)
    started = True
    server.push({"type": "loaded"})

    def stop() -> None:
        global started
        if _serving and _serving[0] is server:
            _serve(None)
            manager.unregister_target(TARGET, _opened)
            started = False

    return stop


_serving: list[_Server] = []
_panels: set[str] = set()
"""The CTRL comms that are open."""
_push: list[Any] = []
"""The PUSH comm, kept as long as the kernel lives: a comm that is forgotten tells the front end to close it."""


def _serve(server: _Server | None) -> None:
    while _serving:
        _serving.pop().end()
    if server is not None:
        _serving.append(server)


def _opened(comm: Any, _: object) -> None:
    """The panel opened CTRL. It outlives a session: what it asks goes to the one that is served when it asks."""

    def answer(message: dict[str, Any]) -> None:
        asked = message.get("content", {}).get("data")
        if _serving and isinstance(asked, Mapping):  # anything else was sent by no panel
            reply = _serving[0].answer(asked)
            if reply is not None:
                comm.send(reply)

    comm.on_msg(answer)
    _panels.add(comm.comm_id)
    comm.on_close(lambda _: _panels.discard(comm.comm_id))


def refresh(blocks: int) -> float:
    """Seconds between two whole pictures of so many blocks.

    >>> refresh(10), refresh(1500)
    (3.0, 10.0)
    """
    return max(REFRESH, blocks / MANY)


class Notes:
    """What following came to, as a user expression gives it: JSON."""

    def __init__(self, notes: list[str]) -> None:
        self.notes = notes

    def _repr_json_(self) -> dict[str, list[str]]:
        return {"notes": self.notes}


def follow(given: str) -> Notes:
    """The notebook's cells say something else now: ``{"changed": {id: text}, "removed": [id]}``. Defines, and runs nothing.

    The panel calls it as a silent user expression: on the kernel's main thread, between cells, as a definition has to be.
    """
    message = json.loads(given)
    return Notes(_serving[0].follow(message.get("changed", {}), message.get("removed", [])) if _serving else [])


class _Server:
    """Keeps what the panel has been sent."""

    def __init__(self, session: Session, ip: Any) -> None:
        from comm import create_comm

        self._session, self._ip = session, ip
        session.editor = self.edit
        if not _push:
            _push.append(create_comm(target_name=TARGET, comm_id=PUSH, primary=False))
        self._sent: dict[str, Any] | None = None
        self._whole_at = 0.0
        self._lock = threading.Lock()
        self._beat: threading.Timer | None = None
        self._stop = session.subscribe(view.Pace(self._show))

    def end(self) -> None:
        self._stop()
        with self._lock:
            if self._beat is not None:
                self._beat.cancel()

    def push(self, message: dict[str, Any]) -> None:
        _push[0].send(message)

    def answer(self, message: Mapping[str, Any]) -> dict[str, Any] | None:
        """What is sent back to a request of the panel. On a subshell's thread: nothing here runs user code or waits."""
        asked = message.get("type")
        if asked == "ask":
            return {"type": "answer", "id": message.get("id"), **answers.answer(self._session, message.get("what"), message)}
        if asked == "cancel":
            self._session.cancel()
        if asked == "state":
            self._whole()
        return None

    def _whole(self) -> None:
        """Push the picture as it is now. In one order with all pushes: an answer made before the last of them, and sent after it,
        would be what the panel shows from then on."""
        with self._lock:
            self._sent, self._whole_at = view.steady(self._session.picture), time.monotonic()
            self.push({"type": "show", "picture": self._sent})

    def edit(self, wanted: editing.Edit) -> bool:
        """Have the panel make this edit in the notebook; False where no panel has opened CTRL."""
        if _panels:
            self.push({"type": "edit", "edit": {"do": wanted.do, "block": wanted.block, "to": wanted.to}})
        return bool(_panels)

    def follow(self, changed: Mapping[str, str], removed: Iterable[str]) -> list[str]:
        before = self._session.pipeline.names
        notes = self._session.follow_cells(changed, removed, self._ip.user_ns)
        for gone in {*before} - {*self._session.pipeline.names}:
            self._ip.user_ns.pop(gone, None)  # its output goes with the name
        return [hide(note) for note in notes]

    def _show(self, again: bool = False) -> None:
        """Send what changed; ``again``: the whole picture, if the run still goes on."""
        with self._lock:
            drawn = view.steady(self._session.picture)
            goes_on = (drawn.get("run") or {}).get("status") == "running"
            pause = refresh(len(drawn["nodes"]))
            if again:
                self._beat = None
            if goes_on:
                self._arm(pause)
            delta = view.changes(self._sent, drawn)
            if delta is not drawn and len(delta) == 1 and not (again and goes_on):
                return
            self._sent = drawn
            if again or delta is drawn or time.monotonic() - self._whole_at > pause:
                delta, self._whole_at = drawn, time.monotonic()
            self.push({"type": "show", "picture": delta})

    def _arm(self, pause: float) -> None:
        """While a long block runs nothing changes, and a page that was reloaded has no picture: it gets one before long."""
        if self._beat is None:
            context = (
                contextvars.copy_context()
            )  # it carries the kernel's parent message: some ipykernels send nothing without it
            self._beat = threading.Timer(pause, lambda: context.run(self._show, True))
            self._beat.daemon = True
            self._beat.start()
