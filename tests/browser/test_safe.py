"""Words that would be code if anybody read them as such, and notebooks that mean no good, in a real JupyterLab: nothing runs."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import hostile_notebooks as hostile
import pytest

Open = Callable[..., Any]

PAYLOADS = Path(hostile.__file__).parent / "hostile" / "payloads.json"
PROBE = "getattr(__import__('sys').modules.get('jupyter_mage.panel'), 'started', False)"
"""The one thing that is asked of a kernel unasked: whether our package is loaded there."""

INERT = """() => {
  const found = window.hacked === undefined ? [] : ['window.hacked'];
  if (({}).hacked !== undefined) found.push('Object.prototype');
  const ours = [...document.querySelectorAll('[class*="jm-"]')];
  for (const root of ours) for (const each of [root, ...root.querySelectorAll('*')]) {
    if (/^(script|iframe|object|embed|link|meta|base|form|foreignobject|use|animate|set|image|a)$/i.test(each.localName)) found.push(each.localName);
    if (each.localName === 'img' && !each.closest('.jp-RenderedHTMLCommon') && !/^data:image/.test(each.getAttribute('src'))) found.push('img');
    for (const { name, value } of each.attributes)
      if (/^on|^(href|xlink:href|srcdoc|action|formaction)$/i.test(name) || (name === 'style' && /url|expression/i.test(value))) found.push(name + '=' + value);
  }
  return [...new Set(found)].slice(0, 9);
}"""

# Close what is open, open this notebook on the kernel that there is, and look at every cell of it
LOOK = """async ([path, kernel]) => {
  const app = window.jupyterapp, soon = (promise, ms) => Promise.race([promise, new Promise(done => setTimeout(done, ms, 'late'))]);
  const widget = await app.commands.execute('docmanager:open', { path, factory: 'Notebook', kernel: { id: kernel } });
  if (!widget || await soon(widget.context.ready, 20000) === 'late') return { late: true, said: document.querySelector('.jp-Dialog')?.textContent };
  await soon(widget.sessionContext.ready, 10000);
  const notebook = widget.content;
  const trusted = notebook.widgets.some(cell => cell.model.outputs && cell.model.outputs.length && cell.model.trusted);
  for (let i = 0; i < Math.min(notebook.widgets.length, 12); i++) { notebook.activeCellIndex = i; await soon(notebook.scrollToItem(i, 'auto'), 3000); }
  for (const each of [...widget.node.querySelectorAll('.jm-node, .jm-jump')].slice(0, 3)) each.dispatchEvent(new MouseEvent('click', { bubbles: true, cancelable: true }));
  await new Promise(done => requestAnimationFrame(() => setTimeout(done)));
  return { cells: notebook.widgets.length, trusted, drawn: widget.node.querySelectorAll('.jm-dag').length };
}"""
CLOSE = """() => { const widget = window.jupyterapp.shell.currentWidget; if (widget) widget.dispose();
  document.querySelectorAll('dialog.jp-Dialog, .jp-Dialog').forEach(each => each.querySelector('button')?.click()); return null; }"""


class Watched:
    """What a page sent, asked for and said."""

    def __init__(self, page: Any, port: int) -> None:
        self.away: list[str] = []
        self.dialogs: list[str] = []
        self.code: list[str] = []
        page.on("request", lambda request: self._asked(request.url, port))
        page.on("dialog", self._dialog)
        page.on("websocket", lambda socket: socket.on("framesent", self._sent))

    def _asked(self, url: str, port: int) -> None:
        if not url.startswith((f"http://127.0.0.1:{port}/", "data:", "blob:")):
            self.away.append(url)

    def _dialog(self, dialog: Any) -> None:
        self.dialogs.append(dialog.message)
        dialog.dismiss()

    def _sent(self, frame: Any) -> None:
        said = frame if isinstance(frame, str) else frame.decode("utf-8", "replace")
        if "execute_request" in said or "comm_open" in said:
            self.code += re.findall(r'"(?:code|target_name)":\s*"((?:[^"\\]|\\.)*)"', said)


@pytest.fixture
def watched(lab: Open, server: Any) -> Iterator[Callable[..., tuple[Any, Watched]]]:
    """Opens a notebook, as ``lab`` does; gives it and what is seen of it."""

    def make(*cells: str) -> tuple[Any, Watched]:
        one = lab(*cells)
        return one, Watched(one.page, server.port)

    yield make


@pytest.mark.parametrize(
    "sort", [hostile.pictures, hostile.graphs, hostile.outputs, hostile.widgets, hostile.sources], ids=lambda sort: sort.__name__
)
def test_hostile_notebooks_run_nothing(watched: Any, server: Any, sort: Any) -> None:
    one, seen = watched("1")
    one.panel()
    kernel = one.page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.id")
    found: dict[str, Any] = {}
    for name, content in sort():
        path = one.file.with_name(f"{name}.ipynb")
        path.write_text(json.dumps(content))
        looked = one.page.evaluate(LOOK, [f"{path.parent.name}/{path.name}", kernel])
        harm = one.page.evaluate(INERT) + seen.away
        seen.away = []
        if harm or looked.get("trusted") or looked.get("late") or looked.get("cells") != len(content["cells"]):
            found[name] = (harm, looked)
        one.page.evaluate(CLOSE)
    assert found == {}
    assert (seen.dialogs, [code for code in seen.code if code]) == ([], [])


LIVE = f"""
import json, pathlib
from jupyter_mage.model import Block, Pipeline
from jupyter_mage.view import picture
words = [w if isinstance(w, str) else w[0] * min(w[1], 3000) for g in json.loads(pathlib.Path({str(PAYLOADS)!r}).read_text()).values() for w in g]
words = [w for w in words if not any('\\ud800' <= c <= '\\udfff' for c in w)]
blocks = [Block(name=f'{{w}}{{i}}', source=w, label=w, doc=w, kind=w or 'k', language=w or 'l', problem=w if i % 3 else '') for i, w in enumerate(words)]
mage = get_ipython().magics_manager.registry['PipelineMagics'].session
mage.adopt(Pipeline(name=words[0], blocks=tuple(blocks)))
mage._changed()
"""


def test_every_payload_through_a_kernel_is_only_words(watched: Any) -> None:
    one, seen = watched("%load_ext jupyter_mage", LIVE, "%pipeline")
    panel = one.panel()
    one.run(0, 1, 2)
    one.output(2).locator(".jm-dag").wait_for()
    panel.locator(".jm-tabs").wait_for()
    tabs = panel.get_by_role("tab")
    found = {}
    for i in range(tabs.count()):
        tabs.nth(i).click()
        one.page.evaluate("() => new Promise(done => requestAnimationFrame(() => setTimeout(done, 0)))")
        found[tabs.nth(i).inner_text()] = one.page.evaluate(INERT) + seen.away
    assert [name for name, harm in found.items() if harm] == [], found
    panel.get_by_role("tab", name="Blocks").click()
    panel.locator(".jm-blockname").nth(200).wait_for(state="attached")
    assert seen.dialogs == [] and one.page.evaluate("document.title").startswith("shown")
