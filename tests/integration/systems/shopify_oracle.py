"""The orders, refunds and payments of a made-up shop, read from its files by pandas, in cents."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import pandas as pd

from tests.integration.systems.shopify_company import RENAMED


@dataclass(frozen=True)
class Truth:
    """What the shop sold.

    Attributes:
        orders: by id: order_status, net, paid and refunded (cents), of every order that counts or was cancelled.
        refunds: cents by id of the refund of these orders.
    """

    orders: pd.DataFrame
    refunds: pd.Series


def read(folder: Path, currency: str) -> Truth:
    """Read all deliveries below ``folder``, REST or GraphQL; orders of another currency are no orders."""
    orders = _table(folder, "order").set_index("id")
    orders = orders[(orders["test"] != "True") & (orders["_fivetran_deleted"] != "True")]
    orders = orders[orders["currency"] == currency].copy()
    lines = _lines(folder)
    kept = lines[~lines["is_left_out"]]
    orders["net"] = kept.groupby("order_id")["net"].sum().reindex(orders.index).fillna(0).astype(int)
    refunds = _refunds(folder, lines)
    refunds = refunds[refunds["order_id"].isin(orders.index)]
    orders["refunded"] = refunds.groupby("order_id")["cents"].sum().reindex(orders.index).fillna(0).astype(int)
    orders["paid"] = _payments(folder).reindex(orders.index).fillna(0).astype(int)
    orders["order_status"] = _statuses(folder, orders)
    return Truth(orders[["order_status", "net", "refunded", "paid"]], refunds["cents"])


def _statuses(folder: Path, orders: pd.DataFrame) -> pd.Series:
    parcels = _table(folder, "fulfillment")
    parcels = parcels[parcels["status"].str.lower() == "success"]
    events = _table(folder, "fulfillment_event")
    arrived = set(events.loc[events["status"].str.lower() == "delivered", "fulfillment_id"])
    is_delivered = parcels["id"].isin(arrived).groupby(parcels["order_id"]).all()
    status = is_delivered.reindex(orders.index).map({True: "delivered", False: "shipped"})
    is_canceled = orders["cancelled_at"].notna() | (orders["financial_status"].str.lower() == "voided")
    return status.mask(is_canceled, "canceled")


def _lines(folder: Path) -> pd.DataFrame:
    """The lines with their net cents: the price less discounts, and less the tax that it contains."""
    lines = _table(folder, "order_line").set_index("id")
    orders = _table(folder, "order").set_index("id").reindex(lines["order_id"])
    discounts = _sum(_table(folder, "discount_allocation"), "order_line_id", "amount")
    taxes = _sum(_table(folder, "tax_line"), "order_line_id", "price")
    has_taxes = set(lines.loc[lines.index.isin(taxes.index), "order_id"])
    net = []
    for (line, row), (_, order) in zip(lines.iterrows(), orders.iterrows(), strict=True):
        total = row.get("original_total_set_shop_amount")
        gross = _cents(total) if isinstance(total, str) else _cents(row["price"]) * int(row["quantity"])
        given = discounts.get(line)
        amount = gross - int(given if given is not None else _cents(row["total_discount"]))
        if order["taxes_included"] == "True":
            if row["order_id"] in has_taxes:
                amount -= int(taxes.get(line, 0))
            elif _cents(order["total_price"]):
                share = Decimal(amount) * _cents(order["total_tax"]) / _cents(order["total_price"])
                amount -= int(share.quantize(Decimal(1), ROUND_HALF_UP))
        net.append(amount)
    lines["net"] = net
    lines["is_left_out"] = (lines["gift_card"] == "True") | (lines["title"] == "Tip")
    lines["has_tax_in_price"] = (orders["taxes_included"] == "True").to_numpy()
    return lines


def _refunds(folder: Path, lines: pd.DataFrame) -> pd.DataFrame:
    """Cents and order by the id of the refund."""
    orders = _table(folder, "refund").set_index("id")["order_id"]
    of_lines = _table(folder, "order_line_refund")
    line = lines.reindex(of_lines["order_line_id"])
    tax = of_lines["total_tax"].map(_cents).where(line["has_tax_in_price"].to_numpy().astype(bool), 0)
    of_lines["cents"] = of_lines["subtotal"].map(_cents) - tax
    is_money = (of_lines["subtotal"] != "0.00") & ~line["is_left_out"].to_numpy().astype(bool)
    of_lines = of_lines[is_money].assign(source_id=lambda frame: "line-" + frame["id"])
    beyond = _table(folder, "order_adjustment")
    beyond = beyond[beyond["reason"] == "refund_discrepancy"].assign(
        cents=lambda frame: -frame["amount"].map(_cents).astype(int),
        source_id=lambda frame: "adjustment-" + frame["id"],
    )
    both = pd.concat([of_lines, beyond])
    both["order_id"] = both["refund_id"].map(orders)
    return both.dropna(subset="order_id").set_index("source_id")[["order_id", "cents"]]


def _payments(folder: Path) -> pd.Series:
    """Cents by order: sales and captures that succeeded, less the change."""
    moves = _table(folder, "transaction")
    moves = moves[(moves["status"].str.lower() == "success") & (moves["test"] != "True")]
    signs = moves["kind"].str.lower().map({"sale": 1, "capture": 1, "change": -1}).fillna(0).astype(int)
    return (moves["amount"].map(_cents) * signs).groupby(moves["order_id"]).sum()


def _table(folder: Path, name: str) -> pd.DataFrame:
    """The last delivered version of every row that is not meant for the quarantine, with the names of REST."""
    names = {new: old for old, new in RENAMED.get(name, {}).items()}
    files = [
        path
        for drop in ("history", "2026-11-01")
        for path in (folder / drop / f"{name}.csv", folder / drop / "refund_line_item.csv")
        if path.is_file() and name in {path.stem, "order_line_refund"}
    ]
    frames = [pd.read_csv(path, dtype=str).rename(columns=names) for path in files]
    frames = [rows[~rows["id"].str.startswith("bad_")] if "id" in rows else rows for rows in frames]
    key = [column for column in ("id", "order_line_id", "index") if column in frames[0]]
    return pd.concat(frames).drop_duplicates(["id"] if "id" in key else key, keep="last").reset_index(drop=True)


def _sum(rows: pd.DataFrame, by: str, amount: str) -> pd.Series:
    return rows[amount].map(_cents).groupby(rows[by]).sum()


def _cents(text: object) -> int:
    return int((Decimal(str(text)) * 100).to_integral_value()) if isinstance(text, str) else 0
