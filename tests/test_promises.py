"""docs/promises.md, sentence by sentence: each stands there word for word, and the tests that hold it exist."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from jupyter_mage.session import Session

TESTS = Path(__file__).parent
PAGE = TESTS.parent / "docs" / "promises.md"

PROMISES = {
    "A block whose success was recorded is never run again for that run id; a block that was in flight at a crash may run again "
    "(at-least-once).": (
        "test_engine_crash.py::test_killed_seventy_times_a_run_is_resumed_and_nothing_is_lost",
        "test_engine_crash.py::test_killed_a_thousand_times_nothing_is_lost",
        "test_engine_crash.py::test_dead_after_any_event_told_or_recorded_the_next_life_finishes",
        "test_limits.py::test_block_that_succeeded_is_not_run_again_in_its_run_whatever_changed",
        "test_faults.py::test_f15_run_that_two_processes_resume_at_once_runs_each_block_once",
    ),
    "An output is either absent or complete and hash-checked; readers never see a half one.": (
        "test_engine_crash.py::test_dead_at_any_named_point_by_any_signal_the_next_life_finishes",
        "test_engine_crash.py::test_system_call_that_fails_leaves_a_clean_state",
        "test_stores.py::test_a_damaged_file_is_never_read_as_data",
        "test_faults.py::test_f28_damaged_output_is_never_used_and_is_made_again",
        "test_faults.py::test_f29_full_disk_fails_the_block_and_the_run_goes_on_with_room",
    ),
    "Recorded history survives `kill -9` once the call returned, and with `--durability power` a power cut too.": (
        "test_engine_crash.py::test_killed_seventy_times_a_run_is_resumed_and_nothing_is_lost",
        "test_engine_crash.py::test_power_cut_at_any_instant_loses_nothing_acknowledged",
        "test_history.py::test_the_mode_decides_when_the_disk_is_waited_for",
        "test_history.py::test_flush_returns_when_another_process_can_see_it",
    ),
    "Cancel: SIGINT → (grace) SIGTERM → SIGKILL of the whole process group; after it nothing of the block runs; state `cancelled` only "
    "when that is true.": (
        "test_processes.py::test_cancel_ends_a_block_that_will_not_stop",
        "test_processes.py::test_cancelled_block_may_clean_up",
        "test_processes.py::test_halt_takes_less_than_its_three_graces",
        "test_promises.py::test_cancelled_is_said_after_the_last_process_of_the_block_has_ended",
    ),
    'A dead runner is noticed the next time anyone looks, and its runs become `interrupted`, never "running" for ever.': (
        "test_engine_crash.py::test_killed_seventy_times_a_run_is_resumed_and_nothing_is_lost",
        "test_history.py::test_a_process_that_dies_is_noticed_by_one_that_lives",
        "test_faults.py::test_f17_frozen_run_that_is_killed_is_free_at_once",
    ),
    "Opening, listing, drawing, importing, exporting, diffing a project or notebook runs none of its code.": (
        "test_promises.py::test_looking_at_a_project_or_notebook_runs_none_of_its_code",
        "test_bad_input.py::test_checking_and_opening_run_none_of_a_project",
        "test_formats_mage.py::test_nothing_of_a_project_runs_when_it_is_read_checked_and_written",
    ),
    "A fault that cannot be handled fails its block or its run, with the reason, and never the kernel.": (
        "test_processes.py::test_process_that_ends_fails_its_block_alone",
        "test_processes.py::test_next_block_finds_its_surroundings_as_they_were",
        "test_faults.py::test_f06_exception_of_any_size_and_shape_is_a_bounded_failure",
        "test_faults.py::test_f08_block_that_hangs_anywhere_is_ended_at_its_time",
        "test_faults.py::test_f30_process_without_file_descriptors_says_so",
        "test_engine_crash.py::test_every_system_call_of_a_run_may_fail",
    ),
}

LONGER = {  # the numbered ones, by how they begin
    "A block whose success was recorded is not run again for the same key.": ("test_crash.py", "test_engine.py"),
    "An output is either absent or complete.": ("test_stores.py", "test_crash.py"),
    "What goes into the store comes out equal, type and all, or storing it fails with what to return instead.": (
        "test_stores.py",
    ),
    "An output is on disk before its success is recorded": ("test_crash.py", "test_history.py"),
    "A run whose process died is `interrupted`, never `running` for ever": ("test_history.py",),
    "`cancelled` is said only when nothing of a block runs any more": ("test_processes.py",),
    "A block cannot take the kernel or another block along": ("test_processes.py",),
    "No consumer can change another's input.": ("test_stores.py", "test_session.py"),
    "A file is replaced whole or not at all": ("test_files.py", "test_layers.py"),
    "Opening, listing, drawing, importing, exporting and checking run none of a project's code.": (
        "test_yaml.py",
        "test_formats_mage.py",
    ),
    "Two runs of one project at once are both right": ("test_history.py", "test_session.py"),
    "The cache never gives a wrong answer for what it can see": ("test_engine.py", "test_session.py"),
    "Nothing of a saved notebook runs in the browser": ("browser",),
    "No telemetry.": (),
}


def folded(text: str) -> str:
    return re.sub(r"\s+", " ", text)


@pytest.mark.parametrize("promise", PROMISES)
def test_promise_stands_word_for_word_and_has_its_tests(promise: str) -> None:
    assert f"- {promise}" in folded(PAGE.read_text())
    for place in PROMISES[promise]:
        file, _, test = place.partition("::")
        assert re.search(rf"^def {test}\(", (TESTS / file).read_text(), re.MULTILINE), place


def test_every_promise_of_the_page_is_known_here() -> None:
    text = PAGE.read_text().partition("## ")[0]
    short = [folded(item).strip() for item in re.findall(r"^- ((?:.+\n)+?)(?=- |\n)", text, re.MULTILINE)]
    assert short == list(PROMISES)
    assert re.findall(r"^\d+\. \*\*(.+?)\*\*", folded(text).replace(" 1. **", "\n1. **"), re.MULTILINE) != []
    numbered = [folded(item) for item in re.findall(r"^\d+\. \*\*((?:.|\n)+?)\*\*", text, re.MULTILINE)]
    assert numbered == list(LONGER)


@pytest.mark.parametrize("promise", LONGER)
def test_longer_promise_names_tests_that_are_there(promise: str) -> None:
    text = folded(PAGE.read_text())
    item = text[text.index(f"**{promise}**") :]
    item = re.split(r" \d+\. \*\*| ## ", item)[0]
    named = set(re.findall(r"`(?:tests/)?(test_\w+\.py|browser)`", item))
    assert set(LONGER[promise]) <= named
    assert [name for name in named if not (TESTS / name).exists()] == []


# ---- two that are tested here word for word ------------------------------------------------------------------------------


def test_cancelled_is_said_after_the_last_process_of_the_block_has_ended(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jupyter_mage.executors.processes.GRACE", 0.2)
    body = """\
