"""From a star to a forecast: results of grouped histories equal results per customer."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from orchestration.science import beta_geometric
from tests.integration.clv import oracle
from tests.integration.clv.small_company import AS_OF, SmallCompany, draw_orders, draw_periods
from tests.unit.science import cdnow

FIGURES = ["alive_probability", "no_order_probability", "expected_orders", "residual_value_amount"]


def test_scores_by_history_equal_scores_by_customer(
    small_company: SmallCompany,
) -> None:
    orders = draw_orders(2)
    small_company.night(orders)
    values, fits = small_company.values(), small_company.fits().to_dict("index")
    purchases = pd.DataFrame(orders).rename(columns={"ordered_date": "day", "net_amount": "amount"})
    known = oracle.histories(purchases, AS_OF).sort_index()
    assert values["model_repeat_count"].tolist() == known["x"].tolist()
    assert values["model_last_purchase_weeks"].tolist() == known["t_x"].tolist()
    assert values["model_observed_weeks"].tolist() == known["T"].tolist()

    expected = oracle.forecasts(known, fits[values["purchase_fit_id"].iloc[0]], fits[values["spend_fit_id"].iloc[0]])
    rate = purchases["margin_amount"].sum() / purchases["amount"].sum()
    for column in ("alive_probability", "no_order_probability", "expected_orders"):
        np.testing.assert_allclose(values[column].astype(float), expected[column], atol=1e-6)
    np.testing.assert_allclose(values["expected_order_amount"].astype(float), expected["worth"], atol=0.006)
    residual = rate * expected["worth"] * expected["discounted"]
    np.testing.assert_allclose(values["residual_value_amount"].astype(float), residual, atol=0.006, rtol=1e-4)


def test_a_grouped_fit_has_the_likelihood_of_the_customers(small_company: SmallCompany) -> None:
    orders = draw_orders(2)
    small_company.night(orders)
    purchases = pd.DataFrame(orders).rename(columns={"ordered_date": "day", "net_amount": "amount"})
    known = oracle.histories(purchases, AS_OF)
    variants: tuple[beta_geometric.Variant, ...] = ("bg_nbd", "mbg_nbd")
    for model in variants:
        fit = small_company.fits().loc[f"retail/{model}/{AS_OF}"]
        alone = beta_geometric.fit(model, *(known[name].to_numpy(float) for name in ("x", "t_x", "T")))
        assert fit["customer_count"] == len(known)
        assert fit["history_count"] == len(known[["x", "t_x", "T"]].drop_duplicates())
        assert fit["log_likelihood"] == pytest.approx(alone.log_likelihood, rel=1e-9)
        assert fit["r"] == pytest.approx(alone.parameters.r, rel=1e-3)


def test_contract_value_is_the_sum_of_its_renewals(small_company: SmallCompany) -> None:
    small_company.night(draw_orders(2), periods=draw_periods(3))
    values = small_company.values()
    values = values[values["open_contract_count"] > 0]
    fit = small_company.fits().loc[values["contract_fit_id"].iloc[0]]
    last = {period["customer_id"]: period for period in draw_periods(3)}
    a, b, rate = float(fit["a"]), float(fit["b"]), float(values["margin_rate"].iloc[0])
    published = values["residual_value_amount"].astype(float).to_dict()
    assert len(published) > 100
    for customer, amount in published.items():
        period, stays, worth = last[customer], 1.0, 0.0
        due = period["ends_date"]
        for renewal in range(period["period_number"], 1000):
            if (due - AS_OF).days >= 365:
                break
            stays *= (b + renewal - 1) / (a + b + renewal - 1)
            worth += 20 * rate * stays / 1.1 ** ((due - AS_OF).days / 365)
            due += timedelta(days=30)
        assert amount == pytest.approx(worth, abs=0.01), customer


def test_a_refused_fit_is_replaced_by_the_last_good_one(small_company: SmallCompany) -> None:
    orders = draw_orders(2)
    first_night, second_night = AS_OF, AS_OF + timedelta(days=7)
    small_company.night(orders, as_of=first_night)
    good = small_company.values()
    assert not good["is_fit_kept"].any()

    strict = small_company.with_limit(1e-6)
    strict.night(orders, as_of=second_night)
    kept, fits = strict.values(), strict.fits()

    assert kept["is_fit_kept"].all()
    assert set(kept["fit_date"].dt.date) == {first_night}
    assert kept["purchase_fit_id"].equals(good["purchase_fit_id"])
    refused = fits[fits["as_of_date"].dt.date == second_night]
    assert len(refused) == len(fits) / 2 == 6
    assert refused["refusal_reason"].str.contains("holdout error: .* the limit is 0.0%").all()
    assert not (refused["is_chosen"] | refused["is_in_use"]).any()
    # a week later the kept parameters score histories that are a week longer
    purchases = pd.DataFrame(orders).rename(columns={"ordered_date": "day", "net_amount": "amount"})
    known, by_id = oracle.histories(purchases, second_night).sort_index(), fits.to_dict("index")
    expected = oracle.forecasts(known, by_id[kept["purchase_fit_id"].iloc[0]], by_id[kept["spend_fit_id"].iloc[0]])
    np.testing.assert_allclose(kept["alive_probability"].astype(float), expected["alive_probability"], atol=1e-6)


def test_a_refused_fit_without_a_predecessor_gives_no_forecast(small_company: SmallCompany) -> None:
    small_company.with_limit(1e-6).night(draw_orders(2))
    values = small_company.values()
    assert set(values["no_forecast_reason"]) == {"no_purchase_fit"}
    assert set(values["value_tier"]) == {"unknown"}
    assert values[FIGURES].isna().all(axis=None)


def test_results_do_not_depend_on_repetition_or_order_of_nights(
    small_company: SmallCompany,
) -> None:
    orders, later = draw_orders(2), AS_OF + timedelta(days=1)
    strict = small_company.with_limit(1e-6)
    small_company.night(orders)
    first = small_company.values()
    strict.night(orders, as_of=later)
    second, history = strict.values(), strict.fits()

    strict.night(orders, as_of=later)
    pd.testing.assert_frame_equal(strict.values(), second)
    pd.testing.assert_frame_equal(strict.fits(), history)
    small_company.night(orders)
    pd.testing.assert_frame_equal(small_company.values(), first)


def test_cdnow_histories_equal_the_published_ones(small_company: SmallCompany) -> None:
    days = cdnow.purchase_days()
    seen = days[days["day"] <= cdnow.CALIBRATION_END]
    columns = zip(seen["customer"], seen["day"], seen["amount"], strict=True)
    orders = [
        {"customer_id": f"{customer:05}", "ordered_date": day.date(), "net_amount": amount}
        for customer, day, amount in columns
    ]
    small_company.night(orders, as_of=date(1997, 10, 1))
    counted = small_company.query(
        "from science.science_customer_histories where cut_off = 'as_of' order by customer_id"
    )
    published = cdnow.summary().sort_values("customer", ignore_index=True)
    assert counted["repeat_count"].tolist() == published["x"].tolist()
    assert counted["last_purchase_weeks"].tolist() == published["t_x"].round().astype(int).tolist()
    assert counted["observed_weeks"].tolist() == published["T"].round().astype(int).tolist()
    pooled = small_company.fits().to_dict("index")["pooled/bg_nbd/1997-10-01"]
    # whole weeks instead of days: the published .243, 4.414, .793, 2.426 and -9582.4 change slightly
    assert pooled["customer_count"] == 2357
    parameters = [float(pooled[name]) for name in ("r", "alpha", "a", "b")]
    assert parameters == pytest.approx([0.243, 4.414, 0.793, 2.426], rel=0.05)
    assert float(pooled["log_likelihood"]) == pytest.approx(-9582.4, rel=0.002)
