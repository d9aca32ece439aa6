"""The local store: everything comes back as it went in, or is refused; nothing on disk is ever half there."""

import datetime
import decimal
import json
import os
import resource
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.pandas import column, data_frames, range_indexes
from pandas.testing import assert_frame_equal, assert_series_equal

from jupyter_mage.errors import CorruptOutputError, NotStorableError, StoreError
from jupyter_mage.model import Output
from jupyter_mage.stores.local import LocalStore

EXACTLY = {"check_exact": True, "check_freq": True, "check_flags": True, "check_column_type": True, "check_index_type": True}
BIG = 20_000
"""Repetitions that take a frame over the limit for standing in the history."""


@pytest.fixture
def store(tmp_path):
    return LocalStore(tmp_path / "store")


def files(store):
    return sorted(path.name for path in store.root.glob("??/*"))


def with_attrs():
    frame = pd.DataFrame({"a": [1]})
    frame.attrs = {"unit": "km", "of": [1, 2]}
    return frame


FRAMES = {
    "mixed objects": lambda: pd.DataFrame({"o": [1, "a", None, 2.5]}),
    "zoned times": lambda: pd.DataFrame({"t": pd.date_range("2024", periods=3, tz="Europe/Berlin")}),
    "zoned NaT": lambda: pd.DataFrame({"t": pd.Series([pd.NaT, pd.Timestamp("2024", tz="UTC")])}),
    "ordered category": lambda: pd.DataFrame({"c": pd.Categorical(["a", "b", None], categories=["b", "a", "z"], ordered=True)}),
    "period": lambda: pd.DataFrame({"p": pd.period_range("2024", periods=3, freq="M")}),
    "interval": lambda: pd.DataFrame({"p": pd.interval_range(0, 3)}),
    "nullable": lambda: pd.DataFrame(
        {
            "i": pd.array([1, None, 3], dtype="Int64"),
            "b": pd.array([True, None, False], dtype="boolean"),
            "f": pd.array([1.5, None, float("nan")], dtype="Float64"),
        }
    ),
    "nested lists": lambda: pd.DataFrame({"l": [[1, 2], [], None]}),
    "duplicate columns": lambda: pd.DataFrame([[1, "a", 2.0]], columns=["a", "a", "b"]),
    "columns of ints": lambda: pd.DataFrame(np.arange(6).reshape(2, 3)),
    "columns of all sorts": lambda: pd.DataFrame([[1, 2, 3]], columns=[1, "a", None]),
    "columns of times": lambda: pd.DataFrame([[1, 2]], columns=pd.date_range("2024", periods=2)),
    "named columns": lambda: pd.DataFrame({"a": [1]}).rename_axis(columns="cn"),
    "MultiIndex": lambda: pd.DataFrame({"v": [1, 2]}, index=pd.MultiIndex.from_tuples([("a", 1), ("b", 2)], names=["x", None])),
    "MultiIndex columns": lambda: pd.DataFrame([[1, 2]], columns=pd.MultiIndex.from_tuples([("a", 1), ("b", 2)])),
    "range index": lambda: pd.DataFrame({"v": [1, 2]}, index=pd.RangeIndex(5, 9, 2, name="r")),
    "index of ints": lambda: pd.DataFrame({"v": [1, 2]}, index=pd.Index([0, 1])),
    "index of text": lambda: pd.DataFrame({"v": [1, 2]}, index=["x", None]),
    "index of objects": lambda: pd.DataFrame({"v": [1, 2]}, index=pd.Index(["x", 1], dtype=object)),
    "index of categories": lambda: pd.DataFrame({"v": [1, 2]}, index=pd.CategoricalIndex(["x", "y"])),
    "index with a frequency": lambda: pd.DataFrame({"v": range(3)}, index=pd.date_range("2024", periods=3, freq="D")),
    "index named by a tuple": lambda: pd.DataFrame({"a": [1]}, index=pd.Index([1], name=("x", 1))),
    "nothing": pd.DataFrame,
    "no rows": lambda: pd.DataFrame({"a": np.array([], "f4"), "s": pd.Series([], dtype="str"), "o": pd.Series([], dtype=object)}),
    "no columns": lambda: pd.DataFrame(index=[1, 2, 3]),
    "decimals": lambda: pd.DataFrame({"d": [decimal.Decimal("1.10"), None]}),
    "NaN, None and NA": lambda: pd.DataFrame({"o": pd.Series([None, float("nan"), pd.NA], dtype=object)}),
    "text of all dtypes": lambda: pd.DataFrame(
        {
            "str": ["a", None, "é"],
            "object": pd.Series(["a", "b", None], dtype=object),
            "string": pd.array(["a", None, "c"], dtype="string"),
            "python": pd.array(["a", None, "c"], dtype=pd.StringDtype("python")),
        }
    ),
    "text with surrogates": lambda: pd.DataFrame({"o": pd.Series(["\ud800", "a"], dtype=object)}),
    "Arrow dtypes": lambda: pd.DataFrame(
        {
            "i": pd.array([1, None], dtype="int64[pyarrow]"),
            "b": pd.array([True, None], dtype="bool[pyarrow]"),
            "l": pd.Series([[1], None], dtype=pd.ArrowDtype(pa.list_(pa.int64()))),
            "d": pd.Series([decimal.Decimal("1.1"), None], dtype=pd.ArrowDtype(pa.decimal128(5, 2))),
        }
    ),
    "numpy dtypes": lambda: pd.DataFrame(
        {
            "f2": np.array([1, 2], "f2"),
            "complex": np.array([1j, 2]),
            "bool": [True, False],
            "timedelta": pd.to_timedelta([1, 2], unit="s"),
            "u1": np.array([1, 2], "u1"),
            "M8[s]": np.array(["2024", "NaT"], "M8[s]"),
            "-0.0": [-0.0, np.nan],
        }
    ),
    "sparse": lambda: pd.DataFrame({"s": pd.arrays.SparseArray([0, 0, 1])}),
    "dates": lambda: pd.DataFrame({"d": [datetime.date(2024, 1, 1), None]}),
    "attrs": with_attrs,
    "flags": lambda: pd.DataFrame({"a": [1]}).set_flags(allows_duplicate_labels=False),
}


