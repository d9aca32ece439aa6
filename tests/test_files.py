"""Files are replaced whole or not at all, stay inside the project, and locks die with their owners."""

import os
import signal
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from jupyter_mage.errors import ProjectError, UnsafePathError
from jupyter_mage.files import FileLock, atomic_write, inside, point

POINTS = ("write:opened", "write:written", "write:synced", "write:renamed")


def test_a_file_is_replaced_with_its_folders_made(tmp_path):
    path = tmp_path / "new" / "file.yaml"
    atomic_write(path, "old")
    atomic_write(path, b"n\xc3\xa9w")
    assert path.read_text() == "néw"
    assert [found.name for found in path.parent.iterdir()] == ["file.yaml"]


@pytest.mark.parametrize(("mode", "expected"), [(0o644, 0o644), (0o600, 0o600)])
def test_a_file_has_the_mode_asked_for(tmp_path, mode, expected):
    atomic_write(tmp_path / "file", "x", mode=mode)
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == expected


def test_a_link_is_replaced_not_followed(tmp_path):
    (tmp_path / "elsewhere").write_text("mine")
    (tmp_path / "file").symlink_to(tmp_path / "elsewhere")
    atomic_write(tmp_path / "file", "new")
    assert (tmp_path / "elsewhere").read_text() == "mine"


def test_what_cannot_be_written_leaves_the_old_file(tmp_path):
    (tmp_path / "file").write_text("a file, not a folder")
    with pytest.raises(ProjectError, match="untouched") as caught:
        atomic_write(tmp_path / "file" / "below", "x")
    assert caught.value.hint
    assert (tmp_path / "file").read_text() == "a file, not a folder"


def write_with(tmp_path, prepare, **environment):
    """Replaces `file` in another process, after ``prepare``."""
    script = f"""
import resource, signal, sys
from pathlib import Path
from jupyter_mage.files import atomic_write
{prepare}
atomic_write(Path(sys.argv[1]), "new" * 10_000)
"""
    command = [sys.executable, "-c", script, tmp_path / "file"]
    return subprocess.run(command, capture_output=True, text=True, env={**os.environ, **environment})


def test_a_full_disk_leaves_the_old_file_and_nothing_else(tmp_path):
    (tmp_path / "file").write_text("old")
    limit = "signal.signal(signal.SIGXFSZ, signal.SIG_IGN); resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))"
    done = write_with(tmp_path, limit)
    assert "File too large; what was there before is untouched" in done.stderr
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("file", "old")]


@pytest.mark.parametrize("name", ["SIGKILL", "SIGTERM", "SIGINT"])
@pytest.mark.parametrize("place", POINTS)
def test_dead_at_any_point_the_file_is_the_old_or_the_new_one(tmp_path, place, name):
    (tmp_path / "file").write_text("old")
    done = write_with(tmp_path, "", JUPYTER_MAGE_CRASH_AT=f"{place}@{name}")
    assert done.returncode == -getattr(signal, name)
    assert (tmp_path / "file").read_text() == ("new" * 10_000 if place == "write:renamed" else "old")
    if name == "SIGINT":
        assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_point_does_nothing_when_nobody_asks(tmp_path):
    for place in POINTS:
        point(place)
    assert write_with(tmp_path, "", JUPYTER_MAGE_CRASH_AT="another:point").returncode == 0


@pytest.mark.parametrize("parts", [("..",), ("a", "..", "..", "b"), ("/etc/passwd",), ("link", "file")])
def test_a_path_out_of_the_project_is_refused(tmp_path, parts):
    project = tmp_path / "project"
    project.mkdir()
    (project / "link").symlink_to(tmp_path)
    with pytest.raises(UnsafePathError, match="outside the project"):
        inside(project, *parts)


@pytest.mark.parametrize("parts", [(), ("a",), ("a", "..", "b"), ("...",)])
def test_a_path_in_the_project_is_given_whole(tmp_path, parts):
    assert inside(tmp_path, *parts) == Path(os.path.normpath(tmp_path.resolve().joinpath(*parts)))


# ---- locks -----------------------------------------------------------------------------------------------------------


def test_a_lock_has_one_holder(tmp_path):
    first, second = FileLock(tmp_path / "lock"), FileLock(tmp_path / "lock")
    assert [first.acquire(), second.acquire(wait=False)] == [True, False]
    first.release()
    assert second.acquire(wait=False)
    second.close()
    assert first.acquire(wait=False)
    first.close()


def test_one_who_waits_gets_the_lock_in_the_end(tmp_path):
    first, second = FileLock(tmp_path / "lock"), FileLock(tmp_path / "lock")
    first.acquire()
    got = threading.Event()
    thread = threading.Thread(target=lambda: second.acquire() and got.set())
    thread.start()
    assert not got.is_set()
    first.release()
    thread.join()
    assert got.is_set()
    for lock in (first, second):
        lock.close()


HOLD = """
import os, sys
from pathlib import Path
from jupyter_mage.files import FileLock
lock = FileLock(Path(sys.argv[1]))
lock.acquire()
if len(sys.argv) > 2 and not os.fork():
    sys.stdin.read()
    os._exit(0)
print("held", flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("fork", [[], ["fork"]], ids=["alone", "with a forked child that lives on"])
def test_a_lock_dies_with_its_owner(tmp_path, fork):
    command = [sys.executable, "-c", HOLD, tmp_path / "lock", *fork]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"held\n"
        lock = FileLock(tmp_path / "lock")
        assert not lock.acquire(wait=False)
        process.kill()
        process.wait()
        assert lock.acquire()
        lock.close()


def test_a_lock_says_who_holds_it(tmp_path):
    lock = FileLock(tmp_path / "lock")
    lock.note("nobody")
    lock.acquire()
    lock.note("somebody else")
    lock.note("me")
    assert (tmp_path / "lock").read_text() == "me"
    lock.close()


def test_a_lock_whose_file_was_removed_is_not_current(tmp_path):
    lock = FileLock(tmp_path / "lock")
    assert not lock.current()
    lock.acquire()
    assert lock.current()
    (tmp_path / "lock").unlink()
    assert not lock.current()
    lock.close()


def test_a_lock_is_held_for_a_block_and_freed_after_an_error(tmp_path):
    lock, other = FileLock(tmp_path / "lock"), FileLock(tmp_path / "lock")
    with pytest.raises(ZeroDivisionError), lock.held():
        assert not other.acquire(wait=False)
        raise ZeroDivisionError
    assert other.acquire(wait=False)
    other.close()
    lock.close()


def test_temporary_file_of_a_dead_writer_goes_with_the_next_write(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, text=True, check=True)
    dead, living = (tmp_path / f".a.txt.{pid}.0123abcd.tmp" for pid in (done.stdout.strip(), os.getpid()))
    other = tmp_path / ".b.txt.1.tmp"
    for each in (dead, living, other):
        each.write_text("left")
    atomic_write(tmp_path / "a.txt", "new")
    assert sorted(each.name for each in tmp_path.iterdir()) == sorted(["a.txt", living.name, other.name])
