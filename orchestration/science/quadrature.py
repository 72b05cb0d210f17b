"""Means over a beta distribution, which is how the customers of these models differ in their wish to leave.

Gauss-Jacobi quadrature has positive weights: the mean of something between two bounds stays between them, a mean of
growing functions grows, and no parameter needs a limit of its own. The closed forms of the papers, by the
hypergeometric function, cancel near a = 1 and overflow or have no value for large arguments; the tests compare the two
where both hold.
Keep out what is averaged.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.linalg import eigh_tridiagonal

Floats = npt.NDArray[np.float64]

NODES = 64
# A node may come out as zero or one, or beyond by rounding; what is averaged divides by p and takes the log of 1 - p.
_LEAST, _MOST = 1e-300, 1 - 2**-53


def beta_nodes(a: float, b: float, count: int = NODES) -> tuple[Floats, Floats]:
    """Points and weights by which ``weights @ f(points)`` is the mean of f(p) for p ~ Beta(a, b).

    Exact for polynomials of degree below ``2 * count``. For a function that is smooth but for a pole at ``-1 / t`` the
    error falls as ``(1 + 2 / t + 2 * sqrt(1 / t + 1 / t**2)) ** (-2 * count)``.

    Source: Golub and Welsch (1969), Calculation of Gauss quadrature rules, Mathematics of Computation 23:221-230.

    Args:
        a: first shape, positive.
        b: second shape, positive.
        count: how many points, at least two.

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
