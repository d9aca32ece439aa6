"""What the extension adds to a shell beside its magics: Tab, ``?``, the name ``blocks``; each taken back when it is unloaded."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

from ..handles import Blocks
from ..session import Session
from . import completion, helping


def attach(ip: Any, session: Session) -> Callable[[], None]:
    """Add them; the answer takes them back."""
    undo = [_complete(ip, session), _explain(ip), _name(ip, session)]

    def detach() -> None:
        for each in undo:
            each()

    return detach


def _complete(ip: Any, session: Session) -> Callable[[], None]:
    ours = completion.matcher(session)
    ip.Completer.custom_matchers.append(ours)
    return lambda: ip.Completer.custom_matchers.remove(ours)


def _explain(ip: Any) -> Callable[[], None]:
    hooks = ip.inspector.mime_hooks
    before = hooks.get("text/plain")

    def text(data: Any) -> Any:
        ours = helping.text(data)
        return ours if ours is not None or before is None else before(data)

    hooks["text/plain"] = text
    ip.input_transformers_cleanup.append(helping.asked)

    def undo() -> None:
        ip.input_transformers_cleanup.remove(helping.asked)
        hooks.pop("text/plain", None)
        if before is not None:
            hooks["text/plain"] = before

    return undo


def _name(ip: Any, session: Session) -> Callable[[], None]:
    """``blocks``, unless the notebook has a name like it; there again after ``%reset``."""
    blocks = session.blocks

    def bind(*_: object) -> None:
        if "blocks" not in ip.user_ns:
            ip.push({"blocks": blocks}, interactive=False)  # hidden from %who

    bind()
    ip.events.register("pre_run_cell", bind)

    def undo() -> None:
        with contextlib.suppress(ValueError):
            ip.events.unregister("pre_run_cell", bind)
        if isinstance(ip.user_ns.get("blocks"), Blocks):
            ip.drop_by_id({"blocks": ip.user_ns["blocks"]})

    return undo
