"""Runs, plans and failures as text: the same words in a notebook and in a terminal."""

from __future__ import annotations

import io
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .contract import DiffLine, DiffSide
from .errors import unknown
from .events import BlockRetrying
from .model import MISSING, Output
from .planner import Step
from .printing import plain
from .shapes import change, columns
from .state import BlockRun, Run

if TYPE_CHECKING:
    from rich.table import Table

    from .fixtures import Frozen
    from .variables import Variable

GLYPHS = {
    "queued": "·", "running": "▶", "retrying": "↻", "waiting": "◷", "succeeded": "✓", "cached": "≡", "failed": "✗",
    "skipped": "–", "cancelled": "◼", "interrupted": "!", "run": "▶", "maybe": "?", "blocked": "✗",
}  # fmt: skip
"""One sign for each state; never colour alone."""
COLOURS = {
    "succeeded": "green", "cached": "cyan", "failed": "bold red", "blocked": "bold red", "running": "blue", "run": "blue",
    "maybe": "yellow", "skipped": "dim", "cancelled": "yellow", "interrupted": "yellow", "queued": "dim", "retrying": "yellow",
    "waiting": "blue",
}  # fmt: skip


def seconds(value: float | None) -> str:
    """A duration in a few characters.

    >>> [seconds(x) for x in (0.0004, 0.31, 75, 4000, None)]
    ['<1 ms', '0.31 s', '1 min 15 s', '1 h 6 min', '']
    """
    if value is None:
        return ""
    if value < 0.001:
        return "<1 ms"
    if value < 0.1:
        return f"{value * 1000:.0f} ms"
    if value < 60:
        return f"{value:.2f} s" if value < 10 else f"{value:.1f} s"
    minutes, rest = divmod(round(value), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def size(value: int) -> str:
    """Bytes in a few characters.

    >>> size(900), size(48_100_000)
    ('900 B', '48.1 MB')
    """
    for unit, factor in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if value >= factor:
            return f"{value / factor:.1f} {unit}"
    return f"{value} B"


def status_line(run: Run, name: str, upstreams: Sequence[str], before: Output | None = None) -> str:
    """``delays ← flights (cached)   12 480 × 19 (−20 %) · 0.31 s``: what stands under a block's cell.

    ``before`` is what its last good run gave.
    """
    block = run.blocks[name]
    came = ", ".join(f"{each} ({_came(run.blocks[each])})" for each in upstreams if each in run.blocks)
    head = f"{name} ← {came}" if came else name
    shape = block.output.describe() if block.output else ""
    differs = change(before, block.output)
    facts = [
        f"{shape} ({differs})" if differs else shape,
        "cached" if block.status == "cached" else seconds(block.seconds),
        f"was not run: {block.reason}" if block.status == "skipped" else "",
    ]
    tests = f"{len(block.tests)} test{'s' * (len(block.tests) != 1)} passed" if block.tests else ""
    return f"{head}   {' · '.join(fact for fact in (*facts, tests) if fact)}"


def _came(block: BlockRun) -> str:
    return (
        "cached" if block.status == "cached" else f"ran {seconds(block.seconds)}" if block.status == "succeeded" else block.status
    )


def run_table(run: Run, before: Mapping[str, Any] | None = None) -> Table:
    """One row a block: state, shape, size, time, and what is to be said about it.

    ``before`` is each block's last good result before this run: where a shape differs from that, it is said.
    """
    table = _table("block", "state", "output", "size", "time", "")
    for block in run.blocks.values():
        if block.is_item and block.status != "failed":
            continue
        output = block.output
        table.add_row(
            block.name,
            _state(block.status),
            output.describe() if output else "",
            size(output.size) if output else "",
            "" if block.status == "cached" else seconds(block.seconds),
            "; ".join(said for said in (_remark(run, block), _since(run, block, before or {})) if said),
        )
    return table


def _since(run: Run, block: BlockRun, before: Mapping[str, Any]) -> str:
    last = before.get(block.name)
    return "" if last is None or run.sample is not None or block.status != "succeeded" else change(last.output, block.output)


def _remark(run: Run, block: BlockRun) -> str:
    if block.failure:
        return f"{block.failure.error}: {first_line(block.failure.message)}"
    if block.sampled and run.sample:
        return f"sample of {run.sample}"
    if block.items is not None:
        return f"{block.items} item{'s' * (block.items != 1)}, {_item_counts(run, block.name)}"
    return block.reason or (f"{len(block.tests)} test{'s' * (len(block.tests) != 1)} passed" if block.tests else "")


def _item_counts(run: Run, name: str) -> str:
    states = [each.status for each in run.blocks.values() if each.is_item and each.name.startswith(f"{name}[")]
    return ", ".join(f"{states.count(state)} {state}" for state in sorted(set(states)))


def run_line(run: Run) -> str:
    """``run 20260101-120000-ab12 succeeded in 1.20 s: 8 blocks, 3 cached``."""
    blocks = [block for block in run.blocks.values() if not block.is_item]
    counts = [f"{len(blocks)} block{'s' * (len(blocks) != 1)}"]
    for status in ("cached", "failed", "skipped", "cancelled"):
        count = sum(block.status == status for block in blocks)
        counts += [f"{count} {status}"] if count else []
    sampled = f"   SAMPLED: {run.sample} rows or items a loader" if run.sample is not None else ""
    return f"run {run.id} {run.status} in {seconds(run.seconds)}: {', '.join(counts)}{sampled}"


def plan_table(steps: Iterable[Step]) -> Table:
    """One row a block: what would be done and why, and how long it took last time."""
    table = _table("block", "plan", "why", "last time", "output")
    for step in steps:
        why = "\n".join(step.reasons) or "nothing it depends on changed"
        shown = step.output.describe() if step.output else ""
        table.add_row(step.block, _state(step.action), why, seconds(step.seconds), shown)
    return table


def plan_line(steps: Sequence[Step]) -> str:
    """``3 to run, 5 cached   ≈ 12 s``."""
    words = {"run": "to run", "maybe": "perhaps", "cached": "cached", "blocked": "blocked"}
    counts = [(sum(step.action == action for step in steps), word) for action, word in words.items()]
    known = sum(step.seconds or 0.0 for step in steps if step.action in ("run", "maybe"))
    return ", ".join(f"{n} {word}" for n, word in counts if n) + (f"   ≈ {seconds(known)}" if known else "")


def runs_table(summaries: Iterable[Any]) -> Table:
    """The history: one row a run, newest first."""
    table = _table("run", "pipeline", "state", "started", "time", "blocks", "from")
    for each in summaries:
        started = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(each.started)) if each.started else ""
        table.add_row(
            each.id,
            each.pipeline,
            _state(each.status),
            started,
            seconds(each.seconds),
            str(each.blocks),
            str(each.origin.get("face", "")),
        )
    return table


