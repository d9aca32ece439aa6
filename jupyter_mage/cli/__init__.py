"""``jupyter mage …``: the same verbs as ``%pipeline``, with exit codes that scripts can use.

0 all went well; 1 a block or test failed, or problems were found; 2 wrong usage or unreadable input; 130 cancelled.
"""

from __future__ import annotations

COMPLETE = "_JUPYTER_MAGE_COMPLETE"


def main() -> None:
    """The command ``jupyter-mage``, which Jupyter offers as ``jupyter mage``."""
    import os

    from .commands import cli

    asked = COMPLETE in os.environ  # by a shell, which knows the command by its own name
    cli(prog_name="jupyter-mage" if asked else "jupyter mage", complete_var=COMPLETE)


__all__ = ["main"]
