"""A real JupyterLab, and Chromium in front of it."""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

sync_api = pytest.importorskip("playwright.sync_api")

ANSI = re.compile(r"\x1b\[[0-9;]*m")
ROOT = Path(__file__).resolve().parents[2]
BUILT = ROOT / "jupyter_mage" / "labextension"
CHROMIUM = (
    os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
)
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in Path(item.fspath).parents:
            item.add_marker(pytest.mark.browser)
            if CHROMIUM is None:
                item.add_marker(pytest.mark.skip(reason="no chromium here; apt install chromium, or set CHROMIUM"))


def notebook(*cells: str) -> dict[str, Any]:
    """A notebook of code cells, with ids ``c0``, ``c1`` …"""
    return {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
        "cells": [
            {"cell_type": "code", "id": f"c{i}", "metadata": {}, "outputs": [], "execution_count": None, "source": source}
            for i, source in enumerate(cells)
        ],
    }


class Server:
    """JupyterLab in a folder of its own: no setting, kernel or extension data of this machine's user is read or written."""

    def __init__(self, home: Path) -> None:
        self.home, self.work = home, home / "work"
        self.work.mkdir(parents=True)
        self.token = secrets.token_hex(8)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self._settings("@jupyterlab/apputils-extension/notification", {"fetchNews": "false", "checkForUpdates": False})
        if BUILT.is_dir():  # the build in this tree, whatever is installed
            (home / "data" / "labextensions").mkdir(parents=True)
            (home / "data" / "labextensions" / "jupyter-mage").symlink_to(BUILT)
        (home / "config" / "jupyter_server_config.d").mkdir(parents=True)
        shutil.copy(ROOT / "jupyter-config" / "jupyter_mage.json", home / "config" / "jupyter_server_config.d")
        own = {
            "JUPYTER_CONFIG_DIR": "config",
            "JUPYTER_DATA_DIR": "data",
            "JUPYTER_RUNTIME_DIR": "runtime",
            "JUPYTERLAB_SETTINGS_DIR": "settings",
            "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
            "IPYTHONDIR": "ipython",
        }
        environment = {**os.environ, **{name: str(home / folder) for name, folder in own.items()}}
        environment["JUPYTER_PREFER_ENV_PATH"] = "0"  # a virtual environment's own labextensions would go before ours
        environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
        command = [
            *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--LabApp.expose_app_in_browser=True"),
            "--JupyterNotebookApp.expose_app_in_browser=True",  # Notebook 7 has the same server, where it is installed
            *(f"--port={self.port}", "--ServerApp.port_retries=0", f"--IdentityProvider.token={self.token}"),
            *("--ServerApp.ip=127.0.0.1", f"--ServerApp.root_dir={self.work}", "--LabApp.news_url="),
        ]
        self.log = (home / "server.log").open("w")
        self.process = subprocess.Popen(command, env=environment, cwd=self.work, stdout=self.log, stderr=subprocess.STDOUT)
        self._wait()

    def _settings(self, plugin: str, values: dict[str, Any]) -> None:
        path = self.home / "settings" / f"{plugin}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(values))

    def _wait(self) -> None:
        end = time.monotonic() + 90
        while time.monotonic() < end:
            if self.process.poll() is not None:
                break
            try:
                self.call("GET", "api/status")
                return
            except OSError:
                time.sleep(0.1)  # between two looks at a condition
        raise RuntimeError(f"JupyterLab did not start:\n{(self.home / 'server.log').read_text()[-3000:]}")

    def call(self, method: str, path: str) -> Any:
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/{path}", method=method)
        request.add_header("Authorization", f"token {self.token}")
        with urllib.request.urlopen(request, timeout=10) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    @staticmethod
    def counts(error: Any, ours: str = "") -> bool:
        """Whether a script error is one to fail for. JupyterLab takes its own splash away twice where two themes follow closely."""
        stack = error.stack or ""
        return ours in stack and not ("removeChild" in str(error) and "jlab_core" in stack and "jupyter-mage" not in stack)

    def end_kernels(self) -> None:
        for session in self.call("GET", "api/sessions"):
            with contextlib.suppress(urllib.error.HTTPError):  # several notebooks had one kernel: the others went with the first
                self.call("DELETE", f"api/sessions/{session['id']}")

    def close(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()


class Lab:
    """One notebook, open in one page."""

    def __init__(self, page: Any, server: Server, path: str) -> None:
        self.page, self.server, self.path = page, server, path

    @property
    def file(self) -> Path:
        return self.server.work / self.path

    def open(self, front: str = "lab/tree") -> Lab:
        """In JupyterLab, or with ``notebooks`` in Notebook 7."""
        self.page.goto(f"http://127.0.0.1:{self.server.port}/{front}/{self.path}?reset&token={self.server.token}")
        self.wait(READY)
        return self

    def wait(self, condition: str, *, seconds: float = 60) -> None:
        """Until this JavaScript expression is true."""
        self.page.wait_for_function(condition, timeout=seconds * 1000)

    def idle(self) -> None:
        """Until no cell runs: a cell that was queued behind a failing one would be dropped.

        The kernel's status is not enough: it also says idle when a subshell has answered the panel beside a running cell.
        """
        self.wait(
            f"{NOTEBOOK}.sessionContext.session.kernel.status === 'idle'"
            f" && {NOTEBOOK}.content.widgets.every(cell => cell.model.executionState !== 'running')"
        )

    def start(self, cell: int) -> None:
        """Run a cell and do not wait."""
        self.page.evaluate(
            f"""() => {{ const nb = {NOTEBOOK}; nb.content.activeCellIndex = {cell}; nb.content.deselectAll();
            window.jupyterapp.commands.execute('notebook:run-cell'); return null; }}"""
        )

    def run(self, *cells: int) -> None:
        """Run these cells, one after another, to their end."""
        for cell in cells:
            self.page.evaluate(
                f"""async () => {{ const nb = {NOTEBOOK}; nb.content.activeCellIndex = {cell}; nb.content.deselectAll();
                await window.jupyterapp.commands.execute('notebook:run-cell'); }}"""
            )

    def run_all(self) -> None:
        self.page.evaluate("async () => { await window.jupyterapp.commands.execute('notebook:run-all-cells'); }")
        self.idle()

    def sources(self) -> list[str]:
        """Each cell's text, as it stands on the screen."""
        found: list[str] = self.page.evaluate(f"() => {NOTEBOOK}.content.widgets.map(each => each.model.sharedModel.getSource())")
        return found

    def said(self, cell: int) -> str:
        """What stands below a cell, without its colours: printed, shown and raised."""
        outputs = self.page.evaluate(f"() => {NOTEBOOK}.content.widgets[{cell}].model.outputs.toJSON()")
        texts = ("".join(each.get("text") or each.get("data", {}).get("text/plain", "")) for each in outputs)
        errors = ("\n".join(each.get("traceback", ())) for each in outputs)
        return ANSI.sub("", "\n".join(text for pair in zip(texts, errors, strict=True) for text in pair if text))

    def select(self, cell: int) -> None:
        """In command mode, as after Esc."""
        self.page.evaluate(
            f"""async () => {{ const nb = {NOTEBOOK}.content; nb.activeCellIndex = {cell}; nb.deselectAll(); nb.mode = 'command';
            await nb.scrollToItem({cell}, 'smart'); nb.node.focus(); }}"""
        )

    def write(self, cell: int, text: str) -> None:
        """Type this in place of what the cell says."""
        self.select(cell)
        self.page.keyboard.press("Enter")
        self.page.keyboard.press("Control+A")
        self.page.keyboard.insert_text(text)
        self.wait(f"{NOTEBOOK}.content.widgets[{cell}].model.sharedModel.getSource() === {json.dumps(text)}")

    def add_below(self, cell: int, text: str) -> int:
        """A new cell below this one, with B; gives its number."""
        cells = len(self.sources())
        self.select(cell)
        self.page.keyboard.press("b")
        self.wait(f"{NOTEBOOK}.content.widgets.length === {cells + 1}")
        self.write(cell + 1, text)
        return cell + 1

    def count(self, cell: int) -> int:
        return int(self.page.evaluate(f"() => {NOTEBOOK}.content.widgets[{cell}].model.executionCount || 0"))

    def panel(self) -> Any:
        """The side panel, opened."""
        self.page.evaluate("() => { window.jupyterapp.shell.activateById('jupyter-mage-panel'); return null; }")
        return self.page.locator("#jupyter-mage-panel")

    def output(self, cell: int) -> Any:
        return self.page.locator(".jp-NotebookPanel .jp-Cell").nth(cell).locator(".jp-OutputArea-output")

    def active(self) -> int:
        return int(self.page.evaluate(f"() => {NOTEBOOK}.content.activeCellIndex"))


NOTEBOOK = "window.jupyterapp.shell.currentWidget"
READY = f"""(() => {{ const app = window.jupyterapp; const nb = app && {NOTEBOOK};
return !!(nb && nb.sessionContext && nb.sessionContext.isReady && nb.sessionContext.session && nb.sessionContext.session.kernel
&& nb.sessionContext.session.kernel.status === 'idle' && nb.content && nb.content.widgets.length); }})()"""


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    made = Server(tmp_path_factory.mktemp("lab"))
    yield made
    made.close()


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, headless=True, args=ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture
def lab(server: Server, browser: Any, request: pytest.FixtureRequest) -> Iterator[Callable[..., Lab]]:
    """Opens a notebook of these cells: ``lab("1 + 1", "2")``, or a copy of a file: ``lab(copy=path)``.

    A script error on the page fails the test.
    """
    pages: list[Any] = []
    errors: list[str] = []

    def make(
        *cells: str, name: str = "shown", width: int = 1400, height: int = 900, copy: Path | None = None, front: str = "lab/tree"
    ) -> Lab:
        folder = server.work / f"{request.node.name[:40]}_{len(pages)}"  # a cache and a history of its own
        folder.mkdir()
        path = f"{folder.name}/{copy.name if copy else f'{name}.ipynb'}"
        (server.work / path).write_text(copy.read_text() if copy else json.dumps(notebook(*cells)))
        page = browser.new_page(viewport={"width": width, "height": height})
        page.set_default_timeout(30_000)
        # Notebook 7.6 has a script error of its own on every page, without us too: there, ours count
        ours = "jupyter-mage" if front == "notebooks" else ""
        page.on("pageerror", lambda error: errors.append(f"{error}\n{error.stack}") if server.counts(error, ours) else None)
        pages.append(page)
        return Lab(page, server, path).open(front)

    yield make
    for page in pages:
        if os.environ.get("SHOTS"):
            page.screenshot(path=f"{os.environ['SHOTS']}/{request.node.name[:50]}.png")
        page.close()
    server.end_kernels()
    assert errors == []
