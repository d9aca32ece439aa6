"""Google's credentials, as settings name them."""

from __future__ import annotations

import os
from typing import Any

from ...errors import DefinitionError
from .. import _here
from .config import ConfigKey, required


def credentials_from(config: Any, what: str) -> dict[str, Any]:
    """``credentials_mapping`` or ``path_to_credentials``; nothing where the environment names a file, or an emulator needs none.

    Raises DefinitionError where there is none of it.
    """
    mapping, path = config[ConfigKey.GOOGLE_SERVICE_ACC_KEY], config[ConfigKey.GOOGLE_SERVICE_ACC_KEY_FILEPATH]
    if mapping is not None:
        return {"credentials_mapping": mapping}
    if path is not None:
        full = _here.root() / str(path)
        if not full.is_file():
            raise DefinitionError(f"{what}: GOOGLE_SERVICE_ACC_KEY_FILEPATH is {path}, and there is no such file")
        return {"path_to_credentials": str(full)}
    if any(
        os.environ.get(name) for name in ("GOOGLE_APPLICATION_CREDENTIALS", "STORAGE_EMULATOR_HOST", "BIGQUERY_EMULATOR_HOST")
    ):
        return {}
    required(config, (ConfigKey.GOOGLE_SERVICE_ACC_KEY_FILEPATH,), what)
    return {}
