"""The patterns of files by their names."""

from __future__ import annotations

from datetime import date

import pytest

from orchestration.base.errors import PipelineError
from orchestration.guesses.places import common, places


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (["customers.csv", "orders.csv"], {"customers": ("customers.csv", None), "orders": ("orders.csv", None)}),
        (
            ["orders_2026-01-01.csv", "orders_2026-01-02.csv"],
            {"orders": ("orders_{load_date}.csv", "orders_{load_date}.csv")},
        ),
        (["orders.csv", "2026-01-01/orders.csv"], {"orders": ("orders.csv", "{load_date}/orders.csv")}),
        (["acme_orders_export.csv", "acme_lines_export.csv"],
         {"orders": ("acme_orders_export.csv", None), "lines": ("acme_lines_export.csv", None)}),
        (["Online Retail.csv"], {"online_retail": ("Online Retail.csv", None)}),
        (["orders/2026-01-01.csv"], {"orders": ("orders/{load_date}.csv", "orders/{load_date}.csv")}),
        (["sales_2024.csv", "sales_2025.csv"], {"sales": ("sales_[0-9]*.csv", None)}),
        (["données.csv.gz"], {"donnees": ("données.csv.gz", None)}),
    ],
)  # fmt: skip
def test_files_become_patterns(names: list[str], found: dict[str, tuple[str, str | None]]) -> None:
    assert {place.table: (place.history, place.daily) for place in places(names)} == found


def test_the_dates_of_nights_are_in_the_names() -> None:
    [place] = places(["orders.csv", "2026-01-03/orders.csv", "2026-01-02/orders.csv"])
    assert place.days == [date(2026, 1, 2), date(2026, 1, 3)]
    assert place.names[-1] == "2026-01-03/orders.csv"


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["a/orders.csv", "b/orders.csv"], "'a/orders.csv' and 'b/orders.csv' would both be the table 'orders'"),
        (["Orders.csv", "orders.txt"], "would both be the table 'orders'"),
        (["orders.xlsx"], "'orders.xlsx' does not end like a file that can be read"),
    ],
)
def test_files_that_cannot_be_told_apart_or_read_are_refused(names: list[str], message: str) -> None:
    with pytest.raises(PipelineError, match=message):
        places(names)


def test_most_tables_share_a_pattern() -> None:
    patterns = {"orders": "acme_orders.csv", "lines": "acme_lines.csv", "odd": "other/odd.csv"}
    assert common(patterns) == "acme_{table}.csv"
    assert common({"online_retail": "Online Retail.csv"}) is None
