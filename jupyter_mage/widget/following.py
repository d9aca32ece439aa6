"""The graph in a notebook: live where a widget can be shown, a still picture everywhere else."""

from __future__ import annotations

import contextlib
import sys
import threading
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol, cast

from .. import view

LIVE = 4
"""So many graphs of one session follow it; older ones keep the last state they had."""


class Drawable(Protocol):
    """Of a session, what a graph needs. `picture` is also called from a timer's thread."""

    def picture(self) -> dict[str, Any]: ...

    def subscribe(self, callback: Callable[[], None]) -> Callable[[], None]: ...


def live(session: Drawable) -> Live:
    """A graph of ``session`` that follows it, to be displayed (``%pipeline`` shows it)."""
    return Live(session)


class Live:
    """A graph that follows a session from when it is displayed; `stop` ends that, and what is seen stays."""

    def __init__(self, session: Drawable) -> None:
        self._session = session
        self._drawn = session.picture()
        self._kept: object = None
        self._widget: Any = None
        self._handle: Any = None
        self._guard = threading.Lock()
        self._pace = view.Pace(self._show)
        self._undo: list[Callable[[], None]] = []

    def __repr__(self) -> str:
        return view.text(self._drawn)

    def _ipython_display_(self) -> None:
        from IPython.core.getipython import get_ipython
        from IPython.display import display

        shell: Any = cast(Any, get_ipython)()
        self._drawn = self._session.picture()
        if _shows_widgets(shell):
            from .model import DagWidget

            self._widget = DagWidget(self._drawn)
        self._handle = cast(Any, display)(self._bundle(), raw=True, display_id=True)
        if getattr(shell, "kernel", None) is None:
            return  # a terminal cannot change what it has printed
        self._kept = _settled(self._drawn)
        self._undo = [self._session.subscribe(self._pace), _on_cell_end(shell, self._pace.flush)]
        _FOLLOWING.append(self)
        while len(_FOLLOWING) > LIVE:
            _FOLLOWING.popleft().stop()

    def stop(self) -> None:
        """Follow no more."""
        self._pace.flush()
        while self._undo:
            self._undo.pop()()

    def _bundle(self) -> dict[str, Any]:
        """Every form, and in ours the model that follows it.

        Not as a widget's view: who has widgets but not ours (nbconvert with widget state, JupyterLab without our extension) would
        take that for the best form and show an error instead of the picture.
        """
        bundle = view.bundle(self._drawn)
        if self._widget is not None:
            bundle[view.MIME] = {**self._drawn, "model_id": self._widget.model_id}
        return bundle

    def _show(self) -> None:
        with self._guard:  # a timer's thread that is slow must not put an older picture over a newer one
            self._drawn = view.steady(self._session.picture)
            if self._widget is not None:
                self._widget.show(self._drawn)
            settled = _settled(self._drawn)
            if settled is not None and settled != self._kept:
                self._kept = settled
                self._handle.update(self._bundle(), raw=True)


_FOLLOWING: deque[Live] = deque()


def _settled(drawn: dict[str, Any]) -> object:
    """What makes a kept picture out of date, or None while a run goes on: its states change ten times a second."""
    run = drawn.get("run")
    if run is not None and run["status"] in ("running", "queued"):
        return None
    return (run, [node["id"] for node in drawn["nodes"]], {n: s["status"] for n, s in drawn["states"].items()})


def _shows_widgets(shell: Any) -> bool:
    """Whether this front end has our part of the widget: JupyterLab and Notebook, which say which cell they run.

    nbclient, papermill and nbconvert do not say it; VS Code and Colab would look for our code on a CDN. They get the picture.
    """
    if getattr(shell, "kernel", None) is None or "__vsc_ipynb_file__" in shell.user_ns or "google.colab" in sys.modules:
        return False
    parent = shell.get_parent() if hasattr(shell, "get_parent") else {}
    return bool((parent or {}).get("metadata", {}).get("cellId"))


def _on_cell_end(shell: Any, action: Callable[[], None]) -> Callable[[], None]:
    """Call ``action`` after each cell: a headless run ends with its last cell, before any timer."""

    def after(*_: object) -> None:
        action()

    shell.events.register("post_run_cell", after)

    def undo() -> None:
        with contextlib.suppress(ValueError):
            shell.events.unregister("post_run_cell", after)

    return undo
