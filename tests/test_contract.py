"""The shapes that Python says it serves: the browser has the same, and what is served has them."""

from __future__ import annotations

import types
import typing
from pathlib import Path
from typing import Any

import pytest
from contract_to_typescript import TARGET, typescript

from jupyter_mage import contract, view
from jupyter_mage.model import Block, Pipeline, Test
from jupyter_mage.session import Session


def misfits(value: Any, kind: Any, where: str = "") -> list[str]:
    """Every place where ``value`` is not what ``kind`` says."""
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if typing.is_typeddict(kind):
        if not isinstance(value, dict):
            return [f"{where} is {value!r}, no {kind.__name__}"]
        fields = typing.get_type_hints(kind, include_extras=True)
        needed = {name for name, hint in fields.items() if typing.get_origin(hint) is not typing.NotRequired}
        found = [f"{where}.{name} is missing" for name in sorted(needed - value.keys())]
        found += [f"{where}.{name} is not in the contract" for name in sorted(value.keys() - fields.keys())]
        return found + [
            each for name in fields.keys() & value.keys() for each in misfits(value[name], fields[name], f"{where}.{name}")
        ]
    if origin is typing.NotRequired:
        return misfits(value, inner[0], where)
    if origin is typing.Literal:
        return [] if value in inner else [f"{where} is {value!r}"]
    if origin is list:
        items = enumerate(value) if isinstance(value, list) else ()
        wrong = [] if isinstance(value, list) else [f"{where} is {value!r}, no list"]
        return wrong + [each for place, item in items for each in misfits(item, inner[0], f"{where}[{place}]")]
    if origin is dict:
        return [each for name, item in value.items() for each in misfits(item, inner[1], f"{where}[{name!r}]")]
    if origin in (types.UnionType, typing.Union):
        tried = [misfits(value, each, where) for each in inner if each is not type(None)]
        return [] if (value is None and type(None) in inner) or [] in tried else tried[0]
    kinds = (int, float) if kind is float else kind
    right = isinstance(value, kinds) and (kind is bool or not isinstance(value, bool))
    return [] if right else [f"{where} is {value!r}, not {kind.__name__}"]


def test_the_browser_has_the_shapes_that_python_says():
    assert TARGET.read_text() == typescript(), "out of date: make contract"


def test_a_misfit_is_found():
    line = {"message": 1, "more": True}
    assert misfits(line, contract.Refusal, "it") == [
        "it.hint is missing", "it.more is not in the contract", "it.message is 1, not str",
    ]  # fmt: skip


def test_a_picture_of_nothing_run_is_as_the_contract_says():
    test = Test(name="t", source="assert 1")
    blocks = (Block(name="a", source="1", tests=(test,), doc="An a."), Block(name="b", source="a", upstreams=("a", "gone")))
    assert misfits(view.picture(Pipeline(name="p", blocks=blocks)), contract.Picture) == []


@pytest.fixture
def session(tmp_path: Path):
    made = Session(tmp_path, pipeline="p")
    made.define("raw", "[1, 2, 3]")
    made.define("each(raw, *, times: int = 2) --map raw", "raw * times")
    made.define("load_a --tag load", "1")
    made.define("load_b --tag load", "2")
    made.define("load_c --tag load", "[2]")
    made.define("bad(each) --retries 1 --retry-delay 0", "print('hello')\nraise ValueError('no')")
    made.define("after(bad)", "bad")
    yield made
    made.close()


def test_pictures_of_a_run_and_their_changes_are_as_the_contract_says(session: Session):
    before = session.picture()
    session.run(executor="inline")
    after = session.picture()
    assert misfits(after, contract.Picture) == []
    assert misfits(view.changes(before, after), contract.PictureChanges) == []
