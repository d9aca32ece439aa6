"""Proof that a pipeline gives outside the notebook what it gives in it.

The pipeline is exported to a temporary project and run there in a fresh process, which has none of the notebook's names, imports,
environment or kept outputs; each output is compared with the notebook's by content.
"""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol

from .code import dependencies
from .code.parameters import values
from .comparing import differences
from .engine import Request, has_effects, needed, runs
from .errors import JupyterMageError, RunError
from .files import atomic_write
from .fingerprint import Fingerprint, changed
from .model import Block, Output, Pipeline
from .plugins import Store, formats, sinks, stores
from .spelling import kind_of

STATE = ".jupyter_mage"
RECORD = "verified.json"
AGAIN_WITHIN = 60.0
"""Seconds that a block may have taken for it to be run a second time, to see whether it gives another result each time."""

GLYPHS = {"equal": "✓", "differs": "✗", "failed": "✗", "not run": "–", "leaky": "!", "manual": "–"}
WRONG = frozenset({"differs", "failed"})


class Grounds(Protocol):
    """Of a session, what this needs."""

    root: Path
    fingerprint: Fingerprint

    @property
    def pipeline(self) -> Pipeline: ...
    @property
    def store(self) -> Any: ...
    @property
    def history(self) -> Any: ...
    @property
    def state_folder(self) -> Path: ...


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What became of one block."""

    block: str
    state: str
    """``equal``, ``differs``, ``failed`` (it runs in the notebook only), ``not run``, ``leaky`` or ``manual`` (has effects)."""
    lines: tuple[str, ...] = ()
    """Why, or what differs: which columns, how many rows, the first value."""
    hint: str = ""
    content: str = ""
    """Name by content of the output that both gave."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What a verification came to."""

    pipeline: str
    verdicts: tuple[Verdict, ...]
    seconds: float

    @property
    def good(self) -> bool:
        """Whether nothing differs and nothing failed."""
        return not any(each.state in WRONG for each in self.verdicts)

    def count(self, state: str) -> int:
        return sum(each.state == state for each in self.verdicts)

    def text(self) -> str:
        """One line a block with what is to be said of it, and a sum.

        >>> print(Verification(pipeline="p", verdicts=(Verdict(block="raw", state="equal"),), seconds=1.2).text())
        ✓ raw  equal
        verified p in a fresh process: 1 equal   (1.2 s)
        """
        width = max((len(each.block) for each in self.verdicts), default=0)
        lines = []
        for each in self.verdicts:
            said = [*each.lines, *([f"→ {each.hint}"] if each.hint else [])]
            first = f"{GLYPHS[each.state]} {each.block:<{width}}  {each.state:<7}  {said[0] if said else ''}"
            lines += [first.rstrip(), *(f"{'':<{width + 13}}{line}" for line in said[1:])]
        counts = [f"{count} {'differ' if state == 'differs' else state}" for state in GLYPHS if (count := self.count(state))]
        head = f"verified {self.pipeline} in a fresh process" if self.good else f"{self.pipeline} differs in a fresh process"
        return "\n".join([*lines, f"{head}: {', '.join(counts)}   ({self.seconds:.1f} s)"])


@dataclasses.dataclass(frozen=True, slots=True)
class _Known:
    """What the notebook has of a block: its output, or why there is nothing to compare with."""

    output: Output | None = None
    reason: str = ""


