"""The verdicts of the gates: row rules as one DuckDB query per batch, profile rules by Great Expectations.

Add here how a rule is judged; keep out the rules (``expectations/``) and what a verdict means for the rows
(``landing/admission.py``) or the run (``assets/``).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import duckdb
import numpy as np
import pyarrow as pa

from expectations.suite import Limit, ProfileRule, RowRule
from orchestration.base.errors import InfrastructureError
from orchestration.base.progress import part
from orchestration.config.settings import Limits, Movement
from orchestration.gates.rule_sql import breaks, quoted, verdict

if TYPE_CHECKING:
    from great_expectations.core.batch_definition import BatchDefinition

STANDARD_LIMITS = Limits()
ROW = "row number"
"""The column that numbers the rows of a batch; no delivered column that a rule reads has a space in its name."""


@dataclass(frozen=True)
class Finding:
    """A profile rule that does not hold: how severe that is, what is wrong, and the figure that was judged."""

    severity: str
    message: str
    rule: str


@dataclass(frozen=True)
class Broken:
    """A row rule that a row breaks.

    Attributes:
        rule: the rule without the delivered value, for messages and logs.
        reason: the same with the delivered value, for the quarantine.
    """

    rule: str
    reason: str


def broken_row_rules(
    table: str,
    rules: Sequence[RowRule],
    rows: pa.Table,
    limits: Limits = STANDARD_LIMITS,
    currency: str | None = None,
) -> dict[int, list[Broken]]:
    """Judge each row of a batch.

    Args:
        table: named in the error when a rule cannot be judged.
        rows: delivered columns; rules on columns that are missing are left to the batch rules.
        limits: the plausible dates and amounts of the table.
        currency: the deployment's; a rule that asks for it holds in no row without it.

    Returns:
        For each row that breaks a rule, by its number in the batch from 0, the rules that it breaks, in their order.

    Raises:
        InfrastructureError: a rule could not be judged. That is a fault of the pipeline, never of the data.
    """
    delivered = frozenset(rows.column_names)
    judged = [rule for rule in rules if rule.judges(delivered)]
    if not judged or not rows.num_rows:
        return {}
    with part("gates"):
        found = _broken(table, judged, rows, _bounds(limits, currency))
        if not found:
            return {}
        broken_rows = rows.take(pa.array(list(found), pa.int64()))
        names = {rule.column for rule in judged if not rule.over}
        shown = {name: list(map(_shown, plain_values(broken_rows[name]))) for name in names}
        return {
            row: [
                Broken(
                    rule.name, rule.reason if rule.over else rule.reason.replace("{value}", shown[rule.column][place])
                )
                for rule in broken
            ]
            for place, (row, broken) in enumerate(found.items())
        }


def _bounds(limits: Limits, currency: str | None) -> dict[str, tuple[str, object]]:
    """What a condition may read of the deployment (``RowRule``): by name, the type and the value."""
    return {
        "earliest_date": ("date", limits.earliest_date),
        "latest_date": ("date", limits.latest_date),
        "largest_amount": ("double", limits.largest_amount),
        "currency": ("varchar", currency),
    }


def _broken(
    table: str, rules: Sequence[RowRule], rows: pa.Table, bounds: Mapping[str, tuple[str, object]]
) -> dict[int, list[RowRule]]:
    """The rules that each bad row breaks, by its number."""
    try:
        return {row: [rules[place] for place in places] for row, places in _judged(rules, rows, bounds)}
    except duckdb.Error as error:
        # which rule it is, DuckDB does not say
        rule = next((rule for rule in rules if _is_at_fault(rule, rows, bounds)), rules[0])
        # an error of a query that was planned quotes the value that it stumbled on
        is_of_plan = isinstance(error, (duckdb.BinderException, duckdb.CatalogException, duckdb.ParserException))
        raise InfrastructureError(
            f"{table}: the rule '{rule.name}' could not be judged: {error if is_of_plan else type(error).__name__}\n"
            "This is a fault of the rule or of the machine, not of the data, and nothing of the table lands. Run again;"
            " if the error stays, correct the rule in rules.yml or the map of the table."
        ) from None


def _judged(
    rules: Sequence[RowRule], rows: pa.Table, bounds: Mapping[str, tuple[str, object]]
) -> list[tuple[int, list[int]]]:
    """The number of each row that breaks a rule, and the places of the rules that it breaks."""
    columns = dict.fromkeys(name for rule in rules for name in (*rule.columns, *(rule.when.over if rule.when else ())))
    # a condition over several columns may name one that is not delivered
    values = {name: rows[name] if name in rows.column_names else pa.nulls(rows.num_rows) for name in columns}
    judged = pa.table({ROW: pa.array(np.arange(rows.num_rows)), **values})
    # a float that is not a number is a missing value
    floats = [name for name in columns if pa.types.is_floating(judged.schema.field(name).type)]
    cleaned = ", ".join(f"nullif({quoted(name)}, 'nan') as {quoted(name)}" for name in floats)
    verdicts = [verdict(place, rule) for place, rule in enumerate(rules)]
    broken = ", ".join(f"if({is_broken}, {place}, null)" for place, is_broken in enumerate(verdicts))
    with _database().cursor() as connection:
        connection.execute("set TimeZone = 'UTC'")
        for name, (kind, value) in bounds.items():
            connection.execute(f"set variable {name} = ?::{kind}", [value])
        for place, rule in enumerate(rules):
            if rule.over:
                continue
            connection.execute(f"create temp macro rule_{place}(value, other) as {breaks(rule)}")
        connection.register("judged", judged)
        return connection.execute(
            f"""
            with cleaned as (select * {f"replace ({cleaned})" if cleaned else ""} from judged)
            select {quoted(ROW)}, list_filter([{broken}], lambda place: place is not null)
            from cleaned where {" or ".join(verdicts)} order by {quoted(ROW)}
            """
        ).fetchall()


def _is_at_fault(rule: RowRule, rows: pa.Table, bounds: Mapping[str, tuple[str, object]]) -> bool:
    try:
        _judged([rule], rows, bounds)
    except duckdb.Error:
        return True
    return False


def plain_values(column: pa.ChunkedArray) -> list[Any]:
    """Python's own values; where Python cannot hold one of them, as a year after 9999, all as DuckDB's text."""
    try:
        return list(column.to_pylist())
    except (OverflowError, ValueError):
        with _database().cursor() as connection:
            connection.execute("set TimeZone = 'UTC'")
            connection.register("judged", pa.table([column], names=["value"]))
            return [text for (text,) in connection.execute("select cast(value as varchar) from judged").fetchall()]


def _shown(value: object) -> str:
    text = str(value)
    return text if len(text) <= 60 else text[:57] + "..."


@cache
def _database() -> duckdb.DuckDBPyConnection:
    """An empty database that judges; opened once, because opening takes longer than judging a small batch."""
    # these move casts from inside of try() to where their errors are raised
    return duckdb.connect(config={"disabled_optimizers": "common_subexpressions, unused_columns"})


def broken_profile_rules(
    rules: Sequence[ProfileRule],
    profiles: Sequence[Mapping[str, Any]],
    limits: Limits | Movement = STANDARD_LIMITS,
) -> list[list[Finding]]:
    """Judge the one-row profiles of several units by the rules of their table: what does not hold, by profile."""
    return findings([(rules, profile) for profile in profiles], limits)


def findings(
    judged: Sequence[tuple[Sequence[ProfileRule], Mapping[str, Any]]], limits: Limits | Movement
) -> list[list[Finding]]:
    """Judge one-row profiles, one for each unit or mart; a figure that is null is not judged.

    Args:
        judged: the rules for a unit or mart, and its profile.
        limits: the bounds that rules leave to the deployment.

    Returns:
        For each profile, what does not hold.

    Raises:
        InfrastructureError: the rules could not be judged.
    """
    found: list[list[Finding]] = [[] for _ in judged]
    asked = [
        (place, rule, _figure(profile[rule.judged]))
        for place, (rules, profile) in enumerate(judged)
        for rule in rules
        if profile.get(rule.judged) is not None
    ]
    if not asked:
        return found
    bounds = [(figure, _bound(rule.at_least, limits), _bound(rule.at_most, limits)) for _, rule, figure in asked]
    with part("gates"):
        outside = _outside(bounds)
    for row in sorted(outside):
        place, rule, _ = asked[row]
        message = rule.message.format_map({"limits": limits, **judged[place][1]})
        found[place].append(Finding(rule.severity, message, rule.figure))
    return found


def _bound(bound: float | Limit | None, limits: Limits | Movement) -> float | None:
    """A bound as a number, whether the rule or the deployment sets it."""
    return bound.sign * float(getattr(limits, bound.name)) if isinstance(bound, Limit) else bound


def _figure(value: Any) -> float:
    """A figure to judge. NaN counts as infinite: as a null it would slip through every bound."""
    return math.inf if math.isnan(float(value)) else float(value)


def _outside(bounds: Sequence[tuple[float, float | None, float | None]]) -> set[int]:
    """The places of the figures that lie outside their bounds, as Great Expectations judges them.

    One row for each figure rather than one expectation: an expectation costs some milliseconds whatever it judges.
    """
    import great_expectations as gx
    import great_expectations.expectations as gxe
    import pandas as pd

    figures = pd.DataFrame(bounds, columns=["figure", "at_least", "at_most"], dtype=float)
    pairs = (("figure", "at_least"), ("at_most", "figure"))
    suite = gx.ExpectationSuite(
        name="profiles",
        expectations=[
            gxe.ExpectColumnPairValuesAToBeGreaterThanB(
                column_A=larger, column_B=smaller, or_equal=True, ignore_row_if="either_value_is_missing"
            )
            for larger, smaller in pairs
        ],
    )
    batch = _frames().get_batch(batch_parameters={"dataframe": figures})
    # naming the rows takes as long again as judging them: only where there are any
    for result_format in ("BOOLEAN_ONLY", "COMPLETE"):
        results = batch.validate(suite, result_format={"result_format": result_format}).results
        for result in results:
            if problem := _raised(result.exception_info or {}):
                raise InfrastructureError(
                    f"Great Expectations could not judge the figures of a profile: {problem}\n"
                    "This is a fault of the machine, not of the data: run again."
                )
        if all(result.success for result in results):
            return set()
    return {int(row) for result in results for row in result.result.get("unexpected_index_list") or ()}


def _raised(info: Mapping[str, Any]) -> str | None:
    """The message of an exception inside an expectation, in either shape that Great Expectations reports it."""
    if "raised_exception" in info:
        return str(info["exception_message"]) if info["raised_exception"] else None
    messages = [inner["exception_message"] for inner in info.values() if inner.get("raised_exception")]
    return str(messages[0]) if messages else None


@cache
def _frames() -> BatchDefinition[Any]:
    """An ephemeral context that takes frames; made once, because the import alone takes seconds."""
    import os

    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    return (
        context.data_sources.add_pandas("frames")
        .add_dataframe_asset("frame")
        .add_batch_definition_whole_dataframe("whole")
    )
