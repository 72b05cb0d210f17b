"""The CRM: customers with dated changes, cases, and logged activities."""

from __future__ import annotations

import numpy as np
import pandas as pd

from demo.company import Company
from demo.extract import Extract
from demo.names import emails, misspelt, phones
from demo.verbatims import make_comments
from demo.world import SEGMENTS, after, days_between, in_order, named

CASE_COMMENT_SHARE = 0.4
INITIATIVE = "proactive_updates"
_CASE_COMMENT_COLUMNS = ["comment_id", "case_id", "customer_id", "text", "written_at"]
CHANGES_PER_YEAR = {"address": 0.08, "segment": 0.03, "email": 0.02, "phone": 0.03}


def extracts(company: Company) -> list[Extract]:
    """The tables of the CRM."""
    return [
        Extract("crm", "customers", _customers(company), "updated_at", person_id="customer_id"),
        Extract("crm", "cases", _cases(company), "updated_at", latest_of="case_id"),
        Extract("crm", "activities", _activities(company), "occurred_at"),
        Extract("crm", "case_comments", case_comments(company)[_CASE_COMMENT_COLUMNS], "written_at"),
        Extract("crm", "acquisitions", _acquisitions(company), "acquired_at"),
        Extract("crm", "accounts", _accounts(company), "created_at"),
        Extract("crm", "account_contacts", _account_contacts(company), "since"),
        Extract("crm", "consents", _consents(company), "decided_at"),
        Extract("crm", "loop_actions", _loop_actions(company), "told_at"),
        Extract("crm", "initiative_members", _initiative_members(company), "since"),
    ]


def _customers(company: Company) -> pd.DataFrame:
    """The customers, and a second record of a few: misspelt name, another e-mail address, the same phone."""
    customers = _versions(company)
    rng = company.world.rng("second records")
    first = customers[~customers["customer_id"].duplicated()]
    again = first[rng.random(len(first)) < company.world.effects.second_crm_record_share]
    second_at = after(again["updated_at"].to_numpy(), 1 + rng.exponential(90, len(again)))
    second = again.assign(
        customer_id="D" + again["customer_id"].str[1:],
        last_name=misspelt(again["last_name"].to_numpy(dtype=object)),
        email=("x." + again["email"]).to_numpy(dtype=object),
        registered_at=second_at,
        updated_at=second_at,
    )
    return pd.concat([customers, second], ignore_index=True)


def _versions(company: Company) -> pd.DataFrame:
    """One row per customer at registration, and one per later change, with all values at that time."""
    rng = company.world.rng("crm customers")
    people = company.people
    changes = _changes(rng, company)
    version = {
        name: (changes["kind"] == name).groupby(changes["person"]).cumsum().to_numpy().astype(np.int64)
        for name in CHANGES_PER_YEAR
    }
    person = changes["person"].to_numpy()
    changed = people.iloc[person]
    country = changed["country"].to_numpy(dtype=object)
    home = changed["home"].to_numpy() + 31 * version["address"]
    address = np.empty((len(changes), 4), dtype=object)
    for code, pool in company.pools.items():
        lives_there = country == code
        address[lives_there] = pool.addresses[home[lives_there] % len(pool.addresses)]
    segment_names = np.array([segment.name for segment in SEGMENTS], dtype=object)
    return pd.DataFrame(
        {
            "customer_id": company.links["customer_id"].to_numpy()[person],
            "first_name": changed["first_name"].to_numpy(),
            "last_name": changed["last_name"].to_numpy(),
            "email": emails(people, person, version["email"]),
            "phone": phones(rng, people, person, version["phone"]),
            "street": address[:, 0],
            "postal_code": address[:, 1],
            "city": address[:, 2],
            "region": address[:, 3],
            "country": country,
            "language": changed["language"].to_numpy(),
            # Segments 0 and 1 are a pair, and so are 2 and 3: the last bit selects one of the two.
            "segment": segment_names[changed["segment"].to_numpy() ^ (version["segment"] % 2)],
            "registered_at": changed["registered_at"].to_numpy(),
            "updated_at": changes["at"],
        }
    )