def pipelines_table(listed: Iterable[Any]) -> Table:
    """The pipelines of a project: their blocks by kind, and what starts them."""
    table = _table("pipeline", "type", "blocks", "kinds", "triggers")
    for each in listed:
        if each.problem:
            table.add_row(each.name, "", "", each.problem.splitlines()[0], "")
            continue
        kinds = ", ".join(f"{count} {kind}" for kind, count in each.blocks.items())
        triggers = ", ".join(_trigger_text(trigger) for trigger in each.triggers)
        table.add_row(each.name, each.type, str(sum(each.blocks.values())), kinds, triggers)
    return table


def _trigger_text(trigger: Any) -> str:
    return f"{trigger.name} ({trigger.interval or trigger.type}{'' if trigger.active else ', off'})"


def told_first(run: Run) -> BlockRun | None:
    """The failure that tells most: of a mapped block, its first failed item's."""
    failed = run.failed
    if not failed:
        return None
    items = (each for each in failed if each.is_item and each.name.startswith(f"{failed[0].name}["))
    return next(items, failed[0])


def items_text(run: Run, item: BlockRun) -> str:
    """``  in score[1]: 2 of 3 items failed: score[1], score[2]``; empty where this is no item, or its block went on."""
    whole = run.blocks.get(item.name.split("[")[0])
    return f"  in {item.name}: {whole.failure.message}" if item.is_item and whole is not None and whole.failure else ""


