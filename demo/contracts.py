"""Coffee subscriptions, renewed monthly by the shifted-beta-geometric model."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from demo.world import World, after, days_between, in_order

SUBSCRIBER_SHARE = 0.15
PERIOD_DAYS = 30


@dataclass(frozen=True)
class Plan:
    """A plan: the churn probability of a contract is one draw from Beta(a, b), constant over renewals."""

    name: str
    share: float
    a: float
    b: float
    cents: int


PLANS = (Plan("single", 0.65, 0.9, 7.0, 1_990), Plan("office", 0.35, 0.7, 10.0, 8_900))


def make_subscriptions(world: World, people: pd.DataFrame) -> pd.DataFrame:
    """One row per contract period within the horizon.

    Columns: person, contract, period (from 1), plan, amount, started_at, ends_at, is_last (not renewed after it).
    """
    rng = world.rng("contracts")
    person = np.flatnonzero(people["is_buyer"].to_numpy() & (rng.random(len(people)) < SUBSCRIBER_SHARE))
    plan = rng.choice(len(PLANS), len(person), p=[plan.share for plan in PLANS])
    chance = rng.beta(np.array([plan.a for plan in PLANS])[plan], np.array([plan.b for plan in PLANS])[plan])
    lifetime = rng.geometric(np.maximum(chance, 1e-9))
    first_at = after(people["joined_at"].to_numpy()[person], rng.exponential(60, len(person)))
    seen = np.floor(days_between(first_at, world.horizon_end) / PERIOD_DAYS).astype(np.int64) + 1
    periods = np.clip(np.minimum(lifetime, seen), 0, None)
    contract = np.repeat(np.arange(len(person)), periods)
    period = np.arange(len(contract)) - np.repeat(np.cumsum(periods) - periods, periods) + 1
    started_at = after(first_at[contract], (period - 1.0) * PERIOD_DAYS)
    rows = pd.DataFrame(
        {
            "person": person[contract],
            "contract": contract,
            "period": period,
            "plan": np.array([plan.name for plan in PLANS], dtype=object)[plan[contract]],
            "amount": np.array([plan.cents for plan in PLANS])[plan[contract]],
            "started_at": started_at,
            "ends_at": after(started_at, float(PERIOD_DAYS)),
            "is_last": period == lifetime[contract],
        }
    )
    return in_order(rows, "started_at", "contract")