def assert_same(back, frame):
    assert type(back) is type(frame)
    assert_frame_equal(back, frame, **EXACTLY)
    assert (back.attrs, type(back.index), back.columns.dtype) == (frame.attrs, type(frame.index), frame.columns.dtype)
    assert list(back.dtypes) == list(frame.dtypes)
    for place in range(frame.shape[1]):
        if frame.iloc[:, place].dtype == object:
            assert list(map(type, back.iloc[:, place])) == list(map(type, frame.iloc[:, place]))


@pytest.mark.parametrize("make", FRAMES.values(), ids=FRAMES)
def test_a_frame_comes_back_as_it_was(store, make):
    output = store.put(make())
    assert output.data is not None
    assert_same(store.get(output), make())


@pytest.mark.parametrize("name", [name for name, make in FRAMES.items() if len(make()) and name not in ("flags", "sparse")])
def test_a_large_frame_comes_back_as_it_was_and_keeps_its_name(store, name):
    frame = pd.concat([FRAMES[name]()] * BIG, ignore_index=name != "MultiIndex")
    output = store.put(frame)
    back = store.get(output)
    assert_same(back, frame)
    assert store.put(back).content == output.content


@pytest.mark.parametrize("make", FRAMES.values(), ids=FRAMES)
def test_each_column_comes_back_as_a_series(store, make):
    frame = make()
    for place in range(frame.shape[1]):
        series = frame.iloc[:, place]
        assert_series_equal(store.get(store.put(series)), series, check_exact=True, check_freq=True, check_flags=True)


def test_a_subclass_of_a_frame_stays_one(store):
    output = store.put(_Named({"a": [1]}))
    assert (output.codec, type(store.get(output))) == ("pickle", _Named)


class _Named(pd.DataFrame):
    @property
    def _constructor(self):
        return _Named


COLUMNS = st.lists(
    st.sampled_from(
        [
            column(dtype="int8"),
            column(dtype=float),
            column(dtype=bool),
            column(dtype="M8[ns]"),
            column(dtype="m8[ns]"),
            column(dtype=object, elements=st.one_of(st.none(), st.text(max_size=5), st.integers(), st.floats())),
            column(dtype=object, elements=st.text(max_size=5)),
        ]
    ),
    min_size=1,
    max_size=4,
)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(data=st.data())
def test_any_frame_comes_back_as_it_was(store, data):
    drawn = data.draw(COLUMNS)
    columns = [column(f"c{place}", dtype=one.dtype, elements=one.elements) for place, one in enumerate(drawn)]
    frame = data.draw(data_frames(columns, index=range_indexes(max_size=6)))
    extension = data.draw(st.sampled_from(["Int8", "str", "category", "string", "datetime64[us, Asia/Tokyo]"]))
    frame["extra"] = pd.Series([None] * len(frame), dtype=extension)
    back = store.get(store.put(frame))
    assert_same(back, frame)
    assert store.put(back).content == store.put(frame).content


