"""The kernel's end of the JupyterLab side panel: pushes what changes, and answers two requests. Runs no user code.

Two comms, because a kernel answers nothing on a comm that the running cell sends on:

- PUSH (kernel → panel): ``{"type": "loaded"}`` and ``{"type": "show", "picture": …}``, a whole picture or changes of one. It is
  never opened: the panel reads it by its id, also after a page was reloaded while a cell runs.
- CTRL (panel → kernel): opened by the panel, on a subshell where there are any: ``{"type": "state"}`` is answered with a whole
  picture, ``{"type": "cancel"}`` stops the run.

Where the kernel has no comms (IPython in a terminal) all of this does nothing.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any, Protocol

from . import view

PUSH = "jupyter_mage.push"
TARGET = "jupyter_mage"
REFRESH = 3.0
"""Seconds after which changes come as a whole picture: a page that was reloaded meanwhile has nothing to change."""

started = False
"""Whether CTRL can be opened; the panel asks, because opening a target that is not there prints on the kernel's stderr."""

_stop: Callable[[], None] | None = None


class Watched(Protocol):
    """Of a session, what the panel needs."""

    def picture(self) -> dict[str, Any]: ...

    def subscribe(self, callback: Callable[[], None]) -> Callable[[], None]: ...

    def cancel(self) -> object: ...


def start(session: Watched, ip: Any) -> Callable[[], None]:
    """Serve ``session`` to the panel of this kernel's front end, instead of any session before; the answer ends it."""
    global started, _stop
    if _stop is not None:
        _stop()
    manager = getattr(getattr(ip, "kernel", None), "comm_manager", None)
    if manager is None:
        return lambda: None
    server = _Server(session)
    manager.register_target(TARGET, server.opened)
    end = session.subscribe(server.pace)
    started = True
    server.push({"type": "loaded"})

    def stop() -> None:
        global started, _stop
        end()
        manager.unregister_target(TARGET, server.opened)
        started, _stop = False, None

    _stop = stop
    return stop


class _Server:
    """Keeps what the panel has been sent."""

    def __init__(self, session: Watched) -> None:
        from comm import create_comm

        self._session = session
        self._comm = create_comm(target_name=TARGET, comm_id=PUSH, primary=False)
        self._sent: dict[str, Any] | None = None
        self._whole_at = 0.0
        self._lock = threading.Lock()
        self.pace = view.Pace(self._show)

    def push(self, message: dict[str, Any]) -> None:
        self._comm.send(message)

    def _show(self) -> None:
        with self._lock:
            drawn = view.steady(self._session.picture)
            delta = view.changes(self._sent, drawn)
            if delta is not drawn and len(delta) == 1:
                return
            self._sent = drawn
            if delta is drawn or time.monotonic() - self._whole_at > REFRESH:
                delta, self._whole_at = drawn, time.monotonic()
            self.push({"type": "show", "picture": delta})

    def opened(self, comm: Any, _: object) -> None:
        """The panel opened CTRL."""

        def answer(message: dict[str, Any]) -> None:
            asked = message.get("content", {}).get("data", {}).get("type")
            if asked == "state":
                comm.send({"type": "show", "picture": view.steady(self._session.picture)})
            elif asked == "cancel":
                self._session.cancel()

        comm.on_msg(answer)
