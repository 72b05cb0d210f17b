"""Rules that the marts of the survey programme must pass before they are published."""

from __future__ import annotations

from expectations.rules import between, never, none_missing
from expectations.suite import MartSuite

SURVEY_HEALTH = MartSuite(
    mart="mart_survey_health",
    rules=(
        *between("response_rate", 0, 1),
        *between("repeat_ask_rate", 0, 1),
        *between("asks_per_customer", 1),
        *never("undelivered", "delivered_count > invited_count", "more invitations were delivered than sent"),
    ),
)

# a year, so that yearly surveys and contacts count
_IN_A_YEAR = "> getvariable('as_of_date') - interval 12 month"


def _missing_stages(counted: str, entity: str) -> str:
    """The post-purchase stages without any of ``counted``, stages without a touchpoint included.

    None is missing if no system of the deployment delivers the ``entity`` of the count.
    """
    return f"""(
        select string_agg(journey_stage, ',' order by stage_order)
        from cx360.star.dim_journey_stages
        where is_post_purchase
            and list_contains(getvariable('delivered_entities'), '{entity}')
            and not list_contains(getvariable('known_gaps'), journey_stage)
            and journey_stage not in (
                select journey_stage from cx360.marts.mart_survey_blind_spots
                where {counted} > 0 and month_start_date {_IN_A_YEAR}
            )
    )"""


def _missing_channels(present: str, entity: str) -> str:
    """The channels of the deployment's touchpoints that are not among those of the query ``present``.

    None is missing if no system of the deployment delivers the ``entity`` that the query reads.
    """
    return f"""(
        select string_agg(distinct channel, ',' order by channel)
        from cx360.star.dim_touchpoints
        where channel not in ('unknown', 'not_applicable')
            and list_contains(getvariable('delivered_entities'), '{entity}')
            and not list_contains(getvariable('known_gaps'), channel)
            and channel not in ({present})
    )"""


_CHANNELS_WITH_TRAFFIC = f"""
    select channel from cx360.star.fct_interactions inner join cx360.star.dim_channels using (channel_key)
    where occurred_date {_IN_A_YEAR}
"""

_CHANNELS_WITH_FEEDBACK = f"""
    select channel
    from (
        from cx360.marts.mart_nps_scores select touchpoint, month_start_date, answer_count
        union all from cx360.marts.mart_csat_scores select touchpoint, month_start_date, answer_count
        union all from cx360.marts.mart_ces_scores select touchpoint, month_start_date, answer_count
        union all from cx360.marts.mart_expectation_scores select touchpoint, month_start_date, answer_count
    )
    inner join cx360.star.dim_touchpoints using (touchpoint)
    where answer_count > 0 and month_start_date {_IN_A_YEAR}
"""

SURVEY_BLIND_SPOTS = MartSuite(
    mart="mart_survey_blind_spots",
    rules=(
        *between("contact_count", 0),
        *never(
            "mislabelled",
            "is_blind_spot <> (contact_count > 0 and response_count = 0)",
            "is_blind_spot contradicts the contacts and responses",
        ),
    ),
    presence=(
        *none_missing(
            "unmet_stages",
            "post-purchase stages without a contact in a year",
            _missing_stages("contact_count", "interactions"),
        ),
        *none_missing(
            "unheard_stages",
            "post-purchase stages without a response in a year",
            _missing_stages("response_count", "survey_answers"),
        ),
        *none_missing(
            "unmet_channels",
            "channels without a contact in a year",
            _missing_channels(_CHANNELS_WITH_TRAFFIC, "interactions"),
        ),
        *none_missing(
            "unheard_channels",
            "channels without an answer in a year",
            _missing_channels(_CHANNELS_WITH_FEEDBACK, "survey_answers"),
        ),
    ),
)
