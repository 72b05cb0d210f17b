"""Mail and web servers on the loopback, which keep what they are sent; and a publication to tell of."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import duckdb
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from orchestration.publication.publication import Publication


@dataclass
class Mailbox:
    """What a mail server took, and the port that it listens on."""

    port: int
    envelopes: list[Envelope] = field(default_factory=list)
    login_count: int = 0

    async def handle_DATA(self, _: SMTP, __: Session, envelope: Envelope) -> str:  # noqa: N802 - the library's name
        """Keep the message."""
        self.envelopes.append(envelope)
        return "250 OK"


@contextmanager
def mail_server(
    tls: ssl.SSLContext | None = None, login: tuple[str, str] | None = None, *, is_tls_from_start: bool = False
) -> Iterator[Mailbox]:
    """A mail server; with a certificate it takes nothing unencrypted, with a login nothing without it.

    Args:
        is_tls_from_start: the connection begins with the handshake, instead of after ``STARTTLS``.
    """
    mailbox = Mailbox(_free_port())

    def knows(*arguments: Any) -> AuthResult:
        given = arguments[-1]
        mailbox.login_count += 1
        name, word = (given.login.decode(), given.password.decode()) if isinstance(given, LoginPassword) else ("", "")
        return AuthResult(success=(name, word) == login, handled=False)

    controller = Controller(
        mailbox,
        hostname="127.0.0.1",
        port=mailbox.port,
        ssl_context=tls if is_tls_from_start else None,
        tls_context=None if is_tls_from_start else tls,
        require_starttls=tls is not None and not is_tls_from_start,
        authenticator=knows,
        auth_require_tls=not is_tls_from_start,
        auth_required=login is not None,
    )
    controller.start()
    try:
        yield mailbox
    finally:
        controller.stop()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Posts:
    """What a web server was posted, and its address."""

    url: str
    bodies: list[dict[str, Any]] = field(default_factory=list)


@contextmanager
def web_server(status: int = 200, location: str = "") -> Iterator[Posts]:
    """A web server that takes JSON and answers with ``status``, and with ``location`` where a redirect leads."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            posts.bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(status)
            if location:
                self.send_header("Location", location)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    posts = Posts(f"http://127.0.0.1:{server.server_port}/services/T0/secret-part")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield posts
    finally:
        server.shutdown()
        server.server_close()


def published_units(publication: Publication, units: Sequence[tuple[str, str, date, int, int]]) -> None:
    """Publish what became of units: system, table, load date, delivered and quarantined rows."""
    publication.current.mkdir(parents=True)
    with duckdb.connect(publication.current / "cx360.duckdb") as connection:
        connection.execute("create schema quality")
        connection.execute(
            """
            create table quality.quality_landing_reconciliation (
                system varchar, table_name varchar, load_date date,
                source_row_count bigint, quarantined_row_count bigint
            )
            """
        )
        connection.executemany("insert into quality.quality_landing_reconciliation values (?, ?, ?, ?, ?)", list(units))
