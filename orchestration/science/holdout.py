"""Holdout validation: the forecast of a fit on the past against the actual orders of the last weeks.

All functions take one row per history with its customer count, so that results do not depend on the grouping.

Conventions of this project:

- the aggregate error is (expected - actual) / actual orders of all customers; a negative error is a forecast too low;
- the calibration error is the sum over deciles of |expected - actual|, divided by the actual orders. It is at least
  the absolute aggregate error and includes errors that cancel in the total;
- the naive yardstick forecasts the mean orders that customers of the same recency and frequency made in the period
  before, without a model. A model is refused unless its error per customer, the root of the mean squared difference, is
  smaller.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

BIN_COUNT = 10
# Upper ends of the yardstick's cells: weeks since the last purchase, and repeat purchases.
RECENCY_WEEKS = (4, 13, 26, 52)
REPEATS = (0, 1, 3, 7)


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


def calibration(
    expected: Floats, actual: Floats, customers: Floats, bin_count: int = BIN_COUNT, by: Floats | None = None
) -> Calibration:
    """Compare expected with actual orders, by decile of expected orders.

    Args:
        expected: expected orders per customer of a history, shape (n,).
        actual: total orders of all customers of the history, shape (n,).
        customers: customers with the history, shape (n,).
        bin_count: 10 for deciles.
        by: value that orders the customers into bins, shape (n,); ``expected`` by default.

    Raises:
        ValueError: the arrays are empty, differ in length, or hold negative orders or no customers.
    """
    expected, actual, customers = (np.asarray(values, dtype=np.float64) for values in (expected, actual, customers))
    if not expected.shape == actual.shape == customers.shape or expected.ndim != 1 or not len(expected):
        raise ValueError(f"expected, actual and customers must be equally long and not empty, not {expected.shape}")
    if not ((expected >= 0) & (actual >= 0) & (customers > 0)).all():
        raise ValueError("expected and actual must not be negative, customers must be positive")
    by = expected if by is None else np.asarray(by, dtype=np.float64)
    # A fixed order, so that sums are identical to the last bit for any order of the rows.
    order = np.lexsort((actual, customers, expected, by))
    expected, actual, customers = expected[order], actual[order], customers[order]
    bins, number = np.unique(deciles(by[order], customers, bin_count), return_inverse=True)
    return Calibration(
        bin=bins,
        customer_count=_sums(number, customers),
        expected_orders=_sums(number, customers * expected),
        actual_orders=_sums(number, actual),
    )


def deciles(by: Floats, customers: Floats, bin_count: int = BIN_COUNT) -> npt.NDArray[np.int64]:
    """The bin of each history, from 1 to ``bin_count`` in ascending order; equal values share a bin: shape (n,).

    Args:
        by: value of the customers with a history, shape (n,).
        customers: customers with the history, shape (n,).
    """
    _, group = np.unique(by, return_inverse=True)
    sizes = _sums(group, customers)
    middle = np.cumsum(sizes) - sizes / 2
    bin_of_value = np.minimum((middle / sizes.sum() * bin_count).astype(np.int64), bin_count - 1)
    bins: npt.NDArray[np.int64] = (bin_of_value + 1)[group]
    return bins


def _sums(group: npt.NDArray[np.intp], values: Floats) -> Floats:
    return np.bincount(group, values).astype(np.float64)


def naive_forecast(
    recency: Floats, repeats: Floats, before: tuple[Floats, Floats, Floats, Floats], scale: float = 1.0
) -> Floats:
    """The mean orders of the period before in the cell of each history: shape (n,).

    A cell without customers in the period before takes the mean of all; without any, 0.

    Args:
        recency: weeks from the last purchase to the cut-off, shape (n,).
        repeats: repeat purchases, shape (n,).
        before: the same two at the start of the period before, customers and their total orders in it, shape (m,) each.
        scale: length of the forecast period divided by that of the period before.
    """
    last_recency, last_repeats, customers, orders = before
    size = (len(RECENCY_WEEKS) + 1) * (len(REPEATS) + 1)
    count = np.bincount(_cells(last_recency, last_repeats), customers, size)
    bought = np.bincount(_cells(last_recency, last_repeats), orders, size)
    overall = bought.sum() / count.sum() if count.sum() > 0 else 0.0
    rates = np.where(count > 0, bought / np.maximum(count, 1), overall) * scale
    found: Floats = rates[_cells(recency, repeats)]
    return found


def _cells(recency: Floats, repeats: Floats) -> npt.NDArray[np.int64]:
    of_recency = np.searchsorted(RECENCY_WEEKS, np.asarray(recency, dtype=np.float64))
    of_repeats = np.searchsorted(REPEATS, np.asarray(repeats, dtype=np.float64))
    return (of_recency * (len(REPEATS) + 1) + of_repeats).astype(np.int64)


def error_per_customer(expected: Floats, actual: Floats, squares: Floats, customers: Floats) -> float:
    """The root of the mean squared difference of expected and actual orders, over customers.

    Args:
        expected: expected orders of each customer of a history, shape (n,).
        actual: total orders of its customers, shape (n,).
        squares: sum of the squared orders of its customers, shape (n,).
        customers: customers with the history, shape (n,).
    """
    total = squares.sum() + (customers * expected**2).sum() - 2 * (expected * actual).sum()
    return float(np.sqrt(max(float(total), 0.0) / float(customers.sum())))


def refusal_reason(
    problem: str | None,
    aggregate_error: float | None,
    error_limit: float,
    what: str = "orders",
    naive: tuple[float, float] | None = None,
) -> str | None:
    """Reason to refuse a fit, or None.

    Args:
        problem: the problem of the fit.
        aggregate_error: over the holdout, None without actual orders.
        error_limit: the largest accepted absolute error, such as 0.3.
        what: the forecast quantity, for the message.
        naive: the error per customer of the model and of the naive yardstick, if there is one.
    """
    if problem is not None:
        return problem
    if aggregate_error is None:
        return f"no holdout: no {what} in the holdout"
    if naive is not None and naive[0] >= naive[1]:
        return (
            f"holdout error: {naive[0]:.3g} {what} per customer, not less than the {naive[1]:.3g} of"
            " last period's rate by recency and frequency"
        )
    if abs(aggregate_error) > error_limit:
        side = "above" if aggregate_error > 0 else "below"
        return (
            f"holdout error: expected {what} are {abs(aggregate_error):.1%} {side} the actual ones, "
            f"the limit is {error_limit:.1%}"
        )
    return None
