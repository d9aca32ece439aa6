"""Looks for bad input with atheris, guided by the branches that our reading code takes: `make fuzz`.

    python tests/fuzz.py --seconds 60            each target for so long
    python tests/fuzz.py --target header --seconds 600

A finding is written to the folder it says; put its text into `test_any_input.py`, and mend it.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path


def fuzz(target: str, seconds: int, corpus: Path) -> None:
    """Fuzz one target in this process, which ends with it."""
    import logging
    import warnings

    import atheris

    with atheris.instrument_imports(include=["jupyter_mage"]):
        from fuzz_targets import SEEDS, TARGETS
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    (corpus / "seeds").mkdir(parents=True, exist_ok=True)
    for number, text in enumerate(SEEDS[target]):
        (corpus / "seeds" / str(number)).write_bytes(text.encode())

    def throw(data: bytes) -> None:
        TARGETS[target](data.decode("utf-8", "replace"))

    options = [
        f"-max_total_time={seconds}",
        "-max_len=400",
        "-timeout=20",
        "-rss_limit_mb=4096",
        f"-artifact_prefix={corpus}/",
        "-verbosity=0",
    ]
    atheris.Setup([sys.argv[0], *options, str(corpus / "seeds")], throw)
    atheris.Fuzz()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--target")
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--here", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.here:
        fuzz(given.target, given.seconds, Path(given.here))
        return 0
    from fuzz_targets import TARGETS

    folder, failed = Path(tempfile.mkdtemp(prefix="fuzz-")), []
    for target in [given.target] if given.target else sorted(TARGETS):
        print(f"{target}: {given.seconds} s", flush=True)
        command = [sys.executable, __file__, "--target", target, "--seconds", str(given.seconds), "--here", str(folder / target)]
        if subprocess.run(command, env=dict(os.environ, PYTHONWARNINGS="ignore")).returncode:
            failed.append(target)
    print(f"found something in: {', '.join(failed)}; see {folder}" if failed else "nothing found")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
