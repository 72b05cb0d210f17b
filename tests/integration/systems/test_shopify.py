"""The ready system Shopify over the peer's rows and over two made-up shops, REST and GraphQL, in one night."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from tests.integration.conftest import Company
from tests.integration.systems.folders import copy_public_rows, made, peers_folder, rejected, undocumented
from tests.integration.systems.shopify_company import Row, Shop, write
from tests.integration.systems.shopify_oracle import Truth, read

SHOPS = {"shop": Shop(seed=1, customer_count=220, first_id=1_000_000)}
SHOPS |= {"abroad": Shop(seed=2, customer_count=120, first_id=2_000_000)}
BAD_LINES: list[Row] = [
    {"id": "bad_price", "order_id": 1, "quantity": 1, "price": "free"},
    {"id": "bad_quantity", "order_id": 1, "quantity": "half", "price": "10.00"},
    {"id": "bad_order", "order_id": None, "quantity": 1, "price": "10.00"},
]
CHARGES = (
    "id,amount,captured,created,currency,customer_id,invoice_id,livemode,paid,receipt_email,status\n"
    "ch_of_the_shop,1000,true,2026-01-01 10:00:00,usd,,,true,true,,succeeded\n"
    "ch_of_an_invoice,2000,true,2026-01-01 10:00:00,usd,,in_1,true,true,,succeeded\n"
)
INVOICES = "id,customer_id,currency,status,total,created\nin_1,cus_1,usd,paid,2000,2026-01-01 10:00:00\n"
# staged rows, records behind the door, what is left out on purpose, incomplete, in another currency, deleted
Counts = tuple[int, int, str | None, int, int, int]
PEERS: Mapping[tuple[str, str], Counts] = {
    ("rest", "customers"): (4, 4, None, 0, 0, 0),
    # 3 of 8 are in GBP, and they are those with lines
    ("rest", "orders"): (8, 5, None, 0, 3, 0),
    ("rest", "order_lines"): (3, 0, None, 0, 3, 0),
    # 5 refunded lines and an adjustment whose refunds are not there, and 4 refunds of freight
    ("rest", "refunds"): (10, 0, "refund_of_freight 4", 6, 0, 0),
    ("rest", "payments"): (5, 5, None, 0, 0, 0),
    ("rest", "products"): (16, 16, None, 0, 0, 0),
    ("graphql", "customers"): (10, 10, None, 0, 0, 0),
    # 4002, 4004, 4006 and 4008 are deleted; 4007 and 4008 are tests
    ("graphql", "orders"): (9, 4, "test_order 2", 0, 0, 3),
    ("graphql", "order_lines"): (10, 8, "gift_card 2", 0, 0, 0),
    ("graphql", "refunds"): (10, 0, None, 10, 0, 0),
    ("graphql", "payments"): (
        10,
        4,
        "failed_or_pending_payment 1, no_money_moved 1, payment_of_refund 1, test_payment 3",
        0,
        0,
        0,
    ),
    ("graphql", "products"): (20, 20, None, 0, 0, 0),
}
"""Counted by hand in the peer's files."""


