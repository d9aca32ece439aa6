"""Odd but legal Mage projects, many at once: read, checked, drawn, listed, imported, exported; nothing is lost, nothing crashes."""

from __future__ import annotations

import json
import random
import tempfile
from pathlib import Path
from typing import Any

import mage_projects
import pytest
import yaml as pyyaml

from jupyter_mage import projects
from jupyter_mage.errors import JupyterMageError
from jupyter_mage.formats import mage
from jupyter_mage.session import Session

EDGES = "upstream_blocks: [], downstream_blocks: []"


def one(text: str, **files: str) -> dict[str, str]:
    return {"pipelines/p/metadata.yaml": text, "data_loaders/a.py": mage_projects.python("data_loader"), **files}


def replicas(count: int) -> str:
    lines = [f"- {{uuid: a, type: data_loader, {EDGES}}}"]
    lines += [
        f"- {{uuid: r{i}, type: data_loader, replicated_block: {'a' if i == 0 else f'r{i - 1}'}, {EDGES}}}" for i in range(count)
    ]
    return "blocks:\n" + "\n".join(lines) + "\n"


PLAIN = f"blocks:\n- {{uuid: a, type: data_loader, {EDGES}}}\n"
PROJECTS: dict[str, dict[str, str]] = {
    "replicas of replicas": one(replicas(4)),
    "anchors": one(
        "base: &base {type: data_loader, upstream_blocks: [], downstream_blocks: []}\n"
        "blocks:\n- {<<: *base, uuid: a}\n- {<<: *base, uuid: b, content: '@data_loader\n\n  def f(): return 1'}\n"
    ),
    "aliases": one(f"blocks:\n- &x {{uuid: a, type: data_loader, {EDGES}, configuration: &c {{k: [1]}}}}\nvariables: *c\n"),
    "tabs": one(PLAIN + "description: |\n  a\tb\n  \tc\nname: \"x\ty\"\nvariables: {q: 'a\tb'}\n"),
    "explicit keys": one("? blocks\n:\n  - ? uuid\n    : a  # c\n    ? type\n    : data_loader\n    ? upstream_blocks\n    : []\n    ? downstream_blocks\n    : []\n"),
    "unicode": one(
        f"name: Größe 日本 🎉\nblocks:\n- {{uuid: größe, type: data_loader, {EDGES}}}\n- {{uuid: 日本, type: custom, {EDGES}}}\n",
        **{"data_loaders/größe.py": mage_projects.python("data_loader"), "custom/日本.py": mage_projects.python("custom")},
    ),
    "one that is fed twice": one(
        "blocks:\n- uuid: a\n  type: data_loader\n  upstream_blocks: []\n  downstream_blocks:\n  - c\n  - b\n  - c\n  - b\n"
        "- {uuid: b, type: custom, upstream_blocks: [a], downstream_blocks: []}\n"
        "widgets:\n- {uuid: c, type: chart, upstream_blocks: [a], downstream_blocks: []}\n"
    ),
    "triggers and interactions": one(
        PLAIN,
        **{
            "pipelines/p/triggers.yaml": "triggers:\n- name: nightly  # at two\n  schedule_type: time\n  schedule_interval: '@daily'\n",
            "pipelines/p/interactions.yaml": "blocks: {}\r\nlayout: []\r\n",
        },
    ),
    "windows": {
        path: text.replace("\n", "\r\n") for path, text in one(PLAIN + "tags: [a]\n# end\n").items()
    },
    "numbers in quotes as uuids": one(
        f"blocks:\n- {{uuid: '1', type: custom, {EDGES}}}\n- {{uuid: '2024-01-01', type: custom, {EDGES}}}\n- {{uuid: '1.5', type: custom, {EDGES}}}\n"
    ),
    "nulls": one(
        "blocks:\n- {uuid: a, type: data_loader, name: null, language: null, upstream_blocks: [], downstream_blocks: [], configuration: null,"
        " retry_config: null, timeout: null, color: null, executor_config: null, groups: null, status: null}\n"
        "callbacks: null\nconditionals: null\nwidgets: null\nextensions: {}\nvariables: null\ndescription: null\ntags: null\nname: null\n"
    ),
    "empty files": one(PLAIN, **{"data_loaders/a.py": "", "metadata.yaml": "", "io_config.yaml": "", "requirements.txt": ""}),
    "one comment as a project": one(PLAIN, **{"metadata.yaml": "# nothing\n", "global_data_products.yaml": "# nothing\n"}),
    "a very long file": one(PLAIN, **{"data_loaders/a.py": mage_projects.python("data_loader") + "# long line\n" * 200_000}),
    "very long names": one(f"blocks:\n- {{uuid: {'a' * 200}, type: custom, {EDGES}}}\n- {{uuid: {'a' * 199}b, type: custom, {EDGES}}}\n"),
    "every key of a pipeline": one(
        PLAIN
        + "uuid: p\nname: P\ntype: python\ndescription: |\n  two\n  lines\ncreated_at: '2024-04-14 20:03:50+00:00'\nupdated_at: 2024-04-14\n"
        "variables: {n: 1, s: 'no', l: [1, {a: null}], when: '2024-01-01'}\nvariables_dir: /home/x/y\nremote_variables_dir: s3://bucket/x\n"
        "cache_block_output_in_memory: true\nrun_pipeline_in_one_process: true\n"
        "concurrency_config: {block_run_limit: 2, pipeline_run_limit: 1, on_pipeline_run_limit_reached: skip}\n"
        "executor_type: \"{{ env_var('E') }}\"\nexecutor_config: {resource_requests: {cpu: 1}}\nexecutor_count: 3\n"
        "retry_config: {retries: 3, delay: 5}\nnotification_config: {alert_on: [trigger_failure], slack_config: {webhook_url: 'https://x/'}}\n"
        "spark_config: {app_name: x}\nsettings: {triggers: {save_in_code_automatically: true}}\ntags: [a, 'b c', 3]\n"
        "data_integration: {catalog: {streams: []}}\nstate_store_config: {a: 1}\noverrides: {b: [1]}\ncreated_by: 7\nquite_new: {x: y}\n"
    ),
    "every key of a block": one(
        "blocks:\n- uuid: a\n  name: A b\n  type: data_loader\n  language: python\n  upstream_blocks: []\n  downstream_blocks: []\n"
        "  all_upstream_blocks_executed: true\n  status: updated\n  color: teal\n  has_callback: true\n  groups: [g, h]\n  timeout: 60\n"
        "  executor_type: k8s\n  executor_config: {namespace: x}\n  retry_config: {retries: 2, delay: 1, max_delay: 30, exponential_backoff: false}\n"
        "  content: null\n  extension_uuid: e\n  hook: {x: 1}\n  configuration:\n    file_source: {path: data_loaders/a.py, project_path: null}\n"
        "    disable_output_preview: true\n    file_path: data_loaders/a.py\n    dynamic: {parent: true, modes: [{type: stream}]}\n    dbt: {}\n    own: {deep: [1]}\n"
    ),
    "blocks that pipelines share": {
        **one(PLAIN),
        "pipelines/q/metadata.yaml": PLAIN,
        "pipelines/q r/metadata.yaml": PLAIN + "name: q r\n",
        "pipelines/ünï/metadata.yaml": PLAIN,
    },
    "pipelines in folders": {**one(PLAIN), "pipelines/team/deep/metadata.yaml": PLAIN, "pipelines/__init__.py": "", "pipelines/empty/x.txt": ""},
    "streaming": one(
        f"type: streaming\nexecutor_count: 2\nblocks:\n- {{uuid: in, type: data_loader, language: yaml, {EDGES}}}\n- {{uuid: t, type: transformer, {EDGES}}}\n",
        **{"data_loaders/in.yaml": "connector_type: kafka\ntopic: x\n", "transformers/t.py": mage_projects.python("transformer")},
    ),
    "integration": one(
        f"type: integration\ndata_integration: null\nblocks:\n- {{uuid: s, type: data_loader, language: yaml, {EDGES}}}\n",
        **{"data_loaders/s.yaml": "source: x\nconfig: {a: \"{{ env_var('X') }}\"}\n", "pipelines/p/data_integration_catalog.json": "{}\n"},
    ),
    "spark and frameworks": {
        **one("type: pyspark\n" + PLAIN),
        "pipelines/f/metadata.yaml": "type: execution_framework\nexecution_framework: rag\n" + PLAIN,
        "pipelines/d/metadata.yaml": "type: databricks\n" + PLAIN,
    },
    "interactions, hooks, templates": one(
        PLAIN,
        **{
            "interactions/form.yaml": "inputs: {i: {type: text_field}}\nvariables: {v: {name: v, input: i}}\nlayout: [[{variable: v, width: 1}]]\n",
            "pipelines/p/interactions.yaml": "blocks: {a: [{uuid: form}]}\nlayout: []\n",
            "global_hooks.yaml": "resources: {pipeline: {create: [{uuid: h, pipeline: {uuid: p}, stages: [after]}]}}\n",
            "custom_templates/blocks/t/metadata.yaml": "block_type: data_loader\nlanguage: python\nname: t\n",
            "custom_templates/blocks/t/t.py": "x = 1\n",
            ".preferences.yaml": "sync_config: {}\n",
            "global_data_products.yaml": "d: {object_type: pipeline, object_uuid: p, outdated_after: {seconds: 5}, settings: {a: {partitions: 2}}}\n",
        },
    ),
    "settings of a project": one(
        PLAIN,
        **{
            "metadata.yaml": "project_type: main\nproject_uuid: abc\nvariables_dir: ~/.x\nremote_variables_dir: s3://b\nvariables_retention_period: 90d\n"
            "logging_config: {type: file}\nqueue_config: {queue_type: process, concurrency: 20}\nretry_config: {retries: 2, delay: 1}\n"
            "notification_config: {}\nfeatures: {polars: true}\npipelines: {settings: {triggers: {save_in_code_automatically: true}}}\n"
            "emr_config: {x: \"{{ env_var('Y') }}\"}\nldap_config: null\n{% if x %}z: 1{% endif %}\n",
            "io_config.yaml": "version: 0.1.1\ndefault: {POSTGRES_PORT: 5432}\nother:\n  AWS: {region: eu}\n  trino: {host: x}\n",
        },
    ),
    "triggers of every sort": one(
        PLAIN,
        **{
            "pipelines/p/triggers.yaml": "triggers:\n"
            + "".join(
                f"- {{name: t{i}, schedule_type: {sort}, schedule_interval: '{every}', status: inactive, start_time: 2026-01-01 00:00:00}}\n"
                for i, (sort, every) in enumerate([("time", "@once"), ("time", "*/5 * * * *"), ("api", ""), ("event", ""), ("time", "@always_on")])
            )
        },
    ),
    "everything at once": {
        path: text.replace("POSTGRES", "POSTGRES") for path, text in mage_projects.FILES.items()
    },
    "json": one(json.dumps({"blocks": [{"uuid": "a", "type": "data_loader", "upstream_blocks": [], "downstream_blocks": []}], "name": "J"}, indent=1)),
    "no blocks": one("name: nothing\ntype: python\n"),
    "an empty list": one("blocks: []\n"),
    "groups and kinds of Mage Pro": one(
        f"blocks:\n- {{uuid: a, type: data_loader, {EDGES}}}\n- {{uuid: g, type: group, {EDGES}}}\n- {{uuid: ai, type: ai, {EDGES}}}\n"
        f"- {{uuid: h, type: hook, {EDGES}}}\n- {{uuid: o, type: pipeline, {EDGES}}}\n- {{uuid: d, type: dynamic_child, {EDGES}}}\n"
    ),
}  # fmt: skip


