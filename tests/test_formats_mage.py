"""Mage projects: written whole, read back equal, anything wrong said with file and line. Nothing of them runs."""

from __future__ import annotations

import dataclasses
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
import yaml as pyyaml
from hypothesis import given, settings
from hypothesis import strategies as st

from jupyter_mage.code import cells
from jupyter_mage.code.capture import Ledger
from jupyter_mage.errors import (
    CycleError,
    DefinitionError,
    FormatError,
    JupyterMageError,
    ProjectError,
    UnknownNameError,
    UnsafePathError,
)
from jupyter_mage.formats import mage, yaml
from jupyter_mage.formats.mage.basis import fingerprint
from jupyter_mage.graph import resolve
from jupyter_mage.model import MISSING, Block, Definition, Leak, Parameter, Pipeline, Test

CORPUS = Path(__file__).parent / "corpus"
PLAIN = '''import json
import numpy as np, pandas as pd
from math import pi as PI

# minutes
LEAST = 15
NAMES = {"a": [1, 2], 'b': """x
  y"""}


@staticmethod
def scale(frame, by=LEAST):
    """Scale.

    By something."""
    # inside
    return frame * by + helper(PI)

def helper(x): return x
class Box:
    size: int = 3
'''


def build(
    *defined: tuple[str, str], tests: tuple[tuple[str, str, str], ...] = (), plain: str = PLAIN, name: str = "daily"
) -> Pipeline:
    """A pipeline of headers and bodies, as a notebook with the plain cell would define it."""
    ledger = Ledger()
    ledger.note(plain, 1)
    headers = [cells.read_header(header) for header, _ in defined]
    known = [header.name for header in headers]
    blocks = [cells.define(header, body, ledger, known=known) for header, (_, body) in zip(headers, defined, strict=True)]
    for target, test, body in tests:
        made, _ = cells.define_test(target, test, body, ledger, known=known)
        blocks = [dataclasses.replace(block, tests=(*block.tests, made)) if block.name == target else block for block in blocks]
    return resolve(Pipeline(name=name, blocks=tuple(blocks)))


def text_block(name: str, source: str) -> Block:
    return Block(name=name, source=source, language="markdown", kind="markdown", kind_given=True, declared=True)


FULL = build(
    ("raw", "pd.DataFrame({'k': [1, 2]})"),
    (
        'late(raw, *, least: int = 15, words: str = "it\'s", day: str)',
        '"""Late ones."""\nlate = scale(raw[raw.k >= least])  # why',
    ),
    ("counts(late) --sql", "-- {{ all }}\nSELECT k, count(*) AS n FROM late GROUP BY k;\n"),
    ("more --sql", "SELECT * FROM counts\n  WHERE n > 1"),
    ("sizes(raw, counts) --kind custom --tag daily --tag weekly", "Box, NAMES, json\nreturn raw.merge(counts)\n\n"),
    ("save(sizes) --kind data_exporter --after more", "sizes.to_csv('x.csv')\n# done"),
    ("note", "# nothing yet"),
    ("one", "SQL = 1"),
    ("lone --sql", "SELECT 1 AS a"),
    (
        'two(lone, *, least: int = 5, word: str = "it\'s", yes: bool = True, x: float) --sql',
        "SELECT * FROM lone JOIN LONE b USING (a) WHERE a >= $least AND word = $word AND yes = $yes OR x < $x",
    ),
    tests=(
        ("late", "test_1", "assert late is not None, '''\n  no'''"),
        ("late", "rows", "np.testing.assert_equal(len(late), helper(2))\n\n"),
        ("counts", "test_1", "# x\nassert PI"),
        ("two", "whole", "import math\nassert np.isclose(two.a.sum(), PI)"),
        ("raw", "test_1", "pass"),
        ("raw", "test_2", "# nothing"),
    ),
)


def test_pipeline_comes_back_equal(tmp_path: Path) -> None:
    mage.format.write(FULL, tmp_path / "project")
    assert mage.format.read(tmp_path / "project") == FULL
    assert mage.check(tmp_path / "project") == []


@pytest.mark.parametrize(
    "change",
    [
        {"description": "Runs daily\nat noon", "variables": {"least": 3, "on": "no", "many": [1, None, {"a": 1.5}]}},
        {
            "extra": {
                "tags": ["a"],
                "name": "Daily Run",
                "spark_config": {"app_name": "a"},
                "own": {"x": "12:30"},
            }
        },
        {"blocks": (text_block("title", "# Title\n\n```\n{{ x }}\n```\n"), *FULL.blocks)},
        {"blocks": (dataclasses.replace(FULL["raw"], header="", label="Raw!", doc="Said elsewhere.", extra={"color": "teal"}),)},
        {
            "blocks": (
                Block(
                    name="raw",
                    source="x",
                    parameters=(Parameter(name="x", default=MISSING),),
                    declared=True,
                    tests=(Test(name="it", source="raw"),),
                ),
            )
        },
        {
            "blocks": (
                Block(
                    name="raw",
                    source="A + B",
                    captured=(
                        Definition(name="B", source="B = 2", sort="constant"),
                        Definition(name="A", source="A = 1; B = 2", sort="constant"),
                    ),
                ),
            )
        },
        {"blocks": (Block(name="raw", source="@x\r".replace("\r", "\ndef f(): ...\nf"), carrier="comment"),)},
    ],
    ids=["words", "extra", "text", "hand-made", "required", "odd captured", "comment"],
)
def test_everything_about_a_pipeline_comes_back_equal(change: dict[str, object], tmp_path: Path) -> None:
    pipeline = dataclasses.replace(FULL, **change)
    mage.format.write(pipeline, tmp_path)
    found = mage.format.read(tmp_path, "daily")
    for mine, theirs in zip(pipeline, found, strict=True):
        assert dataclasses.replace(theirs, reads=mine.reads) == mine
    assert dataclasses.replace(found, blocks=()) == dataclasses.replace(pipeline, blocks=())


