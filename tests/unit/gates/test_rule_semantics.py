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

FIRST, LAST = datetime(1900, 1, 1, tzinfo=UTC), datetime(2199, 12, 31, 23, 59, 59, tzinfo=UTC)

digits = st.from_regex(r"[+-]?[0-9]{1,19}(\.[0-9]{0,4})?(e[0-9]{1,2})?", fullmatch=True)
numbers = st.one_of(
    digits, st.integers(-(2**33), 2**33).map(str), digits.map(" {} ".format), st.text("aef€_, ", max_size=4)
)
naive = st.datetimes(datetime(1895, 1, 1), datetime(2205, 1, 1))  # noqa: DTZ001  a wall clock has no zone
times = naive | naive.map(lambda time: time.replace(tzinfo=UTC))
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)


def is_whole_number(text: str) -> bool:
    return bool(re.fullmatch(r"[+-]?[0-9]+", text.strip(" "))) and -(2**31) <= int(text) < 2**31


def is_amount(text: str) -> bool:
    """At most 18 digits, rounded to the cent, half a cent away from zero; not below 0."""
    if not re.fullmatch(r"\s*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[0-9]+)?\s*", text, re.ASCII | re.IGNORECASE):
        return False
    try:
        return 0 <= Decimal(text.strip()).quantize(Decimal("0.01"), ROUND_HALF_UP) < 10**16
    except InvalidOperation:
        return False


def is_instant(text: str) -> bool:
    time = datetime.fromisoformat(text)
    return time.tzinfo is not None and FIRST <= time <= LAST


def is_wall_clock(text: str) -> bool:
    time = datetime.fromisoformat(text)
    return time.tzinfo is None and FIRST <= time.replace(tzinfo=UTC) <= LAST


@pytest.mark.parametrize(
    ("rule", "values", "holds"),
    [
        (rules.whole_number("x"), numbers, is_whole_number),
        (rules.whole_number("x", low=1, high=9), numbers, lambda text: is_whole_number(text) and 1 <= int(text) <= 9),
        (rules.amount("x", low=0), numbers, is_amount),
        (rules.instant("x"), times.map(datetime.isoformat), is_instant),
        (rules.wall_clock("x"), times.map(str), is_wall_clock),
        (rules.one_of("x", "a", "it's", "ü"), st.sampled_from(["a", "A", "it's", " a", "ü", "u\u0308", ""]) | texts,
         lambda text: text in {"a", "it's", "ü"}),
        (rules.text_at_most("x", 3), texts, lambda text: len(text) <= 3),
    ],
    ids=["whole_number", "bounded_whole_number", "amount", "instant", "wall_clock", "one_of", "text_at_most"],
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


def typed(values: st.SearchStrategy[Any], kind: pa.DataType) -> st.SearchStrategy[pa.Array]:
    return st.lists(st.none() | values, min_size=1, max_size=40).map(lambda drawn: pa.array(drawn, kind))


TYPED = {
    "integers": typed(st.integers(-(2**63), 2**63 - 1) | st.integers(-10, 10), pa.int64()),
    "decimals": typed(st.decimals(-(10**14), 10**14, places=3), pa.decimal128(18, 3)),
    "dates": typed(st.dates(date(1895, 1, 1), date(2205, 1, 1)), pa.date32()),
    "wall clocks": typed(naive, pa.timestamp("us")),
    "instants": typed(times.map(lambda time: time.replace(tzinfo=UTC)), pa.timestamp("us", "UTC")),
}
EVERY_RULE = (
    *rules.required("x"),
    *rules.whole_number("x", low=-3, high=3),
    *rules.amount("x", low=0),
    *rules.instant("x"),
    *rules.wall_clock("x"),
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
