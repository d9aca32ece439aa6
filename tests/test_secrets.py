"""Secrets and ``.env``: there for what runs, and in nothing that anybody reads."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from click.testing import CliRunner
from real_kernel import Kernel

from jupyter_mage import redaction, vault
from jupyter_mage.cli.commands import cli
from jupyter_mage.errors import DefinitionError, ProjectError, UnknownNameError
from jupyter_mage.session import Session

PASSWORD = 'p@ss/w0rd-"x"\\y'
TOKEN = "tok-0123456789abcdef0123456789abcdef-long"
STORED = "st0red-in-the-file"
AWS = "aws+real/environment=Key"
SECRETS = (PASSWORD, TOKEN, STORED, AWS)


@pytest.fixture(autouse=True)
def nothing_learned() -> Iterator[None]:
    redaction.forget()
    yield
    redaction.forget()


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with secrets in its ``.env``, in our file and in the real environment."""
    (tmp_path / ".env").write_text(
        f"DB_PASSWORD='{PASSWORD}'\nAPI_TOKEN={TOKEN}\nPLAIN=hello\nHOME=/nowhere\nPOSTGRES_PASSWORD=postgres\n"
    )
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", AWS)
    monkeypatch.chdir(tmp_path)
    vault.put(tmp_path, "stored", STORED)
    return tmp_path


def spellings(secret: str) -> set[str]:
    return {
        secret,
        quote(secret, safe=""),
        json.dumps(secret)[1:-1],
        repr(secret)[1:-1],
        json.dumps(json.dumps(secret))[3:-3],
        secret[:31],
    }


def found_in(text: str) -> list[str]:
    return [secret for secret in SECRETS for each in spellings(secret) if each in text]


SAYS = """
import os, subprocess, sys, json
from urllib.parse import quote
from mage_ai.data_preparation.shared.secrets import get_secret_value
secrets = [os.environ["DB_PASSWORD"], os.environ["API_TOKEN"], get_secret_value("stored"), os.environ["AWS_SECRET_ACCESS_KEY"]]
for each in secrets:
    print(each, repr(each), json.dumps(each), f"postgres://u:{quote(each, safe='')}@host/db")
    sys.stderr.write(each + "\\n")
    subprocess.run(["sh", "-c", "printf '%s\\n' \\"$0\\"", each])
print("plain", os.environ["PLAIN"], os.environ["POSTGRES_PASSWORD"], os.environ["HOME"] != "/nowhere")
"""
FAILS = SAYS + "raise ValueError('cannot log in with ' + ' '.join(secrets))"


@pytest.mark.parametrize("executor", ["processes", "threads", "inline"])
def test_nothing_that_anybody_reads_has_a_secret_in_it(project: Path, executor: str) -> None:
    session = Session(project, pipeline="demo")
    session.define("says", SAYS + "len(secrets)")
    session.define("fails", FAILS)
    session.define("tested", "1")
    session.define_test("tested", SAYS + "assert tested == 2, secrets[1]")
    session.define("gives", SAYS + "import pandas\npandas.DataFrame({'key': secrets})")
    session.define("literal(*, key: str = '')", f"key = key or {TOKEN!r}\nlen(key)")
    session.define("framed", "import os, pandas\npandas.DataFrame({'key': [os.environ['API_TOKEN']]})")
    session.define_test("framed", "assert (framed.key == 'x').all()")
    session.define("reads(gives)", "[print(each) for each in gives.key]\n'ok'")
    if executor == "processes":
        session.define("dies", SAYS + "os._exit(3)")
        session.define("bad --retries 1 --retry-delay 0", FAILS)
    events: list[object] = []
    session.stream.subscribe(events.append)
    result = session.run(executor=executor, workers=2)
    dead = {"dies", "bad"} if executor == "processes" else set()
    assert {block.name for block in result.failed} == {"fails", "tested", "framed"} | dead
    assert session.value("gives").key.tolist() == list(SECRETS)  # data is data
    logs = "\n".join(block.log for block in result.blocks.values())
    assert logs.count("***") > 20 and "plain hello postgres True" in logs
    assert result.blocks["fails"].failure.message == "cannot log in with *** *** *** ***"
    assert "***" in result.blocks["framed"].failure.rows
    assert "***" in result.blocks["fails"].failure.traceback and "***" in result.blocks["gives"].output.preview
    shown = [repr(events), json.dumps(session.picture()), *(repr(vars_of(block)) for block in result.blocks.values())]
    session.close()
    assert [found_in(text) for text in shown] == [[]] * len(shown)
    database = b"".join(path.read_bytes() for path in (project / ".jupyter_mage").glob("history.db*")).decode("latin-1")
    # what `gives` and `framed` gave is small, and so stands in the history as data: everything else of it is text
    assert "cannot log in with" in database
    assert [secret for secret in found_in(database) if database.count(secret) > 2] == []


