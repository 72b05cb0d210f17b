"""A door to PostgreSQL that speaks TLS: the server that the tests start was built without it."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import trustme

SSL_REQUEST = bytes.fromhex("0000000804d2162f")


@contextmanager
def tls_in_front_of(port: int, authority: trustme.CA, name: str) -> Iterator[int]:
    """The port of a proxy with a certificate of ``authority`` for ``name``."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(name).configure_cert(context)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_accept, args=(listener, port, context), daemon=True).start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)


def _accept(listener: socket.socket, port: int, context: ssl.SSLContext) -> None:
    with suppress(OSError):
        while True:
            client, _ = listener.accept()
            threading.Thread(target=_serve, args=(client, port, context), daemon=True).start()


def _serve(client: socket.socket, port: int, context: ssl.SSLContext) -> None:
    """Answer one client: the request for TLS, the handshake, then bytes both ways."""
    with client, suppress(OSError):
        if client.recv(len(SSL_REQUEST)) != SSL_REQUEST:
            return
        client.sendall(b"S")
        with context.wrap_socket(client, server_side=True) as safe, socket.create_connection(("127.0.0.1", port)) as to:
            back = threading.Thread(target=_copy, args=(to, safe), daemon=True)
            back.start()
            _copy(safe, to)
            back.join(5)


def _copy(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_RDWR)
