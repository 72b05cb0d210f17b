"""The CRM: customers with every change dated, cases, and what employees log."""

from __future__ import annotations

import numpy as np
import pandas as pd

from orchestration.demo.company import Company
from orchestration.demo.extract import Extract
from orchestration.demo.names import emails, phones
from orchestration.demo.world import SEGMENTS, after, days_between, named, numbered

CHANGES_PER_YEAR = {"address": 0.08, "segment": 0.03, "email": 0.02, "phone": 0.03}


def extracts(company: Company) -> list[Extract]:
    """The tables of the CRM."""
    return [
        Extract("crm", "customers", _customers(company), "updated_at"),
        Extract("crm", "cases", _cases(company), "updated_at", latest_of="case_id"),
        Extract("crm", "activities", _activities(company), "occurred_at"),
    ]


def _customers(company: Company) -> pd.DataFrame:
    """One row per customer as registered, and one per change after that, with all values as they are then."""
    rng = company.world.rng("crm customers")
    people = company.people
    changes = _changes(rng, company)
    version = {
        name: (changes["kind"] == name).groupby(changes["person"]).cumsum().to_numpy().astype(np.int64)
        for name in CHANGES_PER_YEAR
    }
    person = changes["person"].to_numpy()
    who = people.iloc[person]
    country = who["country"].to_numpy(dtype=object)
    home = who["home"].to_numpy() + 31 * version["address"]
    address = np.empty((len(changes), 4), dtype=object)
    for code, pool in company.pools.items():
        lives_there = country == code
        address[lives_there] = pool.addresses[home[lives_there] % len(pool.addresses)]
    segment_names = np.array([segment.name for segment in SEGMENTS], dtype=object)
    return pd.DataFrame(
        {
            "customer_id": company.links["customer_id"].to_numpy()[person],
            "first_name": who["first_name"].to_numpy(),
            "last_name": who["last_name"].to_numpy(),
            "email": emails(people, person, version["email"]),
            "phone": phones(rng, people, person, version["phone"]),
            "street": address[:, 0],
            "postal_code": address[:, 1],
            "city": address[:, 2],
            "region": address[:, 3],
            "country": country,
            "language": who["language"].to_numpy(),
            # Segments 0 and 1 are neighbours, and so are 2 and 3: the last bit says which of the two.
            "segment": segment_names[who["segment"].to_numpy() ^ (version["segment"] % 2)],
            "registered_at": who["registered_at"].to_numpy(),
            "updated_at": changes["at"],
        }
    )


def _changes(rng: np.random.Generator, company: Company) -> pd.DataFrame:
    """One row per registration and per change, in the order of each person's life: person, kind, at."""
    people = company.people
    registered_at = people["registered_at"].to_numpy()
    known = np.flatnonzero(people["is_in_crm"])
    parts = [pd.DataFrame({"person": known, "kind": "registration", "at": registered_at[known]})]
    days_left = days_between(registered_at, company.world.horizon_end)
    for kind, rate in CHANGES_PER_YEAR.items():
        person = np.repeat(known, rng.poisson(rate * days_left[known] / 365.25))
        at = after(registered_at[person], 1 + days_left[person] * rng.random(len(person)))
        parts.append(pd.DataFrame({"person": person, "kind": kind, "at": at}))
    changes = pd.concat(parts, ignore_index=True)
    return changes.sort_values(["person", "at", "kind"], kind="stable", ignore_index=True)


def _cases(company: Company) -> pd.DataFrame:
    versions = company.cases.versions()
    customer_id = company.links["customer_id"].to_numpy()[versions.pop("person")]
    order_number = named(company.order_numbers, versions.pop("order").to_numpy())
    versions.insert(1, "customer_id", customer_id)
    versions.insert(5, "order_number", order_number)
    return versions


def _activities(company: Company) -> pd.DataFrame:
    contacts = company.journeys.contacts
    logged = contacts[contacts["is_logged"]]
    case_ids = company.cases.cases["case_id"].to_numpy()
    return pd.DataFrame(
        {
            "activity_id": numbered("A", len(logged)),
            "customer_id": company.links["customer_id"].to_numpy()[logged["person"]],
            "activity_type": logged["touchpoint"].to_numpy(),
            "channel": logged["channel"].to_numpy(),
            "case_id": named(case_ids, logged["case"].to_numpy()),
            "order_number": named(company.order_numbers, logged["order"].to_numpy()),
            "occurred_at": logged["at"].to_numpy(),
        }
    )
