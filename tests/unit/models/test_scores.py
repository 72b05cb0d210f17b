"""Scores and intervals of the NPS models for any answers."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from tests.models import Models

pytestmark = pytest.mark.xdist_group("models")

Bands = tuple[int, int, int]
Numbers = NDArray[np.int64]

# promoters, passives and detractors of a group with at least one answer
bands = st.tuples(*[st.integers(0, 120)] * 3).filter(any)
groups = st.dictionaries(st.sampled_from("abcdefgh"), bands, min_size=1)


def answers(counts: dict[str, Bands]) -> pd.DataFrame:
    """One row per answer of each segment, as ``experience_scores__period_answers`` has them."""
    repeats = [count for of_segment in counts.values() for count in of_segment]
    return pd.DataFrame(
        {
            "period_type": "month",
            "period_start_date": pd.Timestamp("2025-03-01"),
            "is_complete": True,
            "metric": "nps",
            "survey_type": "transactional",
            "segment": np.repeat(np.repeat(list(counts), 3), repeats),
            "journey_stage": "use",
            "lifecycle_stage": "active",
            "is_valid": True,
            "is_counted": True,
            "nps_band": np.repeat(["promoter", "passive", "detractor"] * len(counts), repeats),
            "nps_value": np.repeat([1, 0, -1] * len(counts), repeats),
        }
    )


def by_segment(models: Models, period_answers: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of nps_by_segment_stage__periods, with the prior of the same answers."""
    names = ["nps_shrinkage__priors", "nps_by_segment_stage__periods"]
    with models.build(names, {"experience_scores__period_answers": period_answers}) as connection:
        return connection.sql("select * from nps_by_segment_stage__periods").df()


def intervals(models: Models, **counts: list[int] | Numbers) -> pd.DataFrame:
    """Return both bounds of every interval; a count that is not given is 0."""
    columns = ["promoters", "detractors", "hits", "value_sum", "square_sum", "answers"]
    return models.rows("intervals", counts=pd.DataFrame(counts).reindex(columns=columns, fill_value=0))


@settings(max_examples=25, deadline=None)
@given(st.lists(bands, min_size=1, max_size=30), st.integers(2, 20))
def test_an_nps_interval_stays_on_the_scale_and_shrinks_with_the_base(
    models: Models, counts: list[Bands], factor: int
) -> None:
    promoters, _, detractors = (np.array(band) for band in zip(*counts, strict=True))
    base = np.array([sum(group) for group in counts])
    wide = intervals(models, promoters=promoters, detractors=detractors, answers=base)
    narrow = intervals(models, promoters=factor * promoters, detractors=factor * detractors, answers=factor * base)
    assert (wide["nps_low"] >= -100).all()
    assert (wide["nps_high"] <= 100).all()
    assert (wide["nps_low"] < wide["nps_high"]).all()
    assert (narrow["nps_high"] - narrow["nps_low"] < wide["nps_high"] - wide["nps_low"]).all()


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), min_size=1),
    st.integers(2, 20),
)
def test_a_wilson_interval_contains_its_share_and_shrinks_with_the_base(
    models: Models, counts: list[tuple[int, int]], factor: int
) -> None:
    hits, base = (np.array(column) for column in zip(*counts, strict=True))
    wide = intervals(models, hits=hits, answers=base)
    narrow = intervals(models, hits=factor * hits, answers=factor * base)
    assert (wide["share_low"] >= 0).all()
    assert (wide["share_high"] <= 1).all()
    assert (wide["share_low"] <= hits / base + 1e-12).all()
    assert (wide["share_high"] >= hits / base - 1e-12).all()
    assert (narrow["share_high"] - narrow["share_low"] < wide["share_high"] - wide["share_low"]).all()


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(1, 7), min_size=1, max_size=60))
def test_the_interval_of_a_mean_is_that_of_a_dirichlet_posterior(models: Models, answered: list[int]) -> None:
    squares = sum(value * value for value in answered)
    found = intervals(models, value_sum=[sum(answered)], square_sum=[squares], answers=[len(answered)])
    [(low, high)] = found[["mean_low", "mean_high"]].to_numpy(np.float64).tolist()
    # the moments of a Dirichlet distribution, box by box: Var(sum v p) = sum v_i v_j Cov(p_i, p_j)
    boxes = np.arange(1, 8)
    parameters = np.array([answered.count(int(box)) for box in boxes]) + np.array([1.5, 0, 0, 0, 0, 0, 1.5])
    posterior = stats.dirichlet(parameters[parameters > 0])
    kept = boxes[parameters > 0]
    centre = float(kept @ posterior.mean())
    margin = 1.959964 * math.sqrt(float(kept @ posterior.cov() @ kept))
    assert low == pytest.approx(max(centre - margin, 1), abs=1e-9)
    assert high == pytest.approx(min(centre + margin, 7), abs=1e-9)
    assert low <= sum(answered) / len(answered) <= high
    assert low < high


