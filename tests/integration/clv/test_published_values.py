"""Published lifetime values against pandas on the extracts, customer by customer."""

from __future__ import annotations

import json
import re
from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from tests.integration.clv import oracle
from tests.integration.conftest import NIGHTS, Company

pytestmark = pytest.mark.xdist_group("demo nights")

AS_OF = NIGHTS[-1] + timedelta(days=1)


def shop(night: Company, table: str, key: list[str]) -> pd.DataFrame:
    """The latest record of each key in the shop's files, in the order of their drops."""

    def drop(path: str) -> str:
        day = re.search(r"\d{4}-\d\d-\d\d", path)
        return day.group() if day else ""

    files = sorted(night.extracts.rglob(f"shop/{table}.parquet"), key=lambda file: drop(str(file)))
    return pd.concat(pd.read_parquet(file) for file in files).drop_duplicates(key, keep="last")


def table(night: Company, sql: str, columns: list[str]) -> pd.DataFrame:
    return pd.DataFrame(night.query(sql), columns=columns)


@pytest.fixture(scope="module")
def purchases(demo_night: Company) -> pd.DataFrame:
    """customer_id, day and amount of every order that counts and was not refunded in full."""
    orders = shop(demo_night, "orders", ["order_number"]).set_index("order_number")
    lines = shop(demo_night, "order_lines", ["order_number", "line_number"])
    refunds = shop(demo_night, "refunds", ["refund_id"])
    persons = table(
        demo_night,
        "select source_id, customer_id from star.map_customer_identities where system = 'shop'",
        ["buyer_id", "customer_id"],
    )
    orders["net"] = lines.groupby("order_number")["net_amount"].sum().astype(float)
    orders["refunded"] = refunds.groupby("order_number")["refund_amount"].sum().astype(float)
    orders = orders.fillna({"net": 0.0, "refunded": 0.0})
    kept = orders[(orders["status"] != "canceled") & ((orders["refunded"] < orders["net"]) | (orders["refunded"] == 0))]
    return pd.DataFrame(
        {
            "customer_id": kept["buyer_id"].map(persons.set_index("buyer_id")["customer_id"]),
            "day": kept["ordered_at"].dt.tz_convert("Europe/Berlin").dt.date,
            "amount": kept["net"] - kept["refunded"],
        }
    ).dropna()


def test_every_forecast_equals_that_of_the_customers_history(demo_night: Company, purchases: pd.DataFrame) -> None:
    columns = [
        "customer_id", "purchase_fit_id", "spend_fit_id", "model_repeat_count", "model_last_purchase_weeks",
        "model_observed_weeks", "alive_probability", "no_order_probability", "expected_orders", "margin_rate",
        "purchase_residual_amount",
    ]  # fmt: skip
    values = table(
        demo_night,
        f"select {', '.join(columns)} from marts.mart_customer_lifetime_value where model_repeat_count is not null",
        columns,
    )
    values = values.set_index("customer_id").sort_index()
    known = oracle.histories(purchases, AS_OF).sort_index()
    assert values.index.tolist() == known.index.tolist()
    assert values["model_repeat_count"].tolist() == known["x"].tolist()
    assert values["model_last_purchase_weeks"].tolist() == known["t_x"].tolist()
    assert values["model_observed_weeks"].tolist() == known["T"].tolist()

    fit_columns = ["fit_id", "model", "r", "alpha", "a", "b", "p", "q", "v"]
    fits = table(demo_night, f"select {', '.join(fit_columns)} from marts.mart_clv_model_quality", fit_columns)
    by_id = fits.set_index("fit_id").to_dict("index")
    assert values["purchase_fit_id"].notna().all()
    index = [float(str(row[1])) for row in demo_night.query("from marts.mart_clv_season order by month_number")]
    for (purchase_fit, spend_fit), group in values.groupby(["purchase_fit_id", "spend_fit_id"]):
        fits_used = by_id[str(purchase_fit)], by_id[str(spend_fit)]
        expected = oracle.forecasts(known.loc[group.index], *fits_used, index, AS_OF)
        for column in ("alive_probability", "no_order_probability", "expected_orders"):
            # the published index has six decimals
            np.testing.assert_allclose(group[column].astype(float), expected[column], atol=1e-6, rtol=1e-5)
        residual = group["margin_rate"].astype(float) * expected["worth"] * expected["discounted"]
        np.testing.assert_allclose(group["purchase_residual_amount"].astype(float), residual, atol=0.006, rtol=1e-5)


