"""Projects on disk, looked at with no kernel: found, listed, followed, compared; nothing of them runs or is written."""

from __future__ import annotations

import json
import os
import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from test_contract import misfits

from jupyter_mage import asked, browsing, contract, finding, live_logs, redaction, starting, vault
from jupyter_mage import events as ev
from jupyter_mage.errors import JupyterMageError, ProjectError, StoreError, UnknownNameError, UnsafePathError
from jupyter_mage.session import Session
from jupyter_mage.sinks.history import History, Reader
from jupyter_mage.sinks.history.database import VERSION


def notebook(path: Path, *cells: str) -> Path:
    made = {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {
            "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}
        },  # else one is asked for
        "cells": [
            {"cell_type": "code", "id": f"c{i}", "metadata": {}, "outputs": [], "execution_count": None, "source": source}
            for i, source in enumerate(cells)
        ],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(made))
    return path


CELLS = (
    "%%block numbers\nprint('three of them')\n[1, 2, 3]",
    "%%block total(numbers, *, times: int = 1)\nsum(numbers) * times",
    "%%block bad(total) --retries 1 --retry-delay 0\nprint('WARNING: soon')\ntotal.nope",
    "%%block after(bad)\nbad",
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    made = tmp_path / "root"
    made.mkdir()
    return made


@pytest.fixture
def ran(root: Path) -> Iterator[tuple[browsing.Project, str]]:
    """A notebook that ran once, and the run's id."""
    with_ = Session.open(notebook(root / "sales" / "daily.ipynb", *CELLS))
    run = with_.run(executor="inline", variables={"times": 2})
    with_.close()
    yield browsing.project(root, "sales"), run.id
    redaction.forget()


def snapshot(folder: Path) -> dict[str, bytes]:
    """Every file, but SQLite's index of its log, and the log where it is empty: each reader makes these."""
    files = [each for each in sorted(folder.rglob("*")) if each.is_file() and each.suffix != ".db-shm"]
    return {str(each): each.read_bytes() for each in files if each.suffix != ".db-wal" or each.stat().st_size}


# ---- what is there


def test_projects_are_found_with_their_last_runs(root: Path, ran: tuple[browsing.Project, str]) -> None:
    notebook(root / "deep" / "er" / "01_flights.ipynb", "%%block a\n1")
    notebook(root / "plain.ipynb", "1 + 1")
    shop = root / "shop" / "pipelines" / "orders"
    shop.mkdir(parents=True)
    (root / "shop" / "metadata.yaml").write_text("project_type: main\n")
    (shop / "metadata.yaml").write_text("name: orders\nuuid: orders\ntype: python\nblocks: []\n")
    found = browsing.found(root)
    assert misfits(found, contract.Projects) == []
    told = [
        (
            one["path"],
            one["mage"],
            [(each["name"], each["blocks"], (each["last"] or {}).get("status")) for each in one["pipelines"]],
        )
        for one in found["projects"]
    ]
    assert told == [
        ("deep/er", False, [("flights", 1, None)]),
        ("sales", False, [("daily", 4, "failed")]),
        ("shop", True, [("orders", 0, None)]),
    ]
    assert found["projects"][1]["pipelines"][0]["commands"]["resume"] == f"jupyter mage resume sales/daily.ipynb --run {ran[1]}"


def test_a_pipeline_that_ran_and_has_no_file_any_more_is_still_there(root: Path, ran: tuple[browsing.Project, str]) -> None:
    (root / "sales" / "daily.ipynb").unlink()
    [project] = browsing.found(root)["projects"]
    [line] = project["pipelines"]
    assert (line["name"], line["file"], line["last"]["id"] if line["last"] else "") == ("daily", "", ran[1])
    assert {name for name, command in line["commands"].items() if command} == set()


@pytest.mark.parametrize(
    "folder", ["node_modules/x", ".hidden/x", "venv/x", "env1/x", "__pycache__", "a/b/c/d/e/f/g/h/i/j"], ids=lambda each: each[:9]
)
def test_folders_of_installed_things_and_hidden_ones_are_not_looked_into(root: Path, folder: str) -> None:
    notebook(root / folder / "n.ipynb", "%%block a\n1")
    (root / "env1").mkdir(exist_ok=True)
    (root / "env1" / "pyvenv.cfg").touch()
    found = browsing.found(root)
    assert (found["projects"], found["cut"]) == ([], folder.startswith("a/"))


def test_links_are_not_followed(root: Path, tmp_path: Path) -> None:
    notebook(tmp_path / "other" / "n.ipynb", "%%block a\n1")
    (root / "linked").symlink_to(tmp_path / "other")
    (root / "n.ipynb").symlink_to(tmp_path / "other" / "n.ipynb")
    (root / "loop").symlink_to(root)
    assert browsing.found(root)["projects"] == []


def test_a_notebook_that_does_not_read_is_there_with_the_reason(root: Path) -> None:
    (root / "broken.ipynb").write_text('{"cells": [%%block')
    [line] = browsing.found(root)["projects"][0]["pipelines"]
    assert line["name"] == "broken"
    assert "broken.ipynb" in line["problem"]


def test_looking_runs_nothing_and_writes_nothing(root: Path, ran: tuple[browsing.Project, str]) -> None:
    notebook(root / "evil.ipynb", "%%block a\nopen('ran', 'w')", "import os; os.system('touch ran')")
    before = snapshot(root)
    one, run = ran
    browsing.found(root), browsing.runs(one), browsing.run(one, run), browsing.picture(one, run)
    (
        browsing.logs(one, run),
        browsing.diff(one, run, run),
        browsing.preview(one, run, "numbers"),
        browsing.profile(one, run, "total"),
    )
    assert snapshot(root) == before


def test_what_was_read_of_a_notebook_is_read_again_when_it_changed(root: Path) -> None:
    path = notebook(root / "n.ipynb", "%%block a\n1")
    assert browsing.found(root)["projects"][0]["pipelines"][0]["blocks"] == 1
    notebook(path, "%%block a\n1", "%%block b(a)\na")
    assert browsing.found(root)["projects"][0]["pipelines"][0]["blocks"] == 2


# ---- paths


@pytest.mark.parametrize(
    "path",
    ["..", "../x", "/etc", "a/../../x", "a\0b", "~/x/../..", ".jupyter_mage", "a/.git", "..\\x", "linked", "linked/deeper"],
)
def test_a_path_that_leaves_the_root_or_is_hidden_is_refused(root: Path, tmp_path: Path, path: str) -> None:
    (tmp_path / "other" / "deeper").mkdir(parents=True)
    (root / "a").mkdir()
    (root / "linked").symlink_to(tmp_path / "other")
    with pytest.raises((UnsafePathError, ProjectError)):
        browsing.project(root, path)


@pytest.mark.parametrize("name", [".jupyter_mage", ".jupyter_mage/history.db", ".jupyter_mage/store"])
def test_a_history_that_is_a_link_out_of_the_root_is_refused(
    root: Path, ran: tuple[browsing.Project, str], tmp_path: Path, name: str
) -> None:
    real = root / "sales" / name
    (root / "sales" / ".jupyter_mage" / "store").mkdir(exist_ok=True)
    shutil.move(real, tmp_path / "elsewhere")
    real.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UnsafePathError):
        browsing.project(root, "sales")
    assert "outside the project" in browsing.found(root)["projects"][0]["problem"]


