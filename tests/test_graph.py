"""Order, cycles, selection, and what is inferred."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_mage import graph
from jupyter_mage.errors import CycleError, DefinitionError, UnknownNameError
from jupyter_mage.model import Block, Leak, Pipeline


def pipeline(**edges: str) -> Pipeline:
    return Pipeline(
        name="p", blocks=tuple(Block(name=n, source="", upstreams=tuple(e.split()), declared=True) for n, e in edges.items())
    )


DIAMOND = pipeline(load="", left="load", right="load", join="left right", other="")


def test_upstreams_are_inferred_from_what_a_body_reads() -> None:
    blocks = (Block(name="raw", source=""), Block(name="big", source="", reads=("raw", "pd", "big")))
    found = graph.resolve(Pipeline(name="p", blocks=blocks))
    assert [(b.upstreams, b.kind) for b in found] == [((), "data_loader"), (("raw",), "transformer")]


def test_leak_that_becomes_a_block_is_no_leak() -> None:
    reader = Block(name="big", source="", reads=("raw",), leaks=(Leak(name="raw"),))
    assert graph.resolve(Pipeline(name="p", blocks=(reader,)))["big"].leaks == (Leak(name="raw"),)
    assert graph.resolve(Pipeline(name="p", blocks=(reader, Block(name="raw", source=""))))["big"].leaks == ()


def test_order_is_topological_and_otherwise_as_written() -> None:
    assert graph.order(pipeline(join="left right", right="load", other="", left="load", load="")) == (
        "other", "load", "right", "left", "join",
    )  # fmt: skip


@given(st.integers(0, 40), st.randoms(use_true_random=False))
def test_order_agrees_with_a_slow_oracle_on_random_graphs(size: int, random_: random.Random) -> None:
    edges = {f"b{i}": " ".join(f"b{j}" for j in range(i) if random_.random() < 0.2) for i in range(size)}
    names = list(edges)
    random_.shuffle(names)
    made = pipeline(**{name: edges[name] for name in names})
    found = graph.order(made)
    assert sorted(found) == sorted(edges)
    assert all(found.index(upstream) < found.index(block.name) for block in made for upstream in block.upstreams)


def test_cycle_is_said_with_its_path_and_the_old_definition_stays() -> None:
    made = pipeline(raw="", load="raw", clean="load")
    with pytest.raises(CycleError, match="cycle: raw ← clean ← load ← raw; kept the previous raw"):
        graph.with_definition(made, Block(name="raw", source="", upstreams=("clean",), declared=True))
    assert made == pipeline(raw="", load="raw", clean="load")


def test_chain_of_ten_thousand_has_an_order_and_no_recursion() -> None:
    made = pipeline(**{f"b{i}": f"b{i - 1}" if i else "" for i in range(10_000)})
    assert graph.order(made)[-1] == "b9999"
    assert len(graph.ancestors(made, ["b9999"])) == 9999


SELECTIONS = [
    ("", "load left right join other"),
    ("left", "left"),
    ("+left", "load left"),
    ("left+", "left join"),
    ("+left+", "load left join"),
    ("left other", "left other"),
    ("left,right", "left right"),
    ("kind:data_loader", "load left right join other"),
]


@pytest.mark.parametrize(("selection", "chosen"), SELECTIONS, ids=[s or "all" for s, _ in SELECTIONS])
def test_selection_names_blocks(selection: str, chosen: str) -> None:
    assert graph.select(DIAMOND, selection) == tuple(chosen.split())


@pytest.mark.parametrize(
    ("selection", "words"),
    [("lefft", "Did you mean 'left'?"), ("tagg:x", "Did you mean 'tag:'?"), ("tag:x", "no block with tag")],
)
def test_selection_that_names_nothing_is_answered_with_the_nearest(selection: str, words: str) -> None:
    with pytest.raises(UnknownNameError, match=words.replace("?", r"\?")):
        graph.select(DIAMOND, selection)


def test_missing_upstream_is_told_with_a_guess() -> None:
    made = pipeline(raw="", load="rwa")
    assert [str(each) for each in graph.missing(made)] == ["load waits for rwa: no such block. Did you mean raw?"]
    with pytest.raises(DefinitionError, match="load waits for rwa"):
        graph.check_runnable(made)
