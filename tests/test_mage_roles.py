"""Block files of Mage of every kind, pasted as they are, in our runs: what they are given, and what becomes of it."""

from __future__ import annotations

import dataclasses

import pandas as pd
import pytest

from jupyter_mage.errors import DefinitionError
from jupyter_mage.session import Session
from jupyter_mage.state import Run

EXECUTORS = ("inline", "processes")
GUARD = "if '{0}' not in globals():\n    from mage_ai.data_preparation.decorators import {0}\n\n\n"


def statuses(run: Run) -> dict[str, str]:
    return {block.name: block.status for block in run.blocks.values()}


def paste(session: Session, header: str, decorator: str, text: str, **fields: object) -> None:
    """Define a block of a file's text, and what only a project's YAML can say of it."""
    block = session.define(header, GUARD.format(decorator) + text).block
    session.pipelines[session.current] = session.pipeline.with_block(dataclasses.replace(block, **fields))


def numbers(session: Session, **fields: object) -> None:
    paste(session, "numbers()", "data_loader", "@data_loader\ndef load(*args, **kwargs):\n    return [1, 2, 3]\n", **fields)


@pytest.mark.parametrize("executor", EXECUTORS)
def test_a_file_gets_upstreams_by_place_and_what_mage_gives_by_name(session, executor):
    numbers(session)
    session.pipelines[session.current] = dataclasses.replace(session.pipeline, variables={"factor": 10})
    text = (
        "@transformer\ndef f(data, *args, **kwargs):\n    kwargs['logger'].info('seen', rows=len(data))\n"
        "    return {'data': data, 'names': sorted(kwargs), 'factor': kwargs['factor'], 'ds': len(kwargs['ds']),\n"
        "            'same': df_1 == data == numbers, 'configuration': kwargs['configuration']}\n"
    )
    paste(session, "seen(numbers)", "transformer", text, extra={"configuration": {"limit": 5}})
    run = session.run(executor=executor, check=True)
    assert session.value("seen") == {
        "data": [1, 2, 3],
        "names": [
            "block_uuid", "configuration", "context", "ds", "env", "event", "execution_date", "factor", "hr", "logger",
            "pipeline_uuid", "repo_path",
        ],
        "factor": 10, "ds": 10, "same": True, "configuration": {"limit": 5},
    }  # fmt: skip
    assert run.blocks["seen"].log == "INFO seen rows=3\n"


def test_preprocessers_run_before_with_the_same_inputs(session):
    numbers(session)
    text = "@preprocesser\ndef before(data, *args, **kwargs):\n    print('before', data)\n\n@transformer\ndef f(data):\n    return len(data)\n"
    paste(session, "count(numbers)", "transformer", text)
    run = session.run(executor="inline", check=True)
    assert (session.value("count"), run.blocks["count"].log) == (3, "before [1, 2, 3]\n")


def test_a_file_that_reads_the_date_is_not_taken_from_the_cache_of_another_moment(session):
    paste(session, "dated()", "data_loader", "@data_loader\ndef f(**kwargs):\n    return kwargs['execution_date']\n")
    paste(session, "plain()", "data_loader", "@data_loader\ndef f(**kwargs):\n    return 1\n")
    session.run(executor="inline", check=True)
    assert statuses(session.run(executor="inline", check=True)) == {"dated": "succeeded", "plain": "cached"}


@pytest.mark.parametrize(("least", "status"), [(2, "succeeded"), (5, "skipped")])
def test_every_condition_of_a_file_gets_the_guarded_blocks_inputs_and_all_have_to_be_true(session, least, status):
    numbers(session)
    text = (
        "@condition\ndef enough(data, *args, **kwargs):\n    return len(data) >= kwargs['least']\n\n"
        "@condition\ndef asked(*args, **kwargs):\n    return True\n"
    )
    paste(session, "enough() --kind conditional", "condition", text)
    paste(session, "total(numbers)", "transformer", "@transformer\ndef f(data):\n    return sum(data)\n", guards=("enough",))
    session.pipelines[session.current] = dataclasses.replace(session.pipeline, variables={"least": least})
    run = session.run(executor="inline", check=True)
    assert (run.status, statuses(run)["total"], statuses(run)["enough"]) == ("succeeded", status, "succeeded")


def test_a_condition_on_two_blocks_is_asked_for_each_with_its_own_inputs(session):
    numbers(session)
    paste(session, "few()", "data_loader", "@data_loader\ndef f():\n    return [1]\n")
    paste(session, "many() --kind conditional", "condition", "@condition\ndef f(data, **kwargs):\n    return len(data) > 1\n")
    for name in ("numbers", "few"):
        text = "@transformer\ndef f(data):\n    return sum(data)\n"
        paste(session, f"of_{name}({name})", "transformer", text, guards=("many",))
    run = session.run(executor="inline", check=True)
    assert statuses(run) == {
        "numbers": "succeeded", "few": "succeeded", "many[of_numbers]": "succeeded", "many[of_few]": "succeeded",
        "of_numbers": "succeeded", "of_few": "skipped",
    }  # fmt: skip


