"""The rules that compare a figure of a mart with that of the published version (gate 2).

Add here how figures are compared; keep out what holds of a mart whatever was published before (``rules.py``).
"""

from __future__ import annotations

from expectations.suite import Comparison, Limit, ProfileRule

# fewer rows than this make a score or a total a matter of chance
MINIMUM_BASE = 200


def moves_by_points(figure: str, label: str, sql: str, base: str, limit: str) -> tuple[ProfileRule, ...]:
    """The figure differs from that of the published version by at most ``movement.<limit>``, up or down.

    Args:
        figure: its name.
        label: the figure, in words.
        sql: an aggregate over the mart.
        base: an aggregate: how many rows the figure rests on. Below 200 in either version it is not judged.
    """
    judged = f"if({base} >= {MINIMUM_BASE}, round({sql}, 4), null)"
    return _movement(figure, label, judged, limit, Comparison("difference"))


def moves_by_share(
    figure: str, label: str, sql: str, base: str, limit: str, unless: str = "false"
) -> tuple[ProfileRule, ...]:
    """The same for a total, by the difference as a share of the published one.

    Only the published total needs the base: a total that has disappeared since is judged.

    Args:
        unless: a condition under which the total of a version is not compared.
    """
    total = f"if({unless}, null, {_total(f'round({sql}, 4)', base, '0')})"
    return _movement(figure, label, total, limit, Comparison("growth"))


def parts_move_by_share(
    figure: str, label: str, part: str, sql: str, where: str, base: str, limit: str
) -> tuple[ProfileRule, ...]:
    """The same for a total of parts, without the part that changed most: one delivered row must not close the gate.

    Args:
        part: what tells the parts apart, as a text.
        sql: the amount of a part.
        where: which rows of the mart count; each of them is one part.
    """
    parts = f"map_from_entries(list(({part}, cast({sql} as double))) filter (where {where}))"
    return _movement(figure, label, _total(parts, base, "map {}"), limit, Comparison("growth"))


def falls_by_share(figure: str, label: str, sql: str, base: str, limit: str) -> tuple[ProfileRule, ...]:
    """The same, downwards only."""
    total = _total(f"round({sql}, 4)", base, "0")
    return _movement(figure, label, total, limit, Comparison("growth"), is_bounded_above=False)


def _total(sql: str, base: str, empty: str) -> str:
    return f"if(getvariable('is_published') and {base} < {MINIMUM_BASE}, null, coalesce({sql}, {empty}))"


def _movement(
    figure: str, label: str, sql: str, limit: str, comparison: Comparison, *, is_bounded_above: bool = True
) -> tuple[ProfileRule, ...]:
    message = (
        f"{label}: {{{figure}_usual}} in the published version, {{{figure}}} now, a change of"
        f" {{{figure}_change}}; movement.{limit} lets {{limits.{limit}}} pass"
    )
    return (
        ProfileRule(
            figure,
            message,
            at_least=Limit(limit, sign=-1),
            at_most=Limit(limit) if is_bounded_above else None,
            figures={figure: sql},
            comparison=comparison,
        ),
    )
