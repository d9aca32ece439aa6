"""The second tutorial: executed as a notebook twice over, its numbers checked against plain pandas, its tests run by pytest."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbclient
import nbformat
import pandas as pd
import papermill
import pytest

import jupyter_mage

NOTEBOOK = Path(__file__).resolve().parent.parent / "notebooks" / "02_a_day_with_blocks.ipynb"
COMMAND = str(Path(sys.executable).parent / "jupyter-mage")
PRICES = {"bread": 4.25, "roll": 0.5, "cake": 3.5, "coffee": 2.75}


@pytest.fixture(scope="module")
def executed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, nbformat.NotebookNode]:
    """The notebook, executed in a folder of its own, as Restart & Run All does; the kernel gives its tables away at the end."""
    folder = tmp_path_factory.mktemp("day")
    shutil.copy(NOTEBOOK, folder)
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    names = "orders", "sold", "by_item", "regulars", "by_hour", "by_day", "report"
    give = f"import pickle, pathlib\npathlib.Path('given').write_bytes(pickle.dumps(({', '.join(names)})))"
    notebook.cells.append(nbformat.v4.new_code_cell(give))
    nbclient.execute(notebook, cwd=str(folder), timeout=170)
    return folder, notebook


@pytest.fixture(scope="module")
def given(executed: tuple[Path, nbformat.NotebookNode]) -> tuple[pd.DataFrame, ...]:
    found: tuple[pd.DataFrame, ...] = pd.read_pickle(executed[0] / "given", compression=None)
    return found


def below(notebook: nbformat.NotebookNode, source: str, place: int = 0) -> str:
    """What a cell printed."""
    cells = [cell for cell in notebook.cells if cell["source"] == source]
    return "".join(output.get("text", "") for output in cells[place].outputs)


def test_tutorial_is_saved_clean_and_has_what_it_teaches() -> None:
    saved = json.loads(NOTEBOOK.read_text())
    cells = [(cell["cell_type"], "".join(cell["source"])) for cell in saved["cells"]]
    code = [source for sort, source in cells if sort == "code"]
    blocks = [source for source in code if source.startswith(("%%block", "#| block:"))]
    assert len(blocks) == 8
    assert [sum(word in source for source in blocks) for word in ("--sql", "#| block:", "@test", "*, ")] == [3, 1, 1, 1]
    assert sum(source.startswith("%%test") for source in code) == 1
    verbs = [source.split()[1] for source in code if source.startswith("%pipeline ")]
    assert verbs == ["run", "plan", "vars", "run", "diff", "freeze", "verify", "export"]
    tried = " ".join(source for sort, source in cells if sort == "markdown")
    assert [word for word in ("rename", "delete", "fail") if f"**Try it: {word}.**" not in tried] == []
    assert [(saved["nbformat"], saved["nbformat_minor"]), len({cell["id"] for cell in saved["cells"]})] == [(4, 5), len(cells)]
    assert [cell for cell in saved["cells"] if cell.get("outputs") or cell.get("execution_count")] == []


def test_tutorial_numbers_are_those_of_plain_pandas(given) -> None:
    orders, sold, by_item, regulars, by_hour, by_day, report = given
    paid = orders.assign(price=orders["item"].map(PRICES), paid=orders.pieces * orders["item"].map(PRICES))
    items = paid.groupby("item", as_index=False)[["pieces", "paid"]].sum().sort_values("paid", ascending=False)
    guests = paid.groupby("guest").agg(visits=("paid", "size"), paid=("paid", "sum")).reset_index()
    days = paid.groupby("day", as_index=False).paid.sum()
    expected = {
        "sold": (sold, paid),
        "by_item": (by_item, items),
        "regulars": (regulars, guests[guests.visits >= 40]),  # the variable that it sets
        "by_hour": (by_hour, paid.groupby("hour", as_index=False).paid.sum()),
        "by_day": (by_day, days.assign(weekday=days.day.dt.day_name())),
    }
    for found, wanted in expected.values():
        pd.testing.assert_frame_equal(found.reset_index(drop=True), wanted.reset_index(drop=True), check_dtype=False)
    assert (len(orders), paid.paid.sum()) == (189, 1415.5)
    assert report == {
        "the week": "1,415.50 €",
        "best day": "Sunday, 264.75 €",
        "best item": "bread, 612.00 €",
        "regulars": "ann, cem",
    }


def test_tutorial_says_what_its_text_promises(executed) -> None:
    notebook = executed[1]
    plan = below(notebook, "%pipeline plan --var visits=40").splitlines()
    assert [line.split()[:3:2] for line in plan if "▶ run" in line or "? maybe" in line] == [
        ["regulars", "run"],
        ["report", "maybe"],
    ]
    assert below(notebook, "%pipeline run").strip().endswith("8 blocks, 8 cached")
    assert below(notebook, "%pipeline run", 1).strip().endswith("8 blocks, 6 cached")
    assert "parameter visits 36 → 40" in below(notebook, "%pipeline diff -2 -1")
    assert ": 8 equal " in below(notebook, "%pipeline verify")
    said = [output["text"] for cell in notebook.cells for output in cell.get("outputs", []) if output.output_type == "stream"]
    assert [text for text in said if "arning" in text or "leak" in text] == []


def test_tutorial_runs_again_by_papermill_with_nothing_left_to_do(executed, tmp_path: Path) -> None:
    folder = executed[0]
    papermill.execute_notebook(folder / NOTEBOOK.name, tmp_path / "again.ipynb", cwd=folder, progress_bar=False)
    again = nbformat.read(tmp_path / "again.ipynb", as_version=4)
    assert below(again, "%pipeline run", 1).strip().endswith("8 blocks, 8 cached")
    assert ": 8 equal " in below(again, "%pipeline verify")


def test_tutorial_comes_back_from_its_project_as_equal_cells(tmp_path: Path) -> None:
    shutil.copy(NOTEBOOK, tmp_path)
    for words in (["export", NOTEBOOK.name, "--to", "project"], ["import", "project", "a_day_with_blocks", "--to", "back.ipynb"]):
        subprocess.run([COMMAND, *words], cwd=tmp_path, check=True, capture_output=True)
    now, before = (
        [(cell["cell_type"], "".join(cell["source"])) for cell in json.loads(path.read_text())["cells"]]
        for path in (tmp_path / "back.ipynb", NOTEBOOK)
    )
    assert now == before


def test_tutorial_tests_are_run_by_pytest_with_the_frozen_inputs(executed) -> None:
    folder = executed[0]
    frozen = pd.concat(pd.read_parquet(path) for path in folder.glob("tests/fixtures/*/sold/orders.parquet"))
    assert len(frozen) == 20 and not frozen.guest.str.contains("example.org").any()
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", NOTEBOOK.name, "-rA", "-c", os.devnull]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    passed = [line.rpartition("::")[2] for line in done.stdout.splitlines() if line.startswith("PASSED")]
    assert passed == ["everything_was_paid", "keeps_every_order"]


def test_blocks_of_the_tutorial_are_functions(executed) -> None:
    blocks = jupyter_mage.load(executed[0] / NOTEBOOK.name)
    orders = pd.DataFrame({"item": ["roll", "cake"], "pieces": [2, 1]})
    prices = pd.DataFrame({"item": ["roll", "cake"], "price": [0.5, 3.5]})
    assert list(blocks.sold(orders=orders, prices=prices).paid) == [1.0, 3.5]
