"""What a screen may ask of a session, by name. Each answer is JSON of bounded size, whose shape stands in `asked`.

Asked from a thread of its own while a cell runs, so nothing here runs a project's code, unpickles anything, or changes what it
looks at: pipelines are frozen values, history and store are read, and of a run's moving state only copies are taken.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

from ..errors import JupyterMageError, unknown
from ..redaction import hide
from ..session import Session
from .data import preview, profile
from .edges import edge
from .editing import edit, mermaid
from .given import Given
from .plans import plan
from .variables import fit, variables

log = logging.getLogger(__name__)

Answer = Callable[[Session, Given], Mapping[str, Any]]

ASKED: Mapping[str, Answer] = {
    "preview": preview,
    "profile": profile,
    "edge": edge,
    "plan": plan,
    "variables": variables,
    "fit": fit,
    "edit": edit,
    "mermaid": mermaid,
}
"""What may be asked, and which function answers. One more is one function and one line."""


def answer(session: Session, what: object, given: object) -> dict[str, Any]:
    """``{"value": …}``, or ``{"error": sentence, "hint": command}``; raises nothing.

    >>> import tempfile
    >>> from pathlib import Path
    >>> session = Session(Path(tempfile.mkdtemp()), pipeline="demo")
    >>> answer(session, "variables", {})
    {'value': {'pipeline': 'demo', 'variables': [], 'last_run': '', 'last_at': None}}
    >>> answer(session, "prewiew", {})["error"]
    "no answer 'prewiew'. Did you mean 'preview'? There are: edge, edit, fit, mermaid, plan, preview, profile, variables"
    >>> session.close()
    """
    try:
        found = ASKED.get(str(what))
        if found is None:
            raise unknown("answer", str(what), ASKED)
        return {"value": found(session, Given(given if isinstance(given, Mapping) else {}))}
    except JupyterMageError as error:
        place = f" ({error.where})" if error.where and str(error.where) else ""
        return {"error": hide(f"{error.message}{place}"), "hint": hide(error.hint)}
    except Exception as error:  # noqa: BLE001 — who asked waits on a screen: a mistake of ours is told, not lost
        log.exception("no answer to %r", what)
        return {"error": hide(f"this could not be told: {type(error).__name__}: {error}"), "hint": ""}