@pytest.mark.parametrize("name", [".env", ".jupyter_mage/secrets.json"])
def test_a_pipe_in_the_place_of_a_file_stops_nobody(root: Path, ran: tuple[browsing.Project, str], name: str) -> None:
    os.mkfifo(root / "sales" / name)
    with pytest.raises(UnsafePathError):
        browsing.project(root, "sales")


# ---- runs


def test_runs_come_in_pages_newest_first(root: Path) -> None:
    history = History(root / ".jupyter_mage")
    for number in range(5):
        history(ev.RunStarted(run=f"r{number}", pipeline="ab"[number % 2], blocks=("x",)))
        history(ev.RunFinished(run=f"r{number}", status="failed" if number == 3 else "succeeded"))
    history.close()
    one = browsing.project(root, ".")
    ids = [
        [run["id"] for run in page["runs"]] for page in (browsing.runs(one, limit=2), browsing.runs(one, limit=3, before="r3"))
    ]
    assert ids == [["r4", "r3"], ["r2", "r1", "r0"]]
    assert [browsing.runs(one, limit=2)["more"], browsing.runs(one, limit=3, before="r3")["more"]] == [True, False]
    assert [run["id"] for run in browsing.runs(one, pipeline="a")["runs"]] == ["r4", "r2", "r0"]
    assert [run["id"] for run in browsing.runs(one, status="failed")["runs"]] == ["r3"]
    assert browsing.runs(one)["pipelines"] == ["a", "b"]


