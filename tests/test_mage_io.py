"""The io classes of Mage projects, against real servers where one can be started here."""

from __future__ import annotations

import datetime
import decimal
import inspect
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from servers import Server

from jupyter_mage.errors import DefinitionError, JupyterMageError, PluginError, UnknownNameError
from jupyter_mage.mage_compat.io import SOURCES
from jupyter_mage.mage_compat.io.config import ConfigFileLoader
from jupyter_mage.mage_compat.io.duckdb import DuckDB
from jupyter_mage.mage_compat.io.file import FileIO
from jupyter_mage.mage_compat.io.mysql import MySQL
from jupyter_mage.mage_compat.io.postgres import Postgres
from jupyter_mage.mage_compat.io.s3 import S3
from jupyter_mage.mage_compat.io.sqlite import SQLite

Make = Callable[[], Any]


def postgres(server: Server) -> Postgres:
    return Postgres("shop", "mage", "pg-s3cret-word", "127.0.0.1", server.port, verbose=False)


def mysql(server: Server) -> MySQL:
    return MySQL("shop", "127.0.0.1", "my-s3cret-word", "mage", server.port, verbose=False)


@pytest.fixture(params=["postgres", "mysql", "sqlite", "duckdb"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Make]:
    """Makes loaders of one database, each with an empty one."""
    if request.param == "postgres":
        server = request.getfixturevalue("postgres_server")
        yield lambda: postgres(server)
        with postgres(server) as loader:
            loader.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public; DROP SCHEMA IF EXISTS staging CASCADE")
            loader.commit()
    elif request.param == "mysql":
        server = request.getfixturevalue("mariadb_server")
        yield lambda: mysql(server)
        with mysql(server) as loader:
            loader.execute("DROP DATABASE shop")
            loader.execute("CREATE DATABASE shop CHARACTER SET utf8mb4")
    else:
        file = str(tmp_path / f"shop.{request.param}")
        yield lambda: SQLite(file, verbose=False) if request.param == "sqlite" else DuckDB(file, verbose=False)


PEOPLE = pd.DataFrame({"id": [1, 2, 3], "name": ["Ann", "Bob", None], "score": [1.5, None, 3.25], "active": [True, False, True]})


def rows(frame: pd.DataFrame) -> list[tuple[Any, ...]]:
    clean = frame.astype(object).where(frame.notna(), None)
    return [tuple(row) for row in clean.itertuples(index=False)]


def test_what_is_exported_is_loaded_again_with_columns_cleaned(database: Make) -> None:
    with database() as loader:
        loader.export(PEOPLE.rename(columns={"score": "Total Score"}), None, "people")
    with database() as loader:
        found = loader.load("SELECT * FROM people ORDER BY id")
    assert list(found.columns) == ["id", "_name", "total_score", "active"]
    assert rows(found) == [(1, "Ann", 1.5, True), (2, "Bob", None, False), (3, None, 3.25, True)]


def test_replace_empties_append_adds_and_fail_refuses(database: Make) -> None:
    with database() as loader:
        for policy in ("replace", "append", "append", "replace"):
            loader.export(PEOPLE[["id"]], None, "people", if_exists=policy)
            counted = loader.load("SELECT count(*) AS n FROM people").n.tolist()
            assert counted == {"replace": [3]}.get(policy, counted)
            with pytest.raises(ValueError, match="exists"):
                loader.export(PEOPLE[["id"]], None, "people", if_exists="fail")
        assert loader.load("SELECT count(*) AS n FROM people").n.tolist() == [3]
        loader.export(PEOPLE[["id"]], None, "people", if_exists="append")
        assert loader.load("SELECT count(*) AS n FROM people").n.tolist() == [6]


def test_an_export_that_fails_leaves_the_table_as_it_was(database: Make) -> None:
    with database() as loader:
        loader.export(PEOPLE[["id"]], None, "people")
    with database() as loader, pytest.raises(Exception, match=r"(?i)surname|column"):
        loader.export(pd.DataFrame({"surname": ["x"]}), None, "people")
    with database() as loader:
        assert loader.load("SELECT id FROM people ORDER BY id").id.tolist() == [1, 2, 3]


def test_a_table_is_made_anew_where_its_columns_change(database: Make) -> None:
    with database() as loader:
        loader.export(PEOPLE[["id"]], None, "people")
        loader.export(pd.DataFrame({"surname": ["x"]}), None, "people", drop_table_on_replace=True)
        assert rows(loader.load("SELECT * FROM people")) == [("x",)]


def test_rows_of_the_same_key_are_replaced_or_kept(database: Make) -> None:
    first = pd.DataFrame({"code": ["a", "b"], "amount": [1, 2]})
    second = pd.DataFrame({"code": ["b", "c"], "amount": [20, 30]})
    with database() as loader:
        loader.export(first, None, "stock", unique_constraints=["code"], unique_conflict_method="UPDATE")
        loader.export(second, None, "stock", if_exists="append", unique_constraints=["code"], unique_conflict_method="IGNORE")
        assert rows(loader.load("SELECT code, amount FROM stock ORDER BY code")) == [("a", 1), ("b", 2), ("c", 30)]
        loader.export(second, None, "stock", if_exists="append", unique_constraints=["code"], unique_conflict_method="UPDATE")
        assert rows(loader.load("SELECT code, amount FROM stock ORDER BY code")) == [("a", 1), ("b", 20), ("c", 30)]


def test_a_limit_keeps_the_order_of_the_query(database: Make) -> None:
    with database() as loader:
        loader.export(PEOPLE[["id"]], None, "people")
        assert loader.load("SELECT id FROM people ORDER BY id DESC", limit=2).id.tolist() == [3, 2]
        assert loader.load("SELECT id FROM people WHERE id > 99").columns.tolist() == ["id"]


def test_statements_run_and_are_kept_by_commit_alone(database: Make) -> None:
    with database() as loader:
        loader.execute("CREATE TABLE t (x INTEGER)")
        loader.execute("INSERT INTO t VALUES (1)")
        loader.commit()
        loader.execute_queries(["INSERT INTO t VALUES (2)", "INSERT INTO t VALUES (3)"], commit=True)
        found = loader.execute_queries(["SELECT x FROM t ORDER BY x"], fetch_query_at_indexes=[True])
    assert [frame.x.tolist() for frame in found] == [[1, 2, 3]]


@pytest.mark.parametrize("kind", ["postgres", "mysql"])
def test_what_was_not_committed_is_gone(kind: str, request: pytest.FixtureRequest) -> None:
    make = (
        (lambda: postgres(request.getfixturevalue("postgres_server")))
        if kind == "postgres"
        else (lambda: mysql(request.getfixturevalue("mariadb_server")))
    )
    with make() as loader:
        loader.execute("DROP TABLE IF EXISTS gone")
        loader.execute("CREATE TABLE gone (x INTEGER)")
        loader.commit()
        loader.execute("INSERT INTO gone VALUES (1)")
    with make() as loader:
        assert loader.load("SELECT count(*) AS n FROM gone").n.tolist() == [0]
        loader.execute("DROP TABLE gone")
        loader.commit()


def test_a_percent_sign_in_a_query_is_one(database: Make) -> None:
    with database() as loader:
        loader.export(PEOPLE[["id", "score"]].assign(word=["a%b", "ab", "%(x)s"]), None, "words")
        loader.execute("UPDATE words SET word = '%s' WHERE word = 'ab'")
        loader.commit()
        found = loader.load("SELECT word FROM words WHERE word LIKE '%|%%' ESCAPE '|' ORDER BY id").word.tolist()
        assert found == ["a%b", "%s", "%(x)s"]


def test_a_query_fills_a_table(database: Make) -> None:
    with database() as loader:
        loader.export(PEOPLE[["id"]], None, "people")
        loader.export(None, None, "some_people", query_string="SELECT id FROM people WHERE id < 3")
        loader.export(None, None, "some_people", if_exists="append", query_string="SELECT id FROM people WHERE id = 3;")
        assert loader.load("SELECT id FROM some_people ORDER BY id").id.tolist() == [1, 2, 3]


def test_two_columns_of_one_name_and_unknown_words_are_refused(database: Make) -> None:
    with database() as loader:
        with pytest.raises(DefinitionError, match="two columns are named 'a_b'"):
            loader.export(pd.DataFrame({"a b": [1], "a_b": [2]}), None, "t")
        with pytest.raises(UnknownNameError, match=r"no if_exist.* 'overwrite'"):
            loader.export(PEOPLE, None, "t", if_exists="overwrite")
        with pytest.raises(DefinitionError, match="needs a table_name"):
            loader.export(PEOPLE)


MOMENT = datetime.datetime(2024, 5, 6, 7, 8, 9, 123456)
TYPES = pd.DataFrame(
    {
        "big": [2**40, 1],
        "moment": pd.to_datetime([MOMENT, None]),
        "instant": pd.to_datetime([MOMENT, None]).tz_localize("UTC"),
        "on_date": [datetime.date(2024, 1, 2), None],
        "price": [decimal.Decimal("1.25"), decimal.Decimal("0.0001")],
        "tags": [["a", "b"], []],
        "extra": [{"k": [1, None]}, None],
        "took": pd.to_timedelta([1, None], unit="s"),
        "kind": pd.Categorical(["x", None]),
        "raw": [b"\x00\xff", None],
        "words": ["tab\tnewline\nquote'\"\\ and % ü", ""],
        "whole": pd.array([1, None], dtype="Int64"),
    }
)


def test_postgres_keeps_every_type(postgres_server: Server) -> None:
    with postgres(postgres_server) as loader:
        loader.export(TYPES, "staging", "types", drop_table_on_replace=True)
        found = loader.load("SELECT * FROM staging.types ORDER BY big DESC", coerce_float=False)
        kinds = loader.load("SELECT column_name AS c, data_type AS t FROM information_schema.columns WHERE table_name = 'types'")
    assert rows(found.drop(columns="instant")) == [
        (2**40, pd.Timestamp(MOMENT), datetime.date(2024, 1, 2), decimal.Decimal("1.2500"), ["a", "b"], {"k": [1, None]}, 10**9, "x",
         b"\x00\xff", "tab\tnewline\nquote'\"\\ and % ü", 1),
        (1, None, None, decimal.Decimal("0.0001"), [], None, None, None, None, "", None),
    ]  # fmt: skip
    assert found.instant[0] == pd.Timestamp(MOMENT, tz="UTC")
    assert dict(rows(kinds)) == {
        "big": "bigint", "moment": "timestamp without time zone", "instant": "timestamp with time zone", "on_date": "date",
        "price": "numeric", "tags": "jsonb", "extra": "jsonb", "took": "bigint", "kind": "text", "_raw": "bytea", "words": "text",
        "whole": "bigint",
    }  # fmt: skip


def test_mysql_keeps_every_type(mariadb_server: Server) -> None:
    with mysql(mariadb_server) as loader:
        loader.export(TYPES.drop(columns=["instant", "tags", "extra"]), None, "types", drop_table_on_replace=True)
        found = loader.load("SELECT * FROM types ORDER BY big DESC", coerce_float=False)
    assert rows(found) == [
        (2**40, pd.Timestamp(MOMENT), datetime.date(2024, 1, 2), decimal.Decimal("1.2500"), 10**9, "x", b"\x00\xff",
         "tab\tnewline\nquote'\"\\ and % ü", 1),
        (1, None, None, decimal.Decimal("0.0001"), None, None, None, "", None),
    ]  # fmt: skip


def test_duckdb_rounds_nothing(tmp_path: Path) -> None:
    with DuckDB(str(tmp_path / "d.duckdb"), verbose=False) as loader:
        loader.export(
            pd.DataFrame({"x": [1 / 3], "ok": [True], "Big Word": ["é"]}), "staging", "t", overwrite_types={"Big Word": "VARCHAR"}
        )
        assert rows(loader.load("SELECT * FROM staging.t")) == [(1 / 3, True, "é")]


def test_a_driver_that_is_missing_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "psycopg", None)
    with pytest.raises(PluginError) as caught:
        Postgres("d", "u", "p", "127.0.0.1", 1, verbose=False).open()
    assert str(caught.value) == 'Postgres needs the package psycopg: pip install "jupyter_mage[postgres]"'


