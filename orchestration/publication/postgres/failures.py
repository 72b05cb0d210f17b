"""Explains what goes wrong on the server, by SQLSTATE or by message. No message contains a password or a row."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import duckdb
import psycopg

from orchestration.base.errors import PipelineError
from orchestration.connectors.databases.failures import QUOTED, scrubbed
from orchestration.publication.postgres.target import Target


@dataclass(frozen=True)
class Cause:
    """A kind of failure: prefixes of its SQLSTATEs, a pattern of its message, what happened, what to do."""

    states: tuple[str, ...]
    words: str
    problem: str
    remedy: str


CAUSES = (
    Cause(
        ("28",),
        r"authentication failed|no password supplied|no pg_hba\.conf entry|role .* (does not exist|is not permitted)",
        "the server refuses the user or the password",
        "Check the URL in the environment variable {env}, and that the user may connect from here",
    ),
    Cause(
        (),
        r"certificate|\bSSL\b|\bTLS\b",
        "no encrypted connection can be made",
        "Check sslmode and sslrootcert in the URL of {env}, and the name and the authority of the server's certificate",
    ),
    Cause(
        ("3D",),
        r"database .* does not exist",
        "the database does not exist",
        "Create it, or correct the URL in the environment variable {env}",
    ),
    Cause(
        ("42501",),
        r"permission denied|must be (owner|able)",
        "the user lacks a privilege",
        "As the owner of the database: grant create on database {database} to {user}. Schemas, tables and roles that"
        " cx360 changes must belong to that user",
    ),
    Cause(
        ("55P03", "40"),
        r"lock timeout|deadlock|could not serialize|concurrent update",
        "another session holds a lock, such as another publication, for longer than wait_seconds ({seconds} s)",
        "Wait for it to end, or end it (pg_stat_activity shows it)",
    ),
    Cause(
        ("53100",),
        r"No space left|could not extend file|disk full",
        "the disk of the server is full",
        "Free or add space: a publication needs the size of all tables again until it is committed",
    ),
    Cause(
        ("08", "53", "57", "25P"),
        r"refused|could not translate|failed to resolve|timeout|timed out|closed the connection|terminating connection"
        r"|reset by peer|broken pipe|unreachable|starting up|shutting down|too many (clients|connections)"
        r"|no connection to the server|connection is lost|connection was lost|EOF detected|lost synchronization",
        "the server cannot be reached, or the connection broke",
        "Check that it is up and reachable from here",
    ),
)


@contextmanager
def explained(target: Target) -> Iterator[None]:
    """Raise one PipelineError for whatever the server, psycopg or DuckDB's extension reports."""
    try:
        yield
    except (psycopg.Error, duckdb.Error) as error:
        raise explain(error, target) from None


def explain(error: Exception, target: Target) -> PipelineError:
    """Return the error for the person who fixes it."""
    state = str(getattr(error, "sqlstate", None) or "")
    words = scrubbed(_own_words(str(error)), target.secrets)
    context = {
        "env": target.settings.url.env,
        "database": target.database,
        "user": target.user,
        "seconds": target.settings.wait_seconds,
    }
    for cause in CAUSES:
        if state.startswith(cause.states or ("-",)) if state else re.search(cause.words, words, re.IGNORECASE):
            problem, remedy = f"{cause.problem.format(**context)} ({words})", cause.remedy.format(**context)
            return target.failure(problem, remedy)
    # an unknown message may quote a value
    unknown = QUOTED.sub("'...'", words)
    return target.failure(f"the server fails ({unknown})", "Read the log of the server")


def _own_words(message: str) -> str:
    """The server's own message: DuckDB puts the statement or the connection string before it."""
    found = re.search(r"(?:ERROR|FATAL|PANIC):\s*([^\n]+)", message) or re.search(r'": ([^\n]+)[^"]*$', message)
    line = found[1] if found else message.strip().split("\n")[0]
    return line.strip().rstrip(".")
