"""What the shop's extracts must meet before they land: typed Parquet, so the rules bound values rather than formats."""

from __future__ import annotations

from expectations.rules import STANDARD, amount, instant, required, text_at_most, volume_like_recent_loads, whole_number
from expectations.suite import RawSuite

ACCOUNTS = RawSuite(
    table="shop__accounts",
    required=("buyer_id", "email", "phone", "updated_at"),
    optional=("crm_customer_id", "account_type", "first_name", "last_name", "country", "language", "created_at"),
    rows=(*required("buyer_id"), *text_at_most("email", 254), *instant("updated_at")),
    batch=(*STANDARD, *volume_like_recent_loads()),
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
    ),
    batch=(*STANDARD, *volume_like_recent_loads()),
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
    batch=(*STANDARD, *volume_like_recent_loads()),
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
    batch=STANDARD,
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
    batch=(*STANDARD, *volume_like_recent_loads()),
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
    ),
    batch=(*STANDARD, *volume_like_recent_loads()),
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
    batch=(*STANDARD, *volume_like_recent_loads()),
)
