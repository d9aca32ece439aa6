"""Real runs through a Session, killed again and again; what must hold is checked after each death.

Run as a program it prints counts as JSON, or says on stderr which promise is broken:

    engine_loop.py ROOT kill EXECUTOR KILLS SEED [SIGNAL]     at any instant
    engine_loop.py ROOT events EXECUTOR                       after each event of a run
    engine_loop.py ROOT die EXECUTOR                          at each named point, by each signal
    engine_loop.py ROOT own KILLS SEED                        each life with a fork server of its own, as a user has it

It forks, so nothing is imported anew for each life: this process itself has no threads. The lives share one warm fork server.
"""

import contextlib
import json
import os
import random
import re
import signal
import sys
import time
from collections.abc import Callable
from functools import cache
from multiprocessing import forkserver, get_context
from pathlib import Path

import lives
import numpy as np
import pandas as pd
from lives import Witness, end, must

from jupyter_mage import events as ev
from jupyter_mage import files
from jupyter_mage.executors import processes
from jupyter_mage.session import Session
from jupyter_mage.state import GOOD

COUNT = 20
SECONDS = 20.0
"""How long a condition is waited for before it counts as broken."""


# ---- the pipeline: its blocks give other values in each run, and every value tells what it was made from


def above(number: int) -> tuple[int, ...]:
    """Two chains that meet at every fifth block."""
    if number < 2:
        return ()
    return (number - 1, number - 2) if number % 5 == 0 else (number - 2,)


@cache
def total(run: int, number: int) -> int:
    return run * 1000 + number + sum(total(run, each) for each in above(number))


def value(run: int, number: int):
    """Small ones for the history, large ones for files, frames by column."""
    found = total(run, number)
    if number % 4 == 0:
        return str(found)
    if number % 4 == 1:
        return {"total": found, "items": list(range(number * 2000))}
    if number % 4 == 2:
        return (found, *range(number * 5000))
    return pd.DataFrame({"a": np.arange(20_000), "b": np.arange(20_000) * number + found})


READ = ("int({})", "{}['total']", "{}[0]", "int({}['b'].iloc[0])")
MAKE = (
    "str(found)",
    "{{'total': found, 'items': list(range({0} * 2000))}}",
    "(found, *range({0} * 5000))",
    "pd.DataFrame({{'a': np.arange(20_000), 'b': np.arange(20_000) * {0} + found}})",
)
BODY = """\
import os
import numpy as np
import pandas as pd
from jupyter_mage import files
files._CRASH_AT = os.environ.get("DIE_AT_IN_WORKER", files._CRASH_AT)
fd = os.open({witness!r}, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
os.write(fd, f"ran {{n}} b{number}\\n".encode())
os.close(fd)
found = n * 1000 + {number}{sum}
{make}
"""


def define(session: Session, witness: Path, count: int = COUNT) -> None:
    for number in range(count):
        ups = "".join(f"b{each}, " for each in above(number))
        read = "".join(f" + {READ[each % 4].format(f'b{each}')}" for each in above(number))
        make = MAKE[number % 4].format(number)
        body = BODY.format(witness=str(witness), number=number, sum=read, make=make)
        session.define(f"b{number}({ups}*, n: int = 0)", body)


