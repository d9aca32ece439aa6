"""A notebook of thousands of cells: the price of a definition does not grow with it. Counted in calls, not in seconds."""

from __future__ import annotations

import dataclasses
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from jupyter_mage import graph
from jupyter_mage.definitions import Definitions
from jupyter_mage.errors import DefinitionError, nearest
from jupyter_mage.model import Block, Definition, Pipeline, Test, mentioned
from jupyter_mage.view import Pace


def calls(action: Callable[[], object]) -> int:
    """How many Python functions are called meanwhile, generators' steps among them."""
    count = 0

    def see(_frame: object, event: str, _arg: object) -> None:
        nonlocal count
        count += event == "call"

    sys.setprofile(see)
    try:
        action()
    finally:
        sys.setprofile(None)
    return count


def chain(definitions: Definitions, start: int, end: int) -> None:
    for i in range(start, end):
        definitions.define(f"b{i}(b{i - 1})" if i else "b0", f"b{i - 1} + 1" if i else "0", cell=f"c{i}")


@pytest.mark.parametrize(
    "act",
    [
        lambda d, i: d.define(f"b{i}(b{i - 1})", f"b{i - 1} + 1", cell=f"c{i}"),
        lambda d, i: d.define(f"x{i}", f"b{i - 1} + 1", cell=f"c{i}"),
        lambda d, i: d.define("b5(b4)", f"b4 + {i}", cell="c5"),
        lambda d, i: d.note_cell(f"def helper_{i}(): return {i}", i),
        lambda d, i: d.define_test(f"b{i - 1}", f"assert b{i - 1} == {i}", cell=f"t{i}"),
        lambda d, i: d.forget_cells([f"none{i}"]),
    ],
    ids=["define", "infer", "define again", "plain cell", "test", "no block's cell"],
)
def test_cell_costs_the_same_in_a_long_notebook(act: Callable[[Definitions, int], object], tmp_path: Path) -> None:
    definitions = Definitions(tmp_path, "p")
    chain(definitions, 0, 100)
    act(definitions, 100)  # what is made once, at first use
    few = calls(lambda: act(definitions, 100))
    chain(definitions, 101, 1500)
    many = calls(lambda: act(definitions, 1500))
    # a comprehension's own step over each block is no call; what is left may not be one or more a block
    assert many <= few + 150


def test_blocks_that_mention_a_name_are_those_a_look_at_every_block_finds() -> None:
    helper = Definition(name="rate", source="rate = 2", sort="constant")
    blocks = [
        Block(name="a", source="1"),
        Block(name="b", source="a + c", upstreams=("a",), reads=("a", "c"), declared=True),
        Block(name="c", source="rate", captured=(helper,), after=("a",)),
        Block(name="a", source="late", reads=("late",)),
        Block(name="b", source="1", tests=(Test(name="t", source="assert rate", captured=(helper,)),)),
        Block(name="d", source="b", reads=("b",)),
    ]
    pipeline = Pipeline(name="p")
    for block in blocks:
        pipeline.mentioning("a")
        pipeline = pipeline.with_block(block)
        fresh = Pipeline(name="p", blocks=pipeline.blocks)
        for name in ("a", "b", "c", "d", "late", "rate", "nobody"):
            assert {each.name for each in pipeline.mentioning(name)} == {b.name for b in pipeline if name in mentioned(b)}
        assert (pipeline, pipeline.names, pipeline.by_name) == (fresh, fresh.names, fresh.by_name)
    assert {each.name for each in pipeline.without(["d"]).mentioning("b")} == {"b"}
    assert dataclasses.replace(pipeline, blocks=()).mentioning("a") == ()


def test_blocks_below_are_the_same_however_they_are_looked_up() -> None:
    made = [Block(name=f"b{i}", source="", upstreams=tuple(f"b{j}" for j in (i // 2, i - 3) if 0 <= j < i)) for i in range(60)]
    pipeline = Pipeline(name="p", blocks=tuple(made))
    assert all(graph.below(pipeline, block.name) == graph.descendants(pipeline, [block.name]) for block in made)


def test_name_that_differs_by_case_only_is_refused_among_many(tmp_path: Path) -> None:
    definitions = Definitions(tmp_path, "p")
    chain(definitions, 0, 50)
    definitions.define("Clean", "1")
    with pytest.raises(DefinitionError, match="clean and Clean would be one file on other systems"):
        definitions.define("clean", "2")
    definitions.define("cleaner", "3")
    definitions.define("Clean", "4")
    assert definitions.pipeline["Clean"].source == "4"


def test_nearest_name_is_found_among_thousands() -> None:
    names = [f"{word}_{i}" for word in ("clean", "load", "export") for i in range(1000)]
    assert nearest("claen_orders", [*names, "clean_orders"]) == "clean_orders"
    assert nearest("rwa", [*names, "raw"]) == "raw"
    assert nearest("zzzzzzzzzzzzzzzzzzzzzz", names) is None


def test_drawing_that_takes_long_is_done_less_often() -> None:
    drawn: list[float] = []

    def draw() -> None:
        drawn.append(time.thread_time())
        while time.thread_time() < drawn[-1] + 0.05:  # long work, by its own clock
            pass

    pace = Pace(draw, seconds=0.0)
    for _ in range(100):
        pace()
    assert len(drawn) == 2  # the next waits nine times as long as these took
    pace.flush()
    assert len(drawn) == 3
