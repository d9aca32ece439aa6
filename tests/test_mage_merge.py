"""A notebook and its project both changed since they last agreed: both sides' changes are in, or nothing is and both are shown."""

from __future__ import annotations

import dataclasses
import os
import shutil
from pathlib import Path

import mage_projects
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jupyter_mage import projects
from jupyter_mage.errors import FormatError
from jupyter_mage.formats import mage, yaml
from jupyter_mage.formats.mage import merging
from jupyter_mage.model import Pipeline
from jupyter_mage.session import Session

META = "pipelines/everything/metadata.yaml"
CODE = "transformers/each.py"


class Sides:
    """A notebook imported from a project, and the project."""

    def __init__(self, folder: Path) -> None:
        self.root = mage_projects.make(folder / "project")
        self.notebook = folder / "back.ipynb"
        projects.import_notebook(self.root, "everything", self.notebook)
        self.pipeline = projects.read(self.notebook)

    def here(self, name: str, old: str = "", new: str = "", **changes: object) -> None:
        """Change a cell."""
        block = self.pipeline[name]
        assert old in block.source
        self.pipeline = self.pipeline.with_block(
            dataclasses.replace(block, source=block.source.replace(old, new) if old else block.source, **changes)
        )

    def there(self, path: str, old: str, new: str) -> None:
        """Change a file of the project."""
        text = (self.root / path).read_text()
        assert text.count(old) == 1
        (self.root / path).write_text(text.replace(old, new))

    def text(self, path: str) -> str:
        return (self.root / path).read_text()

    def export(self) -> list[str]:
        """Export; gives the notes."""
        notes = mage.format.warnings(self.pipeline, self.root, self.notebook)
        mage.format.write(self.pipeline, self.root, self.notebook)
        return [note for note in notes if note.startswith(("pipelines/", "transformers/"))]

    def refused(self) -> str:
        before = mage_projects.contents(self.root)
        with pytest.raises(FormatError) as caught:
            mage.format.write(self.pipeline, self.root, self.notebook)
        assert mage_projects.contents(self.root) == before
        assert "nothing was written" in caught.value.message and "export again" in (caught.value.hint or "")
        return caught.value.message


@pytest.fixture
def sides(tmp_path: Path) -> Sides:
    return Sides(tmp_path)


def test_change_here_is_written(sides: Sides) -> None:
    sides.here("each", "return 2", "return 3")
    assert sides.export() == [] and "return 3" in sides.text(CODE)


def test_change_of_the_project_is_kept_and_said_and_is_not_taken_back_by_the_next_export(sides: Sides) -> None:
    sides.there(CODE, "return 2", "return 4")
    note = f"{CODE}: its changes in the project are kept; `jupyter mage import` brings them here"
    assert sides.export() == [note] and sides.export() == [note]
    assert "return 4" in sides.text(CODE)


def test_changes_of_both_to_other_lines_are_merged(sides: Sides) -> None:
    sides.here("each", "def f", "def here")
    sides.there(CODE, "if 'transformer'", "# there\nif 'transformer'")
    assert sides.export() == [f"{CODE}: changed here and in the project; both changes are in it now"]
    text = mage_projects.FILES[CODE].replace("def f", "def here").replace("if 'transformer'", "# there\nif 'transformer'")
    assert sides.text(CODE) == text
    sides.here("each", "return 2", "return 5")
    sides.export()
    assert sides.text(CODE) == text.replace("return 2", "return 5")


def test_changes_of_both_to_one_line_stop_with_both_sides(sides: Sides) -> None:
    sides.here("each", "return 2", "return 3")
    sides.here("clean_2", "return 1", "return 7")
    sides.there(CODE, "return 2", "return 4")
    said = sides.refused()
    assert f"{CODE}:7: both changed line 7\n      here:        return 3  # é\n      project:     return 4  # é" in said
    assert "clean-2.py" not in said
    sides.here("each", "return 3", "return 4")
    sides.export()
    assert "return 7" in sides.text("transformers/clean-2.py")


