"""The rules that suites share for a whole batch: figures in DuckDB's SQL, and bounds that the deployment may set.

They judge the one-row profile of a unit (gate 1). Rules for a row are in ``rules.py``.
"""

from __future__ import annotations

from expectations.suite import Comparison, Limit, ProfileRule

# fewer rows than this make a share, a mean or a quantile a matter of chance
ROWS_TO_COMPARE = 100
ROWS_TO_BE_FRESH = 20
ROWS_TO_BE_NEW = 10


def columns_present() -> tuple[ProfileRule, ...]:
    """The promised columns are there and hold the same kind of values; other differences are warnings.

    Columns are read by their names, so another order lands. It is a sign that the export has changed: where the header
    moved without the values, row rules and shares of missing values find it.
    """
    return (
        ProfileRule(
            "missing_column_count",
            "the required columns {missing_columns} are missing; delivered were: {delivered_columns}{rename_hint}",
            at_most=0,
        ),
        ProfileRule(
            "missing_optional_count",
            "the optional columns {missing_optional_columns} are missing and land as nulls{rename_hint}",
            at_most=0,
            severity="warn",
        ),
        ProfileRule(
            "new_column_count",
            "the columns {new_columns} are new; they land, and nothing reads them yet",
            at_most=0,
            severity="warn",
        ),
        ProfileRule(
            "retyped_column_count",
            "the columns {retyped_columns} hold another kind of values than in the load before; have them delivered as"
            " they were, or change what staging makes of them",
            at_most=0,
        ),
        ProfileRule(
            "moved_column_count",
            "the columns come in another order than in the load before, from {first_moved_column} on; they are read by"
            " their names",
            at_most=0,
            severity="warn",
        ),
    )


def files_once() -> tuple[ProfileRule, ...]:
    """No file has the content of an earlier file; such a file does not land, and a warning names it."""
    return (
        ProfileRule(
            "repeated_file_count",
            "{repeated_files}: the same content was taken before, and was not taken again",
            at_most=0,
            severity="warn",
        ),
    )


def rejected_share() -> tuple[ProfileRule, ...]:
    """Not too many rows break a row rule."""
    return (
        ProfileRule(
            "rejected_rate",
            "{rejected_count} of {row_count} rows are rejected, more than the allowed share of {limits.rejected_rate}",
            at_most=Limit("rejected_rate"),
        ),
    )


def duplicate_share() -> tuple[ProfileRule, ...]:
    """Not too many rows of the unit are exact duplicates of others."""
    return (
        ProfileRule(
            "duplicate_rate",
            "{duplicate_count} of {row_count} rows are exact duplicates of others, more than the allowed share of"
            " {limits.duplicate_rate}",
            at_most=Limit("duplicate_rate"),
            figures={
                "duplicate_count": "count(*) - count(distinct row_hash)",
                "duplicate_rate": "1 - count(distinct row_hash) / nullif(count(*), 0)",
            },
        ),
    )


def snapshot_share() -> tuple[ProfileRule, ...]:
    """Not too many keys of a snapshot are missing from the next one, because missing keys count as deleted.

    Judged where the snapshot before had 100 keys or more, and always where no key is left. Only snapshots have it.
    """
    return (
        ProfileRule(
            "snapshot_loss",
            "{lost_key_count} of the {known_key_count} keys of the snapshot before are missing, more than the allowed"
            " share of {limits.snapshot_loss}: they would count as deleted",
            at_most=Limit("snapshot_loss"),
        ),
    )


def no_misread_text(*columns: str) -> tuple[ProfileRule, ...]:
    """No text is UTF-8 that was read as Latin-1; such rows land, with a warning."""
    found = " or ".join(f"regexp_matches({column}, '[\u00c2-\u00f4][\u0080-\u00bf]')" for column in columns)
    return (
        ProfileRule(
            "misread_count",
            f"{{misread_count}} rows hold text in {', '.join(columns)} that was UTF-8 and was read as Latin-1"
            " (like Ã¼ for ü)",
            at_most=0,
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
            at_least=Limit("volume_at_least"),
            at_most=Limit("volume_at_most"),
            comparison=Comparison("ratio", base=ROWS_TO_COMPARE),
        ),
    )


