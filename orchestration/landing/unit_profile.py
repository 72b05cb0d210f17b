"""The one-row profile of a unit, which the batch rules judge: counts, figures, and the figures of recent loads.

One DuckDB query per unit. Part of the landing (``landing.py``). A part of the profile is kept beside the unit's rows
(``profile.json``), so that a day that is pulled again is compared with the same days before it.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from functools import partial
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any

from pydantic import TypeAdapter

from expectations.compared_values import ROWS_TO_COMPARE
from expectations.suite import ProfileRule, RawSuite
from orchestration.base.paths import Home
from orchestration.base.state import parse_json
from orchestration.config.deployment import Table
from orchestration.connectors.batch import Delivery
from orchestration.landing.columns import columns_compared
from orchestration.landing.unit_keys import replaced_rows
from orchestration.landing.unit_place import PROFILE, UnitPlace, landed_units, month_profiles
from orchestration.landing.unit_rows import Known, quoted, types_of, units

RECENT_LOADS = 14
LOADS_TO_COMPARE = 4

KEPT = (
    "system", "table", "load_date", "source_row_count", "landed_row_count", "quarantined_row_count", "columns", "types",
    "figures", "null_rates", "broken_rules", "replaced_row_count",
)  # fmt: skip


@dataclass
class Tally:
    """What was counted while a unit was written."""

    landed_count: int = 0
    rejected_count: int = 0
    broken: Counter[str] = field(default_factory=Counter)
    """How many rejected rows break each row rule."""
    delivered: dict[str, str] = field(default_factory=dict)
    """The delivered columns, in their order, and what kind of values they hold."""
    files: dict[str, Delivery] = field(default_factory=dict)
    """The delivered files by their names."""
    remarks: dict[str, None] = field(default_factory=dict)
    """What the reader has to say of the files, in order."""


def profile(place: UnitPlace, suite: RawSuite, tally: Tally, earlier: Sequence[Known]) -> dict[str, Any]:
    """The profile of a unit whose rows are written but have not landed.

    Args:
        earlier: the units that are about to land before this one.

    Raises:
        InfrastructureError: the figures could not be computed.
    """
    before = _before(place, earlier)
    history = place.table.deployment.history_load_date.isoformat()
    # a night is not compared with the history drop
    recent = [(folder, known) for folder, known in before if known["load_date"] > history]
    row_count = tally.landed_count + tally.rejected_count
    is_snapshot = place.table.settings.snapshot
    # a snapshot repeats its rows every night, and a table with a lookback repeats some of them
    is_comparable = bool(recent) and not is_snapshot and not place.table.settings.lookback_days
    figures, null_rates = _figures(place, suite, tally, recent[0] if is_comparable else None)
    figures["row_count"] = row_count
    facts = {
        "system": place.table.system_name,
        "table": place.table.table_name,
        "load_date": place.load_date.isoformat(),
        "columns": list(tally.delivered),
        "types": tally.delivered,
        "source_row_count": row_count,
        "landed_row_count": tally.landed_count,
        "quarantined_row_count": tally.rejected_count,
        "rejected_count": tally.rejected_count,
        # one bad row is never a share: it may not stop a night
        "rejected_rate": tally.rejected_count / row_count if tally.rejected_count > 1 else 0.0 if row_count else None,
        "figures": figures,
        "null_rates": null_rates,
        "broken_rules": dict(tally.broken),
        **replaced_rows(place, suite, tally.delivered, tally.landed_count),
        **_repeated(tally.files.values()),
        "left_out_count": len(tally.remarks) or None,
        "left_out": "; ".join(tally.remarks),
        **figures,
        **(_snapshot_loss(place, tally, before) if is_snapshot else {}),
        **columns_compared(
            place.table,
            suite,
            tally.delivered,
            before[0][1].get("types", {}) if before else {},
            partial(_known_before, place, before),
        ),
        **_null_rate_change(null_rates, [known.get("null_rates", {}) for _, known in recent]),
    }
    for rule in suite.batch:
        if rule.comparison:
            facts |= _compared(rule, facts[rule.figure], [known for _, known in recent])
    return facts


def write_profile(folder: Path, facts: Mapping[str, Any]) -> None:
    """Write the part of the profile that later loads are compared with, beside the rows."""
    kept = {key: facts[key] for key in KEPT}
    (folder / PROFILE).write_text(json.dumps(kept, ensure_ascii=False, allow_nan=False), encoding="utf-8")


def read_profile(place: UnitPlace) -> dict[str, Any]:
    """The kept part of a landed unit's profile."""
    own = place.landing / PROFILE
    text = own.read_bytes() if own.exists() else month_profiles(place.landed)[place.load_date]
    return parse_json(text, TypeAdapter(dict[str, Any]), str(place.landed / PROFILE), "the profile of a landed unit")


def was_delivered(home: Home, table: Table) -> bool:
    """Return whether a delivery of the table has ever landed; an empty one has columns."""
    return any(read_profile(unit).get("types") for unit in landed_units(home, table))


