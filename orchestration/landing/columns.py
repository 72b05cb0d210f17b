"""Delivered columns compared with promised ones: kinds of values, renamed and missing columns, and the line to add.

Add here how columns are matched; keep out where values are read (``connectors/``) and what a difference means for a
unit (``expectations/batch_rules.py``).
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pyarrow as pa
import yaml

from expectations.suite import RawSuite
from orchestration.config.deployment import Table
from orchestration.connectors.batch import SourceError

ALIKE = 0.6
"""How alike two names, or the values of two columns, must be to be taken for the same column."""

SHOWN = 50
"""How many columns a message lists."""
COMPARED = 200
"""With how many new columns a missing one is compared by its values, which takes a query each."""

Resemblance = Callable[[str, str], float]
"""How much (0 to 1) a new column's values look like those of a missing one: (missing, new) in."""


PLAIN: Mapping[str, Callable[[pa.DataType], bool]] = {
    "empty": pa.types.is_null,
    "text": lambda kind: pa.types.is_string(kind) or pa.types.is_large_string(kind),
    "numbers": lambda kind: pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind),
    "truth values": pa.types.is_boolean,
    "dates": pa.types.is_date,
    "times with an offset": lambda kind: pa.types.is_timestamp(kind) and kind.tz is not None,
    "times without an offset": pa.types.is_timestamp,
    "times of day": pa.types.is_time,
}
"""The kinds of single values, and the test for each; every other type is nested or binary."""


def kind_of(arrow_type: pa.DataType) -> str:
    """What kind of values a column of this type holds; one kind reads the same whatever its width."""
    return next((name for name, is_kind in PLAIN.items() if is_kind(arrow_type)), str(arrow_type))


def as_promised(delivered: Sequence[str], table: Table, suite: RawSuite) -> list[str]:
    """The delivered columns under the names that they were promised by; upper and lower case are one.

    Raises:
        SourceError: the deployment renames a column that is not delivered, or to one that is delivered or not promised.
    """
    promised = {name.lower(): name for name in suite.promised}
    renamed = {theirs.lower(): ours for theirs, ours in table.settings.rename.items()}
    there = {name.lower() for name in delivered}
    problems = [
        *(
            f"'{name}' is not delivered (there are: {', '.join(delivered)})"
            for name in table.settings.rename
            if name.lower() not in there
        ),
        *(
            f"'{name}' is not a promised column (promised are: {', '.join(suite.promised)})"
            for name in table.settings.rename.values()
            if name.lower() not in promised
        ),
        *(
            f"'{name}' is delivered under this name, too"
            for name in table.settings.rename.values()
            if name.lower() in there - set(renamed)
        ),
    ]
    if problems and delivered:
        raise SourceError(
            f"{table.label}: the line '{rename_line(table.settings.rename)}' does not fit: {'; '.join(problems)}."
            f" Correct it in {table.deployment.file}, or take it out."
        )
    names = [renamed.get(name.lower(), name) for name in delivered]
    return [promised.get(name.lower(), name) for name in names]


def suggested(missing: Sequence[str], new: Sequence[str], resemblance: Resemblance | None = None) -> dict[str, str]:
    """Which new column each missing one may be: by its name, else by its values; none where two are as likely.

    Returns:
        The missing columns' names by the new ones', as ``rename`` has them.
    """
    found: dict[str, str] = {}
    for measure in (names_alike, resemblance if len(new) <= COMPARED else None):
        pairs = [
            (measure(wanted, name), wanted, name)
            for wanted in missing
            for name in new
            if measure and wanted not in found.values() and name not in found
        ]
        for likeness, wanted, name in sorted(pairs, reverse=True):
            if likeness < ALIKE or wanted in found.values() or name in found:
                continue
            rivals = [pair for pair in pairs if pair[0] == likeness and (pair[1] == wanted) != (pair[2] == name)]
            if not rivals:
                found[name] = wanted
    return found


def rename_line(rename: Mapping[str, str]) -> str:
    """The line of a deployment's file that renames columns."""
    names = yaml.safe_dump(dict(rename), default_flow_style=True, allow_unicode=True, width=10_000, sort_keys=False)
    return f"rename: {names.strip()}"


def rename_hint(table: Table, missing: Sequence[str], suggestions: Mapping[str, str]) -> str:
    """The line to add if columns were renamed; empty where no new column resembles a missing one.

    Args:
        missing: the columns that must not be missing; one that nothing looks like is left to the reader.
    """
    open_ends = {f"<new name of {name}>": name for name in missing if name not in suggestions.values() and suggestions}
    if not suggestions:
        return ""
    line = rename_line({**table.settings.rename, **suggestions, **open_ends})
    return (
        f". If that is a renaming, this line in {table.deployment.file}, below systems:"
        f" {table.system_name}: tables: {table.table_name}:, corrects it:  {line}"
    )


def columns_compared(
    table: Table,
    suite: RawSuite,
    delivered: Mapping[str, str],
    types: Mapping[str, str],
    resemblance: Resemblance | None = None,
) -> dict[str, Any]:
    """What is missing, new, elsewhere or of another kind among the columns; nothing is where nothing was expected.

    Args:
        delivered: the kind of values of each column, under its promised name.
        types: the same of the load before.
        resemblance: by what columns with unlike names are matched.
    """
    names = list(delivered)
    missing = [name for name in suite.required if names and name not in delivered]
    wanted = (*suite.optional, *(name for name in suite.possible if name in types))
    missing_optional = [name for name in wanted if names and name not in delivered]
    new = [name for name in names if name not in suite.promised]
    suggestions = suggested(missing, new, resemblance)
    left = [name for name in new if name not in suggestions]
    suggestions |= suggested(missing_optional, left, resemblance)
    retyped = [
        f"{name} ({types[name]}, now {kind})"
        for name, kind in delivered.items()
        if types.get(name, kind) != kind and "empty" not in {kind, types[name]}
    ]
    both = [name for name in names if name in types]
    order = [name for name in types if name in delivered]
    # a JSON object has no order
    has_order = table.system.kind not in {"jsonl", "rest"}
    moved = [name for name, old in zip(both, order, strict=True) if name != old and has_order]
    # what stands where a header should be may be a person's data
    is_header = any(name in suite.promised for name in names)
    return {
        "delivered_columns": _listed(names) if is_header else "none of those promised; is there a header?",
        "missing_column_count": len(missing),
        "missing_columns": ", ".join(missing),
        "missing_optional_count": len(missing_optional),
        "missing_optional_columns": ", ".join(missing_optional),
        "rename_hint": rename_hint(table, missing, suggestions) if is_header else "",
        "new_column_count": len(new) if is_header else 0,
        "new_columns": _listed(new),
        "retyped_column_count": len(retyped),
        "retyped_columns": ", ".join(retyped),
        "moved_column_count": len(moved),
        "first_moved_column": moved[0] if moved else None,
    }


def names_alike(wanted: str, name: str) -> float:
    """How alike two names are (0 to 1), whatever their case and signs."""
    first, second = (re.sub(r"[\W_]", "", text.lower()) for text in (wanted, name))
    return difflib.SequenceMatcher(None, first, second).ratio()


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:SHOWN]) + (f" and {len(names) - SHOWN} more" if len(names) > SHOWN else "")
