"""The graph as a person meets it: pictures of many sizes, both themes, the keyboard alone, readers of screens; and live."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pictures
import pytest

Open = Callable[..., Any]
NOTEBOOK = "window.jupyterapp.shell.currentWidget"
AXE = Path(__file__).resolve().parents[2] / "labextension" / "node_modules" / "axe-core" / "axe.min.js"
THEMES = ("JupyterLab Light", "JupyterLab Dark")


@pytest.fixture
def shown(lab: Open, tmp_path: Path) -> Callable[..., Any]:
    """Opens a notebook whose cells hold these pictures, as a saved one does."""

    def make(*drawn: dict[str, Any], **more: Any) -> Any:
        path = tmp_path / "pictures.ipynb"
        path.write_text(json.dumps(pictures.notebook(*drawn)))
        one = lab(copy=path, **more)
        one.output(0).locator(".jm-node").first.wait_for(state="attached")
        return one

    return make


def use(one: Any, theme: str) -> None:
    one.page.evaluate("theme => window.jupyterapp.commands.execute('apputils:change-theme', { theme })", theme)
    one.wait(f"document.body.dataset.jpThemeName === {json.dumps(theme)}")


def look_at(one: Any, name: str) -> None:
    """Keep a picture for eyes, where SHOTS says where."""
    if os.environ.get("SHOTS"):
        one.page.mouse.move(2, 2)
        one.page.screenshot(path=f"{os.environ['SHOTS']}/{name}.png")


def violations(one: Any, within: str) -> list[str]:
    """What axe-core finds wrong in there."""
    if not AXE.exists():
        pytest.skip("axe-core is not installed: npm ci in labextension")
    one.page.evaluate(AXE.read_text())
    found = one.page.evaluate("within => axe.run(within).then(all => all.violations)", within)
    return [
        f"{each['id']}: {each['help']}: {node['target']} {node['failureSummary']}" for each in found for node in each["nodes"]
    ]


CONTRASTS = """() => {
const light = colour => { const [r, g, b] = colour.map(part => { const p = part / 255;
    return p <= 0.03928 ? p / 12.92 : ((p + 0.055) / 1.055) ** 2.4; }); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
const read = (colour, ground) => { canvas.fillStyle = `rgb(${ground})`; canvas.fillRect(0, 0, 1, 1);
    canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1); return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3); };
