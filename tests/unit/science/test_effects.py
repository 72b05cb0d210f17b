"""Adjusted differences: by hand, on simulated events with a known effect, and without one."""

from __future__ import annotations

import numpy as np
import pytest

from orchestration.science.effects import Flags, Floats, Integers, adjusted_difference, plain_difference

TRUE_EFFECT = -0.1


def simulated(seed: int, effect: float, units: int = 6_000) -> tuple[Flags, Floats, Floats, Integers]:
    """Units of 2,000 customers: big spenders have the event more often, so that the plain means have the wrong sign."""
    rng = np.random.default_rng(seed)
    customer = rng.integers(0, units // 3, units)
    wealth = rng.normal(size=units // 3)[customer]
    mood = rng.normal(scale=0.3, size=units // 3)[customer]  # of a customer, so that units go together
    columns = np.column_stack([wealth, rng.normal(size=units), np.ones(units)])
    is_exposed = rng.random(units) < 1 / (1 + np.exp(2 - wealth))
    outcome = 4 + 0.5 * wealth + mood + effect * is_exposed + rng.normal(scale=0.4, size=units)
    return is_exposed, outcome, columns, customer


def test_a_plain_difference_by_hand() -> None:
    """Means 4 and 2; each influence is (±1) ÷ .5 × (±1) = ±2, and those of one customer cancel out."""
    is_exposed = np.array([True, True, False, False])
    outcome = np.array([5.0, 3.0, 3.0, 1.0])
    alone = plain_difference(is_exposed, outcome, np.array([1, 2, 3, 4]))
    together = plain_difference(is_exposed, outcome, np.array([1, 1, 2, 2]))
    assert alone.value == 2
    # four influences of ±2: √(4 × 4 × 4/3) ÷ 4
    assert alone.standard_error == pytest.approx((16 * 4 / 3) ** 0.5 / 4)
    assert together.standard_error == 0


def test_the_clustered_error_is_the_sandwich_of_a_regression_on_the_event() -> None:
    """Liang and Zeger (1986): (X'X)⁻¹ Σ (X'u)(X'u)' (X'X)⁻¹ over customers, times customers ÷ (customers − 1)."""
    is_exposed, outcome, _, customer = simulated(1, TRUE_EFFECT)
    found = plain_difference(is_exposed, outcome, customer)
    columns = np.column_stack([np.ones(len(outcome)), is_exposed])
    inverse = np.linalg.inv(columns.T @ columns)
    coefficients = inverse @ columns.T @ outcome
    scores = columns * (outcome - columns @ coefficients)[:, None]
    sums = np.array([scores[customer == number].sum(axis=0) for number in np.unique(customer)])
    sandwich = inverse @ (sums.T @ sums) @ inverse * len(sums) / (len(sums) - 1)
    assert found.value == pytest.approx(coefficients[1])
    assert found.standard_error == pytest.approx(sandwich[1, 1] ** 0.5)


def test_the_adjusted_difference_finds_the_effect_where_the_plain_one_has_the_wrong_sign() -> None:
    """Over 20 seeds: at least 18 intervals hold the effect, and the mean is within two standard errors."""
    held, values, errors = 0, [], []
    for seed in range(20):
        effect = adjusted_difference(*simulated(seed, TRUE_EFFECT))
        assert effect.naive.value > 0
        found = effect.adjusted
        held += abs(found.value - TRUE_EFFECT) <= 1.96 * found.standard_error
        values.append(found.value)
        errors.append(found.standard_error)
        assert effect.imbalance < 0.1
    assert held >= 18
    assert abs(np.mean(values) - TRUE_EFFECT) <= 2 * np.mean(errors) / 20**0.5


def test_without_an_effect_few_are_found() -> None:
    """At most 5 of 40 p-values are below 0.05: more have a chance of 1.4 % at 5 %."""
    p_values = [adjusted_difference(*simulated(100 + seed, 0.0, 3_000)).adjusted.p_value for seed in range(40)]
    assert sum(p < 0.05 for p in p_values) <= 5


def test_an_event_that_only_some_can_have_has_no_overlap() -> None:
    rng = np.random.default_rng(3)
    group = rng.random(4_000) < 0.5
    is_exposed = group & (rng.random(4_000) < 0.5)
    effect = adjusted_difference(is_exposed, rng.normal(size=4_000), group[:, None].astype(float), np.arange(4_000))
    assert effect.overlap_share < 0.8


def test_equal_outcomes_have_no_difference() -> None:
    is_exposed, _, columns, customer = simulated(1, 0.0, 900)
    effect = adjusted_difference(is_exposed, np.full(900, 3.0), columns, customer)
    assert effect.adjusted.value == pytest.approx(0, abs=1e-9)
    assert plain_difference(is_exposed, np.full(900, 3.0), customer).p_value == 1
