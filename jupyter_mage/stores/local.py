"""The store of one project: outputs by content, in a folder; small ones travel in the `Output` itself."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from ..errors import CorruptOutputError, StoreError, unknown
from ..model import Output
from . import codecs
from .codecs.base import ATTACHMENT, Seen, content_name, length
from .content import ContentFiles, reason

INLINE = 64 << 10
"""Outputs up to this size stand in the history, in the same transaction as the event that names them: no file."""


class LocalStore:
    """Keeps values below ``root`` and gives them back equal, type and all.

    ``durability``: what a kept output survives: ``process`` a kill of this process, ``power`` a power cut too.

    >>> import tempfile
    >>> store = LocalStore(Path(tempfile.mkdtemp()))
    >>> output = store.put({"rows": [1, 2.5, None]})
    >>> store.get(output), output.type, output.data
    ({'rows': [1, 2.5, None]}, 'dict', b'{"rows":[1,2.5,null]}')
    """

    def __init__(self, root: Path, *, durability: str = "process") -> None:
        if durability not in ("process", "power"):
            raise unknown("durability", durability, ("process", "power"))
        self.root = Path(root)
        self._files = ContentFiles(self.root, durable=durability == "power")
        self._ready = False

    def put(self, value: Any) -> Output:
        """Keep ``value``; it is whole, and durable as the mode says, when this returns.

        Raises NotStorableError, saying what to return instead, for what cannot be given back equal, and StoreError where the
        disk refuses.
        """
        codec, encoded = codecs.encode(value)
        parts = encoded.parts
        prefix = codec.encode()
        content = content_name(prefix, parts)
        whole = parts[0] if len(parts) == 1 and type(parts[0]) is bytes else None
        size = length(parts) if whole is None else len(whole)
        data: bytes | None = None
        if size <= INLINE and not encoded.attachments:
            data = b"".join(parts) if whole is None else whole
        else:
            size += self._write(f"{content}.{codec}", prefix, encoded)
        return Output(
            content=content,
            codec=codec,
            type=encoded.type,
            size=size,
            rows=encoded.rows,
            columns=encoded.columns,
            preview=encoded.preview,
            data=data,
        )

    def get(self, output: Output) -> Any:
        """The value, isolated: changing it changes no other reader's.

        Raises CorruptOutputError where what is kept is not what was written, StoreError where it cannot be read.
        """
        codec, data = self._bytes(output)
        try:
            return codec.decode(data, self._attachment)
        except StoreError:
            raise
        except Exception as error:
            raise CorruptOutputError(
                f"the {output.type} {output.content} could not be loaded: {type(error).__name__}: {error}",
                hint="run the block that made it again, or put its class back as it was",
            ) from error

    def look(self, output: Output) -> Seen:
        """What can be seen of the value without loading anything that could run code. Raises as `get` does."""
        codec, data = self._bytes(output)
        try:
            return codec.look(data, self._attachment, output.columns or ())
        except StoreError:
            raise
        except Exception as error:
            raise CorruptOutputError(
                f"the {output.type} {output.content} could not be looked into: {type(error).__name__}: {error}",
                hint="run the block that made it again: %pipeline run --force BLOCK",
            ) from error

    def _bytes(self, output: Output) -> tuple[codecs.Codec, Any]:
        """The codec that an output was kept with, and its bytes, which are what was written."""
        try:
            codec = codecs.get(output.codec)
        except KeyError:
            raise StoreError(
                f"no codec {output.codec!r} in this version, which the {output.type} was kept with",
                hint="pip install --upgrade jupyter_mage",
            ) from None
        prefix = output.codec.encode()
        if output.data is None:
            return codec, self._files.read(f"{output.content}.{output.codec}", prefix)
        if content_name(prefix, [output.data]) != output.content:
            raise CorruptOutputError(
                f"the {output.type} {output.content} in the history is not what was written",
                hint="run the block that made it again: %pipeline run --force BLOCK",
            )
        return codec, bytearray(output.data)  # a copy of its own: what is made of it may be written to

    def has(self, output: Output) -> bool:
        """Whether `get` would find it: looks at the files' sizes, does not read them."""
        if output.data is not None:
            return True
        try:
            name = f"{output.content}.{output.codec}"
            if not codecs.get(output.codec).splits:
                return self._files.has(name, output.size)
            wanted = self._attached(name, output.codec)
        except (StoreError, KeyError, ValueError):
            return False
        return all(self._files.has(attachment, size) for attachment, size in wanted)

    def collect(self, keep: set[str], *, age: float = 3600.0) -> int:
        """Remove what no name in ``keep`` (contents of outputs) speaks of and is older than ``age`` seconds; gives the count."""
        if not self.root.exists():
            return 0
        wanted = set()
        for name in self._files.names():
            content, _, codec = name.partition(".")
            if content in keep:
                wanted.add(name)
                try:
                    wanted.update(attachment for attachment, _ in self._attached(name, codec))
                except (StoreError, KeyError, ValueError):
                    continue  # corrupt, or of a newer version: kept, and nothing can be said of what it speaks of
        return self._files.collect(wanted, age=age)

    def _attached(self, name: str, codec: str) -> list[tuple[str, int]]:
        if not codecs.get(codec).splits:
            return []
        return list(codecs.get(codec).attached(self._files.read(name, codec.encode())))

    def _attachment(self, name: str) -> memoryview:
        return self._files.read(name, ATTACHMENT)

    def _write(self, name: str, prefix: bytes, encoded: codecs.Encoded) -> int:
        """Write the attachments, then what speaks of them; gives the attachments' bytes."""
        attachments = encoded.attachments or {}
        try:
            if not self._ready:
                self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
                self._ready = True
            with self._files.locked():
                for attachment, parts in attachments.items():
                    self._files.write(attachment, ATTACHMENT, parts)
                self._files.write(name, prefix, encoded.parts)
        except OSError as error:
            raise StoreError(
                f"the output could not be written below {self.root}: {reason(error)}",
                hint="free what is missing, then run the block again; outputs already kept are untouched",
            ) from error
        return sum(map(length, attachments.values()))

    def __repr__(self) -> str:
        return f"LocalStore({os.fspath(self.root)!r})"