def test_second_export_changes_nothing(tmp_path: Path) -> None:
    first = mage.format.write(FULL, tmp_path)
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in first}
    assert mage.format.write(FULL, tmp_path) == []
    assert {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in first} == before


def test_exported_files_are_these(tmp_path: Path) -> None:
    pipeline = build(
        ("raw", "pd.DataFrame({'k': [LEAST]})"),
        ("late(raw, *, least: int = 15)", "late = raw[raw.k >= least]"),
        tests=(("late", "test_1", "assert len(late)"),),
    )
    written = {str(path.relative_to(tmp_path)): path.read_text() for path in mage.format.write(pipeline, tmp_path)}
    assert sorted(written) == [
        *(".gitignore", "__init__.py", "data_loaders/__init__.py", "data_loaders/raw.py", "io_config.yaml", "metadata.yaml"),
        *("pipelines/daily/metadata.yaml", "requirements.txt", "transformers/__init__.py", "transformers/late.py"),
    ]
    assert written["metadata.yaml"] == "project_type: standalone\nhelp_improve_mage: false\n"
    assert written["data_loaders/raw.py"] == (
        "import pandas as pd\n\n"
        "if 'data_loader' not in globals():\n    from mage_ai.data_preparation.decorators import data_loader\n\n\n"
        "# minutes\nLEAST = 15\n\n\n"
        "@data_loader\ndef raw(*args, **kwargs):\n    return pd.DataFrame({'k': [LEAST]})\n"
    )
    names = {name: fingerprint(written[f"{name}.py"]) for name in ("data_loaders/raw", "transformers/late")}
    assert written["pipelines/daily/metadata.yaml"] == (
        "blocks:\n"
        "- configuration:\n    jupyter_mage:\n      header: raw\n      output: expression\n"
        f"      written: {names['data_loaders/raw']}\n"
        "  downstream_blocks:\n  - late\n  language: python\n  type: data_loader\n  upstream_blocks: []\n  uuid: raw\n"
        "- configuration:\n    jupyter_mage:\n      header: 'late(raw, *, least: int = 15)'\n      output: name\n"
        f"      written: {names['transformers/late']}\n"
        "  downstream_blocks: []\n  language: python\n  type: transformer\n  upstream_blocks:\n  - raw\n  uuid: late\n"
        "name: daily\ntype: python\nuuid: daily\n"
    )


def test_sql_over_sql_is_a_mage_sql_file_and_sql_over_frames_is_python(tmp_path: Path) -> None:
    mage.format.write(FULL, tmp_path)
    assert (tmp_path / "transformers/two.sql").read_text() == (
        "SELECT * FROM {{ df_1 }} AS lone JOIN {{ df_1 }} b USING (a) WHERE a >= {{ least | default(5) }} "
        """AND word = '{{ word | default("it's") | replace("'", "''") }}' AND yes = {{ yes | default(true) }} OR x < {{ x }}\n"""
    )
    assert (
        'QUERY = r"""\n-- {{ all }}\nSELECT k, count(*) AS n FROM late GROUP BY k;\n\n"""'
        in (tmp_path / "transformers/counts.py").read_text()
    )
    assert (tmp_path / "requirements.txt").read_text() == "duckdb\n"
    assert "DUCKDB_DATABASE" in (tmp_path / "io_config.yaml").read_text()


def exported(tmp_path: Path) -> Path:
    mage.format.write(FULL, tmp_path)
    return tmp_path


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_body_edited_in_mage_comes_back_as_the_cell(tmp_path: Path) -> None:
    root = exported(tmp_path)
    edit(root / "transformers/late.py", "raw.k >= least", "raw.k > least")
    edit(root / "transformers/late.py", "kwargs.get('least', 15)", "kwargs.get('least', 30)")
    late = mage.format.read(root)["late"]
    assert late.source == '"""Late ones."""\nlate = scale(raw[raw.k > least])  # why'
    assert [each.default for each in late.parameters] == [30, "it's", MISSING]
    assert late.header == ""


def test_file_edited_out_of_shape_is_kept_as_the_mage_file_it_is(tmp_path: Path) -> None:
    root = exported(tmp_path)
    path = root / "transformers/late.py"
    path.write_text(path.read_text() + "\n\nprint('more')\n")
    late = mage.format.read(root)["late"]
    assert (late.carrier, late.source, late.upstreams) == ("mage", path.read_text()[:-1], ("raw",))


