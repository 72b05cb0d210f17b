"""The expected bridges, retention, cohorts and earned growth, calculated from purchases in plain Python.

Input: purchases, refunds and contract periods as delivered. It does not use the warehouse. Amounts are cents.
Customers are processed one by one: slow, and easy to compare with docs/metrics.md.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

Person = str
Amounts = Mapping[tuple[Person, date], int]
SegmentAt = Callable[[Person, date], str]


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


def bridges(
    amounts: Amounts,
    first_days: Mapping[Person, date],
    periods: list[date],
    as_of: date,
    segment_at: SegmentAt,
) -> dict[tuple[date, str], Counter[str]]:
    """The lines of the bridge into each period, by segment; lines of 0 are excluded.

    Args:
        amounts: cents by person and period.
        first_days: the day of each person's first purchase.
        periods: the first days of all periods, without gaps.
        segment_at: the segment of a person just before the start of a day.
    """
    lines: dict[tuple[date, str], Counter[str]] = defaultdict(Counter)
    people = {person for person, _ in amounts}
    ends = [*periods[1:], as_of]
    for position, (period, end) in enumerate(zip(periods, ends, strict=True)):
        is_over = position + 1 < len(periods) or as_of == _end(periods, position)
        for person in people:
            before = amounts.get((person, periods[position - 1]), 0) if position else 0
            now = amounts.get((person, period), 0)
            if not before and not now:
                continue
            segment = segment_at(person, end)
            line = lines[period, segment]
            line["closing"] += now
            if before:
                old_segment = segment_at(person, period)
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


def _end(periods: list[date], position: int) -> date:
    """The first day after a period."""
    is_year = len(periods) > 1 and (periods[1] - periods[0]).days > 31
    return periods[position].replace(year=periods[position].year + 1) if is_year else following(periods[position])


def retention(amounts: Amounts, first_days: Mapping[Person, date], last_month: date, months: int) -> Counter[str]:
    """Counts and cents of one period against the preceding one of the same length."""
    window = [following(last_month, -back) for back in range(months)]
    base_window = [following(last_month, -back) for back in range(months, 2 * months)]
    totals: Counter[str] = Counter()
    for person in {person for person, _ in amounts}:
        now = sum(amounts.get((person, month), 0) for month in window)
        before = sum(amounts.get((person, month), 0) for month in base_window)
        if before > 0:
            totals["base_customers"] += 1
            totals["retained_customers"] += now > 0
            totals["base"] += before
            totals["kept"] += min(before, max(now, 0))
            totals["retained"] += max(now, 0)
        elif now > 0:
            name = "reactivated" if first_days[person] < window[-1] else "new"
            totals[f"{name}_customers"] += 1
            totals[name] += now
    return totals


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
