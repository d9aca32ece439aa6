"""Cache keys and what they are made of: normalised source, captured definitions, project modules, inputs by content,
parameters, package versions. The ingredients are kept, so that a plan can say what changed.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import xxhash

from . import redaction
from .code import dependencies
from .model import Block, Definition, Output, json_text
from .plugins import languages


@dataclass(slots=True, kw_only=True)
class Ingredients:
    """What one block's key is made of. ``static`` is all but the inputs and parameters, hashed once a definition."""

    key: str
    static: _Static
    inputs: Mapping[str, str]
    parameters: Mapping[str, Any]
    sample: int | None = None

    @property
    def tests(self) -> str:
        """Hash of the block's tests: they are no part of the key, so a new test does not run the block again."""
        return self.static.tests

    def kept(self) -> dict[str, Any]:
        """The ingredients as JSON, for the history; what there is none of is left out."""
        made = {**self.static.kept, "inputs": self.inputs}
        if self.parameters:
            text = json_text(self.parameters) if redaction.known() else ""
            made["parameters"] = json.loads(redaction.hide(text)) if redaction.holds_secret(text) else self.parameters
        if self.sample is not None:
            made["sample"] = self.sample
        return made


@dataclass(slots=True, kw_only=True)
class _Static:
    digest: str
    tests: str
    imports: bool
    """Whether modules or packages are part of it, which may change without a new definition."""
    kept: Mapping[str, Any]


class Fingerprint:
    """Makes keys for the blocks of one project.

    >>> block = Block(name="a", source="1 + 1  # two")
    >>> fingerprint = Fingerprint(Path("."))
    >>> same = Block(name="a", source="1+1")
    >>> fingerprint.of(block, {}, {}).key == fingerprint.of(same, {}, {}).key
    True
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._static: dict[int, tuple[Block, _Static]] = {}

    def of(
        self, block: Block, inputs: Mapping[str, Output], parameters: Mapping[str, Any], *, sample: int | None = None
    ) -> Ingredients:
        """The ingredients for ``block`` with these inputs and parameter values; a sampled run has keys of its own."""
        return self.from_contents(block, {name: inputs[name].content for name in inputs}, parameters, sample=sample)

    def from_contents(
        self, block: Block, inputs: Mapping[str, str], parameters: Mapping[str, Any], *, sample: int | None = None
    ) -> Ingredients:
        static = self._of_definition(block)
        parts = [static.digest]
        for name, content in inputs.items():
            parts.append(f"{name}={content}")
        if parameters:
            parts.append(json_text(parameters))
        if sample is not None:
            parts.append(f"sample {sample}")
        key = _digest("\0".join(parts))
        return Ingredients(key=key, static=static, inputs=inputs, parameters=parameters, sample=sample)

    def refresh(self) -> None:
        """Look at project modules and packages again; called when a run or plan starts."""
        redaction.known()
        self._static = {} if len(self._static) > 20_000 else {k: v for k, v in self._static.items() if not v[1].imports}

    def _of_definition(self, block: Block) -> _Static:
        known = self._static.get(id(block))
        if known is not None and known[0] is block:
            return known[1]
        static = _static(block, self.root)
        self._static[id(block)] = block, static
        return static


def _static(block: Block, root: Path) -> _Static:
    language = languages.get(block.language)
    looked_at = language.extension == "py" and (block.captured or "import" in block.source)
    sources = _importing(block.source, block.captured) if looked_at else []
    modules = dependencies.local_modules(sources, root) if sources else {}
    packages = dependencies.package_versions(sources, local=modules) if sources else {}
    files = {path: dependencies.file_content(root / path) for path in block.files} if block.files else {}
    definitions = {each.name: _normal_definition(each.source) for each in block.captured} if block.captured else {}
    normal = language.normalise(block.source)
    more = (
        json_text([definitions, modules, packages, files, block.mapped])
        if sources or files or definitions or block.mapped
        else ""
    )
    digest = _digest(f"{block.name}\0{block.language}\0{more}\0{normal}")
    kept: dict[str, Any] = {"language": block.language, "source": redaction.hide(block.source, ran=False)}
    if definitions:
        kept["captured"] = {each.name: redaction.hide(each.source) for each in block.captured}
    kept.update([(name, group) for name, group in (("modules", modules), ("packages", packages), ("files", files)) if group])
    tests, tested = "", list[str]()
    if block.tests:
        tested = [text for test in block.tests for text in _importing(test.source, test.captured)]
        asked = [[t.source, [(d.name, d.source) for d in t.captured]] for t in block.tests]
        # an edited schema in a module of the project is another test
        reached = dependencies.local_modules(tested, root) if tested else {}
        kept["tests"] = tests = _digest(json_text([asked, reached] if reached else asked))
    return _Static(digest=digest, tests=tests, imports=bool(sources or tested or block.files), kept=kept)


def _digest(text: str) -> str:
    return xxhash.xxh3_128_hexdigest(text.encode("utf-8", "surrogatepass"))


def _importing(source: str, captured: Iterable[Definition]) -> list[str]:
    """Of a body and what it takes from cells, the texts that import."""
    return [text for text in (source, *[each.source for each in captured]) if "import" in text]


@lru_cache(maxsize=4096)
def _normal_definition(source: str) -> str:
    return languages.get("python").normalise(source)


def changed(before: Mapping[str, Any], now: Ingredients) -> list[str]:
    """Why a key differs from the kept one, one reason a line; the first lines of a source diff with it.

    ``before`` is what `Ingredients.kept` gave when the output was made.
    """
    return differences(before, now.kept())


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """What differs between two results' ingredients, one reason a line."""
    reasons = []
    if before.get("source") != after.get("source"):
        lines = _diff(str(before.get("source", "")), str(after.get("source", "")))
        reasons.append(f"code: {len([x for x in lines if x[0] in '+-'])} lines\n" + "\n".join(lines[:8]))
    old, new = before.get("captured") or {}, after.get("captured") or {}
    for name in sorted({*old, *new}):
        if old.get(name) != new.get(name):
            reasons.append(f"definition {name}")
    for title, group in (
        ("module", "modules"),
        ("file", "files"),
        ("package", "packages"),
        ("upstream", "inputs"),
        ("parameter", "parameters"),
    ):
        old, new = before.get(group) or {}, after.get(group) or {}
        for name in sorted({*old, *new}):
            if old.get(name) != new.get(name):
                shown = "" if group in ("modules", "files", "inputs") else f" {old.get(name, '–')} → {new.get(name, '–')}"
                reasons.append(f"{title} {name}{shown}")
    return reasons


def _diff(before: str, after: str) -> list[str]:
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=0)
    return [line for line in lines if not line.startswith(("---", "+++", "@@"))]
