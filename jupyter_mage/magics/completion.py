"""Tab in a header, in ``%%test`` and behind ``%pipeline``: only what can stand there, each with what it is.

An IPython matcher; it looks at definitions and history, and runs nothing.
"""

from __future__ import annotations

import argparse
import builtins
import re
import shlex
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from ..code.header import CellHead, parse, split_cell
from ..code.options import OPTIONS
from ..errors import JupyterMageError, PluginError
from ..model import MISSING, Block
from ..plugins import Around, Completing, executors, kinds, languages
from ..session import Session
from .verbs import VERBS

Found = tuple[str, str]
"""A word, and what it is."""

_PIPELINE = re.compile(r"\s*%pipeline\s+(.*)$")
_CARRIERS = re.compile(r"\s*#\s*\|\s*(\w*)$")
RUNS = 20
"""So many of the newest runs are offered."""


def matcher(session: Session) -> Callable[[Any], Any]:
    """The function that IPython's completer asks."""
    from IPython.core.completer import SimpleCompletion, context_matcher

    offers = Offers(session)

    @context_matcher()  # type: ignore[untyped-decorator]
    def jupyter_mage(context: Any) -> dict[str, Any]:
        found = offers.at(context.full_text, context.cursor_line, context.cursor_position)
        if found is None:
            return {"completions": []}
        stem, words = found
        # spaces that do not break: JupyterLab shows the first line of a type
        completions = [SimpleCompletion(text=word, type=sort.replace(" ", "\u00a0")) for word, sort in words]
        return {"completions": completions, "matched_fragment": stem, "suppress": True, "ordered": True}

    made: Callable[[Any], Any] = jupyter_mage
    return made


