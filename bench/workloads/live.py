"""How long after a block starts or ends its card, or its line in the list, says so: in a real JupyterLab, in Chromium.

The kernel is busy with the run. Each block notes when its body began and ended, by the machine's clock; the page notes when the
state was on the screen, by the same. A block that was over before its start was shown counts when its end is shown. With a
command line's run the page has no kernel: the panel follows the history.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import math
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any

import blocks as made
import psutil
import servers

from workloads import Workload, middle
from workloads.graph import ARGUMENTS, CHROMIUM

SIZE = {"width": 1600, "height": 1000}
LONG = 12.0
"""Seconds that a run takes, about, where it has many blocks."""
IDLE = 5.0
SCREENS = {
    "panel": "#jupyter-mage-panel .jm-dag .jm-node",
    "list": "#jupyter-mage-panel .jm-list.jm-chooses li",
    "widget": ".jp-OutputArea .jm-dag .jm-node",
    "no-kernel": "#jupyter-mage-panel .jm-rungraph .jm-node",
}
DEFINE = "get_ipython().magics_manager.registry['PipelineMagics'].session.define"
GATE = "gate"
"""A block that waits until the page is being watched; all others come after it."""

WATCH = """selector => { const seen = window.seen = [], known = new Map(); let fresh = [];
const look = node => { const { block, status } = node.dataset;
  if (block && status && known.get(block) !== status) { known.set(block, status); fresh.push([block, status]); } };
// a frame later, and what that frame had to do: then it is on the screen
const show = () => { if (!fresh.length) return; const news = fresh; fresh = []; requestAnimationFrame(() => { const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => { const at = Date.now() / 1000; for (const [block, status] of news) seen.push([block, status, at]); }; port2.postMessage(0); }); };
new MutationObserver(records => { for (const { target, addedNodes } of records) {
    if (target.matches(selector)) look(target);
    for (const node of addedNodes) if (node instanceof Element) { if (node.matches(selector)) look(node); node.querySelectorAll(selector).forEach(look); }
  } show(); }).observe(document.body, { subtree: true, childList: true, attributes: true, attributeFilter: ['data-status'] });
document.querySelectorAll(selector).forEach(look); show(); }"""
STATES = "selector => [...document.querySelectorAll(selector)].map(({ dataset }) => [dataset.block, dataset.status])"


class Live(Workload):
    name = "live"
    title = "how long after a block starts or ends the screen says so, in JupyterLab in Chromium"
    sizes = aims = (10, 1000)
    rank = "median_ms"
    kept = "what is looked at"
    columns = MappingProxyType({
        "median_ms": "on the screen after, ms: median", "p95_ms": "95 of 100", "worst_ms": "worst", "told": "starts and ends in sight",
        "idle_server_ms": "CPU a second before it, ms: server", "idle_kernel_ms": "kernel", "idle_page_ms": "browser",
        "run_server_ms": "CPU a second in the run, ms: server", "run_page_ms": "browser in the run",
    })  # fmt: skip

    def measure(self, file: str, variant: Any, python: Path, folder: Path, n: int) -> dict[str, Any]:  # noqa: ARG002
        from playwright.sync_api import Error

        lab = _laboratory()
        server = lab.Server(folder / "lab")
        try:
            return _Look(lab, server, variant.mode, n).measured()
        except (RuntimeError, Error) as error:
            return {"ok": False, "error": str(error)}
        finally:
            servers.end(server.process.pid)
            server.log.close()

    def goals(self, found: dict[str, Any]) -> list[dict[str, Any]]:
        figures = {name: middle(found, name, "p95_ms") for name in found}
        return [
            {"what": f"ms in 95 of 100, {name}", "at_most": 200, "is": each} for name, each in figures.items() if each is not None
        ]


def _laboratory() -> ModuleType:
    """What the browser tests start JupyterLab with."""
    path = Path(__file__).resolve().parents[2] / "tests" / "browser" / "conftest.py"
    spec = importlib.util.spec_from_file_location("laboratory", path)
    if spec is None or spec.loader is None:
        raise AssertionError(path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class _Look:
    """One screen, from opening it until the run is over."""

    def __init__(self, lab: ModuleType, server: Any, screen: str, n: int) -> None:
        self._lab, self._server, self._screen, self._n = lab, server, screen, n
        self._folder: Path = server.work / "live"
        self._folder.mkdir()
        self._times, self._go = self._folder / "times", self._folder / "go"
        self._blocks = list(self._made())

    def _made(self) -> Iterator[tuple[str, str]]:
        """Headers and bodies: each of many sleeps so long that all of them, two at a time, take LONG."""
        wait = f"import pathlib, time\nwhile not pathlib.Path({str(self._go)!r}).exists():\n    time.sleep(0.02)\n1"
        yield f"{GATE}()", wait
        many, _ = made.braid(self._n - 1)
        for number, block in enumerate(many):
            sleep = min(0.4, 2 * LONG / self._n) * (0.7 + 0.6 * (number * 37 % 101) / 101)  # not in step with anything
            note = f"file.write(f'{block.name} {{began!r}} {{time.time()!r}}\\n')"
            body = f"import time\nbegan = time.time()\ntime.sleep({sleep:.4f})\nwith open({str(self._times)!r}, 'a') as file:\n    {note}\n1"
            yield f"{block.name}({', '.join(block.upstreams or [GATE])})", body

    def measured(self) -> dict[str, Any]:
        from playwright.sync_api import sync_playwright

        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, headless=True, args=ARGUMENTS)
            page = browser.new_page(viewport=SIZE)
            page.set_default_timeout(60_000)
            with contextlib.ExitStack() as ending:
                record = self._history(page, ending) if self._screen == "no-kernel" else self._notebook(page)
            if os.environ.get("SHOTS"):
                page.screenshot(path=f"{os.environ['SHOTS']}/live-{self._screen}-{self._n}.png")
            browser.close()
        return record

    def _notebook(self, page: Any) -> dict[str, Any]:
        """The kernel runs it, by a cell."""
        given = self._folder / "blocks.json"
        given.write_text(json.dumps(self._blocks))  # no cell of a thousand lines, which the page would have to draw
        define = f"import json, pathlib\nfor header, body in json.loads(pathlib.Path({str(given)!r}).read_text()):\n    {DEFINE}(header, body)"
        cells = (f"%load_ext jupyter_mage\n{define}", "%pipeline", "%pipeline run")
        (self._folder / "live.ipynb").write_text(json.dumps(self._lab.notebook(*cells)))
        lab = self._lab.Lab(page, self._server, "live/live.ipynb").open()
        lab.run(0)
        if self._screen == "widget":
            lab.run(1)
        else:
            panel = lab.panel()
            if self._screen == "list":
                panel.locator(".jm-tabs button[data-view='blocks']").click()
        page.locator(SCREENS[self._screen]).first.wait_for()
        return self._watched(page, lambda: lab.start(2))

    def _history(self, page: Any, ending: contextlib.ExitStack) -> dict[str, Any]:
        """A command line runs it; the panel looks on."""
        (self._folder / "live.ipynb").write_text(
            json.dumps(self._lab.notebook(*(f"%%block {header}\n{body}" for header, body in self._blocks)))
        )
        page.goto(f"http://127.0.0.1:{self._server.port}/lab?reset&token={self._server.token}")
        page.locator("#jupyter-mage-panel").wait_for(state="attached")
        page.evaluate("async () => { await jupyterapp.restored; jupyterapp.shell.activateById('jupyter-mage-panel'); }")
        process = subprocess.Popen(
            [sys.executable, "-m", "jupyter_mage.cli", "run", "live.ipynb"],
            cwd=self._folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        ending.callback(servers.end, process.pid)
        page.evaluate(
            "detail => void document.body.dispatchEvent(new CustomEvent('jupyter-mage:request', {bubbles: true, cancelable: true, detail}))",
            {"action": "show", "view": "runs", "subject": {"project": "live"}},
        )
        page.locator(".jm-runlist li[data-status='running'] .jm-jump").click()
        page.locator(".jm-ways button[data-way='graph']").click()
        page.locator(SCREENS[self._screen]).first.wait_for()
        return self._watched(page, lambda: None)

    def _watched(self, page: Any, start: Callable[[], None]) -> dict[str, Any]:
        selector, spent = SCREENS[self._screen], _Spent(self._server.process.pid)
        time.sleep(2)  # what opening it started is over
        spent.begin()
        time.sleep(IDLE)
        idle = spent.ended("idle")
        page.evaluate(WATCH, selector)
        start()
        page.wait_for_function(f"window.seen.some(each => each[0] === '{GATE}' && each[1] === 'running')")
        self._go.touch()
        spent.begin()
        lines = self._lines()
        run = spent.ended("run")
        # all that is in sight is green in the end: nothing was lost
        page.wait_for_function(f"({STATES})({selector!r}).every(each => each[1] === 'succeeded')")
        late = _late(lines, page.evaluate("() => window.seen"))
        figures = {
            "told": len(late),
            "median_ms": statistics.median(late),
            "p95_ms": late[math.ceil(0.95 * len(late)) - 1],
            "worst_ms": late[-1],
        }
        return {"ok": True, "wall_s": spent.seconds, "cpu_s": spent.cpu, **figures, **idle, **run}

    def _lines(self) -> list[tuple[str, float, float]]:
        """What the blocks noted, when all have: name, begin, end."""
        end = time.monotonic() + 120
        while time.monotonic() < end:
            lines = self._times.read_text().splitlines() if self._times.exists() else []
            if len(lines) == self._n - 1:
                return [(name, float(began), float(ended)) for name, began, ended in map(str.split, lines)]
            time.sleep(0.1)  # between two looks at a condition
        raise RuntimeError("the run did not end within 120 s")


def _late(lines: Sequence[tuple[str, float, float]], seen: Sequence[tuple[str, str, float]]) -> list[float]:
    """Milliseconds from each start and end of a block that was in sight until it was on the screen, least first."""
    shown: dict[str, list[tuple[str, float]]] = {}
    for block, status, at in seen:
        shown.setdefault(block, []).append((status, at))
    late = []
    for name, began, ended in lines:
        for states, at in ((("running", "succeeded"), began), (("succeeded",), ended)):
            times = [on for status, on in shown.get(name, ()) if status in states]
            if times:
                late.append((min(times) - at) * 1000)
    if not late:
        raise RuntimeError("no block was in sight")
    return sorted(late)


class _Spent:
    """CPU of the Jupyter server, of its kernels with their workers, and of the browser, in a stretch of time."""

    def __init__(self, server: int) -> None:
        self._server = server

    def _now(self) -> dict[str, float]:
        whole = servers.cpu_of(self._server)
        own = sum(psutil.Process(self._server).cpu_times()[:2])
        browser = sum(servers.cpu_of(each.pid) for each in psutil.Process().children() if _browses(each))
        return {"server": own, "kernel": whole - own, "page": browser}

    def begin(self) -> None:
        self._before, self._began = self._now(), time.monotonic()

    def ended(self, name: str) -> dict[str, float]:
        """CPU milliseconds a second."""
        self.seconds = time.monotonic() - self._began
        after = self._now()
        self.cpu = sum(after.values()) - sum(self._before.values())
        return {f"{name}_{each}_ms": (after[each] - self._before[each]) * 1000 / self.seconds for each in after}


def _browses(process: psutil.Process) -> bool:
    """Whether it is what Playwright started: its driver, whose child Chromium is."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return any("playwright" in word for word in process.cmdline())
    return False


workload = Live()
