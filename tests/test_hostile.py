"""Hostile words in every field of a pipeline and its run: every still form of the picture is well formed and inert."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from html import unescape

import hostile_notebooks
import pytest

from jupyter_mage import events as ev
from jupyter_mage import view
from jupyter_mage.model import Block, Failure, Output, Pipeline, Test
from jupyter_mage.state import Run, fold

PAYLOADS = hostile_notebooks.payloads()
TAGS = {"svg", "title", "style", "g", "path", "rect", "circle", "text"}
ATTRIBUTES = set(
    "class role viewBox width height style font-family x y rx ry cx cy r d fill stroke stroke-width stroke-dasharray stroke-linecap "
    "stroke-linejoin transform font-size font-weight text-anchor letter-spacing".split()
)


def pipeline(word: str) -> Pipeline:
    """One that has the word in every text that a block or a pipeline may have."""
    said: dict[str, object] = {"label": word, "doc": word, "kind": word or "k", "language": word or "l"}
    test = Test(name=word, source=word)
    first = Block(name=f"{word}1", source=word, tests=(test,), problem=word, **said)  # type: ignore[arg-type]
    second = Block(name=f"{word}2", source=word, upstreams=(f"{word}1", word), after=(word,), mapped=f"{word}1", **said)  # type: ignore[arg-type]
    return Pipeline(name=word, blocks=(first, second))


def run(word: str) -> Run:
    output = Output(content=word, codec=word, type=word, size=1, rows=3, columns=((word, word),))
    failure = Failure(error=word, message=word, line=2, code=word, test=word)
    return fold(
        [
            ev.RunStarted(run=word or "r", pipeline=word, blocks=(f"{word}1", f"{word}2"), at=0.0),
            ev.BlockSucceeded(run=word or "r", block=f"{word}1", key=word, output=output, seconds=0.1),
            ev.BlockFailed(run=word or "r", block=f"{word}2", failure=failure, seconds=0.1),
            ev.RunFinished(run=word or "r", status="failed", seconds=1.0),
        ]
    )


def forms() -> Iterator[tuple[str, dict[str, str]]]:
    for word in PAYLOADS:
        yield word, view.bundle(view.picture(pipeline(word), run(word)))


@pytest.fixture(scope="module")
def made() -> list[tuple[str, dict[str, str]]]:
    return list(forms())


def test_picture_of_every_payload_is_json(made: list[tuple[str, dict[str, str]]]) -> None:
    assert [word for word, form in made if json.loads(json.dumps(form[view.MIME], allow_nan=False)) != form[view.MIME]] == []


def test_svg_of_every_payload_is_well_formed_and_inert(made: list[tuple[str, dict[str, str]]]) -> None:
    bad = []
    for word, form in made:
        for element in ET.fromstring(form["image/svg+xml"].encode()).iter():
            odd = {
                name: value
                for name, value in element.attrib.items()
                if name not in ATTRIBUTES or re.search(r"url|script:|expression", value)
            }
            if element.tag.rpartition("}")[2] not in TAGS or odd:
                bad.append((word[:60], element.tag, odd))
        (style,) = re.findall("<style>(.*?)</style>", form["image/svg+xml"])
        assert re.search(r"url|import|expression", style) is None
    assert bad == []


def test_mermaid_of_every_payload_reads_no_word_as_code(made: list[tuple[str, dict[str, str]]]) -> None:
    line = re.compile(
        r'flowchart TD|  n\d+\["[^"<>`\n]*<br/>[^"<>`\n]*"\]:::[a-z]+|  n\d+ (-->|-\.->) n\d+|  classDef [a-z]+ stroke:#[0-9a-f]{6},stroke-width:2px'
    )
    assert [
        (word[:60], each[:200])
        for word, form in made
        for each in form["text/vnd.mermaid"].split("\n")
        if not line.fullmatch(each)
    ] == []


def test_text_of_every_payload_moves_no_cursor(made: list[tuple[str, dict[str, str]]]) -> None:
    """No control character, nothing that turns the direction of writing, and no line that a word has made."""
    moves = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
    assert [word[:60] for word, form in made if moves.search(form["text/plain"])] == []
    assert [word[:60] for word, form in made if len(form["text/plain"].splitlines()) != 3] == []


def test_every_word_is_still_there_to_read() -> None:
    word = "<b>&\"'"
    form = view.bundle(view.picture(pipeline(word), run(word)))
    assert word in unescape(form["image/svg+xml"]) and word in form["text/plain"]
