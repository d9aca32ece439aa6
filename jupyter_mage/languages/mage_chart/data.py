"""What a chart shows, out of frames and a configuration, as Mage counts it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ...errors import DefinitionError, Where, unknown
from .picture import Chart

if TYPE_CHECKING:
    from pandas import DataFrame, Series

BUCKETS = 40
ROWS = 10
METRICS = ("average", "count", "count_distinct", "max", "median", "min", "mode", "sum")
_STEPS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400, "week": 604800, "month": 2629800, "year": 31557600}
SORTS = (
    "bar chart", "custom", "histogram", "line chart", "pie chart", "table", "time series bar chart", "time series line chart",
)  # fmt: skip


def chart(settings: Mapping[str, Any], inputs: Sequence[Any], x: Any, y: Any, bound: Mapping[str, Any], *, where: Where) -> Chart:
    """The chart that the configuration asks for, of what the code gave: by functions, by names, or by columns of the first input.

    Raises DefinitionError, UnknownNameError for what it lacks.
    """
    sort = str(settings.get("chart_type") or "custom")
    if sort not in SORTS:
        raise unknown("chart_type", sort, SORTS, where=where)
    if x is None and y is None and not settings.get("group_by") and not settings.get("metrics"):
        x, y = (bound.get(str(settings.get(name) or name)) for name in ("x", "y"))
    if x is not None or y is not None:
        return _of_values(sort, x, y, settings, bound)
    frame = _frame(inputs, where)
    columns = [str(each) for each in _listed(settings.get("group_by"))]
    metrics = [each for each in _listed(settings.get("metrics")) if isinstance(each, Mapping)]
    for name in (*columns, *(str(each.get("column")) for each in metrics)):
        if name not in frame.columns:
            raise unknown("column", name, map(str, frame.columns), where=where)
    return _of_columns(sort, frame, columns, metrics, settings, where)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value] if value else []


def _frame(inputs: Sequence[Any], where: Where) -> DataFrame:
    import pandas

    for each in inputs:
        one = each[0] if isinstance(each, list) and each and hasattr(each[0], "columns") else each
        if isinstance(one, pandas.DataFrame):
            return one
        if isinstance(one, list | dict):
            return pandas.DataFrame(one)
        if hasattr(one, "to_pandas"):
            frame: DataFrame = one.to_pandas()
            return frame
    raise DefinitionError(
        "no x, no y, and no table to take them from", where=where, hint="x = df_1['…'], y = …, or group_by and metrics"
    )


def _plain(values: Any) -> list[Any]:
    found = values.tolist() if hasattr(values, "tolist") else list(values) if values is not None else []
    return [None if isinstance(each, float) and math.isnan(each) else each for each in found]


def _of_values(sort: str, x: Any, y: Any, settings: Mapping[str, Any], bound: Mapping[str, Any]) -> Chart:
    if sort == "histogram":
        return histogram(_plain(x if x is not None else y), _count(settings))
    if sort == "pie chart":
        return pie(_plain(x if x is not None else y), _count(settings))
    index = bound.get(str(settings.get("index") or "index"))
    if hasattr(y, "to_numpy") and getattr(y, "ndim", 1) == 2:
        y = y.to_numpy()
    rows = _plain(y)
    if sort == "table":
        limit = int(settings.get("limit") or ROWS)
        return Chart(sort=sort, x=_plain(x), y=rows[:limit], names=_plain(index)[:limit])
    nested = bool(rows) and isinstance(rows[0], list | tuple)
    return Chart(sort=sort, x=_plain(x), y=[_plain(each) for each in rows] if nested else [rows])


def _of_columns(
    sort: str, frame: DataFrame, columns: list[str], metrics: list[Mapping[str, Any]], settings: Mapping[str, Any], where: Where
) -> Chart:
    if sort == "table":
        shown = frame
        if order := settings.get("order_by"):
            shown = frame.sort_values(by=order, ascending=settings.get("y_sort_order") != "descending")
        names = columns or [str(each) for each in frame.columns]
        return Chart(sort=sort, x=names, y=shown[names].head(int(settings.get("limit") or ROWS)).to_numpy().tolist())
    if not columns:
        raise DefinitionError(f"a {sort} wants group_by", where=where, hint="group_by: [a column]")
    if sort == "histogram":
        return histogram(_plain(frame[columns[0]].dropna()), _count(settings))
    if sort == "pie chart":
        return pie(_plain(frame[columns[0]].dropna()), _count(settings))
    names = [f"{each.get('aggregation')}({each.get('column')})" for each in metrics]
    if not metrics:
        raise DefinitionError(f"a {sort} wants metrics", where=where, hint="metrics: [{aggregation: sum, column: …}]")
    if sort.startswith("time series"):
        return _over_time(sort, frame, columns[0], metrics, str(settings.get("time_interval") or "original"), names)
    groups = frame.groupby(columns)
    keys = [key[0] if isinstance(key, tuple) and len(key) == 1 else key for key, _ in groups]
    return Chart(sort=sort, x=keys, y=[[metric(group, each) for _, group in groups] for each in metrics], names=names)


def _count(settings: Mapping[str, Any]) -> int:
    return max(int(settings.get("buckets") or BUCKETS), 1)


def metric(frame: DataFrame, said: Mapping[str, Any]) -> Any:
    """One figure of a column, without what is empty; 0 where that is all.

    >>> import pandas
    >>> frame = pandas.DataFrame({"n": [1, 3, 3, None]})
    >>> [metric(frame, {"column": "n", "aggregation": each}) for each in ("mode", "median", "sum")]
    [3.0, 3.0, 7.0]
    """
    name = str(said.get("aggregation"))
    if name not in METRICS:
        raise unknown("aggregation", name, METRICS)
    column: Series = frame[said["column"]]
    values = [each for each in column.dropna().tolist() if not isinstance(each, str) or each.strip()]
    if not values:
        return 0
    if name in ("average", "sum"):
        return sum(values) / (len(values) if name == "average" else 1)
    counted: dict[Any, int] = {}
    for each in values:
        counted[each] = counted.get(each, 0) + 1
    other: dict[str, Any] = {
        "count": len(values), "count_distinct": len(counted), "max": max(values), "min": min(values),
        "median": sorted(values)[len(values) // 2], "mode": max(counted, key=counted.__getitem__),
    }  # fmt: skip
    return other[name]


def histogram(values: Sequence[Any], buckets: int) -> Chart:
    """How many values there are in each of at most so many ranges of one width; whole numbers of a small range one by one.

    >>> found = histogram([1, 1, 2, 4], 10)
    >>> found.x, found.y
    ([(1, 2), (2, 3), (3, 4), (4, 5)], [[2, 1, 0, 1]])
    """
    numbers = [each for each in values if each is not None]
    if not numbers:
        return Chart(sort="histogram")
    low, high = min(numbers), max(numbers)
    spread = 1 + high - low
    if float(high - low).is_integer() and spread <= buckets:
        width, count = 1, int(spread)
    else:
        width, count = spread / buckets, buckets
        width = math.ceil(width) if width > 1 else max(round(width, 2), 0.01)
    edges = [(low + place * width, low + (place + 1) * width) for place in range(count) if low + place * width <= high]
    found = [0] * len(edges)
    for each in numbers:
        found[min(int((each - low) / width), len(edges) - 1)] += 1
    return Chart(sort="histogram", x=edges, y=[found])


def pie(values: Sequence[Any], buckets: int) -> Chart:
    """How often each value is there, the most frequent first."""
    counted: dict[Any, int] = {}
    for each in values:
        if each is not None:
            counted[each] = counted.get(each, 0) + 1
    most = sorted(counted.items(), key=lambda pair: (-pair[1], str(pair[0])))[:buckets]
    return Chart(sort="pie chart", x=[key for key, _ in most], y=[[count for _, count in most]])


def _over_time(
    sort: str, frame: DataFrame, column: str, metrics: list[Mapping[str, Any]], interval: str, names: list[str]
) -> Chart:
    """Figures for each step of time, at most forty of them."""
    import pandas

    times = frame[column]
    numbers = pandas.api.types.is_numeric_dtype(times)
    when = pandas.to_datetime(times, unit="s" if numbers else None)
    known = when.dropna()
    if known.empty:
        return Chart(sort=sort, names=names)
    first, last = known.min(), known.max()
    steps = sorted(set(known))
    gap = (steps[1] - steps[0]).total_seconds() if len(steps) > 1 else 1.0
    usual = next((each for each in reversed(_STEPS.values()) if each <= gap), 1)
    seconds = float(_STEPS.get(interval, usual))
    begin = first.floor("s") if seconds < 60 else first.floor({60: "min", 3600: "h"}.get(int(seconds), "D"))
    seconds *= max((last - begin).total_seconds() / seconds / BUCKETS, 1.0)
    place = ((when - begin).dt.total_seconds() // seconds).clip(upper=BUCKETS)
    groups = dict(list(frame.groupby(place)))
    count = int(place.max()) + 1
    empty = frame.head(0)
    moments = [(begin + pandas.Timedelta(seconds=seconds * each)).isoformat(sep=" ") for each in range(count)]
    if all(each.endswith(" 00:00:00") for each in moments):
        moments = [each.removesuffix(" 00:00:00") for each in moments]
    y = [[metric(groups.get(float(each), empty), said) for each in range(count)] for said in metrics]
    return Chart(sort=sort, x=moments, y=y, names=names)
