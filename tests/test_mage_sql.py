"""SQL files of Mage projects: templates, tables, raw statements; run on real databases as Mage runs them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from jupyter_mage.formats import mage, notebook
from jupyter_mage.saved import SavedNotebook
from jupyter_mage.session import Session

ORDERS = (
    "import pandas as pd\nif 'data_loader' not in globals():\n    from mage_ai.data_preparation.decorators import data_loader\n\n\n"
    "@data_loader\ndef load(*args, **kwargs):\n"
    "    return pd.DataFrame({'city': ['b', 'a', 'b'], 'amount': [1.5, 2.25, 4.0]})\n"
)


def entry(uuid: str, kind: str, ups: list[str], downs: list[str], **more: Any) -> dict[str, Any]:
    return {"uuid": uuid, "type": kind, "upstream_blocks": ups, "downstream_blocks": downs, **more}


def configuration(**more: Any) -> dict[str, Any]:
    return {"data_provider": "duckdb", "data_provider_profile": "default", "export_write_policy": "replace", **more}


BLOCKS = [
    entry("orders", "data_loader", [], ["by_city"], language="python"),
    entry("by_city", "transformer", ["orders"], ["rich", "top"], language="sql", configuration=configuration()),
    entry("rich", "transformer", ["by_city"], ["top"], language="sql", configuration=configuration(use_raw_sql=True)),
    entry("made", "data_loader", [], ["top"], language="sql", configuration=configuration(use_raw_sql=True)),
    entry(
        "top", "data_exporter", ["by_city", "rich", "made"], [], language="sql",
        configuration=configuration(data_provider_table="the_top"),
    ),
]  # fmt: skip
FILES = {
    "metadata.yaml": "project_type: standalone\nhelp_improve_mage: false\n",
    "io_config.yaml": "version: 0.1.1\ndefault:\n  DUCKDB_DATABASE: \"{{ env_var('WAREHOUSE') }}\"\n",
    "pipelines/sqls/metadata.yaml": json.dumps({"blocks": BLOCKS, "name": "sqls", "type": "python", "variables": {"least": 2, "word": "x"}}),
    "data_loaders/orders.py": ORDERS,
    "transformers/by_city.sql": "-- sums\nSELECT city, sum(amount) AS total, '{{ word }}' AS word\nFROM {{ df_1 }}\n"
    "{% if least > 1 %}WHERE amount >= {{ least }}{% else %}WHERE true{% endif %}\nGROUP BY city\n",
    "transformers/rich.sql": "SELECT * FROM {{ df_1 }} WHERE total > {{ variables('least') }}\n",
    "data_loaders/made.sql": "DROP TABLE IF EXISTS made_table;\nCREATE TABLE made_table (n INTEGER, note VARCHAR);\n"
    "INSERT INTO made_table VALUES (1, 'a;b'), (2, '--');\n",
    "data_exporters/top.sql": "SELECT b.city, b.total, r.total AS amount, m.n FROM {{ df_1 }} b\nJOIN {{ df_2 }} AS r ON r.city = b.city\n"
    "JOIN made_table m ON m.n = 1 ORDER BY r.total",
}  # fmt: skip


def write(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        place = root / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    return root


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("WAREHOUSE", str(tmp_path / "warehouse.duckdb"))
    return write(tmp_path / "project", FILES)


def outputs(project: Path, name: str = "sqls", **variables: Any) -> dict[str, Any]:
    session = Session.open(project, name)
    run = session.run(executor="inline", variables=variables)
    failures = {
        each.name: (each.failure.message, each.failure.line, each.failure.guess) for each in run.blocks.values() if each.failure
    }
    found = {name: session.store.get(block.output) for name, block in run.blocks.items() if block.output is not None}
    session.close()
    return {name: each.to_dict("records") if hasattr(each, "to_dict") else each for name, each in found.items()} | failures


def test_sql_files_run_on_the_database_that_they_name(project):
    assert outputs(project)["top"] == [
        {"city": "a", "total": 2.25, "amount": 2.25, "n": 1}, {"city": "b", "total": 4.0, "amount": 4.0, "n": 1},
    ]  # fmt: skip


def test_files_on_one_duckdb_run_one_after_the_other_also_in_processes(project):
    blocks = [
        entry("orders", "data_loader", [], ["one", "two", "three"]),
        *(
            entry(each, "transformer", ["orders"], [], language="sql", configuration=configuration())
            for each in ("one", "two", "three")
        ),
    ]
    metadata = {"blocks": blocks, "name": "many", "type": "python"}
    more = {f"transformers/{each}.sql": "SELECT count(*) AS n FROM {{ df_1 }};" for each in ("one", "two", "three")}
    write(project, {**more, "pipelines/many/metadata.yaml": json.dumps(metadata)})
    session = Session.open(project, "many")
    run = session.run(executor="processes", workers=3)
    session.close()
    assert {name: block.status for name, block in run.blocks.items()} == dict.fromkeys(
        ["orders", "one", "two", "three"], "succeeded"
    )


def test_variables_stand_in_templates_with_conditions(project):
    found = outputs(project, least=1, word="it")
    assert sorted(found["by_city"], key=str) == [
        {"city": "a", "total": 2.25, "word": "it"},
        {"city": "b", "total": 5.5, "word": "it"},
    ]


def test_what_a_raw_file_makes_is_its_output(project):
    assert outputs(project)["made"] == [{"n": 1, "note": "a;b"}, {"n": 2, "note": "--"}]


def changed(project: Path, uuid: str, **settings: Any) -> None:
    """Change one block's configuration; None takes a key away."""
    place = project / "pipelines/sqls/metadata.yaml"
    metadata = json.loads(place.read_text())
    block = next(each for each in metadata["blocks"] if each["uuid"] == uuid)
    block["configuration"] = {k: v for k, v in {**block["configuration"], **settings}.items() if v is not None}
    place.write_text(json.dumps(metadata))


