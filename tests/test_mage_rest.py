"""A pipeline of which something cannot run here says what, why, and the line that runs all the rest."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import mage_projects
import pytest
from click.testing import CliRunner

from jupyter_mage.cli.commands import cli
from jupyter_mage.errors import DefinitionError
from jupyter_mage.session import Session

TEXT = """blocks:
- {uuid: a, type: data_loader, upstream_blocks: [], downstream_blocks: [m, c]}
- {uuid: m, type: dbt, language: sql, upstream_blocks: [a], downstream_blocks: [d], configuration: {file_path: dbt/x/m.sql}}
- {uuid: c, type: transformer, upstream_blocks: [a], downstream_blocks: [d, e-1]}
- {uuid: e-1, type: data_exporter, upstream_blocks: [c], downstream_blocks: []}
- {uuid: d, type: data_exporter, upstream_blocks: [c, m], downstream_blocks: []}
- {uuid: fit, type: transformer, language: r, upstream_blocks: [a], downstream_blocks: []}
- {uuid: alone, type: custom, upstream_blocks: [], downstream_blocks: []}
callbacks: [{uuid: told, type: callback, upstream_blocks: [c], downstream_blocks: []}]
"""
FILES = {
    "pipelines/all of it/metadata.yaml": TEXT,
    "data_loaders/a.py": mage_projects.python("data_loader"),
    "transformers/c.py": mage_projects.python("transformer"),
    "transformers/fit.r": "transform <- function(df_1) df_1\n",
    "data_exporters/e-1.py": mage_projects.python("data_exporter"),
    "data_exporters/d.py": mage_projects.python("data_exporter"),
    "custom/alone.py": mage_projects.python("custom"),
    "callbacks/told.py": "@callback('success')\ndef told(data, **kwargs): ...\n",
    "dbt/x/m.sql": "select 1",
}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return mage_projects.make(tmp_path / "the project", FILES)


def test_the_command_that_is_printed_runs_all_the_rest(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done = CliRunner().invoke(cli, ["run", "the project", "all of it"], prog_name="jupyter mage")
    assert done.exit_code == 2
    assert done.output == (
        "Error: 2 blocks of this run cannot run here:\n"
        "m: dbt block: dbt runs it; it is kept and not run here\n"
        "fit: a block in r: it is kept and not run here (block m)\n"
        "  → all the rest: jupyter mage run 'the project' 'all of it' --select '+e_1 +alone'\n"
    )
    command = shlex.split(done.output.partition("all the rest: ")[2])
    monkeypatch.chdir(project.parent)
    done = CliRunner().invoke(cli, [*command[2:], "--executor", "inline", "--json"], prog_name="jupyter mage")
    assert done.exit_code == 0, done.output
    found = {each["name"]: each["status"] for each in json.loads(done.stdout)["blocks"]}
    assert found == dict.fromkeys(["a", "c", "e_1", "alone", "told"], "succeeded")


def test_a_notebook_is_told_the_same_in_its_words(project: Path) -> None:
    session = Session.open(project, "all of it")
    with pytest.raises(DefinitionError, match="2 blocks of this run cannot run here") as caught:
        session.run(executor="inline")
    assert caught.value.hint == "all the rest: %pipeline run +e_1 +alone"
    with pytest.raises(DefinitionError, match="fit: a block in r") as caught:
        session.run("fit", executor="inline")
    assert caught.value.hint == "all the rest: %pipeline run +a"
    session.close()
