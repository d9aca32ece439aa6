"""What a person sees of a block: live while it and what is above it runs, and the one line when it is done."""

from __future__ import annotations

import sys
from pathlib import Path

import nbformat
import pexpect
import pytest
from keyboard import Answer, Person

from jupyter_mage.session import Session

LOAD = "%load_ext jupyter_mage"
WAITS = "\nimport time\nfrom pathlib import Path\nend = time.monotonic() + 60\nwhile not Path('go').exists() and time.monotonic() < end:\n    time.sleep(0.01)\n"


def frame(rows: int, *columns: str) -> str:
    values = ", ".join(f"'{name}': range({rows})" for name in columns)
    return f"%%block raw\nimport pandas as pd\nraw = pd.DataFrame({{{values}}});"


def goes_on(folder: Path, *words: str) -> object:
    """Lets a block that waits go on when all these words are seen."""

    def look(answer: Answer) -> None:
        shown = [answer.printed, *(each["data"].get("text/plain", "") for each in (*answer.displays, *answer.updates))]
        if any(all(word in text for word in words) for text in shown):
            (folder / "go").touch()

    return look


# ---- the line


@pytest.mark.parametrize(
    ("before", "after", "line"),
    [
        (frame(100, "id"), frame(100, "id"), "raw   100 × 1 · T"),
        (frame(100, "id"), frame(80, "id"), "raw   80 × 1 (−20 %) · T"),
        (frame(5, "id"), frame(8, "id"), "raw   8 × 1 (+3 rows) · T"),
        (frame(1000, "id"), frame(1001, "id"), "raw   1 001 × 1 (+1 row) · T"),
        (frame(5, "id", "user"), frame(5, "id", "day"), "raw   5 × 2 (−user, +day) · T"),
        (frame(40, "id"), frame(50, "id", "day"), "raw   50 × 2 (+25 %, +day) · T"),
        (frame(5, "id"), "%%block raw\nraw = [1]", "raw   1 item (was 5 × 1) · T"),
        ("%%block raw\nraw = [1]", "%%block raw\nraw = [1, 2]", "raw   2 items (+1 item) · T"),
        ("%%block raw\nraw = 1", "%%block raw\nraw = 2", "raw   int · T"),
    ],
)
def test_line_under_a_block_says_what_changed(person: Person, before: str, after: str, line: str) -> None:
    person.runs(before, cell="a")
    assert person.runs(after, cell="a").lines == [line]


def test_change_is_against_the_last_good_run(person: Person) -> None:
    person.runs(frame(100, "id"), cell="a")
    person.runs("%%block raw\n1 / 0", cell="a")
    assert person.runs(frame(50, "id"), cell="a").lines == ["raw   50 × 1 (−50 %) · T"]


def test_table_of_a_run_says_what_changed(person: Person) -> None:
    person.runs("%%block raw(*, rows: int = 100)\nlist(range(rows))")
    table = person.runs("%pipeline run --var rows=50").printed
    assert next(line for line in table.splitlines() if line.split()[:1] == ["raw"]).endswith("−50 %"), table


def test_sample_is_not_compared_with_the_whole(person: Person) -> None:
    person.runs("%%block raw\nlist(range(100))")
    table = person.runs("%pipeline run --sample 5").printed
    assert next(line for line in table.splitlines() if line.split()[:1] == ["raw"]).endswith("sample of 5"), table


# ---- changed in place


@pytest.mark.parametrize(
    ("raw", "body", "said"),
    [
        (frame(3, "id"), "raw['new'] = 1", "+1 column"),
        (frame(3, "id"), "raw.loc[3] = 9", "+1 row"),
        (frame(3, "id"), "raw.loc[0, 'id'] = 7", "other values"),
        ("%%block raw\n[1, 2]", "raw.append(3)", "+1 item"),
        ("%%block raw\n{'a': 1}", "raw['a'] = 2", "other values"),
        (frame(3, "id"), "raw = raw.assign(new=1)", ""),
        (frame(3, "id"), "raw.id.sum()", ""),
        ("%%block raw\n[float('nan')]", "len(raw)", ""),
        ("%%block raw\n7", "raw + 1", ""),
        ("%%block raw\nimport fractions\n[fractions.Fraction(1), object]", "len(raw)", ""),
        ("%%block raw\nimport pandas as pd\npd.DataFrame({'a': [{1}, {2}]})", "len(raw)", ""),
        ("%%block raw\nimport polars as pl\npl.DataFrame({'a': [1, 2]})", "raw.height", ""),
        (
            "%%block raw\nimport polars as pl\npl.DataFrame({'a': [1, 2]})",
            "raw.insert_column(0, pl.Series('b', [1, 2]))",
            "+1 column",
        ),
    ],
)
def test_upstream_changed_in_place_is_said(person: Person, raw: str, body: str, said: str) -> None:
    person.runs(raw)
    notes = person.runs(f"%%block below(raw)\n{body}").lines[1:]
    assert notes == (
        [f"below changed raw in place ({said}): other blocks get raw as it was; assign a copy instead"] if said else []
    )


