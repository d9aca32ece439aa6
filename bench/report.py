"""What the rounds come to: medians, minima, ratios to us, targets; as a dict for JSON and as a table.

``python bench/report.py figures.json`` prints the tables as Markdown, for ``docs/performance.md``.
"""

from __future__ import annotations

import json
import statistics
import sys
from pathlib import Path
from typing import Any

from contenders import all_variants
from workloads import Workload, all_workloads

US = "jupyter_mage"
FLOOR = "floor"


def summary(workload: Workload, n: int, rounds: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """The figures: for each contender ``ok``, ``wall_ms`` and ``cpu_ms`` (median, min), ``ratio`` to us by CPU, its rounds."""
    found: dict[str, Any] = {}
    for name, records in rounds.items():
        good = [record for record in records if record["ok"]]
        errors = [record["error"] for record in records if not record["ok"]]
        entry: dict[str, Any] = {"ok": bool(good) and not errors, "rounds": records}
        if errors:
            entry["error"] = errors[0]
        nothing = [record["nothing"] for record in records if "nothing" in record]
        if nothing:
            entry["nothing"] = nothing[0]  # no mistake: it took longer than anybody waits
        if good:
            entry |= {"versions": good[0].get("versions", {})}
            entry |= {kind: _middle([record[f"{kind[:-3]}_s"] * 1000 for record in good]) for kind in ("wall_ms", "cpu_ms")}
        found[name] = entry
    ours = found.get(US, {}).get("cpu_ms")
    for entry in found.values():
        if ours and "cpu_ms" in entry:
            entry["ratio"] = entry["cpu_ms"]["median"] / max(ours["median"], 1e-6)
    targets = _targets(workload, n, found)
    return {"title": workload.title, "n": n, "blocks": workload.blocks_in(n), "targets": targets, "contenders": found}


def _middle(values: list[float]) -> dict[str, float]:
    return {"median": statistics.median(values), "min": min(values)}


def _targets(workload: Workload, n: int, found: dict[str, Any]) -> list[dict[str, Any]]:
    """Each target with what was measured and whether it is met; only at the size that it is for, and only for who took part."""
    if n not in (workload.aims or (workload.n,)):
        return []
    ours, targets = found.get(US, {}).get("cpu_ms"), []
    for name, limit in workload.limits_ms.items():
        if "cpu_ms" in found.get(name, {}):
            targets.append({"what": f"ms of CPU, {name}", "at_most": limit, "is": found[name]["cpu_ms"]["median"]})
    floor = found.get(FLOOR, {}).get("cpu_ms")
    if workload.floor_ms is not None and floor is not None and ours is not None:
        over = ours["median"] - floor["median"]
        targets.append({"what": "ms of CPU over bare Python", "at_most": workload.floor_ms, "is": over})
    for name, factor in workload.ratios.items():
        if "ratio" in found.get(name, {}):
            targets.append({"what": f"times below {name}", "at_least": factor, "is": found[name]["ratio"]})
    targets += workload.goals(found)
    for target in targets:
        target["met"] = target["is"] <= target["at_most"] if "at_most" in target else target["is"] >= target["at_least"]
    return targets


def table(workload: Workload, result: dict[str, Any], notes: dict[str, str]) -> str:
    """The workload's table, fastest first, and its targets."""
    blocks = result["blocks"]
    timed = ["wall ms", "(min)", "CPU ms", "(min)", *(["CPU µs a block"] if blocks else []), "× us"]
    head = ["contender", *([] if workload.rank else timed), *workload.columns.values()]
    rows = []
    ranked = _ranked(workload, result)
    failures = []
    for name, entry in ranked:
        if "cpu_ms" in entry:
            rows.append([name, *_timed(entry, blocks, workload), *_more(entry, workload)])
        if not entry["ok"]:
            failures.append(f"{name} is not ok: {entry.get('error', 'no round')}")
    size = f"{result['n']:,}".replace(",", " ")
    lines = [
        f"{workload.name}: {workload.title}" + (f", n = {size}" if result["n"] > 1 else ""),
        *_aligned([head, *rows], notes, workload.kept),
    ]
    return "\n".join([*lines, *failures, *map(_target_line, result["targets"]), ""])


def _ranked(workload: Workload, result: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Fastest first; last those without a figure."""

    def place(item: tuple[str, dict[str, Any]]) -> float:
        values = [record[workload.rank] for record in item[1]["rounds"] if record["ok"] and workload.rank in record]
        figure = (statistics.median(values) if values else None) if workload.rank else item[1].get("cpu_ms", {}).get("median")
        return 1e9 if figure is None else float(figure)

    return sorted(result["contenders"].items(), key=place)


def _timed(entry: dict[str, Any], blocks: int | None, workload: Workload) -> list[str]:
    """Wall time and CPU, where the workload is about these."""
    if workload.rank:
        return []
    wall, cpu = entry["wall_ms"], entry["cpu_ms"]
    row = [_number(wall["median"]), _number(wall["min"]), _number(cpu["median"]), _number(cpu["min"])]
    if blocks:
        row.append(_number(cpu["median"] * 1000 / blocks))
    return [*row, _number(entry["ratio"]) if "ratio" in entry else ""]


def _more(entry: dict[str, Any], workload: Workload) -> list[str]:
    row = []
    for column in workload.columns:
        values = [record[column] for record in entry["rounds"] if record["ok"] and column in record]
        middle = statistics.median(values) if values else None
        row.append("" if middle is None else _number(middle * (1000 if column.endswith("_s") else 1)))
    return row


def _aligned(rows: list[list[str]], notes: dict[str, str], kept: str) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for number, row in enumerate(rows):
        cells = [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        lines.append("  ".join([*cells, kept if not number else notes.get(row[0], "")]).rstrip())
    return lines


def _target_line(target: dict[str, Any]) -> str:
    return f"{'met   ' if target['met'] else 'MISSED'} {_bound(target)}: {_number(target['is'])}"


def _number(value: float) -> str:
    """Three figures that mean something: ``0.07``, ``7.1``, ``71``, ``7 100``."""
    if abs(value) >= 100:
        return f"{value:,.0f}".replace(",", " ")
    return f"{value:.1f}" if abs(value) >= 1 else f"{value:.2f}"


def markdown(document: dict[str, Any]) -> str:
    """All tables of a JSON document of `run.py`, and a table of the targets."""
    workloads, notes = all_workloads(), {name: variant.note for name, (_, variant) in all_variants().items()}
    parts, goals = [], ["| workload | target | measured | |", "|---|--:|--:|---|"]
    for name, result in document["workloads"].items():
        workload = workloads[name.partition("@")[0]]
        lines = _turned(workload, result) if workload.rank else _lines(workload, result, notes)
        size = f"{result['n']:,}".replace(",", " ")
        parts.append(
            "\n".join([f"### `{workload.name}`: {workload.title}" + (f", n = {size}" if result["n"] > 1 else ""), "", *lines, ""])
        )
        goals += [
            f"| `{name}` | {_bound(each)} | {_number(each['is'])} | {'met' if each['met'] else 'missed'} |"
            for each in result["targets"]
        ]
    return "\n".join([*goals, "", *parts])


def _lines(workload: Workload, result: dict[str, Any], notes: dict[str, str]) -> list[str]:
    """A contender a line."""
    head = ["contender", "CPU ms", "(least)", "wall ms", "× us", *workload.columns.values(), "keeps"]
    lines = ["| " + " | ".join(head) + " |", "|---|" + "--:|" * (len(head) - 2) + "---|"]
    for contender, entry in _ranked(workload, result):
        if "cpu_ms" in entry:
            wall, _, cpu, cpu_least, ratio = _timed(entry, None, workload)
            cells = [_bold(contender), cpu, cpu_least, wall, ratio, *_more(entry, workload)]
            lines.append("| " + " | ".join([*cells, notes.get(contender, "")]) + " |")
    return lines


def _turned(workload: Workload, result: dict[str, Any]) -> list[str]:
    """A contender a column: of many figures, each has some only."""
    taking_part = [(name, entry) for name, entry in _ranked(workload, result) if "cpu_ms" in entry or "nothing" in entry]
    lines = ["| | " + " | ".join(_bold(name) for name, _ in taking_part) + " |", "|---|" + "--:|" * len(taking_part)]
    figures = [_more(entry, workload) for _, entry in taking_part]
    for place, (column, title) in enumerate(workload.columns.items()):
        cells = [row[place] for row in figures]
        if any(cells):
            nothing = [entry.get("nothing", "") if column == workload.rank else "" for _, entry in taking_part]
            lines.append(
                f"| {title} | " + " | ".join(cell or none or "–" for cell, none in zip(cells, nothing, strict=True)) + " |"
            )
    return lines


def _bold(contender: str) -> str:
    return f"**{contender}**" if contender.startswith(US) else contender


def _bound(target: dict[str, Any]) -> str:
    sign, bound = ("≤", target["at_most"]) if "at_most" in target else ("≥", target["at_least"])
    return f"{sign} {bound:g} {target['what']}"


if __name__ == "__main__":
    print(markdown(json.loads(Path(sys.argv[1]).read_text())))
