"""What a database's failure means for the person who must mend it, without a secret and without a delivered value.

Add here a failure by its SQLSTATE and by its words: a connection that could not be made and a stream that broke have no
SQLSTATE. Keep out how databases are asked.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from orchestration.connectors.databases.asked import Asked

QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'")


@dataclass(frozen=True)
class Cause:
    """A kind of failure.

    Attributes:
        states: SQLSTATEs, by how they begin.
        words: what its message says.
        problem: what it means, in the words of the deployment; None where the database's own words say it best.
        is_passing: the same again may succeed.
    """

    states: tuple[str, ...]
    words: str
    problem: str
    remedy: str
    is_passing: bool = False


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
        "the user may not read it",
        "Have its owner grant the user of {env} select on {name}, on whatever the query reads, and usage on the schema",
    ),
    Cause(
        ("42P01", "3F000"),
        r"relation .* does not exist|no such table|NoSuchTableError",
        "the table or what its query reads does not exist",
        "Name it as the database does, with its schema: sql.table or sql.query of the table",
    ),
    Cause(
        ("42703",),
        r"column .* does not exist|no such column",
        "a column that is asked for does not exist",
        "Mend the query, the key or the cursor of the table",
    ),
    Cause(
        ("57014",),
        r"statement timeout|interrupted|canceling statement due to user request",
        "the statement took longer than statement_timeout_seconds ({seconds} s), or was cancelled",
        "Give the cursor and the key an index, mend the query, or raise the limit",
    ),
    Cause(
        ("25006",),
        r"read-only transaction|readonly database|query_only",
        "the query writes, and a source is only ever read",
        "Give a query that only reads",
    ),
    Cause(
        ("42",),
        r"syntax error",
        "the database does not understand what is asked",
        "Mend the query of the table",
    ),
    Cause(
        ("08", "25P", "40", "53", "57"),
        r"refused|could not translate|failed to resolve|timeout|timed out|closed the connection|terminating connection"
        r"|reset by peer|broken pipe|unreachable|starting up|shutting down|too many (clients|connections)"
        r"|conflict with recovery|no connection to the server|connection is lost|connection was lost|EOF detected",
        "the database cannot be reached, or broke off",
        "See whether it is up and can be reached from here, then run again: what has landed is not pulled again",
        is_passing=True,
    ),
)


@dataclass(frozen=True)
class Failure:
    """What went wrong, for a message."""

    problem: str
    remedy: str
    is_passing: bool


def explain(error: Exception, asked: Asked, secrets: tuple[str, ...]) -> Failure:
    """What ``error`` of a database, its driver or its stream means.

    Args:
        secrets: what must not be told, as it stands in the URL or decoded.
    """
    original = getattr(error, "orig", None) or error
    state = str(getattr(original, "sqlstate", None) or getattr(original, "pgcode", None) or "")
    told = f"{type(original).__name__}: {original}"
    for cause in CAUSES:
        is_it = state.startswith(cause.states) if state else re.search(cause.words, told, re.IGNORECASE)
        if is_it:
            context = {
                "env": asked.source.url.env,
                "name": asked.name,
                "seconds": asked.source.statement_timeout_seconds,
            }
            own_words = scrubbed(_first_line(str(original)), secrets)
            return Failure(
                f"{cause.problem.format(**context)} ({own_words})", cause.remedy.format(**context), cause.is_passing
            )
    # words that nobody has foreseen may quote a delivered value
    unknown = QUOTED.sub("'...'", scrubbed(_first_line(told), secrets))
    return Failure(f"the database fails ({unknown})", "Look at its log, and mend the query or the settings", False)


def scrubbed(text: str, secrets: tuple[str, ...]) -> str:
    """The text without any secret."""
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        text = text.replace(secret, "***")
    return text


def _first_line(text: str) -> str:
    """What went wrong; the lines after it quote the query and the row."""
    lines = [line.strip() for line in text.strip().splitlines() if line.strip()]
    return lines[0].rstrip(".") if lines else "no message"
