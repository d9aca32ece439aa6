"""Conditionals, sensors, callbacks, dynamic blocks and replicas: what we export does in the real mage-ai what it does here."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from jupyter_mage.formats import mage
from jupyter_mage.session import Session

from .test_real_mage import load

pytestmark = [pytest.mark.mage, pytest.mark.timeout(300)]
HERE = Path(__file__).parent
NOTE = "with open(notes, 'a') as file:\n    file.write(repr(({}, outcome)) + '\\n')"
DONE = {
    "completed": "succeeded",
    "failed": "failed",
    "condition_failed": "skipped",
    "upstream_failed": "skipped",
    "cancelled": "skipped",
}


MODES = ("oneproc", "trigger")


def in_mage(project: Path, out: Path, pipeline: str, variables: dict[str, Any], mode: str = "oneproc") -> dict[str, Any]:
    command = [str(HERE / "run_in_mage.sh"), str(project), pipeline, str(out)]
    environment = {**os.environ, "MODE": mode, "RUNTIME_VARS": json.dumps(variables), "TIMEOUT": "240"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (out / "report.json").exists(), done.stdout + done.stderr
    found: dict[str, Any] = json.loads((out / "report.json").read_text())
    return found


def here(project: Path, pipeline: str, variables: dict[str, Any]) -> tuple[dict[str, str], dict[str, str]]:
    """How each block ended, and the hash of what it gave."""
    session = Session.open(project, pipeline)
    run = session.run(executor="inline", variables=variables)
    describe = load("df_hash").describe
    values = {name: describe(session.store.get(b.output))["loose"] for name, b in run.blocks.items() if b.output is not None}
    session.close()
    return {name: block.status for name, block in run.blocks.items()}, values


def same(project: Path, tmp_path: Path, pipeline: str, variables: dict[str, Any], beside: set[str], mode: str) -> dict[str, str]:
    """How the blocks ended, in both; ``beside`` are conditionals and callbacks, which have no runs of their own in Mage."""
    theirs = in_mage(project, tmp_path / "out", pipeline, {**variables, "notes": str(tmp_path / "theirs")}, mode)["blocks"]
    statuses, values = here(project, pipeline, {**variables, "notes": str(tmp_path / "ours")})
    ended = {name: DONE.get(block["status"], block["status"]) for name, block in theirs.items() if name not in beside}
    assert ended == {name: statuses[name] for name in ended}
    found = {name: block["outputs"][0]["loose"] for name, block in theirs.items() if block["outputs"] and name in ended}
    assert found == {name: values[name] for name in found} and found
    return ended


def notes(tmp_path: Path) -> tuple[list[str], list[str]]:
    """What callbacks noted here and there; in Mage in no certain order."""
    return tuple(sorted((tmp_path / name).read_text().splitlines()) for name in ("ours", "theirs"))  # type: ignore[return-value]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    session = Session(tmp_path, pipeline="roles")
    session.define("rows()", "{'n': 6}")
    session.define("there(rows) --kind sensor", "rows['n'] > 0")
    session.define("many(rows, *, most: int = 5) --kind conditional", "rows['n'] > most")
    session.define("odd(rows) --kind conditional", "rows['n'] % 2")
    session.define("used(rows, *, most: int = 5) --after there --if many", "{'twice': rows['n'] * 2, 'most': most}")
    session.define("unused(rows) --if odd", "{'never': 1}")
    session.define("below(unused) --kind data_exporter", "1 / 0")
    session.define("broken(used)", "{'x': used['twice'] / 0}")
    session.define("well(used, *, notes: str) --kind callback --on success", NOTE.format("used"))
    session.define("badly(broken, *, notes: str) --kind callback --on failure,cancelled", NOTE.format("broken"))
    session.define("either(used, *, notes: str) --kind callback", NOTE.format("used['twice']"))
    session.define("never(used, *, notes: str) --kind callback --on failure", NOTE.format("'never'"))
    session.define("at_the_end(*, notes: str) --kind callback", "'a run is over'")
    mage.format.write(session.pipeline, tmp_path / "project")
    session.close()
    return tmp_path / "project"


ROLES = {"many", "odd", "well", "badly", "either", "never", "at_the_end"}


@pytest.mark.parametrize("mode", MODES)
def test_conditionals_sensors_and_callbacks_of_ours_do_in_mage_what_they_do_here(mode, project: Path, tmp_path: Path) -> None:
    assert same(project, tmp_path, "roles", {}, ROLES, mode) == {
        "rows": "succeeded", "there": "succeeded", "used": "succeeded", "unused": "skipped", "below": "skipped", "broken": "failed",
    }  # fmt: skip
    ours, theirs = notes(tmp_path)
    assert ours == theirs == [
        "(12, {'used': {'status': 'success'}})",
        "(None, {'broken': {'status': 'failure', 'error': 'ZeroDivisionError', 'message': 'division by zero'}})",
        "({'twice': 12, 'most': 5}, {'used': {'status': 'success'}})",
    ]  # fmt: skip


def test_a_conditional_that_says_no_says_so_in_both(project: Path, tmp_path: Path) -> None:
    assert same(project, tmp_path, "roles", {"most": 7}, ROLES, "oneproc") == {
        "rows": "succeeded", "there": "succeeded", "used": "skipped", "unused": "skipped", "below": "skipped", "broken": "skipped",
    }  # fmt: skip
    assert [(tmp_path / name).exists() for name in ("theirs", "ours")] == [False, False]


GUARD = "if '{0}' not in globals():\n    from mage_ai.data_preparation.decorators import {0}\n\n\n"
TOLD = "    with open(kwargs['notes'], 'a') as file:\n        file.write(repr(({})) + '\\n')\n"
FILES = {
    "metadata.yaml": "project_type: standalone\nhelp_improve_mage: false\n",
    "io_config.yaml": "version: 0.1.1\ndefault: {}\n",
    "pipelines/theirs/metadata.yaml": """name: theirs
