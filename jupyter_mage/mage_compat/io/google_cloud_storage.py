"""Google Cloud Storage, by gcsfs."""

from __future__ import annotations

from typing import Any, Self

from ._google import credentials_from
from ._objects import Buckets


class GoogleCloudStorage(Buckets):
    """``GoogleCloudStorage.with_config(ConfigFileLoader(…)).export(df, "bucket", "path/file.parquet")``."""

    # the plain class: the one that fsspec names asks by gRPC for a bucket's layout first, and waits where nobody answers
    extra, module, filesystem_class = "gcs", "gcsfs.core", "GCSFileSystem"

    def __init__(self, verbose: bool = False, **kwargs: Any) -> None:
        credentials = kwargs.pop("credentials", None)
        token = credentials or kwargs.pop("credentials_mapping", None) or kwargs.pop("path_to_credentials", None)
        kwargs = {name: value for name, value in kwargs.items() if name not in ("credentials_mapping", "path_to_credentials")}
        super().__init__(verbose, token=token, **kwargs)

    @classmethod
    def with_config(cls, config: Any, **kwargs: Any) -> Self:
        return cls(**credentials_from(config, "GoogleCloudStorage"), **kwargs)
