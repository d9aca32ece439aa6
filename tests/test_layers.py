"""The house stays as designed: what is imported, what is named where, what the front door offers."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import jupyter_mage

PACKAGE = Path(jupyter_mage.__file__).parent
HEAVY = "pandas pyarrow networkx duckdb sqlglot ipywidgets IPython nbformat jsonschema jupyterlab rich".split()


@pytest.mark.parametrize(
    "statement", ["import jupyter_mage", "import jupyter_mage.session", "from jupyter_mage.cli import commands"]
)
def test_import_is_light(statement: str) -> None:
    code = f"{statement}\nimport sys\nprint(*sorted({{name.split('.')[0] for name in sys.modules}} & {set(HEAVY)!r}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_front_door_is_a_list_of_names() -> None:
    assert jupyter_mage.__all__ == sorted(jupyter_mage.__all__)
    assert all(getattr(jupyter_mage, name).__name__ == name for name in jupyter_mage.__all__)


@pytest.mark.parametrize("module", ["engine", "planner", "session", "work", "fingerprint", "graph", "state", "events", "handoff"])
def test_engine_names_no_plugin_and_compares_no_kind(module: str) -> None:
    text = (PACKAGE / f"{module}.py").read_text()
    assert not re.findall(
        r"\.kind\s*==|\.language\s*==\s*\"(?!python\")|from \.(?:kinds|languages|executors|stores|formats)\b", text
    )


def test_only_the_writer_of_files_opens_them_for_writing() -> None:
    """Rule D1: everything that a reader may see half written goes through `files.atomic_write` or the store's own writer."""
    allowed = {"files.py", "executors/processes.py"}
    found = {
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*.py")
        if re.search(r"open\([^)\n]*[\"'][wax]b?[\"']|write_text\(|write_bytes\(", path.read_text())
    }
    assert found - allowed == set()


def test_nothing_opens_the_database_file_but_sqlite() -> None:
    """Rule D4: closing another descriptor of the file would drop SQLite's locks."""
    found = [
        path for path in PACKAGE.rglob("*.py") if re.search(r"open\([^)\n]*history\.db|read_bytes\(\).*history", path.read_text())
    ]
    assert found == []