def all_of_it(root: Path) -> dict[str, int]:
    """Read, check, draw, list, import, export into place and into a fresh folder each pipeline; how many blocks each has."""
    before = mage_projects.contents(root)
    said = projects.check(root)
    assert all(isinstance(each, str) and each for each in said)
    listed = {each.name: each for each in projects.listed(root)}
    counts: dict[str, int] = {}
    for name in mage.format.pipelines(root):
        assert not listed[name].problem
        path = f"pipelines/{name}/metadata.yaml"
        raw = pyyaml.safe_load(before[path].decode("utf-8-sig")) or {}
        found = mage.format.read(root, name)
        count = sum(len(raw.get(key) or []) for key in ("blocks", "callbacks", "conditionals", "widgets"))
        count += sum(len((each or {}).get("blocks") or []) for each in (raw.get("extensions") or {}).values())
        assert len(found) == count
        counts[name] = count
        assert mage.format.write(found, root) == []
        target = root.parent / f"{len(counts)}.ipynb"
        projects.import_notebook(root, name, target)
        back = projects.read(target)
        assert {each.name: each for each in back} == {each.name: each for each in found}
        assert mage.format.write(back, root, target) == []
        fresh = root.parent / f"fresh{len(counts)}"
        mage.format.write(back, fresh, target)
        after = mage_projects.contents(fresh)
        own = {file for file in after if file in before and (file == path or "/" in file) and not file.endswith("__init__.py")}
        assert {file for file in before if file.startswith(f"pipelines/{name}/") and not file.endswith("__init__.py")} <= own
        assert path in own and {file: after[file] for file in own} == {file: before[file] for file in own}
        for place in (target, root):
            session = Session.open(place, "" if place == target else name)
            json.dumps(session.picture())
            session.close()
    assert mage_projects.contents(root) == before
    return counts


