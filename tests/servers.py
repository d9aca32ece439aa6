"""Real servers for tests: each is started on a free loopback port in a folder of its own, and ended by its process id."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass(frozen=True)
class Server:
    """Where it listens."""

    port: int
    folder: Path


def free_port(below: int = 65000) -> int:
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        if port < below:
            return port


@contextlib.contextmanager
def running(
    command: Sequence[str],
    port: int,
    folder: Path,
    *,
    user: str = "",
    seconds: float = 40.0,
    end: int = signal.SIGTERM,
    ready: Callable[[int], bool] | None = None,
) -> Iterator[Server]:
    """The server, from when it answers on its port; ended with all that it started."""
    log = folder / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=folder,
            start_new_session=True,
            user=user or None,
            env=_environment(folder),
        )
    try:
        waited = 0.0
        while not (ready or _answers)(port):
            try:
                process.wait(0.05)  # until it ends: it must not
            except subprocess.TimeoutExpired:
                waited += 0.05
            if process.returncode is not None or waited > seconds:
                raise RuntimeError(f"{command[0]} does not answer: {log.read_text(errors='replace')[-2000:]}")
        yield Server(port, folder)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, end)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _answers(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1.0):
        return True
    return False


def _keeps_objects(port: int) -> bool:
    """Whether an object can be put: the port answers before the volumes are there."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        for path, body in (("/probe", b""), ("/probe/object", b"x")):
            connection.request("PUT", path, body)
            answer = connection.getresponse()
            answer.read()
        return answer.status == 200
    except OSError:
        return False
    finally:
        connection.close()


def _environment(folder: Path) -> dict[str, str]:
    return {"PATH": os.environ["PATH"] + ":/usr/sbin:/sbin", "HOME": str(folder), "TMPDIR": str(folder), "LANG": "C.UTF-8"}


@contextlib.contextmanager
def own_folder() -> Iterator[tuple[Path, str]]:
    """A folder with a short name (sockets need one), and the unprivileged user it belongs to where we are root."""
    user = ""
    folder = Path(tempfile.mkdtemp(prefix="jm-", dir="/tmp"))
    if os.getuid() == 0:
        user = "nobody"
        entry = pwd.getpwnam(user)
        os.chown(folder, entry.pw_uid, entry.pw_gid)
    try:
        yield folder, user
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def program(name: str, *places: str) -> str:
    """Where a program is; fails (never skips) where it is not: tests/install_system_packages.sh brings it."""
    for folder in (*places, *os.environ["PATH"].split(":"), "/usr/sbin"):
        if (path := Path(folder) / name).exists():
            return str(path.resolve())
    pytest.fail(f"{name} is not installed: sh tests/install_system_packages.sh")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Server]:
    """PostgreSQL with a user ``mage``, password ``pg-s3cret-word``, and a database ``shop``."""
    places = [str(path) for path in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)]
    with own_folder() as (folder, user):
        (folder / "password").write_text("pg-s3cret-word\n")
        (folder / "password").chmod(0o644)
        make = [program("initdb", *places), "-D", str(folder / "data"), "-U", "mage", "--pwfile", str(folder / "password")]
        make += ["-A", "scram-sha-256", "-E", "UTF8", "--no-sync", "--no-locale"]
        subprocess.run(make, check=True, capture_output=True, user=user or None, env=_environment(folder), cwd=folder)
        port = free_port()
        command = [program("postgres", *places), "-D", str(folder / "data"), "-p", str(port), "-k", str(folder)]
        command += ["-c", "listen_addresses=127.0.0.1", "-c", "fsync=off", "-c", "shared_buffers=16MB"]
        with running(command, port, folder, user=user) as server:
            import psycopg

            address = f"host=127.0.0.1 port={port} user=mage password=pg-s3cret-word dbname=postgres"
            with psycopg.connect(address, autocommit=True) as connection:
                connection.execute("CREATE DATABASE shop")
            yield server


@pytest.fixture(scope="session")
def mariadb_server() -> Iterator[Server]:
    """MariaDB with a user ``mage``, password ``my-s3cret-word``, and a database ``shop``."""
    with own_folder() as (folder, user):
        data = folder / "data"
        make = [program("mariadb-install-db"), "--no-defaults", f"--datadir={data}", "--auth-root-authentication-method=normal"]
        make += ["--skip-test-db", "--innodb-log-file-size=4M", "--innodb-buffer-pool-size=16M"]
        subprocess.run(make, check=True, capture_output=True, user=user or None, env=_environment(folder), cwd=folder)
        script = folder / "init.sql"
        script.write_text(
            "CREATE DATABASE shop CHARACTER SET utf8mb4;\n"
            "CREATE USER 'mage'@'127.0.0.1' IDENTIFIED BY 'my-s3cret-word';\n"
            "GRANT ALL ON *.* TO 'mage'@'127.0.0.1';\n"
        )
        script.chmod(0o644)
        port = free_port()
        command = [program("mariadbd"), "--no-defaults", f"--datadir={data}", f"--port={port}", "--bind-address=127.0.0.1"]
        command += [f"--socket={folder}/s", f"--pid-file={folder}/pid", f"--init-file={script}", "--skip-name-resolve=OFF"]
        command += ["--innodb-flush-log-at-trx-commit=0", "--innodb-log-file-size=4M", "--innodb-buffer-pool-size=16M"]
        with running(command, port, folder, user=user) as server:
            yield server


