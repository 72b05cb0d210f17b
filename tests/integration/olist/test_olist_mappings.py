"""The dbt unit tests of Olist's staging, in a warehouse with its tables."""

from __future__ import annotations

from orchestration.warehouse.dbt import run_dbt
from tests.integration.conftest import Company


def test_unit_tests_of_the_olist_staging_pass(olist_night: Company) -> None:
    selection = ["--select", "fqn:cx360.staging.olist,test_type:unit"]
    proven = run_dbt(olist_night.deployment, olist_night.home, ["--quiet", "test", *selection])
    statuses = [str(result.status) for result in proven.result.results]  # type: ignore[union-attr]
    assert statuses
    assert set(statuses) == {"pass"}
