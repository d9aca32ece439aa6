"""Imported once by the fork server, so that each new worker has it for nothing."""

import contextlib
import multiprocessing.connection

import pandas
import pyarrow

with contextlib.suppress(ImportError):
    import duckdb

import jupyter_mage.languages.python
import jupyter_mage.stores.local
import jupyter_mage.work

__all__ = ["duckdb", "jupyter_mage", "multiprocessing", "pandas", "pyarrow"]
