"""The retention models, compiled once for every test of the folder."""

from __future__ import annotations

import pytest

from orchestration.config.deployment import load_deployment
from orchestration.config.settings import RetentionPeriods
from tests.models import Models, compiled

MODELS = (
    "revenue_bridge__periods",
    "revenue_bridge__customer_months",
    "revenue_bridge__customer_years",
    "revenue_bridge__customer_periods",
    "mart_revenue_bridge",
    "mart_retention_by_segment_stage",
    "mart_earned_growth",
    "mart_retention_cohorts",
    "assert_every_amount_is_in_the_currency_of_the_deployment",
)


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Models:
    """The retention marts, orders by two months, subscriptions by one."""
    deployment = load_deployment("demo").model_copy(
        update={"retention_periods": RetentionPeriods(orders=2, subscriptions=1), "timezone": "UTC"}
    )
    return compiled(deployment, tmp_path_factory.mktemp("models"), MODELS)
