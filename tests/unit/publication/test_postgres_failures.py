"""A publication to PostgreSQL that cannot succeed says why and changes nothing; the next one finishes a killed one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from orchestration.base.errors import PipelineError
from orchestration.publication.postgres.publish import publish
from orchestration.publication.versions import Version
from tests.postgres import postgres
from tests.unit.publication.postgres_versions import PASSWORD, URL, WIDER, Database, build, killed_at

pytestmark = pytest.mark.xdist_group("postgres")


@pytest.fixture
def version(tmp_path: Path) -> Version:
    return build(tmp_path, "first", 4)


def refused(database: Database, version: Version, **settings: Any) -> str:
    """The message of a publication that is refused; it never has the password."""
    with pytest.raises(PipelineError) as error:
        database.publish(version, **settings)
    message = str(error.value)
    for secret in (PASSWORD, "its%2Fp%40ss", "wrong-word"):
        assert secret not in message
    return message


def test_a_server_that_is_down_is_named(database: Database, version: Version, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(URL, f"postgresql://bi:wrong-word@127.0.0.1:9/{database.name}")
    message = refused(database, version)
    assert f"database '{database.name}' on 127.0.0.1:9 as user 'bi'" in message
    assert "cannot be reached" in message
    assert "cx360 publish-postgres --deployment demo" in message


@pytest.mark.parametrize(
    ("user", "password", "name", "words"),
    [
        (None, "wrong-word", None, "refuses the user or the password"),
        (None, PASSWORD, "nowhere", "the database does not exist"),
    ],
)
def test_a_wrong_login_is_told_without_the_password(
    user: str | None,
    password: str,
    name: str | None,
    words: str,
    database: Database,
    version: Version,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(URL, database.server.url(name or database.name, user or database.name, password))
    message = refused(database, version)
    assert words in message
    assert URL in message


@pytest.mark.parametrize("value", ["", "not a url", "postgresql://host-only", "mysql+pymysql:wrong-word"])
def test_a_variable_that_is_no_url_is_refused_without_its_value(
    value: str, database: Database, version: Version, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(URL, value)
    message = refused(database, version)
    assert URL in message
    assert not value or value not in message


def test_a_missing_reader_is_named_and_nothing_is_written(database: Database, version: Version) -> None:
    assert 'create role "nobody"' in refused(database, version, readers=("nobody",))
    assert database.schemas() == set()


def test_too_few_privileges_are_told_with_the_statement_that_grants_them(database: Database, version: Version) -> None:
    database.execute(f"revoke create on database {database.name} from {database.name}")
    message = refused(database, version)
    assert f'grant create on database "{database.name}" to "{database.name}"' in message


def test_a_schema_of_somebody_else_is_not_touched(database: Database, version: Version) -> None:
    database.execute("create schema cx360_star; create table cx360_star.theirs (id int)")
    assert "cx360_star" in refused(database, version)
    assert database.query("select count(*) from cx360_star.theirs") == [(0,)]


def test_another_deployment_cannot_take_the_same_schemas(database: Database, version: Version) -> None:
    database.publish(version)
    database.execute("comment on schema cx360_star is 'Published by cx360, deployment other.'")
    assert "not one of this deployment" in refused(database, version)


def test_tables_that_another_session_has_locked_are_told_after_the_wait(database: Database, version: Version) -> None:
    database.publish(version)
    with database.server.connect(database.name) as other, other.transaction():
        other.execute("lock table cx360_star.fct_orders in share mode")
        message = refused(database, version, wait_seconds=1)
    assert "wait_seconds (1 s)" in message
    assert database.standing() == ("first", 4, 4)


def test_a_name_that_postgresql_would_cut_is_refused_before_a_connection(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(URL, "postgresql://bi:wrong-word@127.0.0.1:9/bi")
    long = "ä" * 32
    message = refused(database, build(tmp_path, "long", 4, f"alter table star.fct_orders add column {long} integer"))
    assert f"'{long}' (column of cx360_star.fct_orders) has 64 bytes" in message


def test_a_type_without_equivalent_is_refused(database: Database, tmp_path: Path) -> None:
    nested = build(tmp_path, "nested", 4, "alter table star.fct_orders add column parts integer[]")
    assert "star.fct_orders.parts has the type INTEGER[]" in refused(database, nested)


def test_a_server_that_goes_down_midway_leaves_the_version_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = build(tmp_path, "first", 4), build(tmp_path, "second", 7)
    with postgres() as server:
        database = Database(server, "postgres")
        monkeypatch.setenv(URL, server.url())
        database.publish(first)

        def stop(text: str) -> None:
            if "2 of 4 tables" in text:
                server.stop()

        with pytest.raises(PipelineError, match="cannot be reached, or the connection broke"):
            publish(second, database.target(), "500MB", stop)
        server.start()
        assert database.standing() == ("first", 4, 4)
        database.publish(second)
        assert database.standing() == ("second", 7, 7)


POINTS = ("preparing", "4 rows", "keys, comments", "committing", "cleaning up")


@pytest.mark.parametrize("statements", [(), (WIDER,)], ids=["rows replaced", "new tables"])
def test_a_publication_killed_anywhere_is_finished_by_the_next(
    statements: tuple[str, ...], database: Database, tmp_path: Path
) -> None:
    first, second = build(tmp_path, "first", 4), build(tmp_path, "second", 3, *statements)
    for point in POINTS:
        database.publish(first)
        assert killed_at(point, second), point
        expected = ("second", 3, 3) if point == "cleaning up" else ("first", 4, 4)
        assert database.standing() == expected, point
        assert database.publish(second, wait_seconds=20).notes == [], point
        assert database.standing() == ("second", 3, 3), point
        assert database.schemas() == {"cx360_star", "cx360_marts", "cx360_quality"}, point


def test_a_killed_first_load_leaves_nothing(database: Database, tmp_path: Path) -> None:
    first = build(tmp_path, "first", 3)
    for point in POINTS[:-1]:
        assert killed_at(point, first), point
        assert database.schemas() == set(), point
    database.publish(first, wait_seconds=20)
    assert database.standing() == ("first", 3, 3)
