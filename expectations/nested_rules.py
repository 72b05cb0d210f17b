"""The row rules for nested lists, which land as JSON; all other rules of a row are in ``rules.py``."""

from __future__ import annotations

from expectations.suite import RowRule

_ELEMENTS = "from_json(case when json_valid(value) then value end, '[\"json\"]')"


def filled_list(column: str) -> tuple[RowRule, ...]:
    """A nested list with at least one element."""
    return (RowRule(column, f"{column} is not a list with elements", f"len({_ELEMENTS}) > 0"),)


def each(column: str, condition: str, reason: str) -> tuple[RowRule, ...]:
    """Every element of a nested list meets ``condition``, an expression over ``element`` (JSON)."""
    broken = f"list_filter({_ELEMENTS}, lambda element: not coalesce({condition}, false))"
    return (RowRule(column, reason, f"coalesce(len({broken}), 0) = 0"),)


def distinct_elements(column: str, name: str) -> tuple[RowRule, ...]:
    """No two elements of a nested list have the same value under ``name``: it is part of their id."""
    values = f"list_transform({_ELEMENTS}, lambda element: element->>'{name}')"
    return (
        RowRule(
            column,
            f"{column} hold the same {name} twice",
            f"coalesce(len({values}) = len(list_distinct({values})), true)",
        ),
    )
