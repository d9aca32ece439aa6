"""`verify`: the exported project in a fresh process, against what a real kernel computed; and how differing values are said."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from real_kernel import Kernel
from test_cli import COMMAND, SECONDS, command, mage, write
from test_verbs import wait_for

from jupyter_mage.comparing import differences
from jupyter_mage.session import Session
from jupyter_mage.verification import verified_at


def outcome(printed: str) -> dict[str, str]:
    """Each block's state, as printed."""
    words = [line.split() for line in printed.splitlines() if line[:1] in "✓✗–!"]
    return {line[1]: " ".join(line[2:4]) if line[2] == "not" else line[2] for line in words}


# ---- in a kernel


def test_pipeline_that_needs_nothing_of_the_notebook_is_verified(notebook: Kernel, tmp_path: Path) -> None:
    (tmp_path / "helper.py").write_text("def three():\n    return 3\n")
    (tmp_path / "in.csv").write_text("a,b\n1,2\n")
    notebook.run("RATE = 2\ndef scaled(x):\n    return x * RATE")
    notebook.run("%%block raw --file in.csv\nimport pandas as pd\npd.read_csv('in.csv')")
    notebook.run("%%block more(raw)\nfrom helper import three\nraw.assign(c=scaled(raw.a) + three())")
    notebook.run("%%block counted(more) --sql\nSELECT count(*) AS n FROM more")
    notebook.run("%%block words\n{'b', 'a', 'c'}")
    done = notebook.run("%pipeline verify")
    assert (done.status, done.error) == ("ok", "")
    assert outcome(done.printed) == dict.fromkeys(("raw", "more", "counted", "words"), "equal")
    assert done.lines[-1] == "verified pipeline in a fresh process: 4 equal   (T)"
    assert list(tmp_path.glob("pipeline_project")) == []


def test_what_differs_is_named_with_column_rows_and_cause(notebook: Kernel) -> None:
    notebook.run("%%block raw\nimport pandas as pd\npd.DataFrame({'id': [1, 2, 3], 'v': [0.5, 0.5, 0.5]})")
    notebook.run("%%block noisy(raw)\nimport random\nraw.assign(v=[random.random() for _ in raw.v])")
    notebook.run("%%block total(noisy)\nfloat(noisy.v.sum())")
    done = notebook.run("%pipeline verify")
    assert outcome(done.printed) == {"raw": "equal", "noisy": "differs", "total": "differs"}
    text = done.printed
    assert "v: 3 of 3 rows, first at row 0: 0." in text and "id:" not in text
    assert "it gives another result each time" in text and "seed it" in text
    assert "its input noisy differs" in text and text.count("seed it") == 1
    assert done.error.startswith("not the same in a fresh process: noisy, total")


def test_seeded_randomness_is_equal(notebook: Kernel) -> None:
    notebook.run("%%block drawn(*, seed: int = 7)\nimport random\nrandom.Random(seed).random()")
    assert outcome(notebook.run("%pipeline verify").printed) == {"drawn": "equal"}


def test_what_only_the_notebook_has_is_said_in_its_own_way(notebook: Kernel, tmp_path: Path) -> None:
    (tmp_path / "near.csv").write_text("a\n1\n")
    notebook.run("import os\nos.environ['SECRET_OF_A_CELL'] = 'x'\nhidden = os.getcwd()")
    notebook.run("%%block env\nimport os\nos.environ['SECRET_OF_A_CELL']")
    notebook.run("%%block near\nopen('near.csv').read()")
    notebook.run("%%block leaky\nhidden")
    notebook.run("%%block below(leaky)\nleaky")
    notebook.run("%%block later --no-run\n1")
    notebook.run("%%block fine\n1")
    notebook.run("%%block out(fine) --kind data_exporter\nopen('written', 'w').write(str(fine))")
    (tmp_path / "written").unlink()
    done = notebook.run("%pipeline verify")
    assert outcome(done.printed) == {
        "env": "failed", "near": "failed", "leaky": "leaky", "below": "not run", "later": "not run", "fine": "equal", "out": "manual",
    }  # fmt: skip
    assert "KeyError: 'SECRET_OF_A_CELL' (line 3)" in done.printed and "no variables that the notebook set" in done.printed
    assert "FileNotFoundError" in done.printed and "--file PATH" in done.printed
    assert "reads hidden, which a clean run does not have" in done.printed and "--effects runs it too" in done.printed
    assert not (tmp_path / "written").exists()


