"""Kaplan-Meier quantiles and Newcombe's interval of a difference, against published figures and definitions."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestration.config.deployment import load_deployment
from tests.models import Models, compile_models

QUANTILES = """
    {{ survival_quantiles('subjects', ['arm'], 'weeks', 'is_event', {'p20': 0.2, 'median': 0.5, 'p90': 0.9}) }}
"""
DIFFERENCE = """
    select
        {{ share_difference('hits', 'answers', 'other_hits', 'other_answers') }} as difference,
        {{ share_difference_low('hits', 'answers', 'other_hits', 'other_answers') }} as low,
        {{ share_difference_high('hits', 'answers', 'other_hits', 'other_answers') }} as high
    from counts
"""
# Freireich and others 1963, Blood 21:699-716: weeks in remission, with 6-MP and with placebo; below 0 if censored
TREATED = (6, 6, 6, -6, 7, -9, 10, -10, -11, 13, 16, -17, -19, -20, 22, 23, -25, -32, -32, -34, -35)
PLACEBO = (1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Models:
    inline = {"quantiles": QUANTILES, "differences": DIFFERENCE}
    return compile_models(load_deployment("demo"), tmp_path_factory.mktemp("survival"), [], inline)


def quantile(weeks: list[int], events: list[bool], share: float) -> float:
    """Return the first time at which at most ``1 - share`` survive, by the definition of the estimator."""
    survival = 1.0
    for time in sorted(set(weeks)):
        at_risk = sum(week >= time for week in weeks)
        left = sum(event for week, event in zip(weeks, events, strict=True) if week == time)
        survival *= 1 - left / at_risk
        if survival <= 1 - share + 1e-9:
            return time
    return float("nan")


def test_the_medians_of_the_published_leukaemia_data_are_reproduced(models: Models) -> None:
    rows = [
        {"arm": arm, "weeks": abs(weeks), "is_event": weeks > 0}
        for arm, patients in {"treated": TREATED, "placebo": PLACEBO}.items()
        for weeks in patients
    ]
    found = models.rows("quantiles", subjects=pd.DataFrame(rows)).set_index("arm").astype(float)
    assert found["median"].to_dict() == {"treated": 23, "placebo": 8}
    assert found.loc["treated", "p20"] == 10, "S = .7529 there, and .8067 before"
    assert found["p90"].isna().to_dict() == {"treated": True, "placebo": False}, "S ends at .4482"


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 12), st.booleans()), min_size=1, max_size=40))
def test_quantiles_are_those_of_the_definition(models: Models, subjects: list[tuple[int, bool]]) -> None:
    weeks, events = (list(values) for values in zip(*subjects, strict=True))
    frame = pd.DataFrame({"arm": "one", "weeks": weeks, "is_event": events})
    [row] = models.rows("quantiles", subjects=frame).drop(columns="arm").astype(float).to_dict("records")
    for name, share in {"p20": 0.2, "median": 0.5, "p90": 0.9}.items():
        assert row[name] == pytest.approx(quantile(weeks, events, share), nan_ok=True)


def test_the_interval_of_a_difference_is_the_published_one(models: Models) -> None:
    """Newcombe 1998, Statistics in Medicine 17:873-890, table II, method 10: 56/70 and 48/80; 9/10 and 3/10."""
    counts = pd.DataFrame({"hits": [56, 9], "answers": [70, 10], "other_hits": [48, 3], "other_answers": [80, 10]})
    found = models.rows("differences", counts=counts)
    np.testing.assert_allclose(found["difference"], [0.2, 0.6], atol=1e-9)
    np.testing.assert_allclose(found["low"], [0.0524, 0.1705], atol=5e-5)
    np.testing.assert_allclose(found["high"], [0.3339, 0.8090], atol=5e-5)


def test_a_difference_without_answers_is_null(models: Models) -> None:
    counts = pd.DataFrame({"hits": [1, 0], "answers": [2, 0], "other_hits": [0, 1], "other_answers": [0, 2]})
    assert models.rows("differences", counts=counts).isna().all(axis=None)
