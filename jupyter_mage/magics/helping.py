"""What ``?`` shows of ours: syntax and examples, or a block's card; and ``%pipeline run?``, which IPython cannot read."""

from __future__ import annotations

import inspect
import re
import types
from typing import Any

from ..handles import Handle

_ASKED = re.compile(r"\s*(?:%pipeline\s+(?P<behind>\w+)[^?\n]*\?{1,2}|\?{1,2}\s*%pipeline\s+(?P<before>\w+).*)\s*$")


def asked(lines: list[str]) -> list[str]:
    """An input transformer: ``%pipeline run?`` asks the verb, ``%pipeline help run`` is what it becomes."""
    ours = any("?" in line and "%pipeline" in line for line in lines) and not lines[0].startswith(
        "%%"
    )  # a body is the user's text
    return [_asked(line) for line in lines] if ours else lines


def _asked(line: str) -> str:
    match = _ASKED.match(line.rstrip("\n"))
    return f"%pipeline help {match['behind'] or match['before']}\n" if match else line


def text(hook: Any) -> list[tuple[str, str]] | None:
    """A hook of IPython's inspector: a title and our own text for our own things, None for all else."""
    shown = hook.obj
    if isinstance(shown, Handle):
        return [(f"blocks.{shown.name}", shown.card(source=hook.detail_level > 0))]
    function = getattr(shown, "__func__", None)
    if isinstance(function, types.FunctionType) and function.__module__ == __package__ and hook.detail_level == 0:
        sign = "%" if function.__name__ == "pipeline" else "%%"
        return [(f"{sign}{function.__name__}", inspect.cleandoc(function.__doc__ or ""))]
    return None
