"""The protocols that plugins fill, and the registries that find them.

The engine knows these and no plugin; plugins know these and not each other. Nothing is imported to be typed.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from concurrent import futures
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from .events import Event
from .model import Block, Definition, Output, Pipeline, Trigger
from .registry import Registry
from .values import value


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """What a source reads from outside and what it binds, by static analysis; in order of first appearance."""

    reads: tuple[str, ...] = ()
    binds: tuple[str, ...] = ()
    perhaps: tuple[str, ...] = ()
    """Of the reads, those that the source itself binds before, on some of its paths."""


@value
class Scope:
    """Whose body runs: of which project, pipeline and run."""

    root: str = ""
    """The project's folder."""
    pipeline: str = ""
    run: str = ""


@dataclass(slots=True, kw_only=True)
class Call:
    """One execution of a body: everything a language needs, and nothing of runs or stores."""

    block: Block
    source: str
    """The body (the block's own, or a test's)."""
    captured: Sequence[Definition]
    values: Mapping[str, Any]
    """Names to bind before the body: upstreams, parameters, ``context`` names."""
    namespace: dict[str, Any] = field(default_factory=dict)
    """Where the body runs: fresh in a clean run, the notebook's own for its cell."""
    filename: str = ""
    """Name for tracebacks; line 1 is the header, so lines are those of the cell."""
    keep_names: bool = False
    """Whether the body's own names stay in the namespace (a notebook cell) or are local (a clean run)."""
    compiled: bytes = b""
    """What `Language.compiled` gave for this body in the process that sent it here, or empty."""


@runtime_checkable
class Language(Protocol):
    """A language that block bodies are written in. A plugin is one instance, named by its entry point."""

    name: str
    extension: str
    """Of the file that Mage keeps such a block in, without the dot."""
    packages: tuple[str, ...]
    """Those that running a body needs, whatever it says."""
    any_case: bool
    """Whether it takes ``Raw`` and ``raw`` for one name."""

    def check(self, source: str, *, block: str = "", arguments: tuple[str, ...] = ()) -> None:
        """Raise BlockSyntaxError, with the cell's line, where the body does not parse. Runs nothing.

        ``arguments`` are the names that the body gets, as far as the header says.
        """

    def names(self, source: str) -> Names:
        """What the body reads and binds. Runs nothing."""

    def normalise(self, source: str) -> str:
        """A text that is equal for bodies that do the same, whatever their comments and layout."""

    def rename(self, source: str, old: str, new: str) -> str | None:
        """The body with the outside name ``old`` called ``new``, nothing else changed; None where that is not sure."""

    def run(self, call: Call) -> Any:
        """Run the body and give its output; exceptions of the body come out as they are."""

    def compiled(self, block: Block, arguments: tuple[str, ...]) -> bytes:
        """What `run` works out before the body begins, for a worker process of this same Python to take over; empty for nothing.

        Runs nothing, and raises nothing: what is wrong with a body, `run` says.
        """

    def spelled(self, block: Block, pipeline: Pipeline) -> Block:
        """The block as it runs, with what its body has to know of others; for most languages itself."""

    def scratch(self, block: Block, parameters: Sequence[str]) -> str:
        """Python for a plain cell that does what the body does; upstreams and these parameters have their names there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What is known around a body that is being written: what Tab may offer in it."""

    tables: Mapping[str, tuple[str, tuple[tuple[str, str], ...]]] = field(default_factory=dict)
    """Every block, with what it is and the columns (name, type) of its last output, where it is a frame."""
    inputs: tuple[str, ...] = ()
    """Those that the header declares."""
    parameters: tuple[str, ...] = ()


@runtime_checkable
class Completing(Protocol):
    """A language that says itself what can be typed in a body; of another that is not Python, Tab offers the inputs."""

    def complete(self, source: str, place: int, around: Around) -> tuple[str, list[tuple[str, str]]]:
        """The word so far at ``place`` of the body, and the words that it can become, each with what it is. Runs nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A block kind, as data. A plugin is one instance."""

    name: str
    folder: str
    """Where Mage keeps files of this kind; empty where its blocks have none."""
    language: str = ""
    """What runs files of Mage of this kind, where that is not their own language; and blocks that have no file."""
    runs: bool = True
    """False for what is kept and shown, never executed: markdown, scratchpad."""
    aside: bool = False
    """Of what does not run: Mage's own files of this kind do where they are asked for, by name or by their cell, and never with
    the rest."""
    waits: bool = False
    """A sensor: it is run again and again until it gives something true."""
    decides: bool = False
    """A conditional: what it gives, true or not, says whether the blocks that name it as a guard run."""
    watches: bool = False
    """A callback: it runs when its upstreams (all blocks, where it has none) have ended, however they ended."""
    gives: tuple[str, ...] = ()
    """Names that the body finds beside its upstreams and parameters."""
    effects: bool = False
    """It changes something outside (a file, a table): it runs when asked for, never only because another cell needs it."""
    doc: str = ""

    @property
    def asks(self) -> bool:
        """Whether it asks the world, so that no kept answer will do, and what counts is if the answer is true."""
        return self.waits or self.decides


