"""Windows of a database: every row is pulled once, by a window that had ended when the row was there."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from orchestration.config.deployment import Window
from orchestration.connectors.databases.queries import CursorKind, bound
from tests.postgres import Postgres
from tests.unit.connectors.databases import URL, pulled, table_of

pytestmark = pytest.mark.xdist_group("postgres")

ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Pacific/Apia")
DAYS = (
    date(2026, 3, 28),  # clocks go forward in Europe
    date(2026, 10, 24),  # and back
    date(2026, 10, 31),  # and back in New York
    date(2026, 4, 4),  # and by half an hour on Lord Howe Island
    date(2028, 2, 28),  # a leap day
    date(2026, 12, 31),  # the end of a year
)
DATABASE = "windows"
KINDS: dict[str, CursorKind] = {"timestamptz": "instant", "timestamp": "local time", "date": "date"}


def cursor_of(instant: datetime, kind: CursorKind, zone: ZoneInfo) -> datetime | date:
    """What a source writes into a row that changes at ``instant``."""
    if kind == "instant":
        return instant
    local = instant.astimezone(zone).replace(tzinfo=None)
    return local if kind == "local time" else local.date()


@pytest.mark.parametrize("source", ZONES)
@pytest.mark.parametrize("company", ZONES[:3])
def test_of_any_two_zones_each_change_lies_in_one_window_that_ends_after_it(company: str, source: str) -> None:
    """The oracle is the clock: every ten minutes of days when clocks change, as the source would write them."""
    for day in DAYS:
        table = table_of(zone=company)
        windows = [table.window(day + timedelta(days=place)) for place in range(-2, 5)]
        for kind in KINDS.values():
            zone = ZoneInfo(source)
            ends = [
                (bound(window.start, kind, zone), bound(window.end, kind, zone)) for window in windows if window.start
            ]
            start = datetime(day.year, day.month, day.day, tzinfo=UTC)
            for minutes in range(0, 72 * 60, 10):
                instant = start + timedelta(minutes=minutes)
                value = cursor_of(instant, kind, zone)
                takers = [window for window, (first, last) in zip(windows, ends, strict=True) if first <= value < last]
                assert len(takers) == 1
                assert instant < takers[0].end


@pytest.fixture(scope="module")
def orders(postgres_server: Postgres) -> Postgres:
    """A server with an empty table for every kind of cursor."""
    postgres_server.execute(f"create database {DATABASE}")
    return postgres_server


@pytest.fixture(params=["timestamptz", "timestamp", "date"])
def cursor_type(request: pytest.FixtureRequest, orders: Postgres, monkeypatch: pytest.MonkeyPatch) -> str:
    """The type of the cursor ``changed`` of an empty table ``orders``."""
    monkeypatch.setenv(URL, orders.url(DATABASE))
    orders.execute(
        "drop table if exists orders", f"create table orders (id text, changed {request.param})", database=DATABASE
    )
    kind: str = request.param
    return kind


@pytest.mark.parametrize(("company", "source"), [("UTC", "Europe/Berlin"), ("Europe/Berlin", "America/New_York")])
def test_nights_around_the_change_of_clocks_take_every_row_once(
    orders: Postgres, cursor_type: str, company: str, source: str
) -> None:
    """Rows are written while nights go by: each night asks the moment its window ends, and sees what is there then."""
    table = table_of(zone=company, source_zone=source, cursor="changed")
    start, zone = datetime(2026, 10, 24, tzinfo=UTC), ZoneInfo(source)
    instants = [start + timedelta(minutes=minutes) for minutes in range(0, 48 * 60, 15)]
    taken: list[str] = []
    for night in (date(2026, 10, 23) + timedelta(days=place) for place in range(5)):
        window = table.window(night)
        there = [instant for instant in instants if window.start and window.start <= instant < window.end]
        with orders.connect(DATABASE) as connection, connection.cursor() as cursor:
            cursor.executemany(
                b"insert into orders values (%s, %s)",
                [(instant.isoformat(), cursor_of(instant, KINDS[cursor_type], zone)) for instant in there],
            )
        taken += pulled(table, window)["id"].to_pylist()
    assert sorted(taken) == [instant.isoformat() for instant in instants]


def test_a_row_whose_clock_is_minutes_ahead_waits_for_the_next_window(orders: Postgres, cursor_type: str) -> None:
    """It is there when the window ends, but stamped after it."""
    table = table_of(zone="Europe/Berlin", source_zone="Europe/Berlin", cursor="changed")
    last, ahead = ("2026-01-15", "2026-01-16") if cursor_type == "date" else ("2026-01-15 23:59", "2026-01-16 00:03")
    offset = "+01" if cursor_type == "timestamptz" else ""
    orders.execute(
        f"insert into orders values ('in time', '{last}{offset}'), ('ahead', '{ahead}{offset}')", database=DATABASE
    )
    taken = [pulled(table, table.window(date(2026, 1, day)))["id"].to_pylist() for day in (14, 15, 16, 17)]
    assert taken == [[], ["in time"], ["ahead"], []]


def test_the_history_has_all_before_its_end_and_rows_without_a_cursor(orders: Postgres, cursor_type: str) -> None:
    table = table_of(cursor="changed")
    orders.execute(
        "insert into orders values ('old', '1999-01-01'), ('never', null), ('later', '2026-01-01')", database=DATABASE
    )
    history = table.window(table.deployment.history_load_date)
    assert pulled(table, history)["id"].to_pylist() == ["old", "never"]
    assert pulled(table, Window(date(2026, 1, 1), datetime(2025, 1, 1, tzinfo=UTC), history.end)).num_rows == 0
    assert cursor_type in KINDS
