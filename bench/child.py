"""One measurement, in the contender's own environment and a process of its own.

``child.py CONTENDER_FILE MODE WORKLOAD FOLDER PHASE``; the last line printed is ``@@`` and JSON.
"""

from __future__ import annotations

import importlib
import json
import logging
import os
import resource
import sys
import time
import traceback
from importlib import metadata
from pathlib import Path
from types import ModuleType
from typing import Any

import contenders
import workloads
from blocks import MODULE

_TICK = os.sysconf("SC_CLK_TCK")


def own_cpu() -> float:
    """User and system seconds of this process and its ended children."""
    own = resource.getrusage(resource.RUSAGE_SELF)
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + ended.ru_utime + ended.ru_stime


def descendants_cpu() -> float:
    """User and system seconds of live descendants (a pool's workers), in steps of 10 ms."""
    parents: dict[int, int] = {}
    spent: dict[int, float] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        number = int(path.parent.name)
        parents[number] = int(fields[1])
        spent[number] = (int(fields[11]) + int(fields[12])) / _TICK
    total, mine = 0.0, os.getpid()
    for number in spent:
        above = parents.get(number, 0)
        while above and above != mine:
            above = parents.get(above, 0)
        total += spent[number] if above == mine and number != mine else 0.0
    return total


def memory_mb(what: str) -> float:
    """``VmRSS``, what this process has now, or ``VmHWM``, the most it has had since `forget_peak`; in MB."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(what))
    return int(line.split()[1]) / 1024


def forget_peak() -> None:
    """Let ``VmHWM`` begin anew, so that what was made before does not hide what follows."""
    Path("/proc/self/clear_refs").write_text("5")


class Watch:
    """Wall and CPU seconds of a ``with`` block, worker processes included."""

    def __enter__(self) -> Watch:
        self._workers = descendants_cpu()  # looking costs a millisecond, so it stays outside of what is measured
        self._cpu, self._wall = own_cpu(), time.perf_counter()
        return self

    def __exit__(self, *_: object) -> None:
        self.wall = time.perf_counter() - self._wall
        self.cpu = own_cpu() - self._cpu
        self.cpu += descendants_cpu() - self._workers


def prepared(file: str, mode: str, folder: Path, record: dict[str, Any]) -> tuple[Any, ModuleType]:
    """The contender, imported and started, and the blocks."""
    runner = contenders.load(file).Runner(mode, folder)
    with Watch() as watch:
        runner.imports()
    record["import_s"] = watch.wall
    logging.disable(logging.WARNING)
    blocks = importlib.import_module(MODULE)
    with Watch() as watch:
        runner.start()
    record["start_s"] = watch.wall
    return runner, blocks


def _versions(file: str, mode: str) -> dict[str, str]:
    variant = next(each for each in contenders.load(file).variants if each.mode == mode)
    return {name: metadata.version(name) for name in variant.packages}


def main(file: str, mode: str, workload: str, folder: str, phase: str) -> None:
    sys.path.insert(0, folder)
    record: dict[str, Any] = {"ok": False}
    try:
        record["versions"] = _versions(file, mode)
        runner, blocks = prepared(file, mode, Path(folder), record)
        try:
            workloads.load(workload).workload.child(runner, blocks, phase, record)
        finally:
            runner.close()
    except BaseException:
        record |= {"ok": False, "error": traceback.format_exc()[-4000:]}
    print("\n@@" + json.dumps(record), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
