"""DuckDB, by itself; frames go in without being converted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from ...errors import DefinitionError
from .. import _here
from .._needs import need
from .base import QUERY_ROW_LIMIT, ExportWritePolicy, as_frame, clean_column, each_query, read_policy
from .config import ConfigKey, required
from .sql import BaseSQLConnection, read_method

if TYPE_CHECKING:
    from pandas import DataFrame

FRAME = "jupyter_mage_frame"


class DuckDB(BaseSQLConnection):
    """Opens when it is made; a relative path is in the project's folder.

    >>> import pandas
    >>> with DuckDB(":memory:", verbose=False) as loader:
    ...     loader.export(pandas.DataFrame({"Amount": [1.25, 2.0]}), "main", "payments")
    ...     loader.load("SELECT sum(amount) AS total FROM payments").total.tolist()
    [3.25]
    """

    def __init__(
        self, database: str, motherduck_token: str | None = None, schema: str | None = None, verbose: bool = True, **kwargs: Any
    ) -> None:
        super().__init__(verbose=verbose, database=database, motherduck_token=motherduck_token, schema=schema, options=kwargs)
        self._connection: Any = None
        self.open()

    @classmethod
    def with_config(cls, config: Any) -> Self:
        required(config, (ConfigKey.DUCKDB_DATABASE,), "DuckDB")
        return cls(
            database=config[ConfigKey.DUCKDB_DATABASE],
            motherduck_token=config[ConfigKey.MOTHERDUCK_TOKEN],
            schema=config[ConfigKey.DUCKDB_SCHEMA],
        )

    def default_database(self) -> str:
        return str(self.settings["database"])

    def default_schema(self) -> str:
        return self.settings["schema"] or "main"

    def open(self) -> None:
        if self._connection is not None:
            return
        duckdb = need("duckdb", "sql", "DuckDB")
        name, token = self.settings["database"], self.settings["motherduck_token"]
        config = {"motherduck_token": token} if token and name.startswith("md:") else {}
        path = name if name == ":memory:" or name.startswith("md:") else str(_here.root() / name)
        with self._saying("Opening connection to DuckDB"):
            self._connection = duckdb.connect(
                path, config={"python_enable_replacements": False, **config}, **self.settings["options"]
            )

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    @property
    def conn(self) -> Any:
        """DuckDB's own connection."""
        if self._connection is None:
            raise ConnectionError("DuckDB is not open: use it in a with, or call open() first")
        return self._connection

    def commit(self) -> None:
        """Nothing is open between statements: DuckDB has kept it already, unless the statements said BEGIN."""

    def rollback(self) -> None:
        """As `commit`."""

    def execute(self, query_string: str, **query_vars: Any) -> None:
        """Send statements as they are written; variables as ``$name``."""
        with self._saying(f"Executing query '{query_string}'"):
            self.conn.execute(query_string, query_vars or None).fetchall()

    def execute_query_raw(self, query: str, **_: Any) -> None:
        self.conn.execute(query).fetchall()

    def execute_queries(
        self,
        queries: list[str],
        query_variables: list[dict[str, Any]] | None = None,
        commit: bool = False,  # noqa: ARG002
        fetch_query_at_indexes: list[bool] | None = None,
        **_: Any,
    ) -> list[Any]:
        """Send statements in order; a frame for each that ``fetch_query_at_indexes`` says to fetch, else None."""
        results: list[Any] = []
        for query, variables, fetch in each_query(queries, query_variables, fetch_query_at_indexes):
            answer = self.conn.execute(query, variables or None)
            results.append(answer.df() if fetch else (answer.fetchall(), None)[1])
        return results

    def load(
        self,
        query_string: str,
        limit: int = QUERY_ROW_LIMIT,
        display_query: str | None = None,
        verbose: bool = True,
        **kwargs: Any,
    ) -> DataFrame:
        """What a query gives, at most ``limit`` rows of it; ``params`` are its variables."""
        shown = f" with query\n\n{display_query or query_string}\n\n" if verbose else ""
        with self._saying(f"Loading data{shown}"):
            frame: DataFrame = self.conn.execute(query_string, kwargs.get("params")).df()
            return frame if len(frame) <= limit else frame[:limit]

    def sample(self, schema: str, table: str, size: int = QUERY_ROW_LIMIT, **kwargs: Any) -> DataFrame:
        return self.load(f"SELECT * FROM {schema}.{table} LIMIT {size}", **kwargs)

    def table_exists(self, schema_name: str | None, table_name: str) -> bool:
        query = "SELECT 1 FROM information_schema.tables WHERE table_schema = $schema AND lower(table_name) = lower($table)"
        found = self.conn.execute(query, {"schema": schema_name or "main", "table": table_name.strip('"')}).fetchall()
        return bool(found)

    def export(
        self,
        df: Any,
        schema_name: str | None = None,
        table_name: str | None = None,
        if_exists: str = ExportWritePolicy.REPLACE,
        index: bool = False,
        verbose: bool = True,
        allow_reserved_words: bool = False,
        auto_clean_name: bool = True,
        case_sensitive: bool = False,
        cascade_on_drop: bool = False,
        drop_table_on_replace: bool = False,
        overwrite_types: dict[str, str] | None = None,
        query_string: str | None = None,
        unique_conflict_method: str | None = None,
        unique_constraints: list[str] | None = None,
        skip_semicolon_at_end: bool = False,  # noqa: ARG002
        **_: Any,
    ) -> None:
        """As `BaseSQL.export`; types are those of the frame (Mage rounds to three decimals and turns booleans into text)."""
        if not table_name:
            raise DefinitionError("export needs a table_name", hint="export(df, schema_name, table_name)")
        policy, method = read_policy(if_exists), read_method(unique_conflict_method)
        schema = schema_name or self.default_schema()
        cleaning = {
            "allow_reserved_words": allow_reserved_words,
            "auto_clean_name": auto_clean_name,
            "case_sensitive": case_sensitive,
        }
        keys = [clean_column(each, **cleaning) for each in unique_constraints or ()]
        name = f"{_quoted(schema)}.{_quoted(table_name)}"
        with self._saying(f"Exporting data to '{schema}.{table_name}'", verbose), _Transaction(self.conn):
            source = query_string
            if source is None:
                source = self._registered(as_frame(df), index, cleaning, overwrite_types or {})
            self.conn.execute(f"CREATE SCHEMA IF NOT EXISTS {_quoted(schema)}").fetchall()
            there = self.table_exists(schema, table_name)
            if there and policy is ExportWritePolicy.FAIL:
                raise ValueError(f"table {schema}.{table_name} exists; if_exists='append' or 'replace' would write to it")
            if there and policy is ExportWritePolicy.REPLACE:
                drop = f"DROP TABLE {name}{' CASCADE' if cascade_on_drop else ''}"
                self.conn.execute(drop if drop_table_on_replace else f"DELETE FROM {name}").fetchall()
                there = not drop_table_on_replace
            self._fill(name, there, source.strip().rstrip(";"), keys, method, by_name=query_string is None)

    def _registered(self, frame: DataFrame, index: bool, cleaning: dict[str, bool], types: dict[str, str]) -> str:
        """Let queries see the frame; gives the query that reads it, with the columns' names and types as they shall be."""
        frame = frame.reset_index() if index else frame
        names = [clean_column(each, **cleaning) for each in frame.columns]
        if len(set(names)) < len(names):
            twice = next(each for each in names if names.count(each) > 1)
            raise DefinitionError(f"two columns are named {twice!r} in the table", hint="rename one, or auto_clean_name=False")
        originals = [str(each) for each in frame.columns]
        self.conn.register(FRAME, frame.set_axis([f"c{place}" for place in range(len(names))], axis=1))
        fields = []
        for place, (original, name) in enumerate(zip(originals, names, strict=True)):
            said = types.get(original) or types.get(name)
            fields.append((f"CAST(c{place} AS {said})" if said else f"c{place}") + f" AS {_quoted(name)}")
        return f"SELECT {', '.join(fields)} FROM {FRAME}"

    def _fill(self, name: str, there: bool, source: str, keys: list[str], method: str, *, by_name: bool) -> None:
        if not there:
            self.conn.execute(
                f"CREATE TABLE {name} AS {source} LIMIT 0" if keys else f"CREATE TABLE {name} AS {source}"
            ).fetchall()
            if not keys:
                return
            fields = ", ".join(map(_quoted, keys))
            self.conn.execute(f"CREATE UNIQUE INDEX {_quoted('unique_' + '_'.join(keys))} ON {name} ({fields})").fetchall()
        words = {"UPDATE": "INSERT OR REPLACE", "IGNORE": "INSERT OR IGNORE"}
        start = words[method] if keys and method else "INSERT"
        self.conn.execute(f"{start} INTO {name} {'BY NAME ' if by_name else ''}{source}").fetchall()


class _Transaction:
    """All of it, or nothing."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def __enter__(self) -> None:
        self._connection.execute("BEGIN").fetchall()

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._connection.execute("ROLLBACK" if kind else "COMMIT").fetchall()
        self._connection.unregister(FRAME)


def _quoted(name: str) -> str:
    text = name.strip('"').replace('"', '""')
    return f'"{text}"'
