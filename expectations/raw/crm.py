"""What the CRM's extracts must meet before they land: text with ISO 8601 times."""

from __future__ import annotations

from expectations.rules import STANDARD, instant, required, text_at_most, volume_like_recent_loads, whole_number
from expectations.suite import RawSuite

CUSTOMERS = RawSuite(
    table="crm__customers",
    required=("customer_id", "email", "phone", "segment", "registered_at", "updated_at"),
    optional=("first_name", "last_name", "street", "postal_code", "city", "region", "country", "language"),
    rows=(
        *required("customer_id", "updated_at"),
        *instant("registered_at"),
        *instant("updated_at"),
        *text_at_most("email", 254),
    ),
    batch=(*STANDARD, *volume_like_recent_loads()),
)

CASES = RawSuite(
    table="crm__cases",
    required=("case_id", "customer_id", "channel", "opened_at", "resolved_at", "updated_at"),
    optional=("touchpoint", "reason", "order_number", "first_response_at", "reopened_at", "reopen_count"),
    rows=(
        *required("case_id", "customer_id", "opened_at"),
        *instant("opened_at"),
        *instant("first_response_at"),
        *instant("resolved_at"),
        *instant("reopened_at"),
        *instant("updated_at"),
        *whole_number("reopen_count", low=0),
    ),
    batch=(*STANDARD, *volume_like_recent_loads()),
)

ACTIVITIES = RawSuite(
    table="crm__activities",
    required=("activity_id", "customer_id", "activity_type", "occurred_at"),
    optional=("channel", "case_id", "order_number"),
    rows=(*required("activity_id", "customer_id", "activity_type", "occurred_at"), *instant("occurred_at")),
    batch=(*STANDARD, *volume_like_recent_loads()),
)