class Offers:
    """What can stand at a place of a cell, of one session."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def at(self, text: str, line: int, column: int) -> tuple[str, list[Found]] | None:
        """What is typed of a word so far, and what it can become; None where this place is not ours."""
        lines = text.split("\n")
        before = lines[line][:column] if line < len(lines) else ""
        spoken = _PIPELINE.match(before)
        if spoken:
            return self._with_stem(*self._verb_line(spoken[1]))
        if any(each.strip() and not re.match(r"\s*#(?!\s*\|)", each) for each in lines[:line]):
            return self._body(text, lines, line, column)  # a header is a cell's first line but for comments
        carrier = _CARRIERS.match(before)
        if carrier:
            return self._with_stem(carrier[1], [("block:", "carrier"), ("test:", "carrier")])
        head = split_cell(before)
        if head is None or not re.search(r"(?:%%(?:block|test)\s|:)", before):
            return None
        if head.sort == "test":
            return self._with_stem(*self._test_line(before))
        return self._with_stem(*self._header(re.split(r"%%block\s+|block\s*:\s*", before, maxsplit=1)[-1]))

    @staticmethod
    def _with_stem(stem: str, found: Iterable[Found]) -> tuple[str, list[Found]]:
        return stem, [(word, sort) for word, sort in dict(found).items() if word.startswith(stem)]

    # ---- bodies ----------------------------------------------------------------------------------------------------------

    def _body(self, text: str, lines: list[str], line: int, column: int) -> tuple[str, list[Found]] | None:
        """In a block's body that is not Python: what its language says. Python is completed by IPython itself."""
        head = split_cell(text)
        if head is None or head.sort != "block":
            return None
        try:
            header = parse(head.text, languages=languages.names())
            language = languages.get(header.language or "python")
        except (JupyterMageError, PluginError):
            return None
        if language.extension == "py":
            return None
        around = self._around(header.upstreams or (), tuple(each.name for each in header.parameters))
        place = len("\n".join(_below(head, lines)[: line - 1])) + (line > 1) + column
        if isinstance(language, Completing):
            stem, found = language.complete(head.body, place, around)
        else:
            words = [(name, "input") for name in around.inputs] + [(name, "parameter") for name in around.parameters]
            stem, found = self._with_stem(re.search(r"\w*$", lines[line][:column])[0], words)  # type: ignore[index]
        # the word itself, where nothing fits: without any, IPython would offer Python's names
        return stem, found or [(stem, "as typed")]

    def _around(self, inputs: tuple[str, ...], parameters: tuple[str, ...]) -> Around:
        board = self._session.board.get(self._session.current)
        outputs = {name: part.output for name, part in board.blocks.items()} if board else {}
        columns = {name: output.columns or () for name, output in outputs.items() if output is not None}
        tables = {name: (said, columns.get(name, ())) for name, said in self.blocks()}
        return Around(tables=tables, inputs=inputs, parameters=parameters)

    # ---- headers -----------------------------------------------------------------------------------------------------

    def _header(self, text: str) -> tuple[str, Iterable[Found]]:
        """``NAME``, then ``(up1, up2, *, day: str``, then options and their values."""
        opened = text.find("(")
        if opened >= 0 and text.count("(") > text.count(")"):
            inside = text[opened + 1 :]
            stem = re.search(r"\w*$", inside)[0]  # type: ignore[index]
            if re.search(r":\s*\w*$", inside):
                return stem, [(each, "type") for each in ("str", "int", "float", "bool", "list", "dict")]
            if "*" in inside:
                return stem, ()
            given = {text[:opened].strip(), *re.findall(r"\w+", inside[: len(inside) - len(stem)])}
            return stem, [each for each in self.blocks() if each[0] not in given]
        name = re.match(r"\w*$", text)
        if name:
            return name[0], self.waited_for() + self.blocks()
        words = text[text.rfind(")") + 1 :].split(" ") if ")" in text else text.split(" ")[1:]
        return self._option(words, [text.split("(")[0].split(" ")[0]])

    def _option(self, words: list[str], own: list[str]) -> tuple[str, Iterable[Found]]:
        stem, before = words[-1] if words else "", words[-2] if len(words) > 1 else ""
        known = {option.name: option for option in OPTIONS}
        before = {"--language": "--lang"}.get(before, before)
        if "=" in stem and stem.startswith("--"):
            before, _, stem = stem.partition("=")
        if before in known and not known[before].flag:
            stem = stem.rpartition(",")[2]
            return stem, [each for each in self._value(known[before].field) if each[0] not in own]
        if stem and not stem.startswith("-"):
            return stem, ()
        short = [(f"--{name}", f"option: {name} body") for name in languages.names() if name != "python"]
        return stem, [*((option.name, f"option: {option.help}") for option in OPTIONS if option.name not in words[:-1]), *short]

    def _value(self, field: str) -> list[Found]:
        """What an option of a header may be given."""
        pipeline = self._session.pipeline
        pools = {f"{b.limits.pool}:{b.limits.pool_size}" for b in pipeline if b.limits.pool}
        values: dict[str, Callable[[], Iterable[Found]]] = {
            "kind": lambda: ((each, _kind(each)) for each in kinds.names()),
            "language": lambda: ((each, "language") for each in languages.names()),
            "executor": self.executors,
            "after": self.blocks,
            "mapped": self.blocks,
            "guards": self.conditionals,
            "on": lambda: ((each, "ending") for each in ("success", "failure", "cancelled")),
            "retries": lambda: ((each, "count") for each in ("1", "3")),
            "memory": lambda: ((each, "size") for each in ("512MB", "2GB")),
            **dict.fromkeys(("timeout", "retry_delay", "interval"), lambda: ((each, "duration") for each in ("10s", "1m", "1h"))),
            "tags": lambda: ((tag, "tag") for tag in sorted({tag for block in pipeline for tag in block.tags})),
            "pool": lambda: ((pool, "pool") for pool in sorted(pools)),
            "pipeline": lambda: ((each, "pipeline") for each in self._session.pipelines),
            "fresh": lambda: ((each, "age") for each in ("off", "10m", "1h", "1d")),
            "files": self.files,
            "retry_on": lambda: ((each, "exception") for each in _EXCEPTIONS),
        }
        return list(values[field]()) if field in values else []

    def _test_line(self, before: str) -> tuple[str, Iterable[Found]]:
        words = re.split(r"%%test\s+|test\s*:\s*", before, maxsplit=1)[-1].split(" ")
        block = self._session.pipeline.get(words[0])
        if len(words) == 1:
            return words[0], self.blocks()
        return words[-1], ((each.name, "test") for each in (block.tests if block else ()))

    # ---- %pipeline ---------------------------------------------------------------------------------------------------

    def _verb_line(self, text: str) -> tuple[str, Iterable[Found]]:
        words = text.split(" ")
        stem = words[-1]
        if len(words) == 1:
            return stem, self.verbs()
        verb = VERBS.get(words[0])
        if verb is None:
            return stem, ()
        actions = [each for each in verb.parser._actions if each.option_strings]
        places = [each for each in verb.parser._actions if not each.option_strings]
        named = {name: each for each in actions for name in each.option_strings}
        last = words[-2] if len(words) > 2 else ""
        if stem.startswith("--") and "=" in stem and stem.split("=")[0] in named:
            last, _, stem = stem.partition("=")
        if last in named and named[last].nargs != 0:
            return stem, self.argument(named[last])
        if stem.startswith("-"):
            return stem, [(name, f"option: {each.help or each.metavar or each.dest}") for name, each in named.items()]
        behind = zip(words[1:-1], words, strict=False)  # each word with the one before it
        given = [word for word, option in behind if not word.startswith("-") and not _takes(named.get(option))]
        if not places:
            return stem, ()
        return stem, self.argument(places[min(len(given), len(places) - 1)])

    def argument(self, action: argparse.Action) -> Iterable[Found]:
        """What an argument of a verb may be: its choices, or what goes by its name."""
        if action.choices:
            return [(str(each), "word") for each in action.choices]
        sources: dict[str, Callable[[], Iterable[Found]]] = {
            "selection": self.selections, "block": self.blocks, "blocks": self.blocks, "start": self.blocks, "old": self.blocks,
            "run": self.runs, "before": self.runs, "after": self.runs, "executor": self.executors, "var": self.variables,
            "pairs": self.variables, "variables": self.variables, "path": self.files, "to": self.files, "project": self.files,
            "pipeline": lambda: ((each, "pipeline") for each in self._session.pipelines), "verb": self.verbs,
        }  # fmt: skip
        return sources[action.dest]() if action.dest in sources else ()

    def verbs(self) -> list[Found]:
        return [(name, f"verb: {verb.parser.description}") for name, verb in VERBS.items()]

    # ---- what there is -----------------------------------------------------------------------------------------------

    def blocks(self) -> list[Found]:
        """Every block, with its kind and what it gave last: ``block: transformer, 12 480 × 19``."""
        board = self._session.board.get(self._session.current)
        return [(block.name, _said(block, board.blocks.get(block.name) if board else None)) for block in self._session.pipeline]

    def conditionals(self) -> list[Found]:
        pipeline = self._session.pipeline
        return [each for each in self.blocks() if pipeline[each[0]].kind in kinds and kinds.get(pipeline[each[0]].kind).decides]

    def waited_for(self) -> list[Found]:
        """Names that blocks need and nobody has defined."""
        pipeline = self._session.pipeline
        needed = (name for block in pipeline for name in block.needs if name not in pipeline)
        return [(name, "block: waited for") for name in dict.fromkeys(needed)]

    def selections(self) -> list[Found]:
        pipeline, blocks = self._session.pipeline, self.blocks()
        tags = [(f"tag:{tag}", "tag") for tag in sorted({tag for block in pipeline for tag in block.tags})]
        sorts = [(f"kind:{kind}", "kind") for kind in sorted({block.kind for block in pipeline})]
        ways = ("", "{}"), ("with all above", "+{}"), ("with all below", "{}+"), ("with all above and below", "+{}+")
        turned = [(way.format(name), f"{sort}{', ' if said else ''}{said}") for said, way in ways for name, sort in blocks]
        return [*turned, *tags, *sorts]

    def variables(self) -> Iterator[Found]:
        """Every parameter of the pipeline, up to its ``=``."""
        for block in self._session.pipeline:
            for each in block.parameters:
                default = "" if each.default is MISSING else f" = {each.default!r}"
                yield f"{each.name}=", f"parameter: {each.annotation or type(each.default).__name__}{default} of {block.name}"

    def runs(self) -> list[Found]:
        if not (self._session.state_folder / "history.db").exists():
            return []
        known = self._session.history.runs(None, RUNS)
        count = ((each, f"{each.blocks} block{'s' * (each.blocks != 1)}") for each in known)
        return [("last", "run"), *((each.id, f"run: {each.status}, {blocks}") for each, blocks in count)]

    def executors(self) -> list[Found]:
        return [(each, "executor") for each in executors.names()]

    def files(self) -> list[Found]:
        """Files and folders of the current folder, hidden ones left out."""
        found = sorted(each for each in Path().iterdir() if not each.name.startswith("."))
        return [(f"{each}/" if each.is_dir() else shlex.quote(str(each)), "path") for each in found[:200]]


_EXCEPTIONS = sorted(n for n, each in vars(builtins).items() if isinstance(each, type) and issubclass(each, Exception))


def _below(head: CellHead, lines: list[str]) -> list[str]:
    """A cell's lines without its header's: as `split_cell` gives a body."""
    return head.body.split("\n") if len(lines) > 1 else []


def _kind(name: str) -> str:
    try:
        return f"kind: {kinds.get(name).doc or name}"
    except PluginError as error:  # one that is named and not there: Tab still offers the others
        return f"kind: {error.message}"


def _takes(action: argparse.Action | None) -> bool:
    return action is not None and action.nargs != 0


def _said(block: Block, part: Any) -> str:
    shape = f", {part.output.describe()}" if part is not None and part.output is not None else ""
    return f"block: {block.kind}{shape}"
