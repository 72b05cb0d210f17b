"""Rules that the NPS marts must pass before they are published."""

from __future__ import annotations

from expectations.movements import moves_by_points
from expectations.rules import between, never, none_missing
from expectations.suite import MartSuite, ProfileRule


def _score(column: str, low: float, high: float) -> tuple[ProfileRule, ...]:
    """A score and its interval are on their scale, in order, and null exactly if the base is too small."""
    return (
        *between(column, low, high),
        *between(f"{column}_low", low, high),
        *between(f"{column}_high", low, high),
        *between("answer_count", 0),
        *never("inverted_interval", f"{column}_low > {column}_high", "the interval is inverted"),
        *never(
            "suppressed_score",
            f"(base_status = 'suppressed') <> ({column} is null)",
            "a suppressed base shows a score, or another base shows none",
        ),
    )


_ON_SCALE = (
    *_score("score", -100, 100),
    *between("response_rate", 0, 1),
    *never("overfull_share", "unit = 'share' and (score < 0 or score > 1)", "a share is not from 0 to 1"),
    *never("mean_off_scale", "unit = 'mean' and (score < 1 or score > 7)", "a mean is not from 1 to 7"),
)


def _nps_of_the_running_quarter(survey_type: str) -> tuple[ProfileRule, ...]:
    """The overall score as readers see it: the trailing quarter of the month of the last load date."""
    running = (
        f"filter (where survey_type = '{survey_type}' and period_type = 'trailing_quarter'"
        " and period_end_date = last_day(getvariable('as_of_date') - 1))"
    )
    return moves_by_points(
        f"{survey_type}_nps",
        f"the {survey_type} NPS of the running quarter",
        f"100.0 * sum(nps_sum) {running} / sum(answer_count) {running}",
        base=f"sum(answer_count) {running}",
        limit="nps_change",
    )


NPS_BY_SEGMENT_STAGE = MartSuite(
    mart="mart_nps_by_segment_stage",
    rules=_score("nps", -100, 100),
    movements=(*_nps_of_the_running_quarter("relational"), *_nps_of_the_running_quarter("transactional")),
)

NPS_BY_SEGMENT_LIFECYCLE = MartSuite(mart="mart_nps_by_segment_lifecycle", rules=_score("nps", -100, 100))

EXPERIENCE_SCORES = MartSuite(mart="mart_experience_scores", rules=_ON_SCALE)

_LATELY = "filter (where month_start_date > getvariable('as_of_date') - interval 3 month)"

EXPERIENCE_SCORES_TOTAL = MartSuite(
    mart="mart_experience_scores_total",
    rules=(
        *_ON_SCALE,
        *between("coverage_rate", 0, 1),
        *never("crowd", "customer_count > answer_count", "more customers answered than there are answers"),
    ),
    movements=moves_by_points(
        "invalid_rate",
        "the share of answers in three months that cannot be scored",
        f"sum(invalid_count) {_LATELY} / sum(answer_count + superseded_count + invalid_count) {_LATELY}",
        base=f"sum(answer_count + superseded_count + invalid_count) {_LATELY}",
        limit="invalid_rate_change",
    ),
)

NPS_STRATA = MartSuite(
    mart="mart_nps_strata",
    rules=(
        *between("weight", 0),
        *between("population_rate", 0, 1),
        *never("heavy", "not is_collapsed and answer_count = 0", "a stratum without answers has a weight of its own"),
    ),
)

NPS_WEIGHTED = MartSuite(
    mart="mart_nps_weighted",
    rules=(
        *_score("nps", -100, 100),
        *between("largest_weight", 0),
        *never("more_than_given", "effective_answers > answer_count + 0.000001", "more effective answers than answers"),
    ),
)

NPS_CHANGE = MartSuite(
    mart="mart_nps_change",
    rules=(
        *between("nps_change", -200, 200),
        *never(
            "unexplained",
            "abs(mix_change + rate_change - nps_change) > 1e-9",
            "mix and rate do not add up to the change",
        ),
        *never(
            "suppressed_change",
            "(base_status = 'suppressed') <> (nps_change is null)",
            "a suppressed base shows a change, or another base shows none",
        ),
    ),
)

NPS_GROUP_CHANGE = MartSuite(
    mart="mart_nps_group_change",
    rules=(
        *between("nps_change", -200, 200),
        *between("p_value", 0, 1),
        *never("less_than_alone", "adjusted_p_value < p_value", "an adjusted p-value is below its own"),
        *never(
            "suppressed_change",
            "(base_status = 'suppressed') <> (nps_change is null)",
            "a suppressed base shows a change, or another base shows none",
        ),
    ),
)

STAGE_OVERVIEW = MartSuite(
    mart="mart_stage_overview",
    rules=(
        *between("nps", -100, 100),
        *between("csat_rate", 0, 1),
        *between("ces_mean", 1, 7),
        *between("response_rate", 0, 1),
        *between("repurchase_rate", 0, 1),
        *between("contact_count", 0),
        *never(
            "early_repurchase",
            "not is_complete and repurchase_rate is not null",
            "a running period has a repurchase rate",
        ),
    ),
)

LIFECYCLE_OVERVIEW = MartSuite(
    mart="mart_lifecycle_overview",
    rules=(
        *between("nps", -100, 100),
        *between("logo_retention_rate", 0, 1),
        *between("gross_revenue_retention_rate", 0, 1),
        *between("net_revenue_retention_rate", 0),
        *between("customer_count", 0),
        *never("inverted_interval", "nps_low > nps_high", "the interval is inverted"),
        *never(
            "suppressed_score",
            "(nps_base_status = 'suppressed') <> (nps is null)",
            "a suppressed base shows a score, or another base shows none",
        ),
        *never(
            "early_retention",
            "not is_complete and logo_retention_rate is not null",
            "a running month has a rate of retention",
        ),
        *never(
            "early_value",
            "residual_value_amount is not null and getvariable('as_of_date') - 1 > last_day(month_start_date)",
            "a month before the last one has a value still to come",
        ),
    ),
)

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
    select channel from cx360.marts.mart_experience_scores inner join cx360.star.dim_touchpoints using (touchpoint)
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
