"""A chart cell of ours as a chart of Mage's: its function, and below it the one that Mage draws with.

Mage shows what a ``@render`` function gives: HTML. A figure becomes a picture in it, a frame its table, anything else its text.
The cell's own text is kept beside the file, and counts as long as nobody changed the file.
"""

from __future__ import annotations

_SHOWN = """@render(render_type='html')
def {name}_shown(*args, **kwargs):
    import base64
    import html
    import io
    import sys

    made = {name}(*args, **kwargs)
    if not hasattr(made, 'savefig') and not hasattr(made, '_repr_html_') and 'matplotlib.pyplot' in sys.modules:
        made = sys.modules['matplotlib.pyplot'].gcf()
    if hasattr(made, 'savefig'):
        file = io.BytesIO()
        made.savefig(file, format='png')
        return f'<img src="data:image/png;base64,{{base64.b64encode(file.getvalue()).decode()}}">'
    found = made._repr_html_() if hasattr(made, '_repr_html_') else None
    return f'<pre>{{html.escape(str(made))}}</pre>' if found is None else found"""


def shown(called: str) -> str:
    """The function that Mage calls, for the one that is ``called`` so."""
    return _SHOWN.format(name=called)