def retry_line(event: BlockRetrying) -> str:
    """``↻ raw  OSError: no such host; attempt 2 in 1.00 s``."""
    said = f"{event.failure.error}: {first_line(event.failure.message)}"
    return f"↻ {event.block}  {said}; attempt {event.attempt + 1} in {seconds(event.delay)}"


def block_run_text(run: Run, name: str) -> str:
    """All that is known of one block in one run."""
    block = run.blocks.get(name)
    if block is None:
        raise unknown("block", name, (each for each in run.blocks), hint=f"%pipeline logs --run {run.id}")
    facts = {
        "run": f"{run.id} · {run.status}",
        "state": block.status + (f" · attempt {block.attempt}" if block.attempt > 1 else ""),
        "time": seconds(block.seconds),
        "cpu time": seconds(block.cpu_seconds) if block.cpu_seconds else "",
        "peak memory": size(block.peak_memory) if block.peak_memory else "",
        "output": f"{block.output.describe()} · {block.output.type} · {block.output.content}" if block.output else "",
        "sampled": f"a sample of {run.sample}, not all data" if block.sampled else "",
        "key": block.key,
        "tests": ", ".join(block.tests),
        "variables": ", ".join(f"{name}={value}" for name, value in run.variables.items()),
        "from": ", ".join(f"{name} {value}" for name, value in run.origin.items() if value),
    }
    made = block.ingredients
    for group in ("parameters", "inputs", "packages", "modules", "files"):
        facts[group] = ", ".join(f"{name} {value}" for name, value in (made.get(group) or {}).items())
    lines = [f"{title:>12}  {fact}" for title, fact in facts.items() if fact]
    texts = {
        "failure": block.failure.traceback if block.failure else "",
        "code": str(made.get("source", "")),
        "printed": plain(block.log),
        "output": block.output.preview if block.output else "",
    }
    return "\n".join([block.name, *lines, *(f"── {title}\n{text.rstrip()}" for title, text in texts.items() if text)])


def diff_table(before: Run, after: Run, reasons: Mapping[str, Sequence[str]]) -> Table:
    """Two runs side by side: states, shapes, schema, code, parameters, time; only what differs is said."""
    table = _table("block", f"{before.id}", f"{after.id}", "what differs")
    for name in dict.fromkeys((*before.blocks, *after.blocks)):
        if name.endswith("]"):
            continue
        old, new = before.blocks.get(name), after.blocks.get(name)
        table.add_row(name, _short(old), _short(new), "\n".join(["; ".join(_differs(old, new)), *reasons.get(name, ())]).strip())
    return table


def _short(block: BlockRun | None) -> str:
    if block is None:
        return "–"
    shape = f" {block.output.describe()}" if block.output else ""
    return f"{GLYPHS.get(block.status, '')} {block.status}{shape}"


def diff_lines(before: Run, after: Run, reasons: Mapping[str, Sequence[str]]) -> list[DiffLine]:
    """The same as JSON: one line a block of either run."""
    found: list[DiffLine] = []
    for name in dict.fromkeys((*before.blocks, *after.blocks)):
        old, new = before.blocks.get(name), after.blocks.get(name)
        if name.endswith("]"):
            continue
        same = bool(old and new and old.output and new.output and old.output.content == new.output.content)
        found.append(
            {
                "name": name, "before": _side(old), "after": _side(new), "same": same,
                "differs": _differs(old, new), "reasons": list(reasons.get(name, ())),
            }
        )  # fmt: skip
    return found


def _side(block: BlockRun | None) -> DiffSide | None:
    if block is None:
        return None
    return {"status": block.status, "shape": block.output.describe() if block.output else "", "seconds": block.seconds}


