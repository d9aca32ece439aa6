"""Blocks of a project in a notebook: linked to their file and written for all who use it, or detached; text cells go along."""

from __future__ import annotations

import os
from pathlib import Path

import nbformat
import pytest
from real_kernel import Kernel
from test_cli import mage, write

from jupyter_mage import projects
from jupyter_mage.errors import DefinitionError, JupyterMageError, ProjectError, UnknownNameError
from jupyter_mage.model import Block, Pipeline
from jupyter_mage.plugins import formats
from jupyter_mage.session import Session

CLEAN = "shared/transformers/clean.py"
EDITED = "return [x * K for x in raw if x > 1]"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project whose pipelines daily and weekly use one file for the block clean; its test and constant stand in the file."""
    cells = ["K = 3", "%%block raw\n[1, 2, 3]", "%%block clean(raw)\nreturn [x * K for x in raw]", "%%test clean\nassert clean"]
    for name, more in (("daily", []), ("weekly", ["%%block total(clean)\nsum(clean)"])):
        write(tmp_path, *cells, *more, name=name)
        mage(tmp_path, "export", f"{name}.ipynb", "--to", "shared")
        (tmp_path / f"{name}.ipynb").unlink()
    return tmp_path / "shared"


def texts(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): path.read_text()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and ".jupyter" not in str(path)
    }


def values(project: Path, pipeline: str, block: str) -> str:
    mage(project.parent, "run", str(project), pipeline)
    return mage(project.parent, "show", str(project), pipeline, block).stdout.splitlines()[-1]


# ---- in a kernel


def test_linked_block_is_a_cell_that_changes_its_file_for_all_who_use_it(notebook: Kernel, project: Path) -> None:
    notebook.run("%%block raw\n[1, 2]")
    used = notebook.run("%pipeline use clean --from shared")
    assert used.printed == f"{CLEAN} is used by daily, weekly: editing this cell changes it for all of them, at export\n"
    assert notebook.run("%pipeline run").status == "ok" and notebook.run("%pipeline show clean").result == "[3, 6]"
    before = texts(project)
    body = (project / "transformers/clean.py").read_text().rstrip("\n")
    cell = f"%%block clean(raw) --kind transformer --use {CLEAN}\n{body}"
    assert notebook.run(cell, "c1").result == "[3, 6]"
    assert notebook.run("%pipeline export mine").status == "ok" and texts(project) == before
    edited = notebook.run(cell.replace("return [x * K for x in raw]", EDITED), "c1")
    assert edited.result == "[6]"
    refused = notebook.run("%pipeline export mine")
    assert f"clean: {CLEAN}, used by daily, weekly" in refused.error and "%pipeline export --yes" in refused.error
    assert texts(project) == before
    assert notebook.run("%pipeline export mine --yes").status == "ok"
    changed = {path for path, text in texts(project).items() if before.get(path) != text}
    assert changed == {"transformers/clean.py"}
    assert (values(project, "daily", "clean"), values(project, "weekly", "total")) == ("[6, 9]", "15")


def test_next_cell_is_the_linked_block(notebook: Kernel, project: Path) -> None:
    text = (project / "transformers/clean.py").read_text().rstrip("\n")
    notebook.run("given = []\nget_ipython().set_next_input = lambda text, replace=False: given.append(text)")
    notebook.run("%pipeline use clean --from shared")
    assert notebook.value("given[0]") == repr(f"%%block clean(raw) --kind transformer --use {CLEAN}\n{text}")
    notebook.run("del get_ipython().set_next_input")


def test_file_that_somebody_else_changed_is_not_written_over(notebook: Kernel, project: Path) -> None:
    notebook.run("%%block raw\n[1, 2]")
    notebook.run("%pipeline use clean --from shared")
    file = project / "transformers/clean.py"
    body = file.read_text()
    file.write_text(body.replace("K = 3", "K = 4"))
    stale = notebook.run("%pipeline export mine --yes")
    assert f"{CLEAN} was changed since it was taken over (block clean" in stale.error and "K = 4" in file.read_text()
    cell = f"%%block clean(raw) --kind transformer --use {CLEAN}\n{body.replace('K = 3', 'K = 5')}"
    notebook.run(cell, "c1")
    assert "taken over, and so was its cell" in notebook.run("%pipeline export mine --yes").error
    notebook.run("%pipeline use clean")  # the project is known from the link
    assert (
        notebook.run("%pipeline export mine").status == "ok"
        and "K = 4" in (file.parent.parent.parent / "mine/transformers/clean.py").read_text()
    )


def test_detached_block_is_a_copy(notebook: Kernel, project: Path, tmp_path: Path) -> None:
    notebook.run("%%block raw\n[1, 2]")
    notebook.run("%pipeline use clean --from shared")
    before = texts(project)
    assert (
        notebook.run("%pipeline detach clean").printed
        == "clean is a copy now; its cell has to say so too: %%block clean(raw) --kind transformer\n"
    )
    body = (project / "transformers/clean.py").read_text().replace("K = 3", "K = 7")
    notebook.run(f"%%block clean(raw)\n{body}")
    assert notebook.run("%pipeline export mine").status == "ok"
    assert texts(project) == before and "K = 7" in (tmp_path / "mine/transformers/clean.py").read_text()
    assert "clean is linked to no file" in notebook.run("%pipeline detach clean").error


# ---- what is refused


def test_what_cannot_be_used_is_said(session: Session, project: Path, tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match=r"no block 'clena'\. Did you mean 'clean'"):
        session.use("clena", project)
    with pytest.raises(ProjectError, match="is no project"):
        session.use("clean", tmp_path / "nowhere")
    with pytest.raises(UnknownNameError, match="monthly"):
        session.use("clean", project, pipeline="monthly")
    session.define("clean", "1")
    with pytest.raises(DefinitionError, match="clean is a block here already"):
        session.use("clean", project)
    assert session.pipeline["clean"].source == "1"


@pytest.mark.parametrize(
    "use", ["../outside.py", "shared/metadata.yaml", "shared/transformers/other.py", "/etc/passwd", "shared"]
)
def test_link_leads_to_a_block_file_of_a_project_and_nowhere_else(use: str, session: Session, project: Path) -> None:
    (project / "transformers/other.py").write_text("kept")
    (project.parent.parent / "outside.py").write_text("kept")
    session.define(f"raw --use {use}", "1")
    with pytest.raises(ProjectError, match="no pipeline of a project uses such a file"):
        session.export(project.parent / "mine", shared=True)
    assert (project / "transformers/other.py").read_text() == (project.parent.parent / "outside.py").read_text() == "kept"
    assert not (project.parent / "mine").exists()


# ---- one project, several pipelines


def test_export_over_a_block_of_another_pipeline_lists_its_users_and_needs_a_yes(session: Session, project: Path) -> None:
    session.define("raw", "[1, 2, 3]")
    session.define("clean(raw)", "return [x + 1 for x in raw]")
    before = texts(project)
    with pytest.raises(
        JupyterMageError, match=r"transformers/clean.py is used by pipelines daily, weekly too.*\n  → --yes"
    ) as refused:
        session.export(project)
    assert texts(project) == before and "a block of its own" in str(refused.value)
    session.export(project, shared=True)
    assert values(project, "weekly", "total") == "9"
    assert formats.get("mage").read(project, "demo")["clean"].source == "return [x + 1 for x in raw]"


def test_linked_block_is_exported_into_its_own_project(session: Session, project: Path) -> None:
    session.define("raw", "[1, 2, 3]")
    linked = session.use("clean", project)
    session.export(project)
    text = linked.block.source.replace("return [x * K for x in raw]", EDITED)
    session.define(linked.header, text)
    with pytest.raises(JupyterMageError, match="used by pipelines daily, weekly too"):
        session.export(project)
    session.export(project, shared=True)
    assert (project / "transformers/clean.py").read_text() == text + "\n"
    session.export(project)  # nothing is left to ask about
    assert values(project, "demo", "clean") == "[6, 9]"


def test_command_asks_for_the_same_yes(project: Path) -> None:
    folder = project.parent
    write(folder, "%%block raw\n[1, 2, 3]", "%%block clean(raw)\n[0 for _ in raw]")
    assert "used by pipelines daily, weekly too" in mage(folder, "export", "work.ipynb", "--to", "shared", code=2).stderr
    mage(folder, "export", "work.ipynb", "--to", "shared", "--yes")
    assert values(project, "daily", "clean") == "[0, 0, 0]"


def test_sql_block_is_linked_as_its_cell(session: Session, tmp_path: Path) -> None:
    project = tmp_path / "shared"
    block = Block(name="big", source="SELECT 1 + 1 AS a", language="sql", header="big --sql")
    formats.get("mage").write(Pipeline(name="daily", blocks=(block,)), project)
    assert session.use("big", project).cell == "%%block big() --sql --use shared/data_loaders/big.sql\nSELECT 1 + 1 AS a"
    session.run(executor="inline", check=True)
    assert session.value("big").a.tolist() == [2]
    session.define("big() --sql --use shared/data_loaders/big.sql", "SELECT 5 AS a")
    session.export(tmp_path / "mine", shared=True)
    assert formats.get("mage").read(project, "daily")["big"].source == "SELECT 5 AS a"


def test_sql_that_stands_in_a_python_file_is_linked_as_that_file(session: Session, tmp_path: Path) -> None:
    write(
        tmp_path,
        "%%block raw\nimport pandas as pd\npd.DataFrame({'a': [1]})",
        "%%block big(raw) --sql\nSELECT a + 1 AS a FROM raw",
        name="daily",
    )
    mage(tmp_path, "export", "daily.ipynb", "--to", "shared")
    session.define("raw", "import pandas as pd\npd.DataFrame({'a': [1]})")
    linked = session.use("big", tmp_path / "shared")
    assert linked.header == "big(raw) --kind transformer --use shared/transformers/big.py"
    session.run(executor="inline", check=True)
    assert session.value("big").a.tolist() == [2]


# ---- round trips


def markdown_between(project: Path, tmp_path: Path) -> Path:
    """A notebook with text and plain cells around blocks, one of them linked, in an order that is not the graph's."""
    body = (project / "transformers/clean.py").read_text().rstrip("\n")
    cells = [
        ("markdown", "# Sales\n\nA *daily* look; <b>with</b> `code`.\n"),
        ("code", "%load_ext jupyter_mage"),
        ("markdown", "## Clean, before what it needs"),
        ("code", f"%%block clean(raw) --kind transformer --use {CLEAN}\n{body}"),
        ("code", "import math\n\nK2 = 2  # a constant"),
        ("markdown", "## Sources\n* one\n* two\n\n```python\n%%block not_a_block\n```"),
        ("code", "%%block raw --tag daily\n# a comment\n[1, 2, 3]\n"),
        ("raw", "raw text"),
        ("code", "%%test raw has_some\nassert raw"),
        ("markdown", "## Sources\n\nagain"),
        ("code", "#| block: total(clean)\nsum(clean) * K2"),
        ("markdown", "The end."),
    ]
    made = [getattr(nbformat.v4, f"new_{sort}_cell")(text) for sort, text in cells]
    path = tmp_path / "sales.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=made), path)
    return path


