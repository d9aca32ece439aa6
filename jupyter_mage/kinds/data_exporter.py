"""Takes data out: to a file, a table, a service."""

from ..plugins import Kind

kind = Kind(name="data_exporter", folder="data_exporters", effects=True, doc="Takes data out: to a file, a table, a service.")
