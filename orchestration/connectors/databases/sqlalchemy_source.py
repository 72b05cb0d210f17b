"""Databases other than PostgreSQL: rows as Python values from a server-side cursor of SQLAlchemy.

The columns of a table keep their declared types; the columns of a query have no declared type and land as text.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime
from datetime import time as time_of_day
from decimal import Decimal
from threading import Timer
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy.dialects import sqlite

from orchestration.connectors.batch import Batch, UnreadableError
from orchestration.connectors.databases.queries import (
    MAX_DIGITS,
    ROWS_PER_FETCH,
    CursorKind,
    TableQuery,
    as_arrow,
    wrong_cursor,
)
from orchestration.connectors.readers.values import number_text

if TYPE_CHECKING:
    from sqlalchemy.sql.elements import KeyedColumnElement
    from sqlalchemy.types import TypeEngine


READ_ONLY = {"sqlite": "pragma query_only = on"}
"""The statement that makes a session read-only; other databases rely on the user's rights."""

# SQLite compares timestamps as text: a bound without fraction sorts before values with one
TIME_BOUND = sa.DateTime().with_variant(sqlite.DATETIME(truncate_microseconds=True), "sqlite")  # type: ignore[no-untyped-call]


def pull(table_query: TableQuery, url: sa.URL) -> Iterator[Batch]:
    """Yield the rows of the window."""
    engine = sa.create_engine(url, poolclass=sa.NullPool, hide_parameters=True)
    with engine.connect() as connection:
        if url.get_backend_name() in READ_ONLY:
            connection.exec_driver_sql(READ_ONLY[url.get_backend_name()])
        columns = _of_query(connection, table_query) if table_query.query else _of_table(connection, table_query)
        table_query.check(list(columns))
        lands_as = {name: _lands_as(column.type) for name, column in columns.items()}
        query = sa.select(*columns.values()).order_by(*(columns[name] for name in table_query.order))
        if table_query.settings.cursor:
            query = query.where(_in_window(table_query, columns[table_query.settings.cursor]))
        empty = pa.schema(list(lands_as.items())).empty_table()
        streamed = connection.execution_options(stream_results=True, yield_per=ROWS_PER_FETCH)
        with _ended_after(table_query.source.statement_timeout_seconds, connection), streamed.execute(query) as result:
            yield from table_query.batches(_in_time(table_query, _tables(result, lands_as)), empty)


@contextmanager
def _ended_after(seconds: float, connection: sa.Connection) -> Iterator[None]:
    """Interrupt a longer statement if the driver can: SQLite has no server-side timeout."""
    driver: Any = connection.connection.driver_connection
    timer = Timer(seconds, getattr(driver, "interrupt", lambda: None))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _in_time(table_query: TableQuery, tables: Iterator[pa.Table]) -> Iterator[pa.Table]:
    """Raise a timeout if streaming takes too long: the timeouts of dialects do not cover it."""
    ends_at = time.monotonic() + table_query.source.statement_timeout_seconds
    for rows in tables:
        if time.monotonic() > ends_at:
            raise TimeoutError("statement timeout")
        yield rows


def _of_table(connection: sa.Connection, table_query: TableQuery) -> Mapping[str, KeyedColumnElement[Any]]:
    """The columns of a table with their declared types."""
    schema, name = table_query.qualified_name
    columns = sa.inspect(connection).get_columns(name, schema)
    return dict(sa.table(name, *(sa.column(one["name"], one["type"]) for one in columns), schema=schema).c)


def _of_query(connection: sa.Connection, table_query: TableQuery) -> Mapping[str, KeyedColumnElement[Any]]:
    """The columns of a query, without types."""
    query = sa.text(str(table_query.query).replace(":", r"\:"))  # a colon is not a parameter
    source = sa.text(f"select * from ({query.text}) delivered where 1 = 0")
    names = list(connection.execute(source).keys())
    table_query.check(names)
    return dict(query.columns(*(sa.column(name) for name in names)).subquery("delivered").c)


def _in_window(table_query: TableQuery, cursor: KeyedColumnElement[Any]) -> sa.ColumnElement[bool]:
    """The condition that the cursor lies in the window, with bound parameters."""
    kind = _cursor_kind(cursor)
    bound_type: TypeEngine[Any] = TIME_BOUND if kind == "local time" else cursor.type
    start, end = table_query.bounds(kind)
    before_end = cursor < sa.bindparam("window_end", end, bound_type)
    if start is None:
        return sa.or_(before_end, cursor.is_(None))
    return sa.and_(cursor >= sa.bindparam("window_start", start, bound_type), before_end)


def _cursor_kind(cursor: KeyedColumnElement[Any]) -> CursorKind:
    if isinstance(cursor.type, sa.types.NullType):  # a query's column has no type: the database decides how it compares
        return "local time"
    if isinstance(cursor.type, sa.DateTime):
        return "instant" if cursor.type.timezone else "local time"
    if isinstance(cursor.type, sa.Date):
        return "date"
    raise wrong_cursor(cursor.name, repr(cursor.type))


def _lands_as(kind: TypeEngine[Any]) -> pa.DataType:
    """The Arrow type of a declared type; text if no Arrow type holds all of its values."""
    if isinstance(kind, sa.Numeric) and not isinstance(kind, sa.Float):
        digits, scale = kind.precision, kind.scale
        is_bounded = digits is not None and scale is not None and 0 <= scale <= digits <= MAX_DIGITS
        return pa.decimal128(digits, scale) if is_bounded else pa.string()
    own: dict[type[TypeEngine[Any]], pa.DataType] = {
        sa.Boolean: pa.bool_(),
        sa.Integer: pa.int64(),
        sa.Float: pa.float64(),
        sa.Date: pa.date32(),
        sa.Time: pa.time64("us"),
        sa.LargeBinary: pa.binary(),
    }
    if isinstance(kind, sa.DateTime):
        return pa.timestamp("us", "UTC" if kind.timezone else None)
    return next((lands_as for declared, lands_as in own.items() if isinstance(kind, declared)), pa.string())


def _tables(result: sa.Result[Any], lands_as: Mapping[str, pa.DataType]) -> Iterator[pa.Table]:
    try:
        for rows in result.partitions(ROWS_PER_FETCH):
            arrays = [
                as_arrow(name, [_text(value) for value in values] if kind == pa.string() else values, kind)
                for (name, kind), values in zip(lands_as.items(), zip(*rows, strict=True), strict=True)
            ]
            yield pa.table(arrays, names=list(lands_as))
    except (ValueError, TypeError):
        # SQLAlchemy parses text for types that the database lacks; its message quotes the value
        raise UnreadableError(
            "a value is not of its column's declared type", "Correct it, or set a query: its columns land as text"
        ) from None


def _text(value: object) -> str | None:
    """A value as text: timestamps in ISO 8601, nested values as JSON."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, date | datetime | time_of_day):
        return value.isoformat()
    if isinstance(value, bool | dict | list):
        return json.dumps(value, ensure_ascii=False, default=str)
    if isinstance(value, Decimal | float):
        return number_text(str(value))
    return value.hex() if isinstance(value, bytes) else str(value)
