"""Times as text in the formats of the systems."""

from __future__ import annotations

import numpy as np
import pandas as pd

from demo.world import ZONE, Texts, Times, text_where


def local_iso(times: pd.Series) -> Texts:
    """ISO 8601 with the local offset."""
    known = pd.DatetimeIndex(times)
    local = known.tz_localize("UTC").tz_convert(ZONE).tz_localize(None)
    in_winter = ((local - known) == pd.Timedelta(hours=1)).astype(bool)
    return text_where(times.notna().to_numpy(), _iso(local.to_numpy()) + np.where(in_winter, "+01:00", "+02:00"))


def local_clock(times: pd.Series) -> Texts:
    """Local time without offset."""
    return pd.Series(local_iso(times), dtype=object).str[:19].str.replace("T", " ").to_numpy()


def utc_iso(times: pd.Series) -> Texts:
    """ISO 8601 in UTC."""
    return text_where(times.notna().to_numpy(), _iso(times.to_numpy()) + "Z")


def _iso(times: Times) -> Texts:
    return np.datetime_as_string(times.astype("datetime64[s]"), unit="s").astype(object)
