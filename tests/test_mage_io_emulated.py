"""The io classes against engines and emulators of their vendors: ClickHouse's own engine, Microsoft's Azurite."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from servers import Server
from test_mage_sql import ORDERS, entry, outputs, write

from jupyter_mage.mage_compat.io.azure_blob_storage import AzureBlobStorage
from jupyter_mage.mage_compat.io.clickhouse import ClickHouse
from jupyter_mage.mage_compat.io.config import ConfigFileLoader

KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="  # everybody's, in its manual
FRAME = pd.DataFrame(
    {
        "id": [1, 2, 3],
        "name": ["a", "it's", None],
        "price": [1.5, None, -2.25],
        "when": pd.to_datetime(["2024-01-01", "2024-01-02 03:04:05.678901", "2024-01-03"], format="ISO8601"),
        "ok": [True, False, True],
    }
)


@pytest.fixture
def clickhouse(clickhouse_server: Server) -> ClickHouse:
    settings = {"HOST": "127.0.0.1", "PORT": clickhouse_server.port, "DATABASE": "shop", "INTERFACE": "http"}
    return ClickHouse.with_config(ConfigFileLoader(config={f"CLICKHOUSE_{name}": value for name, value in settings.items()}))


def test_a_frame_goes_to_clickhouse_and_comes_back_equal(clickhouse: ClickHouse) -> None:
    for _ in range(2):
        clickhouse.export(FRAME, "people", "shop", if_exists="replace")
    found = clickhouse.load("SELECT * FROM people ORDER BY id", verbose=False)
    pd.testing.assert_frame_equal(found, FRAME, check_dtype=False)
    clickhouse.export(FRAME.head(1), "people", "shop", if_exists="append")
    assert clickhouse.load("SELECT count() AS n FROM people", verbose=False).n.tolist() == [4]
    with pytest.raises(ValueError, match="exists"):
        clickhouse.export(FRAME, "people", "shop", if_exists="fail")


def test_statements_run_in_order_and_give_what_is_fetched(clickhouse: ClickHouse) -> None:
    queries = [
        "DROP TABLE IF EXISTS z",
        "CREATE TABLE z (a Int64) ENGINE = Memory",
        "INSERT INTO z VALUES (1), (2)",
        "SELECT sum(a) AS n FROM z",
    ]
    assert clickhouse.execute_queries(queries, fetch_query_at_indexes=[False, False, False, True])[-1].n.tolist() == [3]


def test_sql_files_run_on_clickhouse(clickhouse_server: Server, tmp_path: Path) -> None:
    configuration = {"data_provider": "clickhouse", "data_provider_profile": "default", "export_write_policy": "replace"}
    blocks = [
        entry("orders", "data_loader", [], ["by_city"]),
        entry("by_city", "transformer", ["orders"], ["top"], language="sql", configuration=configuration),
        entry("top", "data_exporter", ["by_city"], [], language="sql", configuration={**configuration, "use_raw_sql": True}),
    ]
    files = {
        "metadata.yaml": "project_type: standalone\n",
        "io_config.yaml": f"version: 0.1.1\ndefault:\n  CLICKHOUSE_HOST: 127.0.0.1\n  CLICKHOUSE_PORT: {clickhouse_server.port}\n  CLICKHOUSE_DATABASE: marts\n  CLICKHOUSE_INTERFACE: http\n",
        "pipelines/sqls/metadata.yaml": json.dumps(
            {"blocks": blocks, "name": "sqls", "type": "python", "variables": {"least": 2}}
        ),
        "data_loaders/orders.py": ORDERS,
        "transformers/by_city.sql": "SELECT city, sum(amount) AS total FROM {{ df_1 }} WHERE amount >= {{ least }} GROUP BY city ORDER BY city",
        "data_exporters/top.sql": "SELECT max(total) AS most FROM {{ df_1 }}",
    }
    found = outputs(write(tmp_path / "project", files))
    assert (found["by_city"], found["top"]) == ([{"city": "a", "total": 2.25}, {"city": "b", "total": 4.0}], [{"most": 4.0}])


def test_a_frame_goes_to_azure_and_comes_back_equal(azure_server: Server) -> None:
    address = f"DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;AccountKey={KEY};BlobEndpoint=http://127.0.0.1:{azure_server.port}/devstoreaccount1;"
    config = ConfigFileLoader(config={"AZURE_STORAGE_ACCOUNT_NAME": "devstoreaccount1"})
    storage = AzureBlobStorage.with_config(config, connection_string=address)
    storage.filesystem.mkdir("lake")
    for name in ("people.parquet", "deep/er/people.csv"):
        storage.export(FRAME, "lake", name)
        assert storage.exists("lake", name)
        found = storage.load(
            "lake", name, **({"parse_dates": ["when"], "date_format": "ISO8601"} if name.endswith("csv") else {})
        )
        pd.testing.assert_frame_equal(found[["id", "name", "price", "when", "ok"]], FRAME, check_dtype=False)
    with pytest.raises(FileExistsError, match="overwrite"):
        storage.export(FRAME, "lake", "people.parquet")
    storage.export(FRAME.head(1), "lake", "people.parquet", upload_kwargs={"overwrite": True})
    assert len(storage.load("lake", "people.parquet")) == 1
    with pytest.raises(FileNotFoundError):
        storage.load("lake", "nothing.parquet")
