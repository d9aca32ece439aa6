"""Lives that tests end: each a fork of a process without threads, so that nothing is imported anew for it, and what they saw."""

import faulthandler
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path


class Broken(AssertionError):
    """A promise does not hold."""


def must(holds: object, promise: str) -> None:
    if not holds:
        raise Broken(promise)


class Witness:
    """What was seen from outside: a line for each execution and acknowledgement, written by one system call."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def say(self, word: str, run: object, block: str) -> None:
        fd = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        os.write(fd, f"{word} {run} {block}\n".encode())
        os.close(fd)

    def of(self, run: object) -> list[tuple[str, str]]:
        """What was said of this run: word and block."""
        lines = [line.split() for line in self.path.read_text().splitlines()] if self.path.exists() else []
        return [(word, block) for word, of_run, block in lines if of_run == str(run)]


def child(work: Callable[..., object], *arguments: object) -> int:
    """Fork; the child's exit code: 7 stands for True, 130 for an interrupt, 3 for a promise broken, 1 for any other error."""
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        faulthandler.register(signal.SIGUSR1, file=2)
        code = 7 if work(*arguments) is True else 0
    except KeyboardInterrupt:
        code = 130
    except Broken as broken:
        print(f"a promise is broken: {broken}", file=sys.stderr)
        code = 3
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


def end(pid: int, seconds: float = 120.0) -> int:
    """Wait for its end; the exit code. Where it hangs, its stderr tells where each of its threads is, and it is killed."""
    deadline = time.monotonic() + seconds
    while not (ended := os.waitpid(pid, os.WNOHANG))[0]:
        left = deadline - time.monotonic()
        if left < -1:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            raise Broken(f"a life hangs: it did not end in {seconds:.0f} s")
        if left < 0:
            os.kill(pid, signal.SIGUSR1)
        time.sleep(0.2 if left < 0 else 0.001)
    return os.waitstatus_to_exitcode(ended[1])
