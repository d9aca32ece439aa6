"""A frame's columns as a table's: SQL types that hold every value as it is, and the values as drivers take them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ...errors import DefinitionError
from .base import clean_column

if TYPE_CHECKING:
    from pandas import DataFrame, Series


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name in the table, its SQL type and its values, None for what is missing."""

    name: str
    type: Any
    values: list[Any]


def columns_of(
    frame: DataFrame, *, keys: tuple[str, ...] = (), types: Mapping[str, str] | None = None, **cleaning: bool
) -> list[Column]:
    """The frame's columns. ``keys`` are those that have to be unique, ``types`` SQL types by name that win over ours.

    Raises DefinitionError where two columns have the same name once they are cleaned.
    """
    made: dict[str, Column] = {}
    wanted = {**(types or {})}
    for position, original in enumerate(frame.columns):
        name = clean_column(original, **cleaning)
        if name in made:
            raise DefinitionError(f"two columns are named {name!r} in the table", hint="rename one, or auto_clean_name=False")
        kind, values = _kind(frame.iloc[:, position])
        said = wanted.get(str(original)) or wanted.get(name)
        made[name] = Column(name, _as_said(said) if said else _TYPES[kind](name in keys, values), values)
    return list(made.values())


def _kind(series: Series) -> tuple[str, list[Any]]:
    from pandas.api.types import infer_dtype

    inferred = infer_dtype(series, skipna=True)
    kind = _KINDS.get(inferred, "text")
    if kind == "datetime" and getattr(series.dtype, "tz", None) is not None:
        kind = "instant"
    if inferred in ("mixed", "unknown-array") and any(_is_json(value) for value in series):
        kind = "json"
    return kind, _VALUES.get(kind, _plain)(series)


_KINDS = {
    "boolean": "boolean", "bytes": "bytes", "date": "date", "datetime": "datetime", "datetime64": "datetime",
    "decimal": "decimal", "floating": "float", "integer": "integer", "mixed-integer-float": "float", "time": "time",
    "timedelta": "duration", "timedelta64": "duration",
}  # fmt: skip


def _is_json(value: Any) -> bool:
    return isinstance(value, dict | list | tuple) or type(value).__name__ == "ndarray"


def _plain(series: Series) -> list[Any]:
    missing = series.isna()
    return [None if gone else value for gone, value in zip(missing, series.astype(object), strict=True)]


def _text(series: Series) -> list[Any]:
    return [value if value is None or isinstance(value, str) else str(value) for value in _plain(series)]


def _floats(series: Series) -> list[Any]:
    return [None if value is None else float(value) for value in _plain(series)]


def _integers(series: Series) -> list[Any]:
    return [None if value is None else int(value) for value in _plain(series)]


def _moments(series: Series) -> list[Any]:
    return [value.to_pydatetime(warn=False) if hasattr(value, "to_pydatetime") else value for value in _plain(series)]


def _durations(series: Series) -> list[Any]:
    import pandas

    return [None if value is None else pandas.Timedelta(value).as_unit("ns").value for value in _plain(series)]


def _json(series: Series) -> list[Any]:
    return [None if value is None else _jsonable(value) for value in series]


def _jsonable(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _jsonable(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_jsonable(each) for each in value]
    if hasattr(value, "tolist"):  # numpy's scalars and arrays
        return value.tolist()
    if isinstance(value, float) and value != value:
        return None
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)


_VALUES: dict[str, Callable[[Series], list[Any]]] = {
    "text": _text, "integer": _integers, "float": _floats, "datetime": _moments, "instant": _moments, "duration": _durations,
    "json": _json,
}  # fmt: skip


def _text_type(key: bool, _: list[Any]) -> Any:
    import sqlalchemy as sa
    from sqlalchemy.dialects import mssql, mysql

    text = sa.Text().with_variant(sa.VARCHAR(65535), "redshift")
    if key:  # MySQL and SQL Server index no text without a length
        return text.with_variant(mysql.VARCHAR(255), "mysql", "mariadb").with_variant(mssql.NVARCHAR(255), "mssql")
    return text.with_variant(mysql.LONGTEXT(), "mysql", "mariadb").with_variant(mssql.NVARCHAR(), "mssql")


def _moment_type(zone: bool) -> Any:
    import sqlalchemy as sa
    from sqlalchemy.dialects import mssql, mysql

    own: Any = (mssql.DATETIMEOFFSET if zone else mssql.DATETIME2)()
    return sa.DateTime(timezone=zone).with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb").with_variant(own, "mssql")


def _decimal_type(values: list[Any]) -> Any:
    import sqlalchemy as sa

    scale = max((-value.as_tuple().exponent for value in values if value is not None and value.is_finite()), default=0)
    return sa.Numeric(38, min(max(scale, 0), 30)).with_variant(sa.Text(), "sqlite")


def _bytes_type() -> Any:
    import sqlalchemy as sa
    from sqlalchemy.dialects import mysql

    return sa.LargeBinary().with_variant(mysql.LONGBLOB(), "mysql", "mariadb")


def _json_type() -> Any:
    import sqlalchemy as sa
    from sqlalchemy.dialects import postgresql

    return sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


def _simple(name: str) -> Callable[[bool, list[Any]], Any]:
    def made(_: bool, __: list[Any]) -> Any:
        import sqlalchemy as sa

        return getattr(sa, name)()

    return made


_TYPES: dict[str, Callable[[bool, list[Any]], Any]] = {
    "text": _text_type,
    "integer": _simple("BigInteger"),
    "duration": _simple("BigInteger"),
    "float": _simple("Double"),
    "boolean": _simple("Boolean"),
    "date": _simple("Date"),
    "time": _simple("Time"),
    "decimal": lambda _, values: _decimal_type(values),
    "datetime": lambda *_: _moment_type(False),
    "instant": lambda *_: _moment_type(True),
    "bytes": lambda *_: _bytes_type(),
    "json": lambda *_: _json_type(),
}


def _as_said(text: str) -> Any:
    import sqlalchemy as sa

    class Said(sa.types.UserDefinedType[Any]):
        cache_ok = True

        def get_col_spec(self, **_: Any) -> str:
            return text

    return Said()
