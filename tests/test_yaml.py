"""YAML in and out: limits, places, and text that no reader takes for something else."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import yaml as pyyaml
from hypothesis import given, settings
from hypothesis import strategies as st

from jupyter_mage.errors import FormatError
from jupyter_mage.formats.yaml import MAX_BYTES, dump, load

CORPUS = sorted((Path(__file__).parent / "corpus").glob("*/pipelines/*/metadata.yaml"))


def test_values_are_text_numbers_booleans_and_null() -> None:
    text = "[1, -2, 0, +3, 1.5, .5, 1.0e+3, .inf, -.inf, true, False, null, ~, a b, '1', \"true\", 1_0x]"
    assert load(text).data == [
        *(1, -2, 0, 3, 1.5, 0.5, 1000.0, math.inf, -math.inf, True, False, None, None),
        *("a b", "1", "true", "1_0x"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "word", ["no", "Yes", "on", "OFF", "012", "0x1F", "0b11", "1:30", "190:20:30", "1_000", "2024-01-01", "1e3", "="]
)
def test_words_that_mage_may_read_otherwise_stay_text_with_a_note(word: str) -> None:
    found = load(f"a:\n  b: {word}")
    assert found.data == {"a": {"b": word}}
    assert found.notes == ((2, f"{word} is read as text here and may be something else to Mage: quote it"),)
    assert pyyaml.safe_load(dump([word])) == [word] == load(dump([word])).data
    assert not load(dump([word])).notes


def test_y_and_n_are_text_to_mage_too() -> None:
    """Charts have keys x and y; other readers than Mage's take y for true, so it is quoted when written."""
    found = load("x: n\ny: y")
    assert (found.data, found.notes) == ({"x": "n", "y": "y"}, ())
    assert dump({"y": "n"}) == "'y': 'n'\n"


def test_every_value_has_its_line() -> None:
    found = load("blocks:\n- uuid: a\n  upstream_blocks:\n  - b\n- {uuid: c}\n")
    assert found.line("blocks", 0, "upstream_blocks", 0) == 4
    assert found.line("blocks", 1, "uuid") == 5
    assert found.line("blocks", 1, "not there") == 5


def test_anchors_aliases_and_merges_give_separate_values() -> None:
    found = load("a: &x {p: 1, q: [1]}\nb: *x\nc: {<<: *x, p: 2}\n").data
    assert found == {"a": {"p": 1, "q": [1]}, "b": {"p": 1, "q": [1]}, "c": {"p": 2, "q": [1]}}
    assert found["a"]["q"] is not found["b"]["q"]


def test_our_own_files_allow_no_alias() -> None:
    with pytest.raises(FormatError, match="more aliases"):
        load("a: &x 1\nb: *x", aliases=0)


BOMB = "a: &a [1,1,1,1,1,1,1,1,1]\n" + "".join(
    f"{chr(98 + i)}: &{chr(98 + i)} [{','.join(['*' + chr(97 + i)] * 9)}]\n" for i in range(8)
)
HOSTILE = {
    "nested lists": ("[" * 100_000, "nested more than 50 deep"),
    "nested mappings": ("{a: " * 100_000, "nested more than 50 deep"),
    "dashes": ("- " * 100_000, "nested more than 50 deep"),
    "staircase": ("\n".join(" " * i + "a:" for i in range(1300)), "nested more than 50 deep"),
    "alias bomb": (BOMB, "more than 50,000 values"),
    "alias of itself": ("&a {b: [*a]}", "stands for nothing that is complete"),
    "alias of nothing": ("*x", "stands for nothing"),
    "many keys": ("\n".join(f"k{i}: 1" for i in range(90_000)), "more than 50,000 values"),
    "many items": ("[" + "a," * 400_000 + "]", "more than 50,000 values"),
    "50 MB": ("x" * 50_000_000, "50,000,000 bytes"),
    "long number": ("a: " + "9" * 100_000, "a number of 100,000 digits"),
    "long key": ("a" * 900_000 + ": 1", "not YAML"),
    "tag": ('!!python/object/apply:os.system ["touch canary"]', "tags are not read"),
    "harmless tag": ("a: !!str 1", "tags are not read"),
    "own tag": ("a: !x 1", "tags are not read"),
    "tag directive": ("%TAG ! x:\n---\na: 1", "tags are not read"),
    "two documents": ("a: 1\n---\nb: 2", "a second document"),
    "key twice": ("a: 1\na: 2", "the key 'a' stands here twice"),
    "key twice in flow": ("{a: 1, 'a': 2}", "stands here twice"),
    "list as key": ("? [a]\n: b", "a list or mapping as a key"),
    "merge of a word": ("a: {<<: b}", "not a mapping"),
    "tab": ("a:\n\tb: 1", "not YAML"),
    "open quote": ("a: 'b", "not YAML"),
    "NUL": ('a: "\0"', "not YAML"),
    "bidi": ("a: x\u202ey", "reverses text"),
    "merge conflict": ("a: 1\n<<<<<<< HEAD\nb: 2", "a merge conflict marker"),
    "UTF-16": ("a: 1".encode("utf-16"), "not UTF-8"),
    "latin-1": ("a: \xe9".encode("latin-1"), "not UTF-8"),
}


