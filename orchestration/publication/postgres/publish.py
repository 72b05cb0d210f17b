"""Writes a version into PostgreSQL: one transaction, so that readers have the version before or the new one, whole.

Tables with the columns and keys that they had keep their place, and their rows are deleted and inserted: views and
grants of users live on. Otherwise the schemas are renamed away and made new in the same transaction. A kill at any
moment leaves nothing, because the server undoes what was not committed (docs/decisions/postgres-publication.md).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path

import duckdb
import psycopg

from orchestration.base.paths import sql_text
from orchestration.publication.postgres.failures import explained
from orchestration.publication.postgres.layout import (
    TYPES,
    Table,
    add_keys,
    comments,
    create,
    quoted,
    read_tables,
    text,
)
from orchestration.publication.postgres.server import Server, connected
from orchestration.publication.postgres.target import Target
from orchestration.publication.versions import Version

VERSION, TARGET = "version", "target"


@dataclass
class Written:
    """What a publication did.

    Attributes:
        is_replaced: the rows were replaced in the tables that were there; False if the tables are new.
        notes: what a person should know; the publication is complete.
    """

    version: str
    is_replaced: bool
    row_count: int = 0
    table_count: int = 0
    seconds: float = 0.0
    notes: list[str] = field(default_factory=list)

    @property
    def summary(self) -> str:
        """One line about it."""
        how = "rows replaced" if self.is_replaced else "new tables"
        rate = self.row_count / max(self.seconds, 0.001)
        return (
            f"{self.version}: {self.row_count:,} rows in {self.table_count} tables, {how}, {self.seconds:.1f} s,"
            f" {rate:,.0f} rows/s"
        )


def publish(
    version: Version, target: Target, memory_limit: str, report: Callable[[str], None] = lambda _: None
) -> Written:
    """Write a version into the database, in place of the one that is there.

    Args:
        report: is called with the progress in words.

    Raises:
        PipelineError: the server cannot be reached or refuses, or a table cannot exist there; nothing has changed.
    """
    started = time.monotonic()
    with _opened(version, memory_limit) as source, explained(target):
        prefix = target.settings.schema_prefix
        tables = read_tables(source, VERSION, prefix, version.manifest.get("keys", {}))
        schemas = sorted({table.schema for table in tables})
        report("connecting")
        with connected(target) as server:
            server.check(schemas)
            is_replaced = target.settings.replace == "rows" and server.fits(tables)
            written = Written(version.name, is_replaced, table_count=len(tables) - 1)
            with _transaction(source, target) as execute:
                report("preparing")
                execute(_prepared(server, tables, schemas, is_replaced=written.is_replaced))
                written.row_count = _copy(source, tables, report)
                report("keys, comments and grants")
                execute(_completed(server, version, tables, is_replaced=written.is_replaced))
                report("committing")
            written.seconds = time.monotonic() - started
            report("cleaning up")
            written.notes += _null_notes(source, tables) + _cleaned_up(server, tables, schemas)
    return written


@contextmanager
def _opened(version: Version, memory_limit: str) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the file of a version, beside the extension for PostgreSQL, which comes with its wheel."""
    extension = files("duckdb_extension_postgres_scanner") / "extensions" / f"v{duckdb.__version__}"
    with duckdb.connect(config={"memory_limit": memory_limit, "autoinstall_known_extensions": False}) as connection:
        connection.execute(f"load {sql_text(extension / 'postgres_scanner.duckdb_extension')}")
        connection.execute("set pg_null_byte_replacement = ''")
        connection.execute(f"attach {sql_text(Path(version.database).resolve())} as {VERSION} (read_only)")
        yield connection


