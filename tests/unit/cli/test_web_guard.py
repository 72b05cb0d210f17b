"""The guard in front of Dagster's own web server, by real requests: other web pages can neither read nor change."""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

import pytest

from orchestration.base.paths import PROJECT

PAUSE = "mutation { setAutoMaterializePaused(paused: true) }"
IS_PAUSED = "{ instance { autoMaterializePaused } }"
OWN_NAME = "warehouse.acme.example"
UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
    "Sec-WebSocket-Protocol": "graphql-ws",
}
JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of Dagster's web server, without a code location."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    home = tmp_path_factory.mktemp("instance")
    (home / "dagster.yaml").write_text("telemetry: {enabled: false}\n", encoding="utf-8")
    command = [sys.executable, "-m", "orchestration.cli.webserver", f"--allow={OWN_NAME}"]
    server = subprocess.Popen(
        [*command, "--", "--empty-workspace", "-p", str(port)],
        cwd=PROJECT,
        env={**os.environ, "DAGSTER_HOME": str(home)},
    )
    try:
        deadline = time.monotonic() + 120
        while not _answers(port):
            assert server.poll() is None, "the web server has ended"
            assert time.monotonic() < deadline, "the web server does not answer"
            time.sleep(0.2)
        yield port
    finally:
        server.terminate()
        server.wait(60)


def _answers(port: int) -> bool:
    try:
        return request(port, "GET", "/server_info")[0] == 200
    except OSError:
        return False


