"""Loads the demo's extracts into PostgreSQL, each row with the timestamp of its night."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from adbc_driver_postgresql import dbapi

from orchestration.config.deployment import Deployment, Table
from orchestration.config.settings import Secret
from orchestration.config.systems import Sql, SqlTable
from tests.postgres import Postgres

URL = "TEST_EXTRACTS_URL"
DELIVERED = "exported_at"
"""The cursor: noon of the load date plus the row number in microseconds, which keeps the order."""

TYPES = {
    pa.string(): "text",
    pa.large_string(): "text",
    pa.bool_(): "boolean",
    pa.int16(): "smallint",
    pa.int32(): "integer",
    pa.int64(): "bigint",
    pa.float64(): "double precision",
    pa.date32(): "date",
}


def pulled_from_postgres(deployment: Deployment, systems: Sequence[str]) -> Deployment:
    """Return the deployment with some systems pulled from databases."""
    changed = dict(deployment.systems)
    for name in systems:
        tables = {
            table: settings.model_copy(update={"sql": SqlTable(table=f"{name}.{table}", cursor=DELIVERED)})
            for table, settings in changed[name].tables.items()
        }
        source = Sql(url=Secret(env=URL))
        changed[name] = changed[name].model_copy(update={"files": None, "sql": source, "tables": tables})
    return deployment.model_copy(update={"systems": changed})


def load(server: Postgres, database: str, tables: Sequence[Table], extracts: Path) -> None:
    """Load every drop of ``tables`` into a new database."""
    server.execute(f"create database {database}")
    with dbapi.connect(server.conninfo(database)) as connection, connection.cursor() as cursor:
        for table in tables:
            server.execute(f"create schema if not exists {table.system_name}", database=database)
            is_new = True
            for rows in _drops(table, extracts):
                if is_new:
                    _create(server, database, table, rows.schema)
                    is_new = False
                cursor.adbc_ingest(table.table_name, rows, mode="append", db_schema_name=table.system_name)
        connection.commit()


def _create(server: Postgres, database: str, table: Table, schema: pa.Schema) -> None:
    columns = ", ".join(f'"{field.name}" {_type(field.type)}' for field in schema)
    name = f"{table.system_name}.{table.table_name}"
    server.execute(f"create table {name} ({columns})", f"create index on {name} ({DELIVERED})", database=database)


def _type(kind: pa.DataType) -> str:
    if pa.types.is_decimal(kind):
        return f"numeric({kind.precision}, {kind.scale})"
    if pa.types.is_timestamp(kind):
        return "timestamptz" if kind.tz else "timestamp"
    return TYPES[kind]


def _drops(table: Table, extracts: Path) -> Iterator[pa.Table]:
    """The rows of each drop with the timestamp of its night."""
    history = table.deployment.history_load_date
    nights = sorted(date.fromisoformat(folder.name) for folder in extracts.glob("????-??-??"))
    for load_date in (history, *nights):
        drop = "history" if load_date == history else load_date.isoformat()
        path = next((extracts / drop / table.system_name).glob(f"{table.table_name}.*"))
        rows = _read(path)
        noon = datetime.combine(load_date, time(12), UTC)
        moments = np.arange(rows.num_rows) + int(noon.timestamp()) * 1_000_000
        yield rows.append_column(DELIVERED, pa.array(moments, pa.int64()).cast(pa.timestamp("us", "UTC")))


def _read(path: Path) -> pa.Table:
    if path.suffix == ".parquet":
        return pq.read_table(path)
    frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    return pa.table(
        {name: [value or None for value in frame[name]] for name in frame},
        pa.schema([(name, pa.string()) for name in frame]),
    )
