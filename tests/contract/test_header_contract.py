"""What the browser reads off a cell's header is what Python reads. The table is in the browser's sources; both sides are tested with it.

``WRITE=1 pytest tests/contract/test_header_contract.py`` writes both files anew.
"""

import json
import os
from pathlib import Path
from typing import Any

from jupyter_mage.code import carriers, decorator
from jupyter_mage.code.function import DECORATORS
from jupyter_mage.code.header import parse
from jupyter_mage.code.options import OPTIONS, SHORT

SOURCES = Path(__file__).parents[2] / "labextension" / "src"
LANGUAGES = ("python", "sql", "r", "sh", "julia")

CELLS = [
    "",
    "x = 1",
    "%%block raw",
    "%%block raw\n1",
    "%%block\traw\n1",
    "%%block raw\r\n1\r\n",
    " %%block raw",
    "%%blocks raw",
    "%%time\n1",
    "\n# a note\n\n%%block clean(raw)\nraw",
    "#@title Clean\n%%block clean(raw)\nraw",
    "x = 1\n%%block raw",
    "    # stepped in\n%%block raw",
    "%%test raw\nassert len(raw)",
    "%%test raw rows_are_there\nassert len(raw)",
    "# | test : raw\nassert len(raw)",
    "#| block: users(raw)\n1",
    "# |block:users --sql\nSELECT 1",
    "#|block:  users(raw, *, day: str = 'x')  --lang sql \nSELECT 1",
    "#| echo: false\n1",
    "%%block late(flights, delays)",
    "%%block late (flights, *, minutes: int = 15) --sql\nSELECT 1",
    "%%block late(flights, *, sign: str = \")\", pair: list = [1, (2, 3)], other='a,b') --sql",
    "%%block late(flights, /, delays, *, minutes)",
    "%%block late() --kind data_loader",
    "%%block late --kind=transformer --lang=sql",
    "%%block late --language sql --after raw,users --retries 3",
    '%%block late --doc "a --sql one" --tag daily',
    "%%block late --doc 'it says --r' --sh",
    "%%block late --julia --no-run --force",
    "%%block late -N -f --r",
    "%%block late --soft-fail --interval 30s --kind sensor",
    "%%block late(flights) -> DataFrame --sql",
    '%%block late(flights, *, day: str = "x # y") --sql',
    "@block\ndef big(orders):\n    return orders",
    "@block()\ndef big():\n    return 1",
    "@block(kind='custom', after=['a', 'b'])\ndef big(orders, *, n: int = 1, day: str = ','):\n    return orders[n:]",
    '@block(\n    kind="data_exporter",  # a ) here\n    doc=")",\n)\ndef out(\n    orders,  # the ( orders\n    users,\n    *,\n    path: str = "x(",\n):\n    return 1',
    "import pandas as pd\nfrom jupyter_mage import block\n\n@block(retries=3)\ndef big(orders):\n    return pd.DataFrame(orders)",
    "import jupyter_mage as jm\n\n@jm.block\ndef big(orders):\n    return orders",
    "import jupyter_mage\n\n@jupyter_mage.block(kind='custom')\nasync def big(orders):\n    return orders",
    "@block\ndef big(orders):\n    return orders\n\n@test\ndef some(big):\n    assert big",
    "from other import block\n\n@block\ndef big(orders):\n    return orders",
    "def block(f):\n    return f\n\n@block\ndef big(orders):\n    return orders",
    "@blocks\ndef big(orders):\n    return orders",
    '"""\n@block\ndef big(orders): ...\n"""\nx = 1',
    "# @block\ndef big(orders):\n    return orders",
    "x = '@block'\ndef big(orders):\n    return orders",
    "class A:\n    @block\n    def big(orders):\n        return orders",
    "@data_loader\ndef load(*args, **kwargs):\n    return 1",
    "if 'data_loader' not in globals():\n    from mage_ai.data_preparation.decorators import data_loader\nif 'test' not in globals():\n"
    "    from mage_ai.data_preparation.decorators import test\n\n\n@data_loader\ndef load_data(*args, **kwargs):\n    return 1\n\n\n@test\n"
    "def test_output(output, *args) -> None:\n    assert output is not None",
    "from pandas import DataFrame\n\n@transformer\ndef clean(raw: DataFrame, users, *args, **kwargs) -> DataFrame:\n    return raw",
    "@data_exporter\ndef out(data, **kwargs) -> None:\n    pass",
    "from mine import custom\n\n@custom\ndef it():\n    pass",
    "def custom(f):\n    return f\n\n@custom\ndef it():\n    pass",
    "@functools.cache\ndef it():\n    pass",
    "@sensor\ndef ready(*args, **kwargs) -> bool:\n    return True",
]


def read(source: str) -> dict[str, Any] | None:
    """What Python says of a cell, in the browser's words."""
    head = carriers.read_cell(source)
    if head is None:
        return None
    if head.sort == "test":
        test = {"sort": "test", "carrier": head.carrier, "name": head.text.split()[0], "language": "python"}
        return {**test, "kind": "", "upstreams": None, "parameters": []}
    known = {"languages": LANGUAGES}
    header = decorator.read_header(head.text, **known) if head.carrier == "decorator" else parse(head.text, **known)
    return {
        "sort": head.sort,
        "carrier": head.carrier,
        "name": header.name,
        "language": header.language or "python",
        "kind": header.kind,
        "upstreams": None if header.upstreams is None else list(header.upstreams),
        "parameters": [each.name for each in header.parameters],
    }


def kept(name: str, now: Any) -> Any:
    path = SOURCES / name
    if os.environ.get("WRITE"):
        path.write_text(json.dumps(now, indent=2, ensure_ascii=False) + "\n")
    return json.loads(path.read_text())


def test_browser_knows_the_options_of_a_header() -> None:
    now = {
        "valued": [each.name for each in OPTIONS if not each.flag],
        "flags": [each.name for each in OPTIONS if each.flag],
        "short": SHORT,
        "mage": sorted(DECORATORS),
    }
    assert kept("header.options.json", now) == now


def test_browser_is_tested_with_what_python_reads() -> None:
    now = [{"source": source, "head": read(source)} for source in CELLS]
    assert kept("header.table.json", now) == now
