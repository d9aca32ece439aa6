"""Cells that are renamed, copied, moved, deleted, edited, not run: in a real kernel beside a real notebook file."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import papermill
import pytest
from nbclient import NotebookClient
from real_kernel import Cell, Kernel, surroundings
from test_notebook import text_of

LOAD = "%load_ext jupyter_mage"
RAW = "%%block raw\n[1, 2, 3]"
TOTAL = "%%block total(raw)\nsum(raw)"
BIG = "%%block big\nbig = [each for each in raw if each > 1]"
ASKED = "%%block asked --sql\nSELECT count(*) AS n FROM Raw"
FRAME = "%%block raw\nimport pandas as pd\npd.DataFrame({'a': [1, 2, 3]})"


class Saved:
    """A notebook's file, as a front end writes it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def save(self, **cells: str) -> None:
        made = [
            {"cell_type": "code", "id": name, "metadata": {}, "source": text, "outputs": [], "execution_count": None}
            for name, text in cells.items()
        ]
        self.path.write_text(json.dumps({"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    home = tmp_path_factory.mktemp("home")
    path = home / "work.ipynb"
    Saved(path).save(a=LOAD)
    kernel = Kernel(home, {**surroundings(home), "JPY_SESSION_NAME": str(path)})
    yield kernel
    kernel.close()


@pytest.fixture
def kernel(shared: Kernel, tmp_path: Path) -> Kernel:
    Saved(tmp_path / "work.ipynb").save(z=LOAD)
    env = f"os.environ['JPY_SESSION_NAME'] = {str(tmp_path / 'work.ipynb')!r}"
    assert (
        shared.run(f"%reset -f\n%unload_ext jupyter_mage\nimport os\nos.chdir({str(tmp_path)!r})\n{env}\ndel os").status == "ok"
    )
    assert shared.run(LOAD).printed == ""
    return shared


@pytest.fixture
def saved(tmp_path: Path) -> Saved:
    return Saved(tmp_path / "work.ipynb")


def edges(kernel: Kernel) -> str:
    """Each block and what it needs."""
    session = "get_ipython().magics_manager.registry['PipelineMagics'].session"
    return kernel.run(f"' '.join(b.name + '<' + ','.join(b.upstreams) for b in {session}.pipeline)").result.strip("'")


def define(kernel: Kernel, **cells: str) -> dict[str, Cell]:
    return {name: kernel.run(text, cell=name) for name, text in cells.items()}


# ---- renamed


def test_edges_follow_a_rename_and_the_cells_that_say_the_old_name_are_listed(kernel: Kernel) -> None:
    define(
        kernel,
        a=FRAME,
        b="%%block total(raw)\nraw.a.sum()",
        c="%%block big\nbig = raw[raw.a > 1]",
        d=ASKED,
        t="%%test raw\nassert len(raw)",
    )
    at = kernel.count
    said = kernel.run(FRAME.replace("raw", "source"), cell="a").lines
    listed = f"total [{at - 3}], big [{at - 2}], asked [{at - 1}], test test_1 [{at}]"
    assert said[0] == f"~ renamed raw → source; 4 cells still say raw: {listed}"
    assert edges(kernel) == "total<source big<source asked<source source<"
    assert kernel.value("'raw' in globals(), len(source)") == "(False, 3)"
    assert kernel.run("%pipeline run").lines[-1].count(" succeeded in ")
    assert kernel.value("total, len(big), asked.n[0]") == "(np.int64(6), 2, np.int64(3))"


def test_cell_that_says_the_old_name_waits_for_it(kernel: Kernel) -> None:
    define(kernel, a=RAW, b=TOTAL)
    kernel.run("%%block rows\n[1]", cell="a")
    assert kernel.run(TOTAL, cell="b").lines[0] == "total waits for raw: no such block. Did you mean rows?"


def test_rename_that_is_not_sure_leaves_the_body(kernel: Kernel) -> None:
    define(kernel, a=RAW, b="%%block total(raw)\nx = !echo {raw}\nx")
    assert kernel.run("%%block rows\n[1]", cell="a").lines[0].endswith(f"1 cell still says raw: total [{kernel.count - 1}]")
    assert edges(kernel) == "total<raw rows<"


def test_renamed_back_and_forth_is_as_before(kernel: Kernel) -> None:
    define(kernel, a=RAW, b=BIG)
    kernel.run(RAW.replace("raw", "rows"), cell="a")
    kernel.run(RAW, cell="a")
    assert edges(kernel) == "big<raw raw<" and kernel.run("%pipeline run").lines[-1].count(" succeeded in ")


# ---- copied, moved, out of order, edited while it runs


def test_copy_takes_over_with_a_word_and_the_first_takes_it_back(kernel: Kernel) -> None:
    define(kernel, a=RAW)
    first = kernel.count
    copy = kernel.run(RAW, cell="b").lines[0]
    assert copy == f"raw is also defined in cell [{first}]; this cell counts now"
    assert kernel.run(RAW, cell="a").lines[0] == f"raw is also defined in cell [{kernel.count - 1}]; this cell counts now"


def test_order_of_cells_does_not_matter(kernel: Kernel) -> None:
    assert (
        define(kernel, c="%%block big -N\nraw[1:]", b="%%block total -N\nsum(big)", a=RAW)["b"].lines[-1]
        == "total is defined, not run"
    )
    assert edges(kernel) == "big<raw total<big raw<"
    assert kernel.run("%pipeline run").lines[-1].count(" succeeded in ")


def test_cell_edited_while_it_runs_counts_as_it_was_sent(kernel: Kernel, saved: Saved, tmp_path: Path) -> None:
    slow = "%%block raw\nfrom pathlib import Path\nprint('on', flush=True)\nwhile not Path('go').exists(): pass\n[1]"
    sent = kernel.send(slow, "a")
    edited = slow.replace("[1]", "[2]")

    def edit(text: str) -> None:
        if "on" in text:
            saved.save(z=LOAD, a=edited)
            (tmp_path / "go").touch()

    kernel.receive(sent, edit)
    assert kernel.value("raw") == "[1]"
    assert kernel.run("%pipeline plan").lines[0] == "raw: its cell was edited after it ran; run it again"
    assert kernel.run(edited, cell="a").result == "[2]"
    saved.save(z=LOAD, a=edited)
    assert "edited" not in kernel.run("%pipeline plan").printed


# ---- deleted, where the front end does not say so


def test_deleted_cell_is_noticed_in_the_saved_notebook(kernel: Kernel, saved: Saved) -> None:
    saved.save(z=LOAD, a=RAW, b=TOTAL)
    define(kernel, a=RAW, b=TOTAL)
    assert "gone" not in kernel.run("%pipeline check").printed
    saved.save(z=LOAD, b=TOTAL, c="1")
    assert kernel.run("%pipeline check").lines == [
        "~ raw is gone: its cell is not in work.ipynb any more",
        "total waits for raw: no such block.",
    ]
    saved.save(z=LOAD, a=RAW, b=TOTAL)
    assert kernel.run("%pipeline run").lines[0] == "raw: its cell has not run in this kernel; read from work.ipynb"


def test_old_name_does_not_come_back_from_a_file_that_is_behind(kernel: Kernel, saved: Saved) -> None:
    saved.save(z=LOAD, a=RAW, b=TOTAL)
    define(kernel, a=RAW, b=TOTAL)
    kernel.run(RAW.replace("raw", "rows"), cell="a")
    assert kernel.run("%pipeline check").lines == ["no problems found; nothing was run"]
    assert kernel.run(TOTAL, cell="b").lines == [
        "total waits for raw: no such block. Did you mean rows?",
        "raw is called rows now",
    ]
    assert edges(kernel) == "total<raw rows<"
    saved.save(z=LOAD, a=RAW, b=TOTAL)  # now it is the newer one
    assert kernel.run("%pipeline check").lines == [
        "rows: its cell was edited after it ran; run it again",
        "raw: its cell has not run in this kernel; read from work.ipynb",
        "no problems found; nothing was run",
    ]


def test_block_whose_cell_was_just_deleted_is_not_read_from_the_file(kernel: Kernel, saved: Saved) -> None:
    saved.save(z=LOAD, a=RAW, b=TOTAL)
    define(kernel, a=RAW, b=TOTAL)
    assert kernel.receive(kernel.send("%pipeline check", "c", ("b",))).lines == ["no problems found; nothing was run"]
    assert edges(kernel) == "raw<"
    assert kernel.run(TOTAL, cell="b").result == "6"  # the deletion was undone
    assert edges(kernel) == "raw< total<raw"


def test_traceback_shows_the_header_as_its_cell_has_it(kernel: Kernel) -> None:
    error = kernel.run("#| block: raw\n[][0]").error
    assert "      1 #| block: raw\n----> 2 [][0]" in error, error


def test_new_cell_that_is_not_saved_yet_stays(kernel: Kernel, saved: Saved) -> None:
    saved.save(z=LOAD, a=RAW)
    define(kernel, a=RAW, b=TOTAL)
    assert kernel.run("%pipeline check").lines == ["no problems found; nothing was run"]


def test_notebook_that_cannot_be_read_just_now_says_nothing(kernel: Kernel, saved: Saved) -> None:
    define(kernel, a=RAW)
    saved.path.write_text('{"cells": [')
    assert kernel.run("%pipeline check").lines == ["no problems found; nothing was run"]
    saved.path.unlink()
    assert kernel.run("%pipeline check").lines == ["no problems found; nothing was run"]


def test_broken_header_in_the_file_deletes_nothing(kernel: Kernel, saved: Saved) -> None:
    define(kernel, x1=RAW)  # ids of another sort, as some front ends send them
    saved.save(z=LOAD, a=RAW.replace("raw", "raw("))
    assert "gone" not in kernel.run("%pipeline check").printed


# ---- in the file, and not run here


def test_upstream_that_only_the_file_has_is_read_run_and_said(kernel: Kernel, saved: Saved) -> None:
    saved.save(z=LOAD, h="RATE = 2", a="%%block raw\n[RATE]", b="%%block mid(raw)\n[*raw, 3]", c=TOTAL, d="%%block other\n1")
    cell = kernel.run("%%block last(mid)\nsum(mid)", cell="e")
    assert cell.result == "5" and sorted(cell.lines[:2]) == [
        "mid: its cell has not run in this kernel; read from work.ipynb",
        "raw: its cell has not run in this kernel; read from work.ipynb",
    ]
    assert "last ← mid (ran T)" in cell.lines[-1]
    assert kernel.run("%pipeline plan").lines[0] == "not run in this kernel, though in work.ipynb: total, other"


def test_inferred_upstream_that_only_the_file_has_is_found(kernel: Kernel, saved: Saved) -> None:
    saved.save(z=LOAD, a=FRAME)
    assert kernel.run(ASKED, cell="d").lines[0] == "raw: its cell has not run in this kernel; read from work.ipynb"
    assert edges(kernel) == "asked<raw raw<"


def test_block_of_the_file_follows_the_file_until_its_cell_runs(kernel: Kernel, saved: Saved) -> None:
    saved.save(z=LOAD, a=RAW, b=TOTAL)
    assert kernel.run(TOTAL, cell="b").result == "6"
    saved.save(z=LOAD, a=RAW.replace("3", "4"), b=TOTAL)
    assert kernel.run("%pipeline run").lines[0].startswith("raw: its cell has not run") and kernel.value("total") == "7"
    assert kernel.run(RAW, cell="a").lines == ["raw   3 items · T"]


# ---- the whole notebook


def test_restart_and_run_all_gives_the_same(kernel: Kernel, tmp_path: Path) -> None:
    cells = {"a": RAW, "b": TOTAL, "c": BIG, "d": "%%block last(total, big)\ntotal * len(big)"}
    define(kernel, c=BIG, d=cells["d"], b=TOTAL, a=RAW)
    kernel.run("%pipeline run")
    before = set(edges(kernel).split()), kernel.run("%pipeline show last").result
    kernel.run("%reset -f\n%unload_ext jupyter_mage")
    define(kernel, z=LOAD, **cells)
    assert (set(edges(kernel).split()), kernel.run("%pipeline show last").result) == before


THREE = [
    RAW,
    "#| block: more(raw)\n[*raw, 4]",
    "@block(kind='custom')\ndef total(more, *, n: int = 1):\n    return sum(more) * n",
    "total",
]


@pytest.mark.parametrize("run", ["nbclient", "papermill"])
def test_all_carriers_run_without_a_front_end(run: str, tmp_path: Path) -> None:
    import nbformat

    note = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(text) for text in (LOAD, *THREE)])
    path = tmp_path / "note.ipynb"
    nbformat.write(note, path)
    if run == "papermill":
        papermill.execute_notebook(
            str(path), str(tmp_path / "out.ipynb"), cwd=str(tmp_path), kernel_name="python3", progress_bar=False
        )
        note = nbformat.read(tmp_path / "out.ipynb", 4)
    else:
        NotebookClient(note, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}).execute()
    assert note.cells[-1].outputs[0]["data"]["text/plain"] == "10"


