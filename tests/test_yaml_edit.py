"""YAML edited in place: it says the new data, and whatever says the same is left byte for byte."""

from __future__ import annotations

import copy
from typing import Any

import mage_yaml
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from jupyter_mage.formats import yaml
from jupyter_mage.formats.yaml_edit import edit, same

TEXT = """# top
name: "A b"   # why
blocks:
# first
- {uuid: a, type: custom, upstream_blocks: []}  # tail

# second
-   uuid: b
    # inner
    type: transformer
    configuration:
        limit: 10 # ten
        query: |
          SELECT 1

          FROM x
    upstream_blocks:
    - a
    -   c   # c
variables: {x: 1, 'y': "z"}
tags: [a, b]
"""


def changed(path: list[Any], value: Any) -> Any:
    """The data of TEXT with another value at this place; ``...`` takes it out."""
    data = yaml.load(TEXT).data
    inside = data
    for key in path[:-1]:
        inside = inside[key]
    if value is ...:
        del inside[path[-1]]
    elif isinstance(inside, list) and path[-1] == len(inside):
        inside.append(value)
    else:
        inside[path[-1]] = value
    return data


@pytest.mark.parametrize(
    ("path", "value", "old", "new"),
    [
        (["name"], "B", '"A b"   # why', '"B"   # why'),
        (["blocks", 0, "type"], "dbt", "type: custom, up", "type: dbt, up"),
        (["blocks", 0, "upstream_blocks"], ["b"], "upstream_blocks: []}", "upstream_blocks: [b]}"),
        (["blocks", 0, "color"], "teal", "blocks: []}", "blocks: [], color: teal}"),
        (["blocks", 1, "configuration", "limit"], 20, "limit: 10 # ten", "limit: 20 # ten"),
        (["blocks", 1, "configuration", "limit"], ..., "limit: 10 # ten\n        ", ""),
        (
            ["blocks", 1, "configuration", "query"],
            "SELECT 2",
            "query: |\n          SELECT 1\n\n          FROM x",
            "query: SELECT 2",
        ),
        (["blocks", 1, "upstream_blocks", 0], ..., "    - a\n    -   c", "    -   c"),
        (["blocks", 1, "color"], "teal", "c   # c\n", "c   # c\n    color: teal\n"),
        (["blocks", 1], ..., TEXT[TEXT.index("\n# second") : TEXT.index("variables")], ""),
        (["blocks", 2], {"uuid": "c"}, "c   # c\n", "c   # c\n- uuid: c\n"),
        (["variables", "x"], 2, "x: 1", "x: 2"),
        (["variables", "x"], "a\nb", "x: 1", 'x: "a\\nb"'),
        (["tags", 2], "c", "[a, b]", "[a, b, c]"),
        (["tags"], ..., "tags: [a, b]\n", ""),
        (["new"], {"a": [1]}, "tags: [a, b]\n", "tags: [a, b]\nnew:\n  a:\n  - 1\n"),
    ],
)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_one_change_touches_its_own_place_only(path: list[Any], value: Any, old: str, new: str, newline: str) -> None:
    data = changed(path, value)
    result = edit(TEXT.replace("\n", newline), data)
    assert yaml.load(result).data == data
    expected = TEXT.replace(old, new, 1).replace("\n", newline)
    assert result.rstrip() == expected.rstrip()


def test_blocks_in_another_order_take_their_comments_along() -> None:
    data = yaml.load(TEXT).data
    data["blocks"].reverse()
    result = edit(TEXT, data)
    assert yaml.load(result).data == data
    assert all(comment in result for comment in ("# second", "# inner", "# ten", "# tail", "# c"))


def test_anchor_that_others_use_is_not_changed_for_them() -> None:
    text = "a: &x [1, 2]\nb: *x\nc: 3  # c\n"
    data = {"a": [1], "b": [1, 2], "c": 3}
    assert yaml.load(edit(text, data)).data == data
    assert edit(text, {"a": [1, 2], "b": [1], "c": 3}) == "a: &x [1, 2]\nb:\n- 1\nc: 3  # c\n"


EXPLICIT = """# top
? name  # one
: x  # two
? blocks
:  # three
  - ? uuid
    : a  # four
    # five
    ? color
    ?  ups
    : [b]  # six
# end
"""


@pytest.mark.parametrize(
    ("key", "value", "old", "new"),
    [
        ("ups", ["b", "c"], "[b]", "[b, c]"),
        ("color", "teal", "? color", "color: teal"),
        ("new", 1, "# six\n", "# six\n    new: 1\n"),
    ],
)
def test_keys_on_lines_of_their_own_are_edited_in_place_too(key: str, value: Any, old: str, new: str) -> None:
    data = yaml.load(EXPLICIT).data
    data["blocks"][0][key] = value
    assert edit(EXPLICIT, data) == EXPLICIT.replace(old, new)


def mutations(data: Any) -> st.SearchStrategy[Any]:
    """The data with something in it changed, added, taken out or moved."""

    @st.composite
    def mutated(draw: Any) -> Any:
        made = copy.deepcopy(data)
        containers, waiting = [], [made]
        while waiting:
            each = waiting.pop()
            if isinstance(each, dict | list):
                containers.append(each)
                waiting += each.values() if isinstance(each, dict) else each
        chosen = draw(st.sampled_from(containers))
        keys = list(chosen) if isinstance(chosen, dict) else list(range(len(chosen)))
        value = draw(mage_yaml.VALUES)
        what = draw(st.sampled_from(["set", "add", "drop", "move"]))
        if what == "add" or not keys:
            chosen.append(value) if isinstance(chosen, list) else chosen.update({draw(mage_yaml.WORDS): value})
        elif what == "set":
            chosen[draw(st.sampled_from(keys))] = value
        elif what == "drop":
            del chosen[draw(st.sampled_from(keys))]
        elif isinstance(chosen, list):
            chosen.reverse()
        return made

    return mutated()


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.reuse, Phase.generate])
@given(st.data())
def test_any_text_says_the_new_data_and_the_old_again_after_it(data: Any) -> None:
    before = data.draw(mage_yaml.pipelines())
    text = data.draw(mage_yaml.texts(before)).removeprefix("\ufeff")
    before = yaml.load(text).data
    assert edit(text, copy.deepcopy(before)) == text
    after = data.draw(mutations(before))
    result = edit(text, after)
    assert same(yaml.load(result).data, after)
    assert same(yaml.load(edit(result, before)).data, before)
    if "# the end" in text:
        assert "# the end" in result and "# all of it" in result
