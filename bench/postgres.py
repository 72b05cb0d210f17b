"""How fast a version is written to PostgreSQL: ``python -m bench.postgres 1_000_000``.

Prints, for a version with so many orders and as many rows in two more facts, the rows a second of the first load, of
replacing rows by delete and insert, of new tables by rename, and of the rows that differ alone, each with what two
readers in a loop saw meanwhile.
The server is started for it.
"""

from __future__ import annotations

import os
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from orchestration.config.postgres_publication import PostgresPublication
from orchestration.config.settings import Secret
from orchestration.publication.postgres.publish import publish
from orchestration.publication.postgres.target import Target
from orchestration.publication.versions import Version
from tests.postgres import Postgres, postgres

ORDERS = 300_000
CUSTOMERS = 10_000
PAUSE = 0.5
"""Seconds between two queries of a reader: without it, the readers would have the whole processor."""
URL = "BENCH_PUBLICATION_URL"
FACTS = ("fct_orders", "fct_interactions", "fct_survey_answers")
KEYS = {
    "star.dim_customers": {"unique": [["customer_key"]], "references": []},
    "star.dim_dates": {"unique": [["date_day"]], "references": []},
    **{
        f"star.{fact}": {
            "unique": [["fact_key"]],
            "references": [
                {"column": "customer_key", "table": "star.dim_customers", "field": "customer_key"},
                {"column": "ordered_date", "table": "star.dim_dates", "field": "date_day"},
            ],
        }
        for fact in FACTS
    },
}
READ = """
select (select count(*) from cx360_star.fct_orders), (select order_count from cx360_marts.mart_orders)
"""


def build(folder: Path, row_count: int) -> Version:
    """Build a version: customers, three facts of thirteen columns with hashed keys, and a mart that counts orders."""
    folder.mkdir()
    with duckdb.connect(folder / "cx360.duckdb") as connection:
        connection.execute("create schema star; create schema marts; create schema quality")
        connection.execute(
            f"""
            create table star.dim_customers (customer_key varchar not null, segment varchar);
            insert into star.dim_customers select md5('c' || i), 's' || i % 5 from range({CUSTOMERS}) as r (i);
            create table star.dim_dates (date_day date not null);
            insert into star.dim_dates select date '2024-01-01' + cast(i as integer) from range(700) as r (i);
            create table marts.mart_orders as select cast({row_count} as bigint) as order_count;
            """
        )
        for fact in FACTS:
            connection.execute(
                f"""
                create table star.{fact} (
                    fact_key varchar not null, customer_key varchar not null, channel_key varchar, system varchar,
                    source_id varchar, status varchar, amount decimal(18, 2), cost_amount decimal(18, 2),
                    share_rate decimal(18, 6), is_counted boolean, ordered_date date,
                    ordered_at timestamp, line_count bigint
                );
                insert into star.{fact}
                select md5('{fact}' || i), md5('c' || i % {CUSTOMERS}), md5('k' || i % 9), 'shop', 'o' || i,
                    'fulfilled', i / 100, i / 200, 0.5, i % 50 > 0, date '2024-01-01' + cast(i % 700 as integer),
                    timestamp '2024-01-01' + to_seconds(i), i % 9
                from range({row_count}) as r (i)
                """
            )
        counts = connection.execute(
            "select schema_name || '.' || table_name, estimated_size from duckdb_tables()"
        ).fetchall()
    tables = {name: {"row_count": count} for name, count in counts}
    facts = {"as_of_date": "2026-01-31", "published_at": "2026-02-01T02:00:00", "tables": tables, "keys": KEYS}
    return Version(folder, facts)


@contextmanager
def readers(server: Postgres, expected: set[int]) -> Iterator[list[float]]:
    """Query in a loop inside a ``with`` block; yields the seconds of every query.

    Raises:
        AssertionError: a reader saw orders and a mart that do not belong together.
    """
    waits: list[float] = []
    wrong: list[tuple[object, ...]] = []
    stop = threading.Event()

    def read() -> None:
        with server.connect() as connection:
            while not stop.is_set():
                began = time.monotonic()
                [row] = connection.execute(READ).fetchall()
                waits.append(time.monotonic() - began)
                if row[0] != row[1] or row[0] not in expected:
                    wrong.append(row)
                stop.wait(PAUSE)

    threads = [threading.Thread(target=read) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        yield waits
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    if wrong:
        raise AssertionError(wrong[:3])


def measure(row_count: int) -> None:
    """Write versions of this size into a new server, and print the figures."""
    with postgres(("shared_buffers = 256MB",)) as server, tempfile.TemporaryDirectory() as folder:
        os.environ[URL] = server.url()
        target = Target("bench", "bench", PostgresPublication(url=Secret(env=URL)))
        root = Path(folder)
        first, second = build(root / "first", row_count), build(root / "second", row_count + 1_000)
        by_table = Target("bench", "bench", target.settings.model_copy(update={"replace": "tables"}))
        _show("first load", publish(first, target, "2GB").summary, [])
        for name, version, way, kept in (
            ("delete and insert", second, target, ()),
            ("delete and insert", first, target, ()),
            ("new tables, rename", second, by_table, ()),
            ("rows that differ", first, target, (first, second)),
        ):
            with readers(server, {row_count, row_count + 1_000}) as waits:
                summary = publish(version, way, "2GB", kept=kept).summary
            _show(name, summary, waits)


def _show(name: str, summary: str, waits: list[float]) -> None:
    seen = f"  {len(waits)} queries of readers, none wrong, slowest {max(waits):.2f} s" if waits else ""
    sys.stdout.write(f"PostgreSQL  {name:<20}  {summary.partition(': ')[2]}{seen}\n")
    sys.stdout.flush()


def main() -> None:
    """Measure versions of the given numbers of orders."""
    for size in sys.argv[1:] or [str(ORDERS)]:
        measure(int(size.replace("_", "")))


if __name__ == "__main__":
    main()
