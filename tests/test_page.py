"""A run as one page that needs nothing else: what stands in it, what is masked, and that no word of a run is markup."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from jupyter_mage.page import Kept, of_run, page
from jupyter_mage.session import Session

PAYLOADS = [
    "<script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    "</title></style><img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "' onmouseover='alert(1)",
    "<!--<script>",
    "]]><x onclick=1>",
    "javascript:alert(1)",
    "&lt;b&gt;\x00\ud800\u202e",
]
KNOWN = {
    "html",
    "head",
    "meta",
    "title",
    "style",
    "body",
    "header",
    "main",
    "section",
    "footer",
    "h1",
    "h2",
    "h3",
    "p",
    "div",
    "span",
}
KNOWN |= {
    "table",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
    "code",
    "pre",
    "details",
    "summary",
    "dl",
    "dt",
    "dd",
    "ul",
    "li",
    "a",
    "time",
    "article",
}
KNOWN |= {"svg", "g", "path", "rect", "circle", "text", "tspan", "script"}


class Read(HTMLParser):
    """Every element of a page with its attributes, and the words between them."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        self.words.append(data)


@pytest.fixture
def session(tmp_path: Path) -> Any:
    made = Session(tmp_path, pipeline="flights")
    made.define("raw(*, day: str = 'monday', api_token: str = 'tok-5ecret')", "print('reading', day)\n[1, 2, 3]")
    made.define("total(raw)", "sum(raw)")
    made.define("broken(raw)", "print('<b>bold</b>')\nraw[9]")
    made.define("after(broken)", "broken")
    made.run(executor="inline", check=False)
    yield made
    made.close()


def kept(session: Session) -> Kept:
    from jupyter_mage import browsing

    return of_run(browsing.project(session.root, "."), session.past_run().id)


def test_page_tells_the_run(session: Session) -> None:
    words = re.sub(r"\s+", " ", " ".join(Read(session.page()).words))
    for said in (
        "flights · failed",
        "2 of 4 done",
        "IndexError: list index out of range",
        "3 │ raw[9] raw has 3 items",
        "reading monday",
        "broken failed",
        "day monday",
        "api_token ***",
        "Python 3.",
    ):
        assert said in words, said
    assert "tok-5ecret" not in session.page()
    assert "<b>" not in session.page()


def test_page_has_a_row_a_bar_and_a_log_for_each_block(session: Session) -> None:
    read = Read(session.page())
    rows = [found["data-block"] for tag, found in read.elements if tag == "tr" and "data-block" in found]
    logs = [found["data-log"] for tag, found in read.elements if tag == "details" and "data-log" in found]
    opened = [found["data-log"] for tag, found in read.elements if tag == "details" and "open" in found]
    assert rows == ["raw", "total", "broken", "after"]
    assert (logs, opened) == (rows, ["broken"])
    assert sum(found.get("preserveaspectratio") == "none" for tag, found in read.elements if tag == "svg") == 3


def test_policy_allows_what_stands_in_the_page_and_nothing_else(session: Session) -> None:
    text = session.page()
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', text)[1]  # type: ignore[index]
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    inline = lambda tag: re.findall(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)  # noqa: E731
    hashes = lambda texts: {f"'sha256-{base64.b64encode(hashlib.sha256(each.encode()).digest()).decode()}'" for each in texts}  # noqa: E731
    assert set(rules["style-src"].split()) == hashes(inline("style"))
    assert set(rules["script-src"].split()) == (hashes(inline("script")) or {"'none'"})
    assert {name: rules[name] for name in ("default-src", "base-uri", "form-action")} == dict.fromkeys(
        ("default-src", "base-uri", "form-action"), "'none'"
    )
    assert " style=" not in text.split("<script", 1)[0].split("</style>", 1)[1]


@pytest.mark.parametrize("payload", PAYLOADS)
def test_no_word_of_a_run_is_markup(session: Session, payload: str) -> None:
    plain, hostile = poisoned(kept(session), ""), poisoned(kept(session), payload)
    before, after = Read(page(plain)), Read(page(hostile).encode().decode())
    assert {tag for tag, _ in after.elements} <= KNOWN
    assert sorted(tag for tag, _ in after.elements) == sorted(tag for tag, _ in before.elements)
    for tag, found in after.elements:
        assert not [name for name in found if name.startswith("on")], tag
        assert found.get("href", "#").startswith("#")
        assert "src" not in found
    data = re.search(r'id="jm-picture">(.*?)</script>', page(hostile), re.DOTALL)
    if data:
        assert json.loads(data[1]) == json.loads(json.dumps(hostile.picture))


def poisoned(clean: Kept, payload: str) -> Kept:
    """The same, with the payload in every text that is no state, level or number, and in every name."""
    keep = {"status", "level", "colour", "path", "id", "source", "target", "name", "block", "upstreams"}

    def walk(value: Any, name: str = "") -> Any:
        if isinstance(value, dict):
            return {key: walk(each, key) for key, each in value.items()}
        if isinstance(value, list):
            return [walk(each, name) for each in value]
        return f"{value}{payload}" if isinstance(value, str) and value and name not in keep else value

    changes = {field.name: walk(getattr(clean, field.name)) for field in dataclasses.fields(clean)}
    changes["parameters"] = {f"{name}{payload}": each for name, each in changes["parameters"].items()}
    changes["detail"]["run"]["git"] = f"c0ffee{payload}"
    return dataclasses.replace(clean, **changes)


def test_a_run_that_is_not_there_says_which_are(session: Session) -> None:
    with pytest.raises(Exception, match=session.past_run().id):
        session.page("teapot")


VS_CODE = (
    "application/vnd.",
    "application/vdom.",
    "text/html",
    "application/javascript",
    "image/gif",
    "text/latex",
    "text/markdown",
)
VS_CODE += ("image/png", "image/svg+xml", "image/jpeg", "application/json", "text/plain")
"""The order in which VS Code looks at an output's forms; it takes the first that somebody draws, and nobody draws ours there."""


def test_each_place_takes_a_picture(session: Session) -> None:
    from nbconvert import HTMLExporter, MarkdownExporter

    from jupyter_mage import view

    forms = view.bundle(session.picture())
    drawn = [form for form in forms if form != view.MIME]
    picks = {name: next(form for each in order for form in drawn if form.startswith(each)) for name, order in (
        ("nbconvert", HTMLExporter().default_config.NbConvertBase.display_data_priority), ("markdown", MarkdownExporter().default_config.NbConvertBase.display_data_priority), ("VS Code", VS_CODE),
    )}  # fmt: skip
    assert picks == dict.fromkeys(picks, "image/svg+xml")
    assert not {"script", "foreignObject", "image", "use", "a"} & {tag for tag, _ in Read(forms["image/svg+xml"]).elements}
