"""The outlet: a brand that the company has bought, with customers, a catalogue and a panel of its own.

Its customers have the same parameters and effects as the company's, and random generators of their own. The other
systems therefore deliver the same files with and without the outlet.

Some of its customers are the company's own and gave the outlet the same e-mail address or phone number. The others are
unknown to the company.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from demo.buying import Buying, make_buying
from demo.cases import Cases
from demo.catalogue import make_products
from demo.feedback import Feedback, make_feedback
from demo.names import Pool
from demo.people import make_people
from demo.world import HOUR, Flags, Numbers, Times, World, after, time_where

MEMBER_SHARE = {"buyer": 0.15, "prospect": 0.30, "stranger": 0.12}
"""Share of outlet buyers among the shop's buyers, among people in the CRM only, and among as many strangers."""
JOINED_AFTER_DAYS = 120.0
"""Mean days from a person's first contact with the company to their first order in the outlet."""
BY_PHONE_SHARE = 0.25
"""Share of the outlet's CRM customers that share only the phone number with the CRM."""
STUDIES = ("relationship", "checkout", "delivery", "reorder")
"""The surveys of the demo that the outlet's panel sends."""
_STRANGERS_FROM = 3_000_000
_OTHER_RANDOM_NUMBERS = 2**32


@dataclass(frozen=True)
class Outlet:
    """The outlet's part of a block; rows refer to people and orders by position."""

    people: pd.DataFrame
    """The company's people in their order, then the strangers. Columns of ``make_people``, is_member and is_by_phone
    (the e-mail address differs from the one known to the company)."""
    products: pd.DataFrame
    buying: Buying
    feedback: Feedback

    @property
    def members(self) -> Numbers:
        """The positions of the people who buy in the outlet."""
        return np.flatnonzero(self.people["is_member"])


def make_outlet(
    world: World,
    pools: dict[str, Pool],
    company_people: pd.DataFrame,
    *,
    surveyed_until: Times,
    no_cases: Cases,
    no_contacts: pd.DataFrame,
) -> Outlet:
    """Draw the outlet's part of a block.

    Args:
        surveyed_until: end of each person's consent to surveys, which holds for the panel too.
        no_cases: an empty table of cases; the outlet has none.
        no_contacts: an empty table of contacts.
    """
    # the company does not follow up on answers of the panel
    effects = replace(world.effects, closed_loop=0.0)
    world = replace(world, seed=world.seed + _OTHER_RANDOM_NUMBERS, effects=effects)
    people = _people(world, pools, company_people)
    products = make_products(world)
    # both shops use the same product numbers: the cheapest product of one is the most expensive of the other
    products["sku"] = products["sku"].to_numpy()[::-1]
    products["product_name"] += ", second choice"
    buying = make_buying(world, people, products)
    feedback = make_feedback(
        world,
        people.assign(is_in_crm=people["is_member"]),
        contact_since=time_where(people["is_member"].to_numpy(), after(people["joined_at"].to_numpy(), HOUR)),
        surveyed_until=_filled(surveyed_until, len(people)),
        orders=buying.orders,
        cases=no_cases,
        contacts=no_contacts,
        survey_ids=STUDIES,
    )
    return Outlet(people, products, buying, feedback)


def _people(world: World, pools: dict[str, Pool], company_people: pd.DataFrame) -> pd.DataFrame:
    """The company's people and as many strangers, with the attributes of outlet customers."""
    rng = world.rng("outlet people")
    strangers = make_people(world, pools).assign(is_in_crm=False, is_treated=False)
    strangers["number"] += _STRANGERS_FROM
    strangers["mailbox"] += len(company_people)
    kind = np.where(company_people["is_buyer"], "buyer", "prospect")
    kind = np.concatenate([kind, np.full(len(strangers), "stranger")])
    people = pd.concat([company_people, strangers], ignore_index=True)
    joined_at = people["joined_at"].to_numpy()
    waits = np.where(kind == "stranger", 0.0, rng.exponential(JOINED_AFTER_DAYS, len(people)))
    people["joined_at"] = after(joined_at, np.floor(waits))
    share = pd.Series(kind).map(MEMBER_SHARE).to_numpy()
    is_member: Flags = (rng.random(len(people)) < share) & (people["joined_at"].to_numpy() < world.horizon_end)
    people["is_member"] = people["is_buyer"] = is_member
    people["is_by_phone"] = people["is_in_crm"] & (rng.random(len(people)) < BY_PHONE_SHARE)
    return people


def _filled(times: Times, count: int) -> Times:
    """The times, padded with NaT."""
    rest = np.full(count - len(times), np.datetime64("NaT", "s"))
    return np.concatenate([times, rest])
