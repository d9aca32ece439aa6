"""Verbs about what blocks get: ``vars``, ``freeze``."""

from __future__ import annotations

import argparse
import os

from ... import report
from ...fixtures import ROWS
from ...variables import listed
from .base import Notebook, read_variables, verb

_GIVEN = (("given",), {"nargs": "*", "metavar": "NAME=VALUE"})
_UNSET = (("--unset",), {"action": "append", "default": [], "metavar": "NAME"})


@verb("vars", "the pipeline's variables: lists them, sets them", _GIVEN, _UNSET)
def variables(notebook: Notebook, given: argparse.Namespace) -> None:
    session = notebook.session
    if given.given or given.unset:
        session.set_variables(read_variables(given.given, "%pipeline vars"), given.unset)
    print(report.to_text(report.variables_table(listed(session.pipeline))))  # noqa: T201


_ROWS = (("--rows",), {"type": int, "default": ROWS, "metavar": "N", "help": "rows or items to keep of each upstream"})
_MASK = (("--mask",), {"nargs": "+", "action": "extend", "default": [], "metavar": "COLUMN"})


@verb("freeze", "keeps a sample of a block's real inputs for its tests", (("block",), {}), _ROWS, _MASK)
def freeze(notebook: Notebook, given: argparse.Namespace) -> None:
    frozen = notebook.session.freeze(given.block, rows=given.rows, mask=given.mask)
    print(report.frozen_text(given.block, frozen, os.path.relpath(frozen.folder)))  # noqa: T201
