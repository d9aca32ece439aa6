"""An edit of the graph is an edit of the cells' text: the edited text reads as the edited graph, and nothing else of it changes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from jupyter_mage.code.carriers import CARRIERS, switch
from jupyter_mage.editing import Edit, Texts, edit
from jupyter_mage.errors import DefinitionError, JupyterMageError
from jupyter_mage.model import Pipeline
from jupyter_mage.saved import SavedNotebook
from jupyter_mage.session import Session

NONE = Pipeline(name="p")


def notebook(*cells: str) -> dict[str, object]:
    made = [
        {"cell_type": "code", "id": str(i), "metadata": {}, "outputs": [], "execution_count": None, "source": source}
        for i, source in enumerate(cells, 1)
    ]
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": made}


def change(cells: dict[str, str], do: str, block: str = "", to: str = "") -> dict[str, str]:
    """The cells' texts after the edit, all of them."""
    made = edit(cells, Edit(do=do, block=block, to=to), NONE)
    return {**{each: text for each, text in cells.items() if each not in made.removed}, **made.texts}


def edges(cells: dict[str, str]) -> set[tuple[str, str]]:
    return {(up, block.name) for block in Texts(cells, NONE).pipeline for up in block.needs}


# ----------------------------------------------------------------------------------------------------------- one by one

RAW, USERS = "%%block raw\n[1, 2]", "%%block users()\n[3]"
CONNECTED = [
    ("%%block total(raw)\nsum(raw)", "%%block total(raw, users)\nsum(raw)"),
    ("%%block total()\n1", "%%block total(users)\n1"),
    ("%%block total\n1", "%%block total(users)\n1"),
    ("%%block total\nsum(raw)", "%%block total(raw, users)\nsum(raw)"),
    (
        "%%block total(raw, *, least: int = 1) --retries 3  \nraw",
        "%%block total(raw, users, *, least: int = 1) --retries 3  \nraw",
    ),
    ("%%block total(*, least: int = 1)\nleast", "%%block total(users, *, least: int = 1)\nleast"),
    ("%%block total(*, text: str = 'a, b)')\ntext", "%%block total(users, *, text: str = 'a, b)')\ntext"),
    ("%%block total(raw, /)\nraw", "%%block total(raw, /, users)\nraw"),
    ("%%block total( raw , )\nraw", "%%block total( raw, users , )\nraw"),
    ("%%block total --sql --doc 'a (b'\nSELECT 1", "%%block total(users) --sql --doc 'a (b'\nSELECT 1"),
    ("# why\n\n#| block: total(raw)\n# more\nraw", "# why\n\n#| block: total(raw, users)\n# more\nraw"),
    ("#|block:total\nraw", "#|block:total(raw, users)\nraw"),
    ("@block\ndef total(raw):\n    return raw", "@block\ndef total(raw, users):\n    return raw"),
    ("@block(infer=True)\ndef total(raw):\n    return raw", "@block\ndef total(raw, users):\n    return raw"),
    (
        "import math\n\n@block(kind='custom', infer=True)\ndef total(\n    raw: list,  # (it\n    *,\n    n=1,\n):\n    return raw",
        "import math\n\n@block(kind='custom')\ndef total(\n    raw: list, users,  # (it\n    *,\n    n=1,\n):\n    return raw",
    ),
    (
        "@transformer\ndef total(raw, *args, **kwargs):\n    return raw",
        "%%block total(raw, users) --kind transformer\n@transformer\ndef total(raw, *args, **kwargs):\n    return raw",
    ),
]


