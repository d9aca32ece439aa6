"""The magics in a real kernel, as a front end drives it: what is shown, what is said, what is kept, what can be stopped."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import nbformat
import papermill
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from real_kernel import ANSI, SECONDS, TIME, Cell, Kernel, surroundings

RAW = '%%block raw\nimport pandas as pd\npd.DataFrame({"id": [1, 2], "user": ["a", "b"]})'


# ---- a cell


def test_block_shows_its_output_and_one_line(notebook: Kernel) -> None:
    raw = notebook.run(RAW)
    assert raw.result == "   id user\n0   1    a\n1   2    b" and raw.lines == ["raw   2 × 2 · T"]
    twice = notebook.run("%%block twice\nraw.id * 2")
    assert twice.lines == ["twice ← raw (cached)   2 items · T"] or twice.lines[0].startswith("twice ← raw (cached)   2")
    assert (raw.status, raw.errors, raw.error, raw.shown) == ("ok", "", "", [])


def test_block_output_is_bound_to_its_name_and_in_out(notebook: Kernel) -> None:
    notebook.run("%%block raw(*, n: int = 2)\nhalf = n / 2\n[half]")
    assert notebook.value("raw, half, n, _") == "([1.0], 1.0, 2, [1.0])"


def test_semicolon_silences_the_output(notebook: Kernel) -> None:
    cell = notebook.run("%%block raw\n[1];")
    assert (cell.result, cell.lines, notebook.value("raw")) == ("", ["raw   1 item · T"], "[1]")


def test_block_without_output_says_so(notebook: Kernel) -> None:
    cell = notebook.run("%%block raw\nx = 1")
    assert (cell.result, cell.lines) == ("", ["raw   nothing · T"])


def test_shell_magic_and_await_lines_work(notebook: Kernel) -> None:
    notebook.run("word = 'one'")
    body = "word = 'two'\nseen = !echo $word\n%time x = 1\nawait asyncio.sleep(0, list(seen))"
    cell = notebook.run(f"%%block raw\nimport asyncio\n{body}")
    assert (cell.error, cell.result) == ("", "['two']") and "CPU times" in cell.printed


def test_print_comes_while_the_block_runs(notebook: Kernel, tmp_path: Path) -> None:
    body = "print('first', flush=True)\nwhile not Path('go').exists(): time.sleep(0.01)\nprint('last')"
    sent = notebook.send(f"%%block raw\nimport time\nfrom pathlib import Path\n{body}")
    cell = notebook.receive(sent, lambda text: (tmp_path / "go").touch() if "first" in text else None)
    assert cell.lines[:2] == ["first", "last"]


def test_no_run_defines_only_and_force_runs_what_it_needs(notebook: Kernel) -> None:
    assert notebook.run("%%block raw --no-run\nprint('ran')\n1").lines == ["raw is defined, not run"]
    assert notebook.run("%%block below\nraw + 1").lines == ["below ← raw (ran T)   int · T"]
    assert notebook.run("%%block below\nraw + 1").lines == ["below ← raw (cached)   int · T"]
    assert notebook.run("%%block below --force\nraw + 1").lines == ["below ← raw (ran T)   int · T"]


def test_comment_carrier_is_a_block_too(notebook: Kernel) -> None:
    assert notebook.run("#| block: raw\n[1, 2]").result == "[1, 2]"
    assert notebook.run("#| block: total(raw, *, n: int = 2)\nsum(raw) * n").result == "6"
    assert notebook.run("#| test: total\nassert total == 6").lines[-1].endswith("1 test passed")
    assert notebook.run("# | block: other\n1").result == "1"


def test_comment_above_the_magic_is_allowed(notebook: Kernel) -> None:
    cell = notebook.run("# what this is for\n\n%%block raw\n1 / 0")
    assert "Cell In[" in cell.error and "line 4" in cell.error


def test_loading_again_changes_nothing(notebook: Kernel) -> None:
    notebook.run(RAW)
    assert notebook.run("%load_ext jupyter_mage").status == "ok"
    assert notebook.run("%reload_ext jupyter_mage").error == ""
    assert notebook.run("%%block raw2\n1").status == "ok"


def test_unloaded_extension_leaves_nothing(notebook: Kernel) -> None:
    notebook.run("%unload_ext jupyter_mage")
    assert "not found" in notebook.run("%%block raw\n1").errors
    assert notebook.run("#| block: raw\n7").result == "7"
    notebook.run("%load_ext jupyter_mage")


def test_help_is_our_syntax_and_short(notebook: Kernel) -> None:
    for name, words in (
        ("%%block", ["%%block NAME(up1, up2)", "--kind", "--sql", "by_carrier"]),
        ("%%test", ["%%test by_carrier", "assert"]),
        ("%pipeline", ["run [SELECTION]", "plan", "export", "check"]),
    ):
        text = notebook.run(f"{name}?").help
        assert all(word in text for word in words) and len(text.splitlines()) <= 25, text
        assert "self" not in text and "argparse" not in text


# ---- errors


def test_error_ends_at_the_users_own_line(notebook: Kernel) -> None:
    cell = notebook.run("%%block failing\ndef f(x):\n    return 1 / x\n\nf(0)")
    number = notebook.number()
    assert f"Cell In[{number}], line 5" in cell.error and f"Cell In[{number}], line 3" in cell.error
    assert re.search(r"-> *5 f\(0\)", cell.error) and re.search(r"-> *3 +return 1 / x", cell.error)
    assert "ZeroDivisionError: division by zero" in cell.error
    assert "jupyter_mage" not in cell.error and "__block__" not in cell.error
    assert len(cell.error.splitlines()) <= 22


def test_error_inside_a_library_is_short_and_shows_the_inputs(notebook: Kernel) -> None:
    notebook.run(RAW)
    cell = notebook.run("%%block clean\n\nraw['user_id']")
    assert re.search(r"-> *3 raw\['user_id'\]", cell.error), cell.error
    assert "KeyError: 'user_id'" in cell.error and "raw has 2 × 2: id int64, user str" in cell.error
    assert "→" in cell.error.splitlines()[-1] and len(cell.error.splitlines()) <= 16
    assert "site-packages" not in cell.error


def test_error_can_be_looked_into(notebook: Kernel) -> None:
    notebook.run("%%block failing\nx = {'a': 1}\nx['b']")
    assert notebook.value("import sys; type(sys.last_value).__name__") == "'KeyError'"
    tail = "import sys\nstep = sys.last_traceback\nwhile step.tb_next: step = step.tb_next\nstep.tb_frame.f_globals['x']"
    assert notebook.value(tail) == "{'a': 1}"


def test_error_of_an_upstream_names_its_own_cell(notebook: Kernel) -> None:
    notebook.run("%%block raw --no-run\nx = 1\n[][x]")
    number = notebook.number()
    cell = notebook.run("%%block below\nraw")
    assert f"raw failed at cell [{number}] line 3: IndexError" in cell.error and len(cell.error.splitlines()) <= 6


FAILS_ONCE = "from pathlib import Path\nseen = Path(f'seen_{parts}')\nif parts == 2 and not seen.exists():\n    seen.touch()\n    1 / 0\nparts * 2"


def test_retry_is_said_in_the_cell(notebook: Kernel) -> None:
    notebook.run("%%block parts\n2")
    again = "ZeroDivisionError: division by zero; attempt 2 in T"
    cell = notebook.run(f"%%block score(parts) --retries 1 --retry-delay 1ms\n{FAILS_ONCE}")
    assert (cell.lines, cell.result) == ([f"↻ score  {again}", "score ← parts (cached)   int · T"], "4")
    notebook.run("import os; os.unlink('seen_2')")
    notebook.run("%%block parts\n[1, 2]")
    cell = notebook.run(f"%%block score(parts) --map parts --retries 1 --retry-delay 1ms\n{FAILS_ONCE}")
    assert (cell.lines, cell.result) == ([f"↻ score[1]  {again}", "score ← parts (cached)   2 items · T"], "[2, 4]")


def test_retry_of_a_test_is_said_in_its_cell(notebook: Kernel) -> None:
    notebook.run("%%block raw --retries 1 --retry-delay 1ms\n[1]")
    cell = notebook.run("%%test raw\nassert raw == [2], 'unequal'")
    assert cell.lines == ["↻ raw  AssertionError: unequal; attempt 2 in T"] and "test test_1 of raw failed" in cell.error


def test_failed_item_is_named_in_its_own_cell(notebook: Kernel) -> None:
    notebook.run("%%block parts\n[3, 2, 0]")
    cell = notebook.run("%%block score(parts) --map parts\n\n6 / (parts - 2) if parts else [][6]")
    assert re.search(r"-> *3 6 / \(parts - 2\)", cell.error) and "ZeroDivisionError" in cell.error
    assert cell.error.splitlines()[-3:] == [
        "  parts has int",
        "  in score[1]: 2 of 3 items failed: score[1], score[2]",
        "  → look into it: %debug, or %pipeline open score[1]; then correct the cell and run it again",
    ]


def test_failed_item_of_an_upstream_is_named_with_its_line(notebook: Kernel) -> None:
    notebook.run("%%block parts\n[3, 2]")
    notebook.run("%%block score(parts) --map parts --no-run\n\n6 / (parts - 2)")
    number = notebook.number()
    cell = notebook.run("%%block below(score)\nsum(score)")
    assert cell.error.splitlines() == [
        f"✗ score[1] failed at cell [{number}] line 3: ZeroDivisionError: division by zero",
        "    3 │ 6 / (parts - 2)",
        "  parts has int",
        "  in score[1]: 1 of 2 items failed: score[1]",
        "  → look into it: %pipeline open score[1]; then correct its cell and run it again; what had finished is cached",
    ]


def test_upstream_that_is_no_list_fails_its_mapped_block(notebook: Kernel) -> None:
    notebook.run("%%block parts\n3")
    cell = notebook.run("%%block score(parts) --map parts\nparts")
    assert (
        cell.status == "error" and "score" in cell.error and "parts has int" in cell.error and len(cell.error.splitlines()) <= 6
    )


def test_failing_test_names_its_own_cell(notebook: Kernel) -> None:
    notebook.run("%%block raw\n[1]")
    cell = notebook.run("%%test raw\nx = 2\nassert raw == [x], 'unequal'")
    number = notebook.number()
    assert f"test test_1 of raw failed at cell [{number}] line 3: AssertionError: unequal" in cell.error
    assert "assert raw == [x], 'unequal'" in cell.error and len(cell.error.splitlines()) <= 6


def test_sys_exit_in_a_block_leaves_the_kernel(notebook: Kernel) -> None:
    assert notebook.run("%%block raw\nimport sys\nsys.exit(3)").status == "error"
    assert notebook.value("1 + 1") == "2"


def test_error_in_a_plain_cell_is_as_ever(notebook: Kernel) -> None:
    cell = notebook.run("1 / 0")
    assert "Cell In[" in cell.error and "ZeroDivisionError" in cell.error


def test_failed_block_leaves_the_old_output(notebook: Kernel) -> None:
    notebook.run("%%block raw\n[1]")
    notebook.run("%%block raw\n[][0]")
    assert notebook.value("raw") == "[1]" and notebook.run("%pipeline show raw").result == "[1]"


# ---- cells come, change and go


def test_cell_with_a_new_name_is_a_rename(notebook: Kernel) -> None:
    notebook.run("%%block raw\n[1]", cell="a")
    notebook.run("%%block total\nsum(raw)", cell="b")
    cell = notebook.run("%%block source\n[1]", cell="a")
    assert cell.lines[0].startswith("~ renamed raw → source") and "total" in cell.lines[0]
    assert "raw" not in text_of(notebook.run("%pipeline")).replace("waits for raw", "").split()


def test_deleted_cells_block_goes(notebook: Kernel) -> None:
    notebook.run("%%block raw\n[1]", cell="a")
    notebook.run("%%block total(raw)\nsum(raw)", cell="b")
    notebook.run("%%test total\nassert not total", cell="t")
    notebook.run("1", cell="c", deleted=("a", "t"))
    assert notebook.run("%pipeline check").lines == ["total waits for raw: no such block."]


def test_copied_cell_warns(notebook: Kernel) -> None:
    notebook.run("%%block raw\n[1]", cell="a")
    number = notebook.number()
    assert notebook.run("%%block raw\n[2]", cell="b").lines[0] == f"raw is also defined in cell [{number}]; this cell counts now"


def test_cell_that_is_no_block_any_more_takes_it_along(notebook: Kernel) -> None:
    notebook.run("%%block raw\n[1]", cell="a")
    notebook.run("%%block extra\n2", cell="b")
    notebook.run("%%test raw\nassert not raw", cell="t")
    notebook.run("1 + 1", cell="b")
    notebook.run("1 + 1", cell="t")
    cell = notebook.run("%pipeline run --executor inline", cell="p")
    assert cell.status == "ok" and "extra" not in cell.printed


def test_moved_test_leaves_its_old_block(notebook: Kernel) -> None:
    notebook.run("%%block raw\n[1]", cell="a")
    notebook.run("%%block other\n[2]", cell="b")
    notebook.run("%%test raw\nassert raw == [2]", cell="t")
    notebook.run("%%test other\nassert other == [2]", cell="t")
    assert notebook.run("%pipeline run --executor inline", cell="p").status == "ok"


def test_block_without_the_option_is_the_notebooks_own_pipelines(notebook: Kernel) -> None:
    notebook.run("%%block raw\n[1]")
    notebook.run("%%block away --pipeline other\n[1]")
    notebook.run("%%block total(raw)\nsum(raw)")
    assert notebook.value("total") == "1"


def test_corrected_test_replaces_the_failing_one(notebook: Kernel) -> None:
    notebook.run("%%block raw\n[1]")
    assert notebook.run("%%test raw\nassert raw == [2]", cell="t").status == "error"
    assert notebook.run("%%test raw\nassert raw == [1]", cell="t").lines[-1].endswith("1 test passed")


def test_changed_helper_cell_counts_in_the_next_run(notebook: Kernel) -> None:
    notebook.run("RATE = 2")
    notebook.run("%%block raw\n[RATE]")
    notebook.run("RATE = 3")
    notebook.run("%pipeline run")
    assert notebook.value("raw") == "[3]"


def test_leak_is_said_at_once(notebook: Kernel) -> None:
    notebook.run("tmp = len('abc')")
    number = notebook.number()
    cell = notebook.run("%%block raw\n[tmp]")
    assert (
        cell.lines[0]
        == f"raw reads tmp from cell [{number}], which a clean run does not have: make it an upstream or a parameter"
    )
    assert cell.result == "[3]"
    failed = notebook.run("%pipeline run")
    assert failed.status == "error" and "tmp" in failed.error and len(failed.error.splitlines()) <= 6


# ---- %pipeline


def text_of(cell: Cell) -> str:
    """The drawn graph, as text."""
    return str(cell.shown[0]["text/plain"])


def test_pipeline_is_drawn_for_every_front_end(notebook: Kernel) -> None:
    notebook.run(RAW)
    notebook.run("%%block names(raw) --sql\nSELECT user FROM raw")
    shown = notebook.run("%pipeline").shown[0]
    assert {"image/svg+xml", "text/plain", "text/vnd.mermaid"} <= set(shown)
    for sort in ("image/svg+xml", "text/plain", "text/vnd.mermaid"):
        assert "raw" in shown[sort] and "names" in shown[sort]


def test_pipeline_run_prints_its_table_as_text(notebook: Kernel) -> None:
    notebook.run(RAW)
    notebook.run("%%block names(raw) --sql\nSELECT user FROM raw")
    notebook.run("%%test names\nassert len(names) == 2")
    cell = notebook.run("%pipeline run --force")
    assert (cell.status, cell.errors, len(cell.shown)) == ("ok", "", 1) and "\x1b" not in cell.printed
    assert re.search(r"raw +✓ succeeded +2 × 2", cell.printed) and re.search(
        r"names +✓ succeeded +2 × 1 .*1 test passed", cell.printed
    )
    assert re.search(r"run \S+ succeeded in T: 2 blocks$", cell.lines[-1])


def test_pipeline_run_rebinds_the_names_that_are_there(notebook: Kernel) -> None:
    notebook.run("%%block raw(*, n: int = 1)\n[n]")
    notebook.run("%pipeline run --var n=5")
    assert notebook.value("raw") == "[5]"


def test_failed_pipeline_run_ends_in_few_lines(notebook: Kernel) -> None:
    notebook.run("%%block raw --no-run\nx = 0\n1 / x")
    number = notebook.number()
    notebook.run("%%block below(raw) --no-run\nraw")
    notebook.run("%%block beside --no-run\n1")
    cell = notebook.run("%pipeline run")
    assert cell.status == "error" and f"raw failed at cell [{number}] line 3: ZeroDivisionError: division by zero" in cell.error
    assert "1 / x" in cell.error and cell.error.count("→") == 2 and len(cell.error.splitlines()) <= 6
    assert "2 │" not in cell.error and "1 failed, 1 skipped" in cell.printed


def test_wrong_variable_leaves_no_run_open(notebook: Kernel) -> None:
    notebook.run("%%block raw(*, n: int = 1)\n[n]")
    assert "parameter n is int, and 'abc' is str" in notebook.run("%pipeline run --var n=abc").error
    assert "running" not in text_of(notebook.run("%pipeline")) and "running" not in notebook.run("%pipeline runs").printed


def test_pipeline_verbs_print_text(notebook: Kernel) -> None:
    notebook.run("%%block raw\nprint('printed')\n[1]")
    assert "nothing it depends on changed" in notebook.run("%pipeline plan").printed
    assert notebook.run("%pipeline logs").lines == ["── raw · succeeded", "printed"]
    assert "✓ succeeded" in notebook.run("%pipeline runs").printed
    shown = notebook.run("%pipeline show raw")
    assert shown.result == "[1]" and shown.lines[0].startswith("raw   1 item")
    assert notebook.run("%pipeline check").lines == ["no problems found; nothing was run"]


def test_pipeline_mistakes_are_one_short_answer(notebook: Kernel) -> None:
    notebook.run("%%block raw\n[1]")
    for line, words in {
        "rnu": "Did you mean 'run'?",
        "run rwa": "Did you mean 'raw'?",
        "run --exectuor inline": "--exectuor",
        "run --executor inlin": "Did you mean 'inline'?",
        "run --var n": "NAME=VALUE",
        "run 'raw": "quot",
        "show rwa": "Did you mean 'raw'?",
        "logs rwa": "Did you mean 'raw'?",
        "check nowhere": "nowhere",
        "import nowhere demo": "nowhere",
    }.items():
        cell = notebook.run(f"%pipeline {line}")
        said = cell.error + cell.errors
        assert cell.status == "error" and words in said and len(said.strip().splitlines()) <= 4, (line, said)


def test_export_and_import_from_the_notebook(notebook: Kernel, tmp_path: Path) -> None:
    notebook.run("%%block raw\n# why\n[1, 2]")
    notebook.run("%%block total(raw, *, n: int = 2)\nsum(raw) * n")
    assert "run it: jupyter mage run" in notebook.run("%pipeline export project").printed
    assert (tmp_path / "project/pipelines/pipeline/metadata.yaml").is_file()
    assert "nothing of pipeline was run" in notebook.run("%pipeline import project pipeline --to back.ipynb").printed
    cells = [cell.source for cell in nbformat.read(tmp_path / "back.ipynb", as_version=4).cells]
    assert [text for text in cells if text.startswith("%%block")] == [
        "%%block raw\n# why\n[1, 2]", "%%block total(raw, *, n: int = 2)\nsum(raw) * n",
    ]  # fmt: skip
    refused = notebook.run("%pipeline import project pipeline --to back.ipynb")
    assert refused.status == "error" and "back.ipynb exists" in refused.error


def test_export_of_a_leak_is_refused_and_writes_nothing(notebook: Kernel, tmp_path: Path) -> None:
    notebook.run("tmp = len('abc')")
    notebook.run("%%block raw\ntmp")
    cell = notebook.run("%pipeline export project")
    assert cell.status == "error" and "tmp" in cell.error and not (tmp_path / "project").exists()


def test_kind_that_does_not_run_is_kept(notebook: Kernel) -> None:
    cell = notebook.run("%%block notes --kind markdown\nplain words, no Python")
    assert (cell.status, cell.error) == ("ok", "") and "notes" in cell.printed
    notebook.run("%%block raw\n1")
    assert notebook.run("%pipeline run").status == "ok"


def test_terminal_draws_text(tmp_path: Path) -> None:
    nbformat.write(
        made("%load_ext jupyter_mage", RAW, "%%block ids(raw) --sql\nSELECT id FROM raw", "%pipeline run"), tmp_path / "w.ipynb"
    )
    command = [sys.executable, "-m", "IPython", "--no-banner", "--colors=NoColor", "w.ipynb"]
    done = subprocess.run(command, cwd=tmp_path, env=surroundings(tmp_path), capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and "ids ← raw (cached)   2 × 1" in done.stdout and "pipeline · 2 blocks" in done.stdout, done
    assert "<svg" not in done.stdout and "application/" not in done.stdout


# ---- stopping


HANGS = "import time\nfrom pathlib import Path\nPath('started').touch()\ntime.sleep(600)"


def until_started(folder: Path) -> None:
    end = time.monotonic() + SECONDS
    while not (folder / "started").exists():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_interrupt_stops_the_block_of_a_cell(notebook: Kernel, tmp_path: Path) -> None:
    sent = notebook.send(f"%%block raw\n{HANGS}")
    until_started(tmp_path)
    notebook.manager.interrupt_kernel()
    cell = notebook.receive(sent)
    assert cell.status == "error" and "KeyboardInterrupt" in cell.error and len(cell.error.splitlines()) <= 14
    assert "cancelled" in text_of(notebook.run("%pipeline"))
    assert notebook.run("%%block raw\n[1]").result == "[1]"


def test_interrupt_stops_a_run_and_its_processes(notebook: Kernel, tmp_path: Path) -> None:
    notebook.run("%%block quick --no-run\n1")
    body = f"import os\nfrom pathlib import Path\nPath('pid').write_text(str(os.getpid()))\n{HANGS}"
    notebook.run(f"%%block raw(quick) --no-run\n{body}")
    sent = notebook.send("%pipeline run")
    until_started(tmp_path)
    notebook.manager.interrupt_kernel()
    cell = notebook.receive(sent)
    assert cell.status == "error" and "was cancelled" in cell.error and len(cell.error.splitlines()) <= 4
    assert not Path(f"/proc/{(tmp_path / 'pid').read_text()}").exists()
    assert "◼ cancelled" in notebook.run("%pipeline runs").printed
    notebook.run("%%block raw(quick) --no-run\nquick + 1")
    again = notebook.run("%pipeline run")
    assert again.status == "ok" and re.search(r"quick +≡ cached", again.printed)


# ---- headless


CELLS = [
    "%load_ext jupyter_mage",
    "import math\nRATE = 2\ndef twice(x):\n    return x * RATE",
    "%%block raw\nimport pandas as pd\npd.DataFrame({'id': [1, 2], 'user': ['a', 'b']})",
    "%%block clean\nclean = raw.assign(id=twice(raw.id))",
    "%%block total(clean)\nround(float(clean.id.sum()) * math.pi, 3)",
    "%%block names(clean, *, first: int = 1) --sql\nSELECT user FROM clean WHERE id > $first",
    "%%test names\nassert names.user.tolist() == ['a', 'b']",
    "%%block keep(names) --kind data_exporter\nnames.to_csv('names.csv', index=False)",
    "%pipeline run",
    "%pipeline check",
    "total",
]


def made(*cells: str) -> nbformat.NotebookNode:
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(text) for text in cells])


def execute(folder: Path, *cells: str) -> nbformat.NotebookNode:
    """These cells, executed without a front end."""
    resources = {"metadata": {"path": str(folder)}}
    return NotebookClient(made(*cells), kernel_name="python3", timeout=60, resources=resources).execute()


def texts(notebook: nbformat.NotebookNode) -> list[str]:
    """Each cell's outputs as text, times, run ids and where an upstream came from left out."""
    seen = []
    for cell in notebook.cells:
        text = "".join(each.get("text") or each.get("data", {}).get("text/plain", "") for each in cell.outputs)
        seen.append(re.sub(r"run \S+", "run ID", re.sub(r"\((cached|ran T)\)", "()", TIME.sub("T", text))))
    return seen


