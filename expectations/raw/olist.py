"""What Olist's extracts must meet before they land.

The sample's known dirt is kept: an odd order of delivery times or a missing delivery date is a fact about the
business, not an unusable row.
"""

from __future__ import annotations

from expectations.batch_rules import STANDARD
from expectations.rules import amount, one_of, required, text_at_most, wall_clock, whole_number
from expectations.suite import RawSuite

CUSTOMERS = RawSuite(
    table="olist__customers",
    required=("customer_id", "customer_unique_id", "customer_state"),
    optional=("customer_zip_code_prefix", "customer_city"),
    rows=(*required("customer_id", "customer_unique_id"), *text_at_most("customer_state", 2)),
    batch=STANDARD,
)

SELLERS = RawSuite(
    table="olist__sellers",
    required=("seller_id",),
    optional=("seller_zip_code_prefix", "seller_city", "seller_state"),
    rows=required("seller_id"),
    batch=STANDARD,
)

ORDERS = RawSuite(
    table="olist__orders",
    required=("order_id", "customer_id", "order_status", "order_purchase_timestamp"),
    optional=(
        "order_approved_at",
        "order_delivered_carrier_date",
        "order_delivered_customer_date",
        "order_estimated_delivery_date",
    ),
    rows=(
        *required("order_id", "customer_id", "order_purchase_timestamp"),
        *one_of(
            "order_status",
            "created",
            "approved",
            "invoiced",
            "processing",
            "shipped",
            "delivered",
            "canceled",
            "unavailable",
        ),
        *wall_clock("order_purchase_timestamp"),
        *wall_clock("order_approved_at"),
        *wall_clock("order_delivered_carrier_date"),
        *wall_clock("order_delivered_customer_date"),
        *wall_clock("order_estimated_delivery_date"),
    ),
    batch=STANDARD,
)

ORDER_ITEMS = RawSuite(
    table="olist__order_items",
    required=("order_id", "order_item_id", "product_id", "price", "freight_value"),
    optional=("seller_id", "shipping_limit_date"),
    rows=(
        *required("order_id", "order_item_id", "price"),
        *whole_number("order_item_id", low=1),
        *amount("price", low=0),
        *amount("freight_value", low=0),
    ),
    batch=STANDARD,
)

ORDER_PAYMENTS = RawSuite(
    table="olist__order_payments",
    required=("order_id", "payment_sequential", "payment_type", "payment_value"),
    optional=("payment_installments",),
    rows=(
        *required("order_id", "payment_sequential", "payment_value"),
        *whole_number("payment_sequential", low=1),
        *whole_number("payment_installments", low=0),
        *amount("payment_value", low=0),
    ),
    batch=STANDARD,
)

ORDER_REVIEWS = RawSuite(
    table="olist__order_reviews",
    required=("review_id", "order_id", "review_score", "review_answer_timestamp"),
    optional=("review_comment_title", "review_comment_message", "review_creation_date"),
    rows=(
        *required("review_id", "order_id", "review_score", "review_answer_timestamp"),
        *whole_number("review_score", low=1, high=5),
        *wall_clock("review_answer_timestamp"),
        *wall_clock("review_creation_date"),
        *text_at_most("review_comment_title", 200),
        *text_at_most("review_comment_message", 10_000),
    ),
    batch=STANDARD,
)

PRODUCTS = RawSuite(
    table="olist__products",
    required=("product_id", "product_category_name"),
    # the misspelt names are the source's own
    optional=(
        "product_name_lenght",
        "product_description_lenght",
        "product_photos_qty",
        "product_weight_g",
        "product_length_cm",
        "product_height_cm",
        "product_width_cm",
    ),
    rows=required("product_id"),
    batch=STANDARD,
)

CATEGORY_TRANSLATION = RawSuite(
    table="olist__product_category_name_translation",
    required=("product_category_name", "product_category_name_english"),
    rows=required("product_category_name"),
    batch=STANDARD,
)
