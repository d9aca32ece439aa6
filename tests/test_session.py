"""A session as its user knows it: define, redefine, rename, delete, run, plan, look; nothing hidden, nothing lost."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import lives
import pytest

from jupyter_mage import printing
from jupyter_mage.errors import (
    BlockFailedError,
    BlockSyntaxError,
    CycleError,
    DefinitionError,
    JupyterMageError,
    RunCancelledError,
    UnknownNameError,
)
from jupyter_mage.session import Session
from jupyter_mage.state import Run
from jupyter_mage.work import Place


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Session]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    made = Session(tmp_path, pipeline="demo")
    yield made
    made.close()
    for name in ("beside", "deeper"):
        sys.modules.pop(name, None)


class Notebook:
    """A notebook without a kernel: plain cells and block cells, in one namespace."""

    def __init__(self, session: Session) -> None:
        self.session, self.names, self.count = session, dict[str, Any](), 0

    def plain(self, text: str) -> None:
        self.count += 1
        exec(text, self.names)
        self.session.note_cell(text, self.count)

    def block(self, header: str, body: str, *, cell: str = "", run: bool = True) -> tuple[str, ...]:
        """Execute a block cell; gives what the author is told."""
        self.count += 1
        defined = self.session.define(header, body, cell=cell, number=self.count, namespace=self.names)
        if run:
            self.ran = self.session.run_cell(defined.block.name, Place(namespace=self.names))
        return defined.notes


@pytest.fixture
def notebook(project: Session) -> Notebook:
    return Notebook(project)


def statuses(run: Run) -> dict[str, str]:
    return {name: block.status for name, block in run.blocks.items()}


def inline(session: Session, selection: str = "", **more: Any) -> Run:
    return session.run(selection, executor="inline", **more)


# ---- defining


def test_order_of_cells_does_not_matter(project: Session) -> None:
    project.define("total(twice)", "sum(twice)")
    project.define("twice", "[2 * x for x in raw]")
    project.define("raw", "[1, 2, 3]")
    assert inline(project).status == "succeeded"
    assert project.value("total") == 12


def test_redefinition_replaces_and_runs_what_is_below(project: Session) -> None:
    project.define("raw", "[1, 2]")
    project.define("total", "sum(raw)")
    inline(project)
    project.define("raw", "[1, 2, 3]")
    assert statuses(inline(project)) == {"raw": "succeeded", "total": "succeeded"}
    assert project.value("total") == 6


def test_redefinition_with_the_same_result_stops_there(project: Session) -> None:
    project.define("raw", "[1, 2]")
    project.define("total", "sum(raw)")
    inline(project)
    project.define("raw", "list((1, 2))")
    assert statuses(inline(project)) == {"raw": "succeeded", "total": "cached"}


def test_going_back_to_an_older_definition_finds_its_output(project: Session) -> None:
    for body in ("[1]", "[2]", "[1]"):
        project.define("raw", body)
        run = inline(project)
    assert statuses(run) == {"raw": "cached"} and project.value("raw") == [1]


def test_cycle_is_refused_and_the_old_definition_stays(project: Session) -> None:
    project.define("raw", "1", number=1)
    project.define("clean(raw)", "raw", number=2)
    project.define("load(clean)", "clean", number=3)
    before = project.pipeline
    with pytest.raises(CycleError, match=r"raw ← load ← clean ← raw .*kept the previous raw"):
        project.define("raw(load)", "load", number=4)
    assert project.pipeline == before and inline(project).status == "succeeded"


def test_cycle_of_one_is_refused(project: Session) -> None:
    with pytest.raises(DefinitionError, match="its own upstream"):
        project.define("raw(raw)", "raw")
    assert len(project.pipeline) == 0


def test_cycle_through_after_is_refused(project: Session) -> None:
    project.define("first --after second", "1")
    with pytest.raises(CycleError, match=r"first|second"):
        project.define("second --after first", "1")
    assert project.pipeline.names == ("first",)


def test_same_cell_with_a_new_name_is_a_rename(notebook: Notebook) -> None:
    notebook.block("raw", "[1]", cell="a")
    notebook.block("total", "sum(raw)", cell="b")
    notes = notebook.block("source", "[1]", cell="a")
    assert notebook.session.pipeline.names == ("total", "source")
    assert any("renamed raw → source" in note and "total" in note for note in notes)


def test_edges_follow_a_rename_and_who_says_the_old_name_is_said(notebook: Notebook) -> None:
    notebook.block("raw", "[1]", cell="a")
    notebook.block("total", "sum(raw)", cell="b")
    renamed = notebook.block("source", "[1]", cell="a")
    assert "~ renamed raw → source; 1 cell still says raw: total" in " ".join(renamed)
    assert (notebook.session.pipeline["total"].upstreams, notebook.session.check()) == (("source",), [])


def test_copied_cell_warns_and_counts(notebook: Notebook) -> None:
    notebook.block("raw", "[1]", cell="a")
    notes = notebook.block("raw", "[2]", cell="b")
    assert notes == ("raw is also defined in cell [1]; this cell counts now",)
    assert notebook.session.value("raw") == [2]


def test_deleted_cells_block_goes_and_others_wait_for_it(notebook: Notebook) -> None:
    notebook.block("raw", "[1]", cell="a")
    notebook.block("total(raw)", "sum(raw)", cell="b")
    assert notebook.session.forget_cells(["a", "unknown"]) == ["raw"]
    assert notebook.session.pipeline.names == ("total",)
    with pytest.raises(DefinitionError, match="total waits for raw: no such block"):
        inline(notebook.session)


def test_deleted_test_cells_test_goes(project: Session) -> None:
    project.define("raw", "[1]", cell="a")
    project.define_test("raw", "assert not raw", cell="t")
    assert inline(project).status == "failed"
    project.forget_cells(["t"])
    assert project.pipeline["raw"].tests == () and inline(project).status == "succeeded"


def test_waiting_block_is_legal_until_it_runs(project: Session) -> None:
    project.define("total(raww)", "sum(raww)")
    project.define("raw", "[1]")
    with pytest.raises(DefinitionError, match=r"total waits for raww: no such block. Did you mean raw\?"):
        inline(project)
    assert statuses(inline(project, "raw")) == {"raw": "succeeded"}


# ---- stale


def shown(session: Session) -> dict[str, str]:
    return {name: state["status"] for name, state in session.picture()["states"].items()}


def test_redefined_block_and_what_is_below_are_shown_stale(notebook: Notebook) -> None:
    for header, body in (("raw", "[1]"), ("total", "sum(raw)"), ("beside", "1")):
        notebook.block(header, body)
    notebook.block("raw", "[1, 2]", run=False)
    assert shown(notebook.session) == {"raw": "stale", "total": "stale", "beside": "succeeded"}
    notebook.block("raw", "[1, 2]")
    assert shown(notebook.session) == {"raw": "succeeded", "total": "stale", "beside": "succeeded"}


def test_block_that_failed_is_shown_failed(notebook: Notebook) -> None:
    notebook.block("raw", "[1]")
    notebook.block("total", "sum(raw)")
    notebook.block("raw", "[][0]")
    assert shown(notebook.session) == {"raw": "failed", "total": "stale"}


def test_block_that_was_skipped_is_shown_so_until_what_failed_is_edited(notebook: Notebook) -> None:
    for header, body in (("raw", "[1]"), ("total", "sum(raw)"), ("raw", "[][0]")):
        notebook.block(header, body)
    notebook.session.run(executor="inline")
    state = notebook.session.picture()["states"]["total"]
    assert (state["status"], state["detail"]) == ("skipped", "raw failed")
    notebook.block("raw", "[2]")
    state = notebook.session.picture()["states"]["total"]
    assert (state["status"], state["detail"]) == ("stale", "out of date")


def test_re_executing_an_unchanged_cell_makes_nothing_stale(notebook: Notebook) -> None:
    for _ in range(2):
        for header, body in (("raw", "[1]"), ("total", "sum(raw)")):
            notebook.block(header, body)
    notebook.block("raw", "[1]  # the same")
    assert shown(notebook.session)["total"] in ("succeeded", "cached")


def test_cell_always_runs_its_body_and_takes_the_rest_from_the_cache(notebook: Notebook) -> None:
    notebook.block("raw", "[1]")
    for _ in range(2):
        notebook.block("total", "sum(raw)")
        assert statuses(notebook.ran) == {"raw": "cached", "total": "succeeded"}


def test_cell_runs_stale_upstreams_first_and_no_dependants(notebook: Notebook) -> None:
    for header, body in (("raw", "[1]"), ("total", "sum(raw)"), ("text", "str(total)")):
        notebook.block(header, body)
    notebook.block("raw", "[1, 2]", run=False)
    notebook.block("total", "sum(raw)")
    assert statuses(notebook.ran) == {"raw": "succeeded", "total": "succeeded"}
    assert notebook.names["total"] == 3 and notebook.session.value("text") == "1"


def test_cell_leaves_its_names_and_its_output_in_the_notebook(notebook: Notebook) -> None:
    notebook.block("raw(*, n: int = 2)", "half = n / 2\n[half]")
    assert (notebook.names["raw"], notebook.names["half"], notebook.names["n"]) == ([1.0], 1.0, 2)


# ---- nothing hidden


def test_imports_functions_and_constants_are_captured(notebook: Notebook) -> None:
    notebook.plain("import math\nRATE = 2\nOTHER = [1, 'a']")
    notebook.plain("def area(r):\n    # twice\n    return round(math.pi * r * RATE, 2)\n\nclass Unit:\n    size = RATE")
    assert notebook.block("found", "[area(1), Unit.size, OTHER]") == ()
    for executor in ("inline", "processes"):
        assert notebook.session.run(executor=executor, force=True).status == "succeeded"
        assert notebook.session.value("found") == [6.28, 2, [1, "a"]]


def test_changed_constant_runs_its_users_again_and_plan_says_so(notebook: Notebook) -> None:
    notebook.plain("RATE = 2")
    notebook.block("found", "[RATE]")
    notebook.plain("RATE = 3")
    notebook.block("found", "[RATE]", run=False)
    step = notebook.session.plan()[0]
    assert (step.action, step.reasons) == ("run", ("definition RATE",))
    inline(notebook.session)
    assert notebook.session.value("found") == [3]


def test_changed_constant_counts_in_a_run_without_re_executing_the_block(notebook: Notebook) -> None:
    """A clean run must not use the RATE of long ago, while the notebook shows another."""
    notebook.plain("RATE = 2")
    notebook.block("found", "[RATE]")
    notebook.plain("RATE = 3")
    inline(notebook.session)
    assert notebook.session.value("found") == [3]


def test_lambdas_and_several_constants_are_captured(notebook: Notebook) -> None:
    notebook.plain("twice = lambda x: 2 * x\nA, B = 1, 'b'\nC = D = 5")
    assert notebook.block("found", "[twice(A), B, C, D]") == ()
    assert inline(notebook.session, force=True).status == "succeeded"
    assert notebook.session.value("found") == [2, "b", 5, 5]


def test_submodules_of_one_package_are_all_captured(notebook: Notebook) -> None:
    notebook.plain("import wsgiref.util\nimport wsgiref.headers")
    notebook.block("found", "[wsgiref.util.__name__, wsgiref.headers.__name__]")
    assert notebook.session.run(force=True).blocks["found"].failure is None


def test_constant_that_a_block_replaced_by_a_frame_is_a_leak(notebook: Notebook) -> None:
    notebook.plain("RATE = 2")
    notebook.block("frame", "import pandas as pd\nRATE = pd.DataFrame({'a': [1]})\n1")
    assert any("found reads RATE" in note for note in notebook.block("found", "len(RATE)"))


def test_computed_value_is_a_leak_said_at_once(notebook: Notebook) -> None:
    notebook.plain("import os")
    notebook.plain("tmp = len(os.getcwd())")
    notes = notebook.block("found", "tmp + 1")
    assert notes == ("found reads tmp from cell [2], which a clean run does not have: make it an upstream or a parameter",)
    assert notebook.ran.status == "succeeded"


def test_leaky_block_is_never_cached_and_never_run_clean(notebook: Notebook) -> None:
    notebook.plain("tmp = len('abc')")
    notebook.block("found", "tmp + 1")
    notebook.block("below", "found")
    notebook.block("below", "found")
    assert statuses(notebook.ran) == {"found": "succeeded", "below": "succeeded"}
    run = notebook.session.run()
    assert statuses(run) == {"found": "failed", "below": "skipped"}
    failure = run.blocks["found"].failure
    assert failure is not None and "tmp" in failure.message and "[1]" in failure.message
    assert [step.action for step in notebook.session.plan()] == ["blocked", "blocked"]
    assert any("tmp" in problem for problem in notebook.session.check())


def test_function_that_reads_a_computed_value_is_a_leak(notebook: Notebook) -> None:
    notebook.plain("tmp = len('abc')\ndef more(x): return x + tmp")
    assert any("tmp" in note for note in notebook.block("found", "more(1)"))


def test_name_of_a_cell_that_changed_its_mind_is_not_the_old_constant(notebook: Notebook) -> None:
    notebook.plain("RATE = 2")
    notebook.names["RATE"] = 5
    assert any("RATE" in note for note in notebook.block("found", "[RATE]"))


def test_undeclared_upstream_is_said_with_the_right_header(notebook: Notebook) -> None:
    notebook.block("raw", "[1]")
    notebook.block("users", "[2]")
    notes = notebook.block("both(raw)", "raw + users")
    assert any("both reads users, not in its header: %%block both(raw, users)" in note for note in notes)


def test_unread_upstream_is_said_with_the_right_header(notebook: Notebook) -> None:
    notebook.block("raw", "[1]")
    notes = notebook.block("both(raw)", "1")
    assert any("both declares raw and never reads it" in note and "--after raw" in note for note in notes)


MODULE = "import beside\nbeside.value()"


@pytest.mark.parametrize("executor", ["inline", "processes"])
def test_edited_module_beside_the_notebook_runs_its_users_with_the_new_code(project: Session, executor: str) -> None:
    project.define("found", MODULE)
    project.define("other", "1")
    for number in (1, 200, 30000):
        (project.root / "beside.py").write_text(f"import deeper\ndef value(): return deeper.VALUE + {number}\n")
        (project.root / "deeper.py").write_text(f"VALUE = {number}\n")
        if number > 1:
            assert project.plan()[0].reasons == ("module beside.py", "module deeper.py")
        run = project.run(executor=executor, workers=1)
        assert (statuses(run)["found"], project.value("found")) == ("succeeded", 2 * number)
    assert statuses(project.run(executor=executor, workers=1)) == {"found": "cached", "other": "cached"}


def test_edited_module_counts_in_the_cell_too(notebook: Notebook) -> None:
    root = notebook.session.root
    for number in (1, 200):
        (root / "beside.py").write_text(f"def value(): return {number}\n")
        notebook.block("found", MODULE)
        assert notebook.names["found"] == number


# ---- running a part


@pytest.fixture
def line(project: Session) -> Session:
    for header, body in (("raw --tag daily", "[1]"), ("clean(raw)", "raw"), ("total(clean)", "sum(clean)"), ("beside", "1")):
        project.define(header, body)
    return project


SELECTIONS = {
    "": ["raw", "clean", "total", "beside"],
    "clean": ["raw", "clean"],
    "+clean": ["raw", "clean"],
    "clean+": ["raw", "clean", "total"],
    "beside": ["beside"],
    "tag:daily": ["raw"],
    "beside raw": ["raw", "beside"],
}


@pytest.mark.parametrize("selection", SELECTIONS)
def test_selection_runs_it_and_what_it_needs(line: Session, selection: str) -> None:
    assert sorted(inline(line, selection).blocks) == sorted(SELECTIONS[selection])


def test_force_runs_what_is_selected_whatever_is_cached(line: Session) -> None:
    inline(line)
    assert statuses(inline(line, "clean", force=True)) == {"raw": "cached", "clean": "succeeded"}
    assert set(statuses(inline(line, force=True)).values()) == {"succeeded"}


def test_unknown_selection_is_answered_with_the_nearest(line: Session) -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'clean'"):
        inline(line, "claen")
    with pytest.raises(UnknownNameError, match="Did you mean 'daily'"):
        inline(line, "tag:dialy")


def test_failed_block_stops_what_is_below_and_nothing_else(line: Session) -> None:
    line.define("clean(raw)", "raw[5]")
    run = inline(line)
    assert (run.status, statuses(run)) == (
        "failed", {"raw": "succeeded", "clean": "failed", "total": "skipped", "beside": "succeeded"},
    )  # fmt: skip
    line.define("clean(raw)", "raw[0:]")
    again = inline(line)
    assert statuses(again) == {"raw": "cached", "clean": "succeeded", "total": "succeeded", "beside": "cached"}


def test_checked_run_raises_where_it_failed(line: Session) -> None:
    line.define("clean(raw)", "raw[5]", number=7)
    with pytest.raises(BlockFailedError, match="clean failed: IndexError") as caught:
        inline(line, check=True)
    assert caught.value.where is not None and (caught.value.where.block, caught.value.where.line) == ("clean", 2)


@pytest.mark.parametrize("workers", [0, -1])
def test_run_without_workers_is_refused(line: Session, workers: int) -> None:
    stop = threading.Timer(5, line.cancel)
    stop.start()
    with pytest.raises(DefinitionError, match="workers"):
        line.run(workers=workers)
    stop.cancel()


def test_unknown_executor_is_answered_with_those_there_are(line: Session) -> None:
    with pytest.raises(JupyterMageError, match="processes"):
        line.run(executor="process")


# ---- what has effects outside


@pytest.fixture
def writer(project: Session) -> Session:
    project.define("raw", "[1]")
    project.define("write(raw) --kind data_exporter", "with open('log', 'a') as file:\n    file.write(f'{raw} ')\n'written'")
    project.define("below(write)", "write + '!'")
    return project


def log(session: Session) -> str:
    path = session.root / "log"
    return path.read_text() if path.exists() else ""


def test_exporter_runs_each_time_it_is_asked_for(writer: Session) -> None:
    for expected in ("[1] ", "[1] [1] "):
        inline(writer, "write")
        assert log(writer) == expected


def test_exporter_never_runs_because_another_needs_it(writer: Session) -> None:
    run = inline(writer, "below")
    assert statuses(run) == {"raw": "succeeded", "write": "skipped", "below": "skipped"}
    assert "run write" in run.blocks["write"].reason and log(writer) == ""
    assert {step.block: step.action for step in writer.plan("below")} == {"raw": "cached", "write": "blocked", "below": "blocked"}


def test_exporter_that_ran_gives_its_output_to_others(writer: Session) -> None:
    inline(writer, "write")
    assert statuses(inline(writer, "below")) == {"raw": "cached", "write": "cached", "below": "succeeded"}
    assert log(writer) == "[1] "
    assert {step.block: step.action for step in writer.plan("below")} == {"raw": "cached", "write": "cached", "below": "cached"}


def test_exporters_test_does_not_write_again(writer: Session) -> None:
    inline(writer, "write")
    writer.define_test("write", "assert write == 'written'")
    run = writer.run_cell("write", Place(namespace={}), run_body=False)
    assert (run.status, log(writer)) == ("succeeded", "[1] ")
    assert (inline(writer, retest=True).status, log(writer)) == ("succeeded", "[1] ")


# ---- tests of blocks


def test_failing_test_fails_the_block_and_stops_what_is_below(line: Session) -> None:
    line.define_test("clean", "assert clean == [1]", name="good")
    line.define_test("clean", "x = 2\nassert clean == [x], f'not {x}'", name="bad")
    run = inline(line)
    assert statuses(run) == {"raw": "succeeded", "clean": "failed", "total": "skipped", "beside": "succeeded"}
    failure = run.blocks["clean"].failure
    assert failure is not None and (failure.test, failure.error, failure.message, failure.line, failure.code) == (
        "bad", "AssertionError", "not 2", 3, "assert clean == [x], f'not {x}'",
    )  # fmt: skip


def test_failing_test_without_words_shows_its_line(line: Session) -> None:
    line.define_test("clean", "assert len(clean) == 7")
    failure = inline(line).blocks["clean"].failure
    assert failure is not None and failure.message == "assert len(clean) == 7"


def test_new_test_does_not_run_its_block_again(line: Session) -> None:
    line.define("clean(raw)", "with open('log', 'a') as file: file.write('ran ')\nraw")
    inline(line)
    line.define_test("clean", "assert clean")
    assert line.plan("clean")[1].reasons == ("tests changed: only they run",)
    assert inline(line).status == "succeeded" and log(line) == "ran "
    assert set(statuses(inline(line)).values()) == {"cached"}


def test_test_of_an_unknown_block_is_answered_with_the_nearest(line: Session) -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'clean'") as caught:
        line.define_test("claen", "assert True")
    assert caught.value.hint


def test_test_survives_the_redefinition_of_its_block(line: Session) -> None:
    line.define_test("clean", "assert clean == [1]", name="one")
    line.define("clean(raw)", "raw + raw")
    assert [test.name for test in line.pipeline["clean"].tests] == ["one"]
    assert inline(line).blocks["clean"].status == "failed"


@pytest.mark.parametrize("body", ["clean == [9]", "x = 1"])
def test_test_that_asserts_nothing_is_said(line: Session, body: str) -> None:
    assert any("asserts nothing" in note for note in line.define_test("clean", body).notes)


def test_test_function_that_is_never_called_is_refused(line: Session) -> None:
    """As in a pytest file; here nobody would call it, and it would pass whatever it asserts."""
    with pytest.raises(BlockSyntaxError, match="test_it is defined and never called") as caught:
        line.define_test("clean", "def test_it():\n    assert False")
    assert "test_it()" in caught.value.hint and line.pipeline["clean"].tests == ()
    line.define_test("clean", "def test_it():\n    assert False, 'called'\ntest_it()")
    assert inline(line).status == "failed"


def test_test_with_the_same_name_or_cell_replaces(line: Session) -> None:
    line.define_test("clean", "assert False", name="one")
    line.define_test("clean", "assert clean", name="one")
    line.define_test("clean", "assert False", cell="t")
    line.define_test("clean", "assert clean", cell="t")
    assert [test.source for test in line.pipeline["clean"].tests] == ["assert clean", "assert clean"]
    assert inline(line).status == "succeeded"


def test_test_cannot_change_the_output(line: Session) -> None:
    line.define_test("clean", "clean.append(99)")
    inline(line)
    assert line.value("clean") == [1] and line.value("total") == 1


def test_test_may_use_captured_helpers(notebook: Notebook) -> None:
    notebook.plain("LIMIT = 1\ndef short(x): return len(x) <= LIMIT")
    notebook.block("raw", "[1]")
    notebook.session.define_test("raw", "assert short(raw)", namespace=notebook.names)
    assert notebook.session.run().status == "succeeded"


def test_tests_alone_run_again_when_asked(line: Session) -> None:
    line.define_test("clean", "with open('log', 'a') as file: file.write('tested ')")
    inline(line)
    assert statuses(inline(line, retest=True)) == {"raw": "cached", "clean": "succeeded", "total": "cached", "beside": "cached"}
    assert log(line) == "tested tested "


# ---- plan


def test_plan_runs_nothing_and_says_why(line: Session) -> None:
    line.define("clean(raw, *, n: int = 1)", "raw * n")
    assert {step.block: (step.action, step.reasons) for step in line.plan()}["raw"] == ("run", ("never ran",))
    inline(line)
    assert {step.action for step in line.plan()} == {"cached"}
    line.define("raw", "[1,\n 2]")
    plan = {step.block: (step.action, step.reasons) for step in line.plan(variables={"n": 3})}
    assert plan == {
        "raw": ("run", ("code: 3 lines\n-[1]\n+[1,\n+ 2]",)),
        "clean": ("maybe", ("upstream raw runs",)),
        "total": ("maybe", ("upstream clean runs",)),
        "beside": ("cached", ()),
    }
    assert len(line.history.runs(None, 20)) == 1


def test_plan_names_the_parameter_that_changed(line: Session) -> None:
    line.define("clean(raw, *, n: int = 1)", "raw * n")
    inline(line)
    steps = {step.block: step.reasons for step in line.plan(variables={"n": "3"})}
    assert steps["clean"] == ("parameter n 1 → 3",)


def test_plan_names_the_package_that_changed(line: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    line.define("raw", "import yaml\n[1]")
    inline(line)
    monkeypatch.setattr("jupyter_mage.code.dependencies._version", lambda module: {"yaml": "99.1"}.get(module, ""))
    line.fingerprint.refresh()
    reasons = line.plan()[0].reasons
    assert len(reasons) == 1 and reasons[0].startswith("package yaml ") and reasons[0].endswith("→ 99.1")


def test_plan_tells_the_time_it_took(line: Session) -> None:
    inline(line)
    assert all(step.seconds is not None for step in line.plan(force=True))


def test_plan_sees_that_an_output_is_gone(line: Session) -> None:
    line.define("raw", "'x' * 1_000_000")
    line.define("clean(raw)", "len(raw)")
    line.define("total(clean)", "clean")
    inline(line)
    for path in (line.state_folder / "store").rglob("*"):
        if path.is_file():
            path.unlink()
    line.close()
    again = Session(line.root, pipeline="demo")
    again.adopt(line.pipeline)
    assert again.plan()[0].reasons == ("its output is gone",)
    assert inline(again).status == "succeeded" and again.value("raw") == "x" * 1_000_000
    again.close()


# ---- variables


@pytest.fixture
def parameters(project: Session) -> Session:
    project.define(
        "found(*, n: int = 1, x: float = 1.5, on: bool = False, day: str = 'a', words: list[str] = ['b'], free=None)",
        "[n, x, on, day, words, free]",
    )
    return project


@pytest.mark.parametrize(
    ("given", "value"),
    [
        ({}, [1, 1.5, False, "a", ["b"], None]),
        ({"n": "30", "x": "2", "on": "true", "day": "2024-01-01", "words": "['c']"}, [30, 2.0, True, "2024-01-01", ["c"], None]),
        ({"n": 30, "x": 2, "on": True, "words": [], "free": {"a": [1]}}, [30, 2.0, True, "a", [], {"a": [1]}]),
        ({"n": "-3", "day": "7"}, [-3, 1.5, False, "7", ["b"], None]),
    ],
)
def test_variable_is_read_as_the_type_says(parameters: Session, given: dict[str, Any], value: list[Any]) -> None:
    inline(parameters, variables=given)
    assert parameters.value("found") == value


@pytest.mark.parametrize(
    "given",
    [
        *({"n": each} for each in ("abc", "1.5", True, None)),
        *({"on": each} for each in ("maybe", 1)),
        {"x": "wide"}, {"words": "c"}, {"day": 7},
    ],
)  # fmt: skip
def test_variable_of_the_wrong_type_is_refused_before_anything_runs(parameters: Session, given: dict[str, Any]) -> None:
    name = next(iter(given))
    with pytest.raises(DefinitionError, match=f"parameter {name} is ") as caught:
        parameters.run(executor="inline", variables=given)
    assert f"--var {name}=" in caught.value.hint
    assert parameters.history.runs(None, 20) == [] and parameters.control is None
    assert inline(parameters).status == "succeeded"


def test_unknown_variable_is_answered_with_the_nearest(parameters: Session) -> None:
    with pytest.raises(UnknownNameError, match=r"no variable 'dya'. Did you mean 'day'\?"):
        inline(parameters, variables={"dya": "x"})


def test_parameter_without_a_default_has_to_be_given(project: Session) -> None:
    project.define("found(*, day: str)", "day")
    with pytest.raises(DefinitionError, match="parameter day of found has no value") as caught:
        inline(project)
    assert "--var day=" in caught.value.hint and project.history.runs(None, 20) == []
    assert inline(project, variables={"day": "x"}).status == "succeeded"


def test_variable_change_runs_only_who_has_it(line: Session) -> None:
    line.define("total(clean, *, n: int = 1)", "n")
    inline(line)
    assert statuses(inline(line, variables={"n": 2})) == {
        "raw": "cached",
        "clean": "cached",
        "total": "succeeded",
        "beside": "cached",
    }
    assert statuses(inline(line))["total"] == "cached" and line.value("total") == 1


# ---- what is kept


def test_value_is_the_last_good_output(line: Session) -> None:
    inline(line)
    line.define("total(clean)", "1 / 0")
    inline(line)
    assert line.value("total") == 1


def test_value_of_a_block_that_never_ran_says_what_to_type(line: Session) -> None:
    with pytest.raises(JupyterMageError, match="total has no output yet") as caught:
        line.value("total")
    assert "run total" in caught.value.hint


def test_new_session_goes_on_from_the_cache(line: Session) -> None:
    inline(line)
    again = Session(line.root, pipeline="demo")
    again.adopt(line.pipeline)
    assert set(statuses(inline(again)).values()) == {"cached"}
    again.close()


def test_log_of_a_block_is_kept(line: Session) -> None:
    line.define("raw", "import sys\nprint('out')\nprint('err', file=sys.stderr)\n[1]")
    run = inline(line)
    log = line.past_run("last").blocks["raw"].log
    assert line.past_run(run.id).blocks["raw"].log == log
    assert (printing.plain(log), printing.only(log, "stderr")) == ("out\nerr\n", "err\n")


def test_past_run_that_is_not_there_says_so(line: Session) -> None:
    inline(line)
    with pytest.raises(JupyterMageError):
        line.past_run("nosuchrun")


def test_sessions_project_ignores_its_state_in_git(line: Session) -> None:
    inline(line)
    subprocess.run(["git", "init", "-q"], cwd=line.root, check=True)
    shown = subprocess.run(["git", "status", "--porcelain"], cwd=line.root, check=True, capture_output=True, text=True)
    assert shown.stdout == ""


# ---- two at once


def test_two_sessions_on_one_project_are_both_right(line: Session) -> None:
    other = Session(line.root, pipeline="demo")
    other.adopt(line.pipeline)
    other.define("raw", "[10]")
    ends: dict[str, Run] = {}
    threads = [
        threading.Thread(target=lambda name=name, each=each: ends.update({name: each.run(executor="inline")}))
        for name, each in (("line", line), ("other", other))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    outputs = {name: run.blocks["total"].output for name, run in ends.items()}
    assert {name: output.preview for name, output in outputs.items() if output} == {"line": "1", "other": "10"}
    assert {run.id for run in line.history.runs(None, 20)} == {run.id for run in ends.values()}
    other.close()


SCRIPT = """\
import sys
from pathlib import Path
from jupyter_mage.session import Session
session = Session(Path("."), pipeline="demo")
for n in range(20):
    session.define(f"b{n}", f"print('hello')\\n[{n}] * 1000")