json_like = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary(max_size=3),
    lambda inner: st.lists(inner) | st.tuples(inner) | st.dictionaries(st.text() | st.integers(), inner),
    max_leaves=10,
)


def exactly(value):
    """A spelling that tells types apart, and -0.0 from 0.0."""
    return repr(value)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=json_like)
def test_any_plain_value_comes_back_as_it_was(store, value):
    assert exactly(store.get(store.put(value))) == exactly(value)


@pytest.mark.parametrize(
    "value",
    [float("nan"), float("inf"), -0.0, "\ud83d\ude00", "\ud800", [[[]]], {1: 2}, {1}, frozenset(), b"x", np.float64(1), 1j],
    ids=repr,
)
def test_odd_values_come_back_as_they_were(store, value):
    assert exactly(store.get(store.put(value))) == exactly(value)


def test_an_integer_too_long_for_text_comes_back(store):
    assert store.get(store.put(10**5000)) == 10**5000


def test_values_nested_too_deep_for_json_are_kept(store):
    value = []
    for _ in range(200):
        value = [value]
    assert store.get(store.put(value)) == value


def test_arrays_come_back_writable_and_alone(store):
    array = np.random.default_rng(0).random((100, 1000))
    output = store.put(array)
    store.get(output)[0] = 9
    np.testing.assert_array_equal(store.get(output), array)


ARROW = {
    "table": lambda: pa.table({"a": [1, 2, None], "s": ["a", "b", None], "l": [[1], [], None]}),
    "dictionary": lambda: pa.table({"d": pa.array(["x", "y", "x"]).dictionary_encode()}),
    "batch": lambda: pa.record_batch({"a": [1, 2]}),
    "chunks": lambda: pa.concat_tables([pa.table({"a": [1]}), pa.table({"a": [2]})]),
    "no rows": lambda: pa.table({"a": pa.array([], pa.int8())}),
    "no columns": lambda: pa.table({}),
    "metadata": lambda: pa.table({"a": [1]}).replace_schema_metadata({"k": "v"}),
    "slice": lambda: pa.table({"a": list(range(100_000))}).slice(5, 90_000),
}


@pytest.mark.parametrize("make", ARROW.values(), ids=ARROW)
def test_arrow_tables_come_back_as_they_were(store, make):
    back = store.get(store.put(make()))
    assert type(back) is type(make())
    assert back.equals(make())
    assert back.schema.equals(make().schema, check_metadata=True)


POLARS = {
    "plain": lambda: pl.DataFrame({"a": [1, None], "s": ["a", None], "l": [[1], []], "b": [True, None], "x": [b"a", None]}),
    "times": lambda: pl.DataFrame({"d": [datetime.date(2024, 1, 1)], "t": [datetime.time(1)], "z": [datetime.timedelta(1)]}),
    "structs": lambda: pl.DataFrame({"s": [{"a": 1}, {"a": 2}]}),
    "categories": lambda: pl.DataFrame({"c": pl.Series(["x", "y"], dtype=pl.Categorical)}),
    "enum": lambda: pl.DataFrame({"c": pl.Series(["x", "y"], dtype=pl.Enum(["y", "x"]))}),
    "no rows": lambda: pl.DataFrame({"a": pl.Series([], dtype=pl.Int8)}),
    "nothing": pl.DataFrame,
    "large": lambda: pl.DataFrame({"a": range(100_000), "s": ["text"] * 100_000}),
}


@pytest.mark.parametrize("make", POLARS.values(), ids=POLARS)
def test_polars_frames_come_back_as_they_were(store, make):
    back = store.get(store.put(make()))
    assert (back.schema, back.equals(make())) == (make().schema, True)


def test_a_polars_series_comes_back_with_its_name(store):
    series = pl.Series("n", [1, 2, None])
    assert store.get(store.put(series)).equals(series, check_names=True, check_dtypes=True)


# ---- by column -------------------------------------------------------------------------------------------------------


def big_frame(rows=BIG):
    return pd.DataFrame({"a": np.arange(rows), "b": np.arange(rows) / 7, "s": [f"row {n}" for n in range(rows)]})


