"""A cell body as the body of a Python function, and back, byte for byte. Runs nothing.

The function is what Mage calls: upstreams in order, ``*args, **kwargs``, parameters read from ``kwargs`` (Mage counts every named
parameter as an upstream). The output rule of a cell is made explicit in it, the same way `source.compile_body` does it.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..errors import FormatError, Where
from ..model import MISSING, Block, Parameter, Test
from . import parameter_types as types
from .names import BUILTINS, analyse
from .source import parse, uses_magics

INDENT = "    "
NAME, EXPRESSION, EMPTY, AS_WRITTEN = "name", "expression", "empty", ""
"""How the output is said: ``return NAME`` added, ``return`` before the last expression, ``pass`` added, nothing added."""

DECORATORS = frozenset(["callback", "condition", "custom", "data_exporter", "data_loader", "extension", "sensor", "transformer"])
"""The names that Mage's block files decorate their function with."""

_LEADING = re.compile("\f*")
_MAGIC = re.compile(r"\s*(?:[\w.,\s\[\]]*=\s*)?[!%]|\s*\?|.*\?\s*$")
_PARAMETER = re.compile(r"    (\w+) = (\w+)(?:\.get\('(\w+)', (.*)\)|\['(\w+)'\])")
_LIVE = re.compile(
    r"    (\w+) = (?:__import__\('datetime'\)\.(?:date|datetime)\.fromisoformat\(\1\)|\w+\[\1\]) if isinstance\(\1, str\) else \1"
)
_SLICE = re.compile(r"    (\w+) = \1\[:\d+\]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """What a function says: the cell's body, and the defaults that its parameters have there."""

    source: str
    defaults: Mapping[str, Any] = field(default_factory=dict)


def output_rule(source: str, name: str) -> str:
    """How a body says what its output is.

    >>> output_rule("clean = raw", "clean"), output_rule("raw.dropna()", "clean"), output_rule("return 1", "clean")
    ('name', 'expression', '')
    """
    tree = parse(source, block=name)
    if not tree.body:
        return EMPTY
    last = tree.body[-1]
    if isinstance(last, ast.Return | ast.Raise):
        return AS_WRITTEN
    if name in analyse(tree).binds:
        return NAME
    return EXPRESSION if isinstance(last, ast.Expr) else AS_WRITTEN


def to_function(
    block: Block, *, decorator: str, taken: Collection[str] = (), called: str = "", given: Collection[str] = ()
) -> str:
    """The block as a decorated function, without a newline at its end.

    ``taken`` are names of the file that the function must not replace. One that others of the file call is ``called`` so, has no
    decorator, and gets the names ``given`` too; its upstreams may be missing then. Raises FormatError, with the cell's line, for
    what cannot run in Mage: ``!`` and ``%`` lines, ``await`` and ``yield`` outside a function, names that are both read from
    outside and bound.

    >>> print(to_function(Block(name="big", source="orders[orders.n > least]", upstreams=("orders",),
    ...     parameters=(Parameter(name="least", default=3),)), decorator="transformer"))
    @transformer
    def big(orders, *args, **kwargs):
        least = kwargs.get('least', 3)
        return orders[orders.n > least]
    """
    named = block.upstreams
    used = {*named, *(parameter.name for parameter in block.parameters)}
    rest = _free("args", used)
    kwargs = _free("kwargs", used)
    prologue = [line for parameter in block.parameters for line in _read_parameter(parameter, kwargs)]
    name = called or free_name(block.name, taken)
    arguments = [*(f"{each}=None" for each in named), f"*{rest}", *given] if called else [*named, f"*{rest}"]
    head = [*([] if called else [f"@{decorator}"]), f"def {name}({', '.join([*arguments, f'**{kwargs}'])}):"]
    rule = output_rule(block.source, block.name)
    if block.name not in block.upstreams and block.name in analyse(parse(block.source, block=block.name)).reads:
        raise FormatError(
            f"reads {block.name}, its own name, before it is bound", where=Where(block=block.name), hint="rename the block"
        )
    _refuse(block.source, block.name, {definition.name for definition in block.captured})
    return _checked(head, body_lines(block.source, block.name, prologue, rule), block.name)


def free_name(name: str, taken: Collection[str] = ()) -> str:
    """What the function of the block ``name`` is called in a file that has the names ``taken``."""
    while name in {*taken, *DECORATORS, "test"} or name in BUILTINS:
        name += "_block"
    return name


def to_test(test: Test, block: str, *, called: str = "") -> str:
    """A test as the function (``called``, or its name behind ``test_``) that Mage calls with the block's output.

    >>> print(to_test(Test(name="some", source="assert len(big)"), "big"))
    @test
    def test_some(big=None, *args, **kwargs):
        assert len(big)
    """
    used = {block}
    head = [
        "@test",
        f"def {called or called_test(test.name)}({block}=None, *{_free('args', used)}, **{_free('kwargs', used)}):",
    ]
    rule = AS_WRITTEN if parse(test.source, block=block).body else EMPTY
    _refuse(test.source, block, {definition.name for definition in test.captured})
    return _checked(head, body_lines(test.source, block, [], rule), block)


def called_test(name: str) -> str:
    """The function's name of a test: ``test_`` stands before it once."""
    return name if name.startswith("test_") else f"test_{name}"


def to_body(function: str, *, parameters: Iterable[str] = (), output: str = "", newlines: int = 0) -> Body:
    """The cell's body that `to_function` or `to_test` made ``function`` of.

    ``output`` is `output_rule`'s word at that time, ``newlines`` the number of newlines that ended the body. Raises
    FormatError where the text has another shape (then it is better kept as it is).

    >>> to_body("@transformer\\ndef f(a, *args, **kwargs):\\n    k = kwargs.get('k', 2)\\n    return a * k",
    ...         parameters=["k"], output="expression").source
    'a * k'
    """
    text = function.rstrip("\n")
    node = _only_function(text)
    lines = text.split("\n")
    first = node.body[0].lineno
    head = next((i for i in range(node.lineno - 1, first) if lines[i].rstrip().endswith(":") and _closes(node, i)), None)
    if head is None:
        raise FormatError("the first line of the function holds more than its head")
    inside = string_lines(text)
    body = [_dedent(line, number in inside) for number, line in enumerate(lines[head + 1 :], head + 2)]
    shift = head + 1
    if output in (EXPRESSION, AS_WRITTEN):
        _plain_again(body, node.body[-1], shift, output)
    elif not _drop_last(body, node.body[-1], shift, output):
        output = AS_WRITTEN
    defaults = _drop_prologue(body, node, shift, set(parameters))
    return Body(source="\n".join(body) + "\n" * newlines, defaults=defaults)


def string_lines(text: str) -> frozenset[int]:
    """Numbers of the lines (from 1) that begin inside a string: their spaces belong to it."""
    starts = {getattr(tokenize, name) for name in ("FSTRING_START", "TSTRING_START") if hasattr(tokenize, name)}
    ends = {getattr(tokenize, name) for name in ("FSTRING_END", "TSTRING_END") if hasattr(tokenize, name)}
    found: set[int] = set()
    opened: list[int] = []
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type in starts:
            opened.append(token.start[0])
        elif token.type in ends:
            found.update(range(opened.pop() + 1, token.end[0] + 1))
        elif token.type == tokenize.STRING:
            found.update(range(token.start[0] + 1, token.end[0] + 1))
    return frozenset(found)


def mage_decorator(source: str) -> str:
    """The decorator of the function that Mage would run, where ``source`` is a Mage block file; otherwise empty.

    >>> mage_decorator("@data_loader\\ndef load(*args, **kwargs): ..."), mage_decorator("x = 1")
    ('data_loader', '')
    """
    if "@" not in source:
        return ""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ""
    own = {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    for node in tree.body:
        for decorator in getattr(node, "decorator_list", []):
            found = decorator.func if isinstance(decorator, ast.Call) else decorator
            if isinstance(found, ast.Name) and found.id in DECORATORS - own:
                return found.id
    return ""


# ----------------------------------------------------------------------------------------------------------- into a function


def _is_text(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and isinstance(value.value, str)


def _free(name: str, used: Collection[str]) -> str:
    while name in used:
        name = f"more_{name}"
    return name


def _read_parameter(parameter: Parameter, kwargs: str) -> list[str]:
    name, kind = parameter.name, types.of(parameter)
    if parameter.default is MISSING:
        lines = [f"{INDENT}{name} = {kwargs}['{name}']"]
    else:
        lines = [f"{INDENT}{name} = {kwargs}.get('{name}', {parameter.default!r})"]
    if kind.name in types.DATES:
        lines.append(
            f"{INDENT}{name} = __import__('datetime').{kind.name}.fromisoformat({name}) if isinstance({name}, str) else {name}"
        )
    elif kind.name == "enum" and isinstance(parameter.default, str):
        lines.append(f"{INDENT}{name} = {kind.text}[{name}] if isinstance({name}, str) else {name}")
    return lines


def body_lines(source: str, name: str, prologue: Sequence[str], rule: str) -> list[str]:
    """The lines of a function with this body; ``prologue`` stands first, and the output is said as the rule has it."""
    text = source.rstrip("\n")
    tree = parse(source, block=name)
    if rule == EXPRESSION:
        text = _insert(text, tree.body[-1], "return ")
    inside = string_lines(text)
    lines = [_indent(line, number in inside) for number, line in enumerate(text.split("\n"), 1)] if text else []
    at = _docstring_end(tree, lines) if prologue else 0
    lines[at:at] = prologue
    return [*lines, *{NAME: [f"{INDENT}return {name}"], EMPTY: [f"{INDENT}pass"]}.get(rule, [])]


def _insert(text: str, node: ast.stmt, word: str) -> str:
    lines = text.split("\n")
    line = lines[node.lineno - 1].encode()
    lines[node.lineno - 1] = (line[: node.col_offset] + word.encode() + line[node.col_offset :]).decode()
    return "\n".join(lines)


def _docstring_end(tree: ast.Module, lines: Sequence[str]) -> int:
    """The number of lines up to a docstring's end; 0 where there is none, or something stands on its last line."""
    if len(tree.body) < 2 or not isinstance(tree.body[0], ast.Expr) or not _is_text(tree.body[0].value):
        return 0
    end = tree.body[0].end_lineno or 0
    alone = lines[end - 1].encode()[len(INDENT) if end == tree.body[0].lineno else 0 :]
    return end if alone[tree.body[0].end_col_offset or 0 :].strip() == b"" else 0


def _indent(line: str, in_string: bool) -> str:
    if in_string or not line:
        return line
    start = _LEADING.match(line)
    at = start.end() if start else 0
    return line[:at] + INDENT + line[at:]


def _refuse(source: str, name: str, outside: set[str]) -> None:
    """Raise for what runs in a notebook and not in a plain function."""
    if uses_magics(source):
        lines = source.split("\n")
        number = next((i for i, line in enumerate(lines, 1) if _MAGIC.match(line)), 1)
        raise FormatError(
            f"{lines[number - 1].strip()!r} is IPython's own and cannot run in Mage",
            where=Where(block=name, line=number + 1),
            hint="say it in Python (subprocess.run for !), or move it to a plain cell",
        )
    tree = parse(source, block=name)
    for node in _own_scope(tree.body):
        if isinstance(node, ast.Await | ast.AsyncFor | ast.AsyncWith):
            what = "await outside a function cannot run in Mage"
        elif isinstance(node, ast.Yield | ast.YieldFrom):
            what = "yield outside a function makes a generator, which Mage cannot hand on"
        else:
            continue
        hint = "asyncio.run(…) around an async function" if "await" in what else "make a list of it"
        raise FormatError(what, where=Where(block=name, line=node.lineno + 1), hint=hint)
    both = sorted(outside & set(analyse(tree).binds))
    if both:
        raise FormatError(
            f"{both[0]} is read from outside and bound in the body, which a function cannot do",
            where=Where(block=name),
            hint=f"give the inner one another name than {both[0]}",
        )


def _own_scope(nodes: Iterable[ast.AST]) -> Iterable[Any]:
    """All nodes but those inside functions, classes and lambdas."""
    waiting = list(nodes)
    while waiting:
        node = waiting.pop(0)
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            waiting.extend(ast.iter_child_nodes(node))


def _checked(head: Sequence[str], lines: Sequence[str], name: str) -> str:
    text = "\n".join([*head, *lines])
    try:
        compile(text, f"<block {name}>", "exec", dont_inherit=True)
    except (SyntaxError, ValueError) as error:
        line = max((getattr(error, "lineno", None) or len(head)) - len(head) + 1, 1)
        reason = getattr(error, "msg", str(error))
        raise FormatError(
            f"the body cannot be a function's body: {reason}",
            where=Where(block=name, line=line),
            hint="change that line; the cell itself may still run",
        ) from error
    return text


# ----------------------------------------------------------------------------------------------------------- and out of it


def _only_function(text: str) -> ast.FunctionDef:
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise FormatError(f"the function does not parse: {error}") from error
    if len(tree.body) != 1 or not isinstance(tree.body[0], ast.FunctionDef):
        raise FormatError("not one function")
    return tree.body[0]


def _closes(node: ast.FunctionDef, index: int) -> bool:
    """Whether the ``def`` ends with this line: all its arguments stand before."""
    arguments = node.args
    last = max((each.end_lineno or 0 for each in ast.walk(arguments) if hasattr(each, "end_lineno")), default=node.lineno)
    return index + 1 >= max(last, node.lineno)


def _dedent(line: str, in_string: bool) -> str:
    if in_string or not line:
        return line
    start = _LEADING.match(line)
    at = start.end() if start else 0
    if not line[at:].startswith(INDENT):
        raise FormatError(f"a line that is not indented by four spaces: {line[:40]!r}")
    return line[:at] + line[at + len(INDENT) :]


def _plain_again(body: list[str], last: ast.stmt, shift: int, output: str) -> None:
    if output != EXPRESSION or not isinstance(last, ast.Return) or last.value is None:
        return
    index, word = last.lineno - 1 - shift, b"return "
    line = body[index].encode()
    at = last.col_offset - len(INDENT)
    if line[at:].startswith(word):
        body[index] = (line[:at] + line[at + len(word) :]).decode()


def _drop_last(body: list[str], last: ast.stmt, shift: int, output: str) -> bool:
    """Take the line away that `to_function` added; False where somebody took it before."""
    added = isinstance(last, ast.Return) and isinstance(last.value, ast.Name) if output == NAME else isinstance(last, ast.Pass)
    if not added or last.lineno - shift != len(body):
        return False
    body.pop()
    return True


def _drop_prologue(body: list[str], node: ast.FunctionDef, shift: int, parameters: Collection[str]) -> dict[str, Any]:
    kwargs = node.args.kwarg.arg if node.args.kwarg else ""
    skip = 1 if isinstance(node.body[0], ast.Expr) and _is_text(node.body[0].value) else 0
    defaults: dict[str, Any] = {}
    drop: list[int] = []
    for statement in node.body[skip:]:
        index = statement.lineno - 1 - shift
        line = INDENT + body[index] if index < len(body) else ""
        match = _PARAMETER.fullmatch(line)
        if match and match[2] == kwargs and match[1] in parameters and match[1] not in defaults:
            defaults[match[1]] = _literal(match[4]) if match[3] else MISSING
        elif (again := _LIVE.fullmatch(line)) and again[1] in defaults:
            pass
        elif not (_SLICE.fullmatch(line) and node.args.vararg and line.split()[0] == node.args.vararg.arg):
            break
        drop.append(index)
    for index in reversed(drop):
        del body[index]
    return defaults


def _literal(text: str) -> Any:
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError) as error:
        raise FormatError(f"a default that is not a literal: {text[:60]}") from error