def filled_like_recent_loads() -> tuple[ProfileRule, ...]:
    """The share of missing values in each promised column is near that of the recent loads."""
    return (
        ProfileRule(
            "null_rate_change",
            "the share of rows without {null_rate_column} is {null_rate}, in the last loads it was {null_rate_usual}:"
            " a change of more than {limits.null_rate_change}",
            at_most=Limit("null_rate_change"),
        ),
    )


def changes_of_the_night(changed_at: str) -> tuple[ProfileRule, ...]:
    """The rows are the changes of the window: as many as usual, not those of the load before, and from about its end.

    Freshness reads the latest twentieth of the change times, so that a typing error in a year neither hides a stale
    delivery nor refuses a good one.

    Args:
        changed_at: the column with the time that puts a row in this window.
    """
    newest = f"quantile_cont(try_cast({changed_at} as timestamptz), 0.95)"
    return (
        *volume_like_recent_loads(),
        ProfileRule(
            "repeated_rate",
            "{repeated_count} of {row_count} rows are those of the load before once more, more than the usual share of"
            " {limits.repeated_rate}; what is read of them is the same",
            at_most=Limit("repeated_rate"),
            severity="warn",
            figures={
                "repeated_count": "count(*) filter (where is_repeated)",
                "repeated_rate": "count(*) filter (where is_repeated) / nullif(count(*), 0)",
            },
        ),
        ProfileRule(
            "new_row_count",
            "every row is one of the load before: the old file was delivered again",
            at_least=1,
            figures={
                "new_row_count": f"if(count(*) >= {ROWS_TO_BE_NEW}, count(*) filter (where not is_repeated), null)"
            },
        ),
        ProfileRule(
            "days_behind",
            f"the newest {changed_at} lie {{days_behind}} days before the end of the window, more than"
            " {limits.days_behind}: the delivery is stale",
            at_most=Limit("days_behind"),
            figures={"days_behind": _days(newest, "getvariable('window_end')", changed_at)},
        ),
        ProfileRule(
            "days_ahead",
            f"the newest {changed_at} lie {{days_ahead}} days after the end of the window, more than"
            " {limits.days_ahead}: times are shifted, or this is the file of another day",
            at_most=Limit("days_ahead"),
            figures={"days_ahead": _days("getvariable('window_end')", newest, changed_at)},
        ),
    )


def _days(start: str, end: str, counted: str) -> str:
    return f"if(count({counted}) >= {ROWS_TO_BE_FRESH}, round(date_diff('minute', {start}, {end}) / 1440, 2), null)"


def amounts_like_recent_loads(*columns: str, decimal_comma: bool = False) -> tuple[ProfileRule, ...]:
    """Mean and median of each amount are near those of the recent loads, where there are 100 rows or more."""
    rules: list[ProfileRule] = []
    for column in columns:
        number = f"replace({column}, ',', '.')" if decimal_comma else column
        for statistic in ("mean", "median"):
            figure = f"{statistic}_{column}"
            sql = f"{statistic}(try_cast({number} as double)) filter (where {column} is not null)"
            message = (
                f"the {statistic} of {column} is {{{figure}}}, {{{figure}_change}} times that of the last loads"
                f" ({{{figure}_usual}}), not between {{limits.amount_at_least}} and {{limits.amount_at_most}}"
            )
            rules.append(
                ProfileRule(
                    figure,
                    message,
                    at_least=Limit("amount_at_least"),
                    at_most=Limit("amount_at_most"),
                    figures={figure: _compared(column, sql)},
                    comparison=Comparison("ratio"),
                )
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
            at_least=Limit("score_change", sign=-1),
            at_most=Limit("score_change"),
            figures={figure: _compared(column, f"mean({share_of_scale})")},
            comparison=Comparison("difference"),
        ),
    )


def _compared(column: str, sql: str) -> str:
    return f"if(count({column}) >= {ROWS_TO_COMPARE}, {sql}, null)"


STANDARD = (
    *columns_present(),
    *files_once(),
    *rejected_share(),
    *duplicate_share(),
    *snapshot_share(),
    *filled_like_recent_loads(),
)
