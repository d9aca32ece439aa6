"""A line for `mage run` is a line for `jupyter mage run`: the same words, and exit codes that can be trusted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from jupyter_mage.cli.commands import cli

CELLS = (
    "%%block day(*, n: int = 2)\nn",
    "%%block there() --kind sensor --interval 1h\nFalse",
    "%%block out(day) --after there\nday * 10",
    "%%test out\nassert out < 1000",
    "%%block pair\nday, day",
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    cells = [{"cell_type": "code", "metadata": {}, "source": source} for source in CELLS]
    (tmp_path / "n.ipynb").write_text(json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*words: str, code: int = 0) -> Any:
    done = CliRunner().invoke(cli, ["run", "n.ipynb", "--executor", "inline", *words], prog_name="jupyter mage")
    assert done.exit_code == code, done.output
    return done


def statuses(*words: str, code: int = 0) -> dict[str, str]:
    return {each["name"]: each["status"] for each in json.loads(run(*words, "--json", code=code).stdout)["blocks"]}


def value(name: str) -> str:
    return CliRunner().invoke(cli, ["show", "n.ipynb", name], prog_name="jupyter mage").output


def test_runtime_variables_are_json_and_sensors_can_be_skipped(folder: Path) -> None:
    done = dict.fromkeys(("day", "there", "out", "pair"), "succeeded")
    assert statuses("--runtime-vars", '{"n": 5}', "--skip-sensors", "--test", "--executor-type", "local_python") == done
    assert "50" in value("out")


def test_a_variable_of_our_own_counts_before_one_of_mages(folder: Path) -> None:
    run("--runtime-vars", '{"n": 5}', "--var", "n=7", "--skip-sensors")
    assert "70" in value("out")


def test_one_block_runs_with_what_it_needs(folder: Path) -> None:
    assert statuses("--block-uuid", "pair") == {"day": "succeeded", "pair": "succeeded"}
    assert "no block 'pear'. Did you mean 'pair'?" in run("--block-uuid", "pear", code=2).output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--runtime-vars", "{n"), "--runtime-vars does not read as JSON: "),
        (("--runtime-vars", "[1]"), "--runtime-vars has to be an object"),
        (("--callback-url", "http://x"), "--callback-url is for Mage's own scheduler"),
        (("--pipeline-run-id", "3"), "--pipeline-run-id is for Mage's own scheduler"),
        (("--executor-type", "k8s"), "--executor-type k8s is not here"),
    ],
)
def test_what_cannot_be_had_is_refused_and_nothing_runs(folder: Path, words: tuple[str, ...], said: str) -> None:
    assert said in run(*words, code=2).output
    assert not (folder / ".jupyter_mage").exists()


def test_a_failing_test_fails_the_run_without_being_asked_for(folder: Path) -> None:
    assert statuses("--runtime-vars", '{"n": 100}', "--skip-sensors", code=1)["out"] == "failed"


def test_a_strict_run_hands_values_on_as_mage_does(folder: Path) -> None:
    run("--mage-strict", "--block-uuid", "pair")
    assert "has no output yet" in value("pair")  # it keeps nothing
    run("--block-uuid", "pair")
    assert "(2, 2)" in value("pair")
