"""The ready system Stripe over the rows of the peer's package and over a made-up account, in one night."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from tests.integration.conftest import Company
from tests.integration.systems.folders import copy_public_rows, made, peers_folder, rejected, undocumented
from tests.integration.systems.shopify_company import Row, write_rows
from tests.integration.systems.stripe_company import PRICES, Billing, write
from tests.integration.systems.stripe_oracle import Truth, read, table

BAD_CHARGES = [
    {"id": "bad_status", "amount": 1000, "created": "2026-01-01 10:00:00", "status": "unheard_of"},
    {"id": "bad_amount", "amount": -5, "created": "2026-01-01 10:00:00", "status": "succeeded"},
    {"id": "bad_time", "amount": 1000, "created": None, "status": "succeeded"},
]
MOVES: list[dict[str, Row]] = [
    {
        "subscription": {
            "id": "sub_moves",
            "customer_id": "cus_6",
            "status": "active",
            "livemode": True,
            "start_date": "2026-09-01 08:00:00",
            "current_period_start": start,
            "current_period_end": end,
            "_fivetran_synced": start,
        },
        "subscription_item": {"id": "si_moves", "subscription_id": "sub_moves", "plan_id": price, "quantity": 2},
    }
    for start, end, price in (
        ("2026-10-01 08:00:00", "2026-11-01 08:00:00", "price_month"),
        ("2026-11-01 08:00:00", "2026-11-08 08:00:00", "price_week"),
    )
]
"""A subscription without invoices that changes its plan in the night: what was delivered before, and then."""
PEERS: Mapping[str, tuple[int, int, str | None]] = {
    "customers": (12, 12, None),
    # 16 charges, all declined, and 2 invoices, one of them in test mode
    "orders": (18, 1, "failed_charge 16, test_mode 1"),
    # a line per charge, 3 invoice lines, and one line for the invoice without lines
    "order_lines": (20, 3, "failed_charge 16, test_mode 1"),
    "payments": (16, 0, "failed_or_pending_payment 16"),
    "products": (10, 10, None),
    # 4 refunds, 12 disputes, of which 7 are lost, and 2 credit notes
    "refunds": (18, 11, "dispute_not_lost 5, paid_as_refund 1, test_mode 1"),
    # 2 subscriptions, 2 versions of them, and one invoice line that is not a proration
    "subscriptions": (5, 2, None),
}
"""Staged rows, records behind the door and what is left out, by entity; counted by hand in the peer's files."""


@dataclass(frozen=True)
class Night:
    """A published night of both accounts, and what pandas reads from the made-up one's files."""

    company: Company
    truth: Truth
    extracts: Path


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Night:
    """Run one night over both accounts."""
    root = tmp_path_factory.mktemp("stripe")
    extracts = root / "extracts"
    copy_public_rows("stripe", extracts / "peers")
    billing = Billing(seed=7, customer_count=300)
    billing.tables["charge"] += BAD_CHARGES
    for name, row in MOVES[0].items():
        billing.tables[name].append(row)
    write(billing, extracts / "billing")
    for name, row in MOVES[1].items():
        write_rows(extracts / "billing" / "2026-11-01" / f"{name}.csv", [row])
    systems = {
        "peers": {"use": "stripe", "files": {"format": "csv", "history": "peers/{table}_data.csv"}},
        "billing": {
            "use": "stripe",
            "files": {
                "format": "csv",
                "history": "billing/{table}.csv",
                "daily": "billing/{load_date}/{table}.csv",
            },
        },
    }
    company = made(root, extracts, systems, date(2026, 10, 31))
    company.succeed(last=date(2026, 11, 1))
    return Night(company, read(extracts / "billing", "usd"), extracts)


def test_every_file_of_the_peers_folder_is_taken_or_the_page_says_why_not() -> None:
    names = [path.stem.removesuffix("_data") for path in peers_folder("stripe").glob("*.csv")]
    assert len(names) == 16
    assert not undocumented("stripe", names)


@pytest.mark.parametrize("entity", sorted(PEERS))
def test_of_the_peers_rows_every_one_is_staged_and_what_is_left_out_has_a_reason(night: Night, entity: str) -> None:
    peers_folder("stripe")
    rows = night.company.query(
        "select staged_row_count, door_record_count, on_purpose_reasons, incomplete_record_count,"
        " other_currency_record_count, is_reconciled from quality.quality_entity_reconciliation"
        f" where system = 'peers' and entity = '{entity}'"
    )
    assert rows == [(*PEERS[entity], 0, 0, True)]


