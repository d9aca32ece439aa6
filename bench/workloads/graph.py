"""The graph of many blocks in Chromium: its layout, how soon it is seen, how smoothly it is moved, what a run of it sends.

A contender writes a page (or starts a server of one) with the same pipeline: ``Runner.graph`` gives its address. What it takes is
measured from outside, by the page's own clock. Chromium draws in software here: figures are for comparing.
"""

from __future__ import annotations

import contextlib
import functools
import http.server
import os
import shutil
import statistics
import threading
from collections.abc import Iterator
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any

import blocks as made

from workloads import Workload, middle

SIZE = {"width": 1400, "height": 900}
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
FRAMES = """([steps, act]) => new Promise(done => {
  const times = []; let last = performance.now(), left = steps;
  const frame = now => { times.push(now - last); last = now; if (--left) requestAnimationFrame(frame); else done(times.slice(2)); };
  requestAnimationFrame(frame); })"""


class Graph(Workload):
    name = "graph"
    title = "the graph of many blocks in Chromium"
    columns = MappingProxyType({
        "layout_ms": "layout ms", "paint_ms": "seen after ms", "pan_ms": "frame ms, moved", "pan_worst_ms": "worst",
        "far_ms": "frame ms, all in sight", "far_worst_ms": "worst", "update_ms": "a state ms", "bundle_kb": "script kB",
        "wire_kb": "kB a run sends", "wire_ms": "CPU ms of that",
    })  # fmt: skip

    def prepare(self, folder: Path, n: int) -> None:
        made.write(folder, *made.braid(n))

    def measure(self, file: str, variant: Any, python: Path, folder: Path, n: int) -> dict[str, Any]:
        self.prepare(folder, n)
        record = self.spawn(file, variant, python, folder)
        if not record["ok"]:
            return record
        with serving(record.get("site", "")) as address:
            return record | seen(record.get("address", address), record["ready"], record.get("far", ""), record.get("change", ""))

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
def serving(folder: str) -> Iterator[str]:
    """A static site on this machine, by its address; nothing where there is none."""
    if not folder:
        yield ""
        return
    handler = functools.partial(Quiet, directory=folder)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Files, and no line for each on stderr."""

    def log_message(self, *_: object) -> None:
        pass


def seen(address: str, ready: str, far: str, change: str) -> dict[str, Any]:
    """Open the page and use it: drag for two seconds at its first zoom, then with all of it in sight."""
    from playwright.sync_api import TimeoutError as NeverSeen
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, headless=True, args=["--no-sandbox", "--disable-gpu", "--allow-file-access-from-files"]
        )
        page = browser.new_page(viewport=SIZE)
        page.set_default_timeout(120_000)
        page.goto(address)
        try:
            page.wait_for_function(ready)
        except NeverSeen:
            browser.close()
            return {"ok": False, "error": "nothing was seen within 120 s"}
        # two frames later it is on the screen
        painted = page.evaluate(
            "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now()))))"
        )
        record = {"paint_ms": painted - page.evaluate("window.began || 0")}
        record |= _frames(page, "pan")
        if far:
            page.evaluate(far)
            record |= _frames(page, "far")
        if change:
            record["update_ms"] = statistics.median(page.evaluate(change))
        browser.close()
    return record


def _frames(page: Any, name: str) -> dict[str, float]:
    """How long frames take while the mouse drags the drawing there and back."""
    page.mouse.move(700, 450)
    page.mouse.down()
    times = page.evaluate_handle(f"window.times = ({FRAMES})([90])")
    for step in range(90):
        away = step if step < 45 else 90 - step
        page.mouse.move(700 - 12 * away, 450 - 6 * away)
    found = page.evaluate("() => window.times")
    page.mouse.up()
    times.dispose()
    return {f"{name}_ms": statistics.median(found), f"{name}_worst_ms": max(found)}


workload = Graph()
