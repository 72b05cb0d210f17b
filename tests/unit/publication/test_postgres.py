"""A version in PostgreSQL: what is there, what stays for users, and what readers see meanwhile."""

from __future__ import annotations

import threading
import time
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import psycopg
import pytest

from orchestration.publication.postgres import server as server_module
from tests.unit.publication.postgres_versions import WIDER, Database, build

pytestmark = pytest.mark.xdist_group("postgres")


def test_the_first_load_has_every_row_with_its_types_comments_keys_and_readers(
    database: Database, tmp_path: Path
) -> None:
    reader = f"{database.name}_reader"
    written = database.publish(build(tmp_path, "first", 4), readers=(reader,))
    assert (written.is_replaced, written.row_count, written.table_count, written.notes) == (False, 8, 4, [])
    assert database.standing() == ("first", 4, 4)
    assert database.query("select * from cx360_star.fct_orders where order_key = 'first1'") == [
        (
            "first1",
            "c1",
            Decimal("1.10"),
            Decimal("0.3333333333"),
            False,
            date(2026, 1, 1),
            datetime.fromisoformat("2026-01-01T12:00:00.123456"),
            0.1,
            1,
            None,
        )
    ]
    assert database.query("select as_of_date, published_at from cx360_quality.cx360_publication") == [
        (date(2026, 1, 31), datetime.fromisoformat("2026-02-01T02:00:00"))
    ]
    assert database.query(
        """
        select obj_description('cx360_star.dim_customers'::regclass),
            col_description('cx360_star.dim_customers'::regclass, 2)
        """
    ) == [("One row per customer's history row.", "The CRM's segment.")]
    keys = database.query(
        """
        select conrelid::regclass::text, pg_get_constraintdef(oid) from pg_constraint
        where connamespace::regnamespace::text like 'cx360%' and contype in ('p', 'u', 'f') order by 1, 2
        """
    )
    assert keys == [
        ("cx360_marts.mart_orders", "UNIQUE (segment, month_start_date)"),
        ("cx360_star.dim_customers", "PRIMARY KEY (customer_key)"),
        (
            "cx360_star.fct_orders",
            "FOREIGN KEY (customer_key) REFERENCES cx360_star.dim_customers(customer_key) NOT ENFORCED",
        ),
        ("cx360_star.fct_orders", "PRIMARY KEY (order_key)"),
    ]
    tables = database.query(
        f"""
        select count(*), count(*) filter (where has_table_privilege('{reader}', c.oid, 'select')),
            count(*) filter (where has_table_privilege('{reader}', c.oid, 'insert'))
        from pg_class as c where relnamespace::regnamespace::text like 'cx360%' and relkind = 'r'
        """
    )
    assert tables == [(5, 5, 0)]
    assert database.query(f"select has_schema_privilege('{reader}', 'cx360_star', 'usage')") == [(True,)]


def test_a_date_of_the_calendar_has_an_index(database: Database, tmp_path: Path) -> None:
    days = "create table star.dim_dates as select date '2026-01-01' as date_day"
    version = build(tmp_path, "first", 4, days, "alter table star.dim_dates alter date_day set not null")
    version.manifest["keys"]["star.dim_dates"] = {"unique": [["date_day"]], "references": []}
    to_days = {"column": "ordered_date", "table": "star.dim_dates", "field": "date_day"}
    version.manifest["keys"]["star.fct_orders"]["references"].append(to_days)
    database.publish(version)
    assert database.query("select indexname from pg_indexes where indexname like 'fct_orders%' order by 1") == [
        ("fct_orders_ordered_date_idx",),
        ("fct_orders_pkey",),
    ]


def test_tables_are_replaced_every_night_where_the_deployment_says_so(database: Database, tmp_path: Path) -> None:
    first, second = build(tmp_path, "first", 4), build(tmp_path, "second", 7)
    for version in (first, second):
        written = database.publish(version, replace="tables")
        assert (written.is_replaced, written.notes) == (False, [])
    assert database.standing() == ("second", 7, 7)
    assert database.schemas() == {"cx360_star", "cx360_marts", "cx360_quality"}


def test_rows_are_replaced_and_the_views_grants_and_indexes_of_users_stay(database: Database, tmp_path: Path) -> None:
    database.publish(build(tmp_path, "first", 4))
    database.execute(
        "create schema own; create view own.orders as select * from cx360_star.fct_orders",
        f"grant usage on schema cx360_star to {database.name}_reader",
        f"grant select on cx360_star.fct_orders to {database.name}_reader",
        "create index users_index on cx360_star.fct_orders (line_count)",
    )
    written = database.publish(build(tmp_path, "second", 7, "comment on table star.fct_orders is 'New words.'"))
    assert (written.is_replaced, written.notes) == (True, [])
    assert database.standing() == ("second", 7, 7)
    assert database.query("select count(*), min(order_key) from own.orders") == [(7, "second0")]
    [privileges] = database.query(
        f"""
        select has_table_privilege('{database.name}_reader', 'cx360_star.fct_orders', 'select'),
            to_regclass('cx360_star.users_index') is not null, obj_description('cx360_star.fct_orders'::regclass)
        """
    )
    assert privileges == (True, True, "New words.")


