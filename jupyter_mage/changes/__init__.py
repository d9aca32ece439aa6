"""What changed between two forms of a pipeline, by meaning: compared, and said as text, Mermaid and Markdown."""

from __future__ import annotations

from .compare import Change, Changes, compare
from .said import as_json, markdown, mermaid, said, text

__all__ = ["Change", "Changes", "as_json", "compare", "markdown", "mermaid", "said", "text"]
