"""The decorators of block files. In a run they mark what runs; elsewhere they change nothing.

A file that imports them without the usual guard (``if 'data_loader' not in globals()``) fails in Mage; here it works.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...languages.mage_file import collecting


def _decorator(name: str) -> Callable[..., Any]:
    def decorate(*args: Any, **kwargs: Any) -> Any:
        collect = collecting(name)
        if collect is not None:
            return collect(*args, **kwargs)
        return args[0] if len(args) == 1 and callable(args[0]) and not kwargs else lambda function: function

    decorate.__name__ = decorate.__qualname__ = name
    decorate.__doc__ = f"Marks a function of a block file as its ``{name}``."
    return decorate


callback = _decorator("callback")
condition = _decorator("condition")
custom = _decorator("custom")
data_exporter = _decorator("data_exporter")
data_loader = _decorator("data_loader")
extension = _decorator("extension")
sensor = _decorator("sensor")
transformer = _decorator("transformer")
test = _decorator("test")
preprocesser = _decorator("preprocesser")
preprocesser_functions = _decorator("preprocesser")
on_success = _decorator("on_success")
on_failure = _decorator("on_failure")
data_source = _decorator("data_source")
xy = _decorator("xy")
x = _decorator("x")
y = _decorator("y")
columns = _decorator("columns")
configuration = _decorator("configuration")
render = _decorator("render")
streaming_source = _decorator("streaming_source")
streaming_sink = _decorator("streaming_sink")
data_integration_source = _decorator("data_integration_source")
data_integration_destination = _decorator("data_integration_destination")
data_integration_catalog = _decorator("data_integration_catalog")
data_integration_config = _decorator("data_integration_config")
data_integration_selected_streams = _decorator("data_integration_selected_streams")
data_integration_query = _decorator("data_integration_query")
