"""The verdict of gate 2: the profile of each mart, judged by its suite and compared with the published version.

Add here how figures of a mart are computed; keep out the rules (``expectations/marts``) and what a verdict means for
the run (``assets/marts_gate.py``).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any, Literal, Protocol

import duckdb

from expectations.suite import MartSuite, ProfileRule
from orchestration.base.paths import sql_text
from orchestration.config.deployment import Deployment
from orchestration.gates.judge import Finding, findings
from orchestration.gates.rule_results import RuleResult, profile_results


@dataclass(frozen=True)
class MartVerdict:
    """What does not hold of a mart, and what each of its rules found."""

    findings: tuple[Finding, ...]
    results: tuple[RuleResult, ...]


class Published(Protocol):
    """The published version that figures are compared with."""

    @property
    def folder(self) -> Path:
        """The folder that holds its ``cx360.duckdb``."""
        ...

    @property
    def as_of_date(self) -> date:
        """Its as-of date."""
        ...


def judge(
    connection: duckdb.DuckDBPyConnection,
    suites: Collection[MartSuite],
    deployment: Deployment,
    published: Published | None,
) -> dict[str, MartVerdict]:
    """Judge the marts that are built.

    Args:
        connection: to the work warehouse, with what will be published attached as ``cx360``.
        published: the current version, which figures are compared with; None before the first publication.

    Returns:
        The verdict on each mart.

    Raises:
        InfrastructureError: the rules could not be judged.
    """
    [(as_of_date,)] = connection.execute("select date_day from cx360.star.dim_dates where is_as_of").fetchall()
    connection.execute("set variable known_gaps = ?::varchar[]", [list(deployment.presence.known_gaps)])
    connection.execute("set variable delivered_entities = ?::varchar[]", [list(deployment.entities())])
    connection.execute("set variable ended_by = ?::date", [published.as_of_date if published else None])
    profiles: dict[str, tuple[Sequence[ProfileRule], dict[str, Any]]] = {}
    with _attached(connection, published):
        for suite in suites:
            rules = (*suite.rules, *suite.movements, *_present(suite, deployment))
            profile = _profile(connection, "cx360", suite, rules, as_of_date)
            for rule in suite.movements:
                old = _published_figure(connection, suite, rule, published) if published else None
                profile[rule.figure] = _number(_without_largest_change(profile[rule.figure], old))
                profile |= rule.compared(profile[rule.figure], _number(_total(old)))
            profiles[suite.mart] = (rules, profile)
    found = findings([*profiles.values()], deployment.movement)
    return {
        mart: MartVerdict(tuple(broken), tuple(profile_results(rules, [profile], broken)))
        for (mart, (rules, profile)), broken in zip(profiles.items(), found, strict=True)
    }


def _present(suite: MartSuite, deployment: Deployment) -> tuple[ProfileRule, ...]:
    """The rules for what must not be missing, with the severity that the deployment sets."""
    if deployment.presence.severity == "off":
        return ()
    severity: Literal["error", "warn"] = "error" if deployment.presence.severity == "red" else "warn"
    return tuple(replace(rule, severity=severity) for rule in suite.presence)


@contextmanager
def _attached(connection: duckdb.DuckDBPyConnection, published: Published | None) -> Iterator[None]:
    """Attach the published file beside the built one, as ``published``."""
    if published is None:
        yield
        return
    connection.execute(f"attach {sql_text(published.folder / 'cx360.duckdb')} as published (read_only)")
    try:
        yield
    finally:
        connection.execute("detach published")


def _profile(
    connection: duckdb.DuckDBPyConnection, place: str, suite: MartSuite, rules: Iterable[ProfileRule], as_of_date: date
) -> dict[str, Any]:
    """Every figure that the rules need, by its name."""
    figures = {name: sql for rule in rules for name, sql in rule.figures.items()}
    selected = ", ".join(f"{sql} as {name}" for name, sql in figures.items())
    connection.execute("set variable as_of_date = ?::date", [as_of_date])
    connection.execute("set variable is_published = ?::boolean", [place == "published"])
    values = connection.execute(f"select {selected} from {place}.{suite.schema}.{suite.mart}").fetchall()[0]
    return dict(zip(figures, values, strict=True))


def _published_figure(
    connection: duckdb.DuckDBPyConnection, suite: MartSuite, rule: ProfileRule, published: Published
) -> Any | None:
    """A figure of the published version; None where that has no such mart or column yet."""
    try:
        return _profile(connection, "published", suite, [rule], published.as_of_date)[rule.figure]
    except (duckdb.CatalogException, duckdb.BinderException):
        return None


def _total(figure: Any | None) -> Any | None:
    return sum(figure.values()) if isinstance(figure, dict) else figure


def _without_largest_change(figure: Any | None, published: Any | None) -> Any | None:
    """A total without the part that changed most since the published version; other figures as they are."""
    if not isinstance(figure, dict) or published is None:
        return _total(figure)
    changes = [figure.get(part, 0) - published.get(part, 0) for part in {*figure, *published}]
    return sum(published.values()) + sum(changes) - max(changes, key=abs, default=0)


def _number(value: Any | None) -> float | None:
    """A figure as messages show it: a whole number without decimals."""
    if value is None:
        return None
    figure = float(value)
    return int(figure) if figure.is_integer() else figure
