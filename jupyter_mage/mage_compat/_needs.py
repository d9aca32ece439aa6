"""Packages that are there only when somebody needs them."""

from __future__ import annotations

import importlib
from typing import Any

from ..errors import PluginError


def need(module: str, extra: str, what: str) -> Any:
    """The module, imported now. Raises PluginError with what to install.

    >>> need("no_such_driver", "postgres", "Postgres")
    Traceback (most recent call last):
    jupyter_mage.errors.PluginError: Postgres needs the package no_such_driver: pip install "jupyter_mage[postgres]"
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        missing = error.name or module
        # in the message itself: of an error in a block, that is what is shown
        raise PluginError(f'{what} needs the package {missing}: pip install "jupyter_mage[{extra}]"') from error
