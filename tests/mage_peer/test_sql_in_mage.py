"""SQL files with templates give the same in the real mage-ai as here, on a database of its own each."""

from __future__ import annotations

from pathlib import Path

import pytest

from ..test_mage_sql import FILES, outputs, write
from .test_real_mage import load
from .test_roles_in_mage import in_mage

pytestmark = [pytest.mark.mage, pytest.mark.timeout(300)]


@pytest.mark.parametrize("mode", ["cli", "oneproc", "trigger"])
def test_sql_files_give_the_same_in_mage(mode: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import pandas

    project = write(tmp_path / "project", FILES)
    monkeypatch.setenv("WAREHOUSE", str(tmp_path / "theirs.duckdb"))
    report = in_mage(project, tmp_path / "out", "sqls", {"word": "it"}, mode)
    monkeypatch.setenv("WAREHOUSE", str(tmp_path / "ours.duckdb"))
    ours = outputs(project, word="it")
    describe = load("df_hash").describe
    assert (report["ok"], report["error"]) == (True, None)
    found = {name: block["outputs"][0]["loose"] for name, block in report["blocks"].items() if block["outputs"]}
    assert found == {name: describe(pandas.DataFrame(rows))["loose"] for name, rows in ours.items()}
