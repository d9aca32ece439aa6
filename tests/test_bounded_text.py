"""The text of a block that prints: its start and its end are kept, and what was cut is counted, however it was written."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from jupyter_mage.printing import BoundedText


@given(half=st.integers(1, 20), written=st.lists(st.text("abc\n", max_size=60), max_size=30))
def test_a_long_text_is_its_start_and_its_end_however_it_was_written(half: int, written: list[str]) -> None:
    log = BoundedText(limit=2 * half)
    for each in written:
        log.write(each)
    whole = "".join(written)
    start, rest = whole[:half], whole[half:]
    cut = len(rest) - half
    assert log.value() == (f"{start}\n… {cut} characters cut …\n{rest[-half:]}" if cut > 0 else whole)
