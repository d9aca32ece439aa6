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
    return {block.name: {name: value for name, value in _fields(block).items() if value != _USUAL[name]} for block in blocks}


def drawable(pipeline: str, outlined: Outline) -> Pipeline:
    """The pipeline that an outline is of, as far as a drawing goes: its blocks have no source.

    >>> [(block.name, block.upstreams) for block in drawable("p", {"a": {}, "b": {"upstreams": ["a"]}})]
    [('a', ()), ('b', ('a',))]
    """
    return Pipeline(name=pipeline, blocks=tuple(_block(name, fields) for name, fields in outlined.items()))


def _fields(block: Block) -> dict[str, Any]:
    return {
        "kind": block.kind,
        "language": block.language,
        "upstreams": list(block.upstreams),
        "after": [*block.after, *block.guards],
        "callbacks": list(block.callbacks),
        "mapped": block.mapped,
        "label": block.label,
    }


_USUAL = _fields(Block(name="", source=""))


def _block(name: str, fields: Mapping[str, Any]) -> Block:
    """Read with care: the history may be another version's."""

    def names(key: str) -> tuple[str, ...]:
        found = fields.get(key, ())
        return tuple(str(each) for each in found) if isinstance(found, list | tuple) else ()

    return Block(
        name=name,
        source="",
        kind=str(fields.get("kind", _USUAL["kind"])),
        language=str(fields.get("language", _USUAL["language"])),
        upstreams=names("upstreams"),
        after=names("after"),
        callbacks=names("callbacks"),
        mapped=str(fields.get("mapped", "")),
        label=str(fields.get("label", "")),
    )
