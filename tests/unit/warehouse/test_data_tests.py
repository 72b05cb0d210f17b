"""The data tests: what a failing row says, and that the reference data of every deployment keeps its rules."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestration.base.paths import Home
from orchestration.config.deployment import deployment_names, load_deployment
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


@pytest.mark.parametrize("name", deployment_names())
def test_the_reference_data_keeps_its_rules(name: str, tmp_path: Path) -> None:
    arguments = ["--quiet", "build", "--select", "resource_type:seed", "--indirect-selection", "cautious"]
    answer = run_dbt(load_deployment(name), Home(tmp_path), arguments)
    assert answer.result is not None, answer.exception
    results = list(answer.result.results)  # type: ignore[union-attr]
    assert {str(result.status) for result in results} == {"success", "pass"}, [result.message for result in results]
    assert sum(result.node.resource_type == "test" for result in results) == 18
