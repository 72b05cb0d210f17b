"""Holdout validation: the forecast of a fit on the past against the actual orders of the last weeks.

All functions take one row per history with its customer count, so that results do not depend on the grouping.

Conventions of this project:

- the aggregate error is (expected - actual) / actual orders of all customers; a negative error is a forecast too low;
- the calibration error is the sum over deciles of |expected - actual|, divided by the actual orders. It is at least
  the absolute aggregate error and includes errors that cancel in the total;
- the variant with the smallest calibration error is chosen, the first one among equals.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

BIN_COUNT = 10


@dataclass(frozen=True)
class Calibration:
    """Customers in bins of equal size by expected orders, ascending.

    Attributes:
        customer_count: shape (bins,). Customers with equal histories stay in one bin, so sizes differ and a bin may be
            missing: ``bin`` holds the existing numbers.
        bin: from 1 to the requested number of bins.
        expected_orders: sum over the customers of the bin.
        actual_orders: sum over the customers of the bin.
    """

    bin: npt.NDArray[np.int64]
    customer_count: Floats
    expected_orders: Floats
    actual_orders: Floats

    @property
    def aggregate_error(self) -> float | None:
        """(expected - actual) / actual; None without orders."""
        actual = float(self.actual_orders.sum())
        return float(self.expected_orders.sum()) / actual - 1 if actual > 0 else None

    @property
    def calibration_error(self) -> float | None:
        """The sum of |expected - actual| over the bins, divided by the actual orders; None without orders."""
        actual = float(self.actual_orders.sum())
        return float(np.abs(self.expected_orders - self.actual_orders).sum()) / actual if actual > 0 else None


def calibration(expected: Floats, actual: Floats, customers: Floats, bin_count: int = BIN_COUNT) -> Calibration:
    """Compare expected with actual orders, by decile of expected orders.

    Args:
        expected: expected orders per customer of a history, shape (n,).
        actual: total orders of all customers of the history, shape (n,).
        customers: customers with the history, shape (n,).
        bin_count: 10 for deciles.

    Raises:
        ValueError: the arrays are empty, differ in length, or hold negative orders or no customers.
    """
    expected, actual, customers = (np.asarray(values, dtype=np.float64) for values in (expected, actual, customers))
    if not expected.shape == actual.shape == customers.shape or expected.ndim != 1 or not len(expected):
        raise ValueError(f"expected, actual and customers must be equally long and not empty, not {expected.shape}")
    if not ((expected >= 0) & (actual >= 0) & (customers > 0)).all():
        raise ValueError("expected and actual must not be negative, customers must be positive")
    # A fixed order, so that sums are identical to the last bit for any order of the rows.
    order = np.lexsort((actual, customers, expected))
    expected, actual, customers = expected[order], actual[order], customers[order]
    # Histories with equal expectations share one rank.
    _, group = np.unique(expected, return_inverse=True)
    sizes = _sums(group, customers)
    middle = np.cumsum(sizes) - sizes / 2
    bin_of_value = np.minimum((middle / sizes.sum() * bin_count).astype(np.int64), bin_count - 1)
    bins, number = np.unique(bin_of_value[group], return_inverse=True)
    return Calibration(
        bin=bins + 1,
        customer_count=_sums(number, customers),
        expected_orders=_sums(number, customers * expected),
        actual_orders=_sums(number, actual),
    )


def _sums(group: npt.NDArray[np.intp], values: Floats) -> Floats:
    return np.bincount(group, values).astype(np.float64)


def best_variant(calibrations: Mapping[str, Calibration]) -> str | None:
    """The variant with the smallest calibration error; None if the holdout has no orders."""
    errors = {name: found.calibration_error for name, found in calibrations.items()}
    known = {name: error for name, error in errors.items() if error is not None}
    return min(known, key=known.__getitem__) if known else None


def refusal_reason(
    problem: str | None, aggregate_error: float | None, error_limit: float, what: str = "orders"
) -> str | None:
    """Reason to refuse a fit, or None.

    Args:
        problem: the problem of the fit.
        aggregate_error: over the holdout, None without actual orders.
        error_limit: the largest accepted absolute error, such as 0.3.
        what: the forecast quantity, for the message.
    """
    if problem is not None:
        return f"degenerate fit: {problem}"
    if aggregate_error is None:
        return f"no holdout: no {what} in the holdout"
    if abs(aggregate_error) > error_limit:
        side = "above" if aggregate_error > 0 else "below"
        return (
            f"holdout error: expected {what} are {abs(aggregate_error):.1%} {side} the actual ones, "
            f"the limit is {error_limit:.1%}"
        )
    return None
