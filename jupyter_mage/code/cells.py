"""A block cell becomes a `Block`: header, body and what the body needs, put together. Runs nothing."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from ..errors import BlockSyntaxError, Where, unknown
from ..model import MISSING, Block, Definition, Limits, Poll, Retry, Test
from ..plugins import Language, executors, kinds, languages
from . import decorator, inline_tests
from .capture import Ledger, Resolved
from .function import mage_decorator
from .header import Header, one_newline, parse
from .parameters import coerce, type_names
from .source import docstring, never_called

DECORATOR = "decorator"
BARE: Mapping[str, Any] = {"jupyter_mage": {"bare": True}}
"""What is noted of a Mage block file that is a cell as it is, without a header above."""


def read_header(text: str, *, carrier: str = "magic") -> Header:
    """`header.parse` with the languages and kinds that are installed."""
    read = decorator.read_header if carrier == DECORATOR else parse
    header = read(text, languages=languages.names(), kinds=kinds.names())
    if header.executor and header.executor not in executors:
        raise unknown("executor", header.executor, executors.names(), hint=f"%%block {header.name} --executor processes")
    return header if header.carrier == carrier else dataclasses.replace(header, carrier=carrier)


def define(
    header: Header,
    body: str,
    ledger: Ledger,
    *,
    known: Collection[str] = (),
    namespace: Mapping[str, Any] | None = None,
    cell: str = "",
    number: int | None = None,
) -> Block:
    """The block that this header and body define.

    ``known`` are the names of the pipeline's blocks: they are upstreams before they are anything else. Raises
    BlockSyntaxError where the body does not parse.
    """
    body = one_newline(body)
    language, bare = languages.get(header.language or "python"), header.carrier == "mage"
    kind = kinds.get(header.kind) if header.kind in kinds else None
    still = kind is not None and not kind.runs and not kind.aside
    if not still:
        arguments = (*(header.upstreams or ()), *(each.name for each in header.parameters))
        language.check(body, block=header.name, arguments=arguments)
    if still:
        reads = tuple[str, ...]()
    elif language.extension == "py" and mage_decorator(body):  # a Mage block file, whole: it brings all that it needs
        header, reads = dataclasses.replace(header, carrier="mage"), tuple[str, ...]()
    else:
        gives = kind.gives if kind is not None else ()
        reads = tuple(name for name in _reads(header, language, body) if name not in gives)
    needed = _needed(header, language, body, reads, known)
    resolved = ledger.resolve(needed, namespace)
    types = ledger.resolve(type_names(header.parameters), namespace).captured
    block = Block(
        name=header.name,
        source=body,
        language=language.name,
        kind=header.kind or "data_loader",
        kind_given=bool(header.kind),
        upstreams=header.upstreams or (),
        declared=header.upstreams is not None,
        after=header.after,
        reads=reads,
        any_case=language.any_case,
        parameters=header.parameters,
        captured=merge_definitions(resolved.captured, types),
        leaks=resolved.leaks,
        retry=_retry(header),
        limits=_limits(header),
        files=header.files,
        fresh=header.fresh,
        mapped=header.mapped,
        use=header.use,
        guards=header.guards,
        on=header.on,
        poll=Poll(interval=Poll().interval if header.interval is None else header.interval, soft=header.soft_fail),
        doc=header.doc or (docstring(body) if language.name == "python" else ""),
        tags=header.tags,
        schema=header.schema,
        header="" if bare else header.text,
        carrier=header.carrier,
        cell=cell,
        cell_number=number,
        extra=BARE if bare else {},
    )
    for each in block.parameters if types else ():
        if each.default is not MISSING:
            coerce(each, each.default, block=block)
    return with_own_tests(block, ledger, known=known, namespace=namespace)


def with_own_tests(
    block: Block, ledger: Ledger, *, known: Collection[str] = (), namespace: Mapping[str, Any] | None = None
) -> Block:
    """The block with the tests of its own cell, as they are now: ``@test`` functions and the header's schema."""
    if not block.schema and (block.language not in languages or languages.get(block.language).extension != "py"):
        return block
    own = inline_tests.of_block(block, inline_tests.Cell(ledger=ledger, known=known, namespace=namespace))
    return dataclasses.replace(block, tests=inline_tests.merged(own, block.tests)) if own or block.tests else block