def test_the_holdout_is_the_last_quarter_where_a_year_leaves_too_little_before_it(
    demo_night: Company, purchases: pd.DataFrame
) -> None:
    """In the year before the last one no customer of this small company is seen to stop buying."""
    [(actual, customers, days)] = demo_night.query(
        "select distinct holdout_actual, holdout_customer_count, holdout_days from marts.mart_clv_model_quality "
        f"where population = 'pooled' and model in ('bg_nbd', 'mbg_nbd') and as_of_date = date '{AS_OF}'"
    )
    assert days == 91
    begins = AS_OF - timedelta(days=91)
    earlier = set(purchases.loc[purchases["day"] < begins, "customer_id"])
    came = purchases[(purchases["day"] >= begins) & purchases["customer_id"].isin(earlier)]
    assert customers == len(earlier)
    assert actual == len(came[["customer_id", "day"]].drop_duplicates())


def test_the_naive_yardstick_is_the_rate_of_the_quarter_before(demo_night: Company, purchases: pd.DataFrame) -> None:
    """The rates by recency and frequency are those of the quarter before the holdout."""
    [(published,)] = demo_night.query(
        "select distinct naive_error_rate from marts.mart_clv_model_quality "
        f"where population = 'pooled' and model = 'bg_nbd' and as_of_date = date '{AS_OF}'"
    )
    days = 91
    begins = AS_OF - timedelta(days=days)
    earlier = begins - timedelta(days=days)
    cells = {}
    for start, end in ((earlier, begins), (begins, AS_OF)):
        known = oracle.histories(purchases[purchases["day"] < start], start)
        later = purchases[(purchases["day"] >= start) & (purchases["day"] < end)]
        bought = later.drop_duplicates(["customer_id", "day"]).groupby("customer_id").size()
        recency = pd.cut(known["T"] - known["t_x"], [-1, 4, 13, 26, 52, np.inf], labels=False)
        repeats = pd.cut(known["x"], [-1, 0, 1, 3, 7, np.inf], labels=False)
        cells[start] = pd.DataFrame(
            {"cell": recency * 5 + repeats, "bought": bought.reindex(known.index).fillna(0.0)}, index=known.index
        )
    rates = cells[earlier].groupby("cell")["bought"].mean()
    overall = cells[earlier]["bought"].mean()
    expected = cells[begins]["cell"].map(rates).fillna(overall).sum()
    assert float(str(published)) == pytest.approx(expected / cells[begins]["bought"].sum() - 1, rel=1e-6)


def test_the_seasonal_index_counts_the_repeat_purchases_of_two_years(
    demo_night: Company, purchases: pd.DataFrame
) -> None:
    columns = ["month_number", "seasonal_index", "own_weight", "actual_order_count", "expected_orders", "cycle_count"]
    season = table(demo_night, f"select {', '.join(columns)} from marts.mart_clv_season order by month_number", columns)
    assert season["cycle_count"].tolist() == [2] * 12
    days = purchases[["customer_id", "day"]].drop_duplicates()
    first = days.groupby("customer_id")["day"].transform("min")
    begins = AS_OF - timedelta(days=730)
    repeats = days[(days["day"] > first) & (days["day"] >= begins)]
    by_month = pd.to_datetime(repeats["day"]).dt.month.value_counts().reindex(range(1, 13), fill_value=0)
    assert season["actual_order_count"].tolist() == by_month.tolist()
    seen, hoped, weight = (
        season[name].astype(float) for name in ("actual_order_count", "expected_orders", "own_weight")
    )
    index = 1 + weight * (seen / hoped * hoped.sum() / seen.sum() - 1)
    last_year = [(AS_OF - timedelta(days=number)).month - 1 for number in range(1, 366)]
    np.testing.assert_allclose(
        season["seasonal_index"].astype(float), index / index.to_numpy()[last_year].mean(), atol=1e-5
    )


def test_the_manifest_lists_the_fits_in_use_with_parameters(demo_night: Company) -> None:
    manifest = json.loads((demo_night.published.parent / "manifest.json").read_text(encoding="utf-8"))
    rows = demo_night.query(
        "select fit_id, r, alpha, a, b from marts.mart_clv_model_quality where is_in_use and model like '%bg_nbd'"
    )
    assert len(rows) > 0
    for fit_id, *parameters in rows:
        assert list(manifest["fits"][fit_id].values()) == parameters
    assert len(manifest["fits"]) > len(rows)


def test_groups_add_up_to_the_customers(demo_night: Company) -> None:
    [groups] = demo_night.query(
        """
        select sum(customer_count), sum(forecast_count), sum(residual_value_amount), sum(expected_orders),
            sum(top_decile_count)
        from marts.mart_clv_by_segment_stage
        """
    )
    [customers] = demo_night.query(
        """
        select count(*), count(residual_value_amount), sum(residual_value_amount), sum(expected_orders),
            ceil(count(residual_value_amount) / 10)
        from marts.mart_customer_lifetime_value
        """
    )
    assert groups == customers
    [(tiers, share)] = demo_night.query(
        """
        select (select sum(residual_value_amount) from marts.mart_clv_value_tiers), sum(residual_value_share_rate)
        from marts.mart_clv_by_segment_stage
        """
    )
    assert tiers == groups[2]
    assert float(str(share)) == pytest.approx(1, abs=1e-4)
