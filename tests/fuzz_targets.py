"""What bad input is thrown at: each target takes any text and may only succeed or raise an error of ours. Run by hypothesis in
`test_any_input.py` and by atheris in `fuzz.py`."""

from __future__ import annotations

import contextlib
import io
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell

from jupyter_mage import magics, projects
from jupyter_mage.code import cells
from jupyter_mage.code.carriers import CARRIERS, near_miss, read_cell, rebuilt, switch
from jupyter_mage.code.header import parse
from jupyter_mage.errors import HeaderError, JupyterMageError
from jupyter_mage.formats.notebook.patching import replace_sources
from jupyter_mage.languages.sql import language as sql
from jupyter_mage.magics.verbs import VERBS, Notebook, speak

LOOKING = ("plan", "show", "logs", "runs", "diff", "carrier", "cache")
"""Verbs that change nothing outside, whatever is behind them."""


class Shell:
    """A shell with three blocks that bad input must not touch."""

    def __init__(self) -> None:
        os.chdir(tempfile.mkdtemp())
        self.shell = InteractiveShell()
        self.session = magics.load(self.shell, draw=lambda session: None)
        self.magics = self.shell.magics_manager.registry["PipelineMagics"]
        for line, body in (
            ("raw", "[1, 2]"),
            ("clean(raw)", "[x + 1 for x in raw]"),
            ("total(clean, *, n: int = 1)", "sum(clean) * n"),
        ):
            self.session.define(line, body)
        self.before = self.session.pipeline

    def whole(self) -> None:
        """Whether all that was defined still is, but for what was defined anew."""
        now = self.session.pipelines[self.session.home]
        assert set(self.before.names) <= set(now.names)
        self.session.pipelines = {self.session.home: self.before}
        self.session.current = self.session.home


_SHELL: list[Shell] = []


def shell() -> Shell:
    if not _SHELL:
        _SHELL.append(Shell())
    return _SHELL[0]


def refused(do: Callable[[], Any]) -> JupyterMageError | UsageError | None:
    """The error of ours that it raised; any other comes out as it is."""
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            do()
    except (JupyterMageError, UsageError) as error:
        assert str(error)
        return error
    return None


def header(text: str) -> None:
    """A header reads, or is refused with a place in it."""
    error = refused(lambda: parse(text))
    if isinstance(error, HeaderError):
        assert error.where is not None and error.where.column is not None, text
        assert error.where.pointed().isprintable() or "\n" in error.where.pointed()


def carrier(text: str) -> None:
    """A cell is something or plain, and is written with every carrier that takes it; what was written reads back."""
    near_miss(text)
    error = refused(lambda: read_cell(text))
    assert error is None or (isinstance(error, JupyterMageError) and error.where is not None)
    head = None if error else read_cell(text)
    if head is None or head.sort != "block":
        return
    if refused(lambda: cells.read_header(head.text, carrier=head.carrier)) is None:
        name = cells.read_header(head.text, carrier=head.carrier).name
        rebuilt(head.text, head.body, head.carrier, name)
        for to in CARRIERS:
            refused(lambda to=to: read_cell(switch(text, to)))


def block_cell(text: str) -> None:
    """A ``%%block`` cell is a block or a usage error, and loses none."""
    here, (line, _, body) = shell(), text.partition("\n")
    refused(lambda: here.session.define(line, body, namespace={}))
    here.whole()


def test_line(text: str) -> None:
    """The line behind ``%%test`` names a block or is a usage error."""
    here = shell()
    line = text.replace("\n", " ")
    words = line.split()
    if len(words) not in (1, 2):
        assert isinstance(refused(lambda: here.magics.test(line, "1")), UsageError)
    else:
        refused(lambda: here.session.define_test(words[0], "assert 1", name=words[1] if len(words) > 1 else ""))
    here.whole()


test_line.__test__ = False  # type: ignore[attr-defined]


def pipeline_line(text: str) -> None:
    """The line behind ``%pipeline`` is one of our verbs or a usage error."""
    here = shell()
    for verb in VERBS.values():
        refused(lambda verb=verb: verb.parser.parse_args(text.split()))
    notebook = Notebook(here.shell, here.session, lambda session: None)
    for line in (f"zz{text}", *(f"{verb} {text}" for verb in LOOKING)):
        refused(lambda line=line: speak(notebook, line))
    here.whole()


def sql_body(text: str) -> None:
    """A SQL body is read, or is refused with its line."""
    error = refused(lambda: sql.check(text, block="asked"))
    assert error is None or (isinstance(error, JupyterMageError) and error.where is not None)
    names = sql.names(text)
    sql.normalise(text)
    for name in names.reads[:1]:
        sql.rename(text, name, "renamed")


def notebook_json(text: str) -> None:
    """A notebook file is read, or is refused with its place; a changed cell changes nothing else."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "work.ipynb"
        path.write_bytes(text.encode("utf-8", "surrogatepass"))
        refused(lambda: projects.read(path))
        for problem in projects.check(path):
            assert problem
        refused(lambda: replace_sources(path, {1: "1"}))


TARGETS: dict[str, Callable[[str], None]] = {
    "header": header,
    "carrier": carrier,
    "block": block_cell,
    "test": test_line,
    "pipeline": pipeline_line,
    "sql": sql_body,
    "notebook": notebook_json,
}
SEEDS: dict[str, tuple[str, ...]] = {
    "header": (
        "big(orders, *, n: int = 1) --kind custom --retries 3 --doc 'a b'",
        "a --after b,c -N",
        "x(a, /, b) -> c --map a",
        "x(*, n: str = '\\'')",
    ),
    "carrier": (
        "#| block: big(orders)\norders[1:]",
        "%%block big(orders) --sql\nSELECT 1",
        "import a\n@block(kind='custom')\ndef big(orders, *, n: int = 1):\n    return orders",
        "@data_loader\ndef load(*args, **kwargs):\n    return 1\n@test\ndef t(output): pass",
    ),
    "block": ("big(raw)\nraw[1:]", "big --sql\nSELECT * FROM raw", "big(total, *, n=1)\nreturn n"),
    "test": ("raw", "total has_sum", "nope", "raw a b"),
    "pipeline": ("total+", "+clean --var n=2", "'a", "--force tag:x", "raw comment", "-1/raw", "ls"),
    "sql": (
        "WITH RECURSIVE a AS (SELECT 1 UNION ALL FROM a) FROM a JOIN raw USING (x)",
        "CREATE TABLE t AS FROM raw; DROP TABLE t",
        "SELECT \"a b\" FROM 'x.csv' -- c",
    ),
    "notebook": (
        '{"cells": [{"cell_type": "code", "source": ["%%block raw\\n", "1"], "metadata": {}, "outputs": []}], "metadata": {}, "nbformat": 4}',
        '{"nbformat": 4, "cells": [{"source": "#| block: a(b)\\n1", "cell_type": "code"}, {"cell_type": "raw", "source": ""}]}',
    ),
}
