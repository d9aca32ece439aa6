"""Running a block's tests: on its output, with its inputs; and which rows they found wrong.

A test is Python whatever its block's language is. What fails comes out as the exception that it is; `told` puts it into words.
"""

from __future__ import annotations

import ast
import inspect
import linecache
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import FrameType
from typing import Any

from .code.parameters import live, with_members
from .errors import PluginError
from .model import Block, Test
from .plugins import Call, languages

ROWS = 10
"""Wrong rows that are shown."""
Inputs = Callable[[str], Any]
"""Gives the value of an upstream, by its name; asked only for those that a test names."""


def filename_of(block: Block, test: Test) -> str:
    """The name that tracebacks have for this test."""
    return f"<test {block.name} {test.name}>"


def run(block: Block, test: Test, value: Any, inputs: Inputs, parameters: Mapping[str, Any]) -> None:
    """Run one test on the block's output. Raises what the test raises; PluginError where pandera is missing."""
    given = {each.name: live(each, parameters[each.name]) for each in block.parameters if each.name in parameters}
    if block.is_file:  # its functions get every variable
        given = {**parameters, **given}
    if test.inline and test.line > 1:
        _call(block, test, value, inputs, given)
        return
    reads = languages.get("python").names(test.source).reads
    values = {name: inputs(name) for name in block.upstreams if name in reads}
    values |= {name: each for name, each in given.items() if name in reads}
    try:
        _execute(block, test, test.source, {**values, block.name: value})
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "pandera":
            raise
        raise PluginError(
            f"the schema {block.schema} of {block.name} needs pandera: pip install 'jupyter_mage[pandera]'"
        ) from None


def _execute(block: Block, test: Test, source: str, values: Mapping[str, Any]) -> Any:
    captured = (*block.captured, *test.captured) if block.language == "python" else test.captured
    call = Call(block=block, source=source, captured=captured, values=values, filename=filename_of(block, test))
    return languages.get("python").run(call)


def _call(block: Block, test: Test, value: Any, inputs: Inputs, given: Mapping[str, Any]) -> None:
    """As Mage does: the output by place. What stands behind it by name: upstreams, parameters; the rest in ``**kwargs``."""
    plain = _plain(block)
    function = _execute(plain, test, "\n" * (test.line - 2) + f"{test.source}\n{test.name}", {})
    arguments = list(inspect.signature(function).parameters.values())
    positional = [each for each in arguments if each.kind in (each.POSITIONAL_ONLY, each.POSITIONAL_OR_KEYWORD)]
    given = with_members(block, given, function.__globals__)
    named: dict[str, Any] = {}
    for each in (*positional[1:], *(one for one in arguments if one.kind is one.KEYWORD_ONLY)):
        if each.name in block.upstreams:
            named[each.name] = inputs(each.name)
        elif each.name in given:
            named[each.name] = given[each.name]
    if any(each.kind is each.VAR_KEYWORD for each in arguments):
        named |= {name: each for name, each in given.items() if name not in named}
    for name in set(function.__code__.co_names) & {*block.upstreams, *given} - set(named):
        function.__globals__.setdefault(name, inputs(name) if name in block.upstreams else given[name])
    function.__globals__.setdefault(block.name, value)
    function(value, **named)


def _plain(block: Block) -> Block:
    """The block for a function of its cell: what Python runs is that function and no file of Mage's."""
    import dataclasses

    return dataclasses.replace(block, carrier="magic") if block.is_file else block


# ---- what failed, in words


@dataclass(frozen=True, slots=True)
class Told:
    """A failure's message, short; and the first rows that are wrong, as text."""

    message: str = ""
    rows: str = ""


def told(error: BaseException, filename: str) -> Told:
    """What a test's exception says that its own text does not, or says at length; empty where there is nothing to add."""
    cases = getattr(error, "failure_cases", None)
    if cases is not None and hasattr(error, "schema"):
        return _of_schema(error, cases)
    if isinstance(error, AssertionError):
        return Told(rows=_of_assert(error, filename))
    return Told()


def _of_schema(error: Any, cases: Any) -> Told:
    """pandera's failure cases: which check of which column failed, how often, and the first rows."""
    table = cases.to_pandas() if hasattr(cases, "to_pandas") else cases
    if not hasattr(table, "groupby"):
        return Told(str(error).splitlines()[0])
    counts: dict[str, int] = {}
    for column, check in zip(table["column"] if "column" in table else [None] * len(table), table["check"], strict=True):
        said = f"{column}: {check}" if isinstance(column, str) else str(check)
        counts[said] = counts.get(said, 0) + 1
    schema = getattr(error.schema, "name", None) or "the schema"
    listed = ", ".join(f"{said} ({count}×)" for said, count in list(counts.items())[:6])
    shown = table.rename(columns={"index": "row", "failure_case": "value"})
    wanted = [name for name in ("row", "column", "check", "value") if name in shown]
    return Told(
        f"{listed}{', …' if len(counts) > 6 else ''}; not as {schema} says", _table(shown[wanted], len(shown), index=False)
    )


def _table(frame: Any, count: int, *, index: bool = True) -> str:
    text: str = frame.head(ROWS).to_string(index=index, max_colwidth=40, max_cols=12, line_width=None)
    return text + (f"\n… {count - ROWS} more" if count > ROWS else "")