def test_merge_that_would_not_parse_is_a_conflict() -> None:
    conflicts: list[merging.Conflict] = []
    base = "x = (\n1,\n2,\n3,\n)\n"
    ours, theirs = base.replace("(", "[").replace(")", "]"), base.replace("2,", ")\ny = (")
    merging.merge_text("a.py", base, ours, theirs, conflicts)
    assert [each.what for each in conflicts] == ["both changed it, and what comes out does not parse"]


def test_keys_of_one_entry_are_merged_each_by_itself(sides: Sides) -> None:
    sides.here("wait", upstreams=("each",))
    sides.there(META, "  - uuid: wait\n", "  - uuid: wait\n    color: blue   # mine\n")
    sides.there(META, 'tags: [a, "b"]', 'tags: [a, "b", c]')
    assert sides.export() == [f"{META}: its changes in the project are kept"]
    found = mage.format.read(sides.root)
    assert (found["wait"].upstreams, found["wait"].extra["color"], found.extra["tags"]) == (("each",), "blue", ["a", "b", "c"])
    assert "    color: blue   # mine\n" in sides.text(META)


def test_one_key_that_both_changed_stops_with_both_values_and_its_line(sides: Sides) -> None:
    sides.pipeline = dataclasses.replace(sides.pipeline, variables={"on": "no", "n": 2})
    sides.there(META, "  n: 1", "  n: 3")
    line = mage_projects.EVERYTHING.splitlines().index("  n: 1") + 1
    assert f"{META}:{line}: both changed variables.n\n      here:    2\n      project: 3" in sides.refused()


def test_block_added_in_the_project_stays_where_it_was_put(sides: Sides) -> None:
    sides.there(
        META, "  - {uuid: pad,", "  - {uuid: more, type: custom, upstream_blocks: [], downstream_blocks: []}\n  - {uuid: pad,"
    )
    (sides.root / "custom").mkdir()
    (sides.root / "custom/more.py").write_text(mage_projects.python("custom"))
    sides.here("each", "return 2", "return 3")
    sides.export()
    names = mage.format.read(sides.root).names
    assert names.index("more") == names.index("pad") - 1 and "return 3" in sides.text(CODE)


def test_block_taken_away_on_one_side_goes_and_changed_on_the_other_it_is_a_conflict(sides: Sides) -> None:
    line = next(each for each in mage_projects.EVERYTHING.splitlines(keepends=True) if "uuid: pad" in each)
    sides.there(META, line, "")
    sides.export()
    assert "pad" not in mage.format.read(sides.root) and (sides.root / "scratchpads/pad.py").exists()
    sides.pipeline = sides.pipeline.without(["query"])
    sides.there("transformers/query.sql", "SELECT *", "SELECT 1, *")
    assert "query is deleted here and changed in the project" in sides.refused()
    sides.there("transformers/query.sql", "SELECT 1, *", "SELECT *")
    sides.export()
    assert "query" not in mage.format.read(sides.root) and (sides.root / "transformers/query.sql").exists()


def test_block_taken_away_in_the_project_and_changed_here_is_a_conflict(sides: Sides) -> None:
    line = next(each for each in mage_projects.EVERYTHING.splitlines(keepends=True) if "uuid: pad" in each)
    sides.there(META, line, "")
    sides.here("pad", "x = 1", "x = 2")
    assert "pad is changed here and deleted in the project" in sides.refused()


def test_changes_that_make_a_cycle_together_are_refused(sides: Sides) -> None:
    sides.here("each", upstreams=("wait",))
    sides.there(
        META,
        "    upstream_blocks: [clean-2]\n    downstream_blocks: []\n  - {uuid: twin",
        "    upstream_blocks: [each]\n    downstream_blocks: []\n  - {uuid: twin",
    )
    with pytest.raises(FormatError, match="does not go together: cycle"):
        sides.export()


def test_each_notebook_is_compared_with_what_it_agreed_on_itself(sides: Sides, tmp_path: Path) -> None:
    sides.there(CODE, "return 2", "return 4")
    other = tmp_path / "other.ipynb"
    projects.import_notebook(sides.root, "everything", other)
    mage.format.write(projects.read(other), sides.root, other)
    assert sides.export() != [] and "return 4" in sides.text(CODE)


