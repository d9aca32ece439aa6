"""Killed at any moment, nothing acknowledged is lost, nothing finished runs again, no output is half there."""

import json
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import jupyter_mage

LOOP = Path(__file__).with_name("crash_loop.py")
PACKAGE = Path(jupyter_mage.__file__).parent
POINTS = sorted(
    {
        name
        for folder in ("stores", "sinks")
        for path in (PACKAGE / folder).rglob("*.py")
        for name in re.findall(r'point\("([a-z]+:[a-z_]+)"\)', path.read_text())
    }
)


def crash(root, *arguments):
    done = subprocess.run([sys.executable, LOOP, root, *map(str, arguments)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("seed", [1, 2])
def test_killed_thirty_times_at_any_instant_nothing_is_lost(tmp_path, seed):
    counts = crash(tmp_path, 30, seed)
    assert counts["kills"] == 30
    assert counts["runs"] > 0
    assert (counts["left"], counts["locks"]) == (0, 0)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_killed_a_thousand_times_at_any_instant_nothing_is_lost(tmp_path):
    counts = crash(tmp_path, 1000, 3)
    assert (counts["kills"], counts["left"], counts["locks"]) == (1000, 0, 0)


@pytest.mark.parametrize(
    "bug", ["writes in place and trusts names", "tells before it keeps", "forgets what is done", "acknowledges early"]
)
def test_a_mistake_in_engine_or_store_would_be_found(tmp_path, bug):
    done = subprocess.run([sys.executable, LOOP, tmp_path, "300", "1", bug], capture_output=True, text=True)
    assert "a promise is broken" in done.stderr


def test_there_are_points_to_die_at():
    assert [point for point in POINTS if point.startswith("history:")] != []
    assert [point for point in POINTS if point.startswith("store:")] != []


@pytest.mark.parametrize("name", ["SIGKILL", "SIGTERM", "SIGINT"])
@pytest.mark.parametrize("point", POINTS)
def test_dead_at_a_named_point_the_next_life_finishes(tmp_path, point, name):
    counts = crash(tmp_path, point, name, "die")
    ends = {-getattr(signal, name)} | ({0, 130} if name == "SIGINT" else set())
    assert counts["code"] in ends
    assert (counts["second"], counts["finished"]) == (0, 1)


@pytest.fixture
def small_disk(tmp_path):
    folder = tmp_path / "small"
    folder.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m,mode=700", "none", folder], capture_output=True).returncode:
        pytest.skip("needs to be allowed to mount")
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_a_full_disk_fails_the_run_and_the_next_goes_on_when_there_is_room(small_disk):
    filler = small_disk / "filler"
    filler.write_bytes(bytes(1_400_000))
    program = f"""
import sys
sys.path.insert(0, {str(LOOP.parent)!r})
import crash_loop
from pathlib import Path
from jupyter_mage.errors import StoreError
try:
    crash_loop.engine(Path({str(small_disk)!r}), "r0")
except StoreError as error:
    print(error.message)
    raise SystemExit(3)
"""
    full = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (full.returncode, "full" in full.stdout) == (3, True), full.stderr
    filler.unlink()
    subprocess.run(["mount", "-o", "remount,size=64m", small_disk], check=True)
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True).returncode == 0
    check = program.replace("engine(", "check(")
    assert subprocess.run([sys.executable, "-c", check], capture_output=True, text=True).returncode == 0
