"""Bad input, sentence by sentence: each mistake gets what, where and what to type next, and nothing already there is lost."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager

from jupyter_mage import projects
from jupyter_mage.errors import JupyterMageError
from jupyter_mage.session import Session

ANSI = re.compile(r"\x1b\[[0-9;]*m")


class Notebook:
    """A kernel with three good blocks and a file, and the question whether they are still what they were."""

    def __init__(self, client: BlockingKernelClient) -> None:
        self.client = client

    def run(self, code: str) -> str:
        """Execute a cell; gives all it said, errors as a front end shows them."""
        said: list[str] = []

        def hear(message: dict[str, Any]) -> None:
            content = message["content"]
            shown = content.get("data", {}).get("text/plain", "")
            said.append(content.get("text") or "\n".join(content.get("traceback", [])) or shown)

        reply = self.client.execute_interactive(code, output_hook=hear, timeout=60, stop_on_error=False)
        self.number, self.status = reply["content"]["execution_count"], reply["content"]["status"]
        return ANSI.sub("", "\n".join(said)).strip()

    def refused(self, code: str) -> str:
        said = self.run(code)
        assert self.status == "error", said
        return said


GOOD = (
    "%load_ext jupyter_mage",
    "%%block raw\n[1, 2]",
    "%%block clean(raw)\n[x + 1 for x in raw]",
    "%%block total(clean, *, n: int = 1)\nsum(clean) * n",
    "%%test total\nassert total == 5",
    "S = get_ipython().magics_manager.registry['PipelineMagics'].session\nBEFORE = S.pipeline",
)


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Notebook]:
    home = tmp_path_factory.mktemp("home")
    names = ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR")
    environ = {name: value for name, value in os.environ.items() if name != "JPY_SESSION_NAME"}
    manager = KernelManager(kernel_name="python3")
    manager.start_kernel(cwd=str(home), env={**environ, **{name: str(home / name) for name in names}})
    client = manager.blocking_client()
    client.start_channels()
    client.wait_for_ready(timeout=60)
    notebook = Notebook(client)
    yield notebook
    client.stop_channels()
    manager.shutdown_kernel(now=True)
    manager.cleanup_resources()


@pytest.fixture
def kernel(started: Notebook) -> Notebook:
    """The kernel with its three blocks, made again where a test before has lost them."""
    if not is_whole(started):
        for cell in ("%unload_ext jupyter_mage", *GOOD):
            started.run(cell)
        assert is_whole(started)
    return started


LEFT = "(S.pipeline == BEFORE, raw, clean, total, S.value('total'), S.check())"


def is_whole(kernel: Notebook) -> bool:
    """Whether the three blocks, their tests and their outputs are what they were."""
    return kernel.run(LEFT) == "(True, [1, 2], [2, 3], 5, 5, [])"


REFUSED: dict[str, tuple[str, int | None, str, str]] = {
    # name: (cell, line, what is said, what to type next)
    "no name": ("%%block\n1", 1, "a block needs a name", "%%block NAME("),
    "name that is none": ("%%block 2nd\n1", 1, "'2nd'", "a letter"),
    "keyword": ("%%block class\n1", 1, "Python keyword", "a name is"),
    "path": ("%%block ../../etc/x\n1", 1, "'../../etc/x'", "a name is"),
    "device": ("%%block CON\n1", 1, "device name", "a name is"),
    "long name": (f"%%block {'x' * 64}\n1", 1, "longer than 63", "a name is"),
    "unclosed": ("%%block raw(clean\n1", 1, "parenthesis is not closed", "%%block "),
    "no signature": ("%%block raw(1 + 1)\n1", 1, "does not read as a signature", "%%block "),
    "default for an upstream": ("%%block raw(clean=1)\n1", 1, "upstream clean has a default", "*, clean="),
    "double star": ("%%block raw(**more)\n1", 1, "one by one", "%%block "),
    "default that is code": ("%%block raw(*, n=open('x'))\n1", 1, "has to be a literal", "%%block "),
    "default of the wrong type": ("%%block raw(*, n: int = 'a')\n1", 1, "n is int", "n"),
    "twice the same upstream": ("%%block raw2(clean, clean)\n1", 1, "clean", "%%block "),
    "words behind": ("%%block raw and more\n1", 1, "'and'", "%%block "),
    "unknown option": ("%%block raw --forse\n1", 1, "Did you mean '--force'?", "%%block "),
    "option without a value": ("%%block raw --kind\n1", 1, "--kind needs a value", "%%block "),
    "unclosed quote": ('%%block raw --doc "half\n1', 1, "quote is not closed", "%%block "),
    "unknown kind": ("%%block raw --kind tranformer\n1", 1, "Did you mean 'transformer'?", "--kind transformer"),
    "unknown language": ("%%block raw --lang sqll\n1", 1, "Did you mean 'sql'?", "--sql"),
    "unknown upstream": ("%%block made(cleen)\n1", 1, "made waits for cleen: no such block. Did you mean clean?", "%%block"),
    "unknown after": ("%%block made --after cleen\n1", 1, "Did you mean clean?", "%%block"),
    "own upstream": ("%%block raw(raw)\n1", 1, "raw cannot be its own upstream", "%%block "),
    "cycle": ("%%block raw(total)\ntotal", 1, "cycle: raw ← total ← clean ← raw", "take one of these upstreams out"),
    "cycle that was read out of the body": ("%%block raw\n[total]", 1, "cycle: raw ← total ← clean ← raw", "take one"),
    "syntax": ("%%block raw\nx = 1\ny = = 2", 3, "invalid syntax: 'y = = 2'", "correct the line"),
    "indentation": ("%%block raw\nif True:\nx = 1", 3, "expected an indented block", "correct the line"),
    "nested too deep": (f"%%block raw\n{'(' * 300}{')' * 300}", 2, "too many nested parentheses", "correct"),
    "SQL syntax": ("%%block raw --sql\nSELECT 1 AS a;\nSELECT FROM WHERE", 3, "syntax error", "correct the SQL"),
    "SQL without a statement": ("%%block raw --sql\n-- later", 2, "no SQL statement", "SELECT"),
    "test of no block": ("%%test cleen\nassert True", 1, "Did you mean 'clean'?", "%%test"),
    "test that does not parse": ("%%test clean\nassert = 1", 2, "invalid syntax", "correct the line"),
    "test with a wrong name": ("%%test clean a/b\nassert 1", 1, "'a/b'", "a name is"),
    "block that needs a value": ("%%block made(*, day: str)\nday", 1, "parameter day of made has no value", "day"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_wrong_cell_is_answered_and_loses_nothing(kernel: Notebook, name: str) -> None:
    cell, line, what, following = REFUSED[name]
    said = kernel.refused(cell)
    assert what in said
    assert f"cell [{kernel.number}]" in said and (line is None or f"line {line}" in said)
    assert "→" in said and following in said.split("→", 1)[1]
    assert len(said.splitlines()) <= 6 and max(map(len, said.splitlines())) < 400
    kernel.run("if 'made' in S.pipeline: S.forget(['made'])")
    assert is_whole(kernel)


FAILS: dict[str, tuple[str, int | None, list[str]]] = {
    "raises": ("%%block made(clean)\nx = 1\nclean[x]['key']", 3, ["TypeError", "clean has 2 items"]),
    "raises what cannot be said": (
        "%%block made\nclass Odd(Exception):\n    def __str__(self): raise ValueError\nraise Odd", 4, ["Odd"],
    ),
    "generator": ("%%block made\n(x for x in [1])", None, ["generator cannot be kept", "return a list instead: list(...)"]),
    "lock": ("%%block made\nimport threading\nthreading.Lock()", None, ["lock cannot be kept", "leave the lock out"]),
    "connection": ("%%block made\nimport duckdb\nduckdb.connect()", None, ["cannot be kept"]),
    "open file": ("%%block made\nopen('/dev/null')", None, ["cannot be kept"]),
    "list of locks": ("%%block made\nimport threading\n[1, {'a': threading.Lock()}]", None, ["cannot be kept"]),
    "SQL that fails": ("%%block made --sql\nSELECT\n  nothing", 3, ["nothing"]),
    "SQL on no table": ("%%block made(clean) --sql\nSELECT * FROM clean", None, ["clean is a list", "return a DataFrame"]),
}  # fmt: skip


@pytest.mark.parametrize("name", FAILS)
def test_block_that_fails_says_so_and_loses_nothing(kernel: Notebook, name: str) -> None:
    cell, line, words = FAILS[name]
    said = kernel.refused(cell)
    assert all(word in said for word in words), said
    assert f"In[{kernel.number}]" in said or f"cell [{kernel.number}]" in said
    assert line is None or f"line {line}" in said
    assert "→" in said and len(said.splitlines()) <= 16 and "jupyter_mage" not in said
    kernel.run("S.forget(['made'])")
    assert is_whole(kernel)


def test_block_that_returns_nothing_is_said_to_the_next(kernel: Notebook) -> None:
    assert kernel.run("%%block made\nx = 1").startswith("made   nothing")
    said = kernel.refused("%%block after\nmade + 1")
    assert "TypeError" in said and "made has nothing" in said
    kernel.run("S.forget(['made', 'after'])")
    assert is_whole(kernel)


def test_duplicate_name_is_said_with_both_cells(kernel: Notebook) -> None:
    cells = ["%%block made\n1", "%%block made\n2"]
    numbers, said = [], ""
    for place, cell in enumerate(cells):
        content = {"code": cell, "silent": False, "store_history": True, "user_expressions": {}, "allow_stdin": False}
        metadata = {"cellId": f"cell-{place}", "deletedCells": []}
        message = kernel.client.session.msg("execute_request", content, metadata=metadata)
        kernel.client.shell_channel.send(message)
        reply = kernel.client._recv_reply(message["header"]["msg_id"], timeout=60)
        numbers.append(reply["content"]["execution_count"])
    while True:
        news = kernel.client.get_iopub_msg(timeout=60)
        if news["parent_header"].get("msg_id") != message["header"]["msg_id"]:
            continue
        said += news["content"].get("text", "")
        if news["content"].get("execution_state") == "idle":
            break
    assert f"made is also defined in cell [{numbers[0]}]; this cell counts now" in said
    kernel.run("S.forget(['made'])")
    assert is_whole(kernel)


def test_empty_cell_is_answered_by_its_name(kernel: Notebook) -> None:
    assert "empty" in kernel.refused("%%block raw") and is_whole(kernel)


def test_failing_redefinition_keeps_the_last_good_output(kernel: Notebook) -> None:
    kernel.refused("%%block total(clean, *, n: int = 1)\n1 / 0")
    assert kernel.run("total, S.value('total')") == "(5, 5)"
    kernel.run(GOOD[3])
    assert is_whole(kernel)


# ---- projects: broken and hostile YAML


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files of a good project."""
    root = tmp_path_factory.mktemp("good")
    session = Session(root, pipeline="work")
    session.define("raw", "[1, 2]")
    session.define("clean(raw)", "[x + 1 for x in raw]")
    session.export(root / "project")
    session.close()
    files = [path for path in (root / "project").rglob("*") if path.is_file()]
    return {str(path.relative_to(root / "project")): path.read_bytes() for path in files}


