"""What a verb of ``%pipeline`` is: its words, and what it does with a notebook's shell and session."""

from __future__ import annotations

import argparse
import dataclasses
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from IPython.core.error import UsageError

from ...session import Session

Option = tuple[tuple[str, ...], dict[str, Any]]


@dataclasses.dataclass(frozen=True, slots=True)
class Notebook:
    """Where a verb is spoken: the shell, its session, and how the graph is drawn there."""

    shell: Any
    session: Session
    draw: Callable[[Session], Any]


class Arguments(argparse.ArgumentParser):
    """Option parsing that says its mistakes as IPython usage errors, in one line."""

    def error(self, message: str) -> Any:
        raise UsageError(f"{message}\n{self.format_usage()}")

    def exit(self, _status: int = 0, message: str | None = None) -> Any:
        raise UsageError(message or "")


Action = Callable[[Notebook, argparse.Namespace], Any]


@dataclasses.dataclass(frozen=True, slots=True)
class Verb:
    """A word behind ``%pipeline``, how its line is read, and what it does."""

    name: str
    parser: Arguments
    do: Action
    examples: tuple[str, ...] = ()
    """What may stand behind ``%pipeline``, for its help."""


def verb(name: str, description: str, *options: Option, examples: tuple[str, ...] = ()) -> Callable[[Action], Verb]:
    """Make a verb of a function. The function reads its words, calls one method of the session, and prints."""
    parser = Arguments(prog=f"%pipeline {name}", description=description, add_help=False)
    for flags, settings in options:
        parser.add_argument(*flags, **settings)
    return lambda action: Verb(name, parser, action, examples or (name,))


SELECTION: Option = (("selection",), {"nargs": "*", "help": "clean, +clean, clean+, tag:daily; all when empty"})
VAR: Option = (("--var",), {"action": "append", "default": [], "metavar": "NAME=VALUE", "help": "a variable of this run"})
FORCE: Option = (("--force", "-f"), {"action": "store_true", "help": "run whatever is cached"})
WORKERS: Option = (("--workers",), {"type": int, "metavar": "N", "help": "how many blocks run at once"})


def read_variables(pairs: list[str], word: str = "--var") -> dict[str, str]:
    """``["day=2024-01-01"]`` as a mapping. Raises UsageError where there is no ``=``."""
    found = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals:
            raise UsageError(f"{word} {pair}: write {word} NAME=VALUE")
        found[name.strip()] = value
    return found


def notebook_path() -> Path | None:
    """The notebook that this kernel serves, where the front end said which."""
    for name in (os.environ.get("JPY_SESSION_NAME"), os.environ.get("__vsc_ipynb_file__")):
        if name:
            for path in (Path(name), Path.cwd() / Path(name).name):
                if path.suffix == ".ipynb" and path.is_file():
                    return path
    return None