def test_edges_and_types_changed_in_mage_win_over_the_header(tmp_path: Path) -> None:
    root = exported(tmp_path)
    path = root / "pipelines/daily/metadata.yaml"
    data = yaml.load(path.read_text()).data
    save = next(each for each in data["blocks"] if each["uuid"] == "save")
    save["upstream_blocks"] = ["more", "late"]
    save["type"] = "custom"
    shutil.copy(root / "data_exporters/save.py", root / "custom/save.py")
    path.write_text(yaml.dump(data).replace("@data_exporter", "@custom"))
    edit(root / "custom/save.py", "@data_exporter", "@custom")
    found = mage.format.read(root)["save"]
    assert (found.upstreams, found.after, found.kind, found.header) == (("late", "sizes"), ("more",), "custom", "")


def test_keys_that_mage_wrote_stay_when_exported_again(tmp_path: Path) -> None:
    root = exported(tmp_path)
    path = root / "pipelines/daily/metadata.yaml"
    data = yaml.load(path.read_text()).data
    data |= {"created_at": "2024-01-01 00:00:00", "state_store_config": {"a": 1}, "tags": ["x"]}
    data["blocks"][0] |= {"timeout": 600, "status": "executed", "color": "teal"}
    data["blocks"][0]["configuration"]["limit"] = 10
    path.write_text(yaml.dump(data))
    mage.format.write(FULL, root)
    again = yaml.load(path.read_text()).data
    assert again == data
    found = mage.format.read(root)
    assert found.extra == {"state_store_config": {"a": 1}, "tags": ["x"]}
    assert found["raw"].extra == {"color": "teal", "configuration": {"limit": 10}}
    assert found["raw"].limits.timeout == 600


def test_files_of_the_user_are_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "metadata.yaml").write_text("project_type: main\n")
    (tmp_path / "io_config.yaml").write_text("default: {}\n")
    (tmp_path / "data_loaders").mkdir()
    (tmp_path / "data_loaders/raw.py").write_text("mine = 1\n")
    before = {path: path.read_text() for path in tmp_path.rglob("*") if path.is_file()}
    with pytest.raises(FormatError, match=r"data_loaders/raw.py is there already, and pipeline daily does not list it"):
        mage.format.write(FULL, tmp_path)
    assert {path: path.read_text() for path in tmp_path.rglob("*") if path.is_file()} == before
    (tmp_path / "data_loaders/raw.py").unlink()
    mage.format.write(FULL, tmp_path)
    assert (tmp_path / "metadata.yaml").read_text() == "project_type: main\n"


def test_file_of_another_pipeline_is_never_replaced(tmp_path: Path) -> None:
    mage.format.write(build(("raw", "1"), name="first"), tmp_path)
    with pytest.raises(FormatError, match=r"data_loaders/raw.py is used by pipeline first too"):
        mage.format.write(build(("raw", "2"), name="second"), tmp_path)
    mage.format.write(build(("raw", "1"), name="second"), tmp_path)
    assert mage.format.pipelines(tmp_path) == ["first", "second"]


def test_files_of_blocks_that_went_are_removed_when_we_wrote_them_and_nobody_else_lists_them(tmp_path: Path) -> None:
    both = build(("raw", "1"), ("shared", "2"))
    mage.format.write(both, tmp_path)
    mage.format.write(build(("shared", "2"), name="other"), tmp_path)
    mage.format.write(build(("new", "3")), tmp_path)
    assert sorted(path.name for path in (tmp_path / "data_loaders").iterdir()) == ["__init__.py", "new.py", "shared.py"]


def test_file_changed_in_mage_is_not_replaced_and_not_removed(tmp_path: Path) -> None:
    root = exported(tmp_path)
    edit(root / "transformers/late.py", "raw.k >= least", "raw.k > least")
    before = {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}
    changed = FULL.with_block(dataclasses.replace(FULL["late"], source="late = raw"))
    with pytest.raises(FormatError, match=r"transformers/late.py:32: both changed line 32\n *here: *late = raw\n"):
        mage.format.write(changed, root)
    assert {path: path.read_bytes() for path in root.rglob("*") if path.is_file()} == before
    with pytest.raises(FormatError, match="late is deleted here and changed in the project"):
        mage.format.write(build(("raw", "1")), root)
    assert {path: path.read_bytes() for path in root.rglob("*") if path.is_file()} == before
    mage.format.write(mage.format.read(root), root)


def test_pipeline_that_somebody_else_wrote_is_not_replaced(tmp_path: Path) -> None:
    project(tmp_path, "blocks:\n- {uuid: raw, type: data_loader}\n- {uuid: mine, type: custom}\n")
    (tmp_path / "data_loaders").mkdir()
    (tmp_path / "data_loaders/raw.py").write_text(FOREIGN)
    with pytest.raises(FormatError) as caught:
        mage.format.write(build(("raw", "1"), name="p"), tmp_path)
    assert "with a block mine that this export would drop" in caught.value.message
    assert "the file data_loaders/raw.py was not written by an export" in caught.value.message


