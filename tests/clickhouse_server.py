"""ClickHouse's own engine (the package chdb-core) behind its HTTP interface, as far as clickhouse-connect speaks it: for tests.

python clickhouse_server.py PORT FOLDER
"""

from __future__ import annotations

import re
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import lz4.frame
from chdb import session

_FORMAT = re.compile(r"\s+FORMAT\s+(\w+)\s*;?\s*$", re.IGNORECASE)
_INSERT = re.compile(rb"\s*(INSERT INTO [^\n]*?)\s+FORMAT\s+(\w+)\s*\n", re.IGNORECASE)
_lock = threading.Lock()


def serve(port: int, folder: Path) -> None:
    engine = session.Session(str(folder / "data"))

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.answer(b"Ok.\n")

        def do_POST(self) -> None:
            asked = dict(parse_qsl(urlsplit(self.path).query))
            body = self.body()
            try:
                with _lock:
                    if database := asked.get("database"):
                        engine.query(f"CREATE DATABASE IF NOT EXISTS `{database}`")
                        engine.query(f"USE `{database}`")
                    statement = _INSERT.match(body)
                    if statement:
                        self.answer(self.insert(statement[1].decode(), statement[2].decode(), body[statement.end() :]))
                    else:
                        self.answer(self.query(asked.get("query", "") + body.decode(), asked))
            except RuntimeError as error:
                self.answer(str(error).encode(), 400)

        def body(self) -> bytes:
            if self.headers.get("Transfer-Encoding") == "chunked":
                parts = []
                while size := int(self.rfile.readline(), 16):
                    parts.append(self.rfile.read(size))
                    self.rfile.readline()
                self.rfile.readline()
                sent = b"".join(parts)
            else:
                sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            return lz4.frame.decompress(sent) if self.headers.get("Content-Encoding") == "lz4" else sent

        def insert(self, statement: str, name: str, data: bytes) -> bytes:
            """What comes with the statement is read as a file."""
            place = folder / "insert"
            place.write_bytes(data)
            return engine.query(f"{statement} SELECT * FROM file('{place}', '{name}')").bytes()

        def query(self, text: str, asked: dict[str, str]) -> bytes:
            found = _FORMAT.search(text)
            usual = asked.get("default_format", "TabSeparated")
            return engine.query(_FORMAT.sub("", text), found[1] if found else usual).bytes()

        def answer(self, content: bytes, status: int = 200) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None: ...

    ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()


if __name__ == "__main__":
    serve(int(sys.argv[1]), Path(sys.argv[2]))
