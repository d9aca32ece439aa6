"""Real and complete Mage projects: opened, shown, imported as notebooks and written back byte for byte. Nothing of them runs."""

from __future__ import annotations

import dataclasses
import difflib
import os
import shutil
from pathlib import Path

import mage_projects
import nbformat
import pytest
from nbclient import NotebookClient

from jupyter_mage import projects, view
from jupyter_mage.errors import DefinitionError, FormatError, JupyterMageError
from jupyter_mage.formats import mage, yaml
from jupyter_mage.formats.mage import entries
from jupyter_mage.formats.mage.project import Disk
from jupyter_mage.model import Trigger
from jupyter_mage.session import Session

CORPUS = Path(__file__).parent / "corpus"
META = "pipelines/everything/metadata.yaml"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return mage_projects.make(tmp_path / "project")


@pytest.fixture(params=sorted(path.name for path in CORPUS.glob("project_*")))
def real(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A real project's metadata, with a file for each block: their code is not in the corpus."""
    root = tmp_path / "project"
    shutil.copytree(CORPUS / request.param, root)
    for name in mage.format.pipelines(root):
        metadata = entries.load(Disk(root), name)
        for entry in metadata.entries:
            place = root / (metadata.path(entry) or "none")
            place.parent.mkdir(parents=True, exist_ok=True)
            text = {"sql": "SELECT 1\n", "markdown": f"# {entry.uuid}"}.get(entry.language)
            place.write_text(text or mage_projects.python(entry.kind, f"return '{entry.uuid}'"))
    return root


def test_every_field_of_a_pipeline_is_read(root: Path) -> None:
    found = mage.format.read(root)
    assert (found.name, found.variables) == ("everything", {"on": "no", "n": 1})
    assert found.extra == {
        "name": "All of it",
        "tags": ["a", "b"],
        "state_store_config": {"x": 1},
        "extensions": {"great_expectations": {"version": 1}},
    }
    said = {block.name: (block.kind, block.upstreams, block.guards, block.callbacks) for block in found}
    assert said == {
        "notes": ("markdown", (), (), ()),
        "publish": ("data_exporter", ("clean_2",), ("ask",), ()),
        "sub_deep_load_it": ("data_loader", (), (), ()),
        "clean_2": ("transformer", ("sub_deep_load_it",), (), ("tell",)),
        "each": ("transformer", ("sub_deep_load_it",), (), ()),
        "wait": ("sensor", ("clean_2",), (), ("tell",)),
        "twin": ("transformer", ("each",), (), ()),
        "product": ("global_data_product", (), (), ()),
        "inline": ("custom", (), (), ()),
        "query": ("transformer", (), (), ()),
        "pad": ("scratchpad", (), (), ()),
        "model": ("transformer", (), (), ()),
        "dbt_demo_daily": ("dbt", (), (), ()),
        "tell": ("callback", (), (), ()),
        "ask": ("conditional", (), (), ()),
        "hist": ("chart", ("clean_2",), (), ()),
        "expect": ("extension", ("clean_2",), (), ()),
    }
    load, clean = found["sub_deep_load_it"], found["clean_2"]
    assert load.dynamic and found["each"].reduce and not clean.dynamic
    assert load.configuration == {"anything": {"deep": True}, "dynamic": True, "file_path": "data_loaders/other/place.py"}
    assert load.extra["custom_key"] == [1, 2] and load.extra["groups"] == ["g1"]
    assert (clean.retry.retries, clean.limits.timeout, clean.label) == (3, 60, "clean-2")
    assert (found["twin"].replicates, found["twin"].source) == ("clean_2", clean.source)
    assert found["inline"].source == "@custom\ndef f(*args, **kwargs): return 1"


def test_what_does_not_run_here_is_shown_with_its_reason_and_the_rest_runs(root: Path) -> None:
    session = Session.open(root, "everything")
    picture = view.picture(session.pipeline, None)
    shown = {name: state["reason"] for name, state in picture["states"].items() if state.get("reason")}
    assert shown == {
        "model": "a block in r: it is kept and not run here",
        "dbt_demo_daily": "dbt block: dbt runs it; it is kept and not run here",
        "expect": "extension block: Great Expectations runs it; it is kept and not run here",
    }
    problems = projects.check(root)
    assert all(any(reason in problem for problem in problems) for reason in shown.values())
    with pytest.raises(DefinitionError, match="kept and not run here"):
        session.run(executor="inline")
    assert session.run("inline", executor="inline").status == "succeeded"
    session.close()


def test_check_names_file_and_line_of_what_does_not_run(root: Path) -> None:
    lines = mage_projects.EVERYTHING.splitlines()
    reasons = [problem for problem in mage.check(root) if "not run here" in problem.message]
    assert [problem.file for problem in reasons] == [META] * 3
    assert [problem.message.split(":")[0] in lines[problem.line - 1] for problem in reasons if problem.line] == [True] * 3


def test_unchanged_project_is_written_byte_for_byte(root: Path) -> None:
    before = mage_projects.contents(root)
    assert mage.format.write(mage.format.read(root), root) == []
    assert mage_projects.contents(root) == before


def test_imported_notebook_says_the_same_and_writes_the_same_bytes(root: Path, tmp_path: Path) -> None:
    before, target = mage_projects.contents(root), tmp_path / "back.ipynb"
    found = projects.import_notebook(root, "everything", target)
    back = projects.read(target)
    assert {block.name: block for block in back} == {block.name: block for block in found}
    assert mage.format.write(back, root, target) == []
    assert mage_projects.contents(root) == before
    mage.format.write(back, tmp_path / "fresh", target)
    fresh = mage_projects.contents(tmp_path / "fresh")
    assert {path: text for path, text in fresh.items() if path in before} == {
        path: before[path] for path in before if path in fresh
    }
    assert set(before) - set(fresh) == {"global_data_products.yaml"}  # of the project, not of its pipeline


def test_real_projects_come_back_byte_for_byte_directly_and_by_notebook(real: Path, tmp_path: Path) -> None:
    before = mage_projects.contents(real)
    for name in mage.format.pipelines(real):
        target = tmp_path / f"{name}.ipynb"
        found = projects.import_notebook(real, name, target)
        back = projects.read(target)
        assert {block.name: block for block in back} == {block.name: block for block in found}
        assert mage.format.write(found, real) == [] == mage.format.write(back, real, target)
        fresh = tmp_path / f"fresh-{name}"
        mage.format.write(back, fresh, target)
        metadata = f"pipelines/{name}/metadata.yaml"
        assert mage_projects.contents(fresh)[metadata] == before[metadata]
    assert mage_projects.contents(real) == before


def changed_lines(before: bytes, after: bytes) -> list[str]:
    compared = difflib.ndiff(before.decode().splitlines(), after.decode().splitlines())
    return [line for line in compared if line[0] in "+-"]


def test_one_edited_cell_changes_one_file_and_one_edited_edge_its_two_entries(root: Path, tmp_path: Path) -> None:
    target = tmp_path / "back.ipynb"
    projects.import_notebook(root, "everything", target)
    before, found = mage_projects.contents(root), projects.read(target)
    edited = dataclasses.replace(found["each"], source=found["each"].source.replace("return 2", "return 3"))
    assert mage.format.write(found.with_block(edited), root, target) == [root / "transformers/each.py"]
    moved = dataclasses.replace(found["wait"], upstreams=("each",))
    mage.format.write(found.with_block(edited).with_block(moved), root, target)
    after = mage_projects.contents(root)
    assert {path for path in before if before[path] != after[path]} == {"transformers/each.py", META}
    assert [line for line in changed_lines(before[META], after[META]) if line[0] == "+"] == [
        line
        for line in changed_lines(before[META], after[META])
        if line[0] == "+" and ("clean-2" in line or "each" in line or "upstream_blocks" in line)
    ]
    assert len(changed_lines(before[META], after[META])) == 6


@pytest.mark.parametrize("form", ["\r\n", "\ufeff", "open end"])
def test_line_ends_and_marks_of_files_stay(root: Path, form: str) -> None:
    for path in ("transformers/each.py", META):
        text = (root / path).read_text()
        shaped = {"\r\n": text.replace("\n", "\r\n"), "\ufeff": "\ufeff" + text, "open end": text.rstrip("\n")}[form]
        (root / path).write_bytes(shaped.encode())
    before, found = mage_projects.contents(root), mage.format.read(root)
    assert mage.format.write(found, root) == [] and mage_projects.contents(root) == before
    each = dataclasses.replace(found["each"], source=found["each"].source.replace("return 2", "return 3"))
    mage.format.write(dataclasses.replace(found.with_block(each), description="New"), root)
    after = mage_projects.contents(root)
    assert after["transformers/each.py"] == before["transformers/each.py"].replace(b"return 2", b"return 3")
    assert b"description: New" in after[META] and (b"\r\n" in after[META]) == (form == "\r\n")
    assert after[META].startswith(b"\xef\xbb\xbf") == (form == "\ufeff")


def test_blocks_of_a_notebook_stand_below_what_they_need_and_text_above_its_block(root: Path, tmp_path: Path) -> None:
    projects.import_notebook(root, "everything", tmp_path / "back.ipynb")
    assert list(projects.read(tmp_path / "back.ipynb").names)[:7] == [
        *("sub_deep_load_it", "clean_2", "ask", "notes", "publish", "each", "wait"),
    ]


def test_upstream_that_is_no_block_is_kept_and_said_and_stops_the_run_only(tmp_path: Path) -> None:
    text = "blocks:\n- {uuid: a, type: custom, upstream_blocks: [go/ne], downstream_blocks: [far]}\n"
    files = {"pipelines/p/metadata.yaml": text, "custom/a.py": mage_projects.python("custom")}
    root = mage_projects.make(tmp_path, files)
    found = mage.format.read(root)
    assert found["a"].upstreams == ("go_ne",)
    assert [(each.line, each.fatal) for each in mage.check(root)] == [(2, False), (2, False)]
    assert mage.format.write(found, root) == []
    session = Session.open(root, "p")
    with pytest.raises(DefinitionError, match="a waits for go_ne: no such block"):
        session.run(executor="inline")
    session.close()


def test_triggers_are_values_and_unchanged_ones_stay_as_they_are_written(root: Path) -> None:
    morning, call = found = projects.triggers(root, "everything")
    assert morning == Trigger(
        name="every morning",
        interval="0 6 * * *",
        start="2026-01-01 00:00:00",
        active=True,
        variables={"region": "us"},
        sla=3600,
        settings={"skip_if_previous_running": True},
        environments=("dev", "prod"),
        extra={"last_enabled_at": "2026-01-01 00:00:00"},
    )
    assert call == Trigger(name="by call", type="api")
    assert mage.format.write_triggers(found, root, "everything") is False
    new = Trigger(name="late", interval="@daily", start="2026-02-01 00:00:00", settings={"timeout": 60})
    off = dataclasses.replace(morning, active=False)
    assert mage.format.write_triggers([off, call, new], root, "everything") is True
    assert projects.triggers(root, "everything") == (off, call, new)
    text = (root / "pipelines/everything/triggers.yaml").read_text()
    assert text.startswith(mage_projects.TRIGGERS.replace("status: active", "status: inactive"))
    assert "start_time: 2026-02-01 00:00:00\n" in text
    assert mage.format.write_triggers([], root, "everything") and projects.triggers(root, "everything") == ()


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("triggers: 3", 1, "not a mapping with a list of triggers"),
        ("- a", 1, "not a mapping with a list of triggers"),
        ("triggers:\n- a", 2, "a trigger is a mapping with a name"),
        ("triggers:\n- name: a\n  schedule_type: sun", 2, "schedule_type is 'sun', not time, api, event"),
        ("triggers:\n- {name: a, status: maybe}", 2, "not active or inactive"),
        ("triggers:\n- {name: a, variables: 3}", 2, "variables is not a mapping"),
        ("triggers:\n- {name: a, sla: soon}", 2, "not a number of seconds"),
        ("triggers:\n- {name: a}\n- {name: a}", 3, "a second trigger with the name 'a'"),
        ("triggers: [", 2, "not YAML"),
    ],
)
def test_wrong_triggers_are_refused_with_their_line(root: Path, text: str, line: int, words: str) -> None:
    (root / "pipelines/everything/triggers.yaml").write_text(text + "\n")
    with pytest.raises(FormatError, match=words) as caught:
        projects.triggers(root, "everything")
    assert caught.value.where is not None and caught.value.where.line == line
    assert any(words in problem.message for problem in mage.check(root))


