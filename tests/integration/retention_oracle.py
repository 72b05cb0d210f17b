"""The expected bridges, retention and cohorts, calculated from purchases in plain Python.

Input: purchases, refunds and contract periods as delivered. It does not use the warehouse. Amounts are cents.
Customers are processed one by one: slow, and easy to compare with docs/metrics.md.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from math import sqrt
from typing import Any

import pytest

Person = str
Amounts = Mapping[tuple[Person, date], int]
SegmentAt = Callable[[Person, date], str]
SegmentOfBase = Callable[[Person, date, date], str]
"""The segment of a person whose base starts with a month, in a period that ends with another month."""


@dataclass(frozen=True)
class Event:
    """Cents that a person brought on a day of the deployment's calendar; a refund is negative."""

    person: Person
    day: date
    cents: int


@dataclass(frozen=True)
class Contract:
    """A contract period: start, end, and the monthly price."""

    person: Person
    first_day: date
    started_at: float
    over_at: float
    cents: int


def month_of(day: date) -> date:
    """The first day of the month."""
    return day.replace(day=1)


def year_of(day: date) -> date:
    """The first day of the year."""
    return day.replace(month=1, day=1)


def following(month: date, months: int = 1) -> date:
    """The month this many months later."""
    number = month.year * 12 + month.month - 1 + months
    return date(number // 12, number % 12 + 1, 1)


def months_up_to(first: date, as_of: date) -> Iterator[date]:
    """Every month from that of the first day to that of the last day before the as-of date."""
    month = month_of(first)
    while month < as_of:
        yield month
        month = following(month)


def spent(events: Iterable[Event], as_of: date, period_of: Callable[[date], date]) -> dict[tuple[Person, date], int]:
    """Cents by person and period, of everything before the as-of date."""
    amounts: dict[tuple[Person, date], int] = defaultdict(int)
    for event in events:
        if event.day < as_of:
            amounts[event.person, period_of(event.day)] += event.cents
    return amounts


def running(contracts: Iterable[Contract], ends: Mapping[date, float]) -> dict[tuple[Person, date], int]:
    """Cents of the contract periods that run at the end of each period."""
    amounts: dict[tuple[Person, date], int] = defaultdict(int)
    for contract in contracts:
        for period, end in ends.items():
            if contract.started_at < end <= contract.over_at:
                amounts[contract.person, period] += contract.cents
    return amounts


def segment_of_base(segment_at: SegmentAt, first_months: Mapping[Person, date], as_of: date) -> SegmentOfBase:
    """The segment at the start of a base, else the first known one after it, up to the end of the period.

    Args:
        segment_at: the segment of a person just before the start of a day.
        first_months: the month in which each person was first seen; segments are taken at the ends of months.
    """

    def placed(person: Person, base_start: date, last_month: date) -> str:
        month = max(following(base_start, -1), first_months[person])
        while month <= last_month:
            if (segment := segment_at(person, min(following(month), as_of))) != "unknown":
                return segment
            month = following(month)
        return "unknown"

    return placed


def stage_at(days: Iterable[date], day: date) -> str:
    """The lifecycle stage at the start of a day of a person who ordered on these days."""
    seen = sorted(order for order in days if order < day)
    if not seen:
        return "prospect"
    comebacks = [later for earlier, later in pairwise(seen) if (later - earlier).days > 365]
    if comebacks and (day - comebacks[-1]).days <= 90:
        return "won_back"
    if (day - seen[0]).days <= 90:
        return "new"
    since = (day - seen[-1]).days
    return "active" if since <= 180 else "at_risk" if since <= 365 else "lapsed"


def bridges(
    amounts: Amounts,
    first_days: Mapping[Person, date],
    periods: list[date],
    as_of: date,
    segment_of: SegmentOfBase,
) -> dict[tuple[date, str], Counter[str]]:
    """The lines of the bridge into each period, by segment; lines of 0 are excluded.

    Args:
        amounts: cents by person and period.
        first_days: the day of each person's first purchase.
        periods: the first days of all periods, without gaps.
    """
    lines: dict[tuple[date, str], Counter[str]] = defaultdict(Counter)
    people = {person for person, _ in amounts}
    for position, period in enumerate(periods):
        is_over = position + 1 < len(periods) or as_of == _end(periods, position)
        for person in people:
            before = amounts.get((person, periods[position - 1]), 0) if position else 0
            now = amounts.get((person, period), 0)
            if not before and not now:
                continue
            segment = segment_of(person, *_base_and_end(periods, position, as_of))
            line = lines[period, segment]
            line["closing"] += now
            if before:
                old_segment = segment_of(person, *_base_and_end(periods, position - 1, as_of))
                lines[period, old_segment]["opening"] += before
                if old_segment != segment:
                    lines[period, old_segment]["transferred_out"] += before
                    line["transferred_in"] += before
                name = "churned" if not now else "expansion" if now > before else "contraction"
                if name != "expansion" and not is_over:
                    name = "open"
                line[name] += abs(now - before) if name == "expansion" else before - now
            else:
                line["new" if first_days[person] >= period else "reactivated"] += now
    return {key: Counter({name: cents for name, cents in line.items() if cents}) for key, line in lines.items()}


def _base_and_end(periods: list[date], position: int, as_of: date) -> tuple[date, date]:
    """The first month of the period before, and the last month of the period that has begun."""
    period, end = periods[position], _end(periods, position)
    months = 12 if (end - period).days > 31 else 1
    return following(period, -months), min(following(end, -1), month_of(as_of - timedelta(days=1)))


def _end(periods: list[date], position: int) -> date:
    """The first day after a period."""
    is_year = len(periods) > 1 and (periods[1] - periods[0]).days > 31
    return periods[position].replace(year=periods[position].year + 1) if is_year else following(periods[position])


def retention(
    amounts: Amounts,
    first_days: Mapping[Person, date],
    last_month: date,
    periods: tuple[int, int],
    known_since: Mapping[Person, date],
    segment_of: SegmentOfBase,
    stage_of: SegmentAt,
) -> dict[tuple[str, str], Counter[str]]:
    """Counts and cents of a period against its base, by segment and stage.

    Args:
        amounts: cents by person and month.
        periods: months of the period and of its base, and months between their ends.
        known_since: the month from which on a person is in this type of revenue.
        stage_of: the lifecycle stage of a person at the start of a day.
    """
    length, distance = periods
    window = [following(last_month, -back) for back in range(length)]
    base_window = [following(last_month, -back) for back in range(distance, distance + length)]
    base_end = following(base_window[0])
    totals: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for person, since in known_since.items():
        now = sum(amounts.get((person, month), 0) for month in window)
        before = sum(amounts.get((person, month), 0) for month in base_window)
        if since >= base_end and now <= 0:
            continue
        line = totals[segment_of(person, base_window[-1], last_month), stage_of(person, base_end)]
        line["known_customers"] += since < base_end
        line["known_buyers"] += since < base_end and now > 0
        if before > 0:
            line["base_customers"] += 1
            line["retained_customers"] += now > 0
            line["base"] += before
            line["kept"] += min(before, max(now, 0))
            line["retained"] += max(now, 0)
        elif now > 0:
            name = "reactivated" if first_days[person] < base_end else "new"
            line[f"{name}_customers"] += 1
            line[name] += now
    return {key: Counter({name: value for name, value in line.items() if value}) for key, line in totals.items()}


def cohorts(
    orders: Iterable[Event], as_of: date, segment_of: Mapping[Person, str]
) -> dict[tuple[date, int, str], tuple[int, int, int]]:
    """Customers of the cohort, active customers and cents, by cohort month, age and segment at the first order.

    Cents of an order are net of all its refunds; ``orders`` are the counted ones.
    """
    seen = [order for order in orders if order.day < as_of]
    first: dict[Person, date] = {}
    for order in seen:
        first[order.person] = min(first.get(order.person, order.day), order.day)
    active: dict[tuple[date, str], dict[date, set[Person]]] = defaultdict(lambda: defaultdict(set))
    cents: dict[tuple[date, str, date], int] = defaultdict(int)
    for order in seen:
        cohort = (month_of(first[order.person]), segment_of[order.person])
        active[cohort][month_of(order.day)].add(order.person)
        cents[(*cohort, month_of(order.day))] += order.cents
    return {
        (born, age, segment): (len(by_month[born]), len(by_month[month]), cents[born, segment, month])
        for (born, segment), by_month in active.items()
        for age, month in enumerate(months_up_to(born, as_of))
    }


def share(hits: int, base: int, minimum: int) -> list[Any]:
    """A share and Wilson's interval: the solutions p of (share - p)² = z² p (1 - p) ÷ base. None below the minimum."""
    if base < minimum:
        return [None, None, None]
    z_square = 1.959964**2
    # a p² - b p + c = 0
    a, b, c = 1 + z_square / base, 2 * hits / base + z_square / base, (hits / base) ** 2
    root = sqrt(max(b * b - 4 * a * c, 0))
    limits = (hits / base, (b - root) / (2 * a), (b + root) / (2 * a))
    return [pytest.approx(limit, abs=1e-6) for limit in limits]