def _of_assert(error: BaseException, filename: str) -> str:
    """The rows for which a failed ``assert`` about a frame or series does not hold, looked up once more where that is cheap."""
    frame, line = _innermost(error, filename)
    if frame is None:
        return ""
    text = "".join(linecache.getlines(filename))
    try:
        tree = ast.parse("\n" + text.partition("\n")[2])
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ""
    found = [n for n in ast.walk(tree) if isinstance(n, ast.Assert) and n.lineno <= line <= (n.end_lineno or n.lineno)]
    if not found:
        return ""
    scope = {**frame.f_globals, **frame.f_locals}
    try:
        return _wrong_rows(found[-1].test, scope)
    except Exception:  # noqa: BLE001 (looked at for the reader's sake only: the failure itself is said whatever happens here)
        return ""


def _innermost(error: BaseException, filename: str) -> tuple[FrameType | None, int]:
    found: tuple[FrameType | None, int] = (None, 0)
    step = error.__traceback__
    while step is not None:
        if step.tb_frame.f_code.co_filename == filename:
            found = step.tb_frame, step.tb_lineno
        step = step.tb_next
    return found


def _wrong_rows(test: ast.expr, scope: Mapping[str, Any]) -> str:
    """``X.all()``, ``not X.any()``, ``not X.sum()``, ``X.sum() == 0``, ``len(X) == 0``, ``X.empty``, ``a.equals(b)`` …"""
    negated = False
    while isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        test, negated = test.operand, not negated
    if isinstance(test, ast.BoolOp):
        return next(filter(None, (_wrong_rows(each, scope) for each in test.values)), "")
    if isinstance(test, ast.Compare) and _is_zero(test):
        test, negated = test.left, True
    if isinstance(test, ast.Call) and isinstance(test.func, ast.Name) and test.func.id == "len" and negated:
        return _shown(_value(test.args[0], scope), _value(test.args[0], scope).index, test, scope)
    if isinstance(test, ast.Attribute) and test.attr in ("empty", "is_unique"):
        value = _value(test.value, scope)
        return _rows_of(value if test.attr == "empty" else value.duplicated(keep=False), test, scope)
    if not isinstance(test, ast.Call) or not isinstance(test.func, ast.Attribute):
        return ""
    method, inner = test.func.attr, test.func.value
    if method == "equals" and test.args:
        return _table(compared := _value(inner, scope).compare(_value(test.args[0], scope)), len(compared))
    while isinstance(inner, ast.Call) and isinstance(inner.func, ast.Attribute) and inner.func.attr in ("all", "any", "sum"):
        inner = inner.func.value
    if method == "all" and not negated:
        return _rows_of(~_by_row(_value(inner, scope), "all"), test, scope)
    if method in ("any", "sum") and negated:
        return _rows_of(_by_row(_value(inner, scope), "any"), test, scope)
    return ""


def _is_zero(test: ast.Compare) -> bool:
    right = test.comparators[0]
    return len(test.ops) == 1 and isinstance(test.ops[0], ast.Eq) and isinstance(right, ast.Constant) and right.value == 0


_LOOKS = (
    *(ast.Name, ast.Attribute, ast.Subscript, ast.Compare, ast.BinOp, ast.UnaryOp, ast.Constant, ast.List, ast.Tuple),
    *(ast.Slice, ast.Call, ast.keyword, ast.operator, ast.unaryop, ast.cmpop, ast.expr_context),
)


def _value(node: ast.expr, scope: Mapping[str, Any]) -> Any:
    """The value of a part of the assert: names, comparisons, methods; no functions of the user's are called again."""
    for each in ast.walk(node):
        if not isinstance(each, _LOOKS) or (isinstance(each, ast.Call) and not isinstance(each.func, ast.Attribute)):
            raise ValueError("not looked at twice")
    return eval(compile(ast.Expression(node), "<assert>", "eval"), dict(scope))  # noqa: S307 (the user's own expression)


def _by_row(mask: Any, how: str) -> Any:
    """A boolean for each row of a mask with columns."""
    return getattr(mask, how)(axis=1) if getattr(mask, "ndim", 1) == 2 else mask


def _rows_of(mask: Any, test: ast.expr, scope: Mapping[str, Any]) -> str:
    """The rows that the mask marks, of the frame that the assert speaks of; the series itself where there is none."""
    if getattr(mask, "ndim", 0) == 2:
        return _shown(mask, mask.index, test, scope)
    chosen = mask[mask.fillna(True).astype(bool)] if hasattr(mask, "fillna") else mask
    return _shown(chosen, chosen.index, test, scope) if len(chosen) else ""


def _shown(wrong: Any, index: Any, test: ast.expr, scope: Mapping[str, Any]) -> str:
    import pandas as pd

    names = dict.fromkeys(each.id for each in ast.walk(test) if isinstance(each, ast.Name))
    for value in _frames([scope.get(name) for name in names], pd.DataFrame):
        if value.index.is_unique and index.isin(value.index).all():
            return _table(value.loc[index], len(index))
    return _table(wrong if isinstance(wrong, pd.DataFrame) else wrong.to_frame(), len(wrong))


def _frames(values: Iterable[Any], kind: type) -> list[Any]:
    return [each for each in values if isinstance(each, kind)]
