"""mage-ai: a project of block files, run by what ``mage run`` calls."""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from blocks import MODULE

from . import Runner as Base
from . import Variant

_SAME = {"environment": "mage_ai", "packages": ("mage-ai",)}
variants = (
    Variant(
        name="mage-ai",
        workloads=("chain", "fan", "import", "help", "cold", "mage-project"),
        imports="import mage_ai.cli.main",
        command=("mage", "--help"),
        project=("mage", "run"),
        note="outputs",
        **_SAME,
    ),
)

_BLOCK = """
import {module} as blocks

@{kind}
def one({arguments}, **kwargs):
    return blocks.{name}({arguments_given})
"""


class Runner(Base):
    def imports(self) -> None:
        sys.setrecursionlimit(100_000)  # it recurses over the chain: Python's own limit fails at a thousand blocks
        os.environ["MAGE_DATA_DIR"] = str(self.folder / "mage_data")
        (self.folder / "project").mkdir(exist_ok=True)
        from mage_ai.settings.repo import set_repo_path

        set_repo_path(str(self.folder / "project"))
        import mage_ai.cli.main
        import mage_ai.data_preparation.executors.executor_factory
        import mage_ai.data_preparation.models.pipeline
        import mage_ai.orchestration.db.models.schedules  # noqa: F401

    def build(self, blocks: ModuleType) -> None:
        self.blocks = blocks
        write_project(self.folder / "project", blocks)

    def run(self) -> Any:
        from mage_ai.cli.main import run

        nothing = dict.fromkeys(
            ("block_uuid", "execution_partition", "executor_type", "callback_url", "block_run_id", "pipeline_run_id", "runtime_vars",
             "template_runtime_configuration")
        )  # fmt: skip
        with contextlib.redirect_stdout(io.StringIO()):
            run(project_path=str(self.folder / "project"), pipeline_uuid="bench", test=False, skip_sensors=False, **nothing)

    def value(self, result: Any) -> Any:  # noqa: ARG002 (what it returns is nothing; the value is in its data folder)
        from mage_ai.data_preparation.variable_manager import get_variable

        return get_variable("bench", self.blocks.FINAL, "output_0")

    def one_block(self) -> list[str]:
        import types

        one = types.SimpleNamespace(NAMES=["b0"], UPSTREAMS={"b0": []})
        Path(self.folder, f"{MODULE}.py").write_text("def b0():\n    return 1\n")
        write_project(self.folder / "project", one)
        return ["mage", "run", str(self.folder / "project"), "bench"]


def write_project(project: Path, blocks: Any) -> None:
    """The blocks as a Mage project: data loaders and transformers that call the same functions."""
    for name in ("pipelines/bench", "data_loaders", "transformers"):
        (project / name).mkdir(parents=True, exist_ok=True)
    (project / "metadata.yaml").write_text("project_type: standalone\nhelp_improve_mage: false\n")
    below: dict[str, list[str]] = {name: [] for name in blocks.NAMES}
    for name in blocks.NAMES:
        for each in blocks.UPSTREAMS[name]:
            below[each].append(name)
    entries = []
    for name in blocks.NAMES:
        above = blocks.UPSTREAMS[name]
        kind = "transformer" if above else "data_loader"
        given = ", ".join(f"a{place}" for place in range(len(above)))
        text = _BLOCK.format(module=MODULE, kind=kind, name=name, arguments=given or "*args", arguments_given=given)
        (project / f"{kind}s" / f"{name}.py").write_text(text)
        entries.append(
            {
                "uuid": name,
                "name": name,
                "type": kind,
                "language": "python",
                "upstream_blocks": above,
                "downstream_blocks": below[name],
            }
        )
    # JSON is YAML
    document = json.dumps({"type": "python", "name": "bench", "uuid": "bench", "blocks": entries}, indent=1)
    (project / "pipelines" / "bench" / "metadata.yaml").write_text(document)
