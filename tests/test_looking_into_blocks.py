"""A failure, from the message to the inputs: drawn short, opened in a scratch cell, stopped at, in a kernel and in a shell."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pexpect
import pytest
from keyboard import ANSI, Person

LOAD = "%load_ext jupyter_mage"
RAW = '%%block raw\nimport pandas as pd\npd.DataFrame({"id": [1, 2], "user": ["a", "b"]})'
FAILS = "%%block half(raw, *, by: int = 0)\nhow_many = len(raw)\nhow_many // by"
COMMAND = str(Path(sys.executable).with_name("jupyter-mage"))
LIMIT = 12


def notebook_file(folder: Path, *cells: str) -> Path:
    nbformat.write(
        nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in (LOAD, *cells)]), folder / "work.ipynb"
    )
    return folder / "work.ipynb"


def mage(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, "COLUMNS": "110"}
    return subprocess.run([COMMAND, *words], cwd=folder, env=environ, text=True, capture_output=True, timeout=60)


# ---- what a failure costs


def test_division_by_zero_costs_few_lines_in_a_cell(person: Person) -> None:
    person.runs(RAW)
    lines = person.runs("%%block half(raw)\ndef f(n):\n    return n / 0\n\n\nf(len(raw))").error.splitlines()
    assert len(lines) <= LIMIT, lines
    assert [line for line in lines if "jupyter_mage" in line or "site-packages" in line] == []
    assert lines[-3:] == [
        "ZeroDivisionError: division by zero",
        "  raw has 2 × 2: id int64, user str",
        "  → look into it: %debug, or %pipeline open half; then correct the cell and run it again",
    ]


def test_division_by_zero_costs_few_lines_in_a_run(person: Person) -> None:
    person.runs(RAW)
    person.runs(FAILS + "\n", cell="")
    good = person.runs("%pipeline run --var by=1")
    bad = person.runs("%pipeline run --var by=0")
    more = len(bad.printed.splitlines()) - len(good.printed.splitlines())
    assert len(bad.error.splitlines()) + more <= LIMIT, bad.printed + bad.error
    assert "ZeroDivisionError: integer division or modulo by zero" in bad.error and "\x1b[31m✗\x1b[0m" in bad.drawn


def test_division_by_zero_costs_few_lines_in_a_shell(tmp_path: Path) -> None:
    notebook_file(tmp_path, RAW, FAILS)
    good, bad = mage(tmp_path, "run", "work.ipynb", "--var", "by=1"), mage(tmp_path, "run", "work.ipynb", "--var", "by=0")
    lines = [*bad.stdout.splitlines(), *bad.stderr.splitlines()]
    more = len(lines) - len(good.stdout.splitlines()) - len(good.stderr.splitlines())
    assert (good.returncode, bad.returncode) == (0, 1) and more <= LIMIT, lines
    assert "\x1b" not in bad.stdout + bad.stderr and "  raw has 2 × 2: id int64, user str" in lines


def test_deep_stack_shows_where_it_began_and_where_it_ended(person: Person) -> None:
    lines = person.runs("%%block deep\ndef f(n):\n    return f(n - 1) if n else 1 / 0\nf(30)").error.splitlines()
    assert len(lines) <= LIMIT, lines
    assert "  30 of your own frames between these are hidden: %debug shows them" in lines
    assert next(line for line in lines if line.startswith("Cell In")).endswith("line 4")


def test_module_of_the_project_is_the_users_own(person: Person, tmp_path: Path) -> None:
    (tmp_path / "helping_out.py").write_text("def f(n):\n    return 1 / n\n")
    error = person.runs("%%block uses\nimport helping_out\nhelping_out.f(0)").error
    assert "helping_out.py" in error and "return 1 / n" in error, error


def test_cause_of_an_error_is_said(person: Person) -> None:
    body = "try:\n    {}['a']\nexcept KeyError as error:\n    raise ValueError('bad') from error"
    assert "  because of KeyError: 'a' (line 3)" in person.runs(f"%%block chained\n{body}").error.splitlines()


@pytest.mark.parametrize(
    ("body", "meant"),
    [
        ("raw['usr']", "user"),
        ("raw[['usr', 'id']]", "user"),
        ("raw.groupby('usr').size()", "user"),
        ("raw.sort_values('usr')", "user"),
        ("raw.drop(columns='usr')", "user"),
        ("raw.usr", "user"),
        ("import polars as pl\npl.from_pandas(raw).select('usr')", "user"),
        ("import polars as pl\npl.from_pandas(raw)['usr']", "user"),
        ("import duckdb\nduckdb.sql('SELECT usr FROM raw').df()", "user"),
        ("import pandas as pd\npd.read_cvs", "read_csv"),
        ("how_many = len(raw)\nhow_mny", "how_many"),
    ],
)
def test_name_or_column_that_was_meant_is_said(person: Person, body: str, meant: str) -> None:
    person.runs(RAW)
    error = person.runs(f"%%block wrong(raw)\n{body}").error
    assert f"Did you mean {meant}?" in error, error


@pytest.mark.parametrize(
    ("cell", "meant"),
    [("%%block wrong(raw)\nraw['usr']", "user"), ("%%block wrong(raw) --sql\nSELECT usr FROM raw", "user")],
)
def test_column_that_was_meant_is_said_of_a_process_run(person: Person, cell: str, meant: str) -> None:
    person.runs(RAW)
    person.runs(cell.replace("\n", " --no-run\n", 1))
    assert f"Did you mean {meant}?" in person.runs("%pipeline run").error


def test_block_that_was_meant_is_said(person: Person) -> None:
    person.runs(RAW)
    person.runs("%%block other --no-run\n1")
    error = person.runs("%%block wrong(raw)\nlen(raw) + othr").error
    assert "Did you mean the block other? Then name it in the header." in error, error


def test_nothing_is_guessed_where_nothing_is_near(person: Person) -> None:
    person.runs(RAW)
    assert "Did you mean" not in person.runs("%%block wrong(raw)\nraw['zzzzzz']").error


# ---- open


def test_failed_run_is_opened_with_the_inputs_it_had(person: Person, tmp_path: Path) -> None:
    person.runs(RAW + ".head(1)")
    person.runs(FAILS.replace("\n", " --no-run\n", 1))
    person.runs("%pipeline run")
    person.runs(RAW)  # since then raw gives something else, and all that is cached is forgotten
    person.runs("%pipeline cache clear")
    person.runs("%pipeline cache gc")
    opened = person.runs("%pipeline open half")
    assert opened.lines == ["the next cell has what half got, and its body: step through it there"]
    run = re.search(r"in run (\S+):", opened.next_cell)
    assert run is not None and opened.next_cell.splitlines() == [
        f"# half as it failed in run {run[1]}: a scratch cell, no block",
        f"raw = blocks.open('{run[1]}/half')['raw']  # 1 × 2: id int64, user str",
        "by = 0",
        "",
        "how_many = len(raw)",
        "how_many // by",
    ]
    stepped = person.runs(opened.next_cell.replace("how_many // by", "how_many"))
    assert (stepped.result, stepped.printed) == ("1", "")
    assert "line 6" in person.runs(opened.next_cell).error


def test_block_that_did_not_fail_is_opened_with_the_latest_inputs(person: Person) -> None:
    person.runs(RAW)
    person.runs("%%block kept(raw)\nkept = len(raw)")
    opened = person.runs("%pipeline open kept").next_cell
    assert opened.splitlines()[0].startswith("# kept with the latest outputs of its upstreams: ")
    assert person.runs(opened).result == "2"
    assert person.runs("%pipeline open last/kept").next_cell.splitlines()[0].startswith("# kept as it succeeded in run ")


def test_sql_is_opened_as_python_that_runs_it(person: Person) -> None:
    person.runs(RAW)
    person.runs("%%block some(raw, *, least: int = 2) --sql\nSELECT user FROM raw\nWHERE id >= $least")
    assert person.runs(person.runs("%pipeline open some").next_cell).result == "  user\n0    b"


@pytest.mark.parametrize(
    "body",
    [
        "return len(raw)",
        "return (\n    len(raw)\n)  # all",
        "if len(raw) > 1:\n    return 2\nreturn 0",
        "text = '''\n  kept'''\nif text == '\\n  kept':\n    return 2",
        "import asyncio\nif await asyncio.sleep(0, True):\n    return 2",
        "len(raw)",
        "count = len(raw)",
        "@transformer\ndef count_them(frame, *args, **kwargs):\n    return len(frame)\n\n@test\ndef test_it(output):\n    assert output",
    ],
)
def test_body_is_opened_as_a_plain_cell(person: Person, body: str) -> None:
    person.runs(RAW)
    assert person.runs(f"%%block count(raw)\n{body}").result == "2"
    cell = person.runs("%pipeline open count").next_cell
    answer = person.runs(cell)
    assert (answer.result, answer.error) == ("2", ""), cell


def test_block_file_of_mage_is_opened_with_the_variables_of_its_run(tmp_path: Path) -> None:
    (tmp_path / "data_loaders").mkdir()
    (tmp_path / "pipelines/work").mkdir(parents=True)
    (tmp_path / "metadata.yaml").write_text("project_type: standalone\n")
    (tmp_path / "pipelines/work/metadata.yaml").write_text(
        "blocks:\n- {name: load, uuid: load, type: data_loader, language: python}\nname: work\nuuid: work\nvariables: {day: 1}\n"
    )
    guard = "if 'data_loader' not in globals():\n    from mage_ai.data_preparation.decorators import data_loader\n\n"
    body = "@data_loader\ndef load_it(*args, **kwargs):\n    return kwargs['day'] / 0\n"
    (tmp_path / "data_loaders/load.py").write_text(guard + body)
    assert mage(tmp_path, "run", ".").returncode == 1
    lines = mage(tmp_path, "open", ".", "load").stdout.splitlines()
    assert lines[-5:] == ["", "def load_it(*args, **kwargs):", "    return kwargs['day'] / 0", "", "load_it(day=day)"], lines
    assert "day = 1" in lines and not [line for line in lines if "mage_ai" in line]


def test_item_that_failed_is_opened(person: Person) -> None:
    person.runs("%%block parts\n[4, 0, 2]")
    person.runs("%%block inverse(parts) --map parts --no-run\n1 / parts")
    person.runs("%pipeline run")
    cell = person.runs("%pipeline open inverse").next_cell
    assert "ZeroDivisionError" in person.runs(cell).error and person.runs("parts").result == "0"
    assert person.runs(person.runs("%pipeline open inverse[2]").next_cell).result == "0.5"


def test_what_a_block_captured_comes_along_in_a_new_kernel(person: Person, tmp_path: Path) -> None:
    notebook_file(
        tmp_path, "RATE = 2", "def twice(n):\n    return n * RATE", "%%block raw\n[1]", "%%block out(raw)\ntwice(raw[0]) / 0"
    )
    assert mage(tmp_path, "run", "work.ipynb").returncode == 1
    printed = mage(tmp_path, "open", "work.ipynb", "out").stdout
    ran = subprocess.run([sys.executable, "-c", printed], cwd=tmp_path, text=True, capture_output=True, timeout=60)
    assert ran.stderr.splitlines()[-1] == "ZeroDivisionError: division by zero", ran.stderr


def test_what_cannot_be_opened_is_said(person: Person) -> None:
    person.runs("%%block raw --no-run\n1")
    person.runs("%%block next_one(raw) --no-run\nraw")
    assert person.runs("%pipeline open next_on").error.startswith("no block 'next_on'. Did you mean 'next_one'?")
    assert person.runs("%pipeline open next_one").error.splitlines()[0] == "raw has no output yet (block raw)"
    person.runs("%pipeline run raw")
    assert person.runs("%pipeline open last/next_one").error.startswith("no block 'next_one'.")


def test_name_blocks_of_the_users_own_stays(person: Person) -> None:
    person.runs("%unload_ext jupyter_mage")
    person.runs("blocks = 7")
    person.runs(LOAD)
    person.runs("%%block raw\n1")
    person.runs("%%block more(raw)\nraw + 1")
    cell = person.runs("%pipeline open more").next_cell
    assert (person.runs(cell).result, person.runs("blocks").result) == ("2", "7")


# ---- debuggers


def test_debug_magic_stops_at_the_users_line_with_its_inputs(person: Person) -> None:
    person.runs(RAW)
    person.runs("%%block lost(raw)\nwanted = 'usr'\nraw[wanted]")
    answer = person.runs("%debug", typing=("p wanted", "p len(raw)", "q"))
    assert "----> 3 raw[wanted]" in ANSI.sub("", answer.printed) and "'usr'" in answer.printed and "\n2" in answer.printed, (
        answer.printed
    )


def test_run_debug_stops_at_the_line_that_fails(person: Person) -> None:
    person.runs(RAW)
    person.runs(FAILS.replace("\n", " --no-run\n", 1))
    answer = person.runs("%pipeline run --debug", typing=("p how_many + 40", "p by", "q"))
    assert "----> 3 how_many // by" in ANSI.sub("", answer.printed) and "42" in answer.printed, answer.printed
    assert "half failed at cell" in answer.error and person.runs("how_many").error.startswith("-----")  # it ran clean


def test_run_debug_without_a_keyboard_ends_as_a_run_does(person: Person) -> None:
    person.runs("%%block bad --no-run\n1 / 0")
    answer = person.runs("%pipeline run --debug")
    assert "this front end has no keyboard for the debugger" in answer.printed and "bad failed at cell" in answer.error


def test_run_debug_of_a_shell_stops_at_the_line_that_fails(tmp_path: Path) -> None:
    notebook_file(tmp_path, RAW, FAILS)
    terminal = pexpect.spawn(COMMAND, ["run", "work.ipynb", "--debug"], cwd=str(tmp_path), encoding="utf-8", timeout=60)
    terminal.expect_exact("(Pdb) ")
    assert "how_many // by" in terminal.before
    terminal.sendline("p how_many + 40")
    terminal.expect_exact("42")
    terminal.sendline("q")
    terminal.expect("half failed at cell")
    terminal.expect(pexpect.EOF)
    terminal.close()
    assert terminal.exitstatus == 1


def test_debugger_and_json_are_refused_together(tmp_path: Path) -> None:
    notebook_file(tmp_path, RAW)
    refused = mage(tmp_path, "run", "work.ipynb", "--debug", "--json")
    assert (refused.returncode, refused.stderr.splitlines()[-1]) == (2, "Error: --debug asks and --json tells: take one of them")


def test_open_in_ipython_has_the_inputs_and_the_body_at_the_prompt(tmp_path: Path) -> None:
    notebook_file(tmp_path, RAW, FAILS)
    mage(tmp_path, "run", "work.ipynb")
    environ = {**os.environ, "TERM": "dumb", "IPY_TEST_SIMPLE_PROMPT": "1"}
    words = ["open", "work.ipynb", "half", "--ipython"]
    terminal = pexpect.spawn(COMMAND, words, cwd=str(tmp_path), encoding="utf-8", timeout=60, env=environ)
    terminal.expect(r"In \[\d+\]: ")
    terminal.sendline("len(raw) + by + 40")
    terminal.expect(r"Out\[\d+\]: 42")
    terminal.sendline("exit")
    terminal.expect(pexpect.EOF)
    terminal.close()
