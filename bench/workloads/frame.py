"""A frame of five million rows and ten columns through four blocks, each adding a column and each kept."""

from __future__ import annotations

import os
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any

import blocks

from workloads import Workload

ROWS = 5_000_000
BLOCKS = 4


class Frame(Workload):
    name = "frame"
    title = "5 M rows × 10 columns through 4 kept blocks"
    n = ROWS
    limits_ms = MappingProxyType({"jupyter_mage": 1000})
    ratios = MappingProxyType({"joblib": 3.5, "kedro-pickle": 3.5, "hamilton-cache": 20, "dagster-assets": 3.5})
    columns = MappingProxyType({"disk_mb": "MB kept", "peak_mb": "MB peak above the frame"})

    def blocks_in(self, n: int) -> int | None:  # noqa: ARG002
        return None

    def prepare(self, folder: Path, n: int) -> None:
        blocks.write_frames(folder, n, BLOCKS)

    def child(self, runner: Any, blocks: ModuleType, phase: str, record: dict[str, Any]) -> None:
        from child import forget_peak, memory_mb

        forget_peak()
        self.before = memory_mb("VmRSS")
        super().child(runner, blocks, phase, record)

    def ran(self, runner: Any, record: dict[str, Any]) -> None:
        from child import memory_mb

        record["peak_mb"] = memory_mb("VmHWM") - self.before
        found = (file for folder, _, files in os.walk(runner.folder) for file in (Path(folder, name) for name in files))
        record["disk_mb"] = sum(file.stat().st_size for file in found) / 2**20

    def check(self, value: Any, blocks: ModuleType, record: dict[str, Any], *, executed: int) -> None:
        """All four columns are there and right."""
        frame = blocks.FRAME
        wrong = [f"{record['executed']} bodies ran, not {executed}"] if record["executed"] != executed else []
        if list(value.columns) != [*frame.columns, *(f"n{k}" for k in range(1, BLOCKS + 1))] or len(value) != len(frame):
            wrong.append(f"the last block gave {value.shape} with {list(value.columns)}")
        else:
            wrong += [
                f"column n{k} is wrong"
                for k in range(1, BLOCKS + 1)
                if not (value[f"n{k}"] == frame["f0"] * k + frame["i0"]).all()
            ]
            wrong += [f"column {name} is wrong" for name in frame.columns if not value[name].equals(frame[name])]
        record |= {"ok": False, "error": "; ".join(wrong)} if wrong else {"ok": True}


workload = Frame()
