"""Prefect: tasks called one after another in a flow, with its own temporary server; nothing cached."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from . import Runner as Base
from . import Variant

_SAME = {"environment": "prefect", "packages": ("prefect",)}
variants = (
    Variant(
        name="prefect",
        workloads=("chain", "fan", "import", "help", "cold"),
        imports="from prefect import flow, task",
        command=("prefect", "--help"),
        note="its database",
        **_SAME,
    ),
)

ONE_BLOCK = """
from prefect import flow, task

@task
def one():
    return 1

@flow
def pipeline():
    return one()

if __name__ == "__main__":
    assert pipeline() == 1
"""


class Runner(Base):
    def imports(self) -> None:
        import prefect  # noqa: F401

    def start(self) -> None:
        """An empty flow: it brings the server up."""
        from prefect import flow

        def warm() -> int:
            return 1

        flow(warm)()

    def build(self, blocks: ModuleType) -> None:
        from prefect import flow, task

        self.blocks = blocks
        tasks = {name: task(getattr(blocks, name), name=name) for name in blocks.NAMES}

        def pipeline() -> Any:
            values: dict[str, Any] = {}
            for name in blocks.NAMES:
                values[name] = tasks[name](*[values[each] for each in blocks.UPSTREAMS[name]])
            return values[blocks.FINAL]

        self.flow = flow(pipeline)

    def run(self) -> Any:
        return self.flow()

    def one_block(self) -> list[str]:
        (self.folder / "one.py").write_text(ONE_BLOCK)
        return ["python", "one.py"]
