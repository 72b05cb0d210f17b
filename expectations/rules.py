"""The rules that suites share.

Row rules return tuples, so that a suite lists them with ``*``. What a value must be is said in DuckDB's own words
(``try_cast``), because staging casts in the same words: what passes here never fails there.
"""

from __future__ import annotations

from typing import Any

from expectations.suite import Comparison, Limit, ProfileRule, RowRule

CONDITION = "ExpectColumnValuesToMeetCondition"
PAIR_CONDITION = "ExpectColumnPairValuesToMeetCondition"

# below so many rows a share, a mean or a quantile says more of chance than of the source
ROWS_TO_COMPARE = 100
ROWS_TO_BE_FRESH = 20
ROWS_TO_BE_NEW = 10

# a typing error in a year would make the calendar thousands of years long
FIRST_YEAR, LAST_YEAR = 1900, 2199


def required(*columns: str) -> tuple[RowRule, ...]:
    """Each of ``columns`` has a value."""
    return tuple(RowRule(column, f"{column} is missing", "ExpectColumnValuesToNotBeNull") for column in columns)


def _castable(column: str, sql_type: str, noun: str) -> RowRule:
    return RowRule(
        column,
        f"{column} '{{value}}' is no {noun}",
        CONDITION,
        {"condition": f"try_cast(value as {sql_type}) is not null"},
    )


def _in_range(column: str, sql_type: str, low: float | None, high: float | None) -> tuple[RowRule, ...]:
    """A value that is no number at all breaks the rule before this one, not this one too."""
    if low is None and high is None:
        return ()
    bounds = [f"try_cast(value as {sql_type}) >= {low}"] if low is not None else []
    bounds += [f"try_cast(value as {sql_type}) <= {high}"] if high is not None else []
    words = " and ".join(
        [f"at least {low}"] * (low is not None) + [f"at most {high}"] * (high is not None),
    )
    condition = f"try_cast(value as {sql_type}) is null or ({' and '.join(bounds)})"
    return (RowRule(column, f"{column} '{{value}}' is not {words}", CONDITION, {"condition": condition}),)


def whole_number(column: str, low: int | None = None, high: int | None = None) -> tuple[RowRule, ...]:
    """A whole number, within bounds where given."""
    # whole numbers beside missing values are often delivered as 64-bit floats
    is_float = "(typeof(value) = 'DOUBLE' and try_cast(value as integer) = try_cast(value as double))"
    pattern = f"({is_float} or regexp_full_match(trim(cast(value as varchar)), '[+-]?[0-9]+'))"
    is_whole = RowRule(
        column,
        f"{column} '{{value}}' is no whole number",
        CONDITION,
        {"condition": f"{pattern} and try_cast(value as integer) is not null"},
    )
    return (is_whole, *_in_range(column, "double", low, high))


def amount(column: str, low: float | None = None, high: float | None = None) -> tuple[RowRule, ...]:
    """A number with decimals, within bounds where given."""
    return (_castable(column, "decimal(18, 2)", "amount"), *_in_range(column, "decimal(18, 2)", low, high))


def wall_clock(column: str) -> tuple[RowRule, ...]:
    """A time without an offset, like 2018-05-01 13:00:00; a date alone is its midnight."""
    shape = "not regexp_matches({text}, ':[0-9.]+ *[A-Za-z+-]')"
    return _time(column, "timestamp", "time without an offset", shape)


def instant(column: str) -> tuple[RowRule, ...]:
    """A time with an offset, like 2018-05-01T13:00:00+02:00."""
    shape = "regexp_matches({text}, ':[0-9.]+(Z|[+-][0-9:]{{2,8}})$')"
    return _time(column, "timestamptz", "time with an offset", shape)


def _time(column: str, sql_type: str, noun: str, shape: str) -> tuple[RowRule, ...]:
    bounds = f"between '{FIRST_YEAR}-01-01 00:00:00+00' and '{LAST_YEAR}-12-31 23:59:59+00'"
    condition = f"try_cast(value as {sql_type}) {bounds} and {shape.format(text='cast(value as varchar)')}"
    reason = f"{column} '{{value}}' is no {noun} from {FIRST_YEAR} to {LAST_YEAR}"
    return (RowRule(column, reason, CONDITION, {"condition": condition}),)


def not_before(first: str, *later: str) -> tuple[RowRule, ...]:
    """No time of the ``later`` columns lies before that of ``first``; one that is missing or none is not judged."""
    return tuple(
        RowRule(
            column,
            f"{column} '{{value}}' lies before {first}",
            PAIR_CONDITION,
            {"condition": "coalesce(try_cast(value as timestamptz) >= try_cast(other as timestamptz), true)"},
            other=first,
        )
        for column in later
    )


def boolean(column: str) -> tuple[RowRule, ...]:
    """True or false."""
    return (_castable(column, "boolean", "true or false"),)


