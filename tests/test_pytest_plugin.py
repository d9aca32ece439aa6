"""pytest collects the block tests of notebooks and exported projects; each test here is a real pytest in a process of its own."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from jupyter_mage.session import Session

ROOT = Path(__file__).resolve().parent.parent
CELLS = [
    "%load_ext jupyter_mage",
    "# Orders\nLEAST = 0",
    "%%block raw()\nimport pandas as pd\nwith open('ran', 'a') as file:\n    file.write('r')\nraw = pd.DataFrame({'id': [1, 2, 3], 'amount': [0.0, 2.0, 3.0]})",
    "%%block clean(raw)\nclean = raw[raw.amount > LEAST]\n\n\n@test\ndef has_rows(output, *args):\n    assert len(output)\n\n\n"
    "@test\ndef all_dear(output, raw):\n    assert len(output) < len(raw)\n    assert (output.amount > 2).all()",
    "%%test clean\nassert clean.id.is_unique",
    "%%test raw unique\nprint('looking')\nassert raw.id.is_unique",
]
ONLY_OURS = ["-p", "jupyter_mage.testing", "-p", "no:cacheprovider", "-p", "no:randomly"]


def write(path: Path, cells: list[str]) -> None:
    made = [
        {"cell_type": "code", "id": f"c{place}", "metadata": {}, "execution_count": None, "outputs": [], "source": text}
        for place, text in enumerate(cells)
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))


def run(folder: Path, *words: str) -> tuple[int, str, list[str]]:
    """Exit code, output, and a line ``name OUTCOME`` a test."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST")}
    plugins = [] if "jupyter_mage.testing" in _installed() else ONLY_OURS[:2]
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "pytest", *plugins, *ONLY_OURS[2:], "-v", "--color=no", *words],
        cwd=folder, env=environment, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    outcomes = re.findall(r"^(\S+(?:::\S+)+) (PASSED|FAILED|SKIPPED|ERROR)", done.stdout, re.MULTILINE)
    return done.returncode, done.stdout + done.stderr, [" ".join(each) for each in outcomes]


def _installed() -> set[str]:
    from importlib import metadata

    return {each.value for each in metadata.entry_points(group="pytest11")}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)  # what blocks write goes there
    write(tmp_path / "notebooks" / "sales.ipynb", CELLS)
    return tmp_path


def test_notebook_gives_one_item_a_test_and_shows_cell_line_and_rows(project: Path) -> None:
    code, text, outcomes = run(project, "notebooks")
    assert code == 1
    assert outcomes == [
        "notebooks/sales.ipynb::raw::unique PASSED",
        "notebooks/sales.ipynb::clean::has_rows PASSED",
        "notebooks/sales.ipynb::clean::all_dear FAILED",
        "notebooks/sales.ipynb::clean::test_3 PASSED",
    ]
    failure = text.split("= FAILURES =")[1].split("= short test summary")[0]
    shown = [line.rstrip() for line in failure.splitlines()[2:-1]]
    assert shown == [
        "✗ test all_dear of clean failed: AssertionError: assert (output.amount > 2).all()",
        "",
        "    @test",
        "    def all_dear(output, raw):",
        "        assert len(output) < len(raw)",
        ">       assert (output.amount > 2).all()",
        "E   AssertionError: assert (output.amount > 2).all()",
        "E          id  amount",
        "E       1   2     2.0",
        "",
        "notebooks/sales.ipynb: cell [4], line 13",
    ]
    assert (project / "notebooks" / "ran").read_text() == "r"  # once for all tests; the second time from the cache
    run(project, "notebooks")
    assert (project / "notebooks" / "ran").read_text() == "r"


def test_one_test_is_run_by_its_name(project: Path) -> None:
    code, _, outcomes = run(project, "notebooks/sales.ipynb::clean::has_rows")
    assert (code, outcomes) == (0, ["notebooks/sales.ipynb::clean::has_rows PASSED"])
    code, text, _ = run(project, "-k", "unique", "-rP")
    assert code == 0 and "looking" in text


