"""History: every event of every run, kept in SQLite; outputs by cache key; the last good result of each block.

``database`` opens and repairs the file, ``liveness`` tells whose runs still live, ``rows`` turns events into rows and back,
``writer`` commits them in groups on one thread, ``sink`` is the subscriber and answers questions, ``reading`` answers them for
somebody who only looks.
"""

from .reading import Reader
from .results import Latest, Result
from .sink import History
from .summaries import RunSummary

__all__ = ["History", "Latest", "Reader", "Result", "RunSummary"]
