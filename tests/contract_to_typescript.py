"""Writes ``labextension/src/contract.ts`` from ``jupyter_mage/contract.py`` and ``asked.py``: ``make contract``.

Interfaces for the compiler, and the same shapes as data, by which ``sources/read.ts`` reads whatever arrives.
"""

from __future__ import annotations

import ast
import json
import types
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jupyter_mage import asked, contract

TARGET = Path(__file__).resolve().parents[1] / "labextension" / "src" / "contract.ts"
HEAD = """/**
 * The shapes of the JSON that kernel and server give. Made from jupyter_mage/contract.py and asked.py by `make contract`: edit that.
 */
"""
PLAIN = {str: ("string", "text"), int: ("number", "number"), float: ("number", "number"), bool: ("boolean", "truth")}


def typescript() -> str:
    """The whole file."""
    shapes = list(_shapes())
    parts = [HEAD, *(_interface(name, kind, notes) for name, kind, notes in shapes)]
    names = "\n".join(f"  {name}: {name};" for name, _, _ in shapes)
    parts.append(f"/** Every shape by its name. */\nexport interface Contract {{\n{names}\n}}\n")
    parts.append(
        "/** What a field is: a plain sort, or one word and what it is made of. */\n"
        "export type Shape =\n  | 'text'\n  | 'number'\n  | 'truth'\n  | 'any'\n"
        "  | readonly ['null' | 'list' | 'map' | 'maybe', Shape]\n  | readonly ['one', ...string[]]\n"
        "  | readonly ['of', keyof Contract];\n"
    )
    body = ",\n".join(f"  {name}: {{\n{_fields_as_data(kind)}\n  }}" for name, kind, _ in shapes)
    parts.append(f"export const SHAPES: Record<keyof Contract, Record<string, Shape>> = {{\n{body}\n}};\n")
    return "\n".join(parts)


def _shapes() -> Iterator[tuple[str, Any, dict[str, str]]]:
    """Each TypedDict in the order it is written, with the sentences that stand with it and its fields."""
    found = ((module, node) for module in (contract, asked) for node in ast.parse(Path(module.__file__).read_text()).body)
    for module, node in found:
        if isinstance(node, ast.ClassDef):
            notes = {"": ast.get_docstring(node) or ""}
            for field, note in zip(node.body, node.body[1:], strict=False):
                if isinstance(field, ast.AnnAssign) and isinstance(note, ast.Expr) and isinstance(note.value, ast.Constant):
                    notes[ast.unparse(field.target)] = str(note.value.value)
            yield node.name, getattr(module, node.name), notes


def _hints(kind: Any) -> dict[str, Any]:
    return typing.get_type_hints(kind, include_extras=True)


def _interface(name: str, kind: Any, notes: dict[str, str]) -> str:
    lines = []
    for field, hint in _hints(kind).items():
        lines += [f"  /** {' '.join(notes[field].split())} */"] if field in notes else []
        maybe = typing.get_origin(hint) is typing.NotRequired
        lines.append(f"  {field}{'?' if maybe else ''}: {_type(hint)};")
    return f"/** {' '.join(notes[''].split())} */\nexport interface {name} {{\n" + "\n".join(lines) + "\n}\n"


def _type(hint: Any) -> str:
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if hint in PLAIN:
        return PLAIN[hint][0]
    if origin is typing.NotRequired:
        return _type(inner[0])
    if origin is typing.Literal:
        return " | ".join(f"'{each}'" for each in inner)
    if origin is list:
        item = _type(inner[0])
        return f"({item})[]" if "|" in item and not item.endswith("]") else f"{item}[]"
    if origin is dict:
        return f"Record<string, {_type(inner[1])}>"
    if origin in (types.UnionType, typing.Union):
        return " | ".join("null" if each is type(None) else _type(each) for each in inner)
    return str(hint.__name__)


def _fields_as_data(kind: Any) -> str:
    return ",\n".join(f"    {field}: {_data(_shape(hint))}" for field, hint in _hints(kind).items())


def _data(shape: Any) -> str:
    return json.dumps(shape).replace('"', "'")


def _shape(hint: Any) -> Any:
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if hint in PLAIN:
        return PLAIN[hint][1]
    if origin is typing.NotRequired:
        return ["maybe", _shape(inner[0])]
    if origin is typing.Literal:
        return ["one", *inner]
    if origin is list:
        return ["list", _shape(inner[0])]
    if origin is dict:
        return ["map", _shape(inner[1])]
    if origin in (types.UnionType, typing.Union):
        others = [each for each in inner if each is not type(None)]
        return ["null", _shape(others[0])] if len(others) == 1 else "any"
    return ["of", hint.__name__]


if __name__ == "__main__":
    TARGET.write_text(typescript())
