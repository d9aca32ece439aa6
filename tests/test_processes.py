"""Blocks in worker processes: whatever a block does to its process, it fails alone, with the reason; all else goes on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from jupyter_mage import events, printing
from jupyter_mage.executors.processes import CrashedError, ProcessExecutor
from jupyter_mage.session import Session
from jupyter_mage.state import Run

SECONDS = 10.0
"""How long a condition is waited for before the test fails; nothing here needs a tenth of it."""


def until(condition: Callable[[], object]) -> None:
    """Wait for a condition, and fail where it does not come true."""
    end = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < end, "the condition did not come true"
        time.sleep(0.01)


def alive(pid: int) -> bool:
    """Whether the process runs; one that only waits to be collected does not."""
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False


def run(session: Session, **blocks: str) -> Run:
    """Define these blocks and run all, two at a time."""
    for name, body in blocks.items():
        session.define(name, body)
    return session.run(workers=2)


def failure(run: Run, name: str) -> str:
    found = run.blocks[name].failure
    assert found is not None, f"{name} is {run.blocks[name].status}"
    return f"{found.error}: {found.message}"


def statuses(run: Run) -> dict[str, str]:
    return {name: block.status for name, block in run.blocks.items()}


# ---- a block that ends its process


ENDINGS = {
    "exits": ("import os\nos._exit(3)", "exit code 3"),
    "segfaults": ("import ctypes\nctypes.string_at(0)", "SIGSEGV"),
    "is_killed": ("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)", "SIGKILL (out of memory?)"),
    "aborts": ("import os\nos.abort()", "SIGABRT"),
}


def test_process_that_ends_fails_its_block_alone(session: Session) -> None:
    bodies = {name: body for name, (body, _) in ENDINGS.items()}
    after = {f"after_{name}": "'fine'" for name in ENDINGS}
    result = run(session, **{name: body for pair in zip(bodies.items(), after.items(), strict=True) for name, body in pair})
    assert statuses(result) == {**dict.fromkeys(bodies, "failed"), **dict.fromkeys(after, "succeeded")}
    for name, (_, words) in ENDINGS.items():
        assert failure(result, name).startswith("CrashedError") and words in failure(result, name)


def test_crashed_block_stops_only_what_is_below_it(session: Session) -> None:
    session.define("below(exits)", "exits")
    result = run(session, exits="import os\nos._exit(3)", beside="1")
    assert statuses(result) == {"exits": "failed", "beside": "succeeded", "below": "skipped"}


def test_crashed_block_keeps_what_it_printed(session: Session) -> None:
    result = run(session, exits="print('just before')\nimport os\nos._exit(3)")
    assert "just before" in result.blocks["exits"].log


def test_sys_exit_fails_the_block_at_its_line(session: Session) -> None:
    result = run(session, exits="import sys\nsys.exit(2)")
    found = result.blocks["exits"].failure
    assert found is not None and (found.error, found.message, found.line) == ("SystemExit", "2", 3)


RAISED = {
    "base": ("class Own(BaseException): pass\nraise Own('told')", "Own: told", 3),
    "interrupt": ("raise KeyboardInterrupt", "KeyboardInterrupt", 2),
    "generator_exit": ("raise GeneratorExit", "GeneratorExit", 2),
    "recursion": ("def f(): return f()\nf()", "RecursionError", 2),
    "unsayable": ("class Own(Exception):\n    def __str__(self): raise ValueError\nraise Own", "Own: ", 4),
    "unpicklable": ("import threading\ne = ValueError('told')\ne.lock = threading.Lock()\nraise e", "ValueError: told", 5),
    "group": ("raise ExceptionGroup('told', [ValueError(1), TypeError(2)])", "ExceptionGroup: told", 2),
    "surrogates": ("raise ValueError('\\ud800')", "ValueError: ", 2),
    "asks": ("input('name?')", "EOFError", 2),
}  # fmt: skip


def test_block_may_raise_anything(session: Session) -> None:
    result = run(session, **{name: body for name, (body, _, _) in RAISED.items()}, fine="1")
    assert statuses(result) == {**dict.fromkeys(RAISED, "failed"), "fine": "succeeded"}
    for name, (_, words, line) in RAISED.items():
        found = result.blocks[name].failure
        assert found is not None and failure(result, name).startswith(words) and found.line == line, name


# ---- what it prints


PRINTED = {
    "prints": ("print('printed')", "printed\n"),
    "to_stderr": ("import sys\nprint('printed', file=sys.stderr)", "printed\n"),
    "by_child": ("import subprocess\nsubprocess.run(['echo', 'printed'])", "printed\n"),
    "by_descriptor": ("import os\nos.write(1, b'printed\\n')", "printed\n"),
    "by_thread": ("import threading\nt = threading.Thread(target=print, args=('printed',))\nt.start()\nt.join()", "printed\n"),
    "unencodable": ("print('\\ud800')", "?\n"),
}  # fmt: skip


def test_printed_text_is_kept_however_it_was_printed(session: Session) -> None:
    result = run(session, **{name: f"{body}\n1" for name, (body, _) in PRINTED.items()}, silent="1")
    assert {name: printing.plain(block.log) for name, block in result.blocks.items()} == {
        **{name: words for name, (_, words) in PRINTED.items()},
        "silent": "",
    }


def test_huge_print_keeps_its_start_and_end(session: Session) -> None:
    result = run(session, talks="print('first')\nprint('x' * 5_000_000)\nprint('last')\n1")
    log = result.blocks["talks"].log
    assert log.startswith("first\nxxx") and log.endswith("xxx\nlast\n") and "cut" in log and len(log) < 600_000


def test_worker_never_prints_on_our_own_stdout(session: Session, capfd: pytest.CaptureFixture[str]) -> None:
    run(session, prints="import subprocess\nprint('printed')\nsubprocess.run(['echo', 'printed'])\n1")
    assert capfd.readouterr() == ("", "")


# ---- what it does to its surroundings


DAMAGES = {
    "descriptors": "import os\nos.close(1)\nos.close(2)\n1",
    "all_descriptors": "import os\nos.closerange(0, 64)\n1",
    "stdout": "import io, sys\nsys.stdout = sys.stderr = io.StringIO()\n1",
    "no_stdout": "import sys\nsys.stdout = sys.stderr = None\n1",
    "folder": "import os\nos.chdir('/')\n1",
    "environment": "import os\nos.environ.clear()\n1",
    "path": "import sys\nsys.path.clear()\n1",
    "signals": "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n1",
}


LOOKS = "import os, beside\nprint('seen')\n[os.getcwd(), os.environ.get('OF_MINE'), beside.VALUE]"


@pytest.mark.parametrize("damage", DAMAGES)
def test_next_block_finds_its_surroundings_as_they_were(session: Session, damage: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OF_MINE", "here")
    monkeypatch.syspath_prepend(str(session.root))
    (session.root / "beside.py").write_text("VALUE = 7\n")
    session.define("damages", DAMAGES[damage])
    session.define("looks", LOOKS)
    session.run("damages", workers=1)
    looks = session.run("looks", workers=1).blocks["looks"]
    assert (looks.status, looks.log) == ("succeeded", "seen\n")
    assert session.value("looks") == [str(session.root), "here", 7]


def test_forked_child_that_returns_is_not_heard(session: Session) -> None:
    result = run(session, forks="import os\npid = os.fork()\n'parent' if pid else 'child'")
    assert session.value("forks") == "parent" and result.status == "succeeded"
    for name in ("one", "two", "three"):
        session.define(name, f"'{name}'")
    session.run(workers=2)
    assert [session.value(name) for name in ("one", "two", "three")] == ["one", "two", "three"]


def test_child_process_that_lives_on_does_not_hold_the_run(session: Session) -> None:
    result = run(session, starts="import subprocess\nsubprocess.Popen(['sleep', '600']).pid")
    assert result.status == "succeeded"
    pid = session.value("starts")
    session.close()
    until(lambda: not alive(pid))


def test_block_may_start_processes_of_its_own(session: Session) -> None:
    body = "import math\nfrom concurrent.futures import ProcessPoolExecutor\nwith ProcessPoolExecutor(1) as pool:\n"
    result = run(session, roots=f"{body}    found = list(pool.map(math.sqrt, [4, 9]))\nfound")
    assert result.blocks["roots"].failure is None and session.value("roots") == [2.0, 3.0]


def test_worker_has_the_environment_and_folder_of_now(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    session.define("looks", "import os\n[os.environ.get('OF_MINE'), os.getcwd()]")
    monkeypatch.setenv("OF_MINE", "first")
    session.run(force=True)
    first = session.value("looks")
    (session.root / "below").mkdir()
    monkeypatch.chdir(session.root / "below")
    monkeypatch.setenv("OF_MINE", "second")
    session.run(force=True)
    assert [first, session.value("looks")] == [["first", str(session.root)], ["second", str(session.root / "below")]]


def test_blocks_do_not_see_each_others_names(session: Session) -> None:
    session.define("sets", "global left\nleft = 1\nleft")
    session.define("looks", "'left' in globals()")
    session.run(workers=1)
    assert session.value("looks") is False


def test_output_that_cannot_be_kept_says_so(session: Session) -> None:
    result = run(session, locks="import threading\nthreading.Lock()", generates="(x for x in 'ab')", fine="1")
    assert statuses(result) == {"locks": "failed", "generates": "failed", "fine": "succeeded"}
    assert "cannot be kept as an output" in failure(result, "locks") and "list(...)" in failure(result, "generates")


# ---- stopping


STUBBORN = """\
import os, signal, subprocess, time
from pathlib import Path
for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, signal.SIG_IGN)
child = subprocess.Popen(["sleep", "600"])
Path("pids.part").write_text(f"{os.getpid()} {child.pid}")
Path("pids.part").rename("pids")
while True:
    time.sleep(600)
