"""The retention and NPS models, compiled once for every test of the folder."""

from __future__ import annotations

import pytest

from orchestration.config.deployment import load_deployment
from orchestration.config.settings import RetentionPeriods
from tests.models import Models, compile_models
from tests.unit.models.retention_worlds import RETENTION

NPS = (
    "experience_scores__periods",
    "experience_scores__period_answers",
    "mart_nps_by_segment_stage",
    "nps_change__groups",
    "mart_nps_change",
    "mart_nps_strata",
    "mart_nps_weighted",
)
INTERVALS = """
    select
        {{ nps_low('promoters', 'detractors', 'answers') }} as nps_low,
        {{ nps_high('promoters', 'detractors', 'answers') }} as nps_high,
        {{ share_low('hits', 'answers') }} as share_low,
        {{ share_high('hits', 'answers') }} as share_high,
        {{ mean_low('value_sum', 'square_sum', 'answers', '1') }} as mean_low,
        {{ mean_high('value_sum', 'square_sum', 'answers', '7') }} as mean_high
    from counts
"""


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Models:
    """Orders are retained over two months, subscriptions over one."""
    deployment = load_deployment("demo").model_copy(
        update={"timezone": "UTC", "retention_periods": RetentionPeriods(orders=2, subscriptions=1)}
    )
    return compile_models(deployment, tmp_path_factory.mktemp("models"), [*RETENTION, *NPS], {"intervals": INTERVALS})
