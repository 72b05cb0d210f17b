"""How fast PostgreSQL lands, and in how much memory: ``python -m bench.extract_postgres 2_000_000``.

Prints, for a table of ten columns, the rows a second and the peak memory of a process that fetches them through ADBC
only, pulls them, lands them without gate 1, and lands them with it. The server is started for it.
"""

from __future__ import annotations

import multiprocessing
import os
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from datetime import date, timedelta
from pathlib import Path

from orchestration.base.paths import Home
from orchestration.config.deployment import Table, load_deployment
from orchestration.config.settings import Limits, Secret
from orchestration.config.systems import Sql, SqlTable
from tests.postgres import postgres

ROWS = 2_000_000
REPEATS = 3
URL, CONNINFO = "BENCH_URL", "BENCH_CONNINFO"
TABLE = "shop__payments"
CREATE = """
create table payments (
    payment_id text, order_number text, payment_method text, installment_count integer, payment_amount numeric(12, 2),
    fee_amount numeric(10, 2), currency text, provider text, is_captured boolean, paid_at timestamptz
)
"""
FILL = """
insert into payments
select 'P' || n, 'O' || n / 2, (array['card', 'invoice', 'voucher'])[1 + n % 3], 1 + n % 6, (n % 99999) / 100.0,
    (n % 999) / 100.0, 'EUR', 'provider ' || n % 10, n % 50 > 0,
    timestamptz '2026-01-01 00:00+01' + n * interval '1 day' / {row_count}
from generate_series(0, {row_count} - 1) as n
"""


def measure(row_count: int) -> None:
    """Fill a table of a new server with so many rows, and print the figures."""
    with postgres(("shared_buffers = 256MB",)) as server, tempfile.TemporaryDirectory() as folder:
        server.execute(CREATE, FILL.format(row_count=row_count), "create index on payments (paid_at, payment_id)")
        server.execute("vacuum analyze payments")
        os.environ |= {URL: server.url(), CONNINFO: server.conninfo(), "CX360_HOME": folder}
        for name, work in WORK.items():
            walls, busy, peaks = zip(*(_in_a_process(work) for _ in range(REPEATS)), strict=True)
            wall, cpu = row_count / statistics.median(walls), row_count / statistics.median(busy)
            sys.stdout.write(
                f"PostgreSQL {row_count:>12,} rows  {name:<20}  {wall:>10,.0f} rows/s"
                f"  {cpu:>10,.0f} rows per second of its processor  {max(peaks):5.2f} GiB\n"
            )
            sys.stdout.flush()


def _in_a_process(work: Callable[[], int]) -> tuple[float, float, float]:
    """Seconds that the work takes once its libraries are there, those its process works, and its peak memory in GiB."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as process:
        return process.submit(_timed, work).result()


def _timed(work: Callable[[], int]) -> tuple[float, float, float]:
    import great_expectations  # noqa: F401
    import pandas  # noqa: F401, ICN001

    from orchestration.connectors import sql  # noqa: F401

    started, busy = time.monotonic(), time.process_time()
    work()
    return (
        time.monotonic() - started,
        time.process_time() - busy,
        resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20,
    )


def _table() -> Table:
    """The payments of a shop that is a database, with room for a night of any size."""
    demo = load_deployment("demo")
    payments = demo.systems["shop"].tables["payments"]
    settings = payments.model_copy(update={"sql": SqlTable(cursor="paid_at"), "limits": Limits(duplicate_rate=1)})
    shop = demo.systems["shop"].model_copy(
        update={"files": None, "sql": Sql(url=Secret(env=URL)), "tables": {"payments": settings}}
    )
    return next(demo.model_copy(update={"systems": {"shop": shop}}).tables())


def _fetch() -> int:
    from adbc_driver_postgresql import dbapi

    with dbapi.connect(os.environ[CONNINFO]) as connection, connection.cursor() as cursor:
        cursor.execute("select * from payments order by paid_at, payment_id")
        with cursor.fetch_record_batch() as reader:
            return sum(batch.num_rows for batch in reader)


def _pull() -> int:
    from orchestration.connectors import sql

    table = _table()
    return sum(batch.rows.num_rows for batch in sql.pull(table, table.window(_night(table))))


def _land_without_gate() -> int:
    from expectations.suite import RawSuite
    from orchestration.connectors import sql
    from orchestration.landing.unit import UnitWriter
    from orchestration.landing.unit_place import UnitPlace

    table = _table()
    with tempfile.TemporaryDirectory() as home:
        place = UnitPlace(Home(Path(home)), table, _night(table))
        writer = UnitWriter(place, RawSuite(TABLE, required=()), {})
        for batch in sql.pull(table, table.window(_night(table))):
            writer.take(batch, {})
        return int(writer.close([])["landed_row_count"])


def _land() -> int:
    from orchestration.landing.landing import Landing

    table = _table()
    with tempfile.TemporaryDirectory() as home:
        (unit,) = Landing(table.deployment, Home(Path(home)), Path(home)).admit(table, [_night(table)])
        if not unit.has_landed:
            raise AssertionError(unit.explain())
        return int(unit.profile["landed_row_count"])


def _night(table: Table) -> date:
    return table.deployment.history_load_date + timedelta(days=1)


WORK: dict[str, Callable[[], int]] = {
    "plain ADBC fetch": _fetch,
    "pull": _pull,
    "landing, gate 1 off": _land_without_gate,
    "landing, gate 1 on": _land,
}


def main() -> None:
    """Measure tables of the given sizes."""
    for size in sys.argv[1:] or [str(ROWS)]:
        measure(int(size.replace("_", "")))


if __name__ == "__main__":
    main()
