"""The published figures of CDNOW: 2,357 customers, 39 weeks of calibration, 39 weeks of holdout."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from orchestration.science import beta_geometric, gamma_gamma
from orchestration.science.beta_geometric import expected_repeat_orders
from orchestration.science.holdout import calibration
from orchestration.science.purchase_likelihoods import log_likelihood
from orchestration.science.season import expected_per_day, no_season
from tests.unit.science import cdnow


@pytest.fixture(scope="module")
def fit() -> beta_geometric.Fit:
    return beta_geometric.fit("bg_nbd", *cdnow.histories())


@pytest.fixture(scope="module")
def spending() -> gamma_gamma.Fit:
    table = cdnow.spending()
    return gamma_gamma.fit(table["x"].to_numpy(float), table["z"].to_numpy(float))


@pytest.fixture(scope="module")
def later() -> pd.Series:
    """Purchase days of the 39 weeks after the calibration, by customer."""
    days = cdnow.purchase_days()
    return days[days["day"] > cdnow.CALIBRATION_END].groupby("customer").size()


def test_the_master_file_is_what_the_papers_describe() -> None:
    master = cdnow.master()
    days = master.groupby(["customer", "day"], as_index=False)["amount"].sum()
    assert len(master) == 69_659
    assert master["customer"].nunique() == 23_570
    assert len(days) == 67_591
    assert master["amount"].sum() == pytest.approx(2_500_315.63, abs=0.005)
    assert (master["day"].min(), master["day"].max()) == (19970101, 19980630)
    assert (master["amount"] == 0).sum() == 80
    assert master.duplicated().sum() == 255
    assert (days.groupby("customer").size() == 1).sum() == 12_054
    spent = days.groupby("customer")["amount"].sum().sort_values(ascending=False)
    assert spent.mean() == pytest.approx(106.0804, abs=5e-5)
    assert spent.head(2_357).sum() / spent.sum() == pytest.approx(0.5094, abs=5e-5)


def test_purchase_days_give_the_published_histories() -> None:
    published = cdnow.summary().set_index("customer")
    days = cdnow.purchase_days()
    known = days[days["day"] <= cdnow.CALIBRATION_END].groupby("customer")["day"].agg(["count", "min", "max"])
    assert (known["count"] - 1 == published["x"]).all()
    assert np.abs((known["max"] - known["min"]).dt.days / 7 - published["t_x"]).max() < 0.0043
    assert np.abs((cdnow.CALIBRATION_END - known["min"]).dt.days / 7 - published["T"]).max() < 0.0043
    assert ((published["x"] == 0).sum(), published["x"].sum()) == (1_411, 2_457)


def test_the_parameters_and_their_likelihood(fit: beta_geometric.Fit) -> None:
    found = fit.parameters
    assert (found.r, found.alpha) == pytest.approx((0.2425929, 4.4135320), rel=2e-6)
    assert (found.a, found.b) == pytest.approx((0.7928862, 2.4257537), rel=2e-6)
    assert fit.log_likelihood == pytest.approx(-9582.42556, abs=5e-6)
    assert (fit.customer_count, fit.history_count, fit.is_degenerate) == (2_357, 2_357, False)


def test_the_likelihood_at_the_parameters_as_the_paper_rounds_them() -> None:
    at = log_likelihood("bg_nbd", *cdnow.histories(), np.ones(2_357))
    assert at(np.log([0.243, 4.414, 0.793, 2.426]))[0] == pytest.approx(-9582.42683, abs=5e-6)


def test_the_published_forecast_of_one_customer(fit: beta_geometric.Fit) -> None:
    customer = (np.array([2.0]), np.array([30.43]), np.array([38.86]))
    assert beta_geometric.p_alive(fit.parameters, *customer)[0] == pytest.approx(0.7266, abs=5e-5)
    assert beta_geometric.expected_orders(fit.parameters, *customer, 39)[0] == pytest.approx(1.226, abs=5e-4)


def test_the_published_forecast_of_a_new_customer(fit: beta_geometric.Fit) -> None:
    """The authors' spreadsheet; beyond these times it truncates its series too early."""
    orders = beta_geometric.expected_repeat_orders(fit.parameters, np.array([1 / 7, 1.0, 3.0, 223 / 7, 32.0]))
    assert orders == pytest.approx([0.0078, 0.0532, 0.1506, 1.0405, 1.0437], abs=5e-5)


def test_the_published_figures_of_mbg_nbd() -> None:
    """Figures from the tests of BTYDplus and lifetimes, two independent implementations."""
    found = beta_geometric.fit("mbg_nbd", *cdnow.histories()).parameters
    assert (found.r, found.alpha, found.a, found.b) == pytest.approx((0.525, 6.183, 0.891, 1.614), abs=6e-4)
    customer = (np.array([2.0]), np.array([30.43]), np.array([38.86]))
    assert beta_geometric.p_alive(found, *customer)[0] == pytest.approx(0.70613, abs=1e-5)
    assert beta_geometric.expected_orders(found, *customer, 39)[0] == pytest.approx(1.26267, abs=1e-5)


def test_the_holdout(fit: beta_geometric.Fit, later: pd.Series) -> None:
    x, t_x, T = cdnow.histories()
    actual = later.reindex(cdnow.summary()["customer"]).fillna(0.0).to_numpy()
    expected = beta_geometric.expected_orders(fit.parameters, x, t_x, T, cdnow.HOLDOUT_WEEKS)
    assert (actual.sum(), actual[x == 0].sum()) == (1_882, 334)
    assert actual[x == 0].mean() == pytest.approx(0.24, abs=0.005)
    assert expected.sum() == pytest.approx(1_653.4, abs=0.05)
    assert np.corrcoef(expected, actual)[0, 1] == pytest.approx(0.626, abs=5e-4)
    found = calibration(expected, actual, np.ones(len(x)))
    assert found.aggregate_error == pytest.approx(-0.12, abs=0.005)
    assert found.actual_orders.sum() == 1_882


def test_the_tracking_plot(fit: beta_geometric.Fit, later: pd.Series) -> None:
    first = cdnow.purchase_days().groupby("customer")["day"].min()
    births = np.bincount((first - cdnow.START).dt.days).astype(float)
    weeks = cdnow.WEEKS + cdnow.HOLDOUT_WEEKS
    first_counts = np.zeros(weeks * 7)
    first_counts[: len(births)] = births
    expected = expected_per_day(
        no_season(), date(1998, 6, 30), first_counts, lambda passed: expected_repeat_orders(fit.parameters, passed)
    )
    assert expected.sum() == pytest.approx(4_160.6, abs=0.05)
    assert cdnow.summary()["x"].sum() + later.sum() == 4_339


def test_the_published_spend_parameters(spending: gamma_gamma.Fit) -> None:
    table = cdnow.spending()
    found = spending.parameters
    assert spending.customer_count == len(table) == 946
    assert table["z"].mean() == pytest.approx(35.0786, abs=5e-5)
    assert (found.p, found.q, found.v) == pytest.approx((6.2488, 3.7446, 15.4478), abs=6e-5)
    assert spending.log_likelihood == pytest.approx(-4055.92324, abs=5e-6)
    assert spending.correlation == pytest.approx(0.1139, abs=5e-5)
    assert gamma_gamma.population_mean(found) == pytest.approx(35.17, abs=0.005)


def test_the_population_mean_at_the_parameters_as_the_paper_rounds_them() -> None:
    assert gamma_gamma.population_mean(gamma_gamma.Parameters(6.25, 3.74, 15.44)) == pytest.approx(35.22, abs=0.005)