def test_ids_of_cells_are_in_no_file(kernel: Kernel, saved: Saved, tmp_path: Path) -> None:
    ids = {name: f"ID-OF-CELL-{name}" for name in "abtf"}
    kernel.run(RAW, cell=ids["a"])
    kernel.run(TOTAL, cell=ids["b"])
    kernel.run("%%test total\nassert total == 6", cell=ids["t"])
    kernel.run("%%block fails(raw)\nraw[9]", cell=ids["f"])
    kernel.run("%pipeline run")
    kernel.run("%pipeline export project")
    files = [path for path in tmp_path.rglob("*") if path.is_file() and path != saved.path]
    assert {"history.db", "total.py", "metadata.yaml"} <= {path.name for path in files}
    assert [path for path in files if b"ID-OF-CELL" in path.read_bytes()] == []
    with sqlite3.connect(tmp_path / ".jupyter_mage/history.db") as history:
        assert "ID-OF-CELL" not in "\n".join(history.iterdump())
    history.close()


def test_ids_of_cells_change_no_key(kernel: Kernel) -> None:
    kernel.run(RAW, cell="one")
    kernel.run(TOTAL, cell="two")
    kernel.run(RAW, cell="another")
    assert kernel.run("%pipeline plan").lines[-1].startswith("plan:") and "run" not in kernel.run("%pipeline plan").lines[-1]


