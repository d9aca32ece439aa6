"""What a picture tells beside states: what flowed, how long, tests, leaks, groups; and which graph stays a run's own."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any

import pytest
from real_kernel import Kernel

from jupyter_mage import Session, view
from jupyter_mage import events as ev
from jupyter_mage.model import Block, Failure, Leak, Output, Pipeline, Test
from jupyter_mage.state import Run, fold


def block(name: str, *upstreams: str, kind: str = "", **more: Any) -> Block:
    return Block(name=name, source="1", upstreams=upstreams, kind=kind or ("transformer" if upstreams else "data_loader"), **more)


def frame(rows: int, *columns: str) -> Output:
    pairs = tuple((name, "int64") for name in columns)
    return Output(content=f"{rows}{columns}", codec="frame", type="pandas.DataFrame", size=48_000, rows=rows, columns=pairs)


def ran(pipeline: Pipeline, *events: ev.Event) -> Run:
    return fold([ev.RunStarted(run="r1", pipeline=pipeline.name, blocks=pipeline.names, at=1.0), *events])


def gave(name: str, output: Output, **more: Any) -> ev.Event:
    return ev.BlockSucceeded(run="r1", block=name, key="k", output=output, seconds=0.5, **more)


ONE = Pipeline(name="p", blocks=(block("a"), block("b", "a")))


@pytest.mark.parametrize(
    ("before", "facts"),
    [
        (None, {}),
        (frame(100, "id"), {}),
        (frame(99, "id"), {"change": "+1 %", "before": "99 × 1"}),
        (frame(124, "id"), {"change": "−19 %", "before": "124 × 1"}),
        (frame(125, "id"), {"change": "−20 %", "alert": "loss", "before": "125 × 1"}),
        (frame(100, "day"), {"change": "−day, +id", "alert": "schema", "before": "100 × 1"}),
        (frame(500, "id", "day"), {"change": "−80 %, −day", "alert": "schema", "before": "500 × 2"}),
    ],
)
def test_flow_tells_the_change_since_the_last_good_run(before: Output | None, facts: dict[str, str]) -> None:
    drawn = view.picture(ONE, ran(ONE, gave("a", frame(100, "id"))), before={"a": before} if before else {})
    assert drawn["states"]["a"]["flow"] == {"shape": "100 × 1", "size": "48 kB", **facts}
    assert "flow" not in drawn["states"]["b"]


def test_sample_is_compared_with_nothing() -> None:
    drawn = view.picture(ONE, ran(ONE, gave("a", frame(10, "id"), sampled=True)), before={"a": frame(1000, "id")})
    assert drawn["states"]["a"]["flow"] == {"shape": "10 × 1", "size": "48 kB"}


def test_still_drawing_tells_what_flows_and_warns_in_words() -> None:
    drawn = view.svg(view.picture(ONE, ran(ONE, gave("a", frame(100, "id"))), before={"a": frame(200, "day")}))
    assert "100 × 1 · ≠ −50 %, −day, +id" in drawn
    assert "schema changed: −50 %, −day, +id since the last good run, which had 200 × 1" in drawn


def test_elapsed_seconds_are_sent_and_are_no_change() -> None:
    since = time.time() - 83
    run = ran(ONE, ev.BlockStarted(run="r1", block="a", at=since))
    first, later = view.picture(ONE, run), view.picture(ONE, run)
    assert 83 <= first["elapsed"]["a"] < 90
    assert view.changes(first, {**later, "elapsed": {"a": 99.0}}) == {"changes": 1}
    assert view.changes({**first, "states": {}}, first)["elapsed"] == first["elapsed"]
    run.apply(ev.RunFinished(run="r1", status="interrupted"))
    assert "elapsed" not in view.picture(ONE, run)


TESTED = Pipeline(name="p", blocks=(block("a", tests=(Test(name="one", source="1"), Test(name="two", source="2"))),))


@pytest.mark.parametrize(
    ("event", "passed"),
    [
        (gave("a", frame(1, "id"), tests=("one", "two")), 2),
        (gave("a", frame(1, "id")), None),
        (ev.BlockCached(run="r1", block="a", key="k", output=frame(1, "id")), 2),
        (ev.BlockFailed(run="r1", block="a", failure=Failure(error="TestFailed", message="no", test="two")), 1),
        (ev.BlockFailed(run="r1", block="a", failure=Failure(error="KeyError", message="no")), None),
    ],
)
def test_passed_tests_are_counted(event: ev.Event, passed: int | None) -> None:
    assert view.picture(TESTED, ran(TESTED, event))["states"]["a"].get("passed") == passed


def test_leaks_and_what_runs_when_asked_are_states() -> None:
    leak = (Leak(name="tmp", cell=4),)
    pipeline = Pipeline(
        name="p", blocks=(block("a", leaks=leak), block("b", "a", leaks=leak), block("c", "b", kind="data_exporter"))
    )
    run = fold([ev.RunStarted(run="r1", pipeline="p", blocks=("a",)), gave("a", frame(1, "id"))])
    states = view.picture(pipeline, run)["states"]
    why = "reads tmp from cell [4], which a clean run does not have: make it an upstream or a parameter"
    assert [states[name]["status"] for name in "abc"] == ["leaky", "leaky", "manual"]
    assert (states["b"]["detail"], states["b"]["reason"]) == ("reads tmp from cell [4]", why)
    run.apply(ev.BlockStarted(run="r1", block="a"))
    assert view.picture(pipeline, run)["states"]["a"]["status"] == "running"


def test_groups_are_mages_or_else_tags_and_close_to_one_card_each() -> None:
    blocks = (block("a", tags=("load",)), block("b", tags=("load",)), block("c", "a", "b"), block("d", "c", tags=("one",)))
    drawn = view.picture(Pipeline(name="p", blocks=blocks))
    assert drawn["groups"] == [{"name": "load", "members": ["a", "b"]}]
    assert [node["id"] for node in drawn["closed"]["nodes"]] == ["group:load", "c", "d"]
    assert [(edge["source"], edge["target"]) for edge in drawn["closed"]["edges"]] == [("group:load", "c"), ("c", "d")]
    said = tuple(
        Block(name=each.name, source="1", upstreams=each.upstreams, tags=each.tags, extra={"groups": ["all"]})
        for each in blocks[:3]
    )
    assert view.picture(Pipeline(name="p", blocks=said))["groups"] == [{"name": "all", "members": ["a", "b", "c"]}]
    assert "closed" not in view.picture(ONE)


def test_closed_groups_that_need_each_other_are_drawn() -> None:
    tags = {"a": "x", "b": "y", "c": "x", "d": "y"}
    blocks = [block(name, *ups, tags=(tags[name],)) for name, *ups in (("a",), ("b", "a"), ("c", "b"), ("d", "c"))]
    closed = view.picture(Pipeline(name="p", blocks=tuple(blocks)))["closed"]
    assert sorted((edge["source"], edge["target"]) for edge in closed["edges"]) == [
        ("group:x", "group:y"),
        ("group:y", "group:x"),
    ]


@pytest.mark.parametrize("groups", [None, "x", 7, [None, {}], {"a": 1}])
def test_groups_that_are_none_are_ignored(groups: object) -> None:
    blocks = tuple(block(name, extra={"groups": groups}) for name in "ab")
    assert "groups" not in view.picture(Pipeline(name="p", blocks=blocks))


def test_key_says_whether_two_pictures_are_of_one_graph() -> None:
    again = Pipeline(name="p", blocks=(block("a"), block("b", "a")))
    other = Pipeline(name="p", blocks=(block("a"), block("b", "a", doc="new")))
    keys = [view.picture(each, run)["key"] for each, run in ((ONE, None), (again, ran(again)), (other, None))]
    assert (keys[0] == keys[1], keys[0] == keys[2]) == (True, False)


def test_change_stays_until_the_block_itself_runs_again(tmp_path: Path) -> None:
    session = Session(tmp_path, pipeline="p")

    def facts() -> Any:
        return session.picture()["states"]["raw"]["flow"].get("change")

    session.define("raw", "list(range(100))")
    session.define("total(raw)", "sum(raw)")
    session.run(executor="inline", check=True)
    assert facts() is None
    session.define("raw", "list(range(50))")
    session.run("raw", executor="inline", check=True)
    assert facts() == "−50 %"
    session.run(executor="inline", check=True)  # raw comes from the cache: what it gives is still half of what it gave
    assert facts() == "−50 %"
    session.run("raw", force=True, executor="inline", check=True)
    assert facts() is None
    session.close()


def test_resumed_run_is_shown_to_its_end(tmp_path: Path) -> None:
    session = Session(tmp_path, pipeline="p")
    session.define("raw", "[1, 2]")
    session.define("total(raw)", "1 / 0")
    session.run(executor="inline")
    session.define("total(raw)", "sum(raw)")
    session.resume()
    drawn = session.picture()
    assert {name: state["status"] for name, state in drawn["states"].items()} == {"raw": "succeeded", "total": "succeeded"}
    assert (drawn["run"]["done"], drawn["run"]["total"]) == (2, 2)
    session.close()


GRAPH = re.compile(r"p · 2 blocks · \w+")


def graphs(kernel: Kernel, model: str) -> list[str]:
    """How a graph in a cell read, each time that it was shown or changed for the notebook file."""
    seen = [
        content["data"]["text/plain"]
        for kind, content in kernel.messages
        if kind.endswith("display_data") and shows(content, model)
    ]
    return [found.group() for text in seen if (found := GRAPH.search(text))]


def shows(content: dict[str, Any], model: str) -> bool:
    return bool(content["data"].get(view.MIME, {}).get("model_id") == model)


def model_of(cell: Any) -> str:
    (shown,) = [data for data in cell.shown if view.MIME in data]
    return str(shown[view.MIME]["model_id"])


def test_graph_of_a_run_stays_that_runs_and_resume_draws_one(notebook: Kernel) -> None:
    notebook.run("%%block a --pipeline p --no-run\n[1, 2]", "c1")
    notebook.run("%%block b(a) --pipeline p --no-run\n1 / 0", "c2")
    failed = notebook.run("%pipeline run --executor inline", "c3")
    model = model_of(failed)
    assert graphs(notebook, model)[-1] == "p · 2 blocks · failed"
    notebook.run("%%block b(a) --pipeline p --no-run\nlen(a)", "c2")
    resumed = notebook.run("%pipeline resume --executor inline", "c4")
    assert (resumed.status, graphs(notebook, model_of(resumed))[-1]) == ("ok", "p · 2 blocks · succeeded")
    assert graphs(notebook, model)[-1] == "p · 2 blocks · failed"
    refused = notebook.run("%pipeline resume", "c5")
    assert (refused.status, refused.shown) == ("error", [])


def test_reloaded_page_is_told_how_long_by_now(notebook: Kernel) -> None:
    notebook.run(
        "import time\nfrom jupyter_mage.widget import DagWidget\n"
        "made = DagWidget({'nodes': [], 'states': {}, 'elapsed': {'a': 5.0}})\nmade._shown_at -= 60"
    )
    assert 65 <= float(notebook.value("made.get_state()['picture']['elapsed']['a']")) < 90
    assert json.loads(notebook.value("__import__('json').dumps(made.picture['elapsed'])").strip("'")) == {"a": 5.0}