def _before(place: UnitPlace, earlier: Sequence[Known]) -> list[Known]:
    """The last units before this one, newest first."""
    known = {facts["load_date"]: (folder, facts) for folder, facts in earlier}
    landed = (unit for unit in landed_units(place.home, place.table) if unit.load_date < place.load_date)
    for unit in islice(landed, RECENT_LOADS):
        if unit.load_date.isoformat() not in known:
            known[unit.load_date.isoformat()] = (unit.landed, read_profile(unit))
    return [known[day] for day in sorted(known, reverse=True)][:RECENT_LOADS]


def _figures(
    place: UnitPlace, suite: RawSuite, tally: Tally, before: Known | None
) -> tuple[dict[str, float | None], dict[str, float]]:
    """The figures that the suite's rules need, and each promised column's share of missing values."""
    asked = {name: sql for rule in suite.batch for name, sql in rule.figures.items()}
    counted = suite.promised if tally.landed_count >= ROWS_TO_COMPARE else ()
    selected = ", ".join([*asked.values(), *(f"1 - count({quoted(name)}) / count(*)" for name in counted)])
    if not selected:
        return {}, {}
    with units(place, before, tally.delivered) as connection:
        connection.execute("set variable window_end = ?::timestamptz", [_window_end(place)])
        types = types_of(connection, "unit")
        known = types_of(connection, "before") if before else types
        # a cast to text takes three times as long as the hash: only for a column whose type has changed
        hashed = [
            quoted(name) + ("" if types[name.lower()] == known[name.lower()] else "::varchar")
            for name in tally.delivered
        ]
        row_hash = f"hash({', '.join(hashed) or '0'})"
        was_before = f"row_hash in (select {row_hash} from before)" if before else "false"
        row = connection.execute(
            f"""
            with delivered as (select *, {row_hash} as row_hash from unit)
            select {selected} from (select *, {was_before} as is_repeated from delivered)
            """
        ).fetchall()[0]
    values = [_number(value) for value in row]
    return dict(zip(asked, values, strict=False)), {
        name: value or 0.0 for name, value in zip(counted, values[len(asked) :], strict=True)
    }


def _window_end(place: UnitPlace) -> str | None:
    """The first moment after the unit's window; the history drop has none, nor a snapshot."""
    if place.table.settings.snapshot or place.load_date == place.table.deployment.history_load_date:
        return None
    return datetime.combine(place.load_date + timedelta(days=1), time(), place.table.deployment.zone).isoformat()


def _number(value: Any) -> float | None:
    """A figure as JSON can keep it; NaN and infinity become null."""
    if value is None or isinstance(value, int):
        return value
    number = round(float(value), 6)
    return number if math.isfinite(number) else None


def _repeated(files: Iterable[Delivery]) -> dict[str, Any]:
    """The files that were skipped because an earlier file had the same content."""
    repeated = [f"{file.name} (of {file.repeats})" for file in files if file.repeats]
    return {"repeated_file_count": len(repeated) or None, "repeated_files": ", ".join(repeated)}


def _snapshot_loss(place: UnitPlace, tally: Tally, before: Sequence[Known]) -> dict[str, Any]:
    """How many keys of the snapshot before are missing, and their share where there are enough keys."""
    key = place.table.settings.key_columns
    if not before or not set(key) <= set(tally.delivered):
        return {"snapshot_loss": None}
    keys = ", ".join(f"{quoted(name)}::varchar" for name in key)
    with units(place, before[0], tally.delivered) as connection:
        known, lost = connection.execute(
            f"""
            select count(*), count(*) filter (where before_key not in (select ({keys}) from unit))
            from (select distinct ({keys}) as before_key from before)
            """
        ).fetchall()[0]
    is_judged = known >= ROWS_TO_COMPARE or (known and lost == known)
    return {
        "known_key_count": known,
        "lost_key_count": lost,
        "snapshot_loss": round(lost / known, 6) if is_judged else None,
    }


def _known_before(place: UnitPlace, before: Sequence[Known], missing: str, new: str) -> float:
    """The share of a new column's values that a missing one held in the load before: whether it is the same."""
    if not before or missing not in before[0][1].get("types", {}):
        return 0.0
    with units(place, before[0], [missing, new]) as connection:
        share = connection.execute(
            f"""
            select avg((value in (select {quoted(missing)}::varchar from before))::integer)
            from (select distinct {quoted(new)}::varchar as value from unit) where value is not null
            """
        ).fetchall()[0][0]
    return float(share or 0)


def _null_rate_change(rates: Mapping[str, float], recent: Sequence[Mapping[str, float]]) -> dict[str, Any]:
    """The column whose share of missing values has changed most against the recent loads."""
    usual = {name: _usual([known.get(name) for known in recent]) for name in rates}
    changes = {name: abs(rates[name] - value) for name, value in usual.items() if value is not None}
    column = max(changes, key=changes.__getitem__, default=None)
    if column is None:
        return {"null_rate_change": None}
    return {
        "null_rate_change": round(changes[column], 6),
        "null_rate_column": column,
        "null_rate": rates[column],
        "null_rate_usual": usual[column],
    }


def _compared(rule: ProfileRule, figure: float | None, recent: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The usual value of the rule's figure, and how the unit's figure compares with it."""
    usual = _usual([known.get("figures", {}).get(rule.figure) for known in recent])
    return rule.compared(figure, usual)


def _usual(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return median(known) if len(known) >= LOADS_TO_COMPARE else None