def test_module_changed_in_the_notebook_is_blamed_on_the_surroundings(notebook: Kernel) -> None:
    notebook.run("import math\nmath.tau = 1.0")
    notebook.run("%%block round_trip\nimport math\nmath.tau")
    done = notebook.run("%pipeline verify")
    assert outcome(done.printed) == {"round_trip": "differs"}
    assert "1.0 → 6.28" in done.printed and "depends on something outside" in done.printed
    notebook.run("math.tau = 2 * math.pi")


def test_outputs_of_an_older_definition_are_not_compared(notebook: Kernel) -> None:
    notebook.run("%%block raw\n1")
    notebook.run("%%block twice(raw)\nraw * 2")
    notebook.run("%%block twice(raw) --no-run\nraw * 3")
    done = notebook.run("%pipeline verify")
    assert (done.status, outcome(done.printed)) == ("ok", {"raw": "equal", "twice": "not run"})
    assert "has no up-to-date output here: code: 2 lines" in done.printed
    nothing = notebook.run("%%block only --no-run\n1\n"), notebook.run("%pipeline verify only")
    assert "there is nothing to compare with" in nothing[1].error and "%pipeline run" in nothing[1].error


def test_exporters_run_only_when_effects_are_asked_for(notebook: Kernel, tmp_path: Path) -> None:
    target = tmp_path / "log"
    notebook.run("%%block raw\n1")
    notebook.run(f"%%block out(raw) --kind data_exporter\nwith open({str(target)!r}, 'a') as f:\n    _ = f.write('x')")
    assert target.read_text() == "x"
    notebook.run("%pipeline verify")
    assert target.read_text() == "x"
    done = notebook.run("%pipeline verify --effects")
    assert (outcome(done.printed), target.read_text()) == ({"raw": "equal", "out": "equal"}, "xx")


# ---- in a shell


def test_command_exits_1_where_something_differs_and_says_all_as_json(tmp_path: Path) -> None:
    write(tmp_path, "%%block raw\n[1, 2]", "%%block now(raw)\nimport uuid\nstr(uuid.uuid4())")
    mage(tmp_path, "run", "work.ipynb")
    done = command(tmp_path, "verify", "work.ipynb", code=1)
    assert outcome(done.stdout) == {"raw": "equal", "now": "differs"}
    said = json.loads(mage(tmp_path, "verify", "work.ipynb", "--json", code=1).stdout)
    assert (said["pipeline"], said["good"]) == ("work", False)
    assert [(each["block"], each["state"]) for each in said["blocks"]] == [("raw", "equal"), ("now", "differs")]
    mage(tmp_path, "verify", "work.ipynb", "-s", "raw")


def test_command_verifies_an_exported_project(tmp_path: Path) -> None:
    write(tmp_path, "%%block raw\n[1, 2]", "%%block total(raw, *, by: int = 1)\nsum(raw) * by")
    mage(tmp_path, "export", "work.ipynb", "--to", "project")
    mage(tmp_path, "run", "project", "work", "--var", "by=3")
    assert "parameter by 3 → 1" in mage(tmp_path, "verify", "project", "work").stdout
    assert outcome(mage(tmp_path, "verify", "project", "work", "--var", "by=3").stdout) == {"raw": "equal", "total": "equal"}
    mage(tmp_path, "verify", "project", "nope", code=2)


