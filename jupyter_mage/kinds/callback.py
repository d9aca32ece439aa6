"""Runs after other blocks have ended, well or not."""

from ..plugins import Kind

kind = Kind(
    name="callback", folder="callbacks", watches=True, gives=("outcome",), doc="Runs after other blocks have ended, well or not."
)
