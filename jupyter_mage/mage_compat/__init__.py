"""The names of ``mage_ai`` that block files of Mage projects import, for where mage-ai is not installed.

Nobody here imports this package: `jupyter_mage.surroundings.mage_ai` finds it under the name ``mage_ai`` while a user's body
runs. Modules have Mage's names and places; signatures are Mage's; the code is ours. Modules that start with ``_`` are no part
of that.
"""

from __future__ import annotations

from typing import Any


def run(pipeline_uuid: str, project_path: str | None = None, block_uuid: str | None = None, **global_vars: Any) -> None:
    """Run a pipeline of this project, or one block of it and what that needs, and wait for it."""
    from ._running import run_pipeline

    run_pipeline(pipeline_uuid, project_path, variables=global_vars, selection=block_uuid or "", wait=True, check=True)
