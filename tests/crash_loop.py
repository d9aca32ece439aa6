"""A small engine over the real history and store, killed again and again; what must hold is checked after each death.

Run as a program (``crash_loop.py ROOT KILLS SEED [BUG]`` or ``crash_loop.py ROOT POINT SIGNAL die``) it prints counts.
It forks, so nothing is imported anew for each life: this process itself has no threads.
"""

import contextlib
import json
import os
import random
import signal
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pandas as pd
from lives import Witness, child, end

from jupyter_mage import events as ev
from jupyter_mage import files
from jupyter_mage.sinks.history import History
from jupyter_mage.state import GOOD
from jupyter_mage.stores.content import ContentFiles
from jupyter_mage.stores.local import LocalStore

BLOCKS = tuple(f"b{n}" for n in range(20))


def value(run: str, block: str):
    """What a block gives, another in each run: small ones for the history, large ones for files, frames by column."""
    number = int(block[1:])
    if number % 4 == 0:
        return f"{run} {block}"
    if number % 4 == 1:
        return {"of": run, "items": list(range(number * 2000))}
    if number % 4 == 2:
        return (run, *range(number * 5000))
    return pd.DataFrame({"a": np.arange(20_000), "b": np.arange(20_000) * number + int(run[1:])})


def engine(root: Path, run: str) -> None:
    """Runs what the history does not know as done."""
    witness = Witness(root / "witness")
    history, store = History(root / "state"), LocalStore(root / "store")
    done = {name for name, block in history.run(run).blocks.items() if block.status in GOOD}
    history(ev.RunStarted(run=run, pipeline="p", blocks=BLOCKS))
    for block in BLOCKS:
        if block in done:
            continue
        history(ev.BlockStarted(run=run, block=block))
        witness.say("ran", run, block)
        output = store.put(value(run, block))
        history(ev.BlockSucceeded(run=run, block=block, key=f"{run}{block}", output=output, seconds=0.0))
        if int(block[1:]) % 3 == 0:
            history.flush()
            witness.say("acknowledged", run, block)
    history(ev.RunFinished(run=run, status="succeeded"))
    witness.say("finished", run, "-")
    history.close()


def check(root: Path, run: str) -> bool:
    """Raise where a promise is broken; whether the run is finished."""
    history, store = History(root / "state"), LocalStore(root / "store")
    assert history.notices == [], history.notices
    state = history.run(run)
    lines = Witness(root / "witness").of(run)
    acknowledged: set[str] = set()
    for word, block in lines:
        assert not (word == "ran" and block in acknowledged), f"{block} ran again after its success was acknowledged"
        acknowledged |= {block} if word == "acknowledged" else set()
    good = {name for name, block in state.blocks.items() if block.status in GOOD}
    assert acknowledged <= good, f"lost: {acknowledged - good}"
    for name in good:
        output = state.blocks[name].output
        assert output is not None
        assert store.has(output), f"{name}: output is not there"
        back, wanted = store.get(output), value(run, name)
        assert back.equals(wanted) if isinstance(wanted, pd.DataFrame) else back == wanted, f"{name}: another value"
    finished = ("finished", "-") in lines
    assert state.status in ({"succeeded"} if finished else {"interrupted", "queued", "succeeded"}), state.status
    assert all(found.status != "running" for found in history.runs())
    history.close()
    return state.status == "succeeded"


# Mistakes that an engine or a store could make, to see that this loop would find them.


def write_in_place(self, path, parts) -> None:
    """Instead of a temporary file that is renamed."""
    with path.open("wb", buffering=0) as file:
        for part in parts:
            for start in range(0, len(memoryview(part)), 4096):
                file.write(memoryview(part)[start : start + 4096])


def trust_names() -> None:
    """Write in place, and take a file that is there for one that is right: either alone would do no harm."""
    ContentFiles._write = write_in_place
    ContentFiles._there = lambda self, path, name, prefix, size: path.exists()


def put_later(self, value):
    """The output is told of before it is on the disk."""
    threading.Timer(0.02, real_put, (self, value)).start()
    return real_put(LocalStore(self.root.with_name("elsewhere")), value)


real_put = LocalStore.put
BUGS = {
    "writes in place and trusts names": trust_names,
    "tells before it keeps": lambda: setattr(LocalStore, "put", put_later),
    "forgets what is done": lambda: setattr(sys.modules[__name__], "GOOD", frozenset()),
    "acknowledges early": lambda: setattr(History, "flush", lambda self: None),
}


def verdict(root: Path, run: str) -> bool:
    code = end(child(check, root, run))
    if code not in (0, 7):
        raise SystemExit(f"a promise is broken in {root}, run {run}")
    return code == 7


def doomed(bug: str, root: Path, run: str) -> None:
    if bug:
        BUGS[bug]()
    engine(root, run)


def kill_often(root: Path, kills: int, seed: int, bug: str = "") -> dict[str, int]:
    chance = random.Random(seed)
    counts = {"kills": 0, "runs": 0, "ended by themselves": 0}
    run = 0
    while counts["kills"] < kills:
        pid = child(doomed, bug, root, f"r{run}")
        time.sleep(chance.uniform(0, 0.12))
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        code = end(pid)
        assert code in (0, -signal.SIGKILL), code
        counts["kills" if code else "ended by themselves"] += 1
        if verdict(root, f"r{run}"):
            counts["runs"] += 1
            run += 1
    code = end(child(doomed, bug, root, f"r{run}"))  # a slow machine may have finished none before it was killed
    assert code == 0 and verdict(root, f"r{run}"), f"a life that nobody ends does not finish r{run}: {code}"
    counts["runs"] += 1
    store = LocalStore(root / "store")
    store.collect(set(), age=0)
    left = [path.name for path in (root / "store").rglob("*") if path.is_file() and path.name != "store.lock"]
    return {**counts, "left": len(left), "locks": len(list((root / "state" / "locks").iterdir()))}


def die_at(root: Path, point: str, name: str) -> dict[str, int]:
    """One life that ends at a named point, then a second one that has to finish the run."""

    def to_the_point() -> None:
        files._CRASH_AT = f"{point}@{name}"
        engine(root, "r0")

    code = end(child(to_the_point))
    verdict(root, "r0")
    second = end(child(engine, root, "r0"))
    return {"code": code, "second": second, "finished": int(verdict(root, "r0"))}


if __name__ == "__main__":
    where, *words = sys.argv[1:]
    if words[-1] == "die":
        print(json.dumps(die_at(Path(where), words[0], words[1])))
    else:
        print(json.dumps(kill_often(Path(where), int(words[0]), int(words[1]), *words[2:])))
