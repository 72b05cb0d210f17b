"""What is on the server: the lock of a publication, the layout that readers have, schemas that were replaced.

Everything here is small; rows are written by DuckDB (``publish.py``).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

import psycopg
from psycopg.errors import DependentObjectsStillExist, InsufficientPrivilege, LockNotAvailable

from orchestration.publication.postgres.layout import Key, Table, quoted
from orchestration.publication.postgres.target import Target
from orchestration.publication.versions import Version

OLDEST, UNENFORCED_KEYS = 14, 18
"""The oldest major version that PostgreSQL supports, and the first with foreign keys that are not enforced."""

_COLUMNS = """
select space.nspname, class.relname, attribute.attname, format_type(attribute.atttypid, attribute.atttypmod),
    attribute.attnotnull
from pg_class as class
inner join pg_namespace as space on space.oid = class.relnamespace
inner join pg_attribute as attribute on attribute.attrelid = class.oid
where space.nspname = any(%s) and class.relkind in ('r', 'p') and attribute.attnum > 0 and not attribute.attisdropped
order by space.nspname, class.relname, attribute.attnum
"""

_KEYS = """
select space.nspname, class.relname, key.contype::text,
    array(
        select attribute.attname::text
        from unnest(key.conkey) with ordinality as part (number, position)
        inner join pg_attribute as attribute on attribute.attrelid = key.conrelid and attribute.attnum = part.number
        order by part.position
    ),
    array(
        select target.name
        from pg_class as other
        inner join pg_namespace as other_space on other_space.oid = other.relnamespace,
            unnest(array[other_space.nspname::text, other.relname::text]) as target (name)
        where other.oid = key.confrelid
    ),
    array(
        select attribute.attname::text
        from unnest(key.confkey) with ordinality as part (number, position)
        inner join pg_attribute as attribute on attribute.attrelid = key.confrelid and attribute.attnum = part.number
        order by part.position
    )
from pg_constraint as key
inner join pg_class as class on class.oid = key.conrelid
inner join pg_namespace as space on space.oid = class.relnamespace
where space.nspname = any(%s) and key.contype in ('p', 'u', 'f')
"""

_VIEWS = """
select distinct format('%%I.%%I', space.nspname, class.relname)
from pg_depend as depend
inner join pg_rewrite as rule on rule.oid = depend.objid
inner join pg_class as class on class.oid = rule.ev_class
inner join pg_namespace as space on space.oid = class.relnamespace
inner join pg_class as used on used.oid = depend.refobjid
inner join pg_namespace as used_space on used_space.oid = used.relnamespace
where depend.classid = 'pg_rewrite'::regclass and depend.refclassid = 'pg_class'::regclass
    and used_space.nspname = any(%(schemas)s) and class.oid <> used.oid
