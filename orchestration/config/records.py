"""The records that a table delivers: its maps with every word resolved to a delivered column or a code.

Add here what a written value may stand for; keep out the SQL that is made of it (``warehouse/staging.py``) and the
rules that follow from it (``gates/suites.py``).
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from orchestration.base.errors import PipelineError
from orchestration.config.deployment import Deployment, Table
from orchestration.config.doors import DoorColumn, door
from orchestration.config.maps import NAMED_BY_ENTRY, EntityMap, Value
from orchestration.config.reference import code_map, codes
from orchestration.config.systems import EVERY_ROW

THE_ROW = EVERY_ROW[0]
SYSTEMS_OF_REFERENCES = (
    ("order_system", "order_source_id", "orders"),
    ("case_system", "case_source_id", "cases"),
)
"""Columns with the system of another record, the column with its id, and its entity."""
_KINDS = {
    "integer": ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT"),
    "decimal": ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "FLOAT", "DOUBLE", "DECIMAL"),
    "timestamp": ("DATE", "TIMESTAMP"),
}
"""The types of an expression that a door's column takes, by the beginnings of their names."""


@dataclass(frozen=True)
class Record:
    """What one row of a table delivers of one entity.

    Attributes:
        entry: the entry of ``each`` that it is of; None if a row delivers one record.
        whens: conditions that must all be true of the row.
        values: by column of the door; none of them has a ``word``, and codes are a mapping.
    """

    table: Table
    entity: str
    entry: str | None
    whens: tuple[str, ...]
    values: Mapping[str, Value]

    @property
    def label(self) -> str:
        """The record in messages."""
        return f"{self.table.label}: {self.entity}" + (f".each.{self.entry}" if self.entry else "")

    @property
    def is_of_every_row(self) -> bool:
        """Whether each landed row delivers the record: its id is the key of the table."""
        value = self.values.get("source_id")
        is_key = value is None or value.column == THE_ROW or (value.column or value.columns) in self._keys
        return is_key and self.entry is None and not self.whens

    @property
    def _keys(self) -> tuple[object, ...]:
        key = self.table.settings.key
        return (key, key[0]) if len(key) == 1 else (key,)


def records_of(table: Table) -> tuple[Record, ...]:
    """Return the records that a table's maps deliver.

    Raises:
        PipelineError: a map names a column or a code map that does not exist, or an expression cannot be read.
    """
    return tuple(
        record for entity, mapped in table.settings.maps.items() for record in _of_entity(table, entity, mapped)
    )


def check_maps(deployment: Deployment) -> None:
    """Resolve every map, and read every expression.

    Raises:
        PipelineError: the first that is wrong, with the place in the deployment's file and what may be meant.
    """
    for table in deployment.tables():
        for record in records_of(table):
            for condition in record.whens:
                columns_in(condition, f"{record.label}, when")
            lacks = [
                column.name
                for column in door(record.entity).values()
                if column.is_required and column.name not in record.values and column.name != "source_id"
            ]
            if lacks:
                raise PipelineError(f"{record.label}: the map lacks {', '.join(lacks)}, which the door requires.")
            for name, value in record.values.items():
                if value.sql is not None:
                    _check_type(record, door(record.entity)[name], value.sql)


def read_columns(record: Record, value: Value) -> tuple[str, ...]:
    """Return the delivered columns that a value reads."""
    if value.sql is not None:
        return columns_in(value.sql, record.label)
    named = (value.column,) if value.column else value.columns
    return tuple(name for name in named if name != THE_ROW)


@cache
def columns_in(sql: str, where: str) -> tuple[str, ...]:
    """Return the columns that an SQL expression names, in their order.

    Raises:
        PipelineError: it is not one expression.
    """
    from sqlglot import exp, parse_one
    from sqlglot.errors import SqlglotError

    try:
        tree = parse_one(sql, dialect="duckdb", into=exp.Condition)
    except SqlglotError as error:
        reason = str(error).splitlines()[0]
        raise PipelineError(f"{where}: the expression '{sql}' cannot be read: {reason}") from None
    return tuple(dict.fromkeys(column.name for column in tree.find_all(exp.Column)))


def _of_entity(table: Table, entity: str, mapped: EntityMap) -> Iterator[Record]:
    if not mapped.each:
        yield Record(table, entity, None, _whens(mapped), _resolved(table, entity, mapped.columns))
        return
    for entry, part in mapped.each.items():
        named = NAMED_BY_ENTRY.get(entity)
        columns = {**({named: Value(value=entry)} if named else {}), **mapped.columns, **part.columns}
        yield Record(table, entity, entry, _whens(mapped, part), _resolved(table, entity, columns))


