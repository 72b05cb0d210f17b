"""Published scores of the demo company: every row equals the one calculated by pandas."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from statistics import mean

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from tests.integration.conftest import Company
from tests.integration.demo.oracle import ZONE, Counts, Extracts, nps_changes, nps_counts, of_every_grain, score_values

pytestmark = pytest.mark.xdist_group("demo nights")

# of each score: the question whose mart has it, the sum of its values, and the sum of their squares
SCORES = {
    "nps": ("nps", "nps_sum", "promoter_count + detractor_count"),
    "csat": ("csat", "satisfied_count", "satisfied_count"),
    "ces_mean": ("ces", "ces_sum", "ces_square_sum"),
    "ces_easy": ("ces", "easy_count", "easy_count"),
    "ces_high_effort": ("ces", "high_effort_count", "high_effort_count"),
    "met_or_exceeded": ("expectation", "met_or_exceeded_count", "met_or_exceeded_count"),
    "exceeded": ("expectation", "exceeded_count", "exceeded_count"),
}


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
    counts = "answer_count, promoter_count, passive_count, detractor_count"
    published = demo_night.query(of_every_grain(mart, f"{columns}, {counts}, nps, nps_low, nps_high"))
    assert len(expected) > 50
    assert {row[:5]: row[5:9] for row in published} == expected
    for row in published:
        scores = [None if score is None else float(str(score)) for score in row[9:]]
        assert scores == pytest.approx(list(nps_of(expected[row[:5]])), abs=5.1e-5)


@pytest.mark.parametrize(
    ("mart", "columns", "groups"),
    [
        ("mart_nps_by_segment_stage", "survey_type, segment, journey_stage", ("segment", "journey_stage")),
        ("mart_nps_by_segment_lifecycle", "'relational', segment, lifecycle_stage", ("segment", "lifecycle_stage")),
    ],
)
def test_every_shrunk_score_equals_the_extracts(
    demo_night: Company, extracts: Extracts, mart: str, columns: str, groups: tuple[str, ...]
) -> None:
    populations: dict[tuple[object, ...], dict[tuple[object, ...], Counts]] = defaultdict(dict)
    for (*population, segment, stage), counts in nps_counts(extracts, "survey_type", *groups).items():
        populations[tuple(population)][segment, stage] = counts
    figures = ["nps_shrunk", "nps_shrunk_low", "nps_shrunk_high", "own_answers_weight"]
    doubles = ", ".join(f"cast({figure} as double)" for figure in figures)
    published = demo_night.query(of_every_grain(mart, f"{columns}, {doubles}"))
    # a weight of 0 is a result too: the cells differ by no more than chance
    assert sum(row[5] is not None for row in published) > 10
    for row in published:
        expected = shrunk_of(list(populations[row[:3]].values()), populations[row[:3]][row[3:5]])
        assert row[5:] == pytest.approx(expected, abs=1e-4), row


def shrunk_of(cells: list[Counts], own: Counts) -> tuple[float | None, ...]:
    """Shrunk score, its interval and the own weight, from the values of every cell of the population."""
    values = [np.repeat([1.0, 0.0, -1.0], cell[1:]) for cell in cells]
    every = np.concatenate(values)
    n, k = len(every), len(cells)
    if n < 10:
        return (None,) * 4
    sizes = np.array([len(cell) for cell in values])
    added = np.concatenate([every, [0.0]])
    spread = np.average([*added**2, 1.0], weights=[*np.ones(n), 1.5, 1.5])
    spread -= np.average([*every, 0.0], weights=[*np.ones(n), 3.0]) ** 2
    within = (sum(len(cell) * cell.var() for cell in values) + 3 * spread) / (n - k + 3)
    free = n - (sizes**2).sum() / n
    between, upper = 0.0, 0.0
    if k > 1:
        squares = sum(len(cell) * (cell.mean() - every.mean()) ** 2 for cell in values)
        between = max(0.0, (squares - (k - 1) * within) / free)
        upper = between + math.sqrt(2 / (k - 1)) * (between + (k - 1) * within / free)
    value = (own[1] - own[3]) / own[0]
    weight, cautious = (variance / (variance + within / own[0]) for variance in (between, upper))
    shrunk = 100 * (weight * value + (1 - weight) * every.mean())
    of_mean = upper * ((sizes / n) ** 2).sum() + within / n
    margin = 195.9964 * math.sqrt(cautious * within / own[0] + (1 - cautious) ** 2 * of_mean)
    return shrunk, max(-100.0, shrunk - margin), min(100.0, shrunk + margin), weight


def test_every_change_and_its_significance_equal_the_extracts(demo_night: Company, extracts: Extracts) -> None:
    expected = nps_changes(extracts)
    figures = """
        answer_count, promoter_count, detractor_count,
        previous_answer_count, previous_promoter_count, previous_detractor_count,
        cast(nps_change as double), cast(z_score as double), cast(p_value as double),
        cast(adjusted_p_value as double), is_significant, is_significant_adjusted
    """
    groups = {
        "mart_nps_change": "'total', 'all'",
        "mart_nps_change_by_segment": "'segment', segment",
        "mart_nps_change_by_lifecycle": "'lifecycle_stage', lifecycle_stage",
        "mart_nps_change_by_stage": "'journey_stage', journey_stage",
    }
    queries = [of_every_grain(mart, f"survey_type, {group}, {figures}") for mart, group in groups.items()]
    published = demo_night.query(" union all ".join(queries))
    counts = {key: (now[0], now[1], now[3], before[0], before[1], before[3]) for key, (now, before) in expected.items()}
    assert len(expected) > 500
    assert {row[:5]: row[5:11] for row in published} == counts
    families = defaultdict(list)
    for row in published:
        change, z_score = change_of(*counts[row[:5]])
        assert row[11] == pytest.approx(change, abs=1e-9)
        assert row[12] == pytest.approx(z_score, abs=1e-6)
        if z_score is not None:
            families[row[:2]].append((z_score, row))
    for family in families.values():
        p_values = 2 * stats.norm.sf(np.abs([z_score for z_score, _ in family]))
        adjusted = stats.false_discovery_control(p_values)
        for alone, among, (_, row) in zip(p_values, adjusted, family, strict=True):
            assert row[13:15] == pytest.approx((alone, among), abs=2e-5)
            assert row[15:] == (alone <= 0.05, among <= 0.05)


def change_of(n: int, p: int, d: int, m: int, q: int, e: int) -> tuple[float | None, float | None]:
    """The change of an NPS, and its z with the variance of all answers of both periods."""
    if min(n, m) < 10:
        return None, None
    change = (p - d) / n - (q - e) / m
    values = np.repeat([1, -1, 0], [p + q, d + e, n + m - p - q - d - e])
    error = float(np.std(values)) * math.sqrt(1 / n + 1 / m)
    return 100 * change, change / error if error else None


def test_every_experience_score_equals_the_extracts(demo_night: Company, extracts: Extracts) -> None:
    groups = ["month", "score", "survey_type", "touchpoint", "segment"]
    values = score_values(extracts)
    values = values.assign(square=values["adds"] ** 2).groupby(groups).agg({"adds": ["size", "sum"], "square": "sum"})
    expected = {key: tuple(map(int, sums)) for key, *sums in values.itertuples()}
    published = demo_night.query(of_every_score("", "survey_type, touchpoint, segment, answer_count"))
    assert len(expected) > 500
    assert {row[:5]: row[5:] for row in published} == expected


def of_every_score(suffix: str, columns: str) -> str:
    """Return the query of month, score, these columns, sum and sum of squares in the marts of all questions."""
    return " union all ".join(
        f"""
        select month_start_date, '{score}', {columns}, cast({total} as integer), cast({squares} as integer)
        from marts.mart_{question}_scores{suffix} where answer_count > 0
        """
        for score, (question, total, squares) in SCORES.items()
    )


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
            sums = (len(rows), len(people), len(people & buyers), len(buyers), int(rows["adds"].sum()))
            expected[month, *key] = sums
    customers = "customer_count, covered_customer_count, active_customer_count"
    published = demo_night.query(of_every_score("_total", f"survey_type, answer_count, {customers}"))
    assert {row[:3]: row[3:-1] for row in published} == expected


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