@pytest.fixture
def project(exported: dict[str, bytes], tmp_path: Path) -> Path:
    for name, content in exported.items():
        path = tmp_path / "project" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return tmp_path / "project"


META = "pipelines/work/metadata.yaml"
BLOCK = "- {uuid: raw, type: data_loader, language: python, upstream_blocks: [], downstream_blocks: []}\n"


def head(text: str) -> str:
    return f"name: work\ntype: python\nuuid: work\nblocks:\n{text}"


def edges(*pairs: tuple[str, list[str]]) -> str:
    lines = [f"- {{uuid: {name}, type: custom, language: python, upstream_blocks: {ups}}}\n" for name, ups in pairs]
    return head("".join(lines))


BOMB = "a: &a [x, x]\n" + "".join(
    f"{b}: &{b} [*{a}, *{a}, *{a}, *{a}]\n" for a, b in zip("abcdefghijk", "bcdefghijkl", strict=True)
)

HOSTILE: dict[str, tuple[str | bytes, str]] = {
    # F53 the graph
    "cycle": (edges(("raw", ["clean"]), ("clean", ["raw"])), "cycle"),
    "self edge": (edges(("raw", ["raw"])), "raw"),
    "edge to nowhere": (edges(("raw", []), ("clean", ["rwa"])), "rwa"),
    "duplicate uuid": (head(BLOCK + BLOCK), "raw"),
    # F54 values
    "broken": ("blocks: [\nname: work", "metadata.yaml:"),
    "tab": ("blocks:\n\t- uuid: raw", "metadata.yaml:2"),
    "text": ("just words", "metadata.yaml"),
    "list": ("- 1\n- 2", "metadata.yaml"),
    "empty": ("", "metadata.yaml"),
    "blocks that are text": ("name: work\nuuid: work\ntype: python\nblocks: raw", "blocks"),
    "block that is text": (head("- raw\n"), "raw"),
    "number as uuid": (head("- {uuid: 7, type: custom, language: python}\n"), "7"),
    "truth as uuid": (head("- {uuid: no, type: custom, language: python}\n"), "quote it"),
    "no uuid": (head("- {type: custom, language: python}\n"), "uuid"),
    "upstreams that are text": (head("- {uuid: raw, type: custom, upstream_blocks: clean}\n"), "upstream_blocks"),
    "two documents": ("name: work\n---\nname: other\n", "document"),
    "duplicate key": ("name: work\nname: other\nblocks: []", "name"),
    # F55 size and encoding
    "alias bomb": (BOMB, "more than"),
    "alias of itself": ("a: &a [*a]\nblocks: *a", "alias"),
    "deep": ("blocks: " + "[" * 100_000, "deep"),
    "deep maps": ("blocks: " + "{a: " * 50_000, "deep"),
    "huge": (b"# " + b"x" * 5_000_000, "5,000,002 bytes"),
    "many keys": ("".join(f"k{n}: 1\n" for n in range(150_000)), "metadata.yaml"),
    "huge number": ("name: work\nn: " + "9" * 100_000, "metadata.yaml"),
    "nul": (b"name: work\0\n", "metadata.yaml"),
    "latin": (b"name: \xe9\xe8\n", "metadata.yaml"),
    "utf-16": ("name: work".encode("utf-16"), "metadata.yaml"),
    # F56 tags
    "python object": ("blocks: !!python/object/apply:os.system ['touch canary']", "tag"),
    "python name": ("blocks: !!python/name:os.system", "tag"),
    "own tag": ("blocks: !made [1]", "tag"),
    "binary": ("blocks: !!binary aGVsbG8=", "metadata.yaml"),
    # F57 names
    **{
        f"name {name!r}": (head(f"- {{uuid: {name!r}, type: custom, language: python}}\n"), name.split("/")[0])
        for name in ("../../canary", "/canary", "a/../../canary", "..", "%2e%2e%2fcanary", "-rf", "a b/c")
    },
    **{
        f"file {path}": (head(f"{BLOCK[:-2]}, configuration: {{file_path: {path}}}}}\n"), path.rpartition("/")[2])
        for path in ("../../canary.py", "/etc/passwd")
    },
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_project_is_refused_with_a_reason_and_left_alone(project: Path, name: str) -> None:
    content, words = HOSTILE[name]
    file = project / META
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    (project.parent / "canary.py").write_text("open('canary', 'w')\n")
    before = {path: path.read_bytes() for path in project.parent.rglob("*") if path.is_file()}
    started = time.monotonic()
    problems = projects.check(project)
    assert problems and any(words.lower() in problem.lower() for problem in problems), problems
    assert any("metadata.yaml" in problem or "raw" in problem or "clean" in problem for problem in problems)
    assert max(map(len, problems)) < 600
    with pytest.raises(JupyterMageError) as caught:
        session = Session.open(project, "work")
        session.run(executor="inline")
    assert len(str(caught.value)) < 1000
    assert time.monotonic() - started < 20
    assert {path: path.read_bytes() for path in project.parent.rglob("*") if path.is_file()} == before


def test_long_chain_and_wide_fan_are_read(project: Path) -> None:
    """Ten thousand blocks are many and no mistake; a recursion would end here."""
    (project / META).write_text(edges(("b0", []), *((f"b{n}", [f"b{n - 1}"]) for n in range(1, 2_000))))
    problems = projects.check(project)
    assert all("Recursion" not in problem for problem in problems)


def test_missing_block_file_is_named(project: Path) -> None:
    (project / "data_loaders/raw.py").unlink()
    problems = projects.check(project)
    assert len(problems) == 1 and "raw" in problems[0] and "data_loaders/raw.py" in problems[0]


def test_broken_block_file_is_named_with_its_line(project: Path) -> None:
    (project / "transformers/clean.py").write_text("x = 1\ny = = 2\n")
    problems = projects.check(project)
    assert len(problems) == 1 and "transformers/clean.py:2" in problems[0]


def test_checking_and_opening_run_none_of_a_project(project: Path) -> None:
    for name in ("data_loaders/raw.py", "transformers/clean.py", "data_loaders/__init__.py", "__init__.py"):
        path = project / name
        path.write_text(f"open({str(project / 'ran')!r}, 'w')\n" + path.read_text())
    projects.check(project)
    Session.open(project, "work").close()
    projects.import_notebook(project, "work", project.parent / "back.ipynb")
    assert not (project / "ran").exists()


def test_link_out_of_the_project_is_not_followed(project: Path) -> None:
    secret = project.parent / "secret.py"
    secret.write_text("SECRET = 1\n")
    (project / "data_loaders/raw.py").unlink()
    (project / "data_loaders/raw.py").symlink_to(secret)
    assert any("raw" in problem for problem in projects.check(project))
    with pytest.raises(JupyterMageError):
        Session.open(project, "work")


def test_device_in_place_of_a_file_is_refused(project: Path) -> None:
    (project / META).unlink()
    os.mkfifo(project / META)
    with pytest.raises(JupyterMageError):
        projects.read(project, "work")


def test_unreadable_folder_is_an_answer(tmp_path: Path) -> None:
    (tmp_path / "work.ipynb").mkdir()
    with pytest.raises(JupyterMageError):
        projects.read(tmp_path / "work.ipynb")
