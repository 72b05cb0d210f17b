"""The demo company on a first night in different months: a forecast in each, and the orders of the year after it."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from demo.buying import make_buying
from demo.catalogue import make_products
from demo.names import make_pools
from demo.people import make_people
from demo.world import SEGMENTS, World
from orchestration.assets.science.purchase_models import fit_at
from orchestration.assets.science.purchases import fit_night, scores
from orchestration.assets.science.tables import CutOff
from orchestration.config.settings import LifetimeValue
from tests.integration.clv import oracle

YEAR = 365


def purchase_days(history_load_date: date, customers: int, seed: int) -> pd.DataFrame:
    """customer_id, segment, day and amount of every purchase, those of the year after the history included."""
    world = World(customers=customers, nights=1, seed=seed, history_load_date=history_load_date)
    people = make_people(world, make_pools(world))
    orders = make_buying(world, people, make_products(world)).orders
    orders = orders[orders["canceled_at"].isna() & orders["returned_at"].isna()]
    names = np.array([segment.name for segment in SEGMENTS], dtype=object)[people["segment"].to_numpy()]
    return pd.DataFrame(
        {
            "customer_id": orders["person"].to_numpy(),
            "segment": names[orders["person"].to_numpy()],
            "day": (orders["ordered_at"] + pd.Timedelta(hours=1)).dt.date.to_numpy(),
            "amount": orders["net_amount"].to_numpy() / 100,
        }
    ).drop_duplicates(["customer_id", "day"])


def histories_at(days: pd.DataFrame, cut_off: date, outcome_days: int, name: str) -> pd.DataFrame:
    """Rows of science_purchase_histories."""
    known = oracle.histories(days[days["day"] < cut_off], cut_off)
    known["segment"] = days.drop_duplicates("customer_id").set_index("customer_id")["segment"]
    later = days[(days["day"] >= cut_off) & (days["day"] < cut_off + timedelta(days=outcome_days))]
    known["later"] = later.groupby("customer_id").size().reindex(known.index).fillna(0)
    known = known.assign(squares=known["later"] ** 2, buyers=(known["later"] > 0).astype(int))
    grouped = known.groupby(["segment", "x", "t_x", "T"], as_index=False).agg(
        customer_count=("later", "size"),
        holdout_count=("later", "sum"),
        holdout_square_count=("squares", "sum"),
        holdout_buyer_count=("buyers", "sum"),
    )
    columns = {"x": "repeat_count", "t_x": "last_purchase_weeks", "T": "observed_weeks"}
    return grouped.rename(columns=columns).assign(cut_off=name, is_entry_known=True)


def daily(days: pd.DataFrame) -> pd.DataFrame:
    """Rows of science_daily_purchases."""
    is_first = days["day"] == days.groupby("customer_id")["day"].transform("min")
    counted = days.assign(first_count=is_first.astype(int), repeat_count=(~is_first).astype(int))
    return counted.groupby(["segment", "day"], as_index=False)[["first_count", "repeat_count"]].sum().rename(
        columns={"day": "purchase_date"}
    )  # fmt: skip


@pytest.mark.parametrize("month", [1, 3, 5, 6, 7, 9, 12])
def test_a_first_night_in_any_month_foresees_the_orders_of_a_year(month: int) -> None:
    """Of 3,000 customers, within 10 %; every customer has a forecast by a full model."""
    last_day = (pd.Timestamp(2025, month, 1) + pd.offsets.MonthEnd(0)).date()
    night = last_day + timedelta(days=1)
    days = purchase_days(last_day, 3_000, seed=7)
    start, holdout = days["day"].min(), night - timedelta(days=YEAR)
    cut_offs = {
        "as_of": CutOff(night, 0, start),
        "holdout": CutOff(holdout, YEAR, start),
        "yardstick": CutOff(holdout - timedelta(days=182), 182, start),
    }
    seen = days[days["day"] < night]
    histories = pd.concat(
        histories_at(seen, cut_off.day, cut_off.outcome_days, name) for name, cut_off in cut_offs.items()
    )
    models, tonight, _ = fit_night(histories, daily(seen), cut_offs, LifetimeValue(), night, [])
    used = [fit for fit in tonight if fit["is_chosen"]]
    assert {fit["population"] for fit in used} == {"pooled", *(segment.name for segment in SEGMENTS)}
    assert {fit["method"] for fit in used} == {"full_model"}

    scored = scores(used, histories, models, LifetimeValue())
    after = histories_at(days, night, YEAR, "as_of")
    after["fit_id"] = after["segment"].map({fit["population"]: fit["fit_id"] for fit in used})
    keys = ["fit_id", "repeat_count", "last_purchase_weeks", "observed_weeks"]
    joined = after.merge(scored, on=keys, how="left", validate="many_to_one")
    expected = (joined["customer_count"] * joined["expected_orders"]).sum()
    assert expected / joined["holdout_count"].sum() - 1 == pytest.approx(0, abs=0.1)
    silent = (joined["customer_count"] * joined["no_order_probability"]).sum() / joined["customer_count"].sum()
    actual = 1 - joined["holdout_buyer_count"].sum() / joined["customer_count"].sum()
    assert silent == pytest.approx(actual, abs=0.03)


def test_a_fit_at_a_past_cut_off_reads_only_what_was_known_then() -> None:
    days = purchase_days(date(2025, 12, 31), 800, seed=3)
    cut_off = date(2025, 7, 1)
    known = histories_at(days, cut_off, 91, "quarter_ago")
    everything = fit_at(cut_off, known, daily(days), 500)
    only_before = fit_at(cut_off, known.assign(holdout_count=0), daily(days[days["day"] < cut_off]), 500)
    assert everything.fits == only_before.fits
    assert everything.season.index.tolist() == only_before.season.index.tolist()
