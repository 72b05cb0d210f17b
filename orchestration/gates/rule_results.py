"""What each rule of a gate found in a run, in counts: shown with the check, and published as ``quality_rule_results``.

Add here how findings are counted; keep out every delivered value, because the published table is open to all readers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from expectations.suite import ProfileRule, RowRule
from orchestration.gates.judge import Finding

UNREADABLE = "the row cannot be read as a record"
"""The rule of the readers, which comes before every row rule."""
QUARANTINE: Final = "quarantine"
"""The severity of a row rule: a row that breaks it is set aside, and the table lands."""
STATUSES = {"error": "failed", "warn": "warned", QUARANTINE: "quarantined"}


@dataclass(frozen=True)
class RuleResult:
    """How many rows or profiles a rule judged, and how many of them broke it."""

    rule: str
    severity: Literal["error", "warn", "quarantine"]
    evaluated_count: int
    unexpected_count: int

    def record(self) -> dict[str, str | int]:
        """The result as the columns of ``quality_rule_results``."""
        passed = "passed" if self.evaluated_count else "not_evaluated"
        status = STATUSES[self.severity] if self.unexpected_count else passed
        return {**vars(self), "status": status}


def row_results(rules: Iterable[RowRule], profiles: Sequence[Mapping[str, Any]]) -> list[RuleResult]:
    """The results of a table's row rules over units, by the profiles that are kept of them."""
    named = {rule.name: rule for rule in rules}
    # a profile that was kept by an older release has no counts
    broken = [profile.get("broken_rules", {}) for profile in profiles]
    row_counts = [profile["source_row_count"] for profile in profiles]
    unreadable = [counts.get(UNREADABLE, 0) for counts in broken]
    readable = [
        (rows - lost, set(profile["columns"]))
        for rows, lost, profile in zip(row_counts, unreadable, profiles, strict=True)
    ]
    return [
        RuleResult(UNREADABLE, QUARANTINE, sum(row_counts), sum(unreadable)),
        *(
            RuleResult(
                name,
                QUARANTINE,
                sum(rows for rows, delivered in readable if rule.judges(delivered)),
                sum(counts.get(name, 0) for counts in broken),
            )
            for name, rule in named.items()
        ),
    ]


def profile_results(
    rules: Iterable[ProfileRule], profiles: Sequence[Mapping[str, Any]], findings: Sequence[Finding]
) -> list[RuleResult]:
    """The results of profile rules over units or over one mart; a figure that is null is not evaluated."""
    return [
        RuleResult(rule.figure, rule.severity, max(evaluated, unexpected), unexpected)
        for rule in rules
        for evaluated in [sum(profile.get(rule.judged) is not None for profile in profiles)]
        # a unit that landed in an earlier attempt keeps its findings, and only some of its figures
        for unexpected in [sum(finding.rule == rule.figure for finding in findings)]
    ]
