"""Simulates BG/NBD and MBG/NBD customers event by event, without the formulas of the models."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from orchestration.science.beta_geometric import Parameters

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Customers:
    """Histories and latent values: shape (n,) each.

    Attributes:
        later: orders within the horizon after T.
        is_alive: whether the customer is alive at T.
    """

    x: Floats
    t_x: Floats
    T: Floats
    later: Floats
    is_alive: npt.NDArray[np.bool_]


def customers(rng: np.random.Generator, parameters: Parameters, T: Floats, horizon: float = 0.0) -> Customers:
    """Draw one customer per T (weeks), with the orders in the ``horizon`` weeks after it."""
    count = len(T)
    rate = rng.gamma(parameters.r, 1 / parameters.alpha, count)
    dropout = rng.beta(parameters.a, parameters.b, count)
    x, t_x, later, at = (np.zeros(count) for _ in range(4))
    left_at = np.full(count, np.inf)
    active = np.arange(count)
    if parameters.variant == "mbg_nbd":
        leaves = rng.random(count) < dropout
        left_at[leaves] = 0.0
        active = active[~leaves]
    while len(active):
        with np.errstate(divide="ignore", over="ignore"):
            at[active] += rng.exponential(size=len(active)) / rate[active]
        active = active[at[active] <= T[active] + horizon]
        seen = active[at[active] <= T[active]]
        x[seen] += 1
        t_x[seen] = at[seen]
        later[active] += at[active] > T[active]
        leaves = rng.random(len(active)) < dropout[active]
        left_at[active[leaves]] = at[active[leaves]]
        active = active[~leaves]
    return Customers(x, t_x, T, later, left_at > T)
