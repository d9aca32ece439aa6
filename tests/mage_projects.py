"""A Mage project with everything that the format knows, as people write it, and what a project's files are."""

from __future__ import annotations

from pathlib import Path

EVERYTHING = """# all that a pipeline can say
uuid: everything
name: 'All of it'   # quoted
type: python
tags: [a, "b"]
state_store_config: {x: 1}      # of Mage Pro
blocks:
  # text
  - {uuid: notes, type: markdown, language: markdown, upstream_blocks: [], downstream_blocks: []}
  # a subfolder, and a file elsewhere
  - uuid: publish
    type: data_exporter
    upstream_blocks: [clean-2]
    downstream_blocks: []
  - uuid: sub/deep/load it
    type: data_loader
    custom_key: [1, 2]
    groups: [g1]
    color: teal
    downstream_blocks: ["clean-2", each]
    configuration:
      anything: {deep: true}
      dynamic: true
      file_path: data_loaders/other/place.py

  - {uuid: "clean-2", type: transformer, name: "Clean 2", upstream_blocks: [sub/deep/load it], downstream_blocks: [wait, publish], executor_type: "{{ env_var('X') }}", retry_config: {retries: 3}, timeout: 60}
  - {uuid: each, type: transformer, upstream_blocks: [sub/deep/load it], downstream_blocks: [twin], configuration: {reduce_output: true}}
  - uuid: wait
    type: sensor
    upstream_blocks: [clean-2]
    downstream_blocks: []
  - {uuid: twin, type: transformer, replicated_block: clean-2, upstream_blocks: [each], downstream_blocks: []}
  - {uuid: product, type: global_data_product, configuration: {global_data_product: {uuid: other, project: x}}, upstream_blocks: [], downstream_blocks: []}
  - {uuid: inline, type: custom, content: "@custom\\ndef f(*args, **kwargs): return 1", upstream_blocks: [], downstream_blocks: []}
  - {uuid: query, type: transformer, language: sql, configuration: {data_provider: postgres, dbt: {}}, upstream_blocks: [], downstream_blocks: []}
  - {uuid: pad, type: scratchpad, upstream_blocks: [], downstream_blocks: []}
  - {uuid: model, type: transformer, language: r, upstream_blocks: [], downstream_blocks: []}
  - {uuid: dbt/demo/daily, type: dbt, language: sql, configuration: {file_path: dbt/demo/daily.sql}, upstream_blocks: [], downstream_blocks: []}
callbacks:
- {uuid: tell, type: callback, upstream_blocks: [wait, clean-2], downstream_blocks: []}   # both
conditionals:
- {uuid: ask, type: conditional, language: python, upstream_blocks: [publish], downstream_blocks: []}
widgets:
- uuid: hist
  type: chart
  language: python
  upstream_blocks: [clean-2]
  downstream_blocks: []
  configuration: {chart_type: histogram, x: x, y: y, buckets: 20}
extensions:
  great_expectations:
    version: 1
    blocks:
    - {uuid: expect, type: extension, extension_uuid: great_expectations, upstream_blocks: [clean-2], downstream_blocks: []}
variables:
  on: 'no'
  n: 1
"""

TRIGGERS = """triggers:
# each morning
- name: every morning
  schedule_type: time
  schedule_interval: 0 6 * * *   # cron
  start_time: 2026-01-01 00:00:00
  status: active
  variables: {region: us}
  sla: 3600
  settings:
    skip_if_previous_running: true
  envs: [dev, prod]
  last_enabled_at: 2026-01-01 00:00:00
- {name: by call, schedule_type: api, status: inactive}
"""


def python(decorator: str, body: str = "return 1") -> str:
    guard = f"if '{decorator}' not in globals():\n    from mage_ai.data_preparation.decorators import {decorator}\n"
    return f"{guard}\n\n@{decorator}\ndef f(*args, **kwargs):\n    {body}\n"


FILES = {
    "markdowns/notes.md": "# Notes\n\nof it",
    "data_loaders/other/place.py": python("data_loader", "return [[1, 2]]"),
    "transformers/clean-2.py": "# by hand\n" + python("transformer"),
    "transformers/each.py": python("transformer", "return 2  # é"),
    "sensors/wait.py": python("sensor", "return True"),
    "data_exporters/publish.py": python("data_exporter"),
    "transformers/query.sql": "SELECT * FROM {{ df_1 }}\n",
    "scratchpads/pad.py": "x = 1\n",
    "transformers/model.r": "load_data <- function() 1\n",
    "dbt/demo/daily.sql": "select 1\n",
    "callbacks/tell.py": "@callback('success')\ndef told(data, **kwargs): ...\n",
    "conditionals/ask.py": python("condition", "return True"),
    "charts/hist.py": "x = df_1\n",
    "extensions/expect.py": "@extension('great_expectations')\ndef f(validator, **kwargs): ...\n",
    "global_data_products.yaml": "other: {object_type: pipeline, object_uuid: p}\n",
    "pipelines/everything/metadata.yaml": EVERYTHING,
    "pipelines/everything/triggers.yaml": TRIGGERS,
}


def make(root: Path, files: dict[str, str] | None = None) -> Path:
    """The project's folder, written."""
    for path, text in (files or FILES).items():
        place = root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(text.encode())
    return root


def contents(root: Path) -> dict[str, bytes]:
    """Every file below, but for the state that only this machine has."""
    found = (path for path in root.rglob("*") if path.is_file() and ".jupyter_mage" not in path.parts)
    return {str(path.relative_to(root)): path.read_bytes() for path in found}
