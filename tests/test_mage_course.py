"""A project in the style of the well-known data engineering course, its blocks as people write them, on real local servers."""

from __future__ import annotations

import gzip
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from servers import Server

from jupyter_mage.cli.commands import cli
from jupyter_mage.formats import mage
from jupyter_mage.session import Session

TRIPS = "pickup,passengers,amount\n" + "".join(f"2021-0{1 + n % 2}-0{1 + n % 9} 10:00:00,{n % 4},{n}.5\n" for n in range(40))

FILES = {
    "metadata.yaml": "project_type: standalone\n",
    "io_config.yaml": """
version: 0.1.1
default:
  DUCKDB_DATABASE: warehouse.duckdb
dev:
  POSTGRES_CONNECT_TIMEOUT: 10
  POSTGRES_DBNAME: "{{ env_var('POSTGRES_DBNAME') }}"
  POSTGRES_SCHEMA: "{{ env_var('POSTGRES_SCHEMA') }}"
  POSTGRES_USER: "{{ env_var('POSTGRES_USER') }}"
  POSTGRES_PASSWORD: "{{ mage_secret_var('pg_password') }}"
  POSTGRES_HOST: "{{ env_var('POSTGRES_HOST') }}"
  POSTGRES_PORT: "{{ env_var('POSTGRES_PORT') }}"
  AWS_ACCESS_KEY_ID: lake
  AWS_SECRET_ACCESS_KEY: "{{ env_var('LAKE_SECRET') }}"
  AWS_REGION: us-east-1
  AWS_ENDPOINT: "{{ env_var('LAKE_ENDPOINT') }}"
""",
    "data_loaders/load_api_data.py": """
import io
import pandas as pd
import requests
if 'data_loader' not in globals():
    from mage_ai.data_preparation.decorators import data_loader
if 'test' not in globals():
    from mage_ai.data_preparation.decorators import test


@data_loader
def load_data_from_api(*args, **kwargs):
    url = kwargs['api'] + '/yellow.csv.gz'
    return pd.read_csv(url, sep=',', compression='gzip', dtype={'passengers': pd.Int64Dtype(), 'amount': float},
                       parse_dates=['pickup'])


@test
def test_output(output, *args) -> None:
    assert output is not None, 'The output is undefined'
""".replace("import requests\n", ""),
    "transformers/transform_taxi_data.py": """
if 'transformer' not in globals():
    from mage_ai.data_preparation.decorators import transformer
if 'test' not in globals():
    from mage_ai.data_preparation.decorators import test


@transformer
def transform(data, *args, **kwargs):
    print(f"Preprocessing: rows with zero passengers: {data['passengers'].isin([0]).sum()}")
    return data[data['passengers'] > 0]


@test
def test_output(output, *args):
    assert output['passengers'].isin([0]).sum() == 0, 'There are rides with zero passengers'
""",
    "data_exporters/taxi_data_to_postgres.py": """
from mage_ai.settings.repo import get_repo_path
from mage_ai.io.config import ConfigFileLoader
from mage_ai.io.postgres import Postgres
from pandas import DataFrame
from os import path

if 'data_exporter' not in globals():
    from mage_ai.data_preparation.decorators import data_exporter


@data_exporter
def export_data_to_postgres(df: DataFrame, **kwargs) -> None:
    schema_name = 'ny_taxi'
    table_name = 'yellow_cab_data'
    config_path = path.join(get_repo_path(), 'io_config.yaml')
    config_profile = 'dev'

    with Postgres.with_config(ConfigFileLoader(config_path, config_profile)) as loader:
        loader.export(
            df,
            schema_name,
            table_name,
            index=False,  # Specifies whether to include index in exported table
            if_exists='replace',  # Specify resolution policy if table name already exists
        )
""",
    "data_exporters/taxi_to_lake_partitioned.py": """
import os
import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import fs
if 'data_exporter' not in globals():
    from mage_ai.data_preparation.decorators import data_exporter


@data_exporter
def export_data(data, *args, **kwargs):
    data['pickup_date'] = data['pickup'].dt.date.astype(str)
    lake = fs.S3FileSystem(access_key='lake', secret_key=os.environ['LAKE_SECRET'],
                           endpoint_override=os.environ['LAKE_ENDPOINT'], scheme='http', allow_bucket_creation=True)
    lake.create_dir('taxi')
    table = pa.Table.from_pandas(data, preserve_index=False)
    pq.write_to_dataset(table, root_path='taxi/nyc_taxi_data', partition_cols=['pickup_date'], filesystem=lake)
""",
    "data_loaders/load_postgres.py": """
from mage_ai.settings.repo import get_repo_path
from mage_ai.io.config import ConfigFileLoader
from mage_ai.io.postgres import Postgres
from os import path
if 'data_loader' not in globals():
    from mage_ai.data_preparation.decorators import data_loader


@data_loader
def load_data_from_postgres(*args, **kwargs):
    query = "SELECT date_trunc('month', pickup) AS month, count(*) AS n, sum(amount) AS amount FROM ny_taxi.yellow_cab_data " \\
        "WHERE pickup::text LIKE '2021%' GROUP BY 1 ORDER BY 1"
    config_path = path.join(get_repo_path(), 'io_config.yaml')
    with Postgres.with_config(ConfigFileLoader(config_path, 'dev')) as loader:
        return loader.load(query)
""",
    "data_loaders/lake_to_warehouse.py": """
from mage_ai.settings.repo import get_repo_path
from mage_ai.io.config import ConfigFileLoader
from mage_ai.io.s3 import S3
from mage_ai.io.duckdb import DuckDB
from os import path
import os
import pyarrow.parquet as pq
from pyarrow import fs
if 'data_loader' not in globals():
    from mage_ai.data_preparation.decorators import data_loader


@data_loader
def load_from_lake(*args, **kwargs):
    config_path = path.join(get_repo_path(), 'io_config.yaml')
    lake = fs.S3FileSystem(access_key='lake', secret_key=os.environ['LAKE_SECRET'],
                           endpoint_override=os.environ['LAKE_ENDPOINT'], scheme='http')
    trips = pq.ParquetDataset('taxi/nyc_taxi_data', filesystem=lake).read().to_pandas()
    storage = S3.with_config(ConfigFileLoader(config_path, 'dev'))
    storage.export(trips, 'taxi', 'all/trips.parquet')
    trips = storage.load('taxi', 'all/trips.parquet')
    with DuckDB.with_config(ConfigFileLoader(config_path, 'default')) as warehouse:
        warehouse.export(trips, 'main', 'trips', if_exists='replace')
        return warehouse.load('SELECT count(*) AS n, sum(amount) AS amount FROM main.trips')
""",
    "pipelines/api_to_postgres/metadata.yaml": """
blocks:
- {uuid: load_api_data, type: data_loader, upstream_blocks: [], downstream_blocks: [transform_taxi_data]}
- uuid: transform_taxi_data
  type: transformer
  upstream_blocks: [load_api_data]
  downstream_blocks: [taxi_data_to_postgres, taxi_to_lake_partitioned]
- {uuid: taxi_data_to_postgres, type: data_exporter, upstream_blocks: [transform_taxi_data], downstream_blocks: []}
- {uuid: taxi_to_lake_partitioned, type: data_exporter, upstream_blocks: [transform_taxi_data], downstream_blocks: []}
variables:
  api: http://not-set
""",
    "pipelines/to_warehouse/metadata.yaml": """
blocks:
- {uuid: load_postgres, type: data_loader, upstream_blocks: [], downstream_blocks: []}
- {uuid: lake_to_warehouse, type: data_loader, upstream_blocks: [], downstream_blocks: []}
""",
}

