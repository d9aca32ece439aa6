"""``blocks``: a pipeline's blocks by name, to look at: ``blocks.clean.value``, ``blocks.clean?``, Tab after the dot."""

from __future__ import annotations

import contextlib
import dataclasses
import html
import time
from collections.abc import Iterator, Mapping
from typing import Any

from . import calling, graph, opening, report
from .code.header import render
from .errors import UnknownNameError
from .model import MISSING, Block, Output, Parameter
from .records import Records


class NoSuchBlockError(UnknownNameError, AttributeError):
    """``blocks.NAME`` where no block has this name."""


class Blocks:
    """The blocks of a session's current pipeline, as they are when they are asked for.

    >>> import tempfile
    >>> from pathlib import Path
    >>> from jupyter_mage import Session
    >>> session = Session(Path(tempfile.mkdtemp()), pipeline="demo")
    >>> _ = session.define("raw", "[1, 2, 3]"), session.define("total(raw)", "sum(raw)"), session.run(executor="inline")
    >>> session.blocks.total.value, session.blocks.total.upstreams, session.blocks.raw.used_by
    (6, ('raw',), ('total',))
    >>> session.close()
    """

    def __init__(self, records: Records) -> None:
        self._records = records

    def __getitem__(self, name: str) -> Handle:
        return Handle(self._records, self._records.pipeline[name].name)

    def __getattr__(self, name: str) -> Handle:
        if name.startswith("_"):
            raise AttributeError(name)
        try:
            return self[name]
        except UnknownNameError as error:
            raise NoSuchBlockError(error.message) from None

    def __dir__(self) -> list[str]:
        return [*self._records.pipeline.names, "open"]

    def __iter__(self) -> Iterator[str]:
        return iter(self._records.pipeline.names)

    def __len__(self) -> int:
        return len(self._records.pipeline)

    def __contains__(self, name: object) -> bool:
        return name in self._records.pipeline

    def open(self, target: str) -> Mapping[str, Any]:
        """The inputs of ``clean``, ``RUN/clean`` or ``score[3]``, each loaded when it is asked for."""
        return _Inputs(self._records, opening.open_block(self._records, target))

    def __repr__(self) -> str:
        return "\n".join(repr(self[name]) for name in self) or "no blocks yet: %%block NAME"


class Looking(Records):
    """Records whose blocks can be looked at by name, and opened."""

    @property
    def blocks(self) -> Blocks:
        """The blocks of the current pipeline: ``session.blocks.clean.value``."""
        return Blocks(self)

    def call(self, name: str, /, *args: Any, **kwargs: Any) -> Any:
        """A block as a function: its output for these upstreams and parameters. Nothing is cached or recorded."""
        __tracebackhide__ = True
        with contextlib.chdir(self.root):
            return calling.call(self.pipeline, name, args, kwargs)

    def open_cell(self, target: str, **how: Any) -> str:
        """A plain cell with the inputs that a block really got, and its body; see `opening`."""
        return opening.cell_text(opening.open_block(self, target), **how)


class _Inputs(Mapping[str, Any]):
    def __init__(self, records: Records, opened: opening.Opened) -> None:
        self._records, self._opened = records, opened

    def __getitem__(self, name: str) -> Any:
        return opening.load(self._records, self._opened, name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._opened.inputs)

    def __len__(self) -> int:
        return len(self._opened.inputs)

    def __repr__(self) -> str:
        return "\n".join(f"{name}: {output.describe()}" for name, output in self._opened.inputs.items()) or "no inputs"