def test_no_interval_without_answers(models: Models) -> None:
    assert intervals(models, answers=[0]).isna().all(axis=None)


@settings(max_examples=25, deadline=None)
@given(groups)
def test_the_bands_of_every_group_add_up_to_its_answers(models: Models, counts: dict[str, Bands]) -> None:
    rows = by_segment(models, answers(counts)).set_index("segment")
    assert sorted(rows.index) == sorted(counts)
    for segment, (promoters, passives, detractors) in counts.items():
        row = rows.loc[segment]
        assert (row["promoter_count"], row["passive_count"], row["detractor_count"]) == (
            promoters,
            passives,
            detractors,
        )
        assert row["answer_count"] == promoters + passives + detractors
        assert pd.isna(row["nps"]) == (row["answer_count"] < 10)
        if row["answer_count"] >= 10:
            assert row["nps"] == pytest.approx(100 * (promoters - detractors) / row["answer_count"], abs=5.1e-5)


@settings(max_examples=40, deadline=None)
@given(groups)
def test_a_shrunk_score_lies_between_its_own_and_that_of_all_cells(models: Models, counts: dict[str, Bands]) -> None:
    total = [sum(band) for band in zip(*counts.values(), strict=True)]
    rows = by_segment(models, answers(counts)).sort_values("answer_count").astype({"own_answers_weight": "float64"})
    if sum(total) < 10:
        assert rows[["nps_shrunk", "nps_shrunk_low", "nps_shrunk_high", "own_answers_weight"]].isna().all(axis=None)
        return
    pooled = 100 * (total[0] - total[2]) / sum(total)
    own = 100 * rows["nps_sum"] / rows["answer_count"]
    weight, shrunk = rows["own_answers_weight"], rows["nps_shrunk"].astype("float64")
    assert weight.between(0, 1).all()
    assert weight.is_monotonic_increasing
    assert shrunk.to_numpy() == pytest.approx((weight * own + (1 - weight) * pooled).to_numpy(), abs=2e-4)
    assert (rows["nps_shrunk_low"] < rows["nps_shrunk_high"]).all()
    assert shrunk.between(rows["nps_shrunk_low"], rows["nps_shrunk_high"]).all()


def test_the_weight_is_near_one_where_cells_differ_and_zero_where_they_do_not(models: Models) -> None:
    apart = by_segment(models, answers({"a": (90, 5, 5), "b": (5, 5, 90), "c": (50, 0, 50)}))
    alike = by_segment(models, answers({"a": (50, 30, 20), "b": (50, 30, 20), "c": (5, 3, 2)}))
    assert (apart["own_answers_weight"] > 0.97).all()
    assert (alike["own_answers_weight"] == 0).all()
    assert (alike["nps_shrunk"] == 30).all()