class Surroundings(Protocol):
    """What is laid around a user's code while it runs and taken away after it: variables, imports. A plugin is one instance."""

    name: str

    def around(self, scope: Scope) -> AbstractContextManager[object] | None:
        """Entered before a body or test of ``scope`` and left after it, on the same thread; others may overlap it.

        None where there is nothing to lay around this one.
        """

    def around_run(self, scope: Scope) -> AbstractContextManager[object]:
        """Entered before a run of this process and left after it: what need not be done again for each of its bodies."""


class Executor(Protocol):
    """Makes a `concurrent.futures.Executor`. A plugin is one instance."""

    name: str
    parallel: bool
    """Whether it runs several blocks at once."""
    in_process: bool
    """Whether blocks run in this process, where values need not be stored to be handed on."""

    def open(self, workers: int) -> futures.Executor:
        """An executor with so many workers; a session keeps it warm from run to run and shuts it down."""

    def warm(self, modules: Collection[str] = ()) -> None:
        """Begin with what takes long, in the background: a run is coming, whose blocks import these packages."""

    def halt(self, pool: futures.Executor) -> None:
        """End whatever runs in ``pool`` and return when nothing does; it can be used again."""

    def stop(self, pool: futures.Executor, future: futures.Future[Any]) -> None:
        """End this one call, if it runs and can be ended; its future then has an error."""

    def printed(self, pool: futures.Executor, future: futures.Future[Any]) -> str:
        """What this call has printed so far, where that is kept outside this process; asked for while it runs."""


class Store(Protocol):
    """Keeps outputs by content. A plugin is a callable ``(root: Path) -> Store``."""

    def put(self, value: Any) -> Output:
        """Keep ``value``; it is complete and durable (as the mode says) when this returns.

        Raises NotStorableError when it could not be given back equal, type and all.
        """

    def get(self, output: Output) -> Any:
        """The value, isolated: changing it changes no other reader's. Raises CorruptOutputError."""

    def look(self, output: Output) -> Any:
        """What can be seen of it with nothing unpickled: a table's ``columns``, a plain ``value``, or that it is ``opaque``."""

    def has(self, output: Output) -> bool:
        """Whether `get` would find it (looks, does not read)."""

    def collect(self, keep: set[str], *, age: float = 3600.0) -> int:
        """Remove what none of these contents needs and is older than ``age`` seconds; gives how many files went."""


class Sink(Protocol):
    """A subscriber to events that outlives a run: history, alerts. A plugin is a callable that makes one."""

    def __call__(self, event: Event) -> None: ...

    def close(self) -> None: ...


class Format(Protocol):
    """A form that pipelines have on disk. A plugin is one instance. Reading and checking run none of its code."""

    name: str

    def accepts(self, path: Path) -> bool:
        """Whether this path looks like one of ours (looks at names, not content)."""

    def pipelines(self, path: Path) -> list[str]:
        """Names of the pipelines in it."""

    def read(self, path: Path, pipeline: str = "") -> Pipeline:
        """The pipeline of this name (or the only one). Raises FormatError with file and line."""

    def write(self, pipeline: Pipeline, path: Path, origin: Path | None = None, *, shared: bool = False) -> list[Path]:
        """Write it; every file whole or not at all, nothing else touched. Gives the files written.

        ``origin`` is the file that the pipeline stands in: what is at ``path`` may have changed since they last agreed.
        ``shared`` says that files which other pipelines use too may be replaced.
        """

    def write_variables(self, pipeline: Pipeline, path: Path) -> None:
        """Write the pipeline's variables and nothing else; every other byte of the file stays."""

    def check(self, path: Path) -> Sequence[object]:
        """All problems at this path, each printable, with file and line; reads only."""

    def warnings(self, pipeline: Pipeline, path: Path | None = None, origin: Path | None = None) -> list[str]:
        """What would be otherwise where the written form is run by others; and what writing to ``path`` would take from there."""

    def imported(self, pipeline: Pipeline, path: Path, target: Path) -> Pipeline:
        """The pipeline, which was read from ``path``, as the notebook ``target`` will have it."""

    def triggers(self, path: Path, pipeline: str = "") -> tuple[Trigger, ...]:
        """What starts runs of the pipeline. Raises FormatError with file and line."""


languages: Registry[Language] = Registry("languages")
kinds: Registry[Kind] = Registry("kinds")
surroundings: Registry[Surroundings] = Registry("surroundings")
executors: Registry[Executor] = Registry("executors")
stores: Registry[Any] = Registry("stores")
sinks: Registry[Any] = Registry("sinks")
formats: Registry[Format] = Registry("formats")
