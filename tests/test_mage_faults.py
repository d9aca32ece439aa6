"""F53 to F59 and F63: what a project's files may hold that they should not. Refused with a reason; nothing runs, nothing outside is touched."""

from __future__ import annotations

import io
import os
import resource
import subprocess
import sys
import tarfile
import threading
import time
import zipfile
from pathlib import Path

import mage_projects
import pytest

from jupyter_mage import projects
from jupyter_mage.errors import JupyterMageError, ProjectError
from jupyter_mage.formats import mage
from jupyter_mage.formats.mage.project import Disk
from jupyter_mage.session import Session

META = "pipelines/p/metadata.yaml"
CANARY = "open('/tmp/never', 'w')\n" + mage_projects.python("custom")


def made(folder: Path, text: str | bytes, **files: str) -> Path:
    """A project below ``folder`` beside a file that nobody may touch."""
    root = folder / "project"
    mage_projects.make(root, {"custom/a.py": CANARY, **files})
    (root / META).parent.mkdir(parents=True, exist_ok=True)
    (root / META).write_bytes(text if isinstance(text, bytes) else text.encode())
    (folder / "canary.py").write_text("canary\n")
    return root


def everything(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def looked_at(folder: Path, root: Path) -> tuple[list[str], str]:
    """What check says and what opening says, both without a trace in the folder and without running anything."""
    before = everything(folder)
    problems = [str(problem) for problem in mage.check(root)]
    try:
        mage.format.read(root, "p")
        said = ""
    except JupyterMageError as error:
        said = str(error)
    assert everything(folder) == before and not Path("/tmp/never").exists()
    return problems, said


def block(uuid: str, ups: str = "[]", downs: str = "[]", more: str = "") -> str:
    return f"- {{uuid: {uuid}, type: custom, upstream_blocks: {ups}, downstream_blocks: {downs}{more}}}\n"


GRAPHS = {
    "cycle": (block("a", "[c]", "[b]") + block("b", "[a]", "[c]") + block("c", "[b]", "[a]"), "cycle: a ← c ← b ← a", 2),
    "self": (block("a", "[a]", "[a]"), "a is its own upstream", 2),
    "self below": (block("a", "[]", "[a]"), "a is its own upstream", 2),
    "twins": (block("a") + block("b") + block("a"), "'a' stands here and in line 2", 4),
    "twins by case": (block("a") + block("A"), "'A' stands here and in line 2", 3),
    "twins of two lists": (block("a") + "callbacks:\n- {uuid: a, type: callback}\n", "'a' stands here and in line 2", 4),
    "cycle by one side only": (block("a", "[]", "[b]") + block("b", "[]", "[a]"), "cycle", 2),
}  # fmt: skip
REPAIRED = {
    "nowhere": (block("a", "[gone]"), "an edge to 'gone', which is no block", {"a": ("gone",)}),
    "twice": (block("a", "[]", "[b]") + block("b", "[a, a]"), "the same upstream stands twice", {"a": (), "b": ("a",)}),
    "down only": (block("a", "[]", "[b]") + block("b"), "b does not list a in upstream_blocks", {"a": (), "b": ("a",)}),
    "up only": (block("a") + block("b", "[a]"), "a does not list b in downstream_blocks", {"a": (), "b": ("a",)}),
}  # fmt: skip


@pytest.mark.parametrize("name", GRAPHS)
def test_f53_graph_that_is_none_is_refused_with_its_line(name: str, tmp_path: Path) -> None:
    text, words, line = GRAPHS[name]
    problems, said = looked_at(tmp_path, made(tmp_path, "blocks:\n" + text))
    assert words in said
    assert any(words in problem and problem.startswith(f"{META}:{line}:") for problem in problems)


@pytest.mark.parametrize("name", REPAIRED)
def test_f53_edge_of_one_side_is_repaired_and_said(name: str, tmp_path: Path) -> None:
    text, words, edges = REPAIRED[name]
    root = made(tmp_path, "blocks:\n" + text)
    problems, said = looked_at(tmp_path, root)
    assert said == "" and any(words in problem for problem in problems)
    found = mage.format.read(root)
    assert {each.name: each.upstreams for each in found} == edges
    mage.format.write(found, root)
    left = [problem for problem in mage.check(root) if words in problem.message]
    assert bool(left) == (name == "nowhere") and mage.format.read(root) == found


@pytest.mark.timeout(60)
def test_f53_thousands_of_blocks_are_read_and_ten_thousand_refused_with_the_reason(tmp_path: Path) -> None:
    chain = "".join(block(f"b{n}", f"[b{n - 1}]" if n else "[]", f"[b{n + 1}]" if n < 2999 else "[]") for n in range(3000))
    fan = block("b0", "[]", str([f"b{n}" for n in range(1, 3000)])) + "".join(block(f"b{n}", "[b0]") for n in range(1, 3000))
    for place, text in (("chain", chain), ("fan", fan)):
        root = made(tmp_path / place, "blocks:\n" + text)
        assert len(mage.format.read(root)) == 3000 and not any("edge" in each.message for each in mage.check(root))
    _, said = looked_at(tmp_path / "many", made(tmp_path / "many", "blocks:\n" + "".join(block(f"b{n}") for n in range(10_000))))
    assert "more than 50,000 values" in said


VALUES = "no, 2024-01-01, 012, 1:30:59, 1e3, .inf, =, ~, '12', 0x1F, &a x, *a, 9999999999, {a: {}}, []"


def test_f54_words_that_mage_reads_otherwise_are_kept_as_they_are(tmp_path: Path) -> None:
    text = f"# mine\nblocks:\n{block('a', more=f', own: [{VALUES}], configuration: {{x: [{VALUES}]}}')}own: [{VALUES}]\n<<: {{merged: 1}}\n"
    root = made(tmp_path, text)
    problems, said = looked_at(tmp_path, root)
    assert said == "" and sum("may be something else to Mage: quote it" in problem for problem in problems) == 3 * 7
    found = mage.format.read(root)
    assert found.extra["merged"] == 1 and found["a"].extra["own"][:3] == ["no", "2024-01-01", "012"]
    assert mage.format.write(found, root) == [] and (root / META).read_text() == text


@pytest.mark.parametrize("uuid", ["7", "true", "~", "[a]", "1.5", "{a: b}", "''"])
def test_f54_uuid_that_is_no_text_is_refused_with_its_line(uuid: str, tmp_path: Path) -> None:
    problems, said = looked_at(tmp_path, made(tmp_path, "blocks:\n" + block(uuid)))
    assert "uuid has to be text" in said and problems[0].startswith(f"{META}:2:")


BOMBS: dict[str, tuple[bytes, str]] = {
    "aliases": (b"a: &a [x, x]\n" + b"".join(b"%c: &%c [*%c, *%c, *%c, *%c]\n" % (n + 1, n + 1, n, n, n, n) for n in range(97, 117)), "more than"),
    "alias of itself": (b"a: &a {b: [*a]}", "alias"),
    "deep lists": (b"a: " + b"[" * 100_000, "deep"),
    "deep maps": (b"a: " + b"{a: " * 100_000, "deep"),
    "deep indents": (b"".join(b" " * n + b"a:\n" for n in range(1000)), "deep"),
    "large": (b"#" * 50_000_000, "50,000,000 bytes"),
    "keys": (b"".join(b"k%d: 1\n" % n for n in range(80_000)), "more than 50,000 values"),
    "digits": (b"a: " + b"9" * 100_000, "digits"),
    "sexagesimal": (b"a: 1" + b":59" * 20_000, "digits"),
    "nul": (b"a: \0", "not YAML"),
    "utf-16": ("a: b".encode("utf-16"), "not UTF-8"),
    "latin-1": (b"a: \xe9", "not UTF-8"),
    "bidi": ("a: \u202eb".encode(), "reverses text"),
    "conflict": (b"a: 1\n<<<<<<< ours\nb: 1\n=======\nb: 2\n>>>>>>> theirs\n", "merge conflict marker"),
    "long line": (b"a: " + b"x" * 999_000, "not a mapping|^$"),
}  # fmt: skip


@pytest.mark.parametrize("name", BOMBS)
def test_f55_bomb_is_refused_at_once_and_takes_no_memory(name: str, tmp_path: Path) -> None:
    content, words = BOMBS[name]
    root = made(tmp_path, content)
    before, started = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    problems, said = looked_at(tmp_path, root)
    assert words.split("|")[0] in said or "|" in words
    assert said == "" or problems
    assert time.process_time() - started < 10
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000  # kilobytes


@pytest.mark.parametrize(
    "tag",
    [
        "!!python/object/apply:os.system ['touch /tmp/never']",
        "!!python/name:os.system",
        "!own {a: 1}",
        "!!binary aGVsbG8=",
        "!!set {a}",
    ],
)
def test_f56_tag_is_refused_and_builds_nothing(tag: str, tmp_path: Path) -> None:
    for place in (f"own: {tag}\n", "blocks:\n" + block("a", more=f", own: {tag}"), f"%TAG ! tag:x,2000:\n---\nown: {tag}\n"):
        problems, said = looked_at(tmp_path, made(tmp_path, place))
        assert "tag" in said.lower() and problems


NAMES = [
    *(
        "../../canary",
        "/canary",
        "a/../../../canary",
        "..",
        ".",
        "%2e%2e%2fcanary",
        "%252e%252e",
        "C:\\x",
        "\\\\srv\\x",
        "CON",
        "nul.py",
    ),
    *(
        "a.",
        "a ",
        "-rf",
        "x" * 300,
        "class",
        "select",
        "__init__",
        "a\n",
        "a\0b",
        "a\tb",
        "ａ",
        "é",
        "日本",
        "🎉",
        "\u200b",
        "a;rm",
        "$(x)",
        "{{ x }}",
        "~",
    ),
]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("key", ["uuid", "file_path", "folder", "language"])
def test_f57_name_never_leaves_the_project(name: str, key: str, tmp_path: Path) -> None:
    from jupyter_mage.formats import yaml

    entry: dict[str, object] = {"uuid": "a", "type": "custom"}
    if key in ("uuid", "language"):
        entry[key] = name
    elif key == "file_path":
        entry["configuration"] = {"file_path": name}
    root = made(tmp_path, yaml.dump({"blocks": [entry]}))
    before = everything(tmp_path)
    try:
        found = mage.format.read(root, name if key == "folder" else "p")
        mage.format.write(found, root)
        projects.import_notebook(root, "p", root / "back.ipynb")
        mage.format.write(projects.read(root / "back.ipynb"), root / "fresh")
    except JupyterMageError as error:
        assert str(error)
    mage.check(root)
    assert {path: text for path, text in everything(tmp_path).items() if not path.startswith("project/")} == {
        path: text for path, text in before.items() if not path.startswith("project/")
    }
    assert not Path("/canary.py").exists()


def test_f58_links_out_of_the_project_and_special_files_are_not_read(tmp_path: Path) -> None:
    root = made(tmp_path, "blocks:\n" + block("a"))
    place = root / "custom/a.py"
    for make, words in (
        (lambda: place.symlink_to(tmp_path / "canary.py"), "outside the project"),
        (lambda: os.mkfifo(place), "not an ordinary file"),
        (lambda: place.symlink_to("/dev/zero"), "outside the project"),
        (lambda: place.symlink_to("/proc/self/environ"), "outside the project"),
        (lambda: place.mkdir(), "could not read|not an ordinary file"),
        (lambda: place.symlink_to(place), "outside the project|could not read|not there"),
    ):
        place.unlink() if not place.is_dir() or place.is_symlink() else place.rmdir()
        make()
        problems = [str(problem) for problem in mage.check(root)]
        assert any(word in problem for problem in problems for word in words.split("|")), problems
    place.unlink()
    (root / META).unlink()
    (root / META).symlink_to(tmp_path / "canary.py")
    with pytest.raises(ProjectError):
        mage.format.read(root, "p")


def test_f58_folder_that_becomes_a_link_while_it_is_read_gives_nothing_of_outside(tmp_path: Path) -> None:
    root = made(tmp_path, "blocks:\n" + block("a"))
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "a.py").write_text("secret\n")
    real, stop = root / "custom_real", threading.Event()
    (root / "custom").rename(real)
    (root / "custom").symlink_to(real)

    def swap() -> None:
        while not stop.is_set():
            for target in (outside, real):
                link = root / "custom_new"
                link.symlink_to(target)
                link.replace(root / "custom")

    swapper = threading.Thread(target=swap)
    swapper.start()
    seen = set()
    try:
        for _ in range(3000):
            try:
                seen.add(Disk(root).text("custom/a.py"))
            except JupyterMageError:
                seen.add("refused")
    finally:
        stop.set()
        swapper.join()
    assert seen <= {CANARY, "refused", None} and len(seen) > 1


