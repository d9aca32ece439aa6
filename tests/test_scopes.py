"""Scope analysis against Python itself: programs of all sorts of scopes are executed, and asked of `symtable`."""

from __future__ import annotations

import ast
import builtins
import random
import symtable
import sys
import textwrap
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jupyter_mage.code.names import BUILTINS, analyse
from jupyter_mage.code.renaming import rename_free

NAMES = st.sampled_from(["a", "b", "c", "d", "e"])
SETTINGS = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])


# ---- programs


def expressions(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.tuples(inner, inner).map("({0[0]} + {0[1]})".format),
        st.tuples(inner, inner).map("({0[0]} and {0[1]})".format),
        st.tuples(inner, inner, inner).map("({0[0]} < {0[1]} < {0[2]})".format),
        st.tuples(inner, inner, inner).map("({0[0]} if {0[1]} else {0[2]})".format),
        st.tuples(NAMES, inner).map("({0[0]} := {0[1]})".format),
        st.tuples(inner, NAMES, inner, inner).map("[{0[0]} for {0[1]} in each({0[2]}) if {0[3]}]".format),
        st.tuples(inner, NAMES, inner, NAMES, inner).map(
            "{{{0[0]}: 1 for {0[1]} in each({0[2]}) for {0[3]} in each({0[4]})}}".format
        ),
        st.tuples(NAMES, inner, inner, inner).map("(lambda {0[0]}, z={0[1]}: {0[2]})({0[3]})".format),
        st.tuples(NAMES, inner).map("(lambda {0[0]}: {0[1]})".format),
        st.tuples(inner, inner).map("f'{{{0[0]}!r:>{{{0[1]}}}}}'".format),
        st.tuples(inner, inner).map("{0[0]}[{0[1]}:]".format),
        inner.map("{}.real".format),
        inner.map("len([*each({})])".format),
    )


VALUES = st.recursive(NAMES | st.just("1"), expressions, max_leaves=5)


