"""The graph in a notebook, in a real kernel: what is sent to whom."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from real_kernel import FAKE, Cell, Kernel

from jupyter_mage import view


@pytest.fixture
def front(shared: Kernel) -> Kernel:
    shared.run(FAKE)
    return shared


def displays(cell: Cell) -> list[tuple[str, dict[str, Any]]]:
    return [(kind, content["data"]) for kind, content in cell.messages if kind in ("display_data", "update_display_data")]


STILL = {view.MIME, "image/svg+xml", "text/vnd.mermaid", "text/plain"}


def test_lab_gets_the_model_and_every_still_form(front: Kernel) -> None:
    cell = front.run("widget.live(session)", "c1")
    ((kind, data),) = displays(cell)
    opened = [content["comm_id"] for sort, content in cell.messages if sort == "comm_open"]
    assert (kind, set(data)) == ("display_data", STILL)
    assert data[view.MIME]["model_id"] in opened
    assert data["text/plain"].startswith("p · 2 blocks")


def test_headless_run_gets_still_forms_only_and_opens_no_comm(front: Kernel) -> None:
    cell = front.run("widget.live(session)")
    ((_, data),) = displays(cell)
    assert (set(data), [kind for kind, _ in cell.messages if kind == "comm_open"]) == (STILL, [])
    assert "model_id" not in data[view.MIME]


@pytest.mark.parametrize(
    ("there", "gone"),
    [
        ("__vsc_ipynb_file__ = 'x.ipynb'", "del __vsc_ipynb_file__"),
        ("import sys, types; sys.modules['google.colab'] = types.ModuleType('google.colab')", "del sys.modules['google.colab']"),
    ],
    ids=["vscode", "colab"],
)
def test_who_looks_for_our_code_elsewhere_gets_still_forms_only(front: Kernel, there: str, gone: str) -> None:
    front.run(there)
    ((_, data),) = displays(front.run("widget.live(session)", "c1"))
    front.run(gone)
    assert (set(data), "model_id" in data[view.MIME]) == (STILL, False)


def test_changes_come_as_small_messages(front: Kernel) -> None:
    front.run("shown = widget.live(session); display(shown)", "c1")
    front.run("session.emit(*started)")
    running = {"status": "running", "detail": "running"}
    sent = front.wait(lambda kind, content: content.get("data", {}).get("content", {}).get("states") == {"a": running})
    assert sent["data"] == {"method": "custom", "content": {"changes": 1, "states": {"a": running}}}


def test_reloaded_page_asks_for_the_picture_of_now(front: Kernel) -> None:
    front.run("shown = widget.live(session); display(shown)", "c1")
    asked = "session.emit(*started); shown._pace.flush(); print(shown._widget.get_state()['picture']['run']['status'])"
    assert front.run(asked).printed == "running\n"


def test_notebook_keeps_how_the_run_ended(front: Kernel) -> None:
    cell = front.run("display(widget.live(session)); session.emit(*started, *finished)")
    (first, data), (last, kept) = displays(cell)
    assert (first, last) == ("display_data", "update_display_data")
    assert "cancelled" not in data["text/plain"]
    assert kept["text/plain"].splitlines()[0] == "p · 2 blocks · cancelled · <1 ms"


def test_old_graphs_stop_following(front: Kernel) -> None:
    front.run("for _ in range(9): display(widget.live(session))", "c1")
    assert front.run("print(len(session.callbacks), widget.LIVE)").printed == "4 4\n"


def test_widget_shows_pictures_by_itself(front: Kernel) -> None:
    front.run("one = widget.DagWidget(session.picture()); one", "c1")
    messages = front.run("session.emit(*started); one.show(session.picture())").messages
    (sent,) = [content["data"]["content"] for kind, content in messages if kind == "comm_msg" and "content" in content["data"]]
    assert (sent["changes"], sent["run"]["status"]) == (1, "running")


def test_terminal_gets_text() -> None:
    code = f"{FAKE}\nwidget.live(session)\n"
    done = subprocess.run([sys.executable, "-m", "IPython", "--colors=nocolor", "-c", code], capture_output=True, text=True)
    assert done.stdout.splitlines()[-2:] == ["●  ○ a  loader  not run", "●  ○ b  loader  not run  ← a"]


def test_import_is_light() -> None:
    heavy = "{'ipywidgets', 'IPython', 'comm', 'pandas', 'fast_sugiyama'}"
    code = f"import sys, jupyter_mage.widget, jupyter_mage.panel; print({heavy} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "set()\n"
