"""Where neither our extension nor a kernel is: what other places make of a notebook that holds a graph."""

from __future__ import annotations

import base64
import itertools
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import nbformat
import pytest

from jupyter_mage import view
from jupyter_mage.model import Block, Pipeline
from jupyter_mage.view.turned import turned

SVG = "{http://www.w3.org/2000/svg}"
CELLS = (
    "%load_ext jupyter_mage",
    "%%block raw\n[1, 2, 3]",
    "%%block total(raw)\nsum(raw)",
    "%pipeline run --executor inline",
)


def notebook() -> Any:
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(each) for each in CELLS])
    made.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return made


@pytest.fixture(scope="module")
def executed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The notebook as ``jupyter nbconvert --execute`` leaves it."""
    folder = tmp_path_factory.mktemp("elsewhere")
    nbformat.write(notebook(), folder / "plain.ipynb")
    convert(folder / "plain.ipynb", "notebook", "--execute", "--output", "shown.ipynb")
    return folder / "shown.ipynb"


def convert(path: Path, form: str, *options: str) -> Path:
    command = [sys.executable, "-m", "nbconvert", "--to", form, "--output-dir", str(path.parent), *options, str(path)]
    done = subprocess.run(command, cwd=path.parent, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr[-2000:]
    return path.parent


def titles(picture: str) -> list[str]:
    """The first words of each card's tooltip: the block's name."""
    found = ET.fromstring(picture).iter(f"{SVG}title")
    return [(title.text or "").partition(":")[0] for title in itertools.islice(found, 1, None)]


@pytest.mark.parametrize(("form", "file"), [("html", "shown.html"), ("slides", "shown.slides.html")])
def test_nbconvert_puts_the_picture_into_pages(executed: Path, form: str, file: str) -> None:
    text = (convert(executed, form) / file).read_text("utf-8")
    pictures = re.findall(r'src="?data:image/svg\+xml;base64,([^">]+)', text)
    assert [titles(base64.b64decode(each).decode()) for each in pictures] == [["raw", "total"]]


def test_nbconvert_puts_the_picture_beside_markdown(executed: Path) -> None:
    folder = convert(executed, "markdown")
    files = re.findall(r"!\[svg\]\(([^)]+)\)", (folder / "shown.md").read_text("utf-8"))
    assert [titles((folder / each).read_text("utf-8")) for each in files] == [["raw", "total"]]


def test_nbconvert_makes_latex_without_inkscape_by_the_documented_options(executed: Path) -> None:
    forms = ("text/latex", "text/plain")
    options = ["--SVG2PDFPreprocessor.enabled=False", *(f"--NbConvertBase.display_data_priority={form}" for form in forms)]
    text = (convert(executed, "latex", *options) / "shown.tex").read_text("utf-8")
    assert "total  transformer  int" in text
    assert "includegraphics{shown" not in text


def test_nbconvert_makes_a_script_that_has_the_blocks(executed: Path) -> None:
    text = (convert(executed, "script") / "shown.py").read_text("utf-8")
    assert "get_ipython().run_cell_magic('block', 'total(raw)', 'sum(raw)\\n')" in text


def test_papermill_keeps_the_picture(tmp_path: Path) -> None:
    papermill = pytest.importorskip("papermill")
    nbformat.write(notebook(), tmp_path / "plain.ipynb")
    papermill.execute_notebook(tmp_path / "plain.ipynb", tmp_path / "done.ipynb", cwd=tmp_path, progress_bar=False)
    outputs = nbformat.read(tmp_path / "done.ipynb", as_version=4).cells[-1].outputs
    pictures = [each.data["image/svg+xml"] for each in outputs if "image/svg+xml" in each.get("data", {})]
    assert [titles(each) for each in pictures] == [["raw", "total"]]


def test_a_terminal_gets_the_text(tmp_path: Path) -> None:
    typed = "%load_ext jupyter_mage\nget_ipython().run_cell_magic('block', 'raw', '[1]');\n%pipeline\n"
    command = [sys.executable, "-m", "IPython", "--colors=NoColor", "--simple-prompt", "--no-banner", "--no-confirm-exit"]
    done = subprocess.run(command, input=typed, cwd=tmp_path, capture_output=True, text=True, timeout=100)
    assert " · 1 block" in done.stdout, done.stdout + done.stderr
    assert "raw  loader  1 item" in done.stdout


def sanitised(picture: str) -> ET.Element:
    """As a strict sanitiser leaves it: no style, no script, no class, no title."""
    root = ET.fromstring(picture)
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag in (f"{SVG}style", f"{SVG}script", f"{SVG}title"):
                parent.remove(child)
        for name in ("style", "class", "role"):
            parent.attrib.pop(name, None)
    return root


def tree(leaves: int) -> Pipeline:
    """A root, ten blocks on it, and on each of these as many as there are leaves."""
    root = Block(name="root", source="1")
    middle = [Block(name=f"m{i}", source="root", upstreams=("root",)) for i in range(10)]
    low = [Block(name=f"b{i}_{j}", source=f"m{i}", upstreams=(f"m{i}",)) for i in range(10) for j in range(leaves)]
    return Pipeline(name="p", blocks=(root, *middle, *low))


def test_picture_without_its_style_has_ink_on_ground() -> None:
    """GitHub and others drop style, class and script: every shape then has its colour from its own attributes."""
    root = sanitised(view.svg(view.picture(tree(1))))
    shapes = [each for each in root.iter() if each.tag.removeprefix(SVG) in ("rect", "text", "path", "circle")]
    assert len(shapes) > 100
    assert [ET.tostring(each) for each in shapes if not each.get("fill")] == []
    assert {each.get("fill") for each in shapes if each.tag == f"{SVG}text"} <= {"#1f2328", "#57606a"}


def test_a_very_wide_picture_is_drawn_from_left_to_right() -> None:
    """Pages fit a picture to their width: sixty blocks side by side could not be read."""
    drawn = view.picture(tree(5))
    root = ET.fromstring(view.svg(drawn))
    assert drawn["size"][0] > 8000
    assert float(root.attrib["width"]) < 900
    cards = sorted(tuple(map(float, re.findall(r"[-\d.]+", each))) for each in places(root))
    for (x, y), (u, v) in itertools.combinations(cards, 2):
        assert abs(x - u) >= 192 or abs(y - v) >= 74 + 21, "a card and what flows below it cover another"
    tips = [each.get("d", "") for each in root.iter(f"{SVG}path") if each.get("fill") == "#8a939d"]
    touched = {tuple(map(float, re.findall(r"[-\d.]+", each)[2:4])) for each in tips}
    lefts = [(x, y + 37) for x, y in cards]
    assert all(any(abs(x - u) < 1 and abs(y - v) < 1 for u, v in lefts) for x, y in touched)


def test_edges_of_a_grid_that_is_turned_end_on_top_of_their_cards() -> None:
    drawn = turned(view.picture(tree(9)))
    cards = {node["id"]: node for node in drawn["nodes"]}
    inside = [edge for edge in drawn["edges"] if not edge["sideways"]]
    assert len(inside) > 10
    for edge in inside:
        card, (x, y) = cards[edge["target"]], edge["tip"]
        assert card["x"] < x < card["x"] + card["width"]
        assert (y, edge["path"].split()[-1]) == (card["y"], f"{card['y']:.1f}")


def places(root: ET.Element) -> list[str]:
    """Where each card stands."""
    groups = (each for each in root.iter(f"{SVG}g") if each.find(f"{SVG}title") is not None)
    return [each.attrib["transform"].removeprefix("translate") for each in groups]


def test_a_picture_that_fits_stays_as_it_is() -> None:
    small = view.picture(Pipeline(name="p", blocks=(Block(name="a", source="1"), Block(name="b", source="a", upstreams=("a",)))))
    first, second = (tuple(map(float, re.findall(r"[-\d.]+", each))) for each in places(ET.fromstring(view.svg(small))))
    assert first[0] == second[0]
    assert first[1] < second[1]


def test_a_picture_of_too_many_blocks_says_what_has_them_all() -> None:
    root = ET.fromstring(view.svg(view.picture(tree(45))))
    assert [each.text for each in root.iter(f"{SVG}text")] == [
        "p · 461 blocks",
        "461 blocks: too many for a still picture. %pipeline show --html FILE draws all of a run.",
    ]
