"""`diff` against git: what a pipeline's blocks, edges, parameters and tests became, in real checkouts; as text, Mermaid, Markdown."""

from __future__ import annotations

import dataclasses
import json
import re
import subprocess
from pathlib import Path

import pytest
from real_kernel import Kernel
from test_cli import command, mage, write

from jupyter_mage.changes import compare, markdown, mermaid, text
from jupyter_mage.changes.said import COMMENT
from jupyter_mage.definitions import Definitions
from jupyter_mage.model import Block, Pipeline

BEFORE = [
    "%load_ext jupyter_mage",
    "RATE = 2",
    "%%block raw\n[1, 2, 3]",
    "%%block clean(raw, *, n: int = 1)\n# tidy up\nclean = [x * n for x in raw]\nclean",
    "%%test clean\nassert clean",
    "%%block total(clean)\nsum(clean)",
    "%%block old(raw)\nlen(raw)",
]
AFTER = [
    "%load_ext jupyter_mage",
    "RATE = 2",
    "%%block raw --retries 3\n[1, 2, 3]",
    "%%block tidy(raw, *, n: int = 1)\ntidy = [x*n for x in raw]\ntidy",
    "%%test tidy\nassert tidy",
    "%%block total(tidy, *, by: float = 2.0)\nsum(tidy) * RATE * by",
    "%%test total more\nassert total > 0",
    "%%block new(total, raw) --kind custom\n'<b>|x'",
]
SAID = """\
work: main → now, 1 added, 1 removed, 1 renamed, 2 changed
~ raw     changed
      retries: 0 → 3
» tidy    renamed
      was clean
~ total   changed
      code: 2 lines
      parameter by: float = 2.0 added
      definition RATE added
      test more added
        -sum(clean)
        +sum(tidy) * RATE * by
+ new     added
      new(total, raw) --kind custom
− old     removed
edges: + raw → new, + total → new, − raw → old
"""


