"""Google BigQuery, by its own client."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

from ...errors import DefinitionError
from .._needs import need
from ._google import credentials_from
from .base import QUERY_ROW_LIMIT, BaseIO, ExportWritePolicy, as_frame, each_query, read_policy
from .config import ConfigKey
from .sql import read_method

if TYPE_CHECKING:
    from pandas import DataFrame

DISPOSITIONS = {"append": "WRITE_APPEND", "replace": "WRITE_TRUNCATE", "fail": "WRITE_EMPTY"}
SCOPES = ("https://www.googleapis.com/auth/drive", "https://www.googleapis.com/auth/bigquery")


class BigQuery(BaseIO):
    """``BigQuery.with_config(config).load("SELECT …")``; a table is ``project.dataset.table``, or without the project."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(bool(kwargs.pop("verbose", True)))
        self._bigquery = need("google.cloud.bigquery", "bigquery", "BigQuery")
        mapping, path = kwargs.pop("credentials_mapping", None), kwargs.pop("path_to_credentials", None)
        credentials = kwargs.pop("credentials", None)
        if credentials is None and (mapping is not None or path is not None):
            account = need("google.oauth2.service_account", "bigquery", "BigQuery").Credentials
            made = account.from_service_account_info(mapping, scopes=SCOPES) if mapping is not None else None
            credentials = made or account.from_service_account_file(path, scopes=SCOPES)
        with self._saying("Connecting to BigQuery warehouse"):
            self.client = self._bigquery.Client(credentials=credentials, **kwargs)

    @classmethod
    def with_config(cls, config: Any, **kwargs: Any) -> Self:
        location = config[ConfigKey.GOOGLE_LOCATION]
        return cls(**credentials_from(config, "BigQuery"), **({} if location is None else {"location": location}), **kwargs)

    @classmethod
    def with_credentials_file(cls, path_to_credentials: str, **kwargs: Any) -> Self:
        return cls(path_to_credentials=path_to_credentials, **kwargs)

    @classmethod
    def with_credentials_object(cls, credentials: Mapping[str, str], **kwargs: Any) -> Self:
        return cls(credentials_mapping=credentials, **kwargs)

    def default_database(self) -> str:
        return str(self.client.project)

    def execute(self, query_string: str, **kwargs: Any) -> None:
        """Run a statement to its end (Mage only starts it)."""
        with self._saying(f"Executing query '{query_string}'"):
            self.client.query(query_string.strip(), **kwargs).result()

    def execute_query_raw(self, query: str, configuration: Any = None, **_: Any) -> Any:  # noqa: ARG002
        return self.client.query(query).result()

    def execute_queries(
        self,
        queries: list[str],
        query_variables: list[dict[str, Any]] | None = None,
        fetch_query_at_indexes: list[bool] | None = None,  # noqa: ARG002 (each gives a frame anyway)
        **_: Any,
    ) -> list[Any]:
        asked = each_query(queries, query_variables)
        return [self.client.query(query.strip(), **variables).to_dataframe() for query, variables, _ in asked]

    def load(
        self,
        query_string: str,
        limit: int = QUERY_ROW_LIMIT,
        display_query: str | None = None,
        verbose: bool = True,
        **kwargs: Any,
    ) -> DataFrame:
        """What a query gives, at most ``limit`` rows of it."""
        shown = f" with query\n{display_query or query_string}" if verbose else ""
        with self._saying(f"Loading data{shown}"):
            rows = self.client.query(query_string.strip(), **kwargs).result(max_results=limit)
            frame: DataFrame = rows.to_dataframe()
            return frame

    def sample(self, schema: str, table: str, size: int = QUERY_ROW_LIMIT, **kwargs: Any) -> DataFrame:
        return self.load(f"SELECT * FROM {schema}.{table} LIMIT {size}", **kwargs)

    def get_column_types(self, schema: str, table_name: str) -> dict[str, str]:
        table = self.client.get_table(
            f"{schema}.{table_name}" if "." in schema else f"{self.client.project}.{schema}.{table_name}"
        )
        return {field.name.lower(): field.field_type for field in table.schema}

    def export(
        self,
        df: Any,
        table_id: str | None = None,
        database: str | None = None,
        if_exists: str = "replace",
        overwrite_types: dict[str, str] | None = None,
        query_string: str | None = None,
        verbose: bool = True,
        unique_conflict_method: str | None = None,
        unique_constraints: list[str] | None = None,
        write_disposition: str | None = None,
        create_dataset: bool = True,
        **configuration_params: Any,
    ) -> None:
        """Write a frame, or what ``query_string`` gives, to a table; wait until it is there."""
        full = self._full(table_id, database)
        policy, method = read_policy(if_exists), read_method(unique_conflict_method)
        disposition = write_disposition or DISPOSITIONS[policy.value]
        with self._saying(f"Exporting data to table '{full}'", verbose):
            if create_dataset:
                self.client.create_dataset(full.rpartition(".")[0], exists_ok=True)
            if query_string:
                config = self._bigquery.QueryJobConfig(destination=full, write_disposition=disposition, **configuration_params)
                self.client.query(query_string.strip(), job_config=config).result()
                return
            frame = as_frame(df)
            if policy is ExportWritePolicy.APPEND and unique_constraints and method:
                self._merge(frame, full, unique_constraints, method, overwrite_types, configuration_params)
            else:
                self._write(frame, full, disposition, overwrite_types, configuration_params)

    def _full(self, table_id: str | None, database: str | None) -> str:
        parts = (table_id or "").strip("`").split(".")
        if len(parts) not in (2, 3) or not all(parts):
            raise DefinitionError(f"table_id is {table_id!r}", hint="export(df, 'project.dataset.table'), or 'dataset.table'")
        return ".".join(parts if len(parts) == 3 else [database or self.default_database(), *parts])

    def _write(
        self, frame: DataFrame, table: str, disposition: str, types: dict[str, str] | None, params: dict[str, Any]
    ) -> None:
        config = self._bigquery.LoadJobConfig(write_disposition=disposition, **params)
        if types:
            config.schema = [self._bigquery.SchemaField(name, kind) for name, kind in types.items()]
        named = frame.set_axis([str(name).replace(" ", "_") for name in frame.columns], axis=1)
        self.client.load_table_from_dataframe(named, table, job_config=config).result()

    def _merge(
        self, frame: DataFrame, table: str, keys: list[str], method: str, types: dict[str, str] | None, params: dict[str, Any]
    ) -> None:
        """Rows of the same key are replaced or kept: by way of a table of a moment."""
        other = f"{table}_{secrets.token_hex(8)}"
        names = [str(name).replace(" ", "_") for name in frame.columns]
        same = " AND ".join(f"((a.`{key}` IS NULL AND b.`{key}` IS NULL) OR a.`{key}` = b.`{key}`)" for key in keys)
        update = (
            f"WHEN MATCHED THEN UPDATE SET {', '.join(f'a.`{name}` = b.`{name}`' for name in names)} "
            if method == "UPDATE"
            else ""
        )
        fields, values = ", ".join(f"`{name}`" for name in names), ", ".join(f"b.`{name}`" for name in names)
        try:
            self._write(frame, other, "WRITE_TRUNCATE", types, params)
            merge = f"MERGE INTO `{table}` AS a USING `{other}` AS b ON {same} {update}"
            self.client.query(f"{merge}WHEN NOT MATCHED THEN INSERT ({fields}) VALUES ({values})").result()
        finally:
            self.client.delete_table(other, not_found_ok=True)
