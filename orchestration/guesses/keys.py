"""The key of a delivered table: the smallest set of columns that is unique over the whole delivery."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import combinations

import duckdb

from orchestration.guesses.columns import Column, quoted
from orchestration.guesses.names import looks_like_an_id

MOST_COLUMNS = 3
"""Larger sets are unique by chance."""
MOST_CANDIDATES = 10
LONGEST_VALUE = 64


def smallest_key(
    rows: duckdb.DuckDBPyConnection,
    columns: Sequence[Column],
    others: Collection[str] = (),
    *,
    has_names: bool = True,
) -> tuple[str, ...]:
    """Return the columns of the key of the table ``delivered``; none if no set is unique within each file.

    Amounts, measures and long texts are in no key, and a time only beside an id: what is unique by chance today repeats
    tomorrow.

    Args:
        others: ids of records of other tables, which are no key alone.
        has_names: whether the file has names of columns; without them only a single column is a key.
    """
    [(row_count,)] = rows.execute("select count(*) from delivered").fetchall()
    ids = [column for column in columns if _may_identify(column) and (not has_names or looks_like_an_id(column.name))]
    times = [column for column in columns if column.kind == "time" and column.filled_count == row_count]
    ids, times = ids[:MOST_CANDIDATES], times[:MOST_CANDIDATES]
    for count in range(1, MOST_COLUMNS + 1 if has_names else 2):
        with_time = [(*some, time) for some in combinations(ids, count - 1) for time in times if some]
        for some in (*combinations(ids, count), *with_time):
            names = tuple(column.name for column in some)
            if row_count and not (count == 1 and names[0] in others) and _is_unique(rows, names, row_count):
                return names
    return ()


def _may_identify(column: Column) -> bool:
    is_short = all(len(value) <= LONGEST_VALUE for value in column.values)
    is_complete = 0 < column.row_count == column.filled_count and not column.tokens
    return is_complete and is_short and column.kind in {"whole", "text"} and not column.marks


def _is_unique(rows: duckdb.DuckDBPyConnection, names: tuple[str, ...], row_count: int) -> bool:
    listed = ", ".join(map(quoted, names))
    [(count,)] = rows.execute(
        f"select count(*) from (select distinct _source_file, {listed} from delivered)"
    ).fetchall()
    return bool(count == row_count)
