"""From a star to a forecast: results of grouped histories equal results per customer."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from orchestration.science import beta_geometric
from orchestration.science.purchase_likelihoods import Variant
from tests.integration.clv import oracle
from tests.integration.clv.small_company import AS_OF, SmallCompany, draw_calendar_periods, draw_orders, draw_periods
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
    variants: tuple[Variant, ...] = ("bg_nbd", "mbg_nbd")
    for model in variants:
        fit = small_company.fits().loc[f"retail/{model}/{AS_OF}"]
        x, t_x, observed = (known[name].to_numpy(float) for name in ("x", "t_x", "T"))
        alone = beta_geometric.fit(model, x, t_x, observed)
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
    assert len(values) > 100
    for customer, row in values.to_dict("index").items():
        period, stays, worth = last[str(customer)], 1.0, 0.0
        due = period["ends_date"]
        for renewal in range(period["period_number"], 1000):
            if (due - AS_OF).days >= 365:
                break
            stays *= (b + renewal - 1) / (a + b + renewal - 1)
            worth += 20 * rate * stays / 1.1 ** ((due - AS_OF).days / 365)
            due += timedelta(days=30)
        assert float(row["residual_value_amount"]) == pytest.approx(worth, abs=0.01), customer
        # the contract is lost unless every renewal of the horizon comes
        assert row["contract_renewal_status"] == "due"
        assert float(row["contract_loss_probability"]) == pytest.approx(1 - stays, abs=2e-6), customer
        assert float(row["customer_loss_probability"]) == float(row["contract_loss_probability"])


def test_monthly_and_yearly_contracts_are_renewed_by_the_calendar(small_company: SmallCompany) -> None:
    """Twelve months or one year lie in every horizon of 365 days, wherever in it the next renewal is due."""
    monthly = draw_calendar_periods(4, months=1)
    yearly = draw_calendar_periods(5, months=12, prefix="y", plan="yearly")
    far = {"subscription_source_id": "far", "customer_id": "far", "plan": "yearly", "period_number": 1}
    far |= {"started_date": AS_OF - timedelta(days=1), "ends_date": date(2027, 12, 31)}
    small_company.night(draw_orders(2), periods=[*monthly, *yearly, far])
    values = small_company.values()
    values = values[values["open_contract_count"] > 0]
    last = {period["customer_id"]: period for period in (*monthly, *yearly)}
    fits = small_company.fits().to_dict("index")
    for customer, row in values.drop(index="far").to_dict("index").items():
        period, fit = last[str(customer)], fits[row["contract_fit_id"]]
        a, b, renewals = float(fit["a"]), float(fit["b"]), period["period_number"] - 1
        due = 12 if str(customer).startswith("s") else 1
        stays = np.prod([(b + n) / (a + b + n) for n in range(renewals, renewals + due)])
        assert float(row["contract_loss_probability"]) == pytest.approx(1 - stays, abs=2e-6), customer
    not_due = values.to_dict("index")["far"]
    assert not_due["contract_renewal_status"] == "not_due"
    assert (float(not_due["contract_loss_probability"]), float(not_due["customer_loss_probability"])) == (0, 0)


@pytest.mark.parametrize("delivered", ["all periods of those who survived", "periods since the start"])
def test_contracts_older_than_the_history_leave_the_parameters_unbiased(
    small_company: SmallCompany, delivered: str
) -> None:
    """Six years of contracts of the demo's plan, delivered from the deployment's history_start_date on: two years."""
    start, a, b = date(2024, 1, 1), 0.9, 7.0
    assert small_company.deployment.history_start_date == start
    every = draw_periods(11, count=8_000, days=6 * 365, shapes=(a, b))
    if delivered == "periods since the start":
        periods = [period for period in every if period["started_date"] >= start]
    else:
        known = {period["customer_id"] for period in every if period["ends_date"] >= start}
        periods = [period for period in every if period["customer_id"] in known]
    small_company.night([], periods=periods)
    fit = small_company.fits().to_dict("index")[f"single/sbg/{AS_OF}"]
    assert fit["remark"] is None
    for name, truth in (("a", a), ("b", b)):
        assert abs(float(fit[name]) - truth) < 3 * float(fit[f"{name}_standard_error"]), fit


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
    # two full models, NBD and the spend model, of the segment and of all; no mean, because an earlier fit is kept
    assert sorted(refused["model"]) == sorted(["bg_nbd", "mbg_nbd", "nbd", "gamma_gamma"] * 2)
    assert refused["refusal_reason"].notna().all()
    assert not (refused["is_chosen"] | refused["is_in_use"]).any()
    # a week later the kept parameters score histories that are a week longer
    purchases = pd.DataFrame(orders).rename(columns={"ordered_date": "day", "net_amount": "amount"})
    known, by_id = oracle.histories(purchases, second_night).sort_index(), fits.to_dict("index")
    expected = oracle.forecasts(known, by_id[kept["purchase_fit_id"].iloc[0]], by_id[kept["spend_fit_id"].iloc[0]])
    np.testing.assert_allclose(kept["alive_probability"].astype(float), expected["alive_probability"], atol=1e-6)


def test_a_refused_fit_without_a_predecessor_is_replaced_by_the_mean(small_company: SmallCompany) -> None:
    orders = draw_orders(2)
    small_company.with_limit(1e-6).night(orders)
    values = small_company.values()
    assert values["no_forecast_reason"].isna().all()
    assert set(values["method"]) == set(values["spend_method"]) == {"pooled_mean"}
    purchases = pd.DataFrame(orders).rename(columns={"ordered_date": "day", "net_amount": "amount"})
    known = oracle.histories(purchases, AS_OF)
    rate = (known["x"].sum() + 0.5) / known["T"].sum()
    assert values["expected_orders"].astype(float).tolist() == pytest.approx([rate * 365 / 7] * len(known), abs=1e-6)


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
