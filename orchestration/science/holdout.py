"""Whether a fit may be believed: what it said of the last weeks, which it had not seen, against what came.

A fit on the past is asked for the orders of the weeks after it. All functions take one row per history with the number
of customers that share it, so that nothing depends on how customers are grouped.

Conventions, which no paper sets:

- the aggregate error is (expected - actual) / actual orders of all customers together, so below 0 is too few;
- the calibration error is the sum over deciles of |expected - actual|, divided by the actual orders. It is never
  smaller than the size of the aggregate error, and sees errors that cancel in the total;
- of several variants the one with the smallest calibration error is taken, of equals the first.
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
    """Customers in bins of equal size by what was expected of them, who is expected to order least first.

    Attributes:
        customer_count: shape (bins,). Customers with one history stay together, so sizes differ, and a bin may be left
            out: ``bin`` holds the numbers of those that are there.
        bin: from 1 to the number of bins asked for.
        expected_orders: of all customers of the bin together.
        actual_orders: the same.
    """

    bin: npt.NDArray[np.int64]
    customer_count: Floats
    expected_orders: Floats
    actual_orders: Floats

    @property
    def aggregate_error(self) -> float | None:
        """(expected - actual) / actual; None if nobody ordered."""
        actual = float(self.actual_orders.sum())
        return float(self.expected_orders.sum()) / actual - 1 if actual > 0 else None

    @property
    def calibration_error(self) -> float | None:
        """The sum of |expected - actual| over the bins, divided by the actual orders; None if nobody ordered."""
        actual = float(self.actual_orders.sum())
        return float(np.abs(self.expected_orders - self.actual_orders).sum()) / actual if actual > 0 else None


def calibration(expected: Floats, actual: Floats, customers: Floats, bin_count: int = BIN_COUNT) -> Calibration:
    """Compare what was expected with what came, by decile of what was expected.

    Args:
        expected: orders expected of each customer of a history, shape (n,).
        actual: orders that all customers of the history made together, shape (n,).
        customers: how many customers have the history, shape (n,).
        bin_count: 10 for deciles.

    Raises:
        ValueError: the arrays are empty or not equally long, or hold what cannot be.
    """
    expected, actual, customers = (np.asarray(values, dtype=np.float64) for values in (expected, actual, customers))
    if not expected.shape == actual.shape == customers.shape or expected.ndim != 1 or not len(expected):
        raise ValueError(f"expected, actual and customers must be equally long and not empty, not {expected.shape}")
    if not ((expected >= 0) & (actual >= 0) & (customers > 0)).all():
        raise ValueError("orders are never negative, and a history has a customer")
    # In an order of its own, so that the sums are the same to the last bit however the rows come.
    order = np.lexsort((actual, customers, expected))
    expected, actual, customers = expected[order], actual[order], customers[order]
    # Equal expectations are one place in the order, whatever history they come from.
    _, place = np.unique(expected, return_inverse=True)
    sizes = _sums(place, customers)
    middle = np.cumsum(sizes) - sizes / 2
    bin_of_value = np.minimum((middle / sizes.sum() * bin_count).astype(np.int64), bin_count - 1)
    bins, number = np.unique(bin_of_value[place], return_inverse=True)
    return Calibration(
        bin=bins + 1,
        customer_count=_sums(number, customers),
        expected_orders=_sums(number, customers * expected),
        actual_orders=_sums(number, actual),
    )


def _sums(place: npt.NDArray[np.intp], values: Floats) -> Floats:
    return np.bincount(place, values).astype(np.float64)


def best_variant(calibrations: Mapping[str, Calibration]) -> str | None:
    """The variant with the smallest calibration error; None if nobody ordered, where there is nothing to compare."""
    errors = {name: found.calibration_error for name, found in calibrations.items()}
    known = {name: error for name, error in errors.items() if error is not None}
    return min(known, key=known.__getitem__) if known else None


def refusal_reason(
    problem: str | None, aggregate_error: float | None, error_limit: float, what: str = "orders"
) -> str | None:
    """Why a fit must not be used; None if it may.

    Args:
        problem: of the fit itself.
        aggregate_error: over the holdout, None if nobody ordered then.
        error_limit: the largest size of the error that is accepted, such as 0.3.
        what: what was expected and came, for the words of the reason.
    """
    if problem is not None:
        return f"degenerate fit: {problem}"
    if aggregate_error is None:
        return f"no holdout: no {what} in the weeks that the fit had not seen"
    if abs(aggregate_error) > error_limit:
        side = "above" if aggregate_error > 0 else "below"
        return (
            f"holdout error: the {what} expected are {abs(aggregate_error):.1%} {side} those that came in the weeks "
            f"that the fit had not seen, the limit is {error_limit:.1%}"
        )
    return None
