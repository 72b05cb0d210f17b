"""The plain world follows the textbook models: fits of its files recover the parameters.

Twenty thousand customers, five seeds, every parameter of every segment. Repeat purchase days at day resolution, spend
per purchase day; each estimate within three standard errors for four of the five seeds at least. Refitted twice: by the
textbook likelihoods of these tests, and by the models of the warehouse.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from orchestration.science import beta_geometric as purchases
from orchestration.science import gamma_gamma as spend
from tests.unit.demo.fits import Floats, bg_nbd, fit, gamma_gamma
from tests.unit.demo.histories import purchase_histories
from tests.unit.demo.truths import LEAST_SEEDS, SEEDS, STANDARD_ERRORS, demo

# One worker makes the companies, for all tests of this file.
pytestmark = pytest.mark.xdist_group("plain worlds")

BG_NBD = ("r", "alpha", "a", "b")
GAMMA_GAMMA = ("p", "q", "v")


# The logs of the parameters and their standard errors, of x, t_x, T or of x, z.
Estimator = Callable[..., tuple[Floats, Floats]]


def textbook_purchases(x: Floats, t_x: Floats, big_t: Floats) -> tuple[Floats, Floats]:
    return fit(bg_nbd(x, t_x, big_t), np.array([1.0, 10.0, 1.0, 3.0]))


def textbook_spend(x: Floats, z: Floats) -> tuple[Floats, Floats]:
    return fit(gamma_gamma(x, z), np.array([3.0, 3.0, z.mean()]))


def on_log_scale(found: purchases.Fit | spend.Fit, names: tuple[str, ...]) -> tuple[Floats, Floats]:
    assert found.problem is None
    values = np.array([getattr(found.parameters, name) for name in names])
    return np.log(values), np.array([found.standard_errors[name] for name in names]) / values


def our_purchases(x: Floats, t_x: Floats, big_t: Floats) -> tuple[Floats, Floats]:
    return on_log_scale(purchases.fit("bg_nbd", x, t_x, big_t), BG_NBD)


def our_spend(x: Floats, z: Floats) -> tuple[Floats, Floats]:
    return on_log_scale(spend.fit(x, z), GAMMA_GAMMA)


ESTIMATORS: Mapping[str, tuple[Estimator, Estimator]] = {
    "textbook": (textbook_purchases, textbook_spend),
    "ours": (our_purchases, our_spend),
}


@dataclass(frozen=True)
class World:
    """The part of a company that the tests keep in memory."""

    segments: list[dict[str, Any]]
    histories: pd.DataFrame


def standard_errors_off(world: World, of_purchases: Estimator, of_spend: Estimator) -> pd.Series:
    """By segment and parameter: distance from the truth in standard errors."""
    off: dict[tuple[str, str], float] = {}

    def compare(segment: dict[str, Any], names: tuple[str, ...], estimate: tuple[Floats, Floats]) -> None:
        for name, found, error in zip(names, *estimate, strict=True):
            off[segment["name"], name] = (found - np.log(segment[name])) / error

    for segment in world.segments:
        own = world.histories[world.histories["segment"] == segment["name"]]
        compare(segment, BG_NBD, of_purchases(*(own[name].to_numpy(dtype=float) for name in ("x", "t_x", "T"))))
        spent = own[own["x"] > 0]
        compare(segment, GAMMA_GAMMA, of_spend(*(spent[name].to_numpy(dtype=float) for name in ("x", "z"))))
    return pd.Series(off)


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> dict[int, World]:
    """One world per seed."""
    found = {}
    for seed in SEEDS:
        folder = tmp_path_factory.mktemp("plain") / str(seed)
        plain = demo(folder, customers=20_000, seed=seed, world="plain", systems=("shop",))
        found[seed] = World(plain.parameters["segments"], purchase_histories(plain))
    return found


@pytest.fixture(scope="module", params=ESTIMATORS)
def off(request: pytest.FixtureRequest, worlds: dict[int, World]) -> pd.DataFrame:
    """Distance from the truth in standard errors: one row per segment and parameter, one column per seed."""
    return pd.DataFrame(
        {seed: standard_errors_off(world, *ESTIMATORS[request.param]) for seed, world in worlds.items()}
    )


@pytest.mark.parametrize("parameter", [*BG_NBD, *GAMMA_GAMMA])
@pytest.mark.parametrize("segment", ["consumer", "premium", "small_business", "enterprise"])
def test_a_refit_gives_the_parameter_back(off: pd.DataFrame, segment: str, parameter: str) -> None:
    errors = off.to_numpy()[off.index.get_loc((segment, parameter))]
    assert (np.abs(errors) <= STANDARD_ERRORS).sum() >= LEAST_SEEDS, errors


def test_standard_errors_match_the_spread_of_estimates(off: pd.DataFrame) -> None:
    """Estimates too close to the truth or off to one side would show wrong standard errors or a bias."""
    assert 0.7 < np.sqrt((off.to_numpy() ** 2).mean()) < 1.3, off.round(2).to_string()


def test_nothing_acts_in_the_plain_world(tmp_path: Path) -> None:
    effects = demo(tmp_path / "plain", customers=50, seed=SEEDS[0], world="plain").parameters["effects"]
    acting = {name for name, size in effects.items() if isinstance(size, float) and size}
    assert acting == {"late_share", "crisis_late_share"}
    assert effects["late_share"] == effects["crisis_late_share"]
