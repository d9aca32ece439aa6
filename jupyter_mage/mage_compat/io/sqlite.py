"""SQLite; Mage has no such class, the file's key is ``SQLITE_DATABASE``."""

from __future__ import annotations

from typing import Any, Self

from .. import _here
from .config import ConfigKey, required
from .sql import BaseSQL, on_conflict


class SQLite(BaseSQL):
    """``with SQLite("shop.db") as loader: loader.load("SELECT …")``; a relative path is in the project's folder."""

    extra, driver = "sql", "sqlite3"

    def __init__(self, database: str = ":memory:", verbose: bool = True, **kwargs: Any) -> None:
        super().__init__(verbose=verbose, database=database, options=kwargs)

    @classmethod
    def with_config(cls, config: Any) -> Self:
        required(config, (ConfigKey.SQLITE_DATABASE,), "SQLite")
        return cls(database=config[ConfigKey.SQLITE_DATABASE])

    def _address(self) -> Any:
        from sqlalchemy import URL

        name = self.settings["database"]
        return URL.create("sqlite", database=name if name == ":memory:" else str(_here.root() / name)), self.settings["options"]

    def _upsert(self, table: Any, rows: list[dict[str, Any]], keys: tuple[str, ...], method: str) -> None:
        from sqlalchemy.dialects.sqlite import insert

        self._open_one().execute(on_conflict(insert(table), keys, method), rows)
