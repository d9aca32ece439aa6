"""Any other code."""

from ..plugins import Kind

kind = Kind(name="custom", folder="custom", doc="Any other code.")