def test_restart_and_run_all_gives_the_same_pictures_and_no_widgets(tmp_path: Path) -> None:
    first, again = execute(tmp_path, *CELLS), execute(tmp_path, *CELLS)
    run = CELLS.index("%pipeline run")
    assert texts(first)[:run] == texts(again)[:run] and texts(first)[run + 1 :] == texts(again)[run + 1 :]
    assert texts(first)[-1] == "18.85" and (tmp_path / "names.csv").read_text() == "user\na\nb\n"
    drawn = first.cells[run].outputs[0]["data"]["text/plain"]
    assert "succeeded" in drawn and "running" not in drawn, drawn
    sorts = {sort for cell in first.cells for output in cell.outputs for sort in output.get("data", {})}
    assert "image/svg+xml" in sorts and not any("widget" in sort for sort in sorts) and "widgets" not in first.metadata
    nbformat.validate(first)


def test_headless_error_names_the_users_line(tmp_path: Path) -> None:
    with pytest.raises(CellExecutionError) as caught:
        execute(tmp_path, "%load_ext jupyter_mage", "%%block raw\nx = 0\n1 / x", "print('never')")
    said = ANSI.sub("", str(caught.value))
    assert "ZeroDivisionError" in said and "line 3" in said and "jupyter_mage" not in said.replace("%load_ext jupyter_mage", "")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_papermill_runs_it_and_sets_its_parameters(tmp_path: Path) -> None:
    cells = made("%load_ext jupyter_mage", "factor = 2", "%%block raw\n[factor]", "%pipeline run --executor inline", "raw")
    cells.cells[1].metadata["tags"] = ["parameters"]
    nbformat.write(cells, tmp_path / "in.ipynb")
    done = papermill.execute_notebook(
        str(tmp_path / "in.ipynb"), str(tmp_path / "out.ipynb"), cwd=str(tmp_path), progress_bar=False,
        parameters={"factor": 3}, kernel_name="python3", language="python", request_save_on_cell_execute=False,
    )  # fmt: skip
    assert done.cells[-1].outputs[0]["data"]["text/plain"] == "[3]"


