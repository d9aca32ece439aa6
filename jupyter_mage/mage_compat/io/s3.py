"""Amazon S3, and what speaks as it does, by s3fs."""

from __future__ import annotations

from typing import Any, Self

from ._objects import Buckets
from .config import ConfigKey


class S3(Buckets):
    """``S3.with_config(ConfigFileLoader(…)).load("bucket", "path/file.parquet")``; without settings, boto looks for them."""

    extra, module, filesystem_class = "s3", "s3fs", "S3FileSystem"

    def __init__(self, verbose: bool = False, **kwargs: Any) -> None:
        names = {
            "aws_access_key_id": "key",
            "aws_secret_access_key": "secret",
            "aws_session_token": "token",
            "endpoint_url": "endpoint_url",
        }
        own = {ours: kwargs.pop(theirs, None) for theirs, ours in names.items()}
        super().__init__(verbose, **own, client_kwargs={name: value for name, value in kwargs.items() if value is not None})

    @classmethod
    def with_config(cls, config: Any, **kwargs: Any) -> Self:
        return cls(
            aws_access_key_id=config[ConfigKey.AWS_ACCESS_KEY_ID],
            aws_secret_access_key=config[ConfigKey.AWS_SECRET_ACCESS_KEY],
            aws_session_token=config[ConfigKey.AWS_SESSION_TOKEN],
            region_name=config[ConfigKey.AWS_REGION],
            endpoint_url=config[ConfigKey.AWS_ENDPOINT],
            **kwargs,
        )

    def exists(self, bucket_name: str, prefix: str) -> bool:
        """Whether any object's key starts with ``prefix``."""
        folder, _, start = prefix.rpartition("/")
        try:
            listed = self.filesystem.ls(f"{bucket_name}/{folder}", detail=False)
        except FileNotFoundError:
            return False
        return any(str(each).startswith(f"{bucket_name}/{folder}/{start}".replace("//", "/")) for each in listed)