@pytest.mark.parametrize(("before", "after"), CONNECTED)
def test_edge_is_drawn_into_the_header_and_taken_out_again(before: str, after: str) -> None:
    cells = {"a": RAW, "b": USERS, "c": before}
    made = change(cells, "connect", "total", "users")
    assert made == {"a": RAW, "b": USERS, "c": after}
    assert edges(made) == edges(cells) | {("users", "total")}
    assert edges(change(made, "disconnect", "total", "users")) == edges(cells)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("%%block total(raw, users)\nraw", "%%block total(users)\nraw"),
        ("%%block total\nraw + users", "%%block total(users)\nraw + users"),
        ("%%block total(users) --after raw --tag daily\nusers", "%%block total(users) --tag daily\nusers"),
        ("%%block total(users) --after raw,other\nusers", "%%block total(users) --after other\nusers"),
        ("%%block total(raw) --map raw --retries 2\nraw", "%%block total() --retries 2\nraw"),
        ("%%block total(raw, /)\nraw", "%%block total()\nraw"),
        ("%%block total(raw, *, n: int = 1)\nraw", "%%block total(*, n: int = 1)\nraw"),
        ("@block(after=['raw'])\ndef total(users):\n    return 1", "@block\ndef total(users):\n    return 1"),
        (
            "@block(kind='custom', after=('raw', 'other'))\ndef total():\n    return 1",
            "@block(kind='custom', after=['other'])\ndef total():\n    return 1",
        ),
        ("@block(after='raw', retries=2)\ndef total():\n    return 1", "@block(retries=2)\ndef total():\n    return 1"),
    ],
)
def test_edge_is_taken_out_wherever_the_header_has_it(before: str, after: str) -> None:
    cells = {"a": RAW, "b": USERS, "o": "%%block other\n1", "c": before}
    made = change(cells, "disconnect", "total", "raw")
    assert made["c"] == after
    assert edges(made) == edges(cells) - {("raw", "total")}


@pytest.mark.parametrize(
    ("before", "do", "to", "after"),
    [
        ("%%block a(raw)\nraw", "kind", "data_exporter", "%%block a(raw) --kind data_exporter\nraw"),
        ("%%block a(raw) --kind custom --tag x\nraw", "kind", "transformer", "%%block a(raw) --tag x\nraw"),
        ("%%block a(raw) --kind=custom\nraw", "kind", "sensor", "%%block a(raw) --kind=sensor\nraw"),
        ("@block\ndef a(raw):\n    return 1", "kind", "custom", "@block(kind='custom')\ndef a(raw):\n    return 1"),
        ("@block()\ndef a(raw):\n    return 1", "kind", "custom", "@block(kind='custom')\ndef a(raw):\n    return 1"),
        ("@block(retries=1)\ndef a(raw):\n    pass", "kind", "custom", "@block(retries=1, kind='custom')\ndef a(raw):\n    pass"),
        ("@block(kind='custom')\ndef a(raw):\n    return 1", "kind", "transformer", "@block\ndef a(raw):\n    return 1"),
        ("%%block a(raw)\nraw", "language", "sql", "%%block a(raw) --sql\nraw"),
        ("%%block a(raw) --sql --tag x\nSELECT 1", "language", "python", "%%block a(raw) --tag x\nSELECT 1"),
        ("#| block: a(raw) --lang sql\nSELECT 1", "language", "python", "#| block: a(raw)\nSELECT 1"),
    ],
)
def test_kind_and_language_are_options_of_the_header(before: str, do: str, to: str, after: str) -> None:
    cells = {"a": RAW, "c": before}
    made = change(cells, do, "a", to)
    assert made["c"] == after
    assert getattr(Texts(made, NONE).pipeline["a"], do) == to


def test_rename_follows_into_headers_bodies_tests_and_says_what_is_left() -> None:
    cells = {
        "1": "%%block raw\nraw = [1]\n",
        "2": "%%block big(raw) --after raw --map raw\n# raw\n[raw for raw in raw]",
        "3": "#| block: more\nraw + [2]",
        "4": "@block\ndef two(raw):\n    return raw * 2",
        "5": "%%block rows --sql\nSELECT * FROM raw",
        "6": "%%test raw some\nassert raw",
        "7": "print(raw, rawer)",
        "8": "%%block sh(raw)\n!ls {raw}",
    }
    made = edit(cells, Edit(do="rename", block="raw", to="orders"), NONE)
    assert made.texts == {
        "1": "%%block orders\norders = [1]\n",
        "2": "%%block big(orders) --after orders --map orders\n# raw\n[raw for raw in orders]",
        "3": "#| block: more\norders + [2]",
        "4": "@block\ndef two(orders):\n    return orders * 2",
        "5": "%%block rows --sql\nSELECT * FROM orders",
        "6": "%%test orders some\nassert orders",
        "8": "%%block sh(orders)\n!ls {raw}",
    }
    assert made.notes == ("sh still says raw in its body: change it there", "cell 7 says raw, and was left as it is")
    assert made.command == "%pipeline rename raw orders"