@pytest.fixture(scope="session")
def s3_server() -> Iterator[Server]:
    """SeaweedFS as S3, with the key ``lake`` and the secret ``lake-s3cret-key``; the probe needs none."""
    with own_folder() as (folder, user):
        actions = ["Admin", "Read", "Write", "List", "Tagging"]
        keys = [{"accessKey": "lake", "secretKey": "lake-s3cret-key"}]
        config = {
            "identities": [{"name": "lake", "credentials": keys, "actions": actions}, {"name": "anonymous", "actions": actions}]
        }
        (folder / "s3.json").write_text(json.dumps(config))
        (folder / "s3.json").chmod(0o644)
        weed = program("weed", str(Path(shutil.which("python") or "/usr/bin/python").parent), str(Path(sys.executable).parent))
        with contextlib.ExitStack() as stack:
            for left in (2, 1, 0):  # it listens on more ports than it is given, and any of them may just have been taken
                ports = [free_port(below=55000) for _ in range(4)]
                command = [
                    weed,
                    "server",
                    f"-dir={folder}",
                    "-ip=127.0.0.1",
                    "-ip.bind=127.0.0.1",
                    "-s3",
                    f"-s3.config={folder}/s3.json",
                    "-filer",
                    f"-s3.port={ports[0]}",
                    "-s3.port.iceberg=0",  # these two have fixed ports, which another server may have
                    "-s3.port.lance=0",
                ]
                command += [
                    f"-master.port={ports[1]}",
                    f"-volume.port={ports[2]}",
                    f"-filer.port={ports[3]}",
                    "-master.volumeSizeLimitMB=16",
                    "-volume.max=200",
                ]
                try:
                    # asked kindly to end, it takes ten seconds
                    started = running(command, ports[0], folder, user=user, end=signal.SIGKILL, ready=_keeps_objects)
                    server = stack.enter_context(started)
                    break
                except RuntimeError:
                    if not left:
                        raise
            yield server


@pytest.fixture(scope="session")
def clickhouse_server() -> Iterator[Server]:
    """ClickHouse's own engine behind its HTTP interface; whoever asks may."""
    with own_folder() as (folder, _):
        port = free_port()
        command = [sys.executable, str(Path(__file__).with_name("clickhouse_server.py")), str(port), str(folder)]
        with running(command, port, folder) as server:
            yield server


@pytest.fixture(scope="session")
def azure_server() -> Iterator[Server]:
    """Azurite, Microsoft's own emulator of Blob Storage, with its usual account ``devstoreaccount1``."""
    tools = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "jupyter_mage_tests/node_modules/.bin"
    with own_folder() as (folder, _):
        port = free_port()
        command = [
            program("azurite-blob", str(tools)),
            "--blobPort",
            str(port),
            "--location",
            str(folder),
            "--skipApiVersionCheck",
        ]
        with running([*command, "--silent", "--disableTelemetry"], port, folder) as server:
            yield server


@dataclass(frozen=True)
class Login:
    """An SSH server, who may come in, and the file of the key that opens it."""

    port: int
    user: str
    key: Path


@pytest.fixture(scope="session")
def ssh_server() -> Iterator[Login]:
    """OpenSSH as an unprivileged user, who comes in by a key."""
    with own_folder() as (folder, user):
        for name in ("host", "key"):
            command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)]
            subprocess.run(command, check=True, user=user or None, env=_environment(folder), cwd=folder)
        port = free_port()
        settings = {
            "Port": port, "ListenAddress": "127.0.0.1", "HostKey": folder / "host", "AuthorizedKeysFile": folder / "key.pub",
            "PidFile": "none", "StrictModes": "no", "UsePAM": "yes", "PasswordAuthentication": "no", "AllowTcpForwarding": "yes",
        }  # fmt: skip
        (folder / "config").write_text("".join(f"{name} {value}\n" for name, value in settings.items()))
        (folder / "config").chmod(0o644)
        with running([program("sshd"), "-D", "-e", "-f", str(folder / "config")], port, folder, user=user) as server:
            yield Login(server.port, user or pwd.getpwuid(os.getuid()).pw_name, folder / "key")