def test_columns_that_did_not_change_are_not_written_again(store):
    frame = big_frame()
    store.put(frame)
    before = files(store)
    store.put(frame.assign(c=frame.a * 2))
    new = set(files(store)) - set(before)
    assert sorted(name.partition(".")[2] for name in new) == ["arrow", "frame"]


def test_equal_columns_are_one_file_whatever_they_were_cut_from(store):
    whole = pd.DataFrame({"s": [f"row {n}" for n in range(2 * BIG)], "n": range(2 * BIG)})
    cut = whole.iloc[BIG:].reset_index(drop=True)
    afresh = pd.DataFrame({"s": [f"row {n}" for n in range(BIG, 2 * BIG)], "n": range(BIG, 2 * BIG)})
    assert store.put(cut).content == store.put(afresh).content


def test_blocks_that_pandas_joined_give_the_same_name(store):
    rows = np.arange(3 * BIG).reshape(BIG, 3)
    joined = pd.DataFrame(rows, columns=["a", "b", "c"])
    apart = pd.DataFrame({name: rows[:, place].copy() for place, name in enumerate("abc")})
    assert store.put(joined).content == store.put(apart).content


def test_a_column_is_an_arrow_file_that_others_can_read(store):
    store.put(pd.DataFrame({"a": np.arange(BIG)}))
    (path,) = store.root.glob("??/*.arrow")
    assert pa.ipc.open_file(path).read_all().column(0).to_pylist() == list(range(BIG))


WRITES = {
    "loc": lambda frame: frame.loc.__setitem__((0, "a"), -1),
    "iloc": lambda frame: frame.iloc.__setitem__((0, 0), -1),
    "at": lambda frame: frame.at.__setitem__((0, "a"), -1),
    "mask": lambda frame: frame.loc.__setitem__((frame.a > 1, "b"), 0.0),
    "text": lambda frame: frame.loc.__setitem__((0, "s"), "changed"),
    "fillna": lambda frame: frame.fillna(0, inplace=True),
    "replace": lambda frame: frame.replace(1, -1, inplace=True),
    "update": lambda frame: frame.update(pd.DataFrame({"b": [-1.0, -1.0]})),
    "insert": lambda frame: frame.insert(0, "new", 1),
    "column": lambda frame: frame.__setitem__("a", 0),
    "ufunc": lambda frame: np.add(frame["a"], 1, out=frame["a"]),
    "series": lambda frame: frame["a"].__setitem__(0, -1),
}


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_a_reader_may_write_and_no_other_sees_it(store, write):
    frame = big_frame()
    output = store.put(frame)
    mine, other = store.get(output), store.get(output)
    write(mine)
    assert_frame_equal(other, frame, **EXACTLY)
    assert_frame_equal(LocalStore(store.root).get(output), frame, **EXACTLY)


def test_writing_to_memory_behind_pandas_back_reaches_nobody(store):
    output = store.put(big_frame())
    values = store.get(output)["a"].to_numpy()
    values.flags.writeable = True
    values[0] = -1
    assert LocalStore(store.root).get(output)["a"].iloc[0] == 0


def test_a_series_outlives_the_frame_it_came_from(store):
    output = store.put(big_frame())
    series = store.get(output)["a"]
    series.iloc[0] = -1
    assert series.sum() == sum(range(BIG)) - 1


def test_a_wide_frame_needs_no_more_files_open_than_a_narrow_one(store):
    frame = pd.DataFrame({f"c{n}": np.full(40_000, n) for n in range(100)})
    output = store.put(frame)
    before = len(list(Path("/proc/self/fd").iterdir()))
    back = store.get(output)
    assert len(list(Path("/proc/self/fd").iterdir())) == before
    assert_frame_equal(back, frame, **EXACTLY)


# ---- description -----------------------------------------------------------------------------------------------------


def test_an_output_describes_its_frame(store):
    output = store.put(pd.DataFrame({"city": ["Bern", "Köln"], "n": [1, 20]}))
    assert (output.codec, output.type, output.rows, output.columns, output.preview) == (
        "frame",
        "pandas.DataFrame",
        2,
        (("city", "str"), ("n", "int64")),
        "city   n\nBern   1\nKöln  20",
    )


def test_small_outputs_make_no_file(store):
    for value in (1, "text", [1, 2], (1, 2), pd.DataFrame({"a": [1]})):
        assert store.put(value).data is not None
    assert files(store) == []


