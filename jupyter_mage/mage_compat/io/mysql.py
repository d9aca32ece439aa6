"""MySQL and MariaDB, by PyMySQL."""

from __future__ import annotations

from typing import Any, Self

from .config import ConfigKey, required
from .sql import BaseSQL


class MySQL(BaseSQL):
    """``with MySQL.with_config(ConfigFileLoader(…)) as loader: loader.load("SELECT …")``. A schema is a database here."""

    extra, driver = "mysql", "pymysql"

    def __init__(
        self,
        database: str,
        host: str,
        password: str,
        user: str,
        port: int = 3306,
        allow_local_infile: bool = False,
        verbose: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            verbose=verbose, database=database, host=host, password=password, port=port or 3306, user=user,
            allow_local_infile=allow_local_infile, options=kwargs,
        )  # fmt: skip

    @classmethod
    def with_config(cls, config: Any) -> Self:
        required(config, (ConfigKey.MYSQL_DATABASE, ConfigKey.MYSQL_HOST, ConfigKey.MYSQL_USER), "MySQL")
        infile = config[ConfigKey.MYSQL_ALLOW_LOCAL_INFILE]
        return cls(
            database=config[ConfigKey.MYSQL_DATABASE],
            host=config[ConfigKey.MYSQL_HOST],
            password=config[ConfigKey.MYSQL_PASSWORD],
            port=config[ConfigKey.MYSQL_PORT],
            user=config[ConfigKey.MYSQL_USER],
            **({} if infile is None else {"allow_local_infile": infile}),
        )

    def _address(self) -> Any:
        from sqlalchemy import URL

        own = self.settings
        url = URL.create(
            "mysql+pymysql",
            own["user"],
            own["password"],
            own["host"],
            int(own["port"]),
            own["database"],
            query={"charset": "utf8mb4"},
        )
        return url, {"local_infile": bool(own["allow_local_infile"]), **own["options"]}

    def _upsert(self, table: Any, rows: list[dict[str, Any]], keys: tuple[str, ...], method: str) -> None:
        from sqlalchemy.dialects.mysql import insert

        statement = insert(table)
        others = [each.name for each in table.columns if each.name not in keys]
        if method == "IGNORE" or not others:
            statement = statement.prefix_with("IGNORE")
        else:
            statement = statement.on_duplicate_key_update({name: statement.inserted[name] for name in others})
        self._open_one().execute(statement, rows)
