"""The rules of a suite in words: the descriptions of the gates' checks in the Dagster UI.

Keep out the rules themselves (``expectations/``) and what they found (``rule_results.py``).
"""

from __future__ import annotations

from collections.abc import Iterable

from expectations.suite import Limit, MartSuite, ProfileRule, RawSuite, When
from orchestration.gates.rule_results import UNREADABLE


def described_rows(suite: RawSuite) -> str:
    """Return the rules of gate 1 for a table, as Markdown."""
    rows = dict.fromkeys([UNREADABLE, *(f"{rule.name}{_when(rule.when)}" for rule in suite.rows)])
    return "\n".join(
        [
            "Gate 1. A row goes to quarantine for one of these reasons:",
            *(f"- {name}" for name in rows),
            "",
            f"The batch has the columns {', '.join(suite.required)}; rules for the whole batch:",
            *_profiles(suite.batch),
        ]
    )


def described_mart(suite: MartSuite) -> str:
    """Return the rules of gate 2 for a mart, as Markdown."""
    parts = [
        ("Gate 2. Nothing is published unless:", suite.rules),
        ("Compared with the published version:", suite.movements),
        ("Nothing is missing; the deployment sets how severe a gap is:", suite.presence),
    ]
    return "\n\n".join("\n".join([heading, *_profiles(rules)]) for heading, rules in parts if rules)


def _profiles(rules: Iterable[ProfileRule]) -> Iterable[str]:
    return dict.fromkeys(f"- {_bounds(rule)}{' (a warning)' if rule.severity == 'warn' else ''}" for rule in rules)


def _bounds(rule: ProfileRule) -> str:
    bounds = [("at least", rule.at_least), ("at most", rule.at_most)]
    texts = [f"{words} {_bound(bound)}" for words, bound in bounds if bound is not None]
    return f"{rule.judged} is {' and '.join(texts)}"


def _bound(bound: float | Limit) -> str:
    if isinstance(bound, Limit):
        return f"{'minus ' if bound.sign < 0 else ''}the deployment's {bound.name}"
    return f"{bound:g}"


def _when(when: When | None) -> str:
    return f" (if {when.condition})" if when else ""
