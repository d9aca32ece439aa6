"""How blocks ended in a run, and what follows from it for the blocks below: run, skip, or hear of it."""

from __future__ import annotations

from dataclasses import dataclass, field

from .model import Block
from .state import GOOD, Run

ENDS = {"failed": "failure", "cancelled": "cancelled", **dict.fromkeys(GOOD, "success")}
"""What a callback calls the ends of a block that it is for."""


@dataclass(frozen=True, slots=True)
class Skip:
    """Why a block does not run, and what those below it will say of it."""

    reason: str
    said: str = "was skipped"
    wanted: bool = True
    """False where it is as the author wants it: a condition was not true. Then the run is none the worse for it."""


@dataclass(slots=True)
class Outcomes:
    """Blocks that gave nothing, and conditionals that were not true.

    >>> outcomes = Outcomes()
    >>> outcomes.broken["raw"] = "failed"
    >>> outcomes.skip(Block(name="clean", source="", upstreams=("raw",))).reason
    'raw failed'
    """

    broken: dict[str, str] = field(default_factory=dict)
    """For each block that gave nothing: what became of it."""
    unwanted: set[str] = field(default_factory=set)
    """Those of them that a condition kept from running."""
    untrue: set[str] = field(default_factory=set)
    """Conditionals that said no."""

    @property
    def bad(self) -> bool:
        """Whether anything gave nothing that should have given something."""
        return len(self.broken) > len(self.unwanted)

    def add(self, name: str, skip: Skip) -> None:
        self.broken[name] = skip.said
        if not skip.wanted:
            self.unwanted.add(name)

    def skip(self, block: Block) -> Skip | None:
        """Why ``block`` cannot run, or None if it can. A failure above counts before a condition that was not true."""
        gone = [each for each in block.needs if each in self.broken]
        for each in sorted(gone, key=self.unwanted.__contains__):
            return Skip(f"{each} {self.broken[each]}", wanted=each not in self.unwanted)
        for each in block.guards:
            if each in self.untrue:
                return Skip(f"{each} is not true", "was not wanted", wanted=False)
        return None


def told(run: Run, watched: tuple[str, ...]) -> dict[str, dict[str, str]]:
    """What a callback hears of the blocks that it watches: how each ended, and the error where it failed."""
    found = {}
    for name in watched:
        block = run.blocks.get(name)
        if block is not None and block.status in ENDS:
            failure = block.failure if block.status == "failed" else None
            error = {"error": failure.error, "message": failure.message} if failure else {}
            found[name] = {"status": ENDS[block.status], **error}
    return found
