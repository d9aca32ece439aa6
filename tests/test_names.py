"""Which names a Python body reads and binds."""

import ast

import pytest

from jupyter_mage.code.names import analyse

CASES = [
    ("late = flights[flights.delay > limit]", ("flights", "limit"), ("late",)),
    ("x = 1\ny = x", (), ("x", "y")),
    ("x = x + 1", ("x",), ("x",)),
    ("x += 1", ("x",), ("x",)),
    ("print(len(a))", ("a",), ()),
    ("def f(x): return x + k\nf(1)", ("k",), ("f",)),
    ("def f(): return later\nlater = 1", (), ("f", "later")),
    ("def f(x=d): pass", ("d",), ("f",)),
    ("@dec\ndef f(): pass", ("dec",), ("f",)),
    ("f = lambda x: x * k", ("k",), ("f",)),
    ("[i * k for i in xs if i > m]", ("xs", "k", "m"), ()),
    ("[j for i in xs for j in i]", ("xs",), ()),
    ("{k: v for k, v in d.items()}", ("d",), ()),
    ("any((hit := x) for x in xs)", ("xs",), ("hit",)),
    ("if c:\n    x = 1\nx", ("c", "x"), ("x",)),
    ("if c:\n    x = 1\nelse:\n    x = 2\nx", ("c",), ("x",)),
    ("for i in xs:\n    y = i\ny", ("xs", "y"), ("i", "y")),
    ("while c:\n    c = f(c)", ("c", "f"), ("c",)),
    ("try:\n    x = 1\nexcept E as e:\n    x = 2\nx", ("E",), ("x", "e")),
    ("with a as b:\n    b", ("a",), ("b",)),
    ("import numpy as np\nnp.array(x)", ("x",), ("np",)),
    ("import os.path\nos", (), ("os",)),
    ("from m import *\nx", ("x",), ()),
    ("class C(B):\n    k = v\n    def f(self): return w", ("B", "v", "w"), ("C",)),
    ("del x", ("x",), ("x",)),
    ("x = 1\ndel x\nx", ("x",), ("x",)),
    ("match v:\n    case [a, *b]: a\n    case {'k': c, **d}: c", ("v",), ("a", "b", "c", "d")),
    ("def f():\n    global g\n    g = k\nf()", ("k",), ("f", "g")),
    ("x: int = y", ("y",), ("x",)),
    ("f'{a!r:>{w}}'", ("a", "w"), ()),
    ("a, (b, *c) = d", ("d",), ("a", "b", "c")),
    ("a.b = c", ("c", "a"), ()),
    ("a[i] = c", ("c", "a", "i"), ()),
    ("async def f():\n    async for x in y: await x", ("y",), ("f",)),
]


@pytest.mark.parametrize(("source", "reads", "binds"), CASES, ids=[case[0].replace("\n", "; ") for case in CASES])
def test_body_reads_and_binds(source: str, reads: tuple[str, ...], binds: tuple[str, ...]) -> None:
    found = analyse(ast.parse(source))
    assert (set(found.reads), set(found.binds)) == (set(reads), set(binds))
