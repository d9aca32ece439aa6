"""A notebook that is opened again: what was found out about its bodies is kept, and nothing else follows from it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from jupyter_mage import Session
from jupyter_mage.code import source
from jupyter_mage.errors import FormatError
from jupyter_mage.model import Pipeline

CELLS = [
    "import math\nROWS = 3",
    "%%block raw\n'''Numbers.'''\nlist(range(ROWS))",
    "%%block total(raw, *, by: float = 1.0)\nreturn math.fsum(raw) * by",
    "%%block listing --kind custom\n%pwd",
    "%%test total\nassert total >= 0",
]


@pytest.fixture
def notebook(tmp_path: Path) -> Path:
    write(tmp_path / "day.ipynb", CELLS)
    (tmp_path / ".jupyter_mage").mkdir()
    return tmp_path / "day.ipynb"


@pytest.fixture(autouse=True)
def nothing_in_memory() -> Iterator[None]:
    forget()
    yield
    forget()


def write(path: Path, cells: list[str]) -> None:
    made = [
        {"cell_type": "code", "id": f"c{i}", "metadata": {}, "execution_count": None, "outputs": [], "source": text}
        for i, text in enumerate(cells)
    ]
    path.write_text(json.dumps({"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))


def forget() -> None:
    """As a new process, which has parsed nothing yet."""
    for kept in (source._read, source._shared, source._parse, source.compile_body):
        kept.cache_clear()


def opened(path: Path) -> Pipeline:
    forget()
    session = Session.open(path)
    session.close()
    return session.pipeline


def test_notebook_opened_again_is_the_same_and_its_bodies_are_not_parsed(notebook: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = opened(notebook)
    parsed: list[str] = []
    fresh = source._fresh
    monkeypatch.setattr(source, "_fresh", lambda text: parsed.append(text) or fresh(text))
    assert opened(notebook) == first
    assert parsed == ["%pwd"]  # what a magic means, IPython says


def test_edited_cell_is_read_anew_and_its_neighbours_are_as_before(notebook: Path) -> None:
    before = opened(notebook)
    write(notebook, [CELLS[0], "%%block raw\n'''Numbers.'''\n[ROWS, other]", *CELLS[2:]])
    after = opened(notebook)
    assert after["raw"].reads == ("ROWS", "other")
    assert after["total"] == before["total"]
    assert opened(notebook) == after


def test_body_that_does_not_compile_is_refused_each_time(notebook: Path) -> None:
    write(notebook, [*CELLS, "%%block late\nbreak"])
    for _ in range(2):
        forget()
        with pytest.raises(FormatError, match="outside loop"):
            Session.open(notebook)


def test_same_body_with_other_arguments_is_read_for_them(notebook: Path) -> None:
    write(notebook, ["%%block raw\n1", "%%block one(raw)\nraw"])
    opened(notebook)
    write(notebook, ["%%block raw\n1", "%%block one(*, raw: int = 2)\nraw"])
    after = opened(notebook)
    assert ([each.name for each in after["one"].parameters], after["one"].upstreams) == (["raw"], ())
    assert opened(notebook) == after


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: "",
        lambda text: text[: len(text) // 2],
        lambda text: "[1, 2]",
        lambda text: text.replace('"by": "', '"by": "0'),
        lambda text: json.dumps({**json.loads(text), "bodies": {key: [1] for key in json.loads(text)["bodies"]}}),
        lambda text: json.dumps({**json.loads(text), "bodies": dict.fromkeys(json.loads(text)["bodies"])}),
        lambda text: "[" * 100_000,
    ],
    ids=["empty", "cut", "no mapping", "another version", "no fields", "nothing", "deep"],
)
def test_damaged_findings_are_found_out_anew(notebook: Path, damage) -> None:
    first = opened(notebook)
    file = notebook.parent / ".jupyter_mage" / "day.ipynb.read"
    file.write_text(damage(file.read_text()))
    assert opened(notebook) == first


def test_opening_makes_no_folder_of_its_own_and_the_first_run_keeps_what_was_found(tmp_path: Path) -> None:
    write(tmp_path / "day.ipynb", ["%%block raw\n1"])
    opened(tmp_path / "day.ipynb")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["day.ipynb"]
    forget()
    session = Session.open(tmp_path / "day.ipynb")
    session.run(executor="inline", check=True)
    session.close()
    assert (tmp_path / ".jupyter_mage" / "day.ipynb.read").exists()
