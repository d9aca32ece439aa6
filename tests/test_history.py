"""The history: what was told is kept, in order; opening it is the recovery; what is broken is moved aside, never lost."""

import json
import os
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import lives
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jupyter_mage import events as ev
from jupyter_mage.errors import StoreError, UnknownNameError
from jupyter_mage.files import FileLock
from jupyter_mage.model import Failure, Output
from jupyter_mage.sinks.history import History, Latest
from jupyter_mage.sinks.history.reading import Reader
from jupyter_mage.state import fold


@pytest.fixture
def root(tmp_path):
    return tmp_path / "state"


@pytest.fixture
def history(root):
    made = History(root)
    yield made
    made.close()


def output(text="1"):
    return Output(content=f"c{text}", codec="json", type="int", size=len(text), preview=text, data=text.encode())


def frame():
    return Output(content="cf", codec="frame", type="pandas.DataFrame", size=9**9, rows=3, columns=(("a", "int64"), ("b", "str")))


def success(run, block, key="k", value=None, **more):
    return ev.BlockSucceeded(run=run, block=block, key=key, output=value or output(), seconds=0.5, **more)


def whole_run(run="r1", pipeline="p"):
    """One of each kind of event."""
    failure = Failure(error="ValueError", message="no", line=2, inputs=(("a", "3 × 2"),))
    return [
        ev.RunStarted(run=run, pipeline=pipeline, blocks=("a", "b", "c", "d", "e"), variables={"n": 1}, origin={"face": "cli"}),
        ev.BlockStarted(run=run, block="a"),
        success(run, "a", f"{run}a", frame(), log="hello\n", tests=("t",), ingredients={"source": "x = 1"}),
        ev.BlockCached(run=run, block="b", key=f"{run}b", output=output("22")),
        ev.BlockStarted(run=run, block="c", attempt=2),
        ev.BlockFailed(run=run, block="c", failure=failure, seconds=0.1, log="\udc80"),
        ev.BlockSkipped(run=run, block="d", reason="c failed"),
        ev.BlockCancelled(run=run, block="e"),
        ev.RunFinished(run=run, status="failed", seconds=2.0),
    ]


def tell(history, events):
    for event in events:
        history(event)


# ---- what is kept ----------------------------------------------------------------------------------------------------


def test_every_event_comes_back_as_it_was_told(history, root):
    tell(history, whole_run())
    assert history.events("r1") == whole_run_with_times(history.events("r1"))
    assert History(root).events("r1") == history.events("r1")


def test_a_start_that_shares_its_row_with_its_success_is_told_as_it_was(history, root):
    started = [ev.BlockStarted(run="r1", block=each) for each in "abcd"]
    told = [
        ev.RunStarted(run="r1", pipeline="p", blocks=tuple("abcd")),
        *(started[0], success("r1", "a", "ka")),
        *(started[1], started[2], success("r1", "b", "kb"), success("r1", "c", "kc")),
        *(started[3], ev.BlockCached(run="r1", block="d", key="kd", output=output("4"))),
        *(ev.BlockStarted(run="r1", block="d", attempt=2), success("r1", "d", "kd")),
        ev.BlockStarted(run="r1", block="a"),
    ]
    tell(history, told)
    assert history.events("r1") == told
    with sqlite3.connect(f"file:{root}/history.db?mode=ro", uri=True) as connection:
        (rows,) = connection.execute("SELECT count(*) FROM events").fetchone()
    connection.close()
    assert rows == len(told) - 1
    numbered = Reader(root).events("r1")
    assert [each.name for _, each in numbered] == [each.name for each in told]
    for place, (number, _) in enumerate(numbered):
        assert Reader(root).events("r1", after=number) == numbered[place + 1 :]


def test_a_run_that_ends_while_somebody_looks_is_not_called_interrupted(history, root):
    """It says that it ended, then lets go of its lock: who looks in between must look again."""
    tell(history, whole_run()[:-1])
    history.flush()
    reader = Reader(root)
    locks = reader._runs

    class Between:
        def dead(self, run):
            tell(history, whole_run()[-1:])
            return locks.dead(run)

    reader._runs = Between()
    assert [(each.id, each.status) for each in reader.runs()] == [("r1", "failed")]


