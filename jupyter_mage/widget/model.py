"""The widget itself: data in its traits, no code. Its browser half is in ``labextension/src/sources/widget.ts``."""

from __future__ import annotations

import threading
import time
from typing import Any

import ipywidgets
import traitlets

from .. import view

MODULE = "jupyter-mage"
VERSION = "0.1.0"
"""Of the browser half; it is registered under these two."""


class DagWidget(ipywidgets.DOMWidget):  # type: ignore[misc]
    """A pipeline's graph. ``picture`` is JSON data from `view.picture`; `show` sends a new one, or only what changed."""

    _model_name = traitlets.Unicode("DagModel").tag(sync=True)
    _model_module = traitlets.Unicode(MODULE).tag(sync=True)
    _model_module_version = traitlets.Unicode(VERSION).tag(sync=True)
    _view_name = traitlets.Unicode("DagView").tag(sync=True)
    _view_module = traitlets.Unicode(MODULE).tag(sync=True)
    _view_module_version = traitlets.Unicode(VERSION).tag(sync=True)
    picture = traitlets.Dict().tag(sync=True)

    def __init__(self, picture: dict[str, Any], **settings: Any) -> None:
        self._quiet, self._shown_at = False, time.monotonic()
        self._guard = threading.Lock()
        super().__init__(picture=picture, **settings)

    def show(self, picture: dict[str, Any]) -> None:
        """Make ``picture`` the one that is seen; the least that is needed is sent."""
        with self._guard:
            delta = view.changes(self.picture, picture)
            self._shown_at = time.monotonic()
            if delta is picture:
                self.picture = picture
                return
            self._quiet = True  # a page that is reloaded asks for the trait: it must be the picture of now
            try:
                self.picture = picture
            finally:
                self._quiet = False
            if len(delta) > 1:
                self.send(delta)

    def get_state(self, key: Any = None, drop_defaults: bool = False) -> dict[str, Any]:
        """The traits; a page that was reloaded learns how long by now that has run which runs."""
        state: dict[str, Any] = super().get_state(key, drop_defaults)
        elapsed = state.get("picture", {}).get("elapsed")
        if elapsed:
            since = time.monotonic() - self._shown_at
            state["picture"] = {**state["picture"], "elapsed": {name: at + since for name, at in elapsed.items()}}
        return state

    def _should_send_property(self, key: str, value: Any) -> bool:
        if key == "picture" and self._quiet:
            return False
        return bool(super()._should_send_property(key, value))

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        shown = super()._repr_mimebundle_(**kwargs)
        return None if shown is None else {**shown, **view.bundle(self.picture)}
