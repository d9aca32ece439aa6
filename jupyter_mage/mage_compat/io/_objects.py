"""Frames in object storage, by fsspec: what S3, GoogleCloudStorage and AzureBlobStorage share."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import DefinitionError
from .._needs import need
from .base import QUERY_ROW_LIMIT, BaseFile

if TYPE_CHECKING:
    from pandas import DataFrame


class ObjectStorage(BaseFile):
    """A store of objects in buckets."""

    extra = module = filesystem_class = ""

    def __init__(self, verbose: bool = False, **options: Any) -> None:
        super().__init__(verbose)
        made = getattr(need(self.module, self.extra, type(self).__name__), self.filesystem_class)
        given = {name: value for name, value in options.items() if value is not None}
        self.filesystem: Any = made(skip_instance_cache=True, use_listings_cache=False, **given)

    def _load(self, bucket: str, key: str, format: Any, limit: int, **kwargs: Any) -> DataFrame:
        import io

        with self._saying(f"Loading data frame from bucket '{bucket}' at key '{key}'"):
            content = io.BytesIO(self.filesystem.cat_file(f"{bucket}/{key}"))
            return self._read(content, self._format(format, key), limit, **kwargs)

    def _export(self, data: Any, bucket: str, key: str, format: Any, **kwargs: Any) -> None:
        with self._saying(f"Exporting data to bucket '{bucket}' at key '{key}'"):
            if isinstance(data, str | os.PathLike):
                if not Path(data).is_file():
                    raise DefinitionError(
                        f"{data} is no file that could be uploaded", hint="give a DataFrame or the path of a file"
                    )
                self.filesystem.put_file(str(data), f"{bucket}/{key}")
            else:
                self.filesystem.pipe_file(f"{bucket}/{key}", self._as_bytes(data, self._format(format, key), **kwargs))

    def _exists(self, bucket: str, prefix: str) -> bool:
        return bool(self.filesystem.exists(f"{bucket}/{prefix}"))


class Buckets(ObjectStorage):
    """Those whose methods speak of a bucket and a key."""

    def load(
        self, bucket_name: str, object_key: str, format: str | None = None, limit: int = QUERY_ROW_LIMIT, **kwargs: Any
    ) -> DataFrame:
        """The frame in an object; keywords as for pandas' reader. Raises FileNotFoundError where it is not there."""
        return self._load(bucket_name, object_key, format, limit, **kwargs)

    def export(self, data: Any, bucket_name: str, object_key: str, format: str | None = None, **kwargs: Any) -> None:
        """Write a frame (pandas or polars), or upload a file by its path; keywords as for the frame's writer."""
        self._export(data, bucket_name, object_key, format, **kwargs)

    def exists(self, bucket_name: str, prefix: str) -> bool:
        return self._exists(bucket_name, prefix)