def test_a_run_tells_of_each_block(ran: tuple[browsing.Project, str]) -> None:
    one, run = ran
    found = browsing.run(one, run)
    assert misfits(found, contract.RunDetail) == []
    told = [(each["name"], each["status"], each["shape"], each["error"], each["reason"]) for each in found["blocks"]]
    error = "AttributeError: 'int' object has no attribute 'nope'"
    assert told == [
        ("numbers", "succeeded", "3 items", "", ""),
        ("total", "succeeded", "int", "", ""),
        ("bad", "failed", "", error, ""),
        ("after", "skipped", "", "", "bad failed"),
    ]
    bad = found["blocks"][2]
    assert [(each["number"], each["status"], each["error"]) for each in bad["attempts"]] == [
        (1, "failed", error),
        (2, "failed", error),
    ]
    assert all(each["ended"] is not None and each["ended"] >= each["started"] for each in bad["attempts"])
    assert (found["variables"], found["run"]["face"], bad["line"]) == ({"times": "2"}, "python", 3)


def test_a_runs_commands_are_those_that_make_sense(ran: tuple[browsing.Project, str]) -> None:
    one, run = ran
    file = "sales/daily.ipynb"
    assert browsing.run(one, run)["commands"] == {
        "run": f"jupyter mage run {file}",
        "resume": f"jupyter mage resume {file} --run {run}",
        "rerun": f"jupyter mage run {file}",
        "cancel": "",
        "show": f"jupyter mage show {file}",
        "logs": f"jupyter mage logs {file} --run {run}",
        "plan": f"jupyter mage plan {file}",
        "vars": f"jupyter mage vars {file}",
    }


def test_names_of_files_are_words_in_a_command(root: Path) -> None:
    notebook(root / "-x; rm -rf ~.ipynb", "%%block a\n1")
    [line] = browsing.found(root)["projects"][0]["pipelines"]
    assert line["commands"]["run"] == "jupyter mage run './-x; rm -rf ~.ipynb'"


def test_an_unknown_run_or_block_is_said_with_a_guess(ran: tuple[browsing.Project, str]) -> None:
    one, run = ran
    with pytest.raises(UnknownNameError, match=run):
        browsing.run(one, f"{run}x")
    with pytest.raises(UnknownNameError, match="numbers"):
        browsing.preview(one, run, "number")


def test_only_what_changed_is_told_again(root: Path) -> None:
    history = History(root / ".jupyter_mage")
    history(ev.RunStarted(run="r", pipeline="p", blocks=("a", "b"), graph={"a": {}, "b": {"upstreams": ["a"]}}))
    history(ev.BlockStarted(run="r", block="a"))
    history.flush()
    one = browsing.project(root, ".")
    first, drawn = browsing.run(one, "r"), browsing.picture(one, "r")
    assert (first["whole"], [each["name"] for each in first["blocks"]]) == (True, ["a", "b"])
    history(ev.BlockSkipped(run="r", block="a", reason="no"))
    history.flush()
    second, changed = browsing.run(one, "r", first["sequence"]), browsing.picture(one, "r", drawn["sequence"])
    assert (second["whole"], [(each["name"], each["status"]) for each in second["blocks"]]) == (False, [("a", "skipped")])
    assert set(changed["picture"]) - {"now"} <= {"changes", "states", "run"}
    assert changed["picture"]["states"]["a"]["status"] == "skipped"
    assert second["stamp"] != first["stamp"]
    history(ev.RunFinished(run="r", status="cancelled"))
    third = browsing.run(one, "r", second["sequence"])
    assert (third["whole"], [each["status"] for each in third["blocks"]]) == (True, ["skipped", "cancelled"])
    history.close()


