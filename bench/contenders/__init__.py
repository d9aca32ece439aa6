"""Who takes part: one contender a file, which has ``variants`` and ``Runner``.

``run.py`` reads the variants, so a file imports its packages inside methods only.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

OWN = ""
"""The environment that ``run.py`` itself runs in: ours."""


@dataclass(frozen=True, kw_only=True)
class Variant:
    """A contender in one way of working."""

    name: str
    workloads: Sequence[str]
    environment: str = OWN
    """Which of the environments that ``install.sh`` makes, or OWN."""
    mode: str = ""
    packages: Sequence[str] = ()
    """Whose versions go into the results."""
    imports: str = ""
    """The statement that the workload ``import`` times."""
    command: Sequence[str] = ()
    """The command of the environment that the workload ``help`` times."""
    project: Sequence[str] = ()
    """The command of the environment that runs a Mage project; the folder and the pipeline follow."""
    note: str = ""
    """What it keeps, for the table."""


class Runner:
    """Runs the blocks in the contender's own way. What a method imports is timed where it is imported."""

    def __init__(self, mode: str, folder: Path) -> None:
        self.mode, self.folder = mode, folder

    def imports(self) -> None:
        """Import what is needed."""

    def start(self) -> None:
        """Start pools or servers, if any."""

    def build(self, blocks: ModuleType) -> None:
        """Make the pipeline of ``blocks.NAMES`` (in topological order) and ``blocks.UPSTREAMS``."""
        self.blocks = blocks

    def reopen(self, blocks: ModuleType) -> None:
        """As `build`, in a new process over the same folder."""
        self.build(blocks)

    def run(self) -> Any:
        """Run all blocks. What this returns goes to `value`."""
        raise NotImplementedError

    def rerun(self) -> Any:
        """Run again with nothing changed."""
        return self.run()

    def value(self, result: Any) -> Any:
        """The value of the last block, ``blocks.FINAL``; not timed."""
        return result

    def executed(self, result: Any) -> int:  # noqa: ARG002
        """How many bodies ran in the last run."""
        return len(self.blocks.CALLS)

    def one_block(self) -> list[str]:
        """Write a pipeline of one block into the folder; gives the command of the environment that runs it."""
        raise NotImplementedError

    def graph(self) -> dict[str, Any]:
        """Write a page with the graph of what was built; gives its ``address`` and when it is ``ready`` (JavaScript)."""
        raise NotImplementedError

    def notebook(self, blocks: ModuleType) -> tuple[Any, list[str], Callable[[], int]]:
        """An IPython shell, cells for it that define one block each, and a function that counts what is defined there."""
        raise NotImplementedError

    def close(self) -> None:
        """End what `start` started."""


def shell(extension: str = "") -> Any:
    """An IPython shell as a kernel has one, with this extension."""
    from IPython.core.interactiveshell import InteractiveShell

    made = InteractiveShell.instance()
    if extension:
        made.run_line_magic("load_ext", extension)
    return made


def functions(blocks: ModuleType) -> list[str]:
    """Each block as a Python function."""
    heads = [f"def {name}({', '.join(f'{up}: int' for up in blocks.UPSTREAMS[name])}) -> int:" for name in blocks.NAMES]
    return [f"{head}\n    return {body}" for head, (_, body) in zip(heads, blocks.CELLS, strict=True)]


def environments() -> Path:
    """Where ``install.sh`` puts the peers' environments."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(os.environ.get("BENCH_PEERS") or Path(cache) / "jupyter_mage_bench")


def files() -> list[str]:
    return sorted(path.stem for path in Path(__file__).parent.glob("*.py") if not path.stem.startswith("_"))


def load(file: str) -> ModuleType:
    return importlib.import_module(f"contenders.{file}")


def all_variants() -> dict[str, tuple[str, Variant]]:
    """Each variant's name with its file and itself."""
    return {variant.name: (file, variant) for file in files() for variant in load(file).variants}