def test_a_server_that_does_not_answer_is_said_without_the_password(postgres_server: Server) -> None:
    wrong = Postgres("shop", "mage", "wr0ng-password", "127.0.0.1", postgres_server.port, verbose=False)
    with pytest.raises(JupyterMageError) as caught:
        wrong.open()
    assert f"Postgres did not let us in at postgresql+psycopg://mage:***@127.0.0.1:{postgres_server.port}/shop" in str(
        caught.value
    )
    assert "wr0ng-password" not in str(caught.value)
    with pytest.raises(ConnectionError, match="is not open"):
        wrong.load("SELECT 1")


def test_settings_that_are_missing_are_named_with_what_to_do(tmp_path: Path) -> None:
    file = tmp_path / "io_config.yaml"
    file.write_text("default:\n  POSTGRES_DBNAME: shop\n  POSTGRES_USER: \"{{ env_var('NO_SUCH_USER') }}\"\n")
    with pytest.raises(DefinitionError) as caught:
        Postgres.with_config(ConfigFileLoader(file, "default"))
    assert str(caught.value) == (
        f"Postgres lacks settings in profile default of {file}: POSTGRES_USER is env_var('NO_SUCH_USER'), which is not set "
        "(in the environment or .env: NO_SUCH_USER=…); POSTGRES_HOST is not there"
    )


