"""Contracts: trials, changes of plan in mid-month, pauses, and periods that end with a month."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING

from tests.integration.company import Delivery

if TYPE_CHECKING:
    from tests.integration.cases.conftest import Runs

PERIODS = {
    # a trial, then the full price
    "trial": [("0.00", "2026-09-01", "2026-09-15"), ("20.00", "2026-09-15", "2026-10-15")],
    # the new plan begins before the paid month of the old one has ended
    "upgrade": [("10.00", "2026-09-01", "2026-10-01"), ("20.00", "2026-09-15", "2026-10-15")],
    # no period in July and August
    "pause": [("20.00", "2026-06-01", "2026-07-01"), ("20.00", "2026-09-01", "2026-10-01")],
}
MONTH_ENDS = {
    "quarterly": ("90.00", ["2025-11-30", "2026-02-28", "2026-05-31", "2026-08-31", "2026-11-30"]),
    "yearly": ("120.00", ["2024-02-29", "2025-02-28", "2026-02-28", "2027-02-28"]),
}


def _period(contract: str, number: int, price: str, starts: str, ends: str) -> dict[str, object]:
    return {
        "period_id": f"{contract}-{number}",
        "sub_id": contract,
        "customer_no": f"contract-{contract}",
        "plan": contract,
        "n": number,
        "price": price,
        "starts": f"{starts} 00:00:00",
        "ends": f"{ends} 00:00:00",
    }


HISTORY: Delivery = {
    "market_shop__customers": [
        {"customer_no": f"contract-{name}", "email": f"contract-{name}@example.com", "created": "2024-01-10"}
        | {"customer_group": "contracts" if name in PERIODS else "retail"}
        for name in (*PERIODS, *MONTH_ENDS)
    ],
    "market_shop__periods": [
        *(
            _period(contract, number, price, starts, ends)
            for contract, periods in PERIODS.items()
            for number, (price, starts, ends) in enumerate(periods, start=1)
        ),
        *(
            _period(contract, number, price, starts, ends)
            for contract, (price, days) in MONTH_ENDS.items()
            for number, (starts, ends) in enumerate(pairwise(days), start=1)
        ),
    ],
}


def test_a_month_counts_the_plan_of_its_end_once_and_a_pause_ends_as_a_return(runs: Runs) -> None:
    """September: 20.00 of each contract; the one that paused is reactivated, the others are new."""
    found = runs.after_history(
        """
        select new_customer_count, new_amount, reactivated_customer_count, reactivated_amount, closing_amount
        from marts.mart_subscription_bridge
        where segment = 'contracts' and month_start_date = '2026-09-01'
        """
    )
    assert found == [(2, Decimal("40.00"), 1, Decimal("20.00"), Decimal("60.00"))]


def test_a_period_to_the_end_of_a_month_has_its_number_of_months(runs: Runs) -> None:
    found = runs.after_history(
        """
        select plan, list_sort(list(distinct monthly_amount)) from star.fct_subscriptions
        where plan in ('quarterly', 'yearly') group by plan order by plan
        """
    )
    assert found == [("quarterly", [Decimal("30.00")]), ("yearly", [Decimal("10.00")])]
