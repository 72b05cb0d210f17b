"""Published scores of the demo company: every row equals the one calculated by pandas."""

from __future__ import annotations

import math
from collections import Counter
from statistics import mean

import pandas as pd
import pytest

from tests.integration.conftest import Company
from tests.integration.demo.oracle import ZONE, Counts, Extracts, nps_counts, score_values

pytestmark = pytest.mark.xdist_group("demo nights")


@pytest.fixture(scope="module")
def extracts(demo_night: Company) -> Extracts:
    """The extract files of the night."""
    return Extracts(demo_night.extracts)


def nps_of(counts: Counts) -> tuple[float | None, float | None, float | None]:
    """The score and its adjusted-Wald interval to four digits, None on fewer than ten answers."""
    n, promoters, _, detractors = counts
    if n < 10:
        return None, None, None
    p, d = (promoters + 0.75) / (n + 3), (detractors + 0.75) / (n + 3)
    margin = 1.959964 * math.sqrt((p + d - (p - d) ** 2) / (n + 3))
    return (
        100 * (promoters - detractors) / n,
        max(-100.0, 100 * (p - d - margin)),
        min(100.0, 100 * (p - d + margin)),
    )


@pytest.mark.parametrize(
    ("mart", "columns", "groups"),
    [
        (
            "mart_nps_by_segment_stage",
            "survey_type, segment, journey_stage",
            ("survey_type", "segment", "journey_stage"),
        ),
        (
            "mart_nps_by_segment_lifecycle",
            "'relational', segment, lifecycle_stage",
            ("survey_type", "segment", "lifecycle_stage"),
        ),
    ],
)
def test_every_nps_row_equals_the_extracts(
    demo_night: Company, extracts: Extracts, mart: str, columns: str, groups: tuple[str, ...]
) -> None:
    expected = nps_counts(extracts, *groups)
    if mart.endswith("lifecycle"):
        expected = {key: counts for key, counts in expected.items() if key[2] == "relational"}
    published = demo_night.query(
        f"""
        select
            period_type, period_start_date, {columns}, answer_count, promoter_count, passive_count, detractor_count,
            nps, nps_low, nps_high
        from marts.{mart}
        """
    )
    assert len(expected) > 50
    assert {row[:5]: row[5:9] for row in published} == expected
    for row in published:
        scores = [None if score is None else float(str(score)) for score in row[9:]]
        assert scores == pytest.approx(list(nps_of(expected[row[:5]])), abs=5.1e-5)


def test_every_experience_score_equals_the_extracts(demo_night: Company, extracts: Extracts) -> None:
    groups = ["month", "score", "survey_type", "touchpoint", "segment"]
    values = score_values(extracts).groupby(groups)["adds"].agg(["size", "sum"])
    expected = {key: (int(row["size"]), int(row["sum"])) for key, row in values.iterrows()}
    published = demo_night.query(
        """
        select month_start_date, metric, survey_type, touchpoint, segment, answer_count, cast(score_sum as integer)
        from marts.mart_experience_scores where answer_count > 0
        """
    )
    assert len(expected) > 500
    assert {row[:5]: row[5:] for row in published} == expected


def test_totals_and_coverage_equal_the_extracts(demo_night: Company, extracts: Extracts) -> None:
    values = score_values(extracts)
    active = {
        month: extracts.active_people(min((pd.Timestamp(month) + pd.offsets.MonthBegin()).date(), extracts.as_of))
        for month in values["month"].unique().tolist()
    }
    expected = {}
    for month, values_of_month in values.groupby("month"):
        buyers = active[month]
        for key, rows in values_of_month.groupby(["score", "survey_type"]):
            people = set(rows["person"].dropna())
            sums = (len(rows), int(rows["adds"].sum()), len(people), len(people & buyers), len(buyers))
            expected[month, *key] = sums
    published = demo_night.query(
        """
        select
            month_start_date, metric, survey_type, answer_count, cast(score_sum as integer), customer_count,
            covered_customer_count, active_customer_count
        from marts.mart_experience_scores_total where answer_count > 0
        """
    )
    assert {row[:3]: row[3:] for row in published} == expected


def test_invitations_and_response_rates_equal_the_extracts(demo_night: Company, extracts: Extracts) -> None:
    expected = {
        key: (
            len(rows),
            int(rows["is_delivered"].sum()),
            int(rows["is_answered"].sum()),
            int(rows["person"].nunique()),
            pytest.approx(rows["is_answered"].sum() / rows["is_delivered"].sum(), abs=1e-6)
            if rows["is_delivered"].any()
            else None,
        )
        for key, rows in extracts.invitations.groupby(["month", "survey_name", "segment"])
    }
    published = demo_night.query(
        """
        select
            month_start_date, survey_name, segment, invited_count, delivered_count, responded_count,
            asked_customer_count, cast(response_rate as double)
        from marts.mart_survey_health where invited_count > 0
        """
    )
    assert {row[:3]: row[3:] for row in published} == expected


def test_the_weighted_score_equals_the_extracts(demo_night: Company, extracts: Extracts) -> None:
    nps = extracts.answers.query("metric == 'nps'")
    active = nps[nps["lifecycle_stage"].isin(["new", "active", "won_back"])]
    expected = {}
    for key, rows in active.groupby(["month", "survey_type"]):
        month = rows["month"].iloc[0]
        end = min((pd.Timestamp(month) + pd.offsets.MonthBegin()).date(), extracts.as_of)
        night_before = pd.Timestamp(end, tz=ZONE) - pd.Timedelta(microseconds=1)
        population = Counter(extracts.segment(person, night_before) for person in extracts.active_people(end))
        values = {str(segment): nps_values(answered["value"]) for segment, answered in rows.groupby("segment")}
        pooled = nps_values(rows["value"])
        weighted = sum(
            count * mean(values[segment] if len(values.get(segment, [])) >= 10 else pooled)
            for segment, count in population.items()
        )
        listed = sorted(name for name in {*population, *values} if len(values.get(name, [])) < 10)
        expected[key] = (population.total(), len(rows), listed, 100 * weighted / population.total())
    published = demo_night.query(
        """
        select
            month_start_date, survey_type, active_customer_count, answer_count, collapsed_strata,
            cast(100 * weighted_nps_sum / weight_sum as double)
        from marts.mart_nps_weighted where answer_count > 0
        """
    )
    found = {row[:2]: (row[2], row[3], str(row[4] or "").split(", "), row[5]) for row in published}
    assert found.keys() == expected.keys()
    for key, (customer_count, answer_count, listed, score) in expected.items():
        assert found[key] == (customer_count, answer_count, listed or [""], pytest.approx(score, abs=1e-4)), key


def nps_values(answers: pd.Series) -> list[int]:
    """1 for a promoter, 0 for a passive, -1 for a detractor."""
    return [int(value >= 9) - int(value <= 6) for value in answers]