def vars_of(block: object) -> list[object]:
    return [getattr(block, name) for name in ("log", "failure", "reason", "output", "ingredients") if name != "output"] + [
        getattr(getattr(block, "output", None), "preview", "")
    ]


def test_the_command_line_shows_and_keeps_no_secret(project: Path) -> None:
    folder = project / "pipelines" / "one"
    folder.mkdir(parents=True)
    (project / "metadata.yaml").write_text("project_type: standalone\n")
    (project / "data_loaders").mkdir()
    (project / "data_loaders" / "load.py").write_text(f"@data_loader\ndef load(*args, **kwargs):\n{indented(FAILS)}\n")
    (folder / "metadata.yaml").write_text(
        "blocks: [{uuid: load, type: data_loader, upstream_blocks: [], downstream_blocks: []}]\n"
    )
    command = [sys.executable, "-c", "from jupyter_mage.cli import main; main()"]
    outputs = []
    for words in (["run", ".", "one"], ["run", ".", "one", "--json"], ["logs", ".", "one"], ["runs", ".", "--json"]):
        done = subprocess.run([*command, *words], capture_output=True, text=True, cwd=project)
        outputs.append(done.stdout + done.stderr)
    assert "cannot log in with *** *** *** ***" in outputs[0] and "***" in outputs[1] and "***" in outputs[2]
    assert [found_in(text) for text in outputs] == [[]] * 4
    for path in (project / ".jupyter_mage").rglob("*"):
        if path.is_file() and path.name != "secrets.json":
            assert found_in(path.read_bytes().decode("latin-1")) == [], path


def indented(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.splitlines())


def test_a_notebook_shows_no_secret_in_any_message(project: Path, notebook: Kernel) -> None:
    notebook.run(f"import os\nos.environ['AWS_SECRET_ACCESS_KEY'] = {AWS!r}")
    cells = [f"%%block says\n{SAYS}\n1", f"%%block fails\n{FAILS}", f"%%block shown\n{SAYS}\nsecrets", "%pipeline run --force"]
    cells += ["%pipeline logs", "%pipeline show shown", "%pipeline"]
    messages = [each for place, code in enumerate(cells) for each in notebook.run(code, cell=f"c{place}").messages]
    text = "\n".join(json.dumps(content, default=str) for kind, content in messages if kind != "execute_input")
    assert text.count("***") > 20 and "cannot log in with *** *** *** ***" in text
    assert found_in(text) == []
    assert notebook.run("print(os.environ.get('PLAIN'))").printed == "None\n"
    notebook.run("del os.environ['AWS_SECRET_ACCESS_KEY']")


def test_dotenv_is_there_while_a_body_runs_and_never_instead_of_a_real_variable(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLAIN", "real")
    session = Session(project, pipeline="demo")
    session.define("a", "import os\nos.environ['PLAIN'], os.environ['API_TOKEN'][:4]")
    for executor in ("inline", "threads", "processes"):
        session.run(executor=executor, force=True, check=True)
        assert session.value("a") == ("real", "tok-")
        assert "API_TOKEN" not in os.environ
    (project / ".env").write_text("API_TOKEN=other-token-1\n")
    session.run(force=True, check=True)
    assert session.value("a") == ("real", "othe")
    (project / ".env").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ProjectError, match=r"\.env cannot be read"):
        session.run(force=True)
    session.close()


