"""What the landing owes every kind of source alike, shown on a database and a web service."""

from __future__ import annotations

import resource
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from orchestration.base.errors import InfrastructureError
from orchestration.base.paths import Home
from orchestration.config.deployment import Deployment, load_deployment
from orchestration.config.settings import Secret
from orchestration.config.systems import Sql, SqlTable
from orchestration.config.web_services import Rest, RestTable
from orchestration.landing.landing import Landing
from tests.unit.connectors.services import paging, service

URL = "TEST_CRM_URL"
DEMO = load_deployment("demo")
NIGHT = DEMO.history_load_date + timedelta(days=1)
RENAME = {"Kunde": "customer_id", "mail": "email"}
COLUMNS = ("Kunde", "mail", "phone", "segment", "registered_at", "updated_at")


def customers(count: int) -> list[tuple[str, ...]]:
    at = f"{NIGHT}T12:00:00Z"
    return [(f"c{number}", f"c{number}@example.com", "", "consumer", at, at) for number in range(count)]


def crm(kind: str, source: Sql | Rest, asked: SqlTable | RestTable) -> Deployment:
    """The demo company, whose CRM has customers alone: not in files, and with two columns under other names."""
    system = DEMO.systems["crm"]
    settings = system.tables["customers"].model_copy(update={"rename": RENAME, kind: asked})
    system = system.model_copy(update={"files": None, kind: source, "tables": {"customers": settings}})
    return DEMO.model_copy(update={"systems": {"crm": system}})


def in_database() -> Deployment:
    return crm("sql", Sql(url=Secret(env=URL)), SqlTable())


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty table of customers in SQLite."""
    path = tmp_path / "s3cret.db"
    with sqlite3.connect(path) as connection:
        connection.execute(f"create table customers ({', '.join(f'{name} text' for name in COLUMNS)})")
        connection.execute("create index by_key on customers (Kunde)")  # the database need not write to sort
    connection.close()
    monkeypatch.setenv(URL, f"sqlite:///{path}")
    return path


def fill(database: Path, count: int) -> None:
    with sqlite3.connect(database) as connection:
        connection.executemany(f"insert into customers values ({', '.join('?' * len(COLUMNS))})", customers(count))
    connection.close()


def landed(deployment: Deployment, home: Home) -> list[tuple[str, str]]:
    """Land the night; number and address of the customers that lie there then."""
    (table,) = deployment.tables()
    (unit,) = Landing(deployment, home, home.root / "nothing").admit(table, [NIGHT])
    assert unit.has_landed, unit.explain()
    rows = [row for part in home.landing.rglob("*.parquet") for row in pq.ParquetFile(part).read().to_pylist()]
    return sorted((row["customer_id"], row["email"]) for row in rows)


def test_a_renaming_holds_for_a_database(database: Path, tmp_path: Path) -> None:
    fill(database, 3)
    assert landed(in_database(), Home(tmp_path / "home")) == [(f"c{n}", f"c{n}@example.com") for n in range(3)]


def test_a_renaming_holds_for_a_service(tmp_path: Path) -> None:
    held = [dict(zip(COLUMNS, row, strict=True)) for row in customers(3)]
    with service(paging("single", lambda: held)) as made:
        source = Rest.model_validate({"url": made.url, "pages": {"kind": "single"}})
        deployment = crm("rest", source, RestTable(path="/customers", records="$.data[*]"))
        assert landed(deployment, Home(tmp_path / "home")) == [(f"c{n}", f"c{n}@example.com") for n in range(3)]


@contextmanager
def full_disk() -> Iterator[None]:
    """No file grows beyond 100,000 bytes: a write beyond it fails as one to a full disk does."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_disk_that_is_full_while_a_database_lands_leaves_what_had_landed(database: Path, tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    fill(database, 3)
    before = landed(in_database(), home)
    fill(database, 50_000)
    with full_disk(), pytest.raises(InfrastructureError, match=r"(?s)crm__customers.*cannot be written") as caught:
        landed(in_database(), home)
    assert "run again" in str(caught.value)
    assert "s3cret" not in str(caught.value)
    left = [row for part in home.landing.rglob("part*.parquet") for row in pq.ParquetFile(part).read().to_pylist()]
    assert sorted((row["customer_id"], row["email"]) for row in left) == before
    assert len(landed(in_database(), home)) == 50_003
