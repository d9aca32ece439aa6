"""SQL files of Mage projects on real servers: PostgreSQL and MariaDB, which the tests start themselves."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from servers import Server
from test_mage_sql import ORDERS, entry, outputs, write

IO = {
    "postgres": "POSTGRES_DBNAME: shop\n  POSTGRES_SCHEMA: public\n  POSTGRES_USER: mage\n  POSTGRES_PASSWORD: pg-s3cret-word\n"
    "  POSTGRES_HOST: 127.0.0.1\n  POSTGRES_PORT: {port}\n",
    "mysql": "MYSQL_DATABASE: shop\n  MYSQL_USER: mage\n  MYSQL_PASSWORD: my-s3cret-word\n  MYSQL_HOST: 127.0.0.1\n  MYSQL_PORT: {port}\n",
}


def files(provider: str, port: int, policy: str = "replace", table: str = "") -> dict[str, str]:
    """A loader's frame, SQL on it, SQL on that, statements that make a table, and all of it together."""
    usual = {"data_provider": provider, "data_provider_profile": "default", "export_write_policy": policy}
    named = {**usual, "data_provider_table": table} if table else usual
    blocks = [
        entry("orders", "data_loader", [], ["by_city"]),
        entry("by_city", "transformer", ["orders"], ["rich", "top"], language="sql", configuration=named),
        entry("rich", "transformer", ["by_city"], ["top"], language="sql", configuration={**usual, "use_raw_sql": True}),
        entry("made", "data_loader", [], ["top"], language="sql", configuration={**usual, "use_raw_sql": True}),
        entry("top", "data_exporter", ["by_city", "rich", "made"], ["seen"], language="sql", configuration=usual),
        entry("seen", "custom", ["top"], []),
    ]
    return {
        "metadata.yaml": "project_type: standalone\nhelp_improve_mage: false\n",
        "io_config.yaml": "version: 0.1.1\ndefault:\n  " + IO[provider].format(port=port),
        "pipelines/sqls/metadata.yaml": json.dumps(
            {"blocks": blocks, "name": "sqls", "type": "python", "variables": {"least": 2, "word": "it's"}}
        ),
        "data_loaders/orders.py": ORDERS,
        "transformers/by_city.sql": "-- sums\nSELECT city, sum(amount) AS total, '{{ word | replace(\"'\", \"''\") }}' AS word\nFROM {{ df_1 }}\n"
        "{% if least > 1 %}WHERE amount >= {{ least }}{% endif %}\nGROUP BY city\nORDER BY city\n",
        "transformers/rich.sql": "SELECT city, total FROM {{ df_1 }} WHERE total > {{ variables('least') }}\n",
        "data_loaders/made.sql": "DROP TABLE IF EXISTS made_table;\nCREATE TABLE made_table (n INTEGER, note VARCHAR(20));\n"
        "INSERT INTO made_table VALUES (1, 'a;b'), (2, '100 %');\n",
        "data_exporters/top.sql": "SELECT b.city, b.total, r.total AS amount, m.n FROM {{ df_1 }} b\nJOIN {{ df_2 }} AS r ON r.city = b.city\n"
        "JOIN made_table m ON m.n = 1 ORDER BY b.city",
        "custom/seen.py": "@custom\ndef seen(top, *args, **kwargs):\n    return {'rows': len(top), 'most': float(top.total.max())}\n",
    }


@pytest.fixture(params=["postgres", "mysql"])
def place(request: pytest.FixtureRequest) -> tuple[str, Server]:
    name = "postgres_server" if request.param == "postgres" else "mariadb_server"
    return request.param, request.getfixturevalue(name)


def test_files_with_templates_frames_and_statements_run_on_a_server(place: tuple[str, Server], tmp_path: Path) -> None:
    provider, server = place
    found = outputs(write(tmp_path / "project", files(provider, server.port)))
    plain = {name: each for name, each in found.items() if name != "seen"}
    assert plain["by_city"] == [
        {"city": "a", "total": 2.25, "word": "it's"},
        {"city": "b", "total": 4.0, "word": "it's"},
    ]
    assert plain["rich"] == [{"city": "a", "total": 2.25}, {"city": "b", "total": 4.0}]
    assert plain["made"] == [{"n": 1, "note": "a;b"}, {"n": 2, "note": "100 %"}]
    assert plain["top"] == [
        {"city": "a", "total": 2.25, "amount": 2.25, "n": 1},
        {"city": "b", "total": 4.0, "amount": 4.0, "n": 1},
    ]
    assert found["seen"] == {"rows": 2, "most": 4.0}


@pytest.mark.parametrize(("policy", "rows"), [("append", 4), ("replace", 2)])
def test_a_second_run_appends_or_replaces_as_the_block_says(place, policy: str, rows: int, tmp_path: Path) -> None:
    provider, server = place
    project = write(tmp_path / "project", files(provider, server.port, policy, f"cities_{policy}"))
    first, second = outputs(project)["by_city"], outputs(project)["by_city"]
    assert (len(first), len(second)) == (2, rows)


def test_a_table_that_is_there_stops_a_block_that_wants_to_make_it(place, tmp_path: Path) -> None:
    provider, server = place
    project = write(tmp_path / "project", files(provider, server.port, "fail", "cities_fail"))
    assert len(outputs(project)["by_city"]) == 2
    message, *_ = outputs(project)["by_city"]
    assert "cities_fail" in message and "exist" in message


def test_what_the_server_refuses_is_said_with_its_block_and_without_the_password(place, tmp_path: Path) -> None:
    provider, server = place
    project = write(tmp_path / "project", files(provider, server.port))
    (project / "transformers/rich.sql").write_text("SELECT nothing_such FROM {{ df_1 }}")
    message: Any = outputs(project)["rich"][0]
    assert "nothing_such" in message and "s3cret" not in message