const ratio = (one, other) => { const [a, b] = [light(one), light(other)].sort((x, y) => y - x); return (a + 0.05) / (b + 0.05); };
const fill = (element, what = 'fill') => getComputedStyle(element)[what];
const found = [];
for (const node of document.querySelectorAll('.jm-node')) {
    const page = read(getComputedStyle(node.closest('.jm-dag')).backgroundColor, [255, 255, 255]);
    const card = read(fill(node.querySelector('.jm-card')), page);
    const say = (what, least, ink, ground, kind = 'fill') => { const element = node.querySelector(ink);
        if (!element || getComputedStyle(element).display === 'none' || !element.getClientRects().length) return;
        const under = ground ? read(fill(node.querySelector(ground)), card) : card;
        const has = ratio(read(fill(element, kind), under), under);
        if (has < least) found.push(`${node.dataset.block} ${what} ${has.toFixed(2)} < ${least}`); };
    for (const text of ['.jm-title', '.jm-kind', '.jm-detail']) say(text, 4.5, text);
    say('chip', 4.5, '.jm-chiptext', '.jm-chip');
    say('sample', 4.5, '.jm-badge text', '.jm-badge rect');
    say('flow', 4.5, '.jm-passes text', '.jm-passes rect');
    say('sign of the state', 3, '.jm-glyph path', '.jm-glyph circle', 'stroke');
    say('sign of the kind', 3, '.jm-tile path', '.jm-tile rect', 'stroke');
}
for (const line of document.querySelectorAll('.jm-edge .jm-line')) {
    const page = read(getComputedStyle(line.closest('.jm-dag')).backgroundColor, [255, 255, 255]);
    const has = ratio(read(fill(line, 'stroke'), page), page);
    if (has < 3) found.push(`edge ${line.parentElement.dataset.source} ${has.toFixed(2)}`);
}
return found; }"""


def test_every_state_and_kind_has_contrast_in_both_themes(shown: Callable[..., Any]) -> None:
    one = shown(pictures.every_look(), height=1400)
    one.page.evaluate("() => document.querySelectorAll('.jm-root').forEach(each => each.classList.remove('jm-far'))")
    cards = one.output(0).locator(".jm-node")
    found = {}
    for theme in THEMES:
        use(one, theme)
        found[theme] = one.page.evaluate(CONTRASTS)
        look_at(one, f"looks_{theme.split()[1]}")
    assert cards.count() == len(pictures.every_look()["nodes"])
    assert found == {theme: [] for theme in THEMES}


def test_pictures_of_every_size_are_clean_for_readers_of_screens(shown: Callable[..., Any]) -> None:
    one = shown(pictures.flights(), pictures.many(200), pictures.many(1000), height=1900)
    cards = [one.output(cell).locator(".jm-node").count() for cell in range(3)]
    assert cards[0] == 12
    assert 0 < cards[1] < 200
    assert 0 < cards[2] < 300
    for theme in THEMES:
        use(one, theme)
        assert violations(one, ".jp-OutputArea") == []
        look_at(one, f"sizes_{theme.split()[1]}")
    one.page.locator(".jm-tools [aria-label='Show the whole pipeline']").nth(2).click()
    one.output(2).locator(".jm-overview").wait_for(state="visible")
    look_at(one, "sizes_far")


def test_keyboard_alone_finds_opens_and_comes_back(shown: Callable[..., Any]) -> None:
    one = shown(pictures.flights(), pictures.many(1000), height=1400)
    page = one.page
    focused = (
        "(document.activeElement.dataset.block || document.activeElement.dataset.source || document.activeElement.className)"
    )
    first = one.output(0).locator(".jm-node[tabindex='0']")
    assert first.count() == 1
    first.focus()
    page.keyboard.press("Shift+ArrowDown")
    assert one.output(0).locator(".jm-hint").inner_text().replace("\n", " ") == "flights → delays 336 776 × 19, 48 MB"
    page.keyboard.press("ArrowDown")
    assert page.evaluate(focused) == "delays"
    page.keyboard.press("Shift+ArrowDown")
    assert "lost rows: −20 % since the last good run" in one.output(0).locator(".jm-hint").inner_text()
    page.keyboard.press("f")  # on an edge, too
    assert one.output(0).locator(".jm-node.jm-faded").count() > 0
    look_at(one, "scope")
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    second = one.output(1).locator(".jm-node[tabindex='0']")
    second.focus()
    page.keyboard.press("/")
    page.keyboard.type("number 777")
    page.keyboard.press("Enter")
    look_at(one, "search")
    page.keyboard.press("Escape")
    assert page.evaluate(focused) == "block_777"
    page.keyboard.press("Home")
    assert page.evaluate(focused) == "block_0"
    assert page.evaluate(f"{NOTEBOOK}.content.activeCellIndex") == 1  # the notebook has not taken the keys


def test_right_to_left_forced_colours_and_reduced_motion_change_no_place(shown: Callable[..., Any]) -> None:
    one = shown(pictures.flights(), height=1000)
    where = """() => { const stage = document.querySelector('.jm-stage').getBoundingClientRect();
    return [...document.querySelectorAll('.jm-node .jm-title')].map(each => { const box = each.getBoundingClientRect();
    return [Math.round(box.left - stage.left), Math.round(box.top - stage.top)]; }); }"""
    before = one.page.evaluate(where)
    one.page.evaluate("() => { document.documentElement.dir = 'rtl'; return null; }")
    turned = one.page.evaluate(where)
    tools = one.output(0).locator(".jm-tools").bounding_box()
    stage = one.output(0).locator(".jm-stage").bounding_box()
    look_at(one, "rtl")
    assert turned == before
    assert tools["x"] < stage["x"] + stage["width"] / 2  # what belongs to the reader's side is on it
    one.page.evaluate("() => { document.documentElement.dir = ''; return null; }")
    one.page.emulate_media(forced_colors="active", reduced_motion="reduce")
    running = one.output(0).locator(".jm-node[data-status='running'] .jm-card")
    assert running.evaluate("each => getComputedStyle(each).animationName") == "none"
    assert one.page.evaluate(CONTRASTS) == []
    look_at(one, "forced")


LOAD = "%load_ext jupyter_mage"
ROWS = "%%block rows --no-run\nimport pandas as pd\npd.DataFrame({{'n': range({})}})"
BAD = "%%block total(rows) --no-run\nrows['m'].sum()"
GOOD = "%%block total(rows) --no-run\nrows['n'].sum()"


def test_run_that_failed_keeps_its_graph_and_resume_draws_its_own(lab: Open) -> None:
    one = lab(LOAD, ROWS.format(100), BAD, "%pipeline run", GOOD, "%pipeline resume", ROWS.format(50), "%pipeline run rows")
    panel = one.panel()
    one.run(0, 1, 2, 3, 4, 5)
    state = ".jm-node[data-block='total'][data-status='{}']"
    one.output(5).locator(state.format("succeeded")).wait_for(state="attached")
    assert one.output(3).locator(state.format("failed")).count() == 1
    assert one.output(5).get_by_role("button", name="Run the pipeline").is_enabled()  # it is live, not a saved picture
    one.run(6, 7)
    edge = panel.locator(".jm-edge[data-source='rows']")
    edge.locator("xpath=self::*[@data-alert='loss']").wait_for(state="attached")
    said = edge.get_attribute("aria-label")
    assert said.startswith("rows to total: 50 × 1, ")
    assert said.endswith(", lost rows: −50 % since the last good run, which had 100 × 1")
    for theme in THEMES:
        use(one, theme)
        assert violations(one, "#jupyter-mage-panel") == []
        look_at(one, f"panel_{theme.split()[1]}")
    panel.locator(".jm-node[data-block='rows']").focus()
    one.page.keyboard.press("Shift+ArrowDown")
    one.page.keyboard.press("Enter")
    panel.get_by_role("tab", name="Data", selected=True).wait_for()


def test_seconds_go_on_where_they_were_after_a_reload(lab: Open) -> None:
    wait = "%%block slow --no-run\nimport pathlib, time\nend = time.monotonic() + 60\n"
    wait += "while not pathlib.Path('go').exists() and time.monotonic() < end:\n    time.sleep(.05)\n1"
    one = lab(
        LOAD, wait, "import threading\nthreading.Thread(target=get_ipython().run_line_magic, args=('pipeline', 'run')).start()"
    )
    one.panel()
    one.run(0, 1, 2)
    detail = "#jupyter-mage-panel .jm-node[data-block='slow'][data-status='running'] .jm-detail"
    seconds = f"(() => {{ const said = document.querySelector(\"{detail}\"); return said ? parseInt(said.textContent.split('· ')[1]) : -1; }})()"
    one.wait(f"{seconds} >= 4")
    one.page.reload()
    one.wait("!!window.jupyterapp && !!document.querySelector('#jupyter-mage-panel')")
    one.panel()
    one.wait(f"{seconds} >= 0")
    assert one.page.evaluate(seconds) >= 4
    one.file.with_name("go").touch()
    one.page.wait_for_selector("#jupyter-mage-panel .jm-node[data-block='slow'][data-status='succeeded']", state="attached")