def test_they_run_each_time_for_their_tables_are_not_ours(project):
    changed(project, "by_city", export_write_policy=None)  # append is the usual one
    assert len(outputs(project)["by_city"]) == 2
    assert len(outputs(project)["by_city"]) == 4


def failure(project: Path, uuid: str, text: str | None = None, **variables: Any) -> tuple[str, int | None, str]:
    if text is not None:
        next(project.glob(f"*/{uuid}.sql")).write_text(text)
    found: tuple[str, int | None, str] = outputs(project, **variables)[uuid]
    return found


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("SELECT *\nFROM {{ df_1 }} WHERE amount > {{ lest }}", ("the template wants lest, which is no variable (there are ds, execution_date, hr, least, word)", 3, "run --var lest=…, or a variable of the pipeline")),
        ("SELECT * FROM {{ df_2 }}", ("{{ df_2 }} is no upstream: df_1 is orders", 2, "")),
        ("SELECT * FROM {% if %}", ("a template that does not read: Expected an expression, got 'end of statement block'", 2, "")),
        ("SELECT {{ env_var('NOT_SET') }}", ("env_var('NOT_SET') is not set", None, "in the environment or .env: NOT_SET=…")),
        ("SELECT {{ mage_secret_var('pw') }}", ("mage_secret_var('pw') is not set", None, "jupyter mage secrets set pw")),
        ("SELECT {{ ''.__class__.__mro__ }}", ("access to attribute '__class__' of 'str' object is unsafe.", None, "")),
    ],
    ids=["variable", "upstream", "syntax", "environment", "secret", "unsafe"],
)  # fmt: skip
def test_what_a_template_lacks_is_said_with_its_place_and_what_to_do(project, text, said):
    assert failure(project, "by_city", text) == said


