"""``python -m jupyter_mage.mage_compat._child``: reads a request for a run from stdin, runs it, writes how it ended as JSON."""

from __future__ import annotations

import json
import os
import signal
import sys
from typing import Any


def main() -> None:
    """Run what stdin asks for; the last line of stdout is ``{"status": …, "id": …, "error": …}``."""
    from ..errors import JupyterMageError
    from ..session import Session

    request = json.load(sys.stdin)
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    answer: dict[str, Any]
    try:
        session = Session.open(request["path"], request["pipeline"], origin="trigger")
        os.chdir(session.root)
        try:
            run = session.run(request["selection"], variables=request["variables"])
            failures = [
                f"{each.name} failed: {each.failure.error}: {each.failure.message}" for each in run.failed if each.failure
            ]
            answer = {"status": run.status, "id": run.id, "error": failures[0] if failures else ""}
        finally:
            session.close()
    except JupyterMageError as error:
        answer = {"status": "failed", "error": str(error)}
    print(json.dumps(answer), flush=True)  # noqa: T201
    sys.exit(answer["status"] != "succeeded")


if __name__ == "__main__":
    main()
