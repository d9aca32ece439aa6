"""What a pipeline is: frozen values, no I/O.

Editing makes a new value. Nothing here knows of runs, files, notebooks or screens.
The words and the order of ``upstreams`` (= positional arguments) are Mage's.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable, Iterator, Mapping
from copy import copy
from dataclasses import dataclass, field, fields, replace
from typing import Any

from . import compact
from .errors import DefinitionError, unknown
from .values import value

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]


class _Missing:
    """Pickled by name, so that there is only one of it in every process."""

    def __repr__(self) -> str:
        return "MISSING"

    def __reduce__(self) -> str:
        return "MISSING"


MISSING: Any = _Missing()
"""The default of a parameter that has none."""

NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,62}", re.ASCII)
WINDOWS_DEVICES = frozenset(["con", "prn", "aux", "nul", *(f"com{n}" for n in range(1, 10)), *(f"lpt{n}" for n in range(1, 10))])


def name_problem(name: object) -> str | None:
    """Why ``name`` cannot name a block or pipeline, or None if it can: one rule for every name that comes in.

    >>> name_problem("daily_sales"), name_problem("class"), name_problem("x" * 64)
    (None, "'class' is a Python keyword", "'xxxxxxxxxxxxxxxxxxxx'… is longer than 63 characters")
    """
    if not isinstance(name, str):
        return f"{name!r} is not text"
    if len(name) > 63:
        return f"{name[:20]!r}… is longer than 63 characters"
    if not NAME.fullmatch(name):
        return f"{name!r} has characters other than letters, digits and _, or does not start with a letter"
    if keyword.iskeyword(name):
        return f"{name!r} is a Python keyword"
    if name.lower() in WINDOWS_DEVICES:
        return f"{name!r} is a device name on Windows"
    return None


def check_name(name: object, what: str = "block name") -> str:
    """``name`` itself, or a DefinitionError that says what is wrong with it."""
    problem = name_problem(name)
    if problem or not isinstance(name, str):
        raise DefinitionError(f"{what}: {problem}", hint="a name is a letter, then letters, digits and _, 63 at most")
    return name


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A typed value that a run may set: ``min_minutes: int = 15``."""

    name: str
    annotation: str = ""
    """The type as written (``int``, ``str``, ``list[str]``), or empty."""
    default: Any = MISSING
    """A JSON-like literal, or MISSING when the run has to give the value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """Something the body needs from outside itself: an import, function, class or literal constant, with its source."""

    name: str
    source: str
    sort: str
    """``import``, ``function``, ``class`` or ``constant``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leak:
    """A name the body reads that a clean run would not have."""

    name: str
    cell: int | None = None
    """Execution count of the cell that bound it, where known."""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Test:
    """Plain asserts about a block's output, which is bound to the block's name; upstreams and parameters to theirs."""

    name: str
    source: str
    captured: tuple[Definition, ...] = ()
    inline: bool = False
    """It stands in its block's own cell: the source is a function that gets the output first, or the header's schema."""
    line: int = field(default=2, compare=False)
    """Line of the cell where its source starts; 1 is the header."""
    cell: str = field(default="", compare=False)
    """Identity of the cell it came from; never written to a file."""
    cell_number: int | None = field(default=None, compare=False)
    """Execution count of that cell when it was defined, for messages."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """How often, and after how long, a failed block is tried again. ``retries=3`` means three retries, four attempts.

    >>> [Retry(retries=3, delay=2.0, jitter=0.0).wait(attempt) for attempt in (1, 2, 3)]
    [2.0, 4.0, 8.0]
    """

    retries: int = 0
    delay: float = 5.0
    """Seconds before the first retry."""
    backoff: float = 2.0
    """Each delay is so many times the one before; 1 keeps it."""
    longest: float = 3600.0
    """Seconds that a single delay is at most."""
    jitter: float = 0.1
    """A delay varies by so much of itself, so that many failed blocks do not come back at once."""
    on: tuple[str, ...] = ()
    """Names of the exceptions that are worth a retry; empty for all."""

    def wait(self, attempt: int, chance: float = 0.5) -> float:
        """Seconds between this failed attempt (1 is the first) and the next; ``chance`` is a random number from 0 to 1."""
        delay = min(self.delay * self.backoff ** (attempt - 1), self.longest)
        return delay * (1 + self.jitter * (2 * chance - 1))

    def wants(self, attempt: int, error: str) -> bool:
        """Whether a failure of this attempt, with this exception's name, is tried again."""
        return attempt <= self.retries and (not self.on or error in self.on)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a block may take, and where it runs."""

    timeout: float | None = None
    """Seconds, for one attempt."""
    memory: int | None = None
    """Bytes of its own that its process may have."""
    executor: str = ""
    """``inline``, ``threads``, ``processes``; empty for the run's."""
    pool: str = ""
    """Name of a scarce resource that blocks share, or empty."""
    pool_size: int = 0
    """How many blocks may hold the pool at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Poll:
    """How a sensor waits: `Limits.timeout` bounds it in all."""

    interval: float = 60.0
    """Seconds between two looks."""
    soft: bool = False
    """Whether to skip what is below, instead of failing, when the time is over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One step: a name, a source, a language, a kind, upstreams, parameters.

    ``source`` is the cell's text below the header. ``upstreams`` and ``kind`` are always filled in; ``declared`` and
    ``kind_given`` say whether the author wrote them or `graph.resolve` derived them from ``reads``.
    """

    name: str
    source: str
    language: str = "python"
    kind: str = "data_loader"
    kind_given: bool = False
    upstreams: tuple[str, ...] = ()
    declared: bool = False
    after: tuple[str, ...] = ()
    """Blocks that have to have run before; no data comes from them."""
    on: tuple[str, ...] = ()
    """Of a callback, the ends that it is for: ``success``, ``failure``, ``cancelled``; empty for all."""
    poll: Poll = Poll()
    """Of a sensor, how it waits."""
    reads: tuple[str, ...] = ()
    """Names the body reads and does not bind: what upstreams are inferred from."""
    any_case: bool = False
    """Whether its language takes ``Raw`` and ``raw`` for one name."""
    parameters: tuple[Parameter, ...] = ()
    captured: tuple[Definition, ...] = ()
    leaks: tuple[Leak, ...] = ()
    tests: tuple[Test, ...] = ()
    retry: Retry = Retry()
    limits: Limits = Limits()
    files: tuple[str, ...] = ()
    """Files that the body reads by itself, by path from the project; their content is part of the cache key."""
    fresh: float | None = None
    """Seconds for which its output counts as fresh; 0 never, None as long as nothing it depends on changed."""
    mapped: str = ""
    """The upstream of whose items each gets a run of its own, or empty."""
    guards: tuple[str, ...] = ()
    """Blocks of kind ``conditional`` that decide whether it runs; one without upstreams gets this block's inputs."""
    callbacks: tuple[str, ...] = ()
    """Blocks of kind ``callback`` that are told how it ended, beside those that have it as an upstream."""
    parent: str = ""
    """Of a conditional that is asked about one block, that block; empty in a pipeline as its author wrote it."""
    dynamic: bool = False
    """Mage's ``dynamic: true``: what is below runs once for each item of its output."""
    reduce: bool = False
    """Mage's ``reduce_output: true``: the block below it gets one list of what its runs gave."""
    replicates: str = ""
    """The block whose source it has, under a name and with upstreams of its own, or empty."""
    use: str = ""
    """The block file of a project that its cell is linked to, by path from here; empty for a block of its own."""
    doc: str = ""
    tags: tuple[str, ...] = ()
    schema: str = ""
    """The pandera schema that checks its output, as the header names it, or empty."""
    label: str = ""
    """A display name that is not a legal name (an imported Mage uuid, say), or empty."""
    problem: str = ""
    """Why it cannot run as it stands (its file is missing, say), or empty."""
    header: str = ""
    """The header as the author typed it, or empty where it was never typed."""
    carrier: str = "magic"
    extra: Mapping[str, Any] = field(default_factory=dict)
    """Keys of a project file that we keep and do not use."""
    cell: str = field(default="", compare=False)
    """Identity of the cell it came from; never written to a file, never part of a hash."""
    cell_number: int | None = field(default=None, compare=False)
    """Execution count of that cell when it was defined, for messages."""

    def __reduce__(self) -> tuple[Any, ...]:
        """As what it has beyond the defaults: a block goes to a worker for each of its calls, and most of it says nothing."""
        given = {}
        for name, usual in _BLOCK_FIELDS:
            value = getattr(self, name)
            if value is not usual and value != usual:
                given[name] = value
        return _block, (given,)

    @property
    def is_file(self) -> bool:
        """Whether its source is a block file of Mage as it stands: it gets its upstreams by place, and every variable."""
        return self.carrier == "mage"

    @property
    def needs(self) -> tuple[str, ...]:
        """Every block that has to be finished before this one starts: upstreams, ``after``, ``guards``, each once."""
        if not self.after and not self.guards:
            return self.upstreams
        return tuple(dict.fromkeys((*self.upstreams, *self.after, *self.guards)))

    @property
    def starts(self) -> int:
        """The line of its cell where the body starts: 2, below the header, or 1 where the cell is a file that has none."""
        ours = self.extra.get("jupyter_mage")
        return 1 if isinstance(ours, Mapping) and ours.get("bare") else 2

    @property
    def configuration(self) -> dict[str, Any]:
        """The block's ``configuration`` as Mage has it, for what its code reads from ``kwargs['configuration']``.

        >>> Block(name="a", source="", dynamic=True, extra={"configuration": {"limit": 10}}).configuration
        {'limit': 10, 'dynamic': True}
        """
        kept = self.extra.get("configuration")
        said = {"dynamic": self.dynamic, "reduce_output": self.reduce}
        return {**(kept if isinstance(kept, Mapping) else {}), **{key: True for key, value in said.items() if value}}


