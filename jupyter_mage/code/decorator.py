"""``@block(...)`` on a ``def``: the third carrier of a header, in a cell and in plain Python.

The function's name and arguments are the header's signature, the decorator's keywords its options: ``@block(kind="custom",
retries=3, after=["raw"])``. Its body is the cell's body one step in, with the output rule said by ``return``.
"""

from __future__ import annotations

import ast
import re
import tokenize
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from ..errors import BlockSyntaxError, DefinitionError, HeaderError, Where
from . import inline_tests
from .function import AS_WRITTEN, INDENT, body_lines, output_rule, string_lines
from .header import Header, option_words, parse, signature_end
from .options import OPTIONS
from .source import awaits, uses_magics
from .source import parse as parse_body

NAME = "block"
HINT = '@block(kind="transformer") above def NAME(upstream, *, parameter: int = 1):'
INFER = "infer"
F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True, kw_only=True)
class Decorated:
    """A cell that holds one ``@block`` function, imports above it and its ``@test`` functions below it."""

    head: str
    """The text down to the function's colon."""
    body: str
    """The cell's body, with as many lines before it as stand in the cell below its first."""
    bare_body: str
    """The same without the empty lines: what a magic's cell would hold."""
    node: ast.FunctionDef | ast.AsyncFunctionDef
    bare: bool
    """Whether the decorator is the bare name, which a notebook may use for something else."""


def decorated(source: str) -> Decorated | None:
    """The cell's ``@block`` function, or None where it has none. Raises HeaderError for a cell that holds more than that."""
    try:
        tree = parse_body(source)
    except BlockSyntaxError as error:
        _refuse_broken(source, error)
        return None
    found = [node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and _marks(node)]
    if not found or _own_name(tree):
        return None
    node = found[0]
    for other in tree.body:
        if other.lineno > node.lineno and _is_test(other):
            continue
        if other is not node and not isinstance(other, ast.Import | ast.ImportFrom):
            more = "more than a @block function, imports above and @test functions below it"
            what = "a second @block function" if other in found else more
            raise HeaderError(f"a cell is one block, and this one holds {what}", where=Where(line=other.lineno), hint=HINT)
        if other is not node and other.lineno > node.lineno:
            raise HeaderError("an import below the function", where=Where(line=other.lineno), hint="move it above @block")
    if len(node.decorator_list) > 1:
        raise HeaderError(
            "@block stands alone: of another decorator's work a block would have nothing",
            where=Where(block=node.name, line=node.decorator_list[1].lineno),
            hint="move the other one to a function that the block calls",
        )
    return _split(source, node)


def _refuse_broken(source: str, error: BlockSyntaxError) -> None:
    """A cell that does not parse and has ``@block`` at its left edge is a block's cell: say what is wrong as of a block."""
    if re.search(r"^@(?:\w+\.)*block\b", source, re.MULTILINE):
        line = error.where.line - 1 if error.where and error.where.line else 1
        raise BlockSyntaxError(error.message, where=Where(line=line), hint=error.hint) from None


def _is_test(node: ast.stmt) -> bool:
    """Whether it is a ``@test`` function."""
    return isinstance(node, ast.FunctionDef) and [ast.unparse(each) for each in node.decorator_list] == ["test"]


def _parted(body: str) -> tuple[str, str]:
    """A body, and the ``@test`` functions below it with the empty lines before them."""
    lines = body.split("\n")
    rest, found = inline_tests.split(body)
    start = next((place for place, line in enumerate(lines) if re.match(r"@test\b", line)), len(lines)) if found else len(lines)
    if any(line.strip() for line in rest.split("\n")[start:]):
        return body, ""  # they stand among other lines
    while 0 < start < len(lines) and not lines[start - 1].strip():
        start -= 1
    return "\n".join(lines[:start]), "\n".join(lines[start:])


