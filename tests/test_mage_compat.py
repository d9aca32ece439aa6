"""Block files of Mage projects import ``mage_ai``, and run where it is not installed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from jupyter_mage.errors import FormatError, ProjectError, UnknownNameError
from jupyter_mage.mage_compat.io.config import ConfigFileLoader, ConfigKey
from jupyter_mage.session import Session

Project = Callable[..., Path]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """Writes a Mage project: ``{"load": ("data_loader", code, upstreams)}``."""

    def write(
        blocks: dict[str, tuple[str, str, list[str]]], pipeline: str = "one", variables: dict[str, Any] | None = None
    ) -> Path:
        root = tmp_path / "shop"
        (root / "metadata.yaml").parent.mkdir(exist_ok=True)
        (root / "metadata.yaml").write_text("project_type: standalone\n")
        entries = []
        for name, (kind, code, upstreams) in blocks.items():
            folder = root / (kind if kind == "custom" else f"{kind}s")
            folder.mkdir(exist_ok=True)
            (folder / f"{name}.py").write_text(textwrap.dedent(code))
            below = [other for other, each in blocks.items() if name in each[2]]
            entries.append({"uuid": name, "type": kind, "upstream_blocks": upstreams, "downstream_blocks": below})
        (root / "pipelines" / pipeline).mkdir(parents=True, exist_ok=True)
        text = json.dumps({"blocks": entries, **({"variables": variables} if variables else {})})
        (root / "pipelines" / pipeline / "metadata.yaml").write_text(text)
        monkeypatch.chdir(root)
        return root

    return write


def run(root: Path, pipeline: str = "one", executor: str = "processes", **variables: Any) -> tuple[Session, Any]:
    session = Session.open(root, pipeline)
    try:
        return session, session.run(executor=executor, variables=variables)
    finally:
        for pool in session._pools.values():
            pool[1].shutdown()
        session._pools.clear()


LOAD = """
from os import path
from mage_ai.settings.repo import get_repo_path
from mage_ai.io.config import ConfigFileLoader
from mage_ai.io.duckdb import DuckDB
if 'data_loader' not in globals():
    from mage_ai.data_preparation.decorators import data_loader
if 'test' not in globals():
    from mage_ai.data_preparation.decorators import test


@data_loader
def load(*args, **kwargs):
    import pandas as pd
    config = ConfigFileLoader(path.join(get_repo_path(), 'io_config.yaml'), 'default')
    with DuckDB.with_config(config) as loader:
        loader.export(pd.DataFrame({'amount': [1, 2]}), 'main', 'sales')
        return loader.load('SELECT sum(amount) AS total FROM sales').total.tolist()[0]


@test
def test_output(output, *args):
    assert output == 3