class _Hostile:
    def __repr__(self):
        raise ValueError("no repr")

    def __len__(self):
        raise ValueError("no length")


def test_a_preview_survives_whatever_the_value_does(store):
    assert "_Hostile" in store.put(_Hostile()).preview


@pytest.mark.parametrize(
    "value",
    [
        "x" * 10**6,
        list(range(10**6)),
        {str(n): "x" * 1000 for n in range(1000)},
        pd.DataFrame({"x" * 1000 + str(n): ["y" * 10_000] * 20 for n in range(50)}),
        10**4000,
    ],
    ids=["text", "list", "dict", "frame", "int"],
)
def test_a_preview_is_bounded(store, value):
    assert len(store.put(value).preview) <= 4096


# ---- refusals --------------------------------------------------------------------------------------------------------


@pytest.fixture
def unkeepable(tmp_path):
    (tmp_path / "file").write_text("text")
    file, connection, plug = (tmp_path / "file").open(), sqlite3.connect(":memory:"), socket.socket()
    yield {
        "a generator": ((number for number in range(3)), "generator", "return a list instead"),
        "a file": (file, "TextIOWrapper", "path or its content"),
        "a file in a dict": ({"file": file}, "dict cannot be kept as an output, because of the TextIOWrapper", "path or its"),
        "a lock": (threading.Lock(), "lock", "leave the lock out"),
        "a socket": (plug, "socket", "connect again"),
        "a connection": (connection, "Connection", "query's result"),
        "a view of memory": (memoryview(b"a"), "memoryview", "return bytes"),
    }
    for one in (file, connection, plug):
        one.close()


def test_what_cannot_be_kept_is_refused_with_its_type_and_a_way_out(store, unkeepable):
    for value, name, hint in unkeepable.values():
        with pytest.raises(NotStorableError, match=name) as caught:
            store.put(value)
        assert hint in caught.value.hint
    assert files(store) == []


def test_a_column_that_cannot_be_kept_is_named(store):
    with pytest.raises(NotStorableError, match=r"column 'locks' of the DataFrame.*because of the lock in it"):
        store.put(pd.DataFrame({"a": [1], "locks": [threading.Lock()]}))


def test_what_pickles_but_does_not_load_is_refused(store):
    with pytest.raises(NotStorableError, match="can be pickled but not loaded again"):
        store.put(_OneWay())


class _OneWay:
    def __reduce__(self):
        return (int, ("no number",))


def test_a_lambda_is_kept(store):
    assert store.get(store.put(lambda x: x + 1))(1) == 2


def test_a_class_of_main_is_found_in_another_process(store):
    script = """
import sys, json
from pathlib import Path
from jupyter_mage.model import Output
from jupyter_mage.stores.local import LocalStore
class Point:
    def __init__(self, x): self.x = x
output = LocalStore(Path(sys.argv[1])).put(Point(3))
print(json.dumps([output.content, output.codec, output.type, output.size, output.data.hex()]))
"""
    done = subprocess.run([sys.executable, "-c", script, store.root], capture_output=True, text=True, check=True)
    content, codec, type_, size, data = json.loads(done.stdout)
    point = store.get(Output(content=content, codec=codec, type=type_, size=size, data=bytes.fromhex(data)))
    assert (type_, point.x) == ("Point", 3)


# ---- faults ----------------------------------------------------------------------------------------------------------

LARGE = {"frame": big_frame, "json": lambda: list(range(100_000)), "pickle": lambda: tuple(range(100_000))}


