"""Files of the project or anywhere that fsspec reaches."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import DefinitionError
from .base import BaseFile

if TYPE_CHECKING:
    from pandas import DataFrame


class FileIO(BaseFile):
    """Frames in files: csv, json, parquet, hdf5, xml, excel; the format is seen by the extension."""

    def load(
        self,
        filepath: str | os.PathLike[str] | None = None,
        format: str | None = None,
        file_directories: list[str] | None = None,
        **kwargs: Any,
    ) -> DataFrame:
        """The frame in a file, or those of all files in folders, one under the other."""
        import pandas

        with self._saying(f"Loading data frame from '{filepath or file_directories}'"):
            if not file_directories:
                if filepath is None:
                    raise DefinitionError("FileIO().load(…) needs a filepath or file_directories")
                return self._read(filepath, self._format(format, filepath), **kwargs)
            paths = sorted(path for folder in file_directories for path in Path(folder).rglob("*") if path.is_file())
            if not paths:
                raise DefinitionError(f"no file in {', '.join(map(str, file_directories))}")
            frames = [self._read(path, self._format(format, path), **kwargs) for path in paths]
            return pandas.concat(frames, axis=0, ignore_index=True)

    def export(self, df: Any, filepath: str | os.PathLike[str], format: str | None = None, **kwargs: Any) -> None:
        with self._saying(f"Exporting data frame to '{filepath}'"):
            self._write(df, self._format(format, filepath), filepath, **kwargs)

    def exists(self, filepath: str | os.PathLike[str]) -> bool:
        return Path(filepath).exists()
