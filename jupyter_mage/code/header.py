"""The header of a block cell: a Python signature, then options.

``NAME(up1, up2, *, param: type = default) --option value``; read with `ast`, as a ``def`` would be. One grammar for the
magic line ``%%block …`` and the comment ``#| block: …``.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from ..errors import DefinitionError, HeaderError, JupyterMageError, Where, unknown
from ..model import MISSING, Block, Parameter, Poll, Retry, check_name
from . import units
from .options import OPTIONS, SHORT, Option
from .parameter_types import DATES
from .parameters import coerce, type_name

_NAME = re.compile(r"\s*([^\s(]+)\s*")
_WORD = re.compile(r"""\s*("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[^\s"']+)""")
_HINT = "%%block NAME(upstream, *, parameter: int = 1) --kind transformer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """A header, read. ``upstreams`` is None where no parentheses were given: then they are inferred."""

    name: str
    upstreams: tuple[str, ...] | None = None
    parameters: tuple[Parameter, ...] = ()
    kind: str = ""
    language: str = ""
    after: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    doc: str = ""
    pipeline: str = ""
    retries: int | None = None
    retry_delay: float | None = None
    retry_on: tuple[str, ...] = ()
    timeout: float | None = None
    memory: int | None = None
    executor: str = ""
    pool: tuple[str, int] | None = None
    files: tuple[str, ...] = ()
    fresh: float | None = None
    mapped: str = ""
    use: str = ""
    guards: tuple[str, ...] = ()
    on: tuple[str, ...] = ()
    interval: float | None = None
    soft_fail: bool = False
    schema: str = ""
    no_run: bool = False
    force: bool = False
    text: str = ""
    carrier: str = "magic"


def parse(text: str, *, languages: Iterable[str] = ("python", "sql"), kinds: Iterable[str] | None = None) -> Header:
    """Read the header ``text`` (what stands behind ``%%block``).

    Raises HeaderError for what does not read, UnknownNameError for an option, kind or language that is not there.

    >>> parse("delays(flights, *, min_minutes: int = 15) --kind transformer").upstreams
    ('flights',)
    """
    text = text.strip()
    match = _NAME.match(text)
    if match is None:
        raise HeaderError("a block needs a name", where=_at(text or "%%block ", len(text or "%%block ")), hint=_HINT)
    with _pointing(text, match.start(1)):
        name = check_name(match[1])
    start = match.end()
    signature: dict[str, Any] = {}
    if text.startswith("(", start):
        end = start + signature_end(text[start:], text)
        signature = _signature(name, text, start, end)
        arrow = re.match(r"\s*->\s*[^-\s][^-]*", text[end:])
        start = end + (arrow.end() if arrow else 0)
    options = _options(text, start, set(languages))
    if kinds is not None and options.get("kind") and options["kind"] not in set(kinds):
        raise unknown(
            "kind", options["kind"], kinds, where=_found(text, options["kind"]), hint=f"%%block {name} --kind transformer"
        )
    for other in (*(signature.get("upstreams") or ()), *options.get("after", ())):
        if other == name:
            raise HeaderError(f"{name} cannot be its own upstream", where=_found(text, name, match.end()), hint=_HINT)
    return Header(name=name, **signature, **options, text=text)


def _at(text: str, index: int) -> Where:
    """The place of this character of a header."""
    return Where(line=1, column=min(index, len(text)) + 1, code=text)


def _found(text: str, word: str, start: int = 0) -> Where:
    found = re.compile(rf"(?<!\w){re.escape(word)}(?!\w)").search(text, start)
    return _at(text, found.start() if found else start)


@contextmanager
def _pointing(text: str, index: int) -> Iterator[None]:
    """Say of an error of ours that it is here."""
    try:
        yield
    except JupyterMageError as error:
        if error.where is None:
            error.where = _at(text, index)
        raise


def signature_end(text: str, whole: str = "") -> int:
    """Index behind the parenthesis that closes the one at 0; strings are skipped. Raises HeaderError."""
    depth, quote, index = 0, "", 0
    while index < len(text):
        char = text[index]
        if quote:
            index += char == "\\"
            quote = "" if char == quote else quote
        elif char in "\"'":
            quote = char
        elif char in "([{":
            depth += 1
        elif char in ")]}":
            depth -= 1
            if not depth:
                return index + 1
        index += 1
    whole = whole or text
    raise HeaderError(f"a parenthesis is not closed: {text[:60]!r}", where=_at(whole, len(whole) - len(text)), hint=_HINT)


def _signature(name: str, whole: str, start: int, end: int) -> dict[str, Any]:
    text, before = whole[start:end], f"def {name}"
    try:
        tree = ast.parse(f"{before}{text}: ...").body[0]
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        reason = error.msg if isinstance(error, SyntaxError) else str(error)
        offset = (error.offset or 1) - 1 - len(before) if isinstance(error, SyntaxError) and error.lineno == 1 else 0
        where = _at(whole, start + min(max(offset, 0), len(text) - 1))
        raise HeaderError(f"{name}{text[:80]} does not read as a signature: {reason}", where=where, hint=_HINT) from error

    def place(node: Any) -> Where:
        column = len(f"{before}{text}".encode()[: node.col_offset].decode(errors="replace")) - len(before)
        return _at(whole, start + max(column, 0))

    if not isinstance(tree, ast.FunctionDef):
        raise HeaderError(f"{name}{text[:80]} does not read as a signature", where=_at(whole, start), hint=_HINT)
    arguments = tree.args
    if arguments.defaults:
        late = [*arguments.posonlyargs, *arguments.args][-len(arguments.defaults)]
        hint = f"%%block {name}(…, *, {late.arg}=…)"
        raise HeaderError(f"upstream {late.arg} has a default; a parameter stands behind '*'", where=place(late), hint=hint)
    if arguments.kwarg is not None:
        message = f"**{arguments.kwarg.arg}: name the parameters one by one"
        raise HeaderError(message, where=place(arguments.kwarg), hint=_HINT)
    if arguments.vararg is not None:
        message = f"*{arguments.vararg.arg}: name the upstreams one by one; what a mapped block gave comes as one list"
        raise HeaderError(message, where=place(arguments.vararg), hint=_HINT)
    positional = [*arguments.posonlyargs, *arguments.args]
    named = [*positional, *arguments.kwonlyargs]
    words = [each.arg for each in named]
    for index, each in enumerate(named):
        with _pointing(whole, (place(each).column or 1) - 1):
            check_name(each.arg, "upstream" if index < len(positional) else "parameter")
        if each.arg in words[:index]:
            raise HeaderError(f"{each.arg} stands twice in the header", where=place(each), hint=_HINT)
    pairs = zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    parameters = []
    for argument, default in pairs:
        with _pointing(whole, (place(default or argument).column or 1) - 1):
            parameters.append(_parameter(argument, default))
    return {"upstreams": tuple(each.arg for each in positional), "parameters": tuple(parameters)}


def _parameter(argument: ast.arg, default: ast.expr | None) -> Parameter:
    value: Any = MISSING
    if default is not None:
        try:
            value = _said(default) or ast.literal_eval(default)
        except (ValueError, TypeError, OverflowError) as error:
            raise HeaderError(
                f"the default of {argument.arg} is {ast.unparse(default)}; it has to be a literal (number, text, list …)",
                hint=_HINT,
            ) from error
    annotation = ast.unparse(argument.annotation) if argument.annotation else ""
    parameter = Parameter(name=argument.arg, annotation=annotation, default=value)
    if value is not MISSING:
        try:
            coerce(parameter, value if not isinstance(value, str) or type_name(parameter) == "str" else _Text(value))
        except DefinitionError as error:
            raise HeaderError(f"the default does not fit: {error.message}", hint=_HINT) from None
    return parameter


def _said(default: ast.expr) -> str:
    """``date(2024, 1, 1)`` and ``Mode.FAST`` as they travel: the date's ISO text, the member's name; empty for other defaults."""
    if isinstance(default, ast.Attribute) and isinstance(default.value, ast.Name) and default.value.id[:1].isupper():
        return default.attr
    called = default.func if isinstance(default, ast.Call) else None
    name = called.attr if isinstance(called, ast.Attribute) else called.id if isinstance(called, ast.Name) else ""
    if isinstance(default, ast.Call) and name in DATES and not default.keywords:
        return str(DATES[name](*map(ast.literal_eval, default.args)).isoformat())
    return ""


class _Text(str):
    """A text that is a text: a default is not read as a command line's word would be."""


_Text.__name__ = "str"  # as messages call it


def _options(text: str, start: int, languages: set[str]) -> dict[str, Any]:
    known = {option.name: option for option in OPTIONS}
    found: dict[str, Any] = {}
    for word, value, index in _pairs(text, start):
        where = _at(text, index)
        if word.startswith("--") and word[2:] in languages:
            found["language"] = word[2:]
            continue
        option = known.get(word)
        if option is None:
            if not word.startswith("-"):
                raise HeaderError(f"{word!r} is not an option", where=where, hint=_HINT)
            raise unknown("option", word, [*known, *(f"--{each}" for each in languages)], where=where, hint=_HINT)
        if option.flag:
            if value is not None:
                raise HeaderError(f"{word} takes no value", where=where, hint=option.help)
            found[option.field] = True
            continue
        if value is None:
            raise HeaderError(f"{word} needs a value: {option.help}", where=where, hint=_HINT)
        with _pointing(text, index):
            _set(found, option, value)
    language = found.get("language")
    if language and language not in languages:
        raise unknown("language", language, languages, where=_found(text, language), hint="%%block NAME --sql")
    return found


def option_words(text: str) -> list[tuple[str, str | None]]:
    """The options of a header's rest, each with its value as it would be without quotes; None where it has none.

    >>> option_words("--sql --retries 3 --doc 'one two'")
    [('--sql', None), ('--retries', '3'), ('--doc', 'one two')]
    """
    arrow = re.match(r"\s*->\s*[^-\s][^-]*", text)
    return [
        (word, None if value is None else _unquoted(word, value)) for word, value, _ in _pairs(text, arrow.end() if arrow else 0)
    ]


_FLAGS = frozenset(option.name for option in OPTIONS if option.flag)


def _pairs(text: str, start: int) -> Iterator[tuple[str, str | None, int]]:
    """Each option with its value (from ``--name=value`` or the next word) and the place where it stands."""
    words = words_of(text, start)
    valued = {option.name for option in OPTIONS if not option.flag}
    while words:
        full, index = words.pop(0)
        word, has_value, inline = full.partition("=")
        word = SHORT.get(word, word)
        if has_value:
            yield word, inline, index
        elif word in valued and words and not words[0][0].startswith("--"):
            yield word, words.pop(0)[0], index
        else:
            yield word, None, index


def words_of(text: str, start: int) -> list[tuple[str, int]]:
    """The words of a header behind its signature, each with the place where it stands; a quoted text is one word."""
    words, position = [], start
    end = len(text.rstrip())
    while position < end:
        match = _WORD.match(text, position)
        if match is None:
            position += len(text[position:]) - len(text[position:].lstrip())
            message = f"a quote is not closed: {text[position:].strip()[:60]!r}"
            raise HeaderError(message, where=_at(text, position), hint=_HINT)
        words.append((match[1], match.start(1)))
        position = match.end()
    return words


def _unquoted(option: str, value: str) -> str:
    if value[:1] not in ("'", '"') or len(value) < 2:
        return value
    try:
        return str(ast.literal_eval(value))
    except (ValueError, SyntaxError) as error:
        raise HeaderError(f"{option} {value}: the quotes do not read", hint=_HINT) from error


def _set(found: dict[str, Any], option: Option, value: str) -> None:
    value = _unquoted(option.name, value)
    try:
        if option.many:
            each = [option.read(part.strip()) for part in value.split(",") if part.strip()]
            found[option.field] = (*found.get(option.field, ()), *each)
        else:
            found[option.field] = option.read(value)
    except ValueError as error:
        raise HeaderError(f"{option.name} {value}: {error}", hint=option.help) from error


def render(block: Block) -> str:
    """The canonical header of a block; `parse` reads it back.

    >>> render(Block(name="big", source="", upstreams=("orders",), declared=True, kind="transformer"))
    'big(orders)'
    """
    text = block.name
    if block.declared or block.parameters:
        parts = list(block.upstreams)
        if block.parameters:
            parts.append("*")
        parts += [_render_parameter(parameter) for parameter in block.parameters]
        text += f"({', '.join(parts)})"
    if block.language != "python":
        text += f" --{block.language}"
    if block.kind_given:
        text += f" --kind {block.kind}"
    several = {"--after": block.after, "--tag": block.tags, "--file": block.files, "--if": block.guards, "--on": block.on}
    for option, names in several.items():
        text += "".join(f" {option} {_quoted(name)}" for name in names)
    return text + _render_settings(block)


def _render_settings(block: Block) -> str:
    """The options that are not the default's."""
    retry, limits, usual = block.retry, block.limits, Retry()
    said = {
        "--retries": str(retry.retries) if retry.retries else "",
        "--retry-delay": units.seconds_text(retry.delay) if retry.delay != usual.delay else "",
        "--retry-on": ",".join(retry.on),
        "--timeout": units.seconds_text(limits.timeout) if limits.timeout is not None else "",
        "--memory": units.size_text(limits.memory) if limits.memory is not None else "",
        "--executor": limits.executor,
        "--pool": f"{limits.pool}:{limits.pool_size}" if limits.pool else "",
        "--cache": units.freshness_text(block.fresh) if block.fresh is not None else "",
        "--map": block.mapped,
        "--use": _quoted(block.use) if block.use else "",
        "--interval": units.seconds_text(block.poll.interval) if block.poll.interval != Poll().interval else "",
        "--schema": block.schema,
    }
    soft = " --soft-fail" if block.poll.soft else ""
    return "".join(f" {option} {value}" for option, value in said.items() if value) + soft


def _quoted(text: str) -> str:
    return text if re.fullmatch(r"[^\s\"',]+", text) else repr(text)


def _render_parameter(parameter: Parameter) -> str:
    text = f"{parameter.name}: {parameter.annotation}" if parameter.annotation else parameter.name
    if parameter.default is MISSING:
        return text
    return f"{text} = {parameter.default!r}" if parameter.annotation else f"{text}={parameter.default!r}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CellHead:
    """The first line of a cell that is a block or a test: which, its header text, and the body below it."""

    sort: str
    """``block`` or ``test``."""
    text: str
    body: str
    carrier: str = "magic"
    extra: dict[str, Any] = field(default_factory=dict)


_ABOVE = re.compile(r"(?:[ \t]*(?:#(?!\s*\|).*)?\r?\n)*")


def one_newline(text: str) -> str:
    """The text with its lines ended as Python counts them: by ``\\n`` alone."""
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def comments_above(source: str) -> str:
    """The blank and comment lines above a cell's first line."""
    above = _ABOVE.match(source)
    return above[0] if above else ""


def _first_line(source: str) -> tuple[str, str, str]:
    """What stands above a cell's first line that is neither blank nor a comment, that line, and what is below it.

    What was above goes below, so that every line of the body keeps its number.
    """
    start = len(comments_above(source))
    first, _, body = source[start:].partition("\n")
    return source[:start], first, body


_MAGIC = re.compile(r"%%(block|test)(?:[ \t]+(.*))?$")
_COMMENT = re.compile(r"#\s*\|\s*(block|test)\s*:\s*(.*)$")


def split_cell(source: str) -> CellHead | None:
    """What a cell's first line says it is, or None for a plain cell.

    >>> split_cell("#| block: raw\\n1").carrier, split_cell("x = 1")
    ('comment', None)
    """
    above, first, body = _first_line(source)
    body = above + body
    for carrier, pattern in (("magic", _MAGIC), ("comment", _COMMENT)):
        match = pattern.match(first.rstrip("\r"))
        if match:
            return CellHead(sort=match[1], text=(match[2] or "").strip(), body=body, carrier=carrier)
    return None
