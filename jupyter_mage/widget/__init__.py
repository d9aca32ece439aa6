"""The graph in a notebook. No code in any trait, and importing this does not import ipywidgets.

`live` is what ``%pipeline`` shows. It publishes every form of the picture in one MIME bundle, sends what changes while a run goes
on, and when it ends replaces what the notebook file keeps, so that a saved notebook shows how the run went.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .following import LIVE, Live, live

if TYPE_CHECKING:
    from .model import DagWidget

__all__ = ["LIVE", "DagWidget", "Live", "live"]


def __getattr__(name: str) -> Any:
    if name == "DagWidget":
        from .model import DagWidget

        return DagWidget
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
