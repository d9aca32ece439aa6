"""The command ``jupyter mage``, started as people and CI start it: what it prints, where, and how it exits."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import nbformat
import pytest
from click.testing import CliRunner, Result

from jupyter_mage.cli.commands import cli

COMMAND = Path(sys.executable).with_name("jupyter-mage")
SECONDS = 60.0

CELLS = [
    "%load_ext jupyter_mage",
    "RATE = 2",
    "%%block raw\nprint('loading')\n[1, 2]",
    "%%block clean(raw, *, n: int = 1)\n[x * n * RATE for x in raw]",
    "%%test clean\nassert len(clean) == 2",
    "%%block total(clean) --kind custom\nsum(clean)",
    "%pipeline run",
]


def write(folder: Path, *cells: str, name: str = "work") -> Path:
    """A notebook file of these cells."""
    path = folder / f"{name}.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(text) for text in cells]), path)
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path, *CELLS)
    return tmp_path


def command(folder: Path, *words: str, code: int = 0) -> subprocess.CompletedProcess[str]:
    """Start the real command there and see that it exits with this code; never with a traceback."""
    environ = {**os.environ, "COLUMNS": "120", "PYTHONWARNINGS": "error"}
    done = subprocess.run([COMMAND, *words], cwd=folder, capture_output=True, text=True, timeout=SECONDS, env=environ)
    assert "Traceback" not in done.stderr and done.returncode == code, (done.returncode, done.stdout, done.stderr)
    return done


def mage(folder: Path, *words: str, code: int = 0) -> Result:
    """The same without a process of its own, which takes a tenth of the time."""
    before, path = Path.cwd(), [*sys.path]
    os.chdir(folder)
    try:
        done = CliRunner(env={"COLUMNS": "120"}).invoke(cli, words, prog_name="jupyter mage")
    finally:
        os.chdir(before)
        sys.path[:] = path
    assert done.exit_code == code and isinstance(done.exception, SystemExit | None), (done.exit_code, done.output, done.exception)
    return done


def as_json(folder: Path, *words: str, code: int = 0) -> Any:
    return json.loads(mage(folder, *words, "--json", code=code).stdout)


def statuses(run: Any) -> dict[str, str]:
    return {block["name"]: block["status"] for block in run["blocks"]}


# ---- running


def test_run_draws_says_and_sums_up(folder: Path) -> None:
    done = command(folder, "run", "work.ipynb")
    assert done.stderr.splitlines()[0].startswith("✓ raw  2 items") and len(done.stderr.splitlines()) == 3
    assert "● " in done.stdout and "clean" in done.stdout and "✓ succeeded" in done.stdout and "1 test passed" in done.stdout
    assert done.stdout.splitlines()[-1].startswith("run ") and "succeeded" in done.stdout.splitlines()[-1]
    assert "\x1b" not in done.stdout + done.stderr


def test_jupyter_offers_the_command(folder: Path) -> None:
    jupyter = COMMAND.with_name("jupyter")
    done = subprocess.run([jupyter, "mage", "list", "work.ipynb"], cwd=folder, capture_output=True, text=True, check=True)
    assert re.search(r"^ work +python +\d", done.stdout, re.MULTILINE)


def test_run_is_one_json_document_when_asked(folder: Path) -> None:
    run = as_json(folder, "run", "work.ipynb", "--var", "n=10")
    assert (run["pipeline"], run["status"], statuses(run)) == (
        "work", "succeeded", {"raw": "succeeded", "clean": "succeeded", "total": "succeeded"},
    )  # fmt: skip
    assert as_json(folder, "show", "work.ipynb", "total")["preview"] == "60"
    again = as_json(folder, "run", "work.ipynb", "--var", "n=10")
    assert set(statuses(again).values()) == {"cached"}


def test_selection_and_force_are_taken(folder: Path) -> None:
    mage(folder, "run", "work.ipynb")
    assert statuses(as_json(folder, "run", "work.ipynb", "-s", "clean")) == {"raw": "cached", "clean": "cached"}
    forced = as_json(folder, "run", "work.ipynb", "--select", "clean", "--force", "--executor", "inline")
    assert statuses(forced) == {"raw": "cached", "clean": "succeeded"}


def test_failed_run_exits_1_and_says_where(folder: Path) -> None:
    write(folder, *CELLS[:3], "%%block clean(raw)\nx = 1\nraw[5]", CELLS[5], "%%block beside\n1")
    done = mage(folder, "run", "work.ipynb", code=1)
    assert "clean failed at cell [4] line 3: IndexError: list index out of range" in done.stderr and "raw[5]" in done.stderr
    assert "jupyter mage resume work.ipynb --run" in done.stdout
    run = as_json(folder, "run", "work.ipynb", code=1)
    assert statuses(run) == {"raw": "cached", "clean": "failed", "total": "skipped", "beside": "cached"}
    assert [block["line"] for block in run["blocks"] if block["name"] == "clean"] == [3]


def test_failed_test_exits_1(folder: Path) -> None:
    write(folder, *CELLS[:4], "%%test clean\nassert clean == [7], 'no'", CELLS[5])
    run = as_json(folder, "run", "work.ipynb", code=1)
    assert statuses(run) == {"raw": "succeeded", "clean": "failed", "total": "skipped"}
    assert (
        "test test_1 of clean failed at cell [5] line 2: AssertionError: no"
        in command(folder, "test", "work.ipynb", code=1).stderr
    )


def test_tests_run_again_on_kept_outputs(folder: Path) -> None:
    mage(folder, "run", "work.ipynb")
    run = as_json(folder, "test", "work.ipynb")
    assert statuses(run) == {"raw": "cached", "clean": "succeeded", "total": "cached"}


def test_interrupt_exits_130_and_keeps_what_had_finished(folder: Path) -> None:
    hangs = "%%block hangs(raw)\nimport time\nfrom pathlib import Path\nPath('started').touch()\ntime.sleep(600)"
    write(folder, *CELLS[:3], hangs)
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    process: Any = subprocess.Popen([COMMAND, "run", "work.ipynb"], cwd=folder, **pipes)
    until(folder / "started")
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=SECONDS)
    assert process.returncode == 130 and "Traceback" not in err, (process.returncode, out, err)
    assert "cancelled" in out
    assert [(run["status"], run["origin"]["face"]) for run in as_json(folder, "runs", "work.ipynb")] == [("cancelled", "cli")]
    assert {s["block"]: s["action"] for s in as_json(folder, "plan", "work.ipynb")} == {"raw": "cached", "hangs": "run"}


STUBBORN = """%%block hangs
import os, signal, time
from pathlib import Path
signal.signal(signal.SIGTERM, signal.SIG_IGN)
signal.signal(signal.SIGINT, lambda *_: Path("asked").touch())
Path("pid.part").write_text(str(os.getpid()))
Path("pid.part").rename("pid")
while True:
    time.sleep(600)
