"""The io classes whose servers nobody can start here: against an emulator, or against the contract, as each test says.

Google Cloud Storage: an emulator from PyPI. BigQuery: its own client against a small HTTP server that answers as the REST documentation
says. MongoDB: mongomock. ClickHouse, SQL Server, Redshift, Snowflake, Azure: the calls and statements that leave us; no server answers.
"""

from __future__ import annotations

import http.server
import json
import re
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pandas as pd
import pytest
from servers import free_port, own_folder, running

from jupyter_mage.errors import DefinitionError
from jupyter_mage.mage_compat.io import azure_blob_storage, clickhouse, mssql, redshift, snowflake
from jupyter_mage.mage_compat.io._columns import columns_of
from jupyter_mage.mage_compat.io.bigquery import BigQuery
from jupyter_mage.mage_compat.io.config import ConfigFileLoader
from jupyter_mage.mage_compat.io.google_cloud_storage import GoogleCloudStorage
from jupyter_mage.mage_compat.io.mongodb import MongoDB

FRAME = pd.DataFrame({"a": [1, 2], "b": ["x", "y"]})


def test_google_cloud_storage_against_its_emulator(monkeypatch: pytest.MonkeyPatch) -> None:
    port = free_port()
    with own_folder() as (folder, _):
        command = [sys.executable, "-m", "gcp_storage_emulator", "start", "--host=127.0.0.1", f"--port={port}", "--in-memory"]
        with running([*command, "--default-bucket=lake"], port, folder):
            monkeypatch.setenv("STORAGE_EMULATOR_HOST", f"http://127.0.0.1:{port}")
            storage = GoogleCloudStorage(credentials="anon", project="p")
            storage.export(FRAME, "lake", "trips/one.parquet")
            assert storage.load("lake", "trips/one.parquet").to_dict("list") == FRAME.to_dict("list")
            assert (storage.exists("lake", "trips/one.parquet"), storage.exists("lake", "trips/two.parquet")) == (True, False)
            with pytest.raises(FileNotFoundError):
                storage.load("lake", "trips/two.parquet")


class _BigQuery(http.server.BaseHTTPRequestHandler):
    """What BigQuery's REST interface answers, for the few calls that are made; it keeps what it was asked."""

    asked: list[tuple[str, str, Any]] = []  # noqa: RUF012

    def _answer(self, body: Any, **headers: str) -> None:
        content = json.dumps(body).encode()
        self.send_response(200)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(content)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def _body(self) -> Any:
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.headers.get("Content-Type", "").startswith("multipart/related"):  # an upload: its settings, then the file
            raw = raw.replace(b"\r\n", b"\n").split(b"\n\n", 1)[1].split(b"\n--", 1)[0]
        return json.loads(raw) if raw[:1] == b"{" else None

    def _do(self) -> None:
        body, path = self._body(), self.path.split("?")[0]
        self.asked.append((self.command, path, body))
        job = {"jobReference": {"projectId": "p", "jobId": "j", "location": "EU"}, "status": {"state": "DONE"}}
        table = {"projectId": "p", "datasetId": "d", "tableId": "t"}
        if path.startswith(("/upload/", "/resumable/")):
            done = {**job, "configuration": {"load": {"destinationTable": table}}, "statistics": {"load": {"outputRows": "2"}}}
            self._answer(done, Location=f"http://{self.headers['Host']}/resumable/1")
        elif "/queries" in path:
            schema = {"fields": [{"name": "a", "type": "INTEGER"}, {"name": "b", "type": "STRING"}]}
            rows = [{"f": [{"v": "1"}, {"v": "x"}]}, {"f": [{"v": "2"}, {"v": "y"}]}]
            self._answer({**job, "jobComplete": True, "schema": schema, "rows": rows, "totalRows": "2"})
        elif "/jobs" in path:
            self._answer({**job, "configuration": {"query": {"query": "SELECT 1", "destinationTable": table}}})
        else:
            self._answer({"datasetReference": {"projectId": "p", "datasetId": "d"}, "tableReference": table})

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = _do

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def bigquery() -> Iterator[BigQuery]:
    from google.auth.credentials import AnonymousCredentials

    _BigQuery.asked.clear()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _BigQuery)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    options = {"api_endpoint": f"http://127.0.0.1:{server.server_address[1]}"}
    yield BigQuery(project="p", credentials=AnonymousCredentials(), client_options=options, verbose=False)
    server.shutdown()
    server.server_close()