def test_a_variable_or_an_export_with_a_secret_in_it_is_refused(project: Path, tmp_path: Path) -> None:
    session = Session(project, pipeline="demo")
    session.define("a(*, key: str = '')", "len(key)")
    with pytest.raises(DefinitionError) as caught:
        session.run(variables={"key": TOKEN}, executor="inline")
    assert str(caught.value).startswith("variable key holds the value of a secret\n  → the history would keep it")
    session.define("b", f"import os\nlen({TOKEN!r})")
    with pytest.raises(DefinitionError, match=r"^block b holds the value of a secret"):
        session.export(tmp_path / "out")
    assert not (tmp_path / "out").exists()
    session.define("b", "import os\nlen(os.environ['API_TOKEN'])")
    written, _ = session.export(tmp_path / "out")
    assert written and found_in("".join(path.read_text() for path in written)) == []
    session.close()


def test_secrets_are_set_listed_and_forgotten_by_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    run = CliRunner().invoke
    assert "pg_password is kept in" in run(cli, ["secrets", "set", "pg_password"], input=f"{PASSWORD}\n").output
    file = tmp_path / ".jupyter_mage" / "secrets.json"
    assert (stat.S_IMODE(file.stat().st_mode), (file.parent / ".gitignore").read_text()) == (0o600, "*\n")
    assert run(cli, ["secrets", "list"]).output == "pg_password  (file)\n"
    assert run(cli, ["secrets", "list", "--json"]).output == '{\n "pg_password": "file"\n}\n'
    assert vault.secret(tmp_path, "pg_password") == PASSWORD
    wrong = run(cli, ["secrets", "rm", "pg_pasword"])
    assert (wrong.exit_code, "Did you mean 'pg_password'?" in wrong.output) == (2, True)
    assert run(cli, ["secrets", "rm", "pg_password"]).output == "pg_password is forgotten\n"
    assert run(cli, ["secrets", "list"]).output == "no secrets\n"
    short = run(cli, ["secrets", "set", "pin"], input="12\n")
    assert (short.exit_code, "could not be hidden" in short.output) == (2, True)
    file.write_text("{broken")
    assert (run(cli, ["secrets", "list"]).exit_code, file.read_text()) == (2, "{broken")


def test_a_keyring_keeps_secrets_where_there_is_one(tmp_path: Path) -> None:
    import keyring
    import keyring.backend
    import keyring.backends.fail

    class Memory(keyring.backend.KeyringBackend):
        priority = 1.0  # type: ignore[assignment]
        kept: dict[tuple[str, str], str] = {}  # noqa: RUF012

        def get_password(self, service: str, username: str) -> str | None:
            return self.kept.get((service, username))

        def set_password(self, service: str, username: str, password: str) -> None:
            self.kept[service, username] = password

        def delete_password(self, service: str, username: str) -> None:
            del self.kept[service, username]

    before = keyring.get_keyring()
    keyring.set_keyring(Memory())
    try:
        vault.put(tmp_path, "api_key", TOKEN, keyring=True)
        assert TOKEN not in (tmp_path / vault.FILE).read_text()
        assert (vault.names(tmp_path), vault.secret(tmp_path, "api_key")) == ({"api_key": "keyring"}, TOKEN)
        redaction.forget()
        vault.learn(tmp_path)
        assert redaction.hide(f"with {TOKEN}") == "with ***"
        vault.remove(tmp_path, "api_key")
        assert (vault.names(tmp_path), Memory.kept, vault.secret(tmp_path, "api_key")) == ({}, {}, None)
        with pytest.raises(UnknownNameError, match="no secret 'api_key'"):
            vault.remove(tmp_path, "api_key")
        keyring.set_keyring(keyring.backends.fail.Keyring())
        with pytest.raises(Exception, match="no keyring works here"):
            vault.put(tmp_path, "api_key", TOKEN, keyring=True)
    finally:
        keyring.set_keyring(before)


def test_a_key_of_many_lines_is_hidden_line_by_line() -> None:
    key = "-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQE\nFAASCBKcwggSjAgEAAoIBAQC7\n-----END KEY-----"
    redaction.learn(key)
    assert redaction.hide(key) == "***"
    assert redaction.hide("line: MIIEvQIBADANBgkqhkiG9w0BAQE") == "line: ***"
    assert redaction.hide(json.dumps({"key": key})) == '{"key": "***"}'