CALLBACK = (
    "@callback('success')\ndef good(data, **kwargs):\n    print('good', data, kwargs['parent_block_uuid'])\n\n"
    "@callback('failure')\ndef bad(data, **kwargs):\n    print('bad', data, kwargs['__error'])\n\n"
    "@on_failure\ndef old(**kwargs):\n    print('old', kwargs['parent_block_uuid'])\n"
)


def test_the_functions_of_a_callback_file_are_called_as_their_block_ended(session):
    numbers(session, callbacks=("tell",))
    paste(session, "broken(numbers)", "transformer", "@transformer\ndef f(data):\n    return 1 / 0\n", callbacks=("tell",))
    paste(session, "tell() --kind callback", "callback", CALLBACK)
    run = session.run(executor="inline")
    assert (run.status, statuses(run)) == (
        "failed",
        {"numbers": "succeeded", "broken": "failed", "tell[numbers]": "succeeded", "tell[broken]": "succeeded"},
    )
    assert run.blocks["tell[numbers]"].log == "good [1, 2, 3] numbers\n"
    assert run.blocks["tell[broken]"].log == "bad [] division by zero\nold broken\n"


def test_a_sensor_file_is_asked_without_inputs_that_it_does_not_take(session):
    numbers(session)
    paste(session, "ready(numbers) --kind sensor", "sensor", "@sensor\ndef f():\n    return True\n")
    assert session.run(executor="inline").status == "succeeded"


def dynamic(session: Session, returned: str) -> None:
    paste(session, "users()", "data_loader", f"@data_loader\ndef f(*args, **kwargs):\n    return {returned}\n", dynamic=True)
    text = "@transformer\ndef f(user, *args, **kwargs):\n    return [user, kwargs.get('colour'), kwargs['dynamic_block_index']]\n"
    paste(session, "enriched(users)", "transformer", text, reduce=True)
    paste(session, "all_users(enriched)", "transformer", "@transformer\ndef f(everything):\n    return everything\n")


@pytest.mark.parametrize("executor", EXECUTORS)
def test_below_a_dynamic_block_each_item_gets_a_run_with_its_notes_and_the_reducer_gets_one_list(session, executor):
    dynamic(session, "[['ann', 'bob'], [{'block_uuid': 'a', 'colour': 'red'}, {'block_uuid': 'b'}]]")
    run = session.run(executor=executor, check=True)
    assert session.value("all_users") == [["ann", "red", 0], ["bob", None, 1]]
    assert [name for name in statuses(run) if "[" in name] == ["enriched[a]", "enriched[b]"]


def test_notes_may_be_left_out_and_no_items_give_an_empty_list(session):
    dynamic(session, "[['ann']]")
    session.run(executor="inline", check=True)
    assert session.value("all_users") == [["ann", None, 0]]
    dynamic(session, "[[]]")
    session.run(executor="inline", check=True)
    assert session.value("all_users") == []


def test_as_many_notes_as_items_are_needed(session):
    dynamic(session, "[['ann', 'bob'], [{'colour': 'red'}]]")
    run = session.run(executor="inline")
    assert run.blocks["enriched"].failure.message == "users gave 2 items and 1 notes on them; each item needs one, a dict"


def test_what_is_below_a_child_runs_for_each_child_and_frames_are_not_taken_apart(session):
    text = "@data_loader\ndef f(*args, **kwargs):\n    return [[2, 3]]\n"
    paste(session, "sizes()", "data_loader", text, dynamic=True)
    text = "import pandas as pd\n\n@transformer\ndef f(size, *args, **kwargs):\n    return pd.DataFrame({'x': range(size)})\n"
    paste(session, "frames(sizes)", "transformer", text)
    paste(
        session,
        "totals(frames)",
        "transformer",
        "@transformer\ndef f(frame, *args, **kwargs):\n    return int(frame.x.sum())\n",
        reduce=True,
    )
    paste(session, "both(totals)", "transformer", "@transformer\ndef f(totals):\n    return totals\n")
    session.run(executor="inline", check=True)
    assert session.value("both") == [1, 3]
    pd.testing.assert_frame_equal(session.value("frames")[0], pd.DataFrame({"x": range(2)}))


def test_two_dynamic_blocks_above_one_are_refused(session):
    for name in ("left", "right"):
        paste(session, f"{name}()", "data_loader", "@data_loader\ndef f(*args, **kwargs):\n    return [[1, 2]]\n", dynamic=True)
    paste(session, "both(left, right)", "transformer", "@transformer\ndef f(a, b):\n    return a\n")
    with pytest.raises(DefinitionError, match="both is below two dynamic blocks, left and right"):
        session.run(executor="inline")