def test_a_run_whose_process_died_is_interrupted_and_nothing_is_written(root: Path) -> None:
    history = History(root / ".jupyter_mage")
    history(ev.RunStarted(run="r", pipeline="p", blocks=("a",), graph={"a": {}}))
    history(ev.BlockStarted(run="r", block="a"))
    history.close()  # lets go of its lock, as a death does
    before = snapshot(root)
    one = browsing.project(root, ".")
    assert browsing.runs(one)["runs"][0]["status"] == "interrupted"
    assert browsing.run(one, "r")["blocks"][0]["status"] == "interrupted"
    drawn = browsing.picture(one, "r")["picture"]
    assert (drawn["run"]["status"], drawn["states"]["a"]["status"]) == ("interrupted", "interrupted")  # type: ignore[index]
    assert snapshot(root) == before


def test_a_run_is_drawn_as_it_was_whatever_became_of_its_file(root: Path, ran: tuple[browsing.Project, str]) -> None:
    one, run = ran
    (root / "sales" / "daily.ipynb").unlink()
    drawn = browsing.picture(one, run)["picture"]
    assert misfits(drawn, contract.Picture) == []
    assert [(edge["source"], edge["target"]) for edge in drawn["edges"]] == [  # type: ignore[typeddict-item]
        ("numbers", "total"), ("total", "bad"), ("bad", "after"),
    ]  # fmt: skip


def test_an_older_versions_run_is_drawn_from_its_results(root: Path, ran: tuple[browsing.Project, str]) -> None:
    import sqlite3

    one, run = ran
    with sqlite3.connect(one.state / "history.db") as connection:
        connection.execute(
            "UPDATE events SET body = json_set(json_remove(body, '$.graph'), '$.blocks', json(?)) WHERE kind = 'run_started'",
            (json.dumps(list(one.reader.run(run).blocks)),),
        )
    drawn = browsing.picture(one, run)["picture"]
    assert [(edge["source"], edge["target"]) for edge in drawn["edges"]] == [("numbers", "total")]  # type: ignore[typeddict-item]


def test_a_history_of_a_newer_version_is_refused_and_left(root: Path, ran: tuple[browsing.Project, str]) -> None:
    import sqlite3

    with sqlite3.connect(ran[0].state / "history.db") as connection:
        connection.execute(f"PRAGMA user_version = {VERSION + 1}")
    with pytest.raises(StoreError, match="newer version"):
        browsing.runs(ran[0])
    assert "newer version" in browsing.found(root)["projects"][0]["problem"]


def test_a_broken_history_is_said_and_left(root: Path, ran: tuple[browsing.Project, str]) -> None:
    (ran[0].state / "history.db").write_bytes(b"no database at all" * 500)
    with pytest.raises(StoreError):
        browsing.runs(ran[0])
    assert browsing.found(root)["projects"][0]["problem"]
    assert sorted(each.name for each in ran[0].state.glob("*corrupt*")) == []


def test_a_folder_that_cannot_be_written_is_read(root: Path, ran: tuple[browsing.Project, str]) -> None:
    state = ran[0].state
    state.chmod(0o500)
    try:
        assert [each["id"] for each in browsing.runs(ran[0])["runs"]] == [ran[1]]
    finally:
        state.chmod(0o700)


# ---- logs


def test_a_log_has_what_blocks_printed_and_how_they_went(ran: tuple[browsing.Project, str]) -> None:
    found = browsing.logs(*ran)
    assert misfits(found, contract.LogPage) == []
    told = [(line["block"], line["level"], line["text"].partition(" in ")[0]) for line in found["lines"]]
    assert told[:3] == [("numbers", "note", "started"), ("numbers", "printed", "three of them"), ("numbers", "note", "done")]
    assert ("bad", "warning", "WARNING: soon") in told
    assert [text for block, level, text in told if block == "bad" and level == "error"][-1].startswith("AttributeError")
    assert told[-1] == ("after", "note", "skipped: bad failed")
    assert len({line["id"] for line in found["lines"]}) == len(found["lines"])


