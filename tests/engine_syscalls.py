"""A run whose n-th system call fails, or whose disk loses power: the state after it is clean, and the next life finishes.

engine_syscalls.py ROOT list                              how often a run makes each of CALLS
engine_syscalls.py ROOT fault CALL WHAT FIRST STEP        WHAT (error=EIO, signal=KILL …) at call FIRST, FIRST + STEP, … until
                                                          a run makes no such call any more
engine_syscalls.py ROOT cuts COUNT SEED                   power cuts: ROOT/disk is an image, copied at any instant
"""

import contextlib
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
import traceback
from pathlib import Path

from engine_loop import Loop, child, complete, until, verdict
from lives import Witness, end, must

from jupyter_mage.errors import JupyterMageError
from jupyter_mage.files import sync_folder

CALLS = ("pwrite64", "writev", "write", "fsync", "fdatasync", "rename", "openat", "unlink", "ftruncate", "mkdir")
BLOCKS = 4
ENDED, SAID, HUNG, BROKEN = "ended", "said why not", "hung", "broken"


class Quiet(Witness):
    """What it cannot write down is not counted on."""

    def say(self, word: str, run: int, block: str) -> None:
        with contextlib.suppress(OSError):
            super().say(word, run, block)


def traced(loop: Loop, run: int, log: Path, *options: str) -> str:
    """One life under strace; how it ended. An undisturbed one comes before it, so that nothing is imported any more."""

    def live() -> None:
        made(loop.project.parent / "first").live(0)
        os.kill(os.getpid(), signal.SIGSTOP)
        try:
            loop.live(run)
        except JupyterMageError:
            os._exit(9)
        except BaseException:
            traceback.print_exc()
            os._exit(1)

    pid = child(live)
    os.waitpid(pid, os.WUNTRACED)
    tracer = subprocess.Popen(["strace", "-f", "-o", log, *options, "-p", str(pid)], stderr=subprocess.PIPE, text=True)
    assert tracer.stderr is not None
    tracer.stderr.readline()
    os.kill(pid, signal.SIGCONT)
    deadline = time.monotonic() + 60
    while (ended := os.waitpid(pid, os.WNOHANG))[0] == 0:
        if time.monotonic() > deadline:
            os.kill(pid, signal.SIGKILL)
        time.sleep(0.002)
    tracer.wait()
    tracer.stderr.close()
    code = os.waitstatus_to_exitcode(ended[1])
    if code == -signal.SIGKILL:
        return HUNG if time.monotonic() > deadline else ENDED
    return {0: ENDED, 9: SAID}.get(code, BROKEN)


def made(root: Path) -> Loop:
    root.mkdir()
    loop = Loop(root, "inline", durability="power", count=BLOCKS)
    loop.witness = Quiet(loop.witness.path)
    return loop


def calls(root: Path) -> dict[str, int]:
    """How often a run makes each call, in the thread that makes it most often."""
    log = root / "log"
    must(traced(made(root / "list"), 0, log, "-e", f"trace={','.join(CALLS)}") == ENDED, "a run that nothing disturbs ends")
    found: dict[str, int] = {}
    for name in CALLS:
        threads = re.findall(rf"^(\d+) .*\b{name}\(", log.read_text(), re.MULTILINE)
        found[name] = max([threads.count(each) for each in set(threads)], default=0)
    return found


def faults(root: Path, call: str, what: str, first: int, step: int) -> dict[str, int]:
    """At each n-th call until there is none: the end is clean, nothing acknowledged is lost, and the next life finishes."""
    ends: dict[str, int] = {}
    number = first
    while True:
        place, log = root / f"{call}-{number}", root / "log"
        loop = made(place)
        options = ("-e", f"trace={call}", "-e", f"inject={call}:{what}:when={number}")
        how = traced(loop, 0, log, *options)
        if "INJECTED" not in log.read_text() and "killed by SIGKILL" not in log.read_text():
            return ends
        must(how in (ENDED, SAID), f"{call} {what} at {number}: {how}")
        try:
            verdict(loop, 0)
            complete(loop, 0)
        except SystemExit as error:
            raise SystemExit(f"{call} {what} at {number}: {error}") from None
        left = loop.left()
        must(left == {"left": 0, "locks": 0}, f"{call} {what} at {number} leaves {left}")
        ends[how] = ends.get(how, 0) + 1
        number += step
        shutil.rmtree(place)


# ---- power cuts


def mounted(image: Path, folder: Path) -> bool:
    folder.mkdir(exist_ok=True)
    return subprocess.run(["mount", "-o", "loop", image, folder], capture_output=True).returncode == 0


def unmount(folder: Path) -> None:
    subprocess.run(["umount", folder], check=True)


def cuts(root: Path, count: int, seed: int) -> dict[str, int]:
    """The disk's image is copied at any instant of a life; the copy is what a power cut would have left."""
    image, copy, disk, after = root / "image", root / "copy", root / "disk", root / "after"
    chance, acknowledged = random.Random(seed), 0
    with image.open("wb") as file:
        file.truncate(96 << 20)
    subprocess.run(["mkfs.ext4", "-q", "-F", image], check=True)
    for run in range(count):
        must(mounted(image, disk), "the disk is mounted")
        (root / "project").unlink(missing_ok=True)
        (root / "project").symlink_to(disk / "project")
        (disk / "project").mkdir(exist_ok=True)
        sync_folder(disk)  # a project's folder is older than its runs
        loop = Loop(root, "inline", durability="power", count=8)
        pid = child(loop.live, run)
        time.sleep(chance.uniform(0.02, 0.5))
        os.kill(pid, signal.SIGSTOP)
        until(lambda pid=pid: Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "TZ", "it stands still")
        shutil.copyfile(image, copy)
        acknowledged += sum(word == "acknowledged" for word, _ in loop.witness.of(run))
        os.kill(pid, signal.SIGKILL)
        end(pid)
        unmount(disk)
        must(mounted(copy, after), "the copy is mounted")
        (root / "project").unlink()
        (root / "project").symlink_to(after / "project")
        try:
            finish(root, run)
        finally:
            unmount(after)
        copy.replace(image)
    return {"cuts": count, "acknowledged": acknowledged}


def finish(root: Path, run: int) -> None:
    loop = Loop(root, "inline", durability="power", count=8)
    verdict(loop, run)
    complete(loop, run)
    loop.left()  # the disk is small: what this run gave goes


def main(root: Path, how: str, *words: str) -> object:
    if how == "list":
        return calls(root)
    if how == "cuts":
        return cuts(root, int(words[0]), int(words[1]))
    return faults(root, words[0], words[1], int(words[2]), int(words[3]))


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]).resolve(), *sys.argv[2:])))
