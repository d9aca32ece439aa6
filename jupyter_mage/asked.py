"""The shapes of what a kernel answers when a screen asks it: see `answers`. As in `contract`, the classes are never made."""

from __future__ import annotations

from typing import Literal, TypedDict

from .contract import Preview, Profile


class Origin(TypedDict):
    """Where an output is from."""

    block: str
    run: str
    """Empty where it is not known any more."""
    status: str
    """``succeeded`` where that run made it; ``kept``: made so, and taken since; ``cached`` where it took another one."""
    at: float | None
    """When it was made: seconds since 1970."""
    seconds: float | None
    """How long that took."""
    sampled: bool
    """Made of a sample, not of all the data."""
    sample: int | None
    """Rows or items that loaders were cut to, where it is known."""
    stale: bool
    """Whether something that it depends on has changed since."""


class Image(TypedDict):
    """A picture, as it stands in an output."""

    mime: Literal["image/png", "image/jpeg", "image/gif", "image/svg+xml"]
    data: str
    """In base64."""


class Shown(TypedDict):
    """What the data view shows of a block."""

    origin: Origin
    preview: Preview
    image: Image | None
    first: int
    """The number of the first column that is shown."""


class Profiled(TypedDict):
    """Some columns of a block's output in a glance: so few that the kernel is soon free for the next question."""

    origin: Origin
    profile: Profile
    first: int


class ColumnChange(TypedDict):
    """A column of what flowed, against the last good run."""

    name: str
    type: str
    was: str | None
    """The type that it had, where it is another one now or the column is gone."""
    change: Literal["", "added", "removed", "retyped"]


class FlowChange(TypedDict):
    """How an output differs from its last good version."""

    same: bool
    """Whether it is equal, value for value."""
    alert: Literal["", "loss", "schema"]
    """``loss``: a fifth of the rows or more is missing. ``schema``: other columns, or other types."""
    rows: int | None
    """How many more there are; less than 0 for a loss."""
    percent: float | None
    was_type: str | None
    columns: list[ColumnChange]
    columns_left: int


class Version(TypedDict):
    """One version of an output, without its values."""

    run: str
    at: float | None
    type: str
    rows: int | None
    columns: int | None
    bytes: int


class EdgeFlow(TypedDict):
    """What flowed from one block to another."""

    source: str
    target: str
    order_only: bool
    """Whether the target only waits for the source and takes nothing of it."""
    now: Version | None
    before: Version | None
    """The one before it: of the last good run that gave another result, where there was one."""
    since: str
    """The run before this one, where that gave the same; else empty."""
    change: FlowChange | None
    taken: bool | None
    """Whether the target's last result was made of this version; null where it has none."""
    note: str


class PlanStep(TypedDict):
    """One block of a plan."""

    block: str
    action: Literal["run", "maybe", "cached", "blocked"]
    why: list[str]
    diff: str
    """The lines of its source that changed since its last good result, as a unified diff."""
    seconds: float | None
    """How long it took last time."""
    output: str
    """What is kept of it, in a few characters."""


class Plan(TypedDict):
    """What a run would do."""

    pipeline: str
    selection: str
    command: str
    steps: list[PlanStep]
    steps_left: int
    said: str
    """All of it in a line."""
    seconds: float | None
    """How long what runs took last time, all together; null where nothing is known of it."""
    unknown: int
    """How many of those that run have never run before."""
    tags: list[str]
    """What ``tag:`` may stand before."""


class PipelineVariable(TypedDict):
    """One name that a run may set."""

    name: str
    type: str
    """As the header says it; empty where any value goes."""
    control: Literal["str", "bool", "int", "float", "date", "datetime", "choice", "json"]
    optional: bool
    choices: list[str]
    value: str | None
    """As one types it; null where a run has to give it."""
    default: str | None
    source: Literal["", "pipeline", "default"]
    last: str | None
    """What the last run was given; null where that was nothing."""
    blocks: list[str]


class PipelineVariables(TypedDict):
    """Every variable of a pipeline."""

    pipeline: str
    variables: list[PipelineVariable]
    last_run: str
    """The last run, or empty where it never ran."""
    last_at: float | None


class Fitted(TypedDict):
    """A value that fits, and how one types it."""

    value: str
    command: str
