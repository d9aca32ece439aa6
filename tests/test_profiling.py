"""Outputs looked at from their bytes: previews, column profiles, and pickles that nobody loads."""

import datetime as dt

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from jupyter_mage import redaction
from jupyter_mage.errors import CorruptOutputError
from jupyter_mage.profiling import preview, profile
from jupyter_mage.stores.local import LocalStore

DAYS = pd.Series(pd.date_range("2026-01-01", periods=3, freq="D"))


@pytest.fixture
def store(tmp_path):
    return LocalStore(tmp_path / "store")


class Watched:
    """Counts how often one is unpickled; the store tries each once when it is kept."""

    loaded = 0

    def __reduce__(self):
        return (_loaded, ())


def _loaded():
    Watched.loaded += 1
    return Watched()


def test_a_preview_has_rows_as_text_with_missing_values_as_null(store):
    frame = pd.DataFrame({"n": [1, 2, 3], "x": [0.5, np.nan, 1 / 3], "day": [DAYS[0], pd.NaT, DAYS[2]], "who": ["a", None, "c"]})
    seen = preview(store.put(frame), store, rows=2)
    assert [(each["name"], each["type"], each["numeric"], each["index"]) for each in seen["columns"]] == [
        ("n", "int64", True, False),
        ("x", "float64", True, False),
        ("day", "datetime64[us]", True, False),
        ("who", "str", False, False),
    ]
    assert seen["cells"] == [["1", "0.5", "2026-01-01 00:00:00", "a"], ["2", None, None, None]]
    assert (seen["sort"], seen["rows"], seen["start"], seen["columns_left"], seen["note"]) == ("table", 3, 0, 0, "")


def test_a_preview_goes_on_where_the_last_one_ended(store):
    output = store.put(pd.DataFrame({"n": range(5)}))
    assert [preview(output, store, start=n, rows=2)["cells"] for n in (0, 4, 9)] == [[["0"], ["1"]], [["4"]], []]


def test_row_labels_come_first(store):
    seen = preview(store.put(pd.DataFrame({"n": [1, 2]}, index=pd.Index(["a", "b"], name="key"))), store)
    assert [(each["name"], each["index"]) for each in seen["columns"]] == [("key", True), ("n", False)]
    assert seen["cells"] == [["a", "1"], ["b", "2"]]


@pytest.mark.parametrize(
    "value",
    [
        pd.DataFrame({"c": pd.Categorical(["x", None, "x"])}),
        pd.Series(pd.Categorical(["x", None, "x"]), name="c"),
        pa.table({"c": ["x", None, "x"]}),
        pl.DataFrame({"c": ["x", None, "x"]}),
        pl.Series("c", ["x", None, "x"]),
        [{"c": "x"}, {"c": None}, {"c": "x"}],
        [{"c": "x"}, {}, {"c": "x"}],
    ],
    ids=["category", "series", "arrow", "polars", "polars series", "records", "records with gaps"],
)
def test_every_sort_of_table_is_seen_alike(store, value):
    output = store.put(value)
    assert preview(output, store)["cells"] == [["x"], [None], ["x"]]
    [column] = profile(output, store)["columns"]
    assert (column["name"], column["nulls"], column["distinct"], column["often"]) == ("c", 1, 1, [{"value": "x", "count": 2}])


def test_numbers_and_times_have_ends_and_bars(store):
    frame = pd.DataFrame({"n": [1, 2, 2, 4], "t": pd.date_range("2026-01-01", periods=4, tz="Europe/Berlin")})
    frame["took"] = pd.to_timedelta([0, 60, 60, 120], unit="s")
    n, t, took = profile(store.put(frame), store)["columns"]
    assert (n["minimum"], n["maximum"], n["mean"], n["distinct"]) == ("1", "4", "2.25", 3)
    assert [bar["count"] for bar in n["bars"]] == [1, 2, 0, 1]
    assert (t["minimum"], t["maximum"]) == ("2026-01-01 00:00:00+01:00", "2026-01-04 00:00:00+01:00")
    assert (took["minimum"], took["maximum"], took["sort"]) == ("0:00:00", "0:02:00", "time")
    assert sum(bar["count"] for bar in took["bars"]) == 4


@pytest.mark.parametrize(
    ("values", "nulls", "ends"),
    [
        ([np.nan, np.nan], 2, (None, None)),
        ([np.inf, 1.0], 0, ("1", "inf")),
        ([], 0, (None, None)),
        ([7.0, 7.0], 0, ("7", "7")),
    ],
    ids=["all missing", "infinite", "empty", "all alike"],
)
def test_odd_columns_of_numbers_are_profiled(store, values, nulls, ends):
    [column] = profile(store.put(pd.DataFrame({"x": np.array(values, dtype=float)})), store)["columns"]
    assert (column["nulls"], (column["minimum"], column["maximum"])) == (nulls, ends)


