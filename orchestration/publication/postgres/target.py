"""The database that a deployment publishes to: its address, its sessions, and how messages name it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from urllib.parse import quote

from psycopg.conninfo import make_conninfo

from orchestration.base.errors import PipelineError
from orchestration.config.deployment import Deployment
from orchestration.config.postgres_publication import PostgresPublication

_SESSION = {
    "statement_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
    "idle_session_timeout": "0",
    # the server notices within a minute that this machine went down, and undoes what it had begun
    "tcp_keepalives_idle": "30",
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "3",
    "standard_conforming_strings": "on",
    "timezone": "UTC",
}


@dataclass(frozen=True)
class Target:
    """A database and the settings of the publication to it."""

    deployment: str
    argument: str
    settings: PostgresPublication

    @classmethod
    def of(cls, deployment: Deployment) -> Target:
        """Return the target of a deployment.

        Raises:
            PipelineError: it has none.
        """
        if deployment.postgres_publication is None:
            raise PipelineError(
                f"Deployment '{deployment.name}' does not publish to PostgreSQL: {deployment.file} has no"
                " postgres_publication (docs/postgres.md)."
            )
        return cls(deployment.name, deployment.argument, deployment.postgres_publication)

    @cached_property
    def _parts(self) -> dict[str, str]:
        from sqlalchemy import make_url
        from sqlalchemy.exc import ArgumentError

        try:
            url = make_url(self.settings.url.value()).set(drivername="postgresql+psycopg")
            _, parts = url.get_dialect()().create_connect_args(url)
        except ArgumentError:
            parts = {}
        if not parts.get("host") or not parts.get("dbname"):
            raise PipelineError(
                f"PostgreSQL was not written: the environment variable {self.settings.url.env} is not a URL with host"
                " and database. Set it to postgresql://user:password@host:5432/database, with special characters of"
                " the password in percent encoding."
            )
        return {name: str(value) for name, value in parts.items()}

    @property
    def conninfo(self) -> str:
        """The connection string for libpq, with the limits of a session."""
        session = {**_SESSION, "lock_timeout": f"{self.settings.wait_seconds}s"}
        options = " ".join(f"-c {name}={value}" for name, value in session.items())
        defaults = {"connect_timeout": "15", "application_name": "cx360"}
        parts = {**defaults, **self._parts, "options": f"{self._parts.get('options', '')} {options}".strip()}
        return make_conninfo("", **parts)

    @property
    def database(self) -> str:
        """The name of the database."""
        return self._parts["dbname"]

    @property
    def user(self) -> str:
        """The name of the user."""
        return self._parts.get("user", "the user of the system")

    @property
    def secrets(self) -> tuple[str, ...]:
        """Texts that no message may contain."""
        password = self._parts.get("password", "")
        return self.settings.url.value(), password, quote(password, safe=""), quote(password)

    @property
    def label(self) -> str:
        """The database in messages."""
        port = self._parts.get("port", "5432")
        return f"database '{self.database}' on {self._parts['host']}:{port} as user '{self.user}'"

    def failure(self, problem: str, remedy: str) -> PipelineError:
        """Return the error of a publication that changed nothing."""
        return PipelineError(
            f"PostgreSQL was not written, {self.label}: {problem}.\nIts readers keep the version that they had, and the"
            f" published file is not concerned. {remedy}, then run: cx360 publish-postgres --deployment {self.argument}"
        )