"""


@pytest.mark.parametrize("executor", ["processes", "threads", "inline"])
def test_a_block_in_the_style_of_the_course_runs(project: Project, executor: str) -> None:
    root = project({"load": ("data_loader", LOAD, [])})
    (root / "io_config.yaml").write_text("default:\n  DUCKDB_DATABASE: sales.duckdb\n")
    session, result = run(root, executor=executor)
    assert result.status == "succeeded", result.failed[0].failure
    assert session.value("load") == 3
    assert (root / "sales.duckdb").exists()
    session.close()


def test_decorators_that_are_imported_without_the_guard_mark_the_block_too(project: Project) -> None:
    code = """
        from mage_ai.data_preparation.decorators import data_loader, test

        @data_loader
        def first(*args, **kwargs):
            return 1

        @data_loader
        def second(*args, **kwargs):
            return 2

        @test
        def test_it(output, *args):
            assert output != 1, 'the test ran'
    """
    session, result = run(project({"load": ("data_loader", code, [])}), executor="inline")
    failure = result.failed[0].failure
    assert (failure.error, failure.message) == ("AssertionError", "the test ran")
    session.close()


def test_mage_ai_is_found_in_a_body_and_nowhere_else(tmp_path: Path, session: Session) -> None:
    session.define(
        "a", "import mage_ai.io.file, sys\nfrom mage_ai.io.file import FileIO\n('mage_ai' in sys.modules, FileIO.__module__)"
    )
    for executor in ("inline", "threads", "processes"):
        assert session.run(executor=executor, force=True).status == "succeeded"
        assert session.value("a") == (True, "jupyter_mage.mage_compat.io.file")
        assert [name for name in sys.modules if name.split(".")[0] == "mage_ai"] == []
        with pytest.raises(ModuleNotFoundError, match=r"^No module named 'mage_ai'$"):
            import mage_ai  # noqa: F401


def test_a_part_that_we_do_not_have_is_an_import_error_that_says_so(session: Session) -> None:
    session.define("a", "try:\n    import mage_ai.services.spark\nexcept ImportError as error:\n    found = str(error)\nfound")
    session.run(executor="inline", check=True)
    assert session.value("a").startswith(
        "No module named 'mage_ai.services': mage-ai is not installed, and jupyter_mage has no stand-in"
    )


def test_an_installed_mage_ai_wins(session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "site" / "mage_ai").mkdir(parents=True)
    (tmp_path / "site" / "mage_ai" / "__init__.py").write_text("real = True\n")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    session.define(
        "a",
        "import mage_ai\ntry:\n    import mage_ai.io\nexcept ModuleNotFoundError as error:\n    found = str(error)\n(mage_ai.real, found)",
    )
    session.run(executor="inline", check=True)
    assert session.value("a") == (True, "No module named 'mage_ai.io'")
    assert sys.modules.pop("mage_ai").real


def test_bodies_that_overlap_have_the_names_until_the_last_has_ended(
    session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "gate.py").write_text("import threading\nboth, other_ended = threading.Barrier(2), threading.Event()\n")
    sys.modules.pop("gate", None)
    session.define(
        "slow", "import gate\nimport mage_ai.settings.repo\ngate.both.wait()\ngate.other_ended.wait()\nimport mage_ai.io.base\n1"
    )
    session.define("quick", "import gate\nfrom mage_ai.io.file import FileIO\ngate.both.wait()\n2")
    session.define("below(quick)", "import gate\ngate.other_ended.set()\n3")
    assert session.run(executor="threads", workers=2).status == "succeeded"
    assert "mage_ai" not in sys.modules


def test_a_project_module_that_imports_mage_ai_works(project: Project) -> None:
    root = project(
        {
            "load": (
                "data_loader",
                "from shop.utils.where import here\n\n@data_loader\ndef load(*args, **kwargs):\n    return here()\n",
                [],
            )
        }
    )
    (root / "utils").mkdir()
    (root / "utils" / "where.py").write_text(
        "import os\nfrom mage_ai.settings.repo import get_repo_path, get_repo_name\n\n\ndef here():\n"
        "    return os.path.basename(get_repo_path()), get_repo_name()\n"
    )
    session, result = run(root)
    assert result.status == "succeeded", result.failed[0].failure
    assert session.value("load") == ("shop", "shop")
    session.close()


@pytest.mark.parametrize("executor", ["processes", "inline"])
def test_a_project_that_a_block_sets_is_no_other_runs_project(session: Session, tmp_path: Path, executor: str) -> None:
    session.define("a", "from mage_ai.settings.repo import get_repo_path, set_repo_path\nset_repo_path('/usr')\nget_repo_path()")
    session.define("b", "from mage_ai.settings.repo import get_repo_path\nget_repo_path()")
    session.run("a", executor=executor, workers=1, check=True)
    session.run("b", executor=executor, workers=1, check=True)
    assert (session.value("a"), session.value("b")) == ("/usr", str(tmp_path))


def test_config_is_rendered_and_only_what_is_asked_for_has_to_be_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PG_PORT", "5433")
    file = tmp_path / "io_config.yaml"
    file.write_text(
        "version: 0.1.1\ndefault:\n  POSTGRES_PORT: {{ env_var('PG_PORT') }}\n  POSTGRES_HOST: \"{{ env_var('PG_HOST', 'db') }}\"\n"
        "  POSTGRES_USER: \"{{ env_var('NOT_SET') }}\"\n  POSTGRES_PASSWORD: \"{{ mage_secret_var('not_set') }}\"\n  ZIP: 01234\n"
        "other: {}\n"
    )
    config = ConfigFileLoader(file)
    assert {key: config[key] for key in ("POSTGRES_PORT", "POSTGRES_HOST", "POSTGRES_USER", "POSTGRES_PASSWORD", "ZIP", "NO")} == {
        "POSTGRES_PORT": 5433, "POSTGRES_HOST": "db", "POSTGRES_USER": None, "POSTGRES_PASSWORD": None, "ZIP": "01234", "NO": None,
    }  # fmt: skip
    assert (ConfigKey.POSTGRES_HOST in config, ConfigKey.POSTGRES_USER in config, config.version) == (True, False, "0.1.1")
    with pytest.raises(UnknownNameError, match="no profile 'prod'"):
        ConfigFileLoader(file, "prod")


@pytest.mark.parametrize(
    ("text", "kind", "words"),
    [
        ("default: {{ no_such_helper('x') }}", FormatError, "'no_such_helper' is undefined; templates may use aws_secret_var"),
        ("default:\n  A: {{ env_var( }}", FormatError, "a template that does not read"),
        ("default: {{ ''.__class__.__mro__ }}", FormatError, "unsafe"),
        ("- a list", FormatError, "no profiles in it"),
        ("default: text", FormatError, "profile default is not a list of settings"),
        ("default: !!python/object/apply:os.system ['true']", FormatError, "tag"),
    ],
)
def test_broken_and_hostile_config_is_refused_with_its_name(tmp_path: Path, text: str, kind: type[Exception], words: str) -> None:
    (tmp_path / "io_config.yaml").write_text(text)
    with pytest.raises(kind) as caught:
        ConfigFileLoader(tmp_path / "io_config.yaml")
    assert words in str(caught.value) and "io_config.yaml" in str(caught.value)
    with pytest.raises(ProjectError, match="cannot be read"):
        ConfigFileLoader(tmp_path / "gone.yaml")


def test_the_older_nested_form_of_the_config_reads() -> None:
    nested = {
        "AWS": {"access_key_id": "id", "Redshift": {"database": "d", "db_user": "u", "password": "rs-s3cret"}},
        "BigQuery": {"path_to_credentials": "key.json"},
        "PostgreSQL": {"database": "shop", "host": "h"},
        "Snowflake": {"warehouse": "w", "database": "sd"},
    }
    config = ConfigFileLoader(config=nested)
    wanted = {
        "AWS_ACCESS_KEY_ID": "id", "REDSHIFT_DBNAME": "d", "REDSHIFT_DBUSER": "u", "REDSHIFT_TEMP_CRED_PASSWORD": "rs-s3cret",
        "GOOGLE_SERVICE_ACC_KEY_FILEPATH": "key.json", "POSTGRES_DBNAME": "shop", "POSTGRES_HOST": "h", "POSTGRES_PORT": None,
        "SNOWFLAKE_DEFAULT_WH": "w", "SNOWFLAKE_DEFAULT_DB": "sd",
    }  # fmt: skip
    assert {key: config[key] for key in wanted} == wanted


TRIGGER = """
from mage_ai.orchestration.triggers.api import trigger_pipeline

