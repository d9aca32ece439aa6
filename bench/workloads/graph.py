"""The graph of many blocks in Chromium: its layout, how soon it is seen, how smoothly it is moved, what a run of it sends.

A contender writes a page, a folder of files or the command of a server with the same pipeline: ``Runner.graph`` says which, and
when the graph is seen. What it takes is measured from outside, by the page's own clock. Chromium draws in software here: figures
are for comparing. Who shows nothing of a graph within LIMIT is not asked for a larger one.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any

import blocks as made

from workloads import Workload, environment, middle

SIZE = {"width": 1400, "height": 900}
LIMIT = 120
"""Seconds until something of the graph has to be seen."""
IDLE = 5
"""Seconds over which a page that nobody touches is watched."""
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--allow-file-access-from-files"]
STEPS = 90
FRAMES = """steps => new Promise(done => {
  const times = []; let last = performance.now(), left = steps;
  const frame = now => { times.push(now - last); last = now; if (--left) requestAnimationFrame(frame); else done(times.slice(2)); };
  requestAnimationFrame(frame); })"""
LOADED = """() => { const all = [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')];
const size = of => of.reduce((sum, each) => sum + each.decodedBodySize, 0) / 1000;
return [size(all), size(all.filter(each => each.name.split('?')[0].endsWith('.js')))]; }"""
Served = Callable[[], float]
"""CPU seconds that the page's server has taken by now."""


class Graph(Workload):
    name = "graph"
    title = "the graph of many blocks in Chromium"
    sizes = (100, 1000, 5000)
    rank = "paint_ms"
    kept = "note"
    columns = MappingProxyType({
        "layout_ms": "layout, CPU ms", "paint_ms": "seen after, ms", "pan_ms": "a frame while it is moved, ms",
        "pan_worst_ms": "the worst", "far_ms": "a frame with all in sight, ms", "far_worst_ms": "the worst of those",
        "update_ms": "a new state, ms", "script_kb": "script, kB", "zipped_kb": "zipped, kB", "page_kb": "page with its data, kB",
        "server_ms": "server's CPU until seen, ms", "idle_ms": "server's CPU a second, idle, ms",
        "wire_kb": "a run sends, kB", "wire_ms": "the kernel's CPU for that, ms",
    })  # fmt: skip

    def prepare(self, folder: Path, n: int) -> None:
        made.write(folder, *made.braid(n))

    def measure(self, file: str, variant: Any, python: Path, folder: Path, n: int) -> dict[str, Any]:
        self.prepare(folder, n)
        record = self.spawn(file, variant, python, folder)
        if not record["ok"]:
            return record
        try:
            with _served(record, python, folder) as (address, cpu):
                return record | seen(address, record, cpu)
        except RuntimeError as error:  # its server does not answer, or its graph does not move
            return record | {"ok": False, "error": str(error)}

    def child(self, runner: Any, blocks: ModuleType, phase: str, record: dict[str, Any]) -> None:  # noqa: ARG002
        from child import Watch

        runner.build(blocks)
        with Watch() as watch:
            record |= runner.graph()
        record |= {"ok": True, "wall_s": watch.wall, "cpu_s": watch.cpu}

    def goals(self, found: dict[str, Any]) -> list[dict[str, Any]]:
        us = "jupyter_mage"
        pan, far, paint = (middle(found, us, field) for field in ("pan_ms", "far_ms", "paint_ms"))
        if pan is None or far is None or paint is None:
            return []
        return [
            {"what": "ms until 1,000 blocks are seen", "at_most": 1000, "is": paint},
            {"what": "ms a frame while 1,000 blocks are moved", "at_most": 20, "is": pan},
            {"what": "ms a frame with all 1,000 in sight", "at_most": 33, "is": far},
        ]


@contextlib.contextmanager
def _served(record: dict[str, Any], python: Path, folder: Path) -> Iterator[tuple[str, Served | None]]:
    """The page's address, and what its server takes where it needs one of its own."""
    import servers

    if "serve" in record:
        port = servers.free_port()
        address = f"http://127.0.0.1:{port}/"
        program, *rest = record["serve"]
        command = [str(python.parent / program), *(each.format(port=port) for each in rest)]
        with servers.started(
            command, environment(python, folder) | record["environment"], folder, address + record["answers"]
        ) as number:
            yield address + record["path"], lambda: servers.cpu_of(number)
    else:
        with servers.serving(record["site"]) as address:
            yield address + record.get("path", ""), None


def seen(address: str, how: dict[str, Any], cpu: Served | None) -> dict[str, Any]:
    """Open the page and use it: drag for two seconds at its first zoom, then with all of it in sight."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, headless=True, args=ARGUMENTS)
        page = browser.new_page(viewport=SIZE)
        page.add_init_script("performance.setResourceTimingBufferSize(20000)")
        before = cpu() if cpu else 0.0
        record = _first_paint(page, address, how["ready"])
        if cpu:
            record["server_ms"] = (cpu() - before) * 1000
        if record["ok"]:
            record |= _used(page, how)
            if cpu:
                before = cpu()
                time.sleep(IDLE)
                record["idle_ms"] = (cpu() - before) * 1000 / IDLE
        browser.close()
    return record


def _first_paint(page: Any, address: str, ready: str) -> dict[str, Any]:
    from playwright.sync_api import TimeoutError as NeverSeen

    end = time.monotonic() + LIMIT
    try:
        page.goto(address, wait_until="commit", timeout=LIMIT * 1000)
        page.wait_for_function(ready, timeout=max(1, (end - time.monotonic()) * 1000))
        # two frames later it is on the screen
        painted = page.evaluate(
            "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now()))))"
        )
    except NeverSeen:
        return {"ok": False, "nothing": f"nothing within {LIMIT} s", "error": f"nothing was seen within {LIMIT} s"}
    size, scripts = page.evaluate(LOADED)
    return {"ok": True, "paint_ms": painted, "page_kb": size, "script_kb": scripts}


def _used(page: Any, how: dict[str, Any]) -> dict[str, Any]:
    record = _frames(page, how, "pan")
    _shot(page, "first")
    if "far" in how:
        page.evaluate(how["far"])
        record |= _frames(page, how, "far")
        _shot(page, "far")
    if "change" in how:
        record["update_ms"] = statistics.median(page.evaluate(how["change"]))
    return record


def _frames(page: Any, how: dict[str, Any], name: str) -> dict[str, float]:
    """How long frames take while the mouse drags the drawing there and back, or, ``"by": "wheel"``, its wheel turns.

    Raises RuntimeError where the drawing does not move.
    """
    stage = page.locator(how["stage"]).first.bounding_box()
    x, y = stage["x"] + stage["width"] / 2, stage["y"] + stage["height"] / 2
    stride = min(12.0, 0.8 * stage["width"] / STEPS)
    before = _place(page, how)
    wheel = how.get("by") == "wheel"
    page.mouse.move(x, y)
    if not wheel:
        page.mouse.down()
    times = page.evaluate_handle(f"window.times = ({FRAMES})({STEPS})")
    for step in range(STEPS):
        there = step < STEPS / 2
        if wheel:
            page.mouse.wheel(*((stride, stride / 2) if there else (-stride, -stride / 2)))
        else:
            away = step if there else STEPS - step
            page.mouse.move(x - stride * away, y - stride * away / 2)
        if step == STEPS // 2 and _place(page, how) == before:
            raise RuntimeError("the graph does not follow the mouse")
    found = page.evaluate("() => window.times")
    if not wheel:
        page.mouse.up()
    times.dispose()
    return {f"{name}_ms": statistics.median(found), f"{name}_worst_ms": max(found)}


def _place(page: Any, how: dict[str, Any]) -> Any:
    return page.evaluate(
        "of => { const { x, y } = document.querySelector(of).getBoundingClientRect(); return [x, y]; }", how["drawing"]
    )


def _shot(page: Any, name: str) -> None:
    """For looking at what was measured: ``SHOTS=FOLDER``."""
    if os.environ.get("SHOTS"):
        page.screenshot(path=f"{os.environ['SHOTS']}/{page.title()[:20]}-{time.time():.0f}-{name}.png", timeout=LIMIT * 1000)


workload = Graph()
