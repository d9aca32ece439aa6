"""What a failing line probably meant: the nearest column of the inputs, or the nearest name. Looks at the error, runs nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from .errors import nearest
from .model import Output

_COLUMN = (
    re.compile(r"unable to find column \"([^\"]+)\""),  # polars
    re.compile(r"^\"([^\"]+)\" not found"),  # polars
    re.compile(r"Referenced column \"([^\"]+)\" not found"),  # duckdb
    re.compile(r"does not have a column named \"([^\"]+)\""),  # duckdb, with a table before the dot
    re.compile(r"^name '([^']+)' is not defined"),  # pandas, in a query
)
_SEVERAL = re.compile(r"not in index|None of \[|not found|does not exist|are in the")
_QUOTED = re.compile(r"['\"]([^'\"]+)['\"]")


def guess(error: BaseException, inputs: Sequence[tuple[str, Output]], names: Iterable[str]) -> str:
    """``Did you mean user?`` for a name, column or attribute that is not there and is near one that is; otherwise empty.

    >>> frame = Output(content="", codec="frame", type="pandas.DataFrame", size=0, rows=1, columns=(("user", "str"),))
    >>> guess(KeyError("usr"), [("raw", frame)], [])
    'Did you mean user?'
    """
    columns = [name for _, output in inputs for name, _ in output.columns or ()]
    try:
        found = _nearest(error, columns, names)
    except Exception:  # noqa: BLE001 (it asks the user's own objects what they have; a guess must never cost the failure itself)
        return ""
    return f"Did you mean {found}?" if found else ""


def _nearest(error: BaseException, columns: Sequence[str], names: Iterable[str]) -> str | None:
    if isinstance(error, NameError) and error.name:
        return nearest(error.name, (each for each in names if not each.startswith("__")))
    if isinstance(error, AttributeError):
        return _attribute(error, columns)
    wanted = column_of(error)
    return nearest(wanted, columns) if wanted and wanted not in columns else None


def _attribute(error: AttributeError, columns: Sequence[str]) -> str | None:
    """Of a frame its columns come first; then, as of any object, what it has."""
    if not error.name:
        return None
    own = [str(each) for each in getattr(error.obj, "columns", ())] if hasattr(error.obj, "dtypes") else []
    if hasattr(error.obj, "dtypes") or hasattr(error.obj, "column_names"):
        found = nearest(error.name, (*own, *columns))
        if found:
            return found
    return nearest(error.name, (each for each in dir(error.obj) if not each.startswith("_")))


def column_of(error: BaseException) -> str:
    """The column, or key, that the error says is not there; empty where it says nothing of the sort."""
    if isinstance(error, KeyError) and len(error.args) == 1 and isinstance(error.args[0], str):
        text = error.args[0]
        quoted = _QUOTED.search(text) if _SEVERAL.search(text) else None
        return quoted[1] if quoted else text
    text = str(error)[:2000]
    return next((match[1] for pattern in _COLUMN if (match := pattern.search(text))), "")
