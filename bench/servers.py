"""Servers that a page needs: a folder of files, or a contender's own. What is started here is ended here, with all that it forked."""

from __future__ import annotations

import contextlib
import functools
import http.server
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import psutil

GRACE = 5.0
"""Seconds between asking a server to end and ending it."""
START = 60.0


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Files, and no line for each on stderr."""

    def log_message(self, *_: object) -> None:
        pass


@contextlib.contextmanager
def serving(folder: str) -> Iterator[str]:
    """A static site on this machine, by its address."""
    handler = functools.partial(Quiet, directory=folder)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def family(number: int) -> list[psutil.Process]:
    """A process that we started, and all that it started: also what has a session of its own, as a notebook's kernel."""
    try:
        first = psutil.Process(number)
        return [first, *first.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def cpu_of(number: int) -> float:
    """User and system seconds of a process and of all that it started, ended ones included."""
    total = 0.0
    for process in family(number):
        with contextlib.suppress(psutil.NoSuchProcess):
            total += sum(process.cpu_times()[:4])
    return total


def end(number: int) -> None:
    """Ask all of them to end, and see to it."""
    members = family(number)
    for process in members:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.terminate()
    _, left = psutil.wait_procs(members, GRACE)
    for process in left:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(left, GRACE)


@contextlib.contextmanager
def started(command: Sequence[str], environment: Mapping[str, str], folder: Path, ready: str) -> Iterator[int]:
    """A server from when ``ready`` answers, by its process. Raises RuntimeError where it does not, with the end of what it said."""
    said = folder / "server.log"
    with said.open("w") as log:
        process = subprocess.Popen(command, env=dict(environment), cwd=folder, stdout=log, stderr=log, start_new_session=True)
        try:
            limit = time.monotonic() + START
            while not _answers(ready):
                if process.poll() is not None or time.monotonic() > limit:
                    raise RuntimeError(f"{command[0]} does not answer: {said.read_text()[-2000:]}")
                time.sleep(0.1)  # between two looks
            yield process.pid
        finally:
            end(process.pid)
            process.wait()


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=5) as answer:
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError):
        return False
