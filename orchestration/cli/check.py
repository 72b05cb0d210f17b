"""The checks of ``cx360 check``: pull ten rows of every table and judge them; nothing lands.

Keep out how results are shown (``check_page.py``), generated skeletons (``skeletons.py``) and missing files of a
deployment (``completeness.py``).
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
    """A column as it is delivered and as the suite promises it.

    Attributes:
        delivered: its name in the source; None if it is missing.
        promised: its name in the suite; None if it is not in the suite.
        kind: the kind of its values.
        state: required, optional or new, plus ``missing`` or ``renamed``.
    """

    delivered: str | None
    promised: str | None
    kind: str
    state: str


@dataclass(frozen=True)
class Sample:
    """Up to ten delivered rows of a table, and the number of lines that are not records."""

    load_date: date
    rows: pa.Table
    fault_count: int = 0

    @property
    def columns(self) -> dict[str, str]:
        """The delivered columns and the kind of their values."""
        return {field.name: kind_of(field.type) for field in self.rows.schema if field.name not in RESERVED_COLUMNS}


@dataclass(frozen=True)
class TableCheck:
    """The result for one table.

    Attributes:
        sample: None if nothing could be pulled.
        failures: problems that would stop a night.
        remarks: problems that would land with a warning.
    """

    table: Table
    sample: Sample | None
    columns: tuple[Column, ...] = ()
    failures: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


def unset_secrets(deployment: Deployment) -> list[str]:
    """Return a message for each environment variable that the deployment names and that is not set."""
    return [
        f"{secret.env} is not set; {where} names it"
        for where, secret in _secrets(deployment, f"deployments/{deployment.name}.yml")
        if not os.environ.get(secret.env)
    ]


def check_tables(deployment: Deployment, extracts: Path) -> Iterator[TableCheck]:
    """Check every table of the deployment; a failure of one does not stop the others."""
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
    """Return the first rows of the last or else the first window; None if nothing was delivered.

    Raises:
        PipelineError: the source cannot be reached, or its delivery is unusable.
    """
    system = table.system.model_copy(update={"tables": {table.table_name: table.settings}})
    alone = table.deployment.model_copy(update={"systems": {table.system_name: system}})
    days = available_load_dates(alone, extracts)
    empty: Sample | None = None
    # a database can be queried for every day: if the last window is empty, the history is not
    for load_date in dict.fromkeys([*days[-1:], *days[:1]] or [table.deployment.history_load_date]):
        # closing the generator releases its file or connection at once
        with closing(cast("Any", pull(table, load_date, extracts))) as batches:
            for batch in cast("Iterator[Batch]", batches):
                sample = Sample(load_date, batch.rows.slice(0, ROWS), len(batch.faults))
                if sample.rows.num_rows or sample.fault_count:
                    return sample
                empty = empty or sample
    return empty


def judged(table: Table, suite: RawSuite, sample: Sample) -> TableCheck:
    """Return the findings of gate 1 for ten rows: row rules and column rules."""
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
        f"column '{name}' holds {kinds[name]}, but its rules need plain values: deliver it as text, nested values as"
        " JSON"
        for name in dict.fromkeys(rule.column for rule in suite.rows)
        if kinds.get(name, "text") not in PLAIN
    ]
    rules = tuple(rule for rule in suite.rows if kinds.get(rule.column, "text") in PLAIN)
    broken = broken_row_rules(table.name, rules, rows)

    def resemblance(missing: str, new: str) -> float:
        of_column = tuple(rule for rule in rules if rule.column == missing and not rule.other)
        values = rows.select([new]).drop_null().rename_columns([missing])
        # rules that a question mark meets do not identify a column
        is_specific = broken_row_rules(table.name, of_column, pa.table({missing: ["?"]}))
        if not values.num_rows or not is_specific or kinds[new] not in PLAIN:
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
    per_rule = Counter(reason.rule for reasons in broken.values() for reason in reasons)
    if sample.fault_count:
        per_rule["a line cannot be read as a record"] = sample.fault_count
    failures += [finding.message for finding in found if finding.severity == "error"]
    remarks = [f"{count} of {counted} rows: {rule}" for rule, count in per_rule.items()]
    remarks += [finding.message for finding in found if finding.severity == "warn"]
    columns = _columns(suite, dict(zip(delivered, names, strict=True)), sample.columns)
    return TableCheck(table, sample, columns, tuple(failures), tuple(remarks))


def _columns(suite: RawSuite, names: Mapping[str, str], kinds: Mapping[str, str]) -> tuple[Column, ...]:
    """The promised columns in order, then the new ones."""
    delivered_names = {promised: delivered for delivered, promised in names.items()}
    found = []
    for promised in suite.promised:
        state = "required" if promised in suite.required else "optional"
        delivered = delivered_names.get(promised)
        if delivered is None:
            found.append(Column(None, promised, "", f"{state}, missing"))
        else:
            renamed = ", renamed" if delivered.lower() != promised.lower() else ""
            found.append(Column(delivered, promised, kinds[delivered], state + renamed))
    is_header = bool(delivered_names.keys() & set(suite.promised))
    new = [name for name, promised in names.items() if promised not in suite.promised]
    # without a header the first line may be personal data
    shown = {name: name if is_header else f"column {position}" for position, name in enumerate(names, start=1)}
    return (*found, *(Column(shown[name], None, kinds[name], "new") for name in new))


def _without_renames(table: Table) -> Deployment:
    settings = table.settings.model_copy(update={"rename": {}})
    system = table.system.model_copy(update={"tables": {table.table_name: settings}})
    return table.deployment.model_copy(update={"systems": {table.system_name: system}})


def _secrets(value: object, where: str) -> Iterator[tuple[str, Secret]]:
    """Every secret in a section of the deployment, with its path."""
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
