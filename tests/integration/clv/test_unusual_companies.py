"""Companies with little data for the models: the rows of the table in docs/metrics.md."""

from __future__ import annotations

from datetime import timedelta

import pandas as pd

from tests.integration.clv.small_company import AS_OF, SmallCompany, draw_orders, draw_periods

PROBABILITIES = ["alive_probability", "no_order_probability", "no_renewal_probability", "churn_probability"]
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
    assert set(small_company.fits()["refusal_reason"]) >= {"no holdout: no customer had bought before its start"}


def test_a_company_without_customers_has_no_fit_and_no_row(small_company: SmallCompany) -> None:
    small_company.night([], customers=[{"customer_id": "looks"}])
    values = small_company.values()
    assert_sound(values)
    assert reasons(values) == {"no_order"}
    assert set(small_company.fits()["model"]) == {"gamma_gamma"}


def test_without_a_repeat_buyer_every_fit_is_refused(small_company: SmallCompany) -> None:
    days = range(1, 400, 2)
    small_company.night([{"customer_id": f"c{n}", "ordered_date": AS_OF - timedelta(days=n)} for n in days])
    values, fits = small_company.values(), small_company.fits()
    assert_sound(values)
    assert reasons(values) == {"no_purchase_fit"}
    assert not fits["is_chosen"].any()
    assert fits.loc[f"pooled/gamma_gamma/{AS_OF}", "refusal_reason"] == "no repeat buyer has revenue"


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


def test_small_and_unknown_segments_use_the_pooled_fit(small_company: SmallCompany) -> None:
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
    assert values.loc[["loner", "unsegmented"], "purchase_fit_id"].str.startswith("pooled/").all()
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
    assert values["churn_probability"].notna().all()


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
    assert values.loc[open_now, "churn_probability"].between(0.001, 0.5).all()
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
    assert subscribers["churn_probability"].max() < 1e-5
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