@contextmanager
def _transaction(source: duckdb.DuckDBPyConnection, target: Target) -> Iterator[Callable[[Sequence[str]], None]]:
    """Begin a transaction on the server, for inserts by DuckDB and for the statements given to the yielded function."""
    source.execute(f"attach {sql_text(target.conninfo)} as {TARGET} (type postgres)")
    source.execute("begin")

    def execute(statements: Sequence[str]) -> None:
        source.execute(f"call postgres_execute('{TARGET}', ?)", [";\n".join(statements)])
        # DuckDB keeps what it has read of the server's tables
        source.execute("call pg_clear_cache()")

    try:
        yield execute
        source.execute("commit")
    except BaseException:
        # without it, DuckDB ends the whole process when it closes a transaction whose server has gone
        with suppress(duckdb.Error):
            source.execute("rollback")
        raise


def _prepared(server: Server, tables: Sequence[Table], schemas: Sequence[str], *, is_replaced: bool) -> list[str]:
    """The statements before the rows: delete the old ones, or rename the schemas away and make new ones."""
    if is_replaced:
        return [f"delete from {table.quoted}" for table in tables]
    number = 1 + max(server.replaced(schemas), default=0)
    statements = []
    for name in server.present(schemas):
        old = quoted(f"{name}_old_{number}")
        statements += [
            f"alter schema {quoted(name)} rename to {old}",
            f"comment on schema {old} is {text(server.mark)}",
        ]
    for name in schemas:
        statements += [f"create schema {quoted(name)}", f"comment on schema {quoted(name)} is {text(server.mark)}"]
    return statements + [create(table) for table in tables]


def _copy(source: duckdb.DuckDBPyConnection, tables: Sequence[Table], report: Callable[[str], None]) -> int:
    """Insert the rows of every table, and return how many there are."""
    row_count, copied = 0, [table for table in tables if table.source]
    for number, table in enumerate(copied, start=1):
        [(inserted,)] = source.execute(
            f"insert into {TARGET}.{table.quoted} from {VERSION}.{table.source_quoted}"
        ).fetchall()
        row_count += inserted
        report(f"{row_count:,} rows, {number} of {len(copied)} tables")
    return row_count


def _completed(server: Server, version: Version, tables: Sequence[Table], *, is_replaced: bool) -> list[str]:
    """The statements after the rows: keys and indexes of new tables, comments, grants, and which version it is."""
    statements = [] if is_replaced else list(add_keys(tables, has_unenforced=server.has_unenforced_keys))
    statements += [statement for table in tables for statement in comments(table)]
    readers = server.target.settings.readers
    missing = server.ungranted(tables) if is_replaced else [(role, table) for role in readers for table in tables]
    for role, schema in dict.fromkeys((role, table.schema) for role, table in missing):
        statements.append(f"grant usage on schema {quoted(schema)} to {quoted(role)}")
    statements += [f"grant select on {table.quoted} to {quoted(role)}" for role, table in missing]
    facts = [
        version.name,
        version.as_of_date.isoformat(),
        version.manifest["published_at"],
        datetime.now(UTC).replace(tzinfo=None).isoformat(),
    ]
    return [*statements, f"insert into {tables[0].quoted} values ({', '.join(map(text, facts))})"]


def _null_notes(source: duckdb.DuckDBPyConnection, tables: Sequence[Table]) -> list[str]:
    """Say which texts lost the null character, which PostgreSQL cannot hold."""
    notes = []
    for table in tables:
        texts = [quoted(column.name) for column in table.columns if column.kind == TYPES["VARCHAR"]]
        if table.source and texts:
            having = " or ".join(f"contains({name}, chr(0))" for name in texts)
            [(count,)] = source.execute(
                f"select count(*) from {VERSION}.{table.source_quoted} where {having}"
            ).fetchall()
            if count:
                notes.append(
                    f"{table.schema}.{table.name}: the null character was removed from texts of {count:,} rows"
                )
    return notes


def _cleaned_up(server: Server, tables: Sequence[Table], schemas: Sequence[str]) -> list[str]:
    """Drop what was replaced and free its space; what cannot be done now is a note, because the version is there."""
    notes = []
    try:
        notes += server.drop_replaced(schemas)
        server.vacuum(tables)
    except psycopg.Error as error:
        notes.append(f"what was replaced is not cleaned up yet ({type(error).__name__}); the next publication does it")
    return notes
