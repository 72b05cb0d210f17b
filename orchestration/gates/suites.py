"""The suite of a table in its deployment: what its rules say, what its maps require, and what its key brings.

Add here rules that follow from the deployment's file; keep out how a rule is judged (``judge.py``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from expectations import rules
from expectations.registry import raw_suites
from expectations.suite import RawSuite, RowRule
from orchestration.config.deployment import Table
from orchestration.config.doors import DoorColumn, door
from orchestration.config.maps import Value
from orchestration.config.records import THE_ROW, Record, columns_in, read_columns, records_of
from orchestration.config.reference import codes
from orchestration.config.table_rules import suite_of_rules

CLOSED = ("metric", "survey_type", "acquired_by")
"""Columns whose codes the warehouse itself defines: no deployment adds one."""


def suite_of(table: Table) -> RawSuite:
    """Return the suite of a table; every part of its key must identify, whether a rule says so or not.

    Raises:
        PipelineError: a map of the table names something that does not exist.
    """
    declared = suite_of_rules(table.name, table.settings.rules)
    # a suite in Python, for what rules as data cannot say
    written = raw_suites().get(table.name) or declared
    records = records_of(table)
    mapped = {column for record in records for column in _columns(record, record.values)}
    # the connectors of a ready system may leave out empty columns
    must = {
        column
        for record in records
        for column in _columns(record, _needed(record) if _is_lenient(record) else record.values)
    }
    required = (*declared.required, *written.required, *table.settings.key_columns, *sorted(must))
    optional = dict.fromkeys((*declared.optional, *written.optional, *sorted(mapped)))
    known = dict.fromkeys(required)
    others = tuple(name for name in optional if name not in known)
    rows = (*written.rows, *declared.rows, *(rule for record in records for rule in _of_record(record)))
    rows = (*rows, *(rule for column in table.settings.key_columns for rule in rules.identifies(column)))
    return replace(
        written,
        required=tuple(known),
        optional=() if table.system.use else tuple(name for name in others if name not in mapped),
        possible=others if table.system.use else tuple(name for name in others if name in mapped),
        rows=tuple(_distinct(rows)),
        batch=(*written.batch, *(rule for rule in declared.batch if rule not in written.batch)),
        changed_at=declared.changed_at or written.changed_at,
    )


def _is_lenient(record: Record) -> bool:
    """Whether columns may be missing that no required column of the door needs."""
    return bool(record.table.system.use) or record.table.settings.maps[record.entity].as_named


def _distinct(made: Iterable[RowRule]) -> Iterator[RowRule]:
    """The rules, each once: several entities may read one column."""
    known = set()
    for rule in made:
        if (rule.name, rule.when) not in known:
            known.add((rule.name, rule.when))
            yield rule


def _columns(record: Record, names: Iterable[str]) -> Iterator[str]:
    for name in names:
        yield from read_columns(record, record.values[name])
    for condition in record.whens:
        yield from columns_in(condition, record.label)


def _needed(record: Record) -> list[str]:
    """The columns of the door without which no row has the record; a row may lack the id of one beside its own."""
    needed = [name for name in record.values if door(record.entity)[name].is_required]
    return [name for name in needed if name != "source_id" or record.is_of_every_row]


def _of_record(record: Record) -> Iterator[RowRule]:
    """The rules of the values of a record, for the rows that it is of."""
    for condition in record.whens:
        yield from rules.computable("a condition of the map", condition, columns_in(condition, record.label))
    for name, value in record.values.items():
        column = door(record.entity)[name]
        # an entry without a required value is left out
        is_required = column.is_required and name != "source_id" and record.entry is None
        made = [*_of_value(record, column, value)]
        present = [*_present(column, value, record)] if is_required else []
        yield from _for_rows(record, made)
        yield from _for_rows(record, present, own_id=True)


def _of_value(record: Record, column: DoorColumn, value: Value) -> Iterator[RowRule]:
    """A value can be cast to the type of its door's column, and is one of the codes."""
    if value.sql is not None:
        cast = f"cast(({value.sql}) as {column.data_type})"
        over = columns_in(value.sql, record.label)
        yield from rules.computable(column.name, cast, over)
        if isinstance(value.codes, dict) and value.otherwise is None:
            yield from rules.computed_one_of(column.name, value.sql, over, *value.codes)
    if value.column is None or value.column == THE_ROW:
        return
    if isinstance(value.codes, dict):
        if value.otherwise is None:
            yield from rules.one_of(value.column, *value.codes)
        return
    match column.data_type.split("(")[0]:
        case "integer":
            yield from rules.whole_number(value.column, *_bounds(record, column))
        case "decimal":
            yield from rules.amount(value.column)
        case "timestamp":
            yield from rules.moment(value.column)
        case "varchar" if column.name in CLOSED:
            yield from rules.one_of(value.column, *sorted(codes(record.table.deployment, column.name)))


def _bounds(record: Record, column: DoorColumn) -> tuple[float | None, float | None]:
    """The ends of the scale of an answer, where they are constants."""
    if column.name != "answer_value":
        return None, None
    ends = [record.values[name].value if name in record.values else None for name in ("scale_min", "scale_max")]
    low, high = (end if isinstance(end, int | float) else None for end in ends)
    return low, high


def _present(column: DoorColumn, value: Value, record: Record) -> Iterator[RowRule]:
    if value.sql is not None:
        cast = f"cast(({value.sql}) as {column.data_type})"
        yield from rules.computable(column.name, cast, columns_in(value.sql, record.label), may_be_null=False)
    for name in (value.column, *value.columns):
        if name not in {None, THE_ROW}:
            yield from rules.required(str(name))


def _for_rows(record: Record, made: Iterable[RowRule], *, own_id: bool = False) -> tuple[RowRule, ...]:
    """The rules for the rows that the record is of: those of its conditions, and for ``own_id`` those with its id."""
    found = tuple(made)
    for condition in record.whens:
        found = rules.when(condition, columns_in(condition, record.label), found)
    value = record.values.get("source_id")
    if own_id and value is not None and not record.is_of_every_row and (names := read_columns(record, value)):
        given = f"({value.sql})" if value.sql else '"' + names[0].replace('"', '""') + '"'
        found = rules.when(f"{given} is not null", names, found)
    return found
