"""A run's page of many blocks: offline, on a small screen, and on paper."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jupyter_mage.session import Session


def saved(folder: Path, blocks: int) -> Path:
    """The page of a run of so many blocks, each below one of the ten before it."""
    made = Session(folder, pipeline="many")
    try:
        for i in range(blocks):
            made.define(f"block_{i}" + (f"(block_{max(0, i - 10)})" if i else ""), "1" if i else "print('hello')\n1")
        made.run(executor="inline", check=False)
        (folder / "run.html").write_text(made.page())
    finally:
        made.close()
    return folder / "run.html"


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    """What it asks the network for fails the test."""
    made, asked = browser.new_page(viewport={"width": 380, "height": 700}), []
    made.on("request", lambda request: asked.append(request.url) if not request.url.startswith(("file:", "data:")) else None)
    yield made
    made.close()
    assert asked == []


@pytest.mark.parametrize(("blocks", "printed"), [(1000, 0), (12, 12)])
def test_page_of_any_size_fits_a_small_screen_and_paper(page: Any, tmp_path: Path, blocks: int, printed: int) -> None:
    page.goto(saved(tmp_path, blocks).as_uri())
    page.locator("#jm-graph .jm-node").first.wait_for()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert (page.locator("tr[data-block]").count(), page.locator("details[data-log]").count()) == (blocks, blocks)
    shown = "() => [...document.querySelectorAll('details[data-log]')].filter(log => log.open).length"
    page.emulate_media(media="print")
    page.evaluate("() => dispatchEvent(new Event('beforeprint'))")
    assert page.evaluate(shown) == printed
    assert page.locator("details[data-log] >> visible=true").count() == printed
    page.evaluate("() => dispatchEvent(new Event('afterprint'))")
    assert page.evaluate(shown) == 0
