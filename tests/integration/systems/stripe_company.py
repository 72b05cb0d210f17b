"""A made-up billing account as Stripe's connector lands it: subscriptions, invoices, charges, refunds, disputes.

Amounts are whole cents, as Stripe delivers them.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd

from tests.integration.systems.shopify_company import Row, write_rows

FIRST, AS_OF = (datetime.fromisoformat(at) for at in ("2025-01-06T08:00", "2026-11-01"))
PRICES: Mapping[str, tuple[int, str, int]] = {
    "price_week": (500, "week", 1),
    "price_month": (2000, "month", 1),
    "price_quarter": (5400, "month", 3),
    "price_year": (19000, "year", 1),
    "price_seat": (700, "month", 1),
}
"""Cents, interval and number of intervals."""
REFUNDED = ["succeeded", "succeeded", "failed"]


@dataclass
class Billing:
    """The rows of an account, table by table."""

    seed: int
    customer_count: int
    tables: dict[str, list[Row]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Invent customers, subscriptions and single charges."""
        self.random = random.Random(self.seed)
        self.last_id = 0
        for price, (cents, interval, count) in PRICES.items():
            product = self._add("product", "prod", name=price.removeprefix("price_"), livemode=True, is_deleted=False)
            self.tables.setdefault("price", []).append(
                {
                    "id": price,
                    "product_id": product["id"],
                    "nickname": None,
                    "currency": "usd",
                    "unit_amount": cents,
                    "recurring_interval": interval,
                    "recurring_interval_count": count,
                }
            )
        for number in range(self.customer_count):
            self._customer(number)
        for number in range(40):
            self._single_charge(number)

    def _add(self, table: str, prefix: str, **row: Any) -> Row:
        self.last_id += 1
        made = {"id": f"{prefix}_{self.last_id}", **row}
        self.tables.setdefault(table, []).append(made)
        return made

    def _chance(self, share: float) -> bool:
        return self.random.random() < share

    def _customer(self, number: int) -> None:
        at = FIRST + timedelta(hours=self.random.randrange(600 * 24))
        customer = self._add(
            "customer",
            "cus",
            email=f"customer{number}@example.com",
            name=f"First{number} von Last{number}",
            created=_text(at),
            livemode=not self._chance(0.02),
            is_deleted=False,
        )
        if self._chance(0.85):
            self._subscription(customer, at)
        else:
            self._charge(customer, at, 2500, receipt_email=customer["email"])

    def _subscription(self, customer: Row, at: datetime) -> None:
        price = self.random.choice(list(PRICES)[:4])
        subscription = self._add(
            "subscription",
            "sub",
            customer_id=customer["id"],
            status="active",
            created=_text(at),
            start_date=_text(at),
            livemode=customer["livemode"],
            current_period_start=None,
            current_period_end=None,
            trial_end=None,
            ended_at=None,
            pause_collection_behavior=None,
            _fivetran_synced=_text(AS_OF),
        )
        if self._chance(0.04):
            subscription |= {"status": "incomplete_expired", "current_period_start": _text(at)}
            subscription["current_period_end"] = _text(at + timedelta(days=30))
            self._item(subscription, price, 1)
            return
        has_invoices = self._chance(0.9)
        quantity = self.random.choice([1, 1, 1, 2, 3])
        has_seats = price == "price_month" and self._chance(0.2)
        taxed, coupon, currency = self._chance(0.3), self._chance(0.15), "jpy" if self._chance(0.03) else "usd"
        start = at
        if has_invoices and self._chance(0.25):
            end = start + timedelta(days=14)
            subscription["trial_end"] = _text(end)
            self._invoice(subscription, [(price, quantity, True)], start, end, currency)
            subscription |= {
                "current_period_start": _text(start),
                "current_period_end": _text(end),
                "status": "trialing",
            }
            start = end
        while start < AS_OF - timedelta(days=1):
            _, interval, count = PRICES[price]
            end = _later(start, interval, count)
            is_paused = has_invoices and self._chance(0.04)
            lines = [(price, quantity, False), *([("price_seat", 2, False)] if has_seats else [])]
            self._invoice(
                subscription,
                lines,
                start,
                end,
                currency,
                taxed=taxed,
                coupon=coupon,
                lands=has_invoices,
                status="void" if is_paused else "paid",
            )
            subscription |= {"current_period_start": _text(start), "current_period_end": _text(end), "status": "active"}
            if self._chance(0.2):
                self._version(subscription)
            if self._chance(0.05 if interval != "year" else 0.3):
                # some at the end of the period, some within it
                ended = end if self._chance(0.6) else start + (end - start) / 2
                if ended < AS_OF:
                    subscription |= {"status": "canceled", "ended_at": _text(ended)}
                    break
            if has_invoices and not has_seats and self._chance(0.03):
                price = self.random.choice(list(PRICES)[:4])
            start = end
        self._item(subscription, price, quantity)
        if has_seats:
            self._item(subscription, "price_seat", 2)

    def _item(self, subscription: Row, price: str, quantity: int) -> None:
        self._add("subscription_item", "si", subscription_id=subscription["id"], plan_id=price, quantity=quantity)

    def _version(self, subscription: Row) -> None:
        synced = {"_fivetran_synced": subscription["current_period_start"], "_fivetran_active": False}
        self.tables.setdefault("subscription_history", []).append({**subscription, **synced})

    def _invoice(
        self,
        subscription: Row,
        lines: Sequence[tuple[str, int, bool]],
        start: datetime,
        end: datetime,
        currency: str,
        *,
        taxed: bool = False,
        coupon: bool = False,
        lands: bool = True,
        status: str = "paid",
    ) -> None:
        if not lands:
            return
        amounts = [0 if is_free else PRICES[price][0] * quantity for price, quantity, is_free in lines]
        has_proration = not lines[0][2] and self._chance(0.06)
        if has_proration:
            amounts.append(-150)
        subtotal = sum(amounts)
        net = subtotal // 2 if coupon else subtotal
        tax = net * 20 // 100 if taxed else 0
        invoice = self._add(
            "invoice",
            "in",
            customer_id=subscription["customer_id"],
            subscription_id=subscription["id"],
            currency=currency,
            status=status,
            subtotal=subtotal,
            tax=tax,
            total=net + tax,
            created=_text(start),
            livemode=subscription["livemode"],
            is_deleted=False,
        )
        for place, amount in enumerate(amounts):
            is_proration = has_proration and place == len(lines)
            price, quantity, _ = lines[0 if is_proration else place]
            self._add(
                "invoice_line_item",
                "il",
                invoice_id=invoice["id"],
                amount=amount,
                currency=currency,
                quantity=1 if is_proration else quantity,
                plan_id=price,
                subscription_id=subscription["id"],
                type="subscription",
                proration=is_proration,
                period_start=_text(start - timedelta(days=3) if is_proration else start),
                period_end=_text(end),
            )
        if status == "paid" and net + tax:
            customer = {"id": subscription["customer_id"], "livemode": subscription["livemode"]}
            if self._chance(0.08):
                self._charge(customer, start, net + tax, invoice["id"], status="failed", currency=currency)
            self._charge(customer, start, net + tax, invoice["id"], currency=currency)
        if status == "paid" and self._chance(0.03):
            self._add(
                "credit_note",
                "cn",
                invoice_id=invoice["id"],
                amount=100,
                currency=currency,
                status="issued",
                livemode=True,
                reason="order_change",
                refund_id=None,
                created=_text(start + timedelta(days=1)),
            )

    def _charge(
        self,
        customer: Row,
        at: datetime,
        cents: int,
        invoice_id: str | None = None,
        *,
        status: str = "succeeded",
        captured: bool = True,
        currency: str = "usd",
        receipt_email: str | None = None,
    ) -> None:
        charge = self._add(
            "charge",
            "ch",
            amount=cents,
            captured=captured and status == "succeeded",
            created=_text(at),
            currency=currency,
            customer_id=customer["id"],
            invoice_id=invoice_id,
            livemode=customer["livemode"],
            paid=status == "succeeded",
            status=status,
            card_id="card",
            receipt_email=receipt_email,
            refunded=False,
        )
        if status != "succeeded" or not captured:
            return
        later = {"created": _text(at + timedelta(days=5)), "charge_id": charge["id"], "currency": currency}
        if self._chance(0.06):
            part = cents if self._chance(0.5) else cents // 3
            charge["refunded"] = part == cents
            self._add("refund", "re", amount=part, status=self.random.choice(REFUNDED), **later)
        elif self._chance(0.03):
            self._add("dispute", "du", amount=cents, status=self.random.choice(["lost", "won"]), livemode=True, **later)

    def _single_charge(self, number: int) -> None:
        guest = {"id": None, "livemode": True}
        at = FIRST + timedelta(days=self.random.randrange(600))
        options: list[Row] = [{}, {"status": "failed"}, {"captured": False}, {}]
        self._charge(guest, at, 1500 + number, receipt_email=f"Guest{number % 15}@example.com ", **options[number % 4])


def write(billing: Billing, folder: Path) -> None:
    """Write the account's history."""
    for name, rows in billing.tables.items():
        write_rows(folder / f"{name}.csv", rows)


def _later(start: datetime, interval: str, count: int) -> datetime:
    by = {"week": pd.DateOffset(weeks=count), "month": pd.DateOffset(months=count), "year": pd.DateOffset(years=count)}
    return (pd.Timestamp(start) + by[interval]).to_pydatetime()


def _text(at: datetime) -> str:
    return at.isoformat(sep=" ", timespec="seconds")
