"""Waits for something outside: a file, a row, a time."""

from ..plugins import Kind

kind = Kind(name="sensor", folder="sensors", waits=True, doc="Waits until it gives something true.")
