"""The difference that an event makes to a later outcome, adjusted for what was known before it.

Augmented inverse propensity weighting (Robins, Rotnitzky and Zhao 1994) with cross-fitting (Chernozhukov et al. 2018):
the outcome is predicted with and without the event, and what the predictions miss is weighted by the chance of the
event. Each unit is predicted by models that were fitted without its customer. The result is an association that is
adjusted for the given columns; what is not among them can still explain it.

Keep out which events and outcomes there are, and when a result must not be used.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

FOLDS = 5
LEAST_PROPENSITY = 0.02
RIDGE = 1.0
"""Penalty of the standardised columns, as so many units."""
_STEPS = 50
_CONVERGED = 1e-8


@dataclass(frozen=True)
class Difference:
    """A difference of means with its standard error, clustered by customer."""

    value: float
    standard_error: float

    @property
    def p_value(self) -> float:
        """Two-sided p-value of no difference; 1 without a standard error."""
        if not self.standard_error > 0:
            return 1.0
        return math.erfc(abs(self.value) / self.standard_error / math.sqrt(2))


@dataclass(frozen=True)
class Effect:
    """An adjusted difference and what it rests on.

    Attributes:
        naive: the difference of the plain means.
        adjusted: the difference after adjustment.
        overlap_share: share of units whose chance of the event is at least ``LEAST_PROPENSITY`` from 0 and 1.
        imbalance: largest standardised difference of a column between units with and without the event, after
            weighting.
    """

    naive: Difference
    adjusted: Difference
    overlap_share: float
    imbalance: float


def plain_difference(is_exposed: Flags, outcome: Floats, customer: Integers) -> Difference:
    """Return the difference of the plain means of units with and without the event.

    Args:
        is_exposed: shape (units,); both values occur.
        outcome: shape (units,).
        customer: number of each unit's customer, shape (units,).
    """
    means = [outcome[is_exposed == exposed].mean() for exposed in (False, True)]
    share = is_exposed.mean()
    weight = np.where(is_exposed, 1 / share, -1 / (1 - share))
    influence = weight * (outcome - np.where(is_exposed, means[1], means[0]))
    return Difference(float(means[1] - means[0]), _clustered_error(influence, customer))


def adjusted_difference(is_exposed: Flags, outcome: Floats, columns: Floats, customer: Integers) -> Effect:
    """Return the adjusted difference that the event makes to the outcome.

    Args:
        is_exposed: shape (units,); both values occur in each fold.
        outcome: shape (units,).
        columns: what was known before the event, shape (units, columns); a constant column does no harm.
        customer: number of each unit's customer, shape (units,): ``customer % FOLDS`` is its fold.
    """
    scaled = _standardised(columns)
    propensity = np.empty(len(outcome))
    predicted = np.empty((2, len(outcome)))
    fold = customer % FOLDS
    for number in np.unique(fold):
        here, others = fold == number, fold != number
        propensity[here] = _logistic(scaled[here] @ _logit_fit(scaled[others], is_exposed[others]))
        for exposed in (0, 1):
            known = others & (is_exposed == bool(exposed))
            predicted[exposed, here] = scaled[here] @ _ridge_fit(scaled[known], outcome[known])
    trimmed = np.clip(propensity, LEAST_PROPENSITY, 1 - LEAST_PROPENSITY)
    weight = np.where(is_exposed, 1 / trimmed, -1 / (1 - trimmed))
    own = np.where(is_exposed, predicted[1], predicted[0])
    values = predicted[1] - predicted[0] + weight * (outcome - own)
    adjusted = Difference(float(values.mean()), _clustered_error(values - values.mean(), customer))
    return Effect(
        naive=plain_difference(is_exposed, outcome, customer),
        adjusted=adjusted,
        overlap_share=float((propensity == trimmed).mean()),
        imbalance=_imbalance(scaled[:, 1:], is_exposed, np.abs(weight)),
    )


def _standardised(columns: Floats) -> Floats:
    """A constant, and the columns with mean 0 and standard deviation 1; a constant column becomes 0."""
    deviation = columns.std(axis=0)
    scaled = (columns - columns.mean(axis=0)) / np.where(deviation > 0, deviation, 1)
    return np.column_stack([np.ones(len(columns)), scaled])


def _penalty(count: int) -> Floats:
    """The penalty matrix, which leaves the constant free."""
    diagonal = np.full(count, RIDGE)
    diagonal[0] = 0.0
    return np.diag(diagonal)


def _ridge_fit(columns: Floats, outcome: Floats) -> Floats:
    """Coefficients of least squares with a small penalty."""
    normal = columns.T @ columns + _penalty(columns.shape[1])
    return np.asarray(np.linalg.solve(normal, columns.T @ outcome))


def _logit_fit(columns: Floats, is_exposed: Flags) -> Floats:
    """Coefficients of a logistic regression with a small penalty, by Newton's method."""
    penalty = _penalty(columns.shape[1])
    share = is_exposed.mean()
    coefficients = np.zeros(columns.shape[1])
    coefficients[0] = math.log(share / (1 - share))
    for _ in range(_STEPS):
        chance = _logistic(columns @ coefficients)
        gradient = columns.T @ (is_exposed - chance) - penalty @ coefficients
        curvature = (columns * (chance * (1 - chance))[:, None]).T @ columns + penalty
        step = np.linalg.solve(curvature, gradient)
        coefficients = coefficients + step
        if np.abs(step).max() < _CONVERGED:
            break
    return coefficients


def _logistic(values: Floats) -> Floats:
    return np.asarray(0.5 * (1 + np.tanh(values / 2)))


def _clustered_error(influence: Floats, customer: Integers) -> float:
    """Standard error of a mean whose units have this influence, where the units of a customer go together."""
    _, position = np.unique(customer, return_inverse=True)
    sums = np.bincount(position, weights=influence)
    clusters = len(sums)
    if clusters < 2:
        return math.nan
    return float(math.sqrt((sums**2).sum() * clusters / (clusters - 1)) / len(influence))


def _imbalance(columns: Floats, is_exposed: Flags, weight: Floats) -> float:
    """Largest difference of the weighted means of a column, in its standard deviations."""
    if not columns.shape[1]:
        return 0.0
    means = [
        np.average(columns[is_exposed == exposed], axis=0, weights=weight[is_exposed == exposed])
        for exposed in (False, True)
    ]
    return float(np.abs(means[1] - means[0]).max())