_BLOCK_FIELDS = tuple((each.name, {} if each.name == "extra" else each.default) for each in fields(Block))


def _block(given: dict[str, Any]) -> Block:
    return Block(**given)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipeline:
    """Blocks by name, in the order they were written, and pipeline-wide variables."""

    name: str
    blocks: tuple[Block, ...] = ()
    variables: Mapping[str, Any] = field(default_factory=dict)
    description: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)
    """Keys of a project file that we keep and do not use."""
    _index: dict[str, Block] = field(init=False, repr=False, compare=False, default_factory=dict)
    _mentions: dict[str, frozenset[str]] = field(init=False, repr=False, compare=False, default_factory=dict)
    """For each name, the blocks that say it; made when first asked for, then carried along by `with_block`."""

    def __post_init__(self) -> None:
        self._index.update({block.name: block for block in self.blocks})
        if len(self._index) < len(self.blocks):  # a name is there twice: the first one counts
            self._index.update((block.name, block) for block in reversed(self.blocks))

    def __iter__(self) -> Iterator[Block]:
        return iter(self.blocks)

    def __len__(self) -> int:
        return len(self.blocks)

    def __contains__(self, name: object) -> bool:
        return name in self._index

    def __getitem__(self, name: str) -> Block:
        block = self._index.get(name)
        if block is None:
            raise unknown("block", name, self.names)
        return block

    @property
    def names(self) -> tuple[str, ...]:
        if len(self._index) == len(self.blocks):
            return tuple(self._index)
        return tuple(block.name for block in self.blocks)

    @property
    def by_name(self) -> Mapping[str, Block]:
        """The blocks by their names; not to be changed."""
        return self._index

    def get(self, name: str) -> Block | None:
        return self._index.get(name)

    def with_block(self, block: Block) -> Pipeline:
        """A pipeline where ``block`` replaces the one of its name, in place, or stands last."""
        old = self._index.get(block.name)
        if old is None:
            blocks = (*self.blocks, block)
        else:
            blocks = tuple([block if each.name == block.name else each for each in self.blocks])
        mentions = {**self._mentions}
        if mentions:
            before, now = mentioned(old) if old is not None else set(), mentioned(block)
            for name in before - now:
                mentions[name] -= {block.name}
            for name in now - before:
                mentions[name] = mentions.get(name, frozenset()) | {block.name}
        made = copy(self)  # not `replace`, which would look at every block again to index it
        for field_name, found in (("blocks", blocks), ("_index", {**self._index, block.name: block}), ("_mentions", mentions)):
            object.__setattr__(made, field_name, found)
        return made

    def mentioning(self, name: str) -> tuple[Block, ...]:
        """The blocks that need this name, read it or took it from a cell; in no order.

        Looking through every block for it, once a cell, would make a notebook of thousands of cells slow.
        """
        if not self._mentions and self.blocks:
            found: dict[str, set[str]] = {}
            for block in self.blocks:
                for each in mentioned(block):
                    found.setdefault(each, set()).add(block.name)
            self._mentions.update((each, frozenset(names)) for each, names in found.items())
        names = self._mentions.get(name, frozenset())
        if (folded := name.casefold()) != name:
            names |= self._mentions.get(folded, frozenset())
        return tuple(self._index[each] for each in names)

    def without(self, names: Iterable[str]) -> Pipeline:
        gone = set(names)
        return replace(self, blocks=tuple(block for block in self.blocks if block.name not in gone))


