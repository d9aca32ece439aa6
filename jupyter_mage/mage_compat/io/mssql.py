"""Microsoft SQL Server, by pymssql, which needs no ODBC driver on the machine."""

from __future__ import annotations

from typing import Any, Self

from .config import ConfigKey, required
from .sql import BaseSQL


class MSSQL(BaseSQL):
    """``with MSSQL.with_config(ConfigFileLoader(…)) as loader: loader.load("SELECT …")``."""

    extra, driver = "mssql", "pymssql"

    def __init__(
        self,
        database: str,
        host: str,
        password: str,
        user: str,
        authentication: str | None = None,
        schema: str | None = None,
        port: int = 1433,
        verbose: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            verbose=verbose, database=database, server=host, user=user, password=password, schema=schema, port=port or 1433,
            authentication=authentication, options={name: value for name, value in kwargs.items() if name != "driver"},
        )  # fmt: skip

    @classmethod
    def with_config(cls, config: Any) -> Self:
        required(config, (ConfigKey.MSSQL_DATABASE, ConfigKey.MSSQL_HOST, ConfigKey.MSSQL_USER), "MSSQL")
        names = ("AUTHENTICATION", "DATABASE", "DRIVER", "HOST", "PASSWORD", "PORT", "SCHEMA", "USER")
        return cls(**{name.lower(): config[ConfigKey[f"MSSQL_{name}"]] for name in names})

    def default_schema(self) -> str | None:
        return self.settings["schema"] or "dbo"

    def _address(self) -> Any:
        from sqlalchemy import URL

        own = self.settings
        return URL.create("mssql+pymssql", own["user"], own["password"], own["server"], int(own["port"]), own["database"]), own[
            "options"
        ]

    def _fill_from_query(self, table: Any, there: bool, query: str) -> None:
        name = self._quoted(table)
        self._run(f"INSERT INTO {name}\n{query}" if there else f"SELECT * INTO {name}\nFROM ({query}) AS source")