def test_a_reader_that_is_named_later_may_read_after_the_next_publication(database: Database, tmp_path: Path) -> None:
    first = build(tmp_path, "first", 4)
    database.publish(first)
    assert database.publish(first, readers=(f"{database.name}_reader",)).is_replaced
    assert database.query(f"select has_table_privilege('{database.name}_reader', 'cx360_marts.mart_orders', 'select')")


def test_changed_columns_make_new_tables_and_a_view_of_a_user_keeps_the_old_ones(
    database: Database, tmp_path: Path
) -> None:
    reader = f"{database.name}_reader"
    database.publish(build(tmp_path, "first", 4), readers=(reader,))
    database.execute("create schema own; create view own.orders as select * from cx360_star.fct_orders")
    second = build(tmp_path, "second", 7, WIDER)
    written = database.publish(second, readers=(reader,))
    assert not written.is_replaced
    assert database.standing() == ("second", 7, 7)
    assert database.query("select count(channel) from cx360_star.fct_orders") == [(0,)]
    assert database.query(f"select has_table_privilege('{reader}', 'cx360_star.fct_orders', 'select')") == [(True,)]
    [note] = written.notes
    assert "cx360_star_old_1" in note
    assert "own.orders" in note
    assert database.query("select count(*) from own.orders") == [(4,)]
    database.execute("create or replace view own.orders as select * from cx360_star.fct_orders")
    assert database.publish(second, readers=(reader,)).notes == []
    assert database.schemas() == {"cx360_star", "cx360_marts", "cx360_quality"}


def test_old_tables_that_are_being_read_are_dropped_by_the_next_publication(database: Database, tmp_path: Path) -> None:
    database.publish(build(tmp_path, "first", 4))
    second = build(tmp_path, "second", 7, WIDER)
    with database.server.connect(database.name) as reader, reader.transaction():
        assert reader.execute("select count(*) from cx360_star.fct_orders").fetchall() == [(4,)]
        [note] = database.publish(second, wait_seconds=1).notes
        assert "still being read" in note
        assert reader.execute("select version from cx360_quality.cx360_publication").fetchall() == [("second",)]
    assert database.publish(second).notes == []
    assert database.schemas() == {"cx360_star", "cx360_marts", "cx360_quality"}


@pytest.mark.parametrize("statements", [(), (WIDER,)], ids=["rows replaced", "new tables"])
def test_readers_in_a_loop_see_whole_versions_and_hardly_wait(
    statements: tuple[str, ...], database: Database, tmp_path: Path
) -> None:
    counts = {"first": 20_000, "second": 30_000}
    first, second = (build(tmp_path, name, count) for name, count in counts.items())
    wide = build(tmp_path, "wide", 30_000, *statements)
    database.publish(first)
    seen, waits, stop = [], [0.0], threading.Event()

    def read() -> None:
        with database.server.connect(database.name) as connection:
            while not stop.is_set():
                began = time.monotonic()
                seen.extend(
                    connection.execute(
                        """
                        select version, (select count(*) from cx360_star.fct_orders),
                            (select order_count from cx360_marts.mart_orders)
                        from cx360_quality.cx360_publication
                        """
                    ).fetchall()
                )
                waits.append(time.monotonic() - began)

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for version in (second, first, wide, second) if statements else (second, first, second, first):
        database.publish(version)
    stop.set()
    for reader in readers:
        reader.join()
    assert len(seen) > 20
    assert set(seen) <= {(name, count, count) for name, count in {**counts, "wide": 30_000}.items()}
    assert len({version for version, *_ in seen}) >= 2
    assert max(waits) < 5


def test_an_earlier_version_comes_back_also_with_its_columns(database: Database, tmp_path: Path) -> None:
    first, second = build(tmp_path, "first", 4), build(tmp_path, "second", 7, WIDER)
    for version in (first, second, first):
        database.publish(version)
    assert database.standing() == ("first", 4, 4)
    assert database.query("select 1 from pg_attribute where attname = 'channel'") == []


def test_the_null_character_is_removed_and_counted(database: Database, tmp_path: Path) -> None:
    dirty = "update star.fct_orders set note = 'a' || chr(0) || 'b=HYPERLINK(\"x\")\\N\\.' where line_count < 2"
    [note] = database.publish(build(tmp_path, "first", 4, dirty)).notes
    assert "cx360_star.fct_orders" in note
    assert "2 rows" in note
    assert database.query("select distinct note from cx360_star.fct_orders where note is not null") == [
        ('ab=HYPERLINK("x")\\N\\.',)
    ]


def test_two_publications_do_not_mix(database: Database, tmp_path: Path) -> None:
    versions = [build(tmp_path, "first", 4_000), build(tmp_path, "second", 7_000)]
    failures: list[BaseException] = []

    def publish(number: int) -> None:
        try:
            for _ in range(3):
                database.publish(versions[number], wait_seconds=60)
        except BaseException as error:  # noqa: BLE001  shown by the test
            failures.append(error)

    both = [threading.Thread(target=publish, args=(number,)) for number in range(2)]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    assert failures == []
    assert database.standing() in {("first", 4_000, 4_000), ("second", 7_000, 7_000)}


def test_a_server_without_unenforced_keys_checks_them(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_module, "UNENFORCED_KEYS", 99)
    for version in (build(tmp_path, "first", 4), build(tmp_path, "second", 7)):
        database.publish(version)
    assert database.standing() == ("second", 7, 7)
    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        database.execute("delete from cx360_star.dim_customers")
