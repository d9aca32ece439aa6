"""Code beside the pipeline; kept, never run."""

from ..plugins import Kind

kind = Kind(name="scratchpad", folder="scratchpads", runs=False, doc="Code beside the pipeline; kept, never run.")
