"""Any other database through SQLAlchemy, shown on SQLite: declared types, windows, queries, and what it refuses."""

from __future__ import annotations

import math
import sqlite3
import time
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from orchestration.connectors import sql
from orchestration.connectors.batch import SourceError
from tests.unit.connectors.databases import EVER, URL, pulled, table_of

CREATE = """
create table orders (
    id integer, amount numeric(10, 2), share float, paid boolean, day date, changed datetime, note varchar(10),
    raw blob, extra json, loose numeric
)
"""
FIRST = (
    "insert into orders values (1, 12.5, 0.25, 1, '2026-01-14', '2026-01-14 23:59:59', 'a', x'dead', '{\"a\": 1}', 3)"
)

Database = Callable[..., None]


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Database:
    """A SQLite file with the table ``orders``; what is called runs statements in it."""
    path = tmp_path / "shop.db"

    def run(*statements: str) -> None:
        with sqlite3.connect(path) as connection:
            for statement in statements:
                connection.execute(statement)
        connection.close()

    run(CREATE)
    monkeypatch.setenv(URL, f"sqlite:///{path}")
    return run


def test_a_tables_columns_keep_the_types_that_the_database_declares(database: Database) -> None:
    database(FIRST, "insert into orders (id) values (2)")
    rows = pulled(table_of(cursor="changed"))
    assert rows.schema.types[:10] == [
        pa.int64(),
        pa.decimal128(10, 2),
        pa.float64(),
        pa.bool_(),
        pa.date32(),
        pa.timestamp("us"),
        pa.string(),
        pa.binary(),
        pa.string(),
        pa.string(),
    ]
    values = {name: rows[name].to_pylist() for name in rows.column_names}
    assert values == {
        "id": [2, 1],
        "amount": [None, Decimal("12.50")],
        "share": [None, 0.25],
        "paid": [None, True],
        "day": [None, date(2026, 1, 14)],
        "changed": [None, datetime(2026, 1, 14, 23, 59, 59)],  # noqa: DTZ001
        "note": [None, "a"],
        "raw": [None, b"\xde\xad"],
        "extra": [None, '{"a": 1}'],
        "loose": [None, values["loose"][1]],
        "_source_file": ["orders", "orders"],
        "_source_row": [1, 2],
    }
    assert Decimal(str(values["loose"][1])) == 3


@pytest.mark.parametrize(
    "settings",
    [{"cursor": "changed"}, {"cursor": "day"}, {"cursor": "changed", "query": "select * from orders -- ':x'"}],
    ids=["time", "day", "query"],
)
def test_windows_are_half_open_also_where_times_are_text(database: Database, settings: dict[str, Any]) -> None:
    """SQLite compares text: with and without a fraction of a second, midnight begins the day."""
    database(
        FIRST,
        "insert into orders (id, day, changed) values (2, '2026-01-15', '2026-01-15 00:00:00')",
        "insert into orders (id, day, changed) values (3, '2026-01-15', '2026-01-15 00:00:00.000000')",
        "insert into orders (id, day, changed) values (4, '2026-01-16', '2026-01-16 00:00:00')",
        "insert into orders (id) values (5)",
    )
    table = table_of(**settings)
    taken = [
        [int(number) for number in pulled(table, table.window(date(2026, 1, day)))["id"].to_pylist()]
        for day in (14, 15, 16, 17)
    ]
    assert taken == [[1], [2, 3], [4], []]
    history = table.window(table.deployment.history_load_date)
    assert [int(number) for number in pulled(table, history)["id"].to_pylist()] == [5]


def test_a_querys_columns_land_as_text(database: Database) -> None:
    database(FIRST)
    rows = pulled(table_of(query="select id, amount * 2 as twice, raw, null as empty, '1:30' as clock from orders;"))
    assert rows.drop(["_source_file", "_source_row"]).to_pylist() == [
        {"id": "1", "twice": "25.0", "raw": "dead", "empty": None, "clock": "1:30"}
    ]
    assert {str(rows.schema.field(name).type) for name in ("id", "twice", "raw", "empty", "clock")} == {"string"}


def test_rows_come_in_order_in_bounded_batches(database: Database) -> None:
    database(
        "insert into orders (id) with recursive n(i) as (select 0 union all select i + 1 from n where i < 45000)"
        " select (i * 7919) % 45007 from n"
    )
    batches = list(sql.pull(table_of(), EVER))
    rows = pa.concat_tables(batch.rows for batch in batches)
    assert len(batches) > 1
    assert rows["id"].to_pylist() == sorted((number * 7919) % 45007 for number in range(45001))
    assert rows["_source_row"].to_pylist() == list(range(1, 45002))


def test_a_table_without_rows_is_one_batch_with_its_columns(database: Database) -> None:
    database("delete from orders")
    (batch,) = sql.pull(table_of(), EVER)
    assert batch.rows.num_rows == 0
    assert batch.rows.schema.field("amount").type == pa.decimal128(10, 2)


def test_a_value_that_its_column_does_not_declare_is_refused_without_quoting_it(database: Database) -> None:
    database("insert into orders (id, changed) values ('ada@example.com', '2026-01-01 00:00:00')")
    with pytest.raises(SourceError, match="column 'id' holds a value that is not of type int64") as caught:
        pulled(table_of())
    assert "ada" not in str(caught.value)
    database("delete from orders", "insert into orders (id, changed) values (1, 'ada@example.com')")
    with pytest.raises(SourceError, match="a value is not of its column's declared type") as caught:
        pulled(table_of())
    assert "ada" not in str(caught.value)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"table": "ordres"}, "the table, or a table of its query, does not exist"),
        ({"query": "select * from ordres"}, "the table, or a table of its query, does not exist"),
        ({"query": "select total from orders"}, "a selected column does not exist"),
        ({"query": "selekt 1"}, "the query has a syntax error"),
        ({"cursor": "note"}, "the cursor 'note' is of type"),
        ({"cursor": "update_at"}, "the cursor column 'update_at' does not exist"),
    ],
)
@pytest.mark.usefixtures("database")
def test_an_error_names_its_cause(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(SourceError, match=f"system 'shop', table 'orders': {message}"):
        pulled(table_of(**settings))


COUNTS_LONG = """
with recursive numbers(id) as (select 1 union all select id + 1 from numbers where id < 100000000000)
select id from numbers where id < 0 or id = 100000000000
"""


@pytest.mark.usefixtures("database")
def test_a_statement_that_takes_too_long_is_interrupted() -> None:
    started = time.monotonic()
    with pytest.raises(SourceError, match=r"the statement took longer than statement_timeout_seconds \(1 s\)"):
        pulled(table_of(query=COUNTS_LONG, seconds=1))
    assert time.monotonic() - started < 60


def test_rows_that_are_taken_too_slowly_end_the_statement_too(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    database(
        "create table numbers (id integer)",
        "insert into numbers with recursive n(id) as (select 1 union all select id + 1 from n where id < 50000)"
        " select id from n",
    )
    coming = sql.pull(table_of(table="numbers", seconds=600), EVER)
    next(coming)
    monkeypatch.setattr(time, "monotonic", lambda: math.inf)
    with pytest.raises(SourceError, match=r"longer than statement_timeout_seconds \(600 s\).* raise the limit"):
        list(coming)
