"""mage-ai's editor: ``mage start`` on a project of the same blocks, and its page of the pipeline, where the graph stands at the right."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from . import Runner as Base
from . import Variant
from .mage_ai import write_project

variants = (
    Variant(
        name="mage-editor",
        workloads=("graph",),
        environment="mage_ai",
        packages=("mage-ai",),
        note="the editor's graph, a third of its page; its server runs",
    ),
)

NODE = "svg [id*='-node-'] foreignObject"
# a block's card, drawn and in the window: the drawing has 10,000 × 10,000 pixels and stands elsewhere before its layout is made
READY = f"""[...document.querySelectorAll("{NODE}")].some(each => {{ const box = each.getBoundingClientRect();
return box.width > 0 && box.right > 0 && box.left < innerWidth && box.bottom > 0 && box.top < innerHeight; }})"""
STAGE = "[class*='_pannable_']"
FAR = f"""document.querySelector("{STAGE}").parentElement.querySelector("button").click()"""


class Runner(Base):
    def build(self, blocks: ModuleType) -> None:
        write_project(self.folder / "project", blocks)

    def graph(self) -> dict[str, Any]:
        return {
            "serve": ["mage", "start", str(self.folder / "project"), "--host", "127.0.0.1", "--port", "{port}"],
            "environment": {
                "MAGE_DATA_DIR": str(self.folder / "mage_data"),
                "DISABLE_AUTO_BROWSER_OPEN": "1",
                "PYTHONPATH": str(self.folder),
            },
            "answers": "api/status",
            "path": "pipelines/bench/edit",
            "ready": READY,
            "stage": STAGE,
            "drawing": f"{STAGE} svg > g",
            "by": "wheel",  # it does not follow a drag
            "far": FAR,
        }
