"""Definitions in step with the notebook that they come from: its saved file, and its cells' text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import switching
from .handles import Looking
from .model import Block
from .saved import SavedNotebook

if TYPE_CHECKING:
    from . import editing


class Following(Looking):
    """Definitions with the file of the notebook that defines them, where it is known."""

    saved: SavedNotebook | None = None
    editor: Callable[[editing.Edit], bool] | None = None
    """Has the front end make an edit in the cells that it holds; False where none listens."""

    def complete(self, *names: str) -> list[str]:
        """Take what these blocks (all, where none is named) need and only the saved notebook has; gives what to say of it."""
        if self.saved is None or self.current != self.home:
            return []
        taken = self.take(self.saved.needed(self.pipeline, names or self.pipeline.names))
        for each in taken:
            self.saved.taken(self.current, each)
        return [f"{each}: its cell has not run in this kernel; read from {self.saved.path.name}" for each in taken]

    def noted(self, pipeline: str, block: Block) -> Block:
        """The block with what its cell's notes say, where the notebook was saved with them: of an imported one, its settings."""
        return self.saved.noted(pipeline, block) if self.saved is not None and pipeline == self.home else block

    def forget_cells(self, gone: Iterable[str], *, keep: tuple[str, str, str] = ("", "", "")) -> list[str]:
        """As `Definitions.forget_cells`; the saved notebook does not bring back what went, until it is saved again."""
        went = super().forget_cells(gone, keep=keep)
        if self.saved is not None:
            self.saved.left(self.home, went)
        return went

    def read_news(self) -> list[str]:
        """What the saved notebook tells of deleted and edited cells, and of those that have not run; gives what to say of it."""
        if self.saved is None or self.current != self.home:
            return []
        news = self.saved.news(self.pipeline)
        if news.gone or news.again:
            self.forget((*news.gone, *news.again))
        taken = self.complete()
        return [*news.lines(self.saved.path.name, self.pipeline.names), *taken]

    def cell_text(self, block: str, carrier: str) -> str:
        """The cell of a block with its header carried by ``carrier``: magic, comment or decorator. Raises DefinitionError."""
        return switching.cell_of(self.pipeline[block], carrier)

    def switch_carrier(self, notebook: Path, block: str, carrier: str) -> bool:
        """Rewrite the block's cell in the notebook file, and nothing else; False where it has this carrier already."""
        return switching.switch_in_file(notebook, block, carrier, self.pipeline[block])

    def edit(self, cells: Mapping[str, str], wanted: editing.Edit) -> editing.Edited:
        """The texts of the notebook's cells (by id) after an edit of the graph; nothing is defined. Raises DefinitionError."""
        from . import editing

        return editing.edit(cells, wanted, self.pipeline, self.home)

    def edit_open(self, wanted: editing.Edit) -> list[str]:
        """Edit the cells of the notebook that is open, or, where no front end has it, only what is defined; gives what to say.

        Raises UnknownNameError, DefinitionError where the edit cannot be.
        """
        from . import editing

        edited = self.edit(editing.as_cells(self.pipeline), wanted)
        if self.editor is not None and self.editor(wanted):
            return []
        gone = self.follow_cells(edited.texts, edited.removed)
        return [*gone, *(f"put this in the place of its cell:\n\n{text}\n" for text in edited.texts.values()), *edited.notes]

    def follow_cells(
        self, changed: Mapping[str, str], removed: Iterable[str] = (), namespace: Mapping[str, Any] | None = None
    ) -> list[str]:
        """Define what these cells say now, and run none of them; gives what to say of it."""
        from . import editing

        before = self.pipeline.names
        notes = editing.follow(self, changed, removed, namespace)
        if self.saved is not None:  # until it is saved, the file is behind
            for block in self.pipeline:
                if block.cell in changed:
                    self.saved.defined(self.current, block.name)
            self.saved.left(self.current, {*before} - {*self.pipeline.names})
        return notes
