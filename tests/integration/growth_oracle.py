"""The expected earned growth by year and segment, calculated by pandas from purchases.

It does not use the warehouse, and nothing of the other oracle but its types.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import pandas as pd

from tests.integration.retention_oracle import Amounts, Person, SegmentOfBase

REASONS = {"referral": "earned", "campaign": "bought", "unknown": "unknown_reason"}


def earned_growth(
    amounts: Amounts,
    first_days: Mapping[Person, date],
    reasons: Mapping[Person, str],
    segment_of: SegmentOfBase,
    last_month: date,
) -> dict[tuple[date, str], dict[str, float]]:
    """Customers, cents and rates by year and segment; rates of an unfinished year or base are not left out.

    Args:
        amounts: cents by person and year.
        first_days: the day of each person's first purchase.
        reasons: the acquisition of each person, if known.
        last_month: the last month of the data, in which the last year ends so far.
    """
    frame = pd.DataFrame([(*key, cents) for key, cents in amounts.items()], columns=["person", "year", "now"])
    before = frame.rename(columns={"now": "before"})
    before["year"] = [year.replace(year=year.year + 1) for year in before["year"]]
    years = frame.merge(before, how="outer", on=["person", "year"]).fillna({"now": 0, "before": 0})
    years = years[years["year"].le(last_month.replace(month=1)) & (years["before"].gt(0) | years["now"].gt(0))].copy()
    years["segment"] = [
        segment_of(person, year.replace(year=year.year - 1), min(year.replace(month=12), last_month))
        for person, year in zip(years["person"], years["year"], strict=True)
    ]
    is_base = years["before"].gt(0)
    is_new = ~is_base & years["person"].map(first_days).ge(years["year"])
    positive = years["now"].clip(lower=0)
    reason = pd.Series([reasons.get(person, "unknown") for person in years["person"]], index=years.index)
    figures = pd.DataFrame(
        {
            "base_customers": is_base.astype(int),
            "new_customers": is_new.astype(int),
            "base": years["before"].where(is_base, 0),
            "retained": positive.where(is_base, 0),
            "reactivated": positive.where(~is_base & ~is_new, 0),
            "new": positive.where(is_new, 0),
            **{name: positive.where(is_new & reason.eq(value), 0) for value, name in REASONS.items()},
        }
    )
    sums = figures.groupby([years["year"], years["segment"]]).sum().astype("int64")
    base = sums["base"].where(sums["base"] > 0)
    kept = sums["retained"]
    sums["net_retention"] = kept / base
    sums["growth"] = (kept + sums["reactivated"] + sums["new"]) / base - 1
    sums["low_earned_growth"] = (kept + sums["earned"]) / base - 1
    sums["high_earned_growth"] = (kept + sums["earned"] + sums["unknown_reason"]) / base - 1
    lines = sums.to_dict("index")
    return {(year, segment): dict(line) for (year, segment), line in lines.items()}  # type: ignore[arg-type, has-type, misc]
