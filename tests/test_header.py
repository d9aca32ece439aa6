"""The header of a block cell."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_mage.code.header import Header, parse, render, split_cell
from jupyter_mage.errors import DefinitionError, HeaderError, UnknownNameError
from jupyter_mage.model import MISSING, Block, Parameter

READ = [
    ("raw", Header(name="raw", text="raw")),
    ("raw()", Header(name="raw", upstreams=(), text="raw()")),
    ("late(flights)", Header(name="late", upstreams=("flights",), text="late(flights)")),
    ("m(a, b, *, k: int = 3)", Header(name="m", upstreams=("a", "b"), parameters=(Parameter(name="k", annotation="int", default=3),))),
    ("m(*, k)", Header(name="m", upstreams=(), parameters=(Parameter(name="k", default=MISSING),))),
    ('m(*, k="a)b", j=[1, (2)])', Header(name="m", upstreams=(), parameters=(Parameter(name="k", default="a)b"), Parameter(name="j", default=[1, 2])))),
    ("m(*, day: str | None = None)", Header(name="m", upstreams=(), parameters=(Parameter(name="day", annotation="str | None", default=None),))),
    ("m(a) --sql", Header(name="m", upstreams=("a",), language="sql")),
    ("m --lang sql --kind custom", Header(name="m", language="sql", kind="custom")),
    ("m --kind=custom", Header(name="m", kind="custom")),
    ("m --after a --after b,c --tag daily", Header(name="m", after=("a", "b", "c"), tags=("daily",))),
    ('m --doc "Late ones, by day" -N -f', Header(name="m", doc="Late ones, by day", no_run=True, force=True)),
    ("m --retries 3 --retry-delay 10s --retry-on OSError,KeyError", Header(name="m", retries=3, retry_delay=10.0, retry_on=("OSError", "KeyError"))),
    ("m --timeout 10m --memory 2GB --executor threads --pool db:2", Header(name="m", timeout=600.0, memory=2 * 10**9, executor="threads", pool=("db", 2))),
    ("m --file a.csv --file 'b c.csv' --cache 1d --map a", Header(name="m", files=("a.csv", "b c.csv"), fresh=86400.0, mapped="a")),
    ("m(a) -> DataFrame --sql", Header(name="m", upstreams=("a",), language="sql")),
]  # fmt: skip


@pytest.mark.parametrize(("text", "header"), READ, ids=[text for text, _ in READ])
def test_header_reads(text: str, header: Header) -> None:
    found = parse(text)
    assert {name: getattr(found, name) for name in Header.__slots__ if name != "text"} == {
        name: getattr(header, name) for name in Header.__slots__ if name != "text"
    }


REFUSED = [
    ("", HeaderError, "needs a name"),
    ("1st", DefinitionError, "'1st' has characters"),
    ("class", DefinitionError, "Python keyword"),
    ("nul", DefinitionError, "device name"),
    ("../x", DefinitionError, "'../x' has characters"),
    ("x" * 64, DefinitionError, "longer than 63"),
    ("a(", HeaderError, "not closed"),
    ("a(b c)", HeaderError, "does not read as a signature"),
    ("a(b=1)", HeaderError, "upstream b has a default; a parameter stands behind '*'"),
    ("a(**k)", HeaderError, "name the parameters one by one"),
    ("a(*parts)", HeaderError, "*parts: name the upstreams one by one"),
    ("a(a)", HeaderError, "its own upstream"),
    ("a(b, b)", HeaderError, "b stands twice in the header"),
    ("a(b, *, b=1)", HeaderError, "b stands twice in the header"),
    ("a(*, n: int = 'x')", HeaderError, "the default does not fit: parameter n is int"),
    ("a --after a", HeaderError, "its own upstream"),
    ("a(*, k=f())", HeaderError, "has to be a literal"),
    ("a --knd x", UnknownNameError, "Did you mean '--kind'?"),
    ("a --kind tranformer", UnknownNameError, "Did you mean 'transformer'?"),
    ("a --lang sqll", UnknownNameError, "Did you mean 'sql'?"),
    ("a --kind", HeaderError, "--kind needs a value"),
    ("a --kind --sql", HeaderError, "--kind needs a value"),
    ("a b", HeaderError, "'b' is not an option"),
    ('a --doc "x', HeaderError, "quote is not closed"),
]


@pytest.mark.parametrize(("text", "error", "words"), REFUSED, ids=[text[:20] or "empty" for text, _, _ in REFUSED])
def test_header_refuses_with_what_to_type(text: str, error: type[Exception], words: str) -> None:
    with pytest.raises(error) as caught:
        parse(text, kinds=["data_loader", "transformer"])
    assert words in str(caught.value)
    assert "→" in str(caught.value)


@given(st.text(max_size=200))
def test_header_is_read_or_refused_whatever_is_typed(text: str) -> None:
    try:
        parse(text)
    except DefinitionError:
        pass


@given(st.text(alphabet="abc(*,:=)'\"[]{}-> \\\n--sqlkind1", max_size=60))
def test_header_of_likely_characters_is_read_or_refused(text: str) -> None:
    try:
        parse(text)
    except DefinitionError:
        pass


NAMES = st.from_regex(r"[a-z][a-z0-9_]{0,8}x", fullmatch=True)
DEFAULTS = {
    "": st.one_of(st.integers(), st.text(max_size=8), st.lists(st.integers(), max_size=3), st.none()),
    "int": st.integers(),
    "str": st.text(max_size=8),
    "list[int]": st.lists(st.integers(), max_size=3),
    "str | None": st.none(),
}
PARAMETERS = st.sampled_from(sorted(DEFAULTS)).flatmap(
    lambda annotation: st.builds(
        Parameter,
        name=NAMES.map(lambda name: f"p_{name}"),
        annotation=st.just(annotation),
        default=st.one_of(st.just(MISSING), DEFAULTS[annotation]),
    )
)


@given(
    name=NAMES,
    upstreams=st.lists(NAMES.map(lambda name: f"u_{name}"), unique=True, max_size=3),
    parameters=st.lists(PARAMETERS, unique_by=lambda each: each.name, max_size=3),
    language=st.sampled_from(["python", "sql"]),
    after=st.lists(NAMES.map(lambda name: f"a_{name}"), unique=True, max_size=2),
)
def test_header_renders_and_reads_back_equal(name, upstreams, parameters, language, after) -> None:
    block = Block(
        name=name, source="", upstreams=tuple(upstreams), declared=True, parameters=tuple(parameters), language=language,
        after=tuple(after), kind="custom", kind_given=True,
    )  # fmt: skip
    found = parse(render(block))
    assert (found.name, found.upstreams, found.parameters, found.language or "python", found.after, found.kind) == (
        block.name, block.upstreams, block.parameters, block.language, block.after, block.kind,
    )  # fmt: skip


def test_cell_carries_its_header_in_a_magic_or_a_comment() -> None:
    for first, carrier in (("%%block raw()", "magic"), ("#| block: raw()", "comment"), ("# | block: raw()", "comment")):
        head = split_cell(f"{first}\n1 + 1")
        assert head is not None
        assert (head.sort, head.text, head.body, head.carrier) == ("block", "raw()", "1 + 1", carrier)
    assert split_cell("%%blocks x") is None
    assert split_cell("x = 1") is None