@dataclass(frozen=True)
class Night:
    """A published night of all shops, and what pandas reads from the files of the made-up ones."""

    company: Company
    truth: Mapping[str, Truth]
    extracts: Path


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Night:
    """Run the history and one night of all shops, and of a Stripe account beside them."""
    root = tmp_path_factory.mktemp("shopify")
    extracts = root / "extracts"
    copy_public_rows("shopify", extracts / "peers")
    for name, shop in SHOPS.items():
        for drop, tables in (("history", shop.history), ("2026-11-01", shop.night)):
            bad = BAD_LINES if (name, drop) == ("shop", "history") else []
            lines = [*tables["order_line"], *bad]
            write({**tables, "order_line": lines}, extracts / name / drop, graphql=name == "abroad")
    for table, text in (("pay/charge", CHARGES), ("pay/invoice", INVOICES)):
        (extracts / table).parent.mkdir(exist_ok=True)
        (extracts / f"{table}.csv").write_text(text, encoding="utf-8")
    peers = {"rest": "peers/shopify_{table}_data.csv", "graphql": "peers/shopify_gql_{table}_data.csv"}
    systems = {name: {"use": "shopify", "files": {"format": "csv", "history": file}} for name, file in peers.items()}
    for name in SHOPS:
        files = {"format": "csv", "history": f"{name}/history/{{table}}.csv"}
        systems[name] = {"use": "shopify", "files": {**files, "daily": f"{name}/{{load_date}}/{{table}}.csv"}}
    systems["pay"] = {"use": "stripe", "files": {"format": "csv", "history": "pay/{table}.csv"}}
    company = made(root, extracts, systems, date(2026, 10, 31))
    company.succeed(last=date(2026, 11, 1))
    return Night(company, {name: read(extracts / name, "USD") for name in SHOPS}, extracts)


def test_every_file_of_the_peers_folder_is_taken_or_the_page_says_why_not() -> None:
    names = [path.stem.removesuffix("_data").removeprefix("shopify_") for path in peers_folder("shopify").glob("*.csv")]
    assert len(names) == 29
    assert not undocumented("shopify", (name.removeprefix("gql_") for name in names))


@pytest.mark.parametrize(("system", "entity"), sorted(PEERS))
def test_of_the_peers_rows_every_one_is_staged_and_what_is_left_out_has_a_reason(
    night: Night, system: str, entity: str
) -> None:
    peers_folder("shopify")
    rows = night.company.query(
        "select staged_row_count, door_record_count, on_purpose_reasons, incomplete_record_count,"
        " other_currency_record_count, deleted_record_count, is_reconciled from quality.quality_entity_reconciliation"
        f" where system = '{system}' and entity = '{entity}'"
    )
    assert rows == [(*PEERS[system, entity], True)]


def test_no_row_of_the_peers_is_rejected(night: Night) -> None:
    peers_folder("shopify")
    rows = night.company.query(
        "select system, count(*), sum(quarantined_row_count) from quality.quality_landing_reconciliation"
        " where system in ('rest', 'graphql') and source_row_count > 0 group by system order by system"
    )
    assert rows == [("graphql", 9, 0), ("rest", 13, 0)]


def test_the_peers_orders_have_the_state_of_their_files(night: Night) -> None:
    peers_folder("shopify")
    rows = night.company.query(
        "select source_id, order_status, cast(freight_amount as double), cast(tax_amount as double)"
        " from star.fct_orders where system = 'graphql' order by 1"
    )
    # 4001 is paid and unfulfilled; the others were cancelled
    assert rows == [
        ("4001", "placed", 2.0, 3.0),
        ("4003", "canceled", 5.0, 3.0),
        ("4005", "canceled", 5.0, 3.0),
        ("4009", "canceled", 5.0, 3.0),
    ]


def test_rows_without_a_price_a_quantity_or_an_order_are_in_quarantine_with_their_reason(night: Night) -> None:
    assert rejected(night.company) == {
        "bad_price": ["price 'free' is no amount"],
        "bad_quantity": ["quantity 'half' is no whole number"],
        "bad_order": ["order_id is missing"],
    }


@pytest.mark.parametrize("shop", SHOPS)
def test_orders_have_the_status_value_refunds_and_payments_of_the_files(night: Night, shop: str) -> None:
    rows = night.company.query(
        "select source_id, order_status, cast(net_amount * 100 as bigint), cast(refunded_amount * 100 as bigint),"
        f" cast(paid_amount * 100 as bigint) from star.fct_orders where system = '{shop}'"
    )
    expected = night.truth[shop].orders.sort_index()
    published = pd.DataFrame(rows, columns=["source_id", *expected.columns]).set_index("source_id").sort_index()
    assert len(expected) > 200
    assert {"canceled", "delivered", "shipped"} == set(expected["order_status"])
    pd.testing.assert_frame_equal(published, expected, check_dtype=False, check_names=False)


