"""What ``cx360 check`` finds: every table is tried, ten of its rows are judged, and nothing lands.

Add here what is tried and judged before a first night; keep out how it is shown (``check_page.py``), what is proposed
to write (``skeletons.py``) and which places a deployment needs (``wiring.py``).
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any, cast

import pyarrow as pa
from pydantic import BaseModel

from expectations.registry import raw_suites
from expectations.suite import RawSuite
from orchestration.base.errors import PipelineError
from orchestration.config.deployment import Deployment, Table
from orchestration.config.settings import Secret
from orchestration.connectors.batch import RESERVED_COLUMNS, Batch
from orchestration.connectors.sources import available_load_dates, pull
from orchestration.gates.judge import broken_profile_rules, broken_row_rules
from orchestration.landing.columns import PLAIN, as_promised, columns_compared, kind_of

ROWS = 10


@dataclass(frozen=True)
class Column:
    """A column as it is delivered and as it is promised.

    Attributes:
        delivered: its name in the source; None where it is missing.
        promised: its name in the suite; None where nothing reads it.
        kind: what kind of values it holds.
        state: required, optional or new, and ``missing`` or ``renamed`` where it is.
    """

    delivered: str | None
    promised: str | None
    kind: str
    state: str


@dataclass(frozen=True)
class Sample:
    """Ten rows of a table, as they were delivered for a load date, and how many lines beside them are no records."""

    load_date: date
    rows: pa.Table
    fault_count: int = 0

    @property
    def columns(self) -> dict[str, str]:
        """The delivered columns and what kind of values they hold."""
        return {field.name: kind_of(field.type) for field in self.rows.schema if field.name not in RESERVED_COLUMNS}


@dataclass(frozen=True)
class TableCheck:
    """What was found of one table.

    Attributes:
        sample: None where it could not be pulled, or has nothing.
        failures: what would stop a night, each for the person who must mend it.
        remarks: what would land with a warning.
    """

    table: Table
    sample: Sample | None
    columns: tuple[Column, ...] = ()
    failures: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


def unset_secrets(deployment: Deployment) -> list[str]:
    """The environment variables that the deployment names and that hold nothing, and where it names them."""
    return [
        f"{secret.env} is not set; {where} names it"
        for where, secret in _secrets(deployment, f"deployments/{deployment.name}.yml")
        if not os.environ.get(secret.env)
    ]


def check_tables(deployment: Deployment, extracts: Path) -> Iterator[TableCheck]:
    """Try every table of the deployment, one after the other; a fault of one hides nothing of the others."""
    for table in deployment.tables():
        try:
            sample = first_rows(table, extracts)
        except PipelineError as error:
            yield TableCheck(table, None, failures=(str(error),))
            continue
        suite = raw_suites().get(table.name)
        if sample is None:
            yield TableCheck(table, None, remarks=("nothing was delivered yet",))
        elif suite is None:
            columns = tuple(Column(name, None, kind, "no suite") for name, kind in sample.columns.items())
            yield TableCheck(table, sample, columns)
        else:
            yield judged(table, suite, sample)


def first_rows(table: Table, extracts: Path) -> Sample | None:
    """The first rows of the newest window that has any; None where no window has.

    Raises:
        PipelineError: the source cannot be reached, or what it delivers cannot be taken as it is.
    """
    system = table.system.model_copy(update={"tables": {table.table_name: table.settings}})
    alone = table.deployment.model_copy(update={"systems": {table.system_name: system}})
    days = available_load_dates(alone, extracts)
    empty: Sample | None = None
    # a database can be asked for every day: when the last one is quiet, the whole past is not
    for load_date in dict.fromkeys([*days[-1:], *days[:1]] or [table.deployment.history_load_date]):
        # a connector is a generator: closed, it lets go of its file or connection at once
        with closing(cast("Any", pull(table, load_date, extracts))) as batches:
            for batch in cast("Iterator[Batch]", batches):
                sample = Sample(load_date, batch.rows.slice(0, ROWS), len(batch.faults))
                if sample.rows.num_rows or sample.fault_count:
                    return sample
                empty = empty or sample
    return empty


def judged(table: Table, suite: RawSuite, sample: Sample) -> TableCheck:
    """What gate 1 would say of ten rows: the rules for rows, and those for columns."""
    delivered = list(sample.columns)
    failures: list[str] = []
    try:
        names = as_promised(delivered, table, suite)
    except PipelineError as error:
        failures.append(str(error))
        unnamed = replace(table, deployment=_without_renames(table))
        names = as_promised(delivered, unnamed, suite)
    kinds = dict(zip(names, sample.columns.values(), strict=True))
    rows = sample.rows.select(delivered).rename_columns(names)
    failures += [
        f"column '{name}' holds {kinds[name]}, and its rules judge plain values: deliver it as text, nested values as"
        " JSON"
        for name in dict.fromkeys(rule.column for rule in suite.rows)
        if kinds.get(name, "text") not in PLAIN
    ]
    rules = tuple(rule for rule in suite.rows if kinds.get(rule.column, "text") in PLAIN)
    broken = broken_row_rules(table.name, rules, rows)

    def resemblance(missing: str, new: str) -> float:
        of_column = tuple(rule for rule in rules if rule.column == missing and not rule.other)
        values = rows.select([new]).drop_null().rename_columns([missing])
        # rules that a question mark meets say nothing about what the column holds
        is_telling = broken_row_rules(table.name, of_column, pa.table({missing: ["?"]}))
        if not values.num_rows or not is_telling or kinds[new] not in PLAIN:
            return 0.0
        return 1 - len(broken_row_rules(table.name, of_column, values)) / len(values)

    counted = sample.rows.num_rows + sample.fault_count
    rejected = len(broken) + sample.fault_count
    facts = {
        "row_count": counted,
        "rejected_count": rejected,
        "rejected_rate": rejected / counted if counted else None,
        **columns_compared(table, suite, kinds, {}, resemblance),
    }
    found = broken_profile_rules(suite.batch, [facts], table.limits)[0]
    per_rule = Counter(told.rule for reasons in broken.values() for told in reasons)
    if sample.fault_count:
        per_rule["a line cannot be read as a record"] = sample.fault_count
    failures += [finding.message for finding in found if finding.severity == "error"]
    remarks = [f"{count} of {counted} rows: {rule}" for rule, count in per_rule.items()]
    remarks += [finding.message for finding in found if finding.severity == "warn"]
    columns = _columns(suite, dict(zip(delivered, names, strict=True)), sample.columns)
    return TableCheck(table, sample, columns, tuple(failures), tuple(remarks))


def _columns(suite: RawSuite, names: Mapping[str, str], kinds: Mapping[str, str]) -> tuple[Column, ...]:
    """The promised columns in their order, then those that are new."""
    theirs = {promised: delivered for delivered, promised in names.items()}
    found = []
    for promised in suite.promised:
        state = "required" if promised in suite.required else "optional"
        delivered = theirs.get(promised)
        if delivered is None:
            found.append(Column(None, promised, "", f"{state}, missing"))
        else:
            renamed = ", renamed" if delivered.lower() != promised.lower() else ""
            found.append(Column(delivered, promised, kinds[delivered], state + renamed))
    is_header = bool(theirs.keys() & set(suite.promised))
    new = [name for name, ours in names.items() if ours not in suite.promised]
    # what stands where a header should be may be a person's data
    shown = {name: name if is_header else f"column {place}" for place, name in enumerate(names, start=1)}
    return (*found, *(Column(shown[name], None, kinds[name], "new") for name in new))


def _without_renames(table: Table) -> Deployment:
    settings = table.settings.model_copy(update={"rename": {}})
    system = table.system.model_copy(update={"tables": {table.table_name: settings}})
    return table.deployment.model_copy(update={"systems": {table.system_name: system}})


def _secrets(value: object, where: str) -> Iterator[tuple[str, Secret]]:
    """Every secret in a part of the deployment, and its place."""
    if isinstance(value, Secret):
        yield where, value
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from _secrets(
                getattr(value, name), f"{where}, {name}" if where.endswith(".yml") else f"{where}.{name}"
            )
    elif isinstance(value, Mapping):
        for name, part in value.items():
            yield from _secrets(part, f"{where}.{name}")
    elif isinstance(value, tuple):
        for part in value:
            yield from _secrets(part, where)