def test_interrupted_verification_leaves_no_process_behind(tmp_path: Path) -> None:
    body = "import os, time, pathlib\nhere = pathlib.Path({0!r})\nif (here / 'go').exists():\n    (here / 'at').write_text(str(os.getpid()))\n    time.sleep(300)\n1"
    write(tmp_path, "%%block slow\n" + body.format(str(tmp_path)))
    mage(tmp_path, "run", "work.ipynb")
    (tmp_path / "go").touch()
    process = subprocess.Popen([COMMAND, "verify", "work.ipynb"], cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    wait_for(tmp_path / "at")
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=SECONDS)
    assert (process.returncode, said) == (130, "cancelled: the fresh process was ended\n")
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "at").read_text()), 0)


def test_nothing_to_compare_with_is_said_before_anything_is_started(tmp_path: Path) -> None:
    write(tmp_path, "%%block raw\n1")
    assert "there is nothing to compare with" in mage(tmp_path, "verify", "work.ipynb", code=2).stderr


def test_when_a_block_was_verified_is_kept_for_the_output_it_has(session: Session) -> None:
    session.define("raw", "1")
    session.run(executor="inline")
    session.verify()
    content = session.output("raw").content
    assert set(verified_at(session.state_folder, "demo", {"raw": content})) == {"raw"}
    assert verified_at(session.state_folder, "demo", {"raw": "another"}) == {}
    (session.state_folder / "verified.json").write_text("no json")
    assert verified_at(session.state_folder, "demo", {"raw": content}) == {}


# ---- values


FRAME = pd.DataFrame({"a": [1, 2, 3], "b": ["x", None, "z"]})


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (FRAME, FRAME.copy(), []),
        (FRAME, FRAME.assign(a=[1, 5, 6]), ["a: 2 of 3 rows, first at row 1: 2 → 5"]),
        (FRAME, FRAME.iloc[:2], ["3 rows → 2 rows"]),
        (FRAME, FRAME.drop(columns="b").assign(c=0), ["columns −b, +c"]),
        (FRAME, FRAME[["b", "a"]], ["columns in another order: b, a"]),
        (FRAME, FRAME.astype({"a": "float64"}), ["a: int64 → float64"]),
        (FRAME, FRAME.set_index(pd.Index([0, 1, 9])), ["the index: 1 of 3 rows, first at row 2: 2 → 9"]),
        (
            pd.DataFrame({"v": [0.3]}), pd.DataFrame({"v": [0.1 + 0.2]}),
            ["v: 1 of 1 row, first at row 0: 0.3 → 0.30000000000000004 (by 6e-17 at most: rounding, as when numbers are added in another order)"],
        ),
        (pd.DataFrame({"l": [[1], [2]]}), pd.DataFrame({"l": [[1], [3]]}), ["l: 1 of 2 rows, first at row 1: [2] → [3]"]),
        (pd.Series([1, 2], name="s"), pd.Series([1, 3], name="s"), ["s: 1 of 2 rows, first at row 1: 2 → 3"]),
        (pl.DataFrame({"a": [1, None]}), pl.DataFrame({"a": [1, 2]}), ["a: int64 → int64"]),
        (np.array([1.0, np.nan]), np.array([1.0, np.nan]), []),
        (np.array([[1, 2]]), np.array([[1, 4]]), ["1: 1 of 1 row, first at row 0: 2 → 4"]),
        ({"a": [1, {"b": 2}]}, {"a": [1, {"b": 3}], "c": 1}, ["['a'][1]['b']: 2 → 3", "['c']: new"]),
        ([1, 2], [1], ["2 → 1 items"]),
        ({"x", "y"}, {"y", "x"}, []),
        (float("nan"), float("nan"), []),
        (1, True, ["int 1 → bool True"]),
        ([FRAME], [FRAME.assign(a=0)], ["[0]:   a"]),
    ],
)  # fmt: skip
def test_difference_of_two_values_is_said(before: Any, after: Any, said: list[str]) -> None:
    found = differences(before, after)
    if said and said[0] in ("[0]:   a", "a: int64 → int64"):  # the value's own text; a type that Arrow and pandas name otherwise
        assert len(found) == 1 and found[0].startswith(said[0][:2])
    else:
        assert found == said
