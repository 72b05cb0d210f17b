"""The interaction log: identified visitors, and all events on web, app, chatbot, messages and stores."""

from __future__ import annotations

import numpy as np
import pandas as pd

from demo.company import Company
from demo.extract import Extract
from demo.names import as_typed, emails
from demo.world import MINUTE, Numbers, Texts, after, days_between, in_order, named, text_where

BROWSER_IDENTIFIED_SHARE = 0.7
DEVICE_IDENTIFIED_SHARE = 0.5
LOGS_IN_SHARE = 0.6
SESSION_CHANNELS = ("web", "app", "chatbot")
SESSION_GAP = 30 * MINUTE


def extracts(company: Company) -> list[Extract]:
    """The tables of the interaction log."""
    return [
        Extract("tracking", "visitors", _visitors(company), "identified_at", person_id="visitor_id"),
        Extract("tracking", "events", _events(company), "occurred_at", is_late_at_times=True),
    ]


def _visitors(company: Company) -> pd.DataFrame:
    """One row per browser or device that logged in or gave an e-mail address; others stay anonymous."""
    rng = company.world.rng("visitors")
    people, links = company.people, company.links
    count = len(people)
    joined_at = people["joined_at"].to_numpy()
    shop_by = links["shop_by"].to_numpy()
    is_late = shop_by == "late_visitor"
    may_be_early = ~is_late & (shop_by != "late_customer_id")
    logs_in = people["is_buyer"].to_numpy() & (rng.random(count) < LOGS_IN_SHARE)
    email = as_typed(rng, emails(people, np.arange(count), 0))
    visitors = pd.DataFrame(
        {
            "account_id": text_where(logs_in | is_late, links["buyer_id"].to_numpy()),
            "email": text_where(~logs_in | is_late, email),
        }
    )
    by_browser = may_be_early & (rng.random(count) < BROWSER_IDENTIFIED_SHARE)
    by_device = may_be_early & (rng.random(count) < DEVICE_IDENTIFIED_SHARE)
    browser_at = np.where(is_late, links["late_at"].to_numpy(), after(joined_at, rng.exponential(0.02, count)))
    device_at = after(joined_at, rng.exponential(20, count))
    browsers = visitors.assign(visitor_id=links["browser_id"], identified_at=browser_at)
    devices = visitors.assign(visitor_id=links["device_id"], identified_at=device_at)
    identified: list[pd.DataFrame] = [browsers[by_browser | is_late], devices[by_device]]
    columns = ["visitor_id", "account_id", "email", "identified_at"]
    return pd.concat(identified, ignore_index=True)[columns]


def _events(company: Company) -> pd.DataFrame:
    """One row per event of identified and of anonymous visitors."""
    contacts, anonymous = company.journeys.contacts, company.journeys.anonymous
    tracked = contacts[~contacts["is_logged"]]
    person = tracked["person"].to_numpy()
    on_device = tracked["channel"].to_numpy(dtype=object) == "app"
    device_id, browser_id = (company.links[name].to_numpy(dtype=object)[person] for name in ("device_id", "browser_id"))
    known = pd.DataFrame(
        {
            "visitor_id": np.where(on_device, device_id, browser_id),
            "touchpoint": tracked["touchpoint"].to_numpy(),
            "channel": tracked["channel"].to_numpy(),
            "order_number": named(company.order_numbers, tracked["order"].to_numpy()),
            "case_id": named(company.cases.cases["case_id"].to_numpy(), tracked["case"].to_numpy()),
            "occurred_at": tracked["at"].to_numpy(),
        }
    )
    unknown = pd.DataFrame(
        {
            "visitor_id": company.world.scattered("n", anonymous["visitor"].to_numpy()),
            "touchpoint": anonymous["touchpoint"],
            "channel": anonymous["channel"],
            "occurred_at": anonymous["at"],
        }
    )
    events = pd.concat([known, unknown], ignore_index=True)
    # a number per browser, per device and per anonymous visitor
    visitor = np.concatenate([2 * person + on_device, -1 - anonymous["visitor"].to_numpy()])
    events.insert(1, "session_id", _sessions(company, events, visitor))
    events = in_order(events, "occurred_at")
    events.insert(0, "event_id", company.world.scattered("e", np.arange(len(events))))
    return events


def _sessions(company: Company, events: pd.DataFrame, visitor: Numbers) -> Texts:
    """A visitor's events form one session until a gap; messages and store visits have no session."""
    position = np.lexsort([events["occurred_at"].to_numpy(), visitor])
    visitor, at = visitor[position], events["occurred_at"].to_numpy()[position]
    is_same_session = (visitor[1:] == visitor[:-1]) & (days_between(at[:-1], at[1:]) <= SESSION_GAP)
    number = np.empty(len(events), dtype=np.int64)
    number[position] = np.cumsum(np.concatenate([[True], ~is_same_session]))
    in_session = events["channel"].isin(SESSION_CHANNELS).to_numpy()
    return text_where(in_session, company.world.scattered("s", number))