@pytest.mark.parametrize("name", PROJECTS)
def test_an_odd_project_is_read_shown_and_written_back_byte_for_byte(name: str, tmp_path: Path) -> None:
    root = mage_projects.make(tmp_path / "project", PROJECTS[name])
    assert all_of_it(root)


WRONG = {
    "a key twice": ("name: a\nname: b\n" + PLAIN, 2, "stands here twice"),
    "numbers as uuids": (f"blocks:\n- {{uuid: 1, type: custom, {EDGES}}}\n", 2, "uuid has to be text"),
    "a true uuid": (f"blocks:\n- {{uuid: true, type: custom, {EDGES}}}\n", 2, "uuid has to be text"),
    "tabs for indents": ("blocks:\n-\tuuid: a\n\ttype: custom\n", 2, "not YAML"),
    "a list as the file": ("- a\n", 1, "not a mapping"),
    "nothing in the file": ("", 1, "not a mapping"),
    "blocks as a mapping": ("blocks: {a: {type: custom}}\n", 1, "blocks is not a list"),
    "a block that is a word": ("blocks:\n- a\n", 2, "a block is a mapping"),
    "no type": ("blocks:\n- {uuid: a}\n", 2, "a block's type has to be text"),
    "one uuid twice": (f"blocks:\n- {{uuid: a, type: custom, {EDGES}}}\nwidgets:\n- {{uuid: a, type: chart, {EDGES}}}\n", 4, "stands here and in line 2"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_what_mage_would_not_load_is_refused_with_file_and_line_and_the_other_pipelines_are_shown(
    name: str, tmp_path: Path
) -> None:
    text, line, words = WRONG[name]
    root = mage_projects.make(tmp_path, {"pipelines/bad/metadata.yaml": text, "pipelines/good/metadata.yaml": PLAIN})
    before = mage_projects.contents(root)
    with pytest.raises(JupyterMageError, match=words) as caught:
        mage.format.read(root, "bad")
    where = caught.value.where
    assert where is not None and (where.file, where.line) == ("pipelines/bad/metadata.yaml", line)
    assert any(each.startswith(f"pipelines/bad/metadata.yaml:{line}: ") and words in each for each in projects.check(root))
    assert [bool(each.problem) for each in projects.listed(root)] == [True, False]
    assert mage.format.read(root, "good").names == ("a",) and mage_projects.contents(root) == before


@pytest.mark.parametrize("seed", range(12))
def test_projects_of_many_pipelines_that_share_their_blocks_come_back(seed: int) -> None:
    chance = random.Random(seed)
    uuids = ["a", "sub/b", "c-3", "Größe", "class", "d e", "f.g"]
    kinds = {uuid: chance.choice(["data_loader", "transformer", "data_exporter", "custom", "sensor"]) for uuid in uuids}
    files = {
        f"{'custom' if kind == 'custom' else f'{kind}s'}/{uuid}.py": mage_projects.python(kind) for uuid, kind in kinds.items()
    }
    for number in range(chance.randint(1, 5)):
        chosen = chance.sample(uuids, chance.randint(1, len(uuids)))
        edges = [(up, down) for i, down in enumerate(chosen) for up in chosen[:i] if chance.random() < 0.4]
        entries: list[dict[str, Any]] = []
        for uuid in chosen:
            entry: dict[str, Any] = {"uuid": uuid, "type": kinds[uuid]}
            entry["upstream_blocks"] = [up for up, down in edges if down == uuid]
            entry["downstream_blocks"] = [down for up, down in edges if up == uuid]
            more = {
                "timeout": 5,
                "retry_config": {"retries": 2},
                "configuration": {"x": [1, None]},
                "color": "pink",
                "pro": {"y": 1},
            }
            entry |= {key: value for key, value in more.items() if chance.random() < 0.3}
            entries.append(entry)
        chance.shuffle(entries)
        text = pyyaml.safe_dump({"blocks": entries, "name": f"n{number}"}, sort_keys=chance.random() < 0.5, allow_unicode=True)
        files[f"pipelines/p{number}/metadata.yaml"] = text.replace("\n", chance.choice(["\n", "\n", "\r\n"]))
    with tempfile.TemporaryDirectory() as folder:
        assert all_of_it(mage_projects.make(Path(folder) / "project", files))


def test_a_pipeline_whose_folder_leads_out_of_the_project_is_listed_with_the_reason_beside_the_others(tmp_path: Path) -> None:
    mage_projects.make(tmp_path / "out", {"metadata.yaml": PLAIN})
    root = mage_projects.make(tmp_path / "project", one(PLAIN))
    (root / "pipelines/linked").symlink_to(tmp_path / "out")
    said = projects.check(root)
    assert [each.split(": ")[0] for each in said] == ["pipelines/linked/metadata.yaml", "pipelines/linked/triggers.yaml"]
    assert all("outside the project" in each for each in said)
    assert [(each.name, bool(each.problem)) for each in projects.listed(root)] == [("linked", True), ("p", False)]
    with pytest.raises(JupyterMageError, match="outside the project"):
        mage.format.read(root, "linked")


def test_a_pipeline_without_blocks_says_that_nothing_of_it_runs(tmp_path: Path) -> None:
    session = Session.open(mage_projects.make(tmp_path, {"pipelines/p/metadata.yaml": "blocks: []\n"}), "p")
    with pytest.raises(JupyterMageError, match="pipeline p has no block that runs"):
        session.run(executor="inline")
    session.close()
