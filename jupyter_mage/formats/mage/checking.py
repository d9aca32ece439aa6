"""What is wrong with a project, and what Mage would do otherwise than we do. Runs nothing."""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from ... import graph
from ...code.names import analyse
from ...code.source import parse
from ...errors import JupyterMageError, unknown
from ...model import Block, Pipeline, Poll
from ...plugins import kinds
from .. import yaml
from ..problem import Problem, problem_of
from . import abilities, entries, own_tests, python_file, reading, sql_file, triggers
from .entries import Entry
from .project import Code, Disk, metadata_path, pipeline_folders

_TYPES = frozenset(
    ["data_loader", "transformer", "data_exporter", "sensor", "custom", "conditional", "callback", "chart", "dbt", "extension"]
) | frozenset(["global_data_product", "markdown", "scratchpad", "hook", "group", "pipeline"])
_PROVIDERS = frozenset(
    ["bigquery", "clickhouse", "druid", "duckdb", "mssql", "mysql", "postgres", "redshift", "snowflake", "sqlserver", "trino"]
)


def check(root: Path, pipeline: str = "") -> list[Problem]:
    """All problems of the project, or of one pipeline, in the order of its files.

    Raises UnknownNameError for a pipeline that is not there.
    """
    folders = pipeline_folders(root)
    if pipeline and pipeline not in folders:
        raise unknown("pipeline", pipeline, folders)
    if not folders:
        return [Problem(file=str(root), line=None, message="no pipelines/NAME/metadata.yaml in it", fatal=True)]
    disk = Disk(root)
    problems = list(_check_project(disk))
    for folder in [pipeline] if pipeline else folders:
        problems += _check_pipeline(disk, folder)
    return problems


def _check_project(disk: Disk) -> Iterator[Problem]:
    """The project's own YAML: Mage fills templates in before it reads it, so only what is plain YAML is judged."""
    for path in ("metadata.yaml", "io_config.yaml", PRODUCTS, "global_hooks.yaml", *_yaml_files(disk.root)):
        text = None
        try:
            text = disk.text(path)
            data = yaml.load(text, file=path).data if text is not None else None
        except JupyterMageError as error:
            if text is None or not _TEMPLATE.search(text):
                yield problem_of(error, path, fatal=False)
            continue
        if data is not None and not isinstance(data, Mapping):
            yield Problem(file=path, line=1, message="not a mapping")


PRODUCTS = "global_data_products.yaml"
_TEMPLATE = re.compile(r"\{\{|\{%")
"""What Mage fills in before it reads a file: it need not be YAML before."""


def _yaml_files(root: Path) -> list[str]:
    """The files of custom templates and of interactions: by their names, no links followed."""
    found = [*root.glob("custom_templates/*/*/metadata.yaml"), *root.glob("interactions/*.yaml")]
    return sorted(str(each.relative_to(root)) for each in found)[:1000]


def _check_product(disk: Disk, entry: Entry, path: str) -> Iterator[Problem]:
    """A block that stands for a global data product has to name one."""
    said = entry.configuration.get("global_data_product")
    uuid = said.get("uuid") if isinstance(said, Mapping) else None
    if not isinstance(uuid, str):
        yield Problem(file=path, line=entry.line, message=f"{entry.uuid}: configuration.global_data_product has no uuid")
        return
    try:
        data = yaml.load(disk.text(PRODUCTS) or "{}", file=PRODUCTS).data
    except JupyterMageError:
        return  # it is said of the file
    if not isinstance(data, Mapping) or uuid not in data:
        yield Problem(file=path, line=entry.line, message=f"{entry.uuid}: {uuid} is no product in {PRODUCTS}")


def _check_pipeline(disk: Disk, folder: str) -> Iterator[Problem]:
    metadata = entries.load(disk, folder)
    yield from metadata.problems
    for entry in metadata.entries:
        yield from _check_entry(disk, entry, metadata)
    yield from _check_connection(disk, metadata)
    yield from triggers.check(disk, folder)
    if metadata.fatal:
        return
    try:
        reading.read(disk, folder)
    except JupyterMageError as error:
        yield problem_of(error, metadata_path(folder))


