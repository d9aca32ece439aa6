"""The verbs of long and broken runs, as a person types them: in a real kernel, and in a real shell.

What a failure prints is taken from the screen and typed: a command that is shown has to work as it is shown.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shlex
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from real_kernel import Cell, Kernel
from test_cli import COMMAND, as_json, command, mage, statuses, write

from jupyter_mage import projects
from jupyter_mage.model import Pipeline

LOAD = "%load_ext jupyter_mage"
RAW = "%%block raw\nlist(range(100))"
WAITS = (
    "%%block slow(raw)\nimport time, pathlib\npathlib.Path('at').touch()\n"
    "end = time.monotonic() + 60\nwhile not pathlib.Path('go').exists() and time.monotonic() < end:\n    time.sleep(0.02)\nlen(raw)"
)
TOTAL = "%%block total(slow)\nslow + 1"


# ---- a kernel


def define(notebook: Kernel, *cells: str) -> None:
    """Define these blocks and run none; each has a cell of its own, by its name."""
    for text in cells:
        first, _, body = text.partition("\n")
        name = first.split()[1].split("(")[0]
        done = notebook.run(f"{first} --no-run\n{body}", name)
        assert done.lines == [f"{name} is defined, not run"], done


def picture(notebook: Kernel) -> dict[str, Any]:
    session = "get_ipython().magics_manager.registry['PipelineMagics'].session"
    shown: dict[str, Any] = json.loads(notebook.run(f"import json; print(json.dumps({session}.picture()))").printed)
    return shown


def shown_states(notebook: Kernel) -> dict[str, str]:
    return {name: state["status"] for name, state in picture(notebook)["states"].items()}


def offered(cell: Cell, verb: str = "resume") -> str:
    """The command that the screen offers."""
    found = re.findall(rf"%pipeline {verb} \S+", cell.error + cell.printed)
    assert found, cell
    return str(found[-1])


def test_failed_run_is_resumed_as_its_message_says(notebook: Kernel) -> None:
    define(notebook, RAW, "%%block half(raw)\nlen(raw) // 0", "%%block twice(half)\nhalf * 2")
    failed = notebook.run("%pipeline run")
    assert failed.status == "error" and "half failed at cell" in failed.error
    define(notebook, "%%block half(raw)\nlen(raw) // 2")
    line = offered(failed)
    resumed = notebook.run(line)
    assert (resumed.status, resumed.lines[-1].split()[:3]) == ("ok", ["run", line.split()[-1], "succeeded"])
    assert notebook.run("%pipeline show last/twice").printed.rstrip().endswith("\n100")
    again = notebook.run("%pipeline resume")
    assert again.status == "error" and "no run of pipeline is unfinished" in again.error


def test_screens_keep_what_had_finished_when_a_run_is_resumed(notebook: Kernel) -> None:
    define(notebook, RAW, "%%block half(raw)\nlen(raw) // 0")
    failed = notebook.run("%pipeline run")
    assert shown_states(notebook) == {"raw": "succeeded", "half": "failed"}
    define(notebook, "%%block half(raw)\nlen(raw) // 2")
    notebook.run(offered(failed))
    assert shown_states(notebook) == {"raw": "succeeded", "half": "succeeded"}


def test_interrupted_kernel_resumes(notebook: Kernel, tmp_path: Path) -> None:
    define(notebook, RAW, WAITS, TOTAL)
    sent = notebook.send("%pipeline run")
    wait_for(tmp_path / "at")
    notebook.manager.interrupt_kernel()
    stopped = notebook.receive(sent)
    assert stopped.status == "error" and shown_states(notebook) == {"raw": "succeeded", "slow": "cancelled", "total": "cancelled"}
    (tmp_path / "go").touch()
    assert notebook.run(offered(stopped)).status == "ok"
    assert notebook.run("%pipeline show last/total").printed.rstrip().endswith("\n101")


def test_run_in_a_kernel_is_cancelled_from_a_shell(notebook: Kernel, tmp_path: Path) -> None:
    write(tmp_path, LOAD, RAW)
    define(notebook, RAW, WAITS)
    sent = notebook.send("%pipeline run")
    wait_for(tmp_path / "at")
    assert command(tmp_path, "cancel", "work.ipynb").stdout.startswith("interrupted ")
    assert "was cancelled" in notebook.receive(sent).error


def test_sample_is_never_taken_for_the_whole(notebook: Kernel, tmp_path: Path) -> None:
    define(notebook, RAW, "%%block size(raw)\nlen(raw)")
    sampled = notebook.run("%pipeline run --sample 3")
    assert sampled.lines[-1].endswith("SAMPLED: 3 rows or items a loader")
    assert {name: state.get("sampled") for name, state in picture(notebook)["states"].items()} == {"raw": True, "size": True}
    assert "size has no output yet" in notebook.run("%pipeline show size").error
    assert [line.split()[0] for line in notebook.run("%pipeline plan").lines if "▶ run" in line] == ["raw", "size"]
    assert notebook.run("%pipeline export exported").status == "ok"
    written = [each.read_text() for each in (tmp_path / "exported").rglob("*") if each.is_file()]
    assert [text for text in written if "sample" in text] == []
    notebook.run("%pipeline run")
    assert (notebook.run("%pipeline show size").result, picture(notebook)["states"]["size"].get("sampled")) == ("100", None)


def test_sample_leaves_the_names_of_the_notebook_alone(notebook: Kernel) -> None:
    notebook.run(RAW + ";", "raw")
    notebook.run("%pipeline run --sample 3")
    assert notebook.value("len(raw)") == "100"


@pytest.mark.parametrize("number", [pytest.param("0"), pytest.param("-3"), "many"])
def test_sample_is_at_least_one(notebook: Kernel, number: str) -> None:
    define(notebook, RAW)
    assert notebook.run(f"%pipeline run --sample {number}").status == "error"


def test_run_from_a_block_leaves_what_is_above(notebook: Kernel) -> None:
    define(notebook, RAW, "%%block size(raw)\nlen(raw)", "%%block twice(size)\nsize * 2")
    notebook.run("%pipeline run")
    notebook.run("%pipeline run --from size")
    assert shown_states(notebook) == {"raw": "cached", "size": "succeeded", "twice": "succeeded"}
    wrong = notebook.run("%pipeline run --from sise")
    assert wrong.status == "error" and "Did you mean 'size'" in wrong.error


def test_diff_says_what_changed(notebook: Kernel) -> None:
    define(notebook, RAW, "%%block size(raw)\nlen(raw)")
    notebook.run("%pipeline run")
    define(notebook, "%%block raw\nlist(range(120))")
    notebook.run("%pipeline run")
    compared = notebook.run("%pipeline diff -2").printed
    assert "rows +20" in compared and "other values" in compared


def test_diff_of_mapped_blocks_has_one_row_a_block(notebook: Kernel) -> None:
    define(notebook, RAW, "%%block part(raw) --map raw\nraw * 2")
    notebook.run("%pipeline run")
    notebook.run("%pipeline run --force")
    assert [line for line in notebook.run("%pipeline diff -2").lines if "part[" in line] == []


def test_cache_is_listed_cleared_and_collected(notebook: Kernel) -> None:
    define(notebook, RAW, "%%block size(raw)\nlen(raw)")
    notebook.run("%pipeline run")
    assert [line.split()[1] for line in notebook.run("%pipeline cache ls").lines[2:]] == ["raw", "size"]
    assert notebook.run("%pipeline cache clear size").printed == "forgot 1 outputs\n"
    assert "removed" in notebook.run("%pipeline cache gc").printed
    assert [line.split()[0] for line in notebook.run("%pipeline plan").lines if "▶ run" in line] == ["size"]


def test_header_options_hold_in_a_run(notebook: Kernel, tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_text("1\n2\n")
    flaky = (
        "%%block flaky --retries 2 --retry-delay 1ms --retry-on ConnectionError --pool db:1 --memory 2GB --executor threads\n"
        "from pathlib import Path\nif not Path('tried').exists():\n    Path('tried').touch()\n    raise ConnectionError('down')\n5"
    )
    late = "%%block late() --timeout 200ms\nimport time\ntime.sleep(60)"
    read = "%%block read --file orders.csv --cache 1d\nfrom pathlib import Path\nlen(Path('orders.csv').read_text().split())"
    define(notebook, flaky, late, read)
    failed = notebook.run("%pipeline run")
    assert "late failed" in failed.error and "Timeout: took longer than 200ms" in failed.error
    assert shown_states(notebook) == {"flaky": "succeeded", "late": "failed", "read": "succeeded"}
    assert picture(notebook)["states"]["flaky"]["detail"].endswith("attempt 2")
    assert "attempt 2" in notebook.run("%pipeline show last/flaky").printed
    (tmp_path / "orders.csv").write_text("1\n2\n3\n")
    assert "file orders.csv" in next(line for line in notebook.run("%pipeline plan").lines if line.split()[0] == "read")


def test_failed_item_is_named_and_the_others_are_kept(notebook: Kernel) -> None:
    define(notebook, "%%block parts\n[1, 0, 2]", "%%block inverse(parts) --map parts\n1 / parts")
    failed = notebook.run("%pipeline run")
    assert "1 of 3 items failed: inverse[1]" in failed.error and "ZeroDivisionError" in failed.error
    state = picture(notebook)["states"]["inverse"]
    assert (state["detail"], state["items"], state["items_done"]) == ("1 of 3 items failed", 3, 3)
    assert notebook.run("%pipeline show last/inverse[2]").printed.rstrip().endswith("\n0.5")
    define(notebook, "%%block inverse(parts) --map parts\n1 / (parts or 1)")
    assert notebook.run(offered(failed)).status == "ok"
    assert picture(notebook)["states"]["inverse"]["detail"].startswith("3 items · ")


def test_items_of_an_earlier_run_are_not_counted(notebook: Kernel) -> None:
    define(notebook, RAW, "%%block part(raw) --map raw\nraw * 2")
    notebook.run("%pipeline run")
    define(notebook, "%%block raw\n[1, 'a']", "%%block part(raw) --map raw\nraw / 2")
    notebook.run("%pipeline run")
    assert picture(notebook)["states"]["part"]["detail"] == "1 of 2 items failed"
    assert picture(notebook)["states"]["part"]["items_done"] == 2


# ---- a shell


def wait_for(path: Path, *, seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not path.exists():
        assert time.monotonic() < end, f"{path.name} never came"
        time.sleep(0.01)  # between two looks at a condition


def typed(folder: Path, printed: str, verb: str = "resume") -> list[str]:
    """The words of the command that the screen offers, as a shell splits them."""
    found = re.findall(rf"jupyter mage {verb} .*", printed)
    assert found, printed
    return shlex.split(str(found[-1]))[2:]


Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts the real command in the background; what is left is ended."""
    started: list[subprocess.Popen[str]] = []

    def begin(*words: str, ignoring: bool = False) -> subprocess.Popen[str]:
        def prepare() -> None:  # as a shell does for `command &` in a script
            signal.signal(signal.SIGINT, signal.SIG_IGN if ignoring else signal.default_int_handler)

        environ = {**os.environ, "COLUMNS": "120"}
        process = subprocess.Popen(
            [COMMAND, *words], cwd=tmp_path, env=environ, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            preexec_fn=prepare,
        )  # fmt: skip
        started.append(process)
        return process

    yield begin
    for process in started:
        if process.poll() is None:
            process.kill()
            process.communicate()