class Loop:
    """One project, one executor, life after life."""

    def __init__(self, root: Path, executor: str, *, durability: str = "process", count: int = COUNT) -> None:
        self.project, self.executor, self.durability, self.count = root / "project", executor, durability, count
        self.project.mkdir(exist_ok=True)
        self.witness = Witness(root / "witness")
        self.session = self.made()

    def made(self) -> Session:
        session = Session(self.project, pipeline="p", durability=self.durability)
        define(session, self.witness.path, self.count)
        return session

    def run_of(self, session: Session, run: int) -> str:
        """The id that this run has in the history, or nothing; there is never a second one."""
        found = [each.id for each in session.history.runs("p", 3) if session.history.run(each.id).variables.get("n") == run]
        must(len(found) <= 1, f"run {run} is there {len(found)} times")
        return found[0] if found else ""

    def live(self, run: int, watch: Callable[[ev.Event], None] = lambda _: None) -> None:
        """Run what is not done of it, to the end."""
        os.chdir(self.project)
        session = self.session
        known = self.run_of(session, run)

        def told(event: ev.Event) -> None:
            if isinstance(event, ev.BlockSucceeded) and int(event.block[1:]) % 3 == 0:
                session.history.flush()
                self.witness.say("acknowledged", run, event.block)
            watch(event)

        session.stream.subscribe(told)
        options = {"executor": self.executor, "workers": 2}
        past = session.past_run(known).status if known else ""
        if past != "succeeded":
            result = session.resume(known, **options) if known else session.run(variables={"n": run}, **options)
            if result.status == "succeeded":
                self.witness.say("finished", run, "-")
        session.close()

    def check(self, run: int) -> bool:
        """Raise where a promise is broken; whether the run is finished."""
        session = self.session
        must(session.history.notices == [], f"opening found: {session.history.notices}")
        must(all(each.status != "running" for each in session.history.runs("p", 5)), "a dead run is said to be running")
        known = self.run_of(session, run)
        lines = self.witness.of(run)
        kept: set[str] = set()
        for word, block in lines:
            must(not (word == "ran" and block in kept), f"{block} ran again after its success was recorded")
            kept |= {block} if word in ("acknowledged", "recorded") else set()
        state = session.past_run(known) if known else None
        good = {name for name, block in state.blocks.items() if block.status in GOOD} if state else set()
        must(kept <= good, f"lost: {sorted(kept - good)}")
        for name in good - {block for word, block in lines if word == "recorded"}:
            self.witness.say("recorded", run, name)
        for name in good:
            self.check_output(session, state.blocks[name].output, run, int(name[1:]))
        status = state.status if state else "absent"
        finished = ("finished", "-") in lines
        allowed = {"succeeded"} if finished else {"absent", "interrupted", "cancelled", "failed", "succeeded"}
        must(status in allowed, f"the run is {status}")
        must(status != "succeeded" or len(good) == self.count, f"succeeded with {len(good)} blocks")
        session.close()
        return status == "succeeded"

    @staticmethod
    def check_output(session: Session, output, run: int, number: int) -> None:
        must(session.store.has(output), f"b{number}: its output is not there")
        back, wanted = session.store.inner.get(output), value(run, number)
        same = back.equals(wanted) if isinstance(wanted, pd.DataFrame) else back == wanted
        must(same, f"b{number}: another value than it gave")

    def left(self) -> dict[str, int]:
        """What lies about once everything is forgotten and collected."""
        store, state = self.session.store, self.session.state_folder
        store.collect(set(), age=0)
        names = [path for path in (state / "store").rglob("*") if path.is_file() and path.name != "store.lock"]
        temporary = list(state.rglob("*.tmp"))
        return {"left": len(names) + len(temporary), "locks": len(list((state / "locks").iterdir()))}


# ---- life and death


REAL_ENSURE = forkserver._forkserver.ensure_running
WARM = False


def warm() -> None:
    """One fork server for all lives, which are not its parent and cannot ask whether it lives; a life that is killed while it
    talks to the server takes that along, so it is looked after before each."""
    if WARM:
        get_context("forkserver").set_forkserver_preload([*processes.PRELOAD, *processes.FRAMES])
        REAL_ENSURE()
        forkserver._forkserver.ensure_running = forkserver.ensure_running = lambda: None


