"""Lifetime value of Olist, whose customers rarely purchase again: no purchase fit."""

from __future__ import annotations

from tests.integration.conftest import Company


def test_one_time_buyers_have_a_reason_instead_of_a_forecast(olist_night: Company) -> None:
    reasons = olist_night.query(
        """
        select distinct no_forecast_reason from marts.mart_customer_lifetime_value
        where model_repeat_count is not null
        """
    )
    assert reasons == [("no_purchase_fit",)]
    fits = olist_night.query(
        "select refusal_reason, is_in_use from marts.mart_clv_model_quality where model like '%nbd'"
    )
    assert len(fits) >= 2
    assert all(reason and not is_in_use for reason, is_in_use in fits)


def test_without_a_forecast_the_tier_is_unknown_and_every_customer_counts(olist_night: Company) -> None:
    assert olist_night.query("select count(*) from marts.mart_clv_value_tiers") == [(0,)]
    [counts] = olist_night.query(
        """
        select sum(customer_count), sum(forecast_count), max(value_tier),
            (select count(*) from marts.mart_customer_360)
        from marts.mart_clv_by_segment_stage
        """
    )
    assert counts[1:3] == (0, "unknown")
    assert counts[0] == counts[3]
