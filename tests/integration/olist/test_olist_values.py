"""Lifetime value of Olist, whose customers rarely purchase again: the mean of all."""

from __future__ import annotations

import pytest

from tests.integration.conftest import Company


def test_one_time_buyers_are_forecast_by_the_mean_of_all(olist_night: Company) -> None:
    """No model fits; the mean is (repeat purchases + 1/2) / weeks of all customers, or of a segment of 500."""
    methods = olist_night.query(
        """
        select distinct method, spend_method, no_forecast_reason from marts.mart_customer_lifetime_value
        where model_repeat_count is not null
        """
    )
    assert methods == [("pooled_mean", "pooled_mean", None)]
    segments = olist_night.query(
        """
        select count(*), sum(model_repeat_count), sum(model_observed_weeks), min(expected_orders), max(expected_orders)
        from marts.mart_customer_lifetime_value where model_repeat_count is not null group by segment
        """
    )
    figures = [[float(str(figure)) for figure in row] for row in segments]
    # the weeks of a history are seasonal: a history of 18 months may hold two busy seasons
    has_season = olist_night.query("select max(seasonal_index) > 1 from marts.mart_clv_season") == [(True,)]
    repeats, weeks = (sum(row[column] for row in figures) for column in (1, 2))
    for customers, own_repeats, own_weeks, lowest, highest in figures:
        rate = (own_repeats + 0.5) / own_weeks if customers >= 500 else (repeats + 0.5) / weeks
        assert lowest == highest == pytest.approx(rate * 365 / 7, rel=0.2 if has_season else 1e-5)
    fits = olist_night.query(
        "select refusal_reason, is_in_use from marts.mart_clv_model_quality where model like '%nbd'"
    )
    assert len(fits) >= 2
    assert all(reason and not is_in_use for reason, is_in_use in fits)


def test_every_buyer_has_a_tier_and_every_customer_counts(olist_night: Company) -> None:
    tiers = olist_night.query("select sum(customer_count) from marts.mart_clv_value_tiers")
    [counts] = olist_night.query(
        """
        select sum(customer_count), sum(forecast_count),
            sum(customer_count) filter (where value_tier = 'unknown'),
            (select count(*) from marts.mart_customer_360),
            (select count(model_repeat_count) from marts.mart_customer_lifetime_value)
        from marts.mart_clv_by_segment_stage
        """
    )
    assert tiers == [(counts[1],)]
    assert counts[1] == counts[4]
    every, forecast, unknown = (int(str(count or 0)) for count in counts[:3])
    assert every - unknown == forecast
    assert counts[0] == counts[3]
