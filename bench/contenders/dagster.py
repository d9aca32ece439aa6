"""Dagster: ops in one process with an event log in memory; for frames, assets with its file system I/O manager."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from . import Runner as Base
from . import Variant

_SAME = {"environment": "dagster", "packages": ("dagster", "pandas")}
variants = (
    Variant(
        name="dagster",
        workloads=("chain", "fan", "import", "help"),
        mode="ops",
        imports="import dagster",
        command=("dagster", "--help"),
        note="event log in memory",
        **_SAME,
    ),
    Variant(name="dagster-assets", workloads=("frame",), mode="assets", note="outputs, event log", **_SAME),
)


class Runner(Base):
    def imports(self) -> None:
        import dagster  # noqa: F401

    def build(self, blocks: ModuleType) -> None:
        import dagster

        self.blocks = blocks
        if self.mode == "assets":
            self.assets = [dagster.asset(name=name)(getattr(blocks, name)) for name in blocks.NAMES]
            return
        operations = [_operation(name, getattr(blocks, name), blocks.UPSTREAMS[name]) for name in blocks.NAMES]
        edges = {name: {each: dagster.DependencyDefinition(each) for each in blocks.UPSTREAMS[name]} for name in blocks.NAMES}
        graph = dagster.GraphDefinition(name="bench", node_defs=operations, dependencies=edges)
        self.job = graph.to_job(resource_defs={"io_manager": dagster.mem_io_manager}, logger_defs={})

    def run(self) -> Any:
        import dagster

        if self.mode == "assets":
            manager = dagster.FilesystemIOManager(base_dir=str(self.folder / "dagster_outputs"))
            return dagster.materialize(
                self.assets, instance=dagster.DagsterInstance.local_temp(), resources={"io_manager": manager}
            )
        return self.job.execute_in_process(instance=dagster.DagsterInstance.ephemeral())

    def value(self, result: Any) -> Any:
        return result.output_for_node(self.blocks.FINAL)


def _operation(name: str, function: Any, upstreams: list[str]) -> Any:
    import dagster

    def compute(context, inputs):  # noqa: ARG001 (dagster takes the first argument without an annotation only)
        yield dagster.Output(function(**{each: inputs[each] for each in upstreams}), "result")

    inputs = {each: dagster.In(int) for each in upstreams}
    return dagster.OpDefinition(name=name, ins=inputs, outs={"result": dagster.Out(int)}, compute_fn=compute)
