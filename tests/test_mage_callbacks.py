"""Callbacks of ours in a Mage project: a function for each end, byte for byte the same when they come back."""

from __future__ import annotations

import pytest

from jupyter_mage.formats import mage
from jupyter_mage.languages import mage_file
from jupyter_mage.session import Session

BODY = '"""Says so."""\nwith open(notes, "a") as file:\n    file.write(f"{PREFIX} {tell_heard(weekly)} {outcome}\\n")  # kept'


@pytest.fixture
def project(session: Session, tmp_path):
    session.ledger.note("PREFIX = 'said'\n\n\ndef tell_heard(text):  # a name that the file would take\n    return text")
    session.define("weekly()", "{'n': 2}")
    session.define("tell(weekly, *, notes: str = 'notes') --kind callback --on failure,success", BODY)
    session.define("always() --kind callback", "print(outcome)")
    mage.format.write(session.pipeline, tmp_path / "project")
    return tmp_path / "project"


def test_a_callback_of_ours_comes_back_equal_and_is_written_again_byte_for_byte(session, project, tmp_path):
    back = mage.format.read(project, session.pipeline.name)
    mage.format.write(back, tmp_path / "again")
    files = {name: (project / name).read_text() for name in ("callbacks/tell.py", "callbacks/always.py")}
    assert back == session.pipeline
    assert {name: (tmp_path / "again" / name).read_text() for name in files} == files
    assert [line for line in files["callbacks/tell.py"].splitlines() if line.startswith("@")] == [
        "@callback('success')",
        "@callback('failure')",
    ]


def test_what_was_edited_in_its_own_function_comes_back_into_the_cell(session, project):
    place = project / "callbacks/tell.py"
    place.write_text(place.read_text().replace("# kept", "# edited"))
    assert mage.format.read(project, session.pipeline.name)["tell"].source == BODY.replace("kept", "edited")


def test_one_whose_calls_were_edited_is_a_file_of_mage_and_runs_as_that(session, project, tmp_path):
    place = project / "callbacks/tell.py"
    place.write_text(place.read_text().replace("@callback('success')", "@callback('cancelled')"))
    other = Session.open(project, session.pipeline.name)
    block = other.pipeline["tell"]
    run = other.run("weekly", executor="inline", variables={"notes": str(tmp_path / "notes")})
    other.close()
    assert (block.carrier, block.source + "\n") == ("mage", place.read_text())
    assert (run.status, (tmp_path / "notes").exists()) == ("succeeded", False)


def test_as_a_file_of_mage_it_hears_what_it_hears_as_a_cell(session, project, tmp_path):
    place = project / "callbacks/tell.py"
    place.write_text(place.read_text().replace("@callback('failure')\n", "@callback( 'failure')\n"))
    for name in ("weekly", "1 / 0"):
        other = Session.open(project, session.pipeline.name)
        if name != "weekly":
            (project / "data_loaders/weekly.py").write_text("@data_loader\ndef f(*args, **kwargs):\n    return 1 / 0\n")
            other = Session.open(project, session.pipeline.name)
        other.run("weekly", executor="inline", variables={"notes": str(tmp_path / "notes")})
        other.close()
    assert (tmp_path / "notes").read_text().splitlines() == [
        "said {'n': 2} {'weekly': {'status': 'success'}}",
        "said None {'weekly': {'status': 'failure', 'error': 'ZeroDivisionError', 'message': 'division by zero'}}",
    ]


def test_an_export_says_which_callbacks_mage_calls_otherwise(session, project):
    session.define("more()", "2")
    session.define("both(weekly, more) --kind callback", "print(outcome)")
    assert [each for each in mage.warnings(session.pipeline) if "calls it" in each] == [
        "always: Mage has no callbacks of a whole run, and never calls it",
        "both: Mage calls it for each of weekly, more, with that one's output and outcome only",
    ]


@pytest.mark.parametrize("name", ["KeyError", "ValueError", "UnicodeDecodeError", "Own", "print"])
def test_an_error_is_handed_to_a_callback_by_its_name_and_message(name):
    error = mage_file._raised(name, "'no'")
    assert (type(error).__name__, str(error), isinstance(error, KeyError)) == (name, "'no'", name == "KeyError")