def test_frozen_inputs_are_used_and_nothing_above_runs(project: Path) -> None:
    session = Session.open(project / "notebooks" / "sales.ipynb")
    frozen = session.freeze("clean", mask=["id"])
    session.close()
    assert [each.masked for each in frozen.inputs] == [("id",)]
    (project / "notebooks" / "ran").unlink(missing_ok=True)
    code, text, outcomes = run(project, "notebooks", "-k", "has_rows or test_3")
    assert (code, len(outcomes)) == (0, 2), text
    assert not (project / "notebooks" / "ran").exists()


def test_exported_project_has_the_same_tests_and_frozen_inputs(project: Path) -> None:
    session = Session.open(project / "notebooks" / "sales.ipynb")
    session.freeze("clean")
    session.export(project / "exported")
    session.close()
    code, text, outcomes = run(project / "exported")
    assert code == 1, text
    assert [each.removeprefix("pipelines/sales/metadata.yaml::") for each in outcomes] == [
        "raw::unique PASSED", "clean::has_rows PASSED", "clean::all_dear FAILED", "clean::test_3 PASSED",
    ]  # fmt: skip
    assert "pipelines/sales/metadata.yaml: block clean, line 13" in text


def test_block_that_fails_fails_its_tests_with_its_own_line(tmp_path: Path) -> None:
    write(
        tmp_path / "n.ipynb",
        [
            "%%block raw()\nraw = 1",
            "%%block bad(raw)\nraw / 0",
            "%%test bad\nassert bad",
            "%%block deep(bad)\n2",
            "%%test deep\nassert deep",
        ],
    )
    _, text, outcomes = run(tmp_path)
    assert outcomes == ["n.ipynb::bad::test_1 FAILED", "n.ipynb::deep::test_1 FAILED"]
    assert "✗ bad failed at cell [2] line 2: ZeroDivisionError: division by zero\n    2 │ raw / 0" in text
    assert "deep did not run:\n✗ bad failed at cell [2] line 2" in text
    assert "jupyter_mage/" not in text.split("FAILURES")[1].replace("pytest -p", "")


def test_exporter_is_never_run_by_pytest(tmp_path: Path) -> None:
    write(
        tmp_path / "n.ipynb",
        [
            "%%block raw()\nraw = 1",
            "%%block out(raw) --kind data_exporter\nopen('sent', 'w').close()\nout = raw",
            "%%test out\nassert out",
        ],
    )
    code, text, outcomes = run(tmp_path, "-rs")
    assert (code, outcomes) == (0, ["n.ipynb::out::test_1 SKIPPED"])
    assert "out has effects outside" in text
    assert not (tmp_path / "sent").exists()


def test_notebook_that_does_not_read_is_an_error_with_its_place(tmp_path: Path) -> None:
    write(tmp_path / "n.ipynb", ["%%block raw(\n1", "%%test raw\nassert raw"])
    code, text, _ = run(tmp_path)
    assert code == 2
    assert "a parenthesis is not closed" in text and "n.ipynb, cell [1], line 1" in text


def test_files_without_block_tests_are_left_alone(tmp_path: Path) -> None:
    write(tmp_path / "plain.ipynb", ["1 +", "%%block raw()\n1"])
    (tmp_path / "other.ipynb").write_text("{not json")
    (tmp_path / "metadata.yaml").write_text("blocks: [")
    (tmp_path / "test_own.py").write_text("def test_own():\n    pass\n")
    code, text, outcomes = run(tmp_path)
    assert (code, outcomes) == (0, ["test_own.py::test_own PASSED"]), text


def test_setting_says_which_files_are_looked_at(project: Path) -> None:
    (project / "pytest.ini").write_text("[pytest]\nmage_files = other/*.ipynb\n")
    assert run(project)[0] == 5
    (project / "pytest.ini").write_text("[pytest]\nmage_files = notebooks/*.ipynb\n")
    assert len(run(project)[2]) == 4


