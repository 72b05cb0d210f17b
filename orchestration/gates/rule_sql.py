"""A row rule as DuckDB's SQL over the delivered columns.

Keep out how the SQL is run (``judge.py``).
"""

from __future__ import annotations

from expectations.suite import PRESENT, RowRule


def verdict(place: int, rule: RowRule) -> str:
    """Whether a row breaks the rule, as SQL over the delivered columns."""
    if rule.over:
        is_broken = f"((\n{rule.condition}\n) is not true)"
    else:
        is_broken = f"rule_{place}({quoted(rule.column)}, {quoted(rule.other or rule.column)})"
    return f"(try((\n{rule.when.condition}\n)) is true and {is_broken})" if rule.when else is_broken


def breaks(rule: RowRule) -> str:
    """Whether a row breaks the rule, as SQL over ``value`` and ``other``."""
    if rule.condition == PRESENT:
        return "value is null"
    return f"value is not null and other is not null and (\n{rule.condition}\n) is not true"


def quoted(name: str) -> str:
    """A column's name in SQL."""
    return '"' + name.replace('"', '""') + '"'
