"""The form of ``%pipeline run --ask``: one control a variable, made from its type, and a button that runs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Any

from .. import asking
from ..model import MISSING
from ..variables import Variable

Run = Callable[[dict[str, Any]], None]


class Form:
    """Widgets for these variables; ``run`` is called with the answers that differ from what a run would take anyway."""

    def __init__(self, variables: Sequence[Variable], start: Sequence[str], run: Run) -> None:
        import ipywidgets as widgets

        self.variables, self.start, self.run = variables, start, run
        self.controls = {each.name: _control(each) for each in variables}
        self.command = widgets.HTML()
        self.output = widgets.Output()
        self.button = widgets.Button(description="Run", icon="play", button_style="primary")
        self.button.on_click(self._clicked)
        for control in self.controls.values():
            control.observe(self._say, "value")
        self._say()
        self.box = widgets.VBox([*self.controls.values(), widgets.HBox([self.button, self.command]), self.output])

    def answers(self) -> dict[str, Any]:
        """What the controls say, as it travels: a date as its text. Raises DefinitionError for text that does not fit."""
        from ..code.parameters import coerce
        from ..model import Parameter

        found = {}
        for each in self.variables:
            value = self.controls[each.name].value
            if value is None and not each.type.optional:
                continue
            if isinstance(value, str) and each.value is not MISSING and value == asking.text_of(each.value):
                found[each.name] = each.value
            else:
                found[each.name] = coerce(Parameter(name=each.name, annotation=each.type.text or each.type.name), value)
        return asking.different(self.variables, found)

    def _say(self, _: Any = None) -> None:
        import html

        from ..errors import JupyterMageError

        try:
            text = asking.command(self.start, self.variables, self.answers())
        except JupyterMageError as error:
            text = error.message
        self.button.disabled = not text.startswith(self.start[0])
        self.command.value = f"<code>{html.escape(text)}</code>"

    def _clicked(self, _: Any) -> None:
        self.output.clear_output()
        self.button.disabled = True
        try:
            with self.output:  # shows what is printed, and an error as a cell does
                self.run(self.answers())
        finally:
            self.button.disabled = False


def _control(variable: Variable) -> Any:
    """The control for a variable's type; text where there is none, or where nothing is a value too."""
    import ipywidgets as widgets

    kind, value = variable.type, None if variable.value is MISSING else variable.value
    common = {"description": variable.name, "tooltip": f"{kind.text or kind.name} · {', '.join(variable.blocks)}",
              "style": {"description_width": "initial"}}  # fmt: skip
    if kind.choices:
        options = [*((None,) if kind.optional else ()), *kind.choices]
        return widgets.Dropdown(options=options, value=value if value in options else options[0], **common)
    if kind.name == "date":
        return widgets.DatePicker(value=dt.date.fromisoformat(value) if value else None, **common)
    if kind.name == "datetime":
        return widgets.NaiveDatetimePicker(value=dt.datetime.fromisoformat(value) if value else None, **common)
    if kind.name == "bool" and not kind.optional:
        return widgets.Checkbox(value=bool(value), indent=False, **common)
    if kind.name in ("int", "float") and not kind.optional:
        control = widgets.IntText if kind.name == "int" else widgets.FloatText
        return control(value=value or 0, **common)
    text = "" if variable.value is MISSING else asking.text_of(value)
    return widgets.Text(value=text, continuous_update=False, **common)
