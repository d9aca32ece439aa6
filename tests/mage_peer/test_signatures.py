"""What blocks import as ``mage_ai`` takes what the real one takes: read from its source, which need not be imported."""

from __future__ import annotations

import ast
import importlib
import inspect
from pathlib import Path

import pytest

from jupyter_mage.cli.commands import cli
from jupyter_mage.mage_compat.io import SOURCES

pytestmark = pytest.mark.mage
VENV = Path("~/.cache/mage_peer/venv").expanduser()
FUNCTIONS = {
    "orchestration.triggers.api": ("trigger_pipeline",),
    "orchestration.run_status_checker": ("check_status",),
    "data_preparation.variable_manager": (
        "get_variable", "get_global_variable", "get_global_variables", "set_global_variable", "delete_global_variable",
    ),
    "settings.repo": ("get_repo_path", "get_repo_name", "set_repo_path", "get_variables_dir", "get_metadata_path"),
    "data_preparation.shared.secrets": ("get_secret_value",),
}  # fmt: skip
METHODS = ("__init__", "with_config", "load", "export", "execute", "execute_queries", "exists", "sample")


def parameters(module: str, name: str, owner: str = "") -> list[str] | None:
    """The names of a function's parameters in the real source, without self; None where it is not there."""
    root = next(VENV.glob("lib/python3*/site-packages/mage_ai"))
    tree = ast.parse(root.joinpath(*module.split(".")).with_suffix(".py").read_text())
    body = tree.body
    if owner:
        body = next((node.body for node in body if isinstance(node, ast.ClassDef) and node.name == owner), [])
    for node in body:
        if isinstance(node, ast.FunctionDef) and node.name == name:
            return [each.arg for each in node.args.args if each.arg not in ("self", "cls")]
    return None


def compared() -> dict[str, tuple[list[str], list[str], bool]]:
    """Their parameters and ours, and whether ours take any other keyword too."""
    found = {}
    owned = [(f"io.{module}", name, method) for name, (module, _) in SOURCES.items() if name != "SQLite" for method in METHODS]
    for module, owner, name in [*owned, *((module, "", name) for module, names in FUNCTIONS.items() for name in names)]:
        theirs = parameters(module, name, owner)
        own = importlib.import_module(f"jupyter_mage.mage_compat.{module}")
        if theirs is None:
            continue
        signature = inspect.signature(getattr(getattr(own, owner), name) if owner else getattr(own, name)).parameters
        ours = [each for each, one in signature.items() if each != "self" and one.kind is one.POSITIONAL_OR_KEYWORD]
        found[f"{owner or module}.{name}"] = theirs, ours, any(one.kind is one.VAR_KEYWORD for one in signature.values())
    return found


def test_a_call_that_the_real_one_takes_is_taken_by_ours_in_the_same_way() -> None:
    pairs = compared()
    assert len(pairs) > 50
    positional = {name: (theirs, ours) for name, (theirs, ours, _) in pairs.items() if ours[: len(theirs)] != theirs}
    # ours may leave a parameter to its keywords, where nobody gives it by place
    allowed = {name: both for name, both in positional.items() if pairs[name][2] and both[1] == both[0][: len(both[1])]}
    assert {name: both for name, both in positional.items() if name not in allowed} == {}


@pytest.mark.parametrize("command", ["init", "run"])
def test_every_word_of_mages_command_line_is_known_here(command: str) -> None:
    root = next(VENV.glob("lib/python3*/site-packages/mage_ai"))
    tree = ast.parse((root / "cli/main.py").read_text())
    function = next(node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == command)
    theirs = [each.arg.replace("_", "-") for each in function.args.args]
    own = {word.lstrip("-") for each in cli.commands[command].params for word in (*each.opts, *each.secondary_opts)}
    assert {each for each in theirs if each not in own} <= {"project-path", "pipeline-uuid"}
    assert {"no-test", "no-skip-sensors"} <= own or command == "init"
