"""Us and the peers side by side, in one run.

``python bench/run.py [--workload chain,fan] [--contender joblib,kedro] [--n 1000] [--rounds 5] [--json FILE]``

Each measurement is a process of its own in a fresh folder; the contenders take turns, in another order each round. A result that
is wrong, or a block that did not run, makes the measurement not ok and the command's exit code 1.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import contenders
import report
import workloads
from contenders import OWN, Variant
from workloads import Workload

RESULTS = Path(__file__).resolve().parent / "results"


def main(arguments: list[str] | None = None) -> int:
    options = _options(arguments)
    everyone, everything = contenders.all_variants(), workloads.all_workloads()
    chosen = _named(options.workload, list(everything), "workload")
    wanted = _named(options.contender, list(everyone), "contender")
    missing = sorted({v.environment for name, (_, v) in everyone.items() if name in wanted and _python(v) is None})
    if missing:
        print(f"not installed, left out: {', '.join(missing)}   (bench/install.sh {' '.join(missing)})\n")
    results: dict[str, Any] = {}
    for name in chosen:
        runners = {
            key: pair for key, pair in everyone.items() if key in wanted and name in pair[1].workloads and _python(pair[1])
        }
        results |= _sizes(everything[name], runners, options)
    _write(options.json, {"version": 1, "at": time.time(), "machine": _machine(), "not_installed": missing, "workloads": results})
    return (
        0 if all(each["ok"] or "nothing" in each for result in results.values() for each in result["contenders"].values()) else 1
    )


def _sizes(workload: Workload, runners: dict[str, tuple[str, Variant]], options: argparse.Namespace) -> dict[str, Any]:
    """A workload's results, at each of its sizes: ``graph``, and ``graph@100`` for another than its own."""
    sizes = [options.n] if options.n and workload.sized else workload.sizes or [workload.n]
    results: dict[str, Any] = {}
    for n in sizes:
        name = workload.name if n == workload.n or len(sizes) == 1 else f"{workload.name}@{n}"
        result = report.summary(workload, n, _measure(workload, runners, n, options))
        notes = {key: variant.note for key, (_, variant) in runners.items()}
        print(report.table(workload, result, notes), flush=True)
        runners = {key: pair for key, pair in runners.items() if result["contenders"][key]["ok"]}
        results[name] = result
    return results


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--workload", default="", help="names, separated by commas; default: all")
    parser.add_argument("--contender", default="", help="names, separated by commas; default: all that are installed")
    parser.add_argument("--n", type=int, help="blocks, or rows of the frame; default: the workload's own")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument(
        "--budget", type=float, default=40, help="seconds after which a contender has no more rounds of a workload"
    )
    parser.add_argument("--json", type=Path, help="where the results go; default: a file in bench/results")
    return parser.parse_args(arguments)


def _named(text: str, known: list[str], what: str) -> list[str]:
    names = [name for name in text.replace(",", " ").split() if name] or known
    wrong = [name for name in names if name not in known]
    if wrong:
        sys.exit(f"no {what} {wrong[0]!r}; there are: {', '.join(known)}")
    return names


def _python(variant: Variant) -> Path | None:
    """The interpreter of the contender's environment, or None where that is not installed."""
    if variant.environment == OWN:
        return Path(sys.executable)
    python = contenders.environments() / variant.environment / "bin" / "python"
    return python if (python.parent.parent / "pinned").exists() else None


def _measure(
    workload: Workload, runners: dict[str, tuple[str, Variant]], n: int, options: argparse.Namespace
) -> dict[str, list[dict[str, Any]]]:
    """Rounds of all contenders, interleaved; a slow or failing one has fewer."""
    rounds: dict[str, list[dict[str, Any]]] = {name: [] for name in runners}
    spent = dict.fromkeys(runners, 0.0)
    for number in range(options.rounds):
        order = list(runners)
        random.Random(number).shuffle(order)
        for name in order:
            if spent[name] > options.budget or any(not each["ok"] for each in rounds[name]):
                continue
            started = time.perf_counter()
            rounds[name].append(_once(workload, *runners[name], n))
            spent[name] += time.perf_counter() - started
    return rounds


def _once(workload: Workload, file: str, variant: Variant, n: int) -> dict[str, Any]:
    python = _python(variant)
    if python is None:
        raise AssertionError(f"{variant.name} is not installed")
    with tempfile.TemporaryDirectory(prefix="jupyter_mage_bench_", ignore_cleanup_errors=True) as folder:
        return {"load": os.getloadavg()[0], **workload.measure(file, variant, python, Path(folder), n)}


def _machine() -> dict[str, Any]:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {"cpus": os.cpu_count(), "memory_gb": round(memory), "python": platform.python_version(), "system": platform.system()}


def _write(path: Path | None, document: dict[str, Any]) -> None:
    if path is None:
        RESULTS.mkdir(exist_ok=True)
        path = RESULTS / f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}.json"
    path.write_text(json.dumps(document, indent=1) + "\n")
    print(f"results: {path}")


if __name__ == "__main__":
    sys.exit(main())
