"""PostgreSQL as a source: the query, its rows, their types and order."""

from __future__ import annotations

from collections.abc import Generator
from datetime import UTC, date, datetime, time
from decimal import Decimal
from itertools import count
from time import sleep

import pyarrow as pa
import pytest

from orchestration.connectors import sql
from orchestration.connectors.batch import SourceError
from tests.postgres import Postgres
from tests.unit.connectors.databases import EVER, NIGHT, URL, by_driver, pulled, table_of

pytestmark = pytest.mark.xdist_group("postgres")

numbers = count()


@pytest.fixture
def database(postgres_server: Postgres) -> str:
    """The name of an empty database."""
    name = f"types_{next(numbers)}"
    postgres_server.execute(f"create database {name}")
    return name


@pytest.fixture(params=["adbc", "psycopg"])
def server(
    request: pytest.FixtureRequest, postgres_server: Postgres, database: str, monkeypatch: pytest.MonkeyPatch
) -> Postgres:
    """The server, whose database is pulled from through ADBC and through psycopg."""
    url = postgres_server.url(database)
    monkeypatch.setenv(URL, url if request.param == "adbc" else by_driver(url))
    return postgres_server


EVERY_TYPE = {
    "yes": ("boolean", "true", pa.bool_(), True),
    "small": ("smallint", "-2", pa.int16(), -2),
    "whole": ("integer", "3", pa.int32(), 3),
    "big": ("bigint", "9007199254740993", pa.int64(), 9007199254740993),
    "real": ("real", "1.5", pa.float32(), 1.5),
    "double": ("double precision", "0.1", pa.float64(), 0.1),
    "money": ("numeric(12, 2)", "1234567890.05", pa.decimal128(12, 2), Decimal("1234567890.05")),
    "domain": ("euro", "-4.1", pa.decimal128(10, 2), Decimal("-4.10")),
    "unbounded": ("numeric", "-0.12345678901234567890123456789", pa.string(), "-0.12345678901234567890123456789"),
    "huge": ("numeric(50, 2)", "1.50", pa.string(), "1.50"),
    "text": ("text", "'até já'", pa.string(), "até já"),
    "short": ("varchar(5)", "'007'", pa.string(), "007"),
    "padded": ("char(3)", "'a'", pa.string(), "a  "),
    "bytes": ("bytea", r"'\xdead'", pa.binary(), b"\xde\xad"),
    "day": ("date", "'2028-02-29'", pa.date32(), date(2028, 2, 29)),
    "local": ("timestamp", "'2026-01-01 01:02:03.123456'", pa.timestamp("us"), datetime(2026, 1, 1, 1, 2, 3, 123456)),  # noqa: DTZ001
    "instant": (
        "timestamptz",
        "'2026-01-01 01:02:03+02'",
        pa.timestamp("us", "UTC"),
        datetime(2025, 12, 31, 23, 2, 3, tzinfo=UTC),
    ),
    "clock": ("time", "'23:59:59.5'", pa.time64("us"), time(23, 59, 59, 500000)),
    "zoned_clock": ("timetz", "'01:02:03+02'", pa.string(), "01:02:03+02"),
    "span": ("interval", "'1 month 2 days 03:04:05'", pa.string(), "1 mon 2 days 03:04:05"),
    "identifier": (
        "uuid",
        "'A0EEBC99-9c0b-4ef8-bb6d-6bb9bd380a11'",
        pa.string(),
        "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
    ),
    "json": ("json", """'{"a": [1, null]}'""", pa.string(), '{"a": [1, null]}'),
    "binary_json": ("jsonb", """'{"b":1,"a":"x"}'""", pa.string(), '{"a": "x", "b": 1}'),
    "mood": ("mood", "'glad'", pa.string(), "glad"),
    "whole_list": ("integer[]", "'{1,NULL,3}'", pa.string(), "[1,null,3]"),
    "text_list": ("text[]", """'{"a b",c}'""", pa.string(), '["a b","c"]'),
    "pair": ("pair", "row(1, 'x')", pa.string(), '{"a":1,"b":"x"}'),
    "range": ("int4range", "'[1,3)'", pa.string(), "[1,3)"),
    "address": ("inet", "'10.0.0.1'", pa.string(), "10.0.0.1/32"),
    "cash": ("money", "'12.5'::numeric::money", pa.string(), "12.50"),
}


def test_every_type_lands_as_documented_through_both_drivers(server: Postgres, database: str) -> None:
    server.execute(
        "create type mood as enum ('glad', 'sad')",
        "create domain euro as numeric(10, 2)",
        "create type pair as (a integer, b text)",
        f"create table orders (id integer, {', '.join(f'{name} {kind[0]}' for name, kind in EVERY_TYPE.items())})",
        f"insert into orders values (1, {', '.join(kind[1] for kind in EVERY_TYPE.values())})",
        "insert into orders values (2)",
        database=database,
    )
    rows = pulled(table_of())
    assert {name: rows.schema.field(name).type for name in EVERY_TYPE} == {
        name: kind[2] for name, kind in EVERY_TYPE.items()
    }
    assert {name: rows[name].to_pylist() for name in EVERY_TYPE} == {
        name: [kind[3], None] for name, kind in EVERY_TYPE.items()
    }


def test_infinity_lands_as_null(server: Postgres, database: str) -> None:
    server.execute(
        "create table orders (id integer, day date, local timestamp, instant timestamptz)",
        "insert into orders values (1, 'infinity', '-infinity', 'infinity')",
        database=database,
    )
    assert pulled(table_of()).select(["day", "local", "instant"]).to_pylist() == [
        {"day": None, "local": None, "instant": None}
    ]