"""


def test_cancel_ends_a_block_that_will_not_stop(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jupyter_mage.executors.processes.GRACE", 0.2)
    session.define("hangs", STUBBORN)
    session.define("waits(hangs)", "1")
    session.define("before", "1")
    pids = session.root / "pids"

    def stop() -> None:
        until(pids.exists)
        session.cancel()

    thread = threading.Thread(target=stop)
    thread.start()
    result = session.run(workers=2)
    thread.join()
    assert not any(alive(int(pid)) for pid in pids.read_text().split())
    assert (result.status, statuses(result)) == (
        "cancelled", {"hangs": "cancelled", "before": "succeeded", "waits": "cancelled"},
    )  # fmt: skip
    session.define("hangs", "'well'")
    assert session.run(workers=2).status == "succeeded"


SLEEPS = """\
import time
from pathlib import Path
try:
    Path("started").touch()
    time.sleep(600)
finally:
    Path("cleaned").touch()
"""


def test_cancelled_block_may_clean_up(session: Session) -> None:
    session.define("sleeps", SLEEPS)
    thread = threading.Thread(target=lambda: (until((session.root / "started").exists), session.cancel()))
    thread.start()
    result = session.run()
    thread.join()
    assert result.status == "cancelled" and (session.root / "cleaned").exists()


def test_halt_takes_less_than_its_three_graces(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("jupyter_mage.executors.processes.GRACE", 0.2)
    pool = ProcessExecutor(2)
    hanging = [pool.submit(time.sleep, 600) for _ in range(2)]
    waiting = pool.submit(time.sleep, 600)
    until(lambda: all(future.running() for future in hanging))
    pool.halt()
    assert waiting.cancelled()
    for future in hanging:
        assert future.exception(timeout=SECONDS) is not None
    assert pool.submit(max, 1, 2).result(timeout=SECONDS) == 2
    pool.shutdown()


SCRIPT = """\
from pathlib import Path
from jupyter_mage.session import Session
with open("starts", "a") as file:
    file.write("started ")
