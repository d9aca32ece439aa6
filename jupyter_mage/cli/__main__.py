"""``python -m jupyter_mage.cli``: the command of this very Python, wherever scripts were installed."""

from __future__ import annotations

from . import main

main()
