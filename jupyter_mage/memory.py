"""A process's memory: bounded for a block, and the most that it took. What only Linux tells is nothing elsewhere."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def within(memory: int | None) -> Iterator[None]:
    """Let this process have so many bytes of its own beyond what it has now; more raises MemoryError in the block."""
    if memory is None:
        yield
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (_status("VmData") + memory, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


def forget_peak() -> bool:
    """Start counting this process's peak memory anew, where the kernel lets us."""
    try:
        switch = os.open("/proc/self/clear_refs", os.O_WRONLY)
        try:
            os.write(switch, b"5")
        finally:
            os.close(switch)
    except OSError:
        return False
    return True


def peak() -> int:
    """Bytes: the kernel's ``VmHWM``, asked for in a way that costs no text."""
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _status(name: str) -> int:
    """Bytes, from the kernel's account of this process, or 0."""
    with contextlib.suppress(OSError), Path("/proc/self/status").open() as file:
        for line in file:
            if line.startswith(f"{name}:"):
                return int(line.split()[1]) * 1024
    return 0
