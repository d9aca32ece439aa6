"""Brings data in."""

from ..plugins import Kind

kind = Kind(name="data_loader", folder="data_loaders", doc="Brings data in.")
