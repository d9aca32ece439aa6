"""Connection settings from ``io_config.yaml``, the environment or a secrets manager."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ... import redaction
from ...errors import DefinitionError, FormatError, ProjectError, Where, unknown
from .. import _here
from .._needs import need
from . import _templates
from ._keys import ConfigKey as ConfigKey

_OLD_SECTIONS: dict[str, tuple[str, str]] = {
    "AIRTABLE": ("Airtable", ""),
    "ALGOLIA": ("Algolia", ""),
    "B2": ("Backblaze B2", ""),
    "CHROMA": ("Chroma", ""),
    "CLICKHOUSE": ("ClickHouse", ""),
    "DRUID": ("Druid", ""),
    "DUCKDB": ("Duck DB", ""),
    "PINOT": ("Pinot", ""),
    "POSTGRES": ("PostgreSQL", ""),
    "QDRANT": ("Qdrant", ""),
    "REDSHIFT": ("AWS", "Redshift"),
    "AWS": ("AWS", ""),
    "SNOWFLAKE": ("Snowflake", ""),
    "SPARK": ("Spark", ""),
    "WEAVIATE": ("Weaviate", ""),
    "GOOGLE": ("BigQuery", ""),
}
"""Where the older, nested form of the file keeps the settings that start with a word."""
_OLD_NAMES = {
    "GOOGLE_SERVICE_ACC_KEY": "credentials_mapping",
    "GOOGLE_SERVICE_ACC_KEY_FILEPATH": "path_to_credentials",
    "MOTHERDUCK_TOKEN": "motherduck_token",
    "POSTGRES_DBNAME": "database",
    "REDSHIFT_CLUSTER_ID": "cluster_identifier",
    "REDSHIFT_DBNAME": "database",
    "REDSHIFT_DBUSER": "db_user",
    "REDSHIFT_IAM_PROFILE": "profile",
    "REDSHIFT_TEMP_CRED_PASSWORD": "password",
    "REDSHIFT_TEMP_CRED_USER": "user",
    "SNOWFLAKE_DEFAULT_DB": "database",
    "SNOWFLAKE_DEFAULT_SCHEMA": "schema",
    "SNOWFLAKE_DEFAULT_WH": "warehouse",
}


class BaseConfigLoader:
    """Settings by name: ``config[ConfigKey.POSTGRES_HOST]``, ``config.get(…)``, ``… in config``; None for what is not there."""

    def contains(self, key: str, **_: Any) -> bool:
        return self.get(key) is not None

    def get(self, key: str, **_: Any) -> Any:
        raise NotImplementedError

    def __contains__(self, key: str) -> bool:
        return self.contains(key)

    def __getitem__(self, key: str) -> Any:
        return self.get(key)

    def lacking(self, key: str) -> str:
        """Why `get` gives None for this setting, to put behind its name."""
        return f"{key} is not set"


class ConfigFileLoader(BaseConfigLoader):
    """A profile of ``io_config.yaml``, rendered by Jinja; the flat form and the older nested one.

    >>> config = ConfigFileLoader(config={"PostgreSQL": {"host": "localhost", "database": "shop"}})
    >>> config[ConfigKey.POSTGRES_DBNAME], config["POSTGRES_HOST"], ConfigKey.POSTGRES_PORT in config
    ('shop', 'localhost', False)
    """

    def __init__(
        self,
        filepath: str | os.PathLike[str] | None = None,
        profile: str = "default",
        config: dict[str, Any] | None = None,
    ) -> None:
        self.version: Any = None
        self.profile = profile
        self.filepath = Path(filepath) if filepath is not None else _here.root() / "io_config.yaml"
        self.config: Mapping[str, Any] = config if config else self._read()
        self.use_verbose_format = any(isinstance(self.config.get(section), Mapping) for section, _ in _OLD_SECTIONS.values())
        _learn(self.config)

    def _read(self) -> Mapping[str, Any]:
        from ...formats import yaml

        try:
            text = self.filepath.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ProjectError(f"{self.filepath} cannot be read: {error}", hint="it holds the connections, by profile") from error
        data = yaml.load(_templates.render(text, str(self.filepath)), file=str(self.filepath)).data
        if not isinstance(data, dict):
            raise FormatError(
                "no profiles in it", where=Where(file=str(self.filepath)), hint="default:\n    POSTGRES_HOST: localhost"
            )
        self.version = data.get("version")
        if self.profile not in data:
            profiles = [name for name in data if name != "version"]
            raise unknown("profile", self.profile, profiles, where=Where(file=str(self.filepath)))
        found = data[self.profile] or {}
        if not isinstance(found, dict):
            raise FormatError(f"profile {self.profile} is not a list of settings", where=Where(file=str(self.filepath)))
        return found

    def get(self, key: str, **_: Any) -> Any:
        return _templates.plain(self._raw(key))

    def lacking(self, key: str) -> str:
        needed = _templates.lacks(self._raw(key))
        if not needed:
            return f"{key} is not there"
        name = needed.split("'")[1]
        where = f"jupyter mage secrets set {name}" if "secret" in needed else f"in the environment or .env: {name}=…"
        return f"{key} is {needed}, which is not set ({where})"

    def _raw(self, key: str) -> Any:
        name = str(key)
        if name in self.config or not self.use_verbose_format:
            return self.config.get(name)
        head, _, rest = name.partition("_")
        section, below = _OLD_SECTIONS.get("DUCKDB" if head == "MOTHERDUCK" else head, ("", ""))
        found: Any = self.config.get(section)
        if below and isinstance(found, Mapping):
            found = found.get(below)
        return found.get(_OLD_NAMES.get(name, rest.lower())) if isinstance(found, Mapping) else None


class EnvironmentVariableLoader(BaseConfigLoader):
    """Each setting is an environment variable of its name; those of the project's ``.env`` too."""

    def get(self, key: str, **_: Any) -> Any:
        value = os.environ.get(str(key))
        if value is not None:
            redaction.learn_variable(str(key), value)
        return value