session = Session(Path("."), pipeline="demo")
session.define("hangs", Path("hangs.txt").read_text())
session.run()
"""


def test_worker_ends_when_its_owner_is_killed(tmp_path: Path) -> None:
    (tmp_path / "hangs.txt").write_text(STUBBORN)
    (tmp_path / "script.py").write_text(SCRIPT)
    owner = subprocess.Popen([sys.executable, "script.py"], cwd=tmp_path)
    until((tmp_path / "pids").exists)
    pids = [int(pid) for pid in (tmp_path / "pids").read_text().split()]
    assert all(alive(pid) for pid in pids)
    os.kill(owner.pid, signal.SIGKILL)
    owner.wait(SECONDS)
    until(lambda: not any(alive(pid) for pid in pids))
    assert (tmp_path / "starts").read_text() == "started "
    session = Session(tmp_path, pipeline="demo")
    assert session.past_run("last").status == "interrupted"
    session.close()


def test_folder_that_a_killed_owner_left_goes_with_the_next_start(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(SCRIPT)
    temporary = Path(tempfile.mkdtemp())  # the path of a socket has to be short
    environ = {**os.environ, "TMPDIR": str(temporary)}

    def lies_about() -> list[str]:
        return [path.name for path in temporary.iterdir()]

    (tmp_path / "hangs.txt").write_text(STUBBORN)
    owner = subprocess.Popen([sys.executable, "script.py"], cwd=tmp_path, env=environ)
    until((tmp_path / "pids").exists)
    (held,) = lies_about()
    (tmp_path / "hangs.txt").write_text("1")
    subprocess.run([sys.executable, "script.py"], cwd=tmp_path, env=environ, check=True)
    assert lies_about() == [held]
    os.kill(owner.pid, signal.SIGKILL)
    owner.wait(SECONDS)
    assert lies_about() == [held]
    (tmp_path / "hangs.txt").write_text("2")
    subprocess.run([sys.executable, "script.py"], cwd=tmp_path, env=environ, check=True)
    assert lies_about() == []
    temporary.rmdir()


def test_temporary_folder_may_have_a_long_path(tmp_path: Path) -> None:
    place = tmp_path / ("x" * 100)
    place.mkdir()
    program = (
        "from pathlib import Path\nfrom jupyter_mage.session import Session\nsession = Session(Path('.'), pipeline='demo')\n"
    )
    program += "session.define('a', '1')\nprint(session.run().status)"
    environ = {**os.environ, "TMPDIR": str(place)}
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, env=environ, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("succeeded\n", "")


# ---- the executor itself


def test_workers_run_at_the_same_time(session: Session) -> None:
    """Each waits for the other's file: one after the other they would never end."""
    body = (
        "import time\nfrom pathlib import Path\nPath('{own}').touch()\nwhile not Path('{other}').exists(): time.sleep(0.005)\n1"
    )
    result = run(session, left=body.format(own="l", other="r"), right=body.format(own="r", other="l"))
    assert result.status == "succeeded"


