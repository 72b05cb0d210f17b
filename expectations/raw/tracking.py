"""What the interaction log's extracts must meet before they land."""

from __future__ import annotations

from expectations.batch_rules import STANDARD, changes_of_the_night
from expectations.rules import instant, required, text_at_most
from expectations.suite import RawSuite

VISITORS = RawSuite(
    table="tracking__visitors",
    required=("visitor_id", "account_id", "email", "identified_at"),
    rows=(*required("visitor_id", "identified_at"), *instant("identified_at"), *text_at_most("email", 254)),
    batch=(*STANDARD, *changes_of_the_night("identified_at")),
)

EVENTS = RawSuite(
    table="tracking__events",
    required=("event_id", "visitor_id", "touchpoint", "occurred_at"),
    optional=("session_id", "channel", "order_number", "case_id"),
    rows=(*required("event_id", "touchpoint", "occurred_at"), *instant("occurred_at")),
    batch=(*STANDARD, *changes_of_the_night("occurred_at")),
)
