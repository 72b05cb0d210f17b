"""Findings in plain sentences, computed from the figures that a chart shows.

A sentence names its interval and base, and calls a change significant only if its adjusted p-value is below 0.05.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date

from orchestration.pages.charts import Point
from orchestration.pages.words import Number, counted, number, signed

SIGNIFICANT_BELOW = 0.05

Form = Callable[[Number | None], str]


def interval(value: Number | None, low: Number | None, high: Number | None, form: Form = number) -> str:
    """Return a figure with its interval: '0 (−23 to 23)'."""
    if value is None:
        return "not shown"
    return form(value) if low is None or high is None else f"{form(value)} ({form(low)} to {form(high)})"


def based(point: Point, base: str, form: Form = number) -> str:
    """Return a figure with interval and base: 'support: 0 (−23 to 23), 32 answers'.

    Args:
        base: what is counted, in the singular.
    """
    told = f"{point.label}: {interval(point.value, point.low, point.high, form)}"
    return told if point.base is None else f"{told}, {counted(point.base, base)}"


def change(difference: Number | None, p_value: Number | None, before: str, digits: int = 1) -> str:
    """Return how a figure moved since the period ``before``, and whether that is more than chance.

    Args:
        p_value: adjusted for the number of comparisons; None where no test is possible.
    """
    if difference is None:
        return f"no comparison with {before}"
    moved = f"{signed(difference, digits)} since {before}"
    if p_value is None:
        return f"{moved}; significance unknown"
    if p_value >= SIGNIFICANT_BELOW:
        return f"{moved}; no significant change"
    return f"{moved}; significant (adjusted p {shown_p(p_value)})"


def shown_p(p_value: Number) -> str:
    """Return a p-value; below a thousandth only as that."""
    return "< 0.001" if p_value < 0.001 else f"= {float(p_value):.3f}"


def extremes(points: Sequence[Point], base: str, form: Form = number) -> str:
    """Return the lowest and the highest group, and whether their intervals separate them."""
    shown = [point for point in points if point.value is not None]
    if not shown:
        return "No group has a base that is large enough to be shown."
    lowest, highest = min(shown, key=_value), max(shown, key=_value)
    if lowest is highest or lowest.value == highest.value:
        return based(highest, base, form) + "."
    told = f"Lowest is {based(lowest, base, form)}; highest is {based(highest, base, form)}"
    if lowest.high is None or highest.low is None:
        return told + "."
    apart = lowest.high < highest.low
    return f"{told}. {'Their intervals do not overlap.' if apart else 'Their intervals overlap.'}"


def latest(points: Sequence[Point], base: str, form: Form = number) -> str:
    """Return the last complete period of a line, and whether a later one has begun."""
    complete = [point for point in points if point.is_complete and point.value is not None]
    begun = [point for point in points if not point.is_complete]
    told = f"{based(complete[-1], base, form)}." if complete else "No period is complete yet."
    return f"{told} {begun[-1].label} is not complete." if begun else told


def largest(points: Sequence[Point], what: str, form: Form = number) -> str:
    """Return the largest part of a sum, with its share."""
    shown = [point for point in points if point.value]
    total = sum(float(point.value or 0) for point in shown)
    if not shown or total <= 0:
        return f"No {what} to show."
    first = max(shown, key=_value)
    part = f"{100 * _value(first) / total:,.0f}\u202f%"
    return f"{first.label} has {interval(first.value, first.low, first.high, form)}, {part} of the {what} shown."


def left_out(total: int, drawn: int, noun: str, minimum_base: int) -> list[str]:
    """Return what a chart does not draw: 'other 3 segments not drawn'."""
    if total <= drawn:
        return []
    groups = counted(total - drawn, noun)
    verb = "is" if total - drawn == 1 else "are"
    return [f"{groups} {verb} not drawn: smaller than those shown, or a base below {minimum_base}."]


def incomplete(points: Sequence[Point], as_of_date: date) -> list[str]:
    """Return which periods have begun and not ended."""
    begun = list(dict.fromkeys(point.label for point in points if not point.is_complete))
    if not begun:
        return []
    return [f"{', '.join(begun)}: begun, not complete (figures up to {as_of_date.isoformat()}); drawn hollow or paler."]


def _value(point: Point) -> float:
    return float(point.value if point.value is not None else 0)
