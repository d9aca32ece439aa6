"""ClickHouse, by clickhouse-connect."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from ...errors import DefinitionError
from .._needs import need
from .base import QUERY_ROW_LIMIT, BaseIO, ExportWritePolicy, as_frame, each_query, read_policy
from .config import ConfigKey, required

if TYPE_CHECKING:
    from pandas import DataFrame, Series

TYPES = {
    "boolean": "Bool", "bytes": "String", "date": "Date32", "datetime": "DateTime64(6)", "datetime64": "DateTime64(6)",
    "floating": "Float64", "integer": "Int64", "mixed-integer-float": "Float64", "string": "String",
}  # fmt: skip


class ClickHouse(BaseIO):
    """``ClickHouse.with_config(ConfigFileLoader(…)).load("SELECT …")``."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(bool(kwargs.pop("verbose", True)))
        connect = need("clickhouse_connect", "clickhouse", "ClickHouse")
        self.database = kwargs.get("database") or "default"
        with self._saying("Connecting to ClickHouse"):
            self.client = connect.get_client(**{name: value for name, value in kwargs.items() if value is not None})

    @classmethod
    def with_config(cls, config: Any) -> Self:
        required(config, (ConfigKey.CLICKHOUSE_HOST,), "ClickHouse")
        names = ("DATABASE", "HOST", "INTERFACE", "PASSWORD", "PORT", "USERNAME")
        return cls(**{name.lower(): config[ConfigKey[f"CLICKHOUSE_{name}"]] for name in names})

    def default_database(self) -> str:
        return str(self.database)

    def execute(self, command_string: str, **kwargs: Any) -> None:
        with self._saying(f"Executing query '{command_string}'"):
            self.client.command(command_string.strip(), **kwargs)

    def execute_query(self, query: str, parameters: dict[str, Any] | None = None, **_: Any) -> DataFrame:
        with self._saying(f"Executing query '{query}'"):
            frame: DataFrame = self.client.query_df(query.strip(), parameters=parameters)
            return frame

    def execute_query_raw(self, query: str, **_: Any) -> Any:
        return self.client.command(query)

    def execute_queries(
        self,
        queries: list[str],
        query_variables: list[dict[str, Any]] | None = None,
        fetch_query_at_indexes: list[bool] | None = None,
        **_: Any,
    ) -> list[Any]:
        results = []
        for query, variables, fetch in each_query(queries, query_variables, fetch_query_at_indexes):
            results.append((self.client.query_df if fetch else self.client.command)(query.strip(), parameters=variables))
        return results

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
            query = (
                f"SELECT * FROM (\n{query_string.strip().rstrip(';')}\n) LIMIT {limit}"
                if limit < QUERY_ROW_LIMIT
                else query_string
            )
            frame: DataFrame = self.client.query_df(query.strip(), **kwargs)
            return frame

    def get_type(self, column: Series, dtype: str) -> str:
        kind = TYPES.get(dtype, "String")
        return f"Nullable({kind})" if column.isna().any() else kind

    def build_create_table_command(
        self, df: DataFrame, table_name: str, database: str, overwrite_types: dict[str, str] | None = None, **_: Any
    ) -> str:
        from pandas.api.types import infer_dtype

        said = overwrite_types or {}
        fields = [
            f"`{name}` {said.get(name) or self.get_type(df[name], infer_dtype(df[name], skipna=True))}" for name in df.columns
        ]
        return f"CREATE TABLE {database}.{table_name} ({', '.join(fields)}) ENGINE = Memory"

    def export(
        self,
        df: Any,
        table_name: str | None = None,
        database: str | None = None,
        if_exists: str = "append",
        index: bool = False,
        query_string: str | None = None,
        create_table_statement: str | None = None,
        verbose: bool = True,
        overwrite_types: dict[str, str] | None = None,
        **_: Any,
    ) -> None:
        """Write a frame, or what a query gives; a new table is in memory, unless ``create_table_statement`` says."""
        if not table_name:
            raise DefinitionError("export needs a table_name")
        policy, database = read_policy(if_exists), database or self.default_database()
        name = f"{database}.{table_name}"
        with self._saying(f"Exporting data to table '{name}'", verbose):
            there = bool(self.client.command(f"EXISTS TABLE {name}"))
            if there and policy is ExportWritePolicy.FAIL:
                raise ValueError(f"table {name} exists; if_exists='append' or 'replace' would write to it")
            if there and policy is ExportWritePolicy.REPLACE:
                self.client.command(f"DROP TABLE {name}")
                there = False
            if query_string:
                query = query_string.strip().rstrip(";")
                if not there:
                    self.client.command(create_table_statement or f"CREATE TABLE {name} ENGINE = Memory EMPTY AS {query}")
                self.client.command(f"INSERT INTO {name} {query}")
                return
            frame = as_frame(df)
            frame = frame.reset_index() if index else frame
            if not there:
                made = self.build_create_table_command(frame, table_name, database, overwrite_types)
                self.client.command(create_table_statement or made)
            self.client.insert_df(name, frame)
