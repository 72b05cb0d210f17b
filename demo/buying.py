"""Purchases: BG/NBD order times, Gamma-Gamma order values, with lines, payments and refunds.

Amounts are integer cents; the writer converts every ``_amount`` to a decimal.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from demo.catalogue import choose_products
from demo.seasons import calendar_days, shop_days
from demo.world import (
    HOUR,
    MINUTE,
    Flags,
    Numbers,
    Rates,
    Times,
    World,
    after,
    days_between,
    in_order,
    in_waking_hours,
    of_segments,
    pick,
    time_where,
)

CHANNELS = {"web": 0.50, "app": 0.25, "store": 0.17, "phone": 0.08}
REFUND_SHARE = 0.05
FREIGHT_CENTS = 490
FREE_FREIGHT_CENTS = 5_000
TAX_RATE = 0.19
REFUND_REASONS = {"does_not_fit": 0.35, "damaged": 0.25, "changed_mind": 0.25, "goodwill": 0.15}


@dataclass(frozen=True)
class Buying:
    """Orders by time, and their lines, payments and refunds by ``order`` (the position in ``orders``)."""

    orders: pd.DataFrame
    lines: pd.DataFrame
    payments: pd.DataFrame
    refunds: pd.DataFrame


def make_buying(world: World, people: pd.DataFrame, products: pd.DataFrame) -> Buying:
    """Draw all purchases within the horizon."""
    rng = world.rng("buying")
    orders = _orders(rng, world, people)
    lines = _lines(rng, world, orders, products)
    order_of_line = lines["order"].to_numpy()
    orders["net_amount"] = _sums(order_of_line, lines["net_amount"].to_numpy(), len(orders)).astype(np.int64)
    sent = orders["channel"].to_numpy() != "store"
    pays_freight = sent & (orders["net_amount"].to_numpy() < FREE_FREIGHT_CENTS)
    orders["freight_amount"] = np.where(pays_freight, FREIGHT_CENTS, 0)
    orders["tax_amount"] = ((orders["net_amount"] + orders["freight_amount"]) * TAX_RATE).round().astype(np.int64)
    orders["total_amount"] = orders["net_amount"] + orders["freight_amount"] + orders["tax_amount"]
    refunds = _refunds(rng, orders, lines)
    is_whole_order = np.zeros(len(orders), dtype=bool)
    given_back = refunds["refund_amount"].to_numpy() == orders["net_amount"].to_numpy()[refunds["order"]]
    is_whole_order[refunds["order"].to_numpy()[given_back]] = True
    returned_at = np.full(len(orders), np.datetime64("NaT", "s"))
    returned_at[refunds["order"].to_numpy()] = refunds["refunded_at"].to_numpy()
    orders["returned_at"] = time_where(is_whole_order, returned_at)
    return Buying(orders=orders, lines=lines, payments=_payments(rng, orders), refunds=refunds)


def _orders(rng: np.random.Generator, world: World, people: pd.DataFrame) -> pd.DataFrame:
    """Every order with its value: Gamma-Gamma times the effects of prices, the initiative and earlier experience."""
    orders = _purchases(rng, world, people)
    effects = world.effects
    person, ordered_at = orders["person"].to_numpy(), orders["ordered_at"].to_numpy()
    segment = people["segment"].to_numpy()
    shape = of_segments("p", segment)[person]
    value = rng.gamma(shape) / shape * _mean_value(rng, segment)[person]
    value *= np.exp(effects.spend_per_point * orders["felt_before"].to_numpy())
    value *= world.price_level(ordered_at)
    in_initiative = people["is_treated"].to_numpy()[person] & (ordered_at >= world.initiative_start)
    value *= 1 + effects.initiative_spend * in_initiative
    orders["value"] = np.maximum(np.round(value * 100), 100).astype(np.int64)
    return orders


def _purchases(rng: np.random.Generator, world: World, people: pd.DataFrame) -> pd.DataFrame:
    """One row per order, timed by BG/NBD: the buyer may drop out after each repeat order.

    Columns besides those of ``_placed``: sequence (count of earlier orders), felt_before (the buyer's satisfaction
    before the order, in points: mood and the effect of the previous order).
    """
    effects = world.effects
    buyers = np.flatnonzero(people["is_buyer"])
    segment = people["segment"].to_numpy()[buyers]
    rate = rng.gamma(of_segments("r", segment)) / of_segments("alpha", segment)
    dropout = rng.beta(of_segments("a", segment), of_segments("b", segment))
    mood = people["mood"].to_numpy()[buyers]
    joined_at = people["joined_at"].to_numpy()[buyers]
    horizon_days = float(days_between(world.start, world.horizon_end))
    on_shop_clock = shop_days(world, days_between(world.start, joined_at))

    active = np.arange(len(buyers))
    at = joined_at.copy()
    felt = mood.copy()
    drawn: list[pd.DataFrame] = []
    sequence = 0
    while len(active) or not drawn:
        placed = _placed(rng, world, buyers[active], at[active])
        drawn.append(placed.assign(sequence=sequence, felt_before=felt[active]))
        felt[active] = mood[active] + effects.late_delivery * placed["is_late"].to_numpy()
        if sequence:
            odds = np.exp(effects.dropout_per_point * felt[active])
            share = dropout[active] * odds / (1 - dropout[active] + dropout[active] * odds)
            active = active[rng.random(len(active)) >= share]
        sequence += 1
        on_shop_clock[active] += rng.exponential(size=len(active)) / rate[active] * 7
        days = calendar_days(world, on_shop_clock[active])
        is_within_horizon = days < horizon_days
        active, days = active[is_within_horizon], days[is_within_horizon]
        earliest = after(at[active], 10 * MINUTE)
        if effects.one_purchase_a_day:
            earliest = _next_morning(at[active])
        at[active] = np.maximum(in_waking_hours(rng, after(world.start, days)), earliest)
    orders = pd.concat(drawn, ignore_index=True)
    return in_order(orders, "ordered_at", "person", "sequence")


def _next_morning(at: Times) -> Times:
    return after(after(at, 2 * HOUR).astype("datetime64[D]").astype("datetime64[s]"), 1 + 8 * HOUR)


def _placed(rng: np.random.Generator, world: World, person: Numbers, ordered_at: Times) -> pd.DataFrame:
    """Orders of these people at these times, with channel and delivery times."""
    count = len(person)
    effects = world.effects
    channel = pick(rng, CHANNELS, count)
    in_store = channel == "store"
    is_canceled = (rng.random(count) < effects.canceled_share) & ~in_store
    promised_day = after(ordered_at, 4).astype("datetime64[D]").astype("datetime64[s]")
    promised_at = after(promised_day, 18 * HOUR)
    shipped_at = after(ordered_at, 0.2 + rng.gamma(2.0, 0.35, count))
    crisis_start, crisis_end = (world.days_before_end(days) for days in effects.crisis_days)
    in_crisis = (ordered_at >= crisis_start) & (ordered_at < crisis_end)
    is_slow = rng.random(count) < np.where(in_crisis, effects.crisis_late_share, effects.late_share)
    on_time_at = np.minimum(after(shipped_at, 0.6 + rng.gamma(3.0, 0.25, count)), after(promised_at, -HOUR))
    late_at = after(promised_day, 1 + 8 * HOUR + rng.gamma(2.0, 1.5, count))
    is_sent = ~is_canceled & ~in_store
    arrived_at = np.maximum(np.where(is_slow, late_at, on_time_at), after(shipped_at, HOUR))
    delivered_at = np.where(in_store, ordered_at, time_where(is_sent, arrived_at))
    return pd.DataFrame(
        {
            "person": person,
            "ordered_at": ordered_at,
            "channel": channel,
            "canceled_at": time_where(is_canceled, after(ordered_at, 0.1 + rng.random(count))),
            "promised_at": time_where(~in_store, promised_at),
            "shipped_at": time_where(is_sent, shipped_at),
            "delivered_at": delivered_at,
            "is_late": is_sent & (delivered_at.astype("datetime64[D]") > promised_at.astype("datetime64[D]")),
        }
    )


def _mean_value(rng: np.random.Generator, segment: Numbers) -> Rates:
    """Mean order value of each person in euros: Gamma-Gamma."""
    shape, q, v = (of_segments(name, segment) for name in ("p", "q", "v"))
    return shape * v / rng.gamma(q)


def _lines(rng: np.random.Generator, world: World, orders: pd.DataFrame, products: pd.DataFrame) -> pd.DataFrame:
    value = orders["value"].to_numpy()
    count = np.clip(1 + rng.poisson(1.3, len(orders)), 1, np.clip(value // 400, 1, 8))
    order = np.repeat(np.arange(len(orders)), count)
    first = np.cumsum(count) - count
    weight = 0.3 + rng.exponential(size=len(order))
    share = weight / _sums(order, weight, len(orders))[order]
    amount = np.floor(share * value[order]).astype(np.int64)
    amount[first] += value - _sums(order, amount, len(orders)).astype(np.int64)
    price_level = world.price_level(orders["ordered_at"].to_numpy())[order]
    product, quantity = choose_products(rng, products, amount, price_level)
    return pd.DataFrame(
        {
            "order": order,
            "line_number": np.arange(len(order)) - first[order] + 1,
            "product": product,
            "quantity": quantity,
            "net_amount": amount,
            "cost_amount": quantity * products["unit_cost_amount"].to_numpy()[product],
        }
    )


def _sums(order: Numbers, values: Rates | Numbers, order_count: int) -> Rates:
    """The sum of the values of each order."""
    return np.bincount(order, weights=values, minlength=order_count).astype(np.float64)


def _payments(rng: np.random.Generator, orders: pd.DataFrame) -> pd.DataFrame:
    is_paid = orders["canceled_at"].isna().to_numpy()
    order = np.flatnonzero(is_paid)
    method = pick(rng, {"card": 0.46, "wallet": 0.28, "invoice": 0.20, "instalments": 0.06}, len(order))
    at = orders["ordered_at"].to_numpy()[order]
    paid_at = np.where(method == "invoice", after(at, 2 + rng.gamma(3.0, 4.0, len(order))), at)
    total = orders["total_amount"].to_numpy()[order]
    by_gift_card = np.where(rng.random(len(order)) < 0.04, np.floor(total * rng.uniform(0.2, 0.6, len(order))), 0)
    gift = by_gift_card.astype(np.int64)
    whole = pd.DataFrame(
        {
            "order": order,
            "payment_method": method,
            "installment_count": np.where(method == "instalments", rng.choice([3, 6, 12], len(order)), 1),
            "payment_amount": total - gift,
            "paid_at": paid_at,
        }
    )
    gifts = pd.DataFrame(
        {
            "order": order,
            "payment_method": np.full(len(order), "gift_card", dtype=object),
            "installment_count": np.ones(len(order), dtype=np.int64),
            "payment_amount": gift,
            "paid_at": at,
        }
    )
    both = pd.concat([whole, gifts[gift > 0]], ignore_index=True)
    return in_order(both, "paid_at", "order")


def _refunds(rng: np.random.Generator, orders: pd.DataFrame, lines: pd.DataFrame) -> pd.DataFrame:
    """At most one refund per order, of one line, full or partial; one in six falls in a later month."""
    was_delivered: Flags = orders["delivered_at"].notna().to_numpy()
    order = np.flatnonzero(was_delivered & (rng.random(len(orders)) < REFUND_SHARE))
    first = np.searchsorted(lines["order"].to_numpy(), order)
    line_count = np.searchsorted(lines["order"].to_numpy(), order, side="right") - first
    line = first + rng.integers(0, line_count)
    amount = lines["net_amount"].to_numpy()[line]
    part = np.where(rng.random(len(order)) < 0.7, 1.0, rng.uniform(0.2, 0.6, len(order)))
    wait = np.where(
        rng.random(len(order)) < 1 / 6, rng.uniform(30, 80, len(order)), 2 + rng.gamma(2.0, 4.0, len(order))
    )
    refunds = pd.DataFrame(
        {
            "order": order,
            "line_number": lines["line_number"].to_numpy()[line],
            "reason": pick(rng, REFUND_REASONS, len(order)),
            "refund_amount": np.maximum(np.round(amount * part), 1).astype(np.int64),
            "refunded_at": in_waking_hours(rng, after(orders["delivered_at"].to_numpy()[order], wait)),
        }
    )
    return in_order(refunds, "refunded_at", "order")