def flip(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def cut(path):
    os.truncate(path, path.stat().st_size - 1)


DAMAGE = {"flipped": flip, "cut": cut, "emptied": lambda path: os.truncate(path, 0), "deleted": os.unlink}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
@pytest.mark.parametrize("make", LARGE.values(), ids=LARGE)
def test_a_damaged_file_is_never_read_as_data(store, make, damage):
    output = store.put(make())
    for path in sorted(store.root.glob("??/*")):
        content = path.read_bytes()
        damage(path)
        with pytest.raises(CorruptOutputError) as caught:
            LocalStore(store.root).get(output)
        assert "run" in caught.value.hint
        path.write_bytes(content)
    assert store.has(output)


def test_running_again_repairs_a_damaged_file(store):
    output = store.put(big_frame())
    for path in store.root.glob("??/*"):
        flip(path)
    again = LocalStore(store.root)
    assert again.put(big_frame()) == output
    assert_frame_equal(again.get(output), big_frame(), **EXACTLY)


def test_damage_in_the_history_is_noticed(store):
    output = store.put(7)
    with pytest.raises(CorruptOutputError):
        store.get(replace(output, data=b"8"))


def test_an_output_without_its_columns_is_not_there(store):
    output = store.put(big_frame())
    next(iter(store.root.glob("??/*.arrow"))).unlink()
    assert not store.has(output)


@pytest.mark.parametrize("limit", [0, 1, 50_000, 170_000])
def test_a_full_disk_leaves_nothing_half_there(store, limit):
    store.put(list(range(100_000, 200_000)))
    before = files(store)
    script = f"""
import resource, signal, sys
from pathlib import Path
import numpy as np, pandas as pd
from jupyter_mage.errors import StoreError
from jupyter_mage.model import Output
from jupyter_mage.stores.local import LocalStore
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
frame = pd.DataFrame({{"a": np.arange({BIG * 2})}})
resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))
try:
    LocalStore(Path(sys.argv[1])).put(frame)
except StoreError as error:
    print(error.message)
"""
    done = subprocess.run([sys.executable, "-c", script, store.root], capture_output=True, text=True, check=True)
    assert "larger than this process may write" in done.stdout
    assert files(store) == before


def test_an_output_larger_than_the_disk_is_refused_early(store, monkeypatch):
    monkeypatch.setattr("jupyter_mage.stores.content.RESERVE", 1000)
    free = os.statvfs("/").f_bavail * os.statvfs("/").f_frsize
    monkeypatch.setattr("jupyter_mage.stores.content.length", lambda parts: 2 * free)
    with pytest.raises(StoreError, match="the disk is full"):
        store.put(list(range(100_000)))
    assert files(store) == []


@pytest.mark.parametrize("durability", ["process", "power"])
def test_both_modes_keep_the_same(tmp_path, durability):
    output = LocalStore(tmp_path, durability=durability).put(big_frame())
    assert LocalStore(tmp_path, durability="power").put(big_frame()) == output
    assert_frame_equal(LocalStore(tmp_path).get(output), big_frame(), **EXACTLY)


def test_too_many_open_files_is_said(store):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    value = list(range(100_000))
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
    try:
        with pytest.raises(StoreError, match="too many files open"):
            store.put(value)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert store.get(store.put(value)) == value


def test_a_folder_that_cannot_be_made_is_said(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="could not be written"):
        LocalStore(tmp_path / "file").put(list(range(100_000)))


def test_files_are_for_this_user_only(store):
    store.put(big_frame())
    modes = {oct(path.stat().st_mode & 0o777) for path in store.root.rglob("*")}
    assert modes == {"0o700", "0o600"}


# ---- collection ------------------------------------------------------------------------------------------------------


def make_old(store):
    for path in store.root.glob("??/*"):
        os.utime(path, (time.time() - 7200, time.time() - 7200))


def test_collection_keeps_what_is_named_and_all_its_columns(store):
    frame = big_frame()
    kept, dropped = store.put(frame), store.put(frame.assign(c=1.5))
    make_old(store)
    assert store.collect({kept.content}) == 2
    assert (store.has(kept), store.has(dropped)) == (True, False)
    assert_frame_equal(store.get(kept), frame, **EXACTLY)


def test_collection_leaves_young_files(store):
    store.put(big_frame())
    assert store.collect(set()) == 0


def test_a_file_counted_on_again_is_young_again(store):
    store.put(big_frame())
    make_old(store)
    output = LocalStore(store.root).put(big_frame())
    assert store.collect(set()) == 0
    assert store.has(output)


def test_collection_removes_what_a_crash_left(store):
    store.put(big_frame())
    folder = next(iter(store.root.glob("??")))
    (folder / ".half.123.abc.tmp").write_bytes(b"half")
    make_old(store)
    store.collect(set())
    assert files(store) == []


def test_many_threads_and_one_collector_lose_nothing(store):
    frames = [pd.DataFrame({"a": np.arange(BIG) + n % 3}) for n in range(12)]
    outputs = []
    threads = [threading.Thread(target=lambda frame=frame: outputs.append(store.put(frame))) for frame in frames]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        store.collect(set())
    for thread in threads:
        thread.join()
    assert len({output.content for output in outputs}) == 3
    assert all(store.has(output) for output in outputs)
