"""Makes data from data."""

from ..plugins import Kind

kind = Kind(name="transformer", folder="transformers", doc="Makes data from data.")
