"""The kinds of charts: what is compared, with its interval, base and completeness.

A chart is Altair; ``drawing.py`` makes SVG or PNG of it. Every chart is as wide as a phone, and grows with its column.
A group is written with its base, as 'support (32)'; an incomplete period is hollow and dashed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import altair as alt

from orchestration.pages.drawing import Colours
from orchestration.pages.words import Number, number

WIDTH = 340
ROW_HEIGHT = 24
MOST_LABEL_WIDTH = 160
LETTER_WIDTH = 6.4
"""Of a label: renderer and browser measure with different fonts, so the room for labels is set, not measured."""


Drawing = alt.TopLevelMixin


@dataclass(frozen=True)
class Point:
    """A figure of one group or period, with its interval and base.

    Attributes:
        label: the group, in words; must differ between the points of a chart.
        base: the number of answers or customers that it rests on.
        is_complete: whether its period has ended.
        series: the line that it belongs to, of a chart with several.
    """

    label: str
    value: Number | None
    low: Number | None = None
    high: Number | None = None
    base: int | None = None
    is_complete: bool = True
    day: date | None = None
    series: str = ""

    @property
    def named(self) -> str:
        """The group with its base."""
        return self.label if self.base is None else f"{self.label} ({number(self.base)})"

    def row(self) -> dict[str, Any]:
        """Return it as a row of a chart's data."""
        numbers = {"value": self.value, "low": self.low, "high": self.high}
        return {
            "label": self.named,
            "series": self.series,
            "base": self.base,
            "is_complete": self.is_complete,
            "day": self.day.isoformat() if self.day else None,
            **{key: None if value is None else float(value) for key, value in numbers.items()},
        }


ROWS = alt.NamedData(name="rows")


def _with(chart: Any, rows: Sequence[Mapping[str, Any]]) -> Drawing:
    """Return a chart with its data, which Altair would otherwise copy and check with every layer."""
    drawn: Drawing = chart.properties(datasets={"rows": list(rows)})
    return drawn


def _rows(points: Sequence[Point]) -> list[dict[str, Any]]:
    return [point.row() for point in points if point.value is not None]


def _at(value: float) -> alt.InlineData:
    """Return the data of a line that stands at a value."""
    return alt.InlineData(values=[{"at": value}])


def _labels(points: Sequence[Point]) -> tuple[list[str], int]:
    """Return the labels of the groups in their order, and the room for the longest one."""
    order = [point.named for point in points if point.value is not None]
    return order, int(min(max(map(len, order), default=0) * LETTER_WIDTH + 10, MOST_LABEL_WIDTH))


def _x(title: str, form: str, domain: Sequence[float] | None = None) -> alt.X:
    scale = alt.Scale(domain=list(domain)) if domain else alt.Scale(zero=False, nice=True)
    return alt.X("value:Q", title=title, scale=scale, axis=alt.Axis(format=form, tickCount=5))


def dots(
    points: Sequence[Point],
    colours: Colours,
    *,
    title: str,
    form: str = ",~f",
    domain: Sequence[float] | None = None,
    reference: float | None = None,
) -> Drawing:
    """Return one dot per group with its interval, in the given order.

    Args:
        form: d3's format of the axis.
        reference: where a line stands, such as 0 for no error.
    """
    order, room = _labels(points)
    y = alt.Y("label:N", title=None, sort=order, axis=alt.Axis(grid=True, minExtent=room, maxExtent=room))
    base = alt.Chart(ROWS).encode(y=y)
    first = colours.series[0]
    layers: list[alt.Chart] = []
    if reference is not None:
        layers.append(alt.Chart(_at(reference)).mark_rule(color=colours.muted, strokeDash=[3, 3]).encode(x="at:Q"))
    layers += [
        base.mark_rule(color=first, strokeWidth=2, opacity=0.7).encode(x=alt.X("low:Q"), x2="high:Q"),
        base.mark_point(size=70, filled=True, opacity=1, color=first, strokeWidth=2).encode(
            x=_x(title, form, domain),
            fill=alt.condition("datum.is_complete", alt.value(first), alt.value(colours.paper)),
            stroke=alt.value(first),
        ),
    ]
    drawn = alt.layer(*layers).properties(width=WIDTH - room - 20, height=max(len(order), 1) * ROW_HEIGHT)
    return _with(drawn, _rows(points))


def bars(points: Sequence[Point], colours: Colours, *, title: str, form: str = "~s", color: int = 0) -> Drawing:
    """Return one bar per group, with its interval if it has one, in the given order."""
    order, room = _labels(points)
    y = alt.Y("label:N", title=None, sort=order, axis=alt.Axis(minExtent=room, maxExtent=room))
    base = alt.Chart(ROWS).encode(y=y)
    x = alt.X("value:Q", title=title, axis=alt.Axis(format=form, tickCount=4))
    chosen = colours.series[color]
    layers = [
        base.mark_bar(color=chosen, opacity=0.85, height={"band": 0.62}).encode(x=x),
        base.transform_filter("isValid(datum.low)")
        .mark_rule(color=colours.ink, strokeWidth=1.5)
        .encode(x="low:Q", x2="high:Q"),
    ]
    drawn = alt.layer(*layers).properties(width=WIDTH - room - 20, height=max(len(order), 1) * ROW_HEIGHT)
    return _with(drawn, _rows(points))


