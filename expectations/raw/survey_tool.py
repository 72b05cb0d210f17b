"""What the survey tool's extracts must meet before they land: JSON Lines, the answers nested in the response."""

from __future__ import annotations

from expectations.batch_rules import STANDARD, changes_of_the_night, scores_like_recent_loads
from expectations.rules import each, filled_list, instant, not_before, one_of, required, text_at_most, whole_number
from expectations.suite import RawSuite

MEAN_SHARE_OF_SCALE = """
    list_avg(list_transform(from_json(answers, '["json"]'), lambda answer:
        (cast((answer->>'value') as double) - cast((answer->>'scale_min') as double))
        / (cast((answer->>'scale_max') as double) - cast((answer->>'scale_min') as double))))
"""

SURVEYS = RawSuite(
    table="survey_tool__surveys",
    required=("survey_id", "survey_type"),
    optional=("survey_name", "touchpoint", "updated_at"),
    rows=(
        *required("survey_id", "survey_type"),
        *one_of("survey_type", "relational", "transactional"),
        *instant("updated_at"),
        *text_at_most("survey_name", 500),
    ),
    batch=STANDARD,
)

CONTACTS = RawSuite(
    table="survey_tool__contacts",
    required=("contact_id", "email"),
    optional=("crm_customer_id", "language", "created_at", "updated_at"),
    rows=(*required("contact_id"), *text_at_most("email", 254), *instant("created_at"), *instant("updated_at")),
    batch=(*STANDARD, *changes_of_the_night("updated_at")),
)

INVITATIONS = RawSuite(
    table="survey_tool__invitations",
    required=("invitation_id", "survey_id", "contact_id", "sent_at", "delivered_at"),
    optional=("channel", "order_number", "status", "updated_at"),
    rows=(
        *required("invitation_id", "survey_id", "contact_id", "sent_at"),
        *instant("sent_at"),
        *instant("delivered_at"),
        *instant("updated_at"),
        *not_before("sent_at", "delivered_at"),
    ),
    batch=(*STANDARD, *changes_of_the_night("updated_at")),
)

RESPONSES = RawSuite(
    table="survey_tool__responses",
    required=("response_id", "survey_id", "contact_id", "answers", "submitted_at"),
    optional=("invitation_id", "channel", "order_number", "comment"),
    rows=(
        *required("response_id", "survey_id", "answers", "submitted_at"),
        *instant("submitted_at"),
        *text_at_most("comment", 10_000),
        *filled_list("answers"),
        *each(
            "answers",
            "(element->>'question') is not null and (element->>'metric') is not null",
            "answers hold one without question or metric",
        ),
        *each(
            "answers",
            "try_cast((element->>'value') as integer) between"
            " try_cast((element->>'scale_min') as integer) and try_cast((element->>'scale_max') as integer)",
            "answers hold a value that is no whole number on its scale",
        ),
    ),
    batch=(*STANDARD, *changes_of_the_night("submitted_at"), *scores_like_recent_loads("answers", MEAN_SHARE_OF_SCALE)),
)

EMPLOYEE_ANSWERS = RawSuite(
    table="survey_tool__employee_answers",
    required=("answer_id", "department", "metric", "question", "value", "submitted_at"),
    optional=("employee_id", "scale_min", "scale_max"),
    rows=(
        *required("answer_id", "department", "metric", "question", "value", "submitted_at"),
        *one_of("metric", "self_rating", "maturity"),
        *whole_number("value", low=0, high=10),
        *instant("submitted_at"),
    ),
    batch=(
        *STANDARD,
        *changes_of_the_night("submitted_at"),
        *scores_like_recent_loads("value", "try_cast(value as double) / 10"),
    ),
)
