"""A picture of data; kept and shown, not part of a run."""

from ..plugins import Kind

kind = Kind(name="chart", folder="charts", runs=False, doc="A picture of data; kept, not part of a run.")
