"""Postgres through an SSH server: a real one, in front of a real database."""

from __future__ import annotations

import socket
import subprocess
from pathlib import Path
from typing import Any

import pytest
from servers import Login, Server, free_port

from jupyter_mage.errors import DefinitionError, JupyterMageError
from jupyter_mage.mage_compat.io.config import ConfigFileLoader
from jupyter_mage.mage_compat.io.postgres import Postgres


def through(postgres: Server, ssh: Login, **more: Any) -> Postgres:
    settings = {
        "DBNAME": "shop", "USER": "mage", "PASSWORD": "pg-s3cret-word", "HOST": "127.0.0.1", "PORT": postgres.port,
        "CONNECTION_METHOD": "ssh_tunnel", "SSH_HOST": "127.0.0.1", "SSH_PORT": ssh.port, "SSH_USERNAME": ssh.user,
        "SSH_PKEY": str(ssh.key), **more,
    }  # fmt: skip
    return Postgres.with_config(ConfigFileLoader(config={f"POSTGRES_{name}": value for name, value in settings.items()}))


def test_a_table_is_read_and_written_through_a_tunnel_which_ends_with_the_connection(postgres_server, ssh_server, capfd):
    for key in (str(ssh_server.key), ssh_server.key.read_text()):  # a file's path, or the key itself
        with through(postgres_server, ssh_server, SSH_PKEY=key) as loader:
            import pandas

            frame = pandas.DataFrame({"n": range(50_000), "text": ["x" * 40] * 50_000})
            loader.export(frame, "public", "through", if_exists="replace", verbose=False)
            assert loader.load("SELECT sum(n) AS n, count(*) AS rows FROM through", verbose=False).to_dict("records") == [
                {"n": 1249975000, "rows": 50000}
            ]
            assert len(loader.load("SELECT * FROM through", verbose=False)) == 50000
            port = loader.ssh_tunnel.port
            assert port != postgres_server.port
        with pytest.raises(OSError):
            socket.create_connection(("127.0.0.1", port), 2.0)


def test_a_server_that_does_not_let_us_in_or_is_not_there_is_said(postgres_server, ssh_server, tmp_path: Path):
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / "other")], check=True)
    with pytest.raises(
        JupyterMageError, match=rf"no tunnel through {ssh_server.user}@127.0.0.1:{ssh_server.port}: Authentication failed"
    ) as raised:
        through(postgres_server, ssh_server, SSH_PKEY=str(tmp_path / "other")).open()
    assert raised.value.hint == f"does this get in? ssh -p {ssh_server.port} {ssh_server.user}@127.0.0.1"
    with pytest.raises(JupyterMageError, match="no tunnel through"):
        through(postgres_server, ssh_server, SSH_PORT=free_port()).open()
    with pytest.raises(JupyterMageError, match="no tunnel through"):
        through(postgres_server, ssh_server, SSH_PKEY=str(tmp_path / "nothing")).open()
    with pytest.raises(DefinitionError, match="no private key that can be read"):
        through(postgres_server, ssh_server, SSH_PKEY="-----BEGIN PRIVATE KEY-----\nno\n").open()
    with pytest.raises(DefinitionError, match="needs a host and a user name"):
        through(postgres_server, ssh_server, SSH_HOST=None).open()


def test_a_database_that_is_not_behind_it_is_said(ssh_server):
    with pytest.raises(JupyterMageError, match="Postgres did not let us in"):
        through(Server(free_port(), Path()), ssh_server).open()
