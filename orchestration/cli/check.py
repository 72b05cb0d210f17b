"""The checks of ``cx360 check``: take a sample of every table through gate 1, staging and doors, and test its key.

Keep out the scratch warehouse (``trial.py``), the test of keys (``check_keys.py``), how results are shown
(``check_page.py``) and missing files of a deployment (``completeness.py``).
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, cast

import pyarrow as pa
from pydantic import BaseModel

from expectations.suite import RawSuite
from orchestration.base.errors import PipelineError
from orchestration.cli.check_keys import KeyTest, key_test
from orchestration.cli.check_table import Column, Sample, TableCheck
from orchestration.cli.trial import Landed, Trial, tried
from orchestration.config.deployment import Deployment, Table
from orchestration.config.settings import Secret
from orchestration.connectors.batch import Batch, NotDeliveredError
from orchestration.connectors.proposals import proposed_settings
from orchestration.connectors.sources import available_load_dates, pull
from orchestration.gates.judge import broken_profile_rules, broken_row_rules
from orchestration.gates.suites import suite_of
from orchestration.landing.columns import PLAIN, as_promised, columns_compared

ROWS = 1_000
"""Rows of a sample."""


def unset_secrets(deployment: Deployment) -> list[str]:
    """Return a message for each environment variable that the deployment names and that is not set."""
    return [
        f"{secret.env} is not set; {where} names it"
        for where, secret in _secrets(deployment, deployment.file)
        if not os.environ.get(secret.env)
    ]


def check_tables(deployment: Deployment, extracts: Path) -> Iterator[TableCheck]:
    """Check every table of the deployment; a failure of one does not stop the others."""
    judged_tables = [_judged(table, extracts) for table in deployment.tables()]
    samples = {found.table.name: landed for found in judged_tables if (landed := _as_landed(found))}
    trial = tried(deployment, samples)
    for found in judged_tables:
        yield _with_proposal(_with_key(_with_trial(found, trial), extracts, trial), extracts)


def _with_proposal(found: TableCheck, extracts: Path) -> TableCheck:
    is_readable = found.sample is not None or found.table.system.files is not None
    is_doubtful = is_readable and (found.failures or found.remarks)
    return replace(found, proposal=proposed_settings(found.table, extracts) if is_doubtful else "")


def _judged(table: Table, extracts: Path) -> TableCheck:
    """The table's sample, judged by its suite."""
    try:
        sample = first_rows(table, extracts)
    except NotDeliveredError as error:
        return TableCheck(table, None, failures=() if table.settings.optional else (str(error),))
    except PipelineError as error:
        return TableCheck(table, None, failures=(str(error),))
    if sample is None:
        return TableCheck(table, None, remarks=("nothing was delivered yet, so nothing was tried",))
    return judged(table, suite_of(table), sample)


def _as_landed(found: TableCheck) -> Landed | None:
    """The sample as it would land; None if there is none, or gate 1 would refuse it."""
    if not found.sample or found.failures:
        return None
    names = as_promised(list(found.sample.columns), found.table, suite_of(found.table))
    columns = [*found.sample.columns, "_source_file", "_source_row"]
    rows = found.sample.rows.select(columns).rename_columns([*names, "_source_file", "_source_row"])
    return Landed(found.table, found.sample.load_date, Batch(rows, found.sample.faults))


def _with_trial(found: TableCheck, trial: Trial) -> TableCheck:
    name = found.table.name
    return replace(
        found,
        failures=(*found.failures, *trial.failures.get(name, ())),
        doors=tuple(trial.doors.get(name, ())),
        fills=trial.fills.get(name, {}),
    )


def _with_key(found: TableCheck, extracts: Path, trial: Trial) -> TableCheck:
    """Test the key on the window of the sample and, if that is cheap, on the history."""
    if found.sample is None or not found.table.settings.key_columns:
        return found
    table = found.table
    theirs = {promised: name for name, promised in table.settings.rename.items()}
    changed_at = [theirs.get(name, name) for name in trial.changed_at(table.name)]
    days = [found.sample.load_date]
    if table.system.files and table.pattern(table.deployment.history_load_date):
        days.append(table.deployment.history_load_date)
    keys: list[KeyTest] = []
    failures = list(found.failures)
    remarks = list(found.remarks)
    for load_date in dict.fromkeys(days):
        try:
            tested = key_test(table, load_date, extracts, changed_at)
        except PipelineError as error:
            failures.append(str(error))
            continue
        keys.append(tested)
        problem, is_failure = key_problem(table, tested)
        if problem:
            (failures if is_failure else remarks).append(problem)
    return replace(found, keys=tuple(keys), failures=tuple(failures), remarks=tuple(remarks))


def key_problem(table: Table, tested: KeyTest) -> tuple[str, bool]:
    """Return what is wrong with the key, and whether that stops a night; empty if nothing is."""
    key = ", ".join(table.settings.key)
    where = f"{table.deployment.file}"
    if tested.missing:
        return f"the key {key} in {where} names columns that are not delivered: {', '.join(tested.missing)}", True
    if tested.hidden_count:
        share = tested.hidden_count / tested.row_count
        problem = (
            f"the key {key} does not identify rows: in {tested.read}, {tested.hidden_count:,} rows ({share:.2%}) differ"
            " from another row of the same key and would be lost. Add the column that tells them apart to the key in"
            f" {where}; if they are versions of one record, deliver the time of the change as updated_at"
        )
        return problem, share > table.limits.key_conflict_rate
    if tested.empty_count:
        return f"{tested.empty_count:,} of {tested.read} have no value in the key {key}", False
    return "", False


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
                sample = _sample(load_date, batch)
                if sample.rows.num_rows or sample.fault_count:
                    return sample
                empty = empty or sample
    return empty


def _sample(load_date: date, batch: Batch) -> Sample:
    rows = batch.rows.slice(0, ROWS)
    is_cut = rows.num_rows < batch.rows.num_rows
    last = rows["_source_row"][-1].as_py() if is_cut else None
    return Sample(load_date, rows, tuple(fault for fault in batch.faults if last is None or fault.source_row <= last))


def judged(table: Table, suite: RawSuite, sample: Sample) -> TableCheck:
    """Return the findings of gate 1 for the sample: row rules and column rules."""
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
        for name in dict.fromkeys(rule.column for rule in suite.rows if not rule.over)
        if kinds.get(name, "text") not in PLAIN
    ]
    rules = tuple(rule for rule in suite.rows if rule.over or kinds.get(rule.column, "text") in PLAIN)
    broken = broken_row_rules(table.name, rules, rows, table.limits, table.deployment.currency)

    def resemblance(missing: str, new: str) -> float:
        of_column = tuple(rule for rule in rules if rule.columns == (missing,))
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
        if delivered is None and promised in suite.possible:
            continue
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
