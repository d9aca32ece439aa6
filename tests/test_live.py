"""A screen shows a state within 200 ms: by how it is pushed and followed, on clocks that the test sets."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from jupyter_mage.view import Pace, pace

BOUND = 0.2
ROOT = Path(__file__).resolve().parents[1]


class Clock:
    """Time as `pace` sees it, and its timers; an action takes the CPU and the wall time that it says."""

    def __init__(self) -> None:
        self.now = self.spent = 0.0
        self.timers: list[Timer] = []

    def monotonic(self) -> float:
        return self.now

    def thread_time(self) -> float:
        return self.spent

    def until(self, moment: float) -> None:
        """Go on to this moment; a timer whose time comes is called."""
        while due := [each for each in self.timers if each.at <= moment]:
            first = min(due, key=lambda each: each.at)
            self.timers.remove(first)
            self.now = max(self.now, first.at)
            first.action()
        self.now = max(self.now, moment)


class Timer:
    def __init__(self, clock: Clock, seconds: float, action: Callable[[], None]) -> None:
        self.clock, self.at, self.action = clock, clock.now + seconds, action

    def start(self) -> None:
        self.clock.timers.append(self)

    def cancel(self) -> None:
        if self in self.clock.timers:
            self.clock.timers.remove(self)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(pace, "time", made)
    monkeypatch.setattr(pace.threading, "Timer", lambda seconds, action: Timer(made, seconds, action))
    return made


def latest(clock: Clock, cost: Callable[[int], tuple[float, float]]) -> float:
    """Events in steps of 7 ms for five seconds, each waiting to be pushed; the longest that one waited. ``cost``: CPU and wall."""
    waiting: list[float] = []
    waited: list[float] = []
    pushes = 0

    def push() -> None:
        nonlocal pushes
        spent, wall = cost(pushes)
        pushes += 1
        clock.spent += spent
        clock.now += wall
        waited.extend(clock.now - each for each in waiting)
        waiting.clear()

    paced = Pace(push)
    for step in range(715):
        clock.until(0.007 * step)
        waiting.append(clock.now)
        paced()
    paced.flush()
    assert not waiting
    return max(waited)


def test_a_push_of_a_thousand_blocks_waits_for_no_more_than_the_bound(clock: Clock) -> None:
    assert latest(clock, lambda _: (0.003, 0.003)) <= BOUND


def test_neither_one_whole_picture_nor_a_busy_machine_delays_the_pushes_after_it(clock: Clock) -> None:
    assert latest(clock, lambda push: (0.08, 0.08) if push % 20 == 0 else (0.003, 0.03)) <= BOUND


def test_what_costs_much_each_time_takes_a_tenth_of_the_time(clock: Clock) -> None:
    latest(clock, lambda _: (0.08, 0.08))
    assert clock.spent <= 0.1 * clock.now + 3 * 0.08


def test_the_server_looks_so_often_and_the_page_rests_so_short_that_a_run_of_another_process_is_seen_in_time() -> None:
    from jupyter_mage.server.handlers import LOOK

    rest = re.search(r"^const REST = (\d+);", (ROOT / "labextension/src/views/follow.ts").read_text(), re.MULTILINE)
    assert rest is not None
    # what is written while the page rests is answered at once when it asks again: the two do not add up, but may
    assert LOOK + int(rest[1]) / 1000 <= BOUND