@settings(max_examples=25, deadline=None)
@given(groups, st.dictionaries(st.sampled_from("abcdefgh"), st.integers(1, 200)))
def test_weights_represent_every_customer_and_sum_to_the_answers(
    models: Models, counts: dict[str, Bands], population: dict[str, int]
) -> None:
    customers = pd.DataFrame(
        [
            {"month_start_date": pd.Timestamp("2025-03-01"), "segment": segment, "is_active": True}
            for segment, count in population.items()
            for _ in range(count)
        ],
        columns=["month_start_date", "segment", "is_active"],
    ).astype({"month_start_date": "datetime64[us]", "segment": "str", "is_active": "bool"})
    given_answers = answers(counts)
    strata = models.rows(
        "mart_nps_strata", experience_scores__period_answers=given_answers, fct_customer_months=customers
    ).set_index("stratum")
    assert set(strata.index) == {*counts, *population}
    answer_count = sum(map(sum, counts.values()))
    assert float((strata["weight"] * strata["answer_count"]).sum()) == pytest.approx(answer_count, abs=1e-6)
    assert (strata["weight"] >= 0).all()

    total = sum(population.values())
    score = {name: 100 * (row[0] - row[2]) / sum(row) for name, row in counts.items()}
    overall = 100 * sum(row[0] - row[2] for row in counts.values()) / answer_count
    expected = overall
    if total:
        is_upheld = {name: sum(counts.get(name, (0,))) >= 10 for name in population}
        expected = sum(
            count / total * (score[name] if is_upheld[name] else overall) for name, count in population.items()
        )
    found = models.rows(
        "mart_nps_weighted",
        mart_nps_strata=strata.reset_index(),
        experience_scores__period_answers=given_answers,
    ).iloc[0]
    assert found["effective_answers"] <= answer_count + 1e-6
    if found["base_status"] != "suppressed":
        assert found["nps"] == pytest.approx(expected, abs=1e-3)
        assert found["nps_low"] <= found["nps_high"]


def test_a_single_night_is_an_incomplete_month_and_quarter_without_change(models: Models) -> None:
    dates = pd.DataFrame({"date_day": pd.date_range("2025-01-01", "2025-12-31")})
    dates["month_start_date"] = dates["date_day"].dt.to_period("M").dt.start_time
    dates["quarter_start_date"] = dates["date_day"].dt.to_period("Q").dt.start_time
    dates["is_as_of"] = dates["date_day"] == pd.Timestamp("2025-01-02")
    periods = models.rows("experience_scores__periods", dim_dates=dates)
    night = pd.DataFrame(
        {
            "survey_answer_key": [f"answer {number}" for number in range(12)],
            "survey_key": "after a call",
            "customer_id": [f"customer {number}" for number in range(12)],
            "metric": "nps",
            "survey_type": "transactional",
            "segment": "retail",
            "touchpoint": "help_desk",
            "journey_stage": "support",
            "is_valid": True,
            "nps_band": "promoter",
            "nps_value": 1,
            "scale_steps": 10,
            "scale_length": 10,
            "answered_date": [*[pd.Timestamp("2025-01-01")] * 11, pd.Timestamp("2025-01-02")],
            "answered_at": pd.Timestamp("2025-01-01 12:00:00"),
        }
    )
    standing = night[["survey_answer_key"]].assign(lifecycle_stage="new")
    in_periods = models.rows(
        "experience_scores__period_answers",
        experience_scores__periods=periods,
        experience_scores__answers=night,
        experience_scores__lifecycle_stages=standing,
    )
    scores = by_segment(models, in_periods)
    # the twelfth answer is of the as-of date, which is not in the figures
    assert scores.set_index("period_type")[["answer_count", "is_complete", "nps"]].to_dict("index") == {
        "month": {"answer_count": 11, "is_complete": False, "nps": 100.0},
        "quarter": {"answer_count": 11, "is_complete": False, "nps": 100.0},
    }
    given_tables = {"experience_scores__period_answers": in_periods, "experience_scores__periods": periods}
    names = ["nps_change__groups", "nps_change__pairs", "nps_change__splits", "nps_change__tests", "nps_change__totals"]
    with models.build(names, given_tables) as connection:
        changes = connection.sql("select * from nps_change__totals").df()
    assert set(changes["period_type"]) == {"month", "quarter"}
    assert len(changes) == 2
    assert set(changes["base_status"]) == {"suppressed"}
    assert changes[["nps_change", "segment_mix_change", "stage_rate_change"]].isna().all(axis=None)