class Handle:
    """One block: what it is, what it gave last, who uses it."""

    def __init__(self, records: Records, name: str) -> None:
        self._records, self.name = records, name

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The block's output for made-up upstreams and parameters: ``blocks.clean(raw=frame, least=3)``."""
        __tracebackhide__ = True
        with contextlib.chdir(self._records.root):
            return calling.call(self._records.pipeline, self.name, args, kwargs)

    @property
    def definition(self) -> Block:
        """The block as it is defined now. Raises UnknownNameError where it is gone."""
        return self._records.pipeline[self.name]

    @property
    def doc(self) -> str:
        return self.definition.doc

    @property
    def source(self) -> str:
        """The cell: header and body."""
        return f"%%block {self.definition.header or render(self.definition)}\n{self.definition.source}"

    @property
    def upstreams(self) -> tuple[str, ...]:
        return self.definition.upstreams

    @property
    def parameters(self) -> dict[str, Any]:
        """Each parameter's default; MISSING where a run has to give it."""
        return {each.name: each.default for each in self.definition.parameters}

    @property
    def used_by(self) -> tuple[str, ...]:
        """The blocks that take its output, or wait for it."""
        return tuple(each.name for each in self._records.pipeline if self.name in each.needs)

    @property
    def output(self) -> Output:
        """Its last good output, by reference. Raises JupyterMageError where it never ran."""
        return self._records.output(self.name)

    @property
    def value(self) -> Any:
        """Its last good output, loaded."""
        return self._records.value(self.name)

    @property
    def schema(self) -> dict[str, str] | None:
        """Name and dtype of each column of its last good output; None where it has none."""
        last = self._last()
        return None if last is None or last.output.columns is None else dict(last.output.columns)

    @property
    def inputs(self) -> Mapping[str, Any]:
        """What it really got: in its last run where that failed, else the latest outputs of its upstreams."""
        return _Inputs(self._records, opening.open_block(self._records, self.name))

    def _last(self) -> Any:
        return self._records.history.latest(self._records.current).get(self.name)

    def _state(self) -> str:
        board = self._records.board.get(self._records.current)
        part = board.blocks.get(self.name) if board else None
        if self.name in self._records.stale.get(self._records.current, ()):
            return "stale"
        return part.status if part is not None else ""

    def _failure(self) -> str:
        board = self._records.board.get(self._records.current)
        part = board.blocks.get(self.name) if board else None
        failure = part.failure if part is not None and part.status == "failed" else None
        line = f" (line {failure.line})" if failure is not None and failure.line else ""
        return f": {failure.error}: {report.first_line(failure.message)}{line}" if failure is not None else ""

    def _ran(self) -> str:
        """``12 480 × 19 · 0.31 s · 3 min ago``."""
        last = self._last()
        if last is None:
            return "has not run yet"
        return f"{last.output.describe()} · {report.seconds(last.seconds)} · {_ago(time.time() - last.at)}"

    def __repr__(self) -> str:
        block = self.definition
        state = self._state()
        came = f" ← {', '.join(block.upstreams)}" if block.upstreams else ""
        return f"{block.name}{came}   {block.kind} · {self._ran()}" + (
            f" · {state}" if state in ("stale", "failed", "skipped") else ""
        )

    def _repr_html_(self) -> str:
        first, _, facts = repr(self).partition("   ")
        doc = self.doc.strip().splitlines()[:1]
        said = f"<br>{html.escape(doc[0])}" if doc else ""
        return f"<div><b>{html.escape(first)}</b>{said}<br><small>{html.escape(facts)}</small></div>"

    def card(self, *, source: bool = False) -> str:
        """All there is to say of it, as text: what ``blocks.clean?`` shows; with its source what ``??`` does."""
        block, last = self.definition, self._last()
        pipeline = self._records.pipeline
        waiting = graph.missing(dataclasses.replace(pipeline, blocks=(block,)), pipeline)
        cell = f" · cell [{block.cell_number}]" if block.cell_number is not None else ""
        columns = ", ".join(f"{name} {dtype}" for name, dtype in (self.schema or {}).items())
        facts = {
            "": block.doc.strip(),
            "header": f"%%block {block.header or render(block)}",
            "kind": f"{block.kind} · {block.language}{cell}",
            "upstreams": ", ".join(block.upstreams) + ("" if block.declared else "   (inferred)" if block.upstreams else "none"),
            "parameters": ", ".join(_parameter(each) for each in block.parameters),
            "used by": ", ".join(self.used_by) or "nothing",
            "state": f"{self._state()}{self._failure()}",
            "problem": "; ".join(str(each) for each in waiting) or block.problem,
            "last run": self._ran() + (f" · run {last.run}" if last else ""),
            "gives": f"{last.output.type}, {report.size(last.output.size)}" if last else "",
            "schema": columns if len(columns) < 600 else f"{columns[:600]} …",
            "tests": ", ".join(each.name for each in block.tests),
            "leaks": ", ".join(each.name for each in block.leaks),
        }
        lines = [f"{title:>10}  {fact}" if title else fact for title, fact in facts.items() if fact]
        lines.append(f"{'see':>10}  blocks.{self.name}.value   %pipeline open {self.name}   %pipeline show {self.name}")
        return "\n".join([*lines, *(["", self.source] if source else [])])


def _parameter(parameter: Parameter) -> str:
    kind = f": {parameter.annotation}" if parameter.annotation else ""
    return f"{parameter.name}{kind}" + ("" if parameter.default is MISSING else f" = {parameter.default!r}")


def _ago(seconds: float) -> str:
    """``just now``, ``3 min ago``, ``2 h ago``, ``5 days ago``.

    >>> [_ago(each) for each in (2, 200, 8000, 500000)]
    ['just now', '3 min ago', '2 h ago', '5 days ago']
    """
    for size, word in ((86400, "days"), (3600, "h"), (60, "min")):
        if seconds >= size * (2 if word == "days" else 1):
            return f"{int(seconds // size)} {word} ago"
    return "just now"
