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
    for (purchase_fit, spend_fit), group in values.groupby(["purchase_fit_id", "spend_fit_id"]):
        expected = oracle.forecasts(known.loc[group.index], by_id[str(purchase_fit)], by_id[str(spend_fit)])
        for column in ("alive_probability", "no_order_probability", "expected_orders"):
            np.testing.assert_allclose(group[column].astype(float), expected[column], atol=1e-6)
        residual = group["margin_rate"].astype(float) * expected["worth"] * expected["discounted"]
        np.testing.assert_allclose(group["purchase_residual_amount"].astype(float), residual, atol=0.006)


def test_the_holdout_is_the_last_quarter(demo_night: Company, purchases: pd.DataFrame) -> None:
    [(actual, customers)] = demo_night.query(
        "select distinct holdout_actual, holdout_customer_count from marts.mart_clv_model_quality "
        "where population = 'pooled' and model in ('bg_nbd', 'mbg_nbd')"
    )
    begins = AS_OF - timedelta(days=91)
    earlier = set(purchases.loc[purchases["day"] < begins, "customer_id"])
    came = purchases[(purchases["day"] >= begins) & purchases["customer_id"].isin(earlier)]
    assert customers == len(earlier)
    assert actual == len(came[["customer_id", "day"]].drop_duplicates())


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
