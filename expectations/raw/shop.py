"""What the shop's extracts must meet before they land: typed Parquet, so the rules bound values rather than formats."""

from __future__ import annotations

from expectations.batch_rules import STANDARD, amounts_like_recent_loads, changes_of_the_night, scores_like_recent_loads
from expectations.rules import amount, instant, not_before, required, text_at_most, whole_number
from expectations.suite import RawSuite

ACCOUNTS = RawSuite(
    table="shop__accounts",
    required=("buyer_id", "email", "phone", "updated_at"),
    optional=("crm_customer_id", "account_type", "first_name", "last_name", "country", "language", "created_at"),
    rows=(*required("buyer_id"), *text_at_most("email", 254), *instant("updated_at")),
    batch=(*STANDARD, *changes_of_the_night("updated_at")),
)

ORDERS = RawSuite(
    table="shop__orders",
    required=("order_number", "buyer_id", "status", "currency", "ordered_at", "updated_at"),
    optional=(
        "sales_channel",
        "net_amount",
        "freight_amount",
        "tax_amount",
        "total_amount",
        "promised_at",
        "shipped_at",
        "delivered_at",
    ),
    rows=(
        *required("order_number", "status", "currency", "ordered_at"),
        *text_at_most("currency", 3),
        *amount("freight_amount", low=0),
        *amount("tax_amount", low=0),
        *instant("ordered_at"),
        *instant("shipped_at"),
        *instant("delivered_at"),
        *instant("promised_at"),
        *instant("updated_at"),
        *not_before("ordered_at", "shipped_at", "delivered_at", "promised_at"),
        *not_before("shipped_at", "delivered_at"),
    ),
    batch=(*STANDARD, *changes_of_the_night("updated_at"), *amounts_like_recent_loads("total_amount")),
)

ORDER_LINES = RawSuite(
    table="shop__order_lines",
    required=("order_number", "line_number", "sku", "quantity", "net_amount", "cost_amount"),
    optional=("created_at",),
    rows=(
        *required("order_number", "line_number", "quantity", "net_amount"),
        *whole_number("line_number", low=1),
        *whole_number("quantity", low=1),
        *amount("net_amount", low=0),
        *amount("cost_amount", low=0),
    ),
    batch=(*STANDARD, *changes_of_the_night("created_at"), *amounts_like_recent_loads("net_amount", "cost_amount")),
)

REFUNDS = RawSuite(
    table="shop__refunds",
    required=("refund_id", "order_number", "refund_amount", "refunded_at"),
    optional=("line_number", "reason"),
    rows=(
        *required("refund_id", "order_number", "refund_amount", "refunded_at"),
        *amount("refund_amount", low=0),
        *instant("refunded_at"),
    ),
    batch=(*STANDARD, *changes_of_the_night("refunded_at"), *amounts_like_recent_loads("refund_amount")),
)

PAYMENTS = RawSuite(
    table="shop__payments",
    required=("payment_id", "order_number", "payment_amount"),
    optional=("payment_method", "installment_count", "paid_at"),
    rows=(
        *required("payment_id", "order_number", "payment_amount"),
        *amount("payment_amount", low=0),
        *whole_number("installment_count", low=0),
        *instant("paid_at"),
    ),
    batch=(*STANDARD, *changes_of_the_night("paid_at"), *amounts_like_recent_loads("payment_amount")),
)

PRODUCTS = RawSuite(
    table="shop__products",
    required=("sku", "product_name", "category"),
    optional=("list_price_amount", "unit_cost_amount", "updated_at"),
    rows=(
        *required("sku"),
        *amount("list_price_amount", low=0),
        *amount("unit_cost_amount", low=0),
        *instant("updated_at"),
        *text_at_most("product_name", 500),
    ),
    batch=STANDARD,
)

SUBSCRIPTIONS = RawSuite(
    table="shop__subscriptions",
    required=("subscription_id", "period_number", "buyer_id", "period_amount", "started_at", "ends_at"),
    optional=("plan",),
    rows=(
        *required("subscription_id", "period_number", "started_at", "ends_at"),
        *whole_number("period_number", low=1),
        *amount("period_amount", low=0),
        *instant("started_at"),
        *instant("ends_at"),
        *not_before("started_at", "ends_at"),
    ),
    batch=(*STANDARD, *changes_of_the_night("started_at"), *amounts_like_recent_loads("period_amount")),
)

REVIEWS = RawSuite(
    table="shop__reviews",
    required=("review_id", "buyer_id", "stars", "written_at"),
    optional=("order_number", "text"),
    rows=(
        *required("review_id", "stars", "written_at"),
        *whole_number("stars", low=1, high=5),
        *text_at_most("text", 10_000),
        *instant("written_at"),
    ),
    batch=(
        *STANDARD,
        *changes_of_the_night("written_at"),
        *scores_like_recent_loads("stars", "(try_cast(stars as double) - 1) / 4"),
    ),
)
