"""Jinja in configuration files: ``env_var``, ``mage_secret_var`` and the rest, each looked up where it runs.

What is not set does not stop the file from being read: many profiles name variables that only some machines have. The value
then remembers what it lacks, and says so when somebody needs it.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from typing import Any

from ... import redaction, vault
from ...errors import FormatError, Where
from .. import _here
from .._needs import need

_MISSING = re.compile("\ue000(.*?)\ue001")


def render(text: str, file: str) -> str:
    """The text with its templates filled in. Raises FormatError for one that does not read or names no helper."""
    if "{{" not in text and "{%" not in text and "{#" not in text:
        return text
    import jinja2
    import jinja2.sandbox

    environment = jinja2.sandbox.SandboxedEnvironment(undefined=jinja2.StrictUndefined, keep_trailing_newline=True)
    try:
        return environment.from_string(text).render(**helpers())
    except jinja2.TemplateSyntaxError as error:
        raise FormatError(f"a template that does not read: {error.message}", where=Where(file=file, line=error.lineno)) from error
    except jinja2.TemplateError as error:
        known = ", ".join(sorted(helpers()))
        raise FormatError(f"{error.message}; templates may use {known}", where=Where(file=file)) from error


def helpers() -> dict[str, Callable[..., Any]]:
    """What templates may call."""
    return {
        "env_var": _env_var,
        "mage_secret_var": _mage_secret_var,
        "aws_secret_var": _aws_secret_var,
        "azure_secret_var": _azure_secret_var,
        "json_value": _json_value,
    }


def plain(value: Any) -> Any:
    """The value, or None where it lacks something."""
    return None if lacks(value) else value


def lacks(value: Any) -> str:
    """What this value was to be made of and is not there: ``env_var('PG_HOST')``; else empty."""
    found = _MISSING.search(value) if isinstance(value, str) else None
    return found[1] if found else ""


def _missing(what: str) -> str:
    return f"\ue000{what}\ue001"


def _env_var(name: str, default: Any = None) -> Any:
    value = os.environ.get(name)
    if value is None:
        return _missing(f"env_var('{name}')") if default is None else default
    redaction.learn_variable(name, value)
    return value


def _mage_secret_var(name: str, **_: Any) -> Any:
    value = vault.secret(_here.root(), name)
    return _missing(f"mage_secret_var('{name}')") if value is None else value


def _aws_secret_var(name: str, **kwargs: Any) -> Any:
    client = need("boto3", "s3", "aws_secret_var").client("secretsmanager", **kwargs)
    value = client.get_secret_value(SecretId=name)["SecretString"]
    redaction.learn(value)
    return value


def _azure_secret_var(name: str, **_: Any) -> Any:
    address = os.environ.get("AZURE_KEY_VAULT_URL")
    if not address:
        return _missing("env_var('AZURE_KEY_VAULT_URL')")
    secrets = need("azure.keyvault.secrets", "azure", "azure_secret_var")
    identity = need("azure.identity", "azure", "azure_secret_var")
    value = secrets.SecretClient(vault_url=address, credential=identity.DefaultAzureCredential()).get_secret(name).value
    redaction.learn(value)
    return value


def _json_value(text: str, key: str) -> Any:
    if lacks(text):
        return text
    value = json.loads(text)
    for part in key.split("."):
        value = value[part]
    redaction.learn(value)
    return value
