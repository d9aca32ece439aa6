"""One set of blocks for all contenders: a Python module, written into the run's folder, and the same blocks as notebook cells.

Each block carries a number, so that a skipped or misordered one shows in the last block's value; ``CALLS`` counts the bodies that
ran in this process.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

MODULE = "bench_blocks"


@dataclass(frozen=True)
class Block:
    """A block as a Python expression over its upstreams' names."""

    name: str
    upstreams: tuple[str, ...]
    expression: str


def chain(n: int) -> tuple[list[Block], int]:
    """``b0 → b1 → …``: each adds one."""
    blocks = [Block("b0", (), "0")]
    blocks += [Block(f"b{i}", (f"b{i - 1}",), f"b{i - 1} + 1") for i in range(1, n)]
    return blocks, n - 1


def fan(n: int) -> tuple[list[Block], int]:
    """``src → f0 … → merge``: ``n`` blocks side by side, all of them added up."""
    names = tuple(f"f{i}" for i in range(n))
    blocks = [Block("src", (), "1")]
    blocks += [Block(name, ("src",), f"src + {i}") for i, name in enumerate(names)]
    blocks.append(Block("merge", names, f"sum(({', '.join(names)},))"))
    return blocks, n + n * (n - 1) // 2


def braid(n: int) -> tuple[list[Block], int]:
    """``n`` blocks as in a real pipeline: each needs one or two of the dozen before it, some need none."""
    blocks, values = [], list[int]()
    for i in range(n):
        near = {i - 1 - i * 7 % 13, i - 1 - i * 5 % 11 if i % 4 == 0 else -1} if i % 29 else set[int]()
        ups = sorted(each for each in near if each >= 0)
        blocks.append(
            Block(f"b{i}", tuple(f"b{each}" for each in ups), f"({' + '.join([*(f'b{each}' for each in ups), '1'])}) % 1009")
        )
        values.append((sum(values[each] for each in ups) + 1) % 1009)
    return blocks, values[-1]


def busy(n: int, work: int) -> tuple[list[Block], int]:
    """``n`` blocks side by side that each count for a while, and one that adds them up."""
    blocks = [Block(f"c{i}", (), f"sum(i * i % 7 for i in range({work})) + {i}") for i in range(n)]
    names = tuple(block.name for block in blocks)
    blocks.append(Block("merge", names, f"sum(({', '.join(names)},))"))
    whole, rest = divmod(work, 7)  # the squares modulo 7 come again after seven
    one = whole * sum(i * i % 7 for i in range(7)) + sum(i * i % 7 for i in range(rest))
    return blocks, n * one + n * (n - 1) // 2


def write(folder: Path, blocks: list[Block], expected: int) -> None:
    """The module ``bench_blocks`` and the notebook ``bench.ipynb`` of these blocks."""
    lines = ["CALLS = []", ""]
    for block in blocks:
        arguments = ", ".join(f"{name}: int" for name in block.upstreams)
        lines += [f"def {block.name}({arguments}) -> int:", "    CALLS.append(1)", f"    return {block.expression}", ""]
    headers = {block.name: f"{block.name}({', '.join(block.upstreams)})" for block in blocks}
    lines += [
        f"NAMES = {[block.name for block in blocks]!r}",
        f"UPSTREAMS = { ({block.name: list(block.upstreams) for block in blocks})!r}",
        f"CELLS = {[(headers[block.name], block.expression) for block in blocks]!r}",
        f"FINAL = {blocks[-1].name!r}",
        f"EXPECTED = {expected!r}",
    ]
    (folder / f"{MODULE}.py").write_text("\n".join(lines) + "\n")
    cells = [_cell(number, f"%%block {headers[block.name]}\n{block.expression}") for number, block in enumerate(blocks)]
    (folder / "bench.ipynb").write_text(_notebook(cells))


def _cell(number: int, source: str) -> dict[str, object]:
    cell = {"cell_type": "code", "id": f"cell{number}", "metadata": {}, "execution_count": None, "outputs": []}
    return {**cell, "source": source.splitlines(keepends=True)}


def _notebook(cells: list[dict[str, object]]) -> str:
    kernel = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    return json.dumps({"cells": cells, "metadata": kernel, "nbformat": 4, "nbformat_minor": 5}, indent=1)


FRAME_MODULE = '''"""{rows:,} rows: four int64, three float64, two texts (Arrow), one datetime; each block adds a column."""
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

ROWS = {rows}
BLOCKS = {n}
CALLS = []


def _source():
    random = np.random.default_rng(0)
    columns = {{f"i{{j}}": random.integers(0, 10**6, ROWS) for j in range(4)}}
    columns |= {{f"f{{j}}": random.standard_normal(ROWS) for j in range(3)}}
    cities = pa.array([f"city_{{i:04d}}" for i in range(1000)]).take(pa.array(random.integers(0, 1000, ROWS)))
    users = pc.binary_join_element_wise("user_", pa.array(np.arange(ROWS)).cast(pa.string()), "")
    columns["s1"] = pd.Series(cities.to_pandas(), dtype="str")
    columns["s2"] = pd.Series(users.to_pandas(), dtype="str")
    columns["ts"] = np.datetime64("2024-01-01", "us") + random.integers(0, 10**12, ROWS).astype("timedelta64[us]")
    return pd.DataFrame(columns)


FRAME = _source()
'''

FRAME_BLOCK = """
def b{k}({argument}) -> pd.DataFrame:
    CALLS.append(1)
    frame = {source}.copy(deep=False)
    frame["n{k}"] = frame["f0"] * {k} + frame["i0"]
    return frame
"""


def write_frames(folder: Path, rows: int, n: int) -> None:
    """The module ``bench_blocks`` of ``n`` blocks that each add a column to a frame of ``rows`` rows."""
    parts = [FRAME_MODULE.format(rows=rows, n=n)]
    for k in range(1, n + 1):
        argument, source = (f"b{k - 1}: pd.DataFrame", f"b{k - 1}") if k > 1 else ("", "FRAME")
        parts.append(FRAME_BLOCK.format(k=k, argument=argument, source=source))
    names = [f"b{k}" for k in range(1, n + 1)]
    upstreams = {name: names[place - 1 : place] if place else [] for place, name in enumerate(names)}
    cells = []
    for place, name in enumerate(names):
        source = "bench_blocks.FRAME" if not place else names[place - 1]
        first = "import bench_blocks\n" if not place else ""
        text = f'{first}frame = {source}.copy(deep=False)\nframe["n{place + 1}"] = frame["f0"] * {place + 1} + frame["i0"]\nframe'
        cells.append((f"{name}({', '.join(upstreams[name])})", text))
    parts.append(f"\nNAMES = {names!r}\nUPSTREAMS = {upstreams!r}\nCELLS = {cells!r}\nFINAL = {names[-1]!r}\nEXPECTED = None\n")
    (folder / f"{MODULE}.py").write_text("\n".join(parts))
