"""The staging model of an entity: the deployment's or the ready system's own SQL, else SQL made of the maps.

Keep out where the files go (``project.py``) and what a map may say (``config/maps.py``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path

import duckdb

from orchestration.config.deployment import Deployment, Table
from orchestration.config.doors import DoorColumn, door
from orchestration.config.maps import Value
from orchestration.config.ready_systems import SYSTEMS
from orchestration.config.records import SYSTEMS_OF_REFERENCES, THE_ROW, Record, records_of

FOLDER = "staging"
LANDING = ("_load_date", "_source_file", "_source_row")


def own_sql(deployment: Deployment, system: str, entity: str) -> Path | None:
    """Return the SQL that somebody wrote for an entity of a system; None if it is mapped."""
    used = deployment.systems[system].use
    places = [folder / FOLDER / system for folder in deployment.folders]
    places += [SYSTEMS / used / FOLDER] if used else []
    return next((path for place in places if (path := place / f"{entity}.sql").is_file()), None)


def mapped_records(deployment: Deployment, system: str, entity: str) -> list[Record]:
    """Return the records that the maps of a system deliver of an entity, over all of its tables."""
    tables = [table for table in deployment.tables() if table.system_name == system]
    return [record for table in tables for record in records_of(table) if record.entity == entity]


def staging_sql(deployment: Deployment, system: str, entity: str) -> str | None:
    """Return the staging model of an entity; None if nothing delivers it."""
    if path := own_sql(deployment, system, entity):
        return path.read_text(encoding="utf-8")
    records = mapped_records(deployment, system, entity)
    return _model(records) if records else None


def _model(records: Sequence[Record]) -> str:
    """One CTE per table and record; where there are several, their union."""
    tables = list({record.table.name: record.table for record in records}.values())
    names = {table.name: "source" if len(tables) == 1 else table.table_name for table in tables}
    ctes = [
        f"{names[table.name]} as (\n\n    select * from {{{{ landed('{table.table_name}') }}}}\n\n)" for table in tables
    ]
    finals = [f"record_{place}" if len(records) > 1 else "final" for place in range(1, len(records) + 1)]
    for final, record in zip(finals, records, strict=True):
        columns = ",\n".join(f"        {sql} as {name}" for name, sql in _columns(record))
        kept = [*record.whens, *_filled(record)]
        where = f"\n    where {' and '.join(f'({condition})' for condition in kept)}" if kept else ""
        landed = ",\n".join(f"        {name}" for name in LANDING)
        ctes.append(
            f"{final} as (\n\n    select\n{columns},\n{landed}\n\n    from {names[record.table.name]}{where}\n\n)"
        )
    union = "\nunion all by name\n".join(f"select * from {final}" for final in finals)
    return "with\n\n" + ",\n\n".join(ctes) + f"\n\n{union}\n"


def _columns(record: Record) -> Iterator[tuple[str, str]]:
    """The columns of the door that the record fills, each with its SQL."""
    own = _id(record)
    yield "source_id", f"{own} || '-{_escaped(record.entry)}'" if record.entry else own
    for name, column in door(record.entity).items():
        if name != "source_id" and name in record.values:
            yield name, _sql(record, record.values[name], column)


def _filled(record: Record) -> Iterator[str]:
    """The conditions under which a row has the record: its id, and what the door requires of an entry."""
    value = record.values.get("source_id")
    if value is not None and not record.is_of_every_row and value.value is None and value.column != THE_ROW:
        yield f"{_id(record)} is not null"
    for name, column in door(record.entity).items():
        given = record.values.get(name)
        if record.entry and column.is_required and name != "source_id" and given and (given.column or given.sql):
            yield f"{given.sql or quoted(str(given.column))} is not null"


def _id(record: Record) -> str:
    value = record.values.get("source_id")
    return _key(record.table) if value is None else _sql(record, value, door(record.entity)["source_id"])


def _key(table: Table) -> str:
    return f"{{{{ record_key('{table.table_name}') }}}}"


def _sql(record: Record, value: Value, column: DoorColumn) -> str:
    """A value in the type of its door's column."""
    if value.column == THE_ROW:
        return _key(record.table)
    if value.columns:
        return " || '-' || ".join(f"{{{{ record_id({_jinja(quoted(name))}) }}}}" for name in value.columns)
    if value.value is not None:
        return _constant(record, value.value, column)
    return _read(record, value, column)


def _read(record: Record, value: Value, column: DoorColumn) -> str:
    """What is delivered, in the type of its door's column."""
    delivered = f"({value.sql})" if value.sql is not None else quoted(str(value.column))
    if isinstance(value.codes, dict):
        return _translated(delivered, value.codes, value.otherwise)
    if column.data_type == "timestamp":
        zone = value.timezone or record.table.timezone
        return f"{{{{ moment({_jinja(delivered)}, {_jinja(zone)}) }}}}"
    text = f"cast({delivered} as {column.data_type})"
    return f"trim({text})" if column.name == "email" else text


def _constant(record: Record, value: str | float, column: DoorColumn) -> str:
    sql = f"'{_escaped(value)}'" if isinstance(value, str) else str(value).lower()
    reference = next((name for system, name, _ in SYSTEMS_OF_REFERENCES if system == column.name), None)
    if reference is not None and reference in record.values:
        given = _sql(record, record.values[reference], door(record.entity)[reference])
        return f"{{{{ system_of({_jinja(str(value))}, {_jinja(given)}) }}}}"
    return f"cast({sql} as {column.data_type})"


def _translated(delivered: str, codes: Mapping[str, str], otherwise: str | None) -> str:
    cases = " ".join(f"when '{_escaped(name)}' then '{_escaped(code)}'" for name, code in codes.items())
    end = f" else '{_escaped(otherwise)}'" if otherwise is not None else ""
    return f"case trim(cast({delivered} as varchar)) {cases}{end} end"


def _escaped(text: object) -> str:
    return str(text).replace("'", "''")


def _jinja(text: str) -> str:
    """A text as a literal of Jinja."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def quoted(name: str) -> str:
    """Return a column's name in SQL, in quotes if it needs them."""
    is_plain = re.fullmatch("[a-z_][a-z0-9_]*", name) and name not in _reserved()
    return name if is_plain else '"' + name.replace('"', '""') + '"'


@cache
def _reserved() -> frozenset[str]:
    """The words that DuckDB does not take for a name."""
    query = "select keyword_name from duckdb_keywords() where keyword_category in ('reserved', 'type_function')"
    with duckdb.connect() as connection:
        return frozenset(word for (word,) in connection.execute(query).fetchall())
