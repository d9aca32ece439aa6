"""What blocks take along from plain cells, and what leaks."""

import math
from typing import Any

import pytest

from jupyter_mage.code.capture import Ledger, Resolved


def resolve(names: list[str], *cells: str, namespace: dict[str, Any] | None = None) -> Resolved:
    ledger = Ledger()
    for number, cell in enumerate(cells, 1):
        ledger.note(cell, number)
    return ledger.resolve(names, namespace)


def test_imports_are_captured_one_name_each() -> None:
    found = resolve(
        ["np", "pi", "os", "date"], "import numpy as np, os.path\nfrom math import pi, tau\nfrom datetime import date"
    )
    assert [each.source for each in found.captured] == [
        "import numpy as np", "from math import pi", "import os.path", "from datetime import date",
    ]  # fmt: skip


def test_function_brings_what_it_needs_in_order_with_comments_and_decorators() -> None:
    cell = '''import functools

# how much
RATE = 24 * 60  # minutes

@functools.cache
def twice(x):
    """Twice."""
    return x * RATE
'''
    found = resolve(["twice"], cell)
    assert [each.source for each in found.captured] == [
        "import functools",
        "# how much\nRATE = 24 * 60  # minutes",
        '@functools.cache\ndef twice(x):\n    """Twice."""\n    return x * RATE',
    ]


@pytest.mark.parametrize("text", ["1", "-2.5", "'a'", "[1, (2, 3)]", "{'a': {1, 2}}", "24 * 60", "None", '"""two\nlines"""'])
def test_literal_constant_is_captured_as_written(text: str) -> None:
    found = resolve(["K"], f"K = {text}", namespace={"K": eval(text)})
    assert [each.source for each in found.captured] == [f"K = {text}"]


@pytest.mark.parametrize("text", ["len('a')", "df.mean()", "[x for x in y]", "other", "[*xs]"])
def test_computed_value_leaks_with_its_cell(text: str) -> None:
    found = resolve(["K"], "import math", f"K = {text}")
    assert [(leak.name, leak.cell) for leak in found.leaks] == [("K", 2)]


def test_lambda_and_several_constants_of_one_line_are_captured() -> None:
    found = resolve(["double", "A", "B", "C"], "double = lambda x: 2 * x\nA, B = 1, 2\nC = D = 5")
    assert [(each.name, each.source) for each in found.captured] == [
        ("double", "double = lambda x: 2 * x"), ("A", "A, B = 1, 2"), ("B", "A, B = 1, 2"), ("C", "C = D = 5"),
    ]  # fmt: skip


def test_two_imports_of_one_package_are_both_captured() -> None:
    found = resolve(["os"], "import os.path", "import os.a as b\nimport os.abc")
    assert [each.source for each in found.captured] == ["import os.path\nimport os.abc"]


def test_constant_whose_name_holds_something_else_now_leaks() -> None:
    frame = pytest.importorskip("pandas").DataFrame({"a": [1]})
    assert [leak.name for leak in resolve(["K"], "K = 2", namespace={"K": frame}).leaks] == ["K"]


def test_constant_that_was_changed_since_leaks() -> None:
    found = resolve(["K"], "K = [1]", namespace={"K": [1, 2]})
    assert [leak.name for leak in found.leaks] == ["K"]
    assert not found.captured


def test_later_binding_counts() -> None:
    assert [each.source for each in resolve(["f"], "def f(): return 1", "def f(): return 2").captured] == ["def f(): return 2"]
    assert resolve(["f"], "def f(): return 1", "f = wrap(f)").leaks[0].cell == 2


def test_module_and_importable_object_of_the_namespace_become_imports() -> None:
    found = resolve(["m", "sqrt"], namespace={"m": math, "sqrt": math.sqrt})
    assert [each.source for each in found.captured] == ["import math as m", "from math import sqrt"]


def test_value_that_no_cell_bound_leaks_and_an_absent_name_is_unknown() -> None:
    found = resolve(["data", "nothing"], namespace={"data": object()})
    assert [leak.name for leak in found.leaks] == ["data"]
    assert found.unknown == ("nothing",)


def test_leak_behind_a_function_is_found() -> None:
    found = resolve(["f"], "tmp = open('x')", "def f(): return tmp")
    assert [leak.name for leak in found.leaks] == ["tmp"]


def test_functions_that_call_each_other_are_captured_once() -> None:
    found = resolve(["even"], "def even(n): return n == 0 or odd(n - 1)\ndef odd(n): return n != 0 and even(n - 1)")
    assert sorted(each.name for each in found.captured) == ["even", "odd"]
