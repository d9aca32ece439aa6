"""Snowflake, by its own connector and SQLAlchemy dialect."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from .._needs import need
from .base import QUERY_ROW_LIMIT
from .config import ConfigKey, required
from .sql import BaseSQL

if TYPE_CHECKING:
    from pandas import DataFrame


class Snowflake(BaseSQL):
    """``with Snowflake.with_config(ConfigFileLoader(…)) as loader: loader.load("SELECT …")``."""

    extra, driver = "snowflake", "snowflake.sqlalchemy"

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("login_timeout", 20)
        kwargs.setdefault("network_timeout", 60)
        super().__init__(verbose=bool(kwargs.pop("verbose", True)), **kwargs)

    @classmethod
    def with_config(cls, config: Any, database: str | None = None, schema: str | None = None, **kwargs: Any) -> Self:
        required(config, (ConfigKey.SNOWFLAKE_ACCOUNT, ConfigKey.SNOWFLAKE_USER), "Snowflake")
        own: dict[str, Any] = {
            "account": config[ConfigKey.SNOWFLAKE_ACCOUNT],
            "user": config[ConfigKey.SNOWFLAKE_USER],
            "database": database or config[ConfigKey.SNOWFLAKE_DEFAULT_DB],
            "schema": schema or config[ConfigKey.SNOWFLAKE_DEFAULT_SCHEMA],
            "warehouse": config[ConfigKey.SNOWFLAKE_DEFAULT_WH],
            "role": config[ConfigKey.SNOWFLAKE_ROLE],
            "network_timeout": config[ConfigKey.SNOWFLAKE_TIMEOUT],
            "password": config[ConfigKey.SNOWFLAKE_PASSWORD],
        }
        if own["password"] is None:
            required(config, (ConfigKey.SNOWFLAKE_PRIVATE_KEY_PATH,), "Snowflake")
            own["private_key"] = _private_key(
                config[ConfigKey.SNOWFLAKE_PRIVATE_KEY_PATH], config[ConfigKey.SNOWFLAKE_PRIVATE_KEY_PASSPHRASE]
            )
        return cls(**{**{name: value for name, value in own.items() if value is not None}, **kwargs})

    @staticmethod
    def folds(name: str) -> str:
        return name.lower()  # SQLAlchemy's way to write a name that Snowflake folds

    @property
    def timeout(self) -> int | None:
        return self.settings.get("timeout")

    def _address(self) -> Any:
        url = need("snowflake.sqlalchemy", self.extra, "Snowflake").URL
        own = {name: value for name, value in self.settings.items() if value is not None}
        named = ("account", "user", "password", "database", "schema", "warehouse", "role")
        address = need("sqlalchemy", self.extra, "Snowflake").make_url(url(**{name: own[name] for name in named if name in own}))
        return address, {name: value for name, value in own.items() if name not in named}

    def execute_queries(  # type: ignore[override]
        self,
        queries: list[str],
        query_variables: list[dict[str, Any]] | None = None,
        fetch_query_at_indexes: list[bool] | None = None,
        **kwargs: Any,
    ) -> list[Any]:
        """As `BaseSQL.execute_queries`, with Snowflake's order of arguments."""
        return super().execute_queries(queries, query_variables, fetch_query_at_indexes=fetch_query_at_indexes, **kwargs)

    def load(
        self,
        query_string: str,
        limit: int = QUERY_ROW_LIMIT,
        display_query: str | None = None,
        verbose: bool = True,
        database: str | None = None,
        schema: str | None = None,
        table_name: str | None = None,  # noqa: ARG002
        full_table_name: str | None = None,  # noqa: ARG002
        **kwargs: Any,
    ) -> DataFrame:
        """As `BaseSQL.load`, in another database or schema where one is said."""
        self._use(database, schema)
        return super().load(query_string, limit, display_query, verbose, **kwargs)

    def export(  # type: ignore[override]
        self,
        df: Any,
        table_name: str | None = None,
        database: str | None = None,
        schema: str | None = None,
        if_exists: str = "append",
        query_string: str | None = None,
        unique_conflict_method: str | None = None,
        unique_constraints: list[str] | None = None,
        verbose: bool = True,
        **kwargs: Any,
    ) -> None:
        """As `BaseSQL.export`, with Snowflake's order of arguments."""
        if (database or "").casefold() != (self.settings.get("database") or "").casefold():
            self._use(database, None)  # which leaves the session without its schema: names without one would be nothing
        super().export(
            df, schema, table_name, if_exists, verbose=verbose, query_string=query_string,
            unique_conflict_method=unique_conflict_method, unique_constraints=unique_constraints, **kwargs,
        )  # fmt: skip

    def _use(self, database: str | None, schema: str | None) -> None:
        prepare = self._engine.dialect.identifier_preparer.quote if self._engine else str
        for what, name in (("DATABASE", database), ("SCHEMA", schema)):
            if name:
                self._run(f"USE {what} {prepare(name)}")


def _private_key(path: str, passphrase: str | None) -> bytes:
    serialization = need("cryptography.hazmat.primitives.serialization", "snowflake", "Snowflake")
    key = serialization.load_pem_private_key(Path(path).read_bytes(), passphrase.encode() if passphrase else None)
    made: bytes = key.private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return made
