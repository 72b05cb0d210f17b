"""Ids in several notations, references to unknown records, and contact values that identify nobody."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from tests.integration.company import Delivery, Row

if TYPE_CHECKING:
    from tests.integration.cases.conftest import Runs

GUID = "6f9619ff-8b86-d011-b42d-00c04fc964ff"
WALK_INS = 30


def _buyer(number: str, email: str = "", phone: str = "") -> Row:
    contact = {"email": email or f"{number.strip()}@refs.example", "phone": phone}
    return {"customer_no": number, "customer_group": "retail", "created": "2025-01-10 09:00:00", **contact}


def _order(number: str, buyer: str) -> Row:
    return {"order_no": number, "customer_no": buyer, "status": "delivered", "placed_at": "2026-09-05 10:00:00"}


def _user(name: str, phone: str = "", email: str = "") -> Row:
    return {"id": name, "email": email or f"{name}@desk.example", "phone": phone or None}


def _ticket(name: str, user: str) -> Row:
    return {"id": name, "user_id": user, "opened_at": "2026-10-01T10:00:00Z"}


POINT_OF_SALE_ORDERS = pd.DataFrame(
    {
        "id": [770001, 770002, 770003],
        # one of them is missing, so the column is one of floats
        "customer_id": [770077.0, 770078.0, None],
        "status": "delivered",
        "quantity": 1,
        "net": [70.0, 80.0, 90.0],
        "sold_at": "2026-09-05 10:00:00",
    }
)
SAME_LINE = {"written": "+49 (0)30 901820", "again": "030/90 18 20"}
NO_LINES = {"rounded": "4.93012E+11", "zeros": "0000000000", "running": "1234567890", "short": "110", "word": "NULL"}

HISTORY: Delivery = {
    "market_pos__customers": pd.DataFrame({"id": [770077, 770078], "email": ["77@pos.example", "78@pos.example"]}),
    "market_pos__orders": POINT_OF_SALE_ORDERS,
    "market_shop__customers": [
        _buyer(f"{{{GUID.upper()}}}"),
        _buyer(" blank-77 "),
        _buyer("line", phone=SAME_LINE["written"]),
        _buyer("nfc", email="jos\u00e9.m\u00fcller@refs.example"),
        *(_buyer(f"no-{name}", phone=phone) for name, phone in NO_LINES.items()),
        *(_buyer(f"crowd-{number}", phone="+49 30 5550123") for number in range(WALK_INS)),
    ],
    "market_shop__orders": [_order("guid-1", GUID), _order("blank-1", "blank-77")],
    "market_shop__order_lines": [
        {"order_no": number, "line": 1, "quantity": 1, "net_price": "10.00"} for number in ("guid-1", "blank-1")
    ],
    "market_help__users": [
        _user("00071"),
        _user("00072"),
        _user("line", phone=SAME_LINE["again"]),
        _user("nfd", email="Jose\u0301.mu\u0308ller@refs.example\u200b "),
        *(_user(f"no-{name}", phone=phone) for name, phone in NO_LINES.items()),
    ],
    "market_help__tickets": [_ticket("zeros-1", "71"), _ticket("zeros-2", "72")],
    "market_till__orders": [
        {"order_id": f"walk-{number}", "email": "Kasse@market.example", "amount": "5.00"}
        | {"ordered_at": "2026-09-05T10:00:00+02:00"}
        for number in range(WALK_INS)
    ],
}


def customer(runs: Runs, system: str, record: str) -> object:
    [(customer_id,)] = runs.after_history(
        f"select customer_id from star.map_customer_identities where system = '{system}' and source_id = '{record}'"
    )
    return customer_id


@pytest.mark.parametrize(
    ("system", "order", "buyer"),
    [
        ("market_pos", "770001", "770077"),
        ("market_pos", "770002", "770078"),
        ("market_shop", "guid-1", GUID),
        ("market_shop", "blank-1", "blank-77"),
    ],
)
def test_an_order_finds_its_buyer_however_the_id_is_written(runs: Runs, system: str, order: str, buyer: str) -> None:
    [(customer_id,)] = runs.after_history(
        f"select customer_id from star.fct_orders where system = '{system}' and source_id = '{order}'"
    )
    assert customer_id == customer(runs, system, buyer)


def test_a_guest_is_no_unresolved_reference(runs: Runs) -> None:
    [(missing, unresolved, amount)] = runs.after_history(
        "select missing_row_count, unresolved_row_count, unresolved_amount from quality.quality_references"
        " where system = 'market_pos' and entity = 'orders' and reference = 'customer_source_id'"
        " and load_date = date '2026-10-31'"
    )
    assert (missing, unresolved, amount) == (1, 0, Decimal(0))


def test_lost_leading_zeros_are_published_with_their_cause_and_warned_of(runs: Runs) -> None:
    [(unresolved, severity, hint)] = runs.after_history(
        "select unresolved_row_count, severity, hint from quality.quality_references"
        " where system = 'market_help' and entity = 'cases' and reference = 'customer_source_id'"
        " and load_date = date '2026-10-31'"
    )
    assert severity == "warn"
    assert hint == f"2 of {unresolved} would match with leading zeros"
    statuses = runs.after_history(
        "select status from quality.quality_checks where table_name = 'quality/quality_references'"
    )
    assert ("warned",) in statuses


def test_one_line_links_two_records_however_it_is_written(runs: Runs) -> None:
    assert customer(runs, "market_shop", "line") == customer(runs, "market_help", "line")


def test_one_address_links_two_records_however_it_is_encoded(runs: Runs) -> None:
    assert customer(runs, "market_shop", "nfc") == customer(runs, "market_help", "nfd")


@pytest.mark.parametrize("name", NO_LINES)
def test_what_is_no_line_links_nobody(runs: Runs, name: str) -> None:
    assert customer(runs, "market_shop", f"no-{name}") != customer(runs, "market_help", f"no-{name}")


def test_walk_ins_at_a_till_are_not_one_customer_and_their_revenue_counts(runs: Runs) -> None:
    assert runs.after_history(
        "select count(*), sum(net_amount), count(distinct customer_id), min(customer_id) = md5('unknown')"
        " from star.fct_orders where system = 'market_till' and source_id like 'walk-%'"
    ) == [(WALK_INS, Decimal("150.00"), 1, True)]
    assert runs.after_history(
        "select is_reconciled, excluded_record_count from quality.quality_entity_reconciliation"
        " where entity = 'customers' and system = 'market_till'"
    ) == [(True, 1)]


def test_a_number_on_many_records_links_nobody_and_is_warned_of(runs: Runs) -> None:
    [(customers,)] = runs.after_history(
        "select count(distinct customer_id) from star.map_customer_identities"
        " where system = 'market_shop' and source_id like 'crowd-%'"
    )
    assert customers == WALK_INS
    [(crowded,)] = runs.after_history(
        "select crowded_record_count from quality.quality_contacts where system = 'market_shop' and link_type = 'phone'"
    )
    assert crowded == WALK_INS
    statuses = runs.after_history(
        "select status from quality.quality_checks where table_name = 'quality/quality_contacts'"
    )
    assert ("warned",) in statuses
