"""The expected figures of an Olist folder, calculated by pandas from its CSV files.

Every function takes the folder and returns one number, or numbers by name. It uses neither the warehouse nor the
project's code.
"""

from collections import Counter
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path

import pandas as pd

NOT_REVENUE = {"canceled", "unavailable"}


def _table(folder: Path, name: str) -> pd.DataFrame:
    return pd.read_csv(folder / f"{name}.csv", dtype=str, keep_default_na=False)


def _customers(folder: Path) -> pd.DataFrame:
    return _table(folder, "olist_customers_dataset")


def _orders(folder: Path) -> pd.DataFrame:
    return _table(folder, "olist_orders_dataset")


def _items(folder: Path) -> pd.DataFrame:
    return _table(folder, "olist_order_items_dataset")


def _reviews(folder: Path) -> pd.DataFrame:
    reviews = _table(folder, "olist_order_reviews_dataset")
    return reviews.assign(score=reviews["review_score"].astype(int))


def _exact_sum(amounts: Iterable[str]) -> Decimal:
    return sum((Decimal(amount) for amount in amounts), Decimal(0))


def _counts(values: Iterable[str]) -> dict[str, int]:
    return dict(Counter(values))


# Reviews


def review_count(folder: Path) -> int:
    return len(_reviews(folder))


def reviews_by_score(folder: Path) -> dict[str, int]:
    return _counts(_reviews(folder)["review_score"])


def mean_score(folder: Path) -> float:
    return float(_reviews(folder)["score"].mean())


def csat(folder: Path) -> float:
    """The share of reviews with four or five stars."""
    return float((_reviews(folder)["score"] >= 4).mean())


def mean_score_of_latest_reviews(folder: Path) -> float:
    """One answer per order: the last one; at the same second the one with the greater review id."""
    by_time = _reviews(folder).sort_values(["review_answer_timestamp", "review_id"])
    return float(by_time.drop_duplicates("order_id", keep="last")["score"].mean())


# Customers


def customer_rows(folder: Path) -> int:
    return len(_customers(folder))


def people(folder: Path) -> int:
    return int(_customers(folder)["customer_unique_id"].nunique())


def people_with_several_orders(folder: Path) -> int:
    return int((_customers(folder)["customer_unique_id"].value_counts() >= 2).sum())


def customer_rows_by_state(folder: Path) -> dict[str, int]:
    return _counts(_customers(folder)["customer_state"])


# Orders


def order_count(folder: Path) -> int:
    return len(_orders(folder))


def orders_by_status(folder: Path) -> dict[str, int]:
    return _counts(_orders(folder)["order_status"])


def delivered_share(folder: Path) -> float:
    return float((_orders(folder)["order_status"] == "delivered").mean())


def orders_without_items(folder: Path) -> int:
    return int((~_orders(folder)["order_id"].isin(_items(folder)["order_id"])).sum())


def first_orders(folder: Path) -> int:
    """Every person with a counted order has exactly one first order."""
    orders = _orders(folder).merge(_customers(folder), on="customer_id")
    counted = orders[~orders["order_status"].isin(NOT_REVENUE)]
    return int(counted["customer_unique_id"].nunique())


# Money


def items_amount(folder: Path) -> Decimal:
    return _exact_sum(_items(folder)["price"])


def freight_amount(folder: Path) -> Decimal:
    return _exact_sum(_items(folder)["freight_value"])


def payments_amount(folder: Path) -> Decimal:
    return _exact_sum(_table(folder, "olist_order_payments_dataset")["payment_value"])


def _counted_items(folder: Path) -> pd.DataFrame:
    items = _items(folder).merge(_orders(folder), on="order_id")
    return items[~items["order_status"].isin(NOT_REVENUE)]


def revenue(folder: Path) -> Decimal:
    """The price of the items, without freight, of orders that are neither canceled nor unavailable."""
    return _exact_sum(_counted_items(folder)["price"])


def revenue_by_month(folder: Path) -> dict[str, Decimal]:
    """Revenue by the month of purchase on Olist's own clock."""
    items = _counted_items(folder)
    by_month = items.groupby(items["order_purchase_timestamp"].str[:7])["price"]
    return {str(month): _exact_sum(prices) for month, prices in by_month}