def test_executor_replaces_only_the_worker_that_died() -> None:
    pool = ProcessExecutor(1)
    first, again = (pool.submit(os.getpid).result() for _ in range(2))
    with pytest.raises(CrashedError, match="exit code 5"):
        pool.submit(os._exit, 5).result()
    new = pool.submit(os.getpid).result()
    assert first == again != new
    pool.shutdown()


def test_closed_executor_leaves_no_process_and_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    pool = ProcessExecutor(2)
    pids = [pool.submit(os.getpid).result() for _ in range(2)]
    with pytest.raises(CrashedError):
        pool.submit(os._exit, 5).result()
    pool.shutdown()
    assert not any(alive(pid) for pid in pids) and list(tmp_path.glob("*.log")) == []


def test_halted_executor_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    pool = ProcessExecutor(1)
    future = pool.submit(time.sleep, 600)
    until(future.running)
    pool.halt()
    assert future.exception(timeout=SECONDS) is not None
    pool.shutdown()
    assert list(tmp_path.glob("*.log")) == []


def test_run_of_many_blocks_says_each_once(session: Session) -> None:
    said: list[events.Event] = []
    session.stream.subscribe(said.append)
    run(session, **{f"b{n}": f"{n}" for n in range(40)})
    ended = [event.block for event in said if isinstance(event, events.BlockSucceeded)]
    assert sorted(ended) == sorted(f"b{n}" for n in range(40))
    assert [session.value(f"b{n}") for n in range(40)] == list(range(40))
