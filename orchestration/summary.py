"""What ``cx360 run`` prints at the end: the published figures, read from the published file as a reader would."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import duckdb
from rich.console import Console, Group
from rich.table import Table

from orchestration.deployment import Deployment
from orchestration.resources.publication import Publication

_NPS = """
    select survey_type, journey_stage, sum(answer_count), 100.0 * sum(nps_sum) / sum(answer_count)
    from marts.mart_nps_by_segment_stage
    where period_type = 'trailing_quarter'
        and period_end_date = (
            select max(period_end_date) from marts.mart_nps_by_segment_stage where period_type = 'trailing_quarter'
        )
    group by survey_type, journey_stage
    having sum(answer_count) > 0
    order by survey_type, min((select s.stage_order from star.dim_journey_stages as s where s.journey_stage = mart_nps_by_segment_stage.journey_stage))
"""
_SATISFACTION = """
    select metric, count(*), avg(answer_value), avg(cast(answer_value >= scale_max - 1 as integer))
    from star.fct_survey_answers
    where metric in ('csat', 'ces')
    group by metric order by metric
"""
_RETENTION = """
    select age_months, sum(active_customer_count) / sum(cohort_customer_count), sum(cohort_customer_count)
    from marts.mart_retention_cohorts
    where age_months in (1, 3, 6, 12) and is_complete
    group by age_months order by age_months
"""
_VALUE = """
    select customers.segment, count(*), sum(value.revenue_amount), sum(value.margin_amount), avg(value.margin_amount)
    from marts.mart_customer_lifetime_value as value
    inner join marts.mart_customer_360 as customers on value.customer_id = customers.customer_id
    where value.order_count > 0
    group by customers.segment order by sum(value.margin_amount) desc limit 8
"""


def published(deployment: Deployment, publication: Publication) -> Group:
    """The current version in figures: rows per mart, NPS, retention, lifetime value, checks, quarantine, where it is."""
    manifest = publication.manifest()
    if manifest is None:
        return Group("Nothing is published yet.")
    file = publication.current / "cx360.duckdb"
    with duckdb.connect(file.resolve(), read_only=True) as connection:
        tables = [
            _table(("mart", "rows"), [(name.split(".")[1], f"{facts['row_count']:,}") for name, facts in manifest["tables"].items() if name.startswith("marts.")]),
            _table(
                ("NPS, last quarter", "stage", "answers", "NPS"),
                [(kind, stage, f"{n:,}", f"{nps:+.1f}") for kind, stage, n, nps in _rows(connection, _NPS)],
            ),
            _table(
                ("satisfaction", "answers", "mean", "top two boxes"),
                [(metric.upper(), f"{n:,}", f"{mean:.2f}", f"{top:.1%}") for metric, n, mean, top in _rows(connection, _SATISFACTION)],
            ),
            _table(
                ("months after first order", "customers ordering again", "of"),
                [(str(age), f"{rate:.1%}", f"{base:,}") for age, rate, base in _rows(connection, _RETENTION)],
            ),
            _table(
                ("segment", "buyers", f"revenue {deployment.currency}", f"margin {deployment.currency}", "margin per buyer"),
                [
                    (segment, f"{n:,}", f"{revenue:,.0f}", f"{margin or 0:,.0f}", f"{mean or 0:,.2f}")
                    for segment, n, revenue, margin, mean in _rows(connection, _VALUE)
                ],
            ),
        ]
        rejected = _rows(connection, "select sum(quarantined_row_count) from quality.quality_landing_reconciliation")[0][0]
    checks = manifest["checks"]
    lines = [
        f"Published  {manifest['version']}  ({deployment.name}, as of {manifest['as_of_date']}, "
        f"{len(manifest['load_dates'])} load dates)",
        f"Checks     {checks['passed']} passed, {checks['warned']} warned, 0 failed",
        f"Quarantine {rejected or 0:,} rows",
        f"File       {file}",
        f"Dagster UI make ui DEPLOYMENT={deployment.name}",
    ]
    return Group(*(table for table in tables if table.row_count), *lines)


def _rows(connection: duckdb.DuckDBPyConnection, sql: str) -> list[tuple[Any, ...]]:
    return connection.execute(sql).fetchall()


def _table(headings: tuple[str, ...], rows: list[tuple[str, ...]]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), title_justify="left")
    for place, heading in enumerate(headings):
        table.add_column(heading, justify="left" if place == 0 or heading == "stage" else "right", style=None)
    for row in rows:
        table.add_row(*row)
    table.add_section()
    return table


def days(load_dates: list[date]) -> str:
    """A range of load dates in words."""
    if len(load_dates) == 1:
        return f"load date {load_dates[0]}"
    return f"{len(load_dates)} load dates, {load_dates[0]} to {load_dates[-1]}"


def console() -> Console:
    """Where ``cx360`` prints: coloured on a terminal only."""
    return Console(highlight=False, soft_wrap=True)


def relative(path: Path) -> str:
    """A path as a person at the project's root would write it."""
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)