def test_two_kernels_on_one_project_are_both_right(fresh: Callable[..., Kernel]) -> None:
    kernels = [fresh("%load_ext jupyter_mage"), fresh("%load_ext jupyter_mage")]
    for number, kernel in enumerate(kernels):
        kernel.run(f"%%block raw\n[{number}] * 3")
        kernel.run("%%block total\nsum(raw)")
    sent = [kernel.send("%pipeline run --force") for kernel in kernels]
    cells = [kernel.receive(each) for kernel, each in zip(kernels, sent, strict=True)]
    assert [cell.status for cell in cells] == ["ok", "ok"] and [kernel.value("total") for kernel in kernels] == ["0", "3"]


def test_killed_kernel_loses_nothing_that_had_finished(fresh: Callable[..., Kernel], tmp_path: Path) -> None:
    first = fresh("%load_ext jupyter_mage")
    first.run("%%block raw\n[1]")
    first.send(f"%%block slow(raw)\n{HANGS}")
    until_started(tmp_path)
    first.manager.signal_kernel(9)
    second = fresh("%load_ext jupyter_mage")
    second.run("%%block raw --no-run\n[1]")
    second.run("%%block slow(raw) --no-run\nraw + [2]")
    assert "interrupted" in second.run("%pipeline runs").printed
    again = second.run("%pipeline run")
    assert again.status == "ok" and re.search(r"raw +≡ cached", again.printed) and second.value("1") == "1"
