"""Load windows: days of 23 and 25 hours, leap days, ends of years, time zones, clocks that differ."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Self
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestration.config.deployment import Deployment, Table, load_deployment
from orchestration.config.systems import Sql
from orchestration.connectors import sources
from orchestration.landing.unit import Unit
from tests.unit.landing.deliveries import CUSTOMER_COLUMNS, company, messages

# Samoa left out a day, Lord Howe moves its clocks by half an hour, São Paulo moved them at midnight
ZONES = ("Europe/Berlin", "America/Sao_Paulo", "Australia/Lord_Howe", "Pacific/Apia", "Asia/Kolkata", "UTC")


@cache
def customers(timezone: str = "Europe/Berlin", lookback_days: int = 0) -> Table:
    """The CRM's customers of a deployment in this time zone, with an old history."""
    demo = load_deployment("demo")
    crm = demo.systems["crm"]
    table = crm.tables["customers"].model_copy(update={"lookback_days": lookback_days})
    system = crm.model_copy(update={"tables": {"customers": table}})
    changed = {"timezone": timezone, "history_load_date": date(2000, 1, 1), "systems": {"crm": system}}
    return next(demo.model_copy(update=changed).tables())


@pytest.mark.parametrize(
    ("timezone", "day", "start", "hours"),
    [
        ("Europe/Berlin", date(2026, 3, 28), "2026-03-27T23:00", 24),
        ("Europe/Berlin", date(2026, 3, 29), "2026-03-28T23:00", 23),
        ("Europe/Berlin", date(2026, 3, 30), "2026-03-29T22:00", 24),
        ("Europe/Berlin", date(2026, 10, 25), "2026-10-24T22:00", 25),
        ("Europe/Berlin", date(2028, 2, 29), "2028-02-28T23:00", 24),
        ("Europe/Berlin", date(2025, 12, 31), "2025-12-30T23:00", 24),
        ("Europe/Berlin", date(2026, 1, 1), "2025-12-31T23:00", 24),
        ("America/Sao_Paulo", date(2018, 11, 4), "2018-11-04T03:00", 23),
        ("America/Sao_Paulo", date(2018, 2, 17), "2018-02-17T02:00", 25),
        ("Australia/Lord_Howe", date(2026, 4, 5), "2026-04-04T13:00", 24.5),
        ("Asia/Kolkata", date(2028, 2, 29), "2028-02-28T18:30", 24),
    ],
)
def test_a_window_is_a_day_in_the_deployments_time_zone(timezone: str, day: date, start: str, hours: float) -> None:
    window = customers(timezone).window(day)
    assert window.start == datetime.fromisoformat(start).replace(tzinfo=UTC)
    assert window.end - window.start == timedelta(hours=hours)


@settings(deadline=None)
@given(st.sampled_from(ZONES), st.dates(date(2005, 1, 1), date(2040, 12, 1)), st.integers(0, 10))
def test_windows_follow_each_other_without_gap_or_overlap(timezone: str, first: date, lookback_days: int) -> None:
    table, looking_back = customers(timezone), customers(timezone, lookback_days)
    days = [first + timedelta(days=number) for number in range(12)]
    for before, after in pairwise(table.window(day) for day in days):
        assert before.end == after.start
    for back, day in zip(days, days[lookback_days:], strict=False):
        assert looking_back.window(day).start == table.window(back).start
        assert looking_back.window(day).end == table.window(day).end


class Clock(datetime):
    """Half an hour before midnight of the fifth of January, UTC."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Self:
        return cls(2026, 1, 5, 23, 30, tzinfo=UTC).astimezone(tz)


@pytest.mark.parametrize(
    ("timezone", "last"), [("Europe/Berlin", date(2026, 1, 5)), ("America/Sao_Paulo", date(2026, 1, 4))]
)
def test_a_database_has_the_load_dates_that_have_ended_in_the_deployments_time_zone(
    monkeypatch: pytest.MonkeyPatch, timezone: str, last: date
) -> None:
    monkeypatch.setattr(sources, "datetime", Clock)
    table = customers(timezone)
    system = table.system.model_copy(update={"files": None, "sql": Sql.model_validate({"url": {"env": "CRM_URL"}})})
    deployment: Deployment = table.deployment.model_copy(update={"systems": {"crm": system}})
    days = sources.available_load_dates(deployment, Path("unused"))
    assert (days[0], days[-1]) == (date(2000, 1, 1), last)
    assert sources.fingerprint(next(deployment.tables()), last, Path("unused"))
    assert sources.fingerprint(next(deployment.tables()), last + timedelta(days=1), Path("unused")) is None


def landed(root: Path, table: Table, nights: dict[date, list[str]]) -> list[Unit]:
    """Land nights of customers, each given as the update times of its rows."""
    demo = company("demo", root)
    for night, times in nights.items():
        rows = [f"c{number}-{at},,,,{at},{at}{',' * 8}\n" for number, at in enumerate(times)]
        demo.deliver(f"{night}/crm/customers.csv", CUSTOMER_COLUMNS + "\n" + "".join(rows))
    return demo.landing.admit(table, sorted(nights))


@pytest.mark.xdist_group("great expectations")
@pytest.mark.parametrize(
    ("day", "midnight", "days_behind"),
    [
        (date(2026, 3, 29), "2026-03-29T00:00:00+01:00", 0.96),  # 23 of 24 hours
        (date(2026, 10, 25), "2026-10-25T00:00:00+02:00", 1.04),  # 25 of 24 hours
    ],
)
def test_staleness_counts_the_actual_hours_of_the_day(
    tmp_path: Path, day: date, midnight: str, days_behind: float
) -> None:
    [unit] = landed(tmp_path, customers(), {day: [midnight] * 30})
    assert unit.profile["days_behind"] == days_behind
    assert unit.has_landed


@pytest.mark.xdist_group("great expectations")
@pytest.mark.parametrize("timezone", ["Asia/Tokyo", "America/New_York", "UTC"])
def test_times_with_another_offset_are_converted(tmp_path: Path, timezone: str) -> None:
    evening = datetime(2026, 1, 5, 23, 50, tzinfo=ZoneInfo("Europe/Berlin")).astimezone(ZoneInfo(timezone))
    [unit] = landed(tmp_path, customers(), {date(2026, 1, 5): [evening.isoformat()] * 30})
    assert unit.profile["days_behind"] == 0.01  # 10 minutes
    assert unit.has_landed


@pytest.mark.xdist_group("great expectations")
def test_rows_of_a_clock_that_is_minutes_ahead_land_with_their_load_date(tmp_path: Path) -> None:
    ahead = [f"2026-01-06T00:0{number % 5}:{number:02}+01:00" for number in range(30)]
    [unit] = landed(tmp_path, customers(), {date(2026, 1, 5): ahead})
    assert not unit.findings
    assert unit.profile["landed_row_count"] == 30


@pytest.mark.xdist_group("great expectations")
@pytest.mark.parametrize(
    ("lookback_days", "problems", "warnings"),
    [
        (0, ["every row is one of the load before: the old file was delivered again"], 1),
        (1, [], 0),
    ],
)
def test_a_table_with_lookback_may_deliver_rows_again(
    tmp_path: Path, lookback_days: int, problems: list[str], warnings: int
) -> None:
    times = [f"2026-01-05T1{number % 10}:00:{number:02}+01:00" for number in range(30)]
    table = customers(lookback_days=lookback_days)
    units = landed(tmp_path, table, {date(2026, 1, 5): times, date(2026, 1, 6): times})
    assert messages(units, "error") == problems
    assert len(messages(units, "warn")) == warnings