import os, signal, subprocess, sys, time
deaf = "import signal, time; signal.signal(signal.SIGINT, signal.SIG_IGN); signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"
children = [subprocess.Popen([sys.executable, "-c", deaf]) for _ in range(2)]
for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, signal.SIG_IGN)
open("part", "w").write(" ".join(str(each) for each in [os.getpid(), *(child.pid for child in children)]))
os.rename("part", "pids")
while True:
    time.sleep(600)
"""
    living: list[list[str]] = []

    def watch(event: object) -> None:
        if getattr(event, "name", "") == "block_cancelled" and (session.root / "pids").exists():
            pids = (session.root / "pids").read_text().split()
            stats = [Path(f"/proc/{pid}/stat") for pid in pids]
            living.append(
                [stat.parent.name for stat in stats if stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z"]
            )

    import threading
    import time

    def stop() -> None:
        while not (session.root / "pids").exists():
            time.sleep(0.005)
        session.cancel()

    session.define("deaf()", body)
    session.history  # noqa: B018 (opened first, so that it hears of events before we do)
    session.stream.subscribe(watch)
    thread = threading.Thread(target=stop)
    thread.start()
    run = session.run(workers=1)
    thread.join()
    assert (run.status, run.blocks["deaf"].status, living) == ("cancelled", "cancelled", [[]])
    assert len((session.root / "pids").read_text().split()) == 3


LOOKS = """\
import json, sys
from pathlib import Path
from jupyter_mage.session import Session


root, seen = Path(sys.argv[1]), []
own = ("<block", "<test", str(root))

def watch(event, arguments):
    if event == "exec" and str(getattr(arguments[0], "co_filename", "")).startswith(own):
        seen.append(["exec", arguments[0].co_filename])
    elif event == "compile" and str(arguments[1]).startswith(own[2]):
        seen.append(["compile", str(arguments[1])])
    elif event == "import" and arguments[0] == "beside":
        seen.append(["import", "beside"])
    elif event in ("subprocess.Popen", "os.system", "os.posix_spawn", "os.exec", "socket.connect", "socket.bind", "pickle.find_class"):
        seen.append([event, str(arguments)[:200]])

sys.addaudithook(watch)
for path, name in ((root / "book.ipynb", ""), (root / "project", "demo")):
    session = Session.open(path, name)
    assert {"first", "second", "third"} <= {block.name for block in session.pipeline}
    json.dumps(session.picture())
    session.plan()
    session.check()
    session.check(path)
    session.history.runs()
    session.cached_outputs()
    session.export(root / f"out_{path.stem}")
    for run in session.history.runs():
        session.past_run(run.id)
    if len(session.history.runs()) > 1:
        session.compare()
    session.close()
print(json.dumps(seen))
"""


def test_looking_at_a_project_or_notebook_runs_none_of_its_code(tmp_path: Path) -> None:
    """An audit hook of the interpreter watches: no code of theirs, no module, no pickle, no process, no socket."""
    (tmp_path / "canary.txt").write_text("untouched")
    loud = f"open({str(tmp_path / 'canary.txt')!r}, 'w').close()"
    (tmp_path / "beside.py").write_text(f"{loud}\nVALUE = 1\n")
    cells = [
        f"%%block first\nimport beside\n{loud}\nclass Own:\n    def __setstate__(self, state): {loud}\nOwn()",
        f"%%block second(first)\n{loud}\n{{first}}",
        f"%%test second\n{loud}",
        "%%block third(first) --after second\nimport beside\nbeside.VALUE",
        loud,
    ]
    book = {
        "cells": [{"cell_type": "code", "id": f"c{n}", "metadata": {}, "source": cell, "outputs": [], "execution_count": None}
                  for n, cell in enumerate(cells)],
        "metadata": {}, "nbformat": 4, "nbformat_minor": 5,
    }  # fmt: skip
    (tmp_path / "book.ipynb").write_text(json.dumps(book))
    session = Session.open(tmp_path / "book.ipynb")
    for _ in range(2):
        session.run(executor="processes", workers=1, force=True)
    session.export(tmp_path / "project")
    name = session.current
    session.close()
    (tmp_path / "canary.txt").write_text("untouched")
    script = LOOKS.replace('"demo"', repr(name))
    done = subprocess.run([sys.executable, "-c", script, tmp_path], cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    assert json.loads(done.stdout) == []
    assert (tmp_path / "canary.txt").read_text() == "untouched"
