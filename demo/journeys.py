"""Contacts between the company and its customers, from awareness to advocacy, on eight channels.

Employees log activities in the CRM; all other contacts are tracked events. An event belongs to a known person only
if its visitor was identified.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from demo.cases import FRONT_DEPARTMENT, Cases
from demo.world import (
    HORIZON_NIGHTS,
    MINUTE,
    Flags,
    Times,
    World,
    after,
    days_between,
    in_order,
    in_waking_hours,
    pick,
)

ANONYMOUS_VISITORS_PER_CUSTOMER = 0.5

# Share of first and of repeat orders with such a contact.
SHARES = {
    "social_ad": (0.30, 0.0),
    "landing_page": (0.40, 0.0),
    "newsletter": (0.0, 0.12),
    "product_page": (0.60, 0.15),
    "product_chat": (0.15, 0.04),
    "store_visit": (0.35, 0.35),
    "reorder_reminder": (0.0, 0.20),
    "order_confirmation": (0.15, 0.15),
    "delivery": (0.20, 0.20),
    "setup_guide": (0.30, 0.05),
    "app_use": (0.15, 0.15),
    "account_page": (0.10, 0.10),
    "review": (0.08, 0.08),
    "referral": (0.03, 0.03),
    "social_share": (0.02, 0.02),
}
_CHECKOUT = {"web": "web_checkout", "app": "app_checkout", "store": "store_till", "phone": "phone_order"}
_TOUCHPOINT_CHANNELS = {
    "social_ad": "social",
    "landing_page": "web",
    "newsletter": "email",
    "product_page": "web",
    "product_chat": "chatbot",
    "store_visit": "store",
    "web_checkout": "web",
    "app_checkout": "app",
    "store_till": "store",
    "phone_order": "phone",
    "order_confirmation": "email",
    "delivery": "sms",
    "setup_guide": "app",
    "app_use": "app",
    "account_page": "web",
    "reorder_reminder": "email",
    "account_review": "phone",
    "review": "web",
    "referral": "app",
    "social_share": "social",
}
_BY_EMPLOYEES = {
    "phone_order": "sales",
    "account_review": "sales",
    "support_call": FRONT_DEPARTMENT,
    "support_email": FRONT_DEPARTMENT,
    "store_service": FRONT_DEPARTMENT,
    "social_reply": FRONT_DEPARTMENT,
}
"""Contacts that employees log; a contact about a case has the department that works on it at the time."""


@dataclass(frozen=True)
class Journeys:
    """Contacts of known people and of anonymous visitors."""

    contacts: pd.DataFrame
    """One row per contact of a person: person, order, case (-1 for none), touchpoint, channel, at, is_logged (by an
    employee, of the department)."""
    anonymous: pd.DataFrame
    """One row per contact of an anonymous visitor: visitor, touchpoint, channel, at."""


def make_journeys(world: World, people: pd.DataFrame, orders: pd.DataFrame, cases: Cases) -> Journeys:
    """Every contact within the horizon."""
    rng = world.rng("journeys")
    contacts = pd.concat([*_around_orders(rng, orders), cases.contacts, *_on_its_own(rng, world, people)])
    contacts[["order", "case"]] = contacts[["order", "case"]].fillna(-1).astype(np.int64)
    in_crm = people["is_in_crm"].to_numpy()[contacts["person"]]
    department = contacts["touchpoint"].map(_BY_EMPLOYEES)
    contacts["department"] = contacts["department"].fillna(department)
    contacts["is_logged"] = department.notna().to_numpy() & in_crm
    contacts = contacts[contacts["at"] >= world.start]
    return Journeys(contacts=in_order(contacts, "at", "person"), anonymous=_anonymous(rng, world))


def _contacts(touchpoint: str, person: np.ndarray, at: Times, order: np.ndarray | int = -1) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "person": person,
            "order": order,
            "touchpoint": np.full(len(person), touchpoint, dtype=object),
            "channel": np.full(len(person), _TOUCHPOINT_CHANNELS[touchpoint], dtype=object),
            "at": at,
        }
    )


def _around_orders(rng: np.random.Generator, orders: pd.DataFrame) -> list[pd.DataFrame]:
    """Contacts before, at and after each order."""
    count = len(orders)
    person = orders["person"].to_numpy()
    ordered_at, delivered_at = orders["ordered_at"].to_numpy(), orders["delivered_at"].to_numpy()
    channel = orders["channel"].to_numpy(dtype=object)
    first = orders["sequence"].to_numpy() == 0
    sent = orders["shipped_at"].notna().to_numpy()
    kept = ~np.isnat(delivered_at)

    def some(touchpoint: str, candidates: Flags, at: Times, *, of_order: bool = True) -> pd.DataFrame:
        share = np.where(first, *SHARES.get(touchpoint, (1.0, 1.0)))
        chosen = np.flatnonzero(candidates & (rng.random(count) < share))
        return _contacts(touchpoint, person[chosen], at[chosen], chosen if of_order else -1)

    def before(days: float) -> Times:
        return after(ordered_at, -0.01 - rng.exponential(days, count))

    def since(times: Times, days: float) -> Times:
        return after(times, 0.01 + rng.exponential(days, count))

    parts = [
        some("social_ad", first, before(20), of_order=False),
        some("landing_page", first, before(15), of_order=False),
        some("newsletter", ~first, before(6), of_order=False),
        some("product_page", channel != "store", before(0.4), of_order=False),
        some("product_chat", channel != "store", before(1.0), of_order=False),
        some("store_visit", channel == "store", before(4), of_order=False),
        some("reorder_reminder", ~first, before(3), of_order=False),
        some("order_confirmation", sent, after(ordered_at, 2 * MINUTE)),
        some("delivery", sent & kept, delivered_at),
        some("setup_guide", kept, since(delivered_at, 2)),
        some("app_use", kept, since(delivered_at, 30), of_order=False),
        some("account_page", kept, since(delivered_at, 10)),
        some("review", kept, since(delivered_at, 14)),
        some("referral", kept, since(delivered_at, 40), of_order=False),
        some("social_share", kept, since(delivered_at, 12), of_order=False),
    ]
    parts += [some(touchpoint, channel == name, ordered_at) for name, touchpoint in _CHECKOUT.items()]
    return parts


def _on_its_own(rng: np.random.Generator, world: World, people: pd.DataFrame) -> list[pd.DataFrame]:
    """Contacts without an order: visits of prospects, quarterly reviews with business customers."""
    prospects = np.flatnonzero(~people["is_buyer"])
    seen_at = after(people["joined_at"].to_numpy()[prospects], -rng.exponential(5, len(prospects)))
    business = people["is_in_crm"].to_numpy() & (people["segment"].to_numpy() >= 2)
    joined_at = people["joined_at"].to_numpy()
    years = days_between(joined_at, world.horizon_end) / 365.25
    talks_per_year = np.where(people["segment"].to_numpy() == 3, 3.0, 0.5)
    person = np.repeat(np.arange(len(people)), rng.poisson(np.where(business, years * talks_per_year, 0)))
    wait = days_between(joined_at[person], world.horizon_end) * rng.random(len(person))
    return [
        _contacts("landing_page", prospects, seen_at),
        _contacts("product_page", prospects, after(seen_at, 4 * MINUTE)),
        _contacts("account_review", person, in_waking_hours(rng, after(joined_at[person], 1 + wait))),
    ]


def _anonymous(rng: np.random.Generator, world: World) -> pd.DataFrame:
    visitors = round(
        world.block_customers * ANONYMOUS_VISITORS_PER_CUSTOMER * (1 + HORIZON_NIGHTS / world.history_days)
    )
    pages = rng.integers(1, 4, visitors)
    visitor = np.repeat(np.arange(visitors), pages)
    days = rng.random(visitors) * (world.history_days + HORIZON_NIGHTS - 1)
    since = in_waking_hours(rng, after(world.start, days))
    touchpoint = pick(
        rng, {"landing_page": 0.4, "product_page": 0.4, "social_ad": 0.15, "product_chat": 0.05}, len(visitor)
    )
    visits = pd.DataFrame(
        {
            "visitor": visitor,
            "touchpoint": touchpoint,
            "channel": pd.Series(touchpoint).map(_TOUCHPOINT_CHANNELS).to_numpy(dtype=object),
            "at": after(since[visitor], rng.exponential(0.005, len(visitor))),
        }
    )
    return in_order(visits, "at", "visitor")
