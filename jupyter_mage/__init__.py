"""Orchestration in the notebook: cells become blocks, blocks a pipeline that runs, is drawn, and exports as a Mage project.

>>> import jupyter_mage
>>> jupyter_mage.Session.__name__
'Session'
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from os import PathLike

    from .code.decorator import block
    from .errors import JupyterMageError
    from .handles import Blocks
    from .model import Block, Pipeline
    from .session import Session

__version__ = "0.1.0"
__all__ = ["Block", "JupyterMageError", "Pipeline", "Session", "block", "load"]

_HOMES = {"Block": ".model", "JupyterMageError": ".errors", "Pipeline": ".model", "Session": ".session",
          "block": ".code.decorator"}  # fmt: skip


def __getattr__(name: str) -> Any:
    """The public names, imported when first asked for: importing the package itself stays light."""
    if name in _HOMES:
        return getattr(import_module(_HOMES[name], __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def load(path: str | PathLike[str], pipeline: str = "") -> Blocks:
    """The blocks of a notebook or project as functions, for ordinary tests: ``load("sales.ipynb").clean(raw=frame)``.

    Nothing of it is run before a block is called. Raises FormatError with file and line.
    """
    from pathlib import Path

    from .session import Session

    return Session.open(Path(path), pipeline).blocks


def load_ipython_extension(ip: Any) -> None:
    """``%load_ext jupyter_mage``: the magics, and the side panel's line where the kernel has one."""
    from . import magics, panel, widget

    session = magics.load(ip, draw=widget.live)
    panel.start(session, ip)


def unload_ipython_extension(ip: Any) -> None:
    """``%unload_ext jupyter_mage``."""
    from . import magics

    magics.unload(ip)


def _jupyter_labextension_paths() -> list[dict[str, str]]:
    return [{"src": "labextension", "dest": "jupyter-mage"}]
