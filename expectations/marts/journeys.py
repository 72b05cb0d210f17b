"""Rules that the marts of journeys must pass before they are published.

Whether each stage after the purchase has contacts is a rule of the survey programme's blind spots.
"""

from __future__ import annotations

from expectations.rules import between, never
from expectations.suite import MartSuite

JOURNEY_STAGES = MartSuite(
    mart="mart_journey_stages",
    rules=(
        *between("conversion_rate", 0, 1),
        *never(
            "unaccounted",
            "converted_count + completed_count + dropped_count + open_count <> entered_count",
            "the outcomes do not add up to the entries",
        ),
        *never(
            "beyond_base",
            "mature_converted_count > mature_count or mature_count > entered_count",
            "more entries went on than were old enough, or more were old enough than entered",
        ),
    ),
)

JOURNEY_OUTCOMES = MartSuite(
    mart="mart_journey_outcomes",
    rules=(
        *between("success_rate", 0, 1),
        *never(
            "beyond_base",
            "success_count > outcome_count or outcome_count > journey_count",
            "more journeys ended well than ended, or more ended than began",
        ),
    ),
)

CHANNEL_TRANSITIONS = MartSuite(
    mart="mart_channel_transitions",
    rules=(
        *between("transition_rate", 0, 1),
        *never("mislabelled", "is_gap <> (contact_count = 0)", "is_gap contradicts the contacts"),
        *never(
            "beyond_base",
            "success_count > outcome_count or outcome_count > contact_count",
            "more contacts ended well than have an outcome, or more have one than there are",
        ),
    ),
)

FIRST_CONTACT = MartSuite(
    mart="mart_first_contact",
    rules=(
        *between("first_contact_rate", 0, 1),
        *never(
            "beyond_base",
            "first_contact_count > resolved_count or resolved_count > case_count",
            "more cases were settled at the first contact than resolved, or more resolved than opened",
        ),
    ),
)

TOUCHPOINTS = MartSuite(
    mart="mart_touchpoints",
    rules=(
        *between("known_contact_rate", 0, 1),
        *between("nps", -100, 100),
        *never("beyond_base", "known_contact_count > contact_count", "more contacts are known than there are"),
    ),
)

MOMENTS_OF_TRUTH = MartSuite(
    mart="mart_moments_of_truth",
    rules=(
        *between("adjusted_p_value", 0, 1),
        *never(
            "unexplained",
            "(adjusted_difference is null) = (refusal_reason is null)",
            "an event has neither a difference nor a reason, or both",
        ),
    ),
)
