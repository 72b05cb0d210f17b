"""Estimates of the full world's effects from its files: stated size, estimate and standard error.

Answers are rounded, cut off at the scale's ends and subject to nonresponse, so textbook estimators are biased. The
stated model predicts the observed values instead, and one Newton step from the truth measures the difference.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import norm

from demo.verbatims import LATE_THEME_SHARE
from tests.unit.demo.companies import HISTORY
from tests.unit.demo.fits import Floats, least_squares
from tests.unit.demo.truths import Demo

SETTLED_DAYS = 60
"""Invitations and orders of the last days are excluded: their consequences are not delivered yet."""
END = pd.Timestamp(HISTORY, tz="Europe/Berlin") + pd.Timedelta(days=1)


@dataclass(frozen=True)
class Estimate:
    """Stated and estimated size of an effect."""

    stated: float
    found: float
    error: float

    @property
    def errors_off(self) -> float:
        return (self.found - self.stated) / self.error


def share(stated: float, hits: NDArray[np.bool_]) -> Estimate:
    """A share with its binomial standard error."""
    return Estimate(stated, float(hits.mean()), float(np.sqrt(stated * (1 - stated) / len(hits))))


def answer_effects(full: Demo) -> dict[str, Estimate]:
    """Effects on answers to the recommendation question, in points of satisfaction, and on response."""
    invited = _invitations(full)
    return _response_effects(full.parameters, invited) | _score_effects(
        full.parameters, invited[invited["score"].notna()]
    )


def _response_effects(truth: Mapping[str, Any], invited: pd.DataFrame) -> dict[str, Estimate]:
    """On the log odds of an answer: per point of satisfaction, per recent invitation, and by segment."""
    effects = truth["effects"]
    felt = invited["satisfaction"].to_numpy() - truth["satisfaction"]["base"]
    chance = 1 / (1 + np.exp(-invited["log_odds"].to_numpy() - effects["answer_per_point"] * felt))
    off = invited["is_answered"].to_numpy() - chance
    weight = chance * (1 - chance)

    def odds(stated: float, regressor: Floats) -> Estimate:
        information = float((weight * regressor**2).sum())
        return Estimate(stated, stated + float((off * regressor).sum()) / information, information**-0.5)

    recent = invited["recent_count"].to_numpy(dtype=float)
    found = {
        "answer_per_point": odds(effects["answer_per_point"], felt),
        "answer_per_recent_invitation": odds(effects["answer_per_recent_invitation"], recent),
    }
    for segment in truth["segments"]:
        stated = np.log(segment["response_rate"] / (1 - segment["response_rate"]))
        is_own = (invited["segment"] == segment["name"]).to_numpy(dtype=float)
        found[f"response rate of {segment['name']}"] = odds(stated, is_own)
    return found


def _score_effects(truth: Mapping[str, Any], some: pd.DataFrame) -> dict[str, Estimate]:
    """In points: mean and variance of the given answers, and the slope of each effect."""
    effects = truth["effects"]
    average, variance = _predicted(truth, some, 0.0)
    slope = (_predicted(truth, some, 0.1)[0] - _predicted(truth, some, -0.1)[0]) / 0.2
    off = some["score"].to_numpy(dtype=float) - average

    def moved(stated: float, multiple: Floats) -> Estimate:
        gradient = slope * multiple
        information = float((gradient**2 / variance).sum())
        return Estimate(stated, stated + float((gradient * off / variance).sum()) / information, information**-0.5)

    is_support = (some["survey_id"] == "support").to_numpy()
    event = some["incident"].to_numpy()
    found = {
        "late_delivery": moved(effects["late_delivery"], np.where(is_support, 0.0, event / effects["late_delivery"])),
        "reopened_case": moved(effects["reopened_case"], (is_support & (event != 0)).astype(float)),
        "initiative": moved(effects["initiative"], some["is_helped"].to_numpy(dtype=float)),
        "closed_loop": moved(effects["closed_loop"], some["is_after_loop"].to_numpy(dtype=float)),
    }
    for survey, entry in truth["touchpoint_effects"].items():
        is_own = (some["survey_id"] == survey).to_numpy(dtype=float)
        if entry["points"] and is_own.any():
            found[f"touchpoint of {survey}"] = moved(entry["points"], is_own)
    return found


def _predicted(truth: Mapping[str, Any], some: pd.DataFrame, shift: float) -> tuple[Floats, Floats]:
    """Mean and variance of each given answer if satisfaction were ``shift`` points higher."""
    effects, satisfaction = truth["effects"], truth["satisfaction"]
    level = {segment["name"]: segment["satisfaction"] for segment in truth["segments"]}
    mean = satisfaction["base"] + some["segment"].map(level) + some["mood"] + some["event_effect"] + shift
    mean += effects["initiative"] * some["is_helped"] + effects["closed_loop"] * some["is_after_loop"]
    noise = np.linspace(-5, 5, 201)
    points = mean.to_numpy()[:, None] + satisfaction["noise"] * noise
    per_point = effects["answer_per_point"] * (points - satisfaction["base"])
    weights = np.exp(-(noise**2) / 2) / (1 + np.exp(-some["log_odds"].to_numpy()[:, None] - per_point))
    weights /= weights.sum(axis=1, keepdims=True)
    says = np.clip(np.round(points), 0, 10)
    average = (weights * says).sum(axis=1)
    return average, (weights * says**2).sum(axis=1) - average**2


def _invitations(full: Demo) -> pd.DataFrame:
    """The delivered invitations with their labels.

    And: score (the answer to the recommendation question), incident (effect of the event, in points), log_odds (of an
    answer at the base satisfaction).
    """
    sent = full.drop("survey_tool", "invitations").drop_duplicates("invitation_id", keep="last")
    is_settled = pd.to_datetime(sent["sent_at"]) < END - pd.Timedelta(days=SETTLED_DAYS)
    sent = sent[is_settled & (sent["status"] != "undeliverable")][["invitation_id"]]
    responses = full.drop("survey_tool", "responses")
    scores = {
        invitation: answer["value"]
        for invitation, answers in zip(responses["invitation_id"], responses["answers"], strict=True)
        for answer in answers
        if answer["metric"] == "nps"
    }
    invited = sent.merge(full.label("invitations"), on="invitation_id").merge(full.label("people"), on="person")
    invited["score"] = invited["invitation_id"].map(scores)
    invited["is_answered"] = invited["invitation_id"].isin(responses["invitation_id"])
    truth = full.parameters
    points = invited["survey_id"].map({name: entry["points"] for name, entry in truth["touchpoint_effects"].items()})
    invited["incident"] = (invited["event_effect"] - points).round(6)
    rate = invited["segment"].map({segment["name"]: segment["response_rate"] for segment in truth["segments"]})
    fatigue = truth["effects"]["answer_per_recent_invitation"] * invited["recent_count"]
    invited["log_odds"] = np.log(rate / (1 - rate)) + fatigue
    return invited


def buying_effects(full: Demo) -> dict[str, Estimate]:
    """Effects on order value; share of late orders."""
    truth = full.parameters
    effects, dates = truth["effects"], {name: pd.Timestamp(day) for name, day in truth["dates"].items()}
    orders = full.drop("shop", "orders").drop_duplicates("order_number", keep="last")
    orders = orders.drop(columns="ordered_at").merge(
        full.label("orders", parse_dates=["ordered_at"]), on="order_number"
    )
    orders = orders.merge(full.label("people"), on="person")
    day = orders["ordered_at"].dt.tz_localize("UTC").dt.tz_convert("Europe/Berlin").dt.tz_localize(None)
    columns = [
        orders["felt_before"],
        day >= dates["price_rise"],
        orders["is_treated"] & (day >= dates["initiative_begins"]),
        *(orders["segment"] == segment["name"] for segment in truth["segments"]),
    ]
    regressors = np.column_stack([column.to_numpy(dtype=float) for column in columns])
    worth = np.log(orders["net_amount"].astype(float).to_numpy())
    coefficients, errors = least_squares(worth, regressors, orders["person"].to_numpy())
    stated = (effects["spend_per_point"], np.log1p(effects["price_rise"]), np.log1p(effects["initiative_spend"]))
    names = ("spend_per_point", "price_rise", "initiative_spend")
    found = {
        name: Estimate(size, float(coefficient), float(error))
        for name, size, coefficient, error in zip(names, stated, coefficients, errors, strict=False)
    }
    sent = orders["delivered_at"].notna() & orders["promised_at"].notna()
    sent &= day < pd.Timestamp(HISTORY) - pd.Timedelta(days=SETTLED_DAYS)
    is_late = (orders["delivered_at"].dt.normalize() > orders["promised_at"].dt.normalize()).to_numpy()
    in_crisis = ((day >= dates["crisis_begins"]) & (day < dates["crisis_ends"])).to_numpy()
    found["crisis_late_share"] = share(effects["crisis_late_share"], is_late[sent & in_crisis])
    found["late_share"] = share(effects["late_share"], is_late[sent & ~in_crisis])
    return found


def referral_effect(full: Demo) -> dict[str, Estimate]:
    """Referral: the mood of referrers against that of all possible referrers."""
    people = full.label("people")
    stated = full.parameters["effects"]["referral_per_point"]
    mood = people["mood"].to_numpy()
    weight = np.where(people["is_in_crm"] & people["is_buyer"], np.exp(stated * mood), 0.0)

    def before(values: Floats) -> Floats:
        return np.concatenate([[0.0], np.cumsum(values)[:-1]])

    referred = people["referrer"].notna().to_numpy()
    whole = before(weight)[referred]
    mean = before(weight * mood)[referred] / whole
    variance = before(weight * mood**2)[referred] / whole - mean**2
    of_referrer = people.set_index("person")["mood"].reindex(people["referrer"][referred].astype(int)).to_numpy()
    information = float(variance.sum())
    step = float((of_referrer - mean).sum()) / information
    return {"referral_per_point": Estimate(stated, stated + step, information**-0.5)}


def self_rating(full: Demo) -> dict[str, Estimate]:
    """Points by which employees rate the company above the base satisfaction of customers."""
    base, stated = full.parameters["satisfaction"]["base"], full.parameters["programme"]
    noise, bonus = stated["self_rating_noise"], stated["self_rating_bonus"]
    answers = full.drop("survey_tool", "employee_answers").query("metric == 'self_rating'")
    ratings = answers["value"].to_numpy(dtype=float)

    def predicted(size: float) -> tuple[float, float]:
        """Mean and variance of an answer that is rounded and cut off at the ends of the scale."""
        score = np.arange(11)
        below = norm.cdf((score[:-1] + 0.5 - base - size) / noise)
        chance = np.diff(np.concatenate([[0.0], below, [1.0]]))
        mean = float((chance * score).sum())
        return mean, float((chance * score**2).sum()) - mean**2

    mean, variance = predicted(bonus)
    slope = (predicted(bonus + 0.1)[0] - predicted(bonus - 0.1)[0]) / 0.2
    error = np.sqrt(variance / len(ratings)) / slope
    return {"self_rating_bonus": Estimate(bonus, bonus + float(ratings.mean() - mean) / slope, float(error))}


def shares(full: Demo) -> dict[str, Estimate]:
    """Conversions, acquisitions, themes and renewals: shares with binomial standard errors."""
    truth = full.parameters
    people = full.label("people")
    orders = full.drop("shop", "orders").drop_duplicates("order_number", keep="last")
    person_of = full.label("identities").query("system == 'shop'").set_index("source_id")["person"]
    bought = people["person"].isin(person_of.reindex(orders["buyer_id"])).to_numpy()
    found = {"conversion of prospects": share(1 - truth["people"]["prospect_share"], bought)}
    orders = orders.merge(full.label("orders")[["order_number", "sequence"]], on="order_number")
    kept = orders["delivered_at"].notna() & (orders["delivered_at"] < END - pd.Timedelta(days=3 * SETTLED_DAYS))
    is_first = (orders["sequence"] == 0).to_numpy()
    events = full.drop("tracking", "events")
    for touchpoint in ("setup_guide", "account_page"):
        seen = orders["order_number"].isin(events.loc[events["touchpoint"] == touchpoint, "order_number"]).to_numpy()
        stated = truth["journeys"][touchpoint]
        found[f"{touchpoint} after a first order"] = share(stated["first"], seen[kept & is_first])
        found[f"{touchpoint} after a repeat order"] = share(stated["repeat"], seen[kept & ~is_first])

    comments = full.label("verbatims").query("table == 'responses'")
    invited = full.label("invitations").merge(
        full.drop("survey_tool", "responses")[["invitation_id", "response_id"]], on="invitation_id"
    )
    points = invited["survey_id"].map({name: entry["points"] for name, entry in truth["touchpoint_effects"].items()})
    is_late = (~np.isclose(invited["event_effect"], points)) & (invited["survey_id"] != "support")
    comments = comments.merge(pd.DataFrame({"source_id": invited["response_id"], "is_late": is_late}), on="source_id")
    for theme, stated in truth["themes"]["shares"].items():
        is_theme = (comments["theme"] == theme).to_numpy()
        late = comments["is_late"].to_numpy()
        found[f"theme {theme}"] = share(stated, is_theme[~late])
        whole = (1 - LATE_THEME_SHARE) * stated + LATE_THEME_SHARE * (theme == "delivery")
        found[f"theme {theme} after a late delivery"] = share(whole, is_theme[late])

    periods = full.drop("shop", "subscriptions")
    first = periods[periods["period_number"] == 1].set_index("subscription_id")
    length = periods.groupby("subscription_id")["period_number"].max().reindex(first.index)
    for plan in truth["subscriptions"]["plans"]:
        alive = 1.0
        for renewal in range(1, 7):
            alive *= (plan["b"] + renewal - 1) / (plan["a"] + plan["b"] + renewal - 1)
            due = first["started_at"] + pd.Timedelta(days=truth["subscriptions"]["period_days"]) * renewal
            old = (first["plan"] == plan["name"]) & (due < END - pd.Timedelta(days=1))
            found[f"{plan['name']} after {renewal} renewals"] = share(alive, (length > renewal)[old].to_numpy())
    return found
