"""Writes a version into PostgreSQL: one transaction, so that readers have the version before or the new one, whole.

Tables with the columns and keys that they had keep their place, and the rows that changed since the version on the
server are deleted and inserted: views and grants of users live on. Otherwise the schemas are renamed away and made new
in the same transaction. A kill at any moment leaves nothing, because the server undoes what was not committed
(docs/decisions/postgres-publication.md).
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
from orchestration.publication.postgres.changes import STALE, Changes, compared
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

VERSION, BEFORE, TARGET = "version", "version_before", "target"


@dataclass
class Written:
    """What a publication did.

    Attributes:
        is_replaced: the rows were replaced in the tables that were there; False if the tables are new.
        before: the version whose rows were kept where they did not change; empty if every row was written.
        row_count: rows inserted.
        notes: what a person should know; the publication is complete.
    """

    version: str
    is_replaced: bool
    before: str = ""
    row_count: int = 0
    table_count: int = 0
    seconds: float = 0.0
    notes: list[str] = field(default_factory=list)

    @property
    def summary(self) -> str:
        """One line about it."""
        rate = self.row_count / max(self.seconds, 0.001)
        return (
            f"{self.version}: {self.row_count:,} rows in {self.table_count} tables, {self.how}, {self.seconds:.1f} s,"
            f" {rate:,.0f} rows/s"
        )

    @property
    def how(self) -> str:
        """How it was done, in words."""
        if self.before:
            return f"changes since {self.before}"
        return "rows replaced" if self.is_replaced else "new tables"


def publish(
    version: Version,
    target: Target,
    memory_limit: str,
    report: Callable[[str], None] = lambda _: None,
    kept: Sequence[Version] = (),
) -> Written:
    """Write a version into the database, in place of the one that is there.

    Args:
        report: is called with the progress in words.
        kept: the versions on disk. If the one on the server is among them, only rows that differ from it are written.

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
            before = server.standing(tables[0], kept) if is_replaced else None
            work = _Work(source, server, version, tables, schemas, report)
            try:
                changes = work.write(written, before)
            except duckdb.Error as error:
                if STALE not in str(error):
                    raise
                written.notes.append("every row was written, because rows were missing on the server")
                changes = work.write(written, None)
            written.seconds = time.monotonic() - started
            report("cleaning up")
            written.notes += _null_notes(source, changes) + _cleaned_up(server, changes, schemas)
    return written


