"""The outcome that ``cx360 run`` prints: what failed, or figures read from the published file.

Only sums of figures that the marts hold; definitions belong to the marts (``docs/metrics.md``).
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import duckdb
from rich.console import Console, Group
from rich.table import Table

from orchestration.base.paths import Home
from orchestration.config.deployment import Deployment
from orchestration.landing.unit_profile import was_delivered
from orchestration.publication.publication import Publication
from orchestration.runs.pending import hold_reason

if TYPE_CHECKING:
    from orchestration.run import Outcome

# headings of the columns, and the query that fills them; a section without rows is left out
SECTIONS: tuple[tuple[tuple[str, ...], str], ...] = (
    (
        ("NPS, last complete quarter", "stage", "answers", "NPS"),
        """
        select survey_type, journey_stage, sum(answer_count), round(100.0 * sum(nps_sum) / sum(answer_count), 1)
        from marts.mart_nps_by_segment_stage_quarterly as mart
        where answer_count > 0 and quarter_start_date = (
            select max(quarter_start_date) from marts.mart_nps_by_segment_stage_quarterly where is_complete
        )
        group by survey_type, journey_stage
        order by survey_type, (
            select stage_order from star.dim_journey_stages as stage where stage.journey_stage = mart.journey_stage
        )
        """,
    ),
    (
        ("answers of all time", "count", "mean"),
        """
        select metric, count(*), round(avg(answer_value), 2)
        from star.fct_survey_answers group by metric order by metric
        """,
    ),
    (
        ("months after the first order", "customers", "ordered again, %"),
        """
        select age_months, sum(cohort_customer_count),
            round(100.0 * sum(active_customer_count) / sum(cohort_customer_count), 1)
        from marts.mart_retention_cohorts
        where age_months in (1, 3, 6, 12) and is_complete
        group by age_months order by age_months
        """,
    ),
    (
        ("value by segment", "buyers", "revenue", "margin", "per buyer", "to come"),
        """
        select segment, count(*), round(sum(revenue_amount)), round(sum(margin_amount)),
            round(sum(margin_amount) / count(margin_amount), 2), round(sum(residual_value_amount))
        from marts.mart_customer_lifetime_value
        where order_count > 0
        group by segment order by sum(margin_amount) desc nulls last limit 8
        """,
    ),
    (
        ("forecast of", "days", "orders expected", "came", "error, %", "naive, %"),
        """
        select cut_off_date, outcome_days, round(expected_orders), order_count,
            round(100 * order_error_rate, 1), round(100 * naive_error_rate, 1)
        from marts.mart_forecast_accuracy_total
        where order_count > 0
        order by outcome_days desc limit 1
        """,
    ),
)


def print_outcome(console: Console, deployment: Deployment, outcome: Outcome) -> None:
    """Print the published figures, or what failed and what to do about it."""
    publication = Publication(Home.of(deployment.name), deployment.retention)
    for problem in outcome.unsent_alerts:
        console.print(f"\n{problem}", style="yellow", markup=False)
    if outcome.problems:
        for problem in outcome.problems:
            console.print(f"\n{problem}", style="red", markup=False)
        manifest = publication.manifest()
        console.print(f"\n{_failed(outcome, manifest)} Details: make ui DEPLOYMENT={deployment.argument}")
        return
    console.print("", published(deployment, publication), sep="\n")
    if days := outcome.undelivered_days:
        console.print(f"No extracts for {len(days)} of the requested load dates, {days[0]} to {days[-1]}.")
    if outcome.run_id is None:
        console.print("Nothing was pending: every load date with extracts is published or on hold.")
    if held := hold_reason(deployment, publication):
        console.print(held, style="yellow", markup=False)


def _failed(outcome: Outcome, manifest: Mapping[str, Any] | None) -> str:
    """Return what became of a night that failed, and what readers have."""
    if manifest is None:
        return "The night has failed. Nothing is published yet."
    if manifest["run_id"] == outcome.run_id:
        return f"Version {manifest['version']} is published, and a step after it has failed."
    return f"The night has failed. Version {manifest['version']} stays published."


def published(deployment: Deployment, publication: Publication) -> Group:
    """Describe the current version: rows per mart, main figures, checks, rows in quarantine, its file."""
    manifest = publication.manifest()
    if manifest is None:
        return Group("Nothing is published yet.")
    file = publication.current / "cx360.duckdb"
    marts = [
        (name.removeprefix("marts."), facts["row_count"])
        for name, facts in manifest["tables"].items()
        if name.startswith("marts.")
    ]
    with duckdb.connect(file.resolve(), read_only=True) as connection:
        tables = [_table(("mart", "rows"), marts)]
        tables += [_table(headings, connection.execute(sql).fetchall()) for headings, sql in SECTIONS]
        [(rejected,)] = connection.execute(
            "select coalesce(sum(quarantined_row_count), 0) from quality.quality_landing_reconciliation"
        ).fetchall()
        [(warned,)] = connection.execute(
            """
            select string_agg(distinct table_name, ', ' order by table_name)
            from quality.quality_checks where status = 'warned' and run_id = ?
            """,
            [manifest["run_id"]],
        ).fetchall()
    tables_of_systems = (table for table in deployment.tables() if table.settings.optional)
    absent = [table.name for table in tables_of_systems if not was_delivered(publication.home, table)]
    checks = manifest["checks"]
    days = manifest["load_dates"]
    facts = [
        f"Published   {manifest['version']} of {deployment.name}, amounts in {deployment.currency}",
        f"Load dates  {days[0]} to {days[-1]} ({len(days)}), as of {manifest['as_of_date']}",
        f"Checks      {checks['passed']} passed, {checks['warned']} warned, 0 failed",
        *([f"Warned      {warned} (the Dagster UI shows why)"] if warned else []),
        f"Quarantine  {rejected:,} rows",
        *([f"Absent      {', '.join(absent)}: their entities stay empty"] if absent else []),
        f"File        {file}",
        f"Dagster UI  make ui DEPLOYMENT={deployment.argument}",
    ]
    return Group(*(part for table in tables if table.row_count for part in (table, "")), "\n".join(facts))


def _table(headings: tuple[str, ...], rows: list[tuple[Any, ...]]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0))
    for position, heading in enumerate(headings):
        is_text = position == 0 or heading == "stage"
        table.add_column(heading, justify="left" if is_text else "right", no_wrap=True, header_style="bold")
    for row in rows:
        table.add_row(*(_shown(value) for value in row))
    return table


def _shown(value: object) -> str:
    if isinstance(value, int | float | Decimal):
        return f"{value:,}"
    return "-" if value is None else str(value)