def test_deleted_block_takes_its_tests_along_and_says_who_waits() -> None:
    cells = {"1": RAW, "2": "%%test raw\nassert raw", "3": "%%block total\nsum(raw)", "4": "%%test total\nassert total"}
    made = edit(cells, Edit(do="delete", block="raw"), NONE)
    assert (made.removed, made.texts, made.notes) == (("1", "2"), {}, ("total now waits for raw",))


@pytest.mark.parametrize(
    ("cells", "block", "source", "below"),
    [
        ({"1": RAW, "2": "%%test raw\nassert raw", "3": "1"}, "raw", "%%block new_block(raw)\nraw", "2"),
        ({"1": "#| block: raw\n1", "2": "#| block: new_block\n2"}, "raw", "#| block: new_block_2(raw)\nraw", "1"),
        ({"1": RAW}, "", "%%block new_block\n", ""),
    ],
)
def test_new_block_stands_below_with_its_name_to_type_over(cells: dict[str, str], block: str, source: str, below: str) -> None:
    [new] = edit(cells, Edit(do="add", block=block), NONE).added
    assert (new.source, new.below) == (source, below)
    assert new.source[slice(*new.select)].startswith("new_block")


@pytest.mark.parametrize(
    ("plain", "made"),
    [
        ("clean = raw[1:]", "%%block clean\nclean = raw[1:]"),
        ("x = 1\nclean: list = raw[1:]\nclean.head()", "%%block clean\nx = 1\nclean: list = raw[1:]\nclean.head()"),
        ("raw[1:]", "%%block new_block\nraw[1:]"),
        ("raw = raw[1:]\n", "%%block raw_2\nraw = raw[1:]\nraw"),
        ("In = raw", "%%block new_block\nIn = raw\nIn"),
        ("for x in raw:\n    print(x)", "%%block new_block\nfor x in raw:\n    print(x)"),
    ],
)
def test_plain_cell_becomes_a_block_named_after_what_it_assigns_last(plain: str, made: str) -> None:
    cells = {"1": RAW, "2": plain}
    edited = edit(cells, Edit(do="make", to="2"), NONE)
    assert edited.texts == {"2": made}
    assert edited.select and made[slice(*edited.select)] == Texts({"2": made}, NONE).pipeline.names[0]


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        (("connect", "raw", "total"), "cycle: raw ← total ← clean ← raw; kept the previous raw"),
        (("connect", "total", "total"), "total cannot be its own upstream"),
        (("connect", "total", "clean"), "total gets clean already"),
        (("connect", "total", "rwa"), "no block 'rwa'. Did you mean 'raw'? There are: clean, notes, raw"),
        (("connect", "total", "notes"), "notes is kept, not run: its kind is markdown"),
        (("connect", "least", "raw"), "no block 'least'. Did you mean 'clean'? There are: clean, notes, raw, total"),
        (("disconnect", "total", "raw"), "total does not get raw"),
        (("rename", "raw", "clean"), "block clean is there already"),
        (("rename", "raw", "Clean"), "Clean and clean would be one file on other systems"),
        (("rename", "raw", "class"), "block name: 'class' is a Python keyword"),
        (("rename", "raw", "In"), "In is a name of IPython's own"),
        (("rename", "raw", "own"), "clean has a own of its own in its body"),
        (("kind", "raw", "loader"), "no kind 'loader'. Did you mean 'data_loader'?"),
        (("kind", "raw", "data_loader"), "raw is a data_loader already"),
        (("language", "raw", "cobol"), "no language 'cobol'."),
        (("make", "", "1"), "the cell is a block, or a test, already"),
        (("make", "", "5"), "imports and functions need no block: blocks that read them take them along"),
        (("make", "", "6"), "the cell starts with %%time, and a cell has one magic"),
        (("fly", "raw", ""), "no edit 'fly'."),
    ],
)
def test_what_cannot_be_is_refused_in_the_words_of_defining_it(wanted: tuple[str, str, str], said: str) -> None:
    cells = {
        "1": "%%block raw\n1",
        "2": "%%block clean(raw)\nown = raw",
        "3": "%%block total(clean, *, least: int = 1)\nclean",
        "4": "%%block notes --kind markdown\n# Hello",
        "5": "import math\ndef f(x):\n    return x",
        "6": "%%time\n1",
    }
    with pytest.raises(JupyterMageError) as refused:
        change(cells, *wanted)
    assert refused.value.message.startswith(said)


