"""What templates of blocks may call."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ....errors import DefinitionError
from ...io import _templates


def get_template_vars(include_python_libraries: Mapping[str, Any] | None = None) -> dict[str, Callable[..., Any]]:
    """``env_var``, ``mage_secret_var`` and the rest by name; what is not set is an error here, where it is used."""
    return {**{name: _there(helper) for name, helper in _templates.helpers().items()}, **(include_python_libraries or {})}


def _there(helper: Callable[..., Any]) -> Callable[..., Any]:
    def found(*arguments: Any, **keywords: Any) -> Any:
        value = helper(*arguments, **keywords)
        if lacking := _templates.lacks(value):
            name = lacking.split("'")[1]
            how = f"jupyter mage secrets set {name}" if "secret" in lacking else f"in the environment or .env: {name}=…"
            raise DefinitionError(f"{lacking} is not set", hint=how)
        return value

    return found
