"""A notebook of many cells, executed one after another in a real IPython shell: what does each cell that defines a block cost?

Nothing is run: our cells say ``--no-run``. The price of a cell must not grow with the notebook.
"""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any

import blocks as made

from workloads import Workload, middle

EDGE = 100
"""How many cells the first and the last figure are over."""
WARM = 10
"""Cells before that, which import what is needed."""


def _each(times: list[float]) -> float:
    return sum(times) / len(times) * 1000


class Define(Workload):
    name = "define"
    title = "cells of a notebook that define a block each, in IPython"
    n = 2000
    columns = MappingProxyType({"first_ms": "CPU ms a cell, first 100", "last_ms": "last 100"})

    def prepare(self, folder: Path, n: int) -> None:
        made.write(folder, *made.chain(n))

    def child(self, runner: Any, blocks: ModuleType, phase: str, record: dict[str, Any]) -> None:  # noqa: ARG002
        import contextlib
        import io
        import time

        from child import Watch

        shell, cells, defined = runner.notebook(blocks)
        times, said = [], io.StringIO()
        with Watch() as watch, contextlib.redirect_stdout(said):
            for cell in cells:
                began = time.process_time()
                shell.run_cell(cell, store_history=True).raise_error()
                times.append(time.process_time() - began)
        record |= {"wall_s": watch.wall, "cpu_s": watch.cpu}
        record |= {"first_ms": _each(times[WARM:][:EDGE] or times), "last_ms": _each(times[-EDGE:])}
        found = defined()
        record["ok"] = found == len(blocks.NAMES)
        if not record["ok"]:
            record["error"] = f"{found} of {len(blocks.NAMES)} blocks are defined: {said.getvalue()[-500:]}"

    def goals(self, found: dict[str, Any]) -> list[dict[str, Any]]:
        us = "jupyter_mage"
        first, last = middle(found, us, "first_ms"), middle(found, us, "last_ms")
        if first is None or last is None:
            return []
        return [
            {"what": "ms of CPU a cell, the last 100 of 2,000", "at_most": 3, "is": last},
            {"what": "times the first 100 cells", "at_most": 2, "is": last / first},
        ]


workload = Define()
