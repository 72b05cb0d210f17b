"""What the outlet's extracts must meet before they land: text, decimal commas, times without an offset."""

from __future__ import annotations

from expectations.batch_rules import STANDARD, amounts_like_recent_loads, changes_of_the_night
from expectations.rules import amount_with_comma, not_before, required, text_at_most, wall_clock, whole_number
from expectations.suite import RawSuite

MEMBERS = RawSuite(
    table="outlet__members",
    required=("member_no", "mail", "mobile", "changed"),
    optional=("given_name", "family_name", "country_code", "speaks", "joined"),
    rows=(
        *required("member_no"),
        *whole_number("member_no", low=1),
        *text_at_most("mail", 254),
        *wall_clock("joined"),
        *wall_clock("changed"),
    ),
    batch=(*STANDARD, *changes_of_the_night("changed")),
)

PURCHASES = RawSuite(
    table="outlet__purchases",
    required=("purchase_no", "member_no", "state", "placed", "changed"),
    optional=("via", "goods_eur", "shipping_eur", "vat_eur", "due", "sent", "arrived"),
    rows=(
        *required("purchase_no", "state", "placed"),
        *whole_number("member_no", low=1),
        *amount_with_comma("goods_eur", low=0),
        *amount_with_comma("shipping_eur", low=0),
        *amount_with_comma("vat_eur", low=0),
        *wall_clock("placed"),
        *wall_clock("due"),
        *wall_clock("sent"),
        *wall_clock("arrived"),
        *wall_clock("changed"),
        *not_before("placed", "sent", "arrived", "due"),
        *not_before("sent", "arrived"),
    ),
    batch=(*STANDARD, *changes_of_the_night("changed"), *amounts_like_recent_loads("goods_eur", decimal_comma=True)),
)

PURCHASE_ITEMS = RawSuite(
    table="outlet__purchase_items",
    required=("purchase_no", "position", "article_no", "pieces", "price_eur", "cost_eur"),
    optional=("booked",),
    rows=(
        *required("purchase_no", "position", "pieces", "price_eur"),
        *whole_number("position", low=1),
        *whole_number("pieces", low=1),
        *amount_with_comma("price_eur", low=0),
        *amount_with_comma("cost_eur", low=0),
        *wall_clock("booked"),
    ),
    batch=(
        *STANDARD,
        *changes_of_the_night("booked"),
        *amounts_like_recent_loads("price_eur", "cost_eur", decimal_comma=True),
    ),
)

RETURNS = RawSuite(
    table="outlet__returns",
    required=("return_no", "purchase_no", "refund_eur", "returned"),
    optional=("position", "why"),
    rows=(
        *required("return_no", "purchase_no", "refund_eur", "returned"),
        *whole_number("position", low=1),
        *amount_with_comma("refund_eur", low=0),
        *wall_clock("returned"),
    ),
    batch=(*STANDARD, *changes_of_the_night("returned"), *amounts_like_recent_loads("refund_eur", decimal_comma=True)),
)

RECEIPTS = RawSuite(
    table="outlet__receipts",
    required=("receipt_no", "purchase_no", "paid_eur"),
    optional=("means", "instalments", "received"),
    rows=(
        *required("receipt_no", "purchase_no", "paid_eur"),
        *whole_number("instalments", low=0),
        *amount_with_comma("paid_eur", low=0),
        *wall_clock("received"),
    ),
    batch=(*STANDARD, *changes_of_the_night("received"), *amounts_like_recent_loads("paid_eur", decimal_comma=True)),
)

ARTICLES = RawSuite(
    table="outlet__articles",
    required=("article_no", "title", "department"),
    optional=("changed",),
    rows=(*required("article_no"), *text_at_most("title", 500), *wall_clock("changed")),
    batch=STANDARD,
)
