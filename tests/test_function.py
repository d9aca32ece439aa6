"""A cell body as a function and back: byte for byte, and the same output."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jupyter_mage.code.function import mage_decorator, output_rule, string_lines, to_body, to_function, to_test
from jupyter_mage.errors import BlockSyntaxError, FormatError
from jupyter_mage.model import MISSING, Block, Definition, Parameter, Test
from jupyter_mage.plugins import Call, languages

PARAMETERS = (Parameter(name="k", default=3), Parameter(name="s", default="a\n'b"), Parameter(name="needed"))


def block(source: str, **changes: object) -> Block:
    return Block(**{"name": "blk", "source": source, "upstreams": ("raw",), **changes})


def there_and_back(source: str, parameters: tuple[Parameter, ...] = ()) -> str:
    text = to_function(block(source, parameters=parameters), decorator="transformer")
    newlines = len(source) - len(source.rstrip("\n"))
    names = [each.name for each in parameters]
    return to_body(text, parameters=names, output=output_rule(source, "blk"), newlines=newlines).source


BODIES = [
    'a = 1\n"""x\n  y"""\nblk = 3',
    '"""doc\n  more"""\n\n# c\nraw[  raw.x>1 ]  # hi',
    '"""doc""" ; x = 1',
    '"""doc""" # c\nx',
    '"""only a docstring"""',
    "",
    "# only a comment",
    "\n\n",
    'x = """\n a\n"""\nx;',
    "(a\n +b) # foo\n# end",
    "if 1:\n\treturn 2\nfor i in x:\n\tpass",
    'f"""{1\n}"""',
    "f'{raw}' 'b' \\\n  \"c\"",
    "a = 1; a + 1",
    "é = 'ü'; é",
    "x = \\\n  1\nx",
    "x = 'a\\\n  b'\nx",
    "\fx = 1",
    "x\n\n\n",
    "\n\nx",
    "x\n   ",
    "x\n\t\n\nblk = x  ",
    "def f():\n    return 1\nf()",
    "@wraps(raw)\n@other\ndef f():\n\n    # in\n    return '''\n z'''\n\nclass A:\n  x: int\nA",
    "blk = raw\nreturn blk",
    "blk = 1\nif raw:\n  return 3",
    "for blk in raw:\n    break",
    "async def f():\n  await x\nf()",
    'k = kwargs.get("k", 3)\nk',
    "k = kwargs.get('k', 3)",
    "pass",
    "[\n  1,\n\n  # two\n  2,\n]",
    "lambda: '''\n'''",
    "raise ValueError(raw)",
    "try:\n    blk = 1\nfinally:\n    x = '''\n# no comment\n'''",
    "match raw:\n    case {'a': blk}:\n        pass",
]


@pytest.mark.parametrize("source", BODIES)
@pytest.mark.parametrize("parameters", [(), PARAMETERS], ids=["plain", "parameters"])
def test_body_comes_back_byte_for_byte(source: str, parameters: tuple[Parameter, ...]) -> None:
    assert there_and_back(source, parameters) == source


TEXTS = st.text(alphabet="ab {}\\'\"\n\t#é", max_size=12)
SIMPLE = st.one_of(
    st.sampled_from(
        ["x = raw", "raw.head()", "blk = raw", "pass", "x = [\n 1,\n\n  2]", "del x", "x = 1 + \\\n    2", "import os"]
    ),
    TEXTS.map(lambda text: f"x = {text!r}"),
    TEXTS.map(lambda text: "y = '''" + text.replace("\\", "").replace("'", "") + "'''"),
    TEXTS.map(lambda text: 'z = f"""' + text.replace("\\", "").replace('"', "").replace("{", "{{").replace("}", "}}") + '{x}"""'),
    st.sampled_from(["# a comment", "", "   ", "\t", "x = 1  # why", "x = 1; y = 2 ", "return x", '"""words"""']),
)
HEADS = st.sampled_from(
    ["if raw:", "for i in raw:", "while x:", "with x as y:", "def f(a, b=1):", "class A:", "@dec\ndef g():", "else_ = 1\nif x:"]
)