@pytest.mark.timeout(5)
@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_yaml_is_refused_with_a_reason_and_a_place(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    text, reason = HOSTILE[name]
    with pytest.raises(FormatError, match=reason) as caught:
        load(text, file="metadata.yaml")
    assert caught.value.where.file == "metadata.yaml"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("text", "line"),
    [("a: 1\nb: 'x\n", 3), ("a: 1\nb: [\n", 3), ("a: 1\r\nb: 2\r\nb: 3", 3), (b"a: 1\nb: \xff", 2), ('a: 1\n\nb: "\0"', 3)],
)
def test_errors_name_the_line(text: str | bytes, line: int) -> None:
    with pytest.raises(FormatError) as caught:
        load(text)
    assert caught.value.where.line == line


@pytest.mark.parametrize("text", ["a: 1\nb: é", "\ufeffa: 1\nb: é", "a: 1\r\nb: é", "a: 1\rb: é", "a: 1\x85b: é"])
def test_marks_and_line_ends_of_other_systems_are_read(text: str) -> None:
    assert load(text.encode()).data == {"a": 1, "b": "é"}


def test_empty_and_comments_only_are_null() -> None:
    assert [load(text).data for text in ("", "#\n" * 1000, "---\n")] == [None, None, None]


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.text(alphabet="ab \n\t:#-'\"|>%@`!&*?[]{},01.eEyYnoONff/_=<~\\"),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6).filter(lambda key: key != "<<"), inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(max_examples=400, deadline=None)
@given(VALUES)
def test_what_is_written_reads_back_equal_here_and_in_pyyaml(value: object) -> None:
    try:
        text = dump(value)
        found = load(text)
    except FormatError as error:
        assert "digits" in error.message or "surrogate" in error.message
        return
    assert repr(found.data) == repr(value) == repr(pyyaml.safe_load(text))
    assert found.notes == ()


def test_written_form_is_plain_and_stable() -> None:
    data = {
        "name": "daily_sales",
        "version": "0.1.1",
        "quoted": ["on", "no", "12:30", "010", "1.10", "1e3", "", "null", " a", "a: b", "# a", "'"],
        "code": "if x:\n    y = 1\n\n# end",
        "indented": "  a\nb\n\n",
        "blocks": [{"uuid": "a", "upstream_blocks": [], "configuration": {}}, [1, [2]]],
    }
    assert dump(data) == (
        "name: daily_sales\nversion: 0.1.1\nquoted:\n"
        "- 'on'\n- 'no'\n- '12:30'\n- '010'\n- '1.10'\n- '1e3'\n- ''\n- 'null'\n- ' a'\n- 'a: b'\n- '# a'\n- ''''\n"
        "code: |-\n  if x:\n      y = 1\n\n  # end\n"
        "indented: |2+\n    a\n  b\n\n"
        "blocks:\n- uuid: a\n  upstream_blocks: []\n  configuration: {}\n- - 1\n  - - 2\n"
    )
    assert load(dump(data)).data == data


@pytest.mark.parametrize("value", [object(), {1, 2}, b"x", [1j], {"a": Path()}])
def test_what_yaml_cannot_give_back_is_refused(value: object) -> None:
    with pytest.raises(FormatError, match="cannot be written"):
        dump(value)


def test_too_deep_and_too_large_values_are_refused() -> None:
    deep: list[object] = []
    for _ in range(60):
        deep = [deep, 1]
    with pytest.raises(FormatError, match="nested more"):
        dump(deep)
    with pytest.raises(FormatError, match="more than can be read"):
        dump(["x" * MAX_BYTES])


def test_real_files_read_as_pyyaml_reads_them() -> None:
    assert len(CORPUS) > 40
    for path in CORPUS:
        assert load(path.read_bytes(), file=path.name).data == pyyaml.safe_load(path.read_text())
