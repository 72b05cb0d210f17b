"""Changes of the NPS for any answers, their tests, and the adjustment of many tests."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from tests.models import Models
from tests.unit.models.test_scores import Bands, groups

pytestmark = pytest.mark.xdist_group("models")


@settings(max_examples=25, deadline=None)
@given(groups, groups)
def test_mix_and_rate_add_up_to_the_change(models: Models, before: dict[str, Bands], after: dict[str, Bands]) -> None:
    months = [pd.Timestamp(f"2025-0{month}-01") for month in (1, 2, 3)]
    sides = pd.DataFrame(
        [
            ("month", month, "relational", "segment", segment, sum(counts), counts[0], counts[2])
            for month, side in zip(months[:2], (before, after), strict=True)
            for segment, counts in side.items()
        ],
        columns=[
            "period_type",
            "period_start_date",
            "survey_type",
            "segmentation",
            "group_name",
            "answer_count",
            "promoter_count",
            "detractor_count",
        ],
    )
    periods = pd.DataFrame(
        {
            "period_type": "month",
            "period_start_date": months[1:],
            "previous_period_start_date": months[:2],
            "period_end_date": [pd.Timestamp("2025-02-28"), pd.Timestamp("2025-03-31")],
            "is_complete": True,
        }
    )
    given_tables = {"nps_change__groups": sides, "experience_scores__periods": periods}
    names = ["nps_change__pairs", "nps_change__splits", "nps_change__tests", "nps_change__totals"]
    with models.build(names, given_tables) as connection:
        rows = connection.sql("select * from nps_change__totals").df()
    row = rows.set_index("period_start_date").loc[months[1]]
    if min(sum(map(sum, side.values())) for side in (before, after)) < 10:
        assert row[["nps_change", "segment_mix_change", "segment_rate_change"]].isna().all()
        return
    mix, rate = _split(before, after)
    assert row["segment_mix_change"] == pytest.approx(float(mix), abs=1e-9)
    assert row["segment_rate_change"] == pytest.approx(float(rate), abs=1e-9)
    assert row["nps_change"] == pytest.approx(float(mix + rate), abs=1e-9)
    assert abs(row["segment_mix_change"] + row["segment_rate_change"] - row["nps_change"]) <= 1e-9


def _split(before: dict[str, Bands], after: dict[str, Bands]) -> tuple[Fraction, Fraction]:
    """Mix and rate in exact fractions: sum (w1 - w0)(S0 + S1) / 2 and sum (S1 - S0)(w0 + w1) / 2."""

    def parts(side: dict[str, Bands]) -> tuple[dict[str, Fraction], dict[str, Fraction]]:
        total = sum(map(sum, side.values()))
        return (
            {name: Fraction(sum(counts), total) for name, counts in side.items()},
            {name: Fraction(100 * (counts[0] - counts[2]), sum(counts)) for name, counts in side.items()},
        )

    (w0, s0), (w1, s1) = parts(before), parts(after)
    mix = rate = Fraction(0)
    for name in {*before, *after}:
        old, new = s0.get(name, s1.get(name)), s1.get(name, s0.get(name))
        assert old is not None
        assert new is not None
        mix += (w1.get(name, Fraction(0)) - w0.get(name, Fraction(0))) * (old + new) / 2
        rate += (new - old) * (w0.get(name, Fraction(0)) + w1.get(name, Fraction(0))) / 2
    return mix, rate


def test_a_p_value_is_that_of_the_normal_distribution(models: Models) -> None:
    z_scores = np.linspace(-9, 9, 7201)
    found = models.rows("p_values_of", scores=pd.DataFrame({"z_score": z_scores}))
    assert np.abs(found["p_value"] - 2 * stats.norm.sf(np.abs(found["z_score"]))).max() <= 1.5e-7


# Benjamini and Hochberg (1995), section 4.1: myocardial infarction, q = 0.05
PUBLISHED = [
    0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0
]  # fmt: skip


def test_four_of_the_fifteen_published_p_values_are_rejected(models: Models) -> None:
    shuffled = np.random.default_rng(7).permutation(PUBLISHED)
    rows = models.rows("adjusted", p_values=pd.DataFrame({"family": 1, "p_value": shuffled}))
    assert sorted(rows.loc[rows["adjusted_p_value"] <= 0.05, "p_value"]) == PUBLISHED[:4]
    rows = rows.sort_values("p_value")
    assert rows["adjusted_p_value"].to_numpy() == pytest.approx(stats.false_discovery_control(PUBLISHED))


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("ab"), st.none() | st.integers(0, 100)), min_size=1, max_size=40))
def test_every_family_is_adjusted_by_itself_and_untested_rows_are_in_none(
    models: Models, given_rows: list[tuple[str, int | None]]
) -> None:
    table = pd.DataFrame(given_rows, columns=["family", "per_cent"]).astype({"per_cent": "Float64"})
    table["p_value"] = (table.pop("per_cent") / 100).astype("float64")
    rows = models.rows("adjusted", p_values=table)
    assert rows.loc[rows["p_value"].isna(), "adjusted_p_value"].isna().all()
    for _, family in rows.dropna(subset=["p_value"]).groupby("family"):
        assert family["adjusted_p_value"].to_numpy() == pytest.approx(stats.false_discovery_control(family["p_value"]))


@pytest.mark.parametrize(("base", "previous_base"), [(12, 12), (12, 30), (30, 30), (12, 100)])
@pytest.mark.parametrize(
    "chances", [(0.15, 0.1, 0.75), (0.4, 0.2, 0.4), (0.5, 0.3, 0.2), (0.65, 0.2, 0.15), (0.75, 0.2, 0.05)]
)
def test_a_change_by_chance_is_significant_in_three_to_six_and_a_half_per_cent(
    models: Models, base: int, previous_base: int, chances: tuple[float, float, float]
) -> None:
    """Exact: the probability of every possible pair of answers that is significant."""
    now, before = _possible(base, chances), _possible(previous_base, chances).add_prefix("previous_")
    pairs = now.merge(before, how="cross")
    rows = models.rows("changes", counts=pairs)
    is_significant = rows["z_score"].abs() > 1.959964
    error = (rows["chance"] * rows["previous_chance"])[is_significant].sum()
    assert 0.03 <= error <= 0.065


def _possible(answers: int, chances: tuple[float, float, float]) -> pd.DataFrame:
    """Return every division of the answers into bands, with its probability."""
    counts = [(p, answers - p - d, d) for p in range(answers + 1) for d in range(answers + 1 - p)]
    frame = pd.DataFrame(counts, columns=["promoters", "passives", "detractors"]).assign(answers=answers)
    return frame.assign(chance=stats.multinomial(answers, chances).pmf(counts)).drop(columns="passives")


@settings(max_examples=25, deadline=None)
@given(groups, groups)
def test_every_group_and_the_total_once_are_tested(
    models: Models, before: dict[str, Bands], after: dict[str, Bands]
) -> None:
    none = (0, 0, 0)
    pairs = pd.DataFrame(
        [
            {
                "period_type": "month",
                "period_start_date": pd.Timestamp("2025-03-01"),
                "survey_type": "relational",
                "segmentation": segmentation,
                "group_name": name,
                **_counts(after.get(name, none), ""),
                **_counts(before.get(name, none), "previous_"),
            }
            for segmentation in ("segment", "lifecycle_stage")
            for name in sorted({*before, *after})
        ]
    )
    periods = pd.DataFrame(
        {
            "period_type": "month",
            "period_start_date": [pd.Timestamp("2025-03-01")],
            "previous_period_start_date": [pd.Timestamp("2025-02-01")],
            "period_end_date": [pd.Timestamp("2025-03-31")],
            "is_complete": True,
        }
    )
    rows = models.rows("nps_change__tests", nps_change__pairs=pairs, experience_scores__periods=periods)
    sums = rows.groupby("segmentation")[["answer_count", "promoter_count", "previous_detractor_count"]].sum()
    assert (sums == sums.loc["total"]).all(axis=None)
    assert (rows["segmentation"] == "total").sum() == 1
    assert (rows["is_significant"] | ~rows["is_significant_adjusted"].fillna(False)).fillna(True).all()
    tested = rows.dropna(subset=["p_value"])
    assert tested["adjusted_p_value"].to_numpy() == pytest.approx(
        stats.false_discovery_control(tested["p_value"]) if len(tested) else [], abs=2e-5
    )


def _counts(bands_of: Bands, prefix: str) -> dict[str, int]:
    promoters, passives, detractors = bands_of
    return {
        f"{prefix}answer_count": promoters + passives + detractors,
        f"{prefix}promoter_count": promoters,
        f"{prefix}detractor_count": detractors,
    }
