"""`jupyter mage init`: a new project, which an export goes into and a run comes out of."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

NOTEBOOK = {
    "cells": [{"cell_type": "code", "metadata": {}, "source": "%%block five\n5"}],
    "metadata": {},
    "nbformat": 4,
    "nbformat_minor": 5,
}


def mage(*words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from jupyter_mage.cli import main; main()", *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_a_notebook_is_exported_into_a_new_project_and_runs_there(tmp_path):
    (tmp_path / "n.ipynb").write_text(json.dumps(NOTEBOOK))
    made = mage("init", "shop", folder=tmp_path)
    assert (made.returncode, made.stdout) == (0, "13 files in shop\nnext: jupyter mage export NOTEBOOK.ipynb --to shop\n")
    assert mage("export", "n.ipynb", "--to", "shop", folder=tmp_path).returncode == 0
    assert mage("check", "shop", folder=tmp_path).stdout == "no problems found; nothing was run\n"
    assert mage("run", "shop", "--executor", "inline", folder=tmp_path).returncode == 0
    assert "help_improve_mage: false" in (tmp_path / "shop/metadata.yaml").read_text()


def test_what_is_there_is_left_as_it_is(tmp_path):
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop/requirements.txt").write_text("pandas\n")
    assert mage("init", "shop", folder=tmp_path).returncode == 0
    before = {path: path.read_bytes() for path in (tmp_path / "shop").rglob("*") if path.is_file()}
    again = mage("init", "shop", folder=tmp_path)
    assert (again.returncode, again.stderr) == (2, "Error: a project is here already (shop)\n  → jupyter mage list shop\n")
    assert {path: path.read_bytes() for path in (tmp_path / "shop").rglob("*") if path.is_file()} == before
    assert (tmp_path / "shop/requirements.txt").read_text() == "pandas\n"


def test_a_file_of_that_name_is_no_project(tmp_path):
    (tmp_path / "shop").write_text("")
    refused = mage("init", "shop", folder=tmp_path)
    assert (refused.returncode, refused.stderr) == (
        2, "Error: a file of this name is there (shop)\n  → jupyter mage init shop_project\n",
    )  # fmt: skip


def test_the_words_of_mages_init_are_noted_or_refused(tmp_path):
    assert mage("init", "shop", "--project-type", "main", "--project-uuid", "a-1", folder=tmp_path).returncode == 0
    assert (tmp_path / "shop/metadata.yaml").read_text() == (
        "project_type: main\nvariables_dir: ~/.mage_data\nhelp_improve_mage: false\nproject_uuid: a-1\n"
    )
    refused = mage("init", "other", "--cluster-type", "k8s", folder=tmp_path)
    assert (refused.returncode, "leave it out" in refused.stderr, (tmp_path / "other").exists()) == (2, True, False)
