"""What to delete and to insert, so that the server has the rows of a version.

Rows are compared with those of the version on the server, in DuckDB, by primary key and a hash of all columns. The
server is not read; it checks that it has each row that is deleted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import duckdb

from orchestration.publication.postgres.layout import Table, quoted, text

MOST_CHANGES = 0.5
"""Share of changed rows above which a table is written whole: one statement costs less than so many keys."""

STALE = "rows of the version before are missing in"
"""Part of the server's message if it lacks rows that the version before has."""


@dataclass(frozen=True)
class Changes:
    """What is written of one table.

    Attributes:
        rows: the rows to insert, a query of DuckDB; empty if there are none.
        prepared: the statement for the server before anything is sent; empty if there is none.
        keys: the keys of the rows to delete, a query of DuckDB, for the table ``scratch``; empty if all rows go.
        deletion: the statement for the server that deletes the rows of those keys.
    """

    table: Table
    rows: str
    prepared: str
    keys: str = ""
    scratch: str = ""
    deletion: str = ""


def compared(source: duckdb.DuckDBPyConnection, tables: Sequence[Table], new: str, old: str) -> Iterator[Changes]:
    """Yield what to write of each table.

    Args:
        new: the name under which the version to publish is attached.
        old: that of the version on the server, whose tables have the same columns and keys; empty to write every row.
    """
    for number, table in enumerate(tables):
        found = _difference(source, table, number, new, old) if old and table.source else None
        rows = f"from {new}.{table.source_quoted}" if table.source else ""
        yield found or Changes(table, rows, f"delete from {table.quoted}")


def _difference(source: duckdb.DuckDBPyConnection, table: Table, number: int, new: str, old: str) -> Changes | None:
    """Compare a table of both versions; None if it has no primary key, or most of its rows changed."""
    key = next((key.columns for key in table.keys if key.kind == "p"), ())
    if not key:
        return None
    names = ", ".join(map(quoted, key))
    changes = f"temp.changes_{number}"
    source.execute(
        f"""
        create or replace temp table changes_{number} as
        select {names}, before.hash is not null as is_old, after.hash is not null as is_new
        from (select {names}, hash(each) as hash from {old}.{table.source_quoted} as each) as before
        full join (select {names}, hash(each) as hash from {new}.{table.source_quoted} as each) as after
            using ({names})
        where before.hash is distinct from after.hash
        """
    )
    [(deleted, inserted, total)] = source.execute(
        f"""
        select count(*) filter (is_old), count(*) filter (is_new), (select count(*) from {new}.{table.source_quoted})
        from {changes}
        """
    ).fetchall()
    if max(deleted, inserted) > MOST_CHANGES * total:
        return None
    rows = f"from {new}.{table.source_quoted} semi join (from {changes} where is_new) using ({names})"
    if not deleted:
        return Changes(table, rows if inserted else "", "")
    scratch = f"{quoted(table.schema)}.{quoted(f'cx360_gone_{number}')}"
    same = " and ".join(f"old.{quoted(name)} = gone.{quoted(name)}" for name in key)
    return Changes(
        table,
        rows if inserted else "",
        f"create table {scratch} as select {names} from {table.quoted} with no data",
        f"select {names} from {changes} where is_old",
        scratch,
        f"""
        do $cx360$ declare found bigint; begin
            delete from {table.quoted} as old using {scratch} as gone where {same};
            get diagnostics found = row_count;
            if found <> {deleted} then
                raise exception using message = {text(f"{STALE} {table.schema}.{table.name}")};
            end if;
            drop table {scratch};
        end $cx360$
        """,
    )
