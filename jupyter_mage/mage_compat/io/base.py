"""What the io classes share."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import DefinitionError, unknown
from ._reserved import WORDS as WORDS

if TYPE_CHECKING:
    from pandas import DataFrame

QUERY_ROW_LIMIT = 10_000_000


def each_query(
    queries: Sequence[str], variables: Sequence[Any] | None = None, fetched: Sequence[bool] | None = None
) -> Iterator[tuple[str, Any, bool]]:
    """Of `execute_queries`: each query, its variables, and whether its rows are wanted. The lists may be shorter.

    >>> list(each_query(["a", "b"], [{"x": 1}], [False, True]))
    [('a', {'x': 1}, False), ('b', {}, True)]
    """
    own, wanted = variables or (), fetched or ()
    for place, query in enumerate(queries):
        yield query, own[place] if place < len(own) else {}, place < len(wanted) and bool(wanted[place])


class DataSource(StrEnum):
    """Where data is from, as SQL blocks name it."""

    API = "api"
    BIGQUERY = "bigquery"
    CLICKHOUSE = "clickhouse"
    DUCKDB = "duckdb"
    FILE = "file"
    GOOGLE_CLOUD_STORAGE = "google_cloud_storage"
    MSSQL = "sqlserver"
    MYSQL = "mysql"
    POSTGRES = "postgres"
    REDSHIFT = "redshift"
    S3 = "s3"
    SNOWFLAKE = "snowflake"


class FileFormat(StrEnum):
    """A file's format; ``from_extension("xlsx")`` is EXCEL."""

    CSV = "csv"
    JSON = "json"
    PARQUET = "parquet"
    HDF5 = "hdf5"
    XML = "xml"
    EXCEL = "excel"

    @classmethod
    def from_extension(cls, ext: str) -> FileFormat:
        return read_format({"xls": "excel", "xlsx": "excel"}.get(ext, ext))


class ExportWritePolicy(StrEnum):
    """What an export does where the table exists."""

    APPEND = "append"
    FAIL = "fail"
    REPLACE = "replace"


def read_format(name: object) -> FileFormat:
    """``"csv"`` as FileFormat. Raises UnknownNameError."""
    try:
        return FileFormat(str(name))
    except ValueError:
        raise unknown("file format", str(name), [each.value for each in FileFormat]) from None


def read_policy(name: object) -> ExportWritePolicy:
    """``"append"`` as ExportWritePolicy. Raises UnknownNameError: Mage takes any other word for append."""
    text = str(getattr(name, "value", name))
    try:
        return ExportWritePolicy(text)
    except ValueError:
        raise unknown("if_exists", text, [each.value for each in ExportWritePolicy]) from None


class BaseIO:
    """Something to load from and export to. Says what it does as it goes, where ``verbose``."""

    def __init__(self, verbose: bool = False) -> None:
        self.verbose = verbose

    @contextmanager
    def _saying(self, what: str, verbose: bool = True) -> Iterator[None]:
        """Print what is done, and that it is done."""
        if not (verbose and self.verbose):
            yield
            return
        print(f"└─ {what}...", end="", flush=True)  # noqa: T201
        try:
            yield
        except BaseException:
            print("FAILED")  # noqa: T201
            raise
        print("DONE")  # noqa: T201

    def load(self, *args: Any, **kwargs: Any) -> DataFrame:
        raise NotImplementedError

    def export(self, *args: Any, **kwargs: Any) -> None:
        raise NotImplementedError


class BaseFile(BaseIO):
    """Frames in files, by pandas (or polars, for what comes in as a polars frame)."""

    def exists(self, *args: Any, **kwargs: Any) -> bool:
        raise NotImplementedError

    @staticmethod
    def _get_file_format(filepath: str | os.PathLike[str]) -> FileFormat:
        extension = Path(filepath).suffix[1:]
        if not extension:
            raise DefinitionError(f"{filepath} has no extension to see its format by", hint="format='parquet'")
        return FileFormat.from_extension(extension)

    def _format(self, given: object, filepath: str | os.PathLike[str]) -> FileFormat:
        return self._get_file_format(filepath) if given is None else read_format(given)

    @staticmethod
    def _read(source: Any, format: FileFormat, limit: int = QUERY_ROW_LIMIT, **kwargs: Any) -> DataFrame:
        import pandas

        names = {"hdf5": "hdf"}
        frame: DataFrame = getattr(pandas, f"read_{names.get(format.value, format.value)}")(source, **kwargs)
        return frame if len(frame) <= limit else frame[:limit]

    @staticmethod
    def _write(frame: Any, format: FileFormat, target: Any, **kwargs: Any) -> None:
        names = {"hdf5": "hdf"}
        if format is FileFormat.HDF5:
            kwargs.setdefault("key", Path(target).stem)
        written = getattr(frame, f"write_{format.value}", None) or getattr(
            frame, f"to_{names.get(format.value, format.value)}", None
        )
        if written is None:
            raise DefinitionError(f"a {type(frame).__name__} cannot be written as {format.value}", hint="give a DataFrame")
        written(target, **kwargs)

    def _as_bytes(self, frame: Any, format: FileFormat, **kwargs: Any) -> bytes:
        if format is FileFormat.HDF5:
            raise DefinitionError("HDF5 cannot be written to object storage", hint="format='parquet'")
        buffer = io.BytesIO()
        self._write(frame, format, buffer, **kwargs)
        return buffer.getvalue()


def clean_name(name: Any, case_sensitive: bool = False) -> str:
    """A column's name as Mage cleans it.

    >>> clean_name("Unit Price ($)"), clean_name("2024"), clean_name("Name", case_sensitive=True)
    ('unit_price___', 'letter_2024', 'Name')
    """
    import re

    text = re.sub(r"\W", "_", str(name).translate(dict.fromkeys(map(ord, '\ufeff"$\n\r\t'))))
    text = f"letter_{text}" if text[:1].isdigit() else text
    return text if case_sensitive else text.lower()


def clean_column(
    name: Any, *, allow_reserved_words: bool = False, auto_clean_name: bool = True, case_sensitive: bool = False
) -> str:
    """The name that a column has in a table: cleaned, and with ``_`` before it where SQL reserves the word."""
    if not auto_clean_name:
        return str(name)
    text = clean_name(name, case_sensitive)
    return f"_{text}" if not allow_reserved_words and text.upper() in WORDS else text


def as_frame(data: Any) -> DataFrame:
    """What is to be exported, as a frame: a dict is one row, a list is rows. Raises DefinitionError for what is no table."""
    import pandas

    if isinstance(data, pandas.DataFrame):
        return data
    if isinstance(data, dict):
        return pandas.DataFrame([data])
    if isinstance(data, list):
        return pandas.DataFrame(data)
    if isinstance(data, pandas.Series):
        return data.to_frame()
    if hasattr(data, "to_pandas"):
        frame: DataFrame = data.to_pandas()
        return frame
    raise DefinitionError(
        f"a {type(data).__name__} cannot be exported as a table", hint="give a DataFrame, a list of dicts or a dict"
    )