def git(folder: Path, *words: str) -> str:
    identity = ["-c", "user.name=n", "-c", "user.email=n@example.org", "-c", "init.defaultBranch=main"]
    return subprocess.run(["git", *identity, *words], cwd=folder, capture_output=True, text=True, check=True).stdout


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A git checkout whose last commit has BEFORE."""
    git(tmp_path, "init", "--quiet")
    (tmp_path / ".gitignore").write_text(".jupyter_mage/\n")
    write(tmp_path, *BEFORE)
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "--quiet", "-m", "one")
    return tmp_path


# ---- in a checkout


def test_notebook_is_compared_with_a_revision_by_meaning(checkout: Path) -> None:
    assert mage(checkout, "diff", "work.ipynb").stdout == "work: HEAD → now, nothing changed\n"
    write(checkout, *AFTER)
    assert command(checkout, "diff", "work.ipynb", "--rev", "main").stdout == SAID


def test_two_revisions_are_compared_whatever_stands_in_the_folder(checkout: Path) -> None:
    write(checkout, *AFTER)
    git(checkout, "commit", "--quiet", "-am", "two")
    write(checkout, "%%block other\n1")
    found = mage(checkout, "diff", "work.ipynb", "--rev", "HEAD~1", "--rev", "HEAD").stdout
    assert found == SAID.replace("main → now", "HEAD~1 → HEAD")


def test_project_is_compared_file_by_file(checkout: Path) -> None:
    mage(checkout, "export", "work.ipynb", "--to", "deep/project")
    folder = checkout / "deep" / "project"
    assert "4 added" in mage(checkout, "diff", "deep/project").stdout  # it is in no commit yet
    git(checkout, "add", "-A")
    git(checkout, "commit", "--quiet", "-m", "two")
    file = folder / "transformers" / "total.py"
    file.write_text(file.read_text().replace("sum(clean)", "max(clean)"))
    said = mage(folder, "diff", ".", "work", "--rev", "HEAD").stdout
    assert (
        said == "work: HEAD → now, 1 changed\n~ total   changed\n      code: 2 lines\n        -sum(clean)\n        +max(clean)\n"
    )


def test_what_cannot_be_compared_is_said(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    assert "'nope' is no revision here" in mage(checkout, "diff", "work.ipynb", "--rev", "nope", code=2).stderr
    assert "'-x' is no revision here" in mage(checkout, "diff", "work.ipynb", "--rev=-x", code=2).stderr
    (checkout / "work.ipynb").write_text("{")
    git(checkout, "commit", "--quiet", "-am", "broken")
    write(checkout, *BEFORE)
    assert "work.ipynb at HEAD" in mage(checkout, "diff", "work.ipynb", code=2).stderr
    outside = tmp_path_factory.mktemp("outside")
    write(outside, *BEFORE)
    assert "is in no git checkout" in mage(outside, "diff", "work.ipynb", code=2).stderr


def test_missing_git_is_said(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(checkout))
    assert "no git command on this machine" in mage(checkout, "diff", "work.ipynb", code=2).stderr


# ---- in a kernel


def test_one_verb_tells_runs_from_revisions(notebook: Kernel, checkout: Path) -> None:
    notebook.run("%pipeline import x y")  # whatever was said before
    notebook.run("import os\nos.environ['JPY_SESSION_NAME'] = 'work.ipynb'\n%unload_ext jupyter_mage\n%load_ext jupyter_mage")
    try:
        notebook.run("%%block raw\n[1, 2, 3, 4]")
        assert notebook.run("%pipeline diff").printed == (  # what the saved notebook has beside is said first
            "not run in this kernel, though in work.ipynb: clean, total, old\n"
            "work: HEAD → now, 1 changed\n~ raw   changed\n      code: 2 lines\n        -[1, 2, 3]\n        +[1, 2, 3, 4]\n"
        )
        notebook.run("%%block raw\n[1, 2, 3, 4, 5]")
        assert "4 items" in notebook.run("%pipeline diff -2 -1").printed
        assert "main → now, 1 changed" in notebook.run("%pipeline diff main").printed
        assert "'nope' is neither a run nor a git revision" in notebook.run("%pipeline diff nope").error
        assert "-1 and main are a run and a git revision" in notebook.run("%pipeline diff -1 main").error
        git(checkout, "branch", "last")
        assert "last is a run and a git revision" in notebook.run("%pipeline diff last").error
        assert "last → now, 1 changed" in notebook.run("%pipeline diff --rev last").printed
        assert "items" in notebook.run("%pipeline diff --run last").printed
    finally:
        notebook.run("del os.environ['JPY_SESSION_NAME']")


def test_kernel_that_knows_no_file_asks_for_one(notebook: Kernel, checkout: Path) -> None:
    notebook.run("%%block raw\n1")
    assert "--file NOTEBOOK.ipynb" in notebook.run("%pipeline diff HEAD").error
    assert "nothing changed" not in notebook.run("%pipeline diff HEAD --file work.ipynb").printed


# ---- by meaning


def defined(tmp_path: Path, *cells: tuple[str, str]) -> Pipeline:
    definitions = Definitions(tmp_path, "p")
    for header, body in cells:
        definitions.define(header, body)
    return definitions.pipeline


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ([("a", "1")], [("a", "1  # one")], [("a", "same behaviour", ("comments or layout",))]),
        ([("a", "1")], [("b", "1")], [("b", "renamed", ("was a",))]),
        ([("a", "1")], [("b", "2")], [("b", "added", ("b",)), ("a", "removed", ())]),
        ([("a", "x = 1\nx")], [("a", "x = 1\nx"), ("b", "x = 1\nx")], [("b", "added", ("b",))]),
        (
            [("a", "1"), ("b(a)", "a + 1"), ("c(b)", "b.a + a1 if (a1 := b) else 0")],
            [("x", "1"), ("y(x)", "x + 1"), ("c(y)", "y.a + a1 if (a1 := y) else 0")],
            [("x", "renamed", ("was a",)), ("y", "renamed", ("was b",)), ("c", "same behaviour", ("follows b → y",))],
        ),
        (
            [("a", "1"), ("b", "2"), ("c(a, b)", "a - b")], [("a", "1"), ("b", "2"), ("c(b, a)", "a - b")],
            [("c", "changed", ("upstreams in another order: a, b → b, a",))],
        ),
        (
            [("a(*, n: int = 1, old=2)", "n")], [("a(*, n: int = 2, new='x')", "n")],
            [("a", "changed", ("parameter n: int = 1 → n: int = 2", "parameter old = 2 removed", "parameter new = 'x' added"))],
        ),
        (
            [("a", "1")], [("a --kind custom --tag daily --timeout 5 --cache off", "1")],
            [("a", "changed", ("kind: data_loader → custom", "timeout: none → 5.0", "fresh: none → 0.0", "tags: none → daily"))],
        ),
        ([("a", "1"), ("b", "2")], [("b", "2"), ("a", "1")], []),
        ([("a --sql", "SELECT 1")], [("a --sql", "SELECT 1 -- one")], [("a", "same behaviour", ("comments or layout",))]),
    ],
)  # fmt: skip
def test_changes_of_blocks(before, after, said, tmp_path: Path) -> None:
    found = compare(defined(tmp_path, *before), defined(tmp_path, *after))
    assert [(each.block, each.sort, tuple(sorted(each.lines))) for each in found.blocks] == [
        (name, sort, tuple(sorted(lines))) for name, sort, lines in said
    ]


def test_another_carrier_does_the_same() -> None:
    block = Block(name="a", source="1")
    found = compare(
        Pipeline(name="p", blocks=(block,)), Pipeline(name="p", blocks=(dataclasses.replace(block, carrier="comment"),))
    )
    assert [(each.sort, each.lines) for each in found.blocks] == [("same behaviour", ("another carrier",))]


def test_variables_and_edges_are_compared() -> None:
    blocks = Block(name="a", source="1"), Block(name="b", source="2", after=("a",))
    old = Pipeline(name="p", blocks=blocks, variables={"day": 1, "gone": 2})
    new = Pipeline(name="p", blocks=(blocks[0], dataclasses.replace(blocks[1], after=())), variables={"day": 3}, description="d")
    found = compare(old, new)
    assert found.pipeline == ("variable day = 1 → day = 3", "variable gone = 2 removed", "description changed")
    assert (found.edges_added, found.edges_removed, found.blocks[0].lines) == ((), (("a", "b"),), ("after: a → none",))


def test_a_pipeline_is_equal_to_itself() -> None:
    pipeline = Pipeline(name="p", blocks=(Block(name="a", source="1"),))
    assert not compare(pipeline, pipeline) and text(compare(pipeline, pipeline)) == "p: before → now, nothing changed"


# ---- drawn


def test_mermaid_colours_what_changed_and_draws_what_is_gone(checkout: Path) -> None:
    write(checkout, *AFTER)
    lines = mage(checkout, "diff", "work.ipynb", "--mermaid").stdout.splitlines()
    assert lines[:6] == [
        "flowchart TD", '  n0["~ raw"]:::changed', '  n1["#187; tidy"]:::renamed', '  n2["~ total"]:::changed',
        '  n3["+ new"]:::added', '  n4["#8722; old"]:::removed',
    ]  # fmt: skip
    assert lines[6:13] == [
        "  n0 --> n1", "  n1 --> n2", "  n2 --> n3", "  n0 --> n3", "  n0 -.-x n4",
        "  linkStyle 2,3 stroke:#1a7f37,stroke-width:2px", "  linkStyle 4 stroke:#cf222e",
    ]  # fmt: skip
    assert [line.split()[1] for line in lines[13:]] == ["added", "removed", "renamed", "changed"]


def test_markdown_is_a_table_with_graph_and_code_folded(checkout: Path) -> None:
    write(checkout, *AFTER[:-1], "%%block new(total, raw, *, a: str = '|<b>`*') --kind custom\n'```'")
    said = mage(checkout, "diff", "work.ipynb", "--markdown").stdout
    assert said.startswith(
        "**work: HEAD → now, 1 added, 1 removed, 1 renamed, 2 changed**\n\n| | block | what changed |\n|---|---|---|\n"
    )
    assert r"| + | `new` | added<br>new(total, raw, \*, a: str = '\|&lt;b&gt;\`\*') --kind custom |" in said
    assert said.count("<details>") == said.count("</details>") == 2 and "```mermaid\nflowchart TD" in said and "```diff\n" in said


def test_comment_is_never_longer_than_one_may_be(tmp_path: Path) -> None:
    old = Pipeline(name="p", blocks=tuple(Block(name=f"b{i}", source=f"x = {i}\n" * 40) for i in range(900)))
    new = Pipeline(name="p", blocks=tuple(dataclasses.replace(b, source=f"y = 1\n{b.source}", retry=b.retry) for b in old))
    said = markdown(compare(old, new))
    assert len(said) <= COMMENT + 100 and said.startswith("**p: before → now, 900 changed**")


def test_large_graph_is_drawn_around_what_changed() -> None:
    blocks = tuple(Block(name=f"b{i}", source=str(i), upstreams=(f"b{i - 1}",) if i else ()) for i in range(300))
    changed = tuple(dataclasses.replace(b, source="9") if b.name == "b150" else b for b in blocks)
    drawn = mermaid(compare(Pipeline(name="p", blocks=blocks), Pipeline(name="p", blocks=changed)))
    assert re.findall(r'\["(.*?)"\]', drawn) == ["b149", "~ b150", "b151"]


def test_json_has_all_of_it(checkout: Path) -> None:
    write(checkout, *AFTER)
    found = json.loads(mage(checkout, "diff", "work.ipynb", "--json").stdout)
    assert {(each["block"], each["sort"], each["was"]) for each in found["blocks"]} == {
        ("raw", "changed", ""), ("tidy", "renamed", "clean"), ("total", "changed", ""), ("new", "added", ""), ("old", "removed", ""),
    }  # fmt: skip
    assert found["edges_removed"] == [["raw", "old"]]
