"""What a unit loses by its key: rows of one key and different content, of which only the last is kept.

Part of the landing (``landing.py``). Rows whose change times differ are versions of a record, and no loss. So are the
rows of several files without a date in their names: each of them is an export of its own.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import duckdb

from expectations.suite import RawSuite
from orchestration.landing.unit_place import UnitPlace
from orchestration.landing.unit_rows import quoted, units

NOTHING = {"replaced_row_count": 0, "replaced_rate": None, "replaced_warning_count": None}


def replaced_rows(place: UnitPlace, suite: RawSuite, delivered: Collection[str], row_count: int) -> dict[str, Any]:
    """How many rows another row of their key replaces, and how much of each amount vanishes with them.

    Args:
        delivered: the columns of the unit.
        row_count: how many rows of it have landed.
    """
    key = place.table.settings.key_columns
    if not key or row_count < 2 or not set(key) <= set(delivered):
        return dict(NOTHING)
    version = [
        f"concat_ws('-', {', '.join(f'{quoted(name)}::varchar' for name in key)})",
        *([quoted(suite.changed_at)] if suite.changed_at and suite.changed_at in delivered else []),
        *(["_source_file"] if place.table.found else []),
    ]
    content = [*version, *map(quoted, delivered)]
    with units(place, None, delivered) as connection:
        connection.execute(
            f"""
            create temp view delivered as
            select hash({", ".join(version)}) as version, hash({", ".join(content)}) as content, *
            from unit
            """
        )
        versions, contents = connection.execute(
            "select count(distinct version), count(distinct content) from delivered"
        ).fetchall()[0]
        if contents == versions:
            return dict(NOTHING)
        return _replaced(connection, place, {name: sql for name, sql in suite.amounts.items() if name in delivered})


def _replaced(connection: duckdb.DuckDBPyConnection, place: UnitPlace, amounts: dict[str, str]) -> dict[str, Any]:
    sums = "".join(
        f", coalesce(sum(amount_{number}) filter (where is_replaced), 0),"
        f" coalesce(sum(abs(amount_{number})) filter (where is_replaced) / nullif(sum(abs(amount_{number})), 0), 0)"
        for number in range(len(amounts))
    )
    values = "".join(f", any_value({sql}) as amount_{number}" for number, sql in enumerate(amounts.values()))
    replaced, rate, lost, kept, *of_amounts = connection.execute(
        f"""
        with contents as (
            select version, content, max({{'file': _source_file, 'line': _source_row}}) as place{values}
            from delivered group by version, content
        ),
        kept as (select version, max(place) as kept_place from contents group by version),
        judged as (select *, place <> kept_place as is_replaced from contents join kept using (version))
        select
            count(*) filter (where is_replaced), count(*) filter (where is_replaced) / count(*),
            arg_min(place.file || ', line ' || place.line, place) filter (where is_replaced),
            arg_min(kept_place.file || ', line ' || kept_place.line, place) filter (where is_replaced){sums}
        from judged
        """
    ).fetchall()[0]
    vanishing = dict(zip(amounts, zip(of_amounts[::2], of_amounts[1::2], strict=True), strict=True))
    rate = max([rate, *(share for _, share in vanishing.values())])
    is_red = rate > place.table.limits.key_conflict_rate
    return {
        "replaced_row_count": replaced,
        "replaced_rate": round(float(rate), 6),
        # above the limit the error says it all
        "replaced_warning_count": None if is_red else replaced,
        "replaced_key": ", ".join(place.table.settings.key_columns),
        "replaced_amounts": ", ".join(f"{amount} of {name}" for name, (amount, _) in vanishing.items()) or "no amount",
        "replaced_example": lost,
        "replaced_by": kept,
    }
