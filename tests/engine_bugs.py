"""Mistakes that an engine could make, and the harness that has to find each of them.

``engine_bugs.py ROOT [BUG]`` plants one (or none) and prints which promise the harness found broken, or nothing.
"""

import contextlib
import dataclasses
import json
import os
import resource
import signal
import sys
import threading
import time
import traceback
from pathlib import Path

import engine_loop
from engine_loop import Loop, child
from lives import end, must

from jupyter_mage import engine
from jupyter_mage import events as ev
from jupyter_mage.errors import JupyterMageError, StoreError
from jupyter_mage.fingerprint import Fingerprint
from jupyter_mage.model import Retry
from jupyter_mage.session import Session
from jupyter_mage.sinks.history import History
from jupyter_mage.sinks.history.liveness import RunLocks
from jupyter_mage.sinks.history.writer import Writer
from jupyter_mage.stores.content import ContentFiles
from jupyter_mage.stores.local import LocalStore

# ---- the harness: each scenario raises Broken with the promise that does not hold


def made(root: Path) -> Session:
    root.mkdir(exist_ok=True)
    os.chdir(root)
    return Session(root, pipeline="p")


def statuses(run) -> dict[str, str]:
    return {name: block.status for name, block in run.blocks.items()}


def changes_upstream(root: Path) -> None:
    session = made(root)
    session.define("a()", "1")
    session.define("b(a)", "a + 1")
    session.run(executor="inline")
    session.define("a()", "10")
    session.run(executor="inline")
    must(session.value("b") == 11, "a changed input runs what reads it")
    session.close()


def fails_in_the_middle(root: Path) -> None:
    session = made(root)
    session.define("a()", "1 / 0")
    session.define("b(a)", "open('b_ran', 'w').close()")
    session.define("c()", "1")
    session.define("d() --after a", "open('d_ran', 'w').close()")
    run = session.run(executor="inline")
    wanted = {"a": "failed", "b": "skipped", "c": "succeeded", "d": "skipped"}
    must((run.status, statuses(run)) == ("failed", wanted), "a failed block stops what is below it, and nothing else")
    must(not (root / "d_ran").exists() and not (root / "b_ran").exists(), "nothing below a failed block runs")
    session.close()


def goes_on(root: Path) -> None:
    """What had succeeded in a run is not run again in it, even where its code changed and the cache has nothing."""
    session = made(root)
    session.define("a()", "open('n', 'a').write('x')\n1")
    session.define("b(a)", "1 / 0")
    failed = session.run(executor="inline")
    session.define("a()", "open('n', 'a').write('y')\n2")
    session.define("b(a)", "a")
    resumed = session.resume(failed.id)
    must((root / "n").read_text() == "x", "a block whose success was recorded is not run again for that run id")
    must((resumed.id, resumed.status, session.value("b")) == (failed.id, "succeeded", 1), "a run goes on with what it had")
    session.close()


def tries_again(root: Path) -> None:
    session = made(root)
    session.define("a() --retries 2 --retry-delay 1ms", "open('n', 'a').write('x')\nraise ValueError")
    session.run(executor="inline")
    must((root / "n").read_text() == "xxx", "two retries are three attempts")
    session.close()


def samples(root: Path) -> None:
    session = made(root)
    session.define("a()", "list(range(100))")
    session.run(executor="inline")
    session.run(executor="inline", sample=5)
    must(len(session.value("a")) == 100, "a sampled output is never taken for a whole one")
    session.close()


def tells(root: Path) -> None:
    session, told = made(root), []
    session.stream.subscribe(told.append)
    for number in range(6):
        session.define(f"b{number}({f'b{number - 1}' if number else ''})", str(number))
    run = session.run(executor="inline")
    must(session.history.events(run.id) == told, "the history has each event, in the order in which it was told")
    must(statuses(session.past_run(run.id)) == statuses(run), "the history folds to the state that the run had")
    session.close()


def is_looked_at(root: Path) -> None:
    """Another opens the history while a run goes on."""
    session, found = made(root), []

    def look(event: ev.Event) -> None:
        if isinstance(event, ev.BlockStarted):
            session.history.flush()
            other = History(session.state_folder)
            found.append(other.runs()[0].status)
            other.close()

    session.history  # noqa: B018 (opened first, so that it hears of events before we do)
    session.stream.subscribe(look)
    session.define("a()", "1")
    run = session.run(executor="inline")
    must(found == ["running"], "a run that goes on is running for all who look")
    must([each.status for each in session.history.runs()] == ["succeeded"], "the end of a run is the end of it")
    must(run.status == "succeeded", "being looked at stops no run")
    session.close()


def is_cancelled(root: Path) -> None:
    session, lives = made(root), []

    def watch(event: ev.Event) -> None:
        if isinstance(event, ev.BlockCancelled) and event.block == "a":
            lives.append(Path(f"/proc/{(root / 'pid').read_text()}").exists())

    session.history  # noqa: B018
    session.stream.subscribe(watch)
    session.define("a()", "import os, time\nopen('part', 'w').write(str(os.getpid()))\nos.rename('part', 'pid')\ntime.sleep(600)")
    threading.Thread(target=lambda: (engine_loop.until((root / "pid").exists, "a runs"), session.cancel())).start()
    run = session.run(workers=1)
    must((run.status, lives) == ("cancelled", [False]), "cancelled is said only when nothing of the block runs")
    session.close()