def test_list_shows_what_pipelines_are_made_of_and_those_that_do_not_read(root: Path) -> None:
    (root / "pipelines/broken").mkdir()
    (root / "pipelines/broken/metadata.yaml").write_text("blocks: [\n")
    broken, everything = projects.listed(root)
    assert broken.name == "broken" and "metadata.yaml, line 2" in broken.problem
    assert (everything.name, everything.type, sum(everything.blocks.values())) == ("everything", "python", 17)
    assert [trigger.name for trigger in everything.triggers] == ["every morning", "by call"]


def test_streaming_and_integration_pipelines_are_opened_and_each_block_says_why_it_does_not_run(tmp_path: Path) -> None:
    for type_, words in (("streaming", "runs without end"), ("integration", "Singer")):
        text = f"type: {type_}\nblocks:\n- {{uuid: a, type: data_loader, language: yaml}}\n"
        root = mage_projects.make(tmp_path / type_, {"pipelines/p/metadata.yaml": text, "data_loaders/a.yaml": "source: x\n"})
        assert words in mage.format.read(root)["a"].problem
        projects.import_notebook(root, "p", tmp_path / f"{type_}.ipynb")
        back = projects.read(tmp_path / f"{type_}.ipynb")
        assert (back["a"].source, back["a"].language, back["a"].kind) == ("source: x", "yaml", "data_loader")
        assert mage.format.write(back, root, tmp_path / f"{type_}.ipynb") == []