@pytest.mark.filterwarnings(
    "ignore::UserWarning",
    "ignore::DeprecationWarning",
    "ignore::PendingDeprecationWarning",
    "ignore::FutureWarning",
    "ignore::ResourceWarning",
)
def test_bigquery_against_the_recorded_contract(bigquery: BigQuery) -> None:
    assert bigquery.load("SELECT * FROM d.t", limit=2, verbose=False).to_dict("list") == FRAME.to_dict("list")
    bigquery.export(FRAME, "d.t", if_exists="append")
    bigquery.export(None, "p.d.t", query_string="SELECT 1")
    loads = [
        body["configuration"]["load"]
        for _, path, body in _BigQuery.asked
        if path.startswith("/upload/") and isinstance(body, dict)
    ]
    assert [(each["writeDisposition"], each["destinationTable"]) for each in loads] == [
        ("WRITE_APPEND", {"projectId": "p", "datasetId": "d", "tableId": "t"})
    ]
    queries = [
        body["configuration"]["query"]
        for _, path, body in _BigQuery.asked
        if path.endswith("/jobs") and isinstance(body, dict) and "query" in body["configuration"]
    ]
    assert [(each["query"], each["writeDisposition"]) for each in queries if "destinationTable" in each] == [
        ("SELECT 1", "WRITE_TRUNCATE")
    ]
    with pytest.raises(DefinitionError, match="table_id is 't'"):
        bigquery.export(FRAME, "t")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_mongodb_against_mongomock(monkeypatch: pytest.MonkeyPatch) -> None:
    import mongomock
    import pymongo

    monkeypatch.setattr(pymongo, "MongoClient", mongomock.MongoClient)
    config = {"MONGODB_HOST": "127.0.0.1", "MONGODB_DATABASE": "shop", "MONGODB_USER": "u", "MONGODB_PASSWORD": "p@ss-w0rd"}
    loader = MongoDB.with_config(ConfigFileLoader(config=config))
    loader.export(FRAME, "people")
    loader.export([{"a": 3, "b": "z"}], "people")
    assert loader.load("people", {"a": {"$gt": 1}}).drop(columns="_id").to_dict("list") == {"a": [2, 3], "b": ["y", "z"]}
    with pytest.raises(DefinitionError, match="needs a collection"):
        loader.load()


class _Client:
    """Takes what is sent to ClickHouse."""

    def __init__(self, there: bool) -> None:
        self.there, self.sent = there, []

    def command(self, text: str, **_: Any) -> int:
        self.sent.append(re.sub(r"\s+", " ", text))
        return int(self.there)

    def insert_df(self, table: str, frame: pd.DataFrame) -> None:
        self.sent.append(f"{len(frame)} rows into {table}")

    def query_df(self, query: str, **_: Any) -> pd.DataFrame:
        self.sent.append(re.sub(r"\s+", " ", query))
        return FRAME


