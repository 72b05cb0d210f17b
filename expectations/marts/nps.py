"""What the NPS marts must meet before they are shown."""

from __future__ import annotations

from expectations.rules import between, never
from expectations.suite import MartSuite, ProfileRule


def _score(column: str, low: float, high: float) -> tuple[ProfileRule, ...]:
    """A score and its interval are on their scale, in order, and missing exactly where the base is too small."""
    return (
        *between(column, low, high),
        *between(f"{column}_low", low, high),
        *between(f"{column}_high", low, high),
        *between("answer_count", 0),
        *never("inverted_interval", f"{column}_low > {column}_high", "the interval is upside down"),
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

NPS_BY_SEGMENT_STAGE = MartSuite(mart="mart_nps_by_segment_stage", rules=_score("nps", -100, 100))

NPS_BY_SEGMENT_LIFECYCLE = MartSuite(mart="mart_nps_by_segment_lifecycle", rules=_score("nps", -100, 100))

EXPERIENCE_SCORES = MartSuite(mart="mart_experience_scores", rules=_ON_SCALE)

EXPERIENCE_SCORES_TOTAL = MartSuite(
    mart="mart_experience_scores_total",
    rules=(
        *_ON_SCALE,
        *between("coverage_rate", 0, 1),
        *never("crowd", "customer_count > answer_count", "more customers answered than there are answers"),
    ),
)

NPS_STRATA = MartSuite(
    mart="mart_nps_strata",
    rules=(
        *between("weight", 0),
        *between("population_rate", 0, 1),
        *never("heavy", "not is_collapsed and answer_count = 0", "a stratum without answers is weighed by itself"),
    ),
)

NPS_WEIGHTED = MartSuite(
    mart="mart_nps_weighted",
    rules=(
        *_score("nps", -100, 100),
        *between("largest_weight", 0),
        *never("more_than_given", "effective_answers > answer_count + 0.000001", "more answers tell than were given"),
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

SURVEY_HEALTH = MartSuite(
    mart="mart_survey_health",
    rules=(
        *between("response_rate", 0, 1),
        *between("repeat_ask_rate", 0, 1),
        *between("asks_per_customer", 1),
        *never("undelivered", "delivered_count > invited_count", "more invitations arrived than were sent"),
    ),
)

SURVEY_BLIND_SPOTS = MartSuite(
    mart="mart_survey_blind_spots",
    rules=(
        *between("contact_count", 0),
        *never(
            "mislabelled",
            "is_blind_spot <> (contact_count > 0 and response_count = 0)",
            "a blind spot is not called one, or is heard",
        ),
    ),
)