def cells_of(path: Path) -> list[tuple[str, str]]:
    return [(cell.cell_type, cell.source.rstrip("\n")) for cell in nbformat.read(path, as_version=4).cells]


def test_text_and_links_come_back_from_a_project_in_their_order(project: Path, tmp_path: Path) -> None:
    path = markdown_between(project, tmp_path)
    pipeline = projects.read(path)
    assert (pipeline["clean"].use, pipeline["raw"].use) == (CLEAN, "")
    mage(tmp_path, "export", "sales.ipynb", "--to", "exported")
    back = projects.read(tmp_path / "exported", "sales")
    assert back == pipeline
    projects.import_notebook(tmp_path / "exported", "sales", tmp_path / "again.ipynb")
    assert cells_of(tmp_path / "again.ipynb") == cells_of(path)
    formats.get("mage").write(projects.read(tmp_path / "again.ipynb"), tmp_path / "twice")
    assert projects.read(tmp_path / "twice", "sales") == pipeline


def test_kernel_exports_the_text_of_its_notebook(project: Path, tmp_path: Path) -> None:
    path = markdown_between(project, tmp_path)
    session = Session(tmp_path, pipeline="sales")
    session.note_cell("import math\n\nK2 = 2  # a constant")
    for block in projects.read(path):
        if block.kind not in ("markdown", "scratchpad"):
            session.define(
                block.header or f"clean(raw) --kind transformer --use {CLEAN}",
                block.source,
                carrier="magic" if block.carrier == "mage" else block.carrier,
            )
    session.define_test("raw", "assert raw", name="has_some")
    session.export(tmp_path / "exported", notebook=path)
    session.close()
    projects.import_notebook(tmp_path / "exported", "sales", tmp_path / "again.ipynb")
    kept = [source for sort, source in cells_of(tmp_path / "again.ipynb") if sort != "code"]
    assert kept == [source for sort, source in cells_of(path) if sort != "code"]


def test_link_is_part_of_a_header_and_of_no_key(tmp_path: Path) -> None:
    from jupyter_mage.code.header import parse, render
    from jupyter_mage.fingerprint import Fingerprint

    block = Block(name="a", source="1", use="my shared/transformers/a.py")
    assert parse(render(block)).use == block.use and os.sep not in block.use.replace("/", "")
    plain = Block(name="a", source="1")
    key = Fingerprint(tmp_path)
    assert key.of(block, {}, {}).key == key.of(plain, {}, {}).key
    assert Pipeline(name="p", blocks=(block,)) != Pipeline(name="p", blocks=(plain,))
