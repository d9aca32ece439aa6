"""One header, three carriers: read the same, written without loss, and a mistyped one is said."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_cli import COMMAND
from test_scopes import PROGRAMS, readable

from jupyter_mage import block, projects
from jupyter_mage.code import cells
from jupyter_mage.code.carriers import CARRIERS, near_miss, read_cell, rebuilt, switch
from jupyter_mage.code.decorator import decorated
from jupyter_mage.code.header import Header, parse
from jupyter_mage.errors import DefinitionError, HeaderError, JupyterMageError
from jupyter_mage.formats.notebook.patching import replace_sources
from jupyter_mage.session import Session

HEADERS = [
    "big",
    "big()",
    "big(orders)",
    "big(orders, users, *, n: int = 1, day: str = '2024-01-01')",
    "big(orders) --kind custom --retries 3 --retry-delay 10s --timeout 5m",
    "big(orders) --after users --after more --tag daily --doc 'Orders, worth a call.'",
    "big --no-run --force --cache off",
]
BODIES = [
    "orders[1:]",
    "big = orders[1:]",
    '"""What it is."""\nx = 1\n\n# why\nbig = [x]',
    "for each in orders:\n    print(each)",
    "",
    "text = '''one\ntwo\n  three'''\ntext",
    "import asyncio\nawait asyncio.sleep(0)\norders",
    "def inner(x):\n    return x\n\ninner(orders)",
    "(orders\n .copy())",
]


def same(left: Header, right: Header) -> bool:
    """Whether two headers say the same; how they are written is another matter."""
    fields = [each for each in Header.__dataclass_fields__ if each not in ("text", "carrier", "doc")]
    return all(getattr(left, each) == getattr(right, each) for each in fields)


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("header", HEADERS)
@pytest.mark.parametrize("carrier", CARRIERS)
def test_header_and_body_are_the_same_whatever_carries_them(header: str, body: str, carrier: str) -> None:
    cell = switch(f"# why\n%%block {header}\n{body}", carrier)
    head = read_cell(cell)
    assert head is not None and head.carrier == carrier
    assert same(cells.read_header(head.text, carrier=carrier), parse(header))
    assert switch(cell, "magic") == f"# why\n%%block {header}\n{body}"


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("header", HEADERS)
def test_cell_comes_back_from_what_is_kept_of_it(header: str, body: str) -> None:
    for carrier in CARRIERS:
        cell = switch(f"%%block {header}\n{body}", carrier)
        head = read_cell(cell)
        assert head is not None and rebuilt(head.text, head.body, carrier, "big") == cell


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(st.sampled_from(HEADERS), PROGRAMS.filter(readable))
def test_any_body_goes_round_all_carriers(header: str, body: str) -> None:
    cell = f"%%block {header}\n{body}"
    assert switch(switch(switch(cell, "comment"), "decorator"), "magic") == cell


DEFS = [
    "@block\ndef big(orders):\n    return orders[1:]",
    "import math\n\n\n@block(kind='custom')\ndef big(orders, *, n: int = 1):\n    # how many\n    x = math.sqrt(n)\n    return x",
    "@block()\ndef big(\n    orders,\n    *,\n    n: int = 1,\n) -> list[int]:\n    big = orders\n    return big",
    "@block\ndef big(orders):\n    orders.sort()",
    "@block\ndef big(orders):\n    big = 1",
    "# note\n@block\ndef big():\n    if 1:\n        return 2\n    return 3",
]


@pytest.mark.parametrize("cell", DEFS)
def test_function_comes_back_as_it_was(cell: str) -> None:
    head = read_cell(cell)
    assert head is not None and rebuilt(head.text, head.body, "decorator", "big") == cell


@pytest.mark.parametrize("cell", DEFS)
def test_body_of_a_function_has_the_line_numbers_of_its_cell(cell: str) -> None:
    head, lines = read_cell(cell), cell.split("\n")
    assert head is not None
    inner = [line.strip().removeprefix("return ") for line in ["", *head.body.split("\n")]]
    body = head.text.count("\n") + 1
    assert [line for line in inner[body:] if line and line != "return"] == [
        line.strip().removeprefix("return ") for line in lines[body:][: len(inner) - body] if line.strip()
    ]


@pytest.mark.parametrize("cell", DEFS)
def test_function_gives_in_a_cell_what_it_gives_when_it_is_called(cell: str, tmp_path: Path) -> None:
    space: dict[str, object] = {"block": block}
    exec(cell, space)
    function = space["big"]
    head = read_cell(cell)
    assert head is not None and callable(function)
    session = Session(tmp_path, pipeline="work")
    session.define("orders", "[3, 1, 2]")
    defined = session.define(head.text, head.body, carrier="decorator")
    assert session.run(executor="inline").status == "succeeded"
    assert session.value("big") == function(*[[3, 1, 2]] * len(defined.block.upstreams))
    session.close()


@pytest.mark.parametrize(
    ("cell", "line", "words"),
    [
        ("x = 1\n@block\ndef f(): pass", 1, "more than a @block function"),
        ("@block\ndef f():\n    pass\n\n@block\ndef g():\n    pass", 6, "a second @block function"),
        ("@block\n@cached\ndef f():\n    pass", 2, "stands alone"),
        ("@block('x')\ndef f():\n    pass", 1, "have names"),
        ("@block(**more)\ndef f():\n    pass", 1, "one by one"),
        ("@block(kind=k)\ndef f():\n    pass", 1, "a literal"),
        ("@block\ndef f(: pass", 2, "invalid syntax"),
        ("@block\ndef f(): pass", 2, "the line of its def"),
        ("@block(retris=3)\ndef f():\n    pass", 1, "Did you mean '--retries'?"),
        ("@block\ndef f(a=1):\n    pass", 1, "has a default"),
    ],
)  # fmt: skip
def test_function_that_is_no_block_is_refused_with_its_line(cell: str, line: int, words: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        head = read_cell(cell)
        cells.read_header(head.text if head else "", carrier="decorator")
    assert words in caught.value.message and caught.value.where is not None and caught.value.where.line == line


@pytest.mark.parametrize(
    "cell",
    [
        "from prefect import block\n@block\ndef f(): return 1",
        "def block(f): return f\n@block\ndef g(): return 1",
        "from dagster import sensor\n@sensor\ndef f(): return 1",
        "def custom(f): return f\n@custom\ndef g(): return 1",
        "x = '@block'",
        "class A:\n    @block\n    def f(self): return 1",
        "# @block\nx = 1",
    ],
)
def test_other_decorators_of_the_name_are_left_alone(cell: str) -> None:
    assert read_cell(cell) is None


def test_name_that_the_notebook_uses_otherwise_is_left_alone() -> None:
    for cell in ("@block\ndef f():\n    return 1", "@sensor\ndef f():\n    return 1"):
        assert read_cell(cell, lambda name: True) is None and read_cell(cell) is not None


MAGE = """if 'transformer' not in globals():
    from mage_ai.data_preparation.decorators import transformer