def over_time(
    points: Sequence[Point],
    colours: Colours,
    *,
    title: str,
    form: str = ",~f",
    base_title: str = "answers",
    reference: float | None = None,
) -> Drawing:
    """Return a line over periods with its band, above the bases; an incomplete period is hollow and its line dashed."""
    first = colours.series[0]
    order = [point.label for point in points if point.value is not None]
    rows = [{**row, "label": label} for row, label in zip(_rows(points), order, strict=True)]
    begun = next((place for place, row in enumerate(rows) if not row["is_complete"]), len(rows))
    # the last complete period is also the start of the dashed end
    rows = [{**row, "is_end": place >= begun - 1 and begun < len(rows)} for place, row in enumerate(rows)]
    x = alt.X("label:O", title=None, sort=order, axis=alt.Axis(labelAngle=-45, labelOverlap=True, grid=False))
    y = alt.Y("value:Q", title=title, scale=alt.Scale(zero=False, nice=True), axis=alt.Axis(format=form, tickCount=5))
    chart = alt.Chart(ROWS).encode(x=x)
    layers: list[alt.Chart] = []
    if reference is not None:
        layers.append(alt.Chart(_at(reference)).mark_rule(color=colours.muted, strokeDash=[3, 3]).encode(y="at:Q"))
    layers += [
        chart.mark_area(color=first, opacity=0.18).encode(y=alt.Y("low:Q"), y2="high:Q"),
        chart.mark_rule(color=first, opacity=0.45).encode(y="low:Q", y2="high:Q"),
        chart.transform_filter("datum.is_complete").mark_line(color=first, strokeWidth=2).encode(y=y),
        chart.transform_filter("datum.is_end").mark_line(color=first, strokeWidth=2, strokeDash=[4, 4]).encode(y=y),
        chart.mark_point(size=45, filled=True, opacity=1, strokeWidth=2).encode(
            y=y,
            fill=alt.condition("datum.is_complete", alt.value(first), alt.value(colours.paper)),
            stroke=alt.value(first),
        ),
    ]
    upper = alt.layer(*layers).properties(width=WIDTH - 60, height=150)
    if all(row["base"] is None for row in rows):
        return _with(upper, rows)
    hidden = alt.X("label:O", title=None, sort=order, axis=None)
    lower = (
        alt.Chart(ROWS)
        .mark_bar(color=colours.muted, opacity=0.5)
        .encode(x=hidden, y=alt.Y("base:Q", title=base_title, axis=alt.Axis(tickCount=2, format="~s")))
        .properties(width=WIDTH - 60, height=34)
    )
    return _with(alt.vconcat(upper, lower, spacing=6), rows)


def lines(points: Sequence[Point], colours: Colours, *, title: str, form: str, x_title: str) -> Drawing:
    """Return a line per series over a whole-number axis (``label``), with bands; dots mark its points."""
    rows = [{**point.row(), "label": int(point.label)} for point in points if point.value is not None]
    names = list(dict.fromkeys(point.series for point in points))
    color = alt.Color("series:N", sort=names, scale=alt.Scale(domain=names, range=list(colours.series[: len(names)])))
    x = alt.X("label:Q", title=x_title, axis=alt.Axis(format="d", tickMinStep=1, grid=False))
    y = alt.Y("value:Q", title=title, axis=alt.Axis(format=form, tickCount=5))
    chart = alt.Chart(ROWS).encode(x=x, color=color)
    drawn = alt.layer(
        chart.mark_area(opacity=0.15).encode(y=alt.Y("low:Q"), y2="high:Q"),
        chart.mark_line(strokeWidth=2).encode(y=y, strokeDash=alt.StrokeDash("series:N", sort=names, legend=None)),
        chart.mark_point(size=30, filled=True, opacity=1).encode(y=y),
    ).properties(width=WIDTH - 60, height=160)
    return _with(drawn, rows)


def stacked(points: Sequence[Point], colours: Colours, *, title: str, form: str = "~s") -> Drawing:
    """Return a stacked bar per period; an incomplete period is paler."""
    rows = [{**point.row(), "label": point.label} for point in points if point.value is not None]
    periods = list(dict.fromkeys(point.label for point in points))
    names = list(dict.fromkeys(point.series for point in points))
    chart: alt.Chart = (
        alt.Chart(ROWS)
        .transform_calculate(place=f"indexof({names!r}, datum.series)")
        .mark_bar()
        .encode(
            x=alt.X("label:O", title=None, sort=periods, axis=alt.Axis(labelAngle=-45, labelOverlap=True)),
            y=alt.Y("value:Q", title=title, stack="zero", axis=alt.Axis(format=form, tickCount=5)),
            color=alt.Color(
                "series:N", sort=names, scale=alt.Scale(domain=names, range=list(colours.series[: len(names)]))
            ),
            order="place:Q",
            opacity=alt.condition("datum.is_complete", alt.value(0.9), alt.value(0.45)),
        )
        .properties(width=WIDTH - 60, height=190)
    )
    return _with(chart, rows)
