"""Orders that come again with fewer lines, rows left out, credit notes, returns, skipped questions, short plans."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from tests.integration.company import Delivery

if TYPE_CHECKING:
    from tests.integration.cases.conftest import Runs


def _buyer(name: str) -> dict[str, str]:
    return {"customer_no": name, "email": f"{name}@example.com", "customer_group": "retail", "created": "2025-01-10"}


def _order(number: str, placed: str, status: str = "delivered") -> dict[str, str]:
    return {
        "order_no": number,
        "customer_no": number.partition("-")[0],
        "status": status,
        "placed_at": f"{placed} 10:00:00",
    }


def _line(order: str, line: int, net: str, quantity: int = 1) -> dict[str, object]:
    return {"order_no": order, "line": line, "quantity": quantity, "net_price": net}


def _answer(response: str, question: str, value: int | None) -> dict[str, object]:
    scale = {"survey": "skips", "email": f"{response}@example.com", "low": 0, "high": 10}
    return {"response": response, "question": question, "answer": value, "answered_at": "2026-10-02T10:00:00Z", **scale}


HISTORY: Delivery = {
    "market_shop__customers": [_buyer(name) for name in ("fewer", "gift", "returner", "partly", "credited", "tester")],
    "market_shop__orders": [
        _order("fewer-1", "2026-10-20", "placed"),
        _order("gift-1", "2026-10-20"),
        _order("returner-1", "2026-09-07"),
        _order("returner-2", "2026-09-10"),
        _order("partly-1", "2026-09-07"),
        _order("partly-2", "2026-09-10"),
        _order("credited-1", "2026-09-05"),
        {**_order("TEST-1", "2026-10-05"), "customer_no": "tester"},
    ],
    "market_shop__order_lines": [
        _line("fewer-1", 1, "50.00"),
        _line("fewer-1", 2, "30.00"),
        _line("gift-1", 1, "20.00"),
        _line("gift-1", 2, "25.00"),
        _line("returner-1", 1, "100.00"),
        _line("returner-2", 1, "-100.00", -1),
        _line("partly-1", 1, "100.00"),
        _line("partly-2", 1, "-40.00", -1),
        _line("credited-1", 1, "70.00"),
        _line("TEST-1", 1, "999.00"),
    ],
    "market_shop__refunds": [
        {"refund_no": "CN-1", "customer_no": "credited", "amount": "15.00", "refunded": "2026-10-05 10:00:00"},
        {"refund_no": "R-TEST", "order_no": "TEST-1", "amount": "9.00", "refunded": "2026-10-06 10:00:00"},
    ],
    "market_shop__periods": [
        {"period_id": "week-1", "sub_id": "week", "customer_no": "credited", "plan": "weekly", "n": 1, "price": "10.00"}
        | {"starts": "2026-10-19 00:00:00", "ends": "2026-10-26 00:00:00"}
    ],
    "market_survey__answers": [_answer("s1", "q1", 9), _answer("s1", "q2", None), _answer("s2", "q1", None)],
}
NIGHT: Delivery = {
    "market_shop__orders": [_order("fewer-1", "2026-10-20", "placed")],
    "market_shop__order_lines": [_line("fewer-1", 1, "50.00")],
}

CUSTOMER = """
    select {columns} from marts.mart_customer_lifetime_value
    where customer_id = (select customer_id from star.fct_orders where source_id = '{order}')
"""
RECONCILED = """
    select on_purpose_reasons, on_purpose_record_count, on_purpose_amount, deleted_record_count, deleted_amount,
        is_reconciled
    from quality.quality_entity_reconciliation where system = 'market_shop' and entity = '{entity}'
"""


def test_an_order_that_comes_again_with_fewer_lines_loses_the_others(runs: Runs) -> None:
    order = "select line_count, net_amount from star.fct_orders where source_id = 'fewer-1'"
    assert runs.after_history(order) == [(2, Decimal("80.00"))]
    assert runs.after_night(order) == [(1, Decimal("50.00"))]
    [(_, _, _, deleted, amount, is_reconciled)] = runs.after_night(RECONCILED.format(entity="order_lines"))
    assert (deleted, amount, is_reconciled) == (1, Decimal("30.00"), True)


def test_what_is_left_out_is_in_no_figure_and_is_counted_with_its_reason(runs: Runs) -> None:
    known = runs.after_history("select source_id from star.fct_orders where source_id like 'TEST%'")
    assert known == []
    assert runs.after_history("select net_amount from star.fct_orders where source_id = 'gift-1'") == [
        (Decimal("20.00"),)
    ]
    lines = runs.after_history(RECONCILED.format(entity="order_lines"))
    assert lines == [("gift_card 1, test_order 1", 2, Decimal("1024.00"), 0, Decimal(0), True)]
    [(reasons, count, *_)] = runs.after_history(RECONCILED.format(entity="orders"))
    assert (reasons, count) == ("test_order 1", 1)
    [(reasons, count, amount, *_)] = runs.after_history(RECONCILED.format(entity="refunds"))
    assert (reasons, count, amount) == ("test_order 1", 1, Decimal("9.00"))


def test_a_return_receipt_is_no_purchase(runs: Runs) -> None:
    columns = "order_count, revenue_amount, model_repeat_count, no_forecast_reason, no_value_reason"
    assert runs.after_history(CUSTOMER.format(columns=columns, order="returner-1")) == [
        (1, Decimal("0.00"), None, "refunded_in_full", "refunded_in_full")
    ]
    partly = runs.after_history(
        CUSTOMER.format(columns="order_count, revenue_amount, model_repeat_count", order="partly-1")
    )
    assert partly == [(1, Decimal("60.00"), 0)]


def test_a_credit_note_reduces_the_customer_in_its_own_month(runs: Runs) -> None:
    columns = "order_count, revenue_amount, refunded_amount"
    assert runs.after_history(CUSTOMER.format(columns=columns, order="credited-1")) == [
        (1, Decimal("55.00"), Decimal("15.00"))
    ]
    months = runs.after_history(
        """
        select month_start_date, revenue_amount from star.fct_customer_months
        where revenue_amount <> 0 and customer_id = (
            select customer_id from star.fct_refunds where source_id = 'CN-1' and refund_type = 'credit_note'
        )
        order by month_start_date
        """
    )
    assert [(str(month), amount) for month, amount in months] == [
        ("2026-09-01", Decimal("70.00")),
        ("2026-10-01", Decimal("-15.00")),
    ]


def test_a_skipped_question_is_shown_and_in_no_score(runs: Runs) -> None:
    health = "select sum(shown_count), sum(skipped_count) from marts.mart_survey_health where survey_name = 'skips'"
    assert runs.after_history(health) == [(3, 2)]
    answers = (
        "select question, is_skipped, is_valid from star.fct_survey_answers where response_source_id = 's1' order by 1"
    )
    assert runs.after_history(answers) == [("q1", False, True), ("q2", True, False)]


def test_the_monthly_amount_of_a_weekly_plan_is_its_price_by_its_days(runs: Runs) -> None:
    assert runs.after_history("select monthly_amount from star.fct_subscriptions where source_id = 'week-1'") == [
        (Decimal("43.48"),)
    ]