def test_no_row_of_the_peers_is_rejected(night: Night) -> None:
    peers_folder("stripe")
    rows = night.company.query(
        "select count(*), sum(quarantined_row_count) from quality.quality_landing_reconciliation"
        " where system = 'peers' and source_row_count > 0"
    )
    assert rows == [(13, 0)]


def test_the_peers_invoice_is_an_order_of_its_total_without_tax(night: Night) -> None:
    peers_folder("stripe")
    # invoice ab1111: total 1000 cents, no tax; its one line of 21 cents has all of it
    rows = night.company.query(
        "select source_id, order_status, net_amount, is_counted from star.fct_orders where system = 'peers'"
    )
    assert [(*row[:2], float(str(row[2])), row[3]) for row in rows] == [("ab1111", "placed", 10.0, True)]


def test_the_peers_trial_costs_nothing_and_its_invoiced_period_what_was_invoiced(night: Night) -> None:
    peers_folder("stripe")
    # both began on 2021-02-18 for a day of trial; line ba222 invoices 65 cents for the second one
    rows = night.company.query(
        "select subscription_source_id, plan, period_number, cast(period_amount as varchar), outcome"
        " from star.fct_subscriptions where system = 'peers' order by 1"
    )
    assert rows == [("sdgfs4536", "zb1 (month)", 1, "0.00", "ended"), ("sfjytkyu876", "sdgf5575", 1, "0.65", "ended")]


def test_rows_of_no_known_state_amount_or_time_are_in_quarantine_with_their_reason(night: Night) -> None:
    assert rejected(night.company) == {
        "bad_status": ["status 'unheard_of' is none of failed, pending, succeeded"],
        "bad_amount": ["amount '-5' is not at least 0"],
        "bad_time": ["created is missing"],
    }


def test_invoices_and_charges_without_an_invoice_are_the_orders(night: Night) -> None:
    published = _orders(night)
    expected = night.truth.orders
    assert len(expected) > 1000
    assert {"placed", "canceled", "returned"} == set(expected["order_status"])
    pd.testing.assert_frame_equal(published, expected.sort_index(), check_dtype=False, check_names=False)


def test_refunds_lost_disputes_and_credit_notes_are_refunds_without_their_tax(night: Night) -> None:
    rows = night.company.query(
        "select source_id, cast(refund_amount * 100 as bigint) from star.fct_refunds where system = 'billing'"
    )
    expected = night.truth.refunds
    assert {name[:2] for name in expected.index} == {"re", "du", "cn"}
    assert {str(name): int(str(cents)) for name, cents in rows} == expected.to_dict()


def test_the_revenue_of_all_customers_is_that_of_the_files(night: Night) -> None:
    orders = night.truth.orders
    counted = orders[orders["order_status"] != "canceled"]
    expected = int((counted["net"] - counted["refunded"]).sum())
    rows = night.company.query("select cast(sum(revenue_amount) * 100 as bigint) from marts.mart_customer_360")
    # and 10.00 of the peer's invoice, whose customer is no record
    assert rows == [(expected,)]


def test_periods_of_subscriptions_have_the_number_plan_price_and_times_of_the_files(night: Night) -> None:
    rows = night.company.query(
        "select source_id, period_number, cast(period_amount * 100 as bigint), plan, started_at, ends_at"
        " from star.fct_subscriptions where system = 'billing' and subscription_source_id <> 'sub_moves'"
    )
    expected = night.truth.periods.sort_index()
    published = pd.DataFrame(rows, columns=["source_id", *expected.columns]).set_index("source_id").sort_index()
    assert len(expected) > 1000
    assert (expected["cents"] == 0).sum() > 50  # trials and pauses
    assert expected["plan"].str.contains("+", regex=False).any()
    pd.testing.assert_frame_equal(published, expected, check_dtype=False, check_names=False)


@pytest.mark.parametrize(
    ("price", "days", "monthly"),
    [("week", 7, 5 * 365.25 / 7 / 12), ("month", 28, 20), ("quarter", 89, 54 / 3), ("year", 365, 190 / 12)],
)
def test_the_monthly_price_of_a_plan_is_that_of_its_interval(
    night: Night, price: str, days: int, monthly: float
) -> None:
    cents, interval, count = PRICES[f"price_{price}"]
    plan = f"{price} ({interval})" if count == 1 else f"{price} ({count} {interval}s)"
    rows = night.company.query(
        "select distinct cast(monthly_amount as double) from star.fct_subscriptions"
        f" where system = 'billing' and plan = '{plan}' and period_amount * 100 = {cents}"
        f" and ends_date - started_date >= {days}"
    )
    assert rows == [(pytest.approx(monthly, abs=0.005),)]


