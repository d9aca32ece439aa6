"""The engine: what runs, in which order, what is cached, and what is said of it."""

from __future__ import annotations

import random
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jupyter_mage import engine, events, graph
from jupyter_mage.fingerprint import Fingerprint
from jupyter_mage.model import Block, Failure, Leak, Output, Parameter, Pipeline
from jupyter_mage.state import fold
from jupyter_mage.work import Result, Task


class Memory:
    """A cache in memory, filled from the events of earlier runs."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], engine.Kept] = {}

    def find(self, block: str, key: str) -> engine.Kept | None:
        return self.kept.get((block, key))

    def __call__(self, event: events.Event) -> None:
        if isinstance(event, events.BlockSucceeded):
            self.kept[event.block, event.key] = engine.Kept(output=event.output, tests=str(event.ingredients.get("tests", "")))


def output(content: str) -> Output:
    return Output(content=content, codec="json", type="str", size=1)


def work(task: Task) -> Result:
    """A block's output is named by its source and its inputs; a source of ``fail`` fails."""
    if "fail" in task.block.source:
        return Result(failure=Failure(error="ValueError", message="as told"))
    if "interrupt" in task.block.source:
        return Result(cancelled=True)
    return Result(output=output(f"{task.block.source}({','.join(each.content for _, each in task.inputs)})"))


def run(pipeline: Pipeline, cache: Memory, *, targets: tuple[str, ...] | None = None, workers: int = 1, **settings_: object):
    request = engine.Request(
        run="r1", pipeline=graph.resolve(pipeline), targets=targets or pipeline.names, workers=workers, **settings_
    )
    said: list[events.Event] = []

    def emit(event: events.Event) -> None:
        said.append(event)
        cache(event)

    with ThreadPoolExecutor(workers) as pool:
        state = engine.run(
            request,
            submit=lambda task: pool.submit(work, task),
            halt=lambda: None,
            cache=cache,
            fingerprint=Fingerprint(Path()),
            emit=emit,
        )
    assert fold(said) == state
    return said, state


def short(said: list[events.Event]) -> list[str]:
    return [f"{event.name} {getattr(event, 'block', '')}".strip() for event in said]


def block(name: str, *upstreams: str, source: str = "", **more: object) -> Block:
    return Block(name=name, source=source or f"'{name}'", upstreams=upstreams, declared=True, **more)


def pipeline(*blocks: Block) -> Pipeline:
    return Pipeline(name="p", blocks=blocks)


CHAIN = pipeline(block("a"), block("b", "a"), block("c", "b"))


def test_run_says_everything_in_order() -> None:
    said, state = run(CHAIN, Memory())
    assert short(said) == [
        "run_started", "block_started a", "block_succeeded a", "block_started b", "block_succeeded b",
        "block_started c", "block_succeeded c", "run_finished",
    ]  # fmt: skip
    assert state.status == "succeeded"


def test_second_run_takes_everything_from_the_cache() -> None:
    cache = Memory()
    run(CHAIN, cache)
    assert short(run(CHAIN, cache)[0]) == ["run_started", "block_cached a", "block_cached b", "block_cached c", "run_finished"]


def test_changed_block_runs_with_what_is_below_it() -> None:
    cache = Memory()
    run(CHAIN, cache)
    changed = CHAIN.with_block(block("b", "a", source="'other'"))
    assert [block.status for block in run(changed, cache)[1].blocks.values()] == ["cached", "succeeded", "succeeded"]


def test_comment_and_layout_change_nothing() -> None:
    cache = Memory()
    run(CHAIN, cache)
    same = CHAIN.with_block(block("b", "a", source="# why\n(  'b'  )"))
    assert {block.status for block in run(same, cache)[1].blocks.values()} == {"cached"}


def test_equal_output_stops_work_below() -> None:
    cache = Memory()
    run(CHAIN, cache)
    other = block("a", source="'a'")
    changed = CHAIN.with_block(
        Block(**{**{n: getattr(other, n) for n in Block.__slots__}, "parameters": (Parameter(name="k", default=1),)})
    )
    assert [block.status for block in run(changed, cache)[1].blocks.values()] == ["succeeded", "cached", "cached"]


def test_failed_block_stops_what_is_below_it_and_nothing_else() -> None:
    made = pipeline(
        block("a"), block("bad", "a", source="fail"), block("below", "bad"), block("last", "below"), block("free", "a")
    )
    said, state = run(made, Memory())
    assert {name: each.status for name, each in state.blocks.items()} == {
        "a": "succeeded", "bad": "failed", "below": "skipped", "last": "skipped", "free": "succeeded",
    }  # fmt: skip
    assert (state.status, state.blocks["below"].reason) == ("failed", "bad failed")


def test_target_brings_what_is_above_it_and_nothing_below() -> None:
    assert list(run(CHAIN, Memory(), targets=("b",))[1].blocks) == ["a", "b"]


def test_force_runs_whatever_is_cached() -> None:
    cache = Memory()
    run(CHAIN, cache)
    state = run(CHAIN, cache, force=frozenset(["c"]))[1]
    assert [each.status for each in state.blocks.values()] == ["cached", "cached", "succeeded"]


