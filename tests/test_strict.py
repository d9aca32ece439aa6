"""``strict`` runs: as real Mage runs a project, where that is worse too."""

from __future__ import annotations

import dataclasses
import math

import pandas as pd
import pytest

from jupyter_mage.model import Retry
from jupyter_mage.session import Session
from jupyter_mage.state import Run
from jupyter_mage.strict import LostInMageError, handed_over

CASES = {
    "None": ([], "list"), "5": (5, "int"), "'hi'": ("hi", "str"), "True": (True, "bool"), "{}": ({}, "dict"),
    "float('nan')": (None, "NoneType"), "b'abc'": ("abc", "str"), "('a', 'b')": (["a", "b"], "list"), "['x']": ("x", "str"),
    "list(range(12))": ([0, 1, 10, 11, 2, 3, 4, 5, 6, 7, 8, 9], "list"), "[]": ([], "list"), "{1: 'a'}": ({"1": "a"}, "dict"),
    "{'k': (1, 2)}": ({"k": [1, 2]}, "dict"), "__import__('collections').Counter('aab')": ({"a": 2, "b": 1}, "dict"),
    "(x for x in 'ab')": ("builtins.generator", "str"),
}  # fmt: skip
"""What a block returns, and what the next one gets in mage-ai 0.9.80; `tests/mage_peer` asks the real one."""


def statuses(run: Run) -> dict[str, str]:
    return {block.name: block.status for block in run.blocks.values()}


def chain(session: Session, returned: str) -> None:
    session.define("first()", f"@data_loader\ndef f(*args, **kwargs):\n    return {returned}\n")
    session.define(
        "second(first)", "@transformer\ndef f(data, *args, **kwargs):\n    return {'value': data, 'type': type(data).__name__}\n"
    )


@pytest.mark.parametrize("returned", CASES)
def test_a_value_arrives_as_in_mage(session, returned):
    chain(session, returned)
    run = session.run(executor="inline", strict=True, check=True)
    value, kind = CASES[returned]
    assert session.store.get(run.blocks["second"].output) == {"value": value, "type": kind}


def test_a_strict_run_leaves_nothing_for_other_runs(session):
    chain(session, "(1, 2)")
    strict = session.run(executor="inline", strict=True, check=True)
    usual = session.run(executor="inline", check=True)
    assert (statuses(strict), statuses(usual)) == (dict.fromkeys(("first", "second"), "succeeded"),) * 2
    assert session.value("second") == {"value": (1, 2), "type": "tuple"}
    assert statuses(session.run(executor="inline")) == dict.fromkeys(("first", "second"), "cached")
    assert statuses(session.run(executor="inline", strict=True)) == dict.fromkeys(("first", "second"), "succeeded")


def test_what_mage_would_lose_fails_and_says_so(session):
    chain(session, "__import__('numpy').arange(3)")
    run = session.run(executor="inline", strict=True)
    failure = run.blocks["first"].failure
    assert (run.status, failure.error) == ("failed", "LostInMageError")
    assert failure.message == "Mage hands on a dict that only names the class numpy.ndarray: the data is lost"


def test_column_names_become_text_and_frames_that_mage_cannot_store_fail():
    assert list(handed_over(pd.DataFrame({1: [1]})).columns) == ["1"]
    for frame in (
        pd.DataFrame([[1, 2]], columns=["a", "a"]),
        pd.DataFrame([[1]], columns=pd.MultiIndex.from_tuples([("a", "b")])),
    ):
        with pytest.raises(LostInMageError):
            handed_over(frame)
    assert math.isnan(handed_over({"x": pd.DataFrame({"a": [float("nan")]})})["x"].a[0])


def test_an_error_in_a_condition_is_a_no_there(session):
    block = session.define("never() --kind conditional", "@condition\ndef f(*args, **kwargs):\n    return 1 / 0\n").block
    guarded = dataclasses.replace(session.define("work()", "@data_loader\ndef f():\n    return 1\n").block, guards=("never",))
    session.pipelines[session.current] = session.pipeline.with_block(block).with_block(guarded)
    strict, usual = session.run(executor="inline", strict=True), session.run(executor="inline")
    assert (strict.status, statuses(strict)) == ("succeeded", {"never": "succeeded", "work": "skipped"})
    assert (usual.status, statuses(usual)) == ("failed", {"never": "failed", "work": "skipped"})


def test_the_sum_of_delays_bounds_retries_there(session, tmp_path):
    count = tmp_path / "count"
    count.write_text("")
    session.define("flaky()", f"import pathlib\np = pathlib.Path({str(count)!r})\np.write_text(p.read_text() + '.')\n1 / 0")
    block = dataclasses.replace(session.pipeline["flaky"], retry=Retry(retries=5, delay=0.01, longest=0.04, jitter=0.0))
    session.pipelines[session.current] = session.pipeline.with_block(block)
    session.run(executor="inline", strict=True)
    assert count.read_text() == "..."
    session.run(executor="inline")
    assert count.read_text() == "..." + "......"