def test_without_the_record_the_notebook_itself_tells_what_nobody_changed(sides: Sides) -> None:
    shutil.rmtree(sides.root / ".jupyter_mage")
    sides.here("each", "return 2", "return 3")
    sides.there("transformers/query.sql", "SELECT *", "SELECT 1, *")
    with pytest.raises(FormatError, match=r"query.sql:1: both changed line 1"):
        sides.export()
    sides.there("transformers/query.sql", "SELECT 1, *", "SELECT *")
    sides.export()
    assert "return 3" in sides.text(CODE)


def test_project_that_nothing_is_known_of_is_never_written_over(sides: Sides) -> None:
    pipeline = dataclasses.replace(sides.pipeline, extra={})
    changed = dataclasses.replace(pipeline["each"], source=pipeline["each"].source.replace("return 2", "return 3"))
    before = mage_projects.contents(sides.root)
    with pytest.raises(FormatError, match=f"the file {CODE} was not written by an export"):
        mage.format.write(pipeline.with_block(changed), sides.root)
    assert mage_projects.contents(sides.root) == before


@pytest.mark.skipif(os.getuid() == 0, reason="root may write everywhere")
def test_project_that_cannot_be_written_to_is_imported(tmp_path: Path) -> None:
    root = mage_projects.make(tmp_path / "project")
    root.chmod(0o500)
    projects.import_notebook(root, "everything", tmp_path / "back.ipynb")
    root.chmod(0o700)


def test_exports_of_ours_are_merged_too(tmp_path: Path) -> None:
    session = Session(tmp_path, pipeline="work")
    session.define("raw", "[1, 2]")
    session.define("late(raw)", "x = 1\ny = 2\nz = 3\nlate = raw")
    session.export(tmp_path / "project")
    place = tmp_path / "project/transformers/late.py"
    place.write_text(place.read_text().replace("z = 3", "z = 4"))
    session.define("late(raw)", "x = 0\ny = 2\nz = 3\nlate = raw")
    _, notes = session.export(tmp_path / "project")
    assert notes[0] == "transformers/late.py: changed here and in the project; both changes are in it now"
    session.close()
    back = Session.open(tmp_path / "project", "work")
    assert back.pipeline["late"].source == "x = 0\ny = 2\nz = 4\nlate = raw"
    assert back.run(executor="inline").status == "succeeded" and back.value("late") == [1, 2]
    back.close()


LINES = st.lists(st.sampled_from(["a", "b", "c", "d", ""]), max_size=8).map(lambda lines: "\n".join(lines) + "\n")


@settings(max_examples=400, deadline=None)
@given(LINES, LINES, LINES)
def test_merging_loses_no_line_of_either_side(base: str, ours: str, theirs: str) -> None:
    conflicts: list[merging.Conflict] = []
    text = merging.merge_text("a.txt", base, ours, theirs, conflicts)
    if ours in (base, theirs):
        assert (text, conflicts) == (theirs, [])
    if theirs == base:
        assert (text, conflicts) == (ours, [])
    other: list[merging.Conflict] = []
    again = merging.merge_text("a.txt", base, theirs, ours, other)
    assert len(other) == len(conflicts) and (conflicts or again == text)
    if not conflicts:
        for side in (ours, theirs):
            for line in set(side.splitlines()):
                added = side.splitlines().count(line) - base.splitlines().count(line)
                assert added <= 0 or line in text.splitlines()


def test_pipeline_from_cells_alone_keeps_what_a_project_says(sides: Sides) -> None:
    """The kernel knows cells only; what the notebook's file says of them goes along."""
    bare = tuple(
        dataclasses.replace(block, extra={}, label="", callbacks=(), dynamic=False, reduce=False, replicates="")
        for block in sides.pipeline
        if not block.problem and block.kind not in ("markdown", "scratchpad", "chart")
    )
    session = Pipeline(name="everything", blocks=bare)
    sides.pipeline = projects.laid_out(session, projects.read(sides.notebook))
    before = mage_projects.contents(sides.root)
    assert sides.export() == [] and mage_projects.contents(sides.root) == before
    assert yaml.load(sides.text(META)).data["variables"] == {"on": "no", "n": 1}