LEAKY = dataclasses.replace(FULL["raw"], leaks=(Leak(name="tmp", cell=4),))


@pytest.mark.parametrize(
    ("pipeline", "words"),
    [
        (Pipeline(name="p", blocks=(LEAKY,)), "reads tmp from cell \\[4\\], which a clean run does not have"),
        (build(("raw", "!ls\n1")), "'!ls' is IPython's own"),
        (build(("raw", "1"), tests=(("raw", "t", "assert nowhere"),)), "its test t reads nowhere"),
        (build(("raw", "1"), ("b", "2"), tests=(("raw", "t", "assert b"),)), "its test t reads b"),
        (build(("raw(nothing)", "1")), "needs nothing, which is no block"),
        (Pipeline(name="p", blocks=(Block(name="raw", source="1"), Block(name="Raw", source="2"))), "nothing but their case"),
        (build(("a --kind custom", "custom()"), plain="def custom(): ..."), "Mage's decorator has that name"),
        (build(("lone --sql", "SELECT 1"), ("b(lone, *, x: list = [1]) --sql", "SELECT $x FROM lone")), "parameter x = \\[1\\]"),
        (
            build(("lone --sql", "SELECT 1"), ("b(lone, *, x: int | None = None) --sql", "SELECT $x FROM lone")),
            "parameter x = None",
        ),
        (Pipeline(name="p", variables={"x": object()}), "cannot be written"),
        (Pipeline(name="../p"), "pipeline name"),
        (Pipeline(name="p", blocks=(Block(name="../x", source="1"),)), "block name"),
        (
            Pipeline(name="p", blocks=(Block(name="x", source="1", carrier="mage", extra={"uuid": "../../x"}),)),
            "outside the project",
        ),
        (
            Pipeline(
                name="p", blocks=(Block(name="x", source="1", carrier="mage", extra={"configuration": {"file_path": "/etc/x"}}),)
            ),
            "outside the project",
        ),
    ],
)
def test_pipeline_that_cannot_be_exported_is_refused_before_anything_is_written(
    pipeline: Pipeline, words: str, tmp_path: Path
) -> None:
    with pytest.raises((FormatError, DefinitionError, UnsafePathError), match=words):
        mage.format.write(pipeline, tmp_path / "project")
    assert list(tmp_path.iterdir()) == []


def test_all_reasons_are_told_at_once(tmp_path: Path) -> None:
    pipeline = build(("raw", "!ls"), ("b", "await raw"))
    with pytest.raises(FormatError, match=r"2 reasons why this cannot be exported:\n  '!ls'[^\n]*block raw, line 2") as caught:
        mage.format.write(pipeline, tmp_path)
    assert "await outside a function" in caught.value.message


def test_cycle_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CycleError):
        mage.format.write(build(("a(b)", "1"), ("b(a)", "2")), tmp_path)


def test_broken_metadata_that_is_there_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "pipelines/daily/metadata.yaml"
    path.parent.mkdir(parents=True)
    path.write_text("blocks: [\n")
    with pytest.raises(FormatError, match="not YAML"):
        mage.format.write(FULL, tmp_path)
    assert path.read_text() == "blocks: [\n"


def project(root: Path, text: str | bytes, **files: str) -> Path:
    """A project with one pipeline ``p`` of this metadata, and files by path with ``__`` for ``/``."""
    place = root / "pipelines/p/metadata.yaml"
    place.parent.mkdir(parents=True)
    place.write_bytes(text if isinstance(text, bytes) else text.encode())
    for name, content in files.items():
        path = root / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return root


FOREIGN = """@data_loader
def load_data(*args, **kwargs):
    open('canary', 'w')

@test
def test_output(output, *args) -> None:
    assert output is not None
"""


def test_foreign_project_is_read_as_it_is_and_written_back_the_same(tmp_path: Path) -> None:
    text = (
        "blocks:\n- {uuid: load-it, type: data_loader, executor_type: k8s, upstream_blocks: [], downstream_blocks: [sub/b]}\n"
        "- {uuid: sub/b, type: transformer, name: Sub B, upstream_blocks: [load-it], downstream_blocks: []}\n"
        "- {uuid: q, type: transformer, language: sql, configuration: {data_provider: postgres}}\n"
    )
    root = project(
        tmp_path,
        text,
        **{"data_loaders__load-it.py": FOREIGN, "transformers__sub__b.py": "x\n", "transformers__q.sql": "SELECT {{ df_1 }}\n"},
    )
    found = mage.format.read(root)
    assert [(b.name, b.label, b.carrier, b.upstreams, b.language, b.kind) for b in found] == [
        ("load_it", "load-it", "mage", (), "python", "data_loader"),
        ("sub_b", "sub/b", "mage", ("load_it",), "python", "transformer"),
        ("q", "", "mage", (), "mage_sql", "transformer"),
    ]
    assert found["load_it"].source + "\n" == FOREIGN
    assert found["load_it"].extra == {"executor_type": "k8s", "uuid": "load-it"}
    before = {path: path.read_text() for path in root.rglob("*.py")} | {path: path.read_text() for path in root.rglob("*.sql")}
    mage.format.write(found, root)
    assert {path: path.read_text() for path in before} == before
    assert mage.format.read(root) == found