"""


def until(path: Path) -> None:
    end = time.monotonic() + SECONDS
    while not path.exists():
        assert time.monotonic() < end, f"no {path.name}"
        time.sleep(0.01)


def test_second_interrupt_ends_the_command_at_once(folder: Path) -> None:
    write(folder, STUBBORN)
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    process: Any = subprocess.Popen([COMMAND, "run", "work.ipynb"], cwd=folder, **pipes)
    until(folder / "pid")
    process.send_signal(signal.SIGINT)
    until(folder / "asked")
    process.send_signal(signal.SIGINT)
    try:
        out, err = process.communicate(timeout=15)
    except subprocess.TimeoutExpired:
        process.kill()
        out, err = process.communicate()
    assert process.returncode == 130 and "Traceback" not in err and "cancelled" in out, (process.returncode, out, err)
    assert not Path(f"/proc/{(folder / 'pid').read_text()}").exists()
    assert [run["status"] for run in as_json(folder, "runs", "work.ipynb")] == ["cancelled"]


def test_cell_order_and_carriers_do_not_matter(folder: Path) -> None:
    write(folder, "#| block: total(raw)\nsum(raw)", "# %% notes", "%%block raw\n[1]", "#| test: total\nassert total == 1")
    assert statuses(as_json(folder, "run", "work.ipynb")) == {"raw": "succeeded", "total": "succeeded"}


def test_module_beside_the_notebook_is_found_from_anywhere(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    (folder / "beside.py").write_text("VALUE = 7\n")
    (folder / "rows.csv").write_text("a\n1\n")
    write(folder, "%%block raw\nimport beside\n[beside.VALUE, open('rows.csv').read()]")
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    for executor in ("processes", "inline"):
        command(elsewhere, "run", str(folder / "work.ipynb"), "--force", "--executor", executor)
    assert list(elsewhere.iterdir()) == []


# ---- looking


def test_plan_runs_nothing_and_says_why(folder: Path) -> None:
    done = mage(folder, "plan", "work.ipynb")
    assert "never ran" in done.stdout and "plan: 3 to run" in done.stdout
    mage(folder, "run", "work.ipynb")
    steps = as_json(folder, "plan", "work.ipynb", "--var", "n=3")
    assert [(step["block"], step["action"], step["reasons"]) for step in steps] == [
        ("raw", "cached", []), ("clean", "run", ["parameter n 1 → 3"]), ("total", "maybe", ["upstream clean runs"]),
    ]  # fmt: skip
    assert len(as_json(folder, "runs", "work.ipynb")) == 1


def test_logs_show_what_was_printed_and_why_it_failed(folder: Path) -> None:
    write(folder, *CELLS[:3], "%%block clean(raw)\nprint('before')\nraw[5]")
    mage(folder, "run", "work.ipynb", code=1)
    lines = mage(folder, "logs", "work.ipynb").stdout.splitlines()
    assert lines[:4] == ["── raw · succeeded", "loading", "── clean · failed", "before"] and lines[-1].startswith("IndexError")
    assert not any("jupyter_mage" in line for line in lines)
    assert as_json(folder, "logs", "work.ipynb", "work", "raw") == {"raw": {"status": "succeeded", "log": "loading\n"}}


def test_logs_of_an_unknown_block_are_a_mistake(folder: Path) -> None:
    mage(folder, "run", "work.ipynb", "--executor", "inline")
    assert "Did you mean 'clean'?" in mage(folder, "logs", "work.ipynb", "work", "claen", code=2).stderr


def test_show_draws_the_graph_and_an_output(folder: Path) -> None:
    assert "total" in mage(folder, "show", "work.ipynb").stdout
    assert "total has no output yet" in mage(folder, "show", "work.ipynb", "total", code=2).stderr
    mage(folder, "run", "work.ipynb")
    assert "6" in mage(folder, "show", "work.ipynb", "total").stdout.splitlines()[-1]
    assert "Did you mean 'total'?" in mage(folder, "show", "work.ipynb", "totla", code=2).stderr


def test_check_runs_nothing_and_exits_1_where_there_are_problems(folder: Path) -> None:
    assert "no problems found" in mage(folder, "check", "work.ipynb").stdout
    write(folder, "open('ran', 'w')", "%%block raw\nopen('ran', 'w')\nx", "%%block clean(rwa)\nrwa", "%%block bad(\n1")
    problems = mage(folder, "check", "work.ipynb", code=1).stdout
    assert "work.ipynb, cell [4], line 1: a parenthesis is not closed" in problems
    write(folder, "%%block raw\n1", "%%block clean(rwa)\nrwa")
    assert "clean waits for rwa: no such block. Did you mean raw?" in mage(folder, "check", "work.ipynb", code=1).stdout
    assert not (folder / "ran").exists()


def test_looking_makes_no_state_folder(folder: Path) -> None:
    for words in (("check", "work.ipynb"), ("list", "work.ipynb")):
        mage(folder, *words)
    assert [path.name for path in folder.iterdir()] == ["work.ipynb"]


# ---- projects


def test_export_runs_and_imports_back(folder: Path) -> None:
    done = mage(folder, "export", "work.ipynb", "--to", "project")
    assert done.stdout.splitlines()[-1].startswith("run it: jupyter mage run ")
    assert [each["name"] for each in as_json(folder, "list", "project")] == ["work"]
    run = as_json(folder, "run", "project", "work", "--var", "n=10")
    assert run["status"] == "succeeded" and as_json(folder, "show", "project", "work", "total")["preview"] == "60"
    mage(folder, "import", "project", "work", "--to", "back.ipynb")
    cells = [cell.source for cell in nbformat.read(folder / "back.ipynb", as_version=4).cells if cell.cell_type == "code"]
    blocks = [text for text in CELLS if text.startswith(("%%block", "%%test"))]
    assert [text for text in cells if text.startswith(("%%block", "%%test"))] == blocks
    assert as_json(folder, "run", "back.ipynb", "--var", "n=10")["status"] == "succeeded"
    assert as_json(folder, "show", "back.ipynb", "total")["preview"] == "60"


def test_import_replaces_no_file(folder: Path) -> None:
    mage(folder, "export", "work.ipynb", "--to", "project")
    before = (folder / "work.ipynb").read_bytes()
    done = mage(folder, "import", "project", "work", code=2)
    assert "work.ipynb exists" in done.stderr and "--to" in done.stderr
    assert (folder / "work.ipynb").read_bytes() == before


def test_second_export_changes_nothing(folder: Path) -> None:
    def files() -> dict[str, bytes]:
        return {str(path.relative_to(folder)): path.read_bytes() for path in (folder / "project").rglob("*") if path.is_file()}

    mage(folder, "export", "work.ipynb", "--to", "project")
    first = files()
    mage(folder, "export", "work.ipynb", "--to", "project")
    assert files() == first and "pipelines/work/metadata.yaml" in "\n".join(first)


# ---- mistakes


MISTAKES = {
    "rnu work.ipynb": "Did you mean 'run'?",
    "run": "PROJECT",
    "run nowhere.ipynb": "nowhere.ipynb does not exist",
    "run .": "neither a notebook nor a Mage project",
    "run work.ipynb wrok": "Did you mean 'work'?",
    "run work.ipynb --exectuor inline": "--executor",
    "run work.ipynb --executor inlin": "Did you mean 'inline'?",
    "run work.ipynb --workers 0": "--workers",
    "run work.ipynb --select claen": "Did you mean 'clean'?",
    "run work.ipynb --var n": "NAME=VALUE",
    "run work.ipynb --var m=1": "There are: n",
    "run work.ipynb --select beside": "There are: clean, raw, total",
    "run work.ipynb --var n=abc": "parameter n is int, and 'abc' is str",
    "show work.ipynb claen": "Did you mean 'clean'?",
    "logs work.ipynb --run nosuchrun": "nosuchrun",
    "logs work.ipynb": "jupyter mage run",
    "import nowhere other": "nowhere does not exist",
    "check nowhere": "nowhere does not exist",
}


@pytest.mark.parametrize("line", MISTAKES)
def test_mistake_exits_2_with_a_short_answer(folder: Path, line: str) -> None:
    done = mage(folder, *line.split(), code=2)
    assert MISTAKES[line] in done.stderr and len(done.stderr.strip().splitlines()) <= 5


BROKEN = {
    "not json": "{",
    "empty": "",
    "a list": "[]",
    "no cells": '{"nbformat": 4, "nbformat_minor": 5, "metadata": {}}',
    "cells of another sort": '{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": 7}',
    "an old format": '{"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": []}',
    "merge marks": '<<<<<<< HEAD\n{"nbformat": 4}\n=======\n{}\n>>>>>>> other\n',
    "latin": b'{"nbformat": 4, "metadata": {"n": "\xe9"}, "cells": []}',
    "nul": b"\x00\x01\x02",
    "deep": "[" * 100_000,
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_notebook_exits_2_naming_the_file(tmp_path: Path, name: str) -> None:
    content = BROKEN[name]
    (tmp_path / "work.ipynb").write_bytes(content if isinstance(content, bytes) else content.encode())
    done = mage(tmp_path, "run", "work.ipynb", code=2)
    assert "work.ipynb" in done.stderr and len(done.stderr.strip().splitlines()) <= 4, done.stderr


def test_broken_cell_names_its_cell_and_line(tmp_path: Path) -> None:
    write(tmp_path, "%load_ext jupyter_mage", "%%block raw\n1", "%%block clean(raw)\nx = 1\ny = = 2")
    done = mage(tmp_path, "run", "work.ipynb", code=2)
    assert "clean" in done.stderr and "line 3" in done.stderr and "cell" in done.stderr and "work.ipynb" in done.stderr


def test_duplicate_block_names_both_cells(tmp_path: Path) -> None:
    write(tmp_path, "%%block raw\n1", "x = 1", "%%block raw\n2")
    done = mage(tmp_path, "run", "work.ipynb", code=2)
    assert "raw" in done.stderr and "1" in done.stderr and "3" in done.stderr


def test_help_and_version_are_quick_and_whole(tmp_path: Path) -> None:
    shown = command(tmp_path, "--help").stdout
    verbs = ("check", "export", "import", "list", "logs", "plan", "run", "runs", "show", "test")
    assert all(f"  {verb} " in shown for verb in verbs)
    for verb in verbs:
        assert f"Usage: jupyter mage {verb}" in mage(tmp_path, verb, "--help").stdout
    heavy = "pandas", "pyarrow", "networkx", "ipywidgets", "nbformat", "jsonschema", "IPython", "duckdb"
    code = "import sys\nfrom jupyter_mage.cli import main\nsys.argv = ['x', '--help']\ntry: main()\nexcept SystemExit: pass\n"
    code += f"print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_closed_pipe_is_no_error(folder: Path) -> None:
    """``jupyter mage show … | head -1`` says nothing of a broken pipe."""
    line = f"{COMMAND} --help | head -1; {COMMAND} show work.ipynb --json | head -1"
    done = subprocess.run(["sh", "-c", line], cwd=folder, capture_output=True, text=True, check=True)
    assert done.stderr == ""
