"""Whatever is typed is a block or an error of ours that says where, and nothing defined is lost. `make fuzz` looks longer."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from fuzz_targets import SEEDS, TARGETS
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st


@pytest.fixture(autouse=True)
def here() -> Iterator[None]:
    """The shell has a folder of its own, and other tests have theirs."""
    before = Path.cwd()
    yield
    os.chdir(before)


WORDS = ["raw", "clean", "total", "(", ")", "*", ",", ":", "=", "->", "'", '"', "\\", "--kind", "--sql", "--retries", "-N", "--", "#|", "block:",
         "%%block", "@block", "def f():", "\n", "    ", "return", "1", "int", "[", "]", "{", "}", "SELECT", "FROM", "WITH", "AS", ";", "run", "+", "é", "\x00", "\u2028", "None", "custom"]  # fmt: skip


def texts(target: str) -> st.SearchStrategy[str]:
    """Noise, likely words in any order, and good input with something in it replaced."""
    pieces = st.lists(st.sampled_from(WORDS), max_size=14)
    seed = st.sampled_from(SEEDS[target])

    def bent(drawn: tuple[str, int, int, str]) -> str:
        text, start, length, new = drawn
        at = start % (len(text) + 1)
        return text[:at] + new + text[at + length :]

    place = st.tuples(seed, st.integers(0, 400), st.integers(0, 6), st.text(max_size=3) | st.sampled_from(WORDS))
    return st.one_of(st.text(max_size=80), pieces.map(" ".join), pieces.map("".join), seed, place.map(bent))


@pytest.mark.parametrize("target", sorted(TARGETS))
def test_any_input_is_taken_or_refused(target: str) -> None:
    @settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(texts(target))
    def throw(text: str) -> None:
        TARGETS[target](text)

    throw()


@pytest.mark.parametrize("target", sorted(TARGETS))
@pytest.mark.parametrize(
    "text", ["(" * 5000, "x(" + "[" * 3000, "a" * 100_000, "-" * 5000, "\n" * 5000, "x(*, n=" + "-" * 5000 + "1)", "@block\n" * 500, '{"cells":' * 3000]
)  # fmt: skip
def test_deep_and_long_input_is_taken_or_refused(target: str, text: str) -> None:
    TARGETS[target](text)


@pytest.mark.parametrize(
    ("target", "text"),
    [
        ("carrier", "#|block:A()\n01"),
        ("carrier", "#| block: big()\n\n\ro,s[1:]"),
        ("carrier", "import a\n@block\ndef big(a, *, n: N = 2):\n %%c  !t*s )"),
    ],
)
def test_input_that_once_was_neither(target: str, text: str) -> None:
    TARGETS[target](text)