def test_nothing_of_a_project_runs_when_it_is_read_checked_and_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "blocks:\n- {uuid: load, type: data_loader}\n- {uuid: other, type: custom}\n"
    code = "open('canary', 'w')\n" + FOREIGN
    root = project(tmp_path / "x", text, data_loaders__load=code, data_loaders__load_py=code, custom__other=code)
    (root / "data_loaders/load.py").write_text(code)
    (root / "custom/other.py").write_text(code)
    (tmp_path / "cwd").mkdir()
    monkeypatch.chdir(tmp_path / "cwd")
    pipeline = mage.format.read(root)
    mage.check(root)
    mage.format.write(pipeline, root)
    mage.warnings(pipeline)
    assert list((tmp_path / "cwd").iterdir()) == []


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("", 1, "not a mapping"),
        ("- a\n", 1, "not a mapping"),
        ("blocks: 3\n", 1, "blocks is not a list"),
        ("blocks:\n- a\n", 2, "a block is a mapping"),
        ("blocks:\n- type: custom\n", 2, "uuid has to be text, not None"),
        ("blocks:\n- uuid: 12\n  type: custom\n", 2, "uuid has to be text, not 12"),
        ("blocks:\n- uuid: a\n  type: [x]\n", 3, "type has to be text"),
        ("blocks:\n- {uuid: a, type: custom, language: 3}\n", 2, "language has to be text"),
        ("blocks:\n- {uuid: a, type: custom, configuration: [1]}\n", 2, "configuration is not a mapping"),
        ("blocks:\n- {uuid: a, type: custom}\n- {uuid: A, type: custom}\n", 3, "stands here and in line 2"),
        ("blocks:\n- {uuid: a, type: custom, upstream_blocks: [a]}\n", 2, "a is its own upstream"),
        ("blocks:\n- {uuid: a, type: custom, upstream_blocks: b}\n", 2, "has to be a list of uuids"),
        ("blocks:\n- {uuid: a, type: custom, upstream_blocks: [1]}\n", 2, "has to be a list of uuids"),
        (
            "blocks:\n- {uuid: a, type: custom, upstream_blocks: [b]}\n- {uuid: b, type: custom, upstream_blocks: [a]}\n",
            2,
            "cycle: a ← b ← a",
        ),
        ("blocks: [\n", 2, "not YAML"),
        (b"blocks: \xff\n", 1, "not UTF-8"),
    ],
)
def test_wrong_metadata_is_refused_with_file_and_line(text: str | bytes, line: int, words: str, tmp_path: Path) -> None:
    root = project(tmp_path, text)
    with pytest.raises(FormatError, match=words) as caught:
        mage.format.read(root)
    assert (caught.value.where.file, caught.value.where.line) == ("pipelines/p/metadata.yaml", line)
    assert any(problem.fatal and problem.line == line for problem in mage.check(root))


def test_check_lists_all_problems_at_once(tmp_path: Path) -> None:
    root = project(
        tmp_path,
        "blocks:\n"
        "- {uuid: a, type: custom, downstream_blocks: [b]}\n"
        "- {uuid: b, type: custom, upstream_blocks: null}\n"
        "- {uuid: c, type: magic_wand, upstream_blocks: [b, b]}\n"
        "- {uuid: d, type: transformer, language: sql}\n"
        "- {uuid: e, type: transformer}\n"
        "variables: {flag: no}\n",
        custom__a="x = (\n",
    )
    (root / "custom/a.py").write_text("x = (\n")
    (root / "custom/b.py").write_text("from mage_ai.data_preparation.decorators import custom\n@custom\ndef f(x, y=1): ...\n")
    (root / "transformers").mkdir()
    (root / "transformers/d.sql").write_text("SELECT 1\n")
    (root / "transformers/e.py").write_text("def f(): ...\n")
    metadata = "pipelines/p/metadata.yaml"
    assert [(each.file, each.line, each.message.split(":")[0][:48]) for each in mage.check(root)] == [
        (metadata, 7, "no is read as text here and may be something els"),
        (metadata, 3, "b"),
        (metadata, 4, "c"),
        (metadata, 4, "b does not list c in downstream_blocks"),
        (metadata, 3, "b does not list a in upstream_blocks"),
        ("custom/a.py", 1, "does not parse"),
        ("custom/b.py", 1, "imports custom without `if 'custom' not in globa"),
        ("custom/b.py", 3, "f has 2 named arguments and the block 1 upstream"),
        (metadata, 4, "c"),
        (metadata, 4, "c"),
        ("transformers/d.sql", None, "no data_provider"),
        ("transformers/e.py", 1, "no function is decorated with @transformer"),
    ]