def nested(children: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    def indented(head: str, lines: list[str], by: str) -> str:
        text = "\n".join([*lines, "pass"])
        inside = string_lines(text)
        body = [line if number in inside or not line else by + line for number, line in enumerate(text.split("\n"), 1)]
        return "\n".join([head, *body])

    return st.builds(indented, HEADS, st.lists(children, min_size=1, max_size=3), st.sampled_from(["    ", "\t", "  "]))


@settings(max_examples=300, deadline=None)
@given(st.lists(st.recursive(SIMPLE, nested, max_leaves=6), max_size=5).map("\n".join), st.sampled_from([(), PARAMETERS]))
def test_any_body_comes_back_byte_for_byte(source: str, parameters: tuple[Parameter, ...]) -> None:
    try:
        languages.get("python").check(source)
        to_function(block(source, parameters=parameters), decorator="transformer")
    except (BlockSyntaxError, FormatError):
        return  # the generator makes some that are no Python, or no function's body; they have tests of their own
    assert there_and_back(source, parameters) == source


@pytest.mark.parametrize(
    "source",
    [
        "raw * 2",
        "blk = raw + 1",
        "return raw, k",
        '"""doc"""\nraw - k',
        "x = raw",
        "if raw > 1:\n    return 'early'\nblk = 'late'",
        '"""\nonly\n"""',
        "def double(v):\n    return v * 2\ndouble(k)",
        'f"""\n  {raw}\n"""',
        "blk = 1\n5",
    ],
)
def test_function_gives_what_the_cell_gives(source: str) -> None:
    made = block(source, parameters=(Parameter(name="k", default=3),))
    call = Call(block=made, source=source, captured=(), values={"raw": 7, "k": 3})
    namespace: dict[str, object] = {"transformer": lambda function: function}
    exec(to_function(made, decorator="transformer"), namespace)
    assert namespace["blk"](7) == languages.get("python").run(call)


def test_parameters_are_read_from_kwargs_below_the_docstring() -> None:
    text = to_function(block('"""Doc."""\nblk = raw', parameters=PARAMETERS, name="blk"), decorator="custom")
    assert text == (
        "@custom\n"
        "def blk(raw, *args, **kwargs):\n"
        '    """Doc."""\n'
        "    k = kwargs.get('k', 3)\n"
        "    s = kwargs.get('s', \"a\\n'b\")\n"
        "    needed = kwargs['needed']\n"
        "    blk = raw\n"
        "    return blk"
    )


def test_defaults_changed_in_the_file_are_found() -> None:
    text = to_function(block("k", parameters=PARAMETERS), decorator="custom").replace("'k', 3", "'k', [4]")
    found = to_body(text, parameters=["k", "s", "needed"], output="expression")
    assert (found.source, found.defaults) == ("k", {"k": [4], "s": "a\n'b", "needed": MISSING})


def test_names_of_arguments_and_functions_make_room() -> None:
    made = block("args", upstreams=("args", "kwargs"), name="test", parameters=(Parameter(name="k", default=1),))
    text = to_function(made, decorator="transformer", taken=["test_block"])
    assert text.splitlines()[1:3] == [
        "def test_block_block(args, kwargs, *more_args, **more_kwargs):",
        "    k = more_kwargs.get('k', 1)",
    ]
    assert to_body(text, parameters=["k"], output="expression").source == "args"


def test_test_becomes_a_test_function_and_comes_back() -> None:
    text = to_test(Test(name="rows", source="# all\nassert len(blk) > 1, '''\n no'''"), "blk")
    assert text == "@test\ndef test_rows(blk=None, *args, **kwargs):\n    # all\n    assert len(blk) > 1, '''\n no'''"
    assert to_body(text).source == "# all\nassert len(blk) > 1, '''\n no'''"


@pytest.mark.parametrize(
    ("source", "line", "word"),
    [
        ("x = 1\n!ls -l", 3, "'!ls -l' is IPython's own"),
        ("files = !ls\nfiles", 2, "IPython's own"),
        ("\n%time raw", 3, "'%time raw' is IPython's own"),
        ("raw\nawait f()", 3, "await outside a function"),
        ("x = 1\nyield x", 3, "yield outside a function"),
        ("from os import *", 2, "import * only allowed at module level"),
        ("x = 1\nglobal raw", 3, "name 'raw' is parameter and global"),
    ],
)
def test_what_cannot_run_in_mage_is_refused_with_its_line(source: str, line: int, word: str) -> None:
    with pytest.raises(FormatError, match=r"Mage|function's body") as caught:
        to_function(block(source), decorator="transformer")
    assert (caught.value.where.block, caught.value.where.line) == ("blk", line)
    assert word in caught.value.message


def test_functions_do_not_hide_builtins_that_bodies_use() -> None:
    made = block("sum(raw)", name="sum")
    assert to_function(made, decorator="custom").splitlines()[1] == "def sum_block(raw, *args, **kwargs):"


def test_body_that_reads_its_own_name_is_refused() -> None:
    with pytest.raises(FormatError, match="reads blk, its own name"):
        to_function(block("blk(raw)"), decorator="custom")


def test_name_that_is_captured_and_bound_is_refused() -> None:
    limit = Definition(name="LIMIT", source="LIMIT = 3", sort="constant")
    with pytest.raises(FormatError, match="LIMIT is read from outside and bound in the body"):
        to_function(block("LIMIT = LIMIT + 1", captured=(limit,)), decorator="transformer")


@pytest.mark.parametrize(
    "text",
    [
        "def f(:",
        "x = 1",
        "@transformer\ndef f(a):\n  return a",
        "@transformer\ndef f(a): return a",
        "@transformer\ndef f(a):\n    k = kwargs.get('k', g())\n    return a",
    ],
)
def test_function_of_another_shape_is_refused(text: str) -> None:
    with pytest.raises(FormatError):
        to_body(text.replace("(a)", "(a, **kwargs)"), parameters=["k"], output="expression")


def test_edited_function_still_gives_a_body() -> None:
    text = "@transformer\ndef f(a, *args, **kwargs):\n    if a:\n        return 1\n    return (a +\n            1)\n"
    assert to_body(text, output="expression").source == "if a:\n    return 1\n(a +\n        1)"
    assert to_body(text, output="name").source == "if a:\n    return 1\nreturn (a +\n        1)"


@pytest.mark.parametrize(
    ("source", "decorator"),
    [
        ("if 'x' not in globals():\n    pass\n@data_loader\ndef load(*args, **kwargs):\n    return 1", "data_loader"),
        ("@callback('success')\ndef ok(**kwargs): ...", "callback"),
        ("def transformer(f): return f\n@transformer\ndef f(): ...", ""),
        ("@other\ndef f(): ...", ""),
        ("not python @transformer", ""),
    ],
)
def test_mage_files_are_known_by_their_decorator(source: str, decorator: str) -> None:
    assert mage_decorator(source) == decorator