def whole_run_with_times(events):
    from dataclasses import replace

    return [replace(event, at=told.at) for event, told in zip(whole_run(), events, strict=True)]


def test_small_outputs_keep_their_bytes_and_large_ones_their_description(history):
    tell(history, whole_run())
    found = [(event.output, event.output.data) for event in history.events("r1") if hasattr(event, "output")]
    assert found == [(frame(), None), (output("22"), b"22")]
    assert history.output("cf") == frame()
    assert history.output("nothing") is None


def test_a_run_is_the_fold_of_its_events(history):
    told = whole_run()
    tell(history, told)
    assert history.run("r1") == fold(told)


def test_runs_are_listed_newest_first_with_their_counts(history):
    tell(history, whole_run("r1", "p"))
    tell(history, whole_run("r2", "q"))
    tell(history, whole_run("r3", "p"))
    found = [(run.id, run.status, run.blocks, run.succeeded, run.cached, run.failed) for run in history.runs()]
    assert found == [("r3", "failed", 5, 1, 1, 1), ("r2", "failed", 5, 1, 1, 1), ("r1", "failed", 5, 1, 1, 1)]
    assert [run.id for run in history.runs("p", limit=1)] == ["r3"]
    assert history.runs("p")[0].origin == {"face": "cli"}


def test_a_run_under_way_is_counted_too_and_each_block_once(history):
    tell(history, whole_run()[:-1])
    history(ev.BlockStarted(run="r1", block="c", attempt=3))
    history(success("r1", "c"))
    (found,) = history.runs()
    assert (found.status, found.succeeded, found.cached, found.failed) == ("running", 2, 1, 0)
    history(ev.RunFinished(run="r1", status="succeeded"))
    (found,) = history.runs()
    assert (found.status, found.succeeded, found.cached, found.failed) == ("succeeded", 2, 1, 0)


def test_outputs_are_found_by_key(history):
    tell(history, [success("r", "a", "ka", output("1")), success("r", "b", "kb", frame()), success("r", "c", "")])
    assert history.outputs(["ka", "kb", "", "other"]) == {"ka": output("1"), "kb": frame()}
    assert history.outputs(["ka"])["ka"].data == b"1"
    assert history.outputs([]) == {}


def test_outputs_of_very_many_keys_are_found(history):
    tell(history, [success("r", f"b{n}", f"k{n}") for n in range(300)])
    assert len(history.outputs([f"k{n}" for n in range(50_000)])) == 300


def test_the_newest_result_of_a_key_counts(history):
    tell(history, [success("r1", "a", "k", output("1")), success("r2", "a", "k", output("2"))])
    assert history.outputs(["k"]) == {"k": output("2")}


def test_latest_is_the_last_good_result_of_each_block(history):
    tell(history, whole_run())
    first = history.events("r1")[2]
    expected = Latest(key="r1a", output=frame(), ingredients={"source": "x = 1"}, seconds=0.5, run="r1", at=first.at)
    assert history.latest("p") == {"a": expected}
    assert history.latest("q") == {}


def test_a_cached_result_is_the_latest_again(history):
    tell(history, [ev.RunStarted(run="r1", pipeline="p", blocks=("a",)), success("r1", "a", "old", ingredients={"n": 1})])
    tell(history, [ev.RunStarted(run="r2", pipeline="p", blocks=("a",)), success("r2", "a", "new", ingredients={"n": 2})])
    tell(history, [ev.RunStarted(run="r3", pipeline="p", blocks=("a",))])
    history(ev.BlockCached(run="r3", block="a", key="old", output=output()))
    assert (history.latest("p")["a"].key, history.latest("p")["a"].ingredients) == ("old", {"n": 1})


def test_a_success_told_twice_is_kept_once(history):
    tell(history, [success("r", "a", "k1"), success("r", "a", "k2")])
    assert [event.key for event in history.events("r")] == ["k1"]


