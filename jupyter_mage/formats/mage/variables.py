"""The ``variables:`` of a pipeline's ``metadata.yaml``, changed in its text: every other line, comments too, stays as it is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ... import files as safe_files
from ...errors import FormatError, Where
from ...model import Pipeline
from .. import yaml
from .project import Disk, metadata_path

_KEY = re.compile(r"""(['"]?)variables\1\s*:""")
_TOP = re.compile(r"""[^\s#-]""")


def write(pipeline: Pipeline, root: Path) -> None:
    """Write the pipeline's variables. Raises FormatError where the file is not of the usual shape, and leaves it then."""
    path = metadata_path(str(pipeline.extra.get("uuid", pipeline.name)))
    text = Disk(root).text(path)
    if text is None:
        raise FormatError("there is no such pipeline", where=Where(file=path))
    changed = edited(text, pipeline.variables, path)
    if changed != text:
        safe_files.atomic_write(safe_files.inside(root, path), changed)


def edited(text: str, variables: Mapping[str, Any], file: str = "") -> str:
    """The file's text with these variables.

    >>> print(edited("name: a  # mine\\nvariables:\\n  day: x  # old\\n  n: 1  # one\\nuuid: a\\n", {"day": "y", "n": 1}), end="")
    name: a  # mine
    variables:
      day: 'y'
      n: 1  # one
    uuid: a
    """
    before = yaml.load(text, file=file).data
    wanted = {key: value for key, value in before.items() if key != "variables"} | (
        {"variables": dict(variables)} if variables else {}
    )
    lines = text.splitlines(keepends=True)
    start = next((place for place, line in enumerate(lines) if _KEY.match(line)), None)
    if start is None:
        end = start = len(lines)
        if lines and not lines[-1].endswith("\n"):
            lines[-1] += "\n"
    else:
        end = next((place for place in range(start + 1, len(lines)) if _TOP.match(lines[place])), len(lines))
        while end > start + 1 and not lines[end - 1].strip():
            end -= 1
    old = before.get("variables")
    kept = _groups(lines[start + 1 : end], old if isinstance(old, Mapping) else {})
    made: list[str] = []
    for name, value in variables.items():
        there = kept.get(name, [])
        same = there and old[name] == value and type(old[name]) is type(value)
        made += there if same else [*(line for line in there if line.lstrip().startswith("#")), *_lines(name, value)]
    block = [lines[start] if start < end and kept else "variables:\n", *made] if variables else []
    changed = "".join([*lines[:start], *block, *lines[end:]])
    if _data(changed) != wanted:
        raise FormatError(
            "its variables are written in a way that cannot be changed line by line",
            where=Where(file=file),
            hint="write them one a line: variables:, then   name: value",
        )
    return changed


def _data(text: str) -> Any:
    try:
        return yaml.load(text).data
    except FormatError:
        return None


def _lines(name: str, value: Any) -> list[str]:
    return [f"  {line}\n" for line in yaml.dump({name: value}).splitlines()]


def _groups(lines: list[str], old: Mapping[str, Any]) -> dict[str, list[str]]:
    """The lines of each variable that is there, comments above it too."""
    groups: dict[str, list[str]] = {}
    waiting: list[str] = []
    current: list[str] | None = None
    for line in lines:
        match = re.match(r"""  (['"]?)([^\s'"#:]+)\1\s*:(?:\s|$)""", line)
        if match and match[2] in old:
            current = groups[match[2]] = [*waiting, line]
            waiting = []
        elif line.lstrip().startswith("#") and not line.startswith("    "):
            waiting.append(line)
        elif current is not None:
            current += [*waiting, line]
            waiting = []
        else:
            return {}
    if current is not None:
        current += waiting
    return groups