@custom
def start(*args, **kwargs):
    run = trigger_pipeline('second', variables={'factor': 3}, check_status=True, error_on_failure=True)
    return run.pipeline_uuid, run.status
"""
ASK = """
import datetime
from mage_ai.orchestration.run_status_checker import check_status
from mage_ai.data_preparation.variable_manager import get_global_variable, get_variable

@custom
def ask(started, *args, **kwargs):
    now = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=1)
    return [check_status('second', now), check_status('second', now, block_uuid='load'), check_status('second', now, hours=-1),
            get_variable('second', 'load', 'output_0'), get_global_variable('second', 'factor')]
"""
SECOND = "@data_loader\ndef load(*args, **kwargs):\n    return 7 * kwargs['factor']\n"


def test_a_block_runs_another_pipeline_and_sees_what_became_of_it(project: Project) -> None:
    project({"load": ("data_loader", SECOND, [])}, "second", {"factor": 1})
    root = project({"start": ("custom", TRIGGER, []), "ask": ("custom", ASK, ["start"])})
    session, result = run(root)
    assert result.status == "succeeded", result.failed[0].failure
    assert session.value("start") == ("second", "completed")
    assert session.value("ask") == [True, True, False, 21, 1]
    session.close()


def test_a_triggered_pipeline_that_fails_fails_the_block_that_waits_for_it(project: Project) -> None:
    project(
        {"load": ("data_loader", "@data_loader\ndef load(*args, **kwargs):\n    raise ValueError('no data today')\n", [])},
        "second",
        {"factor": 1},
    )
    root = project({"start": ("custom", TRIGGER, [])})
    session, result = run(root)
    failure = result.failed[0].failure
    assert (failure.error, failure.message) == ("RunError", "second failed: load failed: ValueError: no data today")
    session.close()


def test_a_pipeline_that_nobody_waits_for_outlives_the_run_that_started_it(project: Project, tmp_path: Path) -> None:
    gate, told = tmp_path / "gate", tmp_path / "told"
    os.mkfifo(gate)
    os.mkfifo(told)
    code = f"""
        @data_loader
        def load(*args, **kwargs):
            with open({str(gate)!r}) as gate, open({str(told)!r}, 'w') as told:
                told.write(gate.read() + kwargs['word'])
            return 1
    """
    project({"load": ("data_loader", code, [])}, "second", {"word": "nothing"})
    start = """
        from mage_ai.orchestration.triggers.api import trigger_pipeline

        @custom
        def start(*args, **kwargs):
            return trigger_pipeline('second', variables={'word': 'after'}).status
    """
    session, result = run(project({"start": ("custom", start, [])}))
    assert (result.status, session.value("start")) == ("succeeded", "running")
    session.close()  # the run that started it is over, and so are its workers; it waits at the gate
    gate.write_text("long ")
    assert told.read_text() == "long after"


def test_a_pipeline_of_a_notebook_beside_it_is_found(session: Session, tmp_path: Path) -> None:
    import nbformat

    cells = [nbformat.v4.new_code_cell(text) for text in ("%load_ext jupyter_mage", "%%block raw(*, n: int = 1)\n[n] * 3")]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "other.ipynb")
    session.define("a", "from mage_ai.orchestration.triggers.api import trigger_pipeline\nfrom mage_ai.data_preparation.variable_manager import get_variable\n"
                   "run = trigger_pipeline('other', variables={'n': 5}, check_status=True)\nrun.status, get_variable('other', 'raw', 'output_1')")  # fmt: skip
    session.run(check=True)
    assert session.value("a") == ("completed", 5)


def test_a_pipeline_that_is_not_there_is_said_with_those_that_are(project: Project) -> None:
    root = project({"start": ("custom", TRIGGER, [])})
    session, result = run(root, executor="inline")
    assert result.failed[0].failure.message == "no pipeline 'second'. There are: one"
    session.close()


def test_a_variable_is_set_in_the_pipelines_file(project: Project) -> None:
    code = """
        from mage_ai.data_preparation.variable_manager import set_global_variable, get_global_variables

        @data_loader
        def load(*args, **kwargs):
            set_global_variable('one', 'day', 'monday')
            return get_global_variables('one')
    """
    root = project({"load": ("data_loader", code, [])}, variables={"factor": 1})
    session, _ = run(root, executor="inline")
    assert session.value("load") == {"factor": 1, "day": "monday"}
    session.close()


def test_importing_a_stand_in_brings_no_driver() -> None:
    code = (
        "import sys, jupyter_mage.mage_compat.io.postgres, jupyter_mage.mage_compat.io.s3, jupyter_mage.mage_compat.io.bigquery\n"
        "print([each for each in ('pandas', 'sqlalchemy', 'psycopg', 's3fs', 'google.cloud', 'IPython') if each in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ)
    assert done.stdout == "[]\n"