def _check_connection(disk: Disk, metadata: entries.Metadata) -> Iterator[Problem]:
    """SQL blocks on DuckDB need a database file between them."""
    on_duckdb = [each for each in metadata.entries if each.configuration.get("data_provider") == "duckdb"]
    try:
        text = (disk.text("io_config.yaml") or "") if on_duckdb else "DUCKDB_DATABASE"
    except JupyterMageError as error:
        yield problem_of(error, "io_config.yaml", fatal=False)
        return
    if "DUCKDB_DATABASE" not in text:
        names = ", ".join(each.uuid for each in on_duckdb[:5])
        message = f"no DUCKDB_DATABASE in it, which {names} need in Mage; DUCKDB_DATABASE: mage.duckdb below default: will do"
        yield Problem(file="io_config.yaml", line=None, message=message)


def _check_entry(disk: Disk, entry: Entry, metadata: entries.Metadata) -> Iterator[Problem]:
    path = metadata_path(metadata.folder)
    if entry.kind not in _TYPES:
        yield Problem(file=path, line=entry.line, message=f"{entry.uuid}: {entry.kind!r} is no block type of Mage's")
    why = abilities.problem(entry, metadata)
    if why:
        yield Problem(file=path, line=entry.line, message=f"{entry.uuid}: {why}")
    if entry.raw.get("has_callback") is True:
        old = f"callbacks/{entry.uuid}_callback.py"
        message = f"{entry.uuid}: has_callback is Mage's old way to name {old}; it is kept and not run here"
        yield Problem(file=path, line=entry.line, message=message)
    if entry.kind == "global_data_product":
        yield from _check_product(disk, entry, path)
    if entry.replicated:
        return
    try:
        file = metadata.path(entry)
        code = disk.code(file) if file is not None else Code(None)
    except JupyterMageError as error:
        yield Problem(file=path, line=entry.line, message=f"{entry.uuid}: {error.message}", fatal=True)
        return
    text = code.text
    if code.problem:
        yield Problem(file=path, line=entry.line, message=f"{entry.uuid}: {code.problem}; {abilities.NOT_HERE}")
        return
    if text is None or file is None:
        if file is not None and "content" not in entry.raw:
            yield Problem(file=path, line=entry.line, message=f"{entry.uuid}: its file {file} is not there")
        return
    judge = _JUDGES.get(entry.language)
    if judge is not None and entry.kind in kinds and kinds.get(entry.kind).runs:
        yield from judge(entry, file, text)


def _check_python(entry: Entry, file: str, text: str) -> Iterator[Problem]:
    try:
        tree = ast.parse(text)
    except SyntaxError as error:
        yield Problem(file=file, line=error.lineno, message=f"does not parse: {error.msg}")
        return
    except (ValueError, RecursionError, MemoryError) as error:
        yield Problem(file=file, line=None, message=f"does not parse: {error}")
        return
    name = python_file.decorator_of(entry.kind)
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef) and _has_decorator(node, name)]
    if not functions:
        yield Problem(file=file, line=1, message=f"no function is decorated with @{name}: Mage would run nothing of it")
    one = entry.kind not in entries.ATTACHED  # all functions of a callback or conditional are called, with their blocks' inputs
    for node in functions[1:] if one else []:
        yield Problem(file=file, line=node.lineno, message=f"a second @{name}: Mage runs the first only")
    for statement in tree.body:
        if isinstance(statement, ast.ImportFrom) and _imports_decorator(statement, name):
            message = f"imports {name} without `if {name!r} not in globals():`, so Mage finds no function in it"
            yield Problem(file=file, line=statement.lineno, message=message)
    if functions and one:
        yield from _check_arguments(entry, file, functions[0])


def _imports_decorator(node: ast.ImportFrom, name: str) -> bool:
    return node.module == "mage_ai.data_preparation.decorators" and any(alias.name == name for alias in node.names)


