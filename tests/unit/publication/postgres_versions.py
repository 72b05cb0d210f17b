"""Shared by the tests of the publication to PostgreSQL: small versions, and a database to write them to."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from orchestration.config.postgres_publication import PostgresPublication
from orchestration.config.settings import Secret
from orchestration.publication.postgres import publish as postgres
from orchestration.publication.postgres.target import Target
from orchestration.publication.versions import Version
from tests.postgres import Postgres

URL = "TEST_PUBLICATION_URL"
PASSWORD = "its/p@ss word"
WIDER = "alter table star.fct_orders add column channel varchar"
"""A change of the columns."""

KEYS: dict[str, dict[str, Any]] = {
    "star.dim_customers": {"unique": [["customer_key"]], "references": []},
    "star.fct_orders": {
        "unique": [["order_key"]],
        "references": [{"column": "customer_key", "table": "star.dim_customers", "field": "customer_key"}],
    },
    "marts.mart_orders": {"unique": [["segment", "month_start_date"]], "references": []},
}


def build(root: Path, name: str, order_count: int, *statements: str) -> Version:
    """Build a version with customers, so many orders, and a mart that counts them; ``statements`` change its file."""
    folder = root / name
    folder.mkdir(parents=True)
    with duckdb.connect(folder / "cx360.duckdb") as connection:
        connection.execute(
            f"""
            create schema star; create schema marts; create schema quality;
            create table star.dim_customers (customer_key varchar not null, segment varchar);
            insert into star.dim_customers select 'c' || i, 'vip' from range(3) as r (i);
            comment on table star.dim_customers is 'One row per customer''s history row.';
            comment on column star.dim_customers.segment is 'The CRM''s segment.';
            create table star.fct_orders (
                order_key varchar not null, customer_key varchar not null, net_amount decimal(18, 2) not null,
                share_rate decimal(18, 10), is_counted boolean not null, ordered_date date not null,
                ordered_at timestamp, score double, line_count integer, note varchar
            );
            insert into star.fct_orders
            select '{name}' || i, 'c' || i % 3, 0.1 + i, 1 / 3, i % 2 = 0, date '2026-01-01',
                timestamp '2026-01-01 12:00:00.123456', 0.1, i, null
            from range({order_count}) as r (i);
            create table marts.mart_orders (segment varchar, month_start_date date not null, order_count bigint);
            insert into marts.mart_orders values ('vip', date '2026-01-01', {order_count});
            create table quality.quality_runs (run_id varchar);
            """
        )
        for statement in statements:
            connection.execute(statement)
    return version_in(folder)


def version_in(folder: Path) -> Version:
    """Return the version that was built in a folder."""
    with duckdb.connect(folder / "cx360.duckdb", read_only=True) as connection:
        counts = connection.execute(
            "select schema_name || '.' || table_name, estimated_size from duckdb_tables()"
        ).fetchall()
    facts: dict[str, Any] = {
        "version": folder.name,
        "as_of_date": "2026-01-31",
        "published_at": "2026-02-01T02:00:00",
        "tables": {table: {"row_count": count} for table, count in counts},
        "keys": deepcopy(KEYS),
    }
    return Version(folder, facts)


@dataclass(frozen=True)
class Database:
    """A database of a server, written by a role that may create schemas and nothing else."""

    server: Postgres
    name: str

    def target(self, **settings: Any) -> Target:
        """Return the target with these settings."""
        chosen = {"wait_seconds": 2, **settings}
        return Target("demo", "demo", PostgresPublication(url=Secret(env=URL), **chosen))

    def publish(self, version: Version, kept: Sequence[Version] = (), **settings: Any) -> postgres.Written:
        """Publish a version."""
        return postgres.publish(version, self.target(**settings), "500MB", kept=kept)

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Query as the superuser."""
        with self.server.connect(self.name) as connection:
            return connection.execute(sql.encode()).fetchall()

    def execute(self, *statements: str) -> None:
        """Run statements as the superuser."""
        self.server.execute(*statements, database=self.name)

    def standing(self) -> tuple[Any, ...]:
        """What a reader finds: the version, the number of orders, and what the mart says it is."""
        [row] = self.query(
            """
            select version, (select count(*) from cx360_star.fct_orders),
                (select order_count from cx360_marts.mart_orders)
            from cx360_quality.cx360_publication
            """
        )
        return row

    def schemas(self) -> set[str]:
        """The schemas of cx360."""
        return {name for (name,) in self.query("select nspname from pg_namespace where nspname like 'cx360%'")}


def killed_at(point: str, version: Version, kept: Sequence[Version] = ()) -> bool:
    """Publish a version in a process that kills itself where its progress begins with ``point``; whether it did."""
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload([__name__])
    folders = [str(each.folder) for each in kept]
    process = processes.Process(target=_kill_itself_at, args=(point, str(version.folder), folders, os.environ[URL]))
    process.start()
    process.join()
    return process.exitcode == -signal.SIGKILL


def _kill_itself_at(point: str, folder: str, kept: Sequence[str], url: str) -> None:
    def report(text: str) -> None:
        if text.startswith(point):
            os.kill(os.getpid(), signal.SIGKILL)

    os.environ[URL] = url
    settings = PostgresPublication(url=Secret(env=URL), wait_seconds=20)
    versions = [version_in(Path(each)) for each in kept]
    postgres.publish(version_in(Path(folder)), Target("demo", "demo", settings), "500MB", report, versions)
