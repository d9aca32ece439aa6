"""Databases by SQLAlchemy: what Postgres, MySQL, MSSQL, SQLite, Redshift and Snowflake share.

Types hold every value as it is (Mage narrows integers to the values it sees, so that a later append may not fit). Statements
are sent as they are written; only ours are made by SQLAlchemy, which quotes every name.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Self

from ...errors import DefinitionError, JupyterMageError
from .._needs import need
from ._columns import Column, columns_of
from .base import QUERY_ROW_LIMIT, BaseIO, ExportWritePolicy, as_frame, clean_column, each_query, read_policy

if TYPE_CHECKING:
    from pandas import DataFrame

METHODS = ("UPDATE", "IGNORE")
AS_WRITTEN = {"no_parameters": True}
"""For SQLAlchemy: without variables, a ``%`` in a statement is a ``%``."""


class BaseSQLConnection(BaseIO):
    """A connection that is opened, committed and closed; a ``with`` opens and closes it."""

    def __init__(self, verbose: bool = False, **kwargs: Any) -> None:
        super().__init__(verbose)
        self.settings = kwargs

    def open(self) -> None:
        raise NotImplementedError

    def close(self) -> None:
        raise NotImplementedError

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class BaseSQL(BaseSQLConnection):
    """A database that SQLAlchemy speaks to. A class of its own says how to connect."""

    extra = ""
    """The extra that brings its driver."""
    driver = ""
    """The driver's module."""

    def __init__(self, verbose: bool = False, **kwargs: Any) -> None:
        super().__init__(verbose, **kwargs)
        self._engine: Any = None
        self._connection: Any = None

    @staticmethod
    def folds(name: str) -> str:
        """What the database makes of a table's name that is not quoted."""
        return name

    # ---- what a database says of itself --------------------------------------------------------------------------------

    def _address(self) -> Any:
        """The SQLAlchemy URL, and what the driver gets beside it."""
        raise NotImplementedError

    def default_database(self) -> str | None:
        return self.settings.get("database")

    def default_schema(self) -> str | None:
        return self.settings.get("schema")

    # ---- the connection ------------------------------------------------------------------------------------------------

    def open(self) -> None:
        """Connect. Raises JupyterMageError where nobody answers or lets us in, PluginError where the driver is missing."""
        name = type(self).__name__
        sqlalchemy = need("sqlalchemy", self.extra, name)
        need(self.driver, self.extra, name)
        url, arguments = self._address()
        with self._saying(f"Opening connection to {name} database"):
            self._engine = sqlalchemy.create_engine(url, connect_args=arguments, poolclass=sqlalchemy.pool.NullPool)
            try:
                self._connection = self._engine.connect()
            except sqlalchemy.exc.DBAPIError as error:
                self._engine = None
                raise JupyterMageError(
                    f"{name} did not let us in at {url.render_as_string(hide_password=True)}: {str(error.orig).strip()}",
                    hint="look at the profile in io_config.yaml, and whether the database runs",
                ) from error

    def close(self) -> None:
        """Disconnect; what was not committed is gone. Nothing where it is not open."""
        if self._connection is not None:
            self._connection.close()
            self._engine.dispose()
            self._connection = self._engine = None

    @property
    def conn(self) -> Any:
        """The driver's own connection."""
        return self._open_one().connection

    def _open_one(self) -> Any:
        if self._connection is None:
            raise ConnectionError(f"{type(self).__name__} is not open: use it in a with, or call open() first")
        return self._connection

    def commit(self) -> None:
        self._open_one().commit()
        self.conn.commit()

    def rollback(self) -> None:
        self._open_one().rollback()
        self.conn.rollback()

    # ---- asking --------------------------------------------------------------------------------------------------------

    def execute(self, query_string: str, **query_vars: Any) -> None:
        """Send a statement as it is written; variables in the driver's own way (``%(name)s``). `commit` keeps what it did."""
        with self._saying(f"Executing query '{query_string}'"):
            self._run(query_string, query_vars)

    def execute_query_raw(self, query: str, **_: Any) -> None:
        """Send a statement and keep what it did."""
        self._run(query)
        self.commit()

    def execute_queries(
        self,
        queries: list[str],
        query_variables: list[dict[str, Any]] | None = None,
        commit: bool = False,
        fetch_query_at_indexes: list[bool] | None = None,
        **_: Any,
    ) -> list[Any]:
        """Send statements in order; a frame for each that ``fetch_query_at_indexes`` says to fetch, else None."""
        results: list[Any] = []
        for query, variables, fetch in each_query(queries, query_variables, fetch_query_at_indexes):
            if fetch:
                results.append(self._frame(query, QUERY_ROW_LIMIT, params=variables or None))
            else:
                self._run(query, variables)
                results.append(None)
        if commit:
            self.commit()
        return results

    def load(
        self,
        query_string: str,
        limit: int = QUERY_ROW_LIMIT,
        display_query: str | None = None,
        verbose: bool = True,
        **kwargs: Any,
    ) -> DataFrame:
        """What a query gives, at most ``limit`` rows of it in the query's own order; keywords as for ``pandas.read_sql``."""
        shown = f" with query\n\n{display_query or query_string}\n\n" if verbose else ""
        with self._saying(f"Loading data{shown}"):
            return self._frame(query_string, limit, **kwargs)

    def sample(self, schema: str, table: str, size: int = QUERY_ROW_LIMIT, **kwargs: Any) -> DataFrame:
        """The first rows of a table."""
        return self.load(f"SELECT * FROM {schema}.{table}", limit=size, **kwargs)

    def _run(self, query: str, variables: Any = None) -> None:
        self._open_one().exec_driver_sql(_cleaned(query), variables or None, execution_options=AS_WRITTEN).close()

    def _frame(self, query: str, limit: int, **kwargs: Any) -> DataFrame:
        import pandas

        connection = self._open_one()
        if not connection.in_transaction():
            connection.begin()  # else pandas begins one, and takes back at its end what the query did
        connection.execution_options(**AS_WRITTEN)
        try:
            parts: Any = pandas.read_sql(_cleaned(query), connection, chunksize=max(limit, 1), **kwargs)
        finally:
            connection.execution_options(**{name: not value for name, value in AS_WRITTEN.items()})
        try:
            frame: DataFrame = next(parts, pandas.DataFrame())
        finally:
            parts.close()
        return frame[:limit]

    # ---- giving --------------------------------------------------------------------------------------------------------

    def table_exists(self, schema_name: str | None, table_name: str) -> bool:
        sqlalchemy = need("sqlalchemy", self.extra, type(self).__name__)
        name, schema = self._named(table_name), self._named(schema_name)
        return bool(sqlalchemy.inspect(self._open_one()).has_table(name, schema=schema))

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
        skip_semicolon_at_end: bool = False,  # noqa: ARG002 (ours end without one)
        **_: Any,
    ) -> None:
        """Write a frame, or what ``query_string`` gives, to a table, and commit; all of it or, after an error, nothing.

        ``replace`` empties the table and keeps it (``drop_table_on_replace`` makes it anew); ``append`` adds rows; ``fail``
        refuses. With ``unique_constraints``, ``unique_conflict_method`` ``UPDATE`` overwrites the rows that have the same key
        and ``IGNORE`` keeps them. Raises DefinitionError for words it does not know, ValueError where the table exists and
        must not.
        """
        if not table_name:
            raise DefinitionError("export needs a table_name", hint="export(df, schema_name, table_name)")
        policy, method = read_policy(if_exists), read_method(unique_conflict_method)
        schema = schema_name or self.default_schema()
        cleaning = {
            "allow_reserved_words": allow_reserved_words,
            "auto_clean_name": auto_clean_name,
            "case_sensitive": case_sensitive,
        }
        keys = tuple(clean_column(each, **cleaning) for each in unique_constraints or ())
        with self._saying(f"Exporting data to '{schema + '.' if schema else ''}{table_name}'", verbose):
            columns = []
            if not query_string:
                frame = as_frame(df)
                columns = columns_of(frame.reset_index() if index else frame, keys=keys, types=overwrite_types, **cleaning)
            table = self._table(table_name, schema, columns, keys)
            try:
                there = self._prepared(table, policy, drop_table_on_replace, cascade_on_drop)
                if query_string:
                    self._fill_from_query(table, there, _cleaned(query_string).rstrip(";"))
                else:
                    if not there:
                        table.create(self._open_one())
                    self._insert(table, columns, keys, method)
                self.commit()
            except BaseException:
                self.rollback()
                raise

    def _named(self, name: str | None) -> str | None:
        """A name as the database keeps it: quoted ones as they are, others as it folds them."""
        if not name:
            return None
        return name.strip('"`') if name[:1] in '"`' else self.folds(name)

    def _table(self, name: str, schema: str | None, columns: Sequence[Column], keys: tuple[str, ...]) -> Any:
        import sqlalchemy as sa

        fields: list[Any] = [sa.Column(each.name, each.type) for each in columns]
        if keys and columns:
            known = {each.name for each in columns}
            if missing := [key for key in keys if key not in known]:
                raise DefinitionError(f"unique_constraints name {', '.join(missing)}, which the data does not have")
            fields.append(
                sa.UniqueConstraint(*keys, name=f"unique_{name.replace('.', '_')}_{'_'.join(keys)}".strip('"`').lower()[:60])
            )
        return sa.Table(self._named(name) or name, sa.MetaData(), *fields, schema=self._named(schema))

    def _prepared(self, table: Any, policy: ExportWritePolicy, drop: bool, cascade: bool) -> bool:
        """Make schema and table ready for new rows; gives whether the table is there."""
        import sqlalchemy as sa

        connection = self._open_one()
        if table.schema and table.schema not in self._schemas():
            connection.execute(sa.schema.CreateSchema(table.schema, if_not_exists=self._engine.dialect.name == "postgresql"))
        if not sa.inspect(connection).has_table(table.name, schema=table.schema):
            return False
        if policy is ExportWritePolicy.FAIL:
            raise ValueError(f"table {table.fullname} exists; if_exists='append' or 'replace' would write to it")
        if policy is ExportWritePolicy.APPEND:
            return True
        if drop:
            connection.exec_driver_sql(f"DROP TABLE {self._quoted(table)}{' CASCADE' if cascade else ''}")
            return False
        connection.execute(table.delete())
        return True

    def _schemas(self) -> Iterable[str]:
        import sqlalchemy as sa

        return list(sa.inspect(self._open_one()).get_schema_names())

    def _quoted(self, table: Any) -> str:
        return str(self._engine.dialect.identifier_preparer.format_table(table))

    def _fill_from_query(self, table: Any, there: bool, query: str) -> None:
        name = self._quoted(table)
        self._run(f"INSERT INTO {name}\n{query}" if there else f"CREATE TABLE {name} AS\n{query}")

    def _insert(self, table: Any, columns: Sequence[Column], keys: tuple[str, ...], method: str) -> None:
        rows = [dict(zip(table.columns.keys(), row, strict=True)) for row in zip(*(each.values for each in columns), strict=True)]
        if not rows:
            return
        if keys and method:
            self._upsert(table, rows, keys, method)
        else:
            self._open_one().execute(table.insert(), rows)

    def _upsert(self, table: Any, rows: list[dict[str, Any]], keys: tuple[str, ...], method: str) -> None:
        """Rows of the same key are replaced or kept, one by one: for databases without a statement of their own for it."""
        import sqlalchemy as sa

        connection = self._open_one()
        same = sa.and_(*(table.c[key] == sa.bindparam(f"key_{key}") for key in keys))
        others = [each.name for each in table.columns if each.name not in keys]
        for row in {tuple(row[key] for key in keys): row for row in rows}.values():
            chosen = {f"key_{key}": row[key] for key in keys}
            if connection.execute(sa.select(sa.literal(1)).select_from(table).where(same).limit(1), chosen).first() is None:
                connection.execute(table.insert(), row)
            elif method == "UPDATE" and others:
                connection.execute(table.update().where(same).values({name: row[name] for name in others}), chosen)


def on_conflict(insert: Any, keys: tuple[str, ...], method: str) -> Any:
    """``INSERT … ON CONFLICT`` as PostgreSQL and SQLite have it."""
    if method == "IGNORE":
        return insert.on_conflict_do_nothing(index_elements=keys)
    others = {each.name: insert.excluded[each.name] for each in insert.table.columns if each.name not in keys}
    return (
        insert.on_conflict_do_update(index_elements=keys, set_=others)
        if others
        else insert.on_conflict_do_nothing(index_elements=keys)
    )


def _cleaned(query: str) -> str:
    return query.strip(" \n\t")


def read_method(name: str | None) -> str:
    """``update`` as UPDATE; empty for None. Raises UnknownNameError."""
    if not name:
        return ""
    if name.upper() not in METHODS:
        from ...errors import unknown

        raise unknown("unique_conflict_method", name, METHODS)
    return name.upper()