def indented(blocks: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return blocks.map(lambda text: textwrap.indent(text, "    "))


SIMPLE = st.one_of(
    st.tuples(NAMES, VALUES).map("{0[0]} = {0[1]}".format),
    st.tuples(NAMES, NAMES, VALUES).map("{0[0]}, *{0[1]} = each({0[2]})".format),
    st.tuples(NAMES, VALUES).map("{0[0]} += {0[1]}".format),
    st.tuples(NAMES, VALUES, VALUES).map("{0[0]}: {0[1]} = {0[2]}".format),
    st.tuples(NAMES, VALUES).map("{0[0]}[{0[1]}] = 1".format),
    st.tuples(NAMES, VALUES).map("{0[0]}.x = {0[1]}".format),
    NAMES.map("del {}".format),
    NAMES.map("import os as {}".format),
    NAMES.map("from os import path as {}".format),
    st.tuples(VALUES, VALUES).map("assert {0[0]}, {0[1]}".format),
    VALUES,
    VALUES.map("print({}, file=nowhere)".format),
)


def compound(body: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    block = indented(body)
    return st.one_of(
        st.tuples(VALUES, block, block).map("if {0[0]}:\n{0[1]}\nelse:\n{0[2]}".format),
        st.tuples(VALUES, block).map("if {0[0]}:\n{0[1]}".format),
        st.tuples(NAMES, VALUES, block, block).map("for {0[0]} in each({0[1]}):\n{0[2]}\nelse:\n{0[3]}".format),
        st.tuples(VALUES, block).map("while again({0[0]}):\n{0[1]}".format),
        st.tuples(block, NAMES, NAMES, block).map("try:\n{0[0]}\nexcept (Exception, {0[1]}) as {0[2]}:\n{0[3]}".format),
        st.tuples(VALUES, NAMES, block).map("with opened({0[0]}) as {0[1]}:\n{0[2]}".format),
        st.tuples(NAMES, NAMES, VALUES, NAMES, block).map(
            "@same({0[3]})\ndef {0[0]}({0[1]}, *more, z={0[2]}, **rest):\n{0[4]}\n{0[0]}(1)".format
        ),
        st.tuples(NAMES, NAMES, block).map("def {0[0]}():\n    global {0[1]}\n{0[2]}\n{0[0]}()".format),
        st.tuples(NAMES, NAMES, NAMES, block).map(
            "def {0[0]}({0[1]}):\n    def inner():\n        nonlocal {0[1]}\n        {0[1]} = {0[2]}\n    inner()\n{0[3]}\n{0[0]}(1)".format
        ),
        st.tuples(NAMES, VALUES, block).map("class {0[0]}(base({0[1]})):\n{0[2]}".format),
        st.tuples(VALUES, NAMES, NAMES, block, NAMES, block)
        .map("match {0[0]}:\n    case [{0[1]}, *{0[2]}] if {0[4]}:\n{0[3]}\n    case {0[4]}:\n{0[5]}".format)
        .map(lambda text: text.replace("\n    ", "\n        ").replace("\n        case", "\n    case")),
        st.tuples(block, block).map("try:\n{0[0]}\nfinally:\n{0[1]}".format),
    )


PROGRAMS = st.recursive(
    SIMPLE, lambda inner: st.lists(inner | compound(inner), min_size=1, max_size=4).map("\n".join), max_leaves=8
)


def readable(source: str) -> bool:
    try:
        compile(source, "<program>", "exec")
    except SyntaxError:
        return False
    return True


# ---- what Python itself says


class Anything:
    """A value that bears whatever is done with it, and is true or false by chance."""

    chance = random.Random(0)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __call__(self, *_: Any, **__: Any) -> Any:
        return self

    __add__ = __radd__ = __iadd__ = __getitem__ = __setitem__ = __lt__ = __gt__ = __call__

    def __bool__(self) -> bool:
        return self.chance.random() < 0.5

    def __format__(self, _: str) -> str:
        return ""

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *_: Any) -> None:
        return None


class Watched(dict[str, Any]):
    """A namespace that notes what is looked up in it and is not there, and gives anything for it."""

    def __init__(self, known: dict[str, Any]) -> None:
        super().__init__(known)
        self.at_once: set[str] = set()
        self.in_functions: set[str] = set()

    def __missing__(self, name: str) -> Any:
        if name in BUILTINS:
            raise KeyError(name)
        function = bool(sys._getframe(1).f_code.co_flags & 2)  # CO_NEWLOCALS: a function, lambda or comprehension
        (self.in_functions if function else self.at_once).add(name)
        return Anything()


def each(value: Any) -> Iterator[Any]:
    yield from [value] * Anything.chance.choice([0, 1, 2])


def watched(source: str, seed: int) -> Watched:
    Anything.chance = random.Random(seed)
    left = [3]

    def again(value: Any) -> bool:
        left[0] -= 1
        return left[0] > 0

    helpers = {
        "each": each, "again": again, "opened": lambda value: Anything(), "same": lambda value: lambda function: function,
        "base": lambda value: object, "nowhere": type("Nowhere", (), {"write": lambda self, text: None})(), "__name__": "program",
    }  # fmt: skip
    space = Watched(helpers)
    try:
        exec(compile(source, "<program>", "exec"), space)
    except Exception:
        pass  # it went as far as it went
    return space


def tables(table: symtable.SymbolTable) -> Iterator[symtable.SymbolTable]:
    yield table
    for child in table.get_children():
        yield from tables(child)


def bound_by(source: str) -> set[str]:
    top, *inner = tables(symtable.symtable(source, "<program>", "exec"))
    own = {each.get_name() for each in top.get_symbols() if each.is_assigned() or each.is_imported()}
    return own | {
        each.get_name()
        for table in inner
        for each in table.get_symbols()
        if each.is_declared_global() and (each.is_assigned() or each.is_imported())
    }


def mentioned_as_global(source: str) -> set[str]:
    top, *inner = tables(symtable.symtable(source, "<program>", "exec"))
    own = {each.get_name() for each in top.get_symbols() if each.is_referenced() or each.is_assigned()}
    return own | {
        each.get_name()
        for table in inner
        for each in table.get_symbols()
        if each.is_global() or (table.get_type() == "class" and (each.is_referenced() or each.is_assigned()))
    }


HELPERS = {"each", "again", "opened", "same", "base", "nowhere"}


@SETTINGS
@given(PROGRAMS.filter(readable), st.integers(0, 10_000))
def test_whatever_a_run_looks_up_outside_is_read(source: str, seed: int) -> None:
    found, seen = analyse(ast.parse(source)), watched(source, seed)
    assert seen.at_once <= set(found.reads), source
    assert seen.in_functions - set(found.binds) <= set(found.reads), source


@SETTINGS
@given(PROGRAMS.filter(readable))
def test_binds_are_what_python_binds(source: str) -> None:
    assert set(analyse(ast.parse(source)).binds) == bound_by(source), source


@SETTINGS
@given(PROGRAMS.filter(readable))
def test_only_what_python_takes_for_global_is_read(source: str) -> None:
    found = analyse(ast.parse(source))
    assert set(found.reads) - HELPERS <= mentioned_as_global(source), source
    assert set(found.perhaps) <= set(found.reads)


@pytest.mark.parametrize(
    ("source", "reads", "perhaps"),
    [
        ("for i in rows:\n    y = i\ny", "rows y", "y"),
        ("if c:\n    x = 1\nx", "c x", "x"),
        ("x = x + 1", "x", ""),
        ("for row in rows:\n    if last: print(row)\n    last = row", "rows last", ""),
        ("[y := x for x in xs]\ny", "xs y", "y"),
        ("a and (b := 1)\nb", "a b", "b"),
        ("class C:\n    k = 1\n    xs = [k for i in n]", "k n", ""),
        ("def f():\n    del x\nf()", "", ""),
        ("def f():\n    def g():\n        global k\n        k = 1\n    return k", "", ""),
        ("def f(): return __class__", "", ""),
        ("match v:\n    case 1: x = 1\n    case _: x = 2\nx", "v", ""),
        ("[i for i in range(3) for j in [i]]\ni", "i", ""),
    ],
)  # fmt: skip
def test_read_for_sure_or_perhaps(source: str, reads: str, perhaps: str) -> None:
    found = analyse(ast.parse(source))
    assert (set(found.reads), set(found.perhaps)) == (set(reads.split()), set(perhaps.split()))


@pytest.mark.skipif(sys.version_info < (3, 12), reason="type parameters are of Python 3.12")
def test_type_parameters_are_names_of_their_own() -> None:
    found = analyse(ast.parse("def f[T: Base](x: T) -> T: return x\nclass C[K](Box[K]): pass\ntype Pair[V] = tuple[V, Other]"))
    assert set(found.reads) == {"Base", "Box", "Other"} - set(dir(builtins))


@SETTINGS
@given(PROGRAMS.filter(readable), st.integers(0, 10_000))
def test_renamed_name_is_the_same_program_otherwise(source: str, seed: int) -> None:
    after = rename_free(source, "a", "other")
    if after is None or after == source:
        return
    before, found = analyse(ast.parse(source)), analyse(ast.parse(after))
    swapped = {"a": "other"}
    assert [swapped.get(each, each) for each in before.reads] == list(found.reads), source
    lookups = watched(source, seed)
    again = watched(after, seed)
    assert {swapped.get(each, each) for each in lookups.at_once} == again.at_once, source
    assert {swapped.get(each, each) for each in lookups.in_functions} == again.in_functions, source


@pytest.mark.parametrize(
    ("source", "after"),
    [
        ("raw[raw.a > 1]  # raw", "rows[rows.a > 1]  # raw"),
        ("raw = raw.dropna()\nraw", "rows = rows.dropna()\nrows"),
        ("def f(raw): return raw\nf(raw)", "def f(raw): return raw\nf(rows)"),
        ("[raw for raw in raw]", "[raw for raw in rows]"),
        ("def f(): return raw + 'raw'", "def f(): return rows + 'raw'"),
        ("x.raw(raw=raw)", "x.raw(raw=rows)"),
        ("é = 'é'; raw", "é = 'é'; rows"),
        ("'raw'", "'raw'"),
        ("raw\nimport a as raw", None),
        ("rows = raw", None),
        ("class C:\n    raw = raw", None),
        ("!echo {raw}", None),
        ("!echo", "!echo"),
    ],
)
def test_name_is_changed_where_it_means_the_block(source: str, after: str | None) -> None:
    assert rename_free(source, "raw", "rows") == after
