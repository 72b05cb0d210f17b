"""Maximum likelihood for positive parameters, with standard errors.

The same rows give the same fit to the last bit, in any order: each model sorts its rows and sums by ``(a * b).sum()``.
The summation order of BLAS (``a @ b``) depends on its number of threads.

Keep out the likelihoods of the models.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

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
    """

    values: Floats
    log_likelihood: float
    errors: Floats | None
    problem: str | None


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
    which = ", ".join(f"{name} = {np.exp(log):g}" for name, log in zip(names, top, strict=True))
    problem = f"the likelihood increases up to the limits of the parameters ({which})"
    return Maximum(np.exp(top), log_likelihood(top)[0], None, problem)


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
            return Maximum(values, log_likelihood(top)[0], values * np.sqrt(np.diag(covariance)), None)
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
