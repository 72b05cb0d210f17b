"""What the CRM's extracts must meet before they land: text with ISO 8601 times."""

from __future__ import annotations

from expectations.batch_rules import STANDARD, changes_of_the_night, no_misread_text
from expectations.rules import instant, not_before, one_of, required, text_at_most, whole_number
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
        *text_at_most("first_name", 200),
        *text_at_most("last_name", 200),
    ),
    batch=(*STANDARD, *changes_of_the_night("updated_at"), *no_misread_text("first_name", "last_name", "city")),
)

CASES = RawSuite(
    table="crm__cases",
    required=("case_id", "customer_id", "channel", "opened_at", "resolved_at", "updated_at"),
    optional=(
        "touchpoint",
        "reason",
        "order_number",
        "department",
        "first_response_at",
        "handed_over_at",
        "reopened_at",
        "reopen_count",
    ),
    rows=(
        *required("case_id", "customer_id", "opened_at"),
        *instant("opened_at"),
        *instant("first_response_at"),
        *instant("handed_over_at"),
        *instant("resolved_at"),
        *instant("reopened_at"),
        *instant("updated_at"),
        *whole_number("reopen_count", low=0),
        *not_before("opened_at", "first_response_at", "resolved_at", "reopened_at"),
        *text_at_most("reason", 200),
    ),
    batch=(*STANDARD, *changes_of_the_night("updated_at")),
)

ACTIVITIES = RawSuite(
    table="crm__activities",
    required=("activity_id", "customer_id", "activity_type", "occurred_at"),
    optional=("channel", "department", "case_id", "order_number"),
    rows=(*required("activity_id", "customer_id", "activity_type", "occurred_at"), *instant("occurred_at")),
    batch=(*STANDARD, *changes_of_the_night("occurred_at")),
)

CASE_COMMENTS = RawSuite(
    table="crm__case_comments",
    required=("comment_id", "case_id", "customer_id", "text", "written_at"),
    rows=(*required("comment_id", "text", "written_at"), *text_at_most("text", 10_000), *instant("written_at")),
    batch=(*STANDARD, *changes_of_the_night("written_at")),
)

ACQUISITIONS = RawSuite(
    table="crm__acquisitions",
    required=("customer_id", "acquired_by", "acquired_at"),
    optional=("campaign", "referrer_customer_id"),
    rows=(
        *required("customer_id", "acquired_by"),
        *one_of("acquired_by", "referral", "campaign", "unknown"),
        *instant("acquired_at"),
    ),
    batch=(*STANDARD, *changes_of_the_night("acquired_at")),
)

ACCOUNTS = RawSuite(
    table="crm__accounts",
    required=("account_id", "parent_account_id"),
    optional=("account_name", "industry", "created_at"),
    rows=(*required("account_id"), *text_at_most("account_name", 200), *instant("created_at")),
    batch=STANDARD,
)

ACCOUNT_CONTACTS = RawSuite(
    table="crm__account_contacts",
    required=("account_id", "customer_id", "since"),
    optional=("contact_role",),
    rows=(*required("account_id", "customer_id"), *instant("since")),
    batch=(*STANDARD, *changes_of_the_night("since")),
)

CONSENTS = RawSuite(
    table="crm__consents",
    required=("consent_id", "customer_id", "purpose", "decision", "decided_at"),
    rows=(
        *required("consent_id", "customer_id", "purpose", "decision", "decided_at"),
        *one_of("decision", "granted", "withdrawn", "erasure_requested"),
        *instant("decided_at"),
    ),
    batch=(*STANDARD, *changes_of_the_night("decided_at")),
)

LOOP_ACTIONS = RawSuite(
    table="crm__loop_actions",
    required=("loop_id", "customer_id", "response_id", "told_at"),
    optional=("acknowledged_at", "acted_at"),
    rows=(
        *required("loop_id", "response_id"),
        *instant("acknowledged_at"),
        *instant("acted_at"),
        *instant("told_at"),
        *not_before("acknowledged_at", "acted_at"),
        *not_before("acted_at", "told_at"),
    ),
    batch=(*STANDARD, *changes_of_the_night("told_at")),
)

INITIATIVE_MEMBERS = RawSuite(
    table="crm__initiative_members",
    required=("initiative", "customer_id", "since"),
    rows=(*required("initiative", "customer_id", "since"), *instant("since")),
    batch=(*STANDARD, *changes_of_the_night("since")),
)
