"""polars frames and series, through Arrow; those whose dtypes Arrow would change are left to pickle."""

from __future__ import annotations

from typing import Any

import polars as pl

from .arrow_tables import preview
from .leaves import LeafReader, LeafWriter, Table


class PolarsTables:
    def encode(self, value: Any, leaves: LeafWriter) -> Table | None:
        if type(value) is pl.Series:
            return self._encode(value.to_frame(), "polars.Series", leaves)
        if type(value) is pl.DataFrame and value.width:
            return self._encode(value, "polars.DataFrame", leaves)
        return None

    def _encode(self, frame: Any, kind: str, leaves: LeafWriter) -> Table | None:
        if not _kept(frame):
            return None
        arrow = frame.to_arrow(compat_level=pl.CompatLevel.oldest())
        return Table(
            type=kind,
            spec={
                "series": kind == "polars.Series",
                "names": frame.columns,
                "arrays": [leaves.arrow(column) for column in arrow.columns],
            },
            rows=frame.height,
            columns=tuple((name, str(dtype)) for name, dtype in frame.schema.items()),
            preview=preview(arrow),
        )

    def decode(self, spec: dict[str, Any], leaves: LeafReader) -> Any:
        series = [pl.Series(name, leaves.arrow(leaf)) for name, leaf in zip(spec["names"], spec["arrays"], strict=True)]
        return series[0] if spec["series"] else pl.DataFrame(series)


def _kept(frame: Any) -> bool:
    """Whether an empty frame of these dtypes comes back the same. Enums and categories are not tried: theirs is an own order."""
    if any(dtype.base_type() in (pl.Categorical, pl.Enum, pl.Object) for dtype in frame.dtypes):
        return False
    try:
        empty = frame.clear().to_arrow(compat_level=pl.CompatLevel.oldest())
        return bool([pl.Series(column).dtype for column in empty.columns] == frame.dtypes)
    except Exception:  # noqa: BLE001 — polars raises a PanicException of its own for dtypes that Arrow does not have
        return False


tables = PolarsTables()
