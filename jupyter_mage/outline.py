"""A pipeline's graph without its code: what a run keeps, so that it can be drawn as it was, whatever became of the file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .model import Block, Pipeline

Outline = Mapping[str, Mapping[str, Any]]


def outline(blocks: Iterable[Block]) -> dict[str, dict[str, Any]]:
    """Of each block its kind, language and what it needs; what is as usual is left out.

    >>> outline([Block(name="a", source="1"), Block(name="b", source="a", kind="transformer", upstreams=("a",))])
    {'a': {}, 'b': {'kind': 'transformer', 'upstreams': ['a']}}
    """
    return {block.name: _unusual(block) for block in blocks}


def drawable(pipeline: str, outlined: Outline) -> Pipeline:
    """The pipeline that an outline is of, as far as a drawing goes: its blocks have no source.

    >>> [(block.name, block.upstreams) for block in drawable("p", {"a": {}, "b": {"upstreams": ["a"]}})]
    [('a', ()), ('b', ('a',))]
    """
    return Pipeline(name=pipeline, blocks=tuple(_block(name, fields) for name, fields in outlined.items()))


_USUAL = Block(name="", source="")


def _unusual(block: Block) -> dict[str, Any]:
    """Field by field: a run of thousands of blocks begins with this, and most of them have one to say."""
    found: dict[str, Any] = {}
    if block.kind != _USUAL.kind:
        found["kind"] = block.kind
    if block.language != _USUAL.language:
        found["language"] = block.language
    if block.upstreams:
        found["upstreams"] = list(block.upstreams)
    if block.after or block.guards:
        found["after"] = [*block.after, *block.guards]
    if block.callbacks:
        found["callbacks"] = list(block.callbacks)
    if block.mapped:
        found["mapped"] = block.mapped
    if block.label:
        found["label"] = block.label
    return found


def _block(name: str, fields: Mapping[str, Any]) -> Block:
    """Read with care: the history may be another version's."""

    def names(key: str) -> tuple[str, ...]:
        found = fields.get(key, ())
        return tuple(str(each) for each in found) if isinstance(found, list | tuple) else ()

    return Block(
        name=name,
        source="",
        kind=str(fields.get("kind", _USUAL.kind)),
        language=str(fields.get("language", _USUAL.language)),
        upstreams=names("upstreams"),
        after=names("after"),
        callbacks=names("callbacks"),
        mapped=str(fields.get("mapped", "")),
        label=str(fields.get("label", "")),
    )
