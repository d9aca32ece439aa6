"""The header of a block cell: a Python signature, then options.

``NAME(up1, up2, *, param: type = default) --option value``; read with `ast`, as a ``def`` would be. One grammar for the
magic line ``%%block …`` and the comment ``#| block: …``.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from ..errors import DefinitionError, HeaderError, unknown
from ..model import MISSING, Block, Parameter, Poll, Retry, check_name
from . import units
from .parameters import coerce, type_name

_NAME = re.compile(r"\s*([^\s(]+)\s*")
_WORD = re.compile(r"""\s*("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[^\s"']+)""")
_HINT = "%%block NAME(upstream, *, parameter: int = 1) --kind transformer"


@dataclass(frozen=True, slots=True)
class Option:
    """An option of the header. ``many`` ones may be given again and with commas; ``flag`` ones take no value."""

    name: str
    field: str
    help: str
    flag: bool = False
    many: bool = False
    read: Callable[[str], Any] = str
    """Makes the value of its text; raises ValueError with what was expected."""


OPTIONS = (
    Option("--kind", "kind", "data_loader, transformer, data_exporter, custom …"),
    Option("--lang", "language", "python, sql …; --sql is short for --lang sql"),
    Option("--after", "after", "blocks that have to run before, without giving data", many=True, read=check_name),
    Option("--tag", "tags", "a word to select blocks by: %pipeline run tag:daily", many=True, read=check_name),
    Option("--doc", "doc", "one sentence about the block, in quotes"),
    Option("--pipeline", "pipeline", "the pipeline it belongs to, where a notebook has several"),
    Option("--retries", "retries", "how often a failure is tried again: --retries 3", read=units.count),
    Option("--retry-delay", "retry_delay", "before the first retry; it doubles each time: --retry-delay 10s", read=units.seconds),
    Option("--retry-on", "retry_on", "exceptions worth a retry: --retry-on ConnectionError", many=True, read=check_name),
    Option("--timeout", "timeout", "for one attempt: --timeout 10m", read=units.seconds),
    Option("--memory", "memory", "what its process may have: --memory 2GB", read=units.size),
    Option("--executor", "executor", "where it runs, whatever the run's is: --executor processes", read=check_name),
    Option("--pool", "pool", "a shared resource and how many may hold it: --pool db:2", read=units.pool),
    Option("--file", "files", "files that the body reads: --file data/orders.csv", many=True),
    Option("--cache", "fresh", "how long its output is fresh: --cache 1d, --cache off", read=units.freshness),
    Option("--map", "mapped", "an upstream of whose items each gets a run: --map parts", read=check_name),
    Option("--if", "guards", "conditional blocks that decide whether it runs: --if is_weekday", many=True, read=check_name),
    Option("--on", "on", "of a callback: success, failure, cancelled; all when not given", many=True, read=units.ending),
    Option("--interval", "interval", "of a sensor, between two looks: --interval 30s", read=units.seconds),
    Option("--soft-fail", "soft_fail", "of a sensor: when its time is over, skip what is below instead of failing", flag=True),
    Option("--no-run", "no_run", "define only", flag=True),
    Option("--force", "force", "run it and its upstreams, whatever is cached", flag=True),
)
_SHORT = {"-N": "--no-run", "-f": "--force", "--language": "--lang"}


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
    guards: tuple[str, ...] = ()
    on: tuple[str, ...] = ()
    interval: float | None = None
    soft_fail: bool = False
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
        raise HeaderError("a block needs a name", hint=_HINT)
    name = check_name(match[1])
    rest = text[match.end() :]
    signature: dict[str, Any] = {}
    if rest.startswith("("):
        end = _closing(rest)
        signature = _signature(name, rest[:end])
        rest = rest[end:]
        arrow = re.match(r"\s*->\s*[^-\s][^-]*", rest)
        rest = rest[arrow.end() :] if arrow else rest
    options = _options(rest, set(languages))
    if kinds is not None and options.get("kind") and options["kind"] not in set(kinds):
        raise unknown("kind", options["kind"], kinds, hint=f"%%block {name} --kind transformer")
    for other in (*(signature.get("upstreams") or ()), *options.get("after", ())):
        if other == name:
            raise HeaderError(f"{name} cannot be its own upstream", hint=_HINT)
    return Header(name=name, **signature, **options, text=text)


def _closing(text: str) -> int:
    """Index behind the parenthesis that closes the one at 0; strings are skipped."""
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
    raise HeaderError(f"a parenthesis is not closed: {text[:60]!r}", hint=_HINT)


def _signature(name: str, text: str) -> dict[str, Any]:
    try:
        tree = ast.parse(f"def {name}{text}: ...").body[0]
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        reason = error.msg if isinstance(error, SyntaxError) else str(error)
        raise HeaderError(f"{name}{text[:80]} does not read as a signature: {reason}", hint=_HINT) from error
    if not isinstance(tree, ast.FunctionDef):
        raise HeaderError(f"{name}{text[:80]} does not read as a signature", hint=_HINT)
    arguments = tree.args
    if arguments.defaults:
        late = arguments.args[-len(arguments.defaults)].arg
        raise HeaderError(f"upstream {late} has a default; a parameter stands behind '*'", hint=f"%%block {name}(…, *, {late}=…)")
    if arguments.kwarg is not None:
        raise HeaderError(f"**{arguments.kwarg.arg}: name the parameters one by one", hint=_HINT)
    if arguments.vararg is not None:
        raise HeaderError(
            f"*{arguments.vararg.arg}: name the upstreams one by one; what a mapped block gave comes as one list", hint=_HINT
        )
    upstreams = tuple(check_name(each.arg, "upstream") for each in (*arguments.posonlyargs, *arguments.args))
    named = [*upstreams, *(each.arg for each in arguments.kwonlyargs)]
    twice = next((each for each in named if named.count(each) > 1), None)
    if twice:
        raise HeaderError(f"{twice} stands twice in the header", hint=_HINT)
    pairs = zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    return {
        "upstreams": upstreams,
        "parameters": tuple(_parameter(argument, default) for argument, default in pairs),
    }


def _parameter(argument: ast.arg, default: ast.expr | None) -> Parameter:
    value: Any = MISSING
    if default is not None:
        try:
            value = ast.literal_eval(default)
        except (ValueError, TypeError) as error:
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


class _Text(str):
    """A text that is a text: a default is not read as a command line's word would be."""


def _options(text: str, languages: set[str]) -> dict[str, Any]:
    words = _words(text)
    known = {option.name: option for option in OPTIONS}
    found: dict[str, Any] = {}
    while words:
        word, has_value, inline = words.pop(0).partition("=")
        word = _SHORT.get(word, word)
        if word.startswith("--") and word[2:] in languages:
            found["language"] = word[2:]
            continue
        option = known.get(word)
        if option is None:
            if not word.startswith("-"):
                raise HeaderError(f"{word!r} is not an option", hint=_HINT)
            raise unknown("option", word, [*known, *(f"--{each}" for each in languages)], hint=_HINT)
        if option.flag:
            found[option.field] = True
            continue
        if not has_value and (not words or words[0].startswith("--")):
            raise HeaderError(f"{word} needs a value: {option.help}", hint=_HINT)
        _set(found, option, inline if has_value else words.pop(0))
    language = found.get("language")
    if language and language not in languages:
        raise unknown("language", language, languages, hint="%%block NAME --sql")
    return found


def _words(text: str) -> list[str]:
    words, position = [], 0
    text = text.strip()
    while position < len(text):
        match = _WORD.match(text, position)
        if match is None:
            raise HeaderError(f"a quote is not closed: {text[position:].strip()[:60]!r}", hint=_HINT)
        words.append(match[1])
        position = match.end()
    return words


def _set(found: dict[str, Any], option: Option, value: str) -> None:
    if value[:1] in "\"'" and len(value) > 1:
        try:
            value = str(ast.literal_eval(value))
        except (ValueError, SyntaxError) as error:
            raise HeaderError(f"{option.name} {value}: the quotes do not read", hint=_HINT) from error
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
        "--interval": units.seconds_text(block.poll.interval) if block.poll.interval != Poll().interval else "",
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


def _first_line(source: str) -> tuple[str, str, str]:
    """What stands above a cell's first line that is neither blank nor a comment, that line, and what is below it.

    What was above goes below, so that every line of the body keeps its number.
    """
    above = _ABOVE.match(source)
    start = above.end() if above else 0
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
