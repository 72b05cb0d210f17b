"""The rules that compare the amounts and scores of a batch with those of recent loads.

Figures are DuckDB's SQL over the landed rows; the other rules of a batch are in ``batch_rules.py``.
"""

from __future__ import annotations

from expectations.columns import as_name, quoted
from expectations.suite import Comparison, Limit, ProfileRule

# fewer rows than this make a share, a mean or a quantile a matter of chance
ROWS_TO_COMPARE = 100


def amounts_like_recent_loads(*columns: str, decimal_comma: bool = False) -> tuple[ProfileRule, ...]:
    """Mean and median of each amount are near those of the recent loads, where there are 100 rows or more."""
    rules: list[ProfileRule] = []
    for column in columns:
        number = f"replace({quoted(column)}, ',', '.')" if decimal_comma else quoted(column)
        for statistic in ("mean", "median"):
            figure = f"{statistic}_{as_name(column)}"
            sql = _statistic(statistic, f"try_cast({number} as double)")
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
    figure = f"mean_{as_name(column)}"
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


def _statistic(statistic: str, number: str) -> str:
    # a single value may not stop a night: the mean leaves out the one farthest from zero
    if statistic == "median":
        return f"median({number})"
    return f"(sum({number}) - arg_max({number}, abs({number}))) / nullif(count({number}) - 1, 0)"


def _compared(column: str, sql: str) -> str:
    return f"if(count({quoted(column)}) >= {ROWS_TO_COMPARE}, {sql}, null)"
