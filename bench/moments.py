"""Moments of truth of drawn companies against what was drawn: ``make bench-moments ARGS="1 2 3"`` (seeds).

Draws the orders of 10,000 customers per seed: in the full world a late delivery lowers the next order by a stated
share, in the plain one it does nothing. Prints the plain and the adjusted difference of the log amount of the next
order with its interval, and whether it holds the stated effect; and that customers who were ever late leave less
often, because who orders more has more chances of a late delivery.
"""

from __future__ import annotations

import sys
from datetime import date

import numpy as np
import pandas as pd

from demo.buying import make_buying
from demo.catalogue import make_products
from demo.effects import WORLDS
from demo.names import make_pools
from demo.people import make_people
from demo.world import SEGMENTS, World
from orchestration.assets.science.service_events import effect_of

SEEDS = tuple(map(str, range(1, 11)))
CUSTOMERS = 10_000
AS_OF = date(2025, 12, 31)
HORIZON_DAYS = 365


def main() -> None:
    """Print one line per world and seed, and how often the stated effect was held."""
    seeds = sys.argv[1:] or SEEDS
    for name, effects in WORLDS.items():
        stated = effects.spend_per_point * effects.late_delivery
        held = found = 0
        for seed in seeds:
            orders = drawn(int(seed), name)
            row = effect_of(units(orders), "late_delivery", "next_order_value", AS_OF)
            value, error = row["adjusted_difference"], row["standard_error"]
            low, high = value - 1.96 * error, value + 1.96 * error
            held += low <= stated <= high
            found += row["p_value"] < 0.05
            _say(
                f"{name:<6} seed {seed:>3}  plain {row['naive_difference']:+.3f}  adjusted {value:+.3f}"
                f" ({low:+.3f} to {high:+.3f})  stated {stated:+.3f}  {'held' if low <= stated <= high else 'missed'}"
                f"  ever late: {ever_late(orders):+.1%} leave"
            )
        _say(f"{name:<6} held {held} of {len(seeds)}, significant {found} of {len(seeds)}")


def drawn(seed: int, world: str) -> pd.DataFrame:
    """The orders of a company until the as-of date, with their buyer's segment and next order."""
    whole = World(CUSTOMERS, 1, seed, AS_OF, WORLDS[world])
    parts: list[pd.DataFrame] = []
    for block in whole.blocks:
        people = make_people(block, make_pools(block))
        orders = make_buying(block, people, make_products(block)).orders
        segment = people["segment"].to_numpy()[orders["person"]]
        names = np.array([each.name for each in SEGMENTS], dtype=object)
        # each block numbers its people from 0, guests included
        first_person = parts[-1]["person"].max() + 1 if parts else 0
        parts.append(orders.assign(segment=names[segment], person=orders["person"] + first_person))
    orders = pd.concat(parts, ignore_index=True)
    orders = orders[orders["ordered_at"] < np.datetime64(AS_OF)].sort_values(["person", "ordered_at"])
    by_person = orders.groupby("person")
    return orders.assign(
        next_at=by_person["ordered_at"].shift(-1),
        next_amount=by_person["net_amount"].shift(-1) / 100,
        earlier_order_count=by_person.cumcount() + 1,
        first_at=by_person["ordered_at"].transform("min"),
    )


def units(orders: pd.DataFrame) -> pd.DataFrame:
    """The orders that arrived, as ``science_service_events`` has them."""
    arrived = orders[orders["delivered_at"].notna() & orders["promised_at"].notna() & orders["shipped_at"].notna()]
    follows = arrived["next_at"] > arrived["delivered_at"]
    soon = (arrived["next_at"] - arrived["delivered_at"]).dt.days <= HORIZON_DAYS
    return pd.DataFrame(
        {
            "customer_id": arrived["person"].astype(str),
            "is_exposed": arrived["is_late"],
            "segment": arrived["segment"],
            "channel": arrived["channel"].astype(str),
            "month_start_date": arrived["ordered_at"].dt.to_period("M").dt.to_timestamp(),
            "earlier_order_count": arrived["earlier_order_count"],
            "tenure_days": (arrived["ordered_at"] - arrived["first_at"]).dt.days,
            "latest_order_amount": arrived["net_amount"] / 100,
            "next_order_amount": arrived["next_amount"].where(follows & soon),
        }
    )


def ever_late(orders: pd.DataFrame) -> float:
    """Share without an order in the last year among customers who were ever late, minus that of the others."""
    last = orders.groupby("person").agg(last=("ordered_at", "max"), is_late=("is_late", "any"))
    left = last["last"] < np.datetime64(AS_OF) - np.timedelta64(HORIZON_DAYS, "D")
    return float(left[last["is_late"]].mean() - left[~last["is_late"]].mean())


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
