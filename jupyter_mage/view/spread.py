"""Where the items of each layer stand from left to right, their order given: near what they are joined to, and not too wide.

Each item wants to stand at the mean of its neighbours; the nearest places that keep order and distance are an isotonic
regression (pool adjacent violators), solved exactly, layer by layer, a few times down and up.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

SWEEPS = 8


def spread(
    rows: Sequence[Sequence[int]],
    joined: Mapping[int, Sequence[tuple[int, float]]],
    width: Mapping[int, float],
    gap: float,
) -> dict[int, float]:
    """The centre of every item. ``joined`` gives each item's neighbours in other rows, with weights.

    >>> spread([[0, 1], [2]], {0: [(2, 1)], 1: [(2, 1)], 2: [(0, 1), (1, 1)]}, {0: 80, 1: 80, 2: 80}, 20)
    {0: -50.0, 1: 50.0, 2: 0.0}
    """
    at: dict[int, float] = {}
    steps = [_steps(row, width, gap) for row in rows]
    for row, step in zip(rows, steps, strict=True):
        middle = (step[0] + step[-1]) / 2 if row else 0.0
        at |= {item: place - middle for item, place in zip(row, step, strict=True)}
    level = {item: i for i, row in enumerate(rows) for item in row}
    upper = {item: [n for n in near if level[n[0]] < level[item]] for item, near in joined.items()}
    lower = {item: [n for n in near if level[n[0]] > level[item]] for item, near in joined.items()}
    last: Mapping[int, Sequence[tuple[int, float]]] = joined
    for sweep in range(SWEEPS):
        for side, order in ((upper, range(len(rows))), (lower, range(len(rows) - 1, -1, -1))):
            look = side if sweep < SWEEPS - 2 else last
            for i in order:
                _settle(rows[i], steps[i], look, at)
    return at


def _steps(row: Sequence[int], width: Mapping[int, float], gap: float) -> list[float]:
    """The least centres of a row whose items touch, but for the gap; the first stands at 0."""
    places = [0.0] if row else []
    for left, right in pairwise(row):
        places.append(places[-1] + (width[left] + width[right]) / 2 + gap)
    return places


def _settle(
    row: Sequence[int], step: Sequence[float], joined: Mapping[int, Sequence[tuple[int, float]]], at: dict[int, float]
) -> None:
    """Put one row as near to where its neighbours are as order and distance allow."""
    pools: list[list[float]] = []  # sum of weight × wish, weight, number of items
    for item, offset in zip(row, step, strict=True):
        near = joined.get(item, ())
        weight = sum(w for _, w in near)
        wish = sum(at[n] * w for n, w in near) / weight if weight else at[item]
        weight = weight or 0.1
        pools.append([(wish - offset) * weight, weight, 1])
        while len(pools) > 1 and pools[-2][0] / pools[-2][1] > pools[-1][0] / pools[-1][1]:
            total, heavy, count = pools.pop()
            pools[-1] = [pools[-1][0] + total, pools[-1][1] + heavy, pools[-1][2] + count]
    places = [total / weight for total, weight, count in pools for _ in range(int(count))]
    for item, offset, place in zip(row, step, places, strict=True):
        at[item] = place + offset
