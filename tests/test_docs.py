"""The documentation runs: every `python` fence of a page is a cell of one notebook, every `bash` fence a shell in its folder."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FENCE = re.compile(r"^```(python|bash)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


PAGES = [
    "docs/blocks.md",
    "docs/running.md",
    "docs/mage.md",
    "docs/connections.md",
    "docs/looking_into_blocks.md",
    "docs/screens.md",
    "docs/testing.md",
    "docs/screens.md",
]


@pytest.mark.parametrize("page", PAGES)
def test_page_runs_from_top_to_bottom(page: str, tmp_path: Path) -> None:
    import nbclient
    import nbformat

    fences = FENCE.findall((ROOT / page).read_text())
    cells = [nbformat.v4.new_code_cell(text.strip()) for language, text in fences if language == "python"]
    nbclient.execute(nbformat.v4.new_notebook(cells=cells), cwd=str(tmp_path), timeout=120)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    for text in (text for language, text in fences if language == "bash"):
        subprocess.run(["bash", "-euc", text], cwd=tmp_path, env={**os.environ, "PATH": path}, check=True, timeout=120)


@pytest.mark.parametrize(
    "page", ["README.md", "CONTRIBUTING.md", *(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md"))]
)
def test_page_links_to_what_is_there(page: str) -> None:
    text = (ROOT / page).read_text()
    targets = [target for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", text) if "://" not in target]
    missing = [target for target in targets if not ((ROOT / page).parent / target).exists()]
    assert missing == []


def test_readme_is_short_and_changelog_has_this_version() -> None:
    import jupyter_mage

    assert len((ROOT / "README.md").read_text().splitlines()) <= 150
    assert f"## {jupyter_mage.__version__}" in (ROOT / "CHANGELOG.md").read_text()
    assert len((ROOT / "AGENTS.md").read_text().splitlines()) <= 40
