"""The data tests: what a failing row says, and that the reference data of every deployment keeps its rules."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from orchestration.base.paths import PROJECT, Home
from orchestration.config.deployment import load_deployment
from orchestration.config.deployment_file import deployment_names
from orchestration.warehouse.dbt import run_dbt
from tests.models import Models, Table, compile_models

CASES = (
    "case_key varchar, touchpoint_key varchar, order_key varchar, is_open boolean, is_first_contact_resolution boolean"
)
REFERENCED: dict[str, Table] = {
    "dim_channels": ("channel_key varchar", []),
    "dim_customers": ("customer_key varchar, customer_id varchar", []),
    "dim_dates": ("date_day date", []),
    "dim_touchpoints": ("touchpoint_key varchar", [{"touchpoint_key": "known"}, {"touchpoint_key": "known"}]),
    "fct_orders": ("order_key varchar", []),
}


@pytest.fixture(scope="module")
def tests_of_cases(tmp_path_factory: pytest.TempPathFactory) -> Models:
    return compile_models(
        load_deployment("demo"), tmp_path_factory.mktemp("dbt"), ["fct_cases_rules", "fct_cases_keys"]
    )


def test_a_failing_row_is_a_broken_rule_with_its_rows_and_an_example(tests_of_cases: Models) -> None:
    unknown = "ad921d60486366258809553a3db49a4a"
    cases: list[dict[str, object]] = [
        {"case_key": "a", "touchpoint_key": "known", "order_key": unknown, "is_open": True},
        {"case_key": "b", "touchpoint_key": "lost", "is_open": True, "is_first_contact_resolution": True},
        {"case_key": "c", "touchpoint_key": "lost", "is_open": True, "is_first_contact_resolution": True},
        {"case_key": "c", "touchpoint_key": None, "is_open": False, "is_first_contact_resolution": True},
    ]
    columns = f"{CASES}, channel_key varchar, customer_key varchar, customer_id varchar, opened_date date"
    given = {"fct_cases": (columns, cases), **REFERENCED}
    with tests_of_cases.build(["fct_cases_rules", "fct_cases_keys"], given) as connection:
        assert connection.table("fct_cases_rules").fetchall() == [
            ("not (is_open and is_first_contact_resolution)", 2, "c")
        ]
        assert sorted(connection.table("fct_cases_keys").fetchall()) == [
            ("case_key is unique and not null", 1, "c"),
            ("touchpoint_key refers to dim_touchpoints.touchpoint_key", 1, "lost"),
        ]


def test_a_row_that_staging_filters_is_found_with_the_way_to_leave_it_out(tmp_path: Path) -> None:
    rules = compile_models(load_deployment("demo"), tmp_path, ["quality_landing_reconciliation_rules"])
    columns = (
        "system varchar, table_name varchar, load_date date, source_row_count bigint, landed_row_count bigint, "
        "quarantined_row_count bigint, staged_row_count bigint"
    )
    unit = {"system": "shop", "table_name": "orders", "load_date": date(2026, 1, 5), "quarantined_row_count": 1}
    units: list[dict[str, object]] = [
        {**unit, "source_row_count": 10, "landed_row_count": 9, "staged_row_count": 7},
        {**unit, "table_name": "lines", "source_row_count": 10, "landed_row_count": 9, "staged_row_count": 9},
    ]
    given = {"quality_landing_reconciliation": (columns, units)}
    with rules.build(["quality_landing_reconciliation_rules"], given) as connection:
        [(rule, row_count, example)] = connection.table("quality_landing_reconciliation_rules").fetchall()
    assert (row_count, example) == (1, "shop, orders, 2026-01-05")
    for named in ("landed_row_count = staged_row_count", "`where`", "excluded_reason", "docs/maps.md"):
        assert named in rule


@pytest.mark.parametrize("name", deployment_names())
def test_the_reference_data_keeps_its_rules(name: str, tmp_path: Path) -> None:
    arguments = ["--quiet", "build", "--select", "resource_type:seed", "--indirect-selection", "cautious"]
    answer = run_dbt(load_deployment(name), Home(tmp_path), arguments)
    assert answer.result is not None, answer.exception
    results = list(answer.result.results)  # type: ignore[union-attr]
    assert {str(result.status) for result in results} == {"success", "pass"}, [result.message for result in results]
    seeds = {result.node.name for result in results if result.node.resource_type == "seed"}
    assert seeds == {path.stem for path in (PROJECT / "seeds").rglob("*.csv")}
    # each has a test of its rules and one of its keys; versions of the journey map are compared with each other
    tests = {result.node.name for result in results if result.node.resource_type == "test"}
    of_seeds = {f"{seed}_{kind}" for seed in seeds for kind in ("rules", "keys")}
    assert tests == of_seeds | {"assert_rows_of_the_journey_map_do_not_overlap"}
