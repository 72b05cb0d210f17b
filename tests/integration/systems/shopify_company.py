"""A made-up shop as Shopify's connector lands it, in the REST or the GraphQL shape, and the truth about its orders.

Amounts are whole cents here; the files have them as decimals.
"""

from __future__ import annotations

import csv
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

Row = dict[str, Any]
FIRST, LAST, NIGHT = (datetime.fromisoformat(at) for at in ("2024-01-03", "2026-10-30", "2026-11-01T09:00"))
RENAMED: Mapping[str, Mapping[str, str]] = {
    "order": {
        "currency": "currency_code",
        "financial_status": "display_financial_status",
        "fulfillment_status": "display_fulfillment_status",
        "total_price": "total_price_set_shop_amount",
        "total_tax": "total_tax_set_shop_amount",
        "total_tip_received": "total_tip_received_set_shop_amount",
    },
    "order_line": {"gift_card": "is_gift_card", "total_discount": "total_discount_set_shop_amount"},
    "discount_allocation": {"amount": "allocated_amount_set_shop_amount"},
    "tax_line": {"price": "price_set_shop_amount"},
    "order_line_refund": {"subtotal": "subtotal_set_shop_amount", "total_tax": "total_tax_set_shop_amount"},
    "order_adjustment": {"amount": "amount_set_shop_amount"},
    "transaction": {"amount": "amount_set_shop_amount"},
}
"""Where GraphQL has another name for a column."""


