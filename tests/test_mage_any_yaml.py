"""Any ``metadata.yaml`` is read, written and read again equal, or refused with its line; never a crash, nothing outside touched."""

from __future__ import annotations

import dataclasses
import tempfile
from pathlib import Path
from typing import Any

import mage_yaml
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from jupyter_mage import projects
from jupyter_mage.errors import JupyterMageError
from jupyter_mage.formats import mage
from jupyter_mage.model import Pipeline

MANY = settings(
    max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.reuse, Phase.generate], database=None
)


def project(folder: str, text: str) -> Path:
    root = Path(folder) / "project"
    place = root / "pipelines/p/metadata.yaml"
    place.parent.mkdir(parents=True)
    place.write_bytes(text.encode())
    for path in ("data_loaders/a.py", "transformers/b.sql", "custom/c.py", "markdowns/d.md"):
        (root / path).parent.mkdir()
        (root / path).write_bytes(b"# text\r\nx = 1\r\n" if path[0] == "c" else b"# text")
    return root


def files(root: Path) -> dict[str, bytes]:
    found = (path for path in root.rglob("*") if path.is_file() and ".jupyter_mage" not in path.parts)
    return {str(path.relative_to(root)): path.read_bytes() for path in found}


def differences(one: Pipeline, other: Pipeline) -> list[tuple[str, str, Any, Any]]:
    """Block, field and both values of whatever is not equal."""
    found = [] if set(one.names) == set(other.names) else [("", "names", one.names, other.names)]
    for mine in one:
        there = other.get(mine.name)
        for field in dataclasses.fields(mine) if there is not None and mine != there else ():
            values = getattr(mine, field.name), getattr(there, field.name)
            found += [(mine.name, field.name, *values)] if field.compare and values[0] != values[1] else []
    for name in ("name", "variables", "description", "extra"):
        values = getattr(one, name), getattr(other, name)
        found += [("", name, *values)] if values[0] != values[1] else []
    return found


@MANY
@given(st.data())
def test_what_mage_loads_comes_back_equal(data: Any) -> None:
    text = data.draw(mage_yaml.texts(data.draw(mage_yaml.pipelines())))
    with tempfile.TemporaryDirectory() as folder:
        root = project(folder, text)
        try:
            found = mage.format.read(root, "p")
        except JupyterMageError as error:
            assert error.where is not None and error.where.file
            return
        before = files(root)
        mage.format.write(found, root)
        assert differences(mage.format.read(root, "p"), found) == []
        after = files(root)
        assert {path: text for path, text in after.items() if path != "pipelines/p/metadata.yaml"} == {
            path: text for path, text in before.items() if path != "pipelines/p/metadata.yaml"
        }
        assert mage.format.write(found, root) == []
        mage.format.write(found, root.parent / "fresh")
        fresh = mage.format.read(root.parent / "fresh", found.extra.get("uuid", found.name))
        assert differences(fresh, found) == [] and fresh.names == found.names
        target = root.parent / "back.ipynb"
        projects.import_notebook(root, "p", target)
        imported = back = projects.read(target)
        back = dataclasses.replace(back, extra={key: value for key, value in back.extra.items() if key != "jupyter_mage"})
        assert differences(back, found) == []
        mage.format.write(imported, root, target)
        assert files(root) == after
        mage.check(root)


@MANY
@given(st.data())
def test_what_is_broken_is_refused_with_its_file(data: Any) -> None:
    text = data.draw(mage_yaml.broken(data.draw(mage_yaml.texts(data.draw(mage_yaml.pipelines())))))
    with tempfile.TemporaryDirectory() as folder:
        root = project(folder, text)
        before = files(Path(folder))
        problems = mage.check(root)
        try:
            found = mage.format.read(root, "p")
        except JupyterMageError as error:
            assert problems and error.where is not None and error.where.file
        else:
            mage.format.write(found, root.parent / "fresh")
            assert differences(mage.format.read(root.parent / "fresh", found.extra.get("uuid", found.name)), found) == []
        assert {path: text for path, text in files(Path(folder)).items() if not path.startswith("fresh")} == before
