"""Purchases, contracts and segments of the demo company and of Olist, read by pandas.

The demo's identities come from the published map, everything else from the extracts. The truth of the demo is no
substitute, because people who share a mailbox are one customer by rule; ``test_retention_figures`` compares the two.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pandas as pd

from tests.integration.retention_oracle import Contract, Event, Person, SegmentAt

NOT_REVENUE = {"canceled", "unavailable"}


@dataclass(frozen=True)
class Bought:
    """Purchases and contracts of all people.

    Attributes:
        orders: one event per counted order, net of its refunds, on the day of the order.
        money: one event per counted order, and one per refund of it on its own day.
        contracts: the contract periods.
        cohort_segments: the segment of each person at the first order.
        segment_at: the segment of a person just before the start of a day.
        reasons: the acquisition of each person, if known.
    """

    orders: list[Event]
    money: list[Event]
    contracts: list[Contract]
    cohort_segments: dict[Person, str]
    segment_at: SegmentAt
    reasons: dict[Person, str]
    zone: ZoneInfo

    def midnight(self, day: date) -> float:
        """The start of a day as Unix time."""
        return datetime(day.year, day.month, day.day, tzinfo=self.zone).timestamp()


def demo(folder: Path, people: dict[tuple[str, str], str]) -> Bought:
    """Read the demo company's extracts; ``people`` maps each (system, record id) to a person."""
    zone = ZoneInfo("Europe/Berlin")
    orders = _shop(folder, "orders").sort_values("updated_at").drop_duplicates("order_number", keep="last")
    counted = orders[orders["status"] != "canceled"].set_index("order_number")
    lines = _shop(folder, "order_lines")
    net = _cents(lines["net_amount"]).groupby(lines["order_number"]).sum()
    refunds = _shop(folder, "refunds")
    refunds = refunds[refunds["order_number"].isin(counted.index)]
    refunded = _cents(refunds["refund_amount"]).groupby(refunds["order_number"]).sum()
    person_of = {number: people["shop", buyer] for number, buyer in counted["buyer_id"].items()}
    day_of = dict(zip(counted.index, counted["ordered_at"].dt.tz_convert(zone).dt.date, strict=True))

    gross = [Event(person_of[number], day_of[number], int(net.get(number, 0))) for number in counted.index]
    given_back = [
        Event(person_of[number], at.tz_convert(zone).date(), -cents)
        for number, at, cents in zip(
            refunds["order_number"], refunds["refunded_at"], _cents(refunds["refund_amount"]), strict=True
        )
    ]
    belief = _belief(folder, people)
    first_orders: dict[Person, float] = {}
    for number, at in counted["ordered_at"].sort_values().items():
        first_orders.setdefault(person_of[number], at.timestamp())
    return Bought(
        orders=[
            Event(event.person, event.day, event.cents - int(refunded.get(number, 0)))
            for number, event in zip(counted.index, gross, strict=True)
        ],
        money=[*gross, *given_back],
        contracts=_contracts(folder, people, zone),
        # a history row is valid from its own time on
        cohort_segments={person: belief(person, at + 1e-6) for person, at in first_orders.items()},
        segment_at=lambda person, day: belief(person, datetime(day.year, day.month, day.day, tzinfo=zone).timestamp()),
        reasons=_reasons(folder, people),
        zone=zone,
    )


def _shop(folder: Path, table: str) -> pd.DataFrame:
    return pd.concat(map(pd.read_parquet, sorted(folder.rglob(f"shop/{table}.parquet"))), ignore_index=True)


def _cents(amounts: pd.Series) -> pd.Series:
    return (amounts.astype(float) * 100).round().astype(int)


