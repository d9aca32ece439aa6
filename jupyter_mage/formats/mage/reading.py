"""A pipeline out of a Mage project. Nothing of it is run; files that are not ours come in as they are."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

from ...code import cells, inline_tests
from ...code.capture import Ledger
from ...code.header import Header
from ...errors import DefinitionError, FormatError, JupyterMageError, PluginError, Where
from ...model import MISSING, Block, Definition, Parameter, Pipeline
from ...plugins import kinds, languages
from ..problem import Problem
from . import abilities, callback_file, entries, own_tests, python_file, settings, sql_file, sql_in_python
from .entries import Entry
from .form import Form
from .project import Code, Files, Written, legal, metadata_path

_DERIVED = ("uuid", "type", "language", "upstream_blocks", "downstream_blocks", "configuration", "replicated_block", "content")
_EDITOR_STATE = ("status", "all_upstream_blocks_executed", "created_at", "updated_at", "variables_dir")
_BLOCK_DEFAULTS = {"executor_type": "local_python", "has_callback": False, "color": None}
_PIPELINE_DEFAULTS = {"type": "python", "executor_count": 1, "settings": {"triggers": None}}
_NOTHING: tuple[Any, ...] = (None, {}, [], False)

MAGE = "mage"
"""The carrier of a block whose source is a Mage file, as it stands."""


def read(files: Files, folder: str) -> Pipeline:
    """The pipeline in ``pipelines/<folder>``. Raises FormatError that lists every reason why it cannot be read."""
    metadata = entries.load(files, folder)
    if metadata.fatal:
        raise all_of(metadata.fatal)
    blocks = tuple(_block(files, each, metadata) for each in metadata.entries)
    raw = metadata.raw
    name = legal(folder, (), fallback="pipeline")
    lists = ("blocks", *entries.SECTIONS)
    kept = _kept(raw, ("uuid", "variables", "description", *lists, *_EDITOR_STATE), _PIPELINE_DEFAULTS)
    if "extensions" in kept and (extensions := abilities.without_blocks(kept["extensions"])) != kept["extensions"]:
        kept["extensions"] = extensions
        if not extensions:
            del kept["extensions"]
    if kept.get("name") == folder:
        del kept["name"]
    if name != folder:
        kept["uuid"] = folder
    variables = raw.get("variables")
    return Pipeline(
        name=name,
        blocks=blocks,
        variables=dict(variables) if isinstance(variables, Mapping) else {},
        description=str(raw.get("description") or ""),
        extra=kept,
    )


def _block(files: Files, entry: Entry, metadata: entries.Metadata) -> Block:
    """The entry's block. What is raised says where the entry is, if nothing nearer."""
    try:
        return _Reader(files, entry, metadata).block()
    except JupyterMageError as error:
        if error.where is None or not error.where.file:
            error.where = Where(file=metadata_path(metadata.folder), line=entry.line, block=entry.name)
        raise


def all_of(problems: list[Problem]) -> FormatError:
    """One error for all of them; the place is the first one's."""
    first = problems[0]
    message = first.message
    if len(problems) > 1:
        message = "\n".join([f"{len(problems)} problems:", *(f"  {problem}" for problem in problems[:50])])
    return FormatError(message, where=Where(file=first.file, line=first.line), hint="correct the file, then `jupyter mage check`")


def not_there(path: str) -> str:
    """What is said of a block whose file is missing; `writing` then makes none."""
    return f"its file {path} is not there"


