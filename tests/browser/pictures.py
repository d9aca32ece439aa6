"""Pictures to look at: pipelines of many sizes and every state, as Python draws them."""

from __future__ import annotations

import random
import time
from typing import Any

from jupyter_mage import events as ev
from jupyter_mage import view
from jupyter_mage.model import Block, Failure, Leak, Output, Pipeline, Test
from jupyter_mage.state import fold
from jupyter_mage.view import look


def block(name: str, *upstreams: str, kind: str = "", **more: Any) -> Block:
    return Block(name=name, source="1", upstreams=upstreams, kind=kind or ("transformer" if upstreams else "data_loader"), **more)


def frame(rows: int, columns: int, size: int = 48_000) -> Output:
    pairs = tuple((f"c{i}", "int64") for i in range(columns))
    return Output(content=f"{rows}", codec="frame", type="pandas.DataFrame", size=size, rows=rows, columns=pairs)


def tests(count: int) -> tuple[Test, ...]:
    return tuple(Test(name=f"t{i}", source="assert 1") for i in range(count))


def flights() -> dict[str, Any]:
    """Twelve blocks of every kind, in the middle of a run: warnings, a failure, tests, a leak, a block that runs when asked."""
    blocks = (
        block("flights", doc="Every flight of 2013.", tags=("load",)), block("weather", tags=("load",)),
        block("planes", language="sql", tags=("load",)), block("carriers", language="r"),
        block("delays", "flights", tests=tests(2)), block("by_carrier", "delays", "carriers", language="sql"),
        block("joined", "delays", "weather", "planes", tests=tests(3)), block("ready", "flights", kind="sensor"),
        block("model", "joined", kind="custom"), block("report", "by_carrier"),
        block("notes", "carriers", leaks=(Leak(name="tmp", cell=4),)), block("to_db", "report", kind="data_exporter"),
    )  # fmt: skip
    pipeline = Pipeline(name="flights_late", blocks=blocks)
    running = tuple(name for name in pipeline.names if name not in ("notes", "to_db"))
    now = time.time()
    told: list[ev.Event] = [ev.RunStarted(run="r", pipeline=pipeline.name, blocks=running, at=now - 100)]
    for name, output, seconds, passed in (
        ("flights", frame(336776, 19, 48_100_000), 2.31, ()), ("planes", frame(3322, 9, 210_000), 0.21, ()),
        ("carriers", frame(16, 2, 900), 0.01, ()), ("delays", frame(12480, 8, 1_200_000), 0.31, ("t0", "t1")),
        ("by_carrier", frame(16, 3, 700), 0.08, ()),
    ):  # fmt: skip
        told.append(ev.BlockSucceeded(run="r", block=name, key="k", output=output, seconds=seconds, tests=passed))
    told += [
        ev.BlockCached(run="r", block="weather", key="k", output=frame(26115, 15, 3_100_000)),
        ev.BlockStarted(run="r", block="joined", at=now - 83),
        ev.BlockFailed(run="r", block="ready", failure=Failure(error="KeyError", message="'origin'", line=4)),
    ]
    before = {"delays": frame(15602, 8), "by_carrier": frame(16, 2)}
    return view.picture(pipeline, fold(told), before=before)


def many(count: int) -> dict[str, Any]:
    """So many blocks, two thirds of the way through a run."""
    chance = random.Random(count)
    blocks: list[Block] = []
    for i in range(count):
        near = {f"block_{chance.randrange(max(0, i - 40), i)}" for _ in range(chance.choice((1, 1, 2)))} if i % 13 else set()
        blocks.append(block(f"block_{i}", *sorted(near), doc=f"Number {i}."))
    pipeline = Pipeline(name=f"big_{count}", blocks=tuple(blocks))
    told: list[ev.Event] = [ev.RunStarted(run="r", pipeline=pipeline.name, blocks=pipeline.names)]
    for i, name in enumerate(pipeline.names[: count * 2 // 3]):
        if i % 47 == 46:
            told.append(ev.BlockFailed(run="r", block=name, failure=Failure(error="KeyError", message="'id'")))
        else:
            told.append(ev.BlockSucceeded(run="r", block=name, key="k", output=frame(100 + i, 2), seconds=0.1))
    return view.picture(pipeline, fold(told))


def every_look() -> dict[str, Any]:
    """A card for every state and one for every kind; flows with each alert."""
    kinds = [*look.KINDS, "guest"]
    states = list(look.STATUSES)
    names = [f"s_{name}" for name in states] + [f"k_{name}" for name in kinds] + ["loss", "schema"]
    blocks = [Block(name=name, source="1", kind=name[2:] if name[2:] in look.KINDS else "custom") for name in names]
    blocks += [block("end", *names)]
    drawn = view.picture(Pipeline(name="looks", blocks=tuple(blocks)))
    flow = {"shape": "100 × 2", "size": "48 kB"}
    told = {f"s_{name}": {"status": name, "detail": look.status(name).label, "flow": flow} for name in states}
    change = {**flow, "change": "−20 %", "before": "125 × 2"}
    told |= {each: {"status": "succeeded", "detail": "0.10 s", "flow": {**change, "alert": each}} for each in ("loss", "schema")}
    told["s_cached"] |= {"sampled": True}
    return {**drawn, "states": {**drawn["states"], **told}}


def notebook(*drawn: dict[str, Any]) -> dict[str, Any]:
    """A notebook with these pictures in its outputs, as a saved one has them."""
    output = {"output_type": "display_data", "metadata": {}}
    cell = {"cell_type": "code", "metadata": {}, "execution_count": 1, "source": "%pipeline"}
    return {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
        "cells": [
            {**cell, "id": f"c{i}", "outputs": [{**output, "data": {view.MIME: picture}}]} for i, picture in enumerate(drawn)
        ],
    }