def _contracts(folder: Path, people: dict[tuple[str, str], str], zone: ZoneInfo) -> list[Contract]:
    """Periods of 30 days, priced by the month; an early renewal ends its predecessor."""
    periods = _shop(folder, "subscriptions").sort_values(["subscription_id", "period_number"])
    renewed_at = periods.groupby("subscription_id")["started_at"].shift(-1)
    over_at = periods["ends_at"].where(renewed_at.isna() | (periods["ends_at"] < renewed_at), renewed_at)
    return [
        Contract(people["shop", buyer], start.tz_convert(zone).date(), start.timestamp(), over.timestamp(), cents)
        for buyer, start, over, cents in zip(
            periods["buyer_id"], periods["started_at"], over_at, _cents(periods["period_amount"]), strict=True
        )
    ]


def _belief(folder: Path, people: dict[tuple[str, str], str]) -> Callable[[str, float], str]:
    """The segment of a person just before a Unix time, by the CRM's dated changes.

    The segment at the first record of a person, in any system, holds for all earlier times.
    """
    customers = pd.concat(
        (pd.read_csv(file, dtype=str) for file in sorted(folder.rglob("crm/customers.csv"))), ignore_index=True
    )
    seen: dict[str, list[float]] = defaultdict(list)
    dated: dict[str, list[tuple[float, str, str]]] = defaultdict(list)
    for record, at, segment in customers[["customer_id", "updated_at", "segment"]].itertuples(index=False):
        person, moment = people["crm", record], pd.Timestamp(at).timestamp()
        seen[person].append(moment)
        dated[person].append((moment, record, segment))
    others = {
        ("shop", "buyer_id"): _shop(folder, "accounts").rename(columns={"updated_at": "at"}),
        ("survey_tool", "contact_id"): _json_lines(folder, "survey_tool/contacts.jsonl.gz", "updated_at"),
        ("tracking", "visitor_id"): _json_lines(folder, "tracking/visitors.jsonl", "identified_at"),
    }
    for (system, column), rows in others.items():
        for record, at in rows[[column, "at"]].itertuples(index=False):
            seen[people[system, record]].append(pd.Timestamp(at).timestamp())

    def believed(person: str, before: float) -> str:
        first = min(seen[person])
        known = [row for row in dated[person] if row[0] < before or row[0] == first]
        return max(known)[2] if known else "unknown"

    return believed


def _json_lines(folder: Path, pattern: str, time: str) -> pd.DataFrame:
    files = sorted(file for file in folder.rglob(pattern) if file.stat().st_size)
    rows = pd.concat([pd.read_json(file, lines=True, dtype=False) for file in files])
    return rows.rename(columns={time: "at"})


def _reasons(folder: Path, people: dict[tuple[str, str], str]) -> dict[Person, str]:
    rows = pd.concat(pd.read_csv(file, dtype=str) for file in sorted(folder.rglob("crm/acquisitions.csv")))
    rows["at"] = rows["acquired_at"].map(lambda text: pd.Timestamp(text).timestamp())
    known = rows[rows["acquired_by"] != "unknown"].sort_values("at", ascending=False)
    return {
        people["crm", record]: reason for record, reason in zip(known["customer_id"], known["acquired_by"], strict=True)
    }


def olist(folder: Path, people: dict[tuple[str, str], str]) -> Bought:
    """Read an Olist folder: one state per person, that of the greatest customer id; no refunds, no contracts."""

    def table(name: str) -> pd.DataFrame:
        return pd.read_csv(folder / f"olist_{name}_dataset.csv", dtype=str, keep_default_na=False)

    customers = table("customers").sort_values("customer_id")
    customers["person"] = [people["olist", record] for record in customers["customer_id"]]
    state = dict(zip(customers["person"], customers["customer_state"], strict=True))
    orders = table("orders").merge(customers, on="customer_id")
    orders = orders[~orders["order_status"].isin(NOT_REVENUE)]
    items = table("order_items")
    prices = _cents(items["price"]).groupby(items["order_id"]).sum()
    events = [
        Event(person, date.fromisoformat(at[:10]), int(prices.get(order, 0)))
        for order, person, at in zip(
            orders["order_id"], orders["person"], orders["order_purchase_timestamp"], strict=True
        )
    ]
    return Bought(events, events, [], state, lambda person, _: state[person], {}, ZoneInfo("America/Sao_Paulo"))
