"""The options of a block's header, in one table: parsing, help and completion read it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..model import check_name
from . import units


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
    Option("--schema", "schema", "a pandera schema that checks the output: --schema Orders", read=units.dotted_name),
    Option("--use", "use", "the block file of a project that this cell is linked to: --use shared/transformers/clean.py"),
    Option("--no-run", "no_run", "define only", flag=True),
    Option("--force", "force", "run it and its upstreams, whatever is cached", flag=True),
)
SHORT = {"-N": "--no-run", "-f": "--force", "--language": "--lang"}
