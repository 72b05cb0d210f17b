"""Rules that the NPS marts must pass before they are published."""

from __future__ import annotations

from expectations.movements import moves_by_points
from expectations.rules import between, never
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


def _shares(*columns: str) -> tuple[ProfileRule, ...]:
    """Rates of answers with their intervals, from 0 to 1."""
    return tuple(rule for column in columns for rule in _score(column, 0, 1))


# three months, also on the first days of a quarter, when the calendar quarter has few answers
_LATELY = "month_start_date >= getvariable('as_of_date') - interval 3 month"


def _nps_of_three_months(survey_type: str) -> tuple[ProfileRule, ...]:
    """The overall score as readers see it, of the month of the last load date and the two before it."""
    lately = f"filter (where survey_type = '{survey_type}' and {_LATELY})"
    return moves_by_points(
        f"{survey_type}_nps",
        f"the {survey_type} NPS of the last three months",
        f"100.0 * sum(nps_sum) {lately} / sum(answer_count) {lately}",
        base=f"sum(answer_count) {lately}",
        limit="nps_change",
    )


NPS_BY_SEGMENT_STAGE = MartSuite(
    mart="mart_nps_by_segment_stage",
    rules=_score("nps", -100, 100),
    movements=(*_nps_of_three_months("relational"), *_nps_of_three_months("transactional")),
)

NPS_BY_SEGMENT_STAGE_QUARTERLY = MartSuite(mart="mart_nps_by_segment_stage_quarterly", rules=_score("nps", -100, 100))

NPS_BY_SEGMENT_LIFECYCLE = MartSuite(mart="mart_nps_by_segment_lifecycle", rules=_score("nps", -100, 100))

NPS_BY_SEGMENT_LIFECYCLE_QUARTERLY = MartSuite(
    mart="mart_nps_by_segment_lifecycle_quarterly", rules=_score("nps", -100, 100)
)


def _scores(question: str, rules: tuple[ProfileRule, ...]) -> tuple[MartSuite, MartSuite]:
    """The suites of a question's scores: by touchpoint and segment, and of all answers."""
    response = between("response_rate", 0, 1)
    total = (
        *between("coverage_rate", 0, 1),
        *never("crowd", "customer_count > answer_count", "more customers answered than there are answers"),
    )
    invalid = f"sum(invalid_count) filter (where {_LATELY})"
    given = f"sum(answer_count + superseded_count + invalid_count) filter (where {_LATELY})"
    return (
        MartSuite(mart=f"mart_{question}_scores", rules=(*rules, *response)),
        MartSuite(
            mart=f"mart_{question}_scores_total",
            rules=(*rules, *response, *total),
            movements=moves_by_points(
                "invalid_rate",
                "the share of answers in three months that cannot be scored",
                f"{invalid} / {given}",
                base=given,
                limit="invalid_rate_change",
            ),
        ),
    )


NPS_SCORES, NPS_SCORES_TOTAL = _scores("nps", _score("nps", -100, 100))

CSAT_SCORES, CSAT_SCORES_TOTAL = _scores("csat", _shares("csat_rate"))

CES_SCORES, CES_SCORES_TOTAL = _scores("ces", (*_score("ces_mean", 1, 7), *_shares("easy_rate", "high_effort_rate")))

EXPECTATION_SCORES, EXPECTATION_SCORES_TOTAL = _scores("expectation", _shares("met_or_exceeded_rate", "exceeded_rate"))

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

_CHANGE = (
    *between("nps_change", -200, 200),
    *between("p_value", 0, 1),
    *never("less_than_alone", "adjusted_p_value < p_value", "an adjusted p-value is below its own"),
    *never(
        "suppressed_change",
        "(base_status = 'suppressed') <> (nps_change is null)",
        "a suppressed base shows a change, or another base shows none",
    ),
)

_SPLIT_CHANGE = (
    *_CHANGE,
    *never(
        "unexplained",
        "abs(segment_mix_change + segment_rate_change - nps_change) > 1e-9"
        " or abs(lifecycle_mix_change + lifecycle_rate_change - nps_change) > 1e-9"
        " or abs(stage_mix_change + stage_rate_change - nps_change) > 1e-9",
        "mix and rate do not add up to the change",
    ),
)

NPS_CHANGE = MartSuite(mart="mart_nps_change", rules=_SPLIT_CHANGE)

NPS_CHANGE_QUARTERLY = MartSuite(mart="mart_nps_change_quarterly", rules=_SPLIT_CHANGE)

NPS_CHANGE_BY_SEGMENT = MartSuite(mart="mart_nps_change_by_segment", rules=_CHANGE)

NPS_CHANGE_BY_SEGMENT_QUARTERLY = MartSuite(mart="mart_nps_change_by_segment_quarterly", rules=_CHANGE)

NPS_CHANGE_BY_LIFECYCLE = MartSuite(mart="mart_nps_change_by_lifecycle", rules=_CHANGE)

NPS_CHANGE_BY_LIFECYCLE_QUARTERLY = MartSuite(mart="mart_nps_change_by_lifecycle_quarterly", rules=_CHANGE)

NPS_CHANGE_BY_STAGE = MartSuite(mart="mart_nps_change_by_stage", rules=_CHANGE)

NPS_CHANGE_BY_STAGE_QUARTERLY = MartSuite(mart="mart_nps_change_by_stage_quarterly", rules=_CHANGE)

_STAGE = (
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
)

STAGE_OVERVIEW = MartSuite(mart="mart_stage_overview", rules=_STAGE)

STAGE_OVERVIEW_QUARTERLY = MartSuite(mart="mart_stage_overview_quarterly", rules=_STAGE)

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