def test_printed_resume_works_as_printed(tmp_path: Path) -> None:
    write(tmp_path, LOAD, RAW, "%%block half(raw)\n1 / 0", name="work")
    failed = mage(tmp_path, "run", "work.ipynb", code=1)
    write(tmp_path, LOAD, RAW, "%%block half(raw)\nlen(raw)", name="work")
    run = as_json(tmp_path, *typed(tmp_path, failed.stdout))
    assert (run["status"], statuses(run)) == ("succeeded", {"raw": "succeeded", "half": "succeeded"})
    assert mage(tmp_path, "resume", "work.ipynb", code=2).stderr.startswith("Error: no run of work is unfinished")


def test_printed_resume_works_for_a_name_with_a_space(tmp_path: Path) -> None:
    write(tmp_path, LOAD, "%%block half\n1 / 0", name="my work")
    failed = mage(tmp_path, "run", "my work.ipynb", code=1)
    write(tmp_path, LOAD, "%%block half\n1", name="my work")
    assert as_json(tmp_path, *typed(tmp_path, failed.stdout))["status"] == "succeeded"


def test_printed_resume_works_in_a_project_of_two_pipelines(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write(tmp_path, LOAD, f"%%block {name}_half\n1 / 0", name=name)
        mage(tmp_path, "export", f"{name}.ipynb", "--to", "project")
    failed = mage(tmp_path, "run", "project", "two", code=1)
    again = mage(tmp_path, *typed(tmp_path, failed.stdout), code=1)
    assert "two_half failed" in again.stderr


@pytest.mark.parametrize("executor", ["processes", "inline", "threads"])
def test_ctrl_c_says_how_to_go_on_and_it_does(tmp_path: Path, start: Start, executor: str) -> None:
    write(tmp_path, LOAD, RAW, WAITS, TOTAL)
    run = start("run", "work.ipynb", "--executor", executor)
    wait_for(tmp_path / "at")
    run.send_signal(signal.SIGINT)
    printed, said = run.communicate(timeout=30)
    assert (run.returncode, "Traceback" in said) == (130, False), (printed, said)
    (tmp_path / "go").touch()
    resumed = as_json(tmp_path, *typed(tmp_path, printed))
    assert statuses(resumed) == {"raw": "succeeded", "slow": "succeeded", "total": "succeeded"}


@pytest.mark.parametrize(
    "ignoring",
    [False, True],
    ids=["foreground", "background"],
)
def test_cancel_from_another_shell_ends_the_run(tmp_path: Path, start: Start, ignoring: bool) -> None:
    write(tmp_path, LOAD, RAW, WAITS, TOTAL)
    run = start("run", "work.ipynb", ignoring=ignoring)
    wait_for(tmp_path / "at")
    name = mage(tmp_path, "cancel", "work.ipynb").stdout.split()[1]
    printed, _ = run.communicate(timeout=15)
    assert (run.returncode, f"--run {name}" in printed) == (130, True)
    assert [each["status"] for each in as_json(tmp_path, "runs", "work.ipynb")] == ["cancelled"]
    assert "is not running" in mage(tmp_path, "cancel", "work.ipynb", code=2).stderr


def recorded(folder: Path) -> list[str]:
    """The blocks whose success stands in the history."""
    with contextlib.closing(sqlite3.connect(folder / ".jupyter_mage" / "history.db")) as history:
        return [row[0] for row in history.execute("SELECT block FROM events WHERE kind = 'block_succeeded' ORDER BY rowid")]


def killed(folder: Path, start: Start, *options: str, seen: Callable[[], bool] = lambda: True) -> list[str]:
    """Kill a run while its second block runs; the blocks that the resumed run ran."""
    write(folder, LOAD, RAW, WAITS, TOTAL)
    run = start("run", "work.ipynb", *options)
    wait_for(folder / "at")
    end = time.monotonic() + 30
    while not seen():
        assert time.monotonic() < end
        time.sleep(0.01)  # between two looks at a condition
    run.kill()
    run.communicate()
    assert [each["status"] for each in as_json(folder, "runs", "work.ipynb")] == ["interrupted"]
    (folder / "go").touch()
    return [line.split()[1] for line in mage(folder, "resume", "work.ipynb").stderr.splitlines()]


@pytest.mark.parametrize("durability", ["process", "power"])
def test_killed_command_is_resumed(tmp_path: Path, start: Start, durability: str) -> None:
    again = killed(tmp_path, start, "--durability", durability, seen=lambda: recorded(tmp_path) == ["raw"])
    assert again == ["slow", "total"]


def test_with_power_a_success_is_kept_before_anything_depends_on_it(tmp_path: Path, start: Start) -> None:
    assert killed(tmp_path, start, "--durability", "power") == ["slow", "total"]


def test_sample_of_the_command_is_marked_and_of_its_own(tmp_path: Path) -> None:
    write(tmp_path, LOAD, RAW, "%%block size(raw)\nlen(raw)")
    sampled = mage(tmp_path, "run", "work.ipynb", "--sample", "3")
    assert "SAMPLED: 3 rows or items a loader" in sampled.stdout
    assert "size has no output yet" in mage(tmp_path, "show", "work.ipynb", "size", code=2).stderr
    drawn = mage(tmp_path, "show", "work.ipynb").stdout
    assert "sample of 3" in drawn.splitlines()[0] and "SAMPLE 3 items" in drawn
    assert statuses(as_json(tmp_path, "run", "work.ipynb")) == {"raw": "succeeded", "size": "succeeded"}
    assert as_json(tmp_path, "show", "work.ipynb", "size")["preview"] == "100"
    assert mage(tmp_path, "run", "work.ipynb", "--sample", "0", code=2).stderr != ""


def test_run_as_json_says_that_it_was_sampled(tmp_path: Path) -> None:
    write(tmp_path, LOAD, RAW)
    run = as_json(tmp_path, "run", "work.ipynb", "--sample", "3")
    assert (run["sample"], run["blocks"][0]["sampled"]) == (3, True)


def test_run_from_diff_cache_and_show_of_a_run(tmp_path: Path) -> None:
    write(tmp_path, LOAD, RAW, "%%block size(raw)\nlen(raw)")
    first = as_json(tmp_path, "run", "work.ipynb")
    again = as_json(tmp_path, "run", "work.ipynb", "--from", "size")
    assert statuses(again) == {"raw": "cached", "size": "succeeded"}
    compared = mage(tmp_path, "diff", "work.ipynb", "--run", first["run"], again["run"]).stdout
    assert compared.count("same output") == 2
    facts = mage(tmp_path, "show", "work.ipynb", f"{first['run']}/size").stdout
    assert {"run", "state", "time", "output", "key", "from"} <= {
        line.split("  ")[0].strip() or line.split()[0] for line in facts.splitlines()
    }
    assert {each["block"] for each in as_json(tmp_path, "cache", "ls", "work.ipynb")} == {"raw", "size"}
    assert mage(tmp_path, "cache", "clear", "work.ipynb", "-s", "size").stdout == "forgot 1 outputs\n"


def test_mapped_block_takes_as_long_as_its_items(tmp_path: Path) -> None:
    write(tmp_path, LOAD, "%%block parts\n[1, 2]", "%%block wait(parts) --map parts\nimport time\ntime.sleep(0.3)")
    run = as_json(tmp_path, "run", "work.ipynb", "--workers", "1")
    assert next(block["seconds"] for block in run["blocks"] if block["name"] == "wait") >= 0.3


# ---- files


OPTIONS = [
    "--retries 3", "--retries 3 --retry-delay 90s", "--retries 2 --retry-on ValueError,KeyError", "--timeout 250ms", "--timeout 10m",
    "--memory 512MiB", "--pool db:2", "--pool gpu", "--file data/orders.csv", "--file 'my data.csv'", "--cache 1d", "--cache off",
    "--executor threads", "--tag daily --after raw",
]  # fmt: skip


def exported(folder: Path, *cells: str) -> tuple[Pipeline, Pipeline]:
    """A notebook's pipeline, and that of the notebook made of its exported project."""
    path = write(folder, LOAD, *cells)
    mage(folder, "export", "work.ipynb", "--to", "project")
    mage(folder, "import", "project", "work", "--to", "back.ipynb")
    return projects.read(path), projects.read(folder / "back.ipynb")


@pytest.mark.parametrize("options", OPTIONS)
def test_option_comes_back_from_the_exported_project(tmp_path: Path, options: str) -> None:
    before, after = exported(tmp_path, "%%block raw\n[1]", f"%%block one(raw) {options}\nraw")
    assert after["one"] == before["one"]
    read = projects.read(tmp_path / "project")["one"]
    fields = ("retry", "limits", "files", "fresh", "mapped", "tags", "after", "upstreams")
    assert {name: getattr(read, name) for name in fields} == {name: getattr(before["one"], name) for name in fields}


def test_mapped_block_comes_back_from_the_exported_project(tmp_path: Path) -> None:
    before, after = exported(tmp_path, "%%block raw\n[1, 2]", "%%block one(raw) --map raw\nraw * 2", "%%block all(one)\nsum(one)")
    assert [after[name] for name in ("raw", "one", "all")] == [before[name] for name in ("raw", "one", "all")]
    assert statuses(as_json(tmp_path, "run", "project", "work"))["one[1]"] == "succeeded"


def test_mage_is_told_of_retries_and_timeouts(tmp_path: Path) -> None:
    from jupyter_mage.formats import yaml

    exported(tmp_path, "%%block raw --retries 3 --retry-delay 10s --timeout 10m\n[1]")
    entries = yaml.load((tmp_path / "project/pipelines/work/metadata.yaml").read_text(), file="metadata.yaml").data["blocks"]
    raw = next(each for each in entries if each["uuid"] == "raw")
    assert (raw["timeout"], raw["retry_config"]["retries"], raw["retry_config"]["delay"]) == (600, 3, 10)
