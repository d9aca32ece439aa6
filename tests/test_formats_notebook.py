"""Notebooks: cells become blocks and come back as they were, through a Mage project too."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import nbformat
import pytest

from jupyter_mage.errors import FormatError, ProjectError, UnknownNameError
from jupyter_mage.formats import mage, notebook
from jupyter_mage.model import Block, Definition, Pipeline, Test

IMPORT = Definition(name="np", source="import numpy as np", sort="import")
CELLS = [
    ("markdown", "# Late flights\n\nText *here*."),
    ("code", "%load_ext jupyter_mage"),
    ("code", "import pandas as pd\nimport numpy as np"),
    ("code", "# the rate\nRATE = 1.5\n\ndef scale(frame, by=RATE):\n    return frame * by"),
    ("code", '%%block raw\npd.DataFrame({"k": [1, 2, 3], "Delay": [10, 20, 30]})'),
    ("markdown", "## Clean them\n```python\nx\n```\n"),
    (
        "code",
        '%%block delays(raw, *, least: int = 15, label: str = "it\'s")\n"""Late."""\n# keep\ndelays = raw[raw.Delay >= least]\n\n'
        'text = f"""\n  {label}\nline"""\n# end',
    ),
    ("code", '%%test delays\nassert len(delays) == 2, """\n no\n"""'),
    (
        "code",
        "%%block by_k(delays, *, n: int = 5) --sql\n-- {{ here }}\n"
        "SELECT k, count(*) AS n\nFROM delays WHERE Delay >= $n GROUP BY k",
    ),
    ("code", "%%test by_k totals\nassert np.isclose(by_k.n.sum(), 2)"),
    ("code", '%%block out(by_k) --kind data_exporter\nscale(by_k[["n"]])'),
    ("code", '#| block: other --no-run\nscale(pd.DataFrame({"z": [1]}))'),
    ("code", "#| test: other\nassert len(other)"),
    ("code", "%%test raw\nassert len(raw) == 3"),
    ("code", "%pipeline run"),
    ("raw", "raw text"),
    ("code", "%%sql\nSELECT 1"),
    ("code", "%%html\n<b>%%block x</b>"),
    ("code", '%%block inferred --after raw\nout.merge(other, how="cross")\n'),
]


def document(cells: list[tuple[str, Any]], **changes: Any) -> dict[str, Any]:
    made = []
    for sort, source in cells:
        cell = {"cell_type": sort, "metadata": {}, "source": source}
        made.append(cell | ({"outputs": [], "execution_count": None} if sort == "code" else {}))
    return {"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": 5, **changes}


def save(path: Path, cells: list[tuple[str, Any]], **changes: Any) -> Path:
    path.write_text(json.dumps(document(cells, **changes)), encoding="utf-8")
    return path


def cells_of(path: Path) -> list[tuple[str, str]]:
    return [(each["cell_type"], "".join(each["source"])) for each in json.loads(path.read_text())["cells"]]


def test_notebook_comes_back_cell_by_cell_through_a_mage_project(tmp_path: Path) -> None:
    pipeline = notebook.format.read(save(tmp_path / "01_flights.ipynb", CELLS))
    mage.format.write(pipeline, tmp_path / "project")
    again = mage.format.read(tmp_path / "project", "flights")
    assert again == pipeline
    notebook.format.write(again, tmp_path / "back.ipynb")
    assert cells_of(tmp_path / "back.ipynb") == CELLS
    assert notebook.format.read(tmp_path / "back.ipynb") == pipeline


def test_cells_become_these_blocks(tmp_path: Path) -> None:
    found = notebook.format.read(save(tmp_path / "01_flights.ipynb", CELLS))
    assert [(block.name, block.kind, block.language, block.upstreams, block.after) for block in found] == [
        ("flights_late_flights", "markdown", "markdown", (), ()),
        ("flights_code_1", "scratchpad", "python", (), ()),
        ("flights_imports", "scratchpad", "python", (), ()),
        ("flights_scale", "scratchpad", "python", (), ()),
        ("raw", "data_loader", "python", (), ()),
        ("flights_clean_them", "markdown", "markdown", (), ()),
        ("delays", "transformer", "python", ("raw",), ()),
        ("by_k", "transformer", "sql", ("delays",), ()),
        ("out", "data_exporter", "python", ("by_k",), ()),
        ("other", "data_loader", "python", (), ()),
        ("flights_code_4", "scratchpad", "python", (), ()),
        ("flights_text_3", "markdown", "markdown", (), ()),
        ("flights_code_5", "scratchpad", "python", (), ()),
        ("flights_code_6", "scratchpad", "python", (), ()),
        ("inferred", "transformer", "python", ("out", "other"), ("raw",)),
    ]
    assert [each.name for each in found["out"].captured] == ["RATE", "scale"]
    assert found["by_k"].tests == (
        Test(
            name="totals",
            source="assert np.isclose(by_k.n.sum(), 2)",
            captured=(IMPORT,),
        ),
    )


def test_order_of_cells_does_not_matter_for_edges_tests_and_helpers(tmp_path: Path) -> None:
    cells = [
        ("code", "%%test b\nassert b"),
        ("code", "%%block b\nhelp_me(a)"),
        ("code", "%%block a\n1"),
        ("code", "def help_me(x): return x"),
    ]
    found = notebook.format.read(save(tmp_path / "x.ipynb", cells))
    assert (found["b"].upstreams, [each.name for each in found["b"].captured], len(found["b"].tests)) == (("a",), ["help_me"], 1)
    notebook.format.write(found, tmp_path / "back.ipynb")
    assert cells_of(tmp_path / "back.ipynb") == [("code", "%load_ext jupyter_mage"), *cells[1:2], *cells[:1], *cells[2:]]


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("01_flights.ipynb", "flights"),
        ("Größe 2.ipynb", "Gr_e_2"),
        ("12.ipynb", "pipeline"),
        ("class.ipynb", "class_"),
        ("a-b.c.ipynb", "a_b_c"),
    ],
)
def test_pipeline_is_called_like_the_file(file: str, name: str, tmp_path: Path) -> None:
    path = save(tmp_path / file, [("code", "%%block a\n1")])
    assert notebook.format.pipelines(path) == [name]
    assert notebook.format.read(path).name == name
    assert notebook.format.read(path, "mine").name == "mine"


def test_several_pipelines_in_a_notebook_are_told_apart(tmp_path: Path) -> None:
    cells = [
        ("code", "%load_ext jupyter_mage"),
        *(("code", "%%block a --pipeline one\n1"), ("code", "%%block b\na"), ("code", "%%block a --pipeline two\n2")),
    ]
    path = save(tmp_path / "x.ipynb", cells)
    assert notebook.format.pipelines(path) == ["x", "one", "two"]
    assert notebook.format.read(path, "x").names == ("x_code_1", "b")
    assert notebook.format.read(path, "one").names == ("a",)
    assert notebook.format.read(path, "two")["a"].source == "2"
    with pytest.raises(UnknownNameError, match="no pipeline 'three'"):
        notebook.format.read(path, "three")


def test_mage_project_becomes_a_notebook_that_says_the_same(tmp_path: Path) -> None:
    code = "@transformer\ndef f(a, b, *args, **kwargs):\n    return a"
    foreign = Block(
        name="sub_b",
        source=code,
        kind="transformer",
        kind_given=True,
        upstreams=("a",),
        declared=True,
        label="sub/b",
        carrier="mage",
        extra={"uuid": "sub/b", "timeout": 3, "configuration": {"x": 1}},
    )
    limit = Definition(name="LIMIT", source="LIMIT = 3", sort="constant")
    mine = Block(
        name="a", source="np.arange(LIMIT)", captured=(Definition(name="np", source="import numpy as np", sort="import"), limit)
    )
    pipeline = Pipeline(name="daily", blocks=(mine, foreign), variables={"x": 1}, description="Daily.", extra={"tags": ["t"]})
    notebook.format.write(pipeline, tmp_path / "other.ipynb")
    assert cells_of(tmp_path / "other.ipynb") == [
        ("code", "%load_ext jupyter_mage"),
        ("code", "import numpy as np\n\n\nLIMIT = 3"),
        ("code", "%%block a\nnp.arange(LIMIT)"),
        ("code", f"%%block sub_b(a) --kind transformer\n{code}"),
    ]
    found = notebook.format.read(tmp_path / "other.ipynb")
    assert found["sub_b"] == foreign
    assert found["a"].captured == mine.captured
    assert (found.name, found.variables, found.description, found.extra) == ("daily", {"x": 1}, "Daily.", {"tags": ["t"]})


def test_written_notebook_is_as_jupyter_writes_it(tmp_path: Path) -> None:
    pipeline = Pipeline(name="x", blocks=(Block(name="a", source="1\n2", header="a"),))
    (path,) = notebook.format.write(pipeline, tmp_path / "x.ipynb")
    assert json.loads(path.read_text())["cells"][1] == {
        "cell_type": "code",
        "execution_count": None,
        "id": "a",
        "metadata": {},
        "outputs": [],
        "source": ["%%block a\n", "1\n", "2"],
    }
    assert path.read_text().startswith('{\n "cells": [\n  {\n   "cell_type": "code"') and path.read_text().endswith("}\n")
    assert notebook.format.write(pipeline, path) == []


def test_written_notebook_is_valid_and_its_ids_are_unique(tmp_path: Path) -> None:
    tests = tuple(Test(name=f"{'t' * 40}{i}", source="assert 1") for i in range(3))
    long = Block(name="n" * 63, source="1", tests=tests)
    pipeline = Pipeline(name="x", blocks=(long, Block(name="definitions", source="np", captured=(IMPORT,))))
    (path,) = notebook.format.write(pipeline, tmp_path / "x.ipynb")
    nbformat.validate(nbformat.read(path, as_version=4))
    identities = [cell["id"] for cell in json.loads(path.read_text())["cells"]]
    assert len(set(identities)) == len(identities) == 7


def test_writing_over_a_notebook_keeps_outputs_and_never_loses_cells(tmp_path: Path) -> None:
    path = save(tmp_path / "x.ipynb", [("code", "%load_ext jupyter_mage"), ("code", "%%block a\n1")])
    data = json.loads(path.read_text())
    data["cells"][1] |= {"outputs": [{"output_type": "stream", "name": "stdout", "text": "kept"}], "execution_count": 7}
    data["cells"][1] |= {"id": "own", "metadata": {"tags": ["x"]}}
    data["metadata"] = {"kernelspec": {"name": "mine", "display_name": "Mine"}}
    path.write_text(json.dumps(data))
    pipeline = notebook.format.read(path)
    notebook.format.write(pipeline.with_block(Block(name="b", source="2", header="b")), path)
    cells = json.loads(path.read_text())["cells"]
    assert [(cell["execution_count"], len(cell["outputs"])) for cell in cells] == [(None, 0), (7, 1), (None, 0)]
    assert [(cell["id"], cell["metadata"]) for cell in cells] == [("x_code_1", {}), ("own", {"tags": ["x"]}), ("b", {})]
    assert json.loads(path.read_text())["metadata"]["kernelspec"]["name"] == "mine"
    before = path.read_bytes()
    with pytest.raises(FormatError, match="is there already, with 1 cells that would be lost"):
        notebook.format.write(pipeline, path)
    assert path.read_bytes() == before


WRONG = {
    "header": (("code", "%%block a(\n1"), "a parenthesis is not closed", 1),
    "option": (("code", "%%block a --knd custom\n1"), "Did you mean '--kind'", 1),
    "body": (("code", "%%block a\n\nx = = 1"), "invalid syntax", 3),
    "sql": (("code", "%%block a --sql\nSELEC 1"), "syntax error", 2),
    "test": (("code", "%%test nowhere\nassert 1"), "no block 'nowhere'", 1),
    "empty test": (("code", "%%test\nassert 1"), "no block ''", 1),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_cells_are_named_with_cell_and_line(name: str, tmp_path: Path) -> None:
    cell, words, line = WRONG[name]
    path = save(tmp_path / "x.ipynb", [("markdown", "# Title"), cell, ("code", "%%block fine\n1")])
    with pytest.raises(FormatError, match=words) as caught:
        notebook.format.read(path)
    assert (caught.value.where.file, caught.value.where.cell, caught.value.where.line) == (str(path), 2, line)


def test_all_wrong_cells_are_told_at_once(tmp_path: Path) -> None:
    path = save(tmp_path / "x.ipynb", [("code", "%%block a(\n1"), ("code", "%%block b\n1"), ("code", "%%block b\n2")])
    with pytest.raises(
        FormatError, match=r"2 problems:\n.*cell \[1\][^\0]*block b is defined here and in cell \[2\] \(.*cell \[3\]"
    ):
        notebook.format.read(path)


def test_check_lists_what_is_wrong(tmp_path: Path) -> None:
    path = save(
        tmp_path / "x.ipynb", [("code", "%%block a(\n1"), ("code", "%%block b\n\nx = = 1"), ("code", "%%block c --pipeline p\n2")]
    )
    assert [(each.cell, each.line, each.fatal) for each in notebook.format.check(path)] == [(1, 1, True), (2, 3, True)]
    assert str(notebook.format.check(path)[1]).startswith(f"{path}, cell [2], line 3: invalid syntax")
    assert notebook.format.check(save(path, CELLS)) == []
    path.write_text("{\n")
    assert [each.line for each in notebook.format.check(path)] == [2]


def broken(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode()


GOOD = json.dumps(document([("code", "%%block a\n1")]), indent=1)
BROKEN = {
    "not JSON": (GOOD.replace('"nbformat": 4', '"nbformat": 4,,'), "not JSON"),
    "cut off": (GOOD[: len(GOOD) // 2], "not JSON"),
    "empty": ("", "not JSON"),
    "merge conflict": (GOOD.replace("\n", "\n<<<<<<< HEAD\n", 1), "a merge conflict marker"),
    "deep": ("[" * 100_000, "not JSON"),
    "version 3": (json.dumps({"nbformat": 3, "worksheets": []}), "format 3, not 4"),
    "no version": ("{}", "no nbformat"),
    "a list": ("[]", "not a notebook"),
    "no cells": ('{"nbformat": 4}', "no list of cells"),
    "cell is text": ('{"nbformat": 4, "cells": ["x"]}', "not a cell"),
    "source is a number": ('{"nbformat": 4, "cells": [{"cell_type": "code", "source": 3}]}', "source is not text"),
    "source lines are numbers": ('{"nbformat": 4, "cells": [{"cell_type": "code", "source": ["a", 3]}]}', "source is not text"),
    "cell type": ('{"nbformat": 4, "cells": [{"cell_type": "heading", "source": ""}]}', "its type is 'heading'"),
    "half a character": ('{"nbformat": 4, "cells": [{"cell_type": "code", "source": "\\ud800"}]}', "half a character"),
    "latin-1": ('{"é": 1}'.encode("latin-1"), "not UTF-8"),
}


@pytest.mark.timeout(5)
@pytest.mark.parametrize("name", BROKEN)
def test_broken_notebooks_are_refused_with_a_reason(name: str, tmp_path: Path) -> None:
    text, words = BROKEN[name]
    path = tmp_path / "x.ipynb"
    path.write_bytes(broken(text))
    with pytest.raises(FormatError, match=words) as caught:
        notebook.format.read(path)
    assert caught.value.where.file == str(path)
    assert path.read_bytes() == broken(text)


def test_missing_notebook_is_named(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match="could not read it"):
        notebook.format.read(tmp_path / "x.ipynb")


def test_old_and_odd_notebooks_are_read(tmp_path: Path) -> None:
    data = document([("code", ["%%block a\r\n", "1"]), ("code", "%%block b\ra"), ("code", "   \n")], nbformat_minor=0)
    for cell in data["cells"]:
        cell |= {"id": "same", "metadata": {"jupyter_mage": ["hostile"], "widgets": {"x": "<script>"}}, "execution_count": "many"}
    data["cells"][0]["metadata"] = {"jupyter_mage": {"label": 3, "extra": {"jupyter_mage": "x", "uuid": 4}}}
    data["metadata"] = {"jupyter_mage": {"pipeline": "../x", "variables": 3, "extra": []}, "widgets": {"state": {}}}
    path = tmp_path / "x.ipynb"
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps(data).encode())
    found = notebook.format.read(path)
    assert (found.name, found.names, found.variables, found.extra) == ("x", ("a", "b"), {}, {})
    assert (found["a"].source, found["b"].upstreams) == ("1", ("a",))
    notes = {"test_places": 3, "comment_tests": 4, "cell_type": 5}
    odd = Block(name="t", source="x", kind="markdown", language="markdown", extra={"jupyter_mage": notes})
    notebook.format.write(found.with_block(odd), tmp_path / "back.ipynb")
    assert len(cells_of(tmp_path / "back.ipynb")) == 4


@pytest.mark.timeout(20)
def test_two_thousand_cells_are_read(tmp_path: Path) -> None:
    cells = [("code", "def helper(x): return x")]
    for i in range(500):
        cells += [
            ("markdown", f"# Step {i}"),
            ("code", f"plain_{i} = {i}"),
            ("code", f"%%block b{i}\nhelper({f'b{i - 1}' if i else 1})"),
        ]
        cells.append(("code", f"%%test b{i}\nassert b{i}"))
    found = notebook.format.read(save(tmp_path / "x.ipynb", cells))
    assert len(found) == 1501
    assert found["b499"].upstreams == ("b498",)


def test_nothing_runs_when_a_notebook_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = save(
        tmp_path / "x.ipynb",
        [("code", "!touch canary"), ("code", "open('canary', 'w')"), ("code", "%%block a\nopen('canary', 'w')")],
    )
    (tmp_path / "cwd").mkdir()
    monkeypatch.chdir(tmp_path / "cwd")
    notebook.format.read(path)
    assert list((tmp_path / "cwd").iterdir()) == []


def test_notebooks_are_known_by_their_suffix() -> None:
    assert notebook.format.accepts(Path("a.ipynb")) and not notebook.format.accepts(Path("a.py"))
