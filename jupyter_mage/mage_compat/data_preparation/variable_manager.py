"""Outputs of other blocks, and a pipeline's variables."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import DefinitionError, unknown
from .. import _here
from .._running import place_of

if TYPE_CHECKING:
    from ...session import Session


def get_variable(pipeline_uuid: str, block_uuid: str, key: str = "output_0", **_: Any) -> Any:
    """The last good output of a block. ``output_1`` is the second item, where a block gave a list or tuple of several.

    Raises UnknownNameError for a pipeline, block or output that is not there; JupyterMageError where the block has not run.
    """
    with _session(pipeline_uuid) as session:
        value = session.value(block_uuid)
    number = key.removeprefix("output_")
    if not key.startswith("output_") or not number.isdigit():
        raise DefinitionError(f"{block_uuid} has no variable {key!r}", hint="outputs are named output_0, output_1 …")
    if isinstance(value, list | tuple) and len(value) > 1:
        if int(number) >= len(value):
            raise unknown("output", key, [f"output_{place}" for place in range(len(value))])
        return value[int(number)]
    if int(number):
        raise unknown("output", key, ["output_0"])
    return value


def get_global_variables(
    pipeline_uuid: str,
    pipeline: Any = None,  # noqa: ARG001
    context_data: Any = None,  # noqa: ARG001
    repo_path: str | None = None,
    variables_dir: str | None = None,  # noqa: ARG001
) -> dict[str, Any]:
    """The pipeline's variables with their defaults."""
    with _session(pipeline_uuid, repo_path) as session:
        return dict(session.pipeline.variables)


def get_global_variable(pipeline_uuid: str, key: str) -> Any:
    """One of them; None where there is none of this name."""
    return get_global_variables(pipeline_uuid).get(key)


def set_global_variable(pipeline_uuid: str, key: str, value: Any, repo_path: str | None = None) -> None:
    """Set the default of a variable, in the pipeline's ``metadata.yaml``. The run that goes on keeps what it has."""
    _change(pipeline_uuid, repo_path, {key: value}, ())


def delete_global_variable(pipeline_uuid: str, key: str, repo_path: str | None = None) -> None:
    _change(pipeline_uuid, repo_path, {}, (key,))


@contextmanager
def _session(pipeline: str, repo_path: str | None = None) -> Iterator[Session]:
    from ...session import Session

    root, name = place_of(pipeline, Path(repo_path) if repo_path else _here.root())
    session = Session.open(root, name)
    try:
        yield session
    finally:
        session.close()


def _change(pipeline: str, repo_path: str | None, new: dict[str, Any], gone: tuple[str, ...]) -> None:
    from ...files import atomic_write
    from ...formats import yaml

    path = (Path(repo_path) if repo_path else _here.root()) / "pipelines" / pipeline / "metadata.yaml"
    if not path.is_file():
        raise DefinitionError(
            f"{pipeline} has no {path}, where its variables would be kept", hint="export the notebook first: %pipeline export"
        )
    data = yaml.load(path.read_bytes(), file=str(path)).data
    variables = {**(data.get("variables") or {}), **new}
    data["variables"] = {name: value for name, value in variables.items() if name not in gone}
    atomic_write(path, yaml.dump(data))
