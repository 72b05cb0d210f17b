"""The rules that suites share.

Row rules return tuples, so that a suite lists them with ``*``. A condition is DuckDB's own SQL (``try_cast``), because
staging casts by the same SQL: a value that passes here never fails there. A condition asks for the type of its column
(``typeof``, which DuckDB folds into the plan) where a typed value needs no look at its text.
"""

from __future__ import annotations

from expectations.suite import PRESENT, Comparison, Limit, ProfileRule, RowRule

# fewer rows than this make a score or a total a matter of chance
MINIMUM_BASE = 200

# a typing error in a year would make the calendar thousands of years long
FIRST_YEAR, LAST_YEAR = 1900, 2199

_INTEGERS = "('TINYINT', 'SMALLINT', 'INTEGER', 'BIGINT', 'UTINYINT', 'USMALLINT', 'UINTEGER', 'UBIGINT')"
_WALL_CLOCKS = "('TIMESTAMP', 'TIMESTAMP_S', 'TIMESTAMP_MS', 'TIMESTAMP_NS', 'DATE')"


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


def whole_number(column: str, low: int | None = None, high: int | None = None) -> tuple[RowRule, ...]:
    """A whole number, within bounds where given."""
    is_integer = f"typeof(value) in {_INTEGERS}"
    # whole numbers beside missing values are often delivered as 64-bit floats
    is_float = "(typeof(value) = 'DOUBLE' and try_cast(value as integer) = try_cast(value as double))"
    is_text = "regexp_full_match(trim(cast(value as varchar)), '[+-]?[0-9]+')"
    is_whole = RowRule(
        column,
        f"{column} '{{value}}' is no whole number",
        f"({is_integer} or {is_float} or {is_text}) and try_cast(value as integer) is not null",
    )
    return (is_whole, *_in_range(column, "double", low, high))


def amount(column: str, low: float | None = None, high: float | None = None) -> tuple[RowRule, ...]:
    """A number with decimals, within bounds where given."""
    return (_castable(column, "decimal(18, 2)", "amount"), *_in_range(column, "decimal(18, 2)", low, high))


def amount_with_comma(column: str, low: float | None = None, high: float | None = None) -> tuple[RowRule, ...]:
    """The same with a decimal comma, like 1234,50; a value with a point is refused, because it may mean thousands."""
    text = "case when value not like '%.%' then replace(value, ',', '.') end"
    return (
        _castable(column, "decimal(18, 2)", "amount with a decimal comma", text),
        *_in_range(column, "decimal(18, 2)", low, high, text),
    )


def wall_clock(column: str) -> tuple[RowRule, ...]:
    """A time without an offset, like 2018-05-01 13:00:00; a date alone is its midnight."""
    has_offset = "regexp_matches(cast(value as varchar), ':[0-9.]+ *[A-Za-z+-]')"
    return _time(
        column, "timestamp", "time without an offset", f"(typeof(value) in {_WALL_CLOCKS} or not {has_offset})"
    )


def instant(column: str) -> tuple[RowRule, ...]:
    """A time with an offset, like 2018-05-01T13:00:00+02:00."""
    has_offset = "regexp_matches(cast(value as varchar), ':[0-9.]+(Z|[+-][0-9:]{2,8})$')"
    return _time(
        column, "timestamptz", "time with an offset", f"(typeof(value) = 'TIMESTAMP WITH TIME ZONE' or {has_offset})"
    )


def _time(column: str, sql_type: str, noun: str, shape: str) -> tuple[RowRule, ...]:
    bounds = f"between '{FIRST_YEAR}-01-01 00:00:00+00' and '{LAST_YEAR}-12-31 23:59:59+00'"
    reason = f"{column} '{{value}}' is no {noun} from {FIRST_YEAR} to {LAST_YEAR}"
    return (RowRule(column, reason, f"try_cast(value as {sql_type}) {bounds} and {shape}"),)


def not_before(first: str, *later: str) -> tuple[RowRule, ...]:
    """No time of the ``later`` columns lies before that of ``first``; a value that is not a time is not judged."""
    return tuple(
        RowRule(
            column,
            f"{column} '{{value}}' lies before {first}",
            "coalesce(try_cast(value as timestamptz) >= try_cast(other as timestamptz), true)",
            other=first,
        )
        for column in later
    )


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


_ELEMENTS = "from_json(case when json_valid(value) then value end, '[\"json\"]')"


def filled_list(column: str) -> tuple[RowRule, ...]:
    """A nested list with at least one element."""
    return (RowRule(column, f"{column} is not a list with elements", f"len({_ELEMENTS}) > 0"),)


def each(column: str, condition: str, reason: str) -> tuple[RowRule, ...]:
    """Every element of a nested list meets ``condition``, an expression over ``element`` (JSON)."""
    broken = f"list_filter({_ELEMENTS}, lambda element: not coalesce({condition}, false))"
    return (RowRule(column, reason, f"coalesce(len({broken}), 0) = 0"),)


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


def moves_by_points(figure: str, label: str, sql: str, base: str, limit: str) -> tuple[ProfileRule, ...]:
    """The figure differs from that of the published version by at most ``movement.<limit>``, up or down.

    Args:
        figure: its name.
        label: the figure, in words.
        sql: an aggregate over the mart.
        base: an aggregate: how many rows the figure rests on. Below 200 in either version it is not judged.
    """
    judged = f"if({base} >= {MINIMUM_BASE}, {sql}, null)"
    return _movement(figure, label, judged, limit, Comparison("difference"))


def moves_by_share(figure: str, label: str, sql: str, base: str, limit: str) -> tuple[ProfileRule, ...]:
    """The same for a total, by the difference as a share of the published one.

    Only the published total needs the base: a total that has disappeared since is judged.
    """
    return _movement(figure, label, _total(sql, base), limit, Comparison("growth"))


def falls_by_share(figure: str, label: str, sql: str, base: str, limit: str) -> tuple[ProfileRule, ...]:
    """The same, downwards only."""
    return _movement(figure, label, _total(sql, base), limit, Comparison("growth"), is_bounded_above=False)


def _total(sql: str, base: str) -> str:
    return f"if(getvariable('is_published') and {base} < {MINIMUM_BASE}, null, coalesce({sql}, 0))"


def _movement(
    figure: str, label: str, sql: str, limit: str, comparison: Comparison, *, is_bounded_above: bool = True
) -> tuple[ProfileRule, ...]:
    message = (
        f"{label}: {{{figure}_usual}} in the published version, {{{figure}}} now, a change of"
        f" {{{figure}_change}}; movement.{limit} lets {{limits.{limit}}} pass"
    )
    return (
        ProfileRule(
            figure,
            message,
            at_least=Limit(limit, sign=-1),
            at_most=Limit(limit) if is_bounded_above else None,
            figures={figure: f"round({sql}, 4)"},
            comparison=comparison,
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