def _marks(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return any(_is_ours(each) for each in node.decorator_list)


def _is_ours(decorator: ast.expr) -> bool:
    found = decorator.func if isinstance(decorator, ast.Call) else decorator
    return ast.unparse(found) in (NAME, f"jupyter_mage.{NAME}", f"jm.{NAME}")


def _own_name(tree: ast.Module) -> bool:
    """Whether the cell itself makes ``block`` something that is not ours."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module != "jupyter_mage":
            if any((alias.asname or alias.name) == NAME for alias in node.names):
                return True
        elif isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name == NAME and not _marks_any(node):
            return True
    return False


def _marks_any(node: Any) -> bool:
    return any(_is_ours(each) for each in node.decorator_list)


def _split(source: str, node: ast.FunctionDef | ast.AsyncFunctionDef) -> Decorated:
    lines = source.split("\n")
    first = node.body[0]
    start = first.lineno - 1
    for each in getattr(first, "decorator_list", []):
        start = min(start, each.lineno - 1)
    head_end = _colon(lines, node, start)
    if head_end is None:
        raise HeaderError(
            "the function's body stands on the line of its def",
            where=Where(block=node.name, line=start + 1),
            hint="a line below it",
        )
    end = node.end_lineno or len(lines)
    tail = lines[end:]
    inner = _dedented(lines[head_end:end], head_end + 1, source, first.col_offset)
    body = _as_cell(inner, node.name, lines[head_end:end])
    above = lines[: node.decorator_list[0].lineno - 1]
    kept = _without_ours(above)
    rest = "\n".join([body, *tail]) if any(line.strip() for line in tail) else body
    padding = [""] * (head_end - 1 - len(kept)) if head_end - 1 >= len(kept) else []
    bare = "\n".join([*_trimmed(kept), rest])
    return Decorated(
        head="\n".join(lines[:head_end]),
        body="\n".join([*kept[: head_end - 1], *padding, rest]),
        bare_body=bare,
        node=node,
        bare=isinstance(_function_of(node.decorator_list[0]), ast.Name),
    )


def _dedented(lines: Sequence[str], number: int, source: str, step: int) -> str:
    """The lines (the first is line ``number`` of the cell) without their step in; lines inside a string stay as they are."""
    try:
        inside = string_lines(source)
    except (tokenize.TokenError, SyntaxError):  # ! and % lines are no Python
        inside = frozenset()
    made = [line if at in inside or line[:step].strip() else line[step:] for at, line in enumerate(lines, number)]
    return "\n".join(made)


def _function_of(decorator: ast.expr) -> ast.expr:
    return decorator.func if isinstance(decorator, ast.Call) else decorator


def _colon(lines: Sequence[str], node: ast.FunctionDef | ast.AsyncFunctionDef, start: int) -> int | None:
    """How many lines there are down to the one that ends with the function's colon."""
    last = max(
        [node.lineno, *(each.end_lineno or 0 for each in ast.walk(node.args) if isinstance(each, ast.expr | ast.arg))]
        + ([node.returns.end_lineno or 0] if node.returns else [])
    )
    for index in range(last - 1, start):
        if re.search(r":\s*(#.*)?$", lines[index]):
            return index + 1
    return None


def _without_ours(above: Sequence[str]) -> list[str]:
    """The lines above, ``from jupyter_mage import block`` taken out: a body has no need of it."""
    return ["" if re.fullmatch(r"\s*from jupyter_mage import block\s*(#.*)?", line) else line for line in above]


def _trimmed(above: Sequence[str]) -> list[str]:
    kept = list(above)
    while kept and not kept[-1].strip():
        kept.pop()
    return kept


def _as_cell(inner: str, name: str, written_lines: Sequence[str]) -> str:
    """The function's body as a cell says it: its last ``return`` is the cell's output.

    A function that returns nothing gives nothing, so a cell that would give its last expression is told to.
    """
    for candidate in _candidates(inner, name):
        if _lines_of(candidate, name) == list(written_lines):
            return candidate
    return inner if _rule(inner, name) == AS_WRITTEN else f"{inner}\nreturn"


def _candidates(inner: str, name: str) -> list[str]:
    lines = inner.split("\n")
    found = []
    if lines[-1] in (f"return {name}", "pass"):
        found.append("\n".join(lines[:-1]))
    try:
        last = parse_body(inner).body[-1]
    except (BlockSyntaxError, IndexError):
        return found
    if isinstance(last, ast.Return) and last.value is not None and not uses_magics(inner):
        line = lines[last.lineno - 1].encode()
        at = last.col_offset
        lines[last.lineno - 1] = (line[:at] + line[at:].removeprefix(b"return ")).decode()
        found.append("\n".join(lines))
    return found


def _rule(body: str, name: str) -> str:
    try:
        return output_rule(body, name)
    except DefinitionError:
        return AS_WRITTEN


def _lines_of(body: str, name: str) -> list[str]:
    """The lines of the function whose cell has this body."""
    explicit = body.endswith("\nreturn")
    body = body.removesuffix("\nreturn")
    try:
        return body_lines(body, name, [], AS_WRITTEN if explicit else _rule(body, name))
    except (DefinitionError, tokenize.TokenError, SyntaxError):  # ! and % lines are no Python
        return [f"{INDENT}{line}" if line else line for line in body.split("\n")]


def rebuilt(head: str, body: str, name: str) -> str:
    """The cell's text again, of what `decorated` made of it."""
    own, tests = _parted("\n".join(body.split("\n")[head.count("\n") :]))
    return "\n".join([head, *_lines_of(own, name), *([tests] if tests else [])])


# ------------------------------------------------------------------------------------------------------ header, both ways


def read_header(head: str, **known: Any) -> Header:
    """The header that ``head`` (the text down to the function's colon) says. Raises HeaderError.

    >>> read_header("@block(kind='custom', after=['a', 'b'])\\ndef big(orders, *, n: int = 1):").after
    ('a', 'b')
    """
    found = decorated(f"{head}\n    pass")
    if found is None:
        raise HeaderError("no @block function", hint=HINT)
    inferred = _keywords(found.node).get(INFER) is True
    header = parse(header_of(found, said=True), **known)
    doc = header.doc or ast.get_docstring(found.node) or ""
    changes: dict[str, Any] = {"text": head, "carrier": "decorator", "doc": doc}
    if inferred:
        changes["upstreams"] = None
    return Header(**{**{name: getattr(header, name) for name in Header.__dataclass_fields__}, **changes})


def header_of(found: Decorated, *, said: bool = False) -> str:
    """The header as a magic's line would say it; with ``said``, inferred upstreams too."""
    node = found.node
    signature = _signature(found)
    keywords = _keywords(node)
    if keywords.get(INFER) is True and not node.args.kwonlyargs and not said:
        signature = ""
    words = [_word(key, value) for key, value in keywords.items() if key != INFER]
    return " ".join([f"{node.name}{signature}", *(word for word in words if word)])


def _signature(found: Decorated) -> str:
    text = "\n".join(found.head.split("\n")[found.node.lineno - 1 :])
    match = re.match(r"\s*(?:async\s+)?def\s+\w+\s*(\(.*)", text, re.DOTALL)
    inner = match[1] if match else "()"
    if "\n" in inner or "#" in inner:
        return f"({ast.unparse(found.node.args)})"
    return inner[: signature_end(inner)]


def _keywords(node: ast.FunctionDef | ast.AsyncFunctionDef) -> dict[str, Any]:
    decorator = next(each for each in node.decorator_list if _is_ours(each))
    if not isinstance(decorator, ast.Call):
        return {}
    where = Where(block=node.name, line=decorator.lineno)
    if decorator.args:
        raise HeaderError("options of @block have names", where=where, hint=HINT)
    keywords: dict[str, Any] = {}
    for each in decorator.keywords:
        if each.arg is None:
            raise HeaderError("options of @block are written one by one, not **", where=where, hint=HINT)
        try:
            keywords[each.arg] = ast.literal_eval(each.value)
        except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
            said = f"{each.arg}={ast.unparse(each.value):.60}"
            raise HeaderError(f"{said}: it has to be a literal", where=where, hint=HINT) from None
    return keywords


def _word(key: str, value: Any) -> str:
    """A keyword as the header's option: ``retries=3`` is ``--retries 3``."""
    option = f"--{key.replace('_', '-')}"
    if value is True or value is False or value is None:
        return option if value else ""
    if isinstance(value, list | tuple):
        return " ".join(f"{option} {_quoted(str(each))}" for each in value)
    return f"{option} {_quoted(str(value))}"


def _quoted(text: str) -> str:
    return text if re.fullmatch(r"[^\s\"'=-][^\s\"']*", text) else repr(text)


def written(header: str, body: str, upstreams: Sequence[str] = ()) -> str:
    """A cell with this header and body, as a ``@block`` function. Raises DefinitionError where its body is no Python."""
    read = parse(header)
    if read.language not in ("", "python"):
        raise DefinitionError(
            f"{read.name} is {read.language}, and a def is Python", hint=f"%pipeline carrier {read.name} comment works"
        )
    if uses_magics(body):
        raise DefinitionError(
            f"{read.name} has ! or % lines, which a def cannot hold", hint=f"%pipeline carrier {read.name} comment"
        )
    parse_body(body, block=read.name)  # what does not read is said as such
    match = re.match(r"\s*\w+\s*", header)
    rest = header[match.end() :] if match else ""
    end = signature_end(rest) if rest.startswith("(") else 0
    arguments = rest[:end] or f"({', '.join(upstreams)})"
    keywords = _said(option_words(rest[end:]))
    if read.upstreams is None:
        keywords.append(f"{INFER}=True")
    decorator = f"@{NAME}({', '.join(keywords)})" if keywords else f"@{NAME}"
    word = "async def" if awaits(body) else "def"
    own, tests = _parted(body.rstrip("\n"))
    lines = [*_lines_of(own, read.name), *([tests] if tests else [])]
    return "\n".join([decorator, f"{word} {read.name}{arguments}:", *lines]) + "\n" * _newlines(body)


def _newlines(body: str) -> int:
    return len(body) - len(body.rstrip("\n"))


def _said(words: Sequence[tuple[str, str | None]]) -> list[str]:
    """Options as keywords, in their order; one that is given again is a list."""
    found: dict[str, list[str | None]] = {}
    for word, value in words:
        found.setdefault(word.removeprefix("--").replace("-", "_"), []).append(value)
    many = {option.name.removeprefix("--").replace("-", "_") for option in OPTIONS if option.many}
    made = []
    for key, values in found.items():
        if values == [None]:
            made.append(f"{key}=True")
        elif key in many and len(values) > 1:
            made.append(f"{key}={[each for each in values if each is not None]!r}")
        else:
            last = values[-1] or ""
            made.append(f"{key}={int(last) if re.fullmatch('0|[1-9][0-9]{0,8}', last) else repr(last)}")
    return made


# ------------------------------------------------------------------------------------------------------- in plain Python


def block(function: F | None = None, /, **options: Any) -> Any:
    """Mark a function as a block: ``@block`` or ``@block(kind="data_exporter", retries=3)``. It stays what it is, and callable.

    In a notebook with the extension loaded, the cell is a block; elsewhere the options are checked and kept with the function,
    as ``function.__block__``. Raises UnknownNameError for an option that is not there, HeaderError for a value that does not fit.

    >>> @block(retries=3)
    ... def twice(raw):
    ...     return [*raw, *raw]
    >>> twice([1]), twice.__block__.retries
    ([1, 1], 3)
    """
    if function is None:
        _checked("x", (), options)
        return lambda each: block(each, **options)
    import inspect

    names = list(inspect.signature(function).parameters.values())
    upstreams = [each.name for each in names if each.kind in (each.POSITIONAL_ONLY, each.POSITIONAL_OR_KEYWORD)]
    function.__block__ = _checked(function.__name__, upstreams, options)  # type: ignore[attr-defined]
    return function


def _checked(name: str, upstreams: Sequence[str], options: dict[str, Any]) -> Header:
    words = [_word(key, value) for key, value in options.items() if key != INFER]
    return parse(" ".join([f"{name}({', '.join(upstreams)})", *words]))
