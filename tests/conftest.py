"""What all tests share: projects and kernels of their own, and nothing of the person's who runs them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import hypothesis
import pytest
from keyboard import Person
from real_kernel import Kernel, surroundings
from servers import azure_server, clickhouse_server, mariadb_server, postgres_server, s3_server, ssh_server  # noqa: F401, I001 (fixtures)

from jupyter_mage.session import Session

hypothesis.settings.register_profile("steady", derandomize=True)
hypothesis.settings.register_profile("search", print_blob=True)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))
"""The same examples each time, so that a change is to blame; `make test-search` looks for new ones."""

ROOT = Path(__file__).resolve().parent.parent
collect_ignore = ["corpus"]
"""Projects that tests read: their blocks' tests are not ours, though our own plugin would collect them."""


@pytest.fixture(autouse=True)
def own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """IPython and Jupyter keep what they keep in a folder of the test's."""
    home = tmp_path_factory.mktemp("home")
    for name in ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR"):
        monkeypatch.setenv(name, str(home / name.lower()))


@pytest.fixture
def session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Session]:
    """A session in an empty project, which is also the current folder."""
    monkeypatch.chdir(tmp_path)
    made = Session(tmp_path, pipeline="demo")
    yield made
    made.close()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    """One kernel for a file of tests."""
    home = tmp_path_factory.mktemp("home")
    kernel = Kernel(home, surroundings(home))
    yield kernel
    kernel.close()


@pytest.fixture
def notebook(shared: Kernel, tmp_path: Path) -> Kernel:
    """A kernel that knows nothing, in an empty project, with the extension loaded."""
    assert shared.run(f"%reset -f\n%unload_ext jupyter_mage\nimport os\nos.chdir({str(tmp_path)!r})\ndel os").status == "ok"
    assert shared.run("%load_ext jupyter_mage").printed == ""
    return shared


@pytest.fixture
def fresh(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Kernel]]:
    """Makes kernels of their own, in one empty project; the cells that it is given are run in them first."""
    made: list[Kernel] = []

    def make(*cells: str) -> Kernel:
        made.append(Kernel(tmp_path, surroundings(tmp_path_factory.mktemp("home"))))
        for code in cells:
            made[-1].run(code)
        return made[-1]

    yield make
    for kernel in made:
        kernel.close()


@pytest.fixture(scope="module")
def at_keyboard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Person]:
    home = tmp_path_factory.mktemp("home")
    person = Person(home, home)
    yield person
    person.leaves()


@pytest.fixture
def person(at_keyboard: Person, tmp_path: Path) -> Person:
    """At a kernel that knows nothing, in an empty project, with the extension loaded."""
    at_keyboard.runs(f"%reset -f\n%unload_ext jupyter_mage\nimport os\nos.chdir({str(tmp_path)!r})\ndel os")
    assert at_keyboard.runs("%load_ext jupyter_mage").printed == ""
    return at_keyboard
