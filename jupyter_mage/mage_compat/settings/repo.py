"""Where the project is."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from .. import _here


def get_repo_path(
    context_data: dict[str, Any] | None = None,  # noqa: ARG001
    file_path: str | None = None,
    root_project: bool = False,  # noqa: ARG001
    absolute_path: bool = True,
    user: Any = None,  # noqa: ARG001
) -> str:
    """The project's folder; with ``file_path``, the project that this file is in."""
    root = _here.root()
    if file_path is not None:
        start = (root / file_path).resolve()
        root = next(
            (each for each in (start, *start.parents) if (each / "metadata.yaml").is_file() and (each / "pipelines").is_dir()),
            root,
        )
    return str(root) if absolute_path else os.path.relpath(root, root.parent)


def set_repo_path(repo_path: str) -> None:
    """From now on, in this block, the project is this folder."""
    _here.set_root(repo_path)


def get_repo_name(repo_path: str | None = None, root_project: bool = False) -> str:  # noqa: ARG001
    return Path(repo_path or _here.root()).name


def base_repo_path() -> str:
    return str(_here.root())


def base_repo_name() -> str:
    return _here.root().name


def get_data_dir() -> str:
    """Where Mage keeps outputs by default; ours are in ``.jupyter_mage`` of the project."""
    return os.environ.get("MAGE_DATA_DIR") or str(Path("~/.mage_data").expanduser())


def get_metadata_path(repo_path: str | None = None, root_project: bool = False) -> str:  # noqa: ARG001
    return str(Path(repo_path or _here.root()) / "metadata.yaml")


def get_variables_dir(
    repo_path: str | None = None,
    repo_config: dict[str, Any] | None = None,
    root_project: bool = False,  # noqa: ARG001
) -> str:
    """The folder for variables that the project's ``metadata.yaml`` names, as Mage makes it of that; else our state folder."""
    root = Path(repo_path or _here.root())
    named = (repo_config or _metadata(root)).get("variables_dir") or os.environ.get("MAGE_DATA_DIR")
    if not named:
        return str(root / ".jupyter_mage")
    text = str(named)
    if "://" in text:
        return text
    folder = Path(text).expanduser()
    return str(folder / root.name if folder.is_absolute() else root / folder)


def _metadata(root: Path) -> dict[str, Any]:
    from ...formats import yaml
    from ..io import _templates

    path = root / "metadata.yaml"
    if not path.is_file():
        return {}
    data = yaml.load(_templates.render(path.read_text("utf-8"), str(path)), file=str(path)).data
    return {name: _templates.plain(value) for name, value in data.items()} if isinstance(data, dict) else {}
