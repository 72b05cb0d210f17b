"""Segments shrunk towards all customers: by how much they differ, and how little their data say."""

from __future__ import annotations

import numpy as np
import pytest

from orchestration.science.beta_geometric import NAMES, ROTATIONS, Fit, Parameters, fit
from orchestration.science.maximum_likelihood import Pooling, partial_pooling
from orchestration.science.purchase_likelihoods import likelihood_of
from tests.unit.science.simulated import Customers, customers


def pooled_and_segments(
    truths: list[Parameters], counts: list[int], seed: int
) -> tuple[Fit, Pooling, list[Fit], list[Customers]]:
    rng = np.random.default_rng(seed)
    drawn = [customers(rng, truth, rng.uniform(20, 104, count)) for truth, count in zip(truths, counts, strict=True)]
    together = [np.concatenate([getattr(each, name) for each in drawn]) for name in ("x", "t_x", "T")]
    x, t_x, T = together
    pooled = fit("bg_nbd", x, t_x, T)
    centre = np.log([getattr(pooled.parameters, name) for name in NAMES])
    pooling = partial_pooling(
        [likelihood_of("bg_nbd", each.x, each.t_x, each.T) for each in drawn], NAMES, centre, ROTATIONS[4]
    )
    return pooled, pooling, [fit("bg_nbd", each.x, each.t_x, each.T, pooling=pooling) for each in drawn], drawn


def rate(parameters: Parameters) -> float:
    return parameters.r / parameters.alpha


SLOW = Parameters("bg_nbd", 1.0, 20.0, 0.8, 3.0)
FAST = Parameters("bg_nbd", 1.0, 5.0, 0.8, 3.0)


def test_a_large_segment_keeps_its_own_fit() -> None:
    _, _, found, drawn = pooled_and_segments([SLOW, FAST], [8_000, 8_000], 1)
    for shrunk, each in zip(found, drawn, strict=True):
        own = fit("bg_nbd", each.x, each.t_x, each.T)
        assert rate(shrunk.parameters) == pytest.approx(rate(own.parameters), rel=0.02)


def test_a_segment_of_four_lies_near_all_and_has_a_fit() -> None:
    """Alone, four customers have no maximum; with the others they have, between their own rate and that of all."""
    pooled, pooling, found, drawn = pooled_and_segments([SLOW, SLOW, FAST], [2_000, 2_000, 4], 2)
    assert not found[2].is_degenerate
    off = np.log(rate(found[2].parameters) / rate(pooled.parameters))
    assert abs(off) < 2 * np.sqrt(2 * pooling.variances.max())
    observed = drawn[2].x.sum() / drawn[2].T.sum()
    assert np.sign(off) == np.sign(np.log(observed / (drawn[0].x.sum() / drawn[0].T.sum()))) or abs(off) < 0.05


def test_equal_segments_are_pooled_more_than_different_ones() -> None:
    equal = pooled_and_segments([SLOW] * 6, [400] * 6, 3)[1]
    different = pooled_and_segments([SLOW, FAST] * 3, [400] * 6, 3)[1]
    assert equal.variances[0] < different.variances[0] / 3


def test_small_segments_are_nearer_to_the_truth_than_alone() -> None:
    """Over 12 companies of eight segments with rates of their own: the mean squared error of the log rate."""
    rng = np.random.default_rng(0)
    alone, shrunk = [], []
    for seed in range(12):
        truths = [Parameters("bg_nbd", 1.0, float(12 * np.exp(rng.normal(0, 0.3))), 0.8, 3.0) for _ in range(8)]
        _, _, found, drawn = pooled_and_segments(truths, [40] * 8, seed)
        for truth, each, result in zip(truths, drawn, found, strict=True):
            own = fit("bg_nbd", each.x, each.t_x, each.T)
            alone.append(np.log(rate(own.parameters) / rate(truth)) ** 2)
            shrunk.append(np.log(rate(result.parameters) / rate(truth)) ** 2)
    assert np.mean(shrunk) < np.mean(alone) * 0.7


def test_the_penalty_has_the_gradient_of_its_value() -> None:
    centre, at = np.log([1.0, 9.0, 0.7, 3.0]), np.log([1.5, 5.0, 0.9, 2.0])
    pooling = Pooling(centre, ROTATIONS[4], np.array([0.1, 0.5, 0.2, 0.9]))
    of = pooling.penalised(lambda _: (0.0, np.zeros(4)))
    slope = [(of(at + step)[0] - of(at - step)[0]) / 2e-6 for step in np.eye(4) * 1e-6]
    assert of(at)[1] == pytest.approx(slope, rel=1e-6)
    assert ROTATIONS[4] @ ROTATIONS[4].T == pytest.approx(np.eye(4))