def items_amount_by_category(folder: Path) -> dict[str, Decimal]:
    """By the English category, the Portuguese one where there is no translation, `unknown` where there is none."""
    translations = _table(folder, "product_category_name_translation")
    english = dict(
        zip(translations["product_category_name"], translations["product_category_name_english"], strict=True)
    )
    products = _table(folder, "olist_products_dataset")
    categories = {
        product: english.get(category, category) or "unknown"
        for product, category in zip(products["product_id"], products["product_category_name"], strict=True)
    }
    items = _items(folder)
    by_category = items.groupby(items["product_id"].map(categories))["price"]
    return {str(category): _exact_sum(prices) for category, prices in by_category}


# Delivery


def _received(folder: Path) -> pd.DataFrame:
    """Delivered orders with a time, late by the second and late by the calendar day."""
    orders = _orders(folder)
    has_time = orders["order_delivered_customer_date"] != ""
    received = orders[(orders["order_status"] == "delivered") & has_time]
    delivered, promised = received["order_delivered_customer_date"], received["order_estimated_delivery_date"]
    return received.assign(
        by_timestamp=delivered > promised,
        by_day=delivered.str[:10] > promised.str[:10],
    )


def received_orders(folder: Path) -> int:
    return len(_received(folder))


def late_by_timestamp(folder: Path) -> int:
    return int(_received(folder)["by_timestamp"].sum())


def late_by_day(folder: Path) -> int:
    return int(_received(folder)["by_day"].sum())


def _mean_score_by(folder: Path, lateness: str) -> dict[str, float]:
    reviewed = _reviews(folder).merge(_received(folder), on="order_id")
    names = reviewed[lateness].map({True: "late", False: "on time"})
    return {str(name): float(scores.mean()) for name, scores in reviewed.groupby(names)["score"]}


def mean_score_by_lateness_in_days(folder: Path) -> dict[str, float]:
    return _mean_score_by(folder, "by_day")


def mean_score_by_lateness_to_the_second(folder: Path) -> dict[str, float]:
    return _mean_score_by(folder, "by_timestamp")


# Interactions


def interactions_by_touchpoint(folder: Path) -> dict[str, int]:
    """A step of an order with a time is a contact."""
    orders = _orders(folder)
    times = {
        "order_placed": "order_purchase_timestamp",
        "payment_approved": "order_approved_at",
        "order_shipped": "order_delivered_carrier_date",
        "order_delivered": "order_delivered_customer_date",
    }
    return {touchpoint: int((orders[column] != "").sum()) for touchpoint, column in times.items()}


# Scores


def _people(folder: Path) -> pd.DataFrame:
    """One row per customer record: its person, and the state of the person's record with the greatest id."""
    customers = _customers(folder).sort_values("customer_id")
    state = customers.groupby("customer_unique_id")["customer_state"].last()
    return customers.assign(state=customers["customer_unique_id"].map(state).to_numpy())


def _placed_reviews(folder: Path) -> pd.DataFrame:
    """Every review before November 2018, on Olist's own clock, with its month, person and state."""
    reviews = _reviews(folder).merge(_orders(folder)[["order_id", "customer_id"]], on="order_id", how="left")
    reviews = reviews.merge(_people(folder), on="customer_id", how="left")
    reviews = reviews.assign(month=reviews["review_answer_timestamp"].str[:7], state=reviews["state"].fillna("unknown"))
    return reviews[reviews["month"] < "2018-11"]


def csat_by_month_and_state(folder: Path) -> dict[tuple[str, str], tuple[int, int]]:
    """Reviews, and those of four or five stars."""
    groups = _placed_reviews(folder).groupby(["month", "state"])["score"]
    return {(str(month), str(state)): (len(scores), int((scores >= 4).sum())) for (month, state), scores in groups}


def csat_by_month(folder: Path) -> dict[str, tuple[int, int, int]]:
    """Reviews, those of four or five stars, and the people behind them."""
    groups = _placed_reviews(folder).groupby("month")
    return {
        str(month): (len(rows), int((rows["score"] >= 4).sum()), int(rows["customer_unique_id"].nunique()))
        for month, rows in groups
    }


def contacts_and_reviews_by_month_and_stage(folder: Path) -> dict[tuple[str, str], tuple[int, int]]:
    """A review is about the stage of use, and so is a delivery."""
    orders = _orders(folder)
    stages = {
        "order_purchase_timestamp": "purchase",
        "order_approved_at": "purchase",
        "order_delivered_carrier_date": "onboarding",
        "order_delivered_customer_date": "use",
    }
    contacts = Counter(
        (time[:7], stage) for column, stage in stages.items() for time in orders[column] if "" < time < "2018-11"
    )
    responses = Counter((str(month), "use") for month in _placed_reviews(folder)["month"])
    return {group: (contacts[group], responses[group]) for group in contacts | responses}
