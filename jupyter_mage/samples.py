"""Values of upstreams, as far as fixtures go: pandas and polars frames, and JSON. Sampled, masked, looked through for texts."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .masking import Masker


def is_frame(value: Any) -> bool:
    return hasattr(value, "columns") and hasattr(value, "shape") and library(value) in ("pandas", "polars")


def library(value: Any) -> str:
    return type(value).__module__.split(".")[0]


def type_of(value: Any) -> str:
    kind = type(value)
    return kind.__name__ if kind.__module__ == "builtins" else f"{library(value)}.{kind.__name__}"


def length(value: Any) -> int | None:
    return len(value) if is_frame(value) or isinstance(value, list | dict) else None


def columns(value: Any) -> list[str]:
    if is_frame(value):
        index = [name for name in getattr(getattr(value, "index", None), "names", ()) if isinstance(name, str)]
        return [name for name in (*value.columns, *index) if isinstance(name, str)]
    if isinstance(value, list):
        return list(dict.fromkeys(name for each in value for name in columns(each)))
    if isinstance(value, dict):
        return [*(key for key in value if isinstance(key, str)), *(name for each in value.values() for name in columns(each))]
    return []


def values_of(value: Any, names: set[str]) -> Iterable[Any]:
    if not is_frame(value):
        return ()
    if library(value) == "polars":
        return (each for name in names for each in value[name].drop_nulls().unique().to_list())
    frame = value.reset_index() if names - set(value.columns) else value
    return (each for name in names for each in frame[name].dropna().unique())


def samples(whole: Mapping[str, Any], rows: int) -> dict[str, Any]:
    """Rows from all over each frame; of a smaller one first those that belong to the rows taken before: joins find them."""
    kept: dict[str, Any] = {}
    for name in sorted(whole, key=lambda each: -(length(whole[each]) or 0)):
        kept[name] = _sample(whole[name], rows, list(kept.values()))
    return {name: kept[name] for name in whole}


def _sample(value: Any, rows: int, others: Sequence[Any]) -> Any:
    size = length(value)
    if size is None or size <= rows:
        return value
    spread = [round(place * (size - 1) / max(rows - 1, 1)) for place in range(rows)]
    if isinstance(value, dict):
        return {key: value[key] for key in list(value)[:rows]}
    if isinstance(value, list):
        return [value[place] for place in spread]
    places = sorted(list(dict.fromkeys([*_belonging(value, others), *spread]))[:rows])
    if library(value) == "polars":
        return value[places]
    taken = value.iloc[places]
    return taken.reset_index(drop=True) if type(value.index).__name__ == "RangeIndex" and value.index.name is None else taken


def _belonging(value: Any, others: Sequence[Any]) -> list[int]:
    """Places of the rows whose key stands in a frame sampled before: the shared column that tells most rows apart."""
    if library(value) != "pandas":
        return []
    for other in others:
        shared = [name for name in value.columns if is_frame(other) and name in other.columns]
        if library(other) == "pandas" and shared:
            key = max(shared, key=lambda name: value[name].nunique())
            return [int(place) for place in value[key].isin(other[key]).to_numpy().nonzero()[0]]
    return []


def masked(masker: Masker, value: Any, names: set[str]) -> Any:
    if not names:
        return value
    if not is_frame(value):
        return masker.json(value, names)
    if library(value) == "polars":
        import polars as pl

        made = [pl.Series(name, masker.values(name, value[name].to_list()), dtype=value[name].dtype) for name in sorted(names)]
        return value.with_columns(made)
    index = [name for name in value.index.names if name in names and name not in value.columns]
    levels = list(value.index.names)
    frame = value.reset_index(index) if index else value.copy()
    for name in [each for each in columns(value) if each in names]:
        frame[name] = masker.series(name, frame[name])
    if not index:
        return frame
    again = frame.set_index(index, append=len(levels) > len(index))
    return again.reorder_levels(levels) if len(levels) > 1 else again


def texts(value: Any) -> Iterable[tuple[str, list[str]]]:
    if not is_frame(value):
        yield "", [json.dumps(value, ensure_ascii=False)] if not isinstance(value, bytes) else []
        return
    frame = value.reset_index() if library(value) == "pandas" and any(value.index.names) else value
    for name in frame.columns:
        yield str(name), [each for each in (frame[name].to_list()) if isinstance(each, str)]