def verify(grounds: Grounds, request: Request, *, effects: bool = False) -> Verification:
    """Export what ``request`` asks for, run it in a fresh process, and compare. Raises JupyterMageError where nothing can be.

    Blocks that change something outside are run only with ``effects``.
    """
    began = time.monotonic()
    pipeline = dataclasses.replace(grounds.pipeline, blocks=tuple(each for each in grounds.pipeline if runs(each)))
    wanted = needed(pipeline, tuple(dict.fromkeys(name.split("[")[0] for name in request.targets)))  # as its author wrote it
    left_out = _left_out(pipeline, wanted, effects=effects)
    known = _known(grounds, pipeline, request.variables, wanted)
    ours = [name for name in wanted if name not in left_out]
    if not any(known[name].output for name in ours):
        reasons = [f"  {name}: {verdict.lines[0]}" for name, verdict in left_out.items()][:12]
        raise JupyterMageError(
            "\n".join(["there is nothing to compare with: no block of it has an up-to-date output here", *reasons]),
            hint="%pipeline run, then %pipeline verify",
        )
    kept = {name: _among(pipeline[name], ours) for name in ours}
    chosen = dataclasses.replace(pipeline, blocks=tuple(kept[block.name] for block in pipeline if block.name in kept))
    with tempfile.TemporaryDirectory(prefix="jupyter_mage_verify_", ignore_cleanup_errors=True) as folder:
        fresh = _Fresh(Path(folder) / grounds.root.name, chosen, grounds.root, request.variables)
        run = fresh.run(ours)
        with fresh.results() as (outputs, store):
            verdicts = dict(left_out)
            for name in ours:
                verdicts[name] = _verdict(pipeline[name], known[name], run.get(name, {}), outputs.get(name), grounds.store, store)
            verdicts = _explained(pipeline, verdicts, fresh, outputs, run)
    found = Verification(
        pipeline=pipeline.name, verdicts=tuple(verdicts[name] for name in wanted), seconds=time.monotonic() - began
    )
    _record(grounds.state_folder, found)
    return found


def _left_out(pipeline: Pipeline, wanted: Sequence[str], *, effects: bool) -> dict[str, Verdict]:
    """Blocks that a fresh process cannot or may not run, and those that need one of them."""
    found: dict[str, Verdict] = {}
    for name in wanted:
        block = pipeline[name]
        above = next((each for each in block.needs if each in found), None)
        if block.leaks:
            lines = tuple(f"reads {leak.name}, which a clean run does not have" for leak in block.leaks)
            found[name] = Verdict(block=name, state="leaky", lines=lines, hint="make it an upstream or a parameter")
        elif above is not None:
            found[name] = Verdict(block=name, state="not run", lines=(f"needs {above}, which was not run",))
        elif (has_effects(block) or kind_of(block).watches) and not effects:
            found[name] = Verdict(block=name, state="manual", lines=("has effects outside: --effects runs it too",))
    return found


def _among(block: Block, names: Sequence[str]) -> Block:
    """The block, telling no callback that is left out."""
    callbacks = tuple(each for each in block.callbacks if each in names)
    return block if callbacks == block.callbacks else dataclasses.replace(block, callbacks=callbacks, header="")


def _known(grounds: Grounds, pipeline: Pipeline, variables: Mapping[str, Any], wanted: Sequence[str]) -> dict[str, _Known]:
    """The notebook's outputs, as far as they are of the blocks as they are defined now."""
    latest = grounds.history.latest(pipeline.name)
    found: dict[str, _Known] = {}
    for name in wanted:
        block, last = pipeline[name], latest.get(name)
        if last is None:
            found[name] = _Known(reason="has no output here to compare with")
            continue
        contents = {each: latest[each].output.content for each in block.upstreams if each in latest}
        now = grounds.fingerprint.from_contents(block, contents, values(block, variables))
        reasons = [reason.splitlines()[0] for reason in changed(last.ingredients, now)]
        if not last.key:
            reasons = ["it ran with names that a clean run does not have"]
        if last.ingredients.get("sample") is not None:
            reasons.append("it was a sample")
        if reasons:
            found[name] = _Known(reason=f"has no up-to-date output here: {', '.join(reasons)}")
        elif not grounds.store.has(last.output):
            found[name] = _Known(reason="its output is not kept any more")
        else:
            found[name] = _Known(output=last.output)
    return found


