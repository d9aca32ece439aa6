"""A real language server, by jupyterlab-lsp, sees the body of a block in its own language."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

sync_api = pytest.importorskip("playwright.sync_api")

NOTEBOOK = "window.jupyterapp.shell.currentWidget"
BODY = "for each in 1 2; do\n  printf $each\ndone\nreado"
PACKAGES = ("jupyterlab-lsp", "python-lsp-server", "python-lsp-jsonrpc", "docstring-to-markdown", "ujson")
CELL = {"cell_type": "code", "id": "c0", "metadata": {}, "outputs": [], "execution_count": None}
KERNEL = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}


@pytest.fixture(scope="module")
def servers(server: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """JupyterLab with jupyterlab-lsp and bash-language-server, installed into a folder that goes with the test.

    And with a server for Python: JupyterLab's client asks none for a body where there is none for the notebook's own language.
    """
    folder = tmp_path_factory.mktemp("lsp")
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("no npm here to install bash-language-server with")
    pip = (sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(folder), *PACKAGES)
    node = (npm, "install", "--no-audit", "--no-fund", "--prefix", str(folder), "bash-language-server@5")
    for command in (pip, node):
        done = subprocess.run(command, capture_output=True, text=True, timeout=100)
        if done.returncode:
            pytest.skip(f"could not be installed: {done.stderr[-300:]}")
    settings = {"LanguageServerManager": {"extra_node_roots": [str(folder)]}}
    (folder / "jupyter_server_config.json").write_text(json.dumps(settings))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JUPYTER_PATH", str(folder / "share" / "jupyter"))
        patch.setenv("JUPYTER_CONFIG_PATH", str(folder))
        patch.setenv("PYTHONPATH", str(folder), prepend=os.pathsep)
        made = type(server)(tmp_path_factory.mktemp("lsp_lab") / "home")
    yield made
    made.close()


@pytest.mark.parametrize("header", ["%%block listed --sh", "#| block: listed --sh"])
def test_shell_body_is_completed_by_its_server(servers: Any, browser: Any, header: str) -> None:
    cells = [{**CELL, "source": f"{header}\n{BODY}"}]
    file = servers.work / f"shell_{header[0] == '#'}.ipynb"
    file.write_text(json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": KERNEL, "cells": cells}))
    page = browser.new_page()
    seen: list[str] = []

    def sent(message: str | bytes) -> None:
        said = json.loads(message)
        seen.extend(each["text"].rstrip() for each in said.get("params", {}).get("contentChanges", ()))

    page.on("websocket", lambda socket: socket.on("framesent", sent) if "/lsp/ws/bash" in socket.url else None)
    page.goto(f"http://127.0.0.1:{servers.port}/lab/tree/{file.name}?reset&token={servers.token}")
    shown = (
        f"(() => {{ const nb = window.jupyterapp && {NOTEBOOK}; return !!(nb && nb.content && nb.content.widgets.length); }})()"
    )
    page.wait_for_function(shown, timeout=60_000)
    item = page.locator(".jp-Completer-item", has_text="readonly").locator("visible=true")
    for _ in range(20):  # the server is started with the page: until it answers, Tab offers what the kernel knows
        page.evaluate(
            f"""() => {{ const cell = {NOTEBOOK}.content.activeCell; {NOTEBOOK}.content.mode = 'edit'; cell.editor.focus();
            cell.editor.setCursorPosition(cell.editor.getPositionAt(cell.model.sharedModel.getSource().length)); }}"""
        )
        page.keyboard.press("Tab")
        try:
            item.first.wait_for(timeout=2_000)
            break
        except sync_api.TimeoutError:
            page.keyboard.press("Escape")
    assert item.first.inner_text().startswith("readonly")
    assert BODY in seen
    page.close()
    servers.end_kernels()
