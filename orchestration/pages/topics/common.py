"""What pages of several questions share: groups compared at one time, and one figure followed over periods.

The queries of such charts name their columns alike: ``group_code`` and ``group_name``, or ``period``; ``value``,
``low``, ``high``, ``base``, ``is_complete``; and ``group_count``, of all groups before the largest ones are chosen.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial

from orchestration.pages import charts, parts
from orchestration.pages.charts import Point
from orchestration.pages.parts import Cell, Chart, Table
from orchestration.pages.sentences import Form, change, extremes, incomplete, latest, left_out
from orchestration.pages.source import Row, Source
from orchestration.pages.words import Number, clean, label, number, percent, signed


@dataclass(frozen=True)
class Measure:
    """How a figure is written and drawn.

    Attributes:
        unit: the title of its axis.
        base: what its base counts, in the singular.
        axis: d3's format of the axis.
        form: writes a value in a sentence.
        digits: of values in tables.
        domain: the ends of its scale, where groups should be seen on all of it.
        reference: where a line stands.
    """

    unit: str
    base: str
    axis: str
    form: Form
    digits: int = 0
    is_share: bool = False
    domain: tuple[float, float] | None = None
    reference: float | None = None

    def cell(self, value: Number | None) -> Cell:
        """Return a value as a cell."""
        return parts.share(value, self.digits) if self.is_share else parts.figure(value, self.digits)


NPS = Measure("NPS", "answer", "d", number, domain=(-100, 100), reference=0)
SHARE = Measure("share", "answer", "~%", percent, 1, is_share=True)
EASE = Measure("mean, 1 to 7", "answer", "~f", lambda value: number(value, 2), 2)


def name_of(row: Row) -> str:
    """Return the name of a group; its code in words where it has none."""
    return label(row["group_name"]) if row["group_name"] == row["group_code"] else clean(row["group_name"])


def group_points(rows: Sequence[Row], minimum_base: int) -> list[Point]:
    """Return the groups with a base that is large enough."""
    return [
        Point(name_of(row), row["value"], row["low"], row["high"], row["base"], is_complete=row["is_complete"])
        for row in rows
        if row["base"] >= minimum_base and row["value"] is not None
    ]


def period_points(rows: Sequence[Row], shown: Callable[[date], str]) -> list[Point]:
    """Return one point per period."""
    return [
        Point(
            shown(row["period"]),
            row["value"],
            row["low"],
            row["high"],
            row["base"],
            is_complete=row["is_complete"],
            day=row["period"],
        )
        for row in rows
    ]


def compared(
    source: Source,
    rows: Sequence[Row],
    measure: Measure,
    *,
    name: str,
    title: str,
    noun: str,
    definition: str,
    when: str,
    notes: Sequence[str] = (),
) -> list[Chart]:
    """Return the chart of groups beside each other; none without a group that may be shown.

    Args:
        noun: what a group is, in the singular.
        when: the time of the figures, in words.
    """
    points = group_points(rows, source.minimum_base)
    if not points:
        return []
    drawing = partial(
        charts.dots, points, title=measure.unit, form=measure.axis, domain=measure.domain, reference=measure.reference
    )
    changes = [row for row in rows if row["base"] >= source.minimum_base and row["value"] is not None]
    return [
        Chart(
            title,
            drawing,
            f"{when}. {extremes(points, measure.base, measure.form)}",
            groups_table(name, f"{title}, {when}", noun, points, measure, changes),
            definition,
            [
                *left_out(rows[0]["group_count"], len(points), noun, source.minimum_base),
                *(() if all(point.is_complete for point in points) else (f"{when} is not complete; drawn hollow.",)),
                *notes,
            ],
        )
    ]


def groups_table(
    name: str, caption: str, noun: str, points: Sequence[Point], measure: Measure, rows: Sequence[Row] = ()
) -> Table:
    """Return groups as a table; with their changes where the query has them."""
    has_changes = bool(rows) and "change" in rows[0]
    headings = [noun.capitalize(), f"{measure.base.capitalize()}s", measure.unit, "95 % interval"]
    body = [_cells(point, measure) for point in points]
    if has_changes:
        headings += ["Change", "Finding"]
        for cells, row in zip(body, rows, strict=True):
            moved = row["change"]
            told = change(moved, row["p_value"], "the quarter before").partition("; ")[2] or MISSING_TEST
            cells += [Cell(signed(moved) if moved is not None else "", parts.exact(moved), is_number=True), Cell(told)]
    return Table(name, caption, headings, body)


MISSING_TEST = "no comparison"


def points_table(name: str, caption: str, headings: tuple[str, ...], points: Sequence[Point]) -> Table:
    """Return groups with base, value and interval as a table."""
    measure = Measure("", "", "", number)
    return Table(name, caption, headings, [_cells(point, measure) for point in points])


def followed(
    source: Source,
    points: Sequence[Point],
    measure: Measure,
    *,
    name: str,
    title: str,
    definition: str,
    finding: str = "",
    notes: Sequence[str] = (),
) -> list[Chart]:
    """Return the chart of a figure over periods; none without a period."""
    if not points:
        return []
    drawing = partial(
        charts.over_time,
        points,
        title=measure.unit,
        form=measure.axis,
        base_title=f"{measure.base}s",
        reference=measure.reference,
    )
    table = Table(
        name,
        title,
        ("Period", f"{measure.base.capitalize()}s", measure.unit.capitalize(), "95 % interval", "Complete"),
        [[*_cells(point, measure), Cell("yes" if point.is_complete else "no")] for point in points],
    )
    told = latest(points, measure.base, measure.form)
    return [
        Chart(
            title,
            drawing,
            f"{told} {finding}".strip(),
            table,
            definition,
            [*incomplete(points, source.as_of_date), *notes],
        )
    ]


def _cells(point: Point, measure: Measure) -> list[Cell]:
    return [
        Cell(point.label),
        parts.figure(point.base),
        measure.cell(point.value),
        parts.between(point.low, point.high, measure.digits, is_share=measure.is_share),
    ]
