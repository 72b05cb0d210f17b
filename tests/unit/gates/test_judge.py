"""What the shared rules accept and refuse."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal

import pyarrow as pa
import pytest

from expectations import nested_rules, rules
from expectations.suite import RowRule
from orchestration.base.errors import InfrastructureError
from orchestration.gates.judge import Broken, broken_row_rules

pytestmark = pytest.mark.xdist_group("great expectations")

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC).replace(tzinfo=None)


def texts(**columns: list[str | None]) -> pa.Table:
    """Rows as text formats deliver them."""
    return pa.table({name: pa.array(values, pa.string()) for name, values in columns.items()})


def reasons(judged: tuple[RowRule, ...], *values: object, kind: pa.DataType | None = None) -> list[list[str]]:
    """The reasons against each value of column ``x``, which is text where its type is not given."""
    rows = pa.table({"x": pa.array(list(values), kind or pa.string())})
    broken = broken_row_rules("demo", judged, rows)
    return [[told.reason for told in broken.get(place, [])] for place in range(len(values))]


def accepted(judged: tuple[RowRule, ...], *values: object) -> list[object]:
    """The values that break no rule."""
    verdicts = reasons(judged, *values)
    return [value for value, broken in zip(values, verdicts, strict=True) if not broken]


@pytest.mark.parametrize(
    ("rule", "good", "bad"),
    [
        (rules.required("x"), ["a", " ", "0"], [None]),
        (
            rules.whole_number("x"),
            ["0", "-3", "+3", " 7 ", "2147483647", "3.0"],
            ["", "3.000", "3.5", "1e3", "0x10", "1_000", "2147483648"],
        ),
        (rules.whole_number("x", low=1, high=5), ["1", "5"], ["0", "6", "-1"]),
        (rules.whole_number("x", low=1), ["1", "1000"], ["0"]),
        (
            rules.amount("x"),
            ["0", "12.5", "-3", "1e3", "99999999.99"],
            ["12,5", "nan", "inf", "1e17", "€ 3", "1.234"],
        ),
        (rules.amount("x", low=0), ["0.00", "7"], ["-0.01"]),
        (rules.amount_with_comma("x"), ["0", "12,5", "-3,00", "1234,50"], ["12.5", "1.234,50", "1,2,3", "€ 3", ""]),
        (rules.amount_with_comma("x", low=0), ["0,00", "7"], ["-0,01"]),
        (
            rules.wall_clock("x"),
            ["2018-05-01", "2018-05-01 13:00:00", "2018-05-01T13:00", "2018-05-01 13:00:00.123456", "2024-02-29"],
            [
                "2018-02-29",
                "2018-05-01 25:00:00",
                "01.05.2018",
                "13:00:00",
                "2018-05-01T13:00:00Z",
                "2018-05-01 13:00:00+02",
                "2018-05-01T13:00:00-03:00",
                "2018-05-01 13:00:00 UTC",
                "infinity",
                "0018-05-01",
                "20180-05-01 00:00:00",
                "now",
            ],
        ),
        (
            rules.instant("x"),
            [
                "2018-05-01T13:00:00Z",
                "2018-05-01 13:00:00+00",
                "2018-05-01T13:00:00.5-03:00",
                "2018-05-01T13:00:00+0530",
                "2018-05-01T13:00:00 Europe/Berlin",
            ],
            [
                "2018-05-01",
                "2018-05-01T13:00:00",
                "2018-13-01T13:00:00Z",
                "2018-05-01T13:00:00 CEST",
                "infinity",
                "1018-05-01T13:00:00Z",
                "2218-05-01T13:00:00Z",
            ],
        ),
        (
            rules.moment("x"),
            [
                "2018-05-01",
                "2018-05-01 13:00",
                "2018-05-01T13:00:00.5",
                "2018-05-01T13:00:00Z",
                "2018-05-01 13:00 +02:00",
                "2018-05-01T13:00:00[Europe/Berlin]",
            ],
            [
                "2018-02-29",
                "01.05.2018",
                "13:00:00",
                "2018-05-01T13:00:00 CEST",
                "2018-05-01T13:00:00 PM",
                "infinity",
                "1018-05-01T13:00:00Z",
                "2218-05-01",
                "now",
            ],
        ),
        (rules.boolean("x"), ["true", "False", "1", "0"], ["maybe", "2"]),
        (rules.one_of("x", "open", "closed"), ["open", "closed"], ["Open", "", "shut"]),
        (rules.text_at_most("x", 3), ["", "abc", "äöü"], ["abcd"]),
        (nested_rules.filled_list("x"), ["[1]", '[{"a": 1}]'], ["[]", "{}", "null", "nine", "["]),
        (
            nested_rules.each("x", "cast(element as integer) > 1", "too low"),
            ["[2, 3]", "[]", "no list"],
            ["[1]", "[2, null]"],
        ),
    ],
    ids=lambda value: value[0].name if isinstance(value, tuple) else None,
)
def test_a_rule_accepts_what_can_be_used_and_nothing_else(
    rule: tuple[RowRule, ...], good: list[str], bad: list[str]
) -> None:
    assert accepted(rule, *good, *bad) == good


@pytest.mark.parametrize(
    ("rule", "good", "bad"),
    [
        (rules.whole_number("x", low=1), [1, 2], [0]),
        (rules.whole_number("x", low=1), [1.0, 3.0], [0.0, 1.5, float("inf")]),
        (rules.amount("x", low=0), [0.0, 12.345], [-1.0, float("inf"), 1e17]),
        (rules.amount("x", low=0), [Decimal("12.50")], [Decimal("-0.01")]),
        (rules.instant("x"), [NOON.replace(tzinfo=UTC)], [datetime(2300, 1, 1, tzinfo=UTC)]),
        (rules.wall_clock("x"), [NOON], [datetime(1800, 1, 1)]),  # noqa: DTZ001  a wall clock has no zone
        (rules.moment("x"), [NOON, datetime(2018, 5, 1)], [datetime(1800, 1, 1)]),  # noqa: DTZ001  likewise
        (rules.moment("x"), [NOON.replace(tzinfo=UTC)], [datetime(2300, 1, 1, tzinfo=UTC)]),
        (rules.boolean("x"), [True, False], []),
    ],
)
def test_typed_values_are_judged_by_the_same_rules(
    rule: tuple[RowRule, ...], good: list[object], bad: list[object]
) -> None:
    broken = broken_row_rules("demo", rule, pa.table({"x": [*good, None, *bad]}))
    assert sorted(broken) == list(range(len(good) + 1, len(good) + 1 + len(bad)))


@pytest.mark.parametrize(("value", "kind"), [(NOON, pa.timestamp("us")), ("2026-01-01 12:00:00", pa.string())])
def test_a_time_without_an_offset_is_no_instant(value: object, kind: pa.DataType) -> None:
    (broken,) = reasons(rules.instant("x"), value, kind=kind)
    assert broken == [f"x '{value}' is no time with an offset"]


@pytest.mark.parametrize(
    "kind",
    [pa.string(), pa.null(), pa.int64(), pa.float64(), pa.decimal128(18, 2), pa.date32(), pa.timestamp("us", "UTC")],
    ids=str,
)
@pytest.mark.parametrize(
    "rule",
    [
        rules.whole_number("x", low=1),
        rules.amount("x", low=0),
        rules.instant("x"),
        rules.wall_clock("x"),
        rules.moment("x"),
        rules.text_at_most("x", 3),
        rules.one_of("x", "a"),
    ],
)
def test_a_missing_value_breaks_no_rule_but_that_it_must_be_there(rule: tuple[RowRule, ...], kind: pa.DataType) -> None:
    assert reasons((*rules.required("x"), *rule), None, None, kind=kind) == [["x is missing"]] * 2


def test_a_row_is_told_every_rule_it_breaks_in_the_order_of_the_rules() -> None:
    judged = (
        *rules.whole_number("x", low=10),
        *rules.required("y"),
        *rules.one_of("y", "a"),
        *rules.amount("z", low=0),
    )
    rows = texts(x=["5", "ten", "10"], y=[None, "b", "a"], z=["-1", "much", "1"])
    broken = broken_row_rules("demo", judged, rows)
    assert {place: [told.reason for told in rules] for place, rules in broken.items()} == {
        0: ["x '5' is not at least 10", "y is missing", "z '-1' is not at least 0"],
        1: ["x 'ten' is no whole number", "y 'b' is none of a", "z 'much' is no amount"],
    }


def test_a_broken_rule_is_told_without_what_was_delivered() -> None:
    [told] = broken_row_rules("demo", rules.whole_number("x"), texts(x=["ada@example.org"]))[0]
    assert told == Broken("x is no whole number", "x 'ada@example.org' is no whole number")


def test_a_long_value_is_cut_short_and_braces_stay_as_delivered() -> None:
    long, braces = reasons(rules.whole_number("x"), "9" * 100, "{row} {value}")
    assert long == [f"x '{'9' * 57}...' is no whole number"]
    assert braces == ["x '{row} {value}' is no whole number"]


def test_rows_are_numbered_through_all_chunks_of_a_batch() -> None:
    rows = pa.concat_tables([texts(x=["1", "a"]), texts(x=["2", "b"] * 100_000)])
    assert list(broken_row_rules("demo", rules.whole_number("x"), rows)) == list(range(1, 200_002, 2))


def test_a_column_may_have_any_name() -> None:
    name = 'Größe "x", value'
    rows = pa.table({name: ["1", "a"], "row number ": ["", ""]})
    broken = broken_row_rules("demo", rules.whole_number(name), rows)
    assert [told.rule for told in broken[1]] == [f"{name} is no whole number"]
    assert list(broken) == [1]


def test_a_float_that_is_not_a_number_is_a_missing_value() -> None:
    judged = (*rules.required("x"), *rules.amount("x", low=0), *rules.whole_number("x"))
    assert reasons(judged, 1.0, float("nan"), None, kind=pa.float64()) == [[], ["x is missing"], ["x is missing"]]


@pytest.mark.parametrize("kind", [pa.timestamp("us"), pa.timestamp("us", "UTC"), pa.date32()], ids=str)
def test_a_time_beyond_what_python_can_hold_is_a_bad_row_and_no_fault(kind: pa.DataType) -> None:
    value = pa.array([2**30 if kind == pa.date32() else 2**60, None]).cast(
        pa.int32() if kind == pa.date32() else pa.int64()
    )
    rows = pa.table({"x": value.cast(kind)})
    told = broken_row_rules("demo", rules.wall_clock("x"), rows)[0][-1]
    # a date so far away is none of the bounds' type either
    no_time, out_of_bounds = (
        "x is no time without an offset",
        "x is not from limits.earliest_date to limits.latest_date",
    )
    assert told.rule == (no_time if kind == pa.date32() else out_of_bounds)
    assert re.search(r"'\d{5,}-\d\d-\d\d", told.reason)


def test_a_rule_on_a_column_that_was_not_delivered_is_left_to_the_batch_rules() -> None:
    assert reasons(rules.required("y"), "a") == [[]]
    assert broken_row_rules("demo", rules.required("x"), texts(x=[])) == {}


def test_a_rule_that_cannot_be_judged_is_a_fault_of_the_pipeline_and_not_of_the_data() -> None:
    broken = RowRule("x", "x '{value}' is bad", "no_such_function(value)")
    with pytest.raises(InfrastructureError, match=r"(?s)demo.*'x is bad'.*no_such"):
        reasons((*rules.required("x"), broken), "a")


def test_a_rule_that_fails_on_a_value_is_a_fault_of_the_pipeline_and_the_message_does_not_quote_the_value() -> None:
    broken = RowRule("x", "x '{value}' is bad", "cast(value as integer) > 0")
    with pytest.raises(InfrastructureError) as raised:
        reasons((*rules.required("x"), broken), "ada@example.org")
    assert "demo: the rule 'x is bad' could not be judged: ConversionException" in str(raised.value)
    assert "ada" not in str(raised.value)
    assert raised.value.__cause__ is None
    assert raised.value.__suppress_context__


def test_a_time_that_lies_before_another_is_refused_whatever_its_offset() -> None:
    rows = texts(
        x=["2026-01-01T12:00:00+02:00", "2026-01-01T12:00:00Z", "2026-01-01T12:00:00Z", None, "soon"],
        y=["2026-01-01T11:00:00Z", "2026-01-01T12:00:00Z", "2026-01-01T12:30:00+01:00", "2020-01-01", "1999"],
    )
    broken = broken_row_rules("demo", rules.not_before("x", "y"), rows)
    assert {place: [told.reason for told in rules] for place, rules in broken.items()} == {
        2: ["y '2026-01-01T12:30:00+01:00' lies before x"]
    }