def test_parameter_of_that_name_is_refused_with_its_place() -> None:
    with pytest.raises(DefinitionError, match="least stands twice in the header"):
        change({"1": "%%block least\n1", "2": "%%block total(*, least: int = 1)\nleast"}, "connect", "total", "least")


def test_conditional_becomes_a_guard() -> None:
    cells = {"1": "%%block ok --kind conditional\nTrue", "2": "%%block total --kind custom\n1"}
    made = change(cells, "connect", "total", "ok")
    assert made["2"] == "%%block total --kind custom --if ok\n1"
    assert change(made, "disconnect", "total", "ok") == cells


def test_a_cell_that_does_not_read_stops_no_edit_of_another() -> None:
    cells = {"1": "%%block raw\n1", "2": "%%block broken(((\n1", "3": "%%block total\n1 +"}
    assert change(cells, "connect", "total", "raw")["3"] == "%%block total(raw)\n1 +"


# ------------------------------------------------------------------------------------------------------ any pipeline, any edit

NAMES = ["alpha", "beta", "gamma", "delta"]
OPTIONS = ["", " --kind custom", " --retries 3 --doc 'a, (b'", " --tag x --timeout 5m", " --after zero", " --cache 1d -f"]
BODIES = ["1", "é = '''a\n  b'''\né", "# {up}, (\nfor x in [1]:\n    x", "{up}", "{name} = [{up}]", 'f"{{ {up} }}"', ""]


@st.composite
def notebooks(draw: st.DrawFn) -> dict[str, str]:
    """Cells of a few blocks, each with some of those above it as inputs, carried by anything, among plain cells."""
    cells = {"zero": "%%block zero\n0"}
    above: list[str] = []
    for name in NAMES:
        ups = [each for each in above if draw(st.booleans())]
        parameters = draw(st.sampled_from(["", "*, n: int = 1", "*, t: str = 'a, )', k=[1, 2]"]))
        inner = ", ".join([*ups, *([parameters] if parameters else [])])
        declared = draw(st.booleans())
        body = draw(st.sampled_from(BODIES)).format(up=ups[0] if ups else "print", name=name)
        above_line = draw(st.sampled_from(["", "# why\n\n"]))
        signature = f"({inner})" if declared or parameters else ""
        cell = f"{above_line}%%block {name}{signature}{draw(st.sampled_from(OPTIONS))}\n{body}"
        read = Texts({**cells, name: cell}, NONE).pipeline[name]
        cells[name] = switch(cell, draw(st.sampled_from(CARRIERS)), upstreams=read.upstreams)
        above.append(name)
    return cells


def body_of(cell: str) -> str:
    return switch(cell, "magic").split("%%block", 1)[1].partition("\n")[2]


@settings(max_examples=150, deadline=None)
@given(notebooks(), st.sampled_from(NAMES), st.sampled_from(NAMES))
def test_any_edge_can_be_drawn_and_taken_out(cells: dict[str, str], block: str, up: str) -> None:
    before = edges(cells)
    try:
        made = change(cells, "connect", block, up)
    except DefinitionError as refused:
        closes = up == block or (block, up) in _closure(before)
        assert closes or (up, block) in before, refused
        return
    assert edges(made) == before | {(up, block)}
    assert {each: text for each, text in made.items() if each != block} == {k: v for k, v in cells.items() if k != block}
    assert body_of(made[block]) == body_of(cells[block])
    back = change(made, "disconnect", block, up)
    assert edges(back) == before and body_of(back[block]) == body_of(cells[block])
    again = change(back, "connect", block, up)
    assert change(again, "disconnect", block, up) == back