def one_of(column: str, *values: str) -> tuple[RowRule, ...]:
    """One of a closed list of values."""
    reason = f"{column} '{{value}}' is none of {', '.join(values)}"
    return (RowRule(column, reason, "ExpectColumnValuesToBeInSet", {"value_set": list(values)}),)


def text_at_most(column: str, length: int) -> tuple[RowRule, ...]:
    """A text of bounded length."""
    return (
        RowRule(
            column,
            f"{column} is longer than {length} characters",
            "ExpectColumnValueLengthsToBeBetween",
            {"max_value": length},
        ),
    )


_ELEMENTS = "from_json(case when json_valid(value) then value end, '[\"json\"]')"


def filled_list(column: str) -> tuple[RowRule, ...]:
    """A nested list with at least one element."""
    return (RowRule(column, f"{column} is no list with elements", CONDITION, {"condition": f"len({_ELEMENTS}) > 0"}),)


def each(column: str, condition: str, reason: str) -> tuple[RowRule, ...]:
    """Every element of a nested list meets ``condition``, an expression over ``element`` (JSON)."""
    broken = f"list_filter({_ELEMENTS}, lambda element: not coalesce({condition}, false))"
    return (RowRule(column, reason, CONDITION, {"condition": f"coalesce(len({broken}), 0) = 0"}),)


def _at_most(limit: str) -> dict[str, Any]:
    return {"max_value": Limit(limit)}


def columns_present() -> tuple[ProfileRule, ...]:
    """The promised columns are there and hold what they held; missing optional ones, new ones, another order are said.

    A column means what its name says, wherever it stands: another order lands. But it shows that the export has
    changed, and where a header moved without its values, the row rules and the shares of missing values tell.
    """
    return (
        ProfileRule(
            "missing_column_count",
            "the required columns {missing_columns} are missing; delivered were: {delivered_columns}",
            arguments={"max_value": 0},
        ),
        ProfileRule(
            "missing_optional_count",
            "the optional columns {missing_optional_columns} are missing and land as nulls",
            arguments={"max_value": 0},
            severity="warn",
        ),
        ProfileRule(
            "new_column_count",
            "the columns {new_columns} are new; they land, and nothing reads them yet",
            arguments={"max_value": 0},
            severity="warn",
        ),
        ProfileRule(
            "retyped_column_count",
            "the columns {retyped_columns} hold another kind of values than in the load before",
            arguments={"max_value": 0},
        ),
        ProfileRule(
            "moved_column_count",
            "the columns come in another order than in the load before, from {first_moved_column} on; they are read by"
            " their names",
            arguments={"max_value": 0},
            severity="warn",
        ),
    )


def rejected_share() -> tuple[ProfileRule, ...]:
    """Not too many rows break a row rule."""
    return (
        ProfileRule(
            "rejected_rate",
            "{rejected_count} of {row_count} rows are rejected, more than the allowed share of {limits.rejected_rate}",
            arguments=_at_most("rejected_rate"),
        ),
    )


def duplicate_share() -> tuple[ProfileRule, ...]:
    """Not too many rows stand in the unit more than once, the same in every column."""
    return (
        ProfileRule(
            "duplicate_rate",
            "{duplicate_count} of {row_count} rows are exact duplicates of others, more than the allowed share of"
            " {limits.duplicate_rate}",
            arguments=_at_most("duplicate_rate"),
            figures={
                "duplicate_count": "count(*) - count(distinct row_hash)",
                "duplicate_rate": "1 - count(distinct row_hash) / nullif(count(*), 0)",
            },
        ),
    )


def no_misread_text(*columns: str) -> tuple[ProfileRule, ...]:
    """Text was not read as Latin-1 where it was UTF-8: such rows land, with a warning."""
    found = " or ".join(f"regexp_matches({column}, '[\u00c2-\u00f4][\u0080-\u00bf]')" for column in columns)
    return (
        ProfileRule(
            "misread_count",
            f"{{misread_count}} rows hold text in {', '.join(columns)} that was UTF-8 and was read as Latin-1"
            " (like Ã¼ for ü)",
            arguments={"max_value": 0},
            severity="warn",
            figures={"misread_count": f"count(*) filter (where {found})"},
        ),
    )


def volume_like_recent_loads() -> tuple[ProfileRule, ...]:
    """As many rows as the recent loads suggest, where these had 100 or more."""
    return (
        ProfileRule(
            "row_count",
            "{row_count} rows are {row_count_change} times the median of the last loads ({row_count_usual}), not"
            " between {limits.volume_at_least} and {limits.volume_at_most}",
            arguments={"min_value": Limit("volume_at_least"), "max_value": Limit("volume_at_most")},
            comparison=Comparison("ratio", base=ROWS_TO_COMPARE),
        ),
    )


def filled_like_recent_loads() -> tuple[ProfileRule, ...]:
    """No promised column is missing its values much more, or much less, often than in the recent loads."""
    return (
        ProfileRule(
            "null_rate_change",
            "the share of rows without {null_rate_column} is {null_rate}, in the last loads it was {null_rate_usual}:"
            " a change of more than {limits.null_rate_change}",
            arguments=_at_most("null_rate_change"),
        ),
    )


