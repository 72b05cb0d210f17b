"""Means over a beta distribution, the distribution of dropout probabilities in these models.

Gauss-Jacobi quadrature has positive weights: bounds and monotonicity of the averaged function are kept for all
parameters. The closed forms of the papers use the hypergeometric function, which cancels near a = 1 and overflows or is
undefined for large arguments. The tests compare the two where both are accurate.
Keep out the averaged functions.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.linalg import eigh_tridiagonal

Floats = npt.NDArray[np.float64]

NODES = 64
# Rounding may move a node to 0 or 1 or beyond; the averaged functions divide by p and take the log of 1 - p.
_LEAST, _MOST = 1e-300, 1 - 2**-53


def beta_nodes(a: float, b: float, count: int = NODES) -> tuple[Floats, Floats]:
    """Points and weights such that ``weights @ f(points)`` is the mean of f(p) for p ~ Beta(a, b).

    Exact for polynomials of degree below ``2 * count``. For a function that is smooth but for a pole at ``-1 / t`` the
    error falls as ``(1 + 2 / t + 2 * sqrt(1 / t + 1 / t**2)) ** (-2 * count)``.

    Source: Golub and Welsch (1969), Calculation of Gauss quadrature rules, Mathematics of Computation 23:221-230.

    Args:
        a: first shape, positive.
        b: second shape, positive.
        count: number of points, at least two.

    Returns:
        Points within (0, 1) and positive weights that add up to one, each of shape (count,).
    """
    if not (a > 0 and b > 0):
        raise ValueError(f"a beta distribution needs positive shapes, not a = {a}, b = {b}")
    # The recurrence of the Jacobi polynomials on [-1, 1], whose weight is (1 - x)^(b - 1) (1 + x)^(a - 1).
    k = np.arange(2.0, count)
    below = 2 * np.arange(1.0, count) + a + b - 2
    diagonal = np.empty(count)
    diagonal[0] = (a - b) / (a + b)
    diagonal[1:] = (a - b) * (a + b - 2) / (below * (below + 2))
    squares = np.empty(count - 1)
    squares[0] = 4 * a * b / ((a + b) ** 2 * (a + b + 1))
    twice = 2 * k + a + b - 2
    squares[1:] = 4 * k * (k + a - 1) * (k + b - 1) * (k + a + b - 2) / (twice**2 * (twice + 1) * (twice - 1))
    values, vectors = eigh_tridiagonal(diagonal, np.sqrt(squares))
    return np.clip((1 + values) / 2, _LEAST, _MOST), vectors[0] ** 2