def request(
    port: int, method: str, path: str, headers: Mapping[str, str] | None = None, body: str | None = None
) -> tuple[int, str]:
    """The status and the text of one response; ``Host`` is the server's address unless a header says otherwise."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.putrequest(method, path, skip_host=True)
        for name, value in {"Host": f"127.0.0.1:{port}", **(headers or {})}.items():
            connection.putheader(name, value)
        if body is not None:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body.encode() if body is not None else None)
        answer = connection.getresponse()
        return answer.status, "" if answer.status == 101 else answer.read().decode(errors="replace")
    finally:
        connection.close()


def graphql(port: int, query: str, headers: Mapping[str, str] | None = None) -> tuple[int, Any]:
    status, text = request(port, "POST", "/graphql", {**JSON, **(headers or {})}, json.dumps({"query": query}))
    return status, json.loads(text)["data"] if status == 200 else text


@pytest.fixture
def unpaused(port: int) -> Iterator[int]:
    """The port; what the test sends must not have changed anything."""
    assert graphql(port, PAUSE.replace("true", "false"))[0] == 200
    yield port
    assert graphql(port, IS_PAUSED) == (200, {"instance": {"autoMaterializePaused": False}})


def origin(value: str) -> dict[str, str]:
    return {"Origin": value}


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "http://127.0.0.1:{port}", "Sec-Fetch-Site": "same-origin"},
        {"Host": "localhost:{port}", "Origin": "http://localhost:{port}"},
        {"Host": "LOCALHOST:{port}", "Origin": "http://localhost:{port}"},
        {"Host": "[::1]:{port}", "Origin": "http://[::1]:{port}"},
        {"Host": OWN_NAME, "Origin": f"https://{OWN_NAME}", "Sec-Fetch-Site": "same-origin"},
        {"Host": f"{OWN_NAME}:443", "Origin": f"https://{OWN_NAME}"},
        {"Host": f"{OWN_NAME}:8443", "Origin": f"https://{OWN_NAME}:8443"},
    ],
)
def test_the_ui_and_programs_may_change(port: int, headers: dict[str, str]) -> None:
    own = {name: value.format(port=port) for name, value in headers.items()}
    for paused in ("true", "false"):
        assert graphql(port, PAUSE.replace("true", paused), own)[0] == 200
        assert graphql(port, IS_PAUSED, own)[1] == {"instance": {"autoMaterializePaused": paused == "true"}}


FOREIGN = [
    origin("https://evil.example"),
    origin("null"),
    origin("http://127.0.0.1:8888"),
    origin("http://127.0.0.1"),
    origin("http://localhost:{port}"),
    origin("https://127.0.0.1:{port}.evil.example"),
    origin("http://127.0.0.1:{port}@evil.example"),
    origin("file://"),
    origin(""),
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"},
    {"Host": "evil.example"},
    {"Host": "evil.example:{port}", "Origin": "http://evil.example:{port}", "Sec-Fetch-Site": "same-origin"},
    {"Host": "127.0.0.1.evil.example:{port}"},
    {"Host": f"x.{OWN_NAME}"},
    {"Host": "127.0.0.1:{port}/x"},
    {"Host": "user@127.0.0.1:{port}"},
    {"Host": ""},
]


@pytest.mark.parametrize("headers", FOREIGN)
def test_other_pages_may_neither_change_nor_read(unpaused: int, headers: dict[str, str]) -> None:
    foreign = {name: value.format(port=unpaused) for name, value in headers.items()}
    assert graphql(unpaused, PAUSE, foreign)[0] == 403
    for path in ("/server_info", "/", f"/graphql?query={quote(IS_PAUSED)}"):
        status, text = request(unpaused, "GET", path, foreign)
        assert status == 403
        assert "autoMaterializePaused" not in text
    assert request(unpaused, "POST", "/report_asset_materialization/x", foreign, "")[0] == 403


@pytest.mark.parametrize("headers", FOREIGN)
def test_other_pages_get_no_websocket(port: int, headers: dict[str, str]) -> None:
    foreign = {name: value.format(port=port) for name, value in headers.items()}
    assert request(port, "GET", "/graphql", {**UPGRADE, **foreign})[0] == 403


@pytest.mark.parametrize("headers", [{}, {"Origin": "http://127.0.0.1:{port}", "Sec-Fetch-Site": "same-origin"}])
def test_the_ui_follows_runs_over_a_websocket(port: int, headers: dict[str, str]) -> None:
    own = {name: value.format(port=port) for name, value in headers.items()}
    assert request(port, "GET", "/graphql", {**UPGRADE, **own})[0] == 101


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(
    "query",
    [
        f"query={quote(PAUSE)}",
        f"query={quote('query Q { version } ' + PAUSE.replace('mutation', 'mutation M'))}&operationName=M",
        f"query={quote(IS_PAUSED)}&query={quote(PAUSE)}",
        f"query={quote('# a comment' + chr(10) + PAUSE)}",
        f"qu%65ry={quote(PAUSE)}",
    ],
)
def test_get_never_changes(unpaused: int, method: str, query: str) -> None:
    assert request(unpaused, method, f"/graphql?{query}")[0] == 405
    assert request(unpaused, method, f"/%67raphql?{query}", {"Accept": "text/html"})[0] == 405


def test_get_still_reads(port: int) -> None:
    status, text = request(port, "GET", f"/graphql?query={quote('{ version }')}")
    assert (status, list(json.loads(text)["data"])) == (200, ["version"])
    status, text = request(port, "GET", "/graphql", {"Accept": "text/html"})
    assert (status, "graphiql" in text.lower()) == (200, True)


@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "text/plain; application/json", "application/x-www-form-urlencoded", "multipart/form-data", None],
)
def test_a_type_that_any_page_may_post_is_refused(unpaused: int, content_type: str | None) -> None:
    headers = {"Content-Type": content_type} if content_type else {}
    body = json.dumps({"query": PAUSE})
    assert request(unpaused, "POST", f"/graphql?query={quote(PAUSE)}", headers, body)[0] == 415


def test_a_link_on_another_page_opens_a_page_of_the_ui(port: int) -> None:
    link = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    assert request(port, "GET", "/runs", link)[0] == 200
    assert request(port, "GET", "/graphql", {**link, "Accept": "text/html"})[0] == 403
    assert request(port, "POST", "/report_asset_materialization/x", link, "")[0] == 403
