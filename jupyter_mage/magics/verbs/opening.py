"""The verb that looks into a block: ``open``."""

from __future__ import annotations

import argparse

from ...handles import Blocks
from .base import Notebook, verb

_BLOCK = (("block",), {"help": "clean, RUN/clean of one run, score[3] of a mapped block"})
_EXAMPLES = ("open clean", "open last/clean", "open score[3]")


@verb("open", "a block's real inputs and its body, in a scratch cell", _BLOCK, examples=_EXAMPLES)
def open_(notebook: Notebook, given: argparse.Namespace) -> None:
    names = notebook.shell.user_ns
    ours = isinstance(names.get("blocks"), Blocks)
    text = notebook.session.open_cell(given.block, blocks="blocks" if ours else f"{_MAGICS}.session.blocks", taken=names)
    notebook.shell.set_next_input(text.rstrip("\n"))
    print(f"the next cell has what {given.block.rpartition('/')[2]} got, and its body: step through it there")  # noqa: T201


_MAGICS = "get_ipython().magics_manager.registry['PipelineMagics']"
"""Where the session is found when the notebook has a ``blocks`` of its own."""
