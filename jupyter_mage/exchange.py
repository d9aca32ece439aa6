"""What a session does with files: write projects, take blocks over from them, compare with git, check. It runs nothing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from . import projects, vault
from .plugins import formats
from .records import Records

if TYPE_CHECKING:  # a run needs none of these, and its process has no time to lose
    from . import changes, reuse


class Exchange(Records):
    """Records whose pipelines go to files and come from them."""

    opened: Path | None = None
    """The notebook or project that it was opened from."""

    def export(self, path: Path, *, notebook: Path | None = None, shared: bool = False) -> tuple[list[Path], list[str]]:
        """Write the current pipeline as a Mage project: the files written, and what real Mage would do otherwise.

        ``notebook`` is the file whose text cells go along, in its order. What it and the project both changed since they last
        agreed is merged, or refused with both sides. Blocks that other pipelines use too, and linked ones
        that were edited, are written only with ``shared``; the error without it says who uses them.
        """
        from . import fixtures, reuse

        pipeline = self.pipeline
        if notebook is not None:
            pipeline = projects.laid_out(pipeline, projects.read(notebook))
        vault.refuse(self.root, projects.texts(pipeline), hint="read it by name, with os.environ or get_secret_value")
        origin = notebook or self.opened
        warnings = formats.get("mage").warnings(pipeline, path, origin)
        written = reuse.export(pipeline, self.root, path, self.state_folder, origin, shared=shared)
        written = [*written, *fixtures.copy(self.root, path, pipeline)]
        return written, warnings

    def use(self, name: str, source: Path | None = None, *, pipeline: str = "") -> reuse.Shared:
        """Define a block of the project ``source`` here, linked to its file; gives the cell, and who uses it."""
        from . import reuse

        shared = reuse.find(name, self.pipeline, self.root, source, pipeline)
        self.define(shared.header, shared.block.source)
        reuse.remember(self.state_folder, [shared.file])
        return shared

    def detach(self, name: str) -> str:
        """Make a linked block one of this pipeline's own; gives the header that its cell then has."""
        from . import reuse

        plain = reuse.detached(self.pipeline[name])
        self.pipelines[self.current] = self.pipeline.with_block(plain)
        return plain.header

    def changes(self, path: Path, revision: str = "HEAD", until: str = "") -> changes.Changes:
        """The pipeline as it is now (or at the revision ``until``), against a git revision of its notebook or project."""
        from . import changes

        old = projects.read_at(path, self.current, revision)
        new = projects.read_at(path, self.current, until) if until else projects.as_now(self.pipeline, path)
        return changes.compare(old, new, before=revision, after=until or "now")

    def check(self, path: Path | None = None) -> list[str]:
        """Everything that would stop this pipeline, or the project at ``path``; runs nothing."""
        return projects.check(path) if path is not None else projects.problems(self.pipeline)
