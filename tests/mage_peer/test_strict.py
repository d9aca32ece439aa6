"""A strict run and the real mage-ai hand the same values from block to block."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from jupyter_mage.session import Session

from ..test_strict import CASES

pytestmark = [pytest.mark.mage, pytest.mark.timeout(300)]
HERE = Path(__file__).parent
MORE = (
    "[1, 2]", "{'a': [1, (2, 3)]}", "{'k': {1, 2}}", "'0'", "0", "False", "''", "[[1]]", "[(1, 2)]", "[None]", "{'n': None}", "[[]]",
    "{'a': float('nan')}", "[{'a': 1}]", "{'b': b'x'}", "(5,)", "{True: 1}", "__import__('datetime').date(2024, 1, 1)",
    "[__import__('datetime').datetime(2024, 1, 1)]", "__import__('decimal').Decimal('1.5')", "__import__('numpy').float64(2.5)",
    "__import__('numpy').int64(2)", "{'x': __import__('numpy').int64(2)}", "[1.0, 2.0]", "[float('nan'), 1]",
)  # fmt: skip
GUARD = "if '{0}' not in globals():\n    from mage_ai.data_preparation.decorators import {0}\n\n\n"


def write(root: Path, values: list[str]) -> None:
    for folder in ("data_loaders", "transformers", "pipelines/values"):
        (root / folder).mkdir(parents=True)
    (root / "metadata.yaml").write_text("project_type: standalone\nhelp_improve_mage: false\n")
    (root / "io_config.yaml").write_text("version: 0.1.1\ndefault: {}\n")
    blocks = []
    for place, value in enumerate(values):
        text = f"@data_loader\ndef load(*args, **kwargs):\n    return {value}\n"
        (root / f"data_loaders/first_{place}.py").write_text(GUARD.format("data_loader") + text)
        text = "@transformer\ndef see(data, *args, **kwargs):\n    return f'{type(data).__name__} {data!r}'\n"
        (root / f"transformers/second_{place}.py").write_text(GUARD.format("transformer") + text)
        first, second = f"first_{place}", f"second_{place}"
        blocks.append({"uuid": first, "type": "data_loader", "upstream_blocks": [], "downstream_blocks": [second]})
        blocks.append({"uuid": second, "type": "transformer", "upstream_blocks": [first], "downstream_blocks": []})
    (root / "pipelines/values/metadata.yaml").write_text(json.dumps({"blocks": blocks, "name": "values", "type": "python"}))


def test_values_arrive_as_in_the_real_mage(tmp_path):
    values = [*CASES, *MORE]
    write(tmp_path / "project", values)
    command = [str(HERE / "run_in_mage.sh"), str(tmp_path / "project"), "values", str(tmp_path / "out")]
    done = subprocess.run(command, env=dict(os.environ), capture_output=True, text=True, check=False)
    assert (tmp_path / "out/report.json").exists(), done.stdout + done.stderr
    blocks = json.loads((tmp_path / "out/report.json").read_text())["blocks"]
    session = Session.open(tmp_path / "project", "values")
    run = session.run(executor="inline", strict=True)
    ours = {name: session.store.get(block.output) for name, block in run.blocks.items() if block.output is not None}
    session.close()
    theirs = {value: blocks[f"second_{place}"]["outputs"][0]["repr"] for place, value in enumerate(values)}
    said = {value: repr(ours.get(f"second_{place}"))[:120] for place, value in enumerate(values)}
    assert {value: each.replace("np.int64(2)", "2") for value, each in said.items()} == theirs  # as older numpy says it