def server_died(seconds: float = 5.0) -> bool:
    """Whether the shared server ended under a life, or is about to: only here can that be, where one outlives a client that was
    killed."""
    server, deadline = forkserver._forkserver._forkserver_pid if WARM else None, time.monotonic() + seconds
    while server and time.monotonic() < deadline:
        try:
            if Path(f"/proc/{server}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except OSError:
            return True
        time.sleep(0.01)
    return False


def workers() -> list[int]:
    """Processes that the fork server started and that still run."""
    server, found = forkserver._forkserver._forkserver_pid, []
    for path in Path("/proc").glob("[0-9]*/stat") if server else ():
        with contextlib.suppress(OSError):
            state, parent = path.read_text().rpartition(")")[2].split()[:2]
            if int(parent) == server and state != "Z":
                found.append(int(path.parent.name))
    return found


def until(condition: Callable[[], object], promise: str) -> None:
    end = time.monotonic() + SECONDS
    while not condition():
        must(time.monotonic() < end, promise)
        time.sleep(0.005)


def child(work: Callable[..., object], *arguments: object) -> int:
    """A life that shares the warm fork server."""
    warm()
    return lives.child(work, *arguments)


def verdict(loop: Loop, run: int) -> bool:
    until(lambda: not workers(), "a worker lives on")
    code = end(child(loop.check, run))
    if code not in (0, 7):
        raise SystemExit(f"a promise is broken in run {run} (exit {code})")
    return code == 7


def complete(loop: Loop, run: int) -> float:
    """A life that nobody ends; the seconds it took."""
    code = 1
    for _ in range(3):
        started = time.monotonic()
        code = end(child(loop.live, run))
        took = time.monotonic() - started
        if not (code == 1 and server_died()):
            break
    if code or not verdict(loop, run):
        raise SystemExit(f"a promise is broken: run {run} was not finished (exit {code})")
    return took


def kill_often(root: Path, executor: str, kills: int, seed: int, name: str = "SIGKILL") -> dict[str, int]:
    """Kill until so many have died of it; each run is resumed until it is done."""
    chance, number = random.Random(seed), getattr(signal, name)
    loop = Loop(root, executor)
    complete(loop, 0)  # the first one is slower: everything is new to it
    longest = complete(loop, 1)
    counts, run = {"kills": 0, "runs": 2, "ended by themselves": 0}, 2
    while counts["kills"] < kills:
        pid = child(loop.live, run)
        time.sleep(chance.uniform(0, longest))
        for _ in range(chance.choice((1, 2, 5)) if number == signal.SIGINT else 1):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
        code = end(pid)
        if not (code == 1 and server_died()):
            must(code in (0, -number, 130 if number == signal.SIGINT else 0), f"a life ended with {code}, after {counts}")
        finished = verdict(loop, run)
        counts["ended by themselves" if finished and not code else "kills"] += 1
        if finished:
            counts["runs"] += 1
            run += 1
    complete(loop, run)
    return {**counts, **loop.left()}


def die_after_each_event(root: Path, executor: str) -> dict[str, int]:
    """A life dies after its first event, another run's after its second, and so on: once when it is told, once when recorded."""
    loop, deaths, run, at, alive = Loop(root, executor, count=8), 0, 0, 0, 0
    while alive < 2:
        told = iter(range(10_000))

        def watch(_: ev.Event, at: int = at // 2, record: int = at % 2, told=told) -> None:
            if next(told) == at:
                if record:
                    loop.session.history.flush()
                os.kill(os.getpid(), signal.SIGKILL)

        survived = end(child(loop.live, run, watch)) != -signal.SIGKILL
        deaths, alive = deaths + (not survived), alive + survived
        verdict(loop, run)
        complete(loop, run)
        run, at = run + 1, at + 1
    return {"deaths": deaths, **loop.left()}


def points() -> list[str]:
    """The named points that a run of blocks comes by, from the source."""
    package = Path(files.__file__).parent
    paths = [package / "files.py", *(package / "stores").rglob("*.py"), *(package / "sinks").rglob("*.py")]
    paths += [package / "engine.py", package / "work.py"]
    return sorted({name for path in paths for name in re.findall(r'point\("([a-z]+:[a-z_]+)"\)', path.read_text())})


def die_at_points(root: Path, executor: str) -> dict[str, object]:
    """At each point, by each signal: one life that ends there (in a worker, where the store writes there), one that finishes."""
    codes, leavings = {}, {}
    for point in points():
        for name in ("SIGKILL", "SIGTERM", "SIGINT"):
            place = root / f"{point}-{name}"
            place.mkdir()
            loop = Loop(place, executor, count=8)

            def to_the_point(loop=loop, point=point, name=name) -> None:
                if executor == "processes" and point.startswith("store:"):
                    os.environ["DIE_AT_IN_WORKER"] = f"{point}@{name}"
                else:
                    files._CRASH_AT = f"{point}@{name}"
                loop.live(0)

            codes[f"{point} {name}"] = end(child(to_the_point))
            verdict(loop, 0)
            complete(loop, 0)
            leavings[f"{point} {name}"] = sum(loop.left().values())
    must(not any(leavings.values()), f"left over: {[case for case, left in leavings.items() if left]}")
    return codes


def with_servers_of_their_own(root: Path, kills: int, seed: int) -> dict[str, int]:
    """As a user has it: owner, fork server and workers; nothing of them outlives the owner."""
    chance, loop = random.Random(seed), Loop(root, "processes")
    os.environ["OF_THIS_LOOP"] = mark = f"{os.getpid()}-{seed}"

    def ours() -> list[int]:
        found = []
        for path in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if mark.encode() in (path / "environ").read_bytes() and int(path.name) != os.getpid():
                    found.append(int(path.name))
        return found

    for run in range(kills):
        pid = child(loop.live, run)
        started = time.monotonic()
        until(lambda run=run: loop.witness.of(run), "no block ever ran")
        time.sleep(chance.uniform(0, time.monotonic() - started) / 4)
        os.kill(pid, signal.SIGKILL)
        end(pid)
        until(lambda: not ours(), f"processes outlive their owner: {ours()}")
        verdict(loop, run)
    return {"kills": kills, **loop.left()}


def main(root: Path, how: str, *words: str) -> object:
    global WARM
    WARM = how != "own" and "processes" in words
    if how == "kill":
        return kill_often(root, words[0], int(words[1]), int(words[2]), *words[3:])
    if how == "events":
        return die_after_each_event(root, words[0])
    if how == "own":
        return with_servers_of_their_own(root, int(words[0]), int(words[1]))
    return die_at_points(root, words[0])


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), *sys.argv[2:])))