@pytest.mark.parametrize(
    ("there", "policy", "sent"),
    [
        (False, "append", ["EXISTS TABLE shop.t", "CREATE TABLE shop.t (`a` Int64, `b` String) ENGINE = Memory", "2 rows into shop.t"]),
        (True, "append", ["EXISTS TABLE shop.t", "2 rows into shop.t"]),
        (True, "replace", ["EXISTS TABLE shop.t", "DROP TABLE shop.t", "CREATE TABLE shop.t (`a` Int64, `b` String) ENGINE = Memory", "2 rows into shop.t"]),
    ],
)  # fmt: skip
def test_clickhouse_sends_these_statements(there: bool, policy: str, sent: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    import clickhouse_connect

    client = _Client(there)
    monkeypatch.setattr(clickhouse_connect, "get_client", lambda **_: client)
    loader = clickhouse.ClickHouse.with_config(ConfigFileLoader(config={"CLICKHOUSE_HOST": "h", "CLICKHOUSE_DATABASE": "shop"}))
    loader.verbose = False
    loader.export(FRAME, "t", if_exists=policy)
    assert client.sent == sent
    loader.load("SELECT * FROM t;", limit=5)
    assert client.sent[-1] == "SELECT * FROM ( SELECT * FROM t ) LIMIT 5"


def created(loader: Any, dialect: Any) -> str:
    from sqlalchemy.schema import CreateTable

    frame = pd.DataFrame({"a": [1], "b": ["x"], "c": [1.5], "d": pd.to_datetime(["2024-01-01"]), "e": [True]})
    table = loader._table("Sales", "Main", columns_of(frame, keys=("b",)), ("b",))
    return re.sub(r"\s+", " ", str(CreateTable(table).compile(dialect=dialect))).strip()


def test_sql_server_gets_this_address_and_statement() -> None:
    from sqlalchemy.dialects import mssql as dialect

    config = {
        "MSSQL_DATABASE": "d",
        "MSSQL_HOST": "h",
        "MSSQL_USER": "u",
        "MSSQL_PASSWORD": "p@ss",
        "MSSQL_DRIVER": "ODBC Driver 18",
    }
    loader = mssql.MSSQL.with_config(ConfigFileLoader(config=config))
    address, arguments = loader._address()
    assert (address.render_as_string(hide_password=False), arguments) == ("mssql+pymssql://u:p%40ss@h:1433/d", {})
    assert created(loader, dialect.dialect()) == (
        "CREATE TABLE [Main].[Sales] ( _a BIGINT NULL, b NVARCHAR(255) NULL, _c DOUBLE PRECISION NULL, d DATETIME2 NULL, e BIT NULL, "
        "CONSTRAINT unique_sales_b UNIQUE (b) )"
    )


def test_redshift_gets_these_settings_and_statement() -> None:
    import sqlalchemy

    config = {
        "REDSHIFT_DBNAME": "d", "REDSHIFT_HOST": "h", "REDSHIFT_PORT": 5439, "REDSHIFT_TEMP_CRED_USER": "u",
        "REDSHIFT_TEMP_CRED_PASSWORD": "temporary-w0rd", "AWS_REGION": "eu-west-1",
    }  # fmt: skip
    loader = redshift.Redshift.with_config(ConfigFileLoader(config=config))
    address, arguments = loader._address()
    assert str(address) == "redshift+redshift_connector://h/d"
    assert arguments == {
        "database": "d",
        "host": "h",
        "password": "temporary-w0rd",
        "port": 5439,
        "region": "eu-west-1",
        "user": "u",
    }
    assert created(loader, sqlalchemy.create_engine(address).dialect).startswith(
        "CREATE TABLE main.sales ( _a BIGINT, b VARCHAR(65535), _c DOUBLE PRECISION,"
    )
    with pytest.raises(DefinitionError, match="REDSHIFT_TEMP_CRED_USER is not there; REDSHIFT_TEMP_CRED_PASSWORD is not there"):
        redshift.Redshift.with_config(ConfigFileLoader(config={"REDSHIFT_DBNAME": "d", "REDSHIFT_HOST": "h"}))


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::PendingDeprecationWarning")
def test_snowflake_gets_these_settings_and_statement() -> None:
    import sqlalchemy

    config = {
        "SNOWFLAKE_ACCOUNT": "acc", "SNOWFLAKE_USER": "u", "SNOWFLAKE_PASSWORD": "p@ss-w0rd", "SNOWFLAKE_DEFAULT_DB": "d",
        "SNOWFLAKE_DEFAULT_SCHEMA": "s", "SNOWFLAKE_DEFAULT_WH": "w", "SNOWFLAKE_ROLE": "r",
    }  # fmt: skip
    loader = snowflake.Snowflake.with_config(ConfigFileLoader(config=config))
    address, arguments = loader._address()
    assert address.render_as_string(hide_password=False) == "snowflake://u:p%40ss-w0rd@acc/d/s?role=r&warehouse=w"
    assert arguments == {"login_timeout": 20, "network_timeout": 60}
    assert created(loader, sqlalchemy.create_engine(address).dialect).startswith("CREATE TABLE main.sales ( _a BIGINT, b TEXT,")
    with pytest.raises(DefinitionError, match="SNOWFLAKE_PRIVATE_KEY_PATH is not there"):
        snowflake.Snowflake.with_config(ConfigFileLoader(config={"SNOWFLAKE_ACCOUNT": "acc", "SNOWFLAKE_USER": "u"}))


def test_azure_gets_these_settings() -> None:
    config = {
        "AZURE_STORAGE_ACCOUNT_NAME": "acc", "AZURE_CLIENT_ID": "id", "AZURE_CLIENT_SECRET": "azure-s3cret", "AZURE_TENANT_ID": "t",
    }  # fmt: skip
    storage = azure_blob_storage.AzureBlobStorage.with_config(ConfigFileLoader(config=config))
    own = storage.filesystem
    assert (own.account_name, own.client_id, own.client_secret, own.tenant_id) == ("acc", "id", "azure-s3cret", "t")
    with pytest.raises(DefinitionError, match="AZURE_STORAGE_ACCOUNT_NAME is not there"):
        azure_blob_storage.AzureBlobStorage.with_config(ConfigFileLoader(config={"AZURE_TENANT_ID": "t"}))
