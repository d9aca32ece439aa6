"""The verb that says what the others do: ``help``, which is also what ``%pipeline run?`` asks."""

from __future__ import annotations

import argparse
from collections.abc import Mapping

from .base import Notebook, Verb, verb


@verb("help", "what a verb does", (("verb",), {"nargs": "?", "default": ""}), examples=("help", "help run", "run?"))
def help_(_: Notebook, given: argparse.Namespace) -> None:
    from IPython.core.page import page

    from ...errors import unknown
    from . import VERBS

    if given.verb and given.verb not in VERBS:
        raise unknown("verb", given.verb, VERBS, hint="%pipeline?")
    page(verb_text(VERBS[given.verb]) if given.verb else all_text(VERBS))


def verb_text(verb: Verb) -> str:
    """A verb's words, options and examples, in a few lines."""
    parser, actions = verb.parser, verb.parser._actions
    named = [each.dest.upper() if each.nargs is None else f"[{each.dest.upper()}]" for each in actions if not each.option_strings]
    options = ["[options]"] if len(named) < len(actions) else []
    lines = [f"{' '.join(['%pipeline', verb.name, *named, *options])}   {parser.description}", ""]
    for each in actions:
        words = ", ".join(each.option_strings) or each.dest.upper()
        value = "" if each.nargs == 0 or not each.option_strings else f" {each.metavar or each.dest.upper()}"
        choices = " | ".join(map(str, each.choices)) if each.choices else ""
        lines.append(f"  {words + value + '  ':32}{'; '.join(part for part in (each.help, choices) if part)}".rstrip())
    return "\n".join([*lines, *([""] if actions else []), *(f"%pipeline {example}" for example in verb.examples)])


def all_text(verbs: Mapping[str, Verb]) -> str:
    """Every verb in a line."""
    return "\n".join(f"%pipeline {name:10} {verb.parser.description}" for name, verb in verbs.items())
