"""Guards the UI against other web pages: whoever opens one in the browser of a user must not start or stop runs.

A browser sends requests of any page to 127.0.0.1, and Dagster's web server has no login. ``Guard`` is an ASGI
middleware that lets through what the UI itself sends, and programs that send no ``Origin``. Keep out how the server is
started (``webserver.py``). The recipe of a reverse proxy in docs/runbook.md does the same.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

from graphql import GraphQLError, OperationDefinitionNode, OperationType, parse

from orchestration.base.loopback import is_loopback

Scope = Mapping[str, Any]
Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[..., Awaitable[None]]

PORTS = {"http": 80, "https": 443}
POSTED = ("application/json", "application/graphql")
"""A page of another origin cannot send these types without asking first, and the answer is no."""


@dataclass(frozen=True)
class Refusal:
    """Why a request is refused, and the HTTP status."""

    reason: str
    status: int = 403


class Guard:
    """Refuses requests that another web page may have caused.

    Args:
        allowed_hosts: names that the UI is served under, beside the names of the loopback; in lower case.
    """

    def __init__(self, app: App, allowed_hosts: Iterable[str] = ()) -> None:
        self.app, self.allowed_hosts = app, frozenset(allowed_hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer with the reason of the refusal."""
        if scope["type"] not in {"http", "websocket"}:
            await self.app(scope, receive, send)
            return
        refusal = self.refusal(scope)
        if refusal is None:
            await self.app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008, "reason": refusal.reason[:120]})
        else:
            body = f"{refusal.reason}\n".encode()
            headers = {
                "content-type": "text/plain; charset=utf-8",
                "content-length": str(len(body)),
                "x-content-type-options": "nosniff",
            }
            encoded = [(name.encode(), value.encode()) for name, value in headers.items()]
            await send({"type": "http.response.start", "status": refusal.status, "headers": encoded})
            await send({"type": "http.response.body", "body": body})

    def refusal(self, scope: Scope) -> Refusal | None:
        """Return why the request is refused; None if it may pass."""
        headers: dict[str, list[str]] = {}
        for name, value in scope["headers"]:
            headers.setdefault(name.decode("latin-1").lower(), []).append(value.decode("latin-1").strip())
        hosts = headers.get("host", [])
        if len(hosts) != 1 or not self._is_own(hosts[0]):
            return Refusal(
                "The Host of this request is not a name of the UI. Use http://127.0.0.1 with its port, or list the name"
                " in the deployment's file: ui: {allowed_hosts: [name]}."
            )
        if any(not _is_same(origin, hosts[0]) for origin in headers.get("origin", [])):
            return Refusal("This request comes from another web page (Origin), and only the UI itself may send it.")
        if not set(headers.get("sec-fetch-site", [])) <= {"same-origin", "none"} and not _is_link(scope, headers):
            return Refusal("This request comes from another web site (Sec-Fetch-Site): only links may lead here.")
        return _refused_operation(scope, headers) if scope["type"] == "http" else None

    def _is_own(self, host: str) -> bool:
        name, _ = _name_and_port(f"//{host}")
        return is_loopback(name) or name in self.allowed_hosts or f"[{name}]" in self.allowed_hosts


def _name_and_port(address: str) -> tuple[str | None, int | None]:
    """The host in lower case and the port of an address; none of them if it is malformed or holds more."""
    try:
        parts = urlsplit(address)
        port = parts.port or PORTS.get(parts.scheme)
    except ValueError:
        return None, None
    is_more = parts.path or parts.query or parts.fragment or "@" in parts.netloc
    return (None, None) if is_more else (parts.hostname, port)


def _is_same(origin: str, host: str) -> bool:
    """Whether the page's origin is the host that it sends to; a missing port is that of the origin's scheme."""
    scheme = origin.split("://", maxsplit=1)[0].lower()
    name, port = _name_and_port(origin)
    return scheme in PORTS and name is not None and (name, port) == _name_and_port(f"{scheme}://{host}")


def _is_link(scope: Scope, headers: Mapping[str, list[str]]) -> bool:
    """Whether a user follows a link to a page of the UI."""
    return (
        scope["type"] == "http"
        and scope["method"] == "GET"
        and not _is_graphql(scope)
        and headers.get("sec-fetch-mode") == ["navigate"]
        and headers.get("sec-fetch-dest") == ["document"]
    )


def _is_graphql(scope: Scope) -> bool:
    return str(scope["path"]).rstrip("/").endswith("/graphql")


def _refused_operation(scope: Scope, headers: Mapping[str, list[str]]) -> Refusal | None:
    """Refuse a change by GET, and a POST of a type that pages of other origins may send."""
    if scope["method"] in {"GET", "HEAD"}:
        queries = parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True).get("query", [])
        if any(_changes(query) for query in queries):
            return Refusal("GET may only read: send a mutation by POST, as application/json.", 405)
    elif _is_graphql(scope) and scope["method"] == "POST":
        types = [value.split(";")[0].strip().lower() for value in headers.get("content-type", [])]
        if len(types) != 1 or types[0] not in POSTED:
            return Refusal("Send GraphQL by POST as application/json.", 415)
    return None


def _changes(query: str) -> bool:
    """Whether a GraphQL document holds anything but queries; one that cannot be parsed changes nothing."""
    try:
        document = parse(query, no_location=True)
    except GraphQLError:
        return False
    except RecursionError:
        return True
    return any(
        isinstance(node, OperationDefinitionNode) and node.operation is not OperationType.QUERY
        for node in document.definitions
    )