@dataclass(frozen=True)
class _Work:
    """One publication, from the version's file to the server."""

    source: duckdb.DuckDBPyConnection
    server: Server
    version: Version
    tables: Sequence[Table]
    schemas: Sequence[str]
    report: Callable[[str], None]

    def write(self, written: Written, before: Version | None) -> list[Changes]:
        """Write all rows, or those that differ from the version on the server, in one transaction.

        Returns:
            What was written of each table.
        """
        if before:
            self.report(f"comparing with {before.name}")
            self.source.execute(f"attach if not exists {_file(before)} as {BEFORE} (read_only)")
        changes = list(compared(self.source, self.tables, VERSION, BEFORE if before else ""))
        written.before = before.name if before else ""
        with _transaction(self.source, self.server.target) as execute:
            self.report("preparing")
            execute([*self._new_tables()] if not written.is_replaced else [change.prepared for change in changes])
            if sent := [change for change in changes if change.keys]:
                for change in sent:
                    self.source.execute(f"insert into {TARGET}.{change.scratch} {change.keys}")
                execute([change.deletion for change in sent])
            written.row_count = self._insert([change for change in changes if change.rows])
            self.report("keys, comments and grants")
            execute(self._completed(is_replaced=written.is_replaced))
            self.report("committing")
        return changes

    def _new_tables(self) -> Iterator[str]:
        """The statements that rename the schemas away and make new ones."""
        number = 1 + max(self.server.replaced(self.schemas), default=0)
        mark = text(self.server.mark)
        for name in self.server.present(self.schemas):
            old = quoted(f"{name}_old_{number}")
            yield f"alter schema {quoted(name)} rename to {old}"
            yield f"comment on schema {old} is {mark}"
        for name in self.schemas:
            yield f"create schema {quoted(name)}"
            yield f"comment on schema {quoted(name)} is {mark}"
        yield from map(create, self.tables)

    def _insert(self, changes: Sequence[Changes]) -> int:
        """Insert the rows of every table, and return how many there are."""
        row_count = 0
        for number, change in enumerate(changes, start=1):
            [(inserted,)] = self.source.execute(f"insert into {TARGET}.{change.table.quoted} {change.rows}").fetchall()
            row_count += inserted
            self.report(f"{row_count:,} rows, {number} of {len(changes)} tables")
        return row_count

    def _completed(self, *, is_replaced: bool) -> list[str]:
        """The statements after the rows: keys and indexes of new tables, comments, grants, and which version it is."""
        tables, server = self.tables, self.server
        statements = [] if is_replaced else list(add_keys(tables, has_unenforced=server.has_unenforced_keys))
        statements += [statement for table in tables for statement in comments(table)]
        readers = server.target.settings.readers
        missing = server.ungranted(tables) if is_replaced else [(role, table) for role in readers for table in tables]
        for role, schema in dict.fromkeys((role, table.schema) for role, table in missing):
            statements.append(f"grant usage on schema {quoted(schema)} to {quoted(role)}")
        statements += [f"grant select on {table.quoted} to {quoted(role)}" for role, table in missing]
        facts = [
            self.version.name,
            self.version.as_of_date.isoformat(),
            self.version.manifest["published_at"],
            datetime.now(UTC).replace(tzinfo=None).isoformat(),
        ]
        return [*statements, f"insert into {tables[0].quoted} values ({', '.join(map(text, facts))})"]


@contextmanager
def _opened(version: Version, memory_limit: str) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the file of a version, beside the extension for PostgreSQL, which comes with its wheel."""
    extension = files("duckdb_extension_postgres_scanner") / "extensions" / f"v{duckdb.__version__}"
    with duckdb.connect(config={"memory_limit": memory_limit, "autoinstall_known_extensions": False}) as connection:
        connection.execute(f"load {sql_text(extension / 'postgres_scanner.duckdb_extension')}")
        connection.execute("set pg_null_byte_replacement = ''")
        connection.execute(f"attach {_file(version)} as {VERSION} (read_only)")
        yield connection


def _file(version: Version) -> str:
    return sql_text(Path(version.database).resolve())


@contextmanager
def _transaction(source: duckdb.DuckDBPyConnection, target: Target) -> Iterator[Callable[[Sequence[str]], None]]:
    """Begin a transaction on the server, for inserts by DuckDB and for the statements given to the yielded function."""
    source.execute(f"attach if not exists {sql_text(target.conninfo)} as {TARGET} (type postgres)")
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


def _null_notes(source: duckdb.DuckDBPyConnection, changes: Sequence[Changes]) -> list[str]:
    """Say which written texts lost the null character, which PostgreSQL cannot hold."""
    notes = []
    for change in changes:
        table = change.table
        texts = [quoted(column.name) for column in table.columns if column.kind == TYPES["VARCHAR"]]
        if change.rows and texts:
            having = " or ".join(f"contains({name}, chr(0))" for name in texts)
            [(count,)] = source.execute(f"select count(*) from ({change.rows}) where {having}").fetchall()
            if count:
                notes.append(
                    f"{table.schema}.{table.name}: the null character was removed from texts of {count:,} rows"
                )
    return notes


def _cleaned_up(server: Server, changes: Sequence[Changes], schemas: Sequence[str]) -> list[str]:
    """Drop what was replaced and free its space; what cannot be done now is a note, because the version is there."""
    notes = []
    try:
        notes += server.drop_replaced(schemas)
        server.vacuum([change.table for change in changes if change.prepared or change.rows])
    except psycopg.Error as error:
        notes.append(f"what was replaced is not cleaned up yet ({type(error).__name__}); the next publication does it")
    return notes