def test_a_log_goes_on_behind_its_cursor_and_is_searched(ran: tuple[browsing.Project, str]) -> None:
    one, run = ran
    assert [line["text"] for line in browsing.logs(one, run, search="THREE of")["lines"]] == ["three of them"]
    assert {line["block"] for line in browsing.logs(one, run, block="bad")["lines"]} == {"bad"}
    whole = browsing.logs(one, run)
    rest = browsing.logs(one, run, after=whole["cursor"])
    assert (rest["lines"], rest["cursor"], rest["more"]) == ([], whole["cursor"], False)


def test_a_long_log_comes_in_pages_that_lose_nothing(root: Path) -> None:
    session = Session(root, pipeline="p")
    for number in range(4):
        session.define(f"b{number}", f"for n in range(900): print({number}, n)\n1")
    run = session.run(executor="inline").id
    session.close()
    one, cursor, texts, pages = browsing.project(root, "."), 0, [], 0
    while True:
        page = browsing.logs(one, run, after=cursor)
        texts += [line["text"] for line in page["lines"] if line["level"] == "printed"]
        cursor, pages = page["cursor"], pages + 1
        if not page["more"]:
            break
    assert pages > 1
    assert sorted(texts) == sorted(f"{number} {n}" for number in range(4) for n in range(900))


def test_what_a_running_block_prints_is_read_along_and_then_stands_in_its_event(root: Path) -> None:
    session = Session(root, pipeline="p")
    go = root / "go"
    session.define(
        "slow",
        "import pathlib, time\nprint('first words')\nend = time.monotonic() + 30\n"
        f"while not pathlib.Path({str(go)!r}).exists() and time.monotonic() < end: time.sleep(.02)\n1",
    )
    thread = threading.Thread(target=session.run, kwargs={"executor": "threads"})
    thread.start()
    one, live = browsing.project(root, "."), []
    end = time.monotonic() + 30
    while not live and time.monotonic() < end:
        for run in browsing.runs(one)["runs"]:
            stamp = browsing.log_stamp(one, run["id"])
            live = browsing.logs(one, run["id"])["live"]
    line = {"id": "", "at": 0.0, "block": "slow", "level": "printed", "stream": "stdout", "text": "first words"}
    assert live == [{"block": "slow", "lines": [line]}]
    go.touch()
    thread.join()
    page = browsing.logs(one, run["id"])
    assert (page["live"], [line["text"] for line in page["lines"] if line["level"] == "printed"]) == ([], ["first words"])
    assert page["stamp"] != stamp
    assert not (one.state / live_logs.FOLDER / run["id"]).exists()
    session.close()


# ---- outputs, diffs, secrets


def test_an_output_is_previewed_and_profiled(ran: tuple[browsing.Project, str]) -> None:
    one, run = ran
    seen, told = browsing.preview(one, run, "numbers", rows=2), browsing.profile(one, run, "numbers")
    assert (misfits(seen, asked.Shown), misfits(told, asked.Profiled)) == ([], [])
    rows = seen["preview"]
    assert (rows["cells"], rows["rows"], told["profile"]["columns"][0]["maximum"]) == ([["1"], ["2"]], 3, "3")
    assert rows["command"] == f"jupyter mage show sales/daily.ipynb {run}/numbers"
    with pytest.raises(ProjectError, match="gave nothing"):
        browsing.preview(one, run, "bad")


def test_two_runs_are_compared_block_by_block(root: Path, ran: tuple[browsing.Project, str]) -> None:
    one, before = ran
    notebook(root / "sales" / "daily.ipynb", CELLS[0], CELLS[1].replace("sum(numbers)", "max(numbers)"), CELLS[2])
    session = Session.open(root / "sales" / "daily.ipynb")
    after = session.run(executor="inline", variables={"times": 3}).id
    session.close()
    found = browsing.diff(one, before, after)
    assert misfits(found, contract.RunDiff) == []
    by = {each["name"]: each for each in found["blocks"]}
    assert (by["numbers"]["same"], by["total"]["same"], by["after"]["after"]) == (True, False, None)
    assert by["total"]["differs"][0] == "other values"
    assert [reason.split("\n")[0] for reason in by["total"]["reasons"]] == ["code: 2 lines", "parameter times 2 → 3"]
    assert by["bad"]["differs"][0] == "the same error"
    assert (found["variables"], found["command"]) == (["times: 2 → 3"], f"jupyter mage diff sales/daily.ipynb {before} {after}")


