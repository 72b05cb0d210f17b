"""What the tables of a version look like in PostgreSQL: columns, types, keys, comments, and their statements.

Keep out what is on the server (``server.py``) and the order of a publication (``publish.py``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

import duckdb

from orchestration.base.errors import PipelineError

NAME_BYTES = 63
"""PostgreSQL cuts longer names in silence."""

PUBLICATION = "cx360_publication"
"""The table that tells which version is there."""

TYPES = {
    "BOOLEAN": "boolean",
    "SMALLINT": "smallint",
    "INTEGER": "integer",
    "BIGINT": "bigint",
    "FLOAT": "real",
    "DOUBLE": "double precision",
    "DATE": "date",
    "TIMESTAMP": "timestamp without time zone",
    "VARCHAR": "text",
}
_DECIMAL = re.compile(r"DECIMAL\((\d+),(\d+)\)")


@dataclass(frozen=True)
class Column:
    """A column with its type in PostgreSQL."""

    name: str
    kind: str
    is_required: bool
    comment: str


@dataclass(frozen=True)
class Key:
    """A primary key, unique columns (``kind`` p and u), or a foreign key (f) to columns of a table."""

    kind: str
    columns: tuple[str, ...]
    table: tuple[str, str] | None = None
    fields: tuple[str, ...] = ()


@dataclass(frozen=True)
class Table:
    """A published table: where it is in the version (empty if it is not from there), and what it is in PostgreSQL."""

    source: str
    schema: str
    name: str
    comment: str
    columns: tuple[Column, ...]
    keys: frozenset[Key] = frozenset()

    @property
    def quoted(self) -> str:
        """Its name with the schema, for statements."""
        return f"{quoted(self.schema)}.{quoted(self.name)}"

    @property
    def source_quoted(self) -> str:
        """Its name in the version, for statements."""
        return ".".join(map(quoted, self.source.split(".", 1)))

    @property
    def shape(self) -> tuple[Any, ...]:
        """What a server must have for the rows to fit: columns in their order, and keys."""
        return tuple((each.name, each.kind, each.is_required) for each in self.columns), self.keys


def quoted(name: str) -> str:
    """Return a name as an identifier of SQL."""
    return '"' + name.replace('"', '""') + '"'


def text(value: str) -> str:
    """Return a text as a literal of SQL, without the character that PostgreSQL cannot hold."""
    return "'" + value.replace("\0", "").replace("'", "''") + "'"


def read_tables(
    connection: duckdb.DuckDBPyConnection, database: str, prefix: str, keys: Mapping[str, Any]
) -> list[Table]:
    """Return the tables of an attached version, and first the table that names it.

    Args:
        keys: those of the version's manifest (``publication/keys.py``); empty for older versions.

    Raises:
        PipelineError: a name is too long for PostgreSQL, or a type has no equivalent there.
    """
    rows = connection.execute(
        """
        select schema_name, table_name, coalesce(tables.comment, ''), column_name, columns.data_type,
            columns.is_nullable, coalesce(columns.comment, '')
        from duckdb_columns() as columns
        inner join duckdb_tables() as tables using (database_name, schema_name, table_name)
        where database_name = ?
        order by schema_name, table_name, column_index
        """,
        [database],
    ).fetchall()
    tables = [_publication(prefix)]
    for (schema, name, comment), columns in groupby(rows, lambda row: row[:3]):
        found = tuple(
            Column(column, _kind(f"{schema}.{name}.{column}", kind), not is_nullable, about)
            for *_, column, kind, is_nullable, about in columns
        )
        table = Table(f"{schema}.{name}", prefix + schema, name, comment, found)
        tables.append(_keyed(table, keys.get(f"{schema}.{name}", {}), prefix))
    _refuse_long_names(tables)
    return _with_known_targets(tables)


def create(table: Table) -> str:
    """Return the statement that creates a table without keys, which are added once it has rows."""
    columns = (f"{quoted(each.name)} {each.kind}{' not null' if each.is_required else ''}" for each in table.columns)
    return f"create table {table.quoted} ({', '.join(columns)})"


def comments(table: Table) -> Iterator[str]:
    """Yield the statements that set its comments."""
    yield f"comment on table {table.quoted} is {text(table.comment)}"
    for column in table.columns:
        yield f"comment on column {table.quoted}.{quoted(column.name)} is {text(column.comment)}"


def add_keys(tables: Sequence[Table], *, has_unenforced: bool) -> Iterator[str]:
    """Yield the statements that add keys, and an index for each date that refers to the calendar.

    An index on every foreign key would double the time of a night, and only help to find the rows of one key.

    Args:
        has_unenforced: whether the server can declare a foreign key without checking every row again.
    """
    pairs = [(table, key) for table in tables for key in sorted(table.keys, key=lambda key: (key.kind, key.columns))]
    for table, key in pairs:
        if key.kind != "f":
            kind = "primary key" if key.kind == "p" else "unique"
            yield f"alter table {table.quoted} add {kind} ({_listed(key.columns)})"
    for table, key in pairs:
        if key.table:
            schema, name = key.table
            yield (
                f"alter table {table.quoted} add foreign key ({_listed(key.columns)})"
                f" references {quoted(schema)}.{quoted(name)} ({_listed(key.fields)})"
                f" {'not enforced' if has_unenforced else 'deferrable initially deferred'}"
            )
            leading = {other.columns[: len(key.columns)] for other in table.keys if other.kind != "f"}
            is_date = any(column.name in key.columns and column.kind == "date" for column in table.columns)
            if is_date and key.columns not in leading:
                yield f"create index on {table.quoted} ({_listed(key.columns)})"


def _publication(prefix: str) -> Table:
    return Table(
        "",
        f"{prefix}quality",
        PUBLICATION,
        "One row: the version whose tables are here.",
        (
            Column("version", "text", True, "Name of the version, as cx360 versions lists it."),
            Column("as_of_date", "date", True, "End of the newest load window that it contains."),
            Column("published_at", TYPES["TIMESTAMP"], True, "When the version was published, in UTC."),
            Column("loaded_at", TYPES["TIMESTAMP"], True, "When its rows were written here, in UTC."),
        ),
    )


def _kind(where: str, kind: str) -> str:
    if decimal := _DECIMAL.fullmatch(kind):
        return f"numeric({decimal[1]},{decimal[2]})"
    if kind not in TYPES:
        raise PipelineError(
            f"PostgreSQL was not written: column {where} has the type {kind}, which has no equivalent there."
            f" Cast it in its model to one of {', '.join(sorted(TYPES))} or DECIMAL."
        )
    return TYPES[kind]


def _keyed(table: Table, keys: Mapping[str, Any], prefix: str) -> Table:
    """The table with the keys whose columns it has; a key with a column that may be null is only unique."""
    required = {column.name for column in table.columns if column.is_required}
    names = {column.name for column in table.columns}
    found = set()
    for position, columns in enumerate(keys.get("unique", [])):
        is_primary = position == 0 and required.issuperset(columns)
        if names.issuperset(columns):
            found.add(Key("p" if is_primary else "u", tuple(columns)))
    for reference in keys.get("references", []):
        schema, _, name = reference["table"].partition(".")
        if reference["column"] in names:
            found.add(Key("f", (reference["column"],), (prefix + schema, name), (reference["field"],)))
    return replace(table, keys=frozenset(found))


def _with_known_targets(tables: Sequence[Table]) -> list[Table]:
    """The tables without foreign keys to what is not published or not unique."""
    targets = {(table.schema, table.name, key.columns) for table in tables for key in table.keys if key.kind != "f"}
    return [
        replace(
            table, keys=frozenset(key for key in table.keys if not key.table or (*key.table, key.fields) in targets)
        )
        for table in tables
    ]


def _refuse_long_names(tables: Sequence[Table]) -> None:
    names = [(table.schema, "schema") for table in tables]
    names += [(table.name, f"table of {table.schema}") for table in tables]
    names += [(each.name, f"column of {table.schema}.{table.name}") for table in tables for each in table.columns]
    for name, what in names:
        if len(name.encode()) > NAME_BYTES:
            raise PipelineError(
                f"PostgreSQL was not written: '{name}' ({what}) has {len(name.encode())} bytes, and PostgreSQL cuts"
                f" names at {NAME_BYTES}. Give it a shorter name in its model, or the schemas a shorter schema_prefix."
            )


def _listed(columns: Sequence[str]) -> str:
    return ", ".join(map(quoted, columns))
