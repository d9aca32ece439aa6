"""Fifty notebooks that somebody else wrote, and meant no good: what a person may be sent, and opens without trusting it.

`write` makes them in a folder. Each sets ``window.hacked`` or asks ``hacked.invalid`` for something, if any word of it is ever run or loaded.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

MIME = "application/vnd.jupyter_mage.dag+json"
WIDGET = "application/vnd.jupyter.widget-view+json"
STATE = "application/vnd.jupyter.widget-state+json"
IMG = "<img src=//hacked.invalid/x.png onerror=window.hacked=1>"
SCRIPT = "<script>window.hacked=1</script>"
HERE = "<img src=x onerror=window.hacked=1>"
"""For HTML, Markdown and Mermaid, where Jupyter itself loads an image of any address, trusted or not."""

Json = Any


def payloads() -> list[str]:
    """Every payload, those that are written as a text and a count written out."""
    groups = json.loads((Path(__file__).parent / "hostile" / "payloads.json").read_text())
    return [each if isinstance(each, str) else each[0] * each[1] for group in groups.values() for each in group]


def _saved() -> list[str]:
    """Those that a notebook server can read from a file: it refuses halves of a character."""
    return [each for each in payloads() if not any("\ud800" <= letter <= "\udfff" for letter in each)]


def node(name: Json, **fields: Json) -> dict[str, Json]:
    return {
        "id": name, "label": name, "title": name, "kind": "transformer", "kind_label": "transformer", "colour": "#7d55ec", "language": "python",
        "chip": "PY", "x": 16, "y": 16, "width": 184, "height": 74, "doc": "", "upstreams": [], "after": [], "tests": 0, "cell": None, "cell_id": None,
        **fields,
    }  # fmt: skip


def picture(*nodes: Json, **fields: Json) -> dict[str, Json]:
    return {
        "version": 1,
        "pipeline": "p",
        "size": [400, 300],
        "nodes": list(nodes),
        "edges": [],
        "states": {},
        "run": None,
        **fields,
    }


def edge(source: Json, target: Json, path: Json = "M0 0L0 10", tip: Json = (0, 10)) -> dict[str, Json]:
    return {"source": source, "target": target, "path": path, "tip": tip, "sideways": False, "order_only": False}


def shown(**data: Json) -> dict[str, Json]:
    return {"output_type": "display_data", "metadata": {}, "data": data}


def cell(source: str = "1", *outputs: Json, **fields: Json) -> dict[str, Json]:
    return {
        "cell_type": "code",
        "id": "c",
        "metadata": {},
        "execution_count": 1,
        "outputs": list(outputs),
        "source": source,
        **fields,
    }


def notebook(*cells: Json, **metadata: Json) -> dict[str, Json]:
    named = [{**each, "id": each.get("id") if each.get("id") != "c" else f"c{i}"} for i, each in enumerate(cells)]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": {**kernel, **metadata}, "cells": named}


def dag(drawn: Json, **others: Json) -> dict[str, Json]:
    return notebook(cell("%pipeline", shown(**{MIME: drawn, "text/plain": "p", **others})))


def deep(levels: int) -> Json:
    made: Json = "x"
    for _ in range(levels):
        made = {"nodes": [made], "states": {}, "run": []}
    return made


def widget(state: Json, model: str = "m1", **view: Json) -> dict[str, Json]:
    data = {
        WIDGET: {"version_major": 2, "version_minor": 0, "model_id": model, **view},
        MIME: picture(node("saved")),
        "text/plain": "p",
    }
    return notebook(cell("%pipeline", shown(**data)), widgets={STATE: {"version_major": 2, "version_minor": 0, "state": state}})


def model(picture: Json, **fields: Json) -> dict[str, Json]:
    names = {"_model_name": "DagModel", "_model_module": "jupyter-mage", "_model_module_version": "0.1.0"}
    views = {"_view_name": "DagView", "_view_module": "jupyter-mage", "_view_module_version": "0.1.0"}
    return {
        "model_name": "DagModel",
        "model_module": "jupyter-mage",
        "model_module_version": "0.1.0",
        "state": {**names, **views, "picture": picture, **fields},
    }


def notebooks() -> Iterator[tuple[str, dict[str, Json]]]:
    """Their names and what stands in them."""
    yield from pictures()
    yield from graphs()
    yield from outputs()
    yield from widgets()
    yield from sources()


def pictures() -> Iterator[tuple[str, Json]]:
    """Our own output, in shapes that it never has."""
    all_of_them = _saved()
    long_ones = [each for each in all_of_them if len(each) > 1000]
    short = [each for each in all_of_them if len(each) <= 1000]
    yield "every_payload_is_a_name", dag(picture(*(node(each, y=90 * i) for i, each in enumerate(short))))
    yield (
        "every_payload_is_a_doc",
        dag(picture(*(node(f"n{i}", doc=each, kind_label=each, chip=each, y=90 * i) for i, each in enumerate(short)))),
    )
    states = {
        f"n{i}": {"status": "failed", "detail": each, "error": each, "reason": each, "memory": each}
        for i, each in enumerate(short)
    }
    yield "every_payload_is_an_error", dag(picture(*(node(f"n{i}", y=90 * i) for i in range(len(short))), states=states))
    yield (
        "every_payload_is_a_status",
        dag(picture(*(node(each, y=90 * i) for i, each in enumerate(short)), states={each: {"status": each} for each in short})),
    )
    yield (
        "long_words",
        dag(picture(*(node(each, doc=each, title=each, y=90 * i) for i, each in enumerate(long_ones)), pipeline=long_ones[0])),
    )
    yield (
        "colours_are_code",
        dag(
            picture(
                *(node(f"n{i}", colour=each) for i, each in enumerate(short)),
                run={"id": IMG, "status": IMG, "done": IMG, "total": SCRIPT},
            )
        ),
    )
    yield "paths_are_code", dag(picture(node("a"), node("b"), edges=[edge("a", "b", each, [each, each]) for each in short]))
    yield (
        "prototype_names",
        dag(
            picture(
                *(node(name, cell_id=name) for name in ("__proto__", "constructor", "toString", "hasOwnProperty")),
                states={"__proto__": {"status": "running"}, "constructor": {"status": "__proto__"}},
            )
        ),
    )
    yield "every_field_is_null", dag(picture(dict.fromkeys(node("a")), size=None, edges=[None], states=None, run=None))
    yield (
        "every_field_is_a_list",
        dag(picture({name: [IMG] for name in node("a")}, size=[IMG], edges=[[IMG]], states=[IMG], run=[IMG])),
    )
    yield (
        "every_field_is_an_object",
        dag(picture({name: {"toString": IMG} for name in node("a")}, size={}, edges=[{}], states={"a": {}}, run={})),
    )
    yield "every_field_is_true", dag(picture(dict.fromkeys(node("a"), True), size=True, edges=[True], states=True, run=True))
    yield "nodes_are_no_nodes", dag(picture(None, 1, "x", [], True, IMG))
    yield "picture_is_a_text", dag(IMG)
    yield "picture_is_a_number", dag(7)
    yield "picture_is_nothing", dag(None)
    yield "picture_is_changes_only", dag({"changes": 1, "states": {"a": {"status": "running"}}, "run": None})
    yield "picture_is_deep", dag({**picture(deep(200)), "closed": deep(200), "groups": [deep(20)]})


def graphs() -> Iterator[tuple[str, Json]]:
    """Graphs that no layout makes."""
    many = [node(f"n{i}", x=(i % 50) * 200, y=(i // 50) * 100) for i in range(4000)]
    yield "four_thousand_blocks", dag(picture(*many, size=[10000, 8000]))
    heap = [node(f"n{i}", x=0, y=0) for i in range(1500)]
    yield "all_in_one_place", dag(picture(*heap))
    yield "dense", dag(picture(*many[:60], edges=[edge(f"n{i}", f"n{j}") for i in range(60) for j in range(60)]))
    yield (
        "circles",
        dag(
            picture(
                node("a", upstreams=["b"]), node("b", upstreams=["a"]), edges=[edge("a", "b"), edge("b", "a"), edge("a", "a")]
            )
        ),
    )
    yield "edges_of_nobody", dag(picture(node("a"), edges=[edge("ghost", "other"), edge("a", "ghost"), edge("", "")]))
    yield "same_name_twice", dag(picture(node("a"), node("a", y=100), node("a", y=200), edges=[edge("a", "a")]))
    yield "no_names", dag(picture(node(""), node("", y=100), edges=[edge("", "")]))
    yield (
        "huge_coordinates",
        dag(
            picture(
                node("a", x=1e308, y=-1e308, width=1e308, height=1e308),
                size=[1e308, 1e308],
                edges=[edge("a", "a", "M0 0L99999999999999999999 9", [1e308, -1e308])],
            )
        ),
    )
    yield "tiny_sizes", dag(picture(node("a", width=0, height=0), node("b", width=-5, height=-5), size=[0, -1]))
    yield (
        "not_a_number",
        dag(
            picture(
                node("a", x="NaN", y="Infinity"),
                size=["NaN", "-Infinity"],
                edges=[edge("a", "a", "M NaN", ["NaN", 0])],
            )
        ),
    )
    yield (
        "counts_are_huge",
        dag(
            picture(
                node("a", tests=1e308, cell=-1e308),
                run={"id": "r", "status": "running", "done": 1e308, "total": -1, "seconds": 1e308, "sample": -0.1},
            )
        ),
    )
    yield (
        "groups_of_groups",
        dag(
            picture(
                node("a", members=["a", "b"]),
                groups=[{"name": IMG, "members": ["a", "ghost"]}, {"name": "__proto__", "members": "x"}],
                closed=picture(node(IMG, members=[IMG])),
                key="__proto__",
            )
        ),
    )
    yield "ten_thousand_upstreams", dag(picture(node("a", upstreams=[IMG] * 10000, tags=[IMG] * 10000, after=[SCRIPT] * 10000)))


def outputs() -> Iterator[tuple[str, Json]]:
    """Other forms of a picture, and outputs that only look like ours."""
    bad_svg = f'<svg xmlns="http://www.w3.org/2000/svg" onload="window.hacked=1"><script>window.hacked=1</script><image href="//hacked.invalid/x.png"/>{IMG}</svg>'
    yield "svg_with_script", notebook(cell("%pipeline", shown(**{"image/svg+xml": bad_svg, "text/plain": "p"})))
    yield "svg_beside_a_picture", dag(picture(node("a")), **{"image/svg+xml": bad_svg, "text/html": HERE + SCRIPT})
    flow = f'flowchart TD\n  n0["{HERE}"]\n  click n0 "javascript:window.hacked=1"\n  click n0 call hacked()'
    yield "mermaid_with_a_click", notebook(cell("%pipeline", shown(**{"text/vnd.mermaid": flow, "text/plain": flow})))
    yield (
        "html_with_our_classes",
        notebook(
            cell(
                "1",
                shown(
                    **{
                        "text/html": f'<div class="jm-root jm-dag"><button class="jm-button" data-block="x" onclick="window.hacked=1">Run</button>{HERE}{SCRIPT}</div>'
                    }
                ),
            )
        ),
    )
    yield "javascript", notebook(cell("1", shown(**{"application/javascript": "window.hacked=1", MIME: picture(node("a"))})))
    yield "many_pictures", notebook(*(cell("%pipeline", shown(**{MIME: picture(node(IMG))})) for _ in range(40)))
    yield (
        "picture_in_metadata",
        notebook(
            cell(
                "1",
                {**shown(**{MIME: picture(node("a"))}), "metadata": {MIME: {"__proto__": 1, "trusted": True}, "isolated": True}},
            ),
            jupyter_mage={"run": SCRIPT, "trusted": True},
            trusted=True,
        ),
    )
    yield (
        "errors_and_streams",
        notebook(
            cell(
                "1",
                {"output_type": "error", "ename": IMG, "evalue": SCRIPT, "traceback": [IMG, "\x1b[31m" + SCRIPT]},
                {"output_type": "stream", "name": "stdout", "text": f"\x1b]0;x\x07{IMG}"},
            )
        ),
    )


def widgets() -> Iterator[tuple[str, Json]]:
    """Widgets whose state is kept in the file."""
    yield (
        "widget_of_hostile_words",
        widget({"m1": model(picture(node(IMG, doc=SCRIPT), states={IMG: {"status": IMG, "error": SCRIPT}}))}),
    )
    yield "widget_of_wrong_types", widget({"m1": model([IMG], layout=7, picture_=None)})
    yield "widget_without_a_model", widget({}, "ghost")
    yield (
        "widget_that_is_html",
        widget(
            {
                "m1": {
                    "model_name": "HTMLModel",
                    "model_module": "@jupyter-widgets/controls",
                    "model_module_version": "2.0.0",
                    "state": {"_model_name": "HTMLModel", "_view_name": "HTMLView", "value": IMG + SCRIPT},
                }
            }
        ),
    )
    yield (
        "widget_from_elsewhere",
        widget(
            {
                "m1": {
                    "model_name": "AnyModel",
                    "model_module": "//hacked.invalid/code",
                    "model_module_version": "*",
                    "state": {"_view_module": "//hacked.invalid/code", "_esm": "window.hacked=1"},
                }
            }
        ),
    )
    yield "widget_named_prototype", widget({"__proto__": model(picture(node("a"))), "constructor": model({})}, "__proto__")
    yield "widget_id_is_no_text", widget({"m1": model(picture(node("a")))}, model_id=[{"a": IMG}])


def sources() -> Iterator[tuple[str, Json]]:
    """Cells and headers that try to break who reads them."""
    yield (
        "ids_are_prototype_names",
        notebook(*({**cell("%%block a\n1"), "id": name} for name in ("__proto__", "constructor", "toString", "hasOwnProperty"))),
    )
    lines = [each for each in _saved() if len(each) < 5000]
    yield "headers_are_payloads", notebook(*(cell(f"%%block {each}\n1") for each in lines[:120]))
    yield "signatures_are_payloads", notebook(*(cell(f"%%block a({each}) --{each}\n1") for each in lines[120:240]))
    yield "languages_are_payloads", notebook(*(cell(f"%%block a --lang {each}\nSELECT 1") for each in lines[:60]))
    open_ones = "(" * 20000, "a," * 20000, "'" * 20001, '"""' * 5001, "\\" * 20000, "{" * 5000, " " * 100000 + "x", "#" * 100000
    yield (
        "headers_never_end",
        notebook(*(cell(f"%%block a({each}") for each in open_ones), *(cell(f"#| block: {each}") for each in open_ones)),
    )
    yield (
        "sql_never_ends",
        notebook(
            *(cell(f"%%block a --sql\n{'(' * 3000} {'SELECT ' * 3000}{each}") for each in ("'", '"', "/*", "$$", "--", "`"))
        ),
    )
    yield (
        "headings_are_code",
        notebook(
            {
                "cell_type": "markdown",
                "id": "m",
                "metadata": {},
                "source": f"# {HERE}\n## [x](javascript:window.hacked=1)\n{SCRIPT}",
            },
            cell(f'%%block a\n"""{HERE}"""\n1'),
        ),
    )
    yield (
        "metadata_is_code",
        notebook(
            {
                **cell("%%block a\n1"),
                "metadata": {
                    "jupyter_mage": {"block": SCRIPT, "run": True},
                    "tags": [IMG, "__proto__"],
                    "trusted": True,
                    "name": SCRIPT,
                },
            },
            jupyter_mage={"pipeline": "../../etc/passwd", "autorun": "import os"},
            language_info={"name": IMG},
        ),
    )


def write(folder: Path) -> list[str]:
    """Make the notebooks there; their names, without the ending."""
    names = []
    for name, content in notebooks():
        (folder / f"{name}.ipynb").write_text(json.dumps(content), encoding="utf-8", errors="surrogatepass")
        names.append(name)
    return names
