"""A real Jupyter server on a folder, without JupyterLab: for tests of routes."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

CONFIG = Path(__file__).resolve().parents[1] / "jupyter-config" / "jupyter_mage.json"


class Answer:
    def __init__(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class JupyterServer:
    """Serves ``work``; nothing of this machine's user is read or written."""

    def __init__(self, home: Path) -> None:
        self.work, self.token = home / "work", secrets.token_hex(8)
        self.work.mkdir(parents=True)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        (home / "config" / "jupyter_server_config.d").mkdir(parents=True)
        shutil.copy(CONFIG, home / "config" / "jupyter_server_config.d")
        own = {f"JUPYTER_{name}_DIR": str(home / name.lower()) for name in ("CONFIG", "DATA", "RUNTIME")}
        self._said = (home / "server.log").open("w+")
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-m", "jupyter_server", "--no-browser", "--allow-root", f"--port={self.port}"),
                *("--ServerApp.port_retries=0", "--ServerApp.ip=127.0.0.1", f"--ServerApp.root_dir={self.work}"),
                f"--IdentityProvider.token={self.token}",
            ],
            env={**os.environ, **own, "IPYTHONDIR": str(home / "ipython")},
            cwd=self.work,
            stdout=self._said,
            stderr=subprocess.STDOUT,
        )
        self._wait()

    def _wait(self) -> None:
        end = time.monotonic() + 60
        while time.monotonic() < end and self.process.poll() is None:
            with contextlib.suppress(OSError):
                if self.ask("GET", "api/status").status == 200:
                    return
            time.sleep(0.05)  # between two looks at a condition
        raise RuntimeError(f"the server did not start:\n{self.said()[-3000:]}")

    def said(self) -> str:
        self._said.flush()
        return Path(self._said.name).read_text()

    def ask(
        self, method: str, path: str, fields: Mapping[str, Any] | None = None, *, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """With the token, unless ``headers`` are given."""
        sent = {"Authorization": f"token {self.token}"} if headers is None else dict(headers)
        query = f"?{urlencode(fields)}" if fields and method == "GET" else ""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            body = json.dumps(fields or {}) if method == "POST" else None
            connection.request(method, f"/{path}{query}", body, {"Content-Type": "application/json", **sent})
            answer = connection.getresponse()
            return Answer(answer.status, dict(answer.getheaders()), answer.read())
        finally:
            connection.close()

    def api(self, name: str, method: str = "GET", **fields: Any) -> Any:
        """The JSON that a route of ours gives; fails where it refuses."""
        answer = self.ask(method, f"jupyter-mage/api/{name}", fields)
        assert answer.status == 200, (answer.status, answer.body)
        return answer.json

    def log_in(self) -> str:
        """The cookies of a browser that has opened the page."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request("GET", f"/lab?token={self.token}")
            answer = connection.getresponse()
            cookies: SimpleCookie = SimpleCookie()
            for name, value in answer.getheaders():
                if name.lower() == "set-cookie":
                    cookies.load(value)
            return "; ".join(f"{name}={morsel.value}" for name, morsel in cookies.items())
        finally:
            connection.close()

    def close(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._said.close()


@contextlib.contextmanager
def serving(home: Path) -> Iterator[JupyterServer]:
    server = JupyterServer(home)
    try:
        yield server
    finally:
        server.close()
