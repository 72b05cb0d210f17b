"""The people behind the records: attributes, time of joining, and baseline mood.

Keep out the records that systems hold about them (links, systems).
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from demo.names import COUNTRIES, Pool
from demo.world import (
    BLOCK,
    GROWTH,
    HORIZON_NIGHTS,
    SEGMENTS,
    Texts,
    World,
    after,
    in_waking_hours,
    pick,
)

GUEST_SHARE = 0.12
PROSPECT_SHARE = 0.08
MOOD_SD = 1.0
PEOPLE_PER_BLOCK = round(BLOCK * (1 + GROWTH))


def make_people(world: World, pools: dict[str, Pool]) -> pd.DataFrame:
    """One row per person, in the order of joining.

    Columns: number, segment (index of SEGMENTS), is_in_crm, is_buyer, country, language, first_name, last_name,
    home (position in the pool of addresses), mailbox (position of the owner of the e-mail address), mood (points of
    satisfaction above or below the segment's level), is_treated (reached by the initiative), registered_at (first known
    to the company), joined_at (first order, or for a prospect the day of registration).
    """
    rng = world.rng("people")
    newcomers = round(world.block_customers * GROWTH)
    days = np.concatenate(
        [
            (world.history_days - 1) * rng.random(world.block_customers) ** 1.25,
            world.history_days + (HORIZON_NIGHTS - 1) * rng.random(newcomers),
        ]
    )
    days.sort()
    count = len(days)
    segment = rng.choice(len(SEGMENTS), count, p=[segment.share for segment in SEGMENTS])
    kind = rng.random(count)
    is_guest = (kind < GUEST_SHARE) & (segment % 2 == 0)
    is_prospect = kind > 1 - PROSPECT_SHARE
    country = pick(rng, COUNTRIES, count)
    joined_at = in_waking_hours(rng, after(world.start, days))
    lead = np.where(rng.random(count) < 0.5, 0.01, rng.exponential(12, count))
    speaks_english = rng.random(count) < 0.07
    language = np.where(speaks_english, "en", np.where(country == "NL", "nl", "de"))

    people = pd.DataFrame(
        {
            "number": world.block * PEOPLE_PER_BLOCK + np.arange(1, count + 1),
            "segment": segment,
            "is_in_crm": ~is_guest,
            "is_buyer": ~is_prospect,
            "country": country,
            "language": language.astype(object),
            "home": rng.integers(0, 1_000_000, count),
            "mood": rng.normal(0, MOOD_SD, count),
            "registered_at": np.maximum(after(joined_at, -lead), after(world.start, rng.random(count) / 4)),
            "joined_at": joined_at,
        }
    )
    people["is_treated"] = people["is_in_crm"] & (rng.random(count) < world.effects.initiative_share)
    people["first_name"] = _names(rng, country, {code: pool.first_names for code, pool in pools.items()})
    people["last_name"] = _names(rng, country, {code: pool.last_names for code, pool in pools.items()})
    return _share_households(rng, world, people)


def _share_households(rng: np.random.Generator, world: World, people: pd.DataFrame) -> pd.DataFrame:
    """A few people share the household and the mailbox of the person who joined before them."""
    shares = rng.random(len(people)) < world.effects.shared_email_share
    shares &= np.concatenate([[False], ~shares[:-1]])
    with_whom = np.arange(len(people)) - shares
    for column in ("last_name", "home", "country"):
        people[column] = people[column].to_numpy()[with_whom]
    people["mailbox"] = with_whom
    return people


def _names(rng: np.random.Generator, country: Texts, options: dict[str, Texts]) -> Texts:
    draws = rng.integers(0, 1_000_000, len(country))
    names = np.empty(len(country), dtype=object)
    for code, pool in options.items():
        lives_there = country == code
        names[lives_there] = pool[draws[lives_there] % len(pool)]
    return names
