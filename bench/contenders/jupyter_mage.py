"""This project, as its users get it: history, outputs and cache on, durability ``process``."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import ModuleType
from typing import Any

from . import Runner as Base
from . import Variant, shell

variants = (
    Variant(
        name="jupyter_mage",
        workloads=(
            "chain",
            "fan",
            "chain-10k",
            "fan-10k",
            "cached",
            "frame",
            "cpu",
            "plan",
            "plan-100k",
            "graph",
            "events",
            "define",
            "import",
            "help",
            "cold",
            "mage-project",
        ),
        mode="inline",
        packages=("jupyter_mage", "pandas", "pyarrow"),
        imports="import jupyter_mage",
        command=("jupyter", "mage", "--help"),
        project=("jupyter", "mage", "run"),
        note="outputs, history",
    ),
    Variant(
        name="jupyter_mage-processes",
        workloads=("fan", "cpu", "first"),
        mode="processes",
        packages=("jupyter_mage",),
        note="outputs, history",
    ),
    *(
        Variant(name=f"jupyter_mage-{screen}", workloads=("live",), mode=screen, note=note)
        for screen, note in (
            ("panel", "the graph in the panel; the kernel runs it"),
            ("list", "the panel's list of blocks; the kernel runs it"),
            ("widget", "the graph below a cell; the kernel runs it"),
            ("no-kernel", "the run's graph in the panel; a command line runs it"),
        )
    ),
)


class Runner(Base):
    session: Any = None

    def imports(self) -> None:
        import jupyter_mage.session  # noqa: F401

    def start(self) -> None:
        """A run of one block in a project of its own: plugins are imported, and worker processes warm."""
        from jupyter_mage import Session

        self.warm = Session(self.folder / "warm", pipeline="warm") if self.mode == "inline" else None
        if self.warm is not None:
            self.warm.define("one", "1")
            self.warm.run(executor="inline", check=True)

    def build(self, blocks: ModuleType) -> None:
        from jupyter_mage import Session

        self.blocks = blocks
        self.session = Session(self.folder / "project", pipeline="bench")
        for header, body in blocks.CELLS:
            self.session.define(header, body)
        if self.mode == "processes":
            # two blocks of another pipeline, so that both workers are warm
            self.session.define("one --pipeline warm", "1")
            self.session.define("two --pipeline warm", "2")
            self.session.run(executor=self.mode, check=True)
            self.session.current = "bench"

    def reopen(self, blocks: ModuleType) -> None:
        from jupyter_mage import Session

        self.blocks = blocks
        self.session = Session.open(self.folder / "bench.ipynb")

    def run(self) -> Any:
        return self.session.run(executor=self.mode, check=True)

    def value(self, result: Any) -> Any:
        return self.session.store.get(result.blocks[self.blocks.FINAL].output)

    def executed(self, result: Any) -> int:
        return sum(block.status == "succeeded" for block in result.blocks.values())

    def one_block(self) -> list[str]:
        from blocks import Block, write

        write(self.folder, [Block("one", (), "1")], 1)
        return ["jupyter", "mage", "run", "bench.ipynb"]

    def first_block(self) -> tuple[float, float]:
        """Seconds from asking for a run to the body's first line: with nothing started, and again with warm workers."""
        from jupyter_mage import Session

        self.session = Session(self.folder / "project", pipeline="bench")
        self.session.define("now", "import time\ntime.time()")
        return self._until_body(), self._until_body()

    def _until_body(self) -> float:
        asked = time.time()
        result = self.session.run(executor="processes", force=True, check=True)
        began: float = self.session.store.get(result.blocks["now"].output)
        return began - asked

    def planner(self, upstreams: dict[str, tuple[str, ...]]) -> Callable[[], Any]:
        from jupyter_mage import graph
        from jupyter_mage.model import Block, Pipeline

        blocks = tuple(Block(name=name, source="", upstreams=above, declared=True) for name, above in upstreams.items())
        return lambda: graph.order(Pipeline(name="bench", blocks=blocks))

    def events(self, n: int) -> tuple[Callable[[], float], Callable[[], int]]:
        """A function that tells a run of ``n`` blocks and gives its thread's seconds, and one that counts what was kept."""
        from jupyter_mage import events as ev
        from jupyter_mage.model import Output
        from jupyter_mage.sinks.history import History

        names = tuple(f"b{i}" for i in range(n))
        history = History(self.folder / "project")
        output = Output(content="0" * 32, codec="json", type="int", size=1, data=b"1", preview="1")
        told = []
        for name in names:
            told.append(ev.BlockStarted(run="r1", block=name))
            told.append(ev.BlockSucceeded(run="r1", block=name, key=f"key {name}", output=output, seconds=0.001))

        def tell() -> float:
            history(ev.RunStarted(run="r1", pipeline="bench", blocks=names))
            before = time.thread_time()
            for event in told:
                history(event)
            spent = time.thread_time() - before
            history(ev.RunFinished(run="r1", status="succeeded", seconds=1.0))
            return spent

        return tell, lambda: sum(block.status == "succeeded" for block in history.run("r1").blocks.values())

    def graph(self) -> dict[str, Any]:
        """A page with the renderer and the picture; what a run of the pipeline sends to it, ten times a second for ten seconds."""
        import graph_page

        return graph_page.write(self.session.pipeline, self.folder) | graph_page.wire(self.session.pipeline)

    def notebook(self, blocks: ModuleType) -> tuple[Any, list[str], Callable[[], int]]:
        made = shell("jupyter_mage")
        session = made.magics_manager.registry["PipelineMagics"].session
        return made, [f"%%block {header} --no-run\n{body}" for header, body in blocks.CELLS], lambda: len(session.pipeline)

    def close(self) -> None:
        if self.session is not None:
            self.session.close()
        if self.warm is not None:
            self.warm.close()
