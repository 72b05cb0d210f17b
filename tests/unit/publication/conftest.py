"""A database for the publication to PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest

from tests.postgres import Postgres
from tests.unit.publication.postgres_versions import PASSWORD, URL, Database


@pytest.fixture
def database(postgres_server: Postgres, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    """An empty database, and the URL of a role that may create schemas in it."""
    name = f"bi_{uuid4().hex[:8]}"
    postgres_server.execute(
        f"create role {name} login password '{PASSWORD}'", f"create database {name}", f"create role {name}_reader"
    )
    postgres_server.execute(f"grant create on database {name} to {name}")
    monkeypatch.setenv(URL, postgres_server.url(name, name, PASSWORD))
    yield Database(postgres_server, name)
    postgres_server.execute(f"drop database {name} with (force)", f"drop role {name}", f"drop role {name}_reader")