def test_one_sided_edges_are_made_whole(tmp_path: Path) -> None:
    root = project(
        tmp_path,
        "blocks:\n- {uuid: a, type: custom, downstream_blocks: [b]}\n- {uuid: b, type: custom}\n"
        "- {uuid: c, type: custom, upstream_blocks: [b]}\n",
    )
    found = mage.format.read(root)
    assert {block.name: block.upstreams for block in found} == {"a": (), "b": ("a",), "c": ("b",)}
    assert found["a"].doc == "its file custom/a.py is not there"
    mage.format.write(found, root)
    data = yaml.load((root / "pipelines/p/metadata.yaml").read_text()).data
    assert [each.get("downstream_blocks", []) for each in data["blocks"]] == [["b"], ["c"], []]
    assert not (root / "custom/a.py").exists()
    (root / "custom").mkdir()
    (root / "custom/a.py").write_text("")
    mage.format.write(mage.format.read(root), tmp_path / "again")
    assert (tmp_path / "again/custom/a.py").read_text() == ""


UUIDS = [
    *("../../etc/x", "/etc/x", "a/b", "a\\b", "..", "%2e%2e%2f", "C:\\x", "\\\\srv\\x", "CON", "nul", "a.", "a ", "-rf"),
    *("x" * 80, "class", "select", "__init__", "a\n", "é", "日本", "🎉", "\u200b"),
]


@pytest.mark.parametrize("uuid", UUIDS)
def test_strange_uuids_are_refused_or_become_legal_names(uuid: str, tmp_path: Path) -> None:
    canary = tmp_path / "outside"
    canary.mkdir()
    root = project(tmp_path / "root" / "deep", yaml.dump({"blocks": [{"uuid": uuid, "type": "custom"}]}))
    try:
        found = mage.format.read(root)
    except (FormatError, UnsafePathError) as error:
        assert str(error)
    else:
        (block,) = found
        assert mage.project.legal(block.name, ()) == block.name
        assert block.name == uuid or block.label == uuid
        mage.format.write(dataclasses.replace(found, blocks=(dataclasses.replace(block, source="x"),)), root)
        assert mage.format.read(root)[block.name].label == block.label
    assert list(canary.iterdir()) == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["outside", "root"]


def test_links_and_special_files_are_not_followed_out_of_the_project(tmp_path: Path) -> None:
    secret = tmp_path / "secret.py"
    secret.write_text("password = 1\n")
    root = project(tmp_path / "root", "blocks:\n- {uuid: a, type: custom}\n")
    (root / "custom").mkdir()
    (root / "custom/a.py").symlink_to(secret)
    with pytest.raises(UnsafePathError):
        mage.format.read(root)
    (root / "custom/a.py").unlink()
    os.mkfifo(root / "custom/a.py")
    with pytest.raises(FormatError, match="not an ordinary file"):
        mage.format.read(root)
    (root / "custom/a.py").unlink()
    (root / "custom/a.py").write_bytes(b"#" * 20_000_000)
    said = "its file custom/a.py has 20,000,000 bytes, more than the 10,000,000 that are read"
    assert mage.format.read(root)["a"].problem == said
    assert [problem.message for problem in mage.check(root)] == [f"a: {said}; it is kept and not run here"]


@pytest.mark.timeout(20)
def test_long_chains_and_wide_fans_are_read_or_refused_with_a_reason(tmp_path: Path) -> None:
    names = [f"b{i}" for i in range(2000)]
    chain = [
        {"uuid": name, "type": "custom", "upstream_blocks": names[max(i - 1, 0) : i], "downstream_blocks": names[i + 1 : i + 2]}
        for i, name in enumerate(names)
    ]
    root = project(tmp_path / "chain", yaml.dump({"blocks": chain}))
    assert mage.format.read(root)["b1999"].upstreams == ("b1998",)
    many = [{"uuid": f"b{i}", "type": "custom"} for i in range(10_000)]
    big = "blocks:\n" + "".join(f"- {{uuid: {each['uuid']}, type: custom}}\n" for each in many)
    with pytest.raises(FormatError, match="more than 50,000 values"):
        mage.format.read(project(tmp_path / "many", big))


def test_ring_of_thousands_is_refused_with_its_path(tmp_path: Path) -> None:
    ring = [{"uuid": f"b{i}", "type": "custom", "upstream_blocks": [f"b{(i + 1) % 3000}"]} for i in range(3000)]
    with pytest.raises(FormatError, match=r"cycle: b0 ← b1 ← b2 .* …"):
        mage.format.read(project(tmp_path, yaml.dump({"blocks": ring})))


@pytest.mark.parametrize("folder", sorted(path.name for path in CORPUS.glob("project_*")))
def test_real_projects_are_read_checked_and_written_back_equal(folder: str, tmp_path: Path) -> None:
    root = CORPUS / folder
    for name in mage.format.pipelines(root):
        found = mage.format.read(root, name)
        problems = mage.check(root, name)
        raw = yaml.load((root / "pipelines" / name / "metadata.yaml").read_text()).data
        files = [each for each in raw.get("blocks", []) if "replicated_block" not in each]
        assert [each.message.split(":")[0] for each in problems] == [each["uuid"] for each in files]
        assert {
            block.extra.get("uuid", block.name): [found[up].extra.get("uuid", up) for up in block.upstreams] for block in found
        } == {each["uuid"]: each["upstream_blocks"] for each in raw.get("blocks", [])}
        mage.format.write(found, tmp_path)
        assert mage.format.read(tmp_path, name) == found