for _ in range(3):
    run = session.run(executor="inline", force=True)
    assert run.status == "succeeded", run
assert [session.value(f"b{n}")[0] for n in range(20)] == list(range(20))
session.close()
print(run.id)
"""


def test_two_processes_on_one_project_are_both_right(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(SCRIPT)
    command = [sys.executable, "script.py"]
    pair = [subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    said = [each.communicate(timeout=60) for each in pair]
    assert [each.returncode for each in pair] == [0, 0], said
    session = Session(tmp_path, pipeline="demo")
    runs = session.history.runs(None, 20)
    assert len(runs) == 6 and {run.status for run in runs} == {"succeeded"} and {run.blocks for run in runs} == {20}
    assert {out.strip() for out, _ in said} <= {run.id for run in runs}
    session.close()


def test_second_run_in_one_session_is_refused_while_one_goes_on(project: Session) -> None:
    project.define("waits", "import time\nfrom pathlib import Path\nPath('started').touch()\ntime.sleep(600)")
    errors: list[str] = []

    def second() -> None:
        while not (project.root / "started").exists():
            pass
        try:
            project.run()
        except JupyterMageError as error:
            errors.append(str(error))
        finally:
            project.cancel()

    thread = threading.Thread(target=second)
    thread.start()
    run = project.run(workers=1)
    thread.join()
    assert run.status == "cancelled" and len(errors) == 1 and "a run is going on" in errors[0]


def test_cancelled_run_is_kept_as_cancelled_and_raises_when_checked(project: Session) -> None:
    project.define("first", "1")
    project.define("waits(first)", "first")
    project.stream.subscribe(lambda event: project.cancel() if event.name == "block_succeeded" else None)
    with pytest.raises(RunCancelledError):
        inline(project, check=True)
    past = project.past_run("last")
    assert (past.status, statuses(past)) == ("cancelled", {"first": "succeeded", "waits": "cancelled"})


def test_interrupt_in_a_cell_is_a_cancelled_run(notebook: Notebook) -> None:
    notebook.block("raw", "[1]")
    notebook.block("stopped", "raise KeyboardInterrupt")
    assert (notebook.ran.status, statuses(notebook.ran)) == ("cancelled", {"stopped": "cancelled"})
    notebook.block("stopped", "'now'")
    assert notebook.ran.status == "succeeded" and notebook.names["stopped"] == "now"


def test_fork_while_another_thread_begins_a_block_can_run_one(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    def life() -> bool:
        own = Session(tmp_path / "own", pipeline="demo")
        own.define("a", "print('kept')\n1")
        kept = own.run(executor="inline").blocks["a"].log
        print("shown", flush=True)
        return kept == "kept\n"

    with printing._ROUTE:
        pid = lives.child(life)
    assert (lives.end(pid, 20), capfd.readouterr().out) == (7, "shown\n")


def test_a_run_that_begins_while_the_history_is_read_for_a_picture_is_the_one_that_is_shown(tmp_path, monkeypatch):
    first = Session(tmp_path, pipeline="p")
    first.define("a", "1")
    first.run(executor="inline")
    first.close()
    session = Session(tmp_path, pipeline="p")
    session.define("a", "2")
    read = session.history.run

    def meanwhile(name):
        found = read(name)
        session.run(executor="inline", check=True)
        return found

    monkeypatch.setattr(session.history, "run", meanwhile)
    session.picture()
    assert session.board["p"].id == session.history.runs("p", 1)[0].id
    assert session.board["p"].blocks["a"].output.data == b"2"
    session.close()
