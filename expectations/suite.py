"""The types that suites are made of: rules as plain data.

``orchestration/gates/judge.py`` turns a suite into a verdict. Add here a new kind of rule; keep out the rules
themselves (``rules.py``).
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Literal

PRESENT = "value is not null"
"""The condition of a required column, and the only one that a missing value breaks."""


@dataclass(frozen=True)
class When:
    """Which rows a rule judges.

    Attributes:
        condition: a DuckDB expression over delivered columns; where it is false, null or cannot be computed, the rule
            does not judge the row.
        over: the delivered columns that it names; one that is not delivered is null.
    """

    condition: str
    over: tuple[str, ...]


@dataclass(frozen=True)
class RowRule:
    """What every row must meet; a row that breaks it goes to quarantine with the reason.

    Attributes:
        column: the delivered column that is judged; with ``over``, the name of what is computed.
        reason: why the row is refused; ``{value}`` is replaced by the delivered value.
        condition: a DuckDB expression over ``value`` (the column) and ``other``; a row where it is false or null breaks
            the rule. A missing value breaks only ``PRESENT``.
        other: a second column that the condition reads; both must have a value to be judged.
        amount: where the column holds money, the amount as an expression over ``value``; null where it is none.
        over: the delivered columns that the condition names itself, in place of ``value`` and ``other``. Missing values
            are then judged, and a column that is not delivered is null.
        when: which rows are judged; all, where it is None.

    A condition may read bounds of the deployment (``orchestration.config.settings.Limits``) as variables:
    ``getvariable('earliest_date')``, ``getvariable('latest_date')`` and ``getvariable('largest_amount')``.
    """

    column: str
    reason: str
    condition: str
    other: str | None = None
    amount: str | None = None
    over: tuple[str, ...] = ()
    when: When | None = None

    @property
    def name(self) -> str:
        """The reason without the delivered value: the same for all rows that break the rule."""
        return self.reason.replace(" '{value}'", "")

    @property
    def columns(self) -> tuple[str, ...]:
        """The delivered columns that the condition reads."""
        return self.over or ((self.column, self.other) if self.other else (self.column,))

    def judges(self, delivered: AbstractSet[str]) -> bool:
        """Whether the rule judges rows with these columns; rules on columns that are missing are left to the batch."""
        return bool(delivered & {*self.over}) if self.over else delivered >= {*self.columns}


@dataclass(frozen=True)
class Limit:
    """A bound that the deployment sets, by its name in ``orchestration.config.settings``; -1 makes it its negative.

    It stands in ``Limits`` (gate 1) or ``Movement`` (gate 2).
    """

    name: str
    sign: int = 1


@dataclass(frozen=True)
class Comparison:
    """Judges a figure by how it compares with the usual one.

    The usual figure is that of the published version in gate 2, and the median of the last 14 loads in gate 1, from
    the fifth load on.

    Attributes:
        by: ``ratio`` to the usual, ``difference`` from it, or ``growth``: the difference as a share of the usual.
        base: not judged where the usual is below it.
    """

    by: Literal["ratio", "difference", "growth"]
    base: float = 0


@dataclass(frozen=True)
class ProfileRule:
    """What the one-row profile of a unit or a mart must meet.

    Attributes:
        figure: the figure of the profile that is judged; a figure that is null is not judged.
        message: what is wrong, with the figures of the profile (``{row_count}``...) and the limits.
        at_least: the lowest value that the figure may have.
        at_most: the highest.
        severity: ``error`` closes the gate, ``warn`` is shown and lets through.
        figures: further figures of the profile that the rule needs, as SQL aggregates over the table. In gate 1 they
            may name ``row_hash``, which is the same for rows that are the same, and ``is_repeated``: the load before
            had the row too; ``getvariable('window_end')`` is null where there is no window, as for the history.
        comparison: judges ``<figure>_change`` in place of the figure: its ratio to or difference from
            ``<figure>_usual``.
    """

    figure: str
    message: str
    at_least: float | Limit | None = None
    at_most: float | Limit | None = None
    severity: Literal["error", "warn"] = "error"
    figures: Mapping[str, str] = field(default_factory=dict)
    comparison: Comparison | None = None

    @property
    def judged(self) -> str:
        """The name of the figure that is held against the bounds."""
        return f"{self.figure}_change" if self.comparison else self.figure

    def compared(self, figure: float | None, usual: float | None) -> dict[str, float | None]:
        """``<figure>_usual`` and ``<figure>_change``; null where there is nothing to compare with."""
        names = (f"{self.figure}_usual", f"{self.figure}_change")
        if self.comparison is None or figure is None or usual is None or usual < self.comparison.base:
            return dict.fromkeys(names)
        change: float | None = None
        if self.comparison.by == "difference":
            change = round(figure - usual, 6)
        elif usual:
            growth = (figure - usual) / abs(usual)
            change = round(growth, 6) if self.comparison.by == "growth" else round(figure / usual, 2)
        return dict(zip(names, (usual, change), strict=True))


@dataclass(frozen=True)
class RawSuite:
    """What a delivered table must meet before it lands (gate 1).

    Attributes:
        table: the landed table, ``<system>__<table>``.
        required: columns without which the table cannot be used.
        optional: columns that may be missing; they land as nulls, and a warning says so.
        possible: columns that a source may lack without a warning, until a load has had them.
        rows: rules for each row.
        batch: rules for the one-row profile of a unit.
        changed_at: the column with the time of a record's last change: rows of one key with different times are its
            versions. Without it, rows of one key and different content in one delivery are a finding.
    """

    table: str
    required: tuple[str, ...]
    optional: tuple[str, ...] = ()
    possible: tuple[str, ...] = ()
    rows: tuple[RowRule, ...] = ()
    batch: tuple[ProfileRule, ...] = ()
    changed_at: str | None = None

    @property
    def amounts(self) -> dict[str, str]:
        """The columns that hold money, each as SQL for its amount."""
        return {rule.column: rule.amount.replace("value", f'"{rule.column}"') for rule in self.rows if rule.amount}

    @property
    def promised(self) -> tuple[str, ...]:
        """The columns that a landed unit always has."""
        return (*self.required, *self.optional, *self.possible)


@dataclass(frozen=True)
class MartSuite:
    """What a mart must meet before it is published (gate 2): rules for the one-row profile of the mart.

    Figures are SQL aggregates over the mart; ``getvariable('as_of_date')`` is the as-of date of the mart's version.

    Attributes:
        rules: what must hold of the mart whatever was published before.
        movements: figures compared with those of the published version, which are computed by the same SQL.
            ``getvariable('ended_by')`` is the published as-of date for both; ``getvariable('is_published')`` says which
            of the two is computed. Not judged where no version is published, or it lacks the mart or a column.
        presence: what must not be missing. The deployment sets how severe a gap is, which gaps are known
            (``getvariable('known_gaps')``) and which entities are delivered (``getvariable('delivered_entities')``).
        schema: the published schema of the table: ``marts`` or ``quality``.
    """

    mart: str
    rules: tuple[ProfileRule, ...]
    movements: tuple[ProfileRule, ...] = ()
    presence: tuple[ProfileRule, ...] = ()
    schema: Literal["marts", "quality"] = "marts"