def test_files_of_every_format_come_back(tmp_path: Path) -> None:
    frame = pd.DataFrame({"a": [1, 2], "b": ["x", "y"]})
    for extension in ("csv", "json", "parquet"):
        keywords = {"index": False} if extension == "csv" else {}
        FileIO().export(frame, tmp_path / f"f.{extension}", **keywords)
        assert FileIO().load(tmp_path / f"f.{extension}").to_dict("list") == frame.to_dict("list")
    assert FileIO().exists(tmp_path / "f.csv") and not FileIO().exists(tmp_path / "g.csv")
    (tmp_path / "parts").mkdir()
    for part in (1, 2):
        FileIO().export(frame, str(tmp_path / "parts" / f"{part}.csv"), index=False)
    assert FileIO().load(file_directories=[str(tmp_path / "parts")]).a.tolist() == [1, 2, 1, 2]
    with pytest.raises(UnknownNameError, match="no file format 'pickle'"):
        FileIO().load(tmp_path / "f.pickle")


def test_frames_go_to_s3_and_come_back(s3_server: Server, tmp_path: Path) -> None:
    (tmp_path / "io_config.yaml").write_text(
        f"default:\n  AWS_ACCESS_KEY_ID: lake\n  AWS_SECRET_ACCESS_KEY: lake-s3cret-key\n  AWS_REGION: us-east-1\n"
        f"  AWS_ENDPOINT: http://127.0.0.1:{s3_server.port}\n"
    )
    storage = S3.with_config(ConfigFileLoader(tmp_path / "io_config.yaml", "default"))
    storage.filesystem.mkdir("lake")
    frame = pd.DataFrame({"a": [1, 2], "b": ["x", "y"]})
    storage.export(frame, "lake", "trips/one.parquet")
    storage.export(frame, "lake", "trips/two.csv", index=False)
    assert storage.load("lake", "trips/one.parquet").to_dict("list") == frame.to_dict("list")
    assert storage.load("lake", "trips/two.csv", limit=1).to_dict("list") == {"a": [1], "b": ["x"]}
    local = tmp_path / "local.csv"
    frame.to_csv(local, index=False)
    storage.export(str(local), "lake", "up/local.csv", format="csv")
    assert storage.load("lake", "up/local.csv").to_dict("list") == frame.to_dict("list")
    assert [storage.exists("lake", prefix) for prefix in ("trips/", "trips/one", "trips/three", "nothing/at/all")] == [
        True,
        True,
        False,
        False,
    ]
    with pytest.raises(FileNotFoundError):
        storage.load("lake", "trips/three.parquet")


def test_every_class_of_the_table_is_there_and_takes_settings() -> None:
    import importlib

    for name, (module, extra) in SOURCES.items():
        found = getattr(importlib.import_module(f"jupyter_mage.mage_compat.io.{module}"), name)
        assert {"load", "export"} <= set(dir(found)), name
        assert name == "FileIO" or inspect.ismethod(found.with_config), name
        assert extra == "" or f"\n{extra} = [" in Path("pyproject.toml").read_text(), name