def test_a_decimal_that_is_not_a_number_is_refused_without_quoting_it(server: Postgres, database: str) -> None:
    server.execute(
        "create table orders (id integer, amount numeric(10, 2))",
        "insert into orders values (1, 12.5), (2, 'NaN')",
        database=database,
    )
    with pytest.raises(
        SourceError, match=r"system 'shop', table 'orders': column 'amount' holds a value that is not of type decimal"
    ):
        pulled(table_of())


def test_rows_come_by_cursor_and_key_in_bounded_batches_numbered_from_1(server: Postgres, database: str) -> None:
    server.execute(
        "create table orders (id integer, updated_at timestamptz)",
        "insert into orders select n, timestamptz '2026-01-01' + (n % 7) * interval '1 day'"
        " from generate_series(1, 230000) as n order by n * 7919 % 230003",
        database=database,
    )
    batches = list(sql.pull(table_of(cursor="updated_at", table="public.orders"), EVER))
    rows = pa.concat_tables(batch.rows for batch in batches)
    assert max(batch.rows.num_rows for batch in batches) <= 100_000
    assert rows["_source_row"].to_pylist() == list(range(1, 230_001))
    assert set(rows["_source_file"].to_pylist()) == {"public.orders"}
    assert rows["id"].to_pylist() == sorted(range(1, 230_001), key=lambda number: (number % 7, number))


def test_a_window_without_rows_is_one_batch_with_the_columns(server: Postgres, database: str) -> None:
    server.execute("create table orders (id integer, updated_at timestamptz, note text)", database=database)
    (batch,) = sql.pull(table_of(cursor="updated_at"), EVER)
    assert batch.rows.num_rows == 0
    assert batch.rows.schema.field("updated_at").type == pa.timestamp("us", "UTC")


def test_a_table_without_a_cursor_is_pulled_whole_every_night(server: Postgres, database: str) -> None:
    server.execute("create table orders as select generate_series(3, 1, -1) as id", database=database)
    table = table_of()
    assert pulled(table, table.window(NIGHT))["id"].to_pylist() == [1, 2, 3]


def test_odd_names_are_quoted(server: Postgres, database: str) -> None:
    server.execute(
        'create schema "My Schema"',
        'create table "My Schema"."Drop; Table" (id integer, "a ""b"" %s :c" text, "Updated" timestamptz)',
        """insert into "My Schema"."Drop; Table" values (1, 'x', '2026-01-01')""",
        database=database,
    )
    rows = pulled(table_of(table="My Schema.Drop; Table", cursor="Updated"))
    assert rows['a "b" %s :c'].to_pylist() == ["x"]
    assert rows["_source_file"].to_pylist() == ["My Schema.Drop; Table"]


def test_a_query_may_contain_any_sql(server: Postgres, database: str) -> None:
    server.execute("create table orders as select 7 as id, timestamptz '2026-01-15 12:00Z' as at", database=database)
    query = "with found as (select * from orders)\nselect *, '12:30' as clock, 'a%b' as share from found; -- all of it"
    table = table_of(query=query.replace("; --", " --"), cursor="at")
    assert pulled(table, table.window(NIGHT)).select(["id", "clock", "share"]).to_pylist() == [
        {"id": 7, "clock": "12:30", "share": "a%b"}
    ]
    assert pulled(table_of(query="select 7 as id;\n")).num_rows == 1


@pytest.mark.usefixtures("server")
def test_the_session_has_a_name_is_read_only_and_has_a_timeout() -> None:
    names = ("application_name", "transaction_read_only", "statement_timeout", "TimeZone")
    selected = ", ".join(f"current_setting('{name}') as \"{name}\"" for name in names)
    rows = pulled(table_of(query=f"select 1 as id, {selected}", seconds=90))
    assert rows.select(names).to_pylist() == [
        {
            "application_name": "cx360",
            "transaction_read_only": "on",
            "statement_timeout": "90s",
            "TimeZone": "UTC",
        }
    ]


def test_a_query_cannot_write(server: Postgres, database: str) -> None:
    server.execute(
        "create table orders (id integer)",
        "create function writes() returns integer language sql as 'insert into orders values (1) returning id'",
        database=database,
    )
    with pytest.raises(SourceError, match=r"the query writes.*read-only"):
        pulled(table_of(query="select writes() as id"))
    with server.connect(database) as connection:
        assert connection.execute("select count(*) from orders").fetchone() == (0,)


@pytest.mark.parametrize("cursor", ["note", "id"])
def test_a_cursor_that_is_not_a_time_is_refused(server: Postgres, database: str, cursor: str) -> None:
    server.execute("create table orders (id integer, note text)", database=database)
    with pytest.raises(SourceError, match=f"the cursor '{cursor}' is of type (text|int4)"):
        pulled(table_of(cursor=cursor))


def test_columns_that_landing_could_not_tell_apart_are_refused(server: Postgres, database: str) -> None:
    server.execute('create table orders (id integer, "ID" integer)', database=database)
    with pytest.raises(SourceError, match="columns 1 and 2 have the same name"):
        pulled(table_of())


def test_whoever_stops_after_a_batch_leaves_no_session_behind(server: Postgres) -> None:
    batches = sql.pull(
        table_of(query="select n as id, repeat('x', 200) as text from generate_series(1, 3000000) as n"), EVER
    )
    next(batches)
    assert isinstance(batches, Generator)
    batches.close()
    with server.connect() as connection:
        for _ in range(100):
            asking = "select count(*) from pg_stat_activity where application_name = 'cx360'"
            if connection.execute(asking).fetchone() == (0,):
                return
            sleep(0.1)
    pytest.fail("the session is still there")
