"""A callback of ours as Mage calls callbacks: a function for each end, and all of them tell the block's own function what it is
told here: the output of the block that ended, None where it gave none, and ``outcome``.
"""

from __future__ import annotations

import ast
import itertools
from collections.abc import Collection, Sequence

from ...code.units import ENDINGS

_HEARD = '''def {name}_heard(status, given, kwargs):
    """Calls {name} with what the block that ended gave, None where that is nothing, and with how it ended."""
    ended = ''.join(each if each.isalnum() else '_' for each in kwargs.get('parent_block_uuid', ''))
    outcome = {{ended: {{'status': status}}}}
    if status == 'failure':
        error = kwargs.get('__error')
        outcome[ended].update(error=type(error).__name__, message=str(error))
    value = given[0] if given and status == 'success' else None
    {name}(**{{**kwargs, ended: value, 'outcome': outcome}})'''
_END = """@callback('{word}')
def {name}_{word}(*given, **kwargs):
    {name}_heard('{word}', given, kwargs)"""


def needed(name: str) -> frozenset[str]:
    """Names that the file of a callback called ``name`` takes beside its own."""
    return frozenset([f"{name}_heard", *(f"{name}_{word}" for word in ENDINGS)])


def calls(name: str, on: Collection[str]) -> list[str]:
    """The functions below the block's own: what Mage calls, for these ends or for all."""
    return [_HEARD.format(name=name), *(_END.format(name=name, word=word) for word in ENDINGS if not on or word in on)]


def main(body: Sequence[ast.stmt]) -> int | None:
    """The place of the block's own function in a file that has `calls` below it; None where it is no such file."""
    for at, (one, two) in enumerate(itertools.pairwise(body)):
        if isinstance(one, ast.FunctionDef) and isinstance(two, ast.FunctionDef) and two.name == f"{one.name}_heard":
            return at if not one.decorator_list and ast.unparse(two.args) == "status, given, kwargs" else None
    return None