def changes_of_the_night(changed_at: str) -> tuple[ProfileRule, ...]:
    """The rows are what changed in the window: enough of them, new ones, from about its end.

    The newest changes are the latest twentieth: so a typing error in a year neither hides a stale delivery nor refuses
    a good one.

    Args:
        changed_at: the column with the time for which a row is delivered in this window and in no other.
    """
    newest = f"quantile_cont(try_cast({changed_at} as timestamptz), 0.95)"
    return (
        *volume_like_recent_loads(),
        ProfileRule(
            "repeated_rate",
            "{repeated_count} of {row_count} rows are those of the load before once more, more than the usual share of"
            " {limits.repeated_rate}; what is read of them is the same",
            arguments=_at_most("repeated_rate"),
            severity="warn",
            figures={
                "repeated_count": "count(*) filter (where is_repeated)",
                "repeated_rate": "count(*) filter (where is_repeated) / nullif(count(*), 0)",
            },
        ),
        ProfileRule(
            "new_row_count",
            "every row is one of the load before: the old file was delivered again",
            arguments={"min_value": 1},
            figures={
                "new_row_count": f"if(count(*) >= {ROWS_TO_BE_NEW}, count(*) filter (where not is_repeated), null)"
            },
        ),
        ProfileRule(
            "days_behind",
            f"the newest {changed_at} lie {{days_behind}} days before the end of the window, more than"
            " {limits.days_behind}: the delivery is stale",
            arguments=_at_most("days_behind"),
            figures={"days_behind": _days(newest, "getvariable('window_end')", changed_at)},
        ),
        ProfileRule(
            "days_ahead",
            f"the newest {changed_at} lie {{days_ahead}} days after the end of the window, more than"
            " {limits.days_ahead}: times are shifted, or this is the file of another day",
            arguments=_at_most("days_ahead"),
            figures={"days_ahead": _days("getvariable('window_end')", newest, changed_at)},
        ),
    )


def _days(start: str, end: str, counted: str) -> str:
    return f"if(count({counted}) >= {ROWS_TO_BE_FRESH}, round(date_diff('minute', {start}, {end}) / 1440, 2), null)"


def amounts_like_recent_loads(*columns: str) -> tuple[ProfileRule, ...]:
    """Mean and median of each amount are near those of the recent loads, where there are 100 rows or more."""
    bounds = {"min_value": Limit("amount_at_least"), "max_value": Limit("amount_at_most")}
    rules: list[ProfileRule] = []
    for column in columns:
        for statistic in ("mean", "median"):
            figure = f"{statistic}_{column}"
            sql = f"{statistic}(try_cast({column} as double)) filter (where {column} is not null)"
            message = (
                f"the {statistic} of {column} is {{{figure}}}, {{{figure}_change}} times that of the last loads"
                f" ({{{figure}_usual}}), not between {{limits.amount_at_least}} and {{limits.amount_at_most}}"
            )
            figures = {figure: _compared(column, sql)}
            rules.append(
                ProfileRule(figure, message, arguments=bounds, figures=figures, comparison=Comparison("ratio"))
            )
    return tuple(rules)


def scores_like_recent_loads(column: str, share_of_scale: str) -> tuple[ProfileRule, ...]:
    """The mean score is near that of the recent loads, where there are 100 rows or more.

    Args:
        column: the column that holds the scores.
        share_of_scale: SQL for where on its scale a row's score lies, 0 to 1.
    """
    figure = f"mean_{column}"
    return (
        ProfileRule(
            figure,
            f"the mean of {column} lies at {{{figure}}} of its scale, {{{figure}_change}} from that of the last loads"
            f" ({{{figure}_usual}}): a change of more than {{limits.score_change}}",
            arguments={"min_value": Limit("score_change", sign=-1), "max_value": Limit("score_change")},
            figures={figure: _compared(column, f"mean({share_of_scale})")},
            comparison=Comparison("difference"),
        ),
    )


def _compared(column: str, sql: str) -> str:
    return f"if(count({column}) >= {ROWS_TO_COMPARE}, {sql}, null)"


STANDARD = (*columns_present(), *rejected_share(), *duplicate_share(), *filled_like_recent_loads())


def between(column: str, low: float | None = None, high: float | None = None) -> tuple[ProfileRule, ...]:
    """Every value of a mart's column lies within the bounds; nulls are not judged."""
    rules: tuple[ProfileRule, ...] = ()
    if low is not None:
        rules += (
            ProfileRule(
                f"min_{column}",
                f"{column} falls to {{min_{column}}}, below {low}",
                arguments={"min_value": low},
                figures={f"min_{column}": f"min({column})"},
            ),
        )
    if high is not None:
        rules += (
            ProfileRule(
                f"max_{column}",
                f"{column} rises to {{max_{column}}}, above {high}",
                arguments={"max_value": high},
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
            arguments={"max_value": 0},
            figures={figure: f"count(*) filter (where {condition})"},
        ),
    )
