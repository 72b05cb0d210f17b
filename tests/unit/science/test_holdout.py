"""Holdout validation: errors, choice and refusal, calculated by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from orchestration.science.holdout import calibration, error_per_customer, naive_forecast, refusal_reason

orders = arrays(np.float64, 30, elements=st.floats(0, 50))


def test_customers_fall_into_bins_by_what_was_expected() -> None:
    """Twelve customers in four bins, three of them with equal histories."""
    expected = np.array([0.1, 0.2, 0.3, 1.0, 1.1, 2.0, 2.5, 3.0, 4.0, 6.0])
    customers = np.array([1, 1, 1, 1, 1, 3, 1, 1, 1, 1.0])
    actual = np.array([0, 0, 1, 1, 1, 5, 2, 4, 3, 8.0])
    found = calibration(expected, actual, customers, bin_count=4)
    assert found.bin.tolist() == [1, 2, 3, 4]
    assert found.customer_count.tolist() == [3, 2, 4, 3]
    assert found.expected_orders == pytest.approx([0.6, 2.1, 8.5, 13.0])
    assert found.actual_orders.tolist() == [1, 2, 7, 15]
    assert found.aggregate_error == pytest.approx(24.2 / 25 - 1)
    assert found.calibration_error == pytest.approx((0.4 + 0.1 + 1.5 + 2.0) / 25)


def test_a_history_stays_in_one_bin_and_empty_bins_are_left_out() -> None:
    found = calibration(np.array([0.5, 2.0]), np.array([40.0, 30.0]), np.array([90.0, 10.0]))
    assert (found.bin.tolist(), found.customer_count.tolist()) == ([5, 10], [90, 10])


def test_without_orders_there_is_no_error_rate() -> None:
    found = calibration(np.ones(3), np.zeros(3), np.ones(3))
    assert (found.aggregate_error, found.calibration_error) == (None, None)


@given(orders, orders, arrays(np.float64, 30, elements=st.integers(1, 1_000)))
@settings(deadline=None)
def test_bins_add_up_to_the_total(
    expected: np.ndarray[tuple[int], np.dtype[np.float64]],
    actual: np.ndarray[tuple[int], np.dtype[np.float64]],
    customers: np.ndarray[tuple[int], np.dtype[np.float64]],
) -> None:
    found = calibration(expected, actual, customers)
    assert found.customer_count.sum() == pytest.approx(customers.sum())
    assert found.expected_orders.sum() == pytest.approx(expected @ customers)
    assert found.actual_orders.sum() == pytest.approx(actual.sum())
    assert (np.diff(found.expected_orders / found.customer_count) >= -1e-9).all()
    if found.aggregate_error is not None and found.calibration_error is not None:
        assert found.calibration_error >= abs(found.aggregate_error) - 1e-9


def test_bins_may_be_ordered_by_another_value() -> None:
    """The probability of silence falls where expected orders rise; bins stay those of the orders."""
    found = calibration(np.array([0.9, 0.2]), np.array([1.0, 0.0]), np.ones(2), bin_count=2, by=np.array([0.1, 3.0]))
    assert (found.expected_orders.tolist(), found.actual_orders.tolist()) == ([0.9, 0.2], [1.0, 0.0])


def test_the_naive_yardstick_is_the_mean_of_the_cell_in_the_period_before() -> None:
    """Two customers of one cell made 6 orders, one of another cell 1; the third cell takes the mean of all, 7 / 3."""
    before = (np.array([2.0, 20.0]), np.array([1.0, 0.0]), np.array([2.0, 1.0]), np.array([6.0, 1.0]))
    found = naive_forecast(np.array([4.0, 14.0, 60.0]), np.array([1.0, 0.0, 9.0]), before, scale=2.0)
    assert found == pytest.approx([6.0, 2.0, 14 / 3])
    empty = (np.empty(0),) * 4
    assert naive_forecast(np.array([4.0]), np.array([1.0]), empty).tolist() == [0.0]


def test_the_error_per_customer_is_the_root_mean_square() -> None:
    """Two customers of one history made 0 and 4 orders of 1 expected each, a third 2 of 2.5: (1 + 9 + 0.25) / 3."""
    found = error_per_customer(np.array([1.0, 2.5]), np.array([4.0, 2.0]), np.array([16.0, 4.0]), np.array([2.0, 1.0]))
    assert found == pytest.approx(np.sqrt(10.25 / 3))


@pytest.mark.parametrize(
    ("problem", "error", "reason"),
    [
        (None, 0.3, None),
        (None, -0.3, None),
        (None, -0.31, "31.0% below"),
        (None, 0.42, "42.0% above"),
        (None, None, "no holdout"),
        ("no customer has a repeat purchase", 0.0, "no customer has a repeat purchase"),
    ],
)
def test_a_fit_is_refused_with_the_reason(problem: str | None, error: float | None, reason: str | None) -> None:
    found = refusal_reason(problem, error, 0.3)
    assert found is None if reason is None else reason in str(found)


def test_a_fit_must_beat_the_naive_yardstick() -> None:
    assert refusal_reason(None, 0.0, 0.3, naive=(1.0, 1.1)) is None
    reason = refusal_reason(None, 0.0, 0.3, naive=(1.1, 1.1))
    assert "1.1 orders per customer, not less than the 1.1 of last period's rate" in str(reason)


@pytest.mark.parametrize(
    ("expected", "actual", "customers", "message"),
    [
        ([], [], [], "not empty"),
        ([1], [1, 2], [1], "equally long"),
        ([-1], [1], [1], "negative"),
        ([1], [1], [0], "positive"),
    ],
)
def test_invalid_input_raises(expected: list[float], actual: list[float], customers: list[float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        calibration(np.array(expected), np.array(actual), np.array(customers))