def test_unknown_pipelines_and_empty_folders_are_named(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="no pipelines in it"):
        mage.format.read(tmp_path)
    with pytest.raises(UnknownNameError, match="green_taxi_etl"):
        mage.format.read(CORPUS / "project_08", "green_taxi")
    with pytest.raises(FormatError, match="several pipelines"):
        mage.format.read(CORPUS / "project_08")
    (tmp_path / "file").write_text("")
    with pytest.raises(ProjectError, match="is a file"):
        mage.format.write(FULL, tmp_path / "file")


def test_projects_are_known_by_their_files(tmp_path: Path) -> None:
    assert mage.format.accepts(CORPUS / "project_08")
    assert not mage.format.accepts(tmp_path)
    assert not mage.format.accepts(tmp_path / "nothing")


def test_warnings_say_what_mage_would_change() -> None:
    pipeline = build(
        *(
            ("a", "[1]"),
            ("b", "return 1, 2"),
            ("c", "c = None\nc"),
            ("d(a)", "np.array([1])"),
            ("e", "x = 1"),
            ("f(e)", "f = [1, 2]"),
        ),
        ("u", "nowhere + 1"),
        *(("g --sql", "SELECT 1"), ("h(g) --sql", "SELECT * FROM g")),
        tests=(("g", "t", "assert 1"),),
    )
    assert mage.warnings(pipeline) == [
        "a: a list of one item comes out of Mage as the item",
        "b: a tuple or set comes out of Mage as a list, and its tests get each item by itself",
        "c: None comes out of Mage as an empty list",
        "d: a numpy array does not come out of Mage: make a DataFrame or a list of it",
        "e: has no output, and Mage hands on an empty list",
        "f: a list may come out of Mage in another order (more than ten items) or as its one item",
        "u: reads nowhere, which no cell defines",
        "g: Mage has no tests of SQL blocks; they are kept, and run here only",
    ]


def test_killed_export_leaves_every_file_whole(tmp_path: Path) -> None:
    mage.format.write(FULL, tmp_path / "old")
    whole = {path.relative_to(tmp_path / "old"): path.read_bytes() for path in (tmp_path / "old").rglob("*") if path.is_file()}
    code = (
        "import sys; from pathlib import Path; from jupyter_mage.formats import mage\n"
        "p = mage.format.read(Path(sys.argv[1])); mage.format.write(p, Path(sys.argv[2]))"
    )
    for place in ("write:opened", "write:written", "write:synced", "write:renamed"):
        target = tmp_path / place.replace(":", "_")
        environment = {**os.environ, "JUPYTER_MAGE_CRASH_AT": place}
        subprocess.run([sys.executable, "-c", code, str(tmp_path / "old"), str(target)], env=environment, check=False)
        found = {
            path.relative_to(target): path.read_bytes() for path in target.rglob("*") if path.is_file() and path.suffix != ".tmp"
        }
        assert found.items() <= whole.items()
        mage.format.write(FULL, target)
        assert mage.format.read(target) == FULL


TOKENS = [
    b"null",
    b"[]",
    b"- ",
    b": ",
    b"\n",
    b"  ",
    b"&a ",
    b"*a",
    b"!x ",
    b"'",
    b'"',
    b"|",
    b"no",
    b"\t",
    b"\xff",
    b"\0",
    b"..",
    b"/",
]
TOKENS += [b"def f(", b'"""', b"return ", b"@test\n", b"    ", b"{{", b"}}", b"{{ df_9 }}", b"$", b"raw", b"uuid: a\n", b"/etc/"]


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_damaged_project_is_read_equal_or_refused_with_a_reason(data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "project"
        mage.format.write(FULL, root)
        paths = [path for path in sorted(root.rglob("*.*")) if path.suffix in (".py", ".sql", ".yaml") and path.stat().st_size]
        path = data.draw(st.sampled_from(paths))
        for _ in range(data.draw(st.integers(1, 3))):
            blob = path.read_bytes()
            start = data.draw(st.integers(0, len(blob)))
            end = min(len(blob), start + data.draw(st.sampled_from([0, 1, 5, 40])))
            path.write_bytes(blob[:start] + data.draw(st.sampled_from([b"", *TOKENS])) + blob[end:])
        try:
            mage.check(root)
            found = mage.format.read(root)
            mage.format.write(found, Path(folder) / "again")
        except JupyterMageError as error:
            assert error.message
            return
        assert mage.format.read(Path(folder) / "again") == found


BODIES = st.sampled_from(
    [
        "1",
        "pd.DataFrame({'k': [LEAST]})\n",
        "# c\nNAMES\n\n",
        '"""Doc."""\nx = """\n a\n"""\nx;',
        "if LEAST:\n\treturn scale(1)\nreturn Box",
        "@staticmethod\ndef f(): pass\nf",
        "",
    ]
)
PARAMETER_TEXTS = st.sampled_from(["", ", *, k: int = 1", ", *, k='it\\'s', day: str", ", *, many: list = [1, None]"])


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(BODIES, PARAMETER_TEXTS, st.booleans(), st.sampled_from(["", " --kind custom", " --tag x --sql"])), max_size=5
    )
)
def test_any_pipeline_comes_back_equal(shapes: list[tuple[str, str, bool, str]]) -> None:
    defined = []
    for index, (body, parameters, declared, options) in enumerate(shapes):
        up = f"a{index - 1}" if index else ""
        signature = f"({up}{parameters if up else parameters.removeprefix(', ')})" if declared else ""
        sql = "--sql" in options
        defined.append((f"a{index}{signature}{options}", f"SELECT *\nFROM {up or 'range(3)'} -- {{{{" if sql else body))
    tests = tuple((name.split("(")[0].split()[0], f"test_{i}", "assert PI\n#") for i, (name, _) in enumerate(defined))
    pipeline = build(*defined, tests=tests)
    with tempfile.TemporaryDirectory() as folder:
        mage.format.write(pipeline, Path(folder) / "project")
        assert mage.format.read(Path(folder) / "project", "daily") == pipeline


