"""A survey tool's web service on this machine, as the page ``docs/your-own-data.md`` describes it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

TOKEN = "t0ken-of-the-survey-tool"


@contextmanager
def survey_service(responses: list[dict[str, Any]]) -> Iterator[tuple[str, list[str]]]:
    """Provide a service with one response per page; yields its address and the list of received queries."""
    queries: list[str] = []

    class Service(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            given = {name: values[0] for name, values in parse_qs(parts.query).items()}
            since, until = (datetime.fromisoformat(given.get(name, "1970-01-01T00:00Z")) for name in ("since", "until"))
            found = [row for row in responses if since <= datetime.fromisoformat(row["given_at"]) < until]
            page = int(given["page"])
            allowed = self.headers["Authorization"] == f"Bearer {TOKEN}" and parts.path == "/responses"
            body = json.dumps({"data": found[page - 1 : page], "more": page < len(found)}).encode()
            queries.append(parts.query)
            self.send_response(200 if allowed else 401)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(body)

        def log_request(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Service)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", queries
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