def _limits(header: Header) -> Limits:
    pool, size = header.pool or ("", 0)
    return Limits(timeout=header.timeout, memory=header.memory, executor=header.executor, pool=pool, pool_size=size)


def _retry(header: Header) -> Retry:
    usual = Retry()
    delay = usual.delay if header.retry_delay is None else header.retry_delay
    return Retry(retries=header.retries or 0, delay=delay, on=header.retry_on)


def _reads(header: Header, language: Language, body: str) -> tuple[str, ...]:
    """The names that the body reads. A header that says its upstreams has said that what the body binds somewhere is its own."""
    names = language.names(body)
    if header.upstreams is None or not names.perhaps:
        return names.reads
    own = {*names.perhaps} - {*header.upstreams, *(each.name for each in header.parameters)}
    return tuple(name for name in names.reads if name not in own)


def _needed(header: Header, language: Language, body: str, reads: Iterable[str], known: Collection[str]) -> list[str]:
    """The names that only the notebook can explain: no upstream, parameter, block, nor what the body binds on some path."""
    if language.extension != "py" or not reads:
        return []
    given = {*(header.upstreams or ()), *(each.name for each in header.parameters), header.name, *language.names(body).perhaps}
    return [name for name in reads if name not in given and name not in known]


def define_test(
    block: str,
    name: str,
    body: str,
    ledger: Ledger,
    *,
    known: Collection[str] = (),
    namespace: Mapping[str, Any] | None = None,
    given: Collection[str] = (),
    cell: str = "",
    number: int | None = None,
) -> tuple[Test, Resolved]:
    """A test of ``block`` and what became of the names it reads; ``given`` are the block's upstreams and parameters."""
    body = one_newline(body)
    python = languages.get("python")
    python.check(body, block=f"{block} (test {name})")
    uncalled = never_called(body)
    if uncalled:
        raise BlockSyntaxError(
            f"{uncalled[0]} is defined and never called: a test's asserts stand in the cell itself",
            where=Where(block=f"{block} (test {name})", line=2),
            hint=f"call {uncalled[0]}(), or write its asserts without the def",
        )
    names = python.names(body)
    own = {block, *given}
    needed = [each for each in names.reads if each not in own and each not in known and each not in names.perhaps]
    resolved = ledger.resolve(needed, namespace)
    return Test(name=name, source=body, captured=resolved.captured, cell=cell, cell_number=number), resolved


def takes_from_cells(block: Block) -> set[str]:
    """The names that a block or its tests take, or would take, from plain cells."""
    names = {*block.reads, *(each.name for each in block.captured), *(leak.name for leak in block.leaks)}
    return names.union(*({each.name for each in test.captured} for test in block.tests)) - {*block.upstreams, block.name}


def capture_again(
    block: Block, ledger: Ledger, *, known: Collection[str] = (), namespace: Mapping[str, Any] | None = None
) -> Block:
    """The block with what it takes from plain cells looked up anew."""
    language = languages.get(block.language)
    given = {*block.upstreams, *(each.name for each in block.parameters), block.name, *known}
    perhaps = language.names(block.source).perhaps if block.reads else ()
    needed = [name for name in block.reads if name not in given and name not in perhaps] if language.extension == "py" else []
    resolved = ledger.resolve(needed, namespace)
    tests = tuple(
        dataclasses.replace(
            define_test(block.name, test.name, test.source, ledger, known=known, namespace=namespace, given=given)[0],
            cell=test.cell,
            cell_number=test.cell_number,
        )
        for test in block.tests
        if not test.inline
    )
    captured = merge_definitions(resolved.captured, ledger.resolve(type_names(block.parameters), namespace).captured)
    again = dataclasses.replace(block, captured=captured, leaks=resolved.leaks, tests=tests)
    return with_own_tests(again, ledger, known=known, namespace=namespace)


def merge_definitions(*groups: Iterable[Definition]) -> tuple[Definition, ...]:
    """All definitions, each name once, in order."""
    merged: dict[str, Definition] = {}
    for group in groups:
        for definition in group:
            merged.setdefault(definition.name, definition)
    return tuple(merged.values())
