"""``retry_config`` and ``timeout`` of a block's entry, and a block's `Retry` and `Limits`.

Mage's ``max_delay`` bounds the sum of all delays, so that its default allows three retries however many are asked for; 0 takes
the bound away, and ``retries: n`` then means n, as here.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from ...model import Block, Retry

KEYS = {"retry_config": "--retries", "timeout": "--timeout"}
"""Keys of an entry, and the header option that says the same."""


def written(block: Block) -> dict[str, Any]:
    """The keys that say it in Mage's words; none for what is so by default.

    >>> written(Block(name="a", source="", retry=Retry(retries=3, delay=1.0)))
    {'retry_config': {'retries': 3, 'delay': 1, 'max_delay': 0, 'exponential_backoff': True}}
    """
    found: dict[str, Any] = {}
    if block.retry.retries:
        found["retry_config"] = {
            "retries": block.retry.retries,
            "delay": _whole(block.retry.delay),
            "max_delay": 0 if block.retry.longest == Retry().longest else _whole(block.retry.longest),
            "exponential_backoff": block.retry.backoff > 1,
        }
    if block.limits.timeout is not None:
        found["timeout"] = _whole(block.limits.timeout)
    return found


def rewritten(block: Block, raw: Mapping[str, Any]) -> dict[str, Any]:
    """Keys of an entry that is there already: as they are, where they say of the block what is so.

    >>> rewritten(Block(name="a", source="", retry=Retry(retries=3)), {"retry_config": {"retries": 3}})
    {'retry_config': {'retries': 3}}
    """
    if not raw:
        return written(block)
    said = applied(dataclasses.replace(block, retry=Retry(on=block.retry.on, jitter=block.retry.jitter)), raw)
    if said.retry == block.retry and said.limits.timeout == block.limits.timeout:
        return {key: raw[key] for key in KEYS if key in raw}
    return written(block)


def understood(raw: Mapping[str, Any]) -> tuple[str, ...]:
    """Those of the keys that are said in a way we model; others (a template, say) are kept as they are."""
    known = []
    config, timeout = raw.get("retry_config"), raw.get("timeout")
    if not config or (isinstance(config, Mapping) and set(config) <= _FIELDS and all(_number(each) for each in config.values())):
        known.append("retry_config")
    if not timeout or _number(timeout):
        known.append("timeout")
    return tuple(known)


_FIELDS = {"retries", "delay", "max_delay", "exponential_backoff"}


def _number(value: object) -> bool:
    return value is None or isinstance(value, int | float)


def applied(block: Block, raw: Mapping[str, Any]) -> Block:
    """The block with what its entry says; where that is not what its header said, the header is written anew."""
    said = {key: raw[key] for key in understood(raw) if raw.get(key)}
    if said == written(block):
        return block
    changes: dict[str, Any] = {"retry": _retry(said.get("retry_config"), block.retry)}
    timeout = said.get("timeout")
    seconds = float(timeout) if isinstance(timeout, int | float) and not isinstance(timeout, bool) and timeout > 0 else None
    changes["limits"] = dataclasses.replace(block.limits, timeout=seconds)
    return dataclasses.replace(block, **changes, header="")


def _retry(config: object, before: Retry) -> Retry:
    if not isinstance(config, Mapping):
        return Retry()
    usual = Retry()
    retries, delay, longest = (config.get(key) for key in ("retries", "delay", "max_delay"))
    return Retry(
        retries=retries if isinstance(retries, int) and retries > 0 else 0,
        delay=float(delay) if isinstance(delay, int | float) else usual.delay,
        backoff=1.0 if config.get("exponential_backoff") is False else usual.backoff,
        longest=float(longest) if isinstance(longest, int | float) and longest > 0 else usual.longest,
        on=before.on,
    )


def _whole(value: float) -> float | int:
    return int(value) if value == int(value) else value
