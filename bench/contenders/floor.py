"""What Python itself costs: the functions called one after another, nothing kept."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

from . import Runner as Base
from . import Variant, functions, shell

variants = (
    Variant(
        name="floor",
        workloads=("chain", "fan", "chain-10k", "fan-10k", "frame", "cpu", "define", "import", "help", "cold"),
        imports="pass",
        command=("python", "-c", "pass"),
        note="nothing",
    ),
    Variant(name="floor-2-processes", workloads=("cpu",), mode="processes", note="nothing"),
)


class Runner(Base):
    def run(self) -> Any:
        blocks, values = self.blocks, {}
        if self.mode == "processes":
            return self._in_two_processes()
        for name in blocks.NAMES:
            values[name] = getattr(blocks, name)(*[values[each] for each in blocks.UPSTREAMS[name]])
        return values[blocks.FINAL]

    def _in_two_processes(self) -> Any:
        """All but the last block, half of them in each of two processes; then the last."""
        import multiprocessing

        blocks = self.blocks
        context = multiprocessing.get_context("fork")
        queue = context.Queue()

        def part(names: list[str]) -> None:
            queue.put({name: getattr(blocks, name)() for name in names})

        first = blocks.NAMES[:-1]
        processes = [context.Process(target=part, args=(first[start::2],)) for start in (0, 1)]
        for process in processes:
            process.start()
        values = {name: value for _ in processes for name, value in queue.get().items()}
        for process in processes:
            process.join()
        return getattr(blocks, blocks.FINAL)(*[values[each] for each in blocks.UPSTREAMS[blocks.FINAL]])

    def executed(self, result: Any) -> int:
        return len(self.blocks.NAMES) if self.mode == "processes" else super().executed(result)

    def notebook(self, blocks: ModuleType) -> tuple[Any, list[str], Callable[[], int]]:
        made = shell()
        return made, functions(blocks), lambda: sum(name in made.user_ns for name in blocks.NAMES)

    def one_block(self) -> list[str]:
        return ["python", "-c", "print(1)"]
