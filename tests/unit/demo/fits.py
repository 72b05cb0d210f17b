"""Reference fits of the tests: textbook likelihoods, standard errors from the Hessian.

Formulas are in BG/NBD (Fader, Hardie, Lee 2005) and Gamma-Gamma (Fader, Hardie 2013).
Parameters are positive, so they are fitted, and their errors are stated, on the log scale.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import gammaln

Floats = NDArray[np.float64]


def bg_nbd(x: Floats, t_x: Floats, big_t: Floats) -> Callable[[Floats], float]:
    """Minus the log likelihood of log(r, alpha, a, b)."""
    repeats = x > 0

    def loss(logs: Floats) -> float:
        r, alpha, a, b = np.exp(logs)
        ln_a1 = gammaln(r + x) - gammaln(r) + r * np.log(alpha)
        ln_a2 = gammaln(a + b) + gammaln(b + x) - gammaln(b) - gammaln(a + b + x)
        ln_a3 = -(r + x) * np.log(alpha + big_t)
        ln_a4 = np.log(a) - np.log(b + np.maximum(x, 1) - 1) - (r + x) * np.log(alpha + t_x)
        return -float((ln_a1 + ln_a2 + np.logaddexp(ln_a3, np.where(repeats, ln_a4, -np.inf))).sum())

    return loss


def gamma_gamma(x: Floats, z: Floats) -> Callable[[Floats], float]:
    """Minus the log likelihood of log(p, q, v), of x repeat purchases worth z on average."""

    def loss(logs: Floats) -> float:
        p, q, v = np.exp(logs)
        each = gammaln(p * x + q) - gammaln(p * x) - gammaln(q) + q * np.log(v)
        each += (p * x - 1) * np.log(z) + p * x * np.log(x) - (p * x + q) * np.log(v + z * x)
        return -float(each.sum())

    return loss


def fit(loss: Callable[[Floats], float], start: Floats) -> tuple[Floats, Floats]:
    """The logs of the parameters with the largest likelihood, and their standard errors.

    A gradient method, then a simplex, because the ridge of the likelihood may be flat.
    """
    near = minimize(loss, np.log(start), method="L-BFGS-B", bounds=[(-5.0, 7.0)] * len(start))
    found = minimize(loss, near.x, method="Nelder-Mead", options={"xatol": 1e-5, "fatol": 1e-5, "maxiter": 5_000})
    assert found.success, found.message
    return found.x, np.sqrt(np.diag(np.linalg.inv(hessian(loss, found.x))))


def hessian(loss: Callable[[Floats], float], at: Floats, step: float = 1e-3) -> Floats:
    """Second derivatives by central differences."""
    steps = np.eye(len(at)) * step
    return np.array(
        [
            [
                (loss(at + i + j) - loss(at + i - j) - loss(at - i + j) + loss(at - i - j)) / (4 * step * step)
                for j in steps
            ]
            for i in steps
        ]
    )


def least_squares(y: Floats, regressors: Floats, cluster: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Coefficients with cluster-robust standard errors."""
    bread = np.linalg.inv(regressors.T @ regressors)
    coefficients = bread @ regressors.T @ y
    scores = regressors * (y - regressors @ coefficients)[:, None]
    _, position = np.unique(cluster, return_inverse=True)
    sums = np.zeros((position.max() + 1, regressors.shape[1]))
    np.add.at(sums, position, scores)
    return coefficients, np.sqrt(np.diag(bread @ (sums.T @ sums) @ bread))
