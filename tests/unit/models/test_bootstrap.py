"""The bootstrap over customers, against the same bootstrap in numpy."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from scipy import stats

from tests.models import Models

pytestmark = pytest.mark.xdist_group("models")

Floats = NDArray[np.float64]
FIGURES = ["net_low", "net_high", "mean_low", "mean_high", "total_low", "total_high"]


@pytest.fixture(scope="module")
def revenues() -> pd.DataFrame:
    """Skewed revenue of 400 customers in two segments; a third of them left."""
    rng = np.random.default_rng(16)
    base = np.exp(rng.normal(3, 1, 400)).round(2)
    kept = np.where(rng.random(400) < 0.66, base * rng.uniform(0.5, 1.6, 400), 0).round(2)
    return pd.DataFrame(
        {
            "customer_id": [f"customer {number}" for number in range(400)],
            "segment": np.where(np.arange(400) < 60, "small", "large"),
            "base_amount": base,
            "kept_amount": kept,
        }
    )


def weights_of(customer_ids: Sequence[str]) -> Floats:
    """By replicate and customer, the Poisson quantile of the hash of bucket and replicate."""
    digests = [hashlib.md5(name.encode()).hexdigest() for name in customer_ids]
    buckets = [digest[:2] + ("0" if digest[2] < "8" else "8") for digest in digests]
    chances = [
        [int(hashlib.md5(f"{bucket}|{replicate}".encode()).hexdigest()[:8], 16) / 16**8 for bucket in buckets]
        for replicate in range(1, 101)
    ]
    # the smallest number whose distribution function exceeds the chance
    return np.searchsorted(stats.poisson(1).cdf(np.arange(9)), np.array(chances), side="right").astype(float)


def expected(rows: pd.DataFrame) -> list[float]:
    """Both limits of every figure, on the scale of the logarithm."""
    weights = weights_of(rows["customer_id"].tolist())
    kept, base = rows["kept_amount"].to_numpy(), rows["base_amount"].to_numpy()
    limits = []
    for below in (base, np.ones(len(rows)), None):
        figure = kept.sum() / (1 if below is None else below.sum())
        replicates = weights @ kept / (1 if below is None else weights @ below)
        factor = np.exp(1.959964 * np.log(replicates).std(ddof=1))
        limits += [figure / factor, figure * factor]
    return limits


def test_the_limits_of_every_group_are_those_of_a_poisson_bootstrap(models: Models, revenues: pd.DataFrame) -> None:
    rows = models.rows("limits", revenues=revenues).set_index("segment")
    assert sorted(rows.index) == ["large", "small"]
    for segment, of_segment in revenues.groupby("segment"):
        assert rows.loc[[segment], FIGURES].to_numpy()[0].tolist() == pytest.approx(expected(of_segment), rel=1e-9)
    [row] = models.rows("limits_of_all", revenues=revenues)[FIGURES].to_numpy().tolist()
    assert row == pytest.approx(expected(revenues), rel=1e-9)


def test_limits_depend_on_the_customers_and_not_on_the_order_or_number_of_their_rows(
    models: Models, revenues: pd.DataFrame
) -> None:
    halves = revenues.assign(base_amount=revenues["base_amount"] / 2, kept_amount=revenues["kept_amount"] / 2)
    split = pd.concat([halves, halves]).sample(frac=1, random_state=3)
    columns = ["net_low", "net_high", "total_low", "total_high"]
    once, twice = (models.rows("limits_of_all", revenues=rows)[columns] for rows in (revenues, split))
    assert twice.to_numpy() == pytest.approx(once.to_numpy(), rel=1e-9)


def test_a_figure_of_zero_has_no_limits(models: Models, revenues: pd.DataFrame) -> None:
    rows = models.rows("limits_of_all", revenues=revenues.assign(kept_amount=0.0))
    assert rows[FIGURES].isna().all(axis=None)


def test_weights_are_poisson_numbers_of_mean_one(models: Models) -> None:
    draws = pd.DataFrame({"customer_id": [f"{number}" for number in range(500)]})
    draws = draws.merge(pd.DataFrame({"replicate": range(1, 201)}), how="cross")
    rows = models.rows("weights", draws=draws)
    assert rows["bucket"].str.fullmatch("[0-9a-f]{2}[08]").all()
    found = rows["weight"].value_counts(normalize=True)
    for weight in range(6):
        chance = stats.poisson(1).pmf(weight)
        assert abs(found.get(weight, 0) - chance) < 4 * np.sqrt(chance * (1 - chance) / len(rows))