def archive(sort: str) -> bytes:
    made = io.BytesIO()
    if sort == "zip":
        with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as out:
            out.writestr("../canary.py", "evil")
            out.writestr("pipelines/p/metadata.yaml", "blocks: []")
            out.writestr("bomb", b"\0" * 10_000_000)
    else:
        with tarfile.open(fileobj=made, mode="w:gz") as out:
            member = tarfile.TarInfo("../canary.py")
            member.size = 4
            out.addfile(member, io.BytesIO(b"evil"))
    return made.getvalue()


@pytest.mark.parametrize(("sort", "name"), [("zip", "p.zip"), ("tar", "p.tar.gz"), ("zip", "p.ipynb"), ("zip", "p")])
def test_f59_archive_is_no_project_and_is_not_opened(sort: str, name: str, tmp_path: Path) -> None:
    (tmp_path / "canary.py").write_text("canary\n")
    (tmp_path / name).write_bytes(archive(sort))
    before = everything(tmp_path)
    for look in (projects.read, projects.check, projects.listed, Session.open):
        try:
            said = str(look(tmp_path / name))
        except JupyterMageError as error:
            said = str(error)
        assert "not" in said
    assert everything(tmp_path) == before


def test_f63_export_is_the_same_bytes_in_any_surroundings_and_says_nothing_of_this_machine(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from jupyter_mage.session import Session\n"
        "s = Session(Path(sys.argv[1]), pipeline='work'); s.define('raw', '\"\"\"Größe.\"\"\"\\n[1, 2]')\n"
        "s.define('clean(raw, *, least: int = 1)', 'clean = [x for x in raw if x >= least]  # é')\n"
        "s.export(Path(sys.argv[1]) / 'project'); s.close()"
    )
    (tmp_path / "made.py").write_text(code)
    found = []
    for place, more in (
        ("a", {}),
        ("b", {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii"}),
        ("c", {"TZ": "Pacific/Auckland", "PYTHONHASHSEED": "7", "HOME": str(tmp_path), "LC_ALL": "tr_TR.UTF-8"}),
    ):
        folder = tmp_path / place
        folder.mkdir()
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "SECRET": "canary-secret", **more}
        subprocess.run([sys.executable, str(tmp_path / "made.py"), str(folder)], env=environment, cwd=folder, check=True)
        found.append(mage_projects.contents(folder / "project"))
    assert found[0] == found[1] == found[2]
    whole = b"\n".join(found[0].values())
    for word in (str(tmp_path), str(Path.home()), os.uname().nodename, "canary-secret"):
        assert word.encode() not in whole


def test_f63_project_with_other_line_ends_is_the_same_pipeline_and_keeps_them(tmp_path: Path) -> None:
    unix = mage_projects.make(tmp_path / "unix")
    windows = mage_projects.make(
        tmp_path / "windows", {path: text.replace("\n", "\r\n") for path, text in mage_projects.FILES.items()}
    )
    assert mage.format.read(unix) == mage.format.read(windows)
    before = mage_projects.contents(windows)
    projects.import_notebook(windows, "everything", tmp_path / "back.ipynb")
    mage.format.write(projects.read(tmp_path / "back.ipynb"), windows, tmp_path / "back.ipynb")
    assert mage_projects.contents(windows) == before