order by 1
"""

Layout = dict[tuple[str, str], tuple[Any, ...]]


@dataclass(frozen=True)
class Server:
    """A session that holds the lock of this publication; every statement is its own transaction."""

    target: Target
    connection: psycopg.Connection[Any]

    @property
    def has_unenforced_keys(self) -> bool:
        """Whether it can declare a foreign key that it does not check."""
        return self.connection.info.server_version >= UNENFORCED_KEYS * 10_000

    @property
    def mark(self) -> str:
        """The comment of the schemas that belong to this deployment."""
        return f"Published by cx360, deployment {self.target.deployment}. Not for tables or views of your own."

    def check(self, schemas: Collection[str]) -> None:
        """Refuse a server on which the publication cannot succeed, before anything is written.

        Raises:
            PipelineError: it is too old, a role of a reader is missing, a schema belongs to somebody else, or the user
                may not create schemas.
        """
        if self.connection.info.server_version < OLDEST * 10_000:
            raise self.target.failure(
                f"the server has version {self.connection.info.server_version // 10_000}",
                f"Use version {OLDEST} or later",
            )
        readers = list(self.target.settings.readers)
        found = {name for (name,) in self._rows("select rolname from pg_roles where rolname = any(%s)", readers)}
        if missing := [name for name in readers if name not in found]:
            raise self.target.failure(
                f"the role '{missing[0]}', a reader of the publication, does not exist",
                f"Create it (create role {quoted(missing[0])}), or take it out of postgres_publication.readers",
            )
        foreign = self._rows(
            """
            select nspname from pg_namespace as space
            where nspname = any(%s) and coalesce(obj_description(oid, 'pg_namespace'), '') <> %s
                and exists (select 1 from pg_class where relnamespace = space.oid)
            """,
            list(schemas),
            self.mark,
        )
        if foreign:
            raise self.target.failure(
                f"the schema '{foreign[0][0]}' is not one of this deployment",
                "Set another postgres_publication.schema_prefix, or drop the schema if it is not needed",
            )
        if not self._rows("select 1 where has_database_privilege(current_database(), 'create')"):
            raise self.target.failure(
                "the user may not create schemas",
                f"As the owner of the database: grant create on database {quoted(self.target.database)} to"
                f" {quoted(self.target.user)}",
            )

    def fits(self, tables: Sequence[Table]) -> bool:
        """Return whether the tables on the server are these, with the same columns and keys."""
        schemas = sorted({table.schema for table in tables})
        columns = {
            name: tuple(tuple(row[2:]) for row in rows)
            for name, rows in groupby(self._rows(_COLUMNS, schemas), lambda row: (row[0], row[1]))
        }
        keys: dict[tuple[str, str], set[Key]] = {}
        for schema, name, kind, of, target, fields in self._rows(_KEYS, schemas):
            points_at = (target[0], target[1]) if target else None
            keys.setdefault((schema, name), set()).add(Key(kind, tuple(of), points_at, tuple(fields)))
        found: Layout = {name: (shape, frozenset(keys.get(name, ()))) for name, shape in columns.items()}
        return found == {(table.schema, table.name): table.shape for table in tables}

    def standing(self, table: Table, kept: Collection[Version]) -> Version | None:
        """Return the version that is on the server, if it is among those that are kept on disk.

        Args:
            table: the table that names it.
        """
        rows = self._rows(f"select version, published_at from {table.quoted}")
        for version in kept:
            if rows == [(version.name, datetime.fromisoformat(version.manifest["published_at"]))]:
                return version
        return None

    def present(self, schemas: Collection[str]) -> list[str]:
        """Return which of these schemas exist."""
        return [name for (name,) in self._rows("select nspname from pg_namespace where nspname = any(%s)", [*schemas])]

    def replaced(self, schemas: Collection[str]) -> dict[int, list[str]]:
        """Return the schemas that earlier publications replaced and that still exist, by their number."""
        rows = self._rows("select nspname from pg_namespace where obj_description(oid, 'pg_namespace') = %s", self.mark)
        found: dict[int, list[str]] = {}
        for (name,) in rows:
            old = re.fullmatch(r"(.*)_old_(\d+)", name)
            if old and old[1] in schemas:
                found.setdefault(int(old[2]), []).append(name)
        return found

    def ungranted(self, tables: Sequence[Table]) -> list[tuple[str, Table]]:
        """Return the readers that may not read a table yet."""
        by_name = {table.quoted: table for table in tables}
        rows = self._rows(
            """
            select role, name from unnest(%s::text[]) as role, unnest(%s::text[]) as name
            where not has_schema_privilege(role, split_part(name, '.', 1)::regnamespace, 'usage')
                or not has_table_privilege(role, name, 'select')
            """,
            list(self.target.settings.readers),
            list(by_name),
        )
        return [(role, by_name[name]) for role, name in rows]

    def drop_replaced(self, schemas: Collection[str]) -> list[str]:
        """Drop the replaced schemas that no session uses any more.

        A table that a view of a user reads, or that a session has open for longer than ``wait_seconds``, stays with its
        schemas; the next publication tries again.

        Returns:
            Which schemas stayed, and why.
        """
        notes = []
        for _, names in sorted(self.replaced(schemas).items()):
            try:
                with self.connection.transaction():
                    tables = self._rows(
                        "select format('%%I.%%I', schemaname, tablename) from pg_tables where schemaname = any(%s)",
                        names,
                    )
                    if tables:
                        self._execute(f"drop table {', '.join(name for (name,) in tables)}")
                    self._execute(f"drop schema {', '.join(map(quoted, names))}")
            except DependentObjectsStillExist:
                views = [name for (name,) in self._rows(_VIEWS, schemas=names)]
                read = (
                    f"read by {', '.join(views)}, which must be created again" if views else "something depends on it"
                )
                notes.append(f"{', '.join(names)} stays with the rows of an earlier version: {read}")
            except LockNotAvailable:
                notes.append(f"{', '.join(names)} is still being read, and is dropped after the next publication")
            except InsufficientPrivilege:
                notes.append(f"{', '.join(names)} holds what belongs to another user, and stays")
        return notes

    def vacuum(self, tables: Sequence[Table]) -> None:
        """Free the space of the replaced rows for the next publication, and count the new rows for the planner."""
        if tables:
            self._execute(f"vacuum (analyze, truncate false) {', '.join(table.quoted for table in tables)}")

    def _rows(self, query: str, *values: Any, **named: Any) -> list[tuple[Any, ...]]:
        return self.connection.execute(query.encode(), named or values or None).fetchall()

    def _execute(self, statement: str) -> None:
        self.connection.execute(statement.encode())


@contextmanager
def connected(target: Target) -> Iterator[Server]:
    """Open a session and hold the lock of this publication until it ends, also by a kill."""
    with psycopg.connect(target.conninfo, autocommit=True) as connection:
        name = f"cx360 publication {target.settings.schema_prefix}"
        connection.execute("select pg_advisory_lock(hashtextextended(%s, 0))", [name])
        yield Server(target, connection)
