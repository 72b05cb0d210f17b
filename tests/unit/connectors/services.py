"""Shared by tests of the REST connector: a web service on the loopback, and its pulled rows.

A test defines the responses; every request is recorded. ``paging`` paginates a list of records.
"""

from __future__ import annotations

import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from orchestration.config.deployment import Table, load_deployment
from orchestration.config.systems import System, TableSettings
from orchestration.config.web_services import Rest, RestTable
from orchestration.connectors.batch import Batch, Fault
from orchestration.connectors.sources import pull

HISTORY = date(2025, 12, 31)
NIGHT = HISTORY + timedelta(days=1)


@dataclass(frozen=True)
class Request:
    """A received request with its time."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    at: float

    @property
    def parameters(self) -> dict[str, Any]:
        """The parameters, from the query or the body."""
        parameters: dict[str, Any] = json.loads(self.body) if self.method == "POST" else self.query
        return parameters


@dataclass(frozen=True)
class Reply:
    """A response; ``is_cut`` sends less than announced, ``is_dropped`` sends nothing, ``pause`` is seconds per byte."""

    body: bytes
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    is_cut: bool = False
    is_dropped: bool = False
    pause: float = 0

    @classmethod
    def of(cls, document: Any, **how: Any) -> Reply:
        """A document as JSON."""
        return cls(json.dumps(document, ensure_ascii=False).encode(), **how)


Answering = Callable[[Request], Reply]


@dataclass
class Service:
    """The address of the service, and the requests it received."""

    url: str
    requests: list[Request] = field(default_factory=list)


class _Handler(BaseHTTPRequestHandler):
    """Records a request and answers it."""

    requests: list[Request]
    answering: Answering

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        query = dict(parse_qsl(address.query, keep_blank_values=True))
        request = Request(self.command, address.path, query, dict(self.headers), body, time.monotonic())
        self.requests.append(request)
        self.reply(self.answering(request))

    def do_POST(self) -> None:
        self.do_GET()

    def reply(self, reply: Reply) -> None:
        if reply.is_dropped:
            self.connection.close()
            return
        self.send_response(reply.status)
        for name, value in {"Content-Type": "application/json", **reply.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(reply.body) + (1000 if reply.is_cut else 0)))
        self.end_headers()
        with suppress(OSError):  # the client has closed the connection
            if not reply.pause:
                self.wfile.write(reply.body)
                return
            for byte in reply.body:
                self.wfile.write(bytes([byte]))
                self.wfile.flush()
                time.sleep(reply.pause)

    def log_message(self, *_: object) -> None:
        pass


class _Server(ThreadingHTTPServer):
    """Ignores connections that a test breaks."""

    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        pass


@contextmanager
def service(answering: Answering, tls: ssl.SSLContext | None = None) -> Iterator[Service]:
    """Provide a web service with the given responses."""
    made = Service("")
    handler = type("Handler", (_Handler,), {"requests": made.requests, "answering": staticmethod(answering)})
    server = _Server(("127.0.0.1", 0), handler)
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    made.url = f"{'https://localhost' if tls else 'http://127.0.0.1'}:{server.server_port}/v2"
    threading.Thread(target=server.serve_forever, args=[0.01], daemon=True).start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()


def in_turn(*replies: Reply) -> Answering:
    """Return the replies in turn, and the last one repeatedly."""
    waiting = list(replies)
    return lambda _: waiting.pop(0) if len(waiting) > 1 else waiting[0]


# The settings of each kind of pagination.
PAGES: dict[str, dict[str, Any]] = {
    "page_number": {"kind": "page_number", "parameter": "p", "first": 1},
    "page_number_from_0": {"kind": "page_number", "parameter": "p", "first": 0, "more_path": "$.meta.more"},
    "offset": {"kind": "offset", "parameter": "skip", "size_parameter": "take", "size": 7},
    "cursor": {"kind": "cursor", "parameter": "after", "path": "$.meta.next_cursor"},
    "link_header": {"kind": "link_header"},
    "next_url": {"kind": "next_url", "path": '$["@next.link"]'},
    "single": {"kind": "single"},
}
SIZE = 7


def paging(kind: str, holds: Callable[[], Sequence[Any]]) -> Answering:
    """Return the responses of a service that paginates ``holds()`` as ``kind`` declares."""

    def answer(request: Request) -> Reply:
        records, parameters = holds(), request.parameters
        start = 0
        if kind.startswith("page_number"):
            start = SIZE * (int(parameters["p"]) - PAGES[kind]["first"])
        elif kind == "offset":
            assert int(parameters["take"]) == SIZE
            start = int(parameters["skip"])
        elif kind == "cursor":
            start = int(str(parameters.get("after", "c0"))[1:])
        elif kind != "single":
            start = int(request.query.get("start", 0))
        end = len(records) if kind == "single" else start + SIZE
        has_more = end < len(records)
        meta = {"total": len(records), "more": has_more, "next_cursor": f"c{end}" if has_more else None}
        document: dict[str, Any] = {"data": list(records[start:end]), "meta": meta}
        following = f"{request.path}?{urlencode({**request.query, 'start': end})}"
        headers = {}
        if kind == "link_header" and has_more:
            headers["Link"] = f'<{following}>; rel="next", <{request.path}>; rel="first"'
        if kind == "next_url":
            document["@next.link"] = following if has_more else None
        return Reply.of(document, headers=headers)

    return answer


def table_of(url: str, rest: dict[str, Any] | None = None, **request: Any) -> Table:
    """A table of a survey tool at ``url``."""
    asks = {"path": "/responses", "records": "$.data[*]", **request}
    settings = TableSettings(
        description="One row per response.",
        key=("id",),
        delivers=(),
        rest=RestTable.model_validate(asks),
    )
    system = System(
        description="The survey tool.",
        roles=("surveys",),
        rest=Rest.model_validate(
            {
                "url": url,
                "pages": {"kind": "single"},
                "longest_wait_seconds": 0.01,
                "timeout_seconds": 5,
                **(rest or {}),
            }
        ),
        tables={"responses": settings},
    )
    deployment = load_deployment("demo").model_copy(update={"systems": {"survey_tool": system}})
    return Table(deployment=deployment, system_name="survey_tool", table_name="responses")


@dataclass(frozen=True)
class Pulled:
    """The pulled rows in order, and the faults."""

    batches: list[Batch]

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The rows with their row numbers."""
        return [row for batch in self.batches for row in batch.rows.to_pylist()]

    @property
    def faults(self) -> list[Fault]:
        """The faults."""
        return [fault for batch in self.batches for fault in batch.faults]

    def column(self, name: str) -> list[Any]:
        """One column of the rows."""
        return [row.get(name) for row in self.rows]


def pulled(table: Table, load_date: date = NIGHT) -> Pulled:
    """Pull a night of the table."""
    return Pulled(list(pull(table, load_date, Path())))
