"""What the screens draw: the picture, what changed in it, and its still forms."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from jupyter_mage import events as ev
from jupyter_mage import view
from jupyter_mage.model import Block, Failure, Output, Pipeline, Test
from jupyter_mage.state import Run, fold
from jupyter_mage.view import look
from jupyter_mage.view.layout import HEIGHT, arrange, layers


def block(name: str, *upstreams: str, **settings: object) -> Block:
    kind = settings.pop("kind", "transformer" if upstreams else "data_loader")
    return Block(name=name, source="1", upstreams=upstreams, kind=str(kind), **settings)  # type: ignore[arg-type]


FLIGHTS = Pipeline(
    name="flights_late",
    blocks=(
        block("flights", doc="All departures.\nIn 2013."),
        block("airlines"),
        block("delays", "flights", tests=(Test(name="late", source="assert 1"),)),
        block("by_carrier", "delays", "airlines", language="sql"),
        block("to_parquet", "by_carrier", kind="data_exporter"),
        block("to_duckdb", "by_carrier", kind="data_exporter", after=("to_parquet",)),
    ),
)


def frame(rows: int, columns: int) -> Output:
    pairs = tuple((f"c{i}", "int64") for i in range(columns))
    return Output(content="c", codec="frame", type="pandas.DataFrame", size=1, rows=rows, columns=pairs)


def failed_run() -> Run:
    failure = Failure(error="KeyError", message="'carier'", line=2, code="x")
    return fold(
        [
            ev.RunStarted(run="r1", pipeline="flights_late", blocks=FLIGHTS.names, at=0.0),
            ev.BlockCached(run="r1", block="flights", key="k", output=frame(336776, 19)),
            ev.BlockSucceeded(run="r1", block="airlines", key="k", output=frame(16, 2), seconds=0.0213),
            ev.BlockSucceeded(run="r1", block="delays", key="k", output=frame(84012, 19), seconds=1.207),
            ev.BlockFailed(run="r1", block="by_carrier", failure=failure, seconds=0.05),
            ev.BlockSkipped(run="r1", block="to_parquet", reason="by_carrier failed"),
            ev.BlockSkipped(run="r1", block="to_duckdb", reason="by_carrier failed"),
            ev.RunFinished(run="r1", status="failed", seconds=2.31),
        ]
    )


def chain(count: int) -> Pipeline:
    return Pipeline(name="chain", blocks=tuple(block(f"s{i}", *([f"s{i - 1}"] if i else [])) for i in range(count)))


def fan(count: int) -> Pipeline:
    parts = [f"part_{i}" for i in range(count)]
    return Pipeline(name="fan", blocks=(block("source"), *(block(part, "source") for part in parts), block("all", *parts)))


def test_picture_tells_every_state_of_a_failed_run() -> None:
    drawn = view.picture(FLIGHTS, failed_run())
    assert {name: (state["status"], state["detail"]) for name, state in drawn["states"].items()} == {
        "flights": ("cached", "336 776 × 19 · cached"),
        "airlines": ("succeeded", "16 × 2 · 21 ms"),
        "delays": ("succeeded", "84 012 × 19 · 1.21 s"),
        "by_carrier": ("failed", "KeyError: 'carier'"),
        "to_parquet": ("skipped", "by_carrier failed"),
        "to_duckdb": ("skipped", "by_carrier failed"),
    }
    assert drawn["run"] == {"id": "r1", "status": "failed", "done": 6, "total": 6, "seconds": 2.31}


def test_picture_is_json_and_the_same_each_time() -> None:
    text = json.dumps(view.picture(FLIGHTS, failed_run()), allow_nan=False)
    assert json.dumps(view.picture(FLIGHTS, failed_run())) == text


def test_picture_is_the_same_in_another_process() -> None:
    code = "import json; from tests.test_view import *; print(json.dumps(view.picture(FLIGHTS)['nodes']))"
    seeds = [{"PYTHONHASHSEED": seed, "PATH": ""} for seed in ("1", "2")]
    root = Path(__file__).parents[1]
    runs = [subprocess.run([sys.executable, "-c", code], env=env, cwd=root, capture_output=True, text=True) for env in seeds]
    assert runs[0].stdout == runs[1].stdout != "", runs[0].stderr


@pytest.mark.parametrize(
    ("pipeline", "count"),
    [
        (Pipeline(name="empty"), 0),
        (chain(1), 1),
        (chain(12), 12),
        (fan(50), 52),
        (Pipeline(name="islands", blocks=(*chain(3).blocks, *(block(f"lone_{i}") for i in range(20)))), 23),
        (FLIGHTS, 6),
    ],
    ids=lambda value: value.name if isinstance(value, Pipeline) else "",
)
def test_cards_never_lie_on_each_other(pipeline: Pipeline, count: int) -> None:
    drawn = view.picture(pipeline)
    boxes = [(n["x"], n["y"], n["x"] + n["width"], n["y"] + n["height"]) for n in drawn["nodes"]]
    clashes = [(a, b) for a, b in itertools.combinations(boxes, 2) if a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]]
    width, height = drawn["size"]
    outside = [box for box in boxes if box[0] < 0 or box[1] < 0 or box[2] > width or box[3] > height]
    assert (len(boxes), clashes, outside) == (count, [], [])


def test_upstreams_stand_above() -> None:
    y = {node["id"]: node["y"] for node in view.picture(FLIGHTS)["nodes"]}
    assert [(up, one.name) for one in FLIGHTS for up in one.needs if y[up] + HEIGHT > y[one.name]] == []


def test_wide_fan_is_a_grid_not_a_line() -> None:
    width, height = view.picture(fan(1000))["size"]
    assert 0.5 < width / height < 2


def test_order_only_edges_are_marked() -> None:
    edges = view.picture(FLIGHTS)["edges"]
    assert [(e["source"], e["target"]) for e in edges if e["order_only"]] == [("to_parquet", "to_duckdb")]


def test_circle_is_drawn_not_refused() -> None:
    layout = arrange(["a", "b", "c"], [("a", "b"), ("b", "c"), ("c", "a"), ("a", "a")], 200)
    assert (sorted(layout.at), len(layout.routes)) == (["a", "b", "c"], 3)


def test_part_held_together_by_long_edges_is_drawn() -> None:
    names = [f"s{i}" for i in range(400)]
    steps = list(itertools.pairwise(names))
    skips = [("other", name) for name in names[50:]]
    layout = arrange([*names, "other"], [*steps, *skips], 200)
    assert (len(layout.at), len(layout.routes)) == (401, len(steps) + len(skips))


def test_layers_are_longest_paths() -> None:
    assert layers(["d", "c", "b", "a"], [("a", "b"), ("b", "c"), ("a", "d"), ("c", "d")]) == {"a": 0, "b": 1, "c": 2, "d": 3}


def test_blocks_that_never_run_are_left_out() -> None:
    pipeline = Pipeline(name="p", blocks=(block("notes", kind="markdown"), block("a")))
    assert [node["id"] for node in view.picture(pipeline)["nodes"]] == ["a"]


def test_unknown_kind_and_missing_upstream_are_drawn_with_the_reason() -> None:
    drawn = view.picture(Pipeline(name="p", blocks=(block("a", kind="teapot"), block("b", "ghost"))))
    reasons = {name: (state["status"], state["reason"].split(".")[0]) for name, state in drawn["states"].items()}
    assert reasons == {"a": ("problem", "no kind 'teapot'"), "b": ("problem", "waits for ghost: no such block")}


def test_marks_show_where_no_run_does() -> None:
    states = view.picture(FLIGHTS, statuses={"flights": "stale", "airlines": "fresh"})["states"]
    assert [states[name]["status"] for name in ("flights", "airlines", "delays")] == ["stale", "fresh", "new"]


def test_stale_wins_over_a_finished_result_only_when_the_run_is_over() -> None:
    marks = {"delays": "stale"}
    over = view.picture(FLIGHTS, failed_run(), statuses=marks)["states"]["delays"]
    going = failed_run()
    going.status = "running"
    assert (over["status"], over["detail"]) == ("stale", "84 012 × 19 · out of date")
    assert view.picture(FLIGHTS, going, statuses=marks)["states"]["delays"]["status"] == "succeeded"


def test_changes_of_one_block_in_a_thousand_are_small() -> None:
    pipeline = chain(1000)
    start = [ev.RunStarted(run="r", pipeline="chain", blocks=pipeline.names, at=0.0)]
    before = view.picture(pipeline, fold(start))
    after = view.picture(pipeline, fold([*start, ev.BlockStarted(run="r", block="s0")]))
    assert view.changes(before, after) == {"changes": 1, "states": {"s0": {"status": "running", "detail": "running"}}}
    assert view.changes(after, after) == {"changes": 1}


def test_changes_of_the_graph_are_the_whole_picture() -> None:
    after = view.picture(FLIGHTS)
    assert view.changes(view.picture(chain(2)), after) is after
    assert view.changes(None, after) is after


HOSTILE = Pipeline(
    name="h",
    blocks=(
        block("a", label="</text><script>alert(1)</script>", doc="</title><img src=x onerror=alert(1)>\x1b[2J\x00 & \ud800"),
        block("b", "a", label="n" * 400, doc="x" * 100_000, language="]]>", kind="<kind>"),
    ),
)


def test_svg_of_hostile_words_is_well_formed_and_has_no_script() -> None:
    drawn = view.svg(view.picture(HOSTILE))
    tags = {element.tag.rpartition("}")[2] for element in ET.fromstring(drawn.encode()).iter()}
    assert tags == {"svg", "title", "style", "g", "path", "rect", "circle", "text"}
    assert [word for word in ("href", "url(", " id=", "import", "onerror=alert(1)>") if word in drawn] == []


def test_svg_shows_name_state_and_shape_of_each_block() -> None:
    drawn = ET.fromstring(view.svg(view.picture(FLIGHTS, failed_run())))
    words = ["".join(element.itertext()) for element in drawn.iter() if element.tag.endswith("text")]
    assert words[:1] == ["flights_late · 6 blocks · failed · 2.31 s"]
    assert {"by_carrier", "SQL", "transformer · 1 test", "84 012 × 19 · 1 B", "1.21 s", "KeyError: 'carier'"} <= set(words)


@pytest.mark.parametrize(
    "pipeline", [Pipeline(name="empty"), chain(1), chain(1000), fan(1000)], ids=lambda p: f"{p.name}{len(p)}"
)
def test_still_forms_exist_for_every_size(pipeline: Pipeline) -> None:
    drawn = view.picture(pipeline)
    made = view.bundle(drawn)
    assert list(made) == [view.MIME, "image/svg+xml", "text/vnd.mermaid", "text/plain"]
    ET.fromstring(made["image/svg+xml"])
    assert len(made["image/svg+xml"]) < 1_000_000


def test_text_draws_the_flow() -> None:
    assert view.text(view.picture(FLIGHTS, failed_run())).splitlines() == [
        "flights_late · 6 blocks · failed · 2.31 s",
        "●    ≡ flights     loader       336 776 × 19 · cached",
        "│ ●  ✓ airlines    loader       16 × 2 · 21 ms",
        "● │  ✓ delays      transformer  84 012 × 19 · 1.21 s  ← flights",
        "●─┘  ✗ by_carrier  transformer  KeyError: 'carier'  ← delays, airlines",
        "├─●  ⊘ to_parquet  exporter     by_carrier failed  ← by_carrier",
        "●─┘  ⊘ to_duckdb   exporter     by_carrier failed  ← by_carrier, (to_parquet)",
    ]


def test_text_has_no_control_characters() -> None:
    words = view.text(view.picture(HOSTILE))
    assert [c for c in words if c < " " and c != "\n"] == []


def test_mermaid_reads_no_word_as_code() -> None:
    lines = view.mermaid(view.picture(HOSTILE)).splitlines()
    assert lines[0] == "flowchart TD"
    assert [line for line in lines if "<script" in line or "<img" in line or line.count('"') not in (0, 2)] == []


MAPPED = Pipeline(name="shop", blocks=(block("parts"), block("score", "parts", mapped="parts"), block("total", "score")))
DOWN = Failure(error="ConnectionError", message="the warehouse does not answer", line=3)
BAD = Failure(error="KeyError", message="'id'", line=4, code="x")


def mapped_run(*more: ev.Event, sample: int | None = None) -> Run:
    """Three items: one done, one failed, one as ``more`` says."""
    sampled = sample is not None
    return fold(
        [
            ev.RunStarted(run="r1", pipeline="shop", blocks=MAPPED.names, at=0.0, sample=sample),
            ev.BlockCached(run="r1", block="parts", key="k", output=frame(3, 2), sampled=sampled),
            ev.BlockStarted(run="r1", block="score"),
            ev.BlockMapped(run="r1", block="score", items=3),
            ev.BlockSucceeded(run="r1", block="score[0]", key="k", output=frame(1, 2), seconds=0.1, sampled=sampled),
            ev.BlockFailed(run="r1", block="score[1]", failure=BAD),
            *more,
        ]
    )


def retried_run(*more: ev.Event) -> Run:
    return fold(
        [
            ev.RunStarted(run="r1", pipeline="p", blocks=("a",), at=0.0),
            ev.BlockStarted(run="r1", block="a"),
            ev.BlockRetrying(run="r1", block="a", attempt=1, failure=DOWN, delay=5.0),
            *more,
        ]
    )


AGAIN = ev.BlockStarted(run="r1", block="a", attempt=2)


def state_of_a(run: Run) -> dict[str, object]:
    state: dict[str, object] = view.picture(chain(1).with_block(block("a")).without(["s0"]), run)["states"]["a"]
    return state


def test_items_are_counted_on_their_block_and_are_no_nodes() -> None:
    retrying = ev.BlockRetrying(run="r1", block="score[2]", attempt=1, failure=DOWN, delay=5.0)
    drawn = view.picture(MAPPED, mapped_run(retrying))
    assert [node["id"] for node in drawn["nodes"]] == ["parts", "score", "total"]
    assert drawn["run"] == {"id": "r1", "status": "running", "done": 1, "total": 3, "seconds": None}
    assert drawn["states"]["score"] == {
        "status": "running", "detail": "2 of 3 items · 1 failed · 1 retrying", "items": 3, "items_done": 2, "items_failed": 1,
    }  # fmt: skip


def test_failed_items_are_counted_and_the_first_says_why() -> None:
    whole = Failure(error="ItemsFailed", message="1 of 3 items failed: score[1]")
    done = ev.BlockSucceeded(run="r1", block="score[2]", key="k", output=frame(1, 2), seconds=0.1)
    drawn = view.picture(MAPPED, mapped_run(done, ev.BlockFailed(run="r1", block="score", failure=whole, seconds=0.2)))
    state = drawn["states"]["score"]
    assert (state["status"], state["detail"], state["line"]) == ("failed", "1 of 3 items failed", 4)
    assert state["error"] == "1 of 3 items failed, the first score[1]: KeyError: 'id'"


def test_collected_items_are_said_beside_the_shape() -> None:
    whole = ev.BlockSucceeded(run="r1", block="score", key="k", output=frame(3, 2), seconds=0.31, peak_memory=312_400_000)
    state = view.picture(MAPPED, mapped_run(whole))["states"]["score"]
    assert (state["detail"], state["memory"]) == ("3 × 2 · 3 items · 0.31 s", "312 MB")


def test_cancelled_map_says_how_far_it_came() -> None:
    gone = [ev.BlockCancelled(run="r1", block="score"), ev.RunFinished(run="r1", status="cancelled")]
    state = view.picture(MAPPED, mapped_run(*gone))["states"]["score"]
    assert (state["status"], state["detail"]) == ("cancelled", "cancelled · 2 of 3 items · 1 failed")


def test_block_that_will_be_tried_again_says_when_and_why() -> None:
    assert state_of_a(retried_run()) == {
        "status": "retrying",
        "detail": "attempt 1 failed, the next in 5 s",
        "reason": "attempt 1 failed, the next in 5 s",
        "error": "ConnectionError: the warehouse does not answer",
        "line": 3,
    }


def test_later_attempt_says_which_and_what_the_one_before_came_to() -> None:
    assert state_of_a(retried_run(AGAIN)) == {
        "status": "running",
        "detail": "attempt 2",
        "reason": "attempt 1 failed: ConnectionError: the warehouse does not answer",
        "attempt": 2,
    }


@pytest.mark.parametrize(
    ("end", "detail"),
    [
        (ev.BlockSucceeded(run="r1", block="a", key="k", output=frame(3, 2), seconds=0.31), "3 × 2 · 0.31 s · attempt 2"),
        (ev.BlockFailed(run="r1", block="a", failure=BAD), "KeyError: 'id'"),
        (ev.BlockCancelled(run="r1", block="a"), "cancelled"),
        (ev.RunFinished(run="r1", status="interrupted"), "interrupted"),
    ],
    ids=["succeeded", "failed", "cancelled", "interrupted"],
)
def test_block_that_ended_says_nothing_of_a_next_attempt(end: ev.Event, detail: str) -> None:
    state = state_of_a(retried_run(AGAIN, end))
    assert (state["detail"], state["attempt"], "reason" in state) == (detail, 2, False)


def test_sampled_outputs_are_marked_in_every_form() -> None:
    drawn = view.picture(MAPPED, mapped_run(sample=100))
    assert {name: state.get("sampled", False) for name, state in drawn["states"].items()} == {
        "parts": True, "score": False, "total": False,
    }  # fmt: skip
    assert view.headline(drawn) == "shop · 3 blocks · running · 1 of 3 done · sample of 100"
    assert view.text(drawn).splitlines()[1] == "●  ≡ parts  loader       SAMPLE 3 × 2 · cached"
    assert "SAMPLE 3 × 2 · cached" in view.mermaid(drawn)
    words = ["".join(element.itertext()) for element in ET.fromstring(view.svg(drawn)).iter()]
    assert (words.count("SAMPLE"), any("made of a sample, not of all the data" in word for word in words)) == (1, True)


def test_whole_outputs_have_no_mark_of_a_sample() -> None:
    forms = view.bundle(view.picture(MAPPED, mapped_run()))
    assert [name for name, form in forms.items() if "SAMPLE" in str(form) or "sample of" in str(form)] == []


def test_mapped_block_is_told_by_its_card() -> None:
    words = ["".join(element.itertext()) for element in ET.fromstring(view.svg(view.picture(MAPPED))).iter()]
    assert "transformer · map" in words
    assert [word for word in words if "one run for each item of parts" in word] != []


def test_interrupted_run_is_shown_as_such() -> None:
    drawn = view.picture(MAPPED, mapped_run(ev.RunFinished(run="r1", status="interrupted", seconds=2.0)))
    assert {name: state["status"] for name, state in drawn["states"].items()} == {
        "parts": "cached", "score": "interrupted", "total": "interrupted",
    }  # fmt: skip
    assert view.text(drawn).splitlines()[2] == "●  ‖ score  transformer  interrupted · 2 of 3 items · 1 failed  ← parts"


def test_browser_has_the_same_look() -> None:
    kept = json.loads((Path(__file__).parents[1] / "labextension/src/dag/look.json").read_text())
    kinds = {name: {"path": path} for name, path in look.ICONS.items()}
    statuses = {name: status._asdict() for name, status in look.STATUSES.items()}
    assert kept == {"quiet": sorted(look.QUIET), "statuses": statuses, "kinds": kinds}
