"""What people say when they are asked: surveys, invitations, and the responses of those who answer.

An answer comes from one hidden satisfaction: the segment's level, the touchpoint's effect, the person's mood, what
went wrong this time, and chance. Whether there is an answer depends on it too.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

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
"""Of a late delivery's effect, what is left in the relationship survey."""
FATIGUE_DAYS = 90.0
DETRACTOR = 6
CLOSED_SHARE = 0.6
"""Of the detractors' answers of people whom the CRM knows, those that the company acts on."""
TOLD_AFTER_DAYS, LAG_SHAPE, LAG_SCALE_DAYS = 0.5, 2.0, 1.2
"""Days from an answer until the customer is told what was done: half a day and a gamma."""


@dataclass(frozen=True)
class Feedback:
    """Every invitation once, and by ``invitation`` (the place in it) every response with its answers."""

    invitations: pd.DataFrame
    """Columns besides what is sent: effect (touchpoint and event), boost (initiative and closed loop), recent_count
    (invitations in the 90 days before), satisfaction (all of it, in points), is_late."""
    responses: pd.DataFrame
    """Columns: invitation, submitted_at, one per question (-1 where not asked), and those of ``make_comments``."""
    loops: pd.DataFrame
    """One row per detractor's answer that is acted on: response, person, acknowledged_at, acted_at, told_at."""


def make_feedback(
    world: World,
    people: pd.DataFrame,
    *,
    contact_since: Times,
    surveyed_until: Times,
    orders: pd.DataFrame,
    cases: Cases,
    contacts: pd.DataFrame,
    asked_by: Collection[str] = tuple(survey.survey_id for survey in SURVEYS),
) -> Feedback:
    """Everyone who is asked within the horizon by some of the surveys, and what they answer."""
    rng = world.rng("feedback")
    occasions = {
        "relationship": _quarterly(rng, world, people, orders),
        "support": _after_cases(world, cases.cases),
        **_after_orders(world, orders),
        **_after_contacts(contacts),
    }
    asked = pd.concat(
        [
            _ask(rng, world, number, occasions[survey.survey_id])
            for number, survey in enumerate(SURVEYS)
            if survey.survey_id in asked_by
        ],
        ignore_index=True,
    )
    person = asked["person"].to_numpy()
    sent_at = asked["sent_at"].to_numpy()
    may_be_asked = (sent_at > contact_since[person]) & ~(sent_at >= surveyed_until[person])
    asked = in_order(asked[may_be_asked], "sent_at", "person", "survey")
    count = len(asked)
    delivered_at = after(asked["sent_at"].to_numpy(), rng.exponential(0.002, count) + 0.0001)
    asked["delivered_at"] = time_where(rng.random(count) >= UNDELIVERED_SHARE, delivered_at)
    asked["channel"] = pick(rng, {"email": 0.70, "sms": 0.15, "app": 0.15}, count)
    asked["recent_count"] = _recent_invitations(asked["person"].to_numpy(), asked["sent_at"].to_numpy())
    return _answered(rng, world, people, asked)


def _quarterly(rng: np.random.Generator, world: World, people: pd.DataFrame, orders: pd.DataFrame) -> pd.DataFrame:
    """Every CRM customer in the second month of every quarter; who met a late delivery before remembers it."""
    years = range(world.history_load_date.year - 3, world.history_load_date.year + 2)
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
    """By survey, the orders that it may follow."""
    person = orders["person"].to_numpy()
    late = orders["is_late"].to_numpy() * world.effects.late_delivery
    kept = orders["delivered_at"].notna().to_numpy()
    sent = orders["shipped_at"].notna().to_numpy()
    first = orders["sequence"].to_numpy() == 0
    online = orders["channel"].isin(("web", "app")).to_numpy()

    def following(who: Flags, event: str, days: float, effect: Rates) -> pd.DataFrame:
        order = np.flatnonzero(who)
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
    """By survey, the contacts that it may follow a day later."""
    followed = {"advice": ("product_chat",), "store": ("store_visit",), "advocacy": ("review", "referral")}
    occasions = {}
    for survey, touchpoints in followed.items():
        some = contacts[contacts["touchpoint"].isin(touchpoints)]
        nothing_wrong = np.zeros(len(some))
        occasions[survey] = _occasions(
            some["person"].to_numpy(), some["order"].to_numpy(), after(some["at"].to_numpy(), 1), nothing_wrong
        )
    return occasions


def _after_cases(world: World, cases: pd.DataFrame) -> pd.DataFrame:
    """The solved cases, a day after they were solved for good."""
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


def _ask(rng: np.random.Generator, world: World, number: int, occasions: pd.DataFrame) -> pd.DataFrame:
    asked = occasions[rng.random(len(occasions)) < SURVEYS[number].asked_share]
    at = asked["at"].to_numpy()
    return pd.DataFrame(
        {
            "survey": number,
            "person": asked["person"],
            "order": asked["order"],
            "sent_at": np.maximum(in_waking_hours(rng, at), at),
            "effect": asked["effect"] + SURVEYS[number].effect * world.effects.touchpoint_factor,
            "is_late": (asked["effect"] != 0) & (SURVEYS[number].survey_id != "support"),
        }
    )


def _recent_invitations(person: Numbers, sent_at: Times) -> Numbers:
    """How often each invited person was invited within the 90 days before."""
    days = days_between(np.datetime64(0, "s"), sent_at)
    timeline = person * 1e6 + days
    place = np.argsort(timeline, kind="stable")
    ordered = timeline[place]
    since = np.searchsorted(ordered, np.maximum(ordered - FATIGUE_DAYS, person[place] * 1e6))
    count = np.empty(len(person), dtype=np.int64)
    count[place] = np.arange(len(person)) - since
    return count