SQL = "language: sql, configuration: {data_provider: postgres, data_provider_profile: dev, data_provider_schema: ny_taxi,"
FILES |= {
    "pipelines/marts/metadata.yaml": f"""
blocks:
- {{uuid: zones, type: data_loader, upstream_blocks: [], downstream_blocks: [revenue]}}
- {{uuid: months, type: data_loader, upstream_blocks: [], downstream_blocks: [revenue],
   {SQL} export_write_policy: replace, dbt: {{}}}}}}
- {{uuid: revenue, type: transformer, upstream_blocks: [zones, months], downstream_blocks: [mart],
   {SQL} export_write_policy: replace, data_provider_table: revenue}}}}
- {{uuid: mart, type: data_exporter, upstream_blocks: [revenue], downstream_blocks: [],
   {SQL} use_raw_sql: true}}}}
variables: {{least: 1, year: '2021'}}
""",
    "pipelines/marts/triggers.yaml": """
triggers:
- name: every morning  # before work
  schedule_type: time
  schedule_interval: '@daily'
  start_time: 2024-01-01 00:00:00
  status: active
  variables: {least: 2}
  settings: {skip_if_previous_running: true}
""",
    "data_loaders/zones.py": """
import pandas as pd
if 'data_loader' not in globals():
    from mage_ai.data_preparation.decorators import data_loader


@data_loader
def load(*args, **kwargs):
    return pd.DataFrame({'In Month': [1, 2], 'Season': ['it''s cold', 'still cold']})
""".replace("it''s", "it is"),
    "data_loaders/months.sql": """
-- Docs: https://docs.mage.ai/guides/sql-blocks
SELECT extract(month FROM pickup)::int AS month, sum(amount) AS amount, '100%' AS part
FROM ny_taxi.yellow_cab_data
WHERE pickup::text LIKE '{{ year }}%' AND passengers >= {{ least }} AND '{{ ds }}' > '2021-01-01'
GROUP BY 1
""",
    "transformers/revenue.sql": """
SELECT z.season, m.month, m.amount FROM {{ df_1 }} AS z JOIN {{ df_2 }} AS m ON m.month = z.in_month ORDER BY 2;
""",
    "data_exporters/mart.sql": """
CREATE SCHEMA IF NOT EXISTS marts;
DROP TABLE IF EXISTS marts.by_season;
CREATE TABLE marts.by_season (season TEXT, amount NUMERIC(12, 2) DEFAULT 0);
INSERT INTO marts.by_season
{% for season in ('it is cold', 'still cold') %}
SELECT season, amount FROM {{ df_1 }} WHERE season = '{{ season }}' {% if not loop.last %}UNION ALL{% endif %}
{% endfor %};
""",
}