def test_other_files_of_a_project_are_checked_as_yaml_where_they_are_no_templates(root: Path) -> None:
    (root / "io_config.yaml").write_text("default:\n  A: [\n")
    (root / "global_data_products.yaml").write_text("{{ made }}\n")
    (root / "interactions").mkdir()
    (root / "interactions/form.yaml").write_text("- a\n")
    problems = [str(problem) for problem in mage.check(root) if problem.file.endswith(".yaml") and problem.file != META]
    assert [problem.split(": ")[0] for problem in problems] == ["io_config.yaml:3", "interactions/form.yaml:1"]


def test_replica_whose_code_is_changed_gets_a_file_of_its_own(root: Path) -> None:
    found = mage.format.read(root)
    twin = dataclasses.replace(found["twin"], source=mage_projects.python("transformer", "return 9").rstrip("\n"))
    written = mage.format.write(found.with_block(twin), root)
    assert sorted(path.name for path in written) == ["metadata.yaml", "twin.py"]
    entry = next(each for each in yaml.load((root / META).read_text()).data["blocks"] if each["uuid"] == "twin")
    assert "replicated_block" not in entry


def test_kernel_on_an_imported_notebook_exports_into_its_project_and_changes_nothing(root: Path, tmp_path: Path) -> None:
    target = tmp_path / "back.ipynb"
    projects.import_notebook(root, "everything", target)
    before, notebook = mage_projects.contents(root), nbformat.read(target, as_version=4)
    notebook.cells.append(nbformat.v4.new_code_cell("%pipeline export project"))
    environment = {**os.environ, "JPY_SESSION_NAME": str(target)}
    client = NotebookClient(notebook, timeout=120, allow_errors=True, resources={"metadata": {"path": str(tmp_path)}})
    client.execute(env=environment)
    failed = {
        cell.id: output.ename for cell in notebook.cells for output in cell.get("outputs", []) if output.output_type == "error"
    }
    assert sorted(failed) == ["hist", "product", "query"]  # there is nothing to draw, no such pipeline, no database
    said = "".join(output.get("text", "") for output in notebook.cells[-1].outputs)
    assert said.startswith("0 files in project\nrun it: jupyter mage run project everything")
    assert mage_projects.contents(root) == before


