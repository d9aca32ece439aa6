"""What all tests share: projects of their own, and nothing of the person's who runs them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from jupyter_mage.session import Session

ROOT = Path(__file__).resolve().parent.parent


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