def _has_decorator(node: ast.FunctionDef, name: str) -> bool:
    found = [each.func if isinstance(each, ast.Call) else each for each in node.decorator_list]
    return any(isinstance(each, ast.Name) and each.id == name for each in found)


def _check_arguments(entry: Entry, file: str, node: ast.FunctionDef) -> Iterator[Problem]:
    if entry.kind not in kinds:
        return
    arguments = node.args
    count = len([*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs])
    upstreams = len(entry.upstreams)
    if count > upstreams:
        yield Problem(
            file=file,
            line=node.lineno,
            message=f"{node.name} has {count} named arguments and the block {upstreams} upstreams; Mage refuses that",
        )
    elif count < upstreams and arguments.vararg is None:
        yield Problem(
            file=file, line=node.lineno, message=f"{node.name} takes {count} of its {upstreams} upstreams and has no *args"
        )


def _check_sql(entry: Entry, file: str, text: str) -> Iterator[Problem]:
    provider = entry.configuration.get("data_provider")
    if provider not in _PROVIDERS:
        said = f"data_provider is {provider!r}" if provider else "no data_provider"
        yield Problem(file=file, line=None, message=f"{said}: Mage would do nothing, and say that all is well")
    if not text.strip():
        yield Problem(file=file, line=1, message="no SQL in it")


_JUDGES: dict[str, Callable[[Entry, str, str], Iterator[Problem]]] = {"python": _check_python, "sql": _check_sql}


# --------------------------------------------------------------------------------------------------- what Mage would change


def warnings(pipeline: Pipeline) -> list[str]:
    """What Mage would silently change, block by block, as far as the text shows it.

    >>> warnings(Pipeline(name="p", blocks=(Block(name="one", source="[1]"),)))
    ['one: a list of one item comes out of Mage as the item']
    """
    found: list[str] = []
    for block in pipeline:
        if block.carrier == reading.MAGE or (block.kind in kinds and not kinds.get(block.kind).runs):
            continue
        notes = _NOTES[block.language](block, pipeline) if block.language in _NOTES else ()
        found += [
            f"{block.name}: {note}" for note in (*notes, *_options(block), *_guards(block, pipeline), *_hears(block, pipeline))
        ]
    return found + _locked(pipeline)


def _guards(block: Block, pipeline: Pipeline) -> Iterator[str]:
    """Mage asks a conditional with the inputs of the block that it guards, whatever its own are."""
    for name in block.guards:
        guard = pipeline.get(name)
        if guard is not None and guard.carrier != reading.MAGE and guard.upstreams != block.upstreams:
            mine, its = (", ".join(each.upstreams) or "nothing" for each in (block, guard))
            yield f"Mage gives its conditional {name} what it gets itself, {mine}, and not {its}"


def _hears(block: Block, pipeline: Pipeline) -> Iterator[str]:
    """Mage tells a callback of one block at a time, and never of a whole run."""
    if block.kind not in kinds or not kinds.get(block.kind).watches:
        return
    watched = [each.name for each in pipeline if each.name in block.upstreams or block.name in each.callbacks]
    if not watched:
        yield "Mage has no callbacks of a whole run, and never calls it"
    elif len(watched) > 1:
        yield f"Mage calls it for each of {', '.join(watched)}, with that one's output and outcome only"


def _options(block: Block) -> list[str]:
    """Header options that Mage has no word for."""
    found = []
    kind = kinds.get(block.kind) if block.kind in kinds else None
    if kind is not None and kind.waits and block.poll != Poll():
        found.append("--interval, --soft-fail: Mage's sensors look every minute, for ever")
    if block.mapped:
        found.append(f"--map is ours: Mage calls it once, with all of {block.mapped}")
    unused = {
        "--memory": block.limits.memory, "--pool": block.limits.pool, "--executor": block.limits.executor,
        "--cache": block.fresh is not None, "--file": block.files, "--retry-on": block.retry.on,
    }  # fmt: skip
    said = [option for option, value in unused.items() if value]
    return [*found, f"{', '.join(said)}: kept, and not used by Mage"] if said else found


