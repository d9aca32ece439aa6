"""Who may ask, and how the answer goes out. The work is done on threads: the server's loop never waits for a disk."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler
from jupyter_server.utils import url_path_join
from tornado import web
from tornado.iostream import StreamClosedError

from ..errors import DefinitionError, JupyterMageError, ProjectError, UnknownNameError, UnsafePathError
from .asked import Asked
from .routes import ROUTES, Route

BASE = "jupyter-mage/api"
RESOURCE = "jupyter_mage"
"""What an authorizer is asked about: to read it, or to write (start and cancel runs)."""
LOOK = 0.08
"""Seconds between two looks whether something was written."""
LONGEST = 30.0

T = TypeVar("T")
_threads = ThreadPoolExecutor(max_workers=4, thread_name_prefix="jupyter_mage")


def handlers(base_url: str, root: str) -> list[tuple[str, type[APIHandler], dict[str, Any]]]:
    """The server's table of our routes, for the folder that it serves."""
    kinds = {"GET": _Reading, "POST": _Starting}
    return [
        (url_path_join(base_url, BASE, route.name), kinds[route.method], {"route": route, "root": Path(root).expanduser()})
        for route in ROUTES
    ]


class _Handler(APIHandler):
    auth_resource: ClassVar[str] = RESOURCE

    def initialize(self, route: Route, root: Path) -> None:
        self._route, self._root, self._gone = route, root, False

    def skip_check_origin(self) -> bool:
        """Never: Jupyter lets pages of other sites ask where they know the token, and ours start runs."""
        return False

    def on_connection_close(self) -> None:
        self._gone = True

    async def answer(self, fields: dict[str, Any]) -> None:
        asked = Asked(fields)
        try:
            if self._route.waits is not None and "stamp" in fields:
                await self._wait(asked, self._route.waits)
            if self._gone:
                return
            answer = await _in_thread(lambda: _told(self._route.answer(self._root, asked)))
        except JupyterMageError as error:
            self.set_status(_status(error))
            refusal = {"message": error.message + (f" ({error.where})" if error.where else ""), "hint": error.hint}
            answer = await _in_thread(lambda: _told(refusal))
        with contextlib.suppress(StreamClosedError):  # nobody waits for it any more
            await self.finish(answer)

    async def _wait(self, asked: Asked, stamp: Callable[[Path, Asked], str]) -> None:
        """Until something was written since ``stamp``, the time is over, or nobody waits any more."""
        known, end = asked.text("stamp"), time.monotonic() + min(asked.number("wait", 0), LONGEST)
        while not self._gone and await _in_thread(lambda: stamp(self._root, asked)) == known:
            if time.monotonic() >= end:
                return
            await asyncio.sleep(LOOK)


class _Reading(_Handler):
    _track_activity = False  # a panel that looks on keeps no idle server alive

    @web.authenticated
    @authorized
    async def get(self) -> None:
        await self.answer({name: self.get_query_argument(name) for name in self.request.query_arguments})


class _Starting(_Handler):
    @web.authenticated
    @authorized
    async def post(self) -> None:
        fields = self.get_json_body()
        if not isinstance(fields, dict):
            raise web.HTTPError(400, "the request's body is a JSON object")
        await self.answer(fields)


async def _in_thread(work: Callable[[], T]) -> T:
    return await asyncio.get_running_loop().run_in_executor(_threads, work)


def _told(answer: Any) -> str:
    """The answer's JSON, with what is secret hidden."""
    from .. import redaction

    return json.dumps(redaction.hide_all(answer), ensure_ascii=True, default=str)


def _status(error: JupyterMageError) -> int:
    if isinstance(error, UnsafePathError):
        return 400
    if isinstance(error, UnknownNameError | ProjectError):
        return 404
    return 400 if isinstance(error, DefinitionError) else 409
