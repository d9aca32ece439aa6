"""Charts of Mage projects: drawn where they are asked for, never with the rest of a run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from test_mage_sql import entry, write

from jupyter_mage.formats import mage, notebook
from jupyter_mage.languages.mage_chart import Chart
from jupyter_mage.saved import SavedNotebook
from jupyter_mage.session import Session

ROWS = (
    "import pandas as pd\n\n\n@data_loader\ndef rows(*args, **kwargs):\n    return pd.DataFrame({\n"
    "        'city': ['a', 'b', 'a', 'c', None], 'n': [1, 2, 4, 4, 9], 'price': [1.5, None, 2.5, 3.0, 0.5],\n"
    "        'day': pd.to_datetime(['2024-01-01', '2024-01-02', '2024-01-04', '2024-01-04', '2024-01-04'])})\n"
)
SUM = [{"aggregation": "sum", "column": "n"}, {"aggregation": "count", "column": "price"}]
CHARTS: dict[str, tuple[dict[str, Any], str]] = {
    "bars": ({"chart_type": "bar chart", "group_by": ["city"], "metrics": SUM}, ""),
    "bars_of_names": ({"chart_type": "bar chart", "x": "cities", "y": "figures"}, "counted = df_1.groupby('city')['n'].sum()\ncities = counted.index\nfigures = counted.values\n"),
    "spread": ({"chart_type": "histogram", "x": "x", "buckets": 20}, "x = df_1['n']\n"),
    "spread_of_column": ({"chart_type": "histogram", "group_by": ["n"]}, ""),
    "line": ({"chart_type": "line chart"}, "@xy\ndef both(df, *args, **kwargs):\n    return df['n'], [df['price'].fillna(0).tolist(), [kwargs['least']] * 5]\n"),
    "pie": ({"chart_type": "pie chart", "x": "x"}, "x = rows['city']\n"),
    "table": ({"chart_type": "table", "group_by": ["city", "n"], "order_by": "price", "y_sort_order": "descending", "limit": 2}, ""),
    "table_of_names": ({"chart_type": "table", "x": "head", "y": "body", "index": "beside"}, "head = ['n']\nbody = df_1[['n']].head(2)\nbeside = ['first', 'second']\n"),
    "days": ({"chart_type": "time series bar chart", "group_by": ["day"], "metrics": SUM[:1], "time_interval": "day"}, ""),
    "own": ({}, "@data_source\ndef big(df, *args, **kwargs):\n    return df[df.n > 3]\n\n\n@render(render_type='html')\ndef show(df, *args, **kwargs):\n    return f'<b>{len(df)}</b>'\n"),
    "told": ({}, "@configuration\ndef how(df, *args, **kwargs):\n    return {'chart_type': 'line chart'}\n\n\n@x\ndef across(df, *args, **kwargs):\n    return df['n']\n\n\n@y\ndef up(df, *args, **kwargs):\n    return df['n'] * 2\n"),
}  # fmt: skip
WANTED: dict[str, tuple[str, list[Any], list[Any]]] = {
    "bars": ("bar chart", ["a", "b", "c"], [[5, 2, 4], [2, 0, 1]]),
    "bars_of_names": ("bar chart", ["a", "b", "c"], [[5, 2, 4]]),
    "spread": ("histogram", [(n, n + 1) for n in range(1, 10)], [[1, 1, 0, 2, 0, 0, 0, 0, 1]]),
    "spread_of_column": ("histogram", [(n, n + 1) for n in range(1, 10)], [[1, 1, 0, 2, 0, 0, 0, 0, 1]]),
    "line": ("line chart", [1, 2, 4, 4, 9], [[1.5, 0.0, 2.5, 3.0, 0.5], [3, 3, 3, 3, 3]]),
    "pie": ("pie chart", ["a", "b", "c"], [[2, 1, 1]]),
    "table": ("table", ["city", "n"], [["c", 4], ["a", 4]]),
    "table_of_names": ("table", ["n"], [[1], [2]]),
    "days": ("time series bar chart", ["2024-01-01", "2024-01-02", "2024-01-03", "2024-01-04"], [[1, 2, 0, 17]]),
    "told": ("line chart", [1, 2, 4, 4, 9], [[2, 4, 8, 8, 18]]),
}  # fmt: skip


def project_of(root: Path, charts: dict[str, tuple[dict[str, Any], str]]) -> Path:
    widgets = [entry(name, "chart", ["rows"], [], language="python", configuration=how) for name, (how, _) in charts.items()]
    document = {
        "blocks": [entry("rows", "data_loader", [], [])],
        "widgets": widgets,
        "name": "shown",
        "type": "python",
        "variables": {"least": 3},
    }
    files = {
        "metadata.yaml": "project_type: standalone\n",
        "pipelines/shown/metadata.yaml": json.dumps(document),
        "data_loaders/rows.py": ROWS,
    }
    return write(root, files | {f"charts/{name}.py": text or "\n" for name, (_, text) in charts.items()})


@pytest.fixture
def session(tmp_path: Path):
    made = Session.open(project_of(tmp_path / "project", CHARTS), "shown")
    yield made
    made.close()


def drawn(session: Session, name: str, executor: str = "inline") -> Any:
    run = session.run(name, executor=executor)
    assert run.status == "succeeded", run.blocks[name].failure
    return session.store.get(run.blocks[name].output)


@pytest.mark.parametrize("name", WANTED)
def test_a_chart_shows_what_its_code_or_configuration_says(session, name):
    found = drawn(session, name)
    rows = [[None if isinstance(each, float) and each != each else each for each in one] for one in found.y]
    assert (found.sort, found.x, rows) == WANTED[name]
    shown = found._repr_mimebundle_()
    if found.sort == "table":
        assert shown["text/html"].startswith("<table><tr>")
    else:
        assert len(list(ElementTree.fromstring(shown["image/svg+xml"]).iter())) > 5


def test_a_chart_with_code_of_its_own_is_what_that_draws(session):
    assert drawn(session, "own", "processes")._repr_mimebundle_() == {
        "text/plain": "Chart(custom, html)",
        "text/html": "<b>3</b>",
    }


def test_a_whole_run_draws_no_chart_and_a_chart_takes_its_blocks_from_the_cache(session):
    run = session.run(executor="inline")
    assert {name: block.status for name, block in run.blocks.items()} == {"rows": "succeeded"}
    again = session.run("spread", executor="inline")
    assert {name: block.status for name, block in again.blocks.items()} == {"rows": "cached", "spread": "succeeded"}


@pytest.mark.parametrize(
    ("how", "text", "said"),
    [
        ({"chart_type": "bar"}, "", "no chart_type 'bar'. Did you mean 'bar chart'?"),
        (
            {"chart_type": "bar chart", "group_by": ["town"], "metrics": SUM},
            "",
            "no column 'town'. There are: city, day, n, price",
        ),
        ({"chart_type": "bar chart", "group_by": ["city"]}, "", "a bar chart wants metrics"),
        (
            {"chart_type": "bar chart", "group_by": ["city"], "metrics": [{"aggregation": "most", "column": "n"}]},
            "",
            "no aggregation 'most'.",
        ),
        ({}, "x = nothing\n", "name 'nothing' is not defined"),
    ],
    ids=["sort", "column", "metrics", "aggregation", "code"],
)
def test_what_a_chart_lacks_is_said(tmp_path, how, text, said):
    session = Session.open(project_of(tmp_path / "other", {"chart": (how, text)}), "shown")
    failure = session.run("chart", executor="inline").blocks["chart"].failure
    session.close()
    assert failure.message.startswith(said) and (failure.line == 2) is (text != "")


def test_charts_are_cells_that_draw_and_go_back_byte_for_byte(tmp_path):
    root = project_of(tmp_path / "project", CHARTS)
    before = {str(path.relative_to(root)): path.read_text() for path in sorted(root.rglob("*.*"))}
    target = tmp_path / "shown.ipynb"
    notebook.format.write(mage.format.imported(mage.format.read(root, "shown"), root, target), target)
    cells = {
        cell["id"]: "".join(cell["source"]) for cell in json.loads(target.read_text())["cells"] if cell["cell_type"] == "code"
    }
    assert cells["spread"] == "%%block spread(rows) --mage_chart --kind chart\nx = df_1['n']"
    mage.format.write(notebook.format.read(target), root, target)
    after = {
        str(path.relative_to(root)): path.read_text() for path in sorted(root.rglob("*.*")) if ".jupyter_mage" not in str(path)
    }
    assert after == before
    session = Session(root, pipeline="shown")
    session.saved = SavedNotebook(target)
    session.define("rows() --kind data_loader", ROWS.rstrip("\n"))
    session.define("spread(rows) --mage_chart --kind chart", "x = df_1['n'] * 2")
    assert drawn(session, "spread").x[0] == (2, 3)
    session.close()


def test_a_picture_says_what_it_is_and_minds_what_it_is_given():
    chart = Chart(sort="bar chart", x=["<a>", "b"], y=[[1, float("nan")], [None, -2]], names=["one & two", "t"])
    text = chart._repr_mimebundle_()["image/svg+xml"]
    tree = ElementTree.fromstring(text)
    assert tree.attrib["aria-label"] == "Chart(bar chart, 2 × 2)"
    assert "<a>" not in text and "&lt;a&gt;" in text
    assert "nothing to draw" in Chart(sort="histogram")._repr_mimebundle_()["image/svg+xml"]
