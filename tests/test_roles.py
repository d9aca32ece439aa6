"""Conditionals, sensors and callbacks: kinds that decide, wait and listen."""

from __future__ import annotations

import dataclasses
import threading

import pytest

from jupyter_mage.code import header
from jupyter_mage.errors import DefinitionError
from jupyter_mage.model import Poll
from jupyter_mage.session import Session
from jupyter_mage.state import Run

EXECUTORS = ("inline", "threads", "processes")


def statuses(run: Run) -> dict[str, str]:
    return {block.name: block.status for block in run.blocks.values()}


def reasons(run: Run) -> dict[str, str]:
    return {block.name: block.reason for block in run.blocks.values() if block.reason}


def weekend(session: Session, day: int) -> None:
    session.define("day()", str(day))
    session.define("is_weekend(day) --kind conditional", "day > 5")
    session.define("report(day) --if is_weekend", "day * 10")
    session.define("mail(report)", "report + 1")
    session.define("other(day)", "day + 1")


@pytest.mark.parametrize("executor", EXECUTORS)
def test_a_block_runs_when_its_conditional_gives_something_true(session, executor):
    weekend(session, 6)
    run = session.run(executor=executor)
    assert (run.status, set(statuses(run).values())) == ("succeeded", {"succeeded"})
    assert session.value("mail") == 61


@pytest.mark.parametrize("executor", EXECUTORS)
def test_a_conditional_that_is_not_true_skips_its_block_and_all_below_and_the_run_is_none_the_worse(session, executor):
    weekend(session, 3)
    run = session.run(executor=executor)
    assert run.status == "succeeded"
    assert statuses(run) == {
        "day": "succeeded", "is_weekend": "succeeded", "report": "skipped", "mail": "skipped", "other": "succeeded",
    }  # fmt: skip
    assert reasons(run) == {"report": "is_weekend is not true", "mail": "report was not wanted"}


def test_an_exception_in_a_conditional_is_a_failure_and_no_no(session):
    weekend(session, 3)
    session.define("is_weekend(day) --kind conditional", "day / 0")
    run = session.run(executor="inline")
    assert (run.status, statuses(run)["is_weekend"], reasons(run)["report"]) == ("failed", "failed", "is_weekend failed")


def test_a_conditional_is_asked_again_in_each_run_and_what_it_guards_may_be_cached(session):
    weekend(session, 6)
    session.run(executor="inline")
    again = session.run(executor="inline")
    assert (statuses(again)["is_weekend"], statuses(again)["report"]) == ("succeeded", "cached")


def test_a_failure_above_counts_before_a_conditional_that_is_not_true(session):
    weekend(session, 3)
    session.define("broken()", "1 / 0")
    session.define("both(report, broken)", "1")
    run = session.run(executor="inline")
    assert (run.status, reasons(run)["both"]) == ("failed", "broken failed")


def test_only_a_conditional_may_decide(session):
    session.define("day()", "1")
    session.define("report() --if day", "2")
    with pytest.raises(DefinitionError, match="day is a data_loader, and only a conditional decides") as raised:
        session.run(executor="inline")
    assert raised.value.hint == "%%block day --kind conditional"


def test_a_resumed_run_remembers_what_its_conditional_said(session, tmp_path):
    weekend(session, 3)
    session.define("late(other)", f"import os\nassert os.path.exists({str(tmp_path / 'there')!r})")
    first = session.run(executor="inline")
    (tmp_path / "there").touch()
    resumed = session.resume(first.id)
    assert (first.status, resumed.status) == ("failed", "succeeded")
    assert (statuses(resumed)["report"], reasons(resumed)["report"]) == ("skipped", "is_weekend is not true")


SENSOR = (
    "import pathlib\nlooks = pathlib.Path({path!r})\nlooks.write_text(looks.read_text() + '.')\nlen(looks.read_text()) >= {count}"
)


def sensor(session: Session, tmp_path, count: int, options: str) -> None:
    (tmp_path / "looks").write_text("")
    session.define(f"file_there() --kind sensor {options}", SENSOR.format(path=str(tmp_path / "looks"), count=count))
    session.define("load() --after file_there", "7")


@pytest.mark.parametrize("executor", EXECUTORS)
def test_a_sensor_looks_until_it_finds_something_and_what_is_below_waits_for_it(session, tmp_path, executor):
    sensor(session, tmp_path, 3, "--interval 20ms")
    seen: list[str] = []
    session.stream.subscribe(lambda event: seen.append(event.name))
    run = session.run(executor=executor)
    assert (run.status, statuses(run)) == ("succeeded", {"file_there": "succeeded", "load": "succeeded"})
    assert ((tmp_path / "looks").read_text(), seen.count("block_waiting")) == ("...", 2)


def test_a_sensor_that_waits_keeps_no_worker(session, tmp_path):
    sensor(session, tmp_path, 2, "--interval 50ms")
    session.define("meanwhile()", "1")
    run = session.run(executor="threads", workers=1)
    order = [name for name, block in sorted(run.blocks.items(), key=lambda each: each[1].started or 0.0)]
    assert (run.status, order.index("meanwhile") < order.index("load")) == ("succeeded", True)


def test_a_sensor_whose_time_is_over_fails(session, tmp_path):
    sensor(session, tmp_path, 9999, "--interval 50ms --timeout 2s")
    run = session.run(executor="threads")
    failure = run.blocks["file_there"].failure
    assert (run.status, failure.error, failure.message) == ("failed", "NotYet", "nothing true within 2s")
    assert reasons(run) == {"load": "file_there failed"}


