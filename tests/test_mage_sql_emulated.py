"""SQL files of Mage projects for Snowflake, on what stands in for it here: fakesnow, which is DuckDB in Snowflake's words."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from test_mage_sql import ORDERS, entry, write

IO = (
    "version: 0.1.1\ndefault:\n  SNOWFLAKE_ACCOUNT: acc\n  SNOWFLAKE_USER: u\n  SNOWFLAKE_PASSWORD: sn0w-word\n"
    "  SNOWFLAKE_DEFAULT_DB: SHOP\n  SNOWFLAKE_DEFAULT_SCHEMA: MARTS\n"
)


def files() -> dict[str, str]:
    usual = {"data_provider": "snowflake", "data_provider_profile": "default", "export_write_policy": "replace"}
    adds = {**usual, "export_write_policy": "append", "data_provider_table": "kept"}
    raw = {**usual, "use_raw_sql": True}
    blocks = [
        entry("orders", "data_loader", [], ["by_city"]),
        entry("by_city", "transformer", ["orders"], ["rich", "top", "kept"], language="sql", configuration=usual),
        entry("rich", "transformer", ["by_city"], ["top"], language="sql", configuration=raw),
        entry("made", "data_loader", [], ["top"], language="sql", configuration=raw),
        entry("top", "data_exporter", ["by_city", "rich", "made"], [], language="sql", configuration=usual),
        entry("kept", "data_exporter", ["by_city"], [], language="sql", configuration=adds),
    ]
    return {
        "metadata.yaml": "project_type: standalone\n",
        "io_config.yaml": IO,
        "pipelines/sqls/metadata.yaml": json.dumps({"blocks": blocks, "variables": {"least": 2}}),
        "data_loaders/orders.py": ORDERS,
        "transformers/by_city.sql": "SELECT city, sum(amount) AS total FROM {{ df_1 }} WHERE amount >= {{ least }} GROUP BY city ORDER BY city",
        "transformers/rich.sql": "SELECT city, total FROM {{ df_1 }} WHERE total > {{ variables('least') }}",
        "data_loaders/made.sql": "CREATE OR REPLACE TABLE made_table AS\n"  # one statement: fakesnow cannot do two in one transaction
        "SELECT 1 AS n, 'a;b' AS note UNION ALL SELECT 2, 'c';\n",
        "data_exporters/top.sql": "SELECT b.city, b.total, r.total AS amount, m.n FROM {{ df_1 }} b JOIN {{ df_2 }} AS r ON r.city = b.city\n"
        "JOIN made_table m ON m.n = 1 ORDER BY b.city",
        "data_exporters/kept.sql": "SELECT city FROM {{ df_1 }}",
    }


CITIES = [{"city": "a", "total": 2.25}, {"city": "b", "total": 4.0}]


def is_right(first: dict[str, Any], second: dict[str, Any]) -> bool:
    """Whether two runs gave what the files say; the second appends to one table and replaces the others."""
    for found in (first, second):
        assert found["by_city"] == found["rich"] == CITIES
        assert found["made"] == [{"n": 1, "note": "a;b"}, {"n": 2, "note": "c"}]
        assert found["top"] == [{**row, "amount": row["total"], "n": 1} for row in CITIES]
    assert (len(first["kept"]), len(second["kept"])) == (2, 4)
    return True


# ------------------------------------------------------------------------------------------------------------- Snowflake

RUN = """
import json, sys, warnings
from pathlib import Path
warnings.simplefilter("ignore")
import fakesnow
from test_mage_sql import outputs
with fakesnow.patch():
    found = [outputs(Path(sys.argv[1])) for _ in range(2)]
Path(sys.argv[2]).write_text(json.dumps(found, default=str))
"""


@pytest.fixture(scope="session")
def fake_snowflake() -> Path:
    """A folder with fakesnow and the last connector of Snowflake's that it can stand in for; not in our environment, which has a newer one."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "jupyter_mage_tests"
    folder = cache / f"fakesnow-{sys.version_info[0]}.{sys.version_info[1]}"
    if not (folder / "fakesnow").is_dir():
        making = cache / f"{folder.name}.{os.getpid()}"
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--target", str(making)]
        subprocess.run([*pip, "snowflake-connector-python<5"], check=True)
        subprocess.run([*pip, "--no-deps", "fakesnow"], check=True)
        making.rename(folder)
    return folder


@pytest.mark.timeout(300)
def test_sql_files_run_on_snowflakes_stand_in(fake_snowflake: Path, tmp_path: Path) -> None:
    project = write(tmp_path / "project", files())
    paths = [str(fake_snowflake), str(Path(__file__).parent), *sys.path]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}
    command = [sys.executable, "-c", RUN, str(project), str(tmp_path / "found.json")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert is_right(*json.loads((tmp_path / "found.json").read_text()))
