"""Tab in a SQL body, in a real kernel: tables, columns, parameters, keywords of the statement around the cursor, and no Python."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from keyboard import Person

from jupyter_mage.code.sql_words import Known, offers
from jupyter_mage.plugins import Around, Completing, languages

CELLS = (
    "%load_ext jupyter_mage",
    '%%block flights\nimport pandas as pd\npd.DataFrame({"carrier": ["AA"], "dep delay": [3], "order": [1]})',
    '%%block users\nimport pandas as pd\npd.DataFrame({"id": [1], "carried": [True]})',
    "%%block later(users) --no-run\nusers",
)
FLIGHTS, USERS = "block: data_loader, 1 × 3", "block: data_loader, 1 × 2"
HEAD = '%%block x(flights, *, day: str = "a") --sql\n'


def with_head(head: str, words: dict[str, str]) -> dict[str, str]:
    return {head + word: sort for word, sort in words.items()}


@pytest.fixture(scope="module")
def person(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Person]:
    person = Person(tmp_path_factory.mktemp("work"), tmp_path_factory.mktemp("home"))
    for cell in CELLS:
        assert person.runs(cell).status == "ok"
    yield person
    person.leaves()


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("SELECT * FROM ", {"flights": FLIGHTS, "users": USERS, "later": "block: transformer"}),
        ("SELECT * FROM f", {"flights": FLIGHTS}),
        ("SELECT * FROM flights, us", {"users": USERS}),
        ("SELECT carri", {"carrier": "column: str of flights"}),
        ("SELECT car| FROM users", {"carried": "column: bool of users", "cardinality": "function"}),
        ("SELECT u.| FROM flights f JOIN users u ON true", {"id": "column: int64 of users", "carried": "column: bool of users", "*": "every column of users"}),
        ('SELECT f.| FROM flights AS f WHERE "x" = \'a;b\'', {
            "carrier": "column: str of flights", '"dep delay"': "column: int64 of flights", '"order"': "column: int64 of flights", "*": "every column of flights",
        }),
        ("SELECT dep| FROM Flights", {'"dep delay"': "column: int64 of flights"}),
        ("SELECT 1; SELECT * FROM users WHERE carr", {"carried": "column: bool of users"}),
        ("WITH late AS (SELECT 1) SELECT * FROM la", {"later": "block: transformer", "late": "table of this statement"}),
        ("SELECT * FROM flights WHERE day = $", {"day": "parameter"}),
        ("SELEC", {"SELECT": "keyword"}),
        ("selec", {"select": "keyword"}),
        ("SELECT count_st", {"count_star": "function"}),
        ("SELECT teapo", {"teapo": "as typed"}),
        ("SELECT teapot.", {"*": "every column of teapot"}),
        ("SELECT * FROM flights -- us", {"us": "as typed"}),
        ("SELECT 'us", {"us": "as typed"}),
    ],
)  # fmt: skip
def test_tab_in_a_sql_body_offers_what_fits(person: Person, typed: str, offered: dict[str, str]) -> None:
    before = typed.split("|")[0]
    found = person.presses_tab(HEAD + typed.replace("|", ""), at=len(HEAD + before))
    assert found == with_head(re.sub(r"\w*$", "", before), offered)


def test_a_sql_body_under_a_comment_header_is_completed_too(person: Person) -> None:
    head = "# a note\n#| block: x(users) --lang sql\n-- the first line\n"
    assert set(person.presses_tab(f"{head}SELECT carr").values()) == {"column: bool of users"}


def test_a_python_body_and_a_test_are_pythons_own(person: Person) -> None:
    for cell in ("%%block x(users)\nimport os.pat", "%%test users\nimport os.pat"):
        assert "column" not in " ".join(person.presses_tab(cell).values())


@given(text=st.text(alphabet="select from,.;'\"-*/$()ab\n", max_size=60), place=st.integers(0, 60))
def test_any_text_is_completed_without_an_error(text: str, place: int) -> None:
    known = Known(
        tables={"a": ("block", (("b", "int64"),))}, inputs=("a",), keywords={"SELECT": True, "FROM": True}, functions=("abs",)
    )
    stem, found = offers(text, min(place, len(text)), known)
    assert text[: min(place, len(text))].endswith(stem)
    assert all(word.lower().lstrip('"').startswith(stem.lower()) for word, _ in found)


def test_language_plugins_that_complete_say_so() -> None:
    language = languages.get("sql")
    assert isinstance(language, Completing)
    assert language.complete("FROM ", 5, Around(tables={"raw": ("block", ())})) == ("", [("raw", "block")])