def _verdict(block: Block, known: _Known, ran: Mapping[str, Any], theirs: Output | None, ours: Store, fresh: Store) -> Verdict:
    name = block.name
    if theirs is None:
        if ran.get("status") == "failed":
            where = f" (line {ran['line']})" if ran.get("line") else ""
            said = f"in a fresh process: {ran.get('error')}".split("\n")[0] + where
            return Verdict(block=name, state="failed", lines=(said,), hint=_hint_of_failure(str(ran.get("error")), block))
        return Verdict(block=name, state="not run", lines=(str(ran.get("reason") or "the fresh process did not get to it"),))
    if known.output is None:
        return Verdict(
            block=name, state="not run", lines=(f"{known.reason}; it ran in the fresh process",), hint=f"%pipeline run {name}"
        )
    if theirs.content == known.output.content:
        return Verdict(block=name, state="equal", content=theirs.content)
    found = differences(ours.get(known.output), fresh.get(theirs))
    if not found:  # other bytes of the same value: a set in another order, say
        return Verdict(block=name, state="equal", content=known.output.content)
    return Verdict(block=name, state="differs", lines=tuple(found))


def _hint_of_failure(error: str, block: Block) -> str:
    if error.startswith("FileNotFoundError"):
        return "a file that the block reads travels along when its header says so: --file PATH"
    if error.startswith(("ModuleNotFoundError", "ImportError")):
        return "the notebook can import it and a fresh process cannot: install it, or put the module beside the notebook"
    if "environ" in block.source or "getenv" in block.source:
        return "a fresh process has no variables that the notebook set: make it a parameter"
    return "it works with something that only this notebook has"


def _explained(
    pipeline: Pipeline, verdicts: Mapping[str, Verdict], fresh: _Fresh, outputs: Mapping[str, Output], run: Mapping[str, Any]
) -> dict[str, Verdict]:
    """Why blocks differ: their inputs do; they give another result each time, as a second run shows; or the surroundings do."""
    made = dict(verdicts)
    causes = []
    for name, verdict in verdicts.items():
        above = [each for each in pipeline[name].upstreams if each in verdicts and verdicts[each].state == "differs"]
        if verdict.state == "differs" and above:
            made[name] = dataclasses.replace(verdict, lines=(f"its input {', '.join(above)} differs", *verdict.lines))
        elif verdict.state == "differs":
            causes.append(name)
    quick = [
        name for name in causes if (run.get(name, {}).get("seconds") or 0.0) <= AGAIN_WITHIN and not has_effects(pipeline[name])
    ]
    if quick:
        fresh.run(quick, "--force")
        with fresh.results() as (again, _):
            changing = {name for name in quick if name in again and again[name].content != outputs[name].content}
        for name in causes:
            hint = _EACH_TIME if name in changing else _OUTSIDE
            made[name] = dataclasses.replace(made[name], hint=hint)
    return made


_EACH_TIME = "it gives another result each time (random, the time now …): seed it, or make what changes a parameter"
_OUTSIDE = (
    "with the same inputs: it depends on something outside (a file, the environment, what the notebook changed in a module)"
)


class _Fresh:
    """The exported project in a temporary folder, and a process for it that knows nothing of ours."""

    def __init__(self, folder: Path, pipeline: Pipeline, root: Path, variables: Mapping[str, Any]) -> None:
        self.folder, self.pipeline = folder, pipeline
        self.variables = {name: value for name, value in variables.items() if pipeline.variables.get(name) != value}
        folder.mkdir(parents=True)
        formats.get("mage").write(pipeline, folder)
        _bring_along(pipeline, root, folder)

    def run(self, names: Sequence[str], *options: str) -> dict[str, Any]:
        """Run these blocks; what the command says of each. Raises RunError where it does not come to that."""
        command = [sys.executable, "-m", "jupyter_mage.cli", "run", str(self.folder), self.pipeline.name, "--json", *options]
        if len(names) < len(self.pipeline):
            command += ["--select", " ".join(names)]
        for name, value in self.variables.items():
            command += ["--var", f"{name}={value if isinstance(value, str) else json.dumps(value, default=str)}"]
        code, out, err = _ended(command, self.folder)
        try:
            said = json.loads(out)
        except ValueError:
            last = (err.strip().splitlines() or [f"exit code {code}"])[-1]
            raise RunError(f"the fresh process ended before it could run anything: {last}", hint="%pipeline check") from None
        return {each["name"]: each for each in said["blocks"]}

    @contextmanager
    def results(self) -> Iterator[tuple[dict[str, Output], Store]]:
        """What it gave: outputs by block, and the store that has them."""
        history = sinks.get("history")(self.folder / STATE)
        try:
            latest = history.latest(self.pipeline.name)
            yield {name: each.output for name, each in latest.items()}, stores.get("local")(self.folder / STATE / "store")
        finally:
            history.close()


