"""PostgreSQL: one query, read as Arrow through ADBC or row by row through psycopg, with the same result.

Columns keep their types; a type without a Parquet equivalent becomes text (``_landed``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from orchestration.connectors.batch import Batch
from orchestration.connectors.databases.queries import (
    MAX_DIGITS,
    ROWS_PER_FETCH,
    CursorKind,
    TableQuery,
    as_arrow,
    not_of_type,
    wrong_cursor,
)
from orchestration.connectors.readers.values import number_texts

if TYPE_CHECKING:
    from sqlalchemy import URL, Connection


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
    """A column with its type, its expression in the query, and the type it lands as."""

    name: str
    kind: str
    expression: str
    lands_as: pa.DataType


def pull(table_query: TableQuery, url: URL) -> Iterator[Batch]:
    """Yield the rows of the window through ADBC, or through psycopg if the URL names that driver."""
    from sqlalchemy import create_engine, pool

    by_driver = url.drivername == "postgresql+psycopg"
    url = _tuned(url, table_query)
    engine = create_engine(url, poolclass=pool.NullPool, hide_parameters=True)
    with engine.connect() as connection:
        connection.exec_driver_sql(*_session(table_query, {}, "%s"))
        columns = _columns(connection, table_query)
        query, bounds = _query(table_query, columns, connection)
        empty = pa.schema([(column.name, column.lands_as) for column in columns]).empty_table()
        connection.exec_driver_sql(*_session(table_query, bounds, "%s"))
        if by_driver:
            yield from table_query.batches(_by_psycopg(connection, query, columns), empty)
            return
    yield from table_query.batches(_by_adbc(table_query, url, query, bounds, columns), empty)


def _tuned(url: URL, table_query: TableQuery) -> URL:
    """The URL with defaults: application name, connect timeout, keepalives."""
    defaults = {
        "application_name": "cx360",
        "connect_timeout": str(table_query.source.connect_timeout_seconds),
        "keepalives_idle": "30",
        "keepalives_interval": "10",
        "keepalives_count": "3",
    }
    return url.set(drivername="postgresql+psycopg", query={**defaults, **url.query})


def _session(table_query: TableQuery, bounds: dict[str, str], mark: str) -> tuple[str, tuple[str, ...]]:
    """The statement that prepares the transaction, and its parameters.

    The window's bounds are settings of the transaction, because PostgreSQL only streams queries without parameters.
    """
    settings = {
        "transaction_read_only": "on",
        "statement_timeout": f"{table_query.source.statement_timeout_seconds}s",
        "idle_in_transaction_session_timeout": "0",
        "TimeZone": "UTC",
        "DateStyle": "ISO",
        "IntervalStyle": "postgres",
        "extra_float_digits": "1",
        **bounds,
    }
    marks = (mark.replace("#", str(number)) for number in range(1, len(settings) + 1))
    calls = (f"set_config('{name}', {value}, true)" for name, value in zip(settings, marks, strict=True))
    return f"select {', '.join(calls)}", tuple(settings.values())


def _columns(connection: Connection, table_query: TableQuery) -> list[Column]:
    """The columns of the table or query with their types."""
    nothing = connection.execution_options(no_parameters=True).exec_driver_sql(
        f"select * from {_source(table_query, connection)} as delivered limit 0"
    )
    described: Sequence[Any] = nothing.cursor.description or []
    table_query.check([column.name for column in described])
    types = connection.exec_driver_sql(
        "select oid, typname, typcategory, typtype from pg_type where oid = any(%s)",
        ([column.type_code for column in described],),
    )
    known: dict[Any, Any] = {row[0]: tuple(row[1:]) for row in types}
    return [_landed(column, known[column.type_code], _quoted(connection, column.name)) for column in described]


def _landed(described: Any, known: tuple[str, str, str], quoted: str) -> Column:
    """How a column lands; a type without a Parquet equivalent becomes text.

    Args:
        known: the type's name, category and kind in PostgreSQL's catalogue.
    """
    kind, category, type_of_type = known
    column = f"delivered.{quoted}"
    if kind == "numeric" and described.precision and described.scale <= described.precision <= MAX_DIGITS:
        return Column(described.name, kind, column, pa.decimal128(described.precision, described.scale))
    if kind in CURSORS:
        # Arrow has no infinite timestamp, and ADBC returns an arbitrary date instead
        return Column(described.name, kind, f"nullif(nullif({column}, 'infinity'), '-infinity')", OWN_TYPES[kind])
    if kind in OWN_TYPES:
        return Column(described.name, kind, column, OWN_TYPES[kind])
    is_nested = category == "A" or type_of_type == "c"
    plain = f"to_json({column})" if is_nested else f"{column}::numeric" if kind == "money" else column
    return Column(described.name, kind, f"cast({plain} as text)", pa.string())


def _query(table_query: TableQuery, columns: list[Column], connection: Connection) -> tuple[str, dict[str, str]]:
    """The query for the window's rows in order, and the settings with the window's bounds."""
    selected = ", ".join(f"{column.expression} as {_quoted(connection, column.name)}" for column in columns)
    order = ", ".join(f"delivered.{_quoted(connection, name)}" for name in table_query.order)
    where, bounds = "", {}
    if table_query.settings.cursor:
        kind = next(column.kind for column in columns if column.name == table_query.settings.cursor)
        if kind not in CURSORS:
            raise wrong_cursor(table_query.settings.cursor, kind)
        start, end = table_query.bounds(CURSORS[kind])
        cursor = f"delivered.{_quoted(connection, table_query.settings.cursor)}"
        bounds = {"cx360.window_end": end.isoformat()}
        where = f"where {cursor} < cast(current_setting('cx360.window_end') as {kind})"
        if start is None:
            where += f" or {cursor} is null"
        else:
            bounds["cx360.window_start"] = start.isoformat()
            where += f" and {cursor} >= cast(current_setting('cx360.window_start') as {kind})"
    return f"select {selected} from {_source(table_query, connection)} as delivered {where} order by {order}", bounds


def _source(table_query: TableQuery, connection: Connection) -> str:
    if table_query.query:
        return f"({table_query.query})"
    schema, name = table_query.qualified_name
    return ".".join(_quoted(connection, part) for part in (schema, name) if part)


def _quoted(connection: Connection, name: str) -> str:
    return connection.dialect.identifier_preparer.quote_identifier(name).replace("%%", "%")


def _by_psycopg(connection: Connection, query: str, columns: list[Column]) -> Iterator[pa.Table]:
    """The rows as Python values from a server-side cursor, for servers that ADBC cannot stream from."""
    options = {"no_parameters": True, "stream_results": True, "yield_per": ROWS_PER_FETCH}
    with connection.execution_options(**options).exec_driver_sql(query) as result:
        for rows in result.partitions(ROWS_PER_FETCH):
            values = zip(*rows, strict=True)
            arrays = [
                _marked(column, as_arrow(column.name, given, column.lands_as))
                for column, given in zip(columns, values, strict=True)
            ]
            yield pa.table(arrays, names=[column.name for column in columns])


def _by_adbc(
    table_query: TableQuery, url: URL, query: str, bounds: dict[str, str], columns: list[Column]
) -> Iterator[pa.Table]:
    """The rows as Arrow, streamed by ``copy ... to stdout``."""
    from adbc_driver_postgresql import dbapi
    from psycopg.conninfo import make_conninfo

    _, arguments = url.get_dialect()().create_connect_args(url)
    with dbapi.connect(make_conninfo("", **arguments)) as connection, connection.cursor() as cursor:
        cursor.execute(*_session(table_query, bounds, "$#"))
        cursor.fetchall()
        cursor.execute(query)
        with cursor.fetch_record_batch() as reader:
            for batch in reader:
                arrays = [_typed(column, given) for column, given in zip(columns, batch.columns, strict=True)]
                yield pa.table(arrays, names=[column.name for column in columns])


def _typed(column: Column, given: pa.Array) -> pa.Array:
    """A column in its landing type; ADBC returns decimals as text."""
    if isinstance(given, pa.ExtensionArray):
        given = given.storage
    try:
        return _marked(column, given.cast(column.lands_as))
    except pa.ArrowException:
        raise not_of_type(column.name, column.lands_as) from None


def _marked(column: Column, values: pa.Array) -> pa.Array:
    """The values; a number that lands as text is written so that its point cannot be a thousands mark."""
    is_number = column.kind in {"numeric", "money"} and column.lands_as == pa.string()
    return number_texts(values) if is_number else values
