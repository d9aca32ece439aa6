"""Any order of editing, running, dying, resuming, collecting and damaging: what a slow model says is what the engine does."""

from __future__ import annotations

import os
import re
import shutil
import signal
import tempfile
from pathlib import Path

import lives
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from jupyter_mage import events as ev
from jupyter_mage.errors import JupyterMageError
from jupyter_mage.session import Session
from jupyter_mage.state import GOOD, Run, fold

NAMES = tuple("abcdef")
LEGAL = re.compile(r"(started (retrying started )*(succeeded|failed)?|cached|skipped|cancelled)? ?(cancelled)?")
SIZES = (10, 30_000)
"""Outputs of a few bytes stand in the history, others are files."""


class Project(RuleBasedStateMachine):
    """Blocks give ``[number] * size``, where the number is their own plus those of what they read; some fail."""

    def __init__(self) -> None:
        super().__init__()
        self.root = Path(tempfile.mkdtemp(prefix="jupyter_mage_machine"))
        self.before = Path.cwd()
        os.chdir(self.root)
        self.model: dict[str, tuple[int, tuple[str, ...], bool, int]] = {}
        self.session = self.opened()
        self.unfinished = ""
        """The run that can be resumed, where nothing was edited since."""

    def opened(self) -> Session:
        session = Session(self.root, pipeline="p")
        for name in self.model:
            session.define(*self.cell(name))
        return session

    def cell(self, name: str) -> tuple[str, str]:
        number, ups, fails, size = self.model[name]
        witness = (
            f"import os\nfd = os.open('ran', os.O_WRONLY | os.O_APPEND | os.O_CREAT)\nos.write(fd, b'{name} ')\nos.close(fd)\n"
        )
        total = " + ".join([str(number), *(f"{up}[0]" for up in ups)])
        return f"{name}({', '.join(ups)})", f"{witness}{'1 / 0' if fails else ''}\n[{total}] * {size}"

    # ---- the slow model

    def number(self, name: str) -> int:
        own, ups, _, _ = self.model[name]
        return own + sum(map(self.number, ups))

    def status(self, name: str) -> str:
        _, ups, fails, _ = self.model[name]
        if any(self.status(up) != "good" for up in ups):
            return "skipped"
        return "failed" if fails else "good"

    def above(self, names: set[str]) -> set[str]:
        more = {up for name in names for up in self.model[name][1]}
        return names if more <= names else self.above(names | more)

    def agrees(self, run: Run, names: set[str]) -> None:
        found = {name: "good" if block.status in GOOD else block.status for name, block in run.blocks.items()}
        assert found == {name: self.status(name) for name in names}
        assert run.status == ("succeeded" if set(found.values()) <= {"good"} else "failed")
        for name, how in found.items():
            if how == "good":
                value = self.session.store.inner.get(run.blocks[name].output)
                assert value == [self.number(name)] * self.model[name][3]
        told = self.session.history.events(run.id)
        kept = {name: block.status for name, block in fold(told).blocks.items()}
        assert kept == {name: block.status for name, block in run.blocks.items()}, [event.name for event in told]
        for name in names:
            last = max(at for at, event in enumerate(told) if isinstance(event, ev.RunStarted))
            words = [each.name.removeprefix("block_") for each in told[last:] if getattr(each, "block", "") == name]
            assert LEGAL.fullmatch(" ".join(words)), words
        self.unfinished = "" if run.status == "succeeded" else run.id

    # ---- what may happen

    @rule(
        at=st.integers(0, 5),
        number=st.integers(0, 3),
        ups=st.integers(0, 63),
        fails=st.integers(0, 4),
        size=st.sampled_from(SIZES),
    )
    def define(self, at: int, number: int, ups: int, fails: int, size: int) -> None:
        name = NAMES[at]
        chosen = tuple(up for n, up in enumerate(NAMES[:at]) if ups >> n & 1 and up in self.model)
        self.model[name] = number, chosen, fails == 0, size
        self.session.define(*self.cell(name))
        self.unfinished = ""

    @precondition(lambda self: self.model)
    @rule(force=st.booleans(), part=st.integers(0, 5))
    def run(self, force: bool, part: int) -> None:
        names = set(self.model)
        target = NAMES[part] if NAMES[part] in names else ""
        run = self.session.run(target, executor="inline", force=force)
        self.agrees(run, self.above({target}) if target else names)

    @precondition(lambda self: self.model)
    @rule(at=st.integers(1, 12), recorded=st.booleans())
    def die(self, at: int, recorded: bool) -> None:
        """Another process runs all, and is killed after so many events."""
        self.session.close()

        def life() -> None:
            session, told = self.opened(), iter(range(1, 100))

            def watch(_: ev.Event) -> None:
                if next(told) == at:
                    if recorded:
                        session.history.flush()
                    os.kill(os.getpid(), signal.SIGKILL)

            session.history  # opened first, so that it hears of events before we do
            session.stream.subscribe(watch)
            session.run(executor="inline", force=True)
            session.close()

        assert lives.end(lives.child(life), 60.0) in (0, -signal.SIGKILL)
        self.session = self.opened()
        runs = self.session.history.runs("p", 1)
        self.unfinished = (
            runs[0].id if runs and runs[0].status not in ("succeeded", "running") and runs[0].blocks == len(self.model) else ""
        )

    @precondition(lambda self: self.unfinished)
    @rule()
    def resume(self) -> None:
        before = self.session.past_run(self.unfinished)
        good = {n for n, block in before.blocks.items() if block.status in GOOD and self.session.store.has(block.output)}
        (self.root / "ran").unlink(missing_ok=True)
        run = self.session.resume(self.unfinished, executor="inline")
        ran = set((self.root / "ran").read_text().split()) if (self.root / "ran").exists() else set()
        assert run.id == before.id and not ran & good, f"{ran & good} ran again"
        self.agrees(run, set(before.blocks))

    @rule(limit=st.sampled_from((0, 100_000, 10**9)))
    def collect(self, limit: int) -> None:
        self.session.collect(limit)

    @rule(at=st.integers(0, 5), how=st.sampled_from(("delete", "cut")))
    def damage(self, at: int, how: str) -> None:
        """Under a new session: this one may hold values in memory."""
        self.session.close()
        for path in sorted(self.root.glob(".jupyter_mage/store/??/*"))[at : at + 1]:
            path.unlink() if how == "delete" else os.truncate(path, 10)
        self.session = self.opened()

    @rule()
    def reopen(self) -> None:
        self.session.close()
        self.session = self.opened()

    @invariant()
    def nothing_runs_for_ever(self) -> None:
        assert all(run.status != "running" for run in self.session.history.runs())
        assert self.session.history.notices == []

    def teardown(self) -> None:
        self.session.close()
        os.chdir(self.before)
        shutil.rmtree(self.root)


def machine(examples: int, steps: int, **more: object) -> None:
    checks = [HealthCheck.too_slow, HealthCheck.data_too_large]
    chosen = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        suppress_health_check=checks,
        database=None,
        derandomize=True,
    )
    run_state_machine_as_test(Project, settings=settings(chosen, **more))


def test_any_order_of_what_may_happen_agrees_with_a_slow_model() -> None:
    machine(25, 15)


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_thousands_of_orders_agree_with_a_slow_model() -> None:
    machine(2_000, 40)


def test_model_finds_an_engine_that_runs_what_is_below_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jupyter_mage.engine._Loop.failed", lambda self, name: self._unlock(name))
    with pytest.raises((AssertionError, JupyterMageError)):
        machine(300, 15, phases=[Phase.generate], report_multiple_bugs=False)
