"""Rules for the figures of a unit or a mart: what is found, how severe it is, and which bounds apply."""

from __future__ import annotations

import duckdb
import pytest

from expectations import batch_rules, compared_values, rules
from expectations.suite import ProfileRule
from orchestration.config.settings import Limits
from orchestration.gates.judge import Finding, broken_profile_rules

pytestmark = pytest.mark.xdist_group("great expectations")

FACTS = {
    "missing_column_count": 1,
    "missing_columns": "id",
    "delivered_columns": "name",
    "missing_optional_count": 1,
    "missing_optional_columns": "city",
    "new_column_count": 2,
    "new_columns": "a, b",
    "moved_column_count": 0,
    "retyped_column_count": 0,
    "rejected_rate": 0.06,
    "rejected_count": 6,
    "row_count": 100,
    "rename_hint": "",
}


def test_what_a_unit_breaks_is_said_in_its_own_figures() -> None:
    fine = dict.fromkeys(FACTS, 0)
    judged, first, last = broken_profile_rules(batch_rules.STANDARD, [FACTS, fine, FACTS | {"rejected_rate": 0.05}])
    assert [(finding.severity, finding.rule) for finding in judged] == [
        ("error", "missing_column_count"),
        ("warn", "missing_optional_count"),
        ("warn", "new_column_count"),
        ("error", "rejected_rate"),
    ]
    missing, optional, new, rejected = (finding.message for finding in judged)
    assert "columns id " in missing
    assert missing.endswith(": name")
    assert "columns city " in optional
    assert "columns a, b " in new
    assert "6 of 100 rows" in rejected
    assert "0.05" in rejected
    assert first == []
    assert last == judged[:3]


def test_a_figure_that_is_null_is_not_judged() -> None:
    volume = batch_rules.volume_like_recent_loads()
    assert broken_profile_rules(volume, [{"row_count_change": None}]) == [[]]
    facts = {"row_count_change": 0.1, "row_count": 10, "row_count_usual": 100}
    assert broken_profile_rules(volume, [{"row_count_change": None}, facts]) == [
        [],
        [
            Finding(
                "error",
                "10 rows are 0.1 times the median of the last loads (100), not between 0.2 and 5.0",
                "row_count",
            )
        ],
    ]


def test_a_bound_that_the_deployment_sets_takes_the_place_of_the_usual_one() -> None:
    facts = {"row_count_change": 0.1, "row_count": 10, "row_count_usual": 100}
    score = {"mean_x_change": -0.15, "mean_x": 0.45, "mean_x_usual": 0.6}
    volume, scores = batch_rules.volume_like_recent_loads(), compared_values.scores_like_recent_loads("x", "x")
    assert broken_profile_rules(volume, [facts], Limits(volume_at_least=0.1)) == [[]]
    assert broken_profile_rules(scores, [score]) == [[]]
    [[finding]] = broken_profile_rules(scores, [score], Limits(score_change=0.1))
    assert finding.rule == "mean_x"
    assert all(figure in finding.message for figure in ("0.45", "-0.15", "(0.6)", "more than 0.1"))


@pytest.mark.parametrize(
    ("rule", "values", "messages"),
    [
        (rules.between("x", -100, 100), "-100, 100, null", []),
        (rules.between("x", -100, 100), "-101, 101", ["x falls to -101, below -100", "x rises to 101, above 100"]),
        (rules.between("x", 0), "1000", []),
        (rules.between("x", high=1), "0.5, 1.5", ["x rises to 1.5, above 1"]),
        (rules.between("x", 0, 1), "1, 'nan'::double", ["x rises to nan, above 1"]),
        (rules.between("x", 0, 1), "1, 'inf'::double", ["x rises to inf, above 1"]),
        (rules.between("x", 0, 1), "null::integer", []),
        (rules.never("odd", "x % 2 = 1", "x is odd"), "1, 2, 3", ["2 rows: x is odd"]),
        (rules.never("odd", "x % 2 = 1", "x is odd"), "2, null", []),
    ],
)
def test_a_mart_is_judged_over_all_its_rows(rule: tuple[ProfileRule, ...], values: str, messages: list[str]) -> None:
    figures = {name: sql for part in rule for name, sql in part.figures.items()}
    selected = ", ".join(f"{sql} as {name}" for name, sql in figures.items())
    with duckdb.connect() as connection:
        row = connection.execute(f"select {selected} from (select unnest([{values}]) as x)").fetchall()[0]
    (findings,) = broken_profile_rules(rule, [dict(zip(figures, row, strict=True))])
    assert [finding.message for finding in findings] == messages
