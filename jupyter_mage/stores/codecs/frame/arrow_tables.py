"""Arrow tables and record batches, column by column; chunks may come back as one (Arrow calls such tables equal)."""

from __future__ import annotations

import base64
from typing import Any

import pyarrow as pa
from pyarrow import ipc

from ..preview import COLUMNS, ROWS, table
from .leaves import LeafReader, LeafWriter, Table


class ArrowTables:
    def encode(self, value: Any, leaves: LeafWriter) -> Table | None:
        kind = {pa.Table: "pyarrow.Table", pa.RecordBatch: "pyarrow.RecordBatch"}.get(type(value))
        if kind is None or not value.num_columns:
            return None
        packed = value.schema.serialize().to_pybytes()
        if not ipc.read_schema(pa.py_buffer(packed)).equals(value.schema, check_metadata=True):
            return None
        return Table(
            type=kind,
            spec={
                "batch": kind == "pyarrow.RecordBatch",
                "schema": base64.b64encode(packed).decode(),
                "arrays": [leaves.arrow(column) for column in value.columns],
            },
            rows=value.num_rows,
            columns=tuple((field.name, str(field.type)) for field in value.schema),
            preview=preview(value),
        )

    def decode(self, spec: dict[str, Any], leaves: LeafReader) -> Any:
        schema = ipc.read_schema(pa.py_buffer(base64.b64decode(spec["schema"])))
        columns = [leaves.arrow(number) for number in spec["arrays"]]
        if spec["batch"]:
            arrays = [column.chunk(0) if column.num_chunks else pa.array([], column.type) for column in columns]
            return pa.RecordBatch.from_arrays(arrays, schema=schema)
        return pa.Table.from_arrays(columns, schema=schema)


def preview(value: Any) -> str:
    head = value.slice(0, ROWS)
    columns = [head.column(place).to_pylist() for place in range(min(head.num_columns, COLUMNS + 1))]
    return table(value.schema.names, columns, value.num_rows)


tables = ArrowTables()