def test_a_success_after_another_start_is_kept_too(history):
    """A run is resumed whose output is gone: the block runs again, and what it gives counts."""
    begun, stopped = ev.RunStarted(run="r", pipeline="p", blocks=("a",)), ev.RunFinished(run="r", status="failed", seconds=1.0)
    first = [begun, ev.BlockStarted(run="r", block="a"), success("r", "a", "k"), stopped]
    again = [ev.RunResumed(run="r", pipeline="p", blocks=("a",)), ev.BlockStarted(run="r", block="a"), success("r", "a", "k")]
    tell(history, first)
    history.forget(["k"])
    tell(history, [*again, success("r", "a", "told twice"), ev.RunFinished(run="r", status="succeeded", seconds=1.0)])
    assert [event.name for event in history.events("r")][4:] == [
        "run_resumed",
        "block_started",
        "block_succeeded",
        "run_finished",
    ]
    assert (history.run("r").blocks["a"].status, history.outputs(["k"])) == ("succeeded", {"k": output()})


def test_contents_are_the_outputs_that_a_key_gives(history):
    tell(history, [*whole_run()[:-1], ev.RunFinished(run="r1", status="succeeded")])
    assert history.contents() == {"cf"}
    assert history.forget([each.key for each in history.kept()]) == 1
    assert history.contents() == set()


def test_outputs_of_a_run_that_may_go_on_are_kept_without_a_key(history):
    tell(history, whole_run()[:4])
    assert history.contents() == {"cf", "c22"}
    tell(history, whole_run()[4:])
    assert history.contents() == {"cf", "c22"}


TEXTS = ["'; drop table runs; --", "select", "é\n\x00", "\udc80", "%_"]


@pytest.mark.parametrize("text", TEXTS, ids=ascii)
def test_no_text_is_ever_read_as_sql(history, text):
    tell(history, [ev.RunStarted(run="r", pipeline="p", blocks=(), variables={text: text}, selection=repr(text))])
    tell(history, [ev.BlockSkipped(run="r", block="a", reason=text)])
    started, skipped = history.events("r")
    assert (started.variables, skipped.reason) == ({text: text}, text)
    assert history.outputs([repr(text)]) == {}
    assert history.latest(repr(text)) == {}


class _Hostile:
    def __repr__(self):
        raise ValueError("no repr")


@pytest.mark.parametrize("value", [_Hostile(), {1: 2}, {(1, 2): [object()]}, {1, 2}], ids=lambda value: type(value).__name__)
def test_a_variable_of_any_sort_stops_nothing(history, value):
    tell(history, [ev.RunStarted(run="r", pipeline="p", blocks=(), variables={"v": value})])
    assert len(history.events("r")) == 1


# ---- which run -------------------------------------------------------------------------------------------------------


@pytest.fixture
def three(history):
    tell(history, [ev.RunStarted(run=run, pipeline="p", blocks=()) for run in ("2026-a1", "2026-b2", "2027-c3")])
    return history


@pytest.mark.parametrize(
    ("text", "run"),
    [("last", "2027-c3"), ("-1", "2027-c3"), ("-3", "2026-a1"), ("2026-b2", "2026-b2"), ("2027", "2027-c3"), ("a1", "2026-a1")],
)
def test_a_run_is_found_by(three, text, run):
    assert three.resolve_run(text) == run


def test_a_run_that_is_not_there_is_answered_with_what_is(three):
    with pytest.raises(UnknownNameError, match="2026-b2"):
        three.resolve_run("2026-b3")
    with pytest.raises(StoreError, match="any of 2 runs"):
        three.resolve_run("2026")
    with pytest.raises(StoreError, match="only 3 runs"):
        three.resolve_run("-4")


def test_an_empty_history_says_so(history):
    with pytest.raises(UnknownNameError, match="none yet"):
        history.resolve_run("last")
    assert (history.runs(), history.events("r"), history.run("r").status) == ([], [], "queued")


# ---- durability and order --------------------------------------------------------------------------------------------


