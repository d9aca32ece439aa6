"""The shapes of the JSON that screens read, whoever serves it: the kernel, the server, a saved notebook.

`labextension/src/contract.ts` is made from this (``make contract``), and a test says when it is out of date. Only what JSON has
stands here; the classes import nothing and are never made, so nothing costs anything at run time.
"""

from __future__ import annotations

from typing import Literal, NotRequired, TypedDict

# ---- the picture of a pipeline


class PictureNode(TypedDict):
    """A block's card: what it is, and where it stands. That of a closed group says its ``members``, and less of itself."""

    id: str
    label: str
    title: str
    """The label, cut so that it fits its card."""
    kind: str
    kind_label: str
    colour: str
    language: str
    chip: str
    x: float
    y: float
    width: float
    height: float
    doc: NotRequired[str]
    tags: NotRequired[list[str]]
    upstreams: NotRequired[list[str]]
    after: NotRequired[list[str]]
    tests: NotRequired[int]
    mapped: NotRequired[str]
    """The upstream of whose items each gets a run of its own, or empty."""
    cell: NotRequired[int | None]
    """Execution count of the cell that defined it."""
    cell_id: NotRequired[str | None]
    members: NotRequired[list[str]]
    """Of a card that stands for a closed group: the blocks in it."""


class PictureEdge(TypedDict):
    """An arrow, with its way from card to card."""

    source: str
    target: str
    path: str
    tip: list[float]
    sideways: bool
    order_only: bool


class OutputFlow(TypedDict):
    """What a block's output is, for the edges that carry it. What there is nothing of is left out."""

    shape: NotRequired[str]
    """``12 480 × 19``, or its type."""
    size: NotRequired[str]
    """Bytes, in words."""
    change: NotRequired[str]
    """Against the last good run: ``−20 %, +day``."""
    alert: NotRequired[Literal["", "loss", "schema"]]
    """``loss`` of a fifth of the rows or more, ``schema`` where columns are others, or empty."""
    before: NotRequired[str]
    """What the last good run gave, where that differs: ``15 602 × 19``."""


class BlockState(TypedDict):
    """What the run says of a block. What there is nothing of is left out."""

    status: str
    detail: str
    """The line at the foot of its card."""
    error: NotRequired[str]
    line: NotRequired[int]
    test: NotRequired[str]
    reason: NotRequired[str]
    rows: NotRequired[int]
    columns: NotRequired[int]
    type: NotRequired[str]
    seconds: NotRequired[float]
    attempt: NotRequired[int]
    items: NotRequired[int]
    """Of a mapped block: how many runs it has, one an item of its upstream."""
    items_done: NotRequired[int]
    items_failed: NotRequired[int]
    memory: NotRequired[str]
    """Bytes that its process had at most, in words."""
    sampled: NotRequired[bool]
    """Whether it was made of a sample, not of all the data."""
    passed: NotRequired[int]
    """How many of its tests passed."""
    flow: NotRequired[OutputFlow]


class RunState(TypedDict):
    """How far the run is."""

    id: str
    status: str
    done: int
    total: int
    seconds: float | None
    sample: NotRequired[int]


class PictureGroup(TypedDict):
    """Blocks that are drawn as one card while their group is closed."""

    name: str
    members: list[str]


class Drawing(TypedDict):
    """Cards and arrows where they stand: here with every group closed."""

    size: list[float]
    nodes: list[PictureNode]
    edges: list[PictureEdge]


class Picture(TypedDict):
    """A pipeline as it is drawn, coordinates included."""

    version: int
    pipeline: str
    size: list[float]
    nodes: list[PictureNode]
    edges: list[PictureEdge]
    key: str
    """Two pictures with one key have the same blocks, edges and places."""
    groups: NotRequired[list[PictureGroup]]
    closed: NotRequired[Drawing]
    states: dict[str, BlockState]
    elapsed: NotRequired[dict[str, float]]
    """Seconds that what runs has run by now."""
    run: RunState | None


class PictureChanges(TypedDict):
    """What of a picture is not as it was: the graph is."""

    changes: int
    states: NotRequired[dict[str, BlockState]]
    elapsed: NotRequired[dict[str, float]]
    run: NotRequired[RunState | None]


# ---- runs


class RunLine(TypedDict):
    """A run in one line."""

    id: str
    pipeline: str
    status: str
    started: float
    """UTC, seconds since 1970."""
    seconds: float | None
    selection: str
    executor: str
    face: str
    """What started it: ``notebook``, ``cli``, ``python`` …"""
    user: str
    host: str
    git: str
    """The commit that was checked out, or empty."""
    blocks: int
    succeeded: int
    cached: int
    failed: int


class RunsPage(TypedDict):
    """Some runs of a project, newest first."""

    runs: list[RunLine]
    more: bool
    pipelines: list[str]
    """Every pipeline that ever ran here."""
    stamp: str
    """Another one when anything was written since."""


class Attempt(TypedDict):
    """One try of a block, with its real times."""

    number: int
    status: str
    started: float
    ended: float | None
    """Null while it goes on."""
    seconds: float | None
    """How long the block itself ran, where that is known: before that it waited for a process to run in."""
    error: str


class BlockLine(TypedDict):
    """A block in a run: a row of its table, a bar of its timeline."""

    name: str
    label: str
    kind: str
    colour: str
    status: str
    started: float | None
    ended: float | None
    seconds: float | None
    rows: int | None
    columns: int | None
    bytes: int | None
    type: str
    shape: str
    """``12 480 × 19``, or its type."""
    attempts: list[Attempt]
    error: str
    line: int | None
    reason: str
    memory: int
    """Bytes that its process had at most, or 0."""
    tests: int
    items: int | None
    """Of a mapped block, how many runs it had."""
    item_of: str
    """The mapped block that it is an item of, or empty."""
    sampled: bool