def _whens(*maps: EntityMap) -> tuple[str, ...]:
    return tuple(mapped.when for mapped in maps if mapped.when)


def _resolved(table: Table, entity: str, columns: Mapping[str, Value]) -> dict[str, Value]:
    found = {}
    for name, value in columns.items():
        where = f"{table.label}: {entity}.{name}"
        resolved = _of_word(table, name, value, where)
        if isinstance(resolved.codes, str):
            resolved = resolved.model_copy(update={"codes": code_map(table.deployment, resolved.codes)})
        for column in (resolved.column, *resolved.columns):
            _check_column(table, column, where)
        found[name] = resolved
    return {**_defaults(table, entity, found), **found}


def _defaults(table: Table, entity: str, mapped: Mapping[str, Value]) -> dict[str, Value]:
    """What a column of the door is where the map leaves it out and only one thing can be meant."""
    found: dict[str, Value] = {}
    columns = door(entity)
    if "currency" in columns:
        found["currency"] = Value(value=table.deployment.currency)
    if "response_source_id" in columns:
        found["response_source_id"] = mapped.get("source_id", Value(column=THE_ROW))
    for system, reference, target in SYSTEMS_OF_REFERENCES:
        delivering = table.deployment.entities().get(target, [])
        own = [name for name in delivering if name == table.system_name] or delivering
        if system in columns and reference in mapped and len(own) == 1:
            found[system] = Value(value=own[0])
    return found


def _of_word(table: Table, name: str, value: Value, where: str) -> Value:
    if value.word is None:
        return value
    declared = {column.lower() for column in _declared(table)}
    if value.word.lower() not in declared and value.word != THE_ROW and value.word in codes(table.deployment, name):
        return Value(value=value.word)
    if declared and value.word.lower() not in declared and (known := codes(table.deployment, name)):
        near = difflib.get_close_matches(value.word, sorted({*known, *_declared(table)}), n=1)
        hint = f" Did you mean '{near[0]}'?" if near else f" The codes are: {', '.join(sorted(known))}."
        raise PipelineError(f"{where}: '{value.word}' is neither a column of the file nor a code.{hint}")
    return Value(column=value.word)


def _check_column(table: Table, column: str | None, where: str) -> None:
    declared = _declared(table)
    if column in {None, THE_ROW} or not declared or str(column).lower() in {name.lower() for name in declared}:
        return
    near = difflib.get_close_matches(str(column), declared, n=1)
    hint = f"Did you mean '{near[0]}'?" if near else f"There are: {', '.join(declared)}."
    raise PipelineError(
        f"{where}: the file has no column '{column}'. {hint} A constant is written {{value: {column}}}."
    )


def _declared(table: Table) -> tuple[str, ...]:
    """The columns of a file without a header, which the deployment names."""
    own = table.settings.files.columns if table.settings.files else ()
    return own or (table.system.files.columns if table.system.files else ())


def _check_type(record: Record, column: DoorColumn, sql: str) -> None:
    """An expression over text has the type of its door's column; columns of other sources have types of their own."""
    where = f"{record.label}.{column.name}"
    names = columns_in(sql, where)
    for name in names:
        _check_column(record.table, name, where)
    kind = column.data_type.split("(")[0]
    if kind not in _KINDS or record.table.system.kind != "csv":
        return
    found = _type_over_text(sql, names)
    if found.startswith(_KINDS[kind]):
        return
    raise PipelineError(
        f"{where}: the expression '{sql}' is {found}, and the door has {column.data_type}. The columns of a file are"
        f" text: cast them, for example cast({names[0] if names else 'x'} as {column.data_type})."
    )


@cache
def _type_over_text(sql: str, columns: tuple[str, ...]) -> str:
    """The type of an expression over columns of text, or what DuckDB says against it."""
    import duckdb

    given = ", ".join(f'cast(null as varchar) as "{name}"' for name in columns) or "1 as nothing"
    with duckdb.connect() as connection:
        try:
            [(found,)] = connection.execute(f"select typeof({sql}) from (select {given})").fetchall()
        except duckdb.Error as error:
            return f"not understood ({str(error).splitlines()[0]})"
    return str(found)