def _locked(pipeline: Pipeline) -> list[str]:
    """SQL files that Mage's scheduler may run at once, each in a process that wants the database file for itself."""
    written = reading.file_languages(pipeline)
    sql = [block for block in pipeline if written[block.name] in _ON_DATABASE and block.carrier != reading.MAGE]
    pairs = ((one.name, other.name) for one, other in itertools.combinations(sql, 2))
    for one, other in pairs:
        if one not in graph.ancestors(pipeline, [other]) and other not in graph.ancestors(pipeline, [one]):
            return [f"{one}, {other}: Mage's scheduler may run both at once, and DuckDB's file is open to one process at a time"]
    return []


def _python_notes(block: Block, pipeline: Pipeline) -> Iterator[str]:
    yield from _test_notes(block)
    block = own_tests.bare(block)
    try:
        tree = parse(block.source, block=block.name)
    except JupyterMageError:
        return
    given = {*block.needs, block.name, *pipeline.names, *(each.name for each in block.parameters)}
    given |= {each.name for each in block.captured} | set(kinds.get(block.kind).gives if block.kind in kinds else ())
    unknown_names = [name for name in analyse(tree).reads if name not in given]
    if unknown_names:
        yield f"reads {', '.join(unknown_names)}, which no cell defines"
    read = any(block.name in other.needs for other in pipeline)
    for value in _outputs(tree, block.name):
        note = _value_note(value)
        if note:
            yield note
            return
    if read and not list(_outputs(tree, block.name)):
        yield "has no output, and Mage hands on an empty list"


def _outputs(tree: ast.Module, name: str) -> Iterator[ast.expr]:
    """The expressions that become the output, as far as the text shows."""
    for node in tree.body:
        targets = node.targets if isinstance(node, ast.Assign) else []
        named = any(isinstance(each, ast.Name) and each.id == name for each in targets)
        if isinstance(node, ast.Return | ast.Assign) and node.value is not None and (named or not targets):
            yield node.value
    if tree.body and isinstance(tree.body[-1], ast.Expr):
        yield tree.body[-1].value


def _value_note(value: ast.expr) -> str:
    if isinstance(value, ast.List) and len(value.elts) == 1:
        return "a list of one item comes out of Mage as the item"
    if isinstance(value, ast.List | ast.Tuple) and len(value.elts) > 10:
        return "a list of more than ten items comes out of Mage in another order"
    if isinstance(value, ast.Tuple | ast.Set | ast.SetComp):
        return "a tuple or set comes out of Mage as a list, and its tests get each item by itself"
    if isinstance(value, ast.ListComp | ast.List):
        return "a list may come out of Mage in another order (more than ten items) or as its one item"
    if isinstance(value, ast.GeneratorExp):
        return "a generator comes out of Mage as text"
    if isinstance(value, ast.Constant) and value.value is None:
        return "None comes out of Mage as an empty list"
    if isinstance(value, ast.Constant) and isinstance(value.value, bytes):
        return "bytes come out of Mage as text"
    if isinstance(value, ast.Call) and ast.unparse(value.func).startswith(("np.", "numpy.")):
        return "a numpy array does not come out of Mage: make a DataFrame or a list of it"
    return ""


def _test_notes(block: Block) -> Iterator[str]:
    """What Mage makes of tests that look at more than the output."""
    names = [test.name for test in block.tests if own_tests.wants_inputs(test, block)]
    if names:
        yield f"Mage hands a test the output only: {', '.join(names)} kept, and run here only"


def _sql_notes(block: Block, pipeline: Pipeline) -> Iterator[str]:
    if reading.file_languages(pipeline)[block.name] != block.language:
        return
    if block.tests:
        yield "Mage has no tests of SQL blocks; they are kept, and run here only"
    if block.parameters and not sql_file.is_query(block.source):
        yield "Mage pastes parameters into the text of the SQL"


_NOTES: dict[str, Callable[[Block, Pipeline], Iterator[str]]] = {"python": _python_notes, "sql": _sql_notes}
_ON_DATABASE = frozenset(["sql"])
"""Languages of files that Mage runs on a database, not in its own process."""