def mentioned(block: Block) -> set[str]:
    """Every name that a definition speaks of: what it needs, reads, took from plain cells or could not take, and its own.

    >>> sorted(mentioned(Block(name="a", source="b + c", upstreams=("b",), reads=("b", "c"))))
    ['a', 'b', 'c']
    """
    names = {block.name, *block.needs, *block.reads}
    if block.any_case:
        names.update(each.casefold() for each in block.reads)
    names.update(each.name for each in block.captured)
    names.update(each.name for each in block.leaks)
    for test in block.tests:
        names.update(each.name for each in test.captured)
    return names


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """What starts runs of a pipeline, in Mage's words: a schedule, a call from outside, an event."""

    name: str
    type: str = "time"
    """``time``, ``api`` or ``event``."""
    interval: str = ""
    """``@once``, ``@hourly``, ``@daily``, ``@weekly``, ``@monthly``, ``@always_on`` or a cron expression; for ``time``."""
    start: str = ""
    """The first moment it may fire, as written (``2026-01-01 00:00:00``), or empty."""
    active: bool = False
    variables: Mapping[str, Any] = field(default_factory=dict)
    sla: float | None = None
    """Seconds after which a run is late."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """``skip_if_previous_running``, ``allow_blocks_to_fail``, ``timeout`` … as Mage has them."""
    environments: tuple[str, ...] = ()
    """Where it counts (``ENV`` is one of them); empty for everywhere."""
    extra: Mapping[str, Any] = field(default_factory=dict)
    """Keys of the file that we keep and do not use."""


@value
class Output:
    """What a block gave, by reference: named by content, described without being loaded."""

    content: str
    """Name by content, `xxh3-128` in hex; equal values have equal names."""
    codec: str
    """Which codec of the store reads it: ``frame``, ``json``, ``pickle`` …"""
    type: str
    """The value's type as people write it: ``pandas.DataFrame``."""
    size: int
    """Bytes kept."""
    rows: int | None = None
    columns: tuple[tuple[str, str], ...] | None = None
    """Name and dtype of each column, for frames."""
    preview: str = ""
    """A few rows or a short repr, as text; made when the block ran, so showing it loads nothing."""
    data: bytes | None = field(default=None, repr=False, compare=False)
    """The value's bytes when they are few: they stand in the history, not in a file."""

    def describe(self) -> str:
        """``12 480 × 19``, or the type, in a few characters.

        >>> Output(content="", codec="frame", type="pandas.DataFrame", size=0, rows=12480, columns=(("a", "int64"),)).describe()
        '12 480 × 1'
        """
        if self.rows is not None and self.columns is not None:
            return f"{self.rows:,}".replace(",", " ") + f" × {len(self.columns)}"
        if self.rows is not None:
            return f"{self.rows:,} item{'s' * (self.rows != 1)}".replace(",", " ")
        return "nothing" if self.type == "NoneType" else self.type


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why a block failed, as a value: what, where in the user's own cell, and what its inputs really were."""

    error: str
    """The exception's type name, or ``TestFailed``, ``Crashed``, ``NotStorable`` …"""
    message: str
    line: int | None = None
    """Line in the cell; 1 is the header."""
    code: str = ""
    """The text of that line."""
    traceback: str = ""
    """The user's own frames, bounded."""
    inputs: tuple[tuple[str, str], ...] = ()
    """Each upstream's name with its shape and columns."""
    test: str = ""
    """Name of the test that failed, or empty when the block itself did."""
    guess: str = ""
    """The name or column that was probably meant: ``Did you mean user?``; or empty."""
    rows: str = ""
    """The first rows that a test found wrong, as text, where it can be told which they are."""


def json_text(value: object) -> str:
    """One spelling for one value: sorted keys, no spaces. For hashes and history."""
    return _write(value)


_write = compact.writer(default=repr, sort_keys=True)


def legal_name(text: str, fallback: str = "pipeline") -> str:
    """The nearest legal name: ``01_flights`` → ``flights``, ``My sales!`` → ``my_sales``.

    >>> legal_name("01_flights"), legal_name("My sales!"), legal_name("42")
    ('flights', 'my_sales', 'pipeline')
    """
    words = re.sub(r"[^A-Za-z0-9]+", "_", text).strip("_").lower()
    name = re.sub(r"^[0-9_]+", "", words)[:63].rstrip("_")
    if not name:
        return fallback
    return name if name_problem(name) is None else f"{name[:60]}_1"