def test_metadata_that_mage_saved_comes_back_equal(tmp_path: Path) -> None:
    root = exported(tmp_path)
    path = root / "pipelines/daily/metadata.yaml"
    data = pyyaml.safe_load(path.read_text())
    data |= {
        "cache_block_output_in_memory": False,
        "callbacks": [],
        "concurrency_config": {},
        "conditionals": [],
        "executor_count": 1,
    }
    data |= {"created_at": "2026-11-24 07:00:00+00:00", "data_integration": None, "description": None, "extensions": {}}
    data |= {"settings": {"triggers": None}, "tags": [], "variables_dir": "/home/src/mage_data", "widgets": []}
    for each in data["blocks"]:
        each |= {"all_upstream_blocks_executed": True, "color": None, "executor_config": None, "executor_type": "local_python"}
        each |= {"has_callback": False, "name": each["uuid"], "retry_config": None, "status": "executed", "timeout": None}
        each.setdefault("configuration", {})
    path.write_text(pyyaml.dump(data))
    assert mage.format.read(root) == FULL
    assert mage.check(root) == []


def test_sql_files_need_a_database_and_may_lock_each_other(tmp_path: Path) -> None:
    pipeline = build(
        ("one --sql", "SELECT 1 AS a"), ("two --sql", "SELECT 2 AS b"), ("three(one, two) --sql", "SELECT * FROM one, two")
    )
    assert mage.warnings(pipeline) == [
        "one, two: Mage's scheduler may run both at once, and DuckDB's file is open to one process at a time"
    ]
    (tmp_path / "io_config.yaml").write_text("default: {}\n")
    mage.format.write(pipeline, tmp_path)
    (problem,) = mage.check(tmp_path)
    assert (problem.file, problem.message.split(",")[0]) == ("io_config.yaml", "no DUCKDB_DATABASE in it")


def test_retries_and_timeout_are_said_in_mages_words_and_come_back(tmp_path: Path) -> None:
    from jupyter_mage.session import Session

    session = Session(tmp_path, pipeline="p")
    session.define("a --retries 3 --retry-delay 2s --timeout 10m --pool db:2 --cache 1d --file x.csv", "1")
    session.define("b(a) --map a --memory 2GB --executor threads --retry-on OSError", "a")
    session.export(tmp_path / "out")
    text = (tmp_path / "out" / "pipelines" / "p" / "metadata.yaml").read_text()
    assert "retry_config:\n    delay: 2\n    exponential_backoff: true\n    max_delay: 0\n    retries: 3\n" in text
    assert "timeout: 600\n" in text
    assert mage.format.read(tmp_path / "out", "p").blocks == session.pipeline.blocks
    session.close()


def test_retries_that_were_changed_in_mage_win(tmp_path: Path) -> None:
    from jupyter_mage.session import Session

    session = Session(tmp_path, pipeline="p")
    session.define("a --retries 3", "1")
    session.export(tmp_path / "out")
    file = tmp_path / "out" / "pipelines" / "p" / "metadata.yaml"
    file.write_text(file.read_text().replace("retries: 3", "retries: 5"))
    found = mage.format.read(tmp_path / "out", "p")["a"]
    assert (found.retry.retries, found.header) == (5, "")
    session.close()


def test_replica_of_no_known_type_is_kept_and_written_to_another_folder(tmp_path: Path) -> None:
    folder = tmp_path / "project/pipelines/p"
    folder.mkdir(parents=True)
    (tmp_path / "project/metadata.yaml").write_text("project_type: standalone\n")
    (folder / "metadata.yaml").write_text(
        'blocks:\n- {uuid: note, type: markdown, content: text}\n- {uuid: again, type: "data_loader\'", replicated_block: note}\n'
    )
    found = mage.format.read(tmp_path / "project", "p")
    mage.format.write(found, tmp_path / "fresh")
    assert [(each.name, each.kind) for each in mage.format.read(tmp_path / "fresh", "p")] == [
        ("note", "markdown"), ("again", "data_loader'"),
    ]  # fmt: skip
