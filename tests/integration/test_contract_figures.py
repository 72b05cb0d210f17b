"""Renewals, survival and loss of the demo's contracts, calculated by pandas from the extracts."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date, timedelta
from math import prod

import pandas as pd
import pytest

from tests.integration.conftest import NIGHTS, Company

pytestmark = pytest.mark.xdist_group("demo nights")

AS_OF = NIGHTS[-1] + timedelta(days=1)
PERIOD, HORIZON = timedelta(days=30), timedelta(days=365)


@pytest.fixture(scope="module")
def periods(demo_night: Company) -> pd.DataFrame:
    """The contract periods with their end as a day of Berlin, and whether they are renewed, ended or open."""
    files = sorted(demo_night.extracts.rglob("shop/subscriptions.parquet"))
    rows = pd.concat(pd.read_parquet(file) for file in files)
    rows = rows.sort_values(["subscription_id", "period_number"]).reset_index(drop=True)
    rows["end"] = rows["ends_at"].dt.tz_convert("Europe/Berlin").dt.date
    is_last = ~rows.duplicated("subscription_id", keep="last")
    rows["outcome"] = "renewed"
    rows.loc[is_last, "outcome"] = rows["end"].map(lambda end: "open" if end >= AS_OF else "ended")
    return rows


def test_the_renewals_of_a_plan_equal_the_extracts(demo_night: Company, periods: pd.DataFrame) -> None:
    expected = Counter(
        (str(plan), int(number), str(outcome))
        for plan, number, outcome in periods[["plan", "period_number", "outcome"]].itertuples(index=False)
        if outcome != "open"
    )
    published = demo_night.query(
        """
        select plan, period_number, 'renewed', sum(renewed_count)
        from marts.mart_contract_survival group by plan, period_number
        union all
        select plan, period_number, 'ended', sum(lost_count)
        from marts.mart_contract_survival group by plan, period_number
        """
    )
    assert (
        +Counter({(plan, number, outcome): int(str(count)) for plan, number, outcome, count in published}) == expected
    )


def test_survival_is_the_product_of_the_renewal_rates(demo_night: Company) -> None:
    rows = demo_night.query(
        """
        select plan, segment, period_number, renewed_count, due_count, base_status, renewal_rate, survival_probability
        from marts.mart_contract_survival order by plan, segment, period_number
        """
    )
    survival: dict[tuple[object, object], float] = defaultdict(lambda: 1.0)
    for plan, segment, _, renewed, count, status, rate, survives in rows:
        survival[plan, segment] *= int(str(renewed)) / int(str(count))
        assert (status == "suppressed") == (int(str(count)) < 10) == (rate is None) == (survives is None)
        if survives is not None:
            assert float(str(survives)) == pytest.approx(survival[plan, segment], abs=1e-6)
    assert any(row[-1] is not None for row in rows)


def test_the_loss_of_a_contract_is_the_failure_of_one_of_its_renewals(
    demo_night: Company, periods: pd.DataFrame
) -> None:
    """Periods of 30 days, so that 12 or 13 renewals fall due within 365 days."""
    people = {
        str(buyer): str(customer)
        for buyer, customer in demo_night.query(
            "select source_id, customer_id from star.map_customer_identities where system = 'shop'"
        )
    }
    fits = {
        str(fit): (float(str(a)), float(str(b)))
        for fit, a, b in demo_night.query("select fit_id, a, b from marts.mart_clv_model_quality where model = 'sbg'")
    }
    running: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for row in periods[periods["outcome"] == "open"].itertuples():
        assert isinstance(row.end, date)
        due, ahead = row.end, 0
        while due < AS_OF + HORIZON:
            due, ahead = due + PERIOD, ahead + 1
        running[people[str(row.buyer_id)]].append((int(str(row.period_number)) - 1, ahead))
    published = demo_night.query(
        """
        select customer_id, contract_fit_id, contract_renewal_status, no_order_probability, contract_loss_probability,
            customer_loss_probability
        from marts.mart_customer_lifetime_value where open_contract_count > 0
        """
    )
    assert {customer for customer, *_ in published} == set(running)
    assert {ahead for contracts in running.values() for _, ahead in contracts} == {12, 13}
    for customer, fit, status, no_order, contract_loss, customer_loss in published:
        a, b = fits[str(fit)]
        expected = prod(
            1 - prod((b + k) / (a + b + k) for k in range(renewals, renewals + ahead))
            for renewals, ahead in running[str(customer)]
        )
        assert status == "due"
        assert float(str(contract_loss)) == pytest.approx(expected, abs=2e-6)
        assert float(str(customer_loss)) == pytest.approx(
            expected * float("1" if no_order is None else str(no_order)), abs=3e-6
        )
