"""Where there is no kernel and no extension: a run's page, a notebook as HTML, JupyterLab without us. The picture is there."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from jupyter_mage import view
from jupyter_mage.session import Session

EVIL = "</script><script>document.title = 'hacked'</script><img src=x onerror=\"document.title = 'hacked'\">"
Show = Callable[..., Any]


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    made = Session(tmp_path, pipeline="flights")
    made.define(f"raw --doc {json.dumps(EVIL)}", f"print({EVIL!r})\n[1, 2, 3]")
    made.define("total(raw)", "sum(raw)")
    made.define("broken(raw)", f"raise ValueError({EVIL!r})")
    made.run(executor="inline", check=False)
    yield made
    made.close()


@pytest.fixture
def show(browser: Any, tmp_path: Path) -> Iterator[Show]:
    """Opens this HTML as a file; what it asks the network for, and what the console says against it, fails the test."""
    pages, wrong = [], []

    def opened(text: str, **options: Any) -> Any:
        file = tmp_path / f"page_{len(pages)}.html"
        file.write_text(text)
        page = browser.new_page(**{"viewport": {"width": 1200, "height": 900}, **options})
        page.on("console", lambda message: wrong.append(message.text) if message.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on(
            "request", lambda asked: wrong.append(asked.url) if not asked.url.startswith(("file:", "data:", "blob:")) else None
        )
        page.goto(file.as_uri())
        pages.append(page)
        return page

    yield opened
    for page in pages:
        page.close()
    assert wrong == []


def grounds(page: Any) -> list[int]:
    """How light the page, the graph and a card are, 0 to 255."""
    found: list[int] = page.evaluate(
        """() => [document.body, document.querySelector('#jm-graph'), document.querySelector('#jm-graph .jm-card')].map(each => {
            const canvas = new OffscreenCanvas(1, 1).getContext('2d');
            const style = getComputedStyle(each);
            canvas.fillStyle = each.matches('.jm-card') ? style.fill : style.backgroundColor;
            canvas.fillRect(0, 0, 1, 1);
            return canvas.getImageData(0, 0, 1, 1).data[1];
        })"""
    )
    return found


def test_page_is_the_live_graph_and_asks_nobody(session: Session, show: Show) -> None:
    page = show(session.page())
    page.locator("#jm-graph .jm-node[data-block=broken][data-status=failed]").click()
    row = page.locator("tr.seen")
    assert row.get_attribute("data-block") == "broken"
    assert (page.locator("details[data-log=broken]").get_attribute("open"), page.title()) == ("", "flights · failed")
    assert EVIL in page.locator("details[data-log=raw] pre").text_content()
    assert not page.locator("#jm-graph > svg").first.is_visible()


def test_page_follows_the_readers_theme(session: Session, show: Show) -> None:
    light, dark = (show(session.page(), color_scheme=scheme) for scheme in ("light", "dark"))
    light.locator("#jm-graph .jm-node").first.wait_for()
    dark.locator("#jm-graph .jm-node").first.wait_for()
    assert min(grounds(light)) > 220
    assert max(grounds(dark)) < 80


def test_page_reads_without_scripts_and_on_paper(session: Session, show: Show) -> None:
    page = show(session.page(), java_script_enabled=False)
    still = page.locator("#jm-graph > svg.jmage")
    assert still.is_visible()
    assert still.bounding_box()["width"] > 300
    assert page.locator("tr[data-block]").count() == 3
    live = show(session.page())
    live.locator("#jm-graph .jm-node").first.wait_for()
    live.emulate_media(media="print")
    assert live.locator("#jm-graph > svg.jmage").is_visible()
    assert not live.locator("#jm-graph .jm-dag").is_visible()


def shown_notebook(session: Session) -> dict[str, Any]:
    """A notebook as JupyterLab keeps it with its widgets' state: the graph, and the state of the model that followed it."""
    drawn = session.picture()
    model = {
        "model_name": "DagModel",
        "model_module": "jupyter-mage",
        "model_module_version": "0.1.0",
        "state": {"picture": drawn},
    }
    data = {**view.bundle(drawn), view.MIME: {**drawn, "model_id": "m1"}}
    output = {"output_type": "display_data", "data": data, "metadata": {}}
    cell = {"cell_type": "code", "id": "c0", "metadata": {}, "source": "%pipeline", "outputs": [output], "execution_count": 1}
    state = {"version_major": 2, "version_minor": 0, "state": {"m1": model}}
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    metadata = {"kernelspec": kernel, "widgets": {"application/vnd.jupyter.widget-state+json": state}}
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": [cell]}


def test_nbconvert_shows_the_picture_also_with_widget_state(session: Session, show: Show) -> None:
    import nbformat
    from nbconvert import HTMLExporter

    notebook = nbformat.from_dict(shown_notebook(session))
    exporter = HTMLExporter(require_js_url="", mathjax_url="", mermaid_js_url="", jquery_url="", widget_renderer_url="")
    text, _ = exporter.from_notebook_node(notebook)
    page = show(text, java_script_enabled=False)
    picture = page.locator(".jp-OutputArea-output img")
    assert (picture.count(), picture.first.is_visible()) == (1, True)
    assert picture.first.bounding_box()["width"] > 200


@contextmanager
def jupyterlab_without(extension: str, server: Any, browser: Any, session: Session, home: Path) -> Iterator[Any]:
    """A page of a JupyterLab where this extension is switched off, with a notebook that holds a graph."""
    (home / "config" / "labconfig").mkdir(parents=True)
    (home / "config" / "labconfig" / "page_config.json").write_text(json.dumps({"disabledExtensions": {extension: True}}))
    bare = type(server)(home)
    try:
        (bare.work / "shown.ipynb").write_text(json.dumps(shown_notebook(session)))
        page = browser.new_page()
        page.goto(f"http://127.0.0.1:{bare.port}/lab/tree/shown.ipynb?reset&token={bare.token}")
        yield page
        page.close()
        bare.end_kernels()
    finally:
        bare.close()


def test_jupyterlab_without_the_extension_shows_the_picture(server: Any, browser: Any, session: Session, tmp_path: Path) -> None:
    with jupyterlab_without("jupyter-mage", server, browser, session, tmp_path / "bare") as page:
        picture = page.locator(".jp-OutputArea-output img, .jp-OutputArea-output svg.jmage")
        picture.first.wait_for()
        assert picture.first.bounding_box()["width"] > 200
        assert page.locator(".jm-root").count() == 0


def test_jupyterlab_without_ipywidgets_shows_the_graph_and_the_panel(
    server: Any, browser: Any, session: Session, tmp_path: Path
) -> None:
    with jupyterlab_without("@jupyter-widgets/jupyterlab-manager", server, browser, session, tmp_path / "bare") as page:
        page.locator(".jp-OutputArea-output .jm-node").first.wait_for()
        page.evaluate("() => { window.jupyterapp.shell.activateById('jupyter-mage-panel'); return null; }")
        page.locator("#jupyter-mage-panel .jm-tabs").get_by_role("tab", name="Projects").click()
