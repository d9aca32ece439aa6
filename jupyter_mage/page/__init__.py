"""One run as one HTML page that needs nothing else: graph, table, times, errors, logs, variables, versions.

It reads without scripts: the still picture and the tables stand in it. Where scripts run, the graph is the one of JupyterLab,
from ``static/page.js``; a policy in the page allows this one script and no network. Every word of a pipeline goes in escaped.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from functools import lru_cache
from importlib import resources
from typing import Final

from .. import redaction, view
from .gathering import of_run
from .parts import Kept, body, colours

__all__ = ["Kept", "of_run", "page"]

_FITS: Final = ' style="max-width:100%;height:auto"'
_ENDS = re.compile(r"<(?=/?script|!--)", re.IGNORECASE)


def page(kept: Kept) -> str:
    """The whole document. Known secrets are hidden, and the values of variables that are named like secrets."""
    kept = Kept(**{name: redaction.hide_all(getattr(kept, name)) for name in Kept.__slots__})
    still = view.svg(kept.picture).replace(_FITS, "", 1).replace("@media(prefers", "@media screen and (prefers", 1)
    script, style = _built("page.js"), f"{_own()}{colours()}{_built('page.css')}"
    inner = re.search(r"<style>(.*?)</style>", still, re.DOTALL)
    policy = "; ".join(
        [
            "default-src 'none'",
            f"script-src {_hash(script)}" if script else "script-src 'none'",
            f"style-src {_hash(style)}" + (f" {_hash(inner[1])}" if inner else ""),
            "base-uri 'none'",
            "form-action 'none'",
        ]
    )
    data = json.dumps(kept.picture, ensure_ascii=True, separators=(",", ":")).replace("<", "\\u003c")
    live = f'<script type="application/json" id="jm-picture">{data}</script>\n<script>{script}</script>\n' if script else ""
    title, content = body(kept, still)
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n<meta name="color-scheme" content="light dark">\n'
        f"<title>{title}</title>\n<style>{style}</style>\n</head>\n<body>\n{content}\n{live}</body>\n</html>\n"
    )


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


@lru_cache(maxsize=1)
def _own() -> str:
    return resources.files(__package__).joinpath("page.css").read_text("utf-8")


@lru_cache(maxsize=2)
def _built(name: str) -> str:
    """What the build made of the browser's sources; empty where it was not run, and the page is still then."""
    file = resources.files("jupyter_mage").joinpath("static", name)
    try:
        text = file.read_text("utf-8").replace("\r\n", "\n")
    except OSError:
        return ""
    return _ENDS.sub(r"\\x3c", text) if name.endswith(".js") else text.replace("</", "<\\/")