def test_nullable_truths_and_whole_numbers_are_seen(store):
    frame = pd.DataFrame({"n": pd.array([1, None], dtype="Int64"), "yes": pd.array([True, None], dtype="boolean")})
    output = store.put(frame)
    assert preview(output, store)["cells"] == [["1", "True"], [None, None]]
    assert [(each["sort"], each["nulls"]) for each in profile(output, store)["columns"]] == [("number", 1), ("truth", 1)]


def test_a_pickle_is_named_and_not_loaded(store):
    output = store.put(Watched())
    before = Watched.loaded
    seen, told = preview(output, store, command="%pipeline show a"), profile(output, store)
    assert (seen["sort"], seen["type"], seen["command"]) == ("opaque", output.type, "%pipeline show a")
    assert "kept as a pickle" in seen["note"]
    assert (told["columns"], told["note"], Watched.loaded) == ([], seen["note"], before)


def test_a_pickled_column_is_named_and_not_loaded(store):
    output = store.put(pd.DataFrame({"n": [1, 2], "odd": [Watched(), 2]}))
    before = Watched.loaded
    seen = preview(output, store)
    assert seen["cells"] == [["1", "…"], ["2", "…"]]
    assert seen["note"] == "kept as pickles and not shown here: odd"
    assert [(each["name"], each["sort"]) for each in profile(output, store)["columns"]] == [("n", "number"), ("odd", "opaque")]
    assert Watched.loaded == before


def test_an_index_that_is_a_pickle_is_not_loaded(store):
    frame = pd.DataFrame({"n": [1]}, index=pd.MultiIndex.from_tuples([("a", 1)]))
    assert preview(store.put(frame), store)["cells"] == [["…", "1"]]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"a": [1]}, '{\n "a": [\n  1\n ]\n}'),
        (7, "7"),
        (None, "None"),
        ("long " * 10, "long " * 10),
        ([[1], [2]], "[\n [\n  1\n ],\n [\n  2\n ]\n]"),
    ],
    ids=["dict", "number", "nothing", "text", "lists"],
)
def test_other_values_are_text(store, value, text):
    seen = preview(store.put(value), store)
    assert (seen["sort"], seen["text"], seen["columns"]) == ("value", text, [])


def test_values_that_arrow_has_no_column_for_are_text(store):
    assert preview(store.put([10**30, 1, "a", None]), store)["cells"] == [["1" + "0" * 30], ["1"], ["a"], [None]]


def test_secrets_are_hidden_in_cells_names_and_values(store):
    redaction.learn("hunter-two")
    try:
        frame = preview(store.put(pd.DataFrame({"hunter-two": ["hunter-two", "b"]})), store)
        often = profile(store.put(pd.DataFrame({"who": ["hunter-two"]})), store)["columns"][0]["often"]
        text = preview(store.put({"password": "hunter-two"}), store)["text"]
    finally:
        redaction.forget()
    assert (frame["columns"][0]["name"], frame["cells"][0], often) == ("***", ["***"], [{"value": "***", "count": 1}])
    assert "hunter-two" not in text


def test_wide_and_long_values_are_bounded(store):
    wide = preview(store.put(pd.DataFrame({f"c{n}": [n] for n in range(250)})), store)
    assert (len(wide["columns"]), wide["columns_left"]) == (200, 50)
    long = preview(store.put(pd.DataFrame({"text": ["x" * 10_000]})), store)["cells"][0][0]
    assert len(long) == 300
    assert len(preview(store.put("x" * 100_000), store)["text"]) == 20_000


def test_a_long_table_is_counted_by_evenly_spread_rows(store):
    told = profile(store.put(pd.DataFrame({"n": np.arange(600_000)})), store)
    [column] = told["columns"]
    assert (told["rows"], told["counted"]) == (600_000, 500_000)
    assert (column["minimum"], column["maximum"], sum(bar["count"] for bar in column["bars"])) == ("0", "599999", 500_000)


def test_a_damaged_output_is_said_and_not_shown(store):
    output = store.put(pd.DataFrame({"n": np.arange(100_000)}))
    [path] = store.root.glob("??/*.arrow")
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    with pytest.raises(CorruptOutputError):
        preview(output, store)


def test_dates_and_decimals_of_arrow_are_profiled(store):
    import decimal

    table = pa.table({"d": [dt.date(2026, 1, 1), dt.date(2026, 1, 3)], "m": [decimal.Decimal("1.50"), decimal.Decimal("2.25")]})
    days, money = profile(store.put(table), store)["columns"]
    assert (days["minimum"], days["maximum"], [bar["count"] for bar in days["bars"]]) == ("2026-01-01", "2026-01-03", [1, 0, 1])
    assert (money["minimum"], money["maximum"], money["sort"]) == ("1.50", "2.25", "number")
