"""Secrets by name: the project's own, the keyring's, or an environment variable."""

from __future__ import annotations

from typing import Any

from .... import vault
from ... import _here


def get_secret_value(
    name: str,
    entity: Any = None,  # noqa: ARG001
    pipeline_uuid: str | None = None,  # noqa: ARG001
    project_uuid: str | None = None,  # noqa: ARG001
    repo_name: str | None = None,  # noqa: ARG001
    suppress_warning: bool = False,
    **_: Any,
) -> str | None:
    """The secret, or None, as in Mage; then what to do is printed."""
    found = vault.secret(_here.root(), name)
    if found is None and not suppress_warning:
        print(f"WARNING: there is no secret {name}: jupyter mage secrets set {name}")  # noqa: T201
    return found


def create_secret(name: str, value: str, **_: Any) -> None:
    """Keep a secret for the project, in its file."""
    vault.put(_here.root(), name, value)


def delete_secret(name: str, **_: Any) -> None:
    vault.remove(_here.root(), name)
