"""The tracking plot of a purchase fit: expected and actual repeat purchases by week, as an SVG image in Markdown.

SVG is written directly: two lines and two axes need no library (``docs/decisions/grouped-histories.md``).
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from orchestration.science.beta_geometric import NAMES, Parameters, expected_repeat_orders
from orchestration.science.season import Season, expected_per_day, no_season

Floats = npt.NDArray[np.float64]

WIDTH, HEIGHT, MARGIN = 640, 240, 36


def weekly(
    fit: Mapping[str, Any], daily: pd.DataFrame, night: date, season: Season | None = None
) -> tuple[Floats, Floats]:
    """Expected and actual repeat purchases by complete week since the first purchase.

    Args:
        daily: rows of ``science_daily_purchases`` of the fit's population.
        night: the as-of date; an incomplete last week is excluded.
        season: of the clock that the fit counts on.

    Returns:
        Two arrays of shape (weeks,); empty without a complete week.
    """
    day = pd.to_datetime(daily["purchase_date"])
    number = (day - day.min()).dt.days.to_numpy()
    days = (pd.Timestamp(night) - day.min()).days if len(day) else 0
    weeks = days // 7
    if weeks == 0:
        return np.empty(0), np.empty(0)
    first = np.bincount(number, daily["first_count"], minlength=days).astype(np.float64)
    again = np.bincount(number, daily["repeat_count"], minlength=days).astype(np.float64)
    parameters = Parameters(fit["model"], *(np.nan if fit[name] is None else fit[name] for name in NAMES))
    daily_expected = expected_per_day(
        season or no_season(), night, first, lambda passed: expected_repeat_orders(parameters, passed)
    )
    expected, actual = (values[: weeks * 7].reshape(weeks, 7).sum(axis=1) for values in (daily_expected, again))
    return expected, actual


def tracking_plot(fit: Mapping[str, Any], daily: pd.DataFrame, night: date, season: Season | None = None) -> str:
    """The plot as Markdown, for Dagster's metadata."""
    expected, actual = weekly(fit, daily, night, season)
    title = f"{fit['fit_id']}: repeat purchases by week"
    if len(actual) < 2:
        return f"{title}: fewer than two complete weeks"
    top = max(float(expected.max()), float(actual.max()), 1.0)
    svg = f"""
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}">
<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>
<g font-family="sans-serif" font-size="11" fill="#444">
<text x="{MARGIN}" y="16">{title} (line: expected, dots: actual)</text>
<text x="{MARGIN - 4}" y="{MARGIN + 4}" text-anchor="end">{top:,.0f}</text>
<text x="{MARGIN - 4}" y="{HEIGHT - MARGIN + 4}" text-anchor="end">0</text>
<text x="{MARGIN}" y="{HEIGHT - MARGIN + 16}">week 1</text>
<text x="{WIDTH - 8}" y="{HEIGHT - MARGIN + 16}" text-anchor="end">week {len(actual)}</text>
</g>
<path d="M{MARGIN} {MARGIN}V{HEIGHT - MARGIN}H{WIDTH - 8}" fill="none" stroke="#bbb"/>
<g fill="#888">{"".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2"/>' for x, y in _points(actual, top))}</g>
<polyline points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in _points(expected, top))}" fill="none" stroke="#c2410c"
 stroke-width="2"/>
</svg>"""
    encoded = base64.b64encode(svg.strip().encode()).decode()
    return f"![{title}](data:image/svg+xml;base64,{encoded})"


def _points(values: Floats, top: float) -> list[tuple[float, float]]:
    across = np.linspace(MARGIN, WIDTH - 8, len(values))
    return list(zip(across, HEIGHT - MARGIN - values / top * (HEIGHT - 2 * MARGIN), strict=True))