def has_no_room(root: Path) -> None:
    """A file may get no larger than a megabyte, then any size."""
    session = made(root)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    session.define("a()", "bytes(range(256)) * 20_000")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, hard))
    run = session.run(executor="inline")
    must((run.status, run.blocks["a"].status) == ("failed", "failed"), "an output that has no room fails its block")
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    must(session.resume().status == "succeeded", "with room again, the run goes on")
    try:
        must(
            LocalStore(session.state_folder / "store").get(session.output("a")) == bytes(range(256)) * 20_000, "outputs are whole"
        )
    except StoreError as error:
        must(False, f"outputs are whole: {error.message}")
    session.close()


def is_killed(root: Path) -> None:
    """Right after each event was told, and once more when it was acknowledged; then twenty times at any instant."""
    root.mkdir()
    loop = Loop(root, "inline", count=8)
    for at in range(2, 18):
        told = iter(range(10_000))

        def watch(event: ev.Event, at: int = at, told=told) -> None:
            if next(told) == at:
                if isinstance(event, ev.BlockSucceeded):
                    loop.session.history.flush()
                    loop.witness.say("acknowledged", at, event.block)
                os.kill(os.getpid(), signal.SIGKILL)

        must(end(child(loop.live, at, watch)) == -signal.SIGKILL, "it dies when it is killed")
        for work in (loop.check, loop.live, loop.check):
            must(end(child(work, at)) in (0, 7), f"killed after event {at}: see above")


SCENARIOS = (
    changes_upstream,
    fails_in_the_middle,
    goes_on,
    tries_again,
    samples,
    tells,
    is_looked_at,
    has_no_room,
    is_cancelled,
    is_killed,
)


# ---- the mistakes


def tells_before_it_keeps() -> None:
    real = LocalStore.put

    def put(self, value):
        threading.Timer(0.05, real, (self, value)).start()
        return real(LocalStore(self.root.with_name("elsewhere")), value)

    LocalStore.put = put


def writes_in_place_and_trusts_names() -> None:
    def write(self, path, parts) -> None:
        with path.open("wb", buffering=0) as file:
            for part in parts:
                for start in range(0, len(memoryview(part)), 4096):
                    file.write(memoryview(part)[start : start + 4096])

    ContentFiles._write = write
    ContentFiles._there = lambda self, path, name, prefix, size: path.exists()


def forgets_what_is_done() -> None:
    engine.GOOD = frozenset()


def leaves_inputs_out_of_the_key() -> None:
    real = Fingerprint.from_contents
    Fingerprint.from_contents = lambda self, block, inputs, *rest, **named: real(self, block, {}, *rest, **named)


def does_not_stop_below_a_failure() -> None:
    engine._Loop.failed = lambda self, name: self._unlock(name)


def lets_go_of_the_run_at_once() -> None:
    real = RunLocks.take

    def take(self, run: str) -> None:
        real(self, run)
        self.release(run)

    RunLocks.take = take


def says_cancelled_before_it_is() -> None:
    real = engine._Loop._cancel

    def cancel(self) -> None:
        for name, block in list(self.state.blocks.items()):
            if block.status in ("queued", "running", "retrying"):
                self.emit(ev.BlockCancelled(run=self.request.run, block=name))
        real(self)

    engine._Loop._cancel = cancel


def mixes_up_events() -> None:
    def add(self, event: ev.Event) -> None:
        self._queue.appendleft(event)
        self._ensure_thread()
        self._wake.set()

    Writer.add = add


def takes_samples_for_whole_outputs() -> None:
    real = engine._Loop.success
    engine._Loop.success = lambda self, *rest: dataclasses.replace(real(self, *rest), sampled=False)


def tries_once_too_few() -> None:
    real = Retry.wants
    Retry.wants = lambda self, attempt, error: real(self, attempt + 1, error)


def acknowledges_early() -> None:
    History.flush = lambda self: None


def never_finds_the_dead() -> None:
    RunLocks.dead = lambda self, run: False


def reads_what_is_damaged() -> None:
    """The output is cut on the disk, and nobody looks at its size or content."""
    real = ContentFiles._write
    ContentFiles._write = lambda self, path, parts: (real(self, path, parts), os.truncate(path, path.stat().st_size - 8))[0]


def forgets_the_end() -> None:
    real = History.__call__
    History.__call__ = lambda self, event: None if isinstance(event, ev.RunFinished) else real(self, event)


BUGS = {
    function.__name__.replace("_", " "): function
    for function in (
        tells_before_it_keeps,
        writes_in_place_and_trusts_names,
        forgets_what_is_done,
        leaves_inputs_out_of_the_key,
        does_not_stop_below_a_failure,
        lets_go_of_the_run_at_once,
        says_cancelled_before_it_is,
        mixes_up_events,
        takes_samples_for_whole_outputs,
        tries_once_too_few,
        acknowledges_early,
        never_finds_the_dead,
        reads_what_is_damaged,
        forgets_the_end,
    )
}


def harness(root: Path, bug: str) -> str:
    """The first scenario that finds a broken promise, or nothing. An error of the engine's own is a find too."""
    for scenario in SCENARIOS:

        def play(scenario=scenario) -> None:
            if bug:
                BUGS[bug]()
            try:
                scenario(root / scenario.__name__)
            except JupyterMageError as error:
                traceback.print_exc()
                must(False, error.message)

        pid, started = child(play), time.monotonic()
        while (ended := os.waitpid(pid, os.WNOHANG))[0] == 0:
            if time.monotonic() - started > 60:
                os.kill(pid, signal.SIGKILL)
            time.sleep(0.005)
        if os.waitstatus_to_exitcode(ended[1]):
            return scenario.__name__
    return ""


if __name__ == "__main__":
    with contextlib.suppress(IndexError):
        sys.argv[2] = sys.argv[2].replace("_", " ")
    print(json.dumps({"found": harness(Path(sys.argv[1]).resolve(), sys.argv[2] if sys.argv[2:] else "")}))