def test_a_projects_secrets_are_hidden_in_every_answer(root: Path) -> None:
    session = Session(root, pipeline="p")
    session.define("a", "print('the word is open-sesame')\n'open-sesame'")
    run = session.run(executor="inline").id
    session.close()
    vault.put(root, "word", "open-sesame")  # known only now: the history has it in plain text
    redaction.forget()
    one = browsing.project(root, ".")
    answers = [browsing.logs(one, run), browsing.run(one, run), browsing.preview(one, run, "a"), browsing.picture(one, run)]
    assert "open-sesame" in json.dumps(answers[0])
    assert "open-sesame" not in json.dumps(redaction.hide_all(answers))
    redaction.forget()


def test_hiding_leaves_numbers_and_what_is_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    redaction.learn("12345678")
    assert redaction.hide_all({"rows": 12345678, "a 12345678": ["x", None, True, "12345678"]}) == {
        "rows": 12345678, "a ***": ["x", None, True, "***"],
    }  # fmt: skip
    redaction.forget()


# ---- starting


def test_a_started_run_is_a_process_of_its_own(root: Path) -> None:
    notebook(root / "n.ipynb", "%%block a(*, times: int = 1)\ntimes")
    one = browsing.project(root, ".")
    begun = starting.run(one, "n")
    assert begun["command"] == "jupyter mage run n.ipynb"
    assert begun["pid"] != os.getpid()
    ended(one, begun["run"])
    assert [(run["id"], run["status"], run["face"]) for run in browsing.runs(one)["runs"]] == [(begun["run"], "succeeded", "cli")]


def ended(one: browsing.Project, run: str) -> str:
    """The run's state, when it has ended."""
    end = time.monotonic() + 60
    while (status := one.reader.summary(run).status) == "running" and time.monotonic() < end:
        time.sleep(0.05)  # between two looks at a condition
    return str(status)


def test_a_run_goes_on_or_runs_again_with_its_variables(root: Path, ran: tuple[browsing.Project, str]) -> None:
    one, run = ran
    assert starting.resume(one, run)["run"] == run
    assert ended(one, run) == "failed"
    again = starting.rerun(one, run)
    assert again["run"] not in ("", run)
    assert again["command"] == "jupyter mage run sales/daily.ipynb --var times=2"
    ended(one, again["run"])
    assert one.reader.run(again["run"]).variables == {"times": 2}


@pytest.mark.parametrize(("pipeline", "selection", "said"), [("nope", "", "daily"), ("daily", "nope", "no block 'nope'")])
def test_what_cannot_be_started_is_said(ran: tuple[browsing.Project, str], pipeline: str, selection: str, said: str) -> None:
    with pytest.raises(JupyterMageError, match=said):
        starting.run(ran[0], pipeline, selection=selection)


def test_only_a_living_run_here_is_interrupted(ran: tuple[browsing.Project, str]) -> None:
    with pytest.raises(JupyterMageError, match="is not running"):
        starting.cancel(*ran)
    with pytest.raises(JupyterMageError, match="runs on elsewhere"):
        starting.interrupt("r", {"pid": 2, "host": "elsewhere"})
    for pid in (-1, 0, 1, "1", None):
        with pytest.raises(JupyterMageError, match="not known which process"):
            starting.interrupt("r", {"pid": pid, "host": os.uname().nodename})


def test_a_reader_finds_a_history_that_is_just_begun(tmp_path: Path) -> None:
    (tmp_path / "history.db").touch()
    assert Reader(tmp_path).runs() == []


def test_a_walk_has_an_end(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finding, "FOLDERS", 3)
    for number in range(5):
        notebook(root / f"f{number}" / "n.ipynb", "%%block a\n1")
    found = browsing.found(root)
    assert (len(found["projects"]), found["cut"]) == (2, True)