@pytest.mark.parametrize("shop", SHOPS)
def test_refunds_are_refunded_lines_and_differences_without_tax_and_freight(night: Night, shop: str) -> None:
    rows = night.company.query(
        f"select source_id, cast(refund_amount * 100 as bigint) from star.fct_refunds where system = '{shop}'"
    )
    expected = night.truth[shop].refunds
    assert (expected < 0).any()  # a restocking fee
    assert {name.split("-")[0] for name in expected.index} == {"line", "adjustment"}
    assert {str(name): int(str(cents)) for name, cents in rows} == expected.to_dict()


def test_the_revenue_of_all_customers_is_that_of_the_files(night: Night) -> None:
    expected = 0
    for truth in night.truth.values():
        counted = truth.orders[truth.orders["order_status"] != "canceled"]
        expected += int((counted["net"] - counted["refunded"]).sum())
    rows = night.company.query("select cast(sum(revenue_amount) * 100 as bigint) from marts.mart_customer_360")
    assert rows == [(expected,)]


@pytest.mark.parametrize("shop", SHOPS)
def test_test_orders_drafts_deleted_and_foreign_orders_are_counted_beside_the_figures(night: Night, shop: str) -> None:
    drops = [night.extracts / shop / drop / "order.csv" for drop in ("history", "2026-11-01")]
    orders = pd.concat([pd.read_csv(path) for path in drops]).drop_duplicates("id", keep="last")
    is_test, is_deleted = orders["test"], orders["_fivetran_deleted"]
    is_foreign = orders["currency_code" if shop == "abroad" else "currency"] != "USD"
    rows = night.company.query(
        "select on_purpose_reasons, deleted_record_count, other_currency_record_count"
        f" from quality.quality_entity_reconciliation where system = '{shop}' and entity = 'orders'"
    )
    assert is_test.sum() > 0
    assert rows == [
        (
            f"draft_order 10, test_order {is_test.sum()}",
            (is_deleted & ~is_test).sum(),
            (is_foreign & ~is_test & ~is_deleted).sum(),
        )
    ]


def test_a_line_names_its_variant_and_the_variant_its_product(night: Night) -> None:
    rows = night.company.query(
        "select distinct products.product_name, products.product_category from star.fct_order_lines as lines"
        " left join star.dim_products as products on lines.product_key = products.product_key"
        " left join star.fct_orders as orders on lines.order_key = orders.order_key"
        " where orders.system = 'shop' order by 1"
    )
    names = [f"Product {number}" for number in range(12) if number % 3]
    names += [f"Product {number}, {size}" for number in range(0, 12, 3) for size in ("Large", "Small")]
    assert rows == [(name, "goods") for name in sorted(names)]


def test_beside_a_shop_charges_without_an_invoice_are_payments_of_the_shop(night: Night) -> None:
    orders = night.company.query(
        "select source_id, cast(net_amount as double) from star.fct_orders where system = 'pay'"
    )
    reasons = night.company.query(
        "select on_purpose_reasons from quality.quality_entity_reconciliation"
        " where system = 'pay' and entity = 'orders'"
    )
    assert orders == [("in_1", 20.0)]
    assert reasons == [("payment_of_invoice 1, payment_of_the_shop 1",)]


def test_who_buys_in_both_shops_is_one_customer(night: Night) -> None:
    rows = night.company.query(
        "select count(*) from (select customer_id from star.fct_orders where system in ('shop', 'abroad')"
        " group by customer_id having count(distinct system) = 2)"
    )
    buyers = []
    for name, shop in SHOPS.items():
        emails = {str(row["id"]): row["email"] for row in shop.history["customer"]}
        customers = {str(row["id"]): str(row["customer_id"]) for row in (*shop.history["order"], *shop.night["order"])}
        buyers.append({emails[customers[order]] for order in night.truth[name].orders.index})
    assert len(buyers[0] & buyers[1]) > 10
    assert rows == [(len(buyers[0] & buyers[1]),)]