class Commands(TypedDict):
    """What to type, for what a button does; empty where it makes no sense."""

    run: str
    resume: str
    rerun: str
    cancel: str
    show: str
    logs: str
    plan: str
    vars: str


class RunDetail(TypedDict):
    """A run and its blocks, or only those of them of which something was said since."""

    run: RunLine
    whole: bool
    """Whether ``blocks`` are all; else they replace those of the same name."""
    blocks: list[BlockLine]
    items_left: int
    """Items of mapped blocks that are not among ``blocks``."""
    variables: dict[str, str]
    now: float
    """The server's clock, for bars that still grow."""
    sequence: int
    stamp: str
    commands: Commands


class RunPicture(TypedDict):
    """A run's picture, or what of it is not as it was at the sequence number that was asked with."""

    picture: Picture | PictureChanges
    sequence: int
    stamp: str


class LogLine(TypedDict):
    """One line that was printed, or said of a block."""

    id: str
    """Its own, so that it is shown once."""
    at: float
    block: str
    level: Literal["printed", "warning", "error", "note"]
    """``note``: said of the block, not by it."""
    stream: Literal["", "stdout", "stderr"]
    """Where the block printed it; empty where it did not."""
    text: str


class LiveLog(TypedDict):
    """What a block that runs just now has printed so far: replaced by the next answer."""

    block: str
    lines: list[LogLine]


class LogPage(TypedDict):
    """Lines of a run's log, oldest first."""

    lines: list[LogLine]
    cursor: int
    """To ask for what follows."""
    more: bool
    """Whether there is more now."""
    live: list[LiveLog]
    blocks: list[str]
    status: str
    stamp: str


class DiffSide(TypedDict):
    """A block as it was in one of two runs."""

    status: str
    shape: str
    seconds: float | None


class DiffLine(TypedDict):
    """A block in two runs. Null: it was no part of that run."""

    name: str
    before: DiffSide | None
    after: DiffSide | None
    same: bool
    """Whether both gave the same output."""
    differs: list[str]
    reasons: list[str]
    """What its result was made of otherwise: code, parameters, inputs, packages."""


class RunDiff(TypedDict):
    """Two runs, block by block."""

    before: RunLine
    after: RunLine
    blocks: list[DiffLine]
    variables: list[str]
    command: str


# ---- what is on disk


class PipelineLine(TypedDict):
    """A pipeline on disk, or one that ran here and has no file any more."""

    name: str
    file: str
    """The notebook or project folder that it stands in, from the server's root; empty where there is none."""
    notebook: bool
    type: str
    blocks: int
    triggers: list[str]
    problem: str
    """Why it does not read, or empty."""
    last: RunLine | None
    commands: Commands


class ProjectLine(TypedDict):
    """A folder with pipelines."""

    path: str
    """From the server's root; empty for the root itself."""
    name: str
    mage: bool
    """Whether it is a Mage project, and not only notebooks."""
    pipelines: list[PipelineLine]
    problem: str


class Projects(TypedDict):
    """What was found below the server's root."""

    projects: list[ProjectLine]
    root: str
    """The root folder's own name."""
    cut: bool
    """Whether folders were left out, because there are too many."""


class Started(TypedDict):
    """A process that was asked for."""

    run: str
    """The run's id, or empty where it is not known yet."""
    command: str
    pid: int


class Refusal(TypedDict):
    """Why something could not be done."""

    message: str
    hint: str


# ---- a value, looked at without being loaded


class PreviewColumn(TypedDict):
    """One column of a preview."""

    name: str
    type: str
    """The dtype, as its library spells it."""
    numeric: bool
    """Whether its cells stand to the right."""
    index: bool
    """Whether it labels the rows and is no column of its own."""


class Preview(TypedDict):
    """The first rows of an output (or others), as text; or what is known of a value that is no table."""

    sort: Literal["value", "table", "opaque"]
    """``opaque``: it was pickled, and to look into it would be to load it, which only a kernel does."""
    type: str
    bytes: int
    rows: int | None
    """How many the whole value has."""
    start: int
    """The number of the first row that is shown; 0 is the first."""
    columns: list[PreviewColumn]
    columns_left: int
    """How many more columns there are than are shown."""
    cells: list[list[str | None]]
    """Row by row; null is a missing value."""
    text: str
    """The value as text, where it is no table."""
    note: str
    """What cannot be shown and why, or empty."""
    command: str
    """What to type to see more, or empty."""


class Bar(TypedDict):
    """One bar of a small histogram: values from ``low`` up to ``high``."""

    low: str
    high: str
    count: int


class Often(TypedDict):
    """One of the most frequent values."""

    value: str
    count: int


class ColumnProfile(TypedDict):
    """One column in a glance."""

    name: str
    type: str
    sort: Literal["opaque", "number", "time", "text", "truth", "nested"]
    """``opaque``: its values were pickled and are not loaded here."""
    nulls: int | None
    """Missing values, NaN and NaT among them; null where it is opaque."""
    distinct: int | None
    """How many different values; null where they were not counted."""
    minimum: str | None
    maximum: str | None
    mean: str | None
    bars: list[Bar]
    """Of numbers and times, from the smallest to the largest."""
    often: list[Often]
    """Of everything else: the most frequent values first."""
    note: str


class Profile(TypedDict):
    """Each column of a table in a glance. No columns: it is no table, and ``note`` says what it is."""

    type: str
    bytes: int
    rows: int | None
    counted: int
    """Rows that ``distinct``, ``bars`` and ``often`` are of: all, or evenly spread ones of a very long table."""
    columns: list[ColumnProfile]
    columns_left: int
    note: str
    command: str
