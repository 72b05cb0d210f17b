"""A value that passes gate 1 never fails in staging: the rules and the casts of the models agree on any value."""

from __future__ import annotations

import duckdb
import jinja2
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from expectations import rules
from expectations.suite import RowRule
from expectations.times import HAS_OFFSET, instant_of
from orchestration.base.paths import PROJECT
from orchestration.gates.judge import broken_row_rules

ZONES = ("America/Sao_Paulo", "Europe/Berlin", "Pacific/Apia", "UTC")

digits = st.text("0123456789", min_size=1, max_size=6)
times = st.builds(
    "{}-{}-{}{}{}{}".format,
    st.integers(1890, 2210) | st.integers(0, 300_000),
    st.integers(0, 13).map("{:02}".format),
    st.integers(0, 32).map("{:02}".format),
    st.sampled_from(["", "T", " "]),
    st.sampled_from(["", "00:00:00", "24:00:00", "23:59:60", "02:30", "12:00:00.1234567", "7:5:3"]),
    st.sampled_from(
        ["", "Z", "z", " UTC", "+02", "-03:00", "+99:99", "-15:59:59", " +0530", "[Asia/Tokyo]", "GMT+02", " CET", "+"]
    ),
)
datetimes = st.datetimes(timezones=st.none() | st.timezones()).map(lambda time: time.isoformat())
words = st.sampled_from(
    ["infinity", "-infinity", "epoch", "now", "today", "NaN", "inf", "null", "true", "", " ", "−5", "٣"]
)
numbers = st.one_of(
    st.integers(-(10**20), 10**20).map(str),
    st.floats().map(str),
    st.decimals(places=3).map(str),
    st.builds(
        "{}{}{}{}".format,
        st.sampled_from(["", "+", "-", " ", "0x"]),
        digits,
        st.sampled_from([".", "e", "_", ",", " "]),
        digits,
    ),
)
values = st.lists(st.one_of(times, datetimes, words, numbers, st.text(max_size=8)), min_size=20, max_size=60)


def macro(name: str, zone: str, file: str = "times") -> str:
    """The SQL of a macro over the column ``value``."""
    source = (PROJECT / "dbt_project" / "macros" / f"{file}.sql").read_text(encoding="utf-8")
    macros = jinja2.Environment(autoescape=False).from_string(source, globals={"var": {"timezone": zone}.__getitem__})  # noqa: S701  it makes SQL
    return str(getattr(macros.module, name)("value"))


def test_gate_and_staging_read_a_time_by_the_same_text() -> None:
    text = macro("with_readable_offset", "UTC")
    assert instant_of("value") == f"coalesce(try_cast(value as timestamptz), try_cast({text} as timestamptz))"


def moment(zone: str) -> str:
    """The SQL of a time that is in UTC where it has an offset, and else in the zone of its system."""
    has_offset = f"regexp_matches(trim(cast(value as varchar)), '{HAS_OFFSET}')"
    return f"case when {has_offset} then {macro('utc', zone)} else {macro('utc_from_local', zone)} end"


def calendar_day(cast: str, zone: str) -> str:
    """The SQL for the calendar day of a time, as the star has it."""
    return macro("local_date", zone).replace("value", f"({cast})")


@pytest.mark.parametrize(
    ("rule", "casts"),
    [
        (rules.whole_number("value"), ["cast(value as integer)"]),
        (rules.whole_number("value", low=1, high=5), ["cast(value as integer)"]),
        (rules.amount("value", low=0), ["cast(value as decimal(18, 2))"]),
        (rules.amount_with_comma("value", low=0), [macro("amount_with_comma", "UTC", "measures")]),
        (rules.boolean("value"), ["cast(value as boolean)"]),
        (rules.instant("value"), [macro("utc", "UTC"), *(calendar_day(macro("utc", zone), zone) for zone in ZONES)]),
        (
            rules.wall_clock("value"),
            [
                part
                for zone in ZONES
                for cast in [macro("utc_from_local", zone)]
                for part in (cast, calendar_day(cast, zone))
            ],
        ),
        (
            rules.moment("value"),
            [part for zone in ZONES for part in (moment(zone), calendar_day(moment(zone), zone))],
        ),
    ],
    ids=[
        "whole_number",
        "bounded_whole_number",
        "amount",
        "amount_with_comma",
        "boolean",
        "instant",
        "wall_clock",
        "moment",
    ],
)
@settings(max_examples=15, deadline=None)
@given(values=values)
def test_a_value_that_breaks_no_rule_can_be_cast(
    rule: tuple[RowRule, ...], casts: list[str], values: list[str]
) -> None:
    broken = broken_row_rules("demo", rule, pa.table({"value": pa.array(values, pa.string())}))
    passed = pa.table({"value": [value for row, value in enumerate(values) if row not in broken]})
    with duckdb.connect() as connection:
        connection.register("passed", passed)
        for cast in casts:
            answers = connection.execute(f"select {cast} is not null from passed").fetchall()
            assert answers == [(True,)] * len(passed)
