"""SQL files of Mage projects, run as Mage runs them: on the database that the block's ``configuration`` names, as a template.

``{{ df_1 }}`` is the table of the first upstream: a SQL block's own on the same database, else one that its frame is written to.
Variables stand in the text by their names. What the query gives goes into a table of the block's and comes out as a frame; with
``use_raw_sql`` the statements run as they are written. Connections are those of ``mage_ai.io``, whichever is there.
"""

from __future__ import annotations

import contextlib
import importlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..errors import BlockSyntaxError, RunError, Where, unknown
from ..model import Block, Pipeline
from ..plugins import Call, Names
from . import mage_sql_text as text

KNOWN = "upstream_blocks"
"""Where a block that runs keeps what it has to know of its upstreams."""
ROWS = 10_000_000
_TAKEN = ("context", "configuration", "env", "event", "logger", "mage_strict", "block_uuid", "pipeline_uuid", "repo_path")
_PARSER = re.compile(r"\{\{\s*(block_output\s*\([^{}]*\))\s*\}\}")


class MageSql:
    name = "mage_sql"
    extension = "sql"
    packages = ("pandas", "jinja2")
    any_case = False

    def check(self, source: str, *, block: str = "", arguments: tuple[str, ...] = ()) -> None:  # noqa: ARG002 (the protocol's)
        import jinja2

        try:
            _environment().parse(source)
        except jinja2.TemplateSyntaxError as error:
            where = Where(block=block, line=error.lineno + 1)
            raise BlockSyntaxError(f"a template that does not read: {error.message}", where=where, hint="{{ df_1 }}") from error

    def names(self, source: str) -> Names:  # noqa: ARG002
        return Names()  # its upstreams have numbers, not names

    def normalise(self, source: str) -> str:
        return source.strip()

    def rename(self, source: str, old: str, new: str) -> str | None:  # noqa: ARG002
        return source

    def scratch(self, block: Block, parameters: Sequence[str]) -> str:  # noqa: ARG002
        quotes = "'''" if '"""' in block.source else '"""'
        where = block.configuration.get("data_provider", "a database")
        return f"# its text runs on {where}, with its upstreams as tables\n{block.name} = r{quotes}\n{block.source}\n{quotes}"

    def spelled(self, block: Block, pipeline: Pipeline) -> Block:
        """With what it has to know of its upstreams. It fills tables outside, so that no kept output says that they are there."""
        ups = _described(block, pipeline, set())
        provider, profile = (str(block.configuration.get(key)) for key in ("data_provider", "data_provider_profile"))
        limits = block.limits
        alone = provider in PROVIDERS and PROVIDERS[provider].alone
        if not limits.pool and (alone or any(not up["sql"] for up in ups)):  # two would write one frame to one table at once
            limits = replace(limits, pool=f"{provider} {profile}", pool_size=1)
        return replace(block, fresh=0, limits=limits, extra={**block.extra, KNOWN: ups})

    def compiled(self, block: Block, arguments: tuple[str, ...]) -> bytes:  # noqa: ARG002 (the protocol's)
        return b""

    def run(self, call: Call) -> Any:
        return _Run(call).output()


class MageSqlError(RunError):
    """A SQL file of Mage that cannot run as it stands, or that its database refused."""


def _described(block: Block, pipeline: Pipeline, seen: set[str]) -> list[dict[str, Any]]:
    """The upstreams, and of those that are SQL files too, theirs."""
    found: list[dict[str, Any]] = []
    for name in block.upstreams:
        each = pipeline.get(name)
        known: dict[str, Any] = {"name": name, "uuid": name, "sql": False, "configuration": {}, "source": "", KNOWN: []}
        if each is not None:
            known |= {"uuid": each.label or name, "configuration": each.configuration}
            if each.language == language.name and name not in seen:
                known |= {"sql": True, "source": each.source, KNOWN: _described(each, pipeline, seen | {name})}
        found.append(known)
    return found


