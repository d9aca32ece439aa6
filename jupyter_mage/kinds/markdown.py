"""Text between blocks; kept and shown, never run."""

from ..plugins import Kind

kind = Kind(name="markdown", folder="markdowns", runs=False, doc="Text between blocks; kept and shown, never run.")
