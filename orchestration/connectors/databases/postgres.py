"""PostgreSQL: one query, read as Arrow through ADBC or row by row through psycopg; both give the same.

Columns keep their own types. What has none in Parquet, or one that reads badly, becomes text (``_landed``). Add here
what is PostgreSQL's own; keep out what any database is asked (``asked.py``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from orchestration.connectors.batch import Batch
from orchestration.connectors.databases.asked import Asked, CursorKind, as_arrow, not_of_type, wrong_cursor

if TYPE_CHECKING:
    from sqlalchemy import URL, Connection

ROWS_PER_FETCH = 20_000
MOST_DIGITS = 38

OWN_TYPES = {
    "bool": pa.bool_(),
    "int2": pa.int16(),
    "int4": pa.int32(),
    "int8": pa.int64(),
    "float4": pa.float32(),
    "float8": pa.float64(),
    "text": pa.string(),
    "varchar": pa.string(),
    "bpchar": pa.string(),
    "bytea": pa.binary(),
    "time": pa.time64("us"),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us"),
    "timestamptz": pa.timestamp("us", "UTC"),
}
CURSORS: dict[str, CursorKind] = {"timestamptz": "instant", "timestamp": "local time", "date": "date"}


@dataclass(frozen=True)
class Column:
    """A column that is asked for: what stands for it in the query, and as what it lands."""

    name: str
    kind: str
    expression: str
    lands_as: pa.DataType


def pull(asked: Asked, url: URL) -> Iterator[Batch]:
    """Yield the rows of the window: through ADBC, or through psycopg where the URL names that driver."""
    from sqlalchemy import create_engine, pool

    by_driver = url.drivername == "postgresql+psycopg"
    url = _tuned(url, asked)
    engine = create_engine(url, poolclass=pool.NullPool, hide_parameters=True)
    with engine.connect() as connection:
        connection.exec_driver_sql(*_session(asked, {}, "%s"))
        columns = _columns(connection, asked)
        query, bounds = _query(asked, columns, connection)
        empty = pa.schema([(column.name, column.lands_as) for column in columns]).empty_table()
        connection.exec_driver_sql(*_session(asked, bounds, "%s"))
        if by_driver:
            yield from asked.batches(_by_psycopg(connection, query, columns), empty)
            return
    yield from asked.batches(_by_adbc(asked, url, query, bounds, columns), empty)


def _tuned(url: URL, asked: Asked) -> URL:
    """The URL with what it leaves open: who asks, how long an answer may take, how soon a dead line is noticed."""
    defaults = {
        "application_name": "cx360",
        "connect_timeout": str(asked.source.connect_timeout_seconds),
        "keepalives_idle": "30",
        "keepalives_interval": "10",
        "keepalives_count": "3",
    }
    return url.set(drivername="postgresql+psycopg", query={**defaults, **url.query})


def _session(asked: Asked, bounds: dict[str, str], mark: str) -> tuple[str, tuple[str, ...]]:
    """A statement that readies the transaction, and its bound values.

    The window's bounds are settings of the transaction, because PostgreSQL streams only queries without parameters.
    """
    settings = {
        "transaction_read_only": "on",
        "statement_timeout": f"{asked.source.statement_timeout_seconds}s",
        "idle_in_transaction_session_timeout": "0",
        "TimeZone": "UTC",
        "DateStyle": "ISO",
        "IntervalStyle": "postgres",
        "extra_float_digits": "1",
        **bounds,
    }
    marks = (mark.replace("#", str(place)) for place in range(1, len(settings) + 1))
    calls = (f"set_config('{name}', {value}, true)" for name, value in zip(settings, marks, strict=True))
    return f"select {', '.join(calls)}", tuple(settings.values())


def _columns(connection: Connection, asked: Asked) -> list[Column]:
    """The columns that the table or query has, with their types."""
    nothing = connection.execution_options(no_parameters=True).exec_driver_sql(
        f"select * from {_source(asked, connection)} as delivered limit 0"
    )
    told: Sequence[Any] = nothing.cursor.description or []
    asked.check([column.name for column in told])
    types = connection.exec_driver_sql(
        "select oid, typname, typcategory, typtype from pg_type where oid = any(%s)",
        ([column.type_code for column in told],),
    )
    known: dict[Any, Any] = {row[0]: tuple(row[1:]) for row in types}
    return [_landed(column, known[column.type_code], _quoted(connection, column.name)) for column in told]


def _landed(told: Any, known: tuple[str, str, str], quoted: str) -> Column:
    """How a column of a type lands; what no Parquet type holds as it is becomes text.

    Args:
        known: the type's name, category and kind in PostgreSQL's catalogue.
    """
    kind, category, type_of_type = known
    column = f"delivered.{quoted}"
    if kind == "numeric" and told.precision and told.scale <= told.precision <= MOST_DIGITS:
        return Column(told.name, kind, column, pa.decimal128(told.precision, told.scale))
    if kind in CURSORS:
        # no type but PostgreSQL's knows infinity, and ADBC hands over some date instead
        return Column(told.name, kind, f"nullif(nullif({column}, 'infinity'), '-infinity')", OWN_TYPES[kind])
    if kind in OWN_TYPES:
        return Column(told.name, kind, column, OWN_TYPES[kind])
    is_nested = category == "A" or type_of_type == "c"
    plain = f"to_json({column})" if is_nested else f"{column}::numeric" if kind == "money" else column
    return Column(told.name, kind, f"cast({plain} as text)", pa.string())


def _query(asked: Asked, columns: list[Column], connection: Connection) -> tuple[str, dict[str, str]]:
    """The query for the window's rows in their order, and the settings that hold the window's bounds."""
    selected = ", ".join(f"{column.expression} as {_quoted(connection, column.name)}" for column in columns)
    order = ", ".join(f"delivered.{_quoted(connection, name)}" for name in asked.order)
    where, bounds = "", {}
    if asked.settings.cursor:
        kind = next(column.kind for column in columns if column.name == asked.settings.cursor)
        if kind not in CURSORS:
            raise wrong_cursor(asked.settings.cursor, kind)
        start, end = asked.bounds(CURSORS[kind])
        cursor = f"delivered.{_quoted(connection, asked.settings.cursor)}"
        bounds = {"cx360.window_end": end.isoformat()}
        where = f"where {cursor} < cast(current_setting('cx360.window_end') as {kind})"
        if start is None:
            where += f" or {cursor} is null"
        else:
            bounds["cx360.window_start"] = start.isoformat()
            where += f" and {cursor} >= cast(current_setting('cx360.window_start') as {kind})"
    return f"select {selected} from {_source(asked, connection)} as delivered {where} order by {order}", bounds


def _source(asked: Asked, connection: Connection) -> str:
    if asked.query:
        return f"({asked.query})"
    schema, name = asked.place
    return ".".join(_quoted(connection, part) for part in (schema, name) if part)


def _quoted(connection: Connection, name: str) -> str:
    return connection.dialect.identifier_preparer.quote_identifier(name).replace("%%", "%")


def _by_psycopg(connection: Connection, query: str, columns: list[Column]) -> Iterator[pa.Table]:
    """The rows through a server-side cursor, as Python values: for servers that cannot stream to ADBC."""
    options = {"no_parameters": True, "stream_results": True, "yield_per": ROWS_PER_FETCH}
    with connection.execution_options(**options).exec_driver_sql(query) as result:
        for rows in result.partitions(ROWS_PER_FETCH):
            values = zip(*rows, strict=True)
            arrays = [
                as_arrow(column.name, given, column.lands_as) for column, given in zip(columns, values, strict=True)
            ]
            yield pa.table(arrays, names=[column.name for column in columns])


def _by_adbc(asked: Asked, url: URL, query: str, bounds: dict[str, str], columns: list[Column]) -> Iterator[pa.Table]:
    """The rows as the server streams them (``copy ... to stdout``), without a Python object for each value."""
    from adbc_driver_postgresql import dbapi
    from psycopg.conninfo import make_conninfo

    _, arguments = url.get_dialect()().create_connect_args(url)
    with dbapi.connect(make_conninfo("", **arguments)) as connection, connection.cursor() as cursor:
        cursor.execute(*_session(asked, bounds, "$#"))
        cursor.fetchall()
        cursor.execute(query)
        with cursor.fetch_record_batch() as reader:
            for batch in reader:
                arrays = [_typed(column, given) for column, given in zip(columns, batch.columns, strict=True)]
                yield pa.table(arrays, names=[column.name for column in columns])


def _typed(column: Column, given: pa.Array) -> pa.Array:
    """A column as it lands; a decimal comes as text."""
    if isinstance(given, pa.ExtensionArray):
        given = given.storage
    try:
        return given.cast(column.lands_as)
    except pa.ArrowException:
        raise not_of_type(column.name, column.lands_as) from None