@dataclass(frozen=True, slots=True)
class Provider:
    """How a ``data_provider`` is spoken to."""

    module: str
    named: str
    arguments: tuple[str, ...] = ("schema", "table")
    """What ``export`` takes by place behind the frame."""
    keywords: tuple[str, ...] = ()
    drops: bool = True
    """Whether a table that is replaced is made anew."""
    qualified: tuple[str, ...] = ("schema",)
    """What stands before a table's name in the text that a template gets."""
    reads: tuple[str, ...] = ("schema",)
    """What stands before it where its rows are read."""
    top: bool = False
    """Whether a limit is said as TOP."""
    alone: bool = False
    """Whether one process at a time may have the database."""


_FULL = ("database", "schema")
PROVIDERS = {
    "bigquery": Provider("bigquery", "BigQuery", ("dataset",), ("database",), drops=False, qualified=_FULL, reads=_FULL),
    "clickhouse": Provider("clickhouse", "ClickHouse", (), ("table_name", "database"), qualified=(), reads=("database",)),
    "duckdb": Provider("duckdb", "DuckDB", alone=True),
    "mysql": Provider("mysql", "MySQL", ("nothing", "table"), qualified=(), reads=()),
    "postgres": Provider("postgres", "Postgres", qualified=("quoted_database", "schema")),
    "redshift": Provider("redshift", "Redshift", ("table",), ("schema",), qualified=_FULL),
    "snowflake": Provider("snowflake", "Snowflake", ("table", *_FULL), drops=False, qualified=_FULL, reads=_FULL),
    "sqlserver": Provider("mssql", "MSSQL", reads=(), top=True),
}
"""As Mage names them."""


