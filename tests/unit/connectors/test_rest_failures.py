"""A web service that fails: transient errors are retried, all others are reported with cause and next step."""

from __future__ import annotations

import socket
import ssl
import time

import pytest
import trustme

from orchestration.base.errors import InfrastructureError
from orchestration.connectors.batch import SourceError, SourceUnavailableError
from orchestration.connectors.sources import pull
from tests.unit.connectors.services import (
    NIGHT,
    PAGES,
    Reply,
    Request,
    in_turn,
    paging,
    pulled,
    service,
    table_of,
)

GOOD = Reply.of({"data": [{"id": "1"}]})
SECRET = "s3cret-Value-0815"


@pytest.fixture(autouse=True)
def _login(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOOL_SECRET", SECRET)
    monkeypatch.setenv("TOOL_USER", "night-user")


def secret() -> dict[str, str]:
    return {"env": "TOOL_SECRET"}


@pytest.mark.parametrize(
    "failure",
    [
        Reply(b"slow down", status=429),
        Reply(b"", status=500),
        Reply(b"<html>", status=502),
        Reply(b"", status=503, headers={"Retry-After": "0"}),
        Reply(b"", is_dropped=True),
        Reply(b'{"data": [{"id": "', is_cut=True),
    ],
    ids=["429", "500", "502", "503", "dropped", "cut"],
)
def test_a_transient_failure_is_retried(failure: Reply) -> None:
    """No record is lost or landed twice, on any page."""
    held = [{"id": str(number)} for number in range(20)]
    paged = paging("cursor", lambda: held)
    requested: list[str] = []

    def answer(request: Request) -> Reply:
        requested.append(request.query.get("after", "first"))
        return failure if requested.count(requested[-1]) < 3 else paged(request)

    with service(answer) as made:
        found = pulled(table_of(made.url, pages=PAGES["cursor"]))
    assert found.column("id") == [record["id"] for record in held]
    assert requested == ["first"] * 3 + ["c7"] * 3 + ["c14"] * 3


def test_retry_after_is_respected() -> None:
    replies = [Reply(b"", status=429, headers={"Retry-After": "2"}), GOOD]
    with service(in_turn(*replies)) as made:
        found = pulled(table_of(made.url, {"longest_wait_seconds": 10}))
    assert found.column("id") == ["1"]
    first, second = made.requests
    assert second.at - first.at >= 2


@pytest.mark.parametrize(
    ("failure", "message"),
    [
        (Reply(b"", status=429, headers={"Retry-After": "9999"}), "status 429 in all 3 attempts"),
        (Reply(b"", status=503), "status 503 in all 3 attempts"),
        (Reply(b"", is_dropped=True), "the connection to http://127.0.0.1:.* fails"),
        (Reply(b'{"data": [', is_cut=True), "the connection to http://127.0.0.1:.* fails"),
        (Reply(b'{"data": [{"id": "1"}, {"id'), "breaks off"),
    ],
    ids=["429", "503", "dropped", "cut", "cut and said to be whole"],
)
def test_a_persistent_failure_ends_after_the_attempts_and_may_be_retried_later(failure: Reply, message: str) -> None:
    with service(in_turn(failure)) as made, pytest.raises(SourceUnavailableError, match=message) as caught:
        pulled(table_of(made.url, {"attempts": 3}))
    # Dagster retries an extract only after this error
    assert isinstance(caught.value, InfrastructureError)
    assert "Deployment 'demo', system 'survey_tool', table 'responses', GET /responses, page 1" in str(caught.value)
    assert "un again" in str(caught.value)
    assert len(made.requests) == (1 if "breaks off" in message else 3)


def test_a_service_that_does_not_answer_times_out() -> None:
    def answer(_: Request) -> Reply:
        time.sleep(1)
        return GOOD

    with service(answer) as made, pytest.raises(SourceUnavailableError, match=r"0\.2 seconds in all 2 attempts"):
        pulled(table_of(made.url, {"timeout_seconds": 0.2, "attempts": 2}))


def test_a_slow_response_ends_at_the_time_limit() -> None:
    """Each byte arrives within the timeout, but the response would take ten minutes."""
    reply = Reply(b" " * 60_000, pause=0.01)
    started_at = time.monotonic()
    with service(in_turn(reply)) as made, pytest.raises(SourceUnavailableError, match=r"longer than 0\.005 minutes"):
        pulled(table_of(made.url, {"time_limit_minutes": 0.005}))
    assert time.monotonic() - started_at < 30


def test_the_time_limit_excludes_the_processing_of_pages() -> None:
    with service(paging("cursor", lambda: [{"id": str(number)} for number in range(20)])) as made:
        table = table_of(made.url, {"time_limit_minutes": 0.01}, pages=PAGES["cursor"])
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("orchestration.connectors.rest.BATCH_ROWS", 7)
            count = 0
            for batch in pull(table, NIGHT, extracts=None):  # type: ignore[arg-type]
                count += batch.rows.num_rows
                time.sleep(0.7)
    assert count == 20


def test_a_response_above_the_limit_is_refused() -> None:
    with (
        service(in_turn(Reply(b" " * 3_000_000))) as made,
        pytest.raises(SourceError, match=r"longer than 2 MB.*answer_megabytes"),
    ):
        pulled(table_of(made.url, {"answer_megabytes": 2}))


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        (Reply(b"<!doctype html><title>Log in, Jane</title>", headers={"Content-Type": "text/html"}), "but HTML"),
        (Reply(b"\n <html>Jane"), "but HTML"),
        (Reply(b"Jane is busy", headers={"Content-Type": "text/plain; charset=utf-8"}), "but 'text/plain'"),
        (Reply(b""), "the response is empty"),
        (Reply(b'{"data": [{"id": NaN}]}'), "NaN is not a JSON value"),
        (Reply(b'{"data": [{"id": 1, "id": 2}]}'), "same key twice"),
        (Reply(b'{"data": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"), "cannot be read as JSON"),
        (Reply(b"Jane", status=400), r"refuses the request \(status 400\)"),
        (Reply(b"", status=304), r"refuses the request \(status 304\)"),
        (Reply(b"Jane", status=401), "refuses the login.*none: the system has no auth"),
        (Reply(b"Jane", status=403), "denies access"),
        (Reply(b"Jane", status=404), r"path does not exist \(status 404\).*url and path"),
    ],
)
def test_a_permanent_failure_is_not_retried(reply: Reply, message: str) -> None:
    with service(in_turn(reply)) as made, pytest.raises(SourceError, match=message) as caught:
        pulled(table_of(made.url))
    assert not isinstance(caught.value, InfrastructureError)
    assert "Deployment 'demo', system 'survey_tool', table 'responses', GET /responses, page 1" in str(caught.value)
    assert "Jane" not in str(caught.value)
    assert len(made.requests) == 1


def test_a_later_page_is_named() -> None:
    replies = [Reply.of({"data": [{"id": "1"}], "meta": {"next_cursor": "b"}}), Reply(b"<html>")]
    with service(in_turn(*replies)) as made, pytest.raises(SourceError, match=r"GET /responses, page 2: .*HTML"):
        pulled(table_of(made.url, pages=PAGES["cursor"]))


def test_a_host_that_is_down_is_named_with_the_reason() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with pytest.raises(
        SourceUnavailableError, match=rf"http://127\.0\.0\.1:{port} fails in all 2 attempts \(Connection refused\)"
    ):
        pulled(table_of(f"http://127.0.0.1:{port}", {"attempts": 2}))


def test_an_unknown_host_is_named_with_the_reason() -> None:
    with pytest.raises(SourceUnavailableError, match=r"https://survey\.invalid:443 fails .*[Nn]ame"):
        pulled(table_of("https://survey.invalid", {"attempts": 1}))


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_reported_and_not_followed(status: int) -> None:
    auth = {"kind": "bearer", "token": secret()}
    with service(in_turn(GOOD)) as other:
        reply = Reply(b"", status=status, headers={"Location": f"{other.url}/moved?token={SECRET}"})
        with service(in_turn(reply)) as made, pytest.raises(SourceError, match="redirects to http") as caught:
            pulled(table_of(made.url, {"auth": auth}))
        assert other.url.removesuffix("/v2") in str(caught.value)
        assert SECRET not in str(caught.value)
        assert other.requests == []


@pytest.mark.parametrize("kind", ["link_header", "next_url"])
def test_a_next_page_on_another_host_never_sees_the_login(kind: str) -> None:
    auth = {"kind": "api_key", "key": secret()}
    with service(in_turn(GOOD)) as other:
        elsewhere = f"{other.url}/responses?start=7"
        document = {"data": [{"id": "1"}], "@next.link": elsewhere}
        reply = Reply.of(document, headers={"Link": f'<{elsewhere}>; rel="next"'})
        with service(in_turn(reply)) as made, pytest.raises(SourceError, match="page 2: the response names") as caught:
            pulled(table_of(made.url, {"auth": auth}, pages=PAGES[kind]))
        assert other.requests == []
    assert SECRET not in str(caught.value)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def tls(authority: trustme.CA, name: str = "localhost") -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    return context


def test_a_certificate_of_an_unknown_authority_is_refused_at_once(authority: trustme.CA) -> None:
    with (
        service(in_turn(GOOD), tls(authority)) as made,
        pytest.raises(SourceError, match=r"certificate of https://localhost:\d+ is not trusted \(.*issuer") as caught,
    ):
        pulled(table_of(made.url))
    assert not isinstance(caught.value, InfrastructureError)
    assert "REQUESTS_CA_BUNDLE" in str(caught.value)


def test_the_authority_in_requests_ca_bundle_is_trusted(authority: trustme.CA, monkeypatch: pytest.MonkeyPatch) -> None:
    with authority.cert_pem.tempfile() as bundle, service(in_turn(GOOD), tls(authority)) as made:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", bundle)
        assert pulled(table_of(made.url)).column("id") == ["1"]


def test_a_certificate_of_another_host_is_refused(authority: trustme.CA, monkeypatch: pytest.MonkeyPatch) -> None:
    with authority.cert_pem.tempfile() as bundle, service(in_turn(GOOD), tls(authority, "other.example")) as made:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", bundle)
        with pytest.raises(SourceError, match="Hostname mismatch"):
            pulled(table_of(made.url))