if 'test' not in globals():
    from mage_ai.data_preparation.decorators import test


@transformer
def tidy(raw, *args, **kwargs):
    return [each * kwargs.get('times', 1) for each in raw]


@test
def test_output(output, *args) -> None:
    assert output, 'is empty'
"""


def test_mage_file_is_a_block_as_it_is(tmp_path: Path) -> None:
    head = read_cell(MAGE)
    assert head is not None and (head.text, head.carrier) == ("tidy(raw) --kind transformer", "mage")
    session = Session(tmp_path, pipeline="work")
    session.define("raw", "[1, 2]")
    session.define(head.text, head.body, carrier=head.carrier)
    assert session.run(executor="inline").status == "succeeded" and session.value("tidy") == [1, 2]
    session.define("raw", "[]")
    failed = session.run(executor="inline").failed
    assert [(each.name, each.failure and (each.failure.line, each.failure.message)) for each in failed] == [
        ("tidy", (14, "is empty"))
    ]
    session.close()


def test_mage_file_goes_through_notebook_and_project_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "work.ipynb"
    write(path, "%%block raw\n[1]", MAGE.rstrip("\n"), DEFS[0].replace("orders", "tidy"))
    pipeline = projects.read(path)
    session = Session.open(path)
    session.export(tmp_path / "project")
    session.close()
    assert (tmp_path / "project/transformers/tidy.py").read_text() == MAGE
    projects.import_notebook(tmp_path / "project", "work", tmp_path / "back.ipynb")
    assert texts(tmp_path / "back.ipynb")[1:] == ["%%block raw\n[1]", MAGE.rstrip("\n"), DEFS[0].replace("orders", "tidy")]
    assert [each.upstreams for each in pipeline] == [each.upstreams for each in projects.read(tmp_path / "back.ipynb")]


@pytest.mark.parametrize(
    ("cell", "right"),
    [
        ("#| blok: raw\n1", "#| block: raw"),
        ("#|block raw(a)\n1", "#| block: raw(a)"),
        ("# | Block: raw", "#| block: raw"),
        ("#| blocks: raw", "#| block: raw"),
        ("#| tset: raw", "#| test: raw"),
        ("x = 1\n#| block: raw", "has to be the cell's first line"),
        ("%%blok raw\n1", "%%block raw"),
        ("%% block raw\n1", "%%block raw"),
        ("# note\n%%Block raw\n1", "%%block raw"),
    ],
)
def test_mistyped_directive_is_answered_with_the_right_one(cell: str, right: str) -> None:
    assert read_cell(cell) is None and right in near_miss(cell, ["block", "test", "time"])


@pytest.mark.parametrize(
    "cell", ["#| label: fig-1", "#| echo: false", "#| export", "# block: x", "#| test", "%%time\n1", "%%bash\nls", "# text", ""]
)
def test_directives_of_others_are_left_alone(cell: str) -> None:
    assert near_miss(cell, ["block", "test", "time", "bash"]) == ""


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="#|%@ block:test\n()def x=1'\"\t*,-é\x00", max_size=80) | st.text(max_size=60))
def test_any_cell_is_read_or_refused(cell: str) -> None:
    try:
        read_cell(cell)
    except JupyterMageError as error:
        assert error.message and error.where is not None and error.where.line
    assert isinstance(near_miss(cell), str)


# ---- the notebook file


def write(path: Path, *texts: str) -> None:
    made = [
        {
            "cell_type": "code",
            "id": f"c{n}",
            "metadata": {},
            "source": text.splitlines(keepends=True),
            "outputs": [],
            "execution_count": None,
        }
        for n, text in enumerate(texts)
    ]
    path.write_text(json.dumps({"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}, indent=1))


def texts(path: Path) -> list[str]:
    return ["".join(each["source"]) for each in json.loads(path.read_text())["cells"]]


ODD = """{"nbformat":4, "metadata": {"source": ["no"], "cells": [{"source": "no"}]},
  "cells":  [
 {"source": [
      "%%block raw\\n",
      "'\\u00e9'"
   ], "metadata": {"source": "no"}, "cell_type":"code", "outputs": [{"source": ["no", {"source": []}]}], "execution_count": null, "id":"a"},
    {"cell_type": "code", "source": "%%block b(raw)\\n1", "metadata":{}, "outputs":[],"execution_count":7 , "id":"b"},
    {"cell_type": "code", "source": ["%%block c(raw)\\n", "1"], "metadata":{}, "outputs":[],"execution_count":7 , "id":"c"}
  ], "nbformat_minor" : 5,  "x": 1.50}