def _kept(raw: Mapping[str, Any], leave: tuple[str, ...], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """The keys that we do not model, without the editor's state and without what is so by default."""
    found = {key: value for key, value in raw.items() if key not in leave}
    return {key: value for key, value in found.items() if value not in _NOTHING and defaults.get(key, MISSING) != value}


class _Reader:
    """One entry becomes a block."""

    def __init__(self, files: Files, entry: Entry, metadata: entries.Metadata) -> None:
        self.files, self.entry, self.metadata = files, entry, metadata
        self.names = {each.uuid: each.name for each in metadata.entries}
        self.original = metadata.original(entry) or entry
        self.path = metadata.path(entry)
        self.upstreams = tuple(self.names.get(uuid) or metadata.absent[uuid] for uuid in abilities.upstreams(entry))

    def block(self) -> Block:
        code = self.code()
        text, ours = code.text, self.entry.ours
        block = None
        if text is not None and ours is not None and not code.problem:
            try:
                block = self.own(text, ours)
            except (FormatError, DefinitionError, PluginError):
                block = None  # edited into something that is no cell any more: kept as the Mage file that it is
        if block is None:
            block = self.foreign(text, code.problem)
        block = settings.applied(block, self.entry.raw)
        block = abilities.applied(block, self.entry, self.metadata)
        extra = self.kept_keys(block)
        if text is not None and block.carrier == MAGE and self.path and text[-1:] != "\n":
            extra["jupyter_mage"] = {**extra.get("jupyter_mage", {}), "open_end": True}  # no newline at its end
        if code.form.encoding != Form().encoding:
            extra["jupyter_mage"] = {**extra.get("jupyter_mage", {}), "form": code.form.noted()}
        return dataclasses.replace(block, extra=extra)

    def code(self) -> Code:
        """The block's file; where there is none, what its entry has in ``content``."""
        code = self.files.code(self.path) if self.path is not None else Code("")
        inline = self.original.raw.get("content")
        return Code(inline + "\n") if code == Code(None) and isinstance(inline, str) else code

    def kept_keys(self, block: Block) -> dict[str, Any]:
        kept = _kept(self.entry.raw, (*_DERIVED, *_EDITOR_STATE, *settings.understood(self.entry.raw)), _BLOCK_DEFAULTS)
        if kept.get("name") == self.entry.uuid:
            del kept["name"]
        if block.name != self.entry.uuid:
            kept["uuid"] = self.entry.uuid
        said = abilities.said(self.entry)
        configuration = {key: value for key, value in self.entry.configuration.items() if key not in said}
        if block.carrier != MAGE:
            written = compose(block, self.entry.language).configuration
            configuration = {key: value for key, value in configuration.items() if written.get(key) != value}
        if configuration:
            kept["configuration"] = configuration
        ours = {key: value for key, value in (self.entry.ours or {}).items() if key not in OUR_KEYS}
        ours |= abilities.notes(self.entry, self.metadata)
        if ours:
            kept["jupyter_mage"] = ours
        return kept

    def foreign(self, text: str | None, problem: str = "") -> Block:
        """The file as it is. A missing one gives an empty body, and says so."""
        carrier = "magic" if is_still(self.entry.kind) and self.entry.ours is not None else MAGE
        language = self.original.language
        block = Block(
            name=self.entry.name,
            source=(text or "").removesuffix("\n") or self.said_of_no_file(),
            language=here(language, self.original.kind) if carrier == MAGE else language,
            kind=self.entry.kind,
            kind_given=True,
            upstreams=self.upstreams,
            declared=True,
            doc="" if text is not None else not_there(self.path or ""),
            problem=problem or ("" if text is not None else not_there(self.path or "")),
            label=self.entry.uuid if self.entry.uuid != self.entry.name else "",
            carrier=carrier,
            use=str((self.entry.ours or {}).get("use", "")),
        )
        return block if is_still(self.entry.kind) or problem else cells.with_own_tests(block, Ledger())

    def said_of_no_file(self) -> str:
        """What stands in the cell of a block that has no file."""
        kind = self.original.kind
        if kind not in kinds or kinds.get(kind).folder:
            return ""
        said = self.original.configuration.get(kind)
        uuid = said.get("uuid") if isinstance(said, Mapping) else None
        return f"# {kind}: {uuid}"

    def own(self, text: str, ours: Mapping[str, Any]) -> Block | None:
        if "header" not in ours:
            return None
        header = cells.read_header(str(ours["header"]), carrier=str(ours.get("carrier", "magic")))
        aside = self.entry.kind in kinds and kinds.get(self.entry.kind).aside
        read = _chart if aside else _READERS.get((header.language or "python", self.entry.language))
        if read is None:
            return None
        block = read(self, text, header, ours)
        block = self.aligned(block, header)
        if ours.get("typed") is False:
            block = dataclasses.replace(block, header="")
        return self.exact(block, text, ours)

    def aligned(self, block: Block, header: Header) -> Block:
        """What the project's edges and type say wins over the header, which is then written anew."""
        if abilities.decides_by_header(self.entry):
            self.upstreams = tuple(name for name in block.needs if name not in block.guards)
        own = set(header.upstreams or ())
        after = tuple(name for name in block.after if name in self.upstreams)
        data = tuple(name for name in self.upstreams if name not in after or name in own)
        changes: dict[str, Any] = {"upstreams": data}
        mine = {block.name, *(parameter.name for parameter in block.parameters)}
        inferred = tuple(name for name in block.reads if name in self.names.values() and name not in mine)
        named = header.upstreams if header.upstreams is not None else inferred
        agrees = data == named
        usual = header.kind or ("transformer" if data else "data_loader")
        changes["kind"] = self.entry.kind
        if self.entry.kind != usual:
            changes |= {"kind_given": True, "header": ""}
        if not agrees:
            changes |= {"declared": True, "header": ""}
        if after != block.after:
            changes |= {"after": after, "header": ""}
        if block.name != self.entry.name:
            changes |= {"name": self.entry.name, "header": ""}
        return dataclasses.replace(block, **changes)

    def exact(self, block: Block, text: str, ours: Mapping[str, Any]) -> Block:
        """Put in what the file cannot say (see `writing`); a kept body only where the file is still the one made of it."""
        fields = ours.get("fields")
        if not isinstance(fields, Mapping):
            return block
        words = {key: fields[key] for key in ("doc", "label") if isinstance(fields.get(key), str)}
        block = dataclasses.replace(block, **words)
        changes: dict[str, Any] = {"source": fields["source"]} if isinstance(fields.get("source"), str) else {}
        captured = fields.get("captured")
        if isinstance(captured, list) and all(isinstance(each, Mapping) for each in captured):
            changes["captured"] = tuple(_definition(each) for each in captured)
        if "source" in changes:
            given = kinds.get(block.kind).gives if block.kind in kinds else ()
            reads = languages.get(block.language).names(changes["source"]).reads
            changes["reads"] = tuple(name for name in reads if name not in given)
        candidate = _with_tests_of(dataclasses.replace(block, **changes), block)
        return candidate if compose(candidate, self.entry.language).text == text else block


def _with_tests_of(candidate: Block, block: Block) -> Block:
    """The body as it was typed may have its ``@test`` functions on other lines, or in another order."""
    ledger = Ledger()
    for test in block.tests:
        ledger.note("\n".join(each.source for each in test.captured))
    again = cells.with_own_tests(dataclasses.replace(candidate, tests=()), ledger)
    found = {test.name: test for test in again.tests}
    own = [dataclasses.replace(test, line=found[test.name].line) for test in block.tests if test.inline and test.name in found]
    own.sort(key=lambda test: test.line)
    return dataclasses.replace(candidate, tests=inline_tests.merged(own, block.tests))


def _definition(raw: Mapping[str, Any]) -> Definition:
    return Definition(name=str(raw.get("name")), source=str(raw.get("source")), sort=str(raw.get("sort")))


def _python(reader: _Reader, text: str, header: Header, ours: Mapping[str, Any]) -> Block:
    return _of_python_file(reader, text, header, ours, lambda _, body: body)


def _of_python_file(
    reader: _Reader, text: str, header: Header, ours: Mapping[str, Any], source: Callable[[str, str], str]
) -> Block:
    """The block and its tests; ``source`` takes the prelude and the body as they stand in the file and gives the block's own."""
    own = own_tests.functions(ours)
    parts = python_file.split(text, python_file.decorator_of(reader.entry.kind), own)
    body = python_file.read_body(parts, ours, [each.name for each in header.parameters])
    ledger = Ledger()
    ledger.note(parts.prelude)
    known = tuple(reader.names.values())
    whole = own_tests.joined(source(parts.prelude, body.source), parts.tests, own)
    block = cells.define(header, whole, ledger, known=known)
    block = _with_defaults(block, body.defaults)
    if parts.calls and list(parts.calls) != callback_file.calls(parts.name, block.on):
        raise FormatError("Mage calls it otherwise than a cell says")
    tests = python_file.read_tests(parts, ours)
    made = tuple(cells.define_test(block.name, name, test, ledger, known=known)[0] for name, test in tests)
    return dataclasses.replace(block, tests=own_tests.kept(block, ours, known, made))


def _with_defaults(block: Block, defaults: Mapping[str, Any]) -> Block:
    """The parameters as the file has them; a changed default makes the typed header void."""
    parameters = tuple(dataclasses.replace(each, default=defaults.get(each.name, each.default)) for each in block.parameters)
    if all(_same(new, old) for new, old in zip(parameters, block.parameters, strict=True)):
        return block
    return dataclasses.replace(block, parameters=parameters, header="")


def _same(one: Parameter, other: Parameter) -> bool:
    return one.default is other.default or (one.default == other.default and type(one.default) is type(other.default))


def _sql(reader: _Reader, text: str, header: Header, ours: Mapping[str, Any]) -> Block:
    source = sql_file.read_body(text, reader.upstreams, header.parameters)
    known = tuple(reader.names.values())
    ledger = Ledger()
    ledger.note(str(ours.get("schema_uses", "")))
    block = cells.define(header, source, ledger, known=known)
    return dataclasses.replace(block, tests=own_tests.kept(block, ours, known))


def _sql_in_python(reader: _Reader, text: str, header: Header, ours: Mapping[str, Any]) -> Block:
    """Only where nobody changed the Python around the query: that would be no SQL block any more."""
    block = _of_python_file(reader, text, header, ours, lambda prelude, _: sql_in_python.read_source(prelude))
    block = dataclasses.replace(block, kind=reader.entry.kind, upstreams=reader.upstreams)
    if compose(block, "python").text != text:
        raise FormatError("edited into something that is no SQL block")
    return block


def _chart(reader: _Reader, text: str, header: Header, ours: Mapping[str, Any]) -> Block:
    """Only where nobody changed the file: it is a chart of Mage's then."""
    ledger = Ledger()
    ledger.note(text.partition("\n\n\ndef ")[0])
    known = tuple(reader.names.values())
    block = cells.define(header, str(ours.get("source", "")), ledger, known=known)
    block = dataclasses.replace(block, tests=own_tests.kept(block, ours, known))
    if compose(dataclasses.replace(block, upstreams=reader.upstreams), "python").text != text:
        raise FormatError("edited into something that is no cell")
    return block


_READERS: dict[tuple[str, str], Callable[[_Reader, str, Header, Mapping[str, Any]], Block]] = {
    ("python", "python"): _python,
    ("sql", "sql"): _sql,
    ("sql", "python"): _sql_in_python,
}
_COMPOSERS: dict[tuple[str, str], Callable[[Block], Written]] = {
    ("python", "python"): python_file.compose,
    ("sql", "sql"): sql_file.compose,
    ("sql", "python"): sql_in_python.compose,
}
"""By the language of the block and of its file."""

OUR_KEYS = (
    *("header", "typed", "carrier", "fields", "tests", "written", "use", "source"),
    *("output", "newlines", "test_newlines", "test_names", "test_empty", "own_tests", "schema_test", "schema_uses"),
)
"""What we write under ``configuration: {jupyter_mage: …}``; other keys there are kept."""


_IN_FILE = {"mage_sql": "sql", "mage_product": "python", "mage_chart": "python"}
"""Languages that Mage has another name for."""


def here(language: str, kind: str = "") -> str:
    """What the language of a file that is not ours is called here: Mage runs its SQL otherwise than we run ours.

    >>> here("sql"), here("python"), here("python", "global_data_product")
    ('mage_sql', 'python', 'mage_product')
    """
    own = kinds.get(kind).language if kind in kinds else ""
    if own and _IN_FILE.get(own) == language:
        return own
    return next((name for name, theirs in _IN_FILE.items() if theirs == language and theirs != "python"), language)


def in_file(language: str) -> str:
    """What Mage calls the language of a block.

    >>> in_file("mage_sql"), in_file("python")
    ('sql', 'python')
    """
    return _IN_FILE.get(language, language)


def is_still(kind: str) -> bool:
    """Whether blocks of this kind are kept and shown, never run: text and code beside the pipeline."""
    return kind in kinds and not kinds.get(kind).runs and not kinds.get(kind).aside


def compose(block: Block, language: str) -> Written:
    """A block's file in this language, and what its entry has to say beside. Raises FormatError."""
    as_it_is = is_still(block.kind) or block.carrier == MAGE
    composer = None if as_it_is else _COMPOSERS.get((block.language, language))
    return composer(block) if composer is not None else Written(text=block.source + ("" if _open_end(block) else "\n"))


def _open_end(block: Block) -> bool:
    notes = block.extra.get("jupyter_mage")
    return block.carrier == MAGE and isinstance(notes, Mapping) and notes.get("open_end") is True


def file_languages(pipeline: Pipeline) -> dict[str, str]:
    """The language of each block's file: its own, but for SQL that reads a frame Mage would not hand on whole."""
    mixed = sql_in_python.needed(pipeline, "sql")
    own = {block.name for block in pipeline if block.carrier == MAGE or is_still(block.kind)}
    return {block.name: "python" if block.name in mixed - own else in_file(block.language) for block in pipeline}