def test_many_threads_keep_the_order_of_each_run(history):
    def run(name):
        tell(history, [ev.BlockSkipped(run=name, block="a", reason=str(n)) for n in range(300)])

    threads = [threading.Thread(target=run, args=(f"r{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for n in range(4):
        assert [event.reason for event in history.events(f"r{n}")] == list(map(str, range(300)))


def test_flush_returns_when_another_process_can_see_it(history, root):
    history(success("r", "a"))
    history.flush()
    with sqlite3.connect(f"file:{root}/history.db?mode=ro", uri=True) as connection:
        assert connection.execute("SELECT kind FROM events").fetchall() == [("block_succeeded",)]
    connection.close()


@pytest.mark.parametrize(("durability", "mode"), [("process", 1), ("power", 2)])
def test_the_mode_decides_when_the_disk_is_waited_for(root, durability, mode):
    history = History(root, durability=durability)
    history(ev.RunStarted(run="r", pipeline="p", blocks=()))
    assert history._writer._connection.execute("PRAGMA synchronous").fetchone() == (mode,)
    assert history._writer._connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    history.close()


def test_an_unknown_mode_is_refused(root):
    with pytest.raises(UnknownNameError, match="'power'"):
        History(root, durability="powr")


def test_what_was_told_last_is_written_at_exit(root):
    script = f"""
from pathlib import Path
from jupyter_mage import events as ev
from jupyter_mage.sinks.history import History
history = History(Path({str(root)!r}))
history(ev.BlockSkipped(run="r", block="a", reason="last words"))
"""
    subprocess.run([sys.executable, "-c", script], check=True)
    history = History(root)
    assert history.events("r")[0].reason == "last words"
    history.close()


def test_a_closed_history_refuses_events_and_can_be_closed_again(history):
    history.close()
    history.close()
    with pytest.raises(StoreError, match="closed"):
        history(success("r", "a"))


def test_two_processes_write_at_once_and_nothing_is_lost(root):
    script = """
import sys
from pathlib import Path
from jupyter_mage import events as ev
from jupyter_mage.sinks.history import History
history = History(Path(sys.argv[1]))
history(ev.RunStarted(run=sys.argv[2], pipeline="p", blocks=()))
for number in range(300):
    history(ev.BlockSkipped(run=sys.argv[2], block="a", reason=str(number)))
    if number % 10 == 0:
        history.flush()
history(ev.RunFinished(run=sys.argv[2], status="succeeded"))
history.close()
"""
    workers = [subprocess.Popen([sys.executable, "-c", script, root, f"r{n}"]) for n in range(3)]
    assert [worker.wait() for worker in workers] == [0, 0, 0]
    history = History(root)
    for n in range(3):
        assert [event.reason for event in history.events(f"r{n}")[1:-1]] == list(map(str, range(300)))
    assert {run.status for run in history.runs()} == {"succeeded"}
    history.close()


def test_a_writer_waits_for_the_lock_of_another_process(history, root):
    lock = FileLock(root / "history.lock")
    lock.acquire()
    history(success("r", "a"))
    thread = threading.Thread(target=history.flush)
    thread.start()
    with sqlite3.connect(f"file:{root}/history.db?mode=ro", uri=True) as connection:
        assert connection.execute("SELECT count(*) FROM events").fetchone() == (0,)
    connection.close()
    lock.release()
    thread.join()
    assert len(history.events("r")) == 1
    lock.close()


# ---- recovery --------------------------------------------------------------------------------------------------------


def died(root, run="r1"):
    """A process begins a run and is killed."""
    script = f"""
import os
from pathlib import Path
from jupyter_mage import events as ev
from jupyter_mage.sinks.history import History
history = History(Path({str(root)!r}))
history(ev.RunStarted(run={run!r}, pipeline="p", blocks=("a", "b")))
history(ev.BlockStarted(run={run!r}, block="a"))
history.flush()
os.kill(os.getpid(), 9)
"""
    assert subprocess.run([sys.executable, "-c", script]).returncode == -9


def test_a_run_whose_process_died_is_found_interrupted(root):
    died(root)
    history = History(root)
    run = history.run("r1")
    assert (run.status, run.blocks["a"].status, run.blocks["b"].status) == ("interrupted", "interrupted", "interrupted")
    assert [(found.id, found.status) for found in history.runs()] == [("r1", "interrupted")]
    assert list((root / "locks").iterdir()) == []
    history.close()


def test_a_process_that_dies_is_noticed_by_one_that_lives(history, root):
    died(root)
    assert [(run.id, run.status) for run in history.runs()] == [("r1", "interrupted")]


@pytest.mark.parametrize("run", ["r1", "t:daily:2026-01-01T00:00:00Z", "../../etc/passwd", "x" * 300])
def test_a_run_that_lives_is_left_alone(history, root, run):
    history(ev.RunStarted(run=run, pipeline="p", blocks=()))
    other = History(root)
    assert other.recover() == []
    assert other.runs()[0].status == "running"
    other.close()


def test_a_run_that_another_process_runs_cannot_be_begun(history, root):
    history(ev.RunStarted(run="r1", pipeline="p", blocks=()))
    other = History(root)
    with pytest.raises(StoreError, match=f"'r1' is active in process {os.getpid()}"):
        other(ev.RunStarted(run="r1", pipeline="p", blocks=()))
    other.close()
    assert [event.name for event in history.events("r1")] == ["run_started"]


def test_an_interrupted_run_goes_on_under_its_own_name(root):
    died(root)
    history = History(root)
    tell(history, [ev.RunStarted(run="r1", pipeline="p", blocks=("a", "b")), success("r1", "a"), success("r1", "b")])
    history(ev.RunFinished(run="r1", status="succeeded"))
    assert [run.status for run in history.runs()] == ["succeeded"]
    assert history.run("r1").status == "succeeded"
    history.close()


def test_closing_in_the_middle_of_a_run_is_found_as_an_interruption(history, root):
    history(ev.RunStarted(run="r1", pipeline="p", blocks=()))
    history.close()
    again = History(root)
    assert again.run("r1").status == "interrupted"
    again.close()


def test_a_fork_can_neither_use_nor_harm_it(history, root):
    history(ev.RunStarted(run="r1", pipeline="p", blocks=()))
    child = os.fork()
    if not child:
        code = 1
        try:
            history(success("r1", "a"))
        except StoreError:
            own = History(root)
            own(ev.BlockSkipped(run="child", block="a", reason="mine"))
            own.close()
            code = 0
        finally:
            os._exit(code)
    assert os.waitpid(child, 0)[1] == 0
    history(success("r1", "b"))
    assert [event.block for event in history.events("r1")[1:]] == ["b"]
    assert history.events("child")[0].reason == "mine"
    assert history.recover() == ["child"]


def test_a_fork_can_open_one_while_threads_read_another(history, tmp_path):
    """SQLite's own locks would be taken in the child by threads that it does not have."""
    tell(history, whole_run())
    enough = threading.Event()

    def look():
        while not enough.is_set():
            assert history.run("r1").status == "failed"

    def life():
        own = History(tmp_path / "own")
        tell(own, whole_run())
        own.close()

    readers = [threading.Thread(target=look) for _ in range(3)]
    for each in readers:
        each.start()
    try:
        assert [lives.end(lives.child(life), 20) for _ in range(20)] == [0] * 20
    finally:
        enough.set()
        for each in readers:
            each.join()


def test_a_fork_does_not_keep_a_dead_run_alive(root):
    script = f"""
import os, sys
from pathlib import Path
from jupyter_mage import events as ev
from jupyter_mage.sinks.history import History
history = History(Path({str(root)!r}))
history(ev.RunStarted(run="r1", pipeline="p", blocks=()))
ready, say = os.pipe()
if not os.fork():
    os.close(1)
    os.write(say, b"x")
    sys.stdin.read()
    os._exit(0)
os.read(ready, 1)
print("forked", flush=True)
os.kill(os.getpid(), 9)
"""
    with subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout.read() == b"forked\n"
        process.wait()
        history = History(root)
        assert history.run("r1").status == "interrupted"
        history.close()


# ---- the file --------------------------------------------------------------------------------------------------------


def test_the_state_folder_is_private_and_git_does_not_see_it(history, root):
    tell(history, whole_run())
    modes = {path.name: oct(path.stat().st_mode & 0o777) for path in [root, *root.iterdir()] if path.name != ".gitignore"}
    assert modes.pop("locks") == "0o700"
    assert modes.pop("state") == "0o700"
    assert set(modes.values()) == {"0o600"}
    assert (root / ".gitignore").read_text() == "*\n"


def test_a_newer_history_is_refused_and_left_alone(history, root):
    tell(history, whole_run())
    history.close()
    with sqlite3.connect(root / "history.db") as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(StoreError, match="newer version"):
        History(root)
    assert [path.name for path in root.glob("*corrupt*")] == []


@pytest.mark.parametrize("version", [1, 2])
def test_a_history_of_an_earlier_version_is_taken_over_whole(history, root, version):
    for event in whole_run():
        tell(history, [event])
        history.flush()  # what is written at once may share a row
    told = history.events("r1")
    assert told == whole_run_with_times(told)
    history.close()
    with sqlite3.connect(root / "history.db") as connection:
        connection.execute("ALTER TABLE events DROP COLUMN started")
        if version == 1:
            connection.execute("CREATE UNIQUE INDEX events_success ON events (run, block) WHERE kind = 'block_succeeded'")
        connection.execute(f"PRAGMA user_version = {version}")
    connection.close()
    assert [(each.name, each.at) for _, each in Reader(root).events("r1")] == [(each.name, each.at) for each in told]
    for _ in range(2):
        opened = History(root)
        assert (opened.notices, opened.events("r1")) == ([], told)
        tell(opened, [ev.BlockStarted(run="r1", block="a"), success("r1", "a", "other")])
        told = opened.events("r1")
        assert told[-1].key == "other"
        opened.close()


def broken_files(tmp_path):
    """A history of three runs, whole: its bytes."""
    root = tmp_path / "whole"
    history = History(root)
    for n in range(3):
        tell(history, whole_run(f"r{n}"))
    history.close()
    return (root / "history.db").read_bytes()


def opens(root, content):
    """Opens what these bytes are, tells a run, and gives what is then there."""
    root.mkdir()
    (root / "history.db").write_bytes(content)
    history = History(root)
    try:
        tell(history, whole_run("new"))
        assert len(history.events("new")) == len(whole_run())
        return {run.id for run in history.runs()}, [path.name for path in root.glob("history.db.corrupt-*")], history.notices
    finally:
        history.close()


@pytest.mark.parametrize("content", [b"", b"not a database " * 1000, bytes(10_000)], ids=["empty", "text", "zeros"])
def test_what_is_no_database_is_moved_aside(tmp_path, content):
    runs, aside, notices = opens(tmp_path / "state", content)
    assert runs == {"new"}
    assert (len(aside), len(notices)) == ((1, 1) if content else (0, 0))


def test_the_database_of_another_program_is_not_written_to(tmp_path):
    with sqlite3.connect(tmp_path / "other.db") as connection:
        connection.execute("CREATE TABLE runs (x)")
    connection.close()
    content = (tmp_path / "other.db").read_bytes()
    _, (aside,), (notice,) = opens(tmp_path / "state", content)
    assert (tmp_path / "state" / aside).read_bytes() == content
    assert "another program's" in notice


def test_a_history_cut_anywhere_opens_or_is_moved_aside(tmp_path):
    content = broken_files(tmp_path)
    for size in range(0, len(content), 512 * 7):
        runs, aside, notices = opens(tmp_path / f"cut{size}", content[:size])
        assert "new" in runs
        assert len(aside) == len(notices) == (1 if size else 0)


@pytest.mark.slow
def test_a_history_cut_at_every_512_bytes_opens_or_is_moved_aside(tmp_path):
    content = broken_files(tmp_path)
    for size in range(512, len(content), 512):
        runs, aside, _ = opens(tmp_path / f"cut{size}", content[:size])
        assert ("new" in runs, len(aside)) == (True, 1)


def test_a_history_with_junk_on_any_page_opens_or_is_moved_aside(tmp_path):
    content = broken_files(tmp_path)
    for page in range(0, len(content), 4096):
        broken = content[:page] + b"\xa5" * 4096 + content[page + 4096 :]
        runs, _, _ = opens(tmp_path / f"page{page}", broken)
        assert "new" in runs


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_history_with_any_byte_changed_opens_or_is_moved_aside(tmp_path_factory, data):
    tmp_path = tmp_path_factory.mktemp("bytes")
    content = bytearray(broken_files(tmp_path))
    for place in data.draw(st.lists(st.integers(0, len(content) - 1), min_size=1, max_size=50)):
        content[place] ^= data.draw(st.integers(1, 255))
    try:
        runs, _, _ = opens(tmp_path / "state", bytes(content))
    except StoreError as error:  # a byte of the version number, say, or of a row that only reading finds wrong
        assert error.hint
    else:
        assert "new" in runs


@pytest.mark.parametrize("suffix", ["-wal", "-shm"])
def test_a_history_opens_without_its_side_files(root, suffix):
    died(root)
    Path(f"{root}/history.db{suffix}").unlink()
    history = History(root)
    tell(history, whole_run("new"))
    assert "new" in {run.id for run in history.runs()}
    history.close()


# ---- faults ----------------------------------------------------------------------------------------------------------


def test_a_full_disk_stops_the_run_and_resumes_when_there_is_room(root):
    script = f"""
import resource, signal
from pathlib import Path
from jupyter_mage import events as ev
from jupyter_mage.errors import StoreError
from jupyter_mage.sinks.history import History
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
history = History(Path({str(root)!r}))
history(ev.RunStarted(run="r1", pipeline="p", blocks=("a",)))
soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, hard))
told = 0
try:
    for told in range(10_000):
        history(ev.BlockSkipped(run="r1", block="a", reason="x" * 10_000))
        history.flush()
except StoreError as error:
    print(error.message)
resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
history.flush()
history(ev.RunFinished(run="r1", status="failed"))
print(len(history.events("r1")) - 3 - told)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    message, missing = done.stdout.strip().splitlines()
    assert "could not be written" in message
    assert missing == "0"


@pytest.fixture
def read_only(tmp_path):
    """A folder that is mounted read-only."""
    folder = tmp_path / "frozen"
    folder.mkdir()

    def freeze():
        if subprocess.run(["mount", "--bind", folder, folder], capture_output=True).returncode:
            pytest.skip("needs to be allowed to mount")
        subprocess.run(["mount", "-o", "remount,ro,bind", folder], check=True)
        return folder

    yield folder, freeze
    subprocess.run(["umount", folder], capture_output=True)


def test_a_read_only_project_can_be_looked_at_and_says_why_not_more(read_only):
    folder, freeze = read_only
    freeze()
    history = History(folder / "state")
    assert (history.runs(), history.latest("p"), history.outputs(["k"])) == ([], {}, {})
    with pytest.raises(StoreError, match="Read-only"):
        history(success("r", "a"))
    history.close()


def test_a_read_only_history_can_be_read(read_only):
    folder, freeze = read_only
    history = History(folder / "state")
    tell(history, whole_run())
    history.close()
    freeze()
    history = History(folder / "state")
    assert [run.id for run in history.runs()] == ["r1"]
    with pytest.raises(StoreError, match=r"(?i)read-only"):
        history(success("r", "a"))
    history.close()


def test_the_database_file_is_only_ever_opened_by_sqlite():
    import jupyter_mage

    package = Path(jupyter_mage.__file__).parent
    found = [
        f"{path.name}: {line.strip()}"
        for path in package.rglob("*.py")
        for line in path.read_text().splitlines()
        if "history.db" in line and "open(" in line
    ]
    assert found == []


def test_events_are_json_that_anyone_can_read(history, root):
    tell(history, whole_run())
    history.flush()
    with sqlite3.connect(f"file:{root}/history.db?mode=ro", uri=True) as connection:
        bodies = [json.loads(body) for (body,) in connection.execute("SELECT body FROM events ORDER BY id")]
    connection.close()
    assert bodies[1] == {
        "log": "hello\n",
        "tests": ["t"],
        "ingredients": {"source": "x = 1"},
    }  # what there is none of is left out
