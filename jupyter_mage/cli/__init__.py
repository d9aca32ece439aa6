"""``jupyter mage …``: the same verbs as ``%pipeline``, with exit codes that scripts can use.

0 all went well; 1 a block or test failed, or problems were found; 2 wrong usage or unreadable input; 130 cancelled.
"""

from __future__ import annotations


def main() -> None:
    """The command ``jupyter-mage``, which Jupyter offers as ``jupyter mage``."""
    from .commands import cli

    cli(prog_name="jupyter mage")


__all__ = ["main"]
