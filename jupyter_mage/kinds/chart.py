"""A picture of data: not part of a run, but a chart of Mage's is drawn where it is asked for."""

from ..plugins import Kind

kind = Kind(
    name="chart",
    folder="charts",
    runs=False,
    aside=True,
    language="mage_chart",
    doc="A picture of data; not part of a run. One of Mage's is drawn where it is asked for.",
)