# ---- carriers in the kernel


@pytest.mark.parametrize("carrier", ["magic", "comment", "decorator"])
def test_printed_cell_is_pasted_and_is_the_block(kernel: Kernel, carrier: str) -> None:
    define(kernel, a=RAW, b="%%block big(raw, *, least: int = 2) --kind custom\nbig = [each for each in raw if each >= least]")
    text = kernel.run(f"%pipeline carrier big {carrier}").printed.split("\n\n")[1].rstrip()
    assert kernel.run(text, cell="b").lines == ["big ← raw (cached)   2 items · T"] and edges(kernel) == "raw< big<raw"


def test_mistyped_directive_is_said_where_it_runs(kernel: Kernel) -> None:
    assert kernel.run("#| blok: x\n1").lines == ["'#| blok: x' makes no block: #| block: x"]


def test_mage_file_is_pasted_and_is_a_block(kernel: Kernel) -> None:
    guard = "if 'transformer' not in globals():\n    from mage_ai.data_preparation.decorators import transformer\n"
    define(kernel, a=RAW)
    cell = kernel.run(f"{guard}\n@transformer\ndef tidy(raw, *args, **kwargs):\n    return raw[kwargs['no']]", cell="b")
    assert "line 6" in cell.error and "KeyError: 'no'" in cell.error
    cell = kernel.run(f"{guard}\n@transformer\ndef tidy(raw, *args, **kwargs):\n    return raw[1:]", cell="b")
    assert (cell.result, cell.lines) == ("[2, 3]", ["tidy ← raw (cached)   2 items · T"])
    assert kernel.value("tidy, 'transformer' in globals()") == "([2, 3], False)"


def test_text_of_the_graph_knows_the_carriers(kernel: Kernel) -> None:
    for text in THREE[:3]:
        kernel.run(text)
    assert {"raw", "more", "total"} <= set(text_of(kernel.run("%pipeline")).replace("(", " ").split())


Make = Callable[[], Kernel]
