"""What a pipeline's entries say beyond edges: guards, callbacks, dynamic blocks, replicas, lists of their own; and what of it
does not run here, with the reason that the screens show. Kept whatever it is.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

from ...model import Block, Pipeline
from ...plugins import kinds, languages
from .entries import ATTACHED, SECTIONS, Entry, Metadata

_PIPELINE_TYPES = {
    "streaming": "a streaming pipeline runs without end",
    "integration": "a data-integration pipeline runs Singer taps and targets",
    "execution_framework": "an execution-framework pipeline runs on a service of Mage's",
}
"""Types of pipelines whose blocks are no functions that one calls."""

_KINDS = {
    "dbt": "dbt runs it",
    "extension": "Great Expectations runs it",
    "group": "a group has no code",
    "hook": "Mage's server runs it",
    "pipeline": "it stands for another pipeline",
}

NOT_HERE = "it is kept and not run here"


def problem(entry: Entry, metadata: Metadata) -> str:
    """Why this entry's block does not run here, or empty. A missing file is another matter."""
    if entry.kind in kinds and not kinds.get(entry.kind).runs:
        return ""
    original = metadata.original(entry)
    if original is None:
        return f"replicates {entry.replicated}, which is no block of this pipeline"
    why = _PIPELINE_TYPES.get(str(metadata.raw.get("type")))
    if why:
        return f"{why}: {NOT_HERE}"
    if entry.kind not in kinds:
        return f"{entry.kind} block: {_KINDS[entry.kind]}; {NOT_HERE}" if entry.kind in _KINDS else ""
    if original.language not in languages and kinds.get(entry.kind).folder:
        return f"a block in {original.language}: {NOT_HERE}"
    return ""


def is_own(entry: Entry) -> bool:
    """Whether a cell of ours defined it."""
    return entry.ours is not None and "header" in entry.ours


def upstreams(entry: Entry) -> list[str]:
    """The uuids of the entry's upstreams as its block has them: those of our own callbacks are the blocks they hear of."""
    return entry.watches if is_own(entry) and entry.kind == "callback" else entry.upstreams


def decides_by_header(entry: Entry) -> bool:
    """Whether only its header knows its upstreams: Mage's conditionals have none, they get those of the guarded block."""
    return is_own(entry) and entry.kind == "conditional"


def applied(block: Block, entry: Entry, metadata: Metadata) -> Block:
    """The block with its guards, callbacks and the rest, and with why it does not run."""
    watching: dict[str, list[str]] = {kind: [] for kind in ATTACHED}
    for each in metadata.entries:
        if entry.uuid in each.watches and not (is_own(each) and each.kind == "callback"):
            watching[each.kind].append(each.name)
    dynamic, reduced = (entry.configuration.get(key) for key in ("dynamic", "reduce_output"))
    original = metadata.original(entry)
    guards = tuple(sorted(watching["conditional"], key=lambda name: block.guards.index(name) if name in block.guards else 99))
    return dataclasses.replace(
        block,
        header=block.header if guards == block.guards else "",
        guards=guards,
        callbacks=tuple(watching["callback"]),
        dynamic=bool(dynamic.get("parent", True)) if isinstance(dynamic, Mapping) else bool(dynamic),
        reduce=bool(reduced),
        replicates=original.name if original is not None and original is not entry else "",
        problem=block.problem or problem(entry, metadata),
    )


def said(entry: Entry) -> tuple[str, ...]:
    """Keys of the entry's ``configuration`` that other fields of the block say."""
    return ("jupyter_mage", *(key for key in ("dynamic", "reduce_output") if entry.configuration.get(key) is True))


def complete(block: Block, configuration: dict[str, Any]) -> None:
    """Put into a ``configuration`` what the block's fields say in Mage's words."""
    for key, value in (("dynamic", block.dynamic), ("reduce_output", block.reduce)):
        if value and not configuration.get(key):
            configuration[key] = True
        elif not value and configuration.get(key) is True:
            del configuration[key]


def watched(block: Block, pipeline: Pipeline, uuids: Mapping[str, str]) -> list[str]:
    """The uuids of the blocks that a conditional or callback belongs to."""
    own = set(block.upstreams) if block.kind == "callback" else set()
    return [uuids[each.name] for each in pipeline if each.name in own or block.name in (*each.guards, *each.callbacks)]


# ---------------------------------------------------------------------------------------------------- lists of their own


def section_of(block: Block) -> str:
    """The list that the block's entry stands in."""
    notes = block.extra.get("jupyter_mage")
    noted = notes.get("section") if isinstance(notes, Mapping) else None
    return noted if isinstance(noted, str) else _usual_section(block.kind)


def _usual_section(kind: str) -> str:
    return next((section for section, usual in SECTIONS.items() if usual == kind), "blocks")


LOCAL_NOTES = ("section", "absent", "original", "open_end", "form")
"""Notes of a block that tell where it came from; its entry says the same, so they are not written."""


def notes(entry: Entry, metadata: Metadata) -> dict[str, Any]:
    """What an entry's place says and a block has no field for."""
    found: dict[str, Any] = {}
    if entry.section != _usual_section(entry.kind):
        found["section"] = entry.section
    absent = {metadata.absent[up]: up for up in entry.upstreams if metadata.absent.get(up, up) != up}
    if absent:
        found["absent"] = absent
    if entry.replicated and metadata.original(entry) is None:
        found["original"] = entry.replicated
    return found


def without_blocks(extensions: Any) -> dict[str, Any]:
    """The pipeline's ``extensions`` without the entries, which are blocks."""
    if not isinstance(extensions, Mapping):
        return {}
    found = {
        name: {key: value for key, value in each.items() if key != "blocks"} if isinstance(each, Mapping) else each
        for name, each in extensions.items()
    }
    return {name: each for name, each in found.items() if each}


def lists(made: Mapping[str, Mapping[str, Any]], blocks: Iterable[Block], data: dict[str, Any], old: Mapping[str, Any]) -> None:
    """Put the entries into ``data``, each into its list; a list that a file has and nothing is in is empty."""
    found: dict[str, list[Any]] = {"blocks": []}
    for block in blocks:
        found.setdefault(section_of(block), []).append(made[block.name])
    for section in ("blocks", *SECTIONS):
        if found.get(section) or old.get(section) or (section == "blocks" and not old):
            data[section] = found.get(section, [])
    extensions = data.get("extensions")
    merged = {name: dict(each) if isinstance(each, Mapping) else {} for name, each in (extensions or {}).items()}
    for each in merged.values():
        if "blocks" in each:
            each["blocks"] = []
    for section, listed in found.items():
        name = section.removeprefix("extensions/")
        if name != section:
            merged.setdefault(name, {})["blocks"] = listed
    if merged:
        data["extensions"] = merged
