"""The published rates of retention and their intervals, against the counts and cents of the oracle."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import date

import pytest

from tests.integration import retention_oracle
from tests.integration.conftest import Company

SHARES = {
    "purchase_rate": ("known_buyers", "known_customers"),
    "logo_retention_rate": ("retained_customers", "base_customers"),
}
REVENUE_RATES = {"gross_revenue_retention_rate": "kept", "net_revenue_retention_rate": "retained"}


def assert_cohorts_agree(night: Company, cohorts: Mapping[tuple[date, int, str], tuple[int, int, int]]) -> None:
    """Rates of complete months, with Wilson's interval, of cohorts above the minimum base."""
    rates = night.query(
        """
        select
            cohort_month_start_date, age_months, segment, is_complete,
            retention_rate, retention_rate_low, retention_rate_high
        from marts.mart_retention_cohorts
        """
    )
    for *cell, is_complete, rate, low, high in rates:
        customers, active, _ = cohorts[tuple(cell)]  # type: ignore[index]
        published = [None if value is None else float(str(value)) for value in (rate, low, high)]
        assert published == retention_oracle.share(
            active, customers if is_complete else 0, night.deployment.minimum_base
        ), cell


def assert_retention_agrees(night: Company, mart: str, expected: Mapping[tuple[date, str, str], Counter[str]]) -> None:
    """Shares with Wilson's interval, and ratios of revenue within their limits, above the minimum base."""
    minimum = night.deployment.minimum_base
    columns = [f"{rate}{end}" for rate in (*SHARES, *REVENUE_RATES) for end in ("", "_low", "_high")]
    rows = night.query(
        f"""
        select month_start_date, segment, lifecycle_stage, is_complete and is_base_complete, {", ".join(columns)}
        from marts.{mart}
        """
    )
    for month, segment, stage, is_comparable, *values in rows:
        group = (month, segment, stage)
        line = expected[group] if is_comparable else Counter()  # type: ignore[index]
        limits = [None if value is None else float(str(value)) for value in values]
        published = {columns[place]: limits[place : place + 3] for place in range(0, len(columns), 3)}
        for rate, (hits, base) in SHARES.items():
            assert published[rate] == retention_oracle.share(line[hits], line[base], minimum), (group, rate)
        for rate, above in REVENUE_RATES.items():
            figure, low, high = published[rate]
            if line["base_customers"] < minimum:
                assert (figure, low, high) == (None, None, None)
                continue
            assert figure == pytest.approx(line[above] / line["base"], abs=1e-6)
            assert low is high is None if not line[above] else low - 1e-6 <= figure <= high + 1e-6  # type: ignore[operator]