def test_a_sensor_that_may_fail_softly_skips_what_is_below(session, tmp_path):
    sensor(session, tmp_path, 9999, "--interval 50ms --timeout 1s --soft-fail")
    run = session.run(executor="threads")
    assert (run.status, statuses(run)) == ("succeeded", {"file_there": "skipped", "load": "skipped"})


def test_an_exception_in_a_sensor_is_a_failure_and_not_a_reason_to_wait(session):
    session.define("there() --kind sensor --interval 1h", "1 / 0")
    run = session.run(executor="inline")
    assert (run.status, run.blocks["there"].failure.error) == ("failed", "ZeroDivisionError")


def test_a_sensor_that_waits_can_be_cancelled(session):
    session.define("there() --kind sensor --interval 1h", "False")

    def stop(event):
        if event.name == "block_waiting":
            threading.Thread(target=session.cancel).start()

    session.stream.subscribe(stop)
    run = session.run(executor="threads")
    assert (run.status, statuses(run)) == ("cancelled", {"there": "cancelled"})


HEARD = "print(outcome)\nprint(clean)"


@pytest.mark.parametrize("executor", EXECUTORS)
def test_a_callback_hears_how_its_block_ended_and_gets_what_it_gave(session, executor):
    session.define("clean()", "5")
    session.define("tell(clean) --kind callback", HEARD)
    run = session.run(executor=executor)
    assert (run.status, run.blocks["tell"].log) == ("succeeded", "{'clean': {'status': 'success'}}\n5\n")
    again = session.run(executor=executor)
    assert (statuses(again), again.blocks["tell"].log) == ({"clean": "cached", "tell": "succeeded"}, run.blocks["tell"].log)


def test_a_callback_hears_of_a_failure_and_the_run_stays_failed(session):
    session.define("clean()", "1 / 0")
    session.define("tell(clean) --kind callback --on failure", HEARD)
    session.define("never(clean) --kind callback --on success", "1 / 0")
    run = session.run(executor="inline")
    assert (run.status, statuses(run)) == ("failed", {"clean": "failed", "tell": "succeeded", "never": "skipped"})
    told = {"clean": {"status": "failure", "error": "ZeroDivisionError", "message": "division by zero"}}
    assert run.blocks["tell"].log == f"{told}\nNone\n"


def test_a_callback_that_fails_is_seen(session):
    session.define("clean()", "1")
    session.define("tell(clean) --kind callback", "1 / 0")
    run = session.run(executor="inline")
    assert (run.status, statuses(run)) == ("failed", {"clean": "succeeded", "tell": "failed"})


def test_a_callback_without_upstreams_hears_of_the_whole_run_once_it_is_over(session):
    session.define("a()", "1")
    session.define("b(a)", "1 / 0")
    session.define("c(b)", "1")
    session.define("summary() --kind callback", "print({name: each['status'] for name, each in outcome.items()})")
    run = session.run(executor="threads")
    assert run.blocks["summary"].log == "{'a': 'success', 'b': 'failure'}\n"


def test_a_callback_comes_along_when_its_block_is_selected_and_drags_nothing_else_into_the_run(session):
    session.define("a()", "1")
    session.define("b()", "2")
    session.define("tell(a, b) --kind callback", "print(sorted(outcome))")
    session.define("summary() --kind callback", "1")
    run = session.run("a", executor="inline")
    assert (statuses(run), run.blocks["tell"].log) == ({"a": "succeeded", "tell": "succeeded"}, "['a']\n")


def test_callbacks_of_a_cancelled_run_hear_of_it(session):
    session.define("slow()", "import time\nprint('begun')\ntime.sleep(60)")
    session.define("tell(slow) --kind callback --on cancelled", "print(outcome)")
    session.define("summary() --kind callback", "print(outcome)")

    def stop(event):
        if event.name == "block_started" and event.block == "slow":
            threading.Thread(target=session.cancel).start()

    session.stream.subscribe(stop)
    run = session.run(executor="processes")
    assert (run.status, statuses(run)) == ("cancelled", {"slow": "cancelled", "tell": "succeeded", "summary": "succeeded"})
    assert run.blocks["tell"].log == run.blocks["summary"].log == "{'slow': {'status': 'cancelled'}}\n"
    assert session.past_run().status == "cancelled"


def test_the_options_of_these_kinds_read_and_render():
    text = "x(a) --kind sensor --if is_weekend --on failure --on success --interval 30s --soft-fail"
    read = header.parse(text)
    assert (read.guards, read.on, read.interval, read.soft_fail) == (("is_weekend",), ("failure", "success"), 30.0, True)


def test_a_block_of_these_kinds_renders_as_it_was_written(session):
    text = "x(a) --kind sensor --if is_weekend --interval 30s --soft-fail"
    block = session.define(text, "True").block
    assert block.poll == Poll(interval=30.0, soft=True)
    assert header.render(dataclasses.replace(block, header="")) == text


def test_a_callback_need_not_read_what_it_hears_of(session):
    session.define("clean()", "1")
    assert session.define("tell(clean) --kind callback", "print(outcome)").notes == ()


def test_an_export_says_what_mage_does_otherwise_with_these_kinds(session):
    weekend(session, 3)
    session.define("late(other) --if is_weekend", "other")
    session.define("there() --kind sensor --interval 5s", "True")
    session.define("tell(late) --kind callback --on failure", "print(outcome)")
    _, warnings = session.export(session.root / "project")
    assert warnings == [
        "late: Mage gives its conditional is_weekend what it gets itself, other, and not day",
        "there: --interval, --soft-fail: Mage's sensors look every minute, for ever",
    ]
