"""Alerts on their way: real mail and web servers on the loopback."""

from __future__ import annotations

import email
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime
from email.message import Message
from pathlib import Path

import pytest
import trustme

from orchestration.alerts.alert import Alert
from orchestration.alerts.senders import EmailSender, WebhookSender, senders_of, tell
from orchestration.base.errors import PipelineError
from orchestration.config.settings import AlertSettings, Email, Secret, Webhook
from tests.unit.alerts.servers import Mailbox, mail_server, web_server

ALERT = Alert(
    deployment="demo",
    what="A gate is closed, nothing is published",
    where=("gate of landing/crm__cases",),
    since=datetime(2026, 1, 30, 2, 15, tzinfo=UTC),
    what_to_do="Mend it & run again: <make run>",
    run_id="0f1e2d3c",
)
WORD = "correct horse battery staple"


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> trustme.CA:
    """An authority for certificates that this process trusts."""
    made = trustme.CA()
    made.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    return made


@pytest.fixture
def encrypted(authority: trustme.CA, monkeypatch: pytest.MonkeyPatch) -> Iterator[Mailbox]:
    """A mail server that wants encryption and a login."""
    monkeypatch.setenv("SMTP_NAME", "warehouse")
    monkeypatch.setenv("SMTP_WORD", WORD)
    with mail_server(_context(authority), login=("warehouse", WORD)) as mailbox:
        yield mailbox