type: python
blocks:
- {uuid: items, type: data_loader, configuration: {dynamic: true}, upstream_blocks: [], downstream_blocks: [square]}
- {uuid: square, type: transformer, upstream_blocks: [items], downstream_blocks: [plus], configuration: {by: 2}}
- {uuid: plus, type: transformer, upstream_blocks: [square], downstream_blocks: [total, again], configuration: {reduce_output: true}}
- {uuid: total, type: custom, upstream_blocks: [plus], downstream_blocks: [guarded]}
- {uuid: again, type: custom, replicated_block: total, upstream_blocks: [plus], downstream_blocks: []}
- {uuid: guarded, type: data_exporter, upstream_blocks: [total], downstream_blocks: []}
conditionals:
- {uuid: both, type: conditional, upstream_blocks: [guarded], downstream_blocks: []}
callbacks:
- {uuid: tell, type: callback, upstream_blocks: [total, guarded], downstream_blocks: []}
""",
    "data_loaders/items.py": GUARD.format("data_loader")
    + "@data_loader\ndef load(*args, **kwargs):\n"
    + "    return [[1, 2, 3, 4], [{'block_uuid': f'number_{n}', 'plus': n} for n in (1, 2, 3, 4)]]\n",
    "transformers/square.py": GUARD.format("transformer")
    + "@transformer\ndef f(item, *args, **kwargs):\n"
    + "    return {'square': item ** kwargs['configuration']['by'], 'plus': kwargs['plus']}\n",
    "transformers/plus.py": GUARD.format("transformer")
    + "@transformer\ndef f(item, *args, **kwargs):\n    return item['square'] + item['plus']\n",
    "custom/total.py": GUARD.format("custom")
    + "@custom\ndef f(items, *args, **kwargs):\n    return {'all': items, 'sum': sum(items)}\n",
    "data_exporters/guarded.py": GUARD.format("data_exporter")
    + "@data_exporter\ndef f(data, *args, **kwargs):\n    raise ValueError(str(data['sum']))\n",
    "conditionals/both.py": GUARD.format("condition")
    + "@condition\ndef one(data, *args, **kwargs):\n    return data['sum'] > 3\n\n\n"
    + "@condition\ndef two(data, *args, **kwargs):\n    return kwargs['parent_block_uuid'] == 'guarded'\n",
    "callbacks/tell.py": GUARD.format("callback")
    + "@callback('success')\ndef good(data, **kwargs):\n" + TOLD.format("'good', data, kwargs['parent_block_uuid']")
    + "\n\n@callback('failure')\ndef bad(data, **kwargs):\n" + TOLD.format("'bad', data, str(kwargs['__error'])")
    + "\n\n@callback('success')\ndef named(**kwargs):\n" + TOLD.format("'named', kwargs['__input']"),
}  # fmt: skip


@pytest.fixture
def theirs(tmp_path: Path) -> Path:
    """Their project, read by us and written into another folder."""
    for name, text in FILES.items():
        place = tmp_path / "given" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    shutil.copytree(tmp_path / "given", tmp_path / "project")
    shutil.rmtree(tmp_path / "project/custom")
    session = Session.open(tmp_path / "given", "theirs")
    mage.format.write(session.pipeline, tmp_path / "project", shared=True)
    session.close()
    return tmp_path / "project"


@pytest.mark.parametrize("mode", MODES)
def test_dynamic_blocks_replicas_conditionals_and_callbacks_of_theirs_do_here_what_they_do_there(mode, theirs, tmp_path) -> None:
    assert {name: (theirs / name).read_text() for name in FILES} == FILES
    ended = same(theirs, tmp_path, "theirs", {}, {"both", "tell", "items", "square", "plus"}, mode)
    assert ended == {"total": "succeeded", "again": "succeeded", "guarded": "failed"}
    ours, seen = notes(tmp_path)
    good = {"all": [2, 6, 12, 20], "sum": 40}
    assert ours == seen == [
        "('bad', [], '40')", f"('good', {good}, 'total')", f"('named', {{'total': {good}, 'df_1': {good}}})",
    ]  # fmt: skip
