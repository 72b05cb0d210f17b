"""Means over a beta distribution: exact for polynomials of any shapes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import hyp2f1, poch

from orchestration.science.quadrature import beta_nodes


@given(st.floats(1e-3, 1e4), st.floats(1e-3, 1e4))
@settings(deadline=None)
def test_the_moments_are_those_of_the_distribution(a: float, b: float) -> None:
    p, shares = beta_nodes(a, b)
    assert ((p > 0) & (p < 1)).all()
    assert (shares >= 0).all()
    for moment in range(8):
        assert shares @ p**moment == pytest.approx(poch(a, moment) / poch(a + b, moment), rel=1e-8)


@pytest.mark.parametrize("reach", [0.1, 1.0, 10.0])
def test_a_function_with_a_pole_near_the_interval_is_integrated_too(reach: float) -> None:
    """The mean of (1 + reach p)^-1 is 2F1(1, a; a+b; -reach)."""
    p, shares = beta_nodes(0.8, 2.4)
    assert shares @ (1 / (1 + reach * p)) == pytest.approx(hyp2f1(1, 0.8, 3.2, -reach), rel=1e-10)


@pytest.mark.parametrize(("a", "b"), [(0, 1), (1, 0), (-1, 1), (np.nan, 1)])
def test_invalid_shapes_raise(a: float, b: float) -> None:
    with pytest.raises(ValueError, match="positive shapes"):
        beta_nodes(a, b)