def _differs(old: BlockRun | None, new: BlockRun | None) -> list[str]:
    if old is None or new is None:
        return ["only in one"]
    said = []
    if old.output and new.output:
        if old.output.content == new.output.content:
            said.append("same output")
        elif old.output.rows is not None and new.output.rows is not None and old.output.rows != new.output.rows:
            said.append(f"rows {new.output.rows - old.output.rows:+,}")
        else:
            said.append("other values")
        said += _columns_differ(old.output, new.output)
    if old.failure and new.failure:
        again = (old.failure.error, old.failure.message) == (new.failure.error, new.failure.message)
        said.append("the same error" if again else f"another error: {new.failure.error}: {first_line(new.failure.message)}")
    if old.seconds and new.seconds and old.status == new.status == "succeeded":
        said.append(f"time ×{new.seconds / old.seconds:.2g}")
    return said


def _columns_differ(old: Output, new: Output) -> list[str]:
    said = columns(old, new)
    return [f"columns {', '.join(said[:8])}"] if said else []


def cache_table(kept: Iterable[Any]) -> Table:
    """What is kept, largest first."""
    table = _table("pipeline", "block", "output", "size", "age", "run")
    now = time.time()
    for each in kept:
        table.add_row(each.pipeline, each.block, each.output.describe(), size(each.output.size), seconds(now - each.at), each.run)
    return table


def variables_table(found: Iterable[Variable]) -> Table:
    """One row a variable: its type, value, where that is from, and the blocks that read it."""
    table = _table("variable", "type", "value", "from", "read by")
    for each in found:
        value = "(a run has to give it)" if each.value is MISSING else _short_value(each.value)
        table.add_row(each.name, each.type.text or each.type.name, value, each.source, ", ".join(each.blocks) or "(no block)")
    return table


def _short_value(value: Any) -> str:
    text = str(value) if isinstance(value, str) and value.strip() == value and value else repr(value)
    return text if len(text) <= 60 else f"{text[:59]}…"


def variable_json(found: Variable) -> dict[str, Any]:
    """The same as JSON."""
    value = {} if found.value is MISSING else {"value": found.value}
    return {
        "name": found.name,
        "type": found.type.text or found.type.name,
        **value,
        "from": found.source,
        "blocks": list(found.blocks),
    }


def frozen_text(block: str, frozen: Frozen, folder: str) -> str:
    """What was kept of which upstream, with what masked; and what to do with it."""
    lines = [f"{block} is frozen in {folder}"]
    for each in frozen.inputs:
        unit = "rows" if "." in each.type else "items"
        kept = f"{each.rows} of {each.of} {unit}" if each.rows is not None and each.of is not None else each.type
        lines.append(f"  {each.name}   {kept}" + (f"   {', '.join(each.masked)} masked" if each.masked else ""))
    return "\n".join([*lines, f"  → pytest runs the tests of {block} with these; commit them with the project"])


def collected_line(found: Any) -> str:
    """``forgot 3 outputs, removed 12 files; 1.2 GB of 20.0 GB kept``."""
    return f"forgot {found.forgotten} outputs, removed {found.files} files; {size(found.kept)} of {size(found.limit)} kept"


def output_text(name: str, output: Output) -> str:
    """An output's shape, type and first rows, without loading it."""
    return f"{name}   {output.describe()} · {output.type} · {size(output.size)}\n{output.preview}"


def first_line(text: str) -> str:
    stripped = text.strip()
    return stripped.splitlines()[0] if stripped else ""


def to_text(table: Table, *, width: int = 100, colour: bool = False) -> str:
    """A table as text."""
    from rich.console import Console

    console = Console(
        file=io.StringIO(), width=width, force_jupyter=False, force_terminal=colour, no_color=not colour, highlight=False
    )
    console.print(table)
    text: str = console.file.getvalue()  # type: ignore[attr-defined]
    return "\n".join(line.rstrip() for line in text.rstrip("\n").split("\n"))


def _table(*columns: str) -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, pad_edge=False, header_style="dim")
    for index, column in enumerate(columns):
        right = column in ("size", "time", "last time", "blocks") or (column == "output" and index == 2)
        table.add_column(column, justify="right" if right else "left", no_wrap=index == 0, overflow="fold")
    return table


def _state(status: str) -> Any:
    from rich.text import Text

    return Text(f"{GLYPHS.get(status, '')} {status}", style=COLOURS.get(status, ""))
