"""What a screen asks of a session: data, profiles, edges, plans, variables."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from real_kernel import Kernel
from test_contract import misfits

from jupyter_mage import asked, panel, redaction
from jupyter_mage.answers import ASKED, answer
from jupyter_mage.session import Session

RAW = "import pandas as pd\npd.DataFrame({'n': range(10), 'who': ['ann', None] * 5})"
FEWER = "import pandas as pd\npd.DataFrame({'n': [0.5] * 7, 'when': pd.Timestamp('2024-01-01')})"
PNG = b"\x89PNG\r\n\x1a\n rest"


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    made = Session(tmp_path, pipeline="p")
    made.define("raw(*, rows: int = 10)", RAW)
    made.define("few(raw, *, least: int = 3)", "raw[raw.n >= least]")
    yield made
    made.close()


def ask(session: Session, what: str, **given: Any) -> Any:
    found = answer(session, what, given)
    assert "error" not in found, found
    return found["value"]


def refused(session: Session, what: str, **given: Any) -> tuple[str, str]:
    found = answer(session, what, given)
    return found["error"], found["hint"]


# ---- data


def test_a_preview_says_where_it_is_from(session: Session) -> None:
    run = session.run(executor="inline")
    shown = ask(session, "preview", block="few", rows=2)
    origin = {**shown["origin"], "at": 0, "seconds": 0}
    assert origin == {
        "block": "few", "run": run.id, "status": "succeeded", "at": 0, "seconds": 0, "sampled": False, "sample": None, "stale": False,
    }  # fmt: skip
    seen = shown["preview"]
    assert [each["name"] for each in seen["columns"]] == ["n", "who"]
    assert (seen["cells"], seen["rows"], seen["command"]) == (
        [["3", None], ["4", "ann"]],
        7,
        "%pipeline show few",
    )
    session.run(executor="inline")
    assert ask(session, "preview", block="few")["origin"]["status"] == "kept"
    taken = ask(session, "preview", block="few", run="last")["origin"]
    assert (taken["status"], taken["run"] == run.id) == ("cached", False)


def test_a_sample_is_shown_and_marked_until_there_is_a_whole_result(session: Session) -> None:
    session.run(executor="inline")
    session.run(executor="inline", sample=4)
    sampled = ask(session, "preview", block="raw")
    assert (sampled["origin"]["sampled"], sampled["origin"]["sample"], sampled["preview"]["rows"]) == (True, 4, 4)
    session.run(executor="inline")
    whole = ask(session, "preview", block="raw")
    assert (whole["origin"]["sampled"], whole["preview"]["rows"]) == (False, 10)


def test_a_stale_block_and_an_earlier_run_are_shown_as_what_they_are(session: Session) -> None:
    first = session.run(executor="inline")
    session.define("raw(*, rows: int = 10)", FEWER)
    assert ask(session, "preview", block="raw")["origin"]["stale"] is True
    session.run("raw", executor="inline")
    now, then = ask(session, "preview", block="raw"), ask(session, "preview", block="raw", run=first.id)
    assert [each["preview"]["rows"] for each in (now, then)] == [7, 10]
    assert then["origin"]["run"] == first.id


def test_what_has_not_run_or_is_not_there_is_said_with_what_to_type(session: Session) -> None:
    assert refused(session, "preview", block="raw") == ("raw has no output yet (block raw)", "%pipeline run raw")
    assert refused(session, "preview", block="rwa") == ("no block 'rwa'. Did you mean 'raw'? There are: few, raw", "")
    assert not (session.root / ".jupyter_mage").exists(), "to look makes no history"
    session.define("bad(raw)", "raise ValueError")
    run = session.run("bad", executor="inline")
    assert refused(session, "preview", block="bad", run=run.id) == (
        f"bad gave nothing in run {run.id}: it failed (block bad)",
        f"%pipeline show {run.id}/bad",
    )


def test_a_wide_frame_is_sent_in_parts(session: Session) -> None:
    session.define("wide", "import pandas as pd\npd.DataFrame({f'c{i}': ['x' * 290] * 50 for i in range(40)})")
    session.run("wide", executor="inline")
    names, first = [], 0
    while first < 40:
        found = ask(session, "preview", block="wide", first=first)
        assert len(json.dumps(found)) < 200_000
        shown = [each["name"] for each in found["preview"]["columns"]]
        assert found["preview"]["columns_left"] == 40 - first - len(shown)
        names += shown
        first += len(shown)
    assert names == [f"c{i}" for i in range(40)]


def test_columns_are_profiled_a_few_at_a_time(session: Session) -> None:
    session.define("wide", "import pandas as pd\npd.DataFrame({f'c{i}': range(5) for i in range(10)})")
    session.run("wide", executor="inline")
    found = [ask(session, "profile", block="wide", first=first)["profile"] for first in (0, 4, 8)]
    assert [[each["name"] for each in part["columns"]] for part in found] == [
        ["c0", "c1", "c2", "c3"], ["c4", "c5", "c6", "c7"], ["c8", "c9"],
    ]  # fmt: skip
    assert [part["columns_left"] for part in found] == [6, 2, 0]


def test_bytes_and_texts_that_are_pictures_are_shown_and_nothing_is_unpickled(session: Session) -> None:
    session.define("png", repr(PNG))
    session.define("svg", "'<svg xmlns=\"http://www.w3.org/2000/svg\"/>'")
    session.define("evil", "class Evil:\n    def __reduce__(self):\n        return (print, ('loaded',))\nEvil()")
    session.define("text", "'plain'")
    session.run("png svg evil text", executor="inline")
    images = {name: ask(session, "preview", block=name)["image"] for name in ("png", "svg", "text")}
    assert {name: image and image["mime"] for name, image in images.items()} == {
        "png": "image/png", "svg": "image/svg+xml", "text": None,
    }  # fmt: skip


def test_a_pickle_is_told_and_not_loaded(session: Session, capsys: pytest.CaptureFixture[str]) -> None:
    session.define("odd", "import fractions\n{fractions.Fraction(1, 3)}")
    session.run("odd", executor="inline")
    seen = ask(session, "preview", block="odd")["preview"]
    assert (seen["sort"], seen["type"], seen["text"]) == ("opaque", "set", "{Fraction(1, 3)}")


# ---- edges


def flow(session: Session) -> dict[str, Any]:
    found = ask(session, "edge", source="raw", target="few")
    change = found["change"]
    return {
        "shape": (found["now"]["rows"], found["now"]["columns"]),
        "before": found["before"] and (found["before"]["run"], found["before"]["rows"]),
        "since": found["since"],
        "alert": change["alert"],
        "rows": (change["rows"], change["percent"]),
        "columns": [(each["name"], each["change"], each["was"]) for each in change["columns"] if each["change"]],
        "taken": found["taken"],
    }


def test_an_edge_tells_what_flowed_and_what_differs_from_the_last_good_run(session: Session) -> None:
    first = session.run(executor="inline")
    same = {"before": None, "since": "", "alert": "", "rows": (None, None), "columns": [], "taken": True}
    assert flow(session) == {**same, "shape": (10, 2)}
    session.define("raw(*, rows: int = 10)", FEWER)
    session.run("raw", executor="inline")
    differs = {
        "shape": (7, 2), "before": (first.id, 10), "since": "", "alert": "schema", "rows": (-3, -30.0),
        "columns": [("n", "retyped", "int64"), ("when", "added", None), ("who", "removed", "str")], "taken": False,
    }  # fmt: skip
    assert flow(session) == differs
    second = session.run(executor="inline")
    session.run(executor="inline")
    assert flow(session) == {**differs, "since": second.id, "taken": True}


def test_a_loss_of_a_fifth_is_an_alert(session: Session) -> None:
    session.run(executor="inline")
    session.define("raw(*, rows: int = 10)", RAW.replace("range(10)", "range(8)").replace("* 5", "* 4"))
    session.run("raw", executor="inline")
    assert (flow(session)["alert"], flow(session)["rows"]) == ("loss", (-2, -20.0))


def test_nothing_flows_where_a_block_only_waits_or_has_not_run(session: Session) -> None:
    session.define("last --after few", "1")
    assert ask(session, "edge", source="few", target="last")["note"] == "last only waits for few: nothing flows"
    assert ask(session, "edge", source="raw", target="few")["note"] == "raw has no output yet   → %pipeline run raw"


def test_a_sample_is_not_compared_with_whole_results(session: Session) -> None:
    session.run(executor="inline")
    session.run(executor="inline", sample=4)
    found = ask(session, "edge", source="raw", target="few")
    assert (found["before"], found["note"]) == (None, "a sample: it is not compared with whole results")


# ---- plans


def test_a_plan_says_what_why_and_shows_the_diff(session: Session) -> None:
    session.run(executor="inline")
    session.define("few(raw, *, least: int = 3)", "raw[raw.n > least]")
    found = ask(session, "plan", selection="few", variables={"rows": "12"})
    steps = {each["block"]: (each["action"], each["why"], each["diff"]) for each in found["steps"]}
    assert steps == {
        "raw": ("run", ["parameter rows 10 → 12"], ""),
        "few": ("maybe", ["upstream raw runs"], "@@ -1 +1 @@\n-raw[raw.n >= least]\n+raw[raw.n > least]"),
    }
    assert (found["command"], found["unknown"]) == ("%pipeline run few --var rows=12", 0)
    assert found["said"].startswith("1 to run, 1 perhaps")


def test_a_plan_of_a_wrong_selection_is_refused_as_its_run_would_be(session: Session) -> None:
    assert refused(session, "plan", selection="fwe") == ("no block 'fwe'. Did you mean 'few'? There are: few, raw", "")
    assert refused(session, "plan", selection="few", variables={"least": "x"}) == (
        "parameter least is int, and 'x' is str (block few, line 1)",
        "--var least=…",
    )


def test_a_plan_asked_from_another_thread_leaves_the_runs_fingerprint_alone(session: Session) -> None:
    session.run(executor="inline")
    known = session.fingerprint._static
    thread = threading.Thread(target=lambda: ask(session, "plan"))
    thread.start()
    thread.join()
    assert session.fingerprint._static is known


# ---- variables


def test_variables_come_with_their_control_value_default_and_readers(session: Session) -> None:
    session.define("b(*, day: date, way: Literal['x', 'y'] = 'x', least: int = 3, sure: bool = False, n: list[int] = [1])", "1")
    session.set_variables({"least": 5})
    found = ask(session, "variables")["variables"]
    told = [(each["name"], each["control"], each["value"], each["default"], each["source"], each["blocks"]) for each in found]
    assert told == [
        ("rows", "int", "10", "10", "default", ["raw"]),
        ("least", "int", "5", "3", "pipeline", ["few", "b"]),
        ("day", "date", None, None, "", ["b"]),
        ("way", "choice", "x", "x", "default", ["b"]),
        ("sure", "bool", "False", "False", "default", ["b"]),
        ("n", "json", "[1]", "[1]", "default", ["b"]),
    ]
    assert found[3]["choices"] == ["x", "y"]


def test_a_value_is_tried_without_being_set(session: Session) -> None:
    assert ask(session, "fit", name="least", value=" 7 ") == {"value": "7", "command": "%pipeline vars least=7"}
    assert refused(session, "fit", name="least", value="seven") == (
        "parameter least is int, and 'seven' is str (block few, line 1)",
        "%pipeline vars least=…",
    )
    assert refused(session, "fit", name="leest", value="7")[0].startswith("no variable 'leest'. Did you mean 'least'?")
    assert session.pipeline.variables == {}


# ---- all of them


def test_every_answer_is_as_it_is_declared(session: Session) -> None:
    session.define("sink(few) --kind data_exporter", "1")
    session.run(executor="inline")
    session.define("raw(*, rows: int = 10)", FEWER)
    session.run("raw", executor="inline")
    shapes = {
        "preview": ({"block": "raw"}, asked.Shown), "profile": ({"block": "raw"}, asked.Profiled),
        "edge": ({"source": "raw", "target": "few"}, asked.EdgeFlow), "plan": ({}, asked.Plan),
        "variables": ({}, asked.PipelineVariables), "fit": ({"name": "rows", "value": "1"}, asked.Fitted),
    }  # fmt: skip
    assert shapes.keys() <= ASKED.keys()
    found = {what: misfits(ask(session, what, **given), shape, what) for what, (given, shape) in shapes.items()}
    assert found == {what: [] for what in shapes}


@pytest.mark.parametrize(
    "given", [None, [], {"block": None}, {"block": 7}, {"block": "x" * 20_000}, {"selection": {}}, {"first": -1}]
)
@pytest.mark.parametrize("what", [*ASKED, "__class__", None, 3])
def test_a_question_of_any_sort_is_answered_or_refused(session: Session, what: Any, given: Any) -> None:
    found = answer(session, what, given)
    assert isinstance(found.get("error"), str) or found.keys() == {"value"}
    assert "could not be told" not in found.get("error", "")


def test_secrets_are_hidden_in_every_answer(session: Session) -> None:
    session.define("told(*, who: str = 'ann')", "import pandas as pd\npd.DataFrame({'k': ['s3cr3t-w0rd'] * 3})")
    session.run("told", executor="inline")
    redaction.learn("s3cr3t-w0rd")
    session.define("told(*, who: str = 's3cr3t-w0rd')", "'s3cr3t-w0rd'")
    try:
        asked_ = [("preview", {"block": "told"}), ("profile", {"block": "told"}), ("plan", {}), ("variables", {})]
        found = [json.dumps(ask(session, what, **given)) for what, given in asked_]
        found.append(json.dumps(answer(session, "fit", {"name": "s3cr3t-w0rd", "value": "s3cr3t-w0rd"})))
    finally:
        redaction.forget()
    assert [text for text in found if "s3cr3t" in text] == []


# ---- in a kernel


@pytest.fixture
def front(fresh: Any) -> Kernel:
    kernel: Kernel = fresh("%load_ext jupyter_mage")
    return kernel


def tell(kernel: Kernel, **data: Any) -> dict[str, Any]:
    """What the kernel answers on CTRL."""
    kernel.tell("comm_msg", {"comm_id": "ctrl", "data": data})
    found: dict[str, Any] = kernel.wait(lambda kind, content: kind == "comm_msg" and content["data"].get("id") == data["id"])
    return dict(found["data"])


def test_a_kernel_answers_with_the_number_of_the_question(front: Kernel) -> None:
    front.run("%%block raw\n[1, 2]")
    front.tell("comm_open", {"comm_id": "ctrl", "target_name": panel.TARGET, "data": {}})
    found = tell(front, type="ask", id=7, what="preview", block="raw")
    assert (found["type"], found["value"]["preview"]["cells"]) == ("answer", [["1"], ["2"]])
    assert tell(front, type="ask", id=8, what="preview", block="rwa") == {
        "type": "answer", "id": 8, "error": "no block 'rwa'. Did you mean 'raw'? There are: raw", "hint": "",
    }  # fmt: skip
