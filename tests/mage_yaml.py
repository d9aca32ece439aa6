"""Hypothesis strategies for Mage's ``metadata.yaml``: what people, editors and Mage's versions make of it, and what they should not."""

from __future__ import annotations

from typing import Any

import yaml as pyyaml
from hypothesis import strategies as st

KINDS = [
    "data_loader",
    "transformer",
    "data_exporter",
    "custom",
    "sensor",
    "markdown",
    "scratchpad",
    "dbt",
    "global_data_product",
    "ai",
]
LANGUAGES = ["python", "sql", "r", "yaml", "markdown", None]
WORDS = st.text(alphabet=st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=12)
ODD = st.sampled_from(
    [
        "no",
        "on",
        "012",
        "1e3",
        "12:30",
        "2024-01-01",
        "=",
        "~",
        "null",
        "",
        " x ",
        "a: b",
        "# c",
        "[x",
        "{{ env_var('X') }}",
        "'",
        '"',
        "é\u2028",
    ]
)
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(-(10**6), 10**6), st.floats(allow_nan=False, width=32), WORDS, ODD)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3), max_leaves=6
)
UUIDS = [*"abcdef", "sub/g", "load-it", "Größe", "class", "x y", "9lives"]


@st.composite
def entries(draw: Any, uuid: str, above: list[str], kind: str | None = None) -> dict[str, Any]:
    """A block's entry: two keys at least, any others."""
    entry: dict[str, Any] = {"uuid": uuid, "type": kind or draw(st.sampled_from(KINDS))}
    ups = st.lists(st.sampled_from([*above, "gone"]), max_size=3) if above else st.just([])
    optional: dict[str, Any] = {
        "name": st.one_of(st.none(), WORDS),
        "language": st.sampled_from(LANGUAGES),
        "upstream_blocks": st.one_of(ups, ups, st.none()),
        "downstream_blocks": st.one_of(st.just([]), st.just(["gone"]), st.none()),
        "configuration": st.one_of(st.none(), st.dictionaries(WORDS, VALUES, max_size=3), st.just({"dynamic": True, "x": 1})),
        "executor_type": st.sampled_from(["local_python", "k8s", "{{ env_var('E') }}", None]),
        "executor_config": st.one_of(st.none(), st.dictionaries(WORDS, SCALARS, max_size=2)),
        "retry_config": st.one_of(
            st.none(), st.just({"retries": 3, "delay": 1.5, "max_delay": 30}), st.just({"retries": "{{ n }}"})
        ),
        "timeout": st.sampled_from([None, 60, 0.5, "60", True]),
        "status": st.sampled_from(["executed", "not_executed", None]),
        "all_upstream_blocks_executed": st.booleans(),
        "color": st.sampled_from([None, "teal"]),
        "has_callback": st.sampled_from([None, False, True]),
        "groups": st.one_of(st.none(), st.lists(WORDS, max_size=2)),
        "replicated_block": st.sampled_from([*above, "gone"]),
        "content": st.just("x = 1\n\n"),
        "own key": VALUES,
    }
    for key, values in optional.items():
        if draw(st.integers(0, 3)) == 0:
            entry[key] = draw(values)
    return entry


@st.composite
def pipelines(draw: Any) -> dict[str, Any]:
    """A pipeline that Mage would load, or nearly so."""
    uuids = draw(st.lists(st.sampled_from(UUIDS), unique=True, max_size=5))
    data: dict[str, Any] = {"blocks": [draw(entries(uuid, uuids[:index])) for index, uuid in enumerate(uuids)]}
    for section, kind in (("callbacks", "callback"), ("conditionals", "conditional"), ("widgets", "chart")):
        if draw(st.integers(0, 2)) == 0:
            data[section] = draw(st.one_of(st.none(), st.just([]), entries(f"{kind}_1", uuids, kind).map(lambda each: [each])))
    if draw(st.integers(0, 3)) == 0:
        made = entries("expect", uuids, "extension").map(lambda each: {"great_expectations": {"version": 1, "blocks": [each]}})
        data["extensions"] = draw(st.one_of(st.none(), st.just({}), made))
    optional: dict[str, Any] = {
        "name": st.one_of(st.none(), WORDS),
        "uuid": st.sampled_from(["p", "other", None]),
        "type": st.sampled_from(["python", "streaming", "integration", None]),
        "description": st.one_of(st.none(), WORDS, st.just("two\nlines\n")),
        "created_at": st.sampled_from([None, "2024-04-14 20:03:50.644207+00:00"]),
        "variables": st.one_of(st.none(), st.dictionaries(WORDS, VALUES, max_size=3)),
        "variables_dir": st.just("/home/src/mage_data/x"),
        "cache_block_output_in_memory": st.booleans(),
        "concurrency_config": st.dictionaries(WORDS, SCALARS, max_size=2),
        "notification_config": VALUES,
        "settings": st.one_of(
            st.none(), st.just({"triggers": None}), st.just({"triggers": {"save_in_code_automatically": True}})
        ),
        "tags": st.lists(WORDS, max_size=3),
        "data_integration": VALUES,
        "state_store_config": VALUES,
        "own": VALUES,
    }
    for key, values in optional.items():
        if draw(st.integers(0, 2)) == 0:
            data[key] = draw(values)
    keys = draw(st.permutations(list(data)))
    return {key: data[key] for key in keys}


@st.composite
def texts(draw: Any, data: Any) -> str:
    """``data`` as YAML, in some style: quotes, flow, width, indent, comments, blank lines, line ends, a byte order mark."""
    chance = draw(st.randoms(use_true_random=False))

    class Dumper(pyyaml.SafeDumper):
        """Text in any quotes."""

    styles = [None, None, None, "'", '"', "|", ">"]
    Dumper.add_representer(
        str, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style=chance.choice(styles))
    )
    text = pyyaml.dump(
        data,
        Dumper=Dumper,
        default_flow_style=draw(st.sampled_from([False, False, None, True])),
        width=draw(st.sampled_from([20, 80, 100_000])),
        indent=draw(st.sampled_from([2, 2, 4, 7])),
        allow_unicode=draw(st.booleans()),
        sort_keys=draw(st.booleans()),
    )
    if draw(st.booleans()):
        text = "# all of it\n\n" + text + "# the end\n"
    text = draw(st.sampled_from([text, text, text.replace("\n", "\r\n"), text.rstrip("\n")]))
    return draw(st.sampled_from(["", "", "\ufeff"])) + text


BREAKS = [
    ("\n", "\n\t"), ("uuid", "!x uuid"), ("type:", "type: &a"), (": ", ": *a "), ("blocks:", "blocks: &a"), ("'", ""), ('"', ""), ("[", ""),
    ("- ", "-"), ("\n", "\n---\n"), ("uuid:", "uuid: a\n  uuid:"), (":", ""), ("a", "\0"), ("\n", "\u2028"), ("  ", " "), ("null", "<<: {}"),
]  # fmt: skip


@st.composite
def broken(draw: Any, text: str) -> str:
    """The text with something wrong in it, or not."""
    old, new = draw(st.sampled_from(BREAKS))
    places = [place for place in range(len(text)) if text.startswith(old, place)]
    if not places:
        return text
    place = draw(st.sampled_from(places))
    return text[:place] + new + text[place + len(old) :]