@pytest.fixture
def api() -> Iterator[str]:
    """The web service that gives the trips."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = gzip.compress(TRIPS.encode()) if self.path == "/yellow.csv.gz" else b""
            self.send_response(200 if body else 404)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def test_the_courses_project_runs(
    tmp_path: Path, api: str, postgres_server: Server, s3_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "magic-zoomcamp"
    for name, text in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text.lstrip("\n"))
    (root / ".env").write_text(
        f"POSTGRES_DBNAME=shop\nPOSTGRES_SCHEMA=ny_taxi\nPOSTGRES_USER=mage\nPOSTGRES_HOST=127.0.0.1\nPOSTGRES_PORT={postgres_server.port}\n"
        f"LAKE_SECRET=lake-s3cret-key\nLAKE_ENDPOINT=http://127.0.0.1:{s3_server.port}\n"
    )
    monkeypatch.chdir(root)
    from jupyter_mage import vault

    vault.put(root, "pg_password", "pg-s3cret-word")
    session = Session.open(root, "api_to_postgres")
    run = session.run(variables={"api": api}, workers=2)
    assert {name: block.status for name, block in run.blocks.items()} == dict.fromkeys(run.blocks, "succeeded"), [
        each.failure for each in run.failed
    ]
    assert session.run(variables={"api": api}, workers=2).status == "succeeded"  # replace: no row twice
    session.close()

    session = Session.open(root, "to_warehouse")
    run = session.run(workers=2)
    assert run.status == "succeeded", run.failed
    months = session.value("load_postgres")
    assert [str(month)[:7] for month in months.month] == ["2021-01", "2021-02"]
    assert (months.n.sum(), months.amount.sum()) == (30, sum(n + 0.5 for n in range(40) if n % 4))
    warehouse = session.value("lake_to_warehouse")
    assert warehouse.n.tolist() == [60]  # two runs appended a file each to every partition, as Parquet data sets do
    assert "s3cret" not in "".join(block.log for block in run.blocks.values())
    session.close()

    session = Session.open(root, "marts")
    for expected, variables in ((30, {}), (20, {"least": 2})):
        run = session.run(workers=2, variables=variables)
        assert run.status == "succeeded", [each.failure for each in run.failed]
        wanted = [sum(n + 0.5 for n in range(40) if n % 4 >= 1 + (expected == 20) and n % 2 == month) for month in (0, 1)]
        assert session.value("revenue").to_dict("records") == [
            {"season": season, "month": month, "amount": amount}
            for season, month, amount in zip(("it is cold", "still cold"), (1, 2), wanted, strict=True)
        ]
        assert session.value("mart").season.tolist() == ["it is cold", "still cold"]
        assert session.value("mart").amount.astype(float).tolist() == wanted
    session.close()


def test_the_courses_schedule_is_kept_shown_and_checked(tmp_path: Path) -> None:
    root = tmp_path / "magic-zoomcamp"
    for name, text in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text.lstrip("\n"))
    shown = CliRunner(env={"COLUMNS": "140"}).invoke(cli, ["list", str(root)])
    checked = CliRunner(env={"COLUMNS": "140"}).invoke(cli, ["check", str(root)])
    assert (checked.exit_code, checked.output) == (0, "no problems found; nothing was run\n")
    assert [line.split()[0] for line in shown.output.splitlines() if line.rstrip().endswith("every morning (@daily)")] == [
        "marts"
    ]
    place = root / "pipelines/marts/triggers.yaml"
    before = place.read_text()
    mage.format.write(mage.format.read(root, "marts"), root)
    assert place.read_text() == before
    place.write_text(before.replace("@daily", "at dawn"))
    assert "at dawn" in CliRunner(env={"COLUMNS": "140"}).invoke(cli, ["check", str(root)]).output