class _Run:
    def __init__(self, call: Call) -> None:
        self.call, self.block = call, call.block
        self.configuration: Mapping[str, Any] = self.block.configuration
        self.values = call.values
        self.ups: list[dict[str, Any]] = [each for each in self.block.extra.get(KNOWN, []) if each["name"] in self.values]
        name = self.configuration.get("data_provider")
        if not name:
            raise self.wrong("says no data_provider: where to run it stands in its configuration, in Mage's metadata.yaml")
        if name not in PROVIDERS:
            raise unknown("data_provider", str(name), PROVIDERS, where=Where(block=self.block.name))
        self.provider = PROVIDERS[str(name)]

    def wrong(self, message: str, *, line: int | None = None, hint: str = "") -> MageSqlError:
        return MageSqlError(message, where=Where(block=self.block.name, line=line), hint=hint)

    def output(self) -> Any:
        with self.opened() as loader:
            self.hand_over(loader)
            query = self.rendered(self.with_tables(self.call.source, self.ups, loader), loader)
            if self.configuration.get("use_raw_sql"):
                return self.raw(loader, query)
            return self.stored(loader, query)

    @contextlib.contextmanager
    def opened(self) -> Iterator[Any]:
        """The connection, of the profile that the block names."""
        config = importlib.import_module("mage_ai.io.config")
        profile = self.rendered(str(self.configuration.get("data_provider_profile") or "default"), None)
        made = getattr(importlib.import_module(f"mage_ai.io.{self.provider.module}"), self.provider.named)
        path = f"{self.values.get('repo_path', '.')}/io_config.yaml"
        loader = made.with_config(config.ConfigFileLoader(path, profile))
        with loader if hasattr(loader, "__enter__") else contextlib.nullcontext(loader) as connection:
            yield connection

    # ---- tables --------------------------------------------------------------------------------------------------------

    def table_of(self, uuid: str, configuration: Mapping[str, Any]) -> str:
        """The name of a block's table."""
        if given := configuration.get("data_provider_table"):
            return str(given)
        environment = str(self.values.get("env", "dev"))
        prefix = f"{environment}_" if environment in ("dev", "test") else ""
        return f"{prefix}{self.values.get('pipeline_uuid', 'pipeline')}_{text.cleaned(uuid)}_v1"

    def place_of(self, up: Mapping[str, Any], loader: Any) -> dict[str, str]:
        """Where an upstream's table is: what the block's configuration says of it, else the upstream's own."""
        said = (self.configuration.get("upstream_block_configuration") or {}).get(up["uuid"]) or {}
        parts = (said.get("table_name") or self.table_of(up["uuid"], up["configuration"])).split(".")
        own = up["configuration"] if self.is_same_database(up) else self.configuration
        database, schema = self.defaults(own, loader)
        place = dict(zip(("table", "schema", "database"), reversed(parts[-3:]), strict=False))
        return self.filled({"database": database, "schema": schema, **place})

    def filled(self, place: dict[str, str]) -> dict[str, str]:
        if self.provider.named == "Snowflake":
            place = {name: value.upper() for name, value in place.items()}
        dataset = ".".join(filter(None, (place["schema"], place["table"])))
        return {**place, "quoted_database": f'"{place["database"]}"', "table_name": place["table"], "dataset": dataset}

    @staticmethod
    def defaults(configuration: Mapping[str, Any], loader: Any) -> tuple[str, str]:
        """Database and schema: the configuration's, else the connection's."""
        found = []
        for key, usual in (("data_provider_database", "default_database"), ("data_provider_schema", "default_schema")):
            method = getattr(loader, usual, None)
            found.append(str(configuration.get(key) or (method() if method is not None else "") or ""))
        return found[0], found[1]

    def is_same_database(self, up: Mapping[str, Any]) -> bool:
        """Whether the upstream is a SQL file on the same connection, so that its table is there already."""
        keys = ("data_provider", "data_provider_profile")
        return bool(up["sql"]) and all(up["configuration"].get(key) == self.configuration.get(key) for key in keys)

    def hand_over(self, loader: Any) -> None:
        """Write the frames of those upstreams to tables that have none there, where the text speaks of them."""
        for number, up in enumerate(self.ups, 1):
            if self.is_same_database(up) or not text.speaks_of(self.call.source, number):
                continue
            value = self.values[up["name"]]
            if value is None or (isinstance(value, list | dict) and not value):
                hint = f"make {up['name']} return a DataFrame"
                raise self.wrong(f"upstream {up['name']} gave nothing to make a table of", hint=hint)
            self.export(loader, value, self.place_of(up, loader), "replace", index=False)

    def export(self, loader: Any, frame: Any, place: Mapping[str, str], policy: str, **keywords: Any) -> None:
        given = [place.get(name) for name in self.provider.arguments]
        named = {name: place[name] for name in self.provider.keywords}
        drops = {"drop_table_on_replace": True, "index": False} if self.provider.drops else {}
        loader.export(frame, *given, **named, if_exists=policy, **{"verbose": False, **drops, **keywords})

    # ---- the text ------------------------------------------------------------------------------------------------------

    def with_tables(self, source: str, ups: Sequence[Mapping[str, Any]], loader: Any) -> str:
        """The text with ``{{ df_1 }}`` said as the table's name, or as the query of a raw SQL block that makes no table."""
        for number, up in enumerate(ups, 1):
            if not text.speaks_of(source, number):
                continue
            if self.configuration.get("use_raw_sql") and up["sql"] and not self.is_same_database(up):
                raise self.wrong(f"raw SQL reads the table of {up['name']}, which is on another database")
            place = self.place_of(up, loader)
            name = ".".join(filter(None, (*(place[each] for each in self.provider.qualified), place["table"])))
            if up["configuration"].get("use_raw_sql") and self.is_same_database(up) and not text.makes_a_table(up["source"]):
                query = self.with_tables(up["source"], up[KNOWN], loader).strip()
                source = text.with_query(source, number, query, place["table"])
            else:
                source = text.with_table(source, number, name)
        return source

    def rendered(self, source: str, loader: Any) -> str:
        """The template filled in, twice over as Mage does it, but in a sandbox; a name that is nothing is an error."""
        import jinja2

        helpers = importlib.import_module("mage_ai.data_preparation.shared.utils").get_template_vars()
        variables = {name: value for name, value in self.values.items() if name not in self.block.upstreams}
        names = {**helpers, **variables, "variables": lambda name, *_: variables.get(name)}
        try:
            if loader is not None:
                source = _PARSER.sub(lambda found: str(self.calculated(found[1], names)), source)
            for _ in range(2):
                source = _environment().from_string(source).render(names)
        except jinja2.UndefinedError as error:
            raise self.undefined(str(error.message), sorted(set(variables) - set(_TAKEN))) from error
        except jinja2.TemplateSyntaxError as error:
            raise self.wrong(f"a template that does not read: {error.message}", line=error.lineno + 1) from error
        return source

    def calculated(self, expression: str, names: Mapping[str, Any]) -> Any:
        """``block_output('uuid', parse=lambda data, variables: …)``, which is Python: the block's own code, as any other."""
        by_uuid = {each["uuid"]: self.values[each["name"]] for each in self.ups}

        def block_output(block_uuid: str = "", parse: Any = None) -> Any:
            data: Any = by_uuid if parse is None else [text.rows(each) for each in by_uuid.values()]
            if block_uuid:
                if block_uuid not in by_uuid:
                    raise unknown("upstream", block_uuid, by_uuid, where=Where(block=self.block.name))
                data = by_uuid[block_uuid]
            return data if parse is None else parse(data, {k: v for k, v in names.items() if not callable(v)})

        return eval(expression, {**names, "block_output": block_output})  # noqa: S307 (a block's code runs where its block runs)

    def undefined(self, message: str, known: Sequence[str]) -> MageSqlError:
        found = re.search(r"'(\w+)' is undefined", message)
        name = found[1] if found else ""
        lines = self.call.source.split("\n")
        line = next((number for number, each in enumerate(lines, 2) if name and re.search(rf"\b{name}\b", each)), None)
        if re.fullmatch(r"df_\d+", name):
            ups = ", ".join(f"df_{number} is {up['name']}" for number, up in enumerate(self.ups, 1)) or "it has no upstreams"
            return self.wrong(f"{{{{ {name} }}}} is no upstream: {ups}", line=line)
        there = f"there are {', '.join(known)}" if known else "there are none"
        message = f"the template wants {name}, which is no variable ({there})" if name else message
        return self.wrong(message, line=line, hint=f"run --var {name}=…, or a variable of the pipeline" if name else "")

    # ---- running -------------------------------------------------------------------------------------------------------

    def stored(self, loader: Any, query: str) -> Any:
        """The query's rows go into the block's table, which is the output."""
        database, schema = self.defaults(self.configuration, loader)
        own = self.table_of(self.block.label or self.block.name, self.configuration)
        place = self.filled({"database": database, "schema": schema, "table": own})
        self.export(loader, None, place, str(self.configuration.get("export_write_policy") or "append"), query_string=query)
        name = ".".join(filter(None, (*(place[each] for each in self.provider.reads), place["table"])))
        limit = min(int(self.configuration.get("limit_in_pipeline_run") or ROWS), ROWS)
        top = f"TOP {limit} " if self.provider.top else ""
        return loader.load(f"SELECT {top}* FROM {name}", limit=limit, verbose=False)  # noqa: S608 (its own table)

    def raw(self, loader: Any, query: str) -> Any:
        """The statements as they are; the output is what the last one gives, or the table that they made."""
        if self.configuration.get("disable_query_preprocessing"):
            return loader.execute_query_raw(query, configuration=dict(self.configuration))
        queries = text.statements(query)
        if not queries:
            raise self.wrong("no SQL in it")
        changes = text.makes_a_table(query) or text.drops_or_updates(query)
        fetched = [not changes] * len(queries)
        made = text.table_made(query)
        if changes and made:
            queries.append(f"SELECT * FROM {made} LIMIT 1000")  # noqa: S608 (a name out of the block's own text)
            fetched.append(True)
        return loader.execute_queries(queries, commit=True, fetch_query_at_indexes=fetched)[-1]


def _environment() -> Any:
    import jinja2
    import jinja2.sandbox

    return jinja2.sandbox.SandboxedEnvironment(undefined=jinja2.StrictUndefined)


language = MageSql()