class AWSSecretLoader(BaseConfigLoader):
    """Each setting is a secret of AWS Secrets Manager."""

    def __init__(self, **kwargs: Any) -> None:
        self.client = need("boto3", "s3", "AWSSecretLoader").client("secretsmanager", **kwargs)

    def get(  # type: ignore[override]  # Mage's signature
        self, secret_id: str, version_id: str | None = None, version_stage_label: str | None = None, **_: Any
    ) -> Any:
        chosen = {"VersionId": version_id, "VersionStage": version_stage_label}
        try:
            found = self.client.get_secret_value(SecretId=str(secret_id), **{k: v for k, v in chosen.items() if v is not None})
        except self.client.exceptions.ResourceNotFoundException:
            return None
        value = found["SecretBinary"] if "SecretBinary" in found else found["SecretString"]
        redaction.learn(value)
        return value


def required(config: Any, keys: Iterable[str], what: str) -> None:
    """Raise DefinitionError that says which of these settings are missing, and why: nothing connects silently elsewhere."""
    missing = [key for key in keys if config[key] is None]
    if not missing:
        return
    place = f"profile {config.profile} of {config.filepath}" if isinstance(config, ConfigFileLoader) else type(config).__name__
    why = "; ".join(config.lacking(key) if isinstance(config, BaseConfigLoader) else f"{key} is not set" for key in missing)
    raise DefinitionError(f"{what} lacks settings in {place}: {why}")


def _learn(config: Mapping[str, Any]) -> None:
    """Hide the passwords that stand in the file itself."""
    for name, value in config.items():
        if isinstance(value, Mapping):
            _learn(value)
        elif isinstance(value, str | int) and not isinstance(value, bool):
            redaction.learn_variable(str(name), str(value))
