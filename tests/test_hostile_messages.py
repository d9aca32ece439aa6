"""What arrives at a kernel's comms may be anything: nothing is raised into its log, and nothing of it runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import hostile_notebooks
from real_kernel import Kernel

from jupyter_mage import panel, view

PAYLOADS = [each for each in hostile_notebooks.payloads() if not any("\ud800" <= letter <= "\udfff" for letter in each)]
DEEP: Any = "x"
for _ in range(80):
    DEEP = {"a": [DEEP]}
SHAPES: list[Any] = [
    None,
    True,
    0,
    -1,
    1e308,
    "",
    "state",
    [],
    ["state"],
    {},
    {"type": None},
    {"type": []},
    {"type": {"type": "state"}},
    DEEP,
]
SHAPES += [
    {"type": "ask", "what": each, "id": each} for each in (None, [], {}, "run", "__class__", "preview", "plan", "fit", 1e308)
]
FIELDS = ("block", "run", "start", "rows", "first", "source", "target", "selection", "name", "value", "values", "given", "force")


LISTEN = """
import logging
logged, made = [], logging.getLogRecordFactory()
def record(*given, **named):
    found = made(*given, **named)
    if found.levelno >= logging.WARNING:
        logged.append(found.getMessage())
    return found
logging.setLogRecordFactory(record)
"""


def open_control(front: Kernel) -> None:
    front.run(LISTEN)
    front.run("%load_ext jupyter_mage")
    front.run("%%block numbers\nnumbers = [1, 2, 3]", "c1")
    front.tell("comm_open", {"comm_id": "ctrl", "target_name": panel.TARGET, "data": {}})


def quiet(front: Kernel, since: int) -> None:
    """Nothing was printed, shown or raised, no cell ran, and the kernel is as it was."""
    sorts = {kind for kind, _ in front.messages[since:]}
    assert sorts <= {"status", "comm_msg"}, sorts
    assert front.value("logged, 'hacked' in globals(), __import__('pathlib').Path('hacked').exists()") == "([], False, False)"


def test_messages_of_any_shape_raise_nothing(fresh: Callable[..., Kernel]) -> None:
    front = fresh()
    open_control(front)
    since = len(front.messages)
    for shape in SHAPES:
        front.tell("comm_msg", {"comm_id": "ctrl", "data": shape})
    quiet(front, since)


def test_every_payload_in_every_field_of_a_question_runs_nothing(fresh: Callable[..., Kernel]) -> None:
    front = fresh()
    open_control(front)
    since = len(front.messages)
    questions = ("preview", "profile", "edge", "plan", "variables", "fit")
    for i, payload in enumerate(PAYLOADS):
        given = dict.fromkeys(FIELDS, payload)
        front.tell("comm_msg", {"comm_id": "ctrl", "data": {"type": "ask", "id": i, "what": questions[i % 6], **given}})
    answers = [content["data"] for kind, content in front.messages[since:] if kind == "comm_msg"]
    answered = [each["id"] for each in answers if each.get("type") == "answer"]
    assert answered == list(range(len(PAYLOADS)))
    assert [each for each in answers if "this could not be told" in str(each.get("error"))] == []
    quiet(front, since)


def test_wrong_types_in_the_fields_of_a_question_are_refused_in_words(fresh: Callable[..., Kernel]) -> None:
    front = fresh()
    open_control(front)
    since = len(front.messages)
    for what in ("preview", "profile", "edge", "plan", "variables", "fit"):
        for shape in (None, True, -1, 1e308, [], {}, [[]], DEEP, "x" * 200_000):
            front.tell(
                "comm_msg", {"comm_id": "ctrl", "data": {"type": "ask", "id": 1, "what": what, **dict.fromkeys(FIELDS, shape)}}
            )
    answers = [content["data"] for kind, content in front.messages[since:] if kind == "comm_msg"]
    assert [each["error"] for each in answers if "this could not be told" in str(each.get("error"))] == []
    assert max(len(str(each)) for each in answers) < 300_000
    quiet(front, since)


def test_widget_takes_messages_of_any_shape(fresh: Callable[..., Kernel]) -> None:
    front = fresh()
    open_control(front)
    cell = front.run("%pipeline", "c2")
    (drawn,) = [content["data"][view.MIME] for kind, content in cell.messages if kind == "display_data"]
    since = len(front.messages)
    for shape in [
        *SHAPES,
        {"method": "custom", "content": {"action": "run"}},
        {"method": "update", "state": {"picture": {"nodes": "x"}}},
    ]:
        if isinstance(shape, dict) and "method" in shape:  # what is none is ipywidgets' own to refuse
            front.tell("comm_msg", {"comm_id": drawn["model_id"], "data": shape})
    quiet(front, since)