"""


def test_only_the_cell_of_the_block_changes_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "odd.ipynb"
    path.write_text(ODD)
    with closing(Session.open(path)) as session:
        assert session.switch_carrier(path, "raw", "comment") and not session.switch_carrier(path, "raw", "comment")
        assert path.read_text() == ODD.replace('"%%block raw\\n"', '"#| block: raw\\n"')
        session.switch_carrier(path, "b", "decorator")
        session.switch_carrier(path, "c", "comment")
    assert path.read_text() == ODD.replace('"%%block raw\\n"', '"#| block: raw\\n"').replace(
        '"%%block b(raw)\\n1"', '"@block\\ndef b(raw):\\n    return 1"'
    ).replace('"%%block c(raw)\\n"', '"#| block: c(raw)\\n"')


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["source", "cells", "a"]), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(st.text(max_size=20), JSON, st.booleans()), min_size=1, max_size=4), st.text(max_size=20),
    st.sampled_from([None, 0, 1, 4]), st.booleans(), JSON,
)  # fmt: skip
def test_file_with_a_changed_cell_is_the_file_with_that_cell(made, text, indent, ascii_only, extra) -> None:
    import tempfile

    document = {
        "metadata": extra, "nbformat": 4,
        "cells": [
            {"outputs": other, "source": source.splitlines(keepends=True) if listed else source, "cell_type": "code", "metadata": {"x": other}}
            for source, other, listed in made
        ],
    }  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "n.ipynb"
        path.write_bytes(json.dumps(document, indent=indent, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass"))
        try:
            replace_sources(path, {len(made): text})
        except JupyterMageError:
            return
        found = json.loads(path.read_text())
    cell = document["cells"][-1]
    cell["source"] = text.splitlines(keepends=True) if isinstance(cell["source"], list) else text
    assert found == document


def test_command_rewrites_the_cell(tmp_path: Path) -> None:
    import subprocess

    path = tmp_path / "work.ipynb"
    write(path, "%load_ext jupyter_mage", "%%block raw\n[1]", "%%block total --sql\nSELECT 1 AS a")
    done = subprocess.run([COMMAND, "carrier", str(path), "raw", "decorator"], capture_output=True, text=True)
    assert (done.returncode, texts(path)[1]) == (0, "@block(infer=True)\ndef raw():\n    return [1]"), done.stderr
    done = subprocess.run([COMMAND, "carrier", str(path), "total", "decorator"], capture_output=True, text=True)
    assert done.returncode == 2 and "total is sql, and a def is Python" in done.stderr and "cell [3]" in done.stderr
    done = subprocess.run([COMMAND, "carrier", str(path), "rwa", "comment"], capture_output=True, text=True)
    assert done.returncode == 2 and "Did you mean 'raw'?" in done.stderr


# ---- plain Python


def test_function_stays_what_it_is_in_plain_python() -> None:
    @block(kind="data_exporter", retries=3, after=["raw"])
    def save(clean, *, path: str = "x"):
        return clean, path

    assert save([1]) == ([1], "x") and save.__name__ == "save"
    assert (save.__block__.kind, save.__block__.retries, save.__block__.after) == ("data_exporter", 3, ("raw",))


def test_option_that_is_not_there_is_refused_in_plain_python() -> None:
    with pytest.raises(JupyterMageError, match="Did you mean '--retries'"):
        block(retris=3)
    with pytest.raises(HeaderError, match="whole number"):
        block(retries="many")


def test_decorated_is_none_for_a_cell_without_one() -> None:
    assert decorated("x = 1") is None


WITH_TESTS = """import math