@pytest.mark.parametrize("path", ["/home/src/other/transformers/a.py", "../canary.py"])
def test_a_file_of_another_machine_is_not_read_nor_written_and_the_rest_of_the_pipeline_runs(path: str, tmp_path: Path) -> None:
    (tmp_path / "canary.py").write_text("raise SystemExit\n")
    text = (
        "blocks:\n- {uuid: a, type: transformer, upstream_blocks: [b], downstream_blocks: [], configuration: "
        f"{{file_path: '{path}'}}}}\n- {{uuid: b, type: data_loader, upstream_blocks: [], downstream_blocks: [a]}}\n"
    )
    files = {"pipelines/p/metadata.yaml": text, "data_loaders/b.py": mage_projects.python("data_loader")}
    root = mage_projects.make(tmp_path / "project", files)
    found = mage.format.read(root)
    said = f"its file {path} is outside the project, and is not read"
    assert (found["a"].problem, found["a"].source) == (said, "")
    assert projects.check(root)[0] == f"pipelines/p/metadata.yaml:2: a: {said}; it is kept and not run here"
    projects.import_notebook(root, "p", tmp_path / "back.ipynb")
    back = projects.read(tmp_path / "back.ipynb")
    assert mage.format.write(back, root, tmp_path / "back.ipynb") == []
    mage.format.write(back, tmp_path / "fresh", tmp_path / "back.ipynb")
    assert mage_projects.contents(tmp_path / "fresh")["pipelines/p/metadata.yaml"] == text.encode()
    assert (tmp_path / "canary.py").read_text() == "raise SystemExit\n"
    with pytest.raises(JupyterMageError, match="outside the project"):
        mage.format.write(back.with_block(dataclasses.replace(back["a"], source="x = 1")), root)
    session = Session.open(root, "p")
    assert {name: each.status for name, each in session.run("b", executor="inline").blocks.items()} == {"b": "succeeded"}
    session.close()
