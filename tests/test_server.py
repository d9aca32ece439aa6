"""The routes of the server extension, on a real Jupyter server: who is let in, what is answered, and that nothing else gets out."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jupyter_servers import JupyterServer, serving
from test_browsing import CELLS, notebook
from test_contract import misfits

from jupyter_mage import asked as asked_shapes
from jupyter_mage import contract
from jupyter_mage.server.routes import ROUTES
from jupyter_mage.session import Session

PATHS = {route.name: f"jupyter-mage/api/{route.name}" for route in ROUTES}
SHAPES = {
    "projects": contract.Projects, "runs": contract.RunsPage, "run": contract.RunDetail, "picture": contract.RunPicture,
    "logs": contract.LogPage, "diff": contract.RunDiff, "preview": asked_shapes.Shown, "profile": asked_shapes.Profiled,
    "pipelines": contract.ProjectLine, "edge": asked_shapes.EdgeFlow, "ask": asked_shapes.Plan,
}  # fmt: skip
each_route = pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
reading = pytest.mark.parametrize("name", [route.name for route in ROUTES if route.method == "GET" and route.name != "projects"])


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterServer]:
    with serving(tmp_path_factory.mktemp("server")) as made:
        yield made


@pytest.fixture(scope="module")
def run(server: JupyterServer) -> str:
    """The id of a run in ``sales``."""
    with_ = Session.open(notebook(server.work / "sales" / "daily.ipynb", *CELLS))
    made = with_.run(executor="inline").id
    with_.close()
    return made


EDGE = {"source": "numbers", "target": "total", "what": "plan"}


def asked(run: str) -> dict[str, Any]:
    """Fields that every route takes."""
    return {"project": "sales", "run": run, "before": run, "after": "0", "block": "numbers", "pipeline": "daily", **EDGE}


def fields(name: str, made: str, **other: Any) -> dict[str, Any]:
    return {**asked(made), **({"after": made} if name == "diff" else {}), **({"before": ""} if name == "runs" else {}), **other}


# ---- who is let in


@each_route
def test_nobody_without_a_token_is_let_in(server: JupyterServer, route: Any, run: str) -> None:
    for headers in ({}, {"Authorization": "token wrong"}, {"Cookie": "_xsrf=x"}):
        answer = server.ask(route.method, PATHS[route.name], fields(route.name, run), headers=headers)
        assert answer.status == 403
        assert b"sales" not in answer.body


@each_route
def test_a_page_of_another_site_is_not_let_in(server: JupyterServer, route: Any, run: str) -> None:
    cookies = server.log_in()
    xsrf = next(each.removeprefix("_xsrf=") for each in cookies.split("; ") if each.startswith("_xsrf="))
    ours: list[dict[str, str]] = [{"Cookie": cookies, "X-XSRFToken": xsrf}, {"Authorization": f"token {server.token}"}]
    for origin in ("http://evil.invalid", "null", f"http://evil.invalid:{server.port}"):
        for headers in ours:
            answer = server.ask(route.method, PATHS[route.name], fields(route.name, run), headers={**headers, "Origin": origin})
            assert answer.status in (403, 404)
            assert b"numbers" not in answer.body
            assert not answer.headers.get("Access-Control-Allow-Origin")


@pytest.mark.parametrize("route", [route for route in ROUTES if route.method == "POST"], ids=lambda route: route.name)
def test_nothing_is_started_without_the_xsrf_token(server: JupyterServer, route: Any, run: str) -> None:
    cookies = server.log_in()
    for headers in ({"Cookie": cookies}, {"Cookie": cookies, "X-XSRFToken": "wrong"}):
        assert server.ask("POST", PATHS[route.name], fields(route.name, run), headers=headers).status == 403


@each_route
def test_a_logged_in_page_of_our_own_is_let_in(server: JupyterServer, route: Any, run: str) -> None:
    cookies = server.log_in()
    xsrf = next(each.removeprefix("_xsrf=") for each in cookies.split("; ") if each.startswith("_xsrf="))
    headers = {"Cookie": cookies, "X-XSRFToken": xsrf, "Origin": f"http://127.0.0.1:{server.port}"}
    given = fields(route.name, run) if route.method == "GET" else {"project": "nowhere", "run": run, "pipeline": "p"}
    answer = server.ask(route.method, PATHS[route.name], given, headers=headers)
    assert answer.status == (200 if route.method == "GET" else 404), answer.body


@each_route
def test_a_route_answers_to_its_own_method_only(server: JupyterServer, route: Any, run: str) -> None:
    for method in {"GET", "POST", "PUT", "DELETE", "PATCH"} - {route.method}:
        assert server.ask(method, PATHS[route.name], asked(run)).status == 405


def test_the_table_has_every_route_of_the_server(server: JupyterServer) -> None:
    from jupyter_mage.server.handlers import handlers

    made = handlers("/base/", str(server.work))
    assert [path for path, *_ in made] == [f"/base/jupyter-mage/api/{route.name}" for route in ROUTES]
    assert {kind.auth_resource for _, kind, _ in made} == {"jupyter_mage"}


# ---- what is answered


@pytest.mark.parametrize("name", SHAPES)
def test_an_answer_is_as_the_contract_says(server: JupyterServer, run: str, name: str) -> None:
    answer = server.ask("GET", PATHS[name], fields(name, run))
    assert (answer.status, misfits(answer.json, SHAPES[name])) == (200, [])
    assert answer.headers["Content-Type"] == "application/json"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


BAD_PATHS = [
    "..",
    "../..",
    "sales/../..",
    "/etc",
    "//etc",
    ".jupyter_mage",
    "sales/.jupyter_mage",
    "nowhere",
    "~",
    "a\\b",
    "x" * 5000,
]


@reading
@pytest.mark.parametrize("path", BAD_PATHS, ids=lambda path: repr(path)[:20])
def test_a_path_that_is_none_of_ours_is_refused(server: JupyterServer, run: str, name: str, path: str) -> None:
    answer = server.ask("GET", PATHS[name], fields(name, run, project=path))
    assert answer.status in (400, 404)
    assert set(answer.json) == {"message", "hint"}


@reading
def test_a_link_out_of_the_root_is_refused(server: JupyterServer, run: str, name: str, tmp_path: Path) -> None:
    link = server.work / f"link_{name}"
    link.symlink_to(tmp_path)
    answer = server.ask("GET", PATHS[name], fields(name, run, project=link.name))
    link.unlink()
    assert answer.status == 400


@pytest.mark.parametrize("field", ["run", "block", "before", "after", "limit", "rows", "start", "wait"])
@pytest.mark.parametrize(
    "value",
    ["../x", "a b", "", "-1", "1e9", "x" * 5000, "'; DROP TABLE runs", "<script>", "\0"],
    ids=lambda each: repr(each)[:14],
)
def test_odd_fields_are_refused_or_read_as_nothing(server: JupyterServer, run: str, field: str, value: str) -> None:
    for name in SHAPES:
        answer = server.ask("GET", PATHS[name], fields(name, run, **{field: value}, stamp="x"))
        assert answer.status in (200, 400, 404), (name, answer.body)
        if answer.status != 200:
            assert set(answer.json) == {"message", "hint"}


@pytest.mark.parametrize("body", [[], "text", 1, None], ids=repr)
def test_a_body_that_is_no_object_is_refused(server: JupyterServer, body: Any) -> None:
    for route in ROUTES:
        if route.method == "POST":
            assert server.ask("POST", PATHS[route.name], body).status == 400 or not body


@pytest.mark.parametrize("value", [1, None, [], {}, True])
def test_fields_of_another_type_are_refused(server: JupyterServer, run: str, value: Any) -> None:
    for name in ("start", "rerun", "resume", "cancel"):
        for field in ("project", "pipeline" if name == "start" else "run"):
            assert server.ask("POST", PATHS[name], {**asked(run), field: value}).status == 400


def test_hostile_names_are_text(server: JupyterServer) -> None:
    folder = server.work / "<img src=x onerror=alert(1)>"
    notebook(folder / "$(touch ran);'\".ipynb", "%%block a\n1")
    [project] = [each for each in server.api("projects")["projects"] if each["path"] == folder.name]
    command = project["pipelines"][0]["commands"]["run"]
    begun = server.api("start", "POST", project=folder.name, pipeline=project["pipelines"][0]["name"])
    assert begun["command"] == command
    assert not (server.work / "ran").exists()


def test_secrets_of_a_project_are_hidden(server: JupyterServer) -> None:
    from jupyter_mage import redaction, vault

    folder = server.work / "secret"
    session = Session.open(notebook(folder / "s.ipynb", "%%block a\nprint('open-sesame')\n['open-sesame']"))
    run = session.run(executor="inline").id
    session.close()
    vault.put(folder, "word", "open-sesame")
    redaction.forget()
    for name in ("run", "logs", "picture", "preview", "profile"):
        answer = server.ask("GET", PATHS[name], {"project": "secret", "run": run, "block": "a"})
        assert answer.status == 200
        assert b"open-sesame" not in answer.body
        assert name not in ("logs", "preview", "profile") or b"***" in answer.body


# ---- waiting, and the loop


def test_an_answer_waits_until_something_is_written(server: JupyterServer, run: str) -> None:
    session = Session.open(notebook(server.work / "live" / "live.ipynb", "%%block a\n1"))
    session.run(executor="inline")
    before = server.api("runs", project="live")
    found: list[Any] = []
    waiting = threading.Thread(target=lambda: found.append(server.api("runs", project="live", stamp=before["stamp"], wait=25)))
    waiting.start()
    session.run(executor="inline")
    waiting.join()
    session.close()
    assert found[0]["stamp"] != before["stamp"]
    assert len(found[0]["runs"]) >= len(before["runs"])


def test_an_answer_comes_when_the_time_is_over(server: JupyterServer, run: str) -> None:
    before = server.api("runs", project="sales")
    assert server.api("runs", project="sales", stamp=before["stamp"], wait=0) == before


def test_who_hangs_up_is_waited_for_no_longer(server: JupyterServer, run: str) -> None:
    stamp = server.api("runs", project="sales")["stamp"]
    for _ in range(20):
        with socket.create_connection(("127.0.0.1", server.port)) as line:
            line.sendall(
                f"GET /{PATHS['runs']}?project=sales&stamp={stamp}&wait=30 HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n"
                f"Authorization: token {server.token}\r\n\r\n".encode()
            )
    assert server.api("runs", project="sales")["stamp"] == stamp


def test_the_server_answers_others_while_it_works(server: JupyterServer, run: str) -> None:
    """Many long answers at once: the loop is asked in between, and each is there in the end."""
    results: list[int] = []
    threads = [
        threading.Thread(target=lambda: results.append(server.ask("GET", PATHS["profile"], fields("profile", run)).status))
        for _ in range(12)
    ]
    for each in threads:
        each.start()
    assert server.ask("GET", "api/status").status == 200
    for each in threads:
        each.join()
    assert results == [200] * 12


# ---- runs that are asked for


def test_a_run_is_started_followed_cancelled_and_resumed(server: JupyterServer) -> None:
    go = server.work / "cancel" / "go"
    body = f"import pathlib, time\nwhile not pathlib.Path({str(go)!r}).exists(): time.sleep(.02)\nlen(numbers)"
    notebook(server.work / "cancel" / "c.ipynb", CELLS[0], f"%%block slow(numbers)\n{body}")
    run = server.api("start", "POST", project="cancel", pipeline="c")["run"]
    state = _until(server, run, lambda found: _states(found) == {"numbers": "succeeded", "slow": "running"})
    assert state["commands"]["cancel"] == f"jupyter mage cancel cancel/c.ipynb {run}"
    assert server.api("cancel", "POST", project="cancel", run=run)["run"] == run
    state = _until(server, run, lambda found: found["run"]["status"] == "cancelled")
    assert _states(state) == {"numbers": "succeeded", "slow": "cancelled"}
    go.touch()
    assert server.api("resume", "POST", project="cancel", run=run)["run"] == run
    state = _until(server, run, lambda found: found["run"]["status"] == "succeeded")
    assert _states(state) == {"numbers": "succeeded", "slow": "succeeded"}
    refused = server.ask("POST", PATHS["resume"], {"project": "cancel", "run": run})
    assert (refused.status, refused.json["message"]) == (409, f"run {run} is succeeded: there is nothing to resume")


def _states(found: Any) -> dict[str, str]:
    return {each["name"]: each["status"] for each in found["blocks"]}


def _until(server: JupyterServer, run: str, reached: Any) -> Any:
    """The run's detail when it is so; each answer waits for news."""
    found = server.api("run", project="cancel", run=run)
    end = time.monotonic() + 60
    while not reached(found) and time.monotonic() < end:
        server.api("run", project="cancel", run=run, stamp=found["stamp"], wait=5)
        found = server.api("run", project="cancel", run=run)
    assert reached(found), json.dumps(found)[:2000]
    return found