# ---- while it runs


def test_print_logging_and_tqdm_show_while_the_block_runs(person: Person, tmp_path: Path) -> None:
    body = "import logging\nfrom tqdm import tqdm\nlogging.warning('warned')\nprint('said')\nfor _ in tqdm(range(3)):\n    pass"
    answer = person.runs(f"%%block raw\n{body}{WAITS}", cell="a", sees=goes_on(tmp_path, "warned", "said", "3/3"))
    assert answer.status == "ok" and answer.lines[-1] == "raw   nothing · T"


def test_block_above_is_followed_and_then_gone(person: Person, tmp_path: Path) -> None:
    person.runs(f"%%block raw --no-run\nprint('row 12', end='\\r')\nprint('row 13', end=''){WAITS}1")
    answer = person.runs("%%block below(raw)\nraw + 1", cell="a", sees=goes_on(tmp_path, "0 of 1 blocks", "▶ raw ", ": row 13"))
    assert (tmp_path / "go").exists() and (answer.result, answer.lines) == ("2", ["below ← raw (ran T)   int · T"])
    assert len(answer.displays) == 1 and answer.updates[-1]["data"] == {"text/plain": ""}
    assert {each["transient"]["display_id"] for each in (*answer.displays, *answer.updates)} == {
        answer.displays[0]["transient"]["display_id"]
    }


@pytest.mark.parametrize("executor", ["processes", "threads", "inline"])
def test_log_of_a_running_block_is_seen_in_a_run(person: Person, tmp_path: Path, executor: str) -> None:
    person.runs(f"%%block raw --no-run\nimport sys\nprint('read 12 rows', file=sys.stderr, flush=True){WAITS}1")
    answer = person.runs(f"%pipeline run --executor {executor}", cell="a", sees=goes_on(tmp_path, "▶ raw ", ": read 12 rows"))
    assert (tmp_path / "go").exists() and answer.status == "ok"
    assert {"text/plain": ""} in [each["data"] for each in answer.updates]


def test_nobody_is_shown_anything_without_a_front_end(person: Person, tmp_path: Path) -> None:
    person.runs("%%block raw --no-run\nimport time\ntime.sleep(0.7)\n1")
    answer = person.runs("%%block below(raw)\nraw + 1")
    assert (answer.displays, answer.updates, answer.lines) == ([], [], ["below ← raw (ran T)   int · T"])


def test_bar_of_a_terminal_shows_the_log_and_is_gone(tmp_path: Path) -> None:
    cells = [LOAD, f"%%block raw\nprint('read 12 rows', flush=True){WAITS}1"]
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells]), tmp_path / "work.ipynb")
    command = str(Path(sys.executable).with_name("jupyter-mage"))
    terminal = pexpect.spawn(
        command, ["run", "work.ipynb"], cwd=str(tmp_path), encoding="utf-8", timeout=60, dimensions=(24, 110)
    )
    terminal.expect(r"0/1.*raw .*: read 12 rows")
    (tmp_path / "go").touch()
    terminal.expect("1 block")
    terminal.expect(pexpect.EOF)
    terminal.close()
    assert terminal.exitstatus == 0


def test_what_a_running_block_printed_can_be_asked(session: Session) -> None:
    seen: list[str] = []
    session.define("raw", "print('one')\nprint('two', end='')\n1")
    session.subscribe(lambda: seen.append(session.printed("raw")))
    session.run(executor="inline")
    assert session.printed("raw") == "" and set(seen) == {""}  # its events come before and after it


# ---- kept for a failure


def test_inputs_of_a_failed_run_outlive_runs_that_went_well(session: Session) -> None:
    session.define("raw(*, n: int = 1)", "[n] * 100_000")
    session.define("half(raw)", "raw[0] / 0")
    failed = session.run(executor="inline")
    session.define("half(raw)", "raw[0]")
    for n in range(60):
        session.run(executor="inline", variables={"n": n + 2})
    session.clear_cache()
    session.collect(limit=0)
    assert session.blocks.open(f"{failed.id}/half")["raw"] == [1] * 100_000
