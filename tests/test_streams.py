"""What blocks print to stdout and stderr is told apart: in every executor, live and kept, in old histories and cut logs too."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from pathlib import Path

import pytest
from test_browsing import notebook

from jupyter_mage import browsing, printing, redaction, vault
from jupyter_mage.cli import main
from jupyter_mage.session import Session
from jupyter_mage.view.runs import printed_lines

BOTH = """import sys
print('one')
print('two', file=sys.stderr)
print('three')
sys.stderr.write('at ')
sys.stderr.flush()
sys.stderr.write('once\\n\\n')
print('four', end='', file=sys.stderr)
1"""
SAID = [
    ("stdout", "one"), ("stderr", "two"), ("stdout", "three"),  ("stderr", "at once"),
    ("stderr", ""), ("stderr", "four"),
]  # fmt: skip


def said(root: Path, run: str, block: str = "both") -> list[tuple[str, str]]:
    lines = browsing.logs(browsing.project(root, "."), run, block=block)["lines"]
    return [(line["stream"], line["text"]) for line in lines if line["stream"]]


@pytest.mark.parametrize("executor", ["inline", "threads", "processes"])
def test_a_log_tells_the_streams_apart_in_their_order(tmp_path: Path, executor: str) -> None:
    session = Session(tmp_path, pipeline="p")
    session.define("both", BOTH)
    run = session.run(executor=executor).id
    session.close()
    assert said(tmp_path, run) == SAID


@pytest.mark.parametrize("executor", ["inline", "processes"])
def test_a_failed_and_a_crashed_block_keep_their_streams(tmp_path: Path, executor: str) -> None:
    session = Session(tmp_path, pipeline="p")
    ends = "1 / 0" if executor == "inline" else "import os\nos._exit(3)"
    session.define("bad", f"import sys\nprint('out')\nprint('err', file=sys.stderr)\n{ends}")
    run = session.run(executor=executor).id
    session.close()
    assert said(tmp_path, run, "bad") == [("stdout", "out"), ("stderr", "err")]


def test_two_blocks_at_once_keep_their_own(tmp_path: Path) -> None:
    session = Session(tmp_path, pipeline="p")
    for name in ("a", "b"):
        session.define(
            name, f"import sys\nfor n in range(50):\n    print('{name}', n)\n    print('{name}', n, file=sys.stderr)\n1"
        )
    run = session.run(executor="threads", workers=2).id
    session.close()
    for name in ("a", "b"):
        expected = [(stream, f"{name} {n}") for n in range(50) for stream in ("stdout", "stderr")]
        assert said(tmp_path, run, name) == expected


def test_what_is_printed_just_now_has_its_stream(tmp_path: Path) -> None:
    session, go = Session(tmp_path, pipeline="p"), tmp_path / "go"
    waits = f"import pathlib, sys, time\nend = time.monotonic() + 30\nprint('err', file=sys.stderr)\nwhile not pathlib.Path({str(go)!r}).exists() and time.monotonic() < end: time.sleep(.02)\n1"
    session.define("slow", waits)
    thread = threading.Thread(target=session.run)
    thread.start()
    one, live, end = browsing.project(tmp_path, "."), [], time.monotonic() + 30
    while not live and time.monotonic() < end:
        for run in browsing.runs(one)["runs"]:
            live = browsing.logs(one, run["id"])["live"]
    heard = session.printed("slow")
    go.touch()
    thread.join()
    session.close()
    assert [(line["stream"], line["text"]) for each in live for line in each["lines"]] == [("stderr", "err")]
    assert heard == "err\n"


def test_the_command_line_shows_one_of_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = notebook(tmp_path / "n.ipynb", "%%block both\nimport sys\nprint('one')\nprint('two', file=sys.stderr)\n1")
    session = Session.open(file)
    session.run(executor="inline")
    session.close()
    found = {}
    for words in ((), ("--stdout",), ("--stderr",)):
        monkeypatch.setattr("sys.argv", ["jupyter-mage", "logs", str(file), *words])
        with pytest.raises(SystemExit):
            main()
        found[words] = capsys.readouterr().out.split("\n")[1:-1]
    assert found == {(): ["one", "two"], ("--stdout",): ["one"], ("--stderr",): ["two"]}
    monkeypatch.setattr("sys.argv", ["jupyter-mage", "logs", str(file), "--stderr", "--json"])
    with pytest.raises(SystemExit):
        main()
    assert json.loads(capsys.readouterr().out)["both"]["log"] == "two\n"


def test_a_history_from_before_is_all_stdout(tmp_path: Path) -> None:
    session = Session(tmp_path, pipeline="p")
    session.define("both", "import sys\nprint('one')\nprint('two', file=sys.stderr)\n1")
    run = session.run(executor="inline").id
    session.close()
    with sqlite3.connect(tmp_path / ".jupyter_mage" / "history.db") as old:
        [(number, body)] = old.execute("SELECT id, body FROM events WHERE kind = 'block_succeeded'").fetchall()
        fields = json.loads(body)
        old.execute(
            "UPDATE events SET body = ? WHERE id = ?", (json.dumps({**fields, "log": printing.plain(fields["log"])}), number)
        )
    old.close()
    assert said(tmp_path, run) == [("stdout", "one"), ("stdout", "two")]


def test_a_secret_is_hidden_in_both(tmp_path: Path) -> None:
    vault.put(tmp_path, "word", "open-sesame")
    try:
        session = Session(tmp_path, pipeline="p")
        session.define("both", "import sys\nprint('open-' + 'sesame')\nprint('open-' + 'sesame', file=sys.stderr)\n1")
        run = session.run(executor="processes").id
        session.close()
    finally:
        redaction.forget()
    assert said(tmp_path, run) == [("stdout", "***"), ("stderr", "***")]


@pytest.mark.parametrize(
    ("log", "lines"),
    [
        ("", []),
        ("one\n\n", [("stdout", "one")]),
        (f"{printing.STDERR} 10%\r 20%{printing.STDOUT}\n", [("stderr", " 20%")]),
        (f"out {printing.STDERR}err\n{printing.STDOUT}out\n", [("stderr", "out err"), ("stdout", "out")]),
        (
            f"{printing.STDERR}a\n{printing.STDOUT}{printing.STDERR}b\n{printing.STDOUT}c",
            [("stderr", "a"), ("stderr", "b"), ("stdout", "c")],
        ),
        (f"{printing.STDERR}never ended", [("stderr", "never ended")]),
        (f"{printing.STDOUT}{printing.STDOUT}x\x1b[?3z", [("stdout", "x")]),
    ],
)
def test_lines_have_the_stream_that_they_were_printed_to(log: str, lines: list[tuple[str, str]]) -> None:
    assert [(line["stream"], line["text"]) for line in printed_lines("b", log)] == lines


def test_a_long_log_is_cut_and_keeps_its_marks() -> None:
    text = printing.BoundedText(limit=200)
    for number in range(100):
        text.write(f"out {number}\n")
        text.write(f"err {number}\n", error=True)
    told = [(line["stream"], line["text"]) for line in printed_lines("b", text.value())]
    assert (told[:2], told[-2:]) == ([("stdout", "out 0"), ("stderr", "err 0")], [("stdout", "out 99"), ("stderr", "err 99")])
