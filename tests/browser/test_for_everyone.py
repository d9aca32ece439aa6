"""The panel for everyone: by keyboard alone, in another language, read aloud, in both themes, right to left, enlarged."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Open = Callable[..., Any]

ROOT = Path(__file__).resolve().parents[2] / "labextension"
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
LOAD = "%load_ext jupyter_mage"
NUMBERS = "%%block numbers\n[1, 2, 3]"
TOTAL = "%%block total(numbers)\nsum(numbers)"
PANEL = "#jupyter-mage-panel"
FOCUS = "(() => { const at = document.activeElement; return at.getAttribute('aria-label') || at.innerText || at.title || at.localName; })()"
SEEN = """() => { const at = document.activeElement, style = getComputedStyle(at), card = at.querySelector('.jm-card');
  return (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0) || style.boxShadow !== 'none' || !!(card && parseFloat(getComputedStyle(card).strokeWidth) > 2); }"""
# What a run's own words are: names, types, ids, times, who ran it where, commands
DATA = re.compile(
    r"%\S+.*|--\w+|\b(numbers|total|shown|python|int|list|PY|ms|s|B|kB|MB|[AP]M|loader|transformer|items?|cached|notebook|test_\w+)\b"
    r"|[\w-]+/[\w-]+|\S+@\S+|\d{8}-\d{6}-\w+"
)
# Every text and name in the panel that a person sees or hears
SAID = """panel => { const said = new Set(); const shown = each => each.checkVisibility({ opacityProperty: false });
  const walk = document.createTreeWalker(panel, NodeFilter.SHOW_TEXT);
  for (let at = walk.nextNode(); at; at = walk.nextNode()) { const up = at.parentElement;
    if (!up.closest('pre, code, .jm-name, .jm-blockname, .jm-title, .jm-farname, .jm-chip, .jm-chiptext, .jm-loglines, .jm-message, option, textarea') && shown(up)) said.add(at.textContent.trim()); }
  for (const each of panel.querySelectorAll('[title], [aria-label], [placeholder]')) if (shown(each))
    for (const name of ['title', 'aria-label', 'placeholder']) if (each.hasAttribute(name)) said.add(each.getAttribute(name).trim());
  return [...said]; }"""


def started(lab: Open, **settings: Any) -> tuple[Any, Any]:
    one = lab(LOAD, NUMBERS, TOTAL, **settings)
    panel = one.panel()
    one.run(0, 1, 2)
    panel.locator(".jm-node[data-block='total'][data-status='succeeded']").wait_for(state="attached")
    return one, panel


def tabs(panel: Any) -> list[str]:
    return [each.get_attribute("data-view") for each in panel.get_by_role("tab").all()]


def go(panel: Any, view: str) -> None:
    panel.locator(f".jm-tabs button[data-view='{view}']").click()
    panel.page.wait_for_timeout(0)


def test_keyboard_alone_runs_the_pipeline_and_comes_back(lab: Open) -> None:
    one, panel = started(lab)
    page = one.page
    one.select(2)
    one.panel()
    one.wait(f"document.querySelector('{PANEL}').contains(document.activeElement)")
    assert page.evaluate("document.activeElement.getAttribute('role')") == "tab"
    page.keyboard.press("Shift+Tab")
    assert page.evaluate(FOCUS) == "Run the pipeline" and page.evaluate(SEEN)
    count = page.evaluate("document.querySelector('.jm-header .jm-words').innerText")
    page.keyboard.press("Enter")
    panel.locator(".jm-header[data-status='succeeded']").wait_for()
    assert count
    assert page.evaluate(f"document.querySelector('{PANEL}').contains(document.activeElement)")
    for _ in range(40):  # every stop of Tab in the panel is seen, and one comes out of it again
        assert page.evaluate(SEEN), page.evaluate("document.activeElement.outerHTML.slice(0, 300)")
        page.keyboard.press("Tab")
        if not page.evaluate(f"document.querySelector('{PANEL}').contains(document.activeElement)"):
            break
    else:
        raise AssertionError("Tab never leaves the panel")


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed: npm ci in labextension")
@pytest.mark.parametrize(
    "theme", ["JupyterLab Light", "JupyterLab Dark", "JupyterLab Dark High Contrast"], ids=["light", "dark", "contrast"]
)
def test_axe_finds_nothing(lab: Open, theme: str) -> None:
    one, panel = started(lab)
    page = one.page
    named = page.evaluate(
        "name => window.jupyterapp.commands.execute('apputils:change-theme', { theme: name }).then(() => 1, () => 0)", theme
    )
    assert named
    page.wait_for_function(f"document.body.dataset.jpThemeName === {theme!r}")
    page.locator("#jupyterlab-splash").wait_for(state="detached")
    page.add_script_tag(content=AXE.read_text())
    found: dict[str, Any] = {}
    rules = "{ resultTypes: ['violations'], runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice'], rules: { region: { enabled: false } } }"
    for view in tabs(panel):
        go(panel, view)
        page.evaluate(
            "() => Promise.all(document.getAnimations().filter(each => each.playState === 'running' && each.effect.getTiming().iterations !== Infinity).map(each => each.finished.catch(() => 0)))"
        )
        said = page.evaluate(
            f"async () => (await axe.run('{PANEL}', {rules})).violations.map(each => [each.id, each.nodes.slice(0, 3).map(one => one.html.slice(0, 160) + ' ' + (one.any[0]?.message ?? ''))])"
        )
        if said:
            found[view] = said
    page.evaluate("() => window.jupyterapp.commands.execute('apputils:change-theme', { theme: 'JupyterLab Light' })")
    page.wait_for_function("document.body.dataset.jpThemeName === 'JupyterLab Light'")
    assert found == {}, json.dumps(found, indent=1)


def test_every_word_of_the_panel_is_translated(lab: Open, browser: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    template = subprocess.run(["node", "words.mjs"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    texts = [json.loads(each) for each in re.findall(r"^msgid (.*)$", template, re.M)]
    domain = {"": {"domain": "jupyter_mage", "language": "xx", "plural_forms": "nplurals=2; plural=(n != 1);"}}
    pack = {"data": {"jupyter_mage": {**domain, **{each: [f"⟦{each}⟧"] for each in texts if each}}}, "message": ""}
    new_page = browser.new_page

    def translated(**settings: Any) -> Any:
        page = new_page(**settings)
        page.route("**/api/translations/*", lambda route: route.fulfill(json=pack))
        return page

    monkeypatch.setattr(browser, "new_page", translated)
    one, panel = started(lab)
    monkeypatch.undo()
    found: dict[str, list[str]] = {}
    for view in tabs(panel):
        go(panel, view)
        for said in panel.evaluate(SAID):
            rest = re.sub(r"⟦[^⟦⟧]*⟧", "", re.sub(r"⟦[^⟦⟧]*⟧", "", said))
            rest = DATA.sub("", rest)
            if any(rest.strip("'").startswith(start) for start in ("jupyter mage run ", "test_")):
                continue  # a command, and the folders of these tests
            if re.search(r"[A-Za-z]{2}", rest):
                found.setdefault(view, []).append(said)
    assert found == {}, json.dumps(found, indent=1, ensure_ascii=False)


def test_panel_is_read_aloud(lab: Open) -> None:
    _, panel = started(lab)
    heard = panel.locator(".jm-tabs").aria_snapshot()
    assert heard.splitlines()[:2] == ['- tablist "Pipeline":', '  - tab "Graph" [selected]'], heard
    header = panel.locator(".jm-header").aria_snapshot()
    assert 'button "Run the pipeline"' in header and 'progressbar "Blocks finished"' in header, header
    assert re.search(r"status: .*shown", header), header


def test_first_steps_are_offered_where_there_is_no_pipeline(lab: Open) -> None:
    one = lab("")
    panel = one.panel()
    panel.get_by_role("heading", name="No pipeline in this notebook yet").wait_for()
    panel.get_by_role("button", name="Insert these cells").click()
    one.wait("window.jupyterapp.shell.currentWidget.content.widgets.length === 4")
    assert one.sources() == [LOAD, NUMBERS, TOTAL, "%pipeline"]
    one.run_all()
    panel.locator(".jm-node[data-block='total'][data-status='succeeded']").wait_for(state="attached")
    one.page.evaluate("async () => { await window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart(); }")
    again = panel.get_by_role("button", name="Load it again")
    again.wait_for()
    one.idle()
    again.click()
    again.wait_for(state="hidden")


def test_right_to_left_enlarged_and_forced_colours_lose_nothing(lab: Open) -> None:
    one, panel = started(lab)
    page = one.page
    cut = """panel => [...panel.querySelectorAll('.jm-header button, .jm-tabs button, .jm-page:not([hidden]) button, .jm-page:not([hidden]) select')]
      .filter(each => each.checkVisibility()).filter(each => { const box = each.getBoundingClientRect(), all = panel.getBoundingClientRect();
      return box.left < all.left - 1 || box.right > all.right + 1; }).map(each => each.title || each.innerText)"""
    found: dict[str, Any] = {}
    page.evaluate("document.documentElement.dir = 'rtl'")
    for view in tabs(panel):
        go(panel, view)
        found[f"{view} rtl"] = panel.evaluate(cut)
    shot(page, "rtl")
    page.evaluate("document.documentElement.dir = ''")
    page.set_viewport_size({"width": 700, "height": 450})  # what twice the size leaves of a screen of 1400 × 900
    for view in tabs(panel):
        go(panel, view)
        found[f"{view} 200 %"] = panel.evaluate(cut)
    shot(page, "enlarged")
    page.set_viewport_size({"width": 1400, "height": 900})
    page.emulate_media(forced_colors="active", reduced_motion="reduce")
    go(panel, "graph")
    moving = "() => document.getAnimations().filter(each => each.effect.target.closest('.jm-root') && each.playState === 'running').length"
    assert page.evaluate(moving) == 0
    shot(page, "forced_colors")
    page.emulate_media(forced_colors="none", reduced_motion="no-preference")
    assert {name: each for name, each in found.items() if each} == {}


def shot(page: Any, name: str) -> None:
    """A picture where somebody asked for them."""
    import os

    if os.environ.get("SHOTS"):
        page.screenshot(path=f"{os.environ['SHOTS']}/{name}.png")
