"""A value as the notebook shows it, without the secrets: what is shown is saved with the notebook."""

from __future__ import annotations

from typing import Any

from .. import redaction


def display(shell: Any, value: Any) -> None:
    """Show ``value`` as the cell's result; where a secret would be seen, what is shown has ``***`` instead."""
    if redaction.known():
        data, metadata = shell.display_formatter.format(value)
        shown = {mime: redaction.hide(each) if isinstance(each, str) else each for mime, each in data.items()}
        if shown != data:
            shell.display_pub.publish(shown, metadata)
            return
    shell.displayhook(value)