def test_plugin_loads_nothing_heavy_where_there_is_nothing(tmp_path: Path) -> None:
    (tmp_path / "test_light.py").write_text(
        "import sys\ndef test_light():\n"
        "    assert not {'pandas', 'pyarrow', 'duckdb', 'IPython', 'networkx', 'jupyter_mage.session'} & set(sys.modules)\n"
    )
    code, text, _ = run(tmp_path, "-p", "no:hypothesispytest", "-p", "no:typeguard")
    assert code == 0, text


def test_ordinary_test_calls_blocks_of_a_notebook(project: Path) -> None:
    (project / "test_sales.py").write_text(
        "import jupyter_mage, pandas as pd\n\ndef test_clean():\n    blocks = jupyter_mage.load('notebooks/sales.ipynb')\n"
        "    raw = pd.DataFrame({'id': [1], 'amount': [7.0]})\n    assert blocks.clean(raw=raw).id.tolist() == [2]\n"
    )
    code, text, outcomes = run(project, "test_sales.py")
    assert (code, outcomes) == (1, ["test_sales.py::test_clean FAILED"])
    assert "assert [1] == [2]" in text and "calling.py" not in text


def test_our_own_repository_has_no_items_but_its_own() -> None:
    code, text, _ = run(ROOT, "--collect-only", "-q", "--ignore-glob=*/test_[a-o]*.py", "tests", "jupyter_mage")
    assert code == 0, text[-2000:]
    assert ".ipynb::" not in text and "metadata.yaml::" not in text


def test_our_own_tutorial_has_tests_that_pytest_runs(tmp_path: Path) -> None:
    shutil.copy(ROOT / "notebooks" / "01_flights.ipynb", tmp_path)
    code, text, outcomes = run(tmp_path)
    assert code == 0, text
    assert outcomes == [
        "01_flights.ipynb::by_carrier::test_1 PASSED",
        "01_flights.ipynb::with_weather::keeps_every_flight PASSED",
    ]


def test_block_that_fails_with_its_frozen_inputs_shows_its_own_line(project: Path) -> None:
    path = project / "notebooks" / "sales.ipynb"
    session = Session.open(path)
    session.freeze("clean")
    session.close()
    write(
        path, [cell.replace("clean = raw[raw.amount > LEAST]", "clean = raw.dropna()\nclean['no such column']") for cell in CELLS]
    )
    code, text, _ = run(project, "notebooks", "-k", "has_rows")
    assert code == 1
    assert "✗ clean, with its frozen inputs, failed: KeyError: 'no such column'" in text
    assert "    clean = raw.dropna()\n>   clean['no such column']\nE   KeyError: 'no such column'" in text
    assert "notebooks/sales.ipynb: cell [4], line 3" in text


def test_mapped_block_is_frozen_whole_and_called_for_each_item(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "n.ipynb"
    write(
        path,
        [
            "%%block parts()\nparts = [1, 2]",
            "%%block double(parts) --map parts\nparts * 2",
            "%%test double\nassert double == [each * 2 for each in parts]",
        ],
    )
    session = Session.open(path)
    session.freeze("double")
    session.close()
    code, text, outcomes = run(tmp_path)
    assert (code, outcomes) == (0, ["n.ipynb::double::test_1 PASSED"]), text


def test_workers_share_the_tests_and_block_files_are_no_modules_of_tests(project: Path) -> None:
    cells = [*CELLS, "%%block test_like(clean)\ntest_like = len(clean)", "%%test test_like\nassert test_like"]
    write(project / "notebooks" / "sales.ipynb", cells)
    session = Session.open(project / "notebooks" / "sales.ipynb")
    session.export(project / "exported")
    session.close()
    code, text, _ = run(project / "exported", "-n", "2", "--doctest-modules")
    assert code == 1
    assert "1 failed, 4 passed" in text
