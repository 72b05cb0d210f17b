"""Draws Vega-Lite charts as inline SVG for pages and as PNG for mail.

Keep out which chart shows what (``charts.py``). Colours of pages are CSS variables with a fallback, so that one drawing
serves light and dark; a mail has one set. The series are Okabe and Ito's, which colour-blind readers can tell apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import altair as alt
from markupsafe import Markup

FONT = "system-ui, sans-serif"


@dataclass(frozen=True)
class Colours:
    """The colours of a drawing."""

    ink: str
    muted: str
    grid: str
    paper: str
    series: tuple[str, ...]


MAIL = Colours(
    ink="#1d2733",
    muted="#55606c",
    grid="#dde2e7",
    paper="#ffffff",
    series=("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#4d4d4d"),
)
PAGE = Colours(
    ink=f"var(--ink, {MAIL.ink})",
    muted=f"var(--muted, {MAIL.muted})",
    grid=f"var(--grid, {MAIL.grid})",
    paper=f"var(--card, {MAIL.paper})",
    series=tuple(f"var(--series-{place}, {colour})" for place, colour in enumerate(MAIL.series, start=1)),
)


def config(colours: Colours) -> dict[str, Any]:
    """Return the look of every chart."""
    axis = {
        "labelColor": colours.muted,
        "titleColor": colours.muted,
        "gridColor": colours.grid,
        "domainColor": colours.grid,
        "tickColor": colours.grid,
        "labelFontSize": 11,
        "titleFontSize": 11,
        "titleFontWeight": "normal",
        "labelLimit": 150,
        "labelOverlap": "greedy",
        "labelSeparation": 6,
    }
    return {
        "background": "transparent",
        "font": FONT,
        "aria": False,
        "view": {"stroke": None},
        "axis": axis,
        "axisY": {"domain": False, "ticks": False},
        "legend": {
            "labelColor": colours.muted,
            "titleColor": colours.muted,
            "labelFontSize": 11,
            "orient": "top",
            "title": None,
            "columns": 3,
            "symbolSize": 60,
            "symbolOpacity": 1,
        },
        "title": {"color": colours.ink, "fontSize": 13, "anchor": "start"},
        "text": {"color": colours.ink, "fontSize": 11},
        "range": {"category": list(colours.series)},
    }


def spec(chart: alt.TopLevelMixin, colours: Colours) -> dict[str, Any]:
    """Return a chart as Vega-Lite, with its look."""
    return {**chart.to_dict(validate=False), "config": config(colours), "padding": 4}


def svg(vega_lite: Mapping[str, Any]) -> Markup:
    """Return a drawing as SVG that scales with its column; texts are escaped by the renderer."""
    import vl_convert

    drawn = vl_convert.vegalite_to_svg(dict(vega_lite))
    # without its own size the drawing takes that of its column
    head, _, rest = drawn.partition(">")
    view = head[head.index("viewBox=") :]
    width = view.split('"')[1].split()[2]
    return Markup(  # noqa: S704 - the renderer has escaped every text
        f'<svg xmlns="http://www.w3.org/2000/svg" aria-hidden="true" focusable="false"'
        f' style="max-width:{float(width) * 1.4:.0f}px" {view}>{rest}'
    )


def png(vega_lite: Mapping[str, Any], scale: float = 2) -> bytes:
    """Return a drawing as PNG, for mail; ``scale`` 2 suits dense screens."""
    import vl_convert

    drawn: bytes = vl_convert.vegalite_to_png({**vega_lite, "background": MAIL.paper}, scale=scale)
    return drawn
