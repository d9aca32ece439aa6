"""What is measured: one workload a file, which has a ``workload``.

Its `measure` is called by `run.py`, its `child` in the contender's process.
"""

from __future__ import annotations

import importlib
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any

HERE = Path(__file__).resolve().parent
TIMEOUT = 300.0

_QUIET = {
    "DO_NOT_TRACK": "1", "HAMILTON_TELEMETRY_ENABLED": "false", "KEDRO_DISABLE_TELEMETRY": "1", "DAGSTER_DISABLE_TELEMETRY": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false", "PREFECT_LOGGING_LEVEL": "ERROR", "PLOOMBER_STATS_ENABLED": "false",
    "GE_USAGE_STATS": "FALSE", "REQUIRE_USER_AUTHENTICATION": "0", "ENABLE_OPEN_AI": "0", "ENABLE_HUGGING_FACE": "0",
    "NO_COLOR": "1", "TERM": "dumb", "PYTHONHASHSEED": "0",
}  # fmt: skip


class Workload:
    """Blocks to run. ``measure`` gives a record with ``ok``, ``wall_s``, ``cpu_s`` and whatever else there is to say."""

    name = ""
    title = ""
    n = 1000
    sized = True
    """Whether ``--n`` says how much of it there is."""
    sizes: Sequence[int] = ()
    """Where it is measured at several, smallest first, and ``n`` is among them; who fails at one is not asked for a larger."""
    aims: Sequence[int] = ()
    """At which of its sizes the targets hold; none: at ``n`` only."""
    rank = ""
    """The column that says all, where that is not wall time and CPU: these two are left out then."""
    kept = "keeps"
    """The title of the contenders' notes."""
    limits_ms: Mapping[str, float] = MappingProxyType({})
    """CPU that our variants may take, at the default ``n``."""
    floor_ms: float | None = None
    """CPU that it may take beyond the contender ``floor``, where that is how the target is put."""
    ratios: Mapping[str, float] = MappingProxyType({})
    """How many times our CPU a contender has to take at least."""
    columns: Mapping[str, str] = MappingProxyType({})
    """More figures of the record that the table shows: name and title; seconds are shown as milliseconds."""

    def blocks_in(self, n: int) -> int | None:
        """How many blocks that is, for the column ``µs a block``."""
        return n

    def goals(self, found: dict[str, Any]) -> list[dict[str, Any]]:  # noqa: ARG002
        """Targets that are put in another way: each ``what``, ``at_most`` or ``at_least``, and what it ``is``."""
        return []

    def prepare(self, folder: Path, n: int) -> None:
        """Write the blocks into ``folder``."""
        raise NotImplementedError

    def measure(self, file: str, variant: Any, python: Path, folder: Path, n: int) -> dict[str, Any]:
        """One measurement, in processes of its own."""
        self.prepare(folder, n)
        return self.spawn(file, variant, python, folder)

    def child(self, runner: Any, blocks: ModuleType, phase: str, record: dict[str, Any]) -> None:  # noqa: ARG002
        """Build, run once, check the value and how many bodies ran."""
        from child import Watch

        with Watch() as watch:
            runner.build(blocks)
        record["build_s"] = watch.wall
        blocks.CALLS.clear()
        with Watch() as watch:
            result = runner.run()
        record |= {"wall_s": watch.wall, "cpu_s": watch.cpu, "executed": runner.executed(result)}
        self.ran(runner, record)
        self.check(runner.value(result), blocks, record, executed=len(blocks.NAMES))

    def ran(self, runner: Any, record: dict[str, Any]) -> None:
        """Note what else there is to say of a run, before its value is looked at."""

    def check(self, value: Any, blocks: ModuleType, record: dict[str, Any], *, executed: int) -> None:
        wrong = []
        if value != blocks.EXPECTED:
            wrong.append(f"the last block gave {value!r:.100}, not {blocks.EXPECTED!r:.100}")
        if record["executed"] != executed:
            wrong.append(f"{record['executed']} bodies ran, not {executed}")
        record |= {"ok": False, "error": "; ".join(wrong)} if wrong else {"ok": True}

    def spawn(self, file: str, variant: Any, python: Path, folder: Path, phase: str = "first") -> dict[str, Any]:
        """Run `child.py` and give its record, with the whole process's wall and CPU seconds."""
        own = type(self).__module__.rpartition(".")[2]
        command = [str(python), str(HERE.parent / "child.py"), file, variant.mode, own, str(folder), phase]
        done, spent = timed(command, python, folder)
        line = next((line for line in reversed(done.stdout.splitlines()) if line.startswith("@@")), "")
        record = json.loads(line[2:]) if line else {"ok": False, "error": f"exit {done.returncode}: {done.stderr[-3000:]}"}
        return record | {"process_wall_s": spent[0], "process_cpu_s": spent[1]}


def middle(
    found: Mapping[str, Any], contender: str, field: str, of: Callable[[Sequence[float]], float] = statistics.median
) -> float | None:
    """A figure of a contender's rounds, or None where it has none."""
    values = [each[field] for each in found.get(contender, {}).get("rounds", ()) if each["ok"] and field in each]
    return of(values) if values else None


def timed(command: Sequence[str], python: Path, folder: Path) -> tuple[subprocess.CompletedProcess[str], tuple[float, float]]:
    """Run a command at ``folder``; its result, wall and CPU seconds. What takes longer than TIMEOUT fails."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    try:
        done = subprocess.run(
            command, cwd=folder, env=environment(python, folder), capture_output=True, text=True, timeout=TIMEOUT, check=False
        )
    except subprocess.TimeoutExpired:
        done = subprocess.CompletedProcess(command, -1, "", f"not done after {TIMEOUT:.0f} s")
    wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    return done, (wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def environment(python: Path, folder: Path) -> dict[str, str]:
    """Nothing of the person's own: a home in the folder, the contender's commands first. PYTHONPATH is for a copy of ours."""
    names = ("LANG", "LC_ALL", "BENCH_ROWS", *(["PYTHONPATH"] if str(python) == sys.executable else []))
    kept = {name: os.environ[name] for name in names if name in os.environ}
    home = folder / "home"
    (home / "dagster").mkdir(parents=True, exist_ok=True)
    path = f"{python.parent}:/usr/local/bin:/usr/bin:/bin"
    return {**kept, **_QUIET, "PATH": path, "HOME": str(home), "TMPDIR": str(folder), "DAGSTER_HOME": str(home / "dagster")}


def files() -> list[str]:
    return sorted(path.stem for path in HERE.glob("*.py") if not path.stem.startswith("_"))


def load(name: str) -> ModuleType:
    return importlib.import_module(f"workloads.{name}")


ORDER = (
    "chain", "fan", "chain_10k", "fan_10k", "cached", "frame", "cpu_bound", "first_block", "plan", "plan_100k", "graph",
    "live", "events", "define", "import_time", "help_time", "cold", "mage_project",
)  # fmt: skip


def all_workloads() -> dict[str, Workload]:
    """Each workload by its name; those that ORDER does not know stand last."""
    found = [load(file).workload for file in sorted(files(), key=lambda file: (ORDER.index(file) if file in ORDER else 99, file))]
    return {workload.name: workload for workload in found}
