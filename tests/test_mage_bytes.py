"""Import and export into a fresh folder give every file of a pipeline as it was, byte for byte, whatever bytes these are."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import mage_projects
import mage_yaml
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from jupyter_mage import projects
from jupyter_mage.errors import FormatError, JupyterMageError
from jupyter_mage.formats import mage

MANY = settings(
    max_examples=50, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.reuse, Phase.generate], database=None
)
META = "pipelines/p/metadata.yaml"
FILES = ["data_loaders/a.py", "transformers/b.sql", "markdowns/c.md", "scratchpads/d.py", "charts/e.py", "callbacks/f.py"]
TEXT = (
    "blocks:\n"
    "- {uuid: a, type: data_loader, upstream_blocks: [], downstream_blocks: [b]}\n"
    "- {uuid: b, type: transformer, language: sql, upstream_blocks: [a], downstream_blocks: []}\n"
    "- {uuid: c, type: markdown, language: markdown, upstream_blocks: [], downstream_blocks: []}\n"
    "- {uuid: d, type: scratchpad, upstream_blocks: [], downstream_blocks: []}\n"
    "widgets: [{uuid: e, type: chart, upstream_blocks: [a], downstream_blocks: []}]\n"
    "callbacks: [{uuid: f, type: callback, upstream_blocks: [a], downstream_blocks: []}]\n"
)


def by_notebook(root: Path, name: str = "p") -> Path:
    """The project as a notebook of it exports it into a fresh folder."""
    target = root.parent / f"{name}.ipynb"
    projects.import_notebook(root, name, target)
    fresh = root.parent / f"fresh-{name}" / "project"
    mage.format.write(projects.read(target), fresh, target)
    return fresh


def same_bytes(root: Path, fresh: Path) -> bool:
    """Whether all that the pipeline says of its files is in the fresh folder, byte for byte."""
    before, after = mage_projects.contents(root), mage_projects.contents(fresh)
    assert {path: after.get(path) for path in before} == before
    return True


CODE = b"if 'data_loader' not in globals():\n    from mage_ai.data_preparation.decorators import data_loader\n\n\n@data_loader\ndef f():\n    return 1"
LINES = st.sampled_from(
    [
        *CODE.split(b"\n"),
        "# Größe \u2028 \x85".encode(),
        b"# coding: latin-1",
        b"# caf\xe9",
        b"\x0c",
        b"\t",
        b" ",
        b"",
        b"\x00",
        b"\xff\xfe",
        b"%%block x",
        b"'''",
        b"# %% {{ df_1 }}",
        b"\x1a",
        b"\xef\xbb\xbf",
    ]
)
ENDS = st.sampled_from([b"\n", b"\r\n", b"\r", b"\n\n", b"\r\n\r\n", b"\n\r"])


@st.composite
def blobs(draw: Any) -> bytes:
    """A file's bytes: as people's editors leave them, or anything."""
    if draw(st.integers(0, 9)) == 0:
        return draw(st.binary(max_size=40))
    lines = draw(st.one_of(st.just(CODE.split(b"\n")), st.lists(LINES, max_size=8)))
    end = draw(st.one_of(st.just(b"\n"), st.just(b"\r\n"), st.none()))
    text = b"".join(line + (end or draw(ENDS)) for line in lines)
    text = draw(st.sampled_from([b"", b"", b"\xef\xbb\xbf", b"# -*- coding: cp1252 -*-\n", b"\n\n"])) + text
    return draw(st.sampled_from([text, text, text.rstrip(b"\r\n"), text + b"\n\n\n"]))


@MANY
@given(st.data())
def test_any_bytes_of_blocks_files_come_back(data: Any) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = mage_projects.make(Path(folder) / "project", {META: TEXT})
        for path in FILES:
            (root / path).parent.mkdir()
            (root / path).write_bytes(data.draw(blobs()))
        mage.check(root)
        before = mage_projects.contents(root)
        assert same_bytes(root, by_notebook(root))
        assert mage.format.write(mage.format.read(root), root) == []
        assert mage_projects.contents(root) == before


@MANY
@given(st.data())
def test_any_layout_of_the_metadata_comes_back(data: Any) -> None:
    """Where nothing is to be made whole: what Mage could not load, or would not reach, is written as it has to be."""
    made = data.draw(mage_yaml.pipelines())
    text = data.draw(mage_yaml.texts(made)).encode()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "project"
        (root / META).parent.mkdir(parents=True)
        (root / META).write_bytes(text)
        try:
            found = mage.format.read(root)
            wanted = root / META if not mage.format.write(found, root) else None  # nothing was to be made whole
        except JupyterMageError:
            return
        fresh = by_notebook(root)
        name = str(found.extra.get("uuid", found.name))
        assert (fresh / f"pipelines/{name}/metadata.yaml").read_bytes() == (wanted or root / META).read_bytes()
        if wanted:
            assert (root / META).read_bytes() == text


FORMS = {
    "windows": lambda text: text.replace("\n", "\r\n").encode(),
    "old mac": lambda text: text.replace("\n", "\r").encode(),
    "mixed": lambda text: text.replace("\n", "\r\n", 2).encode(),
    "mark": lambda text: b"\xef\xbb\xbf" + text.encode(),
    "latin-1": lambda text: ("# -*- coding: latin-1 -*-\n# caf\xe9\n" + text).encode("latin-1"),
}


@pytest.mark.parametrize("form", FORMS)
def test_an_edited_cell_leaves_its_file_in_its_form(form: str, tmp_path: Path) -> None:
    root = mage_projects.make(tmp_path / "project", {META: TEXT})
    text = mage_projects.python("data_loader", "return 1") + "# end\n"
    (root / "data_loaders").mkdir()
    (root / "data_loaders/a.py").write_bytes(FORMS[form](text))
    target = tmp_path / "back.ipynb"
    projects.import_notebook(root, "p", target)
    target.write_text(target.read_text().replace("return 1", "return 2"))
    edited = projects.read(target)
    wanted = FORMS[form](text).replace(b"return 1", b"return 2")
    mage.format.write(edited, tmp_path / "fresh", target)
    assert (tmp_path / "fresh/data_loaders/a.py").read_bytes() == wanted
    mage.format.write(edited, root, target)
    assert (root / "data_loaders/a.py").read_bytes() == wanted


def test_a_character_that_the_files_encoding_has_not_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    root = mage_projects.make(tmp_path / "project", {META: TEXT})
    (root / "data_loaders").mkdir()
    (root / "data_loaders/a.py").write_bytes(FORMS["latin-1"](mage_projects.python("data_loader", "return 1")))
    target = tmp_path / "back.ipynb"
    projects.import_notebook(root, "p", target)
    target.write_text(target.read_text().replace("return 1", "return '\u20ac'"))
    before = mage_projects.contents(root)
    with pytest.raises(FormatError, match="the file is iso-8859-1, which has no '€'") as caught:
        mage.format.write(projects.read(target), root, target)
    assert mage_projects.contents(root) == before
    assert str(caught.value.where) == "data_loaders/a.py, line 9"


def test_a_file_that_is_no_text_is_a_block_that_does_not_run_and_says_so(tmp_path: Path) -> None:
    root = mage_projects.make(tmp_path / "project", {META: TEXT})
    (root / "data_loaders").mkdir()
    (root / "data_loaders/a.py").write_bytes(b"# 1\n# caf\xe9\n")
    said = "its file data_loaders/a.py is not UTF-8 text (line 2), and no coding line says what it is"
    assert mage.format.read(root)["a"].problem == said
    assert f"pipelines/p/metadata.yaml:2: a: {said}; it is kept and not run here" in projects.check(root)
