"""The orders, refunds and periods of a made-up account, read from its files by pandas."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

NAMES = {"price_week": "week (week)", "price_month": "month (month)", "price_quarter": "quarter (3 months)"}
NAMES |= {"price_year": "year (year)", "price_seat": "seat (month)"}


@dataclass(frozen=True)
class Truth:
    """What the account billed, in cents of its currency.

    Attributes:
        orders: by id: order_status, net, paid and refunded.
        refunds: cents by id, of these orders.
        periods: by id: number, cents, plan, started_at, ends_at.
    """

    orders: pd.DataFrame
    refunds: pd.Series
    periods: pd.DataFrame


def read(folder: Path, currency: str) -> Truth:
    """Read the account's files; what is in test mode or in another currency is left out."""
    invoices, charges = table(folder, "invoice"), table(folder, "charge")
    invoices = invoices.assign(
        net=invoices["total"] - invoices["tax"],
        order_status=invoices["status"].map({"void": "canceled"}).fillna("placed"),
    )
    invoices = invoices[invoices["subtotal"] != 0]
    single = charges[charges["invoice_id"].isna() & (charges["status"] == "succeeded") & charges["captured"]]
    single = single.assign(
        net=single["amount"],
        total=single["amount"],
        order_status=single["refunded"].map({True: "returned", False: "placed"}),
    )
    columns = ["currency", "order_status", "net", "total"]
    live = [frame.loc[frame["livemode"]].set_index("id")[columns] for frame in (invoices, single)]
    orders = pd.concat(live)
    orders = orders[orders["currency"] == currency]
    paid = charges[(charges["status"] == "succeeded") & charges["captured"]]
    of_order = paid["invoice_id"].fillna(paid["id"])
    orders["paid"] = paid.groupby(of_order)["amount"].sum().reindex(orders.index).fillna(0).astype(int)
    refunds = _refunds(folder, charges, orders)
    orders["refunded"] = refunds.groupby("order_id")["cents"].sum().reindex(orders.index).fillna(0).astype(int)
    kept = orders[["order_status", "net", "paid", "refunded"]]
    return Truth(kept, refunds["cents"], _periods(folder, currency))


def _refunds(folder: Path, charges: pd.DataFrame, orders: pd.DataFrame) -> pd.DataFrame:
    """Refunds that were paid, disputes that were lost and credit notes, without their tax."""
    order_of = charges.set_index("id")["invoice_id"].fillna(pd.Series(charges["id"].array, index=charges["id"]))
    refunds, disputes = table(folder, "refund"), table(folder, "dispute")
    back = pd.concat([refunds[refunds["status"] != "failed"], disputes[disputes["status"] == "lost"]])
    back = back.assign(order_id=back["charge_id"].map(order_of))
    notes = table(folder, "credit_note").rename(columns={"invoice_id": "order_id"})
    both = pd.concat([back, notes]).set_index("id")
    both = both[both["order_id"].isin(orders.index)]
    order = orders.reindex(both["order_id"])
    cents = both["amount"].to_numpy() * order["net"].to_numpy() / order["total"].to_numpy()
    return both[["order_id"]].assign(cents=(cents + 0.5).astype(int))


def _periods(folder: Path, currency: str) -> pd.DataFrame:
    subscriptions = table(folder, "subscription").set_index("id")
    alive = subscriptions[subscriptions["livemode"] & (subscriptions["status"] != "incomplete_expired")]
    periods = pd.concat([_billed(folder), _listed(folder, subscriptions)])
    periods = periods[periods["subscription_id"].isin(alive.index) & (periods["currency"] == currency)]
    state = subscriptions.reindex(periods["subscription_id"])
    ended = pd.to_datetime(state["ended_at"]).set_axis(periods.index)
    is_cut = ended.notna() & (ended < periods["ends_at"])
    length = periods["ends_at"] - periods["started_at"]
    share = ((ended - periods["started_at"]) / length).where(is_cut, 1.0)
    periods["cents"] = (periods["cents"] * share).round().astype(int)
    periods["ends_at"] = periods["ends_at"].mask(is_cut, ended)
    periods = periods.assign(length=length).sort_values(["subscription_id", "started_at"])
    first = periods.groupby("subscription_id")[["started_at", "length"]].first().reindex(periods["subscription_id"])
    began = pd.to_datetime(subscriptions["start_date"]).reindex(periods["subscription_id"]).array
    before = ((first["started_at"].array - began) / first["length"].array).round().astype(int)
    periods["number"] = periods.groupby("subscription_id").cumcount().to_numpy() + 1 + before
    seconds = (periods["started_at"] - pd.Timestamp(0)) // pd.Timedelta(seconds=1)
    periods.index = periods["subscription_id"] + "-" + seconds.astype(str)
    return periods[["number", "cents", "plan", "started_at", "ends_at"]]


def _billed(folder: Path) -> pd.DataFrame:
    """One row per period with an invoice: what it costs after coupons, nothing where the invoice is void."""
    invoices, lines = table(folder, "invoice").set_index("id"), table(folder, "invoice_line_item")
    net = invoices["total"] - invoices["tax"]
    of_all_lines = lines.groupby("invoice_id")["amount"].sum()
    rate = (net / of_all_lines.where(of_all_lines != 0)).fillna(1).where(invoices["status"] != "void", 0)
    lines = lines[~lines["proration"]].assign(
        cents=lambda frame: frame["amount"] * frame["invoice_id"].map(rate),
        plan=lambda frame: frame["plan_id"].map(NAMES),
        started_at=lambda frame: pd.to_datetime(frame["period_start"]),
        ends_at=lambda frame: pd.to_datetime(frame["period_end"]),
    )
    grouped = lines.sort_values("plan").groupby(["subscription_id", "started_at"])
    return grouped.agg(
        cents=("cents", "sum"), ends_at=("ends_at", "max"), plan=("plan", " + ".join), currency=("currency", "first")
    ).reset_index()


def _listed(folder: Path, subscriptions: pd.DataFrame) -> pd.DataFrame:
    """One row per known period of a subscription without invoices, at the price of its items."""
    versions = pd.concat([subscriptions.reset_index(), table(folder, "subscription_history")])
    versions = versions[~versions["id"].isin(table(folder, "invoice")["subscription_id"])]
    versions = versions.drop_duplicates(["id", "current_period_start"])
    prices = table(folder, "price").set_index("id")["unit_amount"]
    items = table(folder, "subscription_item")
    items = items.assign(cents=items["plan_id"].map(prices) * items["quantity"], plan=items["plan_id"].map(NAMES))
    of_items = (
        items.sort_values("plan").groupby("subscription_id").agg(cents=("cents", "sum"), plan=("plan", " + ".join))
    )
    return pd.DataFrame(
        {
            "subscription_id": versions["id"],
            "started_at": pd.to_datetime(versions["current_period_start"]),
            "ends_at": pd.to_datetime(versions["current_period_end"]),
            "cents": versions["id"].map(of_items["cents"]),
            "plan": versions["id"].map(of_items["plan"]),
            "currency": "usd",
        }
    )


def table(folder: Path, name: str) -> pd.DataFrame:
    """The rows of a table, without those for the quarantine and those of the subscription that changes in the night."""
    rows = pd.read_csv(folder / f"{name}.csv")
    other = rows["id"].str.match("bad_|(sub|si)_moves")
    return rows[~other].infer_objects().reset_index(drop=True)
