"""Azure Blob Storage, by adlfs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from ._objects import ObjectStorage
from .base import QUERY_ROW_LIMIT
from .config import ConfigKey, required

if TYPE_CHECKING:
    from pandas import DataFrame


class AzureBlobStorage(ObjectStorage):
    """``AzureBlobStorage.with_config(ConfigFileLoader(…)).load("container", "path/file.parquet")``."""

    extra, module, filesystem_class = "azure", "adlfs", "AzureBlobFileSystem"

    def __init__(self, verbose: bool = False, **kwargs: Any) -> None:
        names = {"AZURE_TENANT_ID": "tenant_id", "AZURE_CLIENT_ID": "client_id", "AZURE_CLIENT_SECRET": "client_secret"}
        own = {ours: kwargs.pop(theirs, None) for theirs, ours in names.items()}
        account = kwargs.pop("storage_account_name", None)
        super().__init__(verbose, account_name=account, **own, **kwargs)

    @classmethod
    def with_config(cls, config: Any, **kwargs: Any) -> Self:
        required(config, (ConfigKey.AZURE_STORAGE_ACCOUNT_NAME,), "AzureBlobStorage")
        keys = (ConfigKey.AZURE_TENANT_ID, ConfigKey.AZURE_CLIENT_ID, ConfigKey.AZURE_CLIENT_SECRET)
        own = {str(key): config[key] for key in keys}
        return cls(storage_account_name=config[ConfigKey.AZURE_STORAGE_ACCOUNT_NAME], **own, **kwargs)

    def load(
        self, container_name: str, blob_path: str, format: str | None = None, limit: int = QUERY_ROW_LIMIT, **kwargs: Any
    ) -> DataFrame:
        """The frame in a blob. Raises FileNotFoundError where it is not there."""
        return self._load(container_name, blob_path, format, limit, **kwargs)

    def export(self, df: Any, container_name: str, blob_path: str, format: str | None = None, **kwargs: Any) -> None:
        """Write a frame; ``upload_kwargs={"overwrite": True}`` replaces a blob that is there, which is an error otherwise."""
        upload = kwargs.pop("upload_kwargs", None) or {}
        if self._exists(container_name, blob_path) and not upload.get("overwrite"):
            raise FileExistsError(f"{container_name}/{blob_path} exists; upload_kwargs={{'overwrite': True}} replaces it")
        self._export(df, container_name, blob_path, format, **kwargs)

    def exists(self, container_name: str, prefix: str) -> bool:
        return self._exists(container_name, prefix)
