"""The retention and NPS models, each compiled once for every test of the folder."""

from __future__ import annotations

import pytest

from orchestration.config.deployment import load_deployment
from orchestration.config.retention_periods import RetentionPeriod, RetentionPeriods
from tests.models import Models, compile_models
from tests.unit.models.retention_worlds import AGREEMENT, RETENTION

NPS = (
    "experience_scores__periods",
    "experience_scores__period_answers",
    "nps_shrinkage__priors",
    "nps_by_segment_stage__periods",
    "nps_change__groups",
    "nps_change__pairs",
    "nps_change__splits",
    "nps_change__tests",
    "nps_change__totals",
    "mart_nps_strata",
    "mart_nps_weighted",
)
PURCHASES = ("science_purchase_days",)
CODES = ("assert_every_delivered_code_is_in_the_reference",)
INTERVALS = """
    select
        {{ nps_low('promoters', 'detractors', 'answers') }} as nps_low,
        {{ nps_high('promoters', 'detractors', 'answers') }} as nps_high,
        {{ share_low('hits', 'answers') }} as share_low,
        {{ share_high('hits', 'answers') }} as share_high,
        {{ mean_low('value_sum', 'square_sum', 'answers', 1, 7) }} as mean_low,
        {{ mean_high('value_sum', 'square_sum', 'answers', 1, 7) }} as mean_high
    from counts
"""
CHANGES = """
    select
        *,
        {{ nps_change_z(
            'promoters', 'detractors', 'answers', 'previous_promoters', 'previous_detractors', 'previous_answers'
        ) }} as z_score
    from counts
"""
P_VALUES = "select z_score, {{ two_sided_p('z_score') }} as p_value from scores"
ADJUSTED = """
    with ranked as (select *, {{ rank_share('p_value', 'family') }} as rank_share from p_values)
    select *, {{ adjusted_p_value('p_value', 'rank_share', 'family') }} as adjusted_p_value from ranked
"""
FIGURES = """{
    'net': ['kept_amount', 'base_amount'], 'mean': ['kept_amount', '1'], 'total': ['kept_amount']
}"""
BOOTSTRAP = "{{ bootstrap_limits('revenues', 'customer_id', %s, " + FIGURES + ") }}"
WEIGHTS = """
    select
        *,
        {{ bootstrap_bucket('customer_id') }} as bucket,
        {{ bootstrap_weight('customer_id', 'replicate') }} as weight
    from draws
"""
INLINE = {
    "intervals": INTERVALS,
    "changes": CHANGES,
    "p_values_of": P_VALUES,
    "adjusted": ADJUSTED,
    "limits": BOOTSTRAP % "['segment']",
    "limits_of_all": BOOTSTRAP % "[]",
    "weights": WEIGHTS,
}


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Models:
    """The models that need no other setting than the demo's."""
    deployment = load_deployment("demo").model_copy(update={"timezone": "UTC"})
    names = [*NPS, *PURCHASES, *CODES]
    return compile_models(deployment, tmp_path_factory.mktemp("models"), names, INLINE)


@pytest.fixture(scope="session")
def retention_models(tmp_path_factory: pytest.TempPathFactory) -> Models:
    """Orders are retained over two months, subscriptions over one; one customer is enough for a rate."""
    periods = RetentionPeriods(orders=RetentionPeriod(length_months=2), subscriptions=RetentionPeriod(length_months=1))
    settings = {"timezone": "UTC", "retention_periods": periods, "minimum_base": 1, "flagged_base": 3}
    deployment = load_deployment("demo").model_copy(update=settings)
    return compile_models(deployment, tmp_path_factory.mktemp("retention"), [*RETENTION, AGREEMENT])
