"""What the rules of both gates found in a run, in counts: beside each check, and as rows of the history."""

from __future__ import annotations

import json
from pathlib import Path

import dagster as dg
import pytest

from expectations.marts.customer_360 import CUSTOMER_360
from expectations.rules import between
from expectations.suite import MartSuite
from orchestration.assets.extract.landed import results_of
from orchestration.base.paths import Home
from orchestration.runs.recovery import RULE_RESULT, RULES, rule_results
from tests.unit.landing.deliveries import CUSTOMERS, Company, company, deliver_customers
from tests.unit.marts.warehouses import Warehouses, executed

pytestmark = pytest.mark.xdist_group("great expectations")


def found(demo: Company, asked: str | None = None) -> dict[str, tuple[int, int, str]]:
    """By rule: how many rows or units were evaluated, how many broke it, and its status."""
    units = demo.landing.admit(demo.table(CUSTOMERS), [demo.history], asked)
    records = [result.record() for result in results_of(demo.table(CUSTOMERS), units)]
    return {
        str(one["rule"]): (int(one["evaluated_count"]), int(one["unexpected_count"]), str(one["status"]))
        for one in records
    }


def deliver(demo: Company, rows: int, bad: int) -> None:
    deliver_customers(demo, demo.history, rows, bad)
    delivered = demo.landing.extracts / str(demo.history)
    delivered.rename(demo.landing.extracts / "history")


def test_row_rules_count_rows_and_batch_rules_count_units(tmp_path: Path) -> None:
    demo = company("demo", tmp_path)
    deliver(demo, rows=20, bad=2)
    results = found(demo)
    assert results["updated_at is no time with an offset"] == (20, 2, "quarantined")
    assert results["customer_id is missing"] == (20, 0, "passed")
    assert results["rejected_rate"] == (1, 1, "failed")
    assert results["missing_column_count"] == (1, 0, "passed")
    # the first load has none to be compared with
    assert results["row_count"] == (0, 0, "not_evaluated")


def test_a_line_that_is_no_record_is_counted_and_no_row_rule_judges_it(tmp_path: Path) -> None:
    demo = company("demo", tmp_path)
    deliver(demo, rows=20, bad=0)
    with (demo.landing.extracts / "history/crm/customers.csv").open("a", encoding="utf-8") as file:
        file.write("too,few\n")
    results = found(demo)
    assert results["the row cannot be read as a record"] == (21, 1, "quarantined")
    assert results["customer_id is missing"] == (20, 0, "passed")


def test_a_unit_that_is_kept_from_an_earlier_attempt_counts_as_it_did(tmp_path: Path) -> None:
    demo = company("demo", tmp_path)
    deliver(demo, rows=100, bad=2)
    rule = "updated_at is no time with an offset"
    assert found(demo, "a night")[rule] == found(demo, "a night")[rule] == (100, 2, "quarantined")


def test_a_rule_on_a_column_that_is_not_delivered_is_not_evaluated(tmp_path: Path) -> None:
    demo = company("demo", tmp_path)
    at = "2025-12-30T10:00:00Z"
    demo.deliver(
        "history/crm/customers.csv", f"customer_id,email,phone,segment,registered_at,updated_at\n1,,,,{at},{at}\n"
    )
    assert found(demo)["first_name is longer than 200 characters"] == (0, 0, "not_evaluated")


def test_what_is_told_of_rules_holds_no_delivered_value(tmp_path: Path) -> None:
    demo = company("demo", tmp_path)
    deliver(demo, rows=20, bad=20)
    told = json.dumps(found(demo))
    assert "quarantined" in told
    assert "soon" not in told


def test_a_run_tells_the_history_what_the_rules_of_its_marts_found(tmp_path: Path) -> None:
    warehouses = Warehouses(Home(tmp_path))
    warehouses.build("marts.mart_customer_360 as select 7 as score")
    suite = MartSuite(CUSTOMER_360.mart, rules=between("score", 0, 5))
    run = executed(warehouses, [suite])
    rows = rule_results("run-1", run.all_events)
    assert [tuple(row.values()) for row in rows] == [
        ("run-1", "marts/mart_customer_360", "min_score", "error", 1, 0, "passed"),
        ("run-1", "marts/mart_customer_360", "max_score", "error", 1, 1, "failed"),
    ]
    (check,) = run.get_asset_check_evaluations()
    table = check.metadata[RULES]
    assert isinstance(table, dg.TableMetadataValue)
    assert tuple(column.name for column in table.schema.columns) == RULE_RESULT
