"""A new Mage project on disk: what `jupyter mage init` writes, which real Mage opens too."""

from __future__ import annotations

from pathlib import Path

from .errors import ProjectError, Where
from .files import atomic_write

FOLDERS = ("charts", "custom", "data_exporters", "data_loaders", "pipelines", "scratchpads", "transformers", "utils")
"""Folders that hold code; each gets an ``__init__.py``, as in Mage."""

_FILES = {
    "__init__.py": "",
    "metadata.yaml": "project_type: standalone\nvariables_dir: ~/.mage_data\nhelp_improve_mage: false\n",
    "io_config.yaml": (
        "version: 0.1.1\n"
        "default: {}\n"
        "  # POSTGRES_HOST: localhost\n"
        "  # POSTGRES_USER: \"{{ env_var('POSTGRES_USER') }}\"\n"
        "  # POSTGRES_PASSWORD: \"{{ env_var('POSTGRES_PASSWORD') }}\"\n"
    ),
    "requirements.txt": "",
    ".gitignore": ".jupyter_mage/\n.file_versions/\n.logs/\n__pycache__/\n.env\nmage_data/\nsecrets/\n",
}


TYPES = ("standalone", "main", "sub")


def begin(root: Path, *, type_: str = "standalone", uuid: str = "") -> list[Path]:
    """Write an empty project at ``root`` and give the files; what is there already is left as it is.

    ``type_`` and ``uuid`` are for Mage, which keeps workspaces by them. Raises ProjectError where ``root`` is a file, or a
    project already.
    """
    if root.is_file():
        raise ProjectError("a file of this name is there", where=Where(file=str(root)), hint=f"jupyter mage init {root}_project")
    if (root / "metadata.yaml").exists():
        raise ProjectError("a project is here already", where=Where(file=str(root)), hint=f"jupyter mage list {root}")
    metadata = _FILES["metadata.yaml"].replace("standalone", type_) + (f"project_uuid: {uuid}\n" if uuid else "")
    wanted = {**_FILES, "metadata.yaml": metadata, **{f"{folder}/__init__.py": "" for folder in FOLDERS}}
    written = []
    for name, text in wanted.items():
        path = root / name
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            atomic_write(path, text)
            written.append(path)
    return written
