"""``pipelines/<name>/triggers.yaml``: what starts runs, as values, and back. Nothing is started here."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ... import files as safe_files
from ...errors import FormatError, ProjectError, Where
from ...model import Trigger
from .. import yaml, yaml_edit
from ..problem import Problem
from .project import Disk, Files

TYPES = ("time", "api", "event")
WORDS = ("@once", "@hourly", "@daily", "@weekly", "@monthly", "@always_on")
"""Schedules with a name."""
_KEYS = {
    "name": "name",
    "schedule_type": "type",
    "schedule_interval": "interval",
    "start_time": "start",
    "variables": "variables",
    "sla": "sla",
    "settings": "settings",
    "envs": "environments",
}
"""Keys of the file, and the fields that say the same."""


def path_of(folder: str) -> str:
    return f"pipelines/{folder}/triggers.yaml"


def read(files: Files, folder: str) -> tuple[Trigger, ...]:
    """The triggers, none where there is no file. Raises FormatError that names the first problem, with its line."""
    found, problems = _load(files, folder)
    if problems:
        first = problems[0]
        raise FormatError(first.message, where=Where(file=first.file, line=first.line), hint="correct the file")
    return tuple(found)


def check(files: Files, folder: str) -> list[Problem]:
    """Everything that is wrong with the file."""
    found, problems = _load(files, folder)
    times = [each for each in found if each.type == "time" and not is_schedule(each.interval)]
    return [*problems, *(Problem(file=path_of(folder), line=None, message=_no_schedule(each)) for each in times)]


def _no_schedule(trigger: Trigger) -> str:
    return f"trigger {trigger.name}: schedule_interval is {trigger.interval!r:.40}, not {', '.join(WORDS)} or a cron line of five"


def is_schedule(text: str) -> bool:
    """Whether it says when to start, in one of Mage's words or as a cron line.

    >>> is_schedule("@daily"), is_schedule("*/5 6-18 * * MON"), is_schedule("at dawn")
    (True, True, False)
    """
    return text in WORDS or re.fullmatch(r"[\d*/,\-]+(?: +[\d*/,\-A-Za-z#?]+){4,5}", text.strip()) is not None


def write(triggers: Sequence[Trigger], root: Path, folder: str) -> bool:
    """Write them; entries that say the same stay as they are, other keys of the file too. Gives whether the file changed."""
    path, disk = path_of(folder), Disk(root)
    text = disk.text(path)
    old = yaml.load(text, file=path).data if text else None
    if text and not isinstance(old, Mapping):
        raise FormatError("not a mapping with a list of triggers", where=Where(file=path, line=1))
    before = {each.get("name"): each for each in _listed(old)} if isinstance(old, Mapping) else {}
    entries = [_entry(trigger, before.get(trigger.name, {})) for trigger in triggers]
    if not entries and old is None:
        return False
    data = {**(old or {}), "triggers": entries}
    made = _with_times(yaml_edit.edit(text, data) if text and old else yaml.dump(data), (text or "").split("\n"))
    if made == text:
        return False
    safe_files.atomic_write(safe_files.inside(root, path), made)
    return True


_TIME = re.compile(r"^([ -]*start_time: )'(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?)'$")


def _with_times(text: str, before: Sequence[str]) -> str:
    """New times of start without quotes: Mage wants times there, not text."""
    return "\n".join(line if line in before else _TIME.sub(r"\1\2", line) for line in text.split("\n"))


def _listed(data: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    found = data.get("triggers")
    return [each for each in found if isinstance(each, Mapping)] if isinstance(found, list) else []


def _load(files: Files, folder: str) -> tuple[list[Trigger], list[Problem]]:
    path = path_of(folder)
    problems: list[Problem] = []

    def wrong(line: int | None, message: str) -> None:
        problems.append(Problem(file=path, line=line, message=message))

    try:
        text = files.text(path)
        document = yaml.load(text, file=path) if text is not None else None
    except ProjectError as error:
        wrong(error.where.line if error.where else None, error.message)
        return [], problems
    if document is None or document.data is None:
        return [], problems
    listed = document.data.get("triggers", []) if isinstance(document.data, Mapping) else None
    if (listed is not None and not isinstance(listed, list)) or not isinstance(document.data, Mapping):
        wrong(1, "not a mapping with a list of triggers")
        return [], problems
    found: dict[str, Trigger] = {}
    for index, raw in enumerate(listed or []):
        line = document.line("triggers", index)
        reason = _reason(raw)
        if reason:
            wrong(line, reason)
        elif raw["name"] in found:
            wrong(line, f"a second trigger with the name {raw['name']!r}")
        else:
            found[raw["name"]] = _trigger(raw)
    return list(found.values()), problems


def _reason(raw: Any) -> str:
    """Why this is no trigger, or empty."""
    if not isinstance(raw, Mapping) or not isinstance(raw.get("name"), str) or not raw["name"]:
        return "a trigger is a mapping with a name"
    name = raw["name"]
    if raw.get("schedule_type", "time") not in TYPES:
        return f"trigger {name}: schedule_type is {raw['schedule_type']!r:.40}, not {', '.join(TYPES)}"
    if raw.get("status", "inactive") not in ("active", "inactive", None):
        return f"trigger {name}: status is {raw['status']!r:.40}, not active or inactive"
    for key in ("variables", "settings"):
        if not isinstance(raw.get(key) or {}, Mapping):
            return f"trigger {name}: {key} is not a mapping"
    if not isinstance(raw.get("envs") or [], list):
        return f"trigger {name}: envs is not a list"
    sla = raw.get("sla")
    if sla is not None and (isinstance(sla, bool) or not isinstance(sla, int | float)):
        return f"trigger {name}: sla is {sla!r:.40}, not a number of seconds"
    return ""


def _trigger(raw: Mapping[str, Any]) -> Trigger:
    return Trigger(
        name=raw["name"],
        type=raw.get("schedule_type", "time"),
        interval=str(raw.get("schedule_interval") or ""),
        start=str(raw.get("start_time") or ""),
        active=raw.get("status") == "active",
        variables=dict(raw.get("variables") or {}),
        sla=raw.get("sla"),
        settings=dict(raw.get("settings") or {}),
        environments=tuple(str(each) for each in raw.get("envs") or []),
        extra={key: value for key, value in raw.items() if key not in (*_KEYS, "status") and value is not None},
    )


def _entry(trigger: Trigger, before: Mapping[str, Any]) -> dict[str, Any]:
    """The entry; keys whose value says the same already are left as they are written."""
    if before and not _reason(before) and _trigger(before) == trigger:
        return dict(before)
    kept = {key: value for key, value in before.items() if value is None and key not in (*_KEYS, "status")}
    values = {key: getattr(trigger, name) for key, name in _KEYS.items()} | {"status": "active" if trigger.active else "inactive"}
    entry = {**kept, **trigger.extra}
    for key, value in values.items():
        plain = dict(value) if isinstance(value, Mapping) else list(value) if isinstance(value, tuple) else value
        if plain or key in before:
            entry[key] = plain if plain or key not in before else before[key] if not before[key] else plain
    return {key: entry[key] for key in sorted(entry)}
