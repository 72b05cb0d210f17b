"""Refunds, returns and canceled orders: what they leave of revenue and of the count of orders."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from tests.integration.company import Delivery

if TYPE_CHECKING:
    from tests.integration.cases.conftest import Runs


def _buyer(name: str) -> dict[str, str]:
    return {"customer_no": name, "email": f"{name}@example.com", "customer_group": "retail", "created": "2025-01-10"}


def _order(number: str, buyer: str, placed: str, status: str = "delivered") -> dict[str, str]:
    return {"order_no": number, "customer_no": buyer, "status": status, "placed_at": placed}


def _line(order: str, line: int, quantity: int, net: str) -> dict[str, object]:
    return {"order_no": order, "line": line, "quantity": quantity, "net_price": net}


HISTORY: Delivery = {
    "market_shop__customers": [_buyer("canceled"), _buyer("overpaid"), _buyer("mixed")],
    "market_shop__orders": [
        _order("can-1", "canceled", "2026-09-05 10:00:00"),
        _order("can-2", "canceled", "2026-09-06 10:00:00", "canceled"),
        _order("over-1", "overpaid", "2026-09-05 10:00:00"),
        _order("mix-1", "mixed", "2026-09-07 10:00:00"),
    ],
    "market_shop__order_lines": [
        _line("can-1", 1, 1, "100.00"),
        _line("can-2", 1, 1, "100.00"),
        _line("over-1", 1, 1, "100.00"),
        _line("mix-1", 1, 1, "100.00"),
        _line("mix-1", 2, -1, "-40.00"),
    ],
    "market_shop__refunds": [
        {"refund_no": "R-can", "order_no": "can-2", "amount": "100.00", "refunded": "2026-10-06 10:00:00"},
        {"refund_no": "R-over", "order_no": "over-1", "amount": "130.00", "refunded": "2026-10-05 10:00:00"},
    ],
}

CUSTOMER = """
    select order_count, revenue_amount from marts.mart_customer_360
    where customer_id = (
        select customer_id from star.dim_customers where customer_key = (
            select customer_key from star.fct_orders where source_id = '{order}'
        )
    )
"""


def test_a_refund_of_a_canceled_order_does_not_reduce_revenue_twice(runs: Runs) -> None:
    assert runs.after_history(CUSTOMER.format(order="can-1")) == [(1, Decimal("100.00"))]


def test_a_refund_may_exceed_its_order_and_counts_in_its_own_month(runs: Runs) -> None:
    assert runs.after_history(CUSTOMER.format(order="over-1")) == [(1, Decimal("-30.00"))]


def test_a_negative_line_reduces_its_order(runs: Runs) -> None:
    assert runs.after_history("select net_amount from star.fct_orders where source_id = 'mix-1'") == [
        (Decimal("60.00"),)
    ]
    assert runs.after_history(CUSTOMER.format(order="mix-1")) == [(1, Decimal("60.00"))]
