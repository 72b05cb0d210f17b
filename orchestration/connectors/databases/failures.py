"""Explains database errors: by SQLSTATE, or by message where a broken connection has none.

No message contains a secret or a delivered value.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from orchestration.connectors.databases.queries import TableQuery

QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'")


@dataclass(frozen=True)
class Cause:
    """A kind of failure.

    Attributes:
        states: prefixes of its SQLSTATEs.
        words: a pattern of its message, for errors without a SQLSTATE.
        is_transient: a retry may succeed.
    """

    states: tuple[str, ...]
    words: str
    problem: str
    remedy: str
    is_transient: bool = False
    is_absence: bool = False


CAUSES = (
    Cause(
        ("28",),
        r"authentication failed|no password supplied|access denied|no pg_hba\.conf entry",
        "the database refuses the user or the password",
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
        r"database .* does not exist|unknown database",
        "the database does not exist",
        "Check the URL in the environment variable {env}",
    ),
    Cause(
        ("42501",),
        r"permission denied",
        "the user lacks the permission to read it",
        "Have its owner grant the user of {env} select on {name}, on the tables of the query, and usage on the schema",
    ),
    Cause(
        ("42P01", "3F000"),
        r"relation .* does not exist|no such table|NoSuchTableError",
        "the table, or a table of its query, does not exist",
        "Write the name as the database does, with its schema, in sql.table or sql.query",
        is_absence=True,
    ),
    Cause(
        ("42703",),
        r"column .* does not exist|no such column",
        "a selected column does not exist",
        "Correct the query, the key or the cursor of the table",
    ),
    Cause(
        ("57014",),
        r"statement timeout|interrupted|canceling statement due to user request",
        "the statement took longer than statement_timeout_seconds ({seconds} s), or was cancelled",
        "Create an index on cursor and key, make the query faster, or raise the limit",
    ),
    Cause(
        ("25006",),
        r"read-only transaction|readonly database|query_only",
        "the query writes, but sources are opened read-only",
        "Set a query that only reads",
    ),
    Cause(
        ("42",),
        r"syntax error",
        "the query has a syntax error",
        "Correct the query of the table",
    ),
    Cause(
        ("08", "25P", "40", "53", "57"),
        r"refused|could not translate|failed to resolve|timeout|timed out|closed the connection|terminating connection"
        r"|reset by peer|broken pipe|unreachable|starting up|shutting down|too many (clients|connections)"
        r"|conflict with recovery|no connection to the server|connection is lost|connection was lost|EOF detected",
        "the database cannot be reached, or the connection broke",
        "Check that it is up and reachable from here, then run again: landed units are not pulled again",
        is_transient=True,
    ),
)


@dataclass(frozen=True)
class Failure:
    """A failure, explained."""

    problem: str
    remedy: str
    is_transient: bool = False
    is_absence: bool = False


def explain(error: Exception, table_query: TableQuery, secrets: tuple[str, ...]) -> Failure:
    """Explain an error of a database, its driver or its stream.

    Args:
        secrets: texts to remove from the message.
    """
    original = getattr(error, "orig", None) or error
    state = str(getattr(original, "sqlstate", None) or getattr(original, "pgcode", None) or "")
    message = f"{type(original).__name__}: {original}"
    for cause in CAUSES:
        is_match = state.startswith(cause.states) if state else re.search(cause.words, message, re.IGNORECASE)
        if is_match:
            context = {
                "env": table_query.source.url.env,
                "name": table_query.name,
                "seconds": table_query.source.statement_timeout_seconds,
            }
            own_words = scrubbed(_first_line(str(original)), secrets)
            return Failure(
                f"{cause.problem.format(**context)} ({own_words})",
                cause.remedy.format(**context),
                cause.is_transient,
                cause.is_absence,
            )
    # an unknown message may quote a delivered value
    unknown = QUOTED.sub("'...'", scrubbed(_first_line(message), secrets))
    return Failure(f"the database fails ({unknown})", "Read the database's log, and correct the query or the settings")


def scrubbed(text: str, secrets: tuple[str, ...]) -> str:
    """Return the text with every secret replaced by ***."""
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        text = text.replace(secret, "***")
    return text


def _first_line(text: str) -> str:
    """The first line of a message; the lines after it quote the query and the row."""
    lines = [line.strip() for line in text.strip().splitlines() if line.strip()]
    return lines[0].rstrip(".") if lines else "no message"
