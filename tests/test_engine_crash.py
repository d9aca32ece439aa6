"""Real runs, killed at any moment: nothing acknowledged is lost, nothing finished runs again, nothing is left over."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import engine_bugs
import engine_loop
import engine_syscalls
import pytest

LOOP = Path(engine_loop.__file__)
EXECUTORS = ["inline", "threads", "processes"]


def loop(root, *arguments, program=LOOP):
    done = subprocess.run([sys.executable, program, root, *map(str, arguments)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


# ---- kills ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("executor", EXECUTORS)
def test_killed_seventy_times_a_run_is_resumed_and_nothing_is_lost(tmp_path, executor):
    counts = loop(tmp_path, "kill", executor, 70, 1)
    assert (counts["kills"], counts["runs"] > 1, counts["left"], counts["locks"]) == (70, True, 0, 0)


@pytest.mark.parametrize("executor", EXECUTORS)
def test_interrupted_once_or_often_a_run_is_resumed_and_nothing_is_lost(tmp_path, executor):
    counts = loop(tmp_path, "kill", executor, 6, 2, "SIGINT")
    assert (counts["kills"], counts["left"], counts["locks"]) == (6, 0, 0)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("executor", EXECUTORS)
def test_killed_a_thousand_times_nothing_is_lost(tmp_path, executor):
    counts = loop(tmp_path, "kill", executor, 1000, 3)
    assert (counts["kills"], counts["left"], counts["locks"]) == (1000, 0, 0)


def test_killed_owner_takes_its_fork_server_and_workers_along(tmp_path):
    assert loop(tmp_path, "own", 3, 1) == {"kills": 3, "left": 0, "locks": 0}


def test_dead_after_any_event_told_or_recorded_the_next_life_finishes(tmp_path):
    assert loop(tmp_path, "events", "inline") == {"deaths": 36, "left": 0, "locks": 0}


@pytest.mark.parametrize("executor", EXECUTORS)
def test_dead_at_any_named_point_by_any_signal_the_next_life_finishes(tmp_path, executor):
    codes = loop(tmp_path, "die", executor)
    wanted = {f"{point} {name}" for point in engine_loop.points() for name in ("SIGKILL", "SIGTERM", "SIGINT")}
    assert set(codes) == wanted
    ends = {"SIGKILL": {-9}, "SIGTERM": {-15}, "SIGINT": {0, 130, -2}}
    in_worker = {point for point in engine_loop.points() if executor == "processes" and point.startswith("store:")}
    found = {case: code for case, code in codes.items() if case.split()[0] not in in_worker}
    assert {case: code for case, code in found.items() if code not in ends[case.split()[1]]} == {}
    assert {code for case, code in codes.items() if case not in found} <= {0}, "a worker's death ends no owner"


# ---- mistakes that must be found -----------------------------------------------------------------------------------------


def test_harness_finds_nothing_in_the_engine_as_it_is(tmp_path):
    assert loop(tmp_path, program=Path(engine_bugs.__file__)) == {"found": ""}


@pytest.mark.parametrize("bug", engine_bugs.BUGS)
def test_seeded_mistake_is_found(tmp_path, bug):
    found = loop(tmp_path, bug, program=Path(engine_bugs.__file__))["found"]
    assert found != "", f"the harness does not see it when an engine {bug}"


# ---- system calls that fail, and power cuts ------------------------------------------------------------------------------

SYSCALLS = Path(engine_syscalls.__file__)
FAULTS = [
    *((call, "error=ENOSPC") for call in ("pwrite64", "writev", "write", "mkdir", "ftruncate")),
    *((call, "error=EIO") for call in ("fsync", "fdatasync", "rename", "unlink", "pwrite64")),
    ("openat", "error=EMFILE"),
    *((call, "signal=KILL") for call in ("pwrite64", "writev", "fsync", "fdatasync", "rename", "unlink")),
]


@pytest.fixture
def strace():
    try_it = ["strace", "-o", os.devnull, "-e", "inject=getpid:error=EIO", "true"]
    if shutil.which("strace") is None or subprocess.run(try_it, capture_output=True).returncode:
        pytest.skip("needs strace, and to be allowed to trace")


@pytest.mark.parametrize(("call", "what", "first", "step"), [
    ("pwrite64", "error=ENOSPC", 3, 17), ("writev", "error=ENOSPC", 1, 1), ("fsync", "error=EIO", 1, 3), ("rename", "signal=KILL", 1, 1),
    ("openat", "error=EMFILE", 9, 29), ("fdatasync", "signal=KILL", 2, 3),
])  # fmt: skip
def test_system_call_that_fails_leaves_a_clean_state(strace, tmp_path, call, what, first, step):
    assert sum(loop(tmp_path, "fault", call, what, first, step, program=SYSCALLS).values()) > 0


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize(("call", "what"), FAULTS)
def test_every_system_call_of_a_run_may_fail(strace, tmp_path, call, what):
    assert sum(loop(tmp_path, "fault", call, what, 1, 1, program=SYSCALLS).values()) > 0


@pytest.fixture
def loop_mount(tmp_path):
    image, folder = tmp_path / "try", tmp_path / "tried"
    with image.open("wb") as file:
        file.truncate(8 << 20)
    if shutil.which("mkfs.ext4") is None or subprocess.run(["mkfs.ext4", "-q", "-F", image]).returncode:
        pytest.skip("needs mkfs.ext4")
    if not engine_syscalls.mounted(image, folder):
        pytest.skip("needs to be allowed to mount a disk image")
    engine_syscalls.unmount(folder)


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_power_cut_at_any_instant_loses_nothing_acknowledged(loop_mount, tmp_path):
    counts = loop(tmp_path, "cuts", 300, 1, program=SYSCALLS)
    assert (counts["cuts"], counts["acknowledged"] > 100) == (300, True)