def test_exporter_runs_when_asked_for_and_never_because_another_block_needs_it() -> None:
    made = pipeline(block("a"), block("out", "a", kind="data_exporter", kind_given=True), block("below", "out"))
    cache = Memory()
    asked = run(made, cache, targets=("below",))[1]
    assert {name: each.status for name, each in asked.blocks.items()} == {"a": "succeeded", "out": "skipped", "below": "skipped"}
    assert asked.blocks["out"].reason == "has effects outside and was not asked for: run out"
    for _ in range(2):
        assert run(made, cache, targets=("out",))[1].blocks["out"].status == "succeeded"
    assert run(made, cache, targets=("below",))[1].blocks["out"].status == "cached"


def test_leaky_block_never_runs_clean_and_is_never_kept() -> None:
    leaky = block("a", leaks=(Leak(name="tmp", cell=4),))
    cache = Memory()
    state = run(pipeline(leaky), cache)[1]
    failure = state.blocks["a"].failure
    assert failure is not None
    assert failure.message == "reads tmp from cell [4], and a clean run has no such name: make it an upstream or a parameter"
    assert run(pipeline(leaky), cache, leaks_allowed=True)[1].blocks["a"].key == ""


def test_interrupt_cancels_what_runs_and_what_waits() -> None:
    made = pipeline(block("a"), block("stop", "a", source="interrupt"), block("below", "stop"))
    said, state = run(made, Memory())
    assert short(said)[-3:] == ["block_cancelled stop", "block_cancelled below", "run_finished"]
    assert state.status == "cancelled"


def test_cancel_from_another_thread_ends_the_run() -> None:
    control, started = engine.Control(), threading.Event()
    never: Future[Result] = Future()

    def submit(task: Task) -> Future[Result]:
        started.set()
        return never

    request = engine.Request(run="r", pipeline=graph.resolve(CHAIN), targets=CHAIN.names)
    halted: list[bool] = []
    threading.Thread(target=lambda: (started.wait(), control.cancel())).start()
    state = engine.run(
        request, submit=submit, halt=lambda: halted.append(True), cache=Memory(), fingerprint=Fingerprint(Path()), emit=lambda _: None,
        control=control,
    )  # fmt: skip
    assert (state.status, halted) == ("cancelled", [True])


def test_chain_of_ten_thousand_runs_without_recursion() -> None:
    made = pipeline(*(block(f"b{i}", *([f"b{i - 1}"] if i else []), source="1") for i in range(10_000)))
    request = engine.Request(run="r", pipeline=made, targets=made.names)
    done: Future[Result] = Future()
    done.set_result(Result(output=output("1")))

    def submit(task: Task) -> Future[Result]:
        future: Future[Result] = Future()
        future.set_result(done.result())
        return future

    state = engine.run(
        request, submit=submit, halt=lambda: None, cache=Memory(), fingerprint=Fingerprint(Path()), emit=lambda _: None
    )
    assert (state.status, state.done) == ("succeeded", 10_000)


@given(st.integers(1, 12), st.integers(1, 4), st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_random_pipelines_agree_with_a_slow_oracle(size: int, workers: int, random_: random.Random) -> None:
    edges = {f"b{i}": [f"b{j}" for j in range(i) if random_.random() < 0.3] for i in range(size)}
    failing = {name for name in edges if random_.random() < 0.15}
    made = pipeline(*(block(name, *ups, source="fail" if name in failing else "") for name, ups in edges.items()))
    expected: dict[str, str] = {}
    for name, ups in edges.items():
        good = all(expected[up] == "succeeded" for up in ups)
        expected[name] = "skipped" if not good else "failed" if name in failing else "succeeded"
    cache = Memory()
    said, state = run(made, cache, workers=workers)
    assert {name: each.status for name, each in state.blocks.items()} == expected
    started = {event.block: place for place, event in enumerate(said) if isinstance(event, events.BlockStarted)}
    ended = {event.block: place for place, event in enumerate(said) if isinstance(event, events.BlockSucceeded)}
    assert all(ended[up] < started[name] for name in started for up in edges[name])
    again = run(made, cache, workers=workers)[1]
    assert {n: e.status for n, e in again.blocks.items()} == {n: "cached" if s == "succeeded" else s for n, s in expected.items()}


@pytest.mark.parametrize("value", ["30", 30])
def test_variable_reaches_the_block_as_its_type(value: object) -> None:
    seen: list[object] = []

    def submit(task: Task) -> Future[Result]:
        seen.append(dict(task.parameters))
        future: Future[Result] = Future()
        future.set_result(Result(output=output("x")))
        return future

    made = pipeline(block("a", parameters=(Parameter(name="n", annotation="int", default=15),)))
    request = engine.Request(run="r", pipeline=made, targets=("a",), variables={"n": value})
    engine.run(request, submit=submit, halt=lambda: None, cache=Memory(), fingerprint=Fingerprint(Path()), emit=lambda _: None)
    assert seen == [{"n": 30}]
