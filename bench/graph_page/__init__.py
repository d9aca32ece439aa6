"""The renderer on a page of its own, and what a run sends to a page like it."""

from __future__ import annotations

import gzip
import json
import subprocess
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
EXTENSION = HERE.parents[1] / "labextension"
READY = "document.querySelectorAll('.jm-node').length > 0"
FAR = "document.querySelector(`.jm-tools [aria-label='Show the whole pipeline']`).click()"
CHANGE = """async () => { const times = [];
for (const node of page.source.picture().nodes.slice(0, 40)) { const began = performance.now();
page.put({ changes: 1, states: { [node.id]: { status: 'running', detail: 'running' } } });
await new Promise(done => requestAnimationFrame(() => setTimeout(done))); times.push(performance.now() - began); }
return times; }"""
DARK = "--jp-layout-color1:#111;--jp-layout-color2:#222;--jp-content-font-color0:#fff;--jp-brand-color1:#2196f3"


def renderer() -> str:
    """The renderer as one script. Raises CalledProcessError where ``npm ci`` was not run."""
    rolldown = EXTENSION / "node_modules" / ".bin" / "rolldown"
    command = [str(rolldown), str(HERE / "page.ts"), "--format", "iife", "--minify"]
    done = subprocess.run(command, cwd=EXTENSION, capture_output=True, text=True, check=True)
    return done.stdout[done.stdout.index("(function") :] if "(function" in done.stdout else done.stdout


def page(picture: dict[str, Any], *, dark: bool = False, direction: str = "ltr", script: str | None = None) -> str:
    """One HTML page that shows the picture; the renderer stands in it, or is where ``script`` says."""
    script = f"<script>{renderer()}</script>" if script is None else script
    style, data = (EXTENSION / "style" / "dag.css").read_text(), json.dumps(picture).replace("<", "\\u003c")
    return (
        f'<!doctype html><html lang="en" dir="{direction}"><meta charset="utf-8"><title>Graph</title>'
        f"<style>:root{{{DARK if dark else ''}}}body{{margin:0;background:{'#111' if dark else '#fff'}}}#graph{{height:100vh}}{style}</style>"
        f'<body data-jp-theme-light="{str(not dark).lower()}"><main id="graph"></main>{script}'
        f"<script>page.show({data})</script></body></html>"
    )


def write(pipeline: Any, folder: Path) -> dict[str, Any]:
    """The page as a folder of files; how long its layout took, and how large the script is when it is zipped."""
    from jupyter_mage import view

    view.picture(type(pipeline)(name="warm", blocks=pipeline.blocks[:3]))  # imports are not layout
    began = time.process_time()
    picture = view.picture(pipeline)
    layout = time.process_time() - began
    made, site = renderer(), folder / "site"
    site.mkdir()
    (site / "graph.js").write_text(made)
    (site / "index.html").write_text(page(picture, script='<script src="graph.js"></script>'))
    return {
        "layout_ms": layout * 1000,
        "zipped_kb": len(gzip.compress(made.encode())) / 1000,
        "site": str(site),
        "ready": READY,
        "stage": ".jm-stage",
        "drawing": ".jm-layer",
        "far": FAR,
        "change": CHANGE,
    }


def wire(pipeline: Any) -> dict[str, Any]:
    """What a run of ten seconds sends, ten times a second: kB, and the kernel's CPU for making it."""
    from jupyter_mage import events as ev
    from jupyter_mage import panel, view
    from jupyter_mage.model import Output
    from jupyter_mage.state import Run

    run, sent, size, spent = Run(), None, 0, 0.0
    output = Output(content="c", codec="frame", type="pandas.DataFrame", size=10_000, rows=1000, columns=(("a", "int64"),))
    run.apply(ev.RunStarted(run="r", pipeline=pipeline.name, blocks=pipeline.names))
    step = max(1, len(pipeline.names) // 100)
    for number, name in enumerate(pipeline.names):
        run.apply(ev.BlockStarted(run="r", block=name))
        if number % step == 0:
            began = time.process_time()
            drawn = view.picture(pipeline, run)
            delta = view.changes(sent, drawn)
            if number % (round(10 * panel.refresh(len(pipeline.names))) * step) == 0:
                delta = drawn  # for a page that was reloaded meanwhile
            size, sent = size + len(json.dumps(delta)), drawn
            spent += time.process_time() - began
        run.apply(ev.BlockSucceeded(run="r", block=name, key="k", output=output, seconds=0.1))
    return {"wire_kb": size / 1000, "wire_ms": spent * 1000}
