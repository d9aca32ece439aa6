"""A picture of data: not part of a whole run; drawn where its cell is executed or a run asks for it by name."""

from ..plugins import Kind

kind = Kind(
    name="chart",
    folder="charts",
    runs=False,
    aside=True,
    language="mage_chart",
    doc="A picture of data: its body gives a figure or a frame. No part of a whole run; drawn where it is asked for.",
)
