"""A port of this machine that leads through an SSH server to a database, as ``ssh -L`` makes it; by paramiko.

A server that nobody knows is believed, as Mage does; one whose key is another than ``known_hosts`` has is not.
"""

from __future__ import annotations

import contextlib
import io
import select
import socket
import threading
from pathlib import Path
from typing import Any

from ...errors import DefinitionError, JupyterMageError
from .._needs import need

CHUNK = 65536


class Tunnel:
    """Open from when it is made until `close`; connections to ``port`` end up at the target."""

    def __init__(
        self,
        target: tuple[str, int],
        host: str | None,
        port: int = 22,
        username: str | None = None,
        password: str | None = None,
        key: str | None = None,
    ) -> None:
        if not host or not username:
            raise DefinitionError("a tunnel needs a host and a user name", hint="POSTGRES_SSH_HOST, POSTGRES_SSH_USERNAME")
        paramiko = need("paramiko", "ssh", "An SSH tunnel")
        self.target = target
        self._client = paramiko.SSHClient()
        self._client.load_system_host_keys()
        self._client.set_missing_host_key_policy(paramiko.AutoAddPolicy())  # noqa: S507 (known ones are held to their keys)
        given = (
            {"pkey": _key(paramiko, key)}
            if key and "PRIVATE KEY" in key
            else {"key_filename": str(Path(key).expanduser())}
            if key
            else {}
        )
        try:
            self._client.connect(
                host,
                port,
                username,
                password=password,
                timeout=20.0,
                allow_agent=not key,
                look_for_keys=not key and not password,
                **given,
            )
        except (paramiko.SSHException, OSError) as error:
            self._client.close()
            raise JupyterMageError(
                f"no tunnel through {username}@{host}:{port}: {error}", hint=f"does this get in? ssh -p {port} {username}@{host}"
            ) from error
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True, name=f"tunnel {host}").start()

    def close(self) -> None:
        """Nobody gets in any more, and who is in is out."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._client.close()

    def _accept(self) -> None:
        while True:
            try:
                caller, address = self._listener.accept()
            except OSError:  # closed
                return
            threading.Thread(target=self._carry, args=(caller, address), daemon=True).start()

    def _carry(self, caller: socket.socket, address: tuple[str, int]) -> None:
        """Bytes both ways, until one side ends."""
        with caller:
            try:
                channel = self._client.get_transport().open_channel("direct-tcpip", self.target, address)
            except Exception:  # noqa: BLE001 (the server refused; the caller sees its connection end, which the driver words)
                return
            with contextlib.closing(channel), contextlib.suppress(OSError, EOFError):
                while True:
                    for ready in select.select([caller, channel], [], [])[0]:
                        sent = ready.recv(CHUNK)
                        if not sent:
                            return
                        (channel if ready is caller else caller).sendall(sent)


def _key(paramiko: Any, text: str) -> Any:
    """A private key that stands in the settings themselves."""
    for sort in (paramiko.Ed25519Key, paramiko.ECDSAKey, paramiko.RSAKey):
        with contextlib.suppress(paramiko.SSHException, ValueError):
            return sort.from_private_key(io.StringIO(text))
    raise DefinitionError(
        "POSTGRES_SSH_PKEY is no private key that can be read", hint="the path of a key file, without a passphrase"
    )
