"""The pytest plugin: the block tests of notebooks and Mage projects are pytest's tests, ``sales.ipynb::clean::no_gaps``.

A block runs with its frozen inputs where there are some (`fixtures`), else it and what it needs run as `jupyter mage run` would,
from the cache where they can. Files without block tests are left alone. ``-p no:jupyter_mage`` switches it off, the setting
``mage_files`` says which files are looked at.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from .model import Block, Failure, Test
    from .session import Session

_TESTED = re.compile(rb"%%test\b|#\s*\|\s*test\s*:|@test\b|--schema\b")
_BLOCK = re.compile(rb"%%block\b|#\s*\|\s*block\s*:|@block\b")
_MAGE_FOLDERS = frozenset(
    [
        "callbacks",
        "conditionals",
        "custom",
        "data_exporters",
        "data_loaders",
        "extensions",
        "scratchpads",
        "sensors",
        "transformers",
    ]
)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addini(
        "mage_files",
        "notebooks and pipelines/*/metadata.yaml whose block tests are collected",
        type="args",
        default=["*.ipynb", "metadata.yaml"],
    )


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """A notebook with block tests, or a pipeline's ``metadata.yaml``; nothing else is opened."""
    wanted = file_path.suffix == ".ipynb" or file_path.name == "metadata.yaml"
    if not wanted or not any(file_path.match(each) for each in parent.config.getini("mage_files")):
        return None
    if file_path.suffix == ".ipynb":
        text = file_path.read_bytes()
        return Pipelines.from_parent(parent, path=file_path) if _BLOCK.search(text) and _TESTED.search(text) else None
    in_project = file_path.parent.parent.name == "pipelines" and b"blocks" in file_path.read_bytes()
    return Pipelines.from_parent(parent, path=file_path) if in_project else None


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """A project's block called ``test_sales`` is a block file, not a module of tests."""
    folder = collection_path.parent
    if collection_path.suffix == ".py" and folder.name in _MAGE_FOLDERS and (folder.parent / "pipelines").is_dir():
        return True
    return None


class Pipelines(pytest.File):
    """A notebook, or one pipeline of a project: its blocks that have tests."""

    def collect(self) -> Iterator[pytest.Collector]:
        for name, session in self._sessions().items():
            for block in session.pipeline:
                if block.tests:
                    label = block.name if name == self._name() else f"{name}.{block.name}"
                    yield Tested.from_parent(self, name=label, pipelines=session, block=block)

    def _name(self) -> str:
        return next(iter(self._sessions()), "")

    def _sessions(self) -> Mapping[str, Session]:
        """A session for each pipeline in the file, read once and running nothing."""
        if not hasattr(self, "_opened"):
            from . import projects
            from .errors import JupyterMageError
            from .session import Session

            notebook = self.path.suffix == ".ipynb"
            path = self.path if notebook else self.path.parents[2]
            try:
                names = projects.names(path) if notebook else [self.path.parent.name]
                self._opened: dict[str, Session] = {name: Session.open(path, name, origin="pytest") for name in names}
            except JupyterMageError as error:
                raise self.CollectError(str(error)) from None
        return self._opened

    def teardown(self) -> None:
        for session in self._sessions().values():
            session.close()


class Tested(pytest.Collector):
    """A block; it runs once for all its tests."""

    def __init__(self, *, block: Block, pipelines: Session, **keywords: Any) -> None:
        super().__init__(**keywords)
        self.block, self.pipelines = block, pipelines
        self._made: Given | BlockFailed | None = None

    def collect(self) -> Iterable[pytest.Item]:
        return [BlockTest.from_parent(self, name=test.name, test=test) for test in self.block.tests]

    def given(self) -> Given:
        """The block's output and inputs; a failure to make them is each test's failure."""
        if self._made is None:
            try:
                self._made = _frozen(self.pipelines, self.block) or _run(self.pipelines, self.block)
            except BlockFailed as error:
                self._made = error  # it is not run again for each of its tests
        if isinstance(self._made, BlockFailed):
            raise self._made
        return self._made


class Given:
    """What a test looks at."""

    def __init__(self, value: Any, inputs: Mapping[str, Any], parameters: Mapping[str, Any]) -> None:
        self.value, self.inputs, self.parameters = value, inputs, parameters


class BlockFailed(Exception):
    """A block that a test needs did not give its output."""


def _frozen(session: Session, block: Block) -> Given | None:
    from . import calling, engine, fixtures

    fixture = fixtures.load(session.root, session.current, block)
    if fixture is None:
        return None
    if engine.has_effects(block):
        pytest.skip(f"{block.name} has effects outside: pytest does not run it")
    with contextlib.chdir(session.root):
        value = calling.call_whole(session.pipeline, block.name, fixture.inputs, fixture.parameters)
    return Given(value, fixture.inputs, _values(session, block, fixture.parameters))


