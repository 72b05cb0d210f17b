"""Companies with little data for the models: the rows of the table in docs/metrics.md."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from orchestration.science import beta_geometric
from tests.integration.clv import oracle
from tests.integration.clv.small_company import AS_OF, SmallCompany, draw_orders, draw_periods

PROBABILITIES = ["alive_probability", "no_order_probability", "contract_loss_probability", "customer_loss_probability"]
AMOUNTS = ["expected_orders", "expected_order_amount", "expected_margin_amount", "residual_value_amount"]


def assert_sound(values: pd.DataFrame) -> None:
    """No figure is negative, infinite or NaN, and a missing one has a reason."""
    for columns, most in ((PROBABILITIES, 1.0), (AMOUNTS, 1e9)):
        figures = values[columns].astype(float)
        assert (figures.isna() | ((figures >= 0) & (figures <= most))).all(axis=None)
    assert (values["residual_value_amount"].isna() == values["no_forecast_reason"].notna()).all()
    assert ((values["value_tier"] == "unknown") == values["residual_value_amount"].isna()).all()


def reasons(values: pd.DataFrame) -> set[str]:
    return set(values["no_forecast_reason"].dropna())


def test_a_single_night_has_no_forecast(small_company: SmallCompany) -> None:
    small_company.night([{"customer_id": f"c{n}", "ordered_date": AS_OF - timedelta(days=1)} for n in range(150)])
    values = small_company.values()
    assert_sound(values)
    assert reasons(values) == {"no_purchase_fit"}
    assert set(small_company.fits()["refusal_reason"].dropna()) == {
        "no customer has a repeat purchase",
        "no customer has been observed for a week",
        "no repeat buyer has revenue",
    }


def test_a_company_without_customers_has_no_fit_and_no_row(small_company: SmallCompany) -> None:
    small_company.night([], customers=[{"customer_id": "looks"}])
    values = small_company.values()
    assert_sound(values)
    assert reasons(values) == {"no_order"}
    fits = small_company.fits()
    assert set(fits["model"]) == {"gamma_gamma", "credibility"}
    assert set(fits["refusal_reason"]) == {"no repeat buyer has revenue", "no purchase has revenue"}


def test_without_a_repeat_buyer_the_mean_rate_is_small_and_everyone_is_worth_the_mean(
    small_company: SmallCompany,
) -> None:
    """200 customers bought once: half a purchase in the weeks that all were observed."""
    days = range(1, 400, 2)
    small_company.night([{"customer_id": f"c{n}", "ordered_date": AS_OF - timedelta(days=n)} for n in days])
    values, fits = small_company.values(), small_company.fits()
    assert_sound(values)
    assert reasons(values) == set()
    assert set(values["method"]) == set(values["spend_method"]) == {"pooled_mean"}
    weeks = sum(round((n - 1) / 7) for n in days)
    assert values["expected_orders"].astype(float).tolist() == pytest.approx([0.5 / weeks * 365 / 7] * 200, abs=1e-6)
    assert (values["expected_orders_low"] < values["expected_orders"]).all()
    assert (values["expected_orders"] < values["expected_orders_high"]).all()
    assert set(values["expected_order_amount"].astype(float)) == {20.0}
    refused = fits[fits["refusal_reason"].notna()].groupby("model")["refusal_reason"].unique().explode()
    assert set(refused[["bg_nbd", "mbg_nbd", "nbd"]]) == {"no customer has a repeat purchase"}
    assert refused["gamma_gamma"] == "the purchases of a customer do not differ in amount" or (
        refused["gamma_gamma"] == "no repeat buyer has revenue"
    )


def test_a_shop_of_one_price_expects_that_price(small_company: SmallCompany) -> None:
    small_company.night(draw_orders(1, net_amount=9.5, margin_amount=4.0))
    values = small_company.values()
    assert_sound(values)
    assert reasons(values) == set()
    assert set(values["expected_order_amount"].astype(float)) == {9.5}
    assert set(values["spend_method"]) == {"pooled_mean"}
    assert set(values["method"]) == {"full_model"}
    spend = small_company.fits().loc[f"pooled/gamma_gamma/{AS_OF}"]
    assert spend["refusal_reason"] == "the purchases of a customer do not differ in amount"


def test_three_customers_are_forecast_by_their_mean(small_company: SmallCompany) -> None:
    """Seven purchases after the first ones of three customers."""
    bought = {"ada": (400, 300, 200, 90, 20), "ben": (350, 100, 60, 30), "cleo": (380,)}
    small_company.night(
        [
            {"customer_id": name, "ordered_date": AS_OF - timedelta(days=days)}
            for name, every in bought.items()
            for days in every
        ]
    )
    values = small_company.values()
    assert_sound(values)
    assert reasons(values) == set()
    weeks = sum(round((days[0] - 1) / 7) for days in bought.values())
    if set(values["method"]) == {"pooled_mean"}:
        assert values["expected_orders"].astype(float).tolist() == pytest.approx([7.5 / weeks * 365 / 7] * 3, abs=1e-6)
    assert values["expected_orders"].gt(0).all()


def test_customers_who_never_stop_are_forecast_without_dropout(small_company: SmallCompany) -> None:
    rng = np.random.default_rng(3)
    orders = []
    for number in range(150):
        gap = 1 / rng.gamma(4.0, 1 / 120)
        at = rng.uniform(0, 200)
        while at < 500:
            orders.append({"customer_id": f"c{number:03}", "ordered_date": AS_OF - timedelta(days=500 - int(at))})
            at += max(rng.exponential(gap), 1)
    small_company.night(orders)
    values, fits = small_company.values(), small_company.fits()
    assert_sound(values)
    assert set(values["method"]) == {"no_dropout"}
    assert (values["alive_probability"] == 1).all()
    assert fits.loc[f"pooled/bg_nbd/{AS_OF}", "refusal_reason"] == "no customer is seen to stop buying"


def test_of_six_years_two_are_delivered(small_company: SmallCompany) -> None:
    """History starts on 2024-01-01: customers who registered before are forecast, but not fitted."""
    orders = [row for row in draw_orders(5, days=2000) if row["ordered_date"] >= date(2024, 1, 1)]
    first = pd.DataFrame(draw_orders(5, days=2000)).groupby("customer_id")["ordered_date"].min()
    known = {row["customer_id"] for row in orders}
    small_company.night(
        orders,
        customers=[{"customer_id": name, "registered_at": day} for name, day in first.items() if name in known],
    )
    values, fits = small_company.values(), small_company.fits()
    assert_sound(values)
    assert reasons(values) == set()
    counted = small_company.query(
        "select customer_id, is_entry_known from science.science_customer_histories where cut_off = 'as_of'"
    ).set_index("customer_id")["is_entry_known"]
    assert counted.to_dict() == {name: first[name] >= date(2024, 1, 1) for name in counted.index}
    assert 0 < counted.sum() < len(counted)
    alone = oracle.histories(
        pd.DataFrame(orders).rename(columns={"ordered_date": "day", "net_amount": "amount"}), AS_OF
    ).loc[counted.index[counted]]
    x, t_x, observed = (alone[name].to_numpy(float) for name in ("x", "t_x", "T"))
    fit = beta_geometric.fit("bg_nbd", x, t_x, observed)
    season = small_company.query("select seasonal_index from cx360.marts.mart_clv_season")
    if set(season["seasonal_index"].astype(float)) == {1.0} and not fit.is_degenerate:
        assert float(fits["log_likelihood"][f"pooled/bg_nbd/{AS_OF}"]) == pytest.approx(fit.log_likelihood)


def test_a_segment_of_four_has_a_fit_near_that_of_all(small_company: SmallCompany) -> None:
    four = [
        {"customer_id": f"big{n}", "ordered_date": AS_OF - timedelta(days=days), "net_amount": 500 + n}
        for n in range(4)
        for days in (300 + n, 200 - n, 20)
    ]  # fmt: skip
    small_company.night(
        draw_orders(1) + four, customers=[{"customer_id": f"big{n}", "segment": "enterprise"} for n in range(4)]
    )
    values, fits = small_company.values(), small_company.fits()
    assert_sound(values)
    big = values[values["segment"] == "enterprise"]
    assert big["purchase_fit_id"].str.startswith("enterprise/").all()
    assert set(big["method"]) == {"full_model"}
    own = fits.loc[big["purchase_fit_id"].iloc[0]]
    assert own["customer_count"] == 4
    assert own["remark"] == "fewer than 100 customers: judged with all customers"
    # amounts of their own, where all customers spend about 40
    assert big["expected_order_amount"].astype(float).between(350, 550).all()


def test_the_fit_of_a_single_segment_is_the_pooled_fit(small_company: SmallCompany) -> None:
    small_company.night(draw_orders(1))
    fits = small_company.fits()
    parameters = ["r", "alpha", "a", "b", "log_likelihood", "holdout_error_rate"]
    for model in ("bg_nbd", "mbg_nbd"):
        own, pooled = (fits.loc[[f"{population}/{model}/{AS_OF}"], parameters] for population in ("retail", "pooled"))
        assert own.to_numpy().tolist() == pooled.to_numpy().tolist()
    values = small_company.values()
    assert_sound(values)
    assert values["purchase_fit_id"].str.startswith("retail/").all()


def test_small_and_unknown_segments_have_shrunk_fits(small_company: SmallCompany) -> None:
    loner = [{"customer_id": "loner", "ordered_date": AS_OF - timedelta(days=days)} for days in (300, 200, 20)]
    unsegmented = [
        {"customer_id": "unsegmented", "ordered_date": AS_OF - timedelta(days=days)} for days in (300, 200, 20)
    ]
    small_company.night(
        draw_orders(1) + loner + unsegmented,
        customers=[
            {"customer_id": "loner", "segment": "enterprise"},
            {"customer_id": "unsegmented", "segment": "unknown"},
        ],
    )
    values = small_company.values()
    assert_sound(values)
    assert str(values.loc["loner", "purchase_fit_id"]).startswith("enterprise/")
    assert str(values.loc["unsegmented", "purchase_fit_id"]).startswith("unknown/")
    assert values.loc[["loner", "unsegmented"], "residual_value_amount"].gt(0).all()
    assert values.loc["loner", "segment"] == "enterprise"


def test_a_negative_margin_gives_a_flagged_forecast_of_zero(small_company: SmallCompany) -> None:
    small_company.night(draw_orders(1, margin_amount=-5.0))
    values = small_company.values()
    assert_sound(values)
    assert values["is_margin_floored"].all()
    assert (values["residual_value_amount"] == 0).all()
    assert values["value_tier"].eq("low").all()
    assert values["historic_value_amount"].lt(0).all()
    assert values["expected_orders"].gt(0).any()


def test_free_purchases_alone_give_no_spend_fit(small_company: SmallCompany) -> None:
    small_company.night(draw_orders(1, net_amount=0.0, margin_amount=0.0))
    values = small_company.values()
    assert_sound(values)
    assert reasons(values) == {"no_spend_fit"}
    assert values["customer_loss_probability"].notna().all()


def test_some_free_purchases_do_not_refuse_the_spend_fit(small_company: SmallCompany) -> None:
    free = [{"customer_id": "free", "ordered_date": AS_OF - timedelta(days=days), "net_amount": 0, "margin_amount": 0}
            for days in (300, 250, 200, 150, 100, 50)]  # fmt: skip
    small_company.night(draw_orders(1) + free)
    values = small_company.values()
    assert_sound(values)
    worth = values["expected_order_amount"].astype(float)
    assert 0 < worth["free"] < worth.quantile(0.05)


def test_a_company_with_contracts_only_needs_a_margin(small_company: SmallCompany) -> None:
    small_company.night([], periods=draw_periods(1))
    values, fits = small_company.values(), small_company.fits()
    assert_sound(values)
    open_now = values["open_contract_count"] > 0
    assert set(values.loc[open_now, "contract_model"]) == {"sbg"}
    assert values.loc[open_now, "customer_loss_probability"].between(0.01, 0.9).all()
    assert set(values.loc[open_now, "no_forecast_reason"]) == {"no_margin_known"}
    assert set(values.loc[~open_now, "no_forecast_reason"]) == {"contract_ended"}
    assert fits.loc[f"single/sbg/{AS_OF}", "is_in_use"]


def test_contracts_without_churn_have_a_constant_retention_rate(small_company: SmallCompany) -> None:
    starts = [AS_OF - timedelta(days=45 + n) for n in range(150)]
    periods = [
        {"subscription_source_id": f"s{n}", "customer_id": f"s{n}", "period_number": number + 1,
         "started_date": start + timedelta(days=30 * number), "ends_date": start + timedelta(days=30 * (number + 1))}
        for n, start in enumerate(starts)
        for number in range((AS_OF - start).days // 30 + 1)
    ]  # fmt: skip
    small_company.night(draw_orders(1), periods=periods)
    fit = small_company.fits().loc[f"single/sbg/{AS_OF}"]
    assert fit["remark"] == "constant retention rate: no contract churned"
    values = small_company.values()
    assert_sound(values)
    subscribers = values[values["open_contract_count"] > 0]
    assert len(subscribers) == 150
    assert subscribers["contract_loss_probability"].max() < 1e-4
    # a price of 20 at a margin of 0.4, twelve or thirteen times within 365 days
    assert subscribers["expected_margin_amount"].between(11.9 * 20 * 0.4, 13.1 * 20 * 0.4).all()


def test_customers_without_purchases_have_a_reason_instead_of_a_forecast(small_company: SmallCompany) -> None:
    a_month_ago = AS_OF - timedelta(days=30)
    odd = [
        {"customer_id": "returned", "ordered_date": a_month_ago, "refunded_amount": 20},
        {"customer_id": "returned_dearly", "ordered_date": a_month_ago, "refunded_amount": 25},
        {"customer_id": "canceled", "ordered_date": a_month_ago, "is_counted": False},
        {"customer_id": "ahead", "ordered_date": AS_OF},
    ]
    small_company.night([*draw_orders(1), *odd], customers=[{"customer_id": "looks"}])
    values = small_company.values()
    assert_sound(values)
    assert values["no_forecast_reason"].dropna().to_dict() == {
        "returned": "refunded_in_full",
        "returned_dearly": "refunded_in_full",
        "canceled": "only_canceled_orders",
        "ahead": "only_future_orders",
        "looks": "no_order",
    }
