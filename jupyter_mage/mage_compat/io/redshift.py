"""Amazon Redshift, by redshift_connector and sqlalchemy-redshift."""

from __future__ import annotations

from typing import Any, Self

from ...errors import DefinitionError
from .base import ExportWritePolicy
from .config import ConfigKey, required
from .sql import BaseSQL

_TEMPORARY = (ConfigKey.REDSHIFT_TEMP_CRED_USER, ConfigKey.REDSHIFT_TEMP_CRED_PASSWORD, ConfigKey.REDSHIFT_HOST)
_IAM = (ConfigKey.REDSHIFT_CLUSTER_ID, ConfigKey.REDSHIFT_DBUSER, ConfigKey.REDSHIFT_IAM_PROFILE)
_OPTIONS = (
    "access_key_id", "cluster_identifier", "database", "db_user", "host", "iam", "password", "port", "profile", "region",
    "secret_access_key", "user",
)  # fmt: skip


class Redshift(BaseSQL):
    """``with Redshift.with_config(ConfigFileLoader(…)) as loader: loader.load("SELECT …")``."""

    extra, driver = "redshift", "redshift_connector"

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(verbose=bool(kwargs.pop("verbose", True)), **kwargs)

    @classmethod
    def with_config(cls, config: Any, database: str | None = None, **kwargs: Any) -> Self:
        if database is None:
            required(config, (ConfigKey.REDSHIFT_DBNAME,), "Redshift")
        own: dict[str, Any] = {
            "database": database or config[ConfigKey.REDSHIFT_DBNAME],
            "schema": config[ConfigKey.REDSHIFT_SCHEMA],
        }
        if all(config[key] is not None for key in _IAM):
            own |= {"cluster_identifier": config[_IAM[0]], "db_user": config[_IAM[1]], "profile": config[_IAM[2]], "iam": True}
        else:
            required(config, _TEMPORARY, "Redshift")
            own |= {"user": config[_TEMPORARY[0]], "password": config[_TEMPORARY[1]], "host": config[_TEMPORARY[2]]}
            own["port"] = config[ConfigKey.REDSHIFT_PORT]
        own |= {
            "access_key_id": config[ConfigKey.AWS_ACCESS_KEY_ID],
            "secret_access_key": config[ConfigKey.AWS_SECRET_ACCESS_KEY],
            "region": config[ConfigKey.AWS_REGION],
        }
        return cls(**own, **kwargs)

    @classmethod
    def with_temporary_credentials(
        cls, database: str, host: str, user: str, password: str, port: int = 5439, **kwargs: Any
    ) -> Self:
        return cls(database=database, host=host, user=user, password=password, port=port, **kwargs)

    @classmethod
    def with_iam(cls, cluster_identifier: str, database: str, db_user: str, profile: str = "default", **kwargs: Any) -> Self:
        return cls(cluster_identifier=cluster_identifier, database=database, db_user=db_user, profile=profile, iam=True, **kwargs)

    @staticmethod
    def folds(name: str) -> str:
        return name.lower()

    def default_schema(self) -> str | None:
        return self.settings.get("schema") or "public"

    def _address(self) -> Any:
        from sqlalchemy import URL

        own = {name: self.settings[name] for name in _OPTIONS if self.settings.get(name)}
        return URL.create("redshift+redshift_connector", host=own.get("host"), database=own["database"]), own

    def export(  # type: ignore[override]
        self,
        df: Any,
        table_name: str | None = None,
        schema: str | None = None,
        schema_name: str | None = None,
        if_exists: str = ExportWritePolicy.APPEND,
        index: bool = False,
        verbose: bool = True,
        query_string: str | None = None,
        drop_table_on_replace: bool = False,
        cascade_on_drop: bool = False,
        create_schema: bool = False,
        overwrite_types: dict[str, str] | None = None,
        **kwargs: Any,
    ) -> None:
        """As `BaseSQL.export`, with Redshift's order of arguments; a schema is made only with ``create_schema``."""
        chosen = schema_name or schema or self.default_schema()
        if not create_schema and chosen and chosen not in self._schemas():
            raise DefinitionError(f"there is no schema {chosen}", hint="create_schema=True makes it")
        super().export(
            df, chosen, table_name, if_exists, index, verbose, query_string=query_string, overwrite_types=overwrite_types,
            drop_table_on_replace=drop_table_on_replace, cascade_on_drop=cascade_on_drop, **kwargs,
        )  # fmt: skip
