"""The row rules mean what plain Python says, and a typed column is judged like its text."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from expectations import rules
from expectations.suite import RowRule
from orchestration.gates.judge import broken_row_rules
from tests.unit.gates.test_castable_values import macro

FIRST, LAST = datetime(1971, 1, 1, tzinfo=UTC), datetime(2199, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)
LARGEST = 10**8

digits = st.from_regex(r"[+-]?[0-9]{1,19}(\.[0-9]{0,4})?(e[0-9]{1,2})?", fullmatch=True)
numbers = st.one_of(
    digits, st.integers(-(2**33), 2**33).map(str), digits.map(" {} ".format), st.text("aef€_, ", max_size=4)
)
naive = st.datetimes(datetime(1965, 1, 1), datetime(2205, 1, 1))  # noqa: DTZ001  a wall clock has no zone
times = naive | naive.map(lambda time: time.replace(tzinfo=UTC))
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)


def may_be_a_thousand(text: str) -> bool:
    """One point with three digits behind it, which elsewhere is a thousands mark; 0.125 is not a thousand."""
    return bool(re.fullmatch(r"[+-]?[1-9][0-9]{0,2}\.[0-9]{3}", text.strip(" ")))


def is_whole_number(text: str) -> bool:
    found = re.fullmatch(r"([+-]?[0-9]+)(\.0*)?", text.strip(" "))
    return found is not None and -(2**31) <= int(found[1]) < 2**31 and len(found[2] or "") != len(".000")


def is_amount(text: str) -> bool:
    """Rounded to the cent, half a cent away from zero; within 0 and the largest amount, and not a thousand."""
    if may_be_a_thousand(text):
        return False
    if not re.fullmatch(r"\s*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[0-9]+)?\s*", text, re.ASCII | re.IGNORECASE):
        return False
    try:
        return 0 <= Decimal(text.strip()).quantize(Decimal("0.01"), ROUND_HALF_UP) <= LARGEST
    except InvalidOperation:
        return False


def is_instant(text: str) -> bool:
    time = datetime.fromisoformat(text)
    return time.tzinfo is not None and FIRST <= time <= LAST


def is_wall_clock(text: str) -> bool:
    time = datetime.fromisoformat(text)
    return time.tzinfo is None and FIRST <= time.replace(tzinfo=UTC) <= LAST


def is_moment(text: str) -> bool:
    return is_instant(text) or is_wall_clock(text)


@pytest.mark.parametrize(
    ("rule", "values", "holds"),
    [
        (rules.whole_number("x"), numbers, is_whole_number),
        (rules.whole_number("x", low=1, high=9), numbers, lambda text: is_whole_number(text) and 1 <= float(text) <= 9),
        (rules.amount("x", low=0), numbers, is_amount),
        (rules.instant("x"), times.map(datetime.isoformat), is_instant),
        (rules.wall_clock("x"), times.map(str), is_wall_clock),
        (rules.moment("x"), times.map(str), is_moment),
        (rules.one_of("x", "a", "it's", "ü"), st.sampled_from(["a", "A", "it's", " a", "ü", "u\u0308", ""]) | texts,
         lambda text: text in {"a", "it's", "ü"}),
        (rules.text_at_most("x", 3), texts, lambda text: len(text) <= 3),
    ],
    ids=["whole_number", "bounded_whole_number", "amount", "instant", "wall_clock", "moment", "one_of", "text_at_most"],
)  # fmt: skip
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_a_text_is_judged_as_plain_python_would(
    rule: tuple[RowRule, ...], values: st.SearchStrategy[str], holds: Callable[[str], bool], data: st.DataObject
) -> None:
    texts = data.draw(st.lists(st.none() | values, min_size=1, max_size=40))
    broken = broken_row_rules("demo", rule, pa.table({"x": pa.array(texts, pa.string())}))
    assert sorted(broken) == [row for row, text in enumerate(texts) if text is not None and not holds(text)]


@settings(max_examples=40, deadline=None)
@given(pairs=st.lists(st.tuples(st.none() | times, st.none() | times), min_size=1, max_size=40))
def test_an_order_of_times_is_judged_as_plain_python_would(
    pairs: list[tuple[datetime | None, datetime | None]],
) -> None:
    # a time without an offset counts as UTC
    moments = [[time and time.replace(tzinfo=UTC) for time in pair] for pair in pairs]
    columns = {
        name: pa.array([pair[place] and str(pair[place]) for pair in pairs], pa.string())
        for place, name in enumerate("xy")
    }
    broken = broken_row_rules("demo", rules.not_before("x", "y"), pa.table(columns))
    assert sorted(broken) == [row for row, (first, later) in enumerate(moments) if first and later and later < first]


ZONED = [
    ("2026-09-02T10:00Z", "2026-09-02 10:00:00"),
    ("2026-09-02 10:23:45 UTC", "2026-09-02 10:23:45"),
    ("2026-09-02 10:00 GMT", "2026-09-02 10:00:00"),
    ("2026-09-02 10:23:45 +02:00", "2026-09-02 08:23:45"),
    ("2026-09-02 10:23 +0200", "2026-09-02 08:23:00"),
    ("2026-09-02T10:23-0330", "2026-09-02 13:53:00"),
    ("2026-09-02 10:23:45 GMT+0200", "2026-09-02 08:23:45"),
    ("2026-09-02T10:23:45 Europe/Berlin", "2026-09-02 08:23:45"),
    ("2026-12-02T10:23:45[Europe/Berlin]", "2026-12-02 09:23:45"),
    ("2026-09-02T10:23:45+02:00[Europe/Berlin]", "2026-09-02 08:23:45"),
    ("2026-09-02 10:23:45 America/Argentina/Buenos_Aires", "2026-09-02 13:23:45"),
    ("2026-09-02 10:23:45 BST", None),  # British summer, Bangladesh, Bougainville
    ("2026-09-02 10:23:45 CEST", None),
    ("2026-09-02 10:23:45 Nowhere/Town", None),
    ("2026-09-02 10:23 AM", None),
    ("2026-09-02 10:23", None),
]


@pytest.mark.parametrize(("text", "utc"), ZONED)
def test_offsets_and_zones_are_read_as_they_are_written_and_never_as_a_local_time(text: str, utc: str | None) -> None:
    rows = pa.table({"x": [text]})
    assert bool(broken_row_rules("demo", rules.instant("x"), rows)) == (utc is None)
    assert bool(broken_row_rules("demo", rules.wall_clock("x"), rows)) == (text != "2026-09-02 10:23")
    assert bool(broken_row_rules("demo", rules.moment("x"), rows)) == (utc is None and text != "2026-09-02 10:23")
    if utc:
        with duckdb.connect() as connection:
            connection.execute("set TimeZone = 'Asia/Tokyo'")
            sql = macro("utc", "UTC").replace("value", f"'{text}'")
            assert connection.execute(f"select cast({sql} as varchar)").fetchall() == [(utc,)]
        late = pa.table({"x": ["2026-12-31T00:00Z"], "y": [text]})
        assert sorted(broken_row_rules("demo", rules.not_before("x", "y"), late)) == [0]


def test_a_typed_number_is_never_a_thousand() -> None:
    for kind in (pa.float64(), pa.float32(), pa.decimal128(10, 3)):
        assert (
            broken_row_rules("demo", rules.amount("x"), pa.table({"x": pa.array([1.234], pa.float64()).cast(kind)}))
            == {}
        )
        whole = pa.table({"x": pa.array([9.0, 9.5], pa.float64()).cast(kind)})
        assert sorted(broken_row_rules("demo", rules.whole_number("x"), whole)) == [1]
    assert sorted(
        broken_row_rules("demo", rules.amount_with_comma("x"), pa.table({"x": ["1,234", "0,125", "1,5"]}))
    ) == [0]


def typed(values: st.SearchStrategy[Any], kind: pa.DataType) -> st.SearchStrategy[pa.Array]:
    return st.lists(st.none() | values, min_size=1, max_size=40).map(lambda drawn: pa.array(drawn, kind))


TYPED = {
    "integers": typed(st.integers(-(2**63), 2**63 - 1) | st.integers(-10, 10), pa.int64()),
    "decimals": typed(st.decimals(-(10**14), 10**14, places=2), pa.decimal128(18, 2)),
    "dates": typed(st.dates(date(1965, 1, 1), date(2205, 1, 1)), pa.date32()),
    "wall clocks": typed(naive, pa.timestamp("us")),
    "instants": typed(times.map(lambda time: time.replace(tzinfo=UTC)), pa.timestamp("us", "UTC")),
}
EVERY_RULE = (
    *rules.required("x"),
    *rules.whole_number("x", low=-3, high=3),
    *rules.amount("x", low=0),
    *rules.instant("x"),
    *rules.wall_clock("x"),
    *rules.moment("x"),
    *rules.one_of("x", "1", "true", "2026-01-01"),
    *rules.text_at_most("x", 4),
)


@pytest.mark.parametrize("columns", TYPED.values(), ids=TYPED.keys())
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_a_typed_column_is_judged_like_its_text(columns: st.SearchStrategy[pa.Array], data: st.DataObject) -> None:
    rows = pa.table({"x": data.draw(columns)})
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        as_text = connection.execute("select cast(x as varchar) as x from rows").to_arrow_table()
    verdicts = [
        {row: [told.rule for told in broken] for row, broken in broken_row_rules("demo", EVERY_RULE, judged).items()}
        for judged in (rows, as_text)
    ]
    assert verdicts[0] == verdicts[1]
