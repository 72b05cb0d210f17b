"""Logins of web services; no message or log contains a secret."""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

import pytest

from orchestration.connectors.batch import SourceError, SourceUnavailableError
from tests.unit.connectors.services import PAGES, Reply, Request, in_turn, paging, pulled, service, table_of

GOOD = Reply.of({"data": [{"id": "1"}]})
SECRET = "s3cret-Value-0815"
# the base64 of night-user:s3cret-Value-0815
BASIC = "bmlnaHQtdXNlcjpzM2NyZXQtVmFsdWUtMDgxNQ=="


@pytest.fixture(autouse=True)
def _login(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOOL_SECRET", SECRET)
    monkeypatch.setenv("TOOL_USER", "night-user")


def secret() -> dict[str, str]:
    return {"env": "TOOL_SECRET"}


AUTHS: dict[str, tuple[dict[str, Any], Callable[[Request], bool]]] = {
    "bearer": (
        {"kind": "bearer", "token": secret()},
        lambda request: request.headers.get("Authorization") == f"Bearer {SECRET}",
    ),
    "basic": (
        {"kind": "basic", "username": {"env": "TOOL_USER"}, "password": secret()},
        lambda request: request.headers.get("Authorization") == f"Basic {BASIC}",
    ),
    "header": (
        {"kind": "api_key", "key": secret(), "name": "X-API-TOKEN"},
        lambda request: request.headers.get("X-API-TOKEN") == SECRET,
    ),
    "query": (
        {"kind": "api_key", "key": secret(), "place": "query", "name": "api_key"},
        lambda request: request.query.get("api_key") == SECRET,
    ),
}


@pytest.mark.parametrize("kind", AUTHS)
@pytest.mark.parametrize("pages", ["cursor", "next_url", "page_number"])
def test_every_request_has_the_login(kind: str, pages: str) -> None:
    auth, is_known = AUTHS[kind]
    held = [{"id": str(number)} for number in range(20)]
    paged = paging(pages, lambda: held)
    with service(lambda request: paged(request) if is_known(request) else Reply(b"", status=401)) as made:
        found = pulled(table_of(made.url, {"auth": auth}, pages=PAGES[pages]))
    assert found.column("id") == [record["id"] for record in held]
    assert SECRET not in str(found.rows)


@pytest.mark.parametrize("kind", AUTHS)
@pytest.mark.parametrize(
    "reply",
    [Reply(b"", status=401), Reply(b"", status=400), Reply(b"", is_dropped=True), Reply(b"<html>"), Reply(b"", 302)],
    ids=["401", "400", "dropped", "html", "302"],
)
def test_no_secret_stands_in_a_message_a_traceback_or_a_log(
    kind: str, reply: Reply, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    auth, _ = AUTHS[kind]
    with service(in_turn(reply)) as made, pytest.raises(SourceError) as caught:
        pulled(table_of(made.url, {"auth": auth, "attempts": 2}))
    message = "".join(traceback.format_exception(caught.value)) + caplog.text
    assert SECRET not in message
    assert BASIC not in message
    if reply.status == 401:
        assert "TOOL_SECRET" in str(caught.value)


@pytest.mark.parametrize("value", ["", "lines\n", " spaced", "umlaut-ü€"])
def test_a_secret_that_cannot_be_sent_is_reported_by_its_variable(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOOL_SECRET", value)
    auth = {"kind": "bearer", "token": secret()}
    with service(in_turn(GOOD)) as made, pytest.raises(SourceError, match="TOOL_SECRET") as caught:
        pulled(table_of(made.url, {"auth": auth}))
    assert "Deployment 'demo', system 'survey_tool', table 'responses'" in str(caught.value)
    assert not value or value.strip() not in "".join(traceback.format_exception(caught.value))


def tokens(lasts: int | None = 3600, *, in_header: bool = False) -> Callable[[Request], Reply]:
    """A service with a token's server: every token is another one, and only the last one is taken."""
    held = [{"id": str(number)} for number in range(20)]
    paged = paging("cursor", lambda: held)
    given: list[str] = []

    def answer(request: Request) -> Reply:
        if request.path == "/v2/token":
            form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
            login = {"client_id": "night-user", "client_secret": SECRET}
            expected = {"grant_type": "client_credentials", "scope": "read", **({} if in_header else login)}
            if form != expected or (request.headers.get("Authorization") == f"Basic {BASIC}") != in_header:
                return Reply.of({"error": "invalid_client", "error_description": SECRET}, status=401)
            given.append(f"token-{len(given)}")
            expires = {} if lasts is None else {"expires_in": lasts}
            return Reply.of({"access_token": given[-1], "token_type": "bearer", **expires})
        is_known = bool(given) and request.headers.get("Authorization") == f"Bearer {given[-1]}"
        return paged(request) if is_known else Reply(b"", status=401)

    return answer


def client(url: str, **settings: Any) -> dict[str, Any]:
    """A login by client credentials."""
    return {
        "kind": "oauth2",
        "token_url": f"{url}/token",
        "client_id": {"env": "TOOL_USER"},
        "client_secret": secret(),
        "scope": "read",
        **settings,
    }


@pytest.mark.parametrize(("lasts", "token_count"), [(3600, 1), (None, 1), (61, 1), (30, 3)])
def test_a_token_is_fetched_once_and_again_before_it_runs_out(lasts: int | None, token_count: int) -> None:
    with service(tokens(lasts)) as made:
        found = pulled(table_of(made.url, {"auth": client(made.url)}, pages=PAGES["cursor"]))
    assert found.column("id") == [str(number) for number in range(20)]
    assert [request.path for request in made.requests].count("/v2/token") == token_count


def test_a_client_may_log_in_by_the_header() -> None:
    with service(tokens(in_header=True)) as made:
        auth = client(made.url, credentials_in="header")
        found = pulled(table_of(made.url, {"auth": auth}, pages=PAGES["cursor"]))
    assert len(found.rows) == 20


@pytest.mark.parametrize(
    ("reply", "message", "is_transient"),
    [
        (Reply.of({"error": SECRET}, status=401), r"returns no token \(status 401\).*TOOL_USER, TOOL_SECRET", False),
        (Reply.of({"access_token": None}), r"returns no token \(status 200\)", False),
        (Reply.of({"access_token": "a", "expires_in": "soon"}), "returns no token", False),
        (Reply(b"<html>"), "returns no token", False),
        (Reply(b"[]"), "returns no token", False),
        (Reply(b"", status=307, headers={"Location": "https://elsewhere.invalid/token"}), "status 307", False),
        (Reply(b"", status=503), "token server http://127.0.0.1:.* status 503", True),
        (Reply(b"", is_dropped=True), "token server http://127.0.0.1:.* does not answer", True),
    ],
)
def test_a_login_without_token_is_reported_with_its_variables(
    reply: Reply, message: str, is_transient: bool, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with service(in_turn(reply)) as made, pytest.raises(SourceError, match=message) as caught:
        pulled(table_of(made.url, {"auth": client(made.url), "attempts": 2}))
    assert isinstance(caught.value, SourceUnavailableError) == is_transient
    assert SECRET not in "".join(traceback.format_exception(caught.value)) + caplog.text


def test_no_secret_stands_in_what_lands() -> None:
    with service(tokens()) as made:
        found = pulled(table_of(made.url, {"auth": client(made.url)}, pages=PAGES["cursor"]))
    assert SECRET not in json.dumps(found.rows)
