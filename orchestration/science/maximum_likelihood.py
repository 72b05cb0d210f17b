"""Maximum likelihood for positive parameters, with standard errors.

The same rows give the same fit to the last bit, in any order: each model sorts its rows and sums by ``(a * b).sum()``.
The summation order of BLAS (``a @ b``) depends on its number of threads.

Keep out the likelihoods of the models.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

Floats = npt.NDArray[np.float64]
# The log likelihood at the logs of the parameters, and its gradient there.
LogLikelihood = Callable[[Floats], tuple[float, Floats]]

# Beyond these a parameter approaches a limit of the model (no dropout, no heterogeneity), which has no maximum.
SMALLEST, LARGEST = 1e-3, 1e4
_LOWEST, _HIGHEST = float(np.log(SMALLEST)), float(np.log(LARGEST))
# Stop when the expected gain in log likelihood of another Newton step is below this.
TOLERANCE = 1e-6
_STEP = 1e-5
_MOST_NEWTON_STEPS = 20


@dataclass(frozen=True)
class Maximum:
    """The maximum of a likelihood.

    Attributes:
        values: the parameters, shape (k,).
        log_likelihood: at these parameters.
        errors: standard errors of the parameters from the observed information, shape (k,); None with a problem.
        problem: the reason why this is not a proper maximum, else None.
        covariance: of the logs of the parameters, shape (k, k); None with a problem.
        at_limit: parameters that approach 0 (-1) or infinity (1), by name; empty at a proper maximum.
    """

    values: Floats
    log_likelihood: float
    errors: Floats | None
    problem: str | None
    covariance: Floats | None = None
    at_limit: Mapping[str, int] = field(default_factory=dict)


def maximise(log_likelihood: LogLikelihood, names: Sequence[str], starts: Sequence[Sequence[float]]) -> Maximum:
    """Find the positive parameters with the largest likelihood.

    L-BFGS-B on the logs of the parameters, then Newton steps. The next start is tried only if the previous one has a
    problem; of several problems the one with the largest likelihood is returned.

    Args:
        log_likelihood: of the logs of the parameters, with its gradient.
        names: names of the parameters, for the message.
        starts: parameters to start from, best guess first.
    """
    tried: list[Maximum] = []
    for start in starts:
        found = _climb(log_likelihood, names, np.log(np.asarray(start, dtype=np.float64)))
        if found.problem is None:
            return found
        tried.append(found)
    return max(tried, key=lambda maximum: maximum.log_likelihood)


@dataclass(frozen=True)
class Pooling:
    """How far the parameters of the groups of a population differ: their logs are normal around the population's.

    Attributes:
        centre: logs of the population's parameters, shape (k,).
        rotation: rows are the contrasts that vary independently, orthonormal, shape (k, k).
        variances: of the contrasts over groups, shape (k,).
    """

    centre: Floats
    rotation: Floats
    variances: Floats

    @property
    def precision(self) -> Floats:
        """The inverse covariance of the logs over groups, shape (k, k)."""
        return np.asarray(self.rotation.T @ np.diag(1 / self.variances) @ self.rotation, dtype=np.float64)

    def penalised(self, log_likelihood: LogLikelihood) -> LogLikelihood:
        """The log likelihood of one group, plus the log density of its parameters."""
        precision = self.precision

        def at(logs: Floats) -> tuple[float, Floats]:
            value, gradient = log_likelihood(logs)
            pull = precision @ (logs - self.centre)
            return float(value - (logs - self.centre) @ pull / 2), gradient - pull

        return at


# Without any group, contrasts are taken to differ by a half on the log scale; this counts as one more group.
_PRIOR_VARIANCE = 0.25
_WEAK_VARIANCE = 1.0
_MOST_EM_STEPS = 200
_SMALLEST_VARIANCE = 1e-6


def partial_pooling(
    log_likelihoods: Sequence[LogLikelihood], names: Sequence[str], centre: Floats, rotation: Floats
) -> Pooling:
    """Estimate how far groups differ: empirical Bayes, by expectation-maximisation on a normal approximation.

    The likelihood of each group is replaced by the normal one with its maximum and observed information.

    Args:
        log_likelihoods: of the groups.
        names: names of the parameters.
        centre: logs of the parameters of all groups together.
        rotation: see ``Pooling``.
    """
    weak = Pooling(centre, rotation, np.full(len(centre), _WEAK_VARIANCE))
    information, score = [], []
    for of_group in log_likelihoods:
        found = maximise(weak.penalised(of_group), names, [np.exp(centre).tolist()])
        if found.covariance is None:
            continue
        precision = np.linalg.inv(found.covariance)
        own = rotation @ (precision - weak.precision) @ rotation.T
        information.append(own)
        score.append(rotation @ precision @ (np.log(found.values) - centre))
    variances = np.full(len(centre), _PRIOR_VARIANCE)
    for _ in range(_MOST_EM_STEPS):
        squares = np.full(len(centre), _PRIOR_VARIANCE)
        for own, pull in zip(information, score, strict=True):
            covariance = np.linalg.inv(own + np.diag(1 / variances))
            squares += (covariance @ pull) ** 2 + np.diag(covariance)
        last, variances = variances, np.maximum(squares / (len(information) + 1), _SMALLEST_VARIANCE)
        if np.allclose(last, variances, rtol=1e-6):
            break
    return Pooling(centre, rotation, variances)


def _climb(log_likelihood: LogLikelihood, names: Sequence[str], start: Floats) -> Maximum:
    start = np.clip(start, _LOWEST, _HIGHEST)
    scale = 1 / max(abs(log_likelihood(start)[0]), 1.0)

    def loss(logs: Floats) -> tuple[float, Floats]:
        value, gradient = log_likelihood(logs)
        return -value * scale, -gradient * scale

    near = minimize(
        loss,
        start,
        jac=True,
        method="L-BFGS-B",
        bounds=[(_LOWEST, _HIGHEST)] * len(start),
        options={"maxiter": 500, "ftol": 1e-12, "gtol": 1e-9},
    ).x
    top = near if _is_at_limit(near) else None
    if top is None:
        maximum = _newton(log_likelihood, near)
        top = np.log(maximum.values)
        if not _is_at_limit(top):
            return maximum
    limits = {
        name: -1 if log <= _LOWEST + _STEP else 1
        for name, log in zip(names, top, strict=True)
        if log <= _LOWEST + _STEP or log >= _HIGHEST - _STEP
    }
    which = ", ".join(f"{name} = {np.exp(log):g}" for name, log in zip(names, top, strict=True))
    problem = f"the likelihood increases up to the limits of the parameters ({which})"
    return Maximum(np.exp(top), log_likelihood(top)[0], None, problem, at_limit=limits)


def _is_at_limit(logs: Floats) -> bool:
    return bool(((logs <= _LOWEST + _STEP) | (logs >= _HIGHEST - _STEP)).any())


def _newton(log_likelihood: LogLikelihood, logs: Floats) -> Maximum:
    value, gradient = log_likelihood(logs)
    for _ in range(_MOST_NEWTON_STEPS):
        covariance = _covariance(log_likelihood, logs)
        if covariance is None:
            problem = "the observed information is singular: the data do not identify the parameters"
            return Maximum(np.exp(logs), value, None, problem)
        step = covariance @ gradient
        if gradient @ step / 2 < TOLERANCE:
            top = np.clip(logs + step, _LOWEST, _HIGHEST)
            values = np.exp(top)
            # Delta method: the derivative of a parameter by its log is the parameter.
            errors = values * np.sqrt(np.diag(covariance))
            return Maximum(values, log_likelihood(top)[0], errors, None, covariance)
        for _ in range(_MOST_NEWTON_STEPS):
            ahead = np.clip(logs + step, _LOWEST, _HIGHEST)
            value_ahead, gradient_ahead = log_likelihood(ahead)
            if value_ahead >= value:
                break
            step = step / 2
        else:
            break
        logs, value, gradient = ahead, value_ahead, gradient_ahead
    return Maximum(np.exp(logs), value, None, "no maximum of the likelihood was found")


def _covariance(log_likelihood: LogLikelihood, logs: Floats) -> Floats | None:
    """The inverse of the observed information of the logs, None unless it is positive definite."""
    rows = [
        (log_likelihood(logs - step)[1] - log_likelihood(logs + step)[1]) / (2 * _STEP)
        for step in np.eye(len(logs)) * _STEP
    ]
    information = (np.array(rows) + np.array(rows).T) / 2
    if not np.isfinite(information).all() or np.linalg.eigvalsh(information)[0] <= 0:
        return None
    return np.asarray(np.linalg.inv(information), dtype=np.float64)
