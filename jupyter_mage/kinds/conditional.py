"""Decides whether the blocks that name it run."""

from ..plugins import Kind

kind = Kind(name="conditional", folder="conditionals", decides=True, doc="Decides whether the blocks that name it run.")
