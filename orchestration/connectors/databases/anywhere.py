"""Any other database that SQLAlchemy has a dialect for: rows as Python values, from a server-side cursor.

A table's columns keep the types that the database declares; a query's columns declare none, so they land as text. Add
here what SQLAlchemy leaves to the dialect; keep out what any database is asked (``asked.py``).
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime
from datetime import time as time_of_day
from threading import Timer
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy.dialects import sqlite

from orchestration.connectors.batch import Batch, UnreadableError
from orchestration.connectors.databases.asked import Asked, CursorKind, as_arrow, wrong_cursor

if TYPE_CHECKING:
    from sqlalchemy.sql.elements import KeyedColumnElement
    from sqlalchemy.types import TypeEngine

ROWS_PER_FETCH = 20_000
MOST_DIGITS = 38

READ_ONLY = {"sqlite": "pragma query_only = on"}
"""What makes a session read-only; elsewhere the user's rights do."""

# sqlite compares times as text: without a fraction a bound sorts before whatever has one
TIME_BOUND = sa.DateTime().with_variant(sqlite.DATETIME(truncate_microseconds=True), "sqlite")  # type: ignore[no-untyped-call]


def pull(asked: Asked, url: sa.URL) -> Iterator[Batch]:
    """Yield the rows of the window."""
    engine = sa.create_engine(url, poolclass=sa.NullPool, hide_parameters=True)
    with engine.connect() as connection:
        if url.get_backend_name() in READ_ONLY:
            connection.exec_driver_sql(READ_ONLY[url.get_backend_name()])
        columns = _of_query(connection, asked) if asked.query else _of_table(connection, asked)
        asked.check(list(columns))
        lands_as = {name: _lands_as(column.type) for name, column in columns.items()}
        query = sa.select(*columns.values()).order_by(*(columns[name] for name in asked.order))
        if asked.settings.cursor:
            query = query.where(_in_window(asked, columns[asked.settings.cursor]))
        empty = pa.schema(list(lands_as.items())).empty_table()
        streamed = connection.execution_options(stream_results=True, yield_per=ROWS_PER_FETCH)
        with _ended_after(asked.source.statement_timeout_seconds, connection), streamed.execute(query) as result:
            yield from asked.batches(_in_time(asked, _tables(result, lands_as)), empty)


@contextmanager
def _ended_after(seconds: float, connection: sa.Connection) -> Iterator[None]:
    """Interrupt a statement that takes longer, where the driver can: SQLite's has no server that would."""
    driver: Any = connection.connection.driver_connection
    timer = Timer(seconds, getattr(driver, "interrupt", lambda: None))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _in_time(asked: Asked, tables: Iterator[pa.Table]) -> Iterator[pa.Table]:
    """The same rows, as long as they come in time, landing included: no dialect's timeout covers what it streams."""
    ends_at = time.monotonic() + asked.source.statement_timeout_seconds
    for rows in tables:
        if time.monotonic() > ends_at:
            raise TimeoutError("statement timeout")
        yield rows


def _of_table(connection: sa.Connection, asked: Asked) -> Mapping[str, KeyedColumnElement[Any]]:
    """The columns of a table, with the types that the database declares."""
    schema, name = asked.place
    told = sa.inspect(connection).get_columns(name, schema)
    return dict(sa.table(name, *(sa.column(one["name"], one["type"]) for one in told), schema=schema).c)


def _of_query(connection: sa.Connection, asked: Asked) -> Mapping[str, KeyedColumnElement[Any]]:
    """The columns of a query, which have a name and no type."""
    query = sa.text(str(asked.query).replace(":", r"\:"))  # a colon is no parameter
    source = sa.text(f"select * from ({query.text}) delivered where 1 = 0")
    names = list(connection.execute(source).keys())
    asked.check(names)
    return dict(query.columns(*(sa.column(name) for name in names)).subquery("delivered").c)


def _in_window(asked: Asked, cursor: KeyedColumnElement[Any]) -> sa.ColumnElement[bool]:
    """The cursor between the window's bounds, which are bound parameters."""
    kind = _cursor_kind(cursor)
    bound_type: TypeEngine[Any] = TIME_BOUND if kind == "local time" else cursor.type
    start, end = asked.bounds(kind)
    before_end = cursor < sa.bindparam("window_end", end, bound_type)
    if start is None:
        return sa.or_(before_end, cursor.is_(None))
    return sa.and_(cursor >= sa.bindparam("window_start", start, bound_type), before_end)


def _cursor_kind(cursor: KeyedColumnElement[Any]) -> CursorKind:
    if isinstance(cursor.type, sa.types.NullType):  # of a query: the database compares as it can
        return "local time"
    if isinstance(cursor.type, sa.DateTime):
        return "instant" if cursor.type.timezone else "local time"
    if isinstance(cursor.type, sa.Date):
        return "date"
    raise wrong_cursor(cursor.name, repr(cursor.type))


def _lands_as(kind: TypeEngine[Any]) -> pa.DataType:
    """The Arrow type of a declared one; text where there is none that holds all of its values."""
    if isinstance(kind, sa.Numeric) and not isinstance(kind, sa.Float):
        digits, scale = kind.precision, kind.scale
        is_bounded = digits is not None and scale is not None and 0 <= scale <= digits <= MOST_DIGITS
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
        # SQLAlchemy reads text where the database has no such type, and its message quotes the value
        raise UnreadableError(
            "a value is not of the type that its column declares", "Mend it, or give a query: its columns land as text"
        ) from None


def _text(value: object) -> str | None:
    """A value as text, times in ISO 8601 and nested ones as JSON."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, date | datetime | time_of_day):
        return value.isoformat()
    if isinstance(value, bool | dict | list):
        return json.dumps(value, ensure_ascii=False, default=str)
    return value.hex() if isinstance(value, bytes) else str(value)
