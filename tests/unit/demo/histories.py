"""Purchase histories of the shop's extracts, in pandas."""

from __future__ import annotations

import pandas as pd

from tests.unit.demo.companies import HISTORY
from tests.unit.demo.truths import Demo


def purchase_histories(plain: Demo, since: pd.Timestamp | None = None) -> pd.DataFrame:
    """One row per buyer: segment, x repeat purchase days, t_x and T in weeks, z spent per repeat purchase day.

    Args:
        since: only orders from this day on are seen, as if the shop had delivered no earlier ones.
    """
    orders = plain.drop("shop", "orders").drop_duplicates("order_number", keep="last")
    identities = plain.label("identities").query("system == 'shop'").set_index("source_id")["person"]
    orders["person"] = identities.reindex(orders["buyer_id"]).to_numpy()
    orders["day"] = orders["ordered_at"].dt.tz_convert("Europe/Berlin").dt.tz_localize(None).dt.normalize()
    orders["amount"] = orders["net_amount"].astype(float)
    if since is not None:
        orders = orders[orders["day"] >= since]
    days = orders.groupby(["person", "day"], as_index=False)["amount"].sum()
    first = days.groupby("person")["day"].transform("min")
    repeats = days[days["day"] > first].groupby("person")["amount"].agg(["count", "mean"])
    buyers = days.groupby("person")["day"].agg(["min", "max"])
    histories = pd.DataFrame(
        {
            "x": repeats["count"].reindex(buyers.index).fillna(0.0),
            "t_x": (buyers["max"] - buyers["min"]).dt.days / 7,
            "T": (pd.Timestamp(HISTORY) - buyers["min"]).dt.days / 7,
            "z": repeats["mean"].reindex(buyers.index),
        }
    )
    return histories.join(plain.label("people").set_index("person")["segment"])
