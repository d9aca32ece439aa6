"""Kedro-Viz: the static site that ``kedro viz build`` makes, of the same blocks as Kedro nodes."""

from __future__ import annotations

import logging
import shutil
from types import ModuleType
from typing import Any

from . import Runner as Base
from . import Variant

variants = (
    Variant(
        name="kedro-viz",
        workloads=("graph",),
        environment="kedro_viz",
        packages=("kedro-viz", "kedro"),
        note="nodes and datasets; nothing of a run",
    ),
)

READY = """(() => { const bold = [...document.querySelectorAll('button')].find(each => /render|anyway/i.test(each.textContent));
if (bold) bold.click(); return document.querySelectorAll('.pipeline-node').length > 0; })()"""

FAR = "document.querySelector('[aria-label=\"Reset zoom\"]').click()"


class Runner(Base):
    def build(self, blocks: ModuleType) -> None:
        from kedro.pipeline import Pipeline, node

        logging.getLogger("kedro").setLevel(logging.WARNING)
        self.pipeline = Pipeline([
            node(getattr(blocks, name), inputs=list(blocks.UPSTREAMS[name]) or None, outputs=name, name=f"node_{name}")
            for name in blocks.NAMES
        ])  # fmt: skip

    def graph(self) -> dict[str, Any]:
        from pathlib import Path

        import fsspec
        import kedro_viz
        from kedro.io import DataCatalog
        from kedro_viz.api.rest.responses.save_responses import save_api_responses_to_fs
        from kedro_viz.data_access import data_access_manager
        from kedro_viz.server import populate_data

        populate_data(data_access_manager, DataCatalog(), {"__default__": self.pipeline}, {})
        site = self.folder / "site"
        built = Path(kedro_viz.__file__).parent / "html"
        shutil.copytree(built, site)
        save_api_responses_to_fs(str(site), fsspec.filesystem("file"), False)  # noqa: FBT003 (its own signature)
        return {"site": str(site), "ready": READY, "stage": ".pipeline-flowchart", "drawing": "#pipeline-graph > g", "far": FAR}
