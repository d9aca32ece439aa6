"""The kernel's end of the side panel, in a real kernel."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from real_kernel import FAKE, Kernel

from jupyter_mage import panel


@pytest.fixture
def front(fresh: Callable[..., Kernel]) -> Kernel:
    return fresh(FAKE + "\nstop = panel.start(session, get_ipython())")


def pushed(kind: str, content: dict[str, Any]) -> bool:
    return kind == "comm_msg" and content["comm_id"] == panel.PUSH and content["data"]["type"] == "show"


def test_loading_is_said_and_no_comm_is_opened(front: Kernel) -> None:
    loaded = [(kind, content) for kind, content in front.messages if kind.startswith("comm")]
    assert loaded == [("comm_msg", {"data": {"type": "loaded"}, "comm_id": panel.PUSH})]


def test_first_push_is_whole_then_changes(front: Kernel) -> None:
    front.run("session.emit(started[0])")
    whole = front.wait(pushed)
    assert [node["id"] for node in whole["data"]["picture"]["nodes"]] == ["a", "b"]
    front.run("session.emit(started[1])")
    delta = front.wait(lambda kind, content: pushed(kind, content) and "changes" in content["data"]["picture"])
    assert delta["data"]["picture"]["states"] == {"a": {"status": "running", "detail": "running"}}


def test_control_answers_state_and_cancels(front: Kernel) -> None:
    front.tell("comm_open", {"comm_id": "ctrl", "target_name": panel.TARGET, "data": {}})
    messages = front.tell("comm_msg", {"comm_id": "ctrl", "data": {"type": "state"}})
    (sent,) = [content for kind, content in messages if kind == "comm_msg"]
    assert sent["comm_id"] == panel.PUSH  # in one order with all that is pushed: it must not arrive after a newer picture
    answer = sent["data"]
    front.tell("comm_msg", {"comm_id": "ctrl", "data": {"type": "cancel"}})
    front.tell("comm_msg", {"comm_id": "ctrl", "data": {"type": "<nonsense>"}})
    cancelled = front.run("print(session.cancelled)").printed
    assert (answer["type"], answer["picture"]["pipeline"], cancelled) == ("show", "p", "1\n")


def test_stop_ends_pushing_and_control(front: Kernel) -> None:
    assert front.run("stop(); print(panel.started, session.callbacks)").printed == "False []\n"


def test_second_session_takes_over_on_the_same_comms(front: Kernel) -> None:
    front.tell("comm_open", {"comm_id": "ctrl", "target_name": panel.TARGET, "data": {}})
    front.run("old = session; session = Session(); panel.start(session, get_ipython())")
    front.tell("comm_msg", {"comm_id": "ctrl", "data": {"type": "cancel"}})
    assert front.run("print(old.cancelled, session.cancelled, old.callbacks)").printed == "0 1 []\n"
    assert [kind for kind, _ in front.messages if kind == "comm_close"] == []


def test_plain_ipython_has_no_panel() -> None:
    class Shell:
        kernel = None

    panel.start(None, Shell())()  # type: ignore[arg-type]
    assert panel.started is False
