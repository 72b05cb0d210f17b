"""The files of the full world carry the stated effects: sign, and size within the standard error.

Twenty thousand customers, five seeds; every estimate within three standard errors of the stated size for at least four
seeds. A large effect must also have the right sign for every seed.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from demo import verbatims
from tests.unit.demo.estimates import (
    Estimate,
    answer_effects,
    buying_effects,
    referral_effect,
    self_rating,
    shares,
)
from tests.unit.demo.purchases import purchase_effects
from tests.unit.demo.truths import LEAST_SEEDS, SEEDS, STANDARD_ERRORS, Demo, demo

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> list[Demo]:
    systems = ("shop", "survey_tool", "tracking")
    folder = tmp_path_factory.mktemp("full")
    return [demo(folder / str(seed), customers=20_000, seed=seed, systems=systems) for seed in SEEDS]


@pytest.fixture(scope="module")
def estimates(worlds: list[Demo]) -> dict[str, list[Estimate]]:
    estimators = (answer_effects, buying_effects, purchase_effects, referral_effect, self_rating, shares)
    every = [{name: found for estimate in estimators for name, found in estimate(full).items()} for full in worlds]
    return {name: [found[name] for found in every] for name in every[0]}


def test_every_effect_has_its_stated_size(estimates: dict[str, list[Estimate]]) -> None:
    off = {name: [round(found.errors_off, 2) for found in every] for name, every in estimates.items()}
    missed = {
        name: errors
        for name, errors in off.items()
        if sum(abs(error) <= STANDARD_ERRORS for error in errors) < LEAST_SEEDS
    }
    assert not missed


def test_standard_errors_match_the_spread_of_estimates(estimates: dict[str, list[Estimate]]) -> None:
    off = np.array([found.errors_off for every in estimates.values() for found in every])
    assert 0.7 < np.sqrt((off**2).mean()) < 1.3


def test_every_large_effect_has_its_stated_sign(estimates: dict[str, list[Estimate]]) -> None:
    wrong = {
        name: every
        for name, every in estimates.items()
        if any(abs(found.stated) > 6 * found.error and found.stated * found.found <= 0 for found in every)
    }
    assert not wrong


@pytest.mark.parametrize(
    "effect",
    [
        "late_delivery", "reopened_case", "initiative", "closed_loop", "answer_per_point",
        "answer_per_recent_invitation", "spend_per_point", "price_rise", "initiative_spend",
        "dropout_per_point", "season", "self_rating_bonus", "referral_per_point", "touchpoint of support",
        "touchpoint of advocacy", "touchpoint of checkout",
    ],
)  # fmt: skip
def test_twenty_thousand_customers_are_enough_to_detect_an_effect(
    estimates: dict[str, list[Estimate]], effect: str
) -> None:
    assert all(abs(found.found) > 2 * found.error for found in estimates[effect])


@pytest.fixture(scope="module")
def scores(worlds: list[Demo]) -> list[pd.DataFrame]:
    """By world, one row per answer to the recommendation question: survey_id, segment, nps (-100, 0, 100)."""
    every = []
    for full in worlds:
        responses = full.drop("survey_tool", "responses").merge(
            full.label("invitations")[["invitation_id", "person"]], on="invitation_id"
        )
        said = [
            (survey, person, answer["value"])
            for survey, person, answers in zip(
                responses["survey_id"], responses["person"], responses["answers"], strict=True
            )
            for answer in answers
            if answer["metric"] == "nps"
        ]
        rows = pd.DataFrame(said, columns=["survey_id", "person", "score"]).merge(full.label("people"), on="person")
        rows["nps"] = 100 * ((rows["score"] >= 9).astype(int) - (rows["score"] <= 6).astype(int))
        every.append(rows)
    return every


def test_the_relational_nps_is_realistic_and_differs_by_segment(scores: list[pd.DataFrame]) -> None:
    for rows in scores:
        relational = rows[rows["survey_id"] == "relationship"]
        assert 15 < relational["nps"].mean() < 35
        by_segment = relational.groupby("segment")["nps"].mean()
        assert by_segment["premium"] > by_segment["consumer"] + 8
        assert by_segment["consumer"] > by_segment["enterprise"] + 8


def test_the_nps_differs_by_survey(scores: list[pd.DataFrame]) -> None:
    for rows in scores:
        by_survey = rows.groupby("survey_id")["nps"].mean()
        assert by_survey["advocacy"] > by_survey["delivery"] + 20
        assert by_survey["delivery"] > by_survey["support"] + 20


def test_revenue_is_concentrated_and_retention_decays(worlds: list[Demo]) -> None:
    for full in worlds:
        orders = full.drop("shop", "orders").drop_duplicates("order_number", keep="last")
        orders = orders[["order_number", "net_amount"]].merge(
            full.label("orders", parse_dates=["ordered_at"]), on="order_number"
        )
        worth = orders.astype({"net_amount": float}).groupby("person")["net_amount"].sum().sort_values()
        assert 0.5 < worth.tail(len(worth) // 10).sum() / worth.sum() < 0.7

        first = orders.groupby("person")["ordered_at"].transform("min")
        cohort = orders[first < pd.Timestamp("2024-07-01")]
        half_year = (cohort["ordered_at"] - first[cohort.index]).dt.days // 180
        came_back = cohort["sequence"] > 0
        buyers = [cohort.loc[came_back & (half_year == half), "person"].nunique() for half in range(3)]
        assert buyers[0] > buyers[1] > buyers[2] > 0


def test_employees_rate_the_company_higher_than_its_customers(worlds: list[Demo]) -> None:
    for full in worlds:
        employees = full.drop("survey_tool", "employee_answers")
        own = employees.loc[employees["metric"] == "self_rating", "value"].mean()
        responses = full.drop("survey_tool", "responses")
        theirs = [
            answer["value"] for answers in responses["answers"] for answer in answers if answer["metric"] == "nps"
        ]
        assert own - sum(theirs) / len(theirs) > 0.3


def test_every_text_matches_its_labels(worlds: list[Demo]) -> None:
    meant = verbatims.sentences()
    responses = worlds[0].drop("survey_tool", "responses").dropna(subset="comment").set_index("response_id")
    labels = worlds[0].label("verbatims").query("table == 'responses'").set_index("source_id")
    said = responses["comment"].map(meant)
    assert said.notna().all()
    columns = labels[["theme", "language", "sentiment", "is_negated"]]
    labelled = pd.Series(list(columns.itertuples(index=False, name=None)), labels.index)
    assert (said == labelled.reindex(said.index)).all()