@dataclass
class Shop:
    """The rows of a shop, table by table: its history, and what changed in the night after it.

    Attributes:
        first_id: every id of the shop is above it.
    """

    seed: int
    customer_count: int
    first_id: int
    tables: dict[str, list[Row]] = field(default_factory=dict)
    history: dict[str, list[Row]] = field(default_factory=dict)
    night: dict[str, list[Row]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Invent customers, products and orders."""
        self.random = random.Random(self.seed)
        self.last_id = self.first_id
        products = [self._product(number) for number in range(12)]
        customers = [self._customer(number) for number in range(self.customer_count)]
        for customer in customers:
            earliest = datetime.fromisoformat(customer["created_at"])
            minutes = int((LAST - earliest).total_seconds() // 60)
            for _ in range(self.random.choice([1, 1, 2, 2, 3, 5])):
                self._order(customer, products, earliest + timedelta(minutes=self.random.randrange(minutes)))
        for customer in customers[:10]:
            self._add("draft_order", customer_id=customer["id"], currency="USD", created_at=_text(LAST))
        self.history, self.tables = self.tables, self.night
        for customer in customers[:5]:
            self._order(customer, products, NIGHT)
        # a line of a refund came before the refund
        self.night["refund"] = [self.history["refund"].pop()]
        for order in self.history["order"][:5]:
            self.night["order"].append({**order, "cancelled_at": _text(NIGHT), "updated_at": _text(NIGHT)})

    def _add(self, table: str, **row: Any) -> Row:
        self.last_id += 1
        made = {"id": self.last_id, **row}
        self.tables.setdefault(table, []).append(made)
        return made

    def _chance(self, share: float) -> bool:
        return self.random.random() < share

    def _product(self, number: int) -> list[Row]:
        product = self._add("product", title=f"Product {number}", product_type="goods", updated_at=_text(FIRST))
        names = ["Default Title"] if number % 3 else ["Small", "Large"]
        return [
            self._add("product_variant", product_id=product["id"], title=name, updated_at=_text(FIRST))
            for name in names
        ]

    def _customer(self, number: int) -> Row:
        at = FIRST + timedelta(minutes=self.random.randrange(500 * 24 * 60))
        # the first ones of every shop are the same people
        owner = "both" if number < 20 else str(self.first_id)
        return self._add(
            "customer",
            email=f"{owner}-{number}@example.com",
            first_name=f"First{number}",
            last_name=f"Last{number}",
            created_at=_text(at),
            updated_at=_text(at),
        )

    def _order(self, customer: Row, products: Sequence[Sequence[Row]], at: datetime) -> None:
        has_tax_in_prices = self._chance(0.2)
        has_tax_lines = self._chance(0.7)
        order = self._add(
            "order",
            customer_id=customer["id"],
            # an order of the old shop was imported later
            created_at=_text(at + timedelta(hours=40) if self._chance(0.05) else at),
            processed_at=_text(at),
            updated_at=_text(at + timedelta(days=1)),
            currency="GBP" if self._chance(0.01) else "USD",
            taxes_included=has_tax_in_prices,
            test=self._chance(0.02),
            source_name=self.random.choice(["web", "web", "pos", "shopify_draft_order"]),
            cancelled_at=_text(at + timedelta(hours=5)) if self._chance(0.04) else None,
            financial_status="voided" if self._chance(0.02) else "paid",
            fulfillment_status="fulfilled",
            _fivetran_deleted=self._chance(0.01),
            _fivetran_synced=_text(LAST),
        )
        total = tax_total = 0
        lines = []
        for place in range(self.random.choice([1, 1, 2, 3])):
            variant = self.random.choice(self.random.choice(products))
            line, gross, discount, tax = self._line(order, variant, place, has_tax_in_prices)
            lines.append((line, gross - discount, tax))
            total += gross - discount + (0 if has_tax_in_prices else tax)
            tax_total += tax
            if has_tax_lines and tax:
                self.tables.setdefault("tax_line", []).append(
                    {"order_line_id": line["id"], "index": 0, "price": _money(tax)}
                )
        if self._chance(0.03):
            tip = 300
            self._add("order_line", order_id=order["id"], title="Tip", price=_money(tip), quantity=1, index=9)
            self.tables["order_line"][-1]["original_total_set_shop_amount"] = _money(tip)
            order["total_tip_received"] = _money(tip)
            total += tip
        order |= {"total_price": _money(total), "total_tax": _money(tax_total)}
        self._pay(order, total, at)
        self._ship(order, at)
        if self._chance(0.12):
            self._refund(order, lines, at + timedelta(days=self.random.randrange(1, 20)))

    def _line(self, order: Row, variant: Row, place: int, has_tax_in_prices: bool) -> tuple[Row, int, int, int]:
        price, quantity = self.random.randrange(500, 9000), self.random.choice([1, 1, 1, 2, 3])
        gross = price * quantity
        line = self._add(
            "order_line",
            order_id=order["id"],
            product_id=variant["product_id"],
            variant_id=variant["id"],
            title="Goods",
            price=_money(price),
            original_total_set_shop_amount=_money(gross),
            quantity=quantity,
            index=place + 1,
            gift_card=self._chance(0.03),
            total_discount="0.00",
        )
        discount = 0
        if self._chance(0.25):
            # a discount of the line and a share of one of the order
            for index, share in enumerate((10, 20)):
                part = gross // share
                discount += part
                self.tables.setdefault("discount_allocation", []).append(
                    {"order_line_id": line["id"], "index": index, "amount": _money(part)}
                )
        elif self._chance(0.1):
            # without an allocation the line itself has the discount
            discount = gross // 10
            line["total_discount"] = _money(discount)
        net = gross - discount
        tax = 0 if line["gift_card"] else net * 20 // 120 if has_tax_in_prices else net * 8 // 100
        return line, gross, discount, tax

    def _pay(self, order: Row, total: int, at: datetime) -> None:
        def attempt(kind: str, status: str, cents: int) -> None:
            self._add(
                "transaction",
                order_id=order["id"],
                kind=kind,
                status=status,
                amount=_money(cents),
                currency=order["currency"],
                gateway="shopify_payments",
                created_at=_text(at),
                processed_at=_text(at),
                test=order["test"],
            )

        if self._chance(0.1):
            attempt("sale", "failure", total)
        if self._chance(0.2):
            attempt("authorization", "success", total)
            attempt("capture", "success", total)
        elif self._chance(0.1):
            attempt("sale", "success", total + 500)
            attempt("change", "success", 500)
        else:
            attempt("sale", "success", total)

    def _ship(self, order: Row, at: datetime) -> None:
        parcel = self._add(
            "fulfillment", order_id=order["id"], created_at=_text(at + timedelta(days=1)), status="success"
        )
        self._add("fulfillment", order_id=order["id"], created_at=_text(at), status="cancelled")
        for status, days in (("in_transit", 2), ("delivered", 4)):
            if self._chance(0.8):
                happened_at = _text(at + timedelta(days=days))
                self._add("fulfillment_event", fulfillment_id=parcel["id"], status=status, happened_at=happened_at)

    def _refund(self, order: Row, lines: list[tuple[Row, int, int]], at: datetime) -> None:
        if at > LAST:
            return
        refund = self._add("refund", order_id=order["id"], created_at=_text(at))
        line, net, tax = self.random.choice(lines)
        is_free = self._chance(0.1)
        self._add(
            "order_line_refund",
            refund_id=refund["id"],
            order_line_id=line["id"],
            quantity=1,
            restock_type="return",
            subtotal=_money(0 if is_free else net),
            total_tax=_money(0 if is_free else tax),
        )
        self._add("transaction", order_id=order["id"], kind="refund", status="success", amount="1.00", test=False)
        kind = self.random.choice(["shipping_refund", "refund_discrepancy", None, None])
        if kind:
            amount = self.random.choice([-500, -250, 200])
            self._add(
                "order_adjustment",
                refund_id=refund["id"],
                order_id=order["id"],
                kind=kind,
                reason=kind,
                amount=_money(amount),
            )


def write(tables: Mapping[str, Sequence[Row]], folder: Path, *, graphql: bool = False) -> None:
    """Write one delivery; GraphQL names some columns and one table in its own way, and writes states in capitals."""
    for name, rows in tables.items():
        table, shown = name, rows
        if graphql:
            table = "refund_line_item" if name == "order_line_refund" else name
            names = RENAMED.get(name, {})
            shown = [_capital({names.get(key, key): value for key, value in row.items()}) for row in rows]
            if name == "order_adjustment":
                # it has no kinds: refunds of freight are in another table
                shown = [{**row, "kind": None} for row in shown if row["kind"] != "SHIPPING_REFUND"]
        if name == "order_line":
            hidden = "price" if graphql else "original_total_set_shop_amount"
            shown = [{key: value for key, value in row.items() if key != hidden} for row in shown]
        write_rows(folder / f"{table}.csv", shown)


def _capital(row: Row) -> Row:
    states = ("kind", "status", "display_financial_status", "display_fulfillment_status", "restock_type")
    return {key: str(value).upper() if key in states else value for key, value in row.items()}


def write_rows(path: Path, rows: Sequence[Row]) -> None:
    """Write rows that may lack columns of others as CSV."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(dict.fromkeys(key for row in rows for key in row)))
        writer.writeheader()
        writer.writerows(rows)


def _money(cents: int) -> str:
    sign = "-" if cents < 0 else ""
    return f"{sign}{abs(cents) // 100}.{abs(cents) % 100:02d}"


def _text(at: datetime | date) -> str:
    return at.isoformat(sep=" ") if isinstance(at, datetime) else at.isoformat()