def _answered(rng: np.random.Generator, world: World, people: pd.DataFrame, asked: pd.DataFrame) -> Feedback:
    """Who answers what, before and after the loop was closed with those whose answer was a detractor's."""
    effects = world.effects
    person = asked["person"].to_numpy()
    count = len(asked)
    sent_at = asked["sent_at"].to_numpy()
    segment = people["segment"].to_numpy()[person]
    is_helped = people["is_treated"].to_numpy()[person] & (sent_at >= world.initiative_start)
    asked["boost"] = effects.initiative * is_helped
    nature = BASE_SATISFACTION + of_segments("satisfaction", segment) + people["mood"].to_numpy()[person]
    nature += rng.normal(0, NOISE, count) + asked["effect"].to_numpy()
    chance = rng.random(count)
    waits = np.where(rng.random(count) < 0.5, rng.exponential(0.2, count), rng.exponential(2.5, count))
    asked["submitted_at"] = after(asked["delivered_at"].to_numpy(), 0.001 + waits)
    rate = of_segments("response_rate", segment)
    tired = effects.answer_per_recent_invitation * asked["recent_count"].to_numpy()

    def answers(satisfaction: Rates) -> Flags:
        odds = rate / (1 - rate) * np.exp(effects.answer_per_point * (satisfaction - BASE_SATISFACTION) + tired)
        return asked["delivered_at"].notna().to_numpy() & (chance < odds / (1 + odds))

    satisfaction = nature + asked["boost"].to_numpy()
    told_at = _told(rng, people, asked)
    is_heard = answers(satisfaction) & _is_detractor(asked, satisfaction)
    first_told = _first(time_where(is_heard, told_at), person, len(people))
    asked["is_after_loop"] = sent_at > first_told[person]
    asked["boost"] += effects.closed_loop * asked["is_after_loop"]
    asked["satisfaction"] = nature + asked["boost"].to_numpy()
    place = np.flatnonzero(answers(asked["satisfaction"].to_numpy()))
    responses = _responses(rng, people, asked, place)
    return Feedback(invitations=asked, responses=responses, loops=_loops(rng, asked, responses, told_at))


def _is_detractor(asked: pd.DataFrame, satisfaction: Rates) -> Flags:
    measures: Flags = np.array(["nps" in survey.metrics for survey in SURVEYS])[asked["survey"].to_numpy()]
    return measures & (np.round(satisfaction) <= DETRACTOR)


def _told(rng: np.random.Generator, people: pd.DataFrame, asked: pd.DataFrame) -> Times:
    """By invitation, when the company would have acted on a detractor's answer and said so; nothing if it never would.

    Whoever was told once knows that the company listens: the first time lifts all answers after it, and later times
    add nothing. So no answer before the first time depends on what comes after it.
    """
    count = len(asked)
    is_acted_on = people["is_in_crm"].to_numpy()[asked["person"]] & (rng.random(count) < CLOSED_SHARE)
    lag = TOLD_AFTER_DAYS + rng.gamma(LAG_SHAPE, LAG_SCALE_DAYS, count)
    return time_where(is_acted_on, after(asked["submitted_at"].to_numpy(), lag))


def _first(at: Times, person: Numbers, people_count: int) -> Times:
    """The first of each person's times."""
    first = pd.Series(at).groupby(person).min()
    every = np.full(people_count, np.datetime64("NaT", "s"))
    every[first.index] = first.to_numpy()
    return every


def _loops(rng: np.random.Generator, asked: pd.DataFrame, responses: pd.DataFrame, told_at: Times) -> pd.DataFrame:
    """Every detractor's answer that the company acts on."""
    invitation = responses["invitation"].to_numpy()
    response = np.flatnonzero(responses["recommend"].between(0, DETRACTOR).to_numpy() & ~np.isnat(told_at[invitation]))
    heard_at, told = responses["submitted_at"].to_numpy()[response], told_at[invitation[response]]
    lag = days_between(heard_at, told)
    return pd.DataFrame(
        {
            "response": response,
            "person": asked["person"].to_numpy()[invitation[response]],
            "acknowledged_at": after(heard_at, lag * rng.uniform(0.1, 0.4, len(response))),
            "acted_at": after(heard_at, lag * rng.uniform(0.5, 0.95, len(response))),
            "told_at": told,
        }
    )


def _responses(
    rng: np.random.Generator, people: pd.DataFrame, invitations: pd.DataFrame, place: Numbers
) -> pd.DataFrame:
    invited = invitations.iloc[place]
    felt = invited["satisfaction"].to_numpy()
    survey = invited["survey"].to_numpy()
    responses = pd.DataFrame({"invitation": place, "submitted_at": invited["submitted_at"].to_numpy()})
    for question in QUESTIONS:
        asked = np.array([question.metric in survey.metrics for survey in SURVEYS])[survey]
        said = question.intercept + question.slope * felt[asked]
        said += rng.normal(0, 1, len(said)) * question.noise
        value = np.full(len(place), -1)
        value[asked] = np.clip(np.round(said), question.scale_min, question.scale_max)
        responses[question.question] = value
    language = people["language"].to_numpy(dtype=object)[invited["person"].to_numpy()]
    is_late = invited["is_late"].to_numpy()
    comments = make_comments(rng, language, felt, is_late=is_late, share=COMMENT_SHARE)
    responses = pd.concat([responses, comments], axis="columns")
    return in_order(responses, "submitted_at", "invitation")