def test_a_file_without_a_known_database_is_an_error_and_not_nothing(project):
    changed(project, "by_city", data_provider=None)
    assert failure(project, "by_city")[0].startswith("says no data_provider: where to run it stands in its configuration")
    changed(project, "by_city", data_provider="postgress")
    assert failure(project, "by_city")[0].startswith("no data_provider 'postgress'. Did you mean 'postgres'?")


def test_an_upstream_that_gave_no_table_is_said(project):
    (project / "data_loaders/orders.py").write_text(ORDERS.replace("return pd", "return None and pd"))
    assert failure(project, "by_city") == (
        "upstream orders gave nothing to make a table of",
        None,
        "make orders return a DataFrame",
    )


def test_an_empty_frame_is_an_empty_table(project):
    (project / "data_loaders/orders.py").write_text(ORDERS.replace("})\n", "}).head(0)\n"))
    assert outputs(project)["by_city"] == []


def test_a_template_calculates_with_what_upstreams_gave(project):
    text = "SELECT {{ block_output('orders', parse=lambda data, variables: len(data) * variables['least']) }} AS n,\n{{ block_output(parse=lambda all, _: len(all[0])) }} AS m"
    (project / "transformers/by_city.sql").write_text(text)
    assert outputs(project)["by_city"] == [{"n": 6, "m": 3}]


def test_tables_are_called_as_the_configuration_says(project):
    changed(project, "by_city", upstream_block_configuration={"orders": {"table_name": "other.given"}})
    assert len(outputs(project)["by_city"]) == 2
    (project / "transformers/rich.sql").write_text(
        "SELECT count(*) AS n FROM information_schema.tables WHERE table_name IN ('given', 'dev_sqls_by_city_v1')"
    )
    assert outputs(project)["rich"] == [{"n": 2}]


def test_a_notebook_has_them_as_cells_that_run_and_are_edited_and_go_back_byte_for_byte(project, tmp_path):
    pipeline = mage.format.read(project, "sqls")
    target = tmp_path / "sqls.ipynb"
    notebook.format.write(mage.format.imported(pipeline, project, target), target)
    cells = {cell["id"]: cell for cell in json.loads(target.read_text())["cells"]}
    first = "".join(cells["by_city"]["source"]).split("\n")[0]
    assert (cells["by_city"]["cell_type"], first) == ("code", "%%block by_city(orders) --mage_sql --kind transformer")
    back = notebook.format.read(target)
    mage.format.write(back, project, target)
    assert {name: (project / name).read_text() for name in FILES} == FILES
    text = target.read_text().replace("sum(amount) AS total", "max(amount) AS total")
    target.write_text(text)
    mage.format.write(notebook.format.read(target), project, target)
    assert (project / "transformers/by_city.sql").read_text() == FILES["transformers/by_city.sql"].replace("sum(", "max(")


def test_a_cell_in_a_kernel_knows_what_its_notes_say(project, tmp_path):
    target = project / "sqls.ipynb"
    notebook.format.write(mage.format.read(project, "sqls"), target)
    session = Session(project, pipeline="sqls")
    session.saved = SavedNotebook(target)
    for header, body in (
        ("orders() --kind data_loader", ORDERS),
        ("by_city(orders) --kind transformer --lang mage_sql", FILES["transformers/by_city.sql"]),
    ):
        session.define(header, body.rstrip("\n").replace("-- sums", "-- edited here"))
    run = session.run("by_city", executor="inline", variables={"least": 2, "word": "x"})
    assert run.blocks["by_city"].failure is None, run
    value = session.store.get(run.blocks["by_city"].output)
    session.close()
    assert value.to_dict("records") == [{"city": "a", "total": 2.25, "word": "x"}, {"city": "b", "total": 4.0, "word": "x"}]


def test_checking_and_drawing_them_runs_nothing(project):
    assert [str(each) for each in mage.check(project)] == []
    assert not (project.parent / "warehouse.duckdb").exists()
