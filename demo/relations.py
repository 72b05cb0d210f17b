"""Acquisitions, business accounts and consents of people in the CRM."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from demo.names import HOME_COUNTRY, Pool
from demo.world import Flags, Times, World, after, days_between, in_order, pick, text_where, time_where

REFERRED_SHARE = 0.18
CAMPAIGNS = {"search_ads": 0.14, "autumn_festival": 0.09, "barista_video": 0.07, "newsletter_swap": 0.05}
"""Campaigns with their shares of all people; people without a referral or campaign have no known source."""
PEOPLE_PER_ACCOUNT = 3
SUBSIDIARY_SHARE = 0.3
"""Share of accounts with a parent account, which may have a parent itself."""
INDUSTRIES = {"offices": 0.4, "gastronomy": 0.3, "hotels": 0.15, "public_sector": 0.15}
CONSENTS = {"marketing": (0.62, 0.12), "surveys": (0.95, 0.06)}
"""By purpose: share of people who grant it at registration, and share of these who withdraw it later."""
ERASURE_SHARE = 0.006


@dataclass(frozen=True)
class Relations:
    """Tables with ``person``, a position in the people."""

    acquisitions: pd.DataFrame
    """One row per person: acquired_by, campaign, referrer (position, -1 for none), at."""
    accounts: pd.DataFrame
    """One row per business account, by number in the block: parent (-1 for none), account_name, industry, at."""
    account_contacts: pd.DataFrame
    """One row per person of a business account: account, role, at."""
    consents: pd.DataFrame
    """One row per decision: purpose, decision (granted, withdrawn, erasure_requested), at."""
    surveyed_until: Times
    """End of each person's consent to surveys, NaT if it does not end.

    People outside the CRM may receive a survey for every order.
    """


def make_relations(world: World, people: pd.DataFrame, pools: dict[str, Pool]) -> Relations:
    """The relations of the people in the CRM."""
    rng = world.rng("relations")
    acquisitions = _acquisitions(rng, world, people)
    account_contacts = _account_contacts(rng, people)
    accounts = _accounts(rng, account_contacts, pools[HOME_COUNTRY])
    consents = _consents(rng, world, people)
    return Relations(acquisitions, accounts, account_contacts, consents, _surveyed_until(people, consents))


def _acquisitions(rng: np.random.Generator, world: World, people: pd.DataFrame) -> pd.DataFrame:
    """Draw acquisitions; satisfied people refer more, and a referrer joined before the person referred."""
    count = len(people)
    in_crm: Flags = people["is_in_crm"].to_numpy()
    may_refer = in_crm & people["is_buyer"].to_numpy()
    weight = np.where(may_refer, np.exp(world.effects.referral_per_point * people["mood"].to_numpy()), 0.0)
    before = np.concatenate([[0.0], np.cumsum(weight)[:-1]])
    position = np.searchsorted(np.cumsum(weight), rng.random(count) * before, side="right")
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
            "referrer": np.where(is_referred, np.minimum(position, count - 1), -1),
            "at": people["registered_at"],
        }
    )
    return rows[in_crm].reset_index(drop=True)


def _account_contacts(rng: np.random.Generator, people: pd.DataFrame) -> pd.DataFrame:
    """One row per account contact; accounts are numbered by first registration."""
    business = np.flatnonzero(people["is_in_crm"] & (people["segment"] >= 2))
    business = business[np.argsort(people["registered_at"].to_numpy()[business], kind="stable")]
    account, _ = pd.factorize(rng.integers(0, max(len(business) // PEOPLE_PER_ACCOUNT, 1), len(business)))
    return pd.DataFrame(
        {
            "person": business,
            "account": account,
            "role": pick(rng, {"buyer": 0.5, "user": 0.35, "decision_maker": 0.15}, len(business)),
            "at": people["registered_at"].to_numpy()[business],
        }
    )


def _accounts(rng: np.random.Generator, contacts: pd.DataFrame, pool: Pool) -> pd.DataFrame:
    """One row per account with its name, industry and parent, which is an earlier account."""
    first = contacts.drop_duplicates("account")
    account, count = first["account"].to_numpy(), len(first)
    parent = np.floor(rng.random(count) * account).astype(np.int64)
    is_subsidiary = (account > 0) & (rng.random(count) < SUBSIDIARY_SHARE)
    company = pool.companies[rng.integers(0, len(pool.companies), count)]
    city = pool.addresses[rng.integers(0, len(pool.addresses), count), 2]
    return pd.DataFrame(
        {
            "account": account,
            "parent": np.where(is_subsidiary, parent, -1),
            "account_name": company + " " + city,
            "industry": pick(rng, INDUSTRIES, count),
            "at": first["at"].to_numpy(),
        }
    )


def _consents(rng: np.random.Generator, world: World, people: pd.DataFrame) -> pd.DataFrame:
    """Consents granted at registration, some withdrawn later; a few people request erasure."""
    in_crm = people["is_in_crm"].to_numpy()
    since = people["registered_at"].to_numpy()
    days_left = days_between(since, world.horizon_end)

    def later() -> Times:
        return after(since, 1 + days_left * rng.random(len(people)))

    decisions: list[tuple[Flags, str, str, Times]] = []
    for purpose, (granted_share, withdrawn_share) in CONSENTS.items():
        grants = in_crm & (rng.random(len(people)) < granted_share)
        withdraws = grants & (rng.random(len(people)) < withdrawn_share)
        decisions += [(grants, purpose, "granted", since), (withdraws, purpose, "withdrawn", later())]
    leaves = in_crm & (rng.random(len(people)) < ERASURE_SHARE)
    decisions.append((leaves, "all", "erasure_requested", later()))
    parts = [
        pd.DataFrame({"person": np.flatnonzero(chosen), "purpose": purpose, "decision": decision, "at": at[chosen]})
        for chosen, purpose, decision, at in decisions
    ]
    return in_order(pd.concat(parts, ignore_index=True), "at", "person")


def _surveyed_until(people: pd.DataFrame, consents: pd.DataFrame) -> Times:
    """The first withdrawal or erasure request; the registration for people who never consented."""
    in_crm = people["is_in_crm"].to_numpy()
    for_surveys = consents[consents["purpose"] != "marketing"]
    granted = np.isin(np.arange(len(people)), for_surveys.loc[for_surveys["decision"] == "granted", "person"])
    ends = for_surveys[for_surveys["decision"] != "granted"].groupby("person")["at"].min()
    until = time_where(in_crm & ~granted, people["registered_at"].to_numpy())
    ends = ends[granted[ends.index]]
    until[ends.index] = ends.to_numpy()
    return until
