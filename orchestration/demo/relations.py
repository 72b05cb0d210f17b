"""How people came to the company and what they agreed to: acquisitions, business accounts, consents, the initiative."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from orchestration.demo.world import Flags, World, after, days_between, pick, text_where

REFERRED_SHARE = 0.18
CAMPAIGNS = {"search_ads": 0.14, "autumn_festival": 0.09, "barista_video": 0.07, "newsletter_swap": 0.05}
"""Campaigns with their shares of all people; who is neither referred nor of a campaign came for an unknown reason."""
PEOPLE_PER_ACCOUNT = 3
INDUSTRIES = {"offices": 0.4, "gastronomy": 0.3, "hotels": 0.15, "public_sector": 0.15}
MARKETING_CONSENT_SHARE = 0.62
WITHDRAWN_SHARE = 0.12
ERASURE_SHARE = 0.006


@dataclass(frozen=True)
class Relations:
    """Each by ``person``: a place in the people."""

    acquisitions: pd.DataFrame
    """One row per person: acquired_by, campaign, referrer (place, -1 for none), at."""
    accounts: pd.DataFrame
    """One row per person of a business account: account (number in the block), industry, role, at."""
    consents: pd.DataFrame
    """One row per decision: purpose, decision (granted, withdrawn, erasure_requested), at."""


def make_relations(world: World, people: pd.DataFrame) -> Relations:
    """The relations of the people whom the CRM knows."""
    rng = world.rng("relations")
    return Relations(_acquisitions(rng, world, people), _accounts(rng, people), _consents(rng, world, people))


def _acquisitions(rng: np.random.Generator, world: World, people: pd.DataFrame) -> pd.DataFrame:
    """Who is content refers more people: the referrer is one of those who joined before."""
    count = len(people)
    in_crm: Flags = people["is_in_crm"].to_numpy()
    may_refer = in_crm & people["is_buyer"].to_numpy()
    weight = np.where(may_refer, np.exp(world.effects.referral_per_point * people["mood"].to_numpy()), 0.0)
    before = np.concatenate([[0.0], np.cumsum(weight)[:-1]])
    place = np.searchsorted(np.cumsum(weight), rng.random(count) * before, side="right")
    by = np.where(rng.random(count) < REFERRED_SHARE, "referral", "unknown").astype(object)
    by[(by == "referral") & (before == 0)] = "unknown"
    is_referred = by == "referral"
    shares = {name: share / (1 - REFERRED_SHARE) for name, share in CAMPAIGNS.items()}
    campaign = pick(rng, {**shares, "": 1 - sum(shares.values())}, count)
    of_campaign = ~is_referred & (campaign != "")
    by[of_campaign] = "campaign"
    rows = pd.DataFrame(
        {
            "person": np.arange(count),
            "acquired_by": by,
            "campaign": text_where(of_campaign, campaign),
            "referrer": np.where(is_referred, np.minimum(place, count - 1), -1),
            "at": people["registered_at"],
        }
    )
    return rows[in_crm].reset_index(drop=True)


def _accounts(rng: np.random.Generator, people: pd.DataFrame) -> pd.DataFrame:
    business = np.flatnonzero(people["is_in_crm"] & (people["segment"] >= 2))
    account = rng.integers(0, max(len(business) // PEOPLE_PER_ACCOUNT, 1), len(business))
    industries = pick(rng, INDUSTRIES, int(account.max(initial=0)) + 1)
    return pd.DataFrame(
        {
            "person": business,
            "account": account,
            "industry": industries[account],
            "role": pick(rng, {"buyer": 0.5, "user": 0.35, "decision_maker": 0.15}, len(business)),
            "at": people["registered_at"].to_numpy()[business],
        }
    )


def _consents(rng: np.random.Generator, world: World, people: pd.DataFrame) -> pd.DataFrame:
    """Marketing is granted at registration and sometimes withdrawn; a few people want to be forgotten."""
    in_crm = people["is_in_crm"].to_numpy()
    since = people["registered_at"].to_numpy()
    days_left = days_between(since, world.horizon_end)
    later = after(since, 1 + days_left * rng.random(len(people)))
    grants = in_crm & (rng.random(len(people)) < MARKETING_CONSENT_SHARE)
    withdraws = grants & (rng.random(len(people)) < WITHDRAWN_SHARE)
    leaves = in_crm & ~withdraws & (rng.random(len(people)) < ERASURE_SHARE)
    parts = [
        pd.DataFrame({"person": np.flatnonzero(who), "purpose": purpose, "decision": decision, "at": at[who]})
        for who, purpose, decision, at in (
            (grants, "marketing", "granted", since),
            (withdraws, "marketing", "withdrawn", later),
            (leaves, "all", "erasure_requested", later),
        )
    ]
    return pd.concat(parts, ignore_index=True).sort_values(["at", "person"], kind="stable", ignore_index=True)
