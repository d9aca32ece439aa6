"""PostgreSQL, by psycopg; frames go in by COPY."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

from ._columns import Column
from ._tunnel import Tunnel
from .config import ConfigKey, required
from .sql import BaseSQL, on_conflict


class Postgres(BaseSQL):
    """``with Postgres.with_config(ConfigFileLoader(…)) as loader: loader.load("SELECT …")``."""

    extra, driver = "postgres", "psycopg"

    def __init__(
        self,
        dbname: str,
        user: str,
        password: str,
        host: str,
        port: str | int | None = None,
        schema: str | None = None,
        connection_method: str = "direct",
        ssh_host: str | None = None,
        ssh_port: str | None = None,
        ssh_username: str | None = None,
        ssh_password: str | None = None,
        ssh_pkey: str | None = None,
        verbose: bool = True,
        connect_timeout: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            verbose=verbose, dbname=dbname, user=user, password=password, host=host, port=port, schema=schema,
            connect_timeout=connect_timeout, options=kwargs,
        )  # fmt: skip
        self.ssh_tunnel: Tunnel | None = None
        self._through: dict[str, Any] = {}
        if connection_method == "ssh_tunnel":
            login = {"username": ssh_username, "password": ssh_password or None, "key": ssh_pkey or None}
            self._through = {"host": ssh_host, "port": int(ssh_port or 22), **login}

    def open(self) -> None:
        if self._through and self.ssh_tunnel is None:
            self.ssh_tunnel = Tunnel((self.settings["host"], int(self.settings["port"] or 5432)), **self._through)
        try:
            super().open()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        super().close()
        if self.ssh_tunnel is not None:
            self.ssh_tunnel.close()
            self.ssh_tunnel = None

    @classmethod
    def with_config(cls, config: Any) -> Self:
        required(config, (ConfigKey.POSTGRES_DBNAME, ConfigKey.POSTGRES_USER, ConfigKey.POSTGRES_HOST), "Postgres")
        names = (
            "DBNAME",
            "USER",
            "PASSWORD",
            "HOST",
            "PORT",
            "SCHEMA",
            "SSH_HOST",
            "SSH_PORT",
            "SSH_USERNAME",
            "SSH_PASSWORD",
            "SSH_PKEY",
            "CONNECT_TIMEOUT",
        )
        settings = {name.lower(): config[ConfigKey[f"POSTGRES_{name}"]] for name in names}
        return cls(**settings, connection_method=config[ConfigKey.POSTGRES_CONNECTION_METHOD] or "direct")

    @staticmethod
    def folds(name: str) -> str:
        return name.lower()

    def default_database(self) -> str:
        return str(self.settings["dbname"])

    def default_schema(self) -> str | None:
        return self.settings["schema"] or "public"

    def _address(self) -> Any:
        from sqlalchemy import URL

        own, tunnel = self.settings, self.ssh_tunnel
        host, port = ("127.0.0.1", tunnel.port) if tunnel else (own["host"], int(own["port"] or 5432))
        url = URL.create("postgresql+psycopg", own["user"], own["password"], host, port, own["dbname"])
        keeping = {"keepalives": 1, "keepalives_idle": 300, **own["options"]}
        timeout = own["connect_timeout"]
        return url, {**keeping, **({"connect_timeout": int(timeout)} if timeout else {})}

    def _insert(self, table: Any, columns: Sequence[Column], keys: tuple[str, ...], method: str) -> None:
        if keys and method:
            super()._insert(table, columns, keys, method)
            return
        from psycopg.types.json import Jsonb

        as_json = {each.name for each in columns if type(each.type).__name__ in ("JSON", "JSONB")}
        values = [
            [None if value is None else Jsonb(value) for value in each.values] if each.name in as_json else each.values
            for each in columns
        ]
        preparer = self._engine.dialect.identifier_preparer
        names = ", ".join(preparer.quote(each.name) for each in columns)
        driver = self.conn.driver_connection
        with driver.cursor() as cursor, cursor.copy(f"COPY {self._quoted(table)} ({names}) FROM STDIN") as copy:
            for row in zip(*values, strict=True):
                copy.write_row(row)

    def _upsert(self, table: Any, rows: list[dict[str, Any]], keys: tuple[str, ...], method: str) -> None:
        from sqlalchemy.dialects.postgresql import insert

        unique = list({tuple(row[key] for key in keys): row for row in rows}.values())
        self._open_one().execute(on_conflict(insert(table), keys, method), unique)
