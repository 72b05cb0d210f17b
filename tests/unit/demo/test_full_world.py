"""The full world's files carry the effects that the truth states: their sign, and their size within its error.

Twenty thousand customers, five seeds; every estimate within three standard errors of what is stated for four of the
five seeds at least. What is several errors large must also have the right sign for every seed.
"""

from __future__ import annotations

import pandas as pd
import pytest

from orchestration.demo import verbatims
from tests.unit.demo.estimates import Estimate, answer_effects, buying_effects, referral_effect, shares
from tests.unit.demo.truths import LEAST_SEEDS, SEEDS, STANDARD_ERRORS, Demo, demo

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> list[Demo]:
    return [demo(tmp_path_factory.mktemp("full") / str(seed), customers=20_000, seed=seed) for seed in SEEDS]


@pytest.fixture(scope="module")
def estimates(worlds: list[Demo]) -> dict[str, list[Estimate]]:
    every = [answer_effects(full) | buying_effects(full) | referral_effect(full) | shares(full) for full in worlds]
    return {name: [found[name] for found in every] for name in every[0]}


def test_every_effect_has_its_stated_size(estimates: dict[str, list[Estimate]]) -> None:
    off = {name: [round(found.errors_off, 2) for found in every] for name, every in estimates.items()}
    missed = {
        name: errors
        for name, errors in off.items()
        if sum(abs(error) <= STANDARD_ERRORS for error in errors) < LEAST_SEEDS
    }
    assert not missed


def test_every_effect_that_can_be_seen_has_its_stated_sign(estimates: dict[str, list[Estimate]]) -> None:
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
        "referral_per_point", "touchpoint of support", "touchpoint of advocacy", "touchpoint of checkout",
    ],
)  # fmt: skip
def test_twenty_thousand_customers_are_enough_to_see_an_effect(
    estimates: dict[str, list[Estimate]], effect: str
) -> None:
    assert all(abs(found.found) > 2 * found.error for found in estimates[effect])


def test_a_late_order_is_followed_by_fewer_orders(worlds: list[Demo]) -> None:
    """Satisfaction on retention: of the repeat orders, those that came late are the last ones more often."""
    for full in worlds:
        orders = full.label("orders", parse_dates=["ordered_at"]).sort_values(["person", "sequence"])
        goes_on = orders["person"].eq(orders["person"].shift(-1))
        old = orders["ordered_at"] < orders["ordered_at"].max() - pd.Timedelta(days=365)
        repeat = old & (orders["sequence"] > 0)
        late, on_time = (goes_on[repeat & (orders["is_late"] == is_late)] for is_late in (True, False))
        error = (late.var() / len(late) + on_time.var() / len(on_time)) ** 0.5
        assert on_time.mean() - late.mean() > 2 * error


def test_people_buy_more_before_christmas(worlds: list[Demo]) -> None:
    for full in worlds:
        orders = full.label("orders", parse_dates=["ordered_at"]).query("sequence > 0")
        months = orders["ordered_at"].dt.strftime("%Y-%m").value_counts()
        assert months["2025-12"] > 1.15 * months["2025-06"]


def test_employees_rate_the_company_higher_than_its_customers(worlds: list[Demo]) -> None:
    for full in worlds:
        employees = full.drop("survey_tool", "employee_answers")
        own = employees.loc[employees["metric"] == "self_rating", "value"].mean()
        responses = full.drop("survey_tool", "responses")
        theirs = [
            answer["value"] for answers in responses["answers"] for answer in answers if answer["metric"] == "nps"
        ]
        assert own - sum(theirs) / len(theirs) > 0.3


def test_a_text_says_what_its_label_says(worlds: list[Demo]) -> None:
    meant = verbatims.sentences()
    responses = worlds[0].drop("survey_tool", "responses").dropna(subset="comment").set_index("response_id")
    labels = worlds[0].label("verbatims").query("table == 'responses'").set_index("source_id")
    said = responses["comment"].map(meant)
    assert said.notna().all()
    columns = labels[["theme", "language", "sentiment", "is_negated"]]
    told = pd.Series(list(columns.itertuples(index=False, name=None)), labels.index)
    assert (said == told.reindex(said.index)).all()