def _context(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


def _email(port: int, security: str = "none") -> Email:
    login = {} if security == "none" else {"username": {"env": "SMTP_NAME"}, "password": {"env": "SMTP_WORD"}}
    return Email.model_validate(
        {
            "host": "127.0.0.1",
            "port": port,
            "security": security,
            "sender": "warehouse@demo.example",
            "recipients": ["data@demo.example", "cx@demo.example"],
            **login,
        }
    )


def _message(mailbox: Mailbox) -> Message:
    [envelope] = mailbox.envelopes
    assert envelope.rcpt_tos == ["data@demo.example", "cx@demo.example"]
    assert isinstance(envelope.content, bytes)
    return email.message_from_bytes(envelope.content)


def test_an_email_says_what_where_since_when_and_what_to_do() -> None:
    with mail_server() as mailbox:
        EmailSender(_email(mailbox.port)).send(ALERT)
        message = _message(mailbox)
    assert message["Subject"] == "[cx360 demo] A gate is closed, nothing is published"
    assert message.get_content_type() == "text/plain"
    assert str(message.get_payload()).replace("\r\n", "\n").splitlines() == [
        "What   A gate is closed, nothing is published",
        "Where",
        "  gate of landing/crm__cases",
        "Since  2026-01-30 02:15 UTC",
        "Run    0f1e2d3c",
        "Do     Mend it & run again: <make run>",
    ]


def test_an_email_goes_through_an_encrypted_server_with_the_login_of_the_environment(encrypted: Mailbox) -> None:
    EmailSender(_email(encrypted.port, "starttls")).send(ALERT)
    assert _message(encrypted)["Subject"] == ALERT.subject


def test_a_wrong_password_is_said_without_the_password(encrypted: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMTP_WORD", "wrong word")
    with pytest.raises(PipelineError, match=r"SMTPAuthenticationError.*alerts\.email") as caught:
        EmailSender(_email(encrypted.port, "starttls")).send(ALERT)
    assert "wrong word" not in str(caught.value)
    assert not encrypted.envelopes


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_server_with_an_untrusted_certificate_gets_neither_login_nor_alert(
    security: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMTP_NAME", "warehouse")
    monkeypatch.setenv("SMTP_WORD", WORD)
    untrusted = _context(trustme.CA())
    with mail_server(untrusted, ("warehouse", WORD), is_tls_from_start=security == "tls") as mailbox:
        with pytest.raises(PipelineError, match=r"certificate.*not trusted.*SSL_CERT_FILE") as caught:
            EmailSender(_email(mailbox.port, security)).send(ALERT)
        assert (mailbox.envelopes, mailbox.login_count) == ([], 0)
    assert WORD not in str(caught.value)


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_trusted_certificate_of_another_host_is_refused(
    security: str, authority: trustme.CA, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMTP_NAME", "warehouse")
    monkeypatch.setenv("SMTP_WORD", WORD)
    other = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("mail.other.example").configure_cert(other)
    with mail_server(other, ("warehouse", WORD), is_tls_from_start=security == "tls") as mailbox:
        with pytest.raises(PipelineError, match="certificate"):
            EmailSender(_email(mailbox.port, security)).send(ALERT)
        assert (mailbox.envelopes, mailbox.login_count) == ([], 0)


def test_an_email_goes_through_a_server_that_is_encrypted_from_the_start(
    authority: trustme.CA, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMTP_NAME", "warehouse")
    monkeypatch.setenv("SMTP_WORD", WORD)
    with mail_server(_context(authority), ("warehouse", WORD), is_tls_from_start=True) as mailbox:
        EmailSender(_email(mailbox.port, "tls")).send(ALERT)
        assert _message(mailbox)["Subject"] == ALERT.subject


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("http://hooks.acme.example/T0/secret-part", "plain_http: true"),
        ("HTTP://hooks.acme.example/T0/secret-part", "plain_http: true"),
        ("http://localhost.acme.example/secret-part", "plain_http: true"),
        ("http://user@127.0.0.1.acme.example/secret-part", "plain_http: true"),
        ("hooks.acme.example/secret-part", "begins with https://"),
        ("file:///secret-part", "begins with https://"),
        ("http://[secret-part", "begins with https://"),
    ],
)
def test_an_address_that_is_not_encrypted_gets_no_alert(
    address: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALERT_WEBHOOK", address)
    with pytest.raises(PipelineError, match=said) as caught:
        WebhookSender(Webhook(url=Secret(env="ALERT_WEBHOOK"))).send(ALERT)
    assert "ALERT_WEBHOOK" in str(caught.value)
    assert "secret-part" not in str(caught.value)


def test_plain_http_to_another_machine_is_sent_where_the_deployment_allows_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALERT_WEBHOOK", "http://hooks.invalid/T0")
    with pytest.raises(PipelineError, match="ConnectionError"):
        WebhookSender(Webhook(url=Secret(env="ALERT_WEBHOOK"), plain_http=True)).send(ALERT)


def test_a_redirect_is_not_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    with web_server() as elsewhere, web_server(307, elsewhere.url) as posts:
        monkeypatch.setenv("ALERT_WEBHOOK", posts.url)
        with pytest.raises(PipelineError, match="status 307") as caught:
            WebhookSender(Webhook(url=Secret(env="ALERT_WEBHOOK"))).send(ALERT)
        assert (len(posts.bodies), elsewhere.bodies) == (1, [])
    assert "secret-part" not in str(caught.value)


def test_a_webhook_is_posted_as_slack_reads_it(monkeypatch: pytest.MonkeyPatch) -> None:
    with web_server() as posts:
        monkeypatch.setenv("ALERT_WEBHOOK", posts.url)
        WebhookSender(Webhook(url=Secret(env="ALERT_WEBHOOK"))).send(ALERT)
    [body] = posts.bodies
    assert list(body) == ["text"]
    assert body["text"].startswith("[cx360 demo] A gate is closed, nothing is published\n")
    assert body["text"].endswith("Do     Mend it &amp; run again: &lt;make run&gt;")


@pytest.mark.parametrize(("status", "said"), [(404, "status 404"), (500, "status 500")])
def test_a_webhook_that_refuses_is_said_without_its_address(
    status: int, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with web_server(status) as posts:
        monkeypatch.setenv("ALERT_WEBHOOK", posts.url)
        with pytest.raises(PipelineError, match=f"ALERT_WEBHOOK .*{said}") as caught:
            WebhookSender(Webhook(url=Secret(env="ALERT_WEBHOOK"))).send(ALERT)
    assert "secret-part" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_way_that_fails_keeps_no_other_from_being_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ALERT_WEBHOOK", raising=False)
    with mail_server() as mailbox:
        settings = AlertSettings(email=_email(mailbox.port), webhook=Webhook(url=Secret(env="ALERT_WEBHOOK")))
        problems = tell([ALERT], senders_of(settings)[::-1])
        assert _message(mailbox)["Subject"] == ALERT.subject
    assert len(problems) == 1
    assert "ALERT_WEBHOOK" in problems[0]


def test_a_mail_server_that_is_down_is_said_with_its_address() -> None:
    with mail_server() as mailbox:
        port = mailbox.port
    with pytest.raises(PipelineError, match=rf"127\.0\.0\.1:{port} \(ConnectionRefusedError\)"):
        EmailSender(_email(port)).send(ALERT)


def test_a_deployment_without_channels_sends_no_alert() -> None:
    assert senders_of(AlertSettings()) == []


def test_many_places_are_cut_and_counted() -> None:
    alert = Alert("demo", "What", tuple(f"place {number}" for number in range(13)), ALERT.since, "Do")
    assert "  place 9\n  and 3 more\n" in alert.text