def test_who_changes_the_plan_goes_on_in_the_next_period_under_the_new_one(night: Night) -> None:
    rows = night.company.query(
        "select count(*), count(*) filter (where renewed_at <> ends_at and outcome = 'renewed') from ("
        " select *, lead(plan) over (partition by subscription_source_id order by period_number) as next_plan"
        " from star.fct_subscriptions where system = 'billing' and subscription_source_id <> 'sub_moves')"
        " where next_plan <> plan and plan not like '%+%'"
    )
    truth = night.truth.periods.sort_values("number")
    subscription = truth.index.str.rsplit("-", n=1).str[0]
    following = truth.groupby(subscription)["plan"].shift(-1)
    changes = following.notna() & (following != truth["plan"])
    assert changes.sum() > 5
    assert rows == [(int(changes.sum()), 0)]


def test_without_invoices_a_new_plan_counts_from_the_next_period_on_at_its_list_price(night: Night) -> None:
    # it began a month before the first delivered period
    rows = night.company.query(
        "select period_number, plan, cast(period_amount as double), outcome from star.fct_subscriptions"
        " where subscription_source_id = 'sub_moves' order by 1"
    )
    assert rows == [(2, "month (month)", 40.0, "renewed"), (3, "week (week)", 10.0, "open")]


def test_yen_have_no_cents_and_are_left_out_of_a_company_in_dollars(night: Night) -> None:
    invoices = pd.read_csv(night.extracts / "billing" / "invoice.csv")
    lines = pd.read_csv(night.extracts / "billing" / "invoice_line_item.csv")
    yen = invoices[(invoices["currency"] == "jpy") & invoices["livemode"] & (invoices["subtotal"] != 0)]
    assert len(yen) > 5
    assert yen["id"].isin(lines["invoice_id"]).all()
    rows = night.company.query(
        "select other_currency_record_count, cast(other_currency_amount as double)"
        " from quality.quality_entity_reconciliation where system = 'billing' and entity = 'orders'"
    )
    assert rows == [(len(yen), float(yen["tax"].sum()))]


def test_test_mode_trial_invoices_failed_charges_and_charges_of_invoices_are_left_out(night: Night) -> None:
    invoices = pd.read_csv(night.extracts / "billing" / "invoice.csv")
    charges = table(night.extracts / "billing", "charge")
    live = charges[charges["livemode"]]
    tried = live[live["status"] == "succeeded"]
    expected = {
        "test_mode": int((~invoices["livemode"]).sum() + (~charges["livemode"]).sum()),
        "invoice_of_nothing": int((invoices["livemode"] & (invoices["subtotal"] == 0)).sum()),
        "failed_charge": int((live["status"] == "failed").sum()),
        "not_captured": int((~tried["captured"]).sum()),
        "payment_of_invoice": int((tried["captured"] & tried["invoice_id"].notna()).sum()),
    }
    rows = night.company.query(
        "select on_purpose_reasons from quality.quality_entity_reconciliation"
        " where system = 'billing' and entity = 'orders'"
    )
    counted = dict(part.rsplit(" ", 1) for part in str(rows[0][0]).split(", "))
    assert {reason: int(count) for reason, count in counted.items()} == expected


def test_who_pays_without_an_account_is_known_by_the_address_of_the_receipt(night: Night) -> None:
    charges = table(night.extracts / "billing", "charge")
    guests = charges.loc[charges["customer_id"].isna(), "receipt_email"].str.strip().str.lower()
    rows = night.company.query(
        "select door_record_count from quality.quality_entity_reconciliation"
        " where system = 'billing' and entity = 'customers'"
    )
    customers = pd.read_csv(night.extracts / "billing" / "customer.csv")
    assert guests.nunique() == 15
    assert rows == [(int(customers["livemode"].sum()) + 15,)]


def _orders(night: Night) -> pd.DataFrame:
    rows = night.company.query(
        "select source_id, order_status, cast(net_amount * 100 as bigint), cast(paid_amount * 100 as bigint),"
        " cast(refunded_amount * 100 as bigint) from star.fct_orders where system = 'billing'"
    )
    columns = ["source_id", "order_status", "net", "paid", "refunded"]
    return pd.DataFrame(rows, columns=columns).set_index("source_id").sort_index()
