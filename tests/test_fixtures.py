"""Frozen inputs: small files of real data, masked on request, that block tests run with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pytest

import jupyter_mage
from jupyter_mage import fixtures
from jupyter_mage.errors import DefinitionError, FormatError, JupyterMageError, UnknownNameError
from jupyter_mage.masking import Masker
from jupyter_mage.session import Session

ORDERS = (
    "import pandas as pd\n"
    "orders = pd.DataFrame({'id': range(1000), 'customer': [f'c{i % 40}@x.org' for i in range(1000)], 'amount': 1.5})"
)
CUSTOMERS = "import pandas as pd\ncustomers = pd.DataFrame({'customer': [f'c{i}@x.org' for i in range(400)], 'town': 'Ulm'})"
JOINED = "joined = orders.merge(customers, on='customer', how='left')[lambda frame: frame.customer != who]"


def shop(session: Session) -> None:
    session.define("orders()", ORDERS)
    session.define("customers()", CUSTOMERS)
    session.define("joined(orders, customers, *, who: str = 'c1@x.org')", JOINED)


def folder(session: Session, block: str = "joined") -> Path:
    return session.root / "tests" / "fixtures" / "demo" / block


def test_freezing_keeps_a_sample_that_joins_and_none_of_the_masked_values(session: Session) -> None:
    shop(session)
    frozen = session.freeze("joined", rows=50, mask=["customer"])
    assert [(each.name, each.rows, each.of, each.masked) for each in frozen.inputs] == [
        ("orders", 50, 1000, ("customer",)), ("customers", 50, 400, ("customer",)),
    ]  # fmt: skip
    assert sorted(path.name for path in folder(session).iterdir()) == ["customers.parquet", "fixture.json", "orders.parquet"]
    for path in folder(session).iterdir():
        assert b"@x.org" not in path.read_bytes()
    fixture = fixtures.load(session.root, "demo", session.pipeline["joined"])
    assert fixture is not None
    orders, customers = fixture.inputs["orders"], fixture.inputs["customers"]
    assert orders.dtypes.to_dict() == session.value("orders").dtypes.to_dict()
    assert set(orders.customer) <= set(customers.customer)
    assert fixture.parameters["who"].startswith("customer_")
    joined = session.call("joined", **fixture.inputs, **fixture.parameters)
    assert joined.town.notna().all() and fixture.parameters["who"] not in set(joined.customer)


def test_freezing_again_writes_the_same_bytes_and_takes_away_what_is_no_upstream_any_more(session: Session) -> None:
    shop(session)
    session.freeze("joined", mask=["customer"])
    before = {path.name: path.read_bytes() for path in folder(session).iterdir()}
    session.freeze("joined", mask=["customer"])
    assert {path.name: path.read_bytes() for path in folder(session).iterdir()} == before
    session.define("joined(orders)", "joined = orders")
    session.freeze("joined")
    assert sorted(path.name for path in folder(session).iterdir()) == ["fixture.json", "orders.parquet"]


def test_fixture_of_other_upstreams_is_refused_with_the_command(session: Session) -> None:
    shop(session)
    session.freeze("joined")
    session.define("joined(orders, customer_list)", "joined = orders")
    with pytest.raises(FormatError, match=r"the frozen inputs have no customer_list \(they have customers\)") as caught:
        fixtures.load(session.root, "demo", session.pipeline["joined"])
    assert caught.value.hint == "freeze again: %pipeline freeze joined"


def test_json_is_frozen_and_masked_under_its_keys(session: Session) -> None:
    session.define("people()", "people = [{'name': f'Ann {i}', 'tags': ['x'], 'in': {'name': 'Bob'}} for i in range(9)]")
    session.define("count(people)", "count = len(people)")
    session.freeze("count", rows=3, mask=["name"])
    assert json.loads((folder(session, "count") / "people.json").read_text()) == [
        {"name": f"name_{number}", "tags": ["x"], "in": {"name": "name_2"}} for number in (1, 3, 4)
    ]


@pytest.mark.parametrize(
    ("body", "mask", "said"),
    [
        ("object()", [], "which a fixture cannot keep: tables and JSON only"),
        ("import pandas as pd\npd.DataFrame({'a': [1, 'x']})", [], "does not come out of a Parquet file as it went in"),
        ("import pandas as pd\npd.DataFrame({'a': [True]})", ["a"], "no pseudonym"),
        ("import pandas as pd\npd.DataFrame({'a': ['secret']})", ["b"], "no column to mask 'b'"),
        ("import pandas as pd\npd.DataFrame({'a': ['secret']})", ["other.a"], "no upstream 'other'"),
        (
            "import pandas as pd\npd.DataFrame({'a': ['secret'], 'b': ['not a secret?']})",
            ["a"],
            "raw.b holds values that are masked",
        ),
    ],
)
def test_what_cannot_be_frozen_is_said_and_nothing_is_written(session: Session, body: str, mask: list[str], said: str) -> None:
    session.define("raw()", body.replace("object()", "import decimal\ndecimal.Decimal(1)"))
    session.define("below(raw)", "below = raw")
    with pytest.raises(JupyterMageError) as caught:
        session.freeze("below", mask=mask)
    assert said in str(caught.value)
    assert not folder(session, "below").exists()


def test_leaky_and_rootless_blocks_are_not_frozen(session: Session) -> None:
    session.define("raw()", "raw = 1")
    with pytest.raises(DefinitionError, match="raw has no upstream"):
        session.freeze("raw")
    session.note_cell("tmp = sum([1])", 4)
    session.define("below(raw)", "below = raw + tmp")
    with pytest.raises(DefinitionError, match="below reads tmp, which only the notebook has"):
        session.freeze("below")
    with pytest.raises(UnknownNameError):
        session.freeze("rwa")


def test_a_failing_upstream_is_said_and_a_sampled_run_is_never_frozen(session: Session) -> None:
    session.define("raw()", "raw = list(range(100))")
    session.define("below(raw)", "below = len(raw)")
    session.run(sample=5, check=True)
    assert session.freeze("below").inputs[0].of == 100
    session.define("raw()", "1 / 0")
    with pytest.raises(JupyterMageError, match="raw failed: ZeroDivisionError"):
        session.freeze("below")


SERIES: dict[str, Any] = {
    "text": pd.Series(["a", "b", None, "a"], dtype="str"), "objects": pd.Series(["a", 1, None, "a"], dtype=object),
    "int8": pd.Series([1, 2, 2, 3], dtype="int8"), "Int64": pd.Series([1, None, 2, 1], dtype="Int64"),
    "float": pd.Series([1.0, None, 2.5, 1.0]), "day": pd.Series(pd.to_datetime(["2024-01-01", None, "2000-01-02", "2024-01-01"])),
    "zone": pd.Series(pd.to_datetime(["2024-01-01", "2024-01-02", None, "2024-01-01"]).tz_localize("Europe/Berlin")),
    "category": pd.Series(["a", "b", None, "a"], dtype="category"),
    "ordered": pd.Series(pd.Categorical(["a", "b", None, "a"], categories=["b", "a", "unused"], ordered=True)),
    "span": pd.Series(pd.to_timedelta(["1s", "5s", None, "1s"])),
}  # fmt: skip


@pytest.mark.parametrize("name", SERIES)
def test_pseudonyms_keep_dtype_equality_and_nulls_and_are_no_real_value(name: str) -> None:
    series = SERIES[name]
    masker = Masker()
    masker.avoid(series.dropna().unique())
    masked = masker.series("column", series)
    if "category" not in str(series.dtype):
        assert masked.dtype == series.dtype
    else:
        assert masked.dtype.ordered == series.dtype.ordered
        assert "unused" not in set(masked.cat.categories) and len(masked.cat.categories) == 2
    assert (masked.isna() == series.isna()).all()
    same = [[a == b for b in series.dropna()] for a in series.dropna()]
    assert [[a == b for b in masked.dropna()] for a in masked.dropna()] == same
    assert not set(masked.dropna()) & set(series.dropna())


def test_polars_frames_and_index_levels_are_masked_too(session: Session) -> None:
    session.define("raw()", "import polars as pl\nraw = pl.DataFrame({'who': ['ann', 'bob', 'ann'], 'n': [1, 2, 3]})")
    session.define(
        "table()",
        "import pandas as pd\nframe = pd.DataFrame({'who': ['ann', 'eve'], 'k': [1, 2], 'v': [3, 4]})\ntable = frame.set_index(['who', 'k'])",
    )
    session.define("below(raw, table)", "below = len(raw) + len(table)")
    session.freeze("below", mask=["who"])
    fixture = fixtures.load(session.root, "demo", session.pipeline["below"])
    assert fixture is not None
    raw, table = fixture.inputs["raw"], fixture.inputs["table"]
    assert isinstance(raw, pl.DataFrame) and table.index.names == ["who", "k"]
    assert raw["who"][0] == raw["who"][2] == table.index[0][0] != raw["who"][1]


def test_export_takes_the_fixtures_along(session: Session, tmp_path: Path) -> None:
    shop(session)
    session.freeze("joined", rows=10)
    written, _ = session.export(tmp_path / "project")
    there = tmp_path / "project" / "tests" / "fixtures" / "demo" / "joined"
    assert {path.name: path.read_bytes() for path in there.iterdir()} == {
        path.name: path.read_bytes() for path in folder(session).iterdir()
    }
    assert there / "fixture.json" in written


# ---- blocks as functions


def test_block_is_called_with_made_up_inputs_by_place_or_by_name(session: Session) -> None:
    session.note_cell("RATE = 2", 1)
    session.define(
        "priced(orders, *, least: int = 1, day: date = '2024-01-01')",
        "priced = [RATE * each for each in orders if each > least] + [day.year]",
    )
    assert session.call("priced", [1, 2]) == session.call("priced", orders=[1, 2]) == [4, 2024]
    assert session.call("priced", [1, 2], least="0", day="2025-01-01") == [2, 4, 2025]
    for args, kwargs, said in (
        ((), {}, "priced needs orders"), (([1], [2]), {}, "takes 1 upstreams, and 2"), (([1],), {"orders": []}, "by place and by name"),
        (([1],), {"lest": 1}, "Did you mean 'least'"), (([1],), {"least": "x"}, "parameter least is int"),
    ):  # fmt: skip
        with pytest.raises(JupyterMageError, match=said):
            session.call("priced", *args, **kwargs)
    assert not (session.root / ".jupyter_mage").exists()


def test_call_leaves_the_callers_values_alone_and_raises_what_the_body_raises(session: Session) -> None:
    session.define("longer(items)", "items.append(1)\nlonger = items")
    given = [0]
    assert (session.call("longer", given), given) == ([0, 1], [0])
    with pytest.raises(AttributeError, match="append"):
        session.call("longer", items=3)


def test_loaded_project_gives_its_blocks_as_functions(session: Session, tmp_path: Path) -> None:
    session.define("raw()", "raw = [1]")
    session.define("total(raw) --sql", "SELECT sum(n)::BIGINT AS total FROM raw")
    session.export(tmp_path / "project")
    blocks = jupyter_mage.load(tmp_path / "project")
    assert list(blocks) == ["raw", "total"]
    assert blocks.total(pd.DataFrame({"n": [1, 2]})).total.tolist() == [3]
    with pytest.raises(AttributeError, match="no block 'totl'"):
        _ = blocks.totl
