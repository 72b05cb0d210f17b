"""Survey invitations and responses.

An answer is drawn from a latent satisfaction: the segment's level, the touchpoint's effect, the person's mood, the
effect of the event, and noise. The probability of an answer depends on it too.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd

from demo.cases import Cases
from demo.surveys import QUESTIONS, SURVEYS
from demo.verbatims import COMMENT_SHARE, make_comments
from demo.world import (
    HOUR,
    Flags,
    Numbers,
    Rates,
    Times,
    World,
    after,
    days_between,
    in_order,
    in_waking_hours,
    midnight,
    of_segments,
    pick,
    time_where,
)

BASE_SATISFACTION = 7.6
NOISE = 1.6
UNDELIVERED_SHARE = 0.03
ANNOYED_SHARE = 0.25
"""Share of the effect of a late delivery that remains in the relationship survey."""
FATIGUE_DAYS = 90.0
DETRACTOR = 6
CLOSED_SHARE = 0.6
"""Share of detractor answers of people in the CRM that the company acts on."""
NOTIFIED_AFTER_DAYS, LAG_SHAPE, LAG_SCALE_DAYS = 0.5, 2.0, 1.2
"""Days from an answer to the notification of the customer: half a day plus a gamma."""


@dataclass(frozen=True)
class Feedback:
    """One row per invitation, and every response by ``invitation`` (the position in ``invitations``)."""

    invitations: pd.DataFrame
    """Columns besides the delivered ones: effect (touchpoint and event), boost (initiative and closed loop),
    recent_count (invitations in the 90 days before), satisfaction (the total, in points), is_late."""
    responses: pd.DataFrame
    """Columns: invitation, submitted_at, one per question (-1 if not in the survey), and those of ``make_comments``."""
    loops: pd.DataFrame
    """One row per detractor answer with an action: response, person, acknowledged_at, acted_at, told_at."""


def make_feedback(
    world: World,
    people: pd.DataFrame,
    *,
    contact_since: Times,
    surveyed_until: Times,
    orders: pd.DataFrame,
    cases: Cases,
    contacts: pd.DataFrame,
    survey_ids: Collection[str] = tuple(survey.survey_id for survey in SURVEYS),
) -> Feedback:
    """Draw all invitations of the given surveys within the horizon, and their responses."""
    rng = world.rng("feedback")
    occasions = {
        "relationship": _quarterly(rng, world, people, orders),
        "support": _after_cases(world, cases.cases),
        **_after_orders(world, orders),
        **_after_contacts(contacts),
    }
    invitations = pd.concat(
        [
            _invite(rng, world, number, occasions[survey.survey_id])
            for number, survey in enumerate(SURVEYS)
            if survey.survey_id in survey_ids
        ],
        ignore_index=True,
    )
    person = invitations["person"].to_numpy()
    sent_at = invitations["sent_at"].to_numpy()
    has_consent = (sent_at > contact_since[person]) & ~(sent_at >= surveyed_until[person])
    invitations = in_order(invitations[has_consent], "sent_at", "person", "survey")
    count = len(invitations)
    delivered_at = after(invitations["sent_at"].to_numpy(), rng.exponential(0.002, count) + 0.0001)
    invitations["delivered_at"] = time_where(rng.random(count) >= UNDELIVERED_SHARE, delivered_at)
    invitations["channel"] = pick(rng, {"email": 0.70, "sms": 0.15, "app": 0.15}, count)
    invitations["recent_count"] = _recent_invitations(
        invitations["person"].to_numpy(), invitations["sent_at"].to_numpy()
    )
    return _answered(rng, world, people, invitations)


def _quarterly(rng: np.random.Generator, world: World, people: pd.DataFrame, orders: pd.DataFrame) -> pd.DataFrame:
    """Every CRM customer in the second month of every quarter; an earlier late delivery lowers satisfaction."""
    first_year = (world.history_load_date - timedelta(days=world.history_days)).year
    years = range(first_year, world.history_load_date.year + 2)
    waves = [midnight(date(year, month, 5)) for year in years for month in (2, 5, 8, 11)]
    waves = [wave for wave in waves if world.start < wave < world.horizon_end]
    known = np.flatnonzero(people["is_in_crm"])
    person = np.tile(known, len(waves))
    at = after(np.repeat(np.array(waves), len(known)), rng.random(len(person)) * 14)
    first_late = orders[orders["is_late"]].groupby("person")["delivered_at"].min()
    annoyed = at > first_late.reindex(person).to_numpy()
    annoyance = np.where(annoyed, world.effects.late_delivery * ANNOYED_SHARE, 0.0)
    return _occasions(person, np.full(len(person), -1), at, annoyance)


def _after_orders(world: World, orders: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """The occasions of each survey that follows an order."""
    person = orders["person"].to_numpy()
    late = orders["is_late"].to_numpy() * world.effects.late_delivery
    kept = orders["delivered_at"].notna().to_numpy()
    sent = orders["shipped_at"].notna().to_numpy()
    first = orders["sequence"].to_numpy() == 0
    online = orders["channel"].isin(("web", "app")).to_numpy()

    def following(chosen: Flags, event: str, days: float, effect: Rates) -> pd.DataFrame:
        order = np.flatnonzero(chosen)
        return _occasions(person[order], order, after(orders[event].to_numpy()[order], days), effect[order])

    return {
        "checkout": following(online, "ordered_at", HOUR / 2, 0 * late),
        "delivery": following(sent & kept, "delivered_at", 1, late),
        "onboarding": following(first & kept, "delivered_at", 14, late / 2),
        "product": following(kept, "delivered_at", 60, 0 * late),
        "quality": following(first & kept, "delivered_at", 91, 0 * late),
        "reorder": following(~first, "ordered_at", 2, 0 * late),
    }


def _after_contacts(contacts: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """The occasions of each survey that follows a contact by a day."""
    followed = {"advice": ("product_chat",), "store": ("store_visit",), "advocacy": ("review", "referral")}
    occasions = {}
    for survey, touchpoints in followed.items():
        some = contacts[contacts["touchpoint"].isin(touchpoints)]
        no_effect = np.zeros(len(some))
        occasions[survey] = _occasions(
            some["person"].to_numpy(), some["order"].to_numpy(), after(some["at"].to_numpy(), 1), no_effect
        )
    return occasions


def _after_cases(world: World, cases: pd.DataFrame) -> pd.DataFrame:
    """The resolved cases, a day after their last resolution."""
    solved = cases[cases["first_resolved_at"].notna()]
    again = solved["reopened_at"].notna().to_numpy()
    at = np.where(again, solved["last_resolved_at"].to_numpy(), solved["first_resolved_at"].to_numpy())
    return _occasions(
        solved["person"].to_numpy(),
        solved["order"].to_numpy(),
        after(at, 1),
        np.where(again, world.effects.reopened_case, 0.0),
    )


def _occasions(person: Numbers, order: Numbers, at: Times, effect: Rates) -> pd.DataFrame:
    return pd.DataFrame({"person": person, "order": order, "at": at, "effect": effect})


def _invite(rng: np.random.Generator, world: World, number: int, occasions: pd.DataFrame) -> pd.DataFrame:
    chosen = occasions[rng.random(len(occasions)) < SURVEYS[number].invited_share]
    at = chosen["at"].to_numpy()
    return pd.DataFrame(
        {
            "survey": number,
            "person": chosen["person"],
            "order": chosen["order"],
            "sent_at": np.maximum(in_waking_hours(rng, at), at),
            "effect": chosen["effect"] + SURVEYS[number].effect * world.effects.touchpoint_factor,
            "is_late": (chosen["effect"] != 0) & (SURVEYS[number].survey_id != "support"),
        }
    )


def _recent_invitations(person: Numbers, sent_at: Times) -> Numbers:
    """Count of invitations of the same person within the 90 days before."""
    days = days_between(np.datetime64(0, "s"), sent_at)
    timeline = person * 1e6 + days
    position = np.argsort(timeline, kind="stable")
    ordered = timeline[position]
    since = np.searchsorted(ordered, np.maximum(ordered - FATIGUE_DAYS, person[position] * 1e6))
    count = np.empty(len(person), dtype=np.int64)
    count[position] = np.arange(len(person)) - since
    return count


def _answered(rng: np.random.Generator, world: World, people: pd.DataFrame, invitations: pd.DataFrame) -> Feedback:
    """Draw the responses, with the effect of the closed loop on later answers."""
    effects = world.effects
    person = invitations["person"].to_numpy()
    count = len(invitations)
    sent_at = invitations["sent_at"].to_numpy()
    segment = people["segment"].to_numpy()[person]
    is_helped = people["is_treated"].to_numpy()[person] & (sent_at >= world.initiative_start)
    invitations["boost"] = effects.initiative * is_helped
    baseline = BASE_SATISFACTION + of_segments("satisfaction", segment) + people["mood"].to_numpy()[person]
    baseline += rng.normal(0, NOISE, count) + invitations["effect"].to_numpy()
    chance = rng.random(count)
    waits = np.where(rng.random(count) < 0.5, rng.exponential(0.2, count), rng.exponential(2.5, count))
    invitations["submitted_at"] = after(invitations["delivered_at"].to_numpy(), 0.001 + waits)
    rate = of_segments("response_rate", segment)
    fatigue = effects.answer_per_recent_invitation * invitations["recent_count"].to_numpy()

    def answers(satisfaction: Rates) -> Flags:
        odds = rate / (1 - rate) * np.exp(effects.answer_per_point * (satisfaction - BASE_SATISFACTION) + fatigue)
        return invitations["delivered_at"].notna().to_numpy() & (chance < odds / (1 + odds))

    satisfaction = baseline + invitations["boost"].to_numpy()
    notified_at = _notified_at(rng, people, invitations)
    is_detractor = answers(satisfaction) & _is_detractor(invitations, satisfaction)
    first_notified = _first(time_where(is_detractor, notified_at), person, len(people))
    invitations["is_after_loop"] = sent_at > first_notified[person]
    invitations["boost"] += effects.closed_loop * invitations["is_after_loop"]
    invitations["satisfaction"] = baseline + invitations["boost"].to_numpy()
    position = np.flatnonzero(answers(invitations["satisfaction"].to_numpy()))
    responses = _responses(rng, people, invitations, position)
    return Feedback(
        invitations=invitations, responses=responses, loops=_loops(rng, invitations, responses, notified_at)
    )


def _is_detractor(invitations: pd.DataFrame, satisfaction: Rates) -> Flags:
    measures: Flags = np.array(["nps" in survey.metrics for survey in SURVEYS])[invitations["survey"].to_numpy()]
    return measures & (np.round(satisfaction) <= DETRACTOR)


def _notified_at(rng: np.random.Generator, people: pd.DataFrame, invitations: pd.DataFrame) -> Times:
    """Time at which the company would notify the customer of its action on a detractor answer, by invitation; else NaT.

    Only the first notification of a person raises later answers, so that no earlier answer depends on a later event.
    """
    count = len(invitations)
    is_acted_on = people["is_in_crm"].to_numpy()[invitations["person"]] & (rng.random(count) < CLOSED_SHARE)
    lag = NOTIFIED_AFTER_DAYS + rng.gamma(LAG_SHAPE, LAG_SCALE_DAYS, count)
    return time_where(is_acted_on, after(invitations["submitted_at"].to_numpy(), lag))


def _first(at: Times, person: Numbers, people_count: int) -> Times:
    """The earliest time of each person."""
    first = pd.Series(at).groupby(person).min()
    every = np.full(people_count, np.datetime64("NaT", "s"))
    every[first.index] = first.to_numpy()
    return every


def _loops(
    rng: np.random.Generator, invitations: pd.DataFrame, responses: pd.DataFrame, notified_at: Times
) -> pd.DataFrame:
    """One row per detractor answer that the company acts on."""
    invitation = responses["invitation"].to_numpy()
    response = np.flatnonzero(
        responses["recommend"].between(0, DETRACTOR).to_numpy() & ~np.isnat(notified_at[invitation])
    )
    submitted_at, told_at = responses["submitted_at"].to_numpy()[response], notified_at[invitation[response]]
    lag = days_between(submitted_at, told_at)
    return pd.DataFrame(
        {
            "response": response,
            "person": invitations["person"].to_numpy()[invitation[response]],
            "acknowledged_at": after(submitted_at, lag * rng.uniform(0.1, 0.4, len(response))),
            "acted_at": after(submitted_at, lag * rng.uniform(0.5, 0.95, len(response))),
            "told_at": told_at,
        }
    )


def _responses(
    rng: np.random.Generator, people: pd.DataFrame, invitations: pd.DataFrame, position: Numbers
) -> pd.DataFrame:
    invited = invitations.iloc[position]
    felt = invited["satisfaction"].to_numpy()
    survey = invited["survey"].to_numpy()
    responses = pd.DataFrame({"invitation": position, "submitted_at": invited["submitted_at"].to_numpy()})
    for question in QUESTIONS:
        is_posed = np.array([question.metric in survey.metrics for survey in SURVEYS])[survey]
        answer = question.intercept + question.slope * felt[is_posed]
        answer += rng.normal(0, 1, len(answer)) * question.noise
        value = np.full(len(position), -1)
        value[is_posed] = np.clip(np.round(answer), question.scale_min, question.scale_max)
        responses[question.question] = value
    language = people["language"].to_numpy(dtype=object)[invited["person"].to_numpy()]
    is_late = invited["is_late"].to_numpy()
    comments = make_comments(rng, language, felt, is_late=is_late, share=COMMENT_SHARE)
    responses = pd.concat([responses, comments], axis="columns")
    return in_order(responses, "submitted_at", "invitation")
