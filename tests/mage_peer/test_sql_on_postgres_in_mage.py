"""SQL files on a real PostgreSQL give the same in the real mage-ai as here, also as a trigger's run under its scheduler."""

from __future__ import annotations

from pathlib import Path

import pytest

from ..servers import Server
from ..test_mage_sql import outputs, write
from ..test_mage_sql_servers import files
from .test_real_mage import load
from .test_roles_in_mage import in_mage

pytestmark = [pytest.mark.mage, pytest.mark.timeout(300)]


@pytest.mark.parametrize("mode", ["cli", "trigger"])
def test_sql_files_on_postgres_give_the_same_in_mage(mode: str, postgres_server: Server, tmp_path: Path) -> None:
    import pandas

    project = write(tmp_path / "project", files("postgres", postgres_server.port))
    config = project / "io_config.yaml"
    ours = outputs(project)
    # the run has no network: it finds the server by its socket
    config.write_text(config.read_text().replace("127.0.0.1", str(postgres_server.folder)))
    report = in_mage(project, tmp_path / "out", "sqls", {}, mode)
    describe = load("df_hash").describe
    assert (report["ok"], report["error"]) == (True, None)
    found = {name: block["outputs"][0]["loose"] for name, block in report["blocks"].items() if block["outputs"]}
    frames = {name: pandas.DataFrame(rows) if isinstance(rows, list) else rows for name, rows in ours.items()}
    assert found == {name: describe(value)["loose"] for name, value in frames.items()}
