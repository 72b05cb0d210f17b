"""What people say when they are asked: surveys, invitations, and the responses of those who answer.

An answer comes from one hidden satisfaction: the segment's level, the touchpoint's effect, the person's mood, what
went wrong this time, and chance. Whether there is an answer depends on it too.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from orchestration.demo.cases import Cases
from orchestration.demo.surveys import SCALES, SURVEYS
from orchestration.demo.world import (
    HOUR,
    Flags,
    Numbers,
    Rates,
    Texts,
    Times,
    World,
    after,
    in_waking_hours,
    midnight,
    of_segments,
    pick,
    time_where,
)

BASE_SATISFACTION = 8.05
LATE_DELIVERY_EFFECT = -1.6
REOPENED_CASE_EFFECT = -2.0
NOISE = 1.6
UNDELIVERED_SHARE = 0.03
COMMENT_SHARE = 0.35
_COMMENTS = {
    "en": (
        ("Nobody could help me.", "The delivery came far too late.", "I had to explain everything twice."),
        ("It was all right.", "Good, but a little slow.", "The app could be clearer."),
        ("Great coffee and quick delivery.", "Very friendly people.", "Everything worked at once."),
    ),
    "de": (
        ("Niemand konnte mir helfen.", "Die Lieferung kam viel zu spät.", "Ich musste alles zweimal erklären."),
        ("War in Ordnung.", "Gut, aber etwas langsam.", "Die App könnte übersichtlicher sein."),
        ("Großartiger Kaffee, schnelle Lieferung.", "Sehr freundliche Leute.", "Alles hat sofort geklappt."),
    ),
}


@dataclass(frozen=True)
class Feedback:
    """Every invitation once, and by ``invitation`` (the place in it) every response with its answers."""

    invitations: pd.DataFrame
    responses: pd.DataFrame
    """Columns: invitation, submitted_at, one per metric (-1 where not asked), comment."""


def make_feedback(
    world: World,
    people: pd.DataFrame,
    *,
    contact_since: Times,
    orders: pd.DataFrame,
    cases: Cases,
    contacts: pd.DataFrame,
) -> Feedback:
    """Everyone who is asked within the horizon, and what they answer."""
    rng = world.rng("feedback")
    occasions = {
        "relationship": _quarterly(rng, world, people, orders),
        "support": _after_cases(cases.cases),
        **_after_orders(orders),
        **_after_contacts(contacts),
    }
    asked = pd.concat(
        [_ask(rng, number, occasions[survey.survey_id]) for number, survey in enumerate(SURVEYS)],
        ignore_index=True,
    )
    person = asked["person"].to_numpy()
    is_known = asked["sent_at"].to_numpy() > contact_since[person]
    asked = asked[is_known].sort_values(["sent_at", "person", "survey"], kind="stable", ignore_index=True)
    count = len(asked)
    delivered_at = after(asked["sent_at"].to_numpy(), rng.exponential(0.002, count) + 0.0001)
    asked["delivered_at"] = time_where(rng.random(count) >= UNDELIVERED_SHARE, delivered_at)
    asked["channel"] = pick(rng, {"email": 0.70, "sms": 0.15, "app": 0.15}, count)
    return Feedback(invitations=asked, responses=_responses(rng, people, asked))


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
    return _occasions(person, np.full(len(person), -1), at, annoyed * LATE_DELIVERY_EFFECT / 4)


def _after_orders(orders: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """By survey, the orders that it may follow."""
    person = orders["person"].to_numpy()
    late = orders["is_late"].to_numpy() * LATE_DELIVERY_EFFECT
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


def _after_cases(cases: pd.DataFrame) -> pd.DataFrame:
    """The solved cases, a day after they were solved for good."""
    solved = cases[cases["first_resolved_at"].notna()]
    again = solved["reopened_at"].notna().to_numpy()
    at = np.where(again, solved["last_resolved_at"].to_numpy(), solved["first_resolved_at"].to_numpy())
    return _occasions(
        solved["person"].to_numpy(),
        solved["order"].to_numpy(),
        after(at, 1),
        np.where(again, REOPENED_CASE_EFFECT, 0.0),
    )


def _occasions(person: Numbers, order: Numbers, at: Times, effect: Rates) -> pd.DataFrame:
    return pd.DataFrame({"person": person, "order": order, "at": at, "effect": effect})


def _ask(rng: np.random.Generator, number: int, occasions: pd.DataFrame) -> pd.DataFrame:
    asked = occasions[rng.random(len(occasions)) < SURVEYS[number].asked_share]
    at = asked["at"].to_numpy()
    return pd.DataFrame(
        {
            "survey": number,
            "person": asked["person"],
            "order": asked["order"],
            "sent_at": np.maximum(in_waking_hours(rng, at), at),
            "effect": asked["effect"] + SURVEYS[number].effect,
        }
    )


def _responses(rng: np.random.Generator, people: pd.DataFrame, invitations: pd.DataFrame) -> pd.DataFrame:
    person = invitations["person"].to_numpy()
    segment = people["segment"].to_numpy()[person]
    satisfaction = (
        BASE_SATISFACTION
        + of_segments("satisfaction", segment)
        + people["mood"].to_numpy()[person]
        + invitations["effect"].to_numpy()
        + rng.normal(0, NOISE, len(person))
    )
    rate = of_segments("response_rate", segment)
    odds = rate / (1 - rate) * np.exp(0.12 * (satisfaction - BASE_SATISFACTION))
    answers = invitations["delivered_at"].notna().to_numpy() & (rng.random(len(person)) < odds / (1 + odds))
    place = np.flatnonzero(answers)
    count = len(place)
    felt = satisfaction[place]
    asked = {
        metric: np.array([metric in survey.metrics for survey in SURVEYS])[invitations["survey"].to_numpy()[place]]
        for metric in SCALES
    }
    answered = {
        "nps": felt,
        "csat": felt / 2 + 0.1 + rng.normal(0, 0.3, count),
        "ces": felt * 0.7 - 0.2 + rng.normal(0, 0.6, count),
        "vs_expectation": felt / 2 - 0.7 + rng.normal(0, 0.5, count),
    }
    responses = pd.DataFrame({"invitation": place})
    for metric, (low, high) in SCALES.items():
        value = np.clip(np.round(answered[metric]), low, high).astype(np.int64)
        responses[metric] = np.where(asked[metric], value, -1)
    wait = np.where(rng.random(count) < 0.5, rng.exponential(0.2, count), rng.exponential(2.5, count))
    responses["submitted_at"] = after(invitations["delivered_at"].to_numpy()[place], 0.001 + wait)
    responses["comment"] = _comments(rng, people["language"].to_numpy(dtype=object)[person[place]], felt)
    return responses.sort_values(["submitted_at", "invitation"], kind="stable", ignore_index=True)


def _comments(rng: np.random.Generator, language: Texts, felt: Rates) -> Texts:
    """A verbatim from about one respondent in three."""
    tone = np.digitize(felt, (6.5, 8.5))
    which = rng.integers(0, 3, len(felt))
    writes = rng.random(len(felt)) < COMMENT_SHARE
    return np.array(
        [
            _COMMENTS["de" if speaks == "de" else "en"][mood][text] if wrote else None
            for speaks, mood, text, wrote in zip(language, tone.tolist(), which.tolist(), writes.tolist(), strict=True)
        ],
        dtype=object,
    )
