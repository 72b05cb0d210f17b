"""After gate 1 no single row stops a night: a company whose columns hold every hostile value, in a row each."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest

from demo.generate import generate
from orchestration.base.paths import Home
from orchestration.config.deployment import Deployment, load_deployment
from orchestration.config.settings import Limits
from tests.integration.conftest import HISTORY, Company
from tests.integration.hostile.planting import FIRST_ID, Drop, Planted, plant

pytestmark = pytest.mark.long


def planted_company(deployment: Deployment, extracts: Path, root: Path) -> tuple[Company, list[Planted]]:
    """A company whose history holds the hostile rows of all its tables."""
    # the rows are planted all at once: shares of them say nothing
    limits = Limits(rejected_rate=1, duplicate_rate=1, key_conflict_rate=1, unknown_code_rate=1)
    hostile = deployment.model_copy(update={"limits": limits})
    load_date = hostile.history_load_date
    planted: list[Planted] = []
    for table in hostile.tables():
        drop = Drop(extracts / str(table.pattern(load_date)))
        planted += plant(table, drop, load_date, FIRST_ID + len(planted))
        if "order_lines" in table.settings.delivers:
            drop.add(lines_of([one.row for one in planted if one.table == "shop__orders"], drop.read()[-1]))
    return Company(hostile, Home(root / hostile.name), extracts), planted


def lines_of(orders: Sequence[Mapping[str, Any]], line: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A line for each order that was planted."""
    return [{**line, "order_number": order["order_number"]} for order in orders if order["order_number"]]


@dataclass(frozen=True)
class Night:
    """The published night, and what was planted in it."""

    company: Company
    planted: list[Planted]


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Night:
    """The demo company with a hostile history."""
    root = tmp_path_factory.mktemp("hostile")
    generate(root / "extracts", customers=60, nights=0, seed=11, history_load_date=HISTORY)
    shutil.rmtree(root / "extracts" / "truth")
    company, planted = planted_company(
        load_deployment("demo").model_copy(update={"history_load_date": HISTORY}), root / "extracts", root
    )
    company.succeed()
    return Night(company, planted)


def test_a_night_of_hostile_rows_is_published_with_a_calendar_of_plausible_years(night: Night) -> None:
    [(first, last)] = night.company.query("select min(date_day), max(date_day) from star.dim_dates")
    assert (str(first), str(last)) == ("1971-01-01", "2026-12-31")


def test_every_record_is_in_the_star_or_left_out_for_a_reason(night: Night) -> None:
    rows = night.company.query(
        "select entity, system from quality.quality_entity_reconciliation where not is_reconciled"
    )
    assert rows == []
    left_out = night.company.query(
        """
        select entity from quality.quality_entity_reconciliation
        where dated_ahead_record_count > 0 group by entity order by entity
        """
    )
    # those with one time; others may be in quarantine, because their other times lie before it
    assert {entity for (entity,) in left_out} >= {
        "acquisitions", "interactions", "payments", "refunds", "survey_answers",
    }  # fmt: skip


def test_every_planted_row_has_landed_or_is_in_quarantine_with_its_reason(night: Night) -> None:
    """Rows are counted in the files: each delivered one is in exactly one of the two."""
    home = night.company.home
    with duckdb.connect() as connection:
        [(kept,)] = connection.execute(
            f"""
            select sum(row_count) from (
                select count(*) as row_count from '{home.landing}/*/*/*/*.parquet'
                union all select count(*) from '{home.quarantine}/*/*/*/*.parquet'
            )
            """
        ).fetchall()
        unexplained = connection.execute(
            f"select count(*) from '{home.quarantine}/*/*/*/*.parquet' where len(reasons) = 0"
        ).fetchall()
    [(delivered,)] = night.company.query("select sum(source_row_count) from quality.quality_landing_reconciliation")
    assert kept == delivered
    assert kept > len(night.planted) > 5000
    assert unexplained == [(0,)]


@pytest.mark.parametrize(
    ("table", "time"),
    [
        ("fct_orders", "greatest(ordered_at, shipped_at, delivered_at)"),
        ("fct_interactions", "occurred_at"),
        ("fct_refunds", "refunded_at"),
        ("fct_cases", "greatest(opened_at, first_response_at, resolved_at, reopened_at)"),
        ("fct_survey_answers", "answered_at"),
        ("fct_survey_invitations", "greatest(sent_at, delivered_at, responded_at)"),
        ("fct_subscriptions", "started_at"),
        ("fct_acquisitions", "acquired_at"),
        ("dim_customers", "registered_at"),
    ],
)
def test_nothing_that_lies_ahead_is_in_the_star(night: Night, table: str, time: str) -> None:
    """The as-of moment is the end of 2025 in Berlin, 23:00 UTC."""
    [(latest,)] = night.company.query(f"select max({time}) from star.{table}")
    assert str(latest) < "2025-12-31 23:00:00"
