"""What another pipeline of the project gave."""

from ..plugins import Kind

kind = Kind(name="global_data_product", folder="", language="mage_product", doc="What another pipeline of the project gave.")
