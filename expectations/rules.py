"""The rules that suites share.

Row rules return tuples, so that a suite lists them with ``*``. A condition is DuckDB's own SQL (``try_cast``), because
staging casts by the same SQL: a value that passes here never fails there. A condition asks for the type of its column
(``typeof``, which DuckDB folds into the plan) where a typed value needs no look at its text.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from expectations.suite import PRESENT, ProfileRule, RowRule, When
from expectations.times import HAS_OFFSET, instant_of

_INTEGERS = "('TINYINT', 'SMALLINT', 'INTEGER', 'BIGINT', 'UTINYINT', 'USMALLINT', 'UINTEGER', 'UBIGINT')"
_WALL_CLOCKS = "('TIMESTAMP', 'TIMESTAMP_S', 'TIMESTAMP_MS', 'TIMESTAMP_NS', 'DATE')"
_IS_WALL_CLOCK = (
    f"(typeof(value) in {_WALL_CLOCKS} or not regexp_matches(cast(value as varchar), ':[0-9.]+ *[A-Za-z+-]'))"
)
_IS_INSTANT = (
    f"(typeof(value) = 'TIMESTAMP WITH TIME ZONE' or regexp_matches(trim(cast(value as varchar)), '{HAS_OFFSET}'))"
)


def required(*columns: str) -> tuple[RowRule, ...]:
    """Each of ``columns`` has a value."""
    return tuple(RowRule(column, f"{column} is missing", PRESENT) for column in columns)


def _castable(column: str, sql_type: str, noun: str, text: str = "value") -> RowRule:
    return RowRule(column, f"{column} '{{value}}' is no {noun}", f"try_cast({text} as {sql_type}) is not null")


def _in_range(
    column: str, sql_type: str, low: float | None, high: float | None, text: str = "value"
) -> tuple[RowRule, ...]:
    """The number lies within the bounds; a value that is not a number breaks only the rule before this one."""
    if low is None and high is None:
        return ()
    number = f"try_cast({text} as {sql_type})"
    bounds = [f"{number} >= {low}"] if low is not None else []
    bounds += [f"{number} <= {high}"] if high is not None else []
    words = " and ".join(
        [f"at least {low}"] * (low is not None) + [f"at most {high}"] * (high is not None),
    )
    return (RowRule(column, f"{column} '{{value}}' is not {words}", f"{number} is null or ({' and '.join(bounds)})"),)


def whole_number(column: str, low: float | None = None, high: float | None = None) -> tuple[RowRule, ...]:
    """A whole number, within bounds where given."""
    is_integer = f"typeof(value) in {_INTEGERS}"
    # whole numbers beside missing values are often delivered as floats
    is_typed = "(typeof(value) in ('DOUBLE', 'FLOAT') or typeof(value) like 'DECIMAL%')"
    is_whole_value = f"({is_typed} and try_cast(value as integer) = try_cast(value as double))"
    # 9.000 may be nine thousand
    is_text = "regexp_full_match(trim(cast(value as varchar)), '[+-]?[0-9]+(\\.0{0,2}|\\.0000+)?')"
    is_whole = RowRule(
        column,
        f"{column} '{{value}}' is no whole number",
        f"({is_integer} or {is_whole_value} or {is_text}) and try_cast(value as integer) is not null",
    )
    return (is_whole, *_in_range(column, "double", low, high))


def _not_a_thousand(column: str, mark: str) -> RowRule:
    """Text like 1.234 is refused: elsewhere it is one thousand; a typed column and a declared number are certain."""
    thousand = f"regexp_full_match(trim(cast(value as varchar)), '[+-]?[1-9][0-9]{{0,2}}{mark}[0-9]{{3}}')"
    return RowRule(
        column,
        f"{column} '{{value}}' may be in thousands: declare how its numbers are written (numbers: in the deployment)",
        f"typeof(value) <> 'VARCHAR' or not {thousand}",
    )


def amount(column: str, low: float | None = None, high: float | None = None) -> tuple[RowRule, ...]:
    """A number with decimals, within bounds where given, and not beyond ``limits.largest_amount``."""
    return (
        *_amount(column, "amount", "value"),
        _not_a_thousand(column, "\\."),
        *_in_range(column, "decimal(18, 2)", low, high),
    )


def _amount(column: str, noun: str, text: str) -> tuple[RowRule, RowRule]:
    number = f"try_cast({text} as decimal(18, 2))"
    return (
        RowRule(column, f"{column} '{{value}}' is no {noun}", f"{number} is not null", amount=number),
        RowRule(
            column,
            f"{column} '{{value}}' is beyond limits.largest_amount",
            f"{number} is null or abs({number}) <= getvariable('largest_amount')",
        ),
    )


def amount_with_comma(column: str, low: float | None = None, high: float | None = None) -> tuple[RowRule, ...]:
    """The same with a decimal comma, like 1234,50; a value with a point is refused, because it may mean thousands."""
    text = "case when value not like '%.%' then replace(value, ',', '.') end"
    return (
        *_amount(column, "amount with a decimal comma", text),
        _not_a_thousand(column, ","),
        *_in_range(column, "decimal(18, 2)", low, high, text),
    )


def wall_clock(column: str) -> tuple[RowRule, ...]:
    """A time without an offset, like 2018-05-01 13:00:00; a date alone is its midnight."""
    return _time(column, "try_cast(value as timestamp)", "time without an offset", _IS_WALL_CLOCK)


def instant(column: str) -> tuple[RowRule, ...]:
    """A time with an offset or a zone: 2018-05-01T13:00:00+02:00, 2018-05-01 11:00 UTC, ... 13:00 Europe/Berlin."""
    return _time(column, instant_of("value"), "time with an offset", _IS_INSTANT)


def moment(column: str) -> tuple[RowRule, ...]:
    """A time with an offset or without: what is an ``instant`` or a ``wall_clock``."""
    wall_clock = f"(try_cast(value as timestamp) is not null and {_IS_WALL_CLOCK})"
    return _time(column, instant_of("value"), "time", f"({_IS_INSTANT} or {wall_clock})")


def _time(column: str, time: str, noun: str, shape: str) -> tuple[RowRule, ...]:
    # wall clocks are compared as if they were in UTC: the bounds are days, not moments
    bounds = f"{time} >= getvariable('earliest_date') and {time} < getvariable('latest_date') + interval 1 day"
    return (
        RowRule(column, f"{column} '{{value}}' is no {noun}", f"{time} is not null and {shape}"),
        RowRule(
            column,
            f"{column} '{{value}}' is not from limits.earliest_date to limits.latest_date",
            f"{time} is null or ({bounds})",
        ),
    )


def currency(column: str) -> tuple[RowRule, ...]:
    """The currency of the deployment: amounts of another one must not be added to the others."""
    return (
        RowRule(
            column,
            f"{column} '{{value}}' is not the currency of the deployment",
            "cast(value as varchar) = getvariable('currency')",
        ),
    )


def identifies(column: str) -> tuple[RowRule, ...]:
    """A part of a key: it has a value, and spreadsheet software has not turned it into scientific notation."""
    return (
        RowRule(column, f"{column} is missing", PRESENT),
        RowRule(column, f"{column} is blank", "trim(cast(value as varchar), ' \t\r\n\u00a0') <> ''"),
        RowRule(
            column,
            f"{column} '{{value}}' is an id in scientific notation, which may stand for several ids",
            "typeof(value) <> 'VARCHAR'"
            " or not regexp_full_match(trim(cast(value as varchar)), '[+-]?[0-9]([.,][0-9]+)?[eE][+][0-9]+')",
        ),
    )


def not_before(first: str, *later: str) -> tuple[RowRule, ...]:
    """No time of the ``later`` columns lies before that of ``first``; a value that is not a time is not judged."""
    return tuple(
        RowRule(
            column,
            f"{column} '{{value}}' lies before {first}",
            f"coalesce({instant_of('value')} >= {instant_of('other')}, true)",
            other=first,
        )
        for column in later
    )


def computable(column: str, expression: str, over: tuple[str, ...], *, may_be_null: bool = True) -> tuple[RowRule, ...]:
    """An SQL expression over delivered columns can be computed, so that staging can compute it.

    Args:
        column: the name of what is computed.
        expression: what staging computes, cast to the type that is needed.
        over: the delivered columns that it names.
        may_be_null: whether the result may be null.
    """
    computed = f"cast((\n{expression}\n) as varchar)"
    # null is a result, an error is none
    can_be_computed = f"try(coalesce({computed}, '')) is not null"
    rule = RowRule(column, f"{column} cannot be computed from {', '.join(over)}", can_be_computed, over=over)
    if may_be_null:
        return (rule,)
    has_value = f"try({computed}) is not null or not ({can_be_computed})"
    return (rule, RowRule(column, f"{column} computed from {', '.join(over)} is missing", has_value, over=over))


def computed_one_of(column: str, expression: str, over: tuple[str, ...], *values: str) -> tuple[RowRule, ...]:
    """What an SQL expression over delivered columns gives is one of a closed list of values; null is not judged."""
    listed = ", ".join("'" + value.replace("'", "''") + "'" for value in values)
    computed = f"try(trim(cast((\n{expression}\n) as varchar)))"
    condition = f"{computed} is null or {computed} in ({listed})"
    reason = f"{column} computed from {', '.join(over)} is none of {', '.join(values)}"
    return (RowRule(column, reason, condition, over=over),)


def when(condition: str, over: tuple[str, ...], rules: Iterable[RowRule]) -> tuple[RowRule, ...]:
    """The rules for those rows alone that meet an SQL condition over the delivered columns ``over``.

    A row whose condition cannot be computed is not judged: where staging has the same condition, ``computable`` must
    judge it.
    """
    return tuple(
        replace(
            rule,
            reason=f"{rule.reason}, where {' '.join(condition.split())}",
            when=_both(rule.when, When(condition, over)),
        )
        for rule in rules
    )


def _both(first: When | None, second: When) -> When:
    if first is None:
        return second
    condition = f"(\n{first.condition}\n) and (\n{second.condition}\n)"
    return When(condition, tuple(dict.fromkeys((*first.over, *second.over))))


def boolean(column: str) -> tuple[RowRule, ...]:
    """True or false."""
    return (_castable(column, "boolean", "true or false"),)


def one_of(column: str, *values: str) -> tuple[RowRule, ...]:
    """One of a closed list of values."""
    listed = ", ".join("'" + value.replace("'", "''") + "'" for value in values)
    reason = f"{column} '{{value}}' is none of {', '.join(values)}"
    return (RowRule(column, reason, f"cast(value as varchar) in ({listed})"),)


def text_at_most(column: str, length: int) -> tuple[RowRule, ...]:
    """A text of bounded length."""
    reason = f"{column} is longer than {length} characters"
    return (RowRule(column, reason, f"length(cast(value as varchar)) <= {length}"),)


def between(column: str, low: float | None = None, high: float | None = None) -> tuple[ProfileRule, ...]:
    """Every value of a mart's column lies within the bounds; nulls are not judged."""
    rules: tuple[ProfileRule, ...] = ()
    if low is not None:
        rules += (
            ProfileRule(
                f"min_{column}",
                f"{column} falls to {{min_{column}}}, below {low}",
                at_least=low,
                figures={f"min_{column}": f"min({column})"},
            ),
        )
    if high is not None:
        rules += (
            ProfileRule(
                f"max_{column}",
                f"{column} rises to {{max_{column}}}, above {high}",
                at_most=high,
                figures={f"max_{column}": f"max({column})"},
            ),
        )
    return rules


def never(name: str, condition: str, message: str) -> tuple[ProfileRule, ...]:
    """No row of the mart meets ``condition``."""
    figure = f"{name}_count"
    return (
        ProfileRule(
            figure,
            f"{{{figure}}} rows: {message}",
            at_most=0,
            figures={figure: f"count(*) filter (where {condition})"},
        ),
    )


def none_missing(figure: str, label: str, sql: str) -> tuple[ProfileRule, ...]:
    """No item of a list is missing.

    Args:
        figure: the name of the list.
        label: what it means to be missing, in words.
        sql: the names of the missing items as one text separated by commas; null where no item is missing.
    """
    count = f"{figure}_count"
    return (
        ProfileRule(
            count,
            f"{{{figure}}}: {label}",
            at_most=0,
            figures={figure: sql, count: f"len(string_split({sql}, ','))"},
        ),
    )
