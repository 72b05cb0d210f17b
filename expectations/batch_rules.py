"""The rules that suites share for a whole batch: figures in DuckDB's SQL, and bounds that the deployment may set.

They judge the one-row profile of a unit (gate 1). Rules for a row are in ``rules.py``.
"""

from __future__ import annotations

from expectations.columns import quoted
from expectations.compared_values import ROWS_TO_COMPARE
from expectations.suite import Comparison, Limit, ProfileRule
from expectations.times import instant_of

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


def columns_named() -> tuple[ProfileRule, ...]:
    """Every delivered column has a name; an empty column or a row number without one is left out, with a warning."""
    return (
        ProfileRule(
            "left_out_count",
            "columns were left out: {left_out}",
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
                # one repeated row is never a share: it may not stop a night
                "duplicate_rate": "if(count(*) - count(distinct row_hash) > 1,"
                " 1 - count(distinct row_hash) / count(*), if(count(*) > 0, 0, null))",
            },
        ),
    )


def key_identifies() -> tuple[ProfileRule, ...]:
    """No row has the key but not the content of another, unless they are dated changes; an error above a limit."""
    what = (
        "{replaced_row_count} rows have the key ({replaced_key}) of a later row and other content, and only the later"
        " row is kept: {replaced_amounts} would vanish; for example {replaced_example} is replaced by {replaced_by}"
    )
    return (
        ProfileRule(
            "replaced_rate",
            what
            + ": the share {replaced_rate} is above {limits.key_conflict_rate}. Complete the key in the deployment, or"
            " name the column that dates the changes of a record (changed_at of the suite)",
            at_most=Limit("key_conflict_rate"),
        ),
        ProfileRule("replaced_warning_count", what, at_most=0, severity="warn"),
    )


def snapshot_share() -> tuple[ProfileRule, ...]:
    """Not too many of 100 or more keys of a snapshot, nor all of fewer, are missing from the next (deleted)."""
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
    found = " or ".join(f"regexp_matches({quoted(column)}, '[\u00c2-\u00f4][\u0080-\u00bf]')" for column in columns)
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
    # the value itself, not one between two: else a single time far ahead would count among twenty
    newest = f"quantile_disc({instant_of(quoted(changed_at))}, 0.95)"
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
    days = f"round(date_diff('minute', {start}, {end}) / 1440, 2)"
    return f"if(count({quoted(counted)}) >= {ROWS_TO_BE_FRESH}, {days}, null)"


STANDARD = (
    *columns_present(),
    *files_once(),
    *columns_named(),
    *rejected_share(),
    *duplicate_share(),
    *key_identifies(),
    *snapshot_share(),
    *filled_like_recent_loads(),
)
