"""Ploomber: a callable a block, each with a JSON file as its product; a re-run compares source code and files."""

from __future__ import annotations

import importlib
import json
import warnings
from pathlib import Path
from types import ModuleType
from typing import Any

from blocks import MODULE

from . import Runner as Base
from . import Variant

variants = (
    Variant(
        name="ploomber",
        workloads=("chain", "fan", "cached", "import", "help"),
        environment="ploomber",
        packages=("ploomber",),
        imports="from ploomber import DAG",
        command=("ploomber", "--help"),
        note="outputs",
    ),
)

_BLOCK = """
def {name}(product{upstream}):
    values = [json.loads(Path(str(upstream[each])).read_text()) for each in {names!r}]
    Path(str(product)).write_text(json.dumps(blocks.{name}(*values)))
"""


class Runner(Base):
    def imports(self) -> None:
        warnings.simplefilter("ignore")
        import ploomber  # noqa: F401

    def build(self, blocks: ModuleType) -> None:
        from ploomber import DAG
        from ploomber.executors import Serial
        from ploomber.products import File
        from ploomber.tasks import PythonCallable

        self.blocks, kept = blocks, self.folder / "ploomber"
        kept.mkdir(exist_ok=True)
        own = importlib.import_module(self._module())
        self.dag, tasks = DAG(executor=Serial(build_in_subprocess=False, catch_exceptions=False)), {}
        for name in blocks.NAMES:
            tasks[name] = PythonCallable(getattr(own, name), File(str(kept / f"{name}.json")), dag=self.dag, name=name)
            for each in blocks.UPSTREAMS[name]:
                tasks[each] >> tasks[name]
        self.last = kept / f"{blocks.FINAL}.json"

    def run(self) -> Any:
        self.dag.build()
        return self.last

    def value(self, result: Any) -> Any:
        return json.loads(result.read_text())

    def _module(self) -> str:
        """The same functions in Ploomber's form: they read and write files."""
        text = f"import json\nfrom pathlib import Path\nimport {MODULE} as blocks\n"
        for name in self.blocks.NAMES:
            names = self.blocks.UPSTREAMS[name]
            text += _BLOCK.format(name=name, names=names, upstream=", upstream" if names else "")
        Path(self.folder, "ploomber_blocks.py").write_text(text)
        return "ploomber_blocks"
