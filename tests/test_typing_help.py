"""Tab and ``?`` in a real kernel: what is offered where, of what type, and what is explained."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from keyboard import Person

from jupyter_mage.magics.completion import Offers
from jupyter_mage.session import Session

LOAD = "%load_ext jupyter_mage"
RAW = '%%block raw(*, days: int = 2) --tag daily\n"""Raw rows."""\nimport pandas as pd\npd.DataFrame({"id": [1, 2], "user": ["a", "b"]})'
BLOCKS = {"raw": "block: data_loader, 2 × 2", "clean": "block: transformer"}


@pytest.fixture(scope="module")
def person(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Person]:
    """At a notebook with two blocks, one of which has run, and a test."""
    home = tmp_path_factory.mktemp("home")
    person = Person(tmp_path_factory.mktemp("work"), home)
    for cell in (LOAD, RAW, "%%block clean(raw) --no-run --pool db:2\nraw", "%%test raw has_rows\nassert len(raw)"):
        assert person.runs(cell).status == "ok"
    yield person
    person.leaves()


def with_head(head: str, offers: dict[str, str]) -> dict[str, str]:
    return {head + word: sort for word, sort in offers.items()}


# ---- Tab


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("%%block x(", with_head("%%block x(", BLOCKS)),
        ("%%block x(c", {"%%block x(clean": BLOCKS["clean"]}),
        ("%%block x(raw, ", {"%%block x(raw, clean": BLOCKS["clean"]}),
        ("%%block x(raw, *, day: s", {"%%block x(raw, *, day: str": "type"}),
        ("%%block ra", {"%%block raw": BLOCKS["raw"]}),
        ("%%block x(raw) --no", {"%%block x(raw) --no-run": "option: define only"}),
        ("%%block x --executor pro", {"%%block x --executor processes": "executor"}),
        ("%%block x --lang sq", {"%%block x --lang sql": "language"}),
        ("%%block x(raw) --sq", {"%%block x(raw) --sql": "option: sql body"}),
        ("%%block x(raw) --kind cu", {"%%block x(raw) --kind custom": "kind: Any other code."}),
        ("%%block x --cache o", {"%%block x --cache off": "age"}),
        ("%%block x --pool ", {"%%block x --pool db:2": "pool"}),
        ("%%block x --tag d", {"%%block x --tag daily": "tag"}),
        ("%%block x --after raw,c", {"%%block x --after raw,clean": BLOCKS["clean"]}),
        ("%%block x --map r", {"%%block x --map raw": BLOCKS["raw"]}),
        ("%%block x --retry-on ConnectionRef", {"%%block x --retry-on ConnectionRefusedError": "exception"}),
        ("# a note\n%%block x(r", {"%%block x(raw": BLOCKS["raw"]}),
        ("#| block: x(r", {"#| block: x(raw": BLOCKS["raw"]}),
        ("#| block: x(raw) --ki", {"#| block: x(raw) --kind": "option: data_loader, transformer, data_exporter, custom …"}),
        ("#| te", {"#| test:": "carrier"}),
        ("#| test: c", {"#| test: clean": BLOCKS["clean"]}),
        ("%%test ", with_head("%%test ", BLOCKS)),
        ("%%test raw ", {"%%test raw has_rows": "test"}),
        ("%pipeline res", {"%pipeline resume": "verb: goes on in the same run"}),
        ("%pipeline open cl", {"%pipeline open clean": BLOCKS["clean"]}),
        ("x = 1\n%pipeline open cl", {"%pipeline open clean": BLOCKS["clean"]}),
        ("%pipeline show r", {"%pipeline show raw": BLOCKS["raw"]}),
        ("%pipeline logs r", {"%pipeline logs raw": BLOCKS["raw"]}),
        ("%pipeline run +c", {
            "%pipeline run +clean": "block: transformer, with all above",
            "%pipeline run +clean+": "block: transformer, with all above and below",
        }),
        ("%pipeline run raw ta", {"%pipeline run raw tag:daily": "tag"}),
        ("%pipeline run --var ", {"%pipeline run --var days=": "parameter: int = 2 of raw"}),
        ("%pipeline run --var d", {"%pipeline run --var days=": "parameter: int = 2 of raw"}),
        ("%pipeline run --executor th", {"%pipeline run --executor threads": "executor"}),
        ("%pipeline run --fo", {"%pipeline run --force": "option: run whatever is cached"}),
        ("%pipeline run --from c", {"%pipeline run --from clean": BLOCKS["clean"]}),
        ("%pipeline cache cl", {"%pipeline cache clear": "word"}),
        ("%pipeline cache clear c", {
            "%pipeline cache clear clean": BLOCKS["clean"], "%pipeline cache clear clean+": "block: transformer, with all below",
        }),
    ],
)  # fmt: skip
def test_tab_offers_what_can_stand_there(person: Person, typed: str, offered: dict[str, str]) -> None:
    assert person.presses_tab(typed) == offered


def test_tab_offers_the_newest_runs(person: Person) -> None:
    found = person.presses_tab("%pipeline resume ")
    assert list(found.items())[:1] == [("%pipeline resume last", "run")]
    assert set(list(found.values())[1:]) == {"run: succeeded, 1 block"}


def test_tab_in_the_middle_of_a_header_keeps_what_is_behind(person: Person) -> None:
    assert person.presses_tab("%%block x(r)\nlen(raw)", at=11) == {"%%block x(raw": BLOCKS["raw"]}


def test_tab_in_a_body_is_pythons_own(person: Person) -> None:
    found = person.presses_tab("%%block x(raw)\nimport os.pat")
    assert "import os.path" in found or found == {}
    assert not [sort for sort in found.values() if sort.startswith(("block", "option"))]


def test_tab_behind_blocks_offers_their_names(person: Person) -> None:
    assert {"blocks.raw", "blocks.clean"} <= set(person.presses_tab("blocks."))


def test_every_option_of_a_header_is_offered_and_read(person: Person) -> None:
    from jupyter_mage.code.options import OPTIONS
    from jupyter_mage.plugins import languages

    short = {f"--{name}" for name in languages.names() if name != "python"}
    found = person.presses_tab("%%block x(raw) --")
    assert {each.rpartition(" ")[2] for each in found} == {*(option.name for option in OPTIONS), *short}


def test_every_option_with_a_value_offers_some(person: Person) -> None:
    from jupyter_mage.code.options import OPTIONS

    free = {"--doc", "--file", "--if"}  # a sentence, the files that are there, the conditionals that are there
    silent = [each.name for each in OPTIONS if not each.flag and not person.presses_tab(f"%%block x(raw) {each.name} ")]
    assert set(silent) <= free


def test_every_verb_is_offered_with_what_it_does(person: Person) -> None:
    from jupyter_mage.magics.verbs import VERBS

    found = person.presses_tab("%pipeline ")
    assert found == {f"%pipeline {name}": f"verb: {verb.parser.description}" for name, verb in VERBS.items()}


# ---- ?


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ("%%block?", ["%%block NAME(up1, up2)", "--kind", "#| block:", "%%block by_carrier(delays) --sql"]),
        ("%%test?", ["%%test BLOCK [NAME]", "%%test by_carrier has_all_carriers"]),
        ("%pipeline?", ["run [SELECTION]", "plan", "export", "%pipeline run?"]),
        ("%pipeline run?", ["--var NAME=VALUE", "--debug", "%pipeline run tag:daily --force"]),
        ("?%pipeline run", ["--var NAME=VALUE"]),
        ("%pipeline run clean?", ["--var NAME=VALUE"]),
        ("%pipeline open?", ["RUN/clean", "%pipeline open score[3]"]),
        ("%pipeline help resume", ["%pipeline resume [RUN] [options]"]),
        ("%pipeline help", ["%pipeline open", "%pipeline cache"]),
    ],
)
def test_question_mark_shows_our_syntax_in_a_page(person: Person, asked: str, words: list[str]) -> None:
    page = person.runs(asked).page
    assert all(word in page for word in words) and len(page.splitlines()) <= 25, page
    assert not [word for word in ("self", "argparse", "%execute", "Docstring", "File:") if word in page], page


def test_question_mark_behind_a_block_shows_all_of_it(person: Person) -> None:
    page = person.runs("blocks.raw?").page
    facts = {line[:10].strip(): line[12:] for line in page.splitlines()}
    assert (facts["kind"], facts["parameters"], facts["used by"]) == ("data_loader · python · cell [2]", "days: int = 2", "clean")
    assert facts["schema"] == "id int64, user str" and facts["last run"].startswith("2 × 2 · ") and "Raw rows." in page
    assert "import pandas" not in page and "import pandas" in person.runs("blocks.raw??").page


def test_question_mark_in_a_body_is_the_users_text(person: Person) -> None:
    cell = '%%block asked\ntext = """\n%pipeline run?\n"""\nasked = text'
    assert person.runs(cell).result == "'\\n%pipeline run?\\n'"
    session = "get_ipython().magics_manager.registry['PipelineMagics'].session"
    person.runs(f"{session}.forget(['asked'])")


def test_question_mark_behind_anything_else_is_as_ever(person: Person) -> None:
    assert "Return the number of items" in person.runs("len?").page


def test_verb_with_a_mistyped_name_is_guessed(person: Person) -> None:
    assert person.runs("%pipeline help rnu").error.startswith("no verb 'rnu'. Did you mean 'run'?")


# ---- blocks


def test_blocks_give_value_schema_and_users(person: Person) -> None:
    assert person.runs("blocks.raw.value.id.sum(), blocks.raw.schema, blocks.raw.used_by, blocks.clean.upstreams").result == (
        "(np.int64(3), {'id': 'int64', 'user': 'str'}, ('clean',), ('raw',))"
    )
    assert person.runs("blocks['clean'].inputs['raw'].user.tolist(), len(blocks), list(blocks)").result == (
        "(['a', 'b'], 2, ['raw', 'clean'])"
    )


def test_block_has_a_short_card(person: Person) -> None:
    assert person.runs("blocks.clean").result == "clean ← raw   transformer · has not run yet"


def test_block_that_is_not_there_is_guessed(person: Person) -> None:
    assert person.runs("blocks.clen").error == "no block 'clen'. Did you mean 'clean'? There are: clean, raw"
    assert person.runs("hasattr(blocks, 'clen')").result == "False"


def test_blocks_are_hidden_from_who_and_come_back_after_a_reset(tmp_path: Path) -> None:
    person = Person(tmp_path, tmp_path)
    try:
        person.runs(LOAD)
        assert person.runs("%who").printed == "Interactive namespace is empty.\n"
        person.runs("%reset -f")
        assert person.runs("blocks").result == "no blocks yet: %%block NAME"
        person.runs("%unload_ext jupyter_mage")
        assert "NameError" in person.runs("blocks").error
    finally:
        person.leaves()


def test_card_of_a_failed_block_says_why_and_html_is_text(session: Session) -> None:
    session.define("raw", '"""All <b>rows</b>."""\n[1][2]')
    session.run(executor="inline")
    assert "failed: IndexError: list index out of range (line 3)" in session.blocks.raw.card()
    assert "All &lt;b&gt;rows&lt;/b&gt;." in session.blocks.raw._repr_html_()


@given(st.text(alphabet="%block|# :(),*->=+tagrunx\n'\"\\", max_size=40), st.integers(0, 40))
def test_whatever_is_typed_tab_never_fails(text: str, place: int) -> None:
    session = Session(Path(), pipeline="demo")
    session.define("raw(*, n: int = 1)", "[n]")
    lines = text.split("\n")
    for typed in (text, f"%%block {text}", f"%pipeline {text}", f"%pipeline run {text}", f"#| block: {text}", f"%%test {text}"):
        found = Offers(session).at(typed, min(len(lines) - 1, place % len(lines)), place)
        assert found is None or all(word.startswith(found[0]) for word, _ in found[1])


# ---- a shell


def test_shell_completes_commands_and_options(tmp_path: Path) -> None:
    command = str(Path(sys.executable).with_name("jupyter-mage"))

    def offered(words: str, place: int) -> list[str]:
        environ = {**os.environ, "_JUPYTER_MAGE_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(place)}
        done = subprocess.run([command], env=environ, cwd=tmp_path, text=True, capture_output=True, timeout=60)
        return [line.split(",")[1] for line in done.stdout.splitlines()]

    assert offered("jupyter-mage ru", 1) == ["run", "runs"]
    assert offered("jupyter-mage run work.ipynb --de", 3) == ["--debug"]
