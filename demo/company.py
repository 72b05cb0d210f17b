"""The company: everything that happens in it, independent of the systems that record it, one block at a time.

Steps: people, purchases, links between systems, cases, contacts, feedback. Each step reads only the results of earlier
steps.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from demo.buying import Buying, make_buying
from demo.cases import Cases, make_cases
from demo.catalogue import make_products
from demo.contracts import make_subscriptions
from demo.feedback import Feedback, make_feedback
from demo.journeys import Journeys, make_journeys
from demo.links import make_links
from demo.names import Pool
from demo.outlet import Outlet, make_outlet
from demo.people import make_people
from demo.relations import Relations, make_relations
from demo.world import Texts, World


@dataclass(frozen=True)
class Company:
    """Everything within the horizon; rows refer to people and orders by position."""

    world: World
    pools: dict[str, Pool]
    people: pd.DataFrame
    products: pd.DataFrame
    buying: Buying
    links: pd.DataFrame
    relations: Relations
    subscriptions: pd.DataFrame
    cases: Cases
    journeys: Journeys
    feedback: Feedback

    @cached_property
    def order_numbers(self) -> Texts:
        """The number of each order, used by every system."""
        return self.world.numbered("O", len(self.buying.orders))

    @cached_property
    def response_ids(self) -> Texts:
        """The id of each response to a survey."""
        return self.world.numbered("S", len(self.feedback.responses))

    @cached_property
    def outlet(self) -> Outlet:
        """The brand that the company has bought; drawn only if its systems deliver."""
        return make_outlet(
            self.world,
            self.pools,
            self.people,
            surveyed_until=self.relations.surveyed_until,
            no_cases=Cases(cases=self.cases.cases.iloc[:0], contacts=self.cases.contacts.iloc[:0]),
            no_contacts=self.journeys.contacts.iloc[:0],
        )


def make_company(world: World, pools: dict[str, Pool]) -> Company:
    """Draw a block of the company."""
    people = make_people(world, pools)
    products = make_products(world)
    buying = make_buying(world, people, products)
    links = make_links(world, people, buying.orders)
    cases = make_cases(world, people, buying.orders)
    journeys = make_journeys(world, people, buying.orders, cases)
    relations = make_relations(world, people, pools)
    return Company(
        world=world,
        pools=pools,
        people=people,
        products=products,
        buying=buying,
        links=links,
        relations=relations,
        subscriptions=make_subscriptions(world, people),
        cases=cases,
        journeys=journeys,
        feedback=make_feedback(
            world,
            people,
            contact_since=links["contact_since"].to_numpy(),
            surveyed_until=relations.surveyed_until,
            orders=buying.orders,
            cases=cases,
            contacts=journeys.contacts,
        ),
    )
