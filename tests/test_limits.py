"""Retries, timeouts, memory, pools, executors of their own, mapped blocks, samples, resuming: through a session, for real."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path

import pytest

from jupyter_mage import events, report
from jupyter_mage.code import units
from jupyter_mage.errors import DefinitionError, HeaderError, JupyterMageError
from jupyter_mage.model import Retry
from jupyter_mage.session import Session
from jupyter_mage.state import Run

EXECUTORS = ["inline", "threads", "processes"]


def statuses(run: Run) -> dict[str, str]:
    return {name: block.status for name, block in run.blocks.items()}


def counting(path: Path, fails: int, error: str = "ConnectionError('down')") -> str:
    """A body that fails so many times, then gives how often it ran."""
    return (
        f"from pathlib import Path\np = Path({str(path)!r})\nn = int(p.read_text() or 0) if p.exists() else 0\n"
        f"p.write_text(str(n + 1))\nif n < {fails}:\n    raise {error}\nn + 1"
    )


# ---- retries -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("executor", EXECUTORS)
def test_block_is_tried_again_as_often_as_it_says(session: Session, tmp_path: Path, executor: str) -> None:
    session.define("flaky --retries 3 --retry-delay 1ms", counting(tmp_path / "n", fails=3))
    said: list[events.Event] = []
    session.stream.subscribe(said.append)
    run = session.run(executor=executor)
    assert (statuses(run), session.value("flaky")) == ({"flaky": "succeeded"}, 4)
    tries = [(type(e).__name__, e.attempt) for e in said if isinstance(e, events.BlockStarted | events.BlockRetrying)]
    assert tries == [
        ("BlockStarted", 1), ("BlockRetrying", 1), ("BlockStarted", 2), ("BlockRetrying", 2),
        ("BlockStarted", 3), ("BlockRetrying", 3), ("BlockStarted", 4),
    ]  # fmt: skip


def test_block_that_goes_on_failing_fails_after_its_retries(session: Session, tmp_path: Path) -> None:
    session.define("flaky --retries 2 --retry-delay 1ms", counting(tmp_path / "n", fails=9))
    assert statuses(session.run(executor="inline")) == {"flaky": "failed"}
    assert (tmp_path / "n").read_text() == "3"


def test_only_the_named_exceptions_are_tried_again(session: Session, tmp_path: Path) -> None:
    session.define("flaky --retries 5 --retry-delay 1ms --retry-on TimeoutError", counting(tmp_path / "n", fails=9))
    session.run(executor="inline")
    assert (tmp_path / "n").read_text() == "1"


def test_crash_is_tried_again_too(session: Session, tmp_path: Path) -> None:
    body = f"import os\nfrom pathlib import Path\np = Path({str(tmp_path / 'n')!r})\nif not p.exists():\n    p.touch()\n    os._exit(9)\n7"
    session.define("crashes --retries 1 --retry-delay 1ms", body)
    assert statuses(session.run()) == {"crashes": "succeeded"}


def test_delays_double_up_to_a_bound_and_vary() -> None:
    retry = Retry(retries=9, delay=1.0, longest=5.0, jitter=0.5)
    assert [retry.wait(attempt, 0.5) for attempt in (1, 2, 3, 4)] == [1.0, 2.0, 4.0, 5.0]
    assert (retry.wait(1, 0.0), retry.wait(1, 1.0)) == (0.5, 1.5)


# ---- limits --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("executor", EXECUTORS)
def test_timeout_ends_the_block_and_nothing_else(session: Session, executor: str) -> None:
    session.define("slow() --timeout 200ms", "import time\ntime.sleep(60)")
    session.define("other()", "1")
    run = session.run(executor=executor)
    assert statuses(run) == {"slow": "failed", "other": "succeeded"}
    failure = run.blocks["slow"].failure
    assert failure is not None
    assert (failure.error, failure.message) == ("Timeout", "took longer than 200ms")


def test_timeout_ends_a_block_that_ignores_being_asked(session: Session) -> None:
    body = "import signal, time\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\ntime.sleep(600)"
    session.define("deaf() --timeout 100ms", body)
    failure = session.run().blocks["deaf"].failure
    assert failure is not None
    assert failure.error == "Timeout"


@pytest.mark.parametrize("executor", ["inline", "processes"])
def test_memory_is_bounded_and_the_next_block_is_not(session: Session, executor: str) -> None:
    session.define("greedy() --memory 200MB", "len(bytearray(800_000_000))")
    session.define("after() --after greedy", "1")
    session.define("free()", "len(bytearray(400_000_000))")
    run = session.run(executor=executor, workers=1)
    assert statuses(run) == {"greedy": "failed", "after": "skipped", "free": "succeeded"}
    failure = run.blocks["greedy"].failure
    assert failure is not None
    assert failure.error == "MemoryError"


def test_peak_memory_of_a_block_is_recorded(session: Session) -> None:
    session.define("small()", "1")
    session.define("large(small)", "len(bytearray(300_000_000))")
    run = session.run(workers=1)
    assert run.blocks["large"].peak_memory - run.blocks["small"].peak_memory > 200_000_000


def test_block_runs_where_it_says(session: Session) -> None:
    session.define("here() --executor inline", "import os\nos.getpid()")
    session.define("there() --executor processes", "import os\nos.getpid()")
    session.run(executor="processes")
    assert session.value("here") == os.getpid() != session.value("there")


def test_pool_lets_so_many_in_at_once(session: Session, tmp_path: Path) -> None:
    body = (
        "from pathlib import Path\nimport time\nfolder = Path({0!r})\nmine = folder / '{1}'\nmine.touch()\n"
        "seen = 0\nend = time.monotonic() + 0.15\nwhile time.monotonic() < end:\n    seen = max(seen, len(list(folder.iterdir())))\n"
        "mine.unlink()\nseen"
    )
    folder = tmp_path / "inside"
    folder.mkdir()
    for name in ("a", "b", "c", "d"):
        session.define(f"{name}() --pool db:2", body.format(str(folder), name))
    run = session.run(workers=4)
    assert run.status == "succeeded"
    assert max(session.value(name) for name in ("a", "b", "c", "d")) == 2


# ---- items ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("executor", EXECUTORS)
def test_mapped_block_runs_once_an_item_and_collects_in_order(session: Session, executor: str) -> None:
    session.define("parts", "[3, 1, 2]")
    session.define("twice(parts) --map parts", "parts * 2")
    session.define("total(twice)", "sum(twice)")
    run = session.run(executor=executor)
    assert (session.value("twice"), session.value("total")) == ([6, 2, 4], 12)
    assert sorted(run.blocks) == ["parts", "total", "twice", "twice[0]", "twice[1]", "twice[2]"]


def test_empty_input_gives_no_runs_and_an_empty_list(session: Session) -> None:
    session.define("parts", "[]")
    session.define("twice(parts) --map parts", "1 / 0")
    run = session.run(executor="inline")
    assert (sorted(run.blocks), session.value("twice")) == (["parts", "twice"], [])


def test_frames_are_split_by_row_and_come_back_as_one_frame(session: Session) -> None:
    session.define("rows", "import pandas as pd\npd.DataFrame({'a': [1, 2], 'b': ['x', 'y']}, index=[7, 8])")
    session.define("more(rows) --map rows", "rows.assign(c=rows.a + 1)")
    session.run(executor="inline")
    assert session.value("more").to_dict("list") == {"a": [1, 2], "b": ["x", "y"], "c": [2, 3]}
    assert list(session.value("more").index) == [7, 8]


def test_items_that_were_done_are_not_run_again(session: Session) -> None:
    session.define("parts", "[1, 2]")
    session.define("twice(parts) --map parts", "parts * 2")
    session.run(executor="inline")
    session.define("parts", "[2, 5]")
    run = session.run(executor="inline")
    assert (statuses(run)["twice[0]"], statuses(run)["twice[1]"]) == ("cached", "succeeded")
    session.define("parts", "[2, 5, 6]")
    run = session.run(executor="inline")
    assert [statuses(run)[f"twice[{i}]"] for i in range(3)] == ["cached", "cached", "succeeded"]


def test_failed_item_fails_its_block_and_the_others_go_on(session: Session) -> None:
    session.define("parts", "[1, 0, 2]")
    session.define("inverse(parts) --map parts", "1 / parts")
    session.define("below(inverse)", "inverse")
    run = session.run(executor="inline")
    assert statuses(run) == {
        "parts": "succeeded", "inverse": "failed", "below": "skipped",
        "inverse[0]": "succeeded", "inverse[1]": "failed", "inverse[2]": "succeeded",
    }  # fmt: skip
    failure = run.blocks["inverse"].failure
    assert failure is not None
    assert failure.message == "1 of 3 items failed: inverse[1]"


def test_value_without_items_says_what_to_return(session: Session) -> None:
    session.define("parts", "7")
    session.define("twice(parts) --map parts", "parts")
    failure = session.run(executor="inline").blocks["twice"].failure
    assert failure is not None
    assert failure.message == "--map parts: parts gave a int, which has no items"


def test_mapping_something_that_is_no_upstream_is_refused(session: Session) -> None:
    session.define("parts", "[1]")
    session.define("other", "[1]")
    session.define("twice(parts) --map other", "parts")
    with pytest.raises(DefinitionError, match="--map other: other is no upstream of twice"):
        session.run(executor="inline")


# ---- the cache -----------------------------------------------------------------------------------------------------------


def test_declared_file_is_an_ingredient(session: Session, tmp_path: Path) -> None:
    (tmp_path / "data.csv").write_text("1")
    session.define("read --file data.csv", "from pathlib import Path\nPath('data.csv').read_text()")
    session.run(executor="inline")
    assert statuses(session.run(executor="inline")) == {"read": "cached"}
    (tmp_path / "data.csv").write_text("22")
    assert session.plan()[0].reasons == ("file data.csv",)
    session.run(executor="inline")
    assert session.value("read") == "22"


def test_output_is_fresh_for_as_long_as_it_says(session: Session) -> None:
    session.define("always() --cache off", "1")
    session.define("daily() --cache 1d", "1")
    session.define("stale() --cache 1ms", "1")
    session.run(executor="inline")
    assert statuses(session.run(executor="inline")) == {"always": "succeeded", "daily": "cached", "stale": "succeeded"}


def test_run_from_a_block_runs_it_and_all_below(session: Session) -> None:
    for header in ("a", "b(a)", "c(b)"):
        session.define(header, "1")
    session.run(executor="inline")
    assert statuses(session.run(executor="inline", start="b")) == {"a": "cached", "b": "succeeded", "c": "succeeded"}


def test_sample_has_results_of_its_own_that_are_never_taken_for_whole_ones(session: Session) -> None:
    session.define("numbers", "list(range(100))")
    session.define("size(numbers)", "len(numbers)")
    run = session.run(executor="inline", sample=3)
    assert (run.sample, run.blocks["size"].sampled, run.blocks["size"].status) == (3, True, "succeeded")
    with pytest.raises(JupyterMageError, match="size has no output yet"):
        session.value("size")
    assert statuses(session.run(executor="inline")) == {"numbers": "succeeded", "size": "succeeded"}
    assert session.value("size") == 100
    assert statuses(session.run(executor="inline", sample=3)) == {"numbers": "cached", "size": "cached"}
    assert session.value("size") == 100


def test_cache_is_listed_cleared_and_kept_in_bounds(session: Session) -> None:
    session.define("a", "b'x' * 100_000")
    session.define("b(a)", "a + b'y'")
    session.define("c(b)", "len(b)")
    session.run(executor="inline")
    assert [each.block for each in session.cached_outputs()] == ["b", "a", "c"]
    assert session.clear_cache("b") == 1
    assert statuses(session.run(executor="inline")) == {"a": "cached", "b": "succeeded", "c": "cached"}
    found = session.collect(limit=150_000)
    assert (found.forgotten, found.kept <= 150_000) == (1, True)
    assert session.clear_cache() == 2
    assert statuses(session.run(executor="inline")) == {"a": "succeeded", "b": "succeeded", "c": "succeeded"}


# ---- resuming ------------------------------------------------------------------------------------------------------------


def test_resume_goes_on_in_the_same_run(session: Session) -> None:
    session.define("a", "1")
    session.define("b(a)", "1 / 0")
    session.define("c(b)", "b")
    failed = session.run(executor="inline")
    session.define("b(a)", "a + 1")
    resumed = session.resume()
    assert (resumed.id, resumed.status) == (failed.id, "succeeded")
    assert [event.name for event in session.history.events(failed.id) if event.name != "block_started"] == [
        "run_started", "block_succeeded", "block_failed", "block_skipped", "run_finished",
        "run_resumed", "block_succeeded", "block_succeeded", "run_finished",
    ]  # fmt: skip
    with pytest.raises(JupyterMageError, match="nothing is left to do"):
        session.resume(failed.id)


def test_resume_makes_again_and_records_what_was_lost(session: Session, tmp_path: Path) -> None:
    session.define("a", "list(range(30_000))")
    session.define("b(a)", "1 / 0")
    failed = session.run(executor="inline")
    session.close()
    for path in (tmp_path / ".jupyter_mage" / "store").glob("??/*"):
        path.unlink()
    fresh = Session(tmp_path, pipeline="demo")
    fresh.define("a", "list(range(30_000))")
    fresh.define("b(a)", "len(a)")
    assert statuses(fresh.resume(failed.id)) == statuses(fresh.past_run()) == {"a": "succeeded", "b": "succeeded"}
    fresh.close()


def test_run_that_lost_only_its_end_is_ended_by_resuming(session: Session) -> None:
    session.define("a", "1")
    whole = session.run(executor="inline")
    session.history(events.RunResumed(run=whole.id, pipeline="demo", blocks=("a",)))
    session.history(events.RunFinished(run=whole.id, status="interrupted"))
    resumed = session.resume(whole.id)
    assert (resumed.status, statuses(resumed)) == ("succeeded", {"a": "succeeded"})


def test_block_that_succeeded_is_not_run_again_in_its_run_whatever_changed(session: Session, tmp_path: Path) -> None:
    session.define("a", counting(tmp_path / "n", fails=0))
    session.define("b(a)", "1 / 0")
    failed = session.run(executor="inline")
    session.define("a", counting(tmp_path / "n", fails=0) + " + 100")
    session.define("b(a)", "a")
    session.resume(failed.id)
    assert ((tmp_path / "n").read_text(), session.value("b")) == ("1", 1)


def test_items_that_were_done_in_a_run_are_not_run_again_when_it_goes_on(session: Session, tmp_path: Path) -> None:
    log = tmp_path / "log"
    body = f"from pathlib import Path\np = Path({str(log)!r})\np.write_text((p.read_text() if p.exists() else '') + str(parts))\nif parts == 2 and not __import__('os').path.exists({str(tmp_path / 'ok')!r}):\n    1 / 0\nparts"
    session.define("parts", "[1, 2, 3]")
    session.define("m(parts) --map parts --cache off", body)
    failed = session.run(executor="inline")
    (tmp_path / "ok").touch()
    resumed = session.resume(failed.id)
    assert (resumed.status, log.read_text(), session.value("m")) == ("succeeded", "1232", [1, 2, 3])


def test_resume_has_the_variables_of_its_run(session: Session) -> None:
    session.define("a(*, n: int = 1)", "n")
    session.define("b(a)", "1 / 0")
    session.run(executor="inline", variables={"n": 7})
    session.define("b(a)", "a")
    session.resume()
    assert session.value("b") == 7


def test_cancelled_run_is_resumed(session: Session) -> None:
    session.define("a", "1")
    session.define("b(a)", "import time\ntime.sleep(600)")
    started = threading.Event()
    session.stream.subscribe(lambda e: started.set() if isinstance(e, events.BlockStarted) and e.block == "b" else None)
    threading.Thread(target=lambda: (started.wait(), session.cancel())).start()
    cancelled = session.run()
    assert statuses(cancelled) == {"a": "succeeded", "b": "cancelled"}
    session.define("b(a)", "a + 1")
    assert statuses(session.resume()) == {"a": "succeeded", "b": "succeeded"}


def test_run_of_another_process_is_cancelled_by_its_id(session: Session, tmp_path: Path) -> None:
    with pytest.raises(JupyterMageError, match="no run"):
        session.cancel_run("last")
    session.define("a", "1")
    run = session.run(executor="inline")
    with pytest.raises(JupyterMageError, match=f"run {run.id} is not running"):
        session.cancel_run(run.id)


def test_run_here_is_interrupted_by_its_id(session: Session) -> None:
    session.define("b", "import time\ntime.sleep(600)")
    started = threading.Event()
    session.stream.subscribe(lambda e: started.set() if isinstance(e, events.BlockStarted) else None)
    before = signal.getsignal(signal.SIGINT)
    other = Session(session.root, pipeline="demo")
    threading.Thread(target=lambda: (started.wait(), other.cancel_run("last"))).start()
    assert session.run().status == "cancelled"
    assert signal.getsignal(signal.SIGINT) is before
    other.close()


def test_two_runs_are_compared_by_code_parameters_rows_schema_and_values(session: Session) -> None:
    session.define("rows(*, n: int = 2)", "import pandas as pd\npd.DataFrame({'a': range(n)})")
    session.define("same(rows)", "1")
    session.run(executor="inline")
    session.define("rows(*, n: int = 2)", "import pandas as pd\npd.DataFrame({'a': range(n), 'b': 'x'})")
    session.run(executor="inline", variables={"n": 3})
    found = session.compare()
    assert found.reasons["rows"][0].startswith("code: 2 lines")
    assert found.reasons["rows"][1:] == ["parameter n 2 → 3"]
    text = report.to_text(report.diff_table(found.before, found.after, found.reasons), width=200)
    assert "rows +1; columns +b" in text
    assert "same output" in text


def test_interrupt_while_the_first_worker_starts_leaves_nothing_running(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    session.define("b", "import time\ntime.sleep(600)")
    start = threading.Thread.start

    def interrupted(thread: threading.Thread) -> None:
        start(thread)
        if thread.name == "jupyter_mage worker":
            monkeypatch.setattr(threading.Thread, "start", start)
            raise KeyboardInterrupt

    monkeypatch.setattr(threading.Thread, "start", interrupted)
    assert session.run().status == "cancelled"


# ---- words ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("a --retries many", "--retries many: a whole number"),
        ("a --timeout soon", "--timeout soon: a duration is a number and"),
        ("a --memory lots", "--memory lots: a size is a number and"),
        ("a --pool db:0", "--pool db:0: a pool is a name and a size"),
        ("a --cache maybe", "--cache maybe: a duration"),
    ],
)
def test_setting_that_does_not_read_says_what_was_expected(session: Session, header: str, words: str) -> None:
    with pytest.raises(HeaderError, match=words):
        session.define(header, "1")


def test_executor_that_is_not_there_is_answered_with_the_nearest(session: Session) -> None:
    with pytest.raises(JupyterMageError, match=r"no executor 'proceses'\. Did you mean 'processes'"):
        session.define("a --executor proceses", "1")


@pytest.mark.parametrize("seconds", [0.001, 0.25, 1.0, 90.0, 600.0, 86400.0])
def test_duration_is_written_as_it_is_read(seconds: float) -> None:
    assert units.seconds(units.seconds_text(seconds)) == pytest.approx(seconds)
