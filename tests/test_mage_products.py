"""Global data products: a block whose output is what another pipeline of the project gave, made again where it is too old."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from test_mage_sql import entry, write

from jupyter_mage.formats import mage, notebook
from jupyter_mage.session import Session

COUNT = (
    "@data_loader\ndef count(*args, **kwargs):\n    from pathlib import Path\n    place = Path(kwargs['repo_path']) / 'count'\n"
    "    place.write_text(str(int(place.read_text()) + 1 if place.exists() else 1))\n    return int(place.read_text())\n"
)
PRODUCT = entry("numbers", "global_data_product", [], ["total"], configuration={"global_data_product": {"uuid": "counted"}})
FILES = {
    "metadata.yaml": "project_type: standalone\n",
    "pipelines/counting/metadata.yaml": json.dumps({"blocks": [entry("count", "data_loader", [], ["twice"], configuration={"jupyter_mage": {}}), entry("twice", "transformer", ["count"], [])], "name": "counting", "type": "python"}),
    "pipelines/using/metadata.yaml": json.dumps({"blocks": [PRODUCT, entry("total", "transformer", ["numbers"], [])], "name": "using", "type": "python"}),
    "global_data_products.yaml": "counted:\n  object_type: pipeline\n  object_uuid: counting\n  outdated_after: {seconds: 3600}\n  settings: {twice: {partitions: 2}, count: }\n",
    "data_loaders/count.py": COUNT,
    "transformers/twice.py": "@transformer\ndef twice(number, *args, **kwargs):\n    return {'twice': number * 2, 'at': kwargs['execution_date']}\n",
    "transformers/total.py": "@transformer\ndef total(numbers, *args, **kwargs):\n    return {name: [each['twice'] if name == 'twice' else each for each in given] for name, given in numbers.items()}\n",
}  # fmt: skip


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return write(tmp_path / "project", FILES)


def total(project: Path) -> Any:
    session = Session.open(project, "using")
    run = session.run(executor="inline")
    found = session.value("total") if run.status == "succeeded" else [each.failure for each in run.failed]
    session.close()
    return found


def again(project: Path) -> None:
    """Run the other pipeline by itself, as a schedule would."""
    session = Session.open(project, "counting")
    assert session.run(executor="inline", force=True).status == "succeeded"
    session.close()


def test_the_other_pipeline_runs_where_it_has_not_and_not_where_it_is_young(project):
    assert total(project) == {"twice": [2], "count": [1]}
    assert total(project) == {"twice": [2], "count": [1]}


def test_as_many_runs_as_wanted_are_given_the_newest_first(project):
    for _ in range(3):
        again(project)
    assert total(project) == {"twice": [6, 4], "count": [3]}


def test_what_is_too_old_is_made_again_but_not_before_its_hour(project):
    again(project)
    place = project / "global_data_products.yaml"
    old = FILES["global_data_products.yaml"].replace("3600", "0")
    place.write_text(old.replace("settings:", "outdated_starting_at: {month_of_year: 13}\n  settings:"))
    assert total(project)["count"] == [1]
    place.write_text(old)
    assert [len(total(project)["twice"]), len(total(project)["count"])] == [2, 1]


def test_a_block_may_want_other_outputs_than_the_product_says(project):
    block = {**PRODUCT, "configuration": {"global_data_product": {"uuid": "counted", "settings": {"count": {"partitions": 0}}}}}
    blocks = [block, entry("total", "transformer", ["numbers"], [])]
    (project / "pipelines/using/metadata.yaml").write_text(json.dumps({"blocks": blocks}))
    again(project)
    again(project)
    assert total(project) == {"count": [2, 1]}


def test_a_failure_of_the_other_pipeline_is_one_here(project):
    (project / "data_loaders/count.py").write_text("@data_loader\ndef count(*args, **kwargs):\n    return 1 / 0\n")
    failure = total(project)[0]
    assert failure.message == "counting failed: count failed: ZeroDivisionError: division by zero"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no global data product 'counted'. There are none yet."),
        ("counted: {object_uuid: nothing}", "no pipeline 'nothing'. Did you mean 'counting'?"),
        (
            "counted: {object_type: block, object_uuid: count}",
            "global data product counted: it is no pipeline's: object_type: pipeline",
        ),
        ("counted: {object_uuid: counting, settings: {nope: }}", "no block 'nope'. There are: count, twice"),
    ],
    ids=["none", "pipeline", "block", "output"],
)
def test_what_it_lacks_is_said(project, text, said):
    (project / "global_data_products.yaml").write_text(text)
    assert total(project)[0].message.startswith(said[:60])


def test_it_is_a_cell_of_a_notebook_and_goes_back_byte_for_byte(project, tmp_path):
    target = tmp_path / "using.ipynb"
    notebook.format.write(mage.format.imported(mage.format.read(project, "using"), project, target), target)
    cell = next(each for each in json.loads(target.read_text())["cells"] if each["id"] == "numbers")
    assert (cell["cell_type"], "".join(cell["source"])) == (
        "code", "%%block numbers() --mage_product --kind global_data_product\n# global_data_product: counted",
    )  # fmt: skip
    mage.format.write(notebook.format.read(target), project, target)
    assert {name: (project / name).read_text() for name in FILES} == FILES