def _values(session: Session, block: Block, given: Mapping[str, Any]) -> dict[str, Any]:
    from .code.parameters import values

    return values(block, {**session.pipeline.variables, **given})


def _run(session: Session, block: Block) -> Given:
    """The block and what it needs, run or from the cache. Its tests are run one by one here, so not by the run."""
    import dataclasses

    from . import engine, failures

    if engine.has_effects(block):
        pytest.skip(f"{block.name} has effects outside: pytest does not run it (jupyter mage test does, on what it gave last)")
    pipeline = session.pipeline
    bare = dataclasses.replace(pipeline, blocks=tuple(dataclasses.replace(each, tests=()) for each in pipeline))
    session.adopt(bare)
    try:
        with contextlib.chdir(session.root):
            run = session.run(block.name, executor="inline")
    finally:
        session.adopt(pipeline)
    for failed in run.failed:
        if failed.failure is not None:
            text = failures.text(pipeline[failed.name.split("[")[0]], failed.failure, name=failed.name, hint=False)
            raise BlockFailed(text if failed.name == block.name else f"{block.name} did not run:\n{text}")
    output = run.blocks[block.name].output
    if output is None:
        raise BlockFailed(f"{block.name} did not run: {run.blocks[block.name].reason}")
    found = {
        name: each.output for name in block.upstreams if (each := run.blocks.get(name)) is not None and each.output is not None
    }
    inputs = {name: session.store.get(each) for name, each in found.items()}
    return Given(session.store.get(output), inputs, _values(session, block, {}))


class BlockTest(pytest.Item):
    """One test of a block."""

    def __init__(self, *, test: Test, **keywords: Any) -> None:
        super().__init__(**keywords)
        self.test = test

    @property
    def tested(self) -> Tested:
        parent = self.parent
        assert isinstance(parent, Tested)
        return parent

    def runtest(self) -> None:
        from . import checks

        block, given = self.tested.block, self.tested.given()
        with contextlib.chdir(self.tested.pipelines.root):
            checks.run(block, self.test, given.value, given.inputs.__getitem__, given.parameters)

    def reportinfo(self) -> tuple[Path, None, str]:
        return self.path, None, f"{self.tested.name}::{self.name}"

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], *_: Any) -> Any:
        """The test's cell with the failing line, or what is known of the block that failed; ours are hidden."""
        from .errors import JupyterMageError

        error, block = excinfo.value, self.tested.block
        if isinstance(error, BlockFailed | JupyterMageError):
            return f"{error}\n\n{self.place(None)}"
        return _Shown(block, self.test, error).text(self)

    def place(self, line: int | None) -> str:
        """``notebooks/sales.ipynb: cell [4], line 15``."""
        cell = self.test.cell_number if self.test.cell_number is not None and self.path.suffix == ".ipynb" else None
        where = f"cell [{cell}]" if cell is not None else f"block {self.tested.block.name}"
        return f"{self.nodeid.split('::')[0]}: {where}" + (f", line {line}" if line else "")


class _Shown:
    """A failure as text: the source around its line, the error, the wrong rows."""

    def __init__(self, block: Block, test: Test, error: BaseException) -> None:
        from . import work

        self.block, self.test, self.error = block, test, error
        self.failure: Failure = work.failure_of(error, block, test)

    def text(self, item: BlockTest) -> str:
        failure, header = self.failure, self.block.header or self.block.name
        in_test = bool(failure.test)
        if in_test and not self.test.inline:
            head, source = f"%%test {self.block.name} {self.test.name}", self.test.source
        else:
            head, source = f"%%block {header}", self.block.source
        lines = [head, *source.splitlines()]
        at = failure.line or 1
        first = 1 if not self.test.inline or not in_test else max(1, min(self.test.line, at) - 1)
        shown = [
            f"{'>' if number == at else ' '}   {lines[number - 1]}"
            for number in range(max(first, at - 12), min(at, len(lines)) + 1)
        ]
        said = [f"E   {line}" for line in f"{failure.error}: {failure.message}".rstrip(": ").splitlines()]
        rows = [f"E       {row}" for row in failure.rows.splitlines()]
        what = f"test {self.test.name} of {self.block.name}" if in_test else f"{self.block.name}, with its frozen inputs,"
        first_line = f"✗ {what} failed: {failure.error}: {failure.message.splitlines()[0] if failure.message else ''}".rstrip(
            ": "
        )
        return "\n".join([first_line, "", *shown, *said, *rows, "", item.place(at)])
