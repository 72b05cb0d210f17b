"""What the interaction log's extracts must meet before they land."""

from __future__ import annotations

from expectations.rules import STANDARD, instant, required, text_at_most, volume_like_recent_loads
from expectations.suite import RawSuite

VISITORS = RawSuite(
    table="tracking__visitors",
    required=("visitor_id", "account_id", "email", "identified_at"),
    rows=(*required("visitor_id", "identified_at"), *instant("identified_at"), *text_at_most("email", 254)),
    batch=(*STANDARD, *volume_like_recent_loads()),
)

EVENTS = RawSuite(
    table="tracking__events",
    required=("event_id", "visitor_id", "touchpoint", "occurred_at"),
    optional=("session_id", "channel", "order_number", "case_id"),
    rows=(*required("event_id", "touchpoint", "occurred_at"), *instant("occurred_at")),
    batch=(*STANDARD, *volume_like_recent_loads()),
)