def _changes(rng: np.random.Generator, company: Company) -> pd.DataFrame:
    """One row per registration and per change, by person and time: person, kind, at."""
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
    return in_order(changes, "person", "at")


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
            "activity_id": company.world.numbered("A", len(logged)),
            "customer_id": company.links["customer_id"].to_numpy()[logged["person"]],
            "activity_type": logged["touchpoint"].to_numpy(),
            "channel": logged["channel"].to_numpy(),
            "department": logged["department"].to_numpy(),
            "case_id": named(case_ids, logged["case"].to_numpy()),
            "order_number": named(company.order_numbers, logged["order"].to_numpy()),
            "occurred_at": logged["at"].to_numpy(),
        }
    )


def case_comments(company: Company) -> pd.DataFrame:
    """One row per customer comment on a case, with labels that the CRM does not deliver."""
    rng = company.world.rng("case comments")
    cases = company.cases.cases
    person = cases["person"].to_numpy()
    language = company.people["language"].to_numpy(dtype=object)[person]
    felt = 5.5 + company.people["mood"].to_numpy()[person] + rng.normal(0, 1.6, len(cases))
    is_late = (cases["reason"] == "late_delivery").to_numpy()
    comments = make_comments(rng, language, felt, is_late=is_late, share=CASE_COMMENT_SHARE)
    rows = comments.rename(columns={"comment": "text"}).assign(
        case_id=cases["case_id"],
        customer_id=company.links["customer_id"].to_numpy()[person],
        written_at=cases["opened_at"],
    )
    rows = rows[rows["text"].notna()].reset_index(drop=True)
    return rows.assign(comment_id=company.world.numbered("N", len(rows)))


def _acquisitions(company: Company) -> pd.DataFrame:
    acquisitions, ids = company.relations.acquisitions, company.links["customer_id"].to_numpy()
    return pd.DataFrame(
        {
            "customer_id": ids[acquisitions["person"]],
            "acquired_by": acquisitions["acquired_by"],
            "campaign": acquisitions["campaign"],
            "referrer_customer_id": named(ids, acquisitions["referrer"].to_numpy()),
            "acquired_at": acquisitions["at"],
        }
    )


def _accounts(company: Company) -> pd.DataFrame:
    """One row per business account; a subsidiary has a parent account."""
    accounts = company.relations.accounts
    ids = company.world.scattered("F", accounts["account"].to_numpy())
    return pd.DataFrame(
        {
            "account_id": ids,
            "parent_account_id": named(ids, accounts["parent"].to_numpy()),
            "account_name": accounts["account_name"],
            "industry": accounts["industry"],
            "created_at": accounts["at"],
        }
    )


def _account_contacts(company: Company) -> pd.DataFrame:
    contacts = company.relations.account_contacts
    return pd.DataFrame(
        {
            "account_id": company.world.scattered("F", contacts["account"].to_numpy()),
            "customer_id": company.links["customer_id"].to_numpy()[contacts["person"]],
            "contact_role": contacts["role"],
            "since": contacts["at"],
        }
    )


def _consents(company: Company) -> pd.DataFrame:
    consents = company.relations.consents
    return pd.DataFrame(
        {
            "consent_id": company.world.numbered("Z", len(consents)),
            "customer_id": company.links["customer_id"].to_numpy()[consents["person"]],
            "purpose": consents["purpose"],
            "decision": consents["decision"],
            "decided_at": consents["at"],
        }
    )


def _loop_actions(company: Company) -> pd.DataFrame:
    loops = company.feedback.loops
    return pd.DataFrame(
        {
            "loop_id": company.world.numbered("L", len(loops)),
            "customer_id": company.links["customer_id"].to_numpy()[loops["person"]],
            "response_id": named(company.response_ids, loops["response"].to_numpy()),
            "acknowledged_at": loops["acknowledged_at"],
            "acted_at": loops["acted_at"],
            "told_at": loops["told_at"],
        }
    )


def _initiative_members(company: Company) -> pd.DataFrame:
    people = company.people
    treated = np.flatnonzero(people["is_treated"])
    since = np.maximum(people["registered_at"].to_numpy()[treated], company.world.initiative_start)
    return pd.DataFrame(
        {
            "initiative": INITIATIVE,
            "customer_id": company.links["customer_id"].to_numpy()[treated],
            "since": since,
        }
    )
