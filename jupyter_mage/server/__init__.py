"""The Jupyter server's part: what is on disk, for screens that have no kernel. Projects, runs, logs, outputs, as JSON.

``jupyter_mage.json`` in the server's configuration switches it on. What is served stands in `browsing` and `starting`; here is
only how it is asked for: `routes` is the table, `handlers` lets nobody in who may not be.
"""

from __future__ import annotations

from typing import Any


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": "jupyter_mage.server"}]


def _load_jupyter_server_extension(app: Any) -> None:
    from .handlers import handlers

    app.web_app.add_handlers(".*$", handlers(app.web_app.settings["base_url"], app.root_dir))
    app.log.info("jupyter_mage shows the pipelines below %s", app.root_dir)