def _bring_along(pipeline: Pipeline, root: Path, folder: Path) -> None:
    """The project's own modules that blocks import are copied, and files that headers name are linked: they belong to it."""
    texts = [text for block in pipeline for text in (block.source, *(each.source for each in block.captured))]
    names = {name for text in texts for name in dependencies.imported(text)}
    own = f"{root.name}."  # Mage puts the project's parent on the path: `from project.utils import …`
    sources = [f"import {name.removeprefix(own)}" for name in sorted(names)]
    for path in dependencies.local_modules(sources, root):
        _place(root / path, folder / path, copy=True)
    for path in dict.fromkeys(path for block in pipeline for path in block.files):
        _place(root / path, folder / path, copy=False)


def _place(source: Path, target: Path, *, copy: bool) -> None:
    if target.exists() or not source.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    if copy:
        shutil.copy2(source, target)
    else:
        target.symlink_to(source.resolve())


def _environment() -> dict[str, str]:
    """What this process was started with: variables that cells set are not there. Nothing of the front end's."""
    raw = b""
    with suppress(OSError):
        raw = Path("/proc/self/environ").read_bytes()
    started = dict(pair.partition(b"=")[::2] for pair in raw.split(b"\0") if b"=" in pair)
    found = {os.fsdecode(name): os.fsdecode(value) for name, value in started.items()} or dict(os.environ)
    return {name: value for name, value in found.items() if not name.startswith(_NOT_OURS) and name not in _STARTUP}


_NOT_OURS = ("JPY_", "__vsc_", "JUPYTER_MAGE_")
_STARTUP = frozenset({"PYTHONSTARTUP", "PYTHONINSPECT", "MPLBACKEND"})


def _ended(command: Sequence[str], folder: Path) -> tuple[int, str, str]:
    """Exit code and both outputs of a command; it never outlives us."""
    process = subprocess.Popen(  # noqa: S603 (our own command)
        command, cwd=folder, env=_environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, start_new_session=True,
    )  # fmt: skip
    try:
        out, err = process.communicate()
    except BaseException:
        with suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGINT)  # it cancels its run, and its workers with it
        with suppress(subprocess.TimeoutExpired):
            process.wait(5.0)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        raise
    return process.returncode, out, err


# ---- what was verified when


def _record(state_folder: Path, found: Verification) -> None:
    """Note for each block that was equal which content that was, and when; a block that differs is verified no more."""
    kept = _read_record(state_folder)
    blocks = kept.setdefault(found.pipeline, {})
    now = time.time()
    for each in found.verdicts:
        if each.state == "equal":
            blocks[each.block] = {"content": each.content, "at": now}
        elif each.state in WRONG:
            blocks.pop(each.block, None)
    atomic_write(state_folder / RECORD, json.dumps(kept, indent=1, sort_keys=True) + "\n")


def verified_at(state_folder: Path, pipeline: str, outputs: Mapping[str, str]) -> dict[str, float]:
    """When each block was last verified with the output that it has now, in seconds since 1970. ``outputs`` are content names."""
    kept = _read_record(state_folder).get(pipeline, {})
    return {name: kept[name]["at"] for name, content in outputs.items() if kept.get(name, {}).get("content") == content}


def _read_record(state_folder: Path) -> dict[str, Any]:
    try:
        found = json.loads((state_folder / RECORD).read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def listed(found: Iterable[Verdict]) -> list[dict[str, Any]]:
    """The verdicts as JSON."""
    return [dataclasses.asdict(each) for each in found]