@block(retries=1)
def clean(orders):
    return [math.floor(each) for each in orders]


@test
def positive(output, orders):
    assert len(output) == len(orders)
    assert min(output) > 3
"""


def test_tests_stand_below_a_function_that_is_a_block(tmp_path: Path) -> None:
    head = read_cell(WITH_TESTS.rstrip("\n"))
    assert head is not None
    session = Session(tmp_path, pipeline="work")
    session.define("orders", "[1.5, 2]")
    defined = session.define(head.text, head.body, carrier=head.carrier)
    assert ([each.name for each in defined.block.tests], defined.notes) == (["positive"], ())
    (failed,) = session.run(executor="inline").failed
    assert failed.failure is not None
    assert (failed.failure.test, failed.failure.line, failed.failure.message) == ("positive", 12, "assert min(output) > 3")
    session.close()
    magic = switch(WITH_TESTS, "magic")
    assert magic.startswith("%%block clean(orders) --retries 1\nimport math\n[math.floor") and magic.endswith("> 3\n")
    again = switch(magic, "decorator")
    assert switch(again, "magic") == magic and again.count("@test") == 1 and "\n    @test" not in again


def test_anything_else_below_a_function_that_is_a_block_is_refused() -> None:
    with pytest.raises(HeaderError, match="more than a @block function, imports above and @test functions below it"):
        read_cell("@block\ndef one():\n    return 1\n\nprint(one())")