def _closure(pairs: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """Every way along the edges, from the first block to the last."""
    found = set(pairs)
    while more := {(a, d) for a, b in found for c, d in found if b == c} - found:
        found |= more
    return found


@settings(max_examples=150, deadline=None)
@given(notebooks(), st.sampled_from(NAMES))
def test_any_rename_there_and_back_gives_the_same_text(cells: dict[str, str], old: str) -> None:
    made = edit(cells, Edit(do="rename", block=old, to="renamed"), NONE)
    assume(not made.notes)
    there = {**cells, **made.texts}
    assert edges(there) == {tuple("renamed" if each == old else each for each in pair) for pair in edges(cells)}
    assert change(there, "rename", "renamed", old) == cells


@settings(max_examples=150, deadline=None)
@given(notebooks(), st.sampled_from(NAMES), st.sampled_from(["custom", "data_exporter", "sensor", "transformer", "data_loader"]))
def test_any_kind_can_be_set_and_the_edges_stay(cells: dict[str, str], block: str, kind: str) -> None:
    assume(Texts(cells, NONE).pipeline[block].kind != kind)
    made = change(cells, "kind", block, kind)
    assert Texts(made, NONE).pipeline[block].kind == kind
    assert edges(made) == edges(cells) and body_of(made[block]) == body_of(cells[block])


# -------------------------------------------------------------------------------------------------------- the kernel reads it


def test_kernel_follows_the_texts_without_running_and_back(tmp_path: Path) -> None:
    session = Session(tmp_path, pipeline="p")
    cells = {"1": "%%block raw\n[1]", "2": "%%block big(raw)\nraw", "3": "%%test raw\nassert raw"}
    assert session.follow_cells(cells) == []
    assert session.run(executor="inline").status == "succeeded"
    made = session.edit(cells, Edit(do="rename", block="raw", to="orders"))
    session.follow_cells(made.texts, made.removed)
    assert [(each.name, each.upstreams, len(each.tests)) for each in session.pipeline] == [
        ("big", ("orders",), 0),
        ("orders", (), 1),
    ]
    session.follow_cells({each: cells[each] for each in made.texts})
    assert {each.name: each.upstreams for each in session.pipeline} == {"big": ("raw",), "raw": ()}
    assert session.follow_cells({}, ["2"]) == ["~ big is gone"]
    assert session.follow_cells({"2": "%%block big(raw\n1"}) == ["a parenthesis is not closed: '(raw'"]
    session.close()


def test_verbs_edit_what_is_defined_where_no_front_end_holds_the_cells(tmp_path: Path) -> None:
    session = Session(tmp_path, pipeline="p")
    session.follow_cells({"1": "%%block raw\n[1]", "2": "#| block: big(raw)\nraw", "3": "%%test raw some\nassert raw"})
    assert session.edit_open(Edit(do="rename", block="raw", to="orders")) == [
        "put this in the place of its cell:\n\n%%block orders\n[1]\n",
        "put this in the place of its cell:\n\n%%test orders some\nassert orders\n",
        "put this in the place of its cell:\n\n#| block: big(orders)\norders\n",
    ]
    assert {each.name: each.upstreams for each in session.pipeline} == {"orders": (), "big": ("orders",)}
    with pytest.raises(DefinitionError, match="block big is there already"):
        session.edit_open(Edit(do="rename", block="orders", to="big"))
    asked: list[Edit] = []
    session.editor = lambda wanted: not asked.append(wanted)
    assert session.edit_open(Edit(do="delete", block="orders")) == []
    assert (asked, session.pipeline.names) == ([Edit(do="delete", block="orders")], ("big", "orders"))
    session.editor = None
    assert session.edit_open(Edit(do="delete", block="orders")) == ["~ orders is gone", "big now waits for orders"]
    session.close()


def test_saved_file_that_is_behind_brings_no_renamed_block_back(tmp_path: Path) -> None:
    path = tmp_path / "p.ipynb"
    cells = {"1": "%%block raw\n[1]", "2": "%%block big(raw)\nraw"}
    path.write_text(json.dumps(notebook(*cells.values())))
    session = Session(tmp_path, pipeline="p")
    session.saved = SavedNotebook(path)
    session.follow_cells(cells)
    made = session.edit(cells, Edit(do="rename", block="raw", to="orders"))
    session.follow_cells(made.texts)
    assert (session.read_news(), session.pipeline.names) == ([], ("big", "orders"))
    session.close()
