"""What the panel's extracts must meet before they land: every study asks for the recommendation, and some for more."""

from __future__ import annotations

from expectations.batch_rules import STANDARD, changes_of_the_night, scores_like_recent_loads
from expectations.rules import boolean, instant, not_before, required, text_at_most, whole_number
from expectations.suite import RawSuite

STUDIES = RawSuite(
    table="panel__studies",
    required=("study", "is_about_brand", "moment"),
    optional=("title", "edited"),
    rows=(
        *required("study", "is_about_brand"),
        *boolean("is_about_brand"),
        *text_at_most("title", 500),
        *instant("edited"),
    ),
    batch=STANDARD,
)

PANELISTS = RawSuite(
    table="panel__panelists",
    required=("panelist", "outlet_member", "mail"),
    optional=("enrolled",),
    rows=(
        *required("panelist"),
        *whole_number("outlet_member", low=1),
        *text_at_most("mail", 254),
        *instant("enrolled"),
    ),
    batch=(*STANDARD, *changes_of_the_night("enrolled")),
)

REQUESTS = RawSuite(
    table="panel__requests",
    required=("request", "study", "panelist", "sent", "reached"),
    optional=("via", "purchase_no"),
    rows=(
        *required("request", "study", "panelist", "sent"),
        *instant("sent"),
        *instant("reached"),
        *not_before("sent", "reached"),
    ),
    batch=(*STANDARD, *changes_of_the_night("sent")),
)

REPLIES = RawSuite(
    table="panel__replies",
    required=("request", "study", "panelist", "recommendation", "satisfaction", "effort", "replied"),
    optional=("via", "purchase_no", "remark"),
    rows=(
        *required("request", "study", "recommendation", "replied"),
        *whole_number("recommendation", low=0, high=10),
        *whole_number("satisfaction", low=1, high=5),
        *whole_number("effort", low=1, high=7),
        *text_at_most("remark", 10_000),
        *instant("replied"),
    ),
    batch=(
        *STANDARD,
        *changes_of_the_night("replied"),
        *scores_like_recent_loads("recommendation", "try_cast(recommendation as double) / 10"),
    ),
)
