"""What every store promises: the same tests for each that is registered."""

import pytest

from jupyter_mage.errors import CorruptOutputError, NotStorableError
from jupyter_mage.model import Output
from jupyter_mage.plugins import stores

VALUES = {
    "nothing": None,
    "number": 7,
    "text": "é" * 10,
    "nested": {"a": [1, 2.5, {"b": None}]},
    "tuple": (1, "a"),
    "large": list(range(50_000)),
}


@pytest.fixture(params=stores.names())
def store(request, tmp_path):
    return stores.get(request.param)(tmp_path / "store")


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)
def test_what_is_put_comes_back_equal_with_its_type(store, value):
    output = store.put(value)
    assert isinstance(output, Output)
    back = store.get(output)
    assert (type(back), back) == (type(value), value)


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)
def test_a_second_store_on_the_same_root_finds_it(store, value):
    output = store.put(value)
    again = type(store)(store.root)
    assert again.has(output)
    assert again.get(output) == value


def test_equal_values_have_one_name_and_others_another(store):
    names = [store.put(value).content for value in (1, 1, 1.0, True, "1", [1], (1,))]
    assert names[0] == names[1]
    assert len(set(names)) == 6


def test_what_one_reader_changes_no_other_sees(store):
    for value in ([1, 2], list(range(50_000))):
        output = store.put(value)
        store.get(output).append("changed")
        assert store.get(output) == value


def test_what_was_never_put_is_not_there(store):
    output = Output(content="0" * 32, codec="pickle", type="list", size=100_000)
    assert not store.has(output)
    with pytest.raises(CorruptOutputError):
        store.get(output)


def test_what_cannot_be_kept_is_refused(store):
    with pytest.raises(NotStorableError, match="generator"):
        store.put(number for number in range(3))
