"""Cases of the CRM: causes, steps to a resolution, and the contacts that they cause.

Service answers every case. It hands over a case that it cannot solve, once, to the department that owns the touchpoint.
The customer then contacts that department too, so a case that was handed over is never solved at the first contact.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from demo.world import (
    HOUR,
    Texts,
    World,
    after,
    days_between,
    in_order,
    in_waking_hours,
    pick,
    time_where,
)

ORDER_CASE_SHARE = 0.07
LATE_ORDER_CASE_SHARE = 0.40
OTHER_CASES_PER_YEAR = 0.12
UNRESOLVED_SHARE = 0.03
REOPENED_SHARE = 0.13
REPEAT_CONTACT_SHARE = 0.25
HANDED_OVER_SHARE = 0.18
FRONT_DEPARTMENT = "service"

CHANNELS = {"phone": 0.42, "email": 0.25, "chatbot": 0.15, "store": 0.10, "social": 0.08}
OWNER_CHANNELS = {"phone": 0.6, "email": 0.4}
"""Contact channels of the department that takes over a case."""
CONTACT_TOUCHPOINTS = {
    "phone": "support_call",
    "email": "support_email",
    "chatbot": "support_chat",
    "store": "store_service",
    "social": "social_reply",
}
_ORDER_REASONS = {"damaged_item": 0.35, "wrong_item": 0.20, "billing": 0.25, "return_request": 0.20}
_OTHER_REASONS = {"how_to": 0.50, "warranty": 0.30, "account": 0.20}
_ABOUT = {
    "late_delivery": "delivery",
    "damaged_item": "delivery",
    "wrong_item": "delivery",
    "billing": "web_checkout",
    "return_request": "account_page",
    "how_to": "setup_guide",
    "warranty": "app_use",
    "account": "account_page",
}
OWNERS = {
    "delivery": "logistics",
    "web_checkout": "sales",
    "account_page": "product",
    "setup_guide": "product",
    "app_use": "product",
}
"""The department that owns each touchpoint and can resolve its cases."""


@dataclass(frozen=True)
class Cases:
    """One row per case with all its times, and its contacts by ``case`` (the position in ``cases``)."""

    cases: pd.DataFrame
    contacts: pd.DataFrame

    def versions(self) -> pd.DataFrame:
        """One row per change of a case: opened, answered, handed over, resolved, reopened, resolved again."""
        cases = self.cases
        no_time = time_where(np.zeros(len(cases), dtype=bool), cases["opened_at"].to_numpy())
        opened = cases[["case_id", "person", "channel", "touchpoint", "reason", "order", "opened_at"]].assign(
            department=FRONT_DEPARTMENT,
            first_response_at=no_time,
            handed_over_at=no_time,
            resolved_at=no_time,
            reopened_at=no_time,
            reopen_count=0,
            updated_at=cases["opened_at"],
        )
        answered = opened.assign(first_response_at=cases["first_response_at"], updated_at=cases["first_response_at"])
        handed_over = answered.assign(
            department=cases["department"], handed_over_at=cases["handed_over_at"], updated_at=cases["handed_over_at"]
        )
        resolved = handed_over.assign(resolved_at=cases["first_resolved_at"], updated_at=cases["first_resolved_at"])
        reopened = handed_over.assign(reopened_at=cases["reopened_at"], reopen_count=1, updated_at=cases["reopened_at"])
        resolved_again = reopened.assign(resolved_at=cases["last_resolved_at"], updated_at=cases["last_resolved_at"])
        versions = pd.concat([opened, answered, handed_over, resolved, reopened, resolved_again], ignore_index=True)
        return versions[versions["updated_at"].notna()]


def make_cases(world: World, people: pd.DataFrame, orders: pd.DataFrame) -> Cases:
    """The cases of CRM customers within the horizon, in the order of opening."""
    rng = world.rng("cases")
    cases = _opened(rng, world, people, orders)
    _work_on(rng, cases)
    return Cases(cases=cases, contacts=_contacts(rng, cases))


def _opened(rng: np.random.Generator, world: World, people: pd.DataFrame, orders: pd.DataFrame) -> pd.DataFrame:
    """One row per problem: person, order, reason and time of the report."""
    in_crm = people["is_in_crm"].to_numpy()
    delivered = (orders["delivered_at"].notna() & in_crm[orders["person"]]).to_numpy()
    is_late = orders["is_late"].to_numpy()
    share = np.where(is_late, LATE_ORDER_CASE_SHARE, ORDER_CASE_SHARE)
    order = np.flatnonzero(delivered & (rng.random(len(orders)) < share))
    order_reason = np.where(is_late[order], "late_delivery", pick(rng, _ORDER_REASONS, len(order)))
    order_at = after(orders["delivered_at"].to_numpy()[order], 0.05 + rng.exponential(2.0, len(order)))

    joined_at = people["joined_at"].to_numpy()
    years = days_between(joined_at, world.horizon_end) / 365.25
    person = np.repeat(np.arange(len(people)), rng.poisson(np.where(in_crm, years * OTHER_CASES_PER_YEAR, 0)))
    days_left = days_between(joined_at[person], world.horizon_end)
    other_at = after(joined_at[person], days_left * rng.random(len(person)))

    cases = pd.DataFrame(
        {
            "person": np.concatenate([orders["person"].to_numpy()[order], person]),
            "order": np.concatenate([order, np.full(len(person), -1)]),
            "reason": np.concatenate([order_reason, pick(rng, _OTHER_REASONS, len(person))]),
            "opened_at": in_waking_hours(rng, np.concatenate([order_at, other_at])),
        }
    )
    opened_after = np.concatenate([orders["delivered_at"].to_numpy()[order], joined_at[person]])
    cases["opened_at"] = np.maximum(cases["opened_at"].to_numpy(), after(opened_after, HOUR))
    cases = in_order(cases, "opened_at", "person")
    cases["case_id"] = world.numbered("T", len(cases))
    cases["channel"] = pick(rng, CHANNELS, len(cases))
    cases["touchpoint"] = cases["reason"].map(_ABOUT).to_numpy(dtype=object)
    return cases


def _work_on(rng: np.random.Generator, cases: pd.DataFrame) -> None:
    """Add the department of each case and its times: answered, handed over, resolved, reopened, resolved again."""
    count = len(cases)
    opened_at = cases["opened_at"].to_numpy()
    at_once = np.isin(cases["channel"].to_numpy(dtype=object), ("phone", "chatbot", "store"))
    wait = np.where(at_once, rng.uniform(0.001, 0.02, count), rng.gamma(1.5, 0.6, count) + 0.02)
    answered_at = after(opened_at, wait)
    is_handed_over = rng.random(count) < HANDED_OVER_SHARE
    handed_over_at = after(answered_at, 0.01 + rng.exponential(0.3, count))
    owner = cases["touchpoint"].map(OWNERS).to_numpy(dtype=object)
    owner_contact_at = after(handed_over_at, 0.02 + rng.exponential(0.5, count))
    worked_from = np.where(is_handed_over, owner_contact_at, answered_at)
    resolved_at = after(worked_from, 0.02 + rng.exponential(1.6, count) * (rng.random(count) < 0.6))
    is_resolved = rng.random(count) >= UNRESOLVED_SHARE
    is_reopened = is_resolved & (rng.random(count) < REOPENED_SHARE)
    reopened_at = after(resolved_at, 0.5 + rng.exponential(3.0, count))
    cases["first_response_at"] = answered_at
    cases["department"] = np.where(is_handed_over, owner, FRONT_DEPARTMENT)
    cases["handed_over_at"] = time_where(is_handed_over, handed_over_at)
    cases["owner_contact_at"] = time_where(is_handed_over, owner_contact_at)
    cases["first_resolved_at"] = time_where(is_resolved, resolved_at)
    cases["reopened_at"] = time_where(is_reopened, reopened_at)
    cases["last_resolved_at"] = time_where(is_reopened, after(reopened_at, 0.3 + rng.exponential(2.0, count)))


def _contacts(rng: np.random.Generator, cases: pd.DataFrame) -> pd.DataFrame:
    """The first contact, a repeat contact, one with the department that takes over, one after a reopening."""
    position = np.arange(len(cases))
    repeats = rng.random(len(cases)) < REPEAT_CONTACT_SHARE
    again_at = after(cases["first_response_at"].to_numpy(), 0.2 + rng.exponential(1.0, len(cases)))
    parts: list[tuple[np.ndarray, np.ndarray, Texts]] = [
        (position, cases["opened_at"].to_numpy(), cases["channel"].to_numpy(dtype=object)),
        (position[repeats], again_at[repeats], pick(rng, CHANNELS, int(repeats.sum()))),
    ]
    handed_over_at = cases["handed_over_at"].to_numpy()
    is_handed_over = ~np.isnat(handed_over_at)
    owner_contact_at = cases["owner_contact_at"].to_numpy()[is_handed_over]
    owner_channel = pick(rng, OWNER_CHANNELS, len(owner_contact_at))
    parts.append((position[is_handed_over], owner_contact_at, owner_channel))
    reopened = cases["reopened_at"].notna().to_numpy()
    parts.append(
        (position[reopened], cases["reopened_at"].to_numpy()[reopened], pick(rng, CHANNELS, int(reopened.sum())))
    )
    case, at, channel = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    return pd.DataFrame(
        {
            "case": case,
            "person": cases["person"].to_numpy()[case],
            "order": cases["order"].to_numpy()[case],
            "touchpoint": pd.Series(channel).map(CONTACT_TOUCHPOINTS).to_numpy(dtype=object),
            "channel": channel,
            "department": np.where(
                at >= handed_over_at[case], cases["department"].to_numpy(dtype=object)[case], FRONT_DEPARTMENT
            ),
            "at": at,
        }
    )
