"""Data, Plan and Variables in a real JupyterLab: asked while a cell runs, by keyboard, with hostile names.

With ``SHOTS=FOLDER`` the data view leaves its pictures there, light and dark; those in the documentation are made so.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from typing import Any

Open = Callable[..., Any]

LOAD = "%load_ext jupyter_mage"
HOSTILE = "<img src=x onerror=document.title='hacked'>"
RAW = f'''%%block raw(*, rows: int = 40)
import pandas as pd
raw = pd.DataFrame({{"n": range(rows), "x": [0.5, None] * (rows // 2), "{HOSTILE}": ["<b>bold</b>"] * rows}});'''
ORDERS = """%%block orders
import pandas as pd
day = pd.date_range("2024-01-01", periods=40, freq="D").strftime("%Y-%m-%d")
orders = pd.DataFrame({"order": range(40), "amount": [12.5, None] * 20, "customer": ["ann", "bob"] * 20, "day": day});"""
FEWER = (
    ORDERS.replace("40", "20").replace("* 20,", "* 10,").replace('"customer"', '"client"').replace('.strftime("%Y-%m-%d")', "")
)
LARGE = "%%block large(orders, *, least: int = 3)\norders[orders.order >= least];"
HALF = "%%block half(raw, *, least: int = 3)\nraw[raw.n >= least];"
WAITS = """import pathlib, time
end = time.monotonic() + 60
while not pathlib.Path('go').exists() and time.monotonic() < end:
    time.sleep(.05)"""


def show(one: Any, view: str, **subject: str) -> Any:
    """The panel at a view, as a click in the graph asks for it."""
    panel = one.panel()
    if "block" in subject and "run" not in subject:  # nobody clicks a block before it is there
        panel.locator(f".jm-node[data-block='{subject['block']}']").first.wait_for(state="attached")
    detail = json.dumps({"action": "show", "view": view, "subject": subject})
    one.page.evaluate(
        f"""() => {{ document.querySelector('.jm-tabs').dispatchEvent(new CustomEvent('jupyter-mage:request',
        {{ bubbles: true, cancelable: true, detail: {detail} }})); }}"""
    )
    return panel.locator(f".jm-page[data-view={view}]")


def shoot(one: Any, name: str) -> None:
    """The panel, wide enough for a table, in both themes."""
    if not os.environ.get("SHOTS"):
        return
    one.page.set_viewport_size({"width": 1400, "height": 560})
    one.page.evaluate("() => { window.jupyterapp.shell._hsplitPanel.setRelativeSizes([0, 1400 - 640, 640]); }")
    for theme in ("Dark", "Light"):
        one.page.evaluate(
            f"async () => {{ await window.jupyterapp.commands.execute('apputils:change-theme', {{ theme: 'JupyterLab {theme}' }}); }}"
        )
        one.wait(f"document.body.dataset.jpThemeLight === '{str(theme == 'Light').lower()}'")
        one.panel().screenshot(path=f"{os.environ['SHOTS']}/{name}{'_dark' * (theme == 'Dark')}.png")


def runs(one: Any, cell: int) -> bool:
    state = one.page.evaluate(f"() => window.jupyterapp.shell.currentWidget.content.widgets[{cell}].model.executionState")
    return bool(state == "running")


def test_an_edge_shows_what_flowed_and_differs_while_a_cell_runs(lab: Open) -> None:
    one = lab(LOAD, ORDERS, LARGE, WAITS)
    one.run(0, 1, 2)
    one.write(1, FEWER)
    one.run(1)
    one.start(3)
    one.wait("window.jupyterapp.shell.currentWidget.content.widgets[3].model.executionState === 'running'")
    data = show(one, "data", block="orders", target="large")
    data.locator(".jm-alert[data-alert=schema]").wait_for()
    said = " ".join(data.locator(".jm-edgeinfo").inner_text().split())
    assert "20 × 4" in said and "−20 rows (−50 %) · 3 columns differ against 40 × 4 in run" in said, said
    assert "large has not taken this version yet" in said
    table = data.locator("table")
    assert table.locator("caption").inner_text() == "Rows 1 to 20 of 20"
    heads = table.locator("thead th[scope=col]").all_inner_texts()[1:]
    assert heads == ["order\nint64", "amount\nfloat64", "client\nstr", "day\ndatetime64[us]"]
    row = table.locator("tbody tr").nth(1)
    assert row.locator("th[scope=row]").inner_text() == "2"
    assert row.locator("td").all_inner_texts() == ["1", "null", "bob", "2024-01-02 00:00:00"]
    shoot(one, "data")
    data.get_by_role("button", name="Columns").click()
    data.locator(".jm-profile").nth(3).wait_for()
    assert data.locator(".jm-profile").nth(1).locator("dd").first.inner_text() == "10 (50\u00a0%)"
    plan = show(one, "plan")
    plan.locator(".jm-steps > li").nth(1).wait_for()
    assert plan.locator(".jm-steps > li").nth(1).inner_text().split("\n")[:2] == ["large", "runs"]
    assert runs(one, 3), "all of this was answered beside the cell"
    one.file.with_name("go").touch()
    one.idle()


def test_a_plan_is_made_and_run_with_the_keyboard(lab: Open) -> None:
    one = lab(LOAD, RAW, HALF)
    one.run(0, 1, 2)
    one.write(
        2,
        HALF.replace(">= least", "> least").replace(
            "%%block half(raw, *, least: int = 3)", "%%block half(raw, *, least: int = 3) -N"
        ),
    )
    one.run(2)
    plan = show(one, "plan")
    field, keys = plan.get_by_role("combobox"), one.page.keyboard
    plan.get_by_text("1 to run, 1 cached").wait_for()
    field.focus()
    keys.type("ha")
    keys.press("ArrowDown")
    keys.press("Enter")
    plan.locator("code", has_text="%pipeline run half").wait_for()
    keys.press("Tab")
    keys.press("Tab")
    keys.press("Tab")
    plan.locator("summary").focus()
    keys.press("Enter")
    assert plan.locator(".jm-went").inner_text() == "-raw[raw.n >= least];"
    plan.get_by_role("button", name="Run", exact=True).focus()
    keys.press("Enter")
    plan.get_by_text("2 cached").wait_for()
    one.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    plan.get_by_role("button", name="Copy the command").focus()
    keys.press("Enter")
    plan.get_by_role("button", name="Copied").wait_for()
    assert one.page.evaluate("() => navigator.clipboard.readText()") == "%pipeline run half"
    field.fill("hlaf")
    plan.get_by_text("no block 'hlaf'. Did you mean 'half'?").wait_for()
    assert plan.get_by_role("button", name="Run", exact=True).is_disabled()


def test_variables_are_refused_set_reset_and_run_with(lab: Open) -> None:
    one = lab(LOAD, RAW, HALF, "%pipeline vars")
    one.run(0, 1, 2)
    form = show(one, "variables")
    least = form.locator(".jm-variable").nth(1)
    field = form.get_by_label("least")
    field.fill("3.5")
    least.get_by_role("alert").get_by_text("parameter least is int, and '3.5' is str").wait_for()
    assert field.get_attribute("aria-invalid") == "true" and least.get_by_role("button", name="Set", exact=True).is_disabled()
    field.fill("30")
    least.locator("code", has_text="%pipeline vars least=30").wait_for()
    least.get_by_role("button", name="Set", exact=True).click()
    least.get_by_text("set for the pipeline · default 3").wait_for()
    form.get_by_label("rows").fill("36")
    form.get_by_role("button", name="Run with these").click()
    data = show(one, "data", block="half")
    data.get_by_text("Rows 1–6 of 6").wait_for()
    form = show(one, "variables")
    least.get_by_role("button", name="Reset", exact=True).click()
    least.get_by_text("set for the pipeline").wait_for(state="detached")
    assert field.input_value() == "3"
    one.run(3)
    assert [line.split()[:4] for line in one.said(3).splitlines() if "int" in line] == [
        ["rows", "int", "40", "default"], ["least", "int", "3", "default"],
    ]  # fmt: skip


def test_a_sample_is_marked_and_a_figure_is_shown_when_asked_for(lab: Open) -> None:
    figure = '%%block figure\nclass Figure:\n    def _repr_svg_(self):\n        return \'<svg xmlns="http://www.w3.org/2000/svg"><script>document.title="hacked"</script></svg>\'\nFigure();'
    one = lab(LOAD, RAW, figure, "%pipeline run --sample 4 --executor inline")
    one.run(0, 1, 2)
    data = show(one, "data", block="figure")
    data.get_by_role("button", name="Show it here").click()
    picture = data.locator("img")
    picture.wait_for()
    assert (picture.get_attribute("src") or "").startswith("data:image/svg+xml;base64,") and one.page.title() != "hacked"
    one.run(3)
    data.get_by_label("Block", exact=True).select_option("raw")
    data.get_by_text("Rows 1–4 of 4").wait_for()
    assert data.locator(".jm-badge").inner_text() == "SAMPLE"
    assert data.locator("thead th").last.inner_text() == f"{HOSTILE}\nstr"
    assert one.page.title() != "hacked" and data.locator("table img").count() == 0


def test_a_block_of_an_earlier_run_is_read_from_disk_by_the_server(lab: Open) -> None:
    one = lab(LOAD, ORDERS, "%pipeline run", "%pipeline runs --limit 1")
    one.run(0, 1, 2, 3)
    run = re.search(r"\d{8}-\d{6}-\w{6}", one.said(3))
    assert run is not None
    one.write(1, FEWER)
    one.run(1)
    data = show(one, "data", project=one.file.parent.name, run=run.group(), block="orders")
    data.get_by_text("Rows 1–40 of 40").wait_for()
    assert run.group() in data.locator(".jm-ofrun").inner_text()
    assert data.locator(".jm-command code").inner_text().startswith("jupyter mage show ")
    data.get_by_role("button", name="Back to the latest").click()
    data.get_by_text("Rows 1–20 of 20").wait_for()
