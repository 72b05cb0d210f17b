"""The gates: a suite and a frame in, a verdict out, judged by Great Expectations.

Add here how a verdict is reached and told; keep out the rules (``expectations/``) and what a verdict means for the
rows (``resources/landing.py``) or the run (``assets/``).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any

import pandas as pd

from expectations.suite import Limit, ProfileRule, RowRule
from orchestration.base.errors import InfrastructureError
from orchestration.base.progress import part
from orchestration.config.settings import Limits, Movement
from orchestration.gates.judgements import Judgements

if TYPE_CHECKING:
    from great_expectations.core import ExpectationValidationResult
    from great_expectations.core.batch_definition import BatchDefinition
    from great_expectations.expectations.expectation import Expectation


STANDARD_LIMITS = Limits()


@dataclass(frozen=True)
class Finding:
    """A profile rule that does not hold, in words."""

    severity: str
    message: str


@dataclass(frozen=True)
class Broken:
    """A row rule that a row breaks.

    Attributes:
        rule: in words without what was delivered; rows that break the same rule have the same.
        reason: with what was delivered, for whoever may see it: messages and logs tell the rule.
    """

    rule: str
    reason: str


def broken_row_rules(
    table: str, rules: Sequence[RowRule], frame: pd.DataFrame, kept: Judgements | None = None
) -> dict[int, list[Broken]]:
    """Judge each row of a frame.

    Args:
        table: named in the error when a rule cannot be judged.
        frame: delivered columns; rules on columns that it lacks are left to the batch rules.
        kept: takes what is found, in counts.

    Returns:
        For each row that breaks a rule, by its place in the frame, the rules that it breaks, in their order.

    Raises:
        InfrastructureError: a rule could not be judged: a fault of the pipeline, never of the data.
    """
    judged = [rule for rule in rules if {rule.column, rule.other or rule.column} <= set(frame.columns)]
    if not judged or frame.empty:
        return {}
    frame = frame.reset_index(drop=True)
    broken: dict[int, list[Broken]] = {}
    with part("gates"):
        for rule, result in zip(judged, _validate(table, judged, frame, kept), strict=True):
            for place in sorted(result.result.get("unexpected_index_list") or ()):
                value = _shown(frame.at[place, rule.column])
                name = rule.reason.replace(" '{value}'", "")
                broken.setdefault(int(place), []).append(Broken(name, rule.reason.replace("{value}", value)))
    return broken


def broken_profile_rules(
    table: str,
    rules: Sequence[ProfileRule],
    profiles: Sequence[Mapping[str, Any]],
    limits: Limits | Movement = STANDARD_LIMITS,
    kept: Judgements | None = None,
) -> list[list[Finding]]:
    """Judge one-row profiles, one for each unit or mart; a figure that is null is not judged.

    Args:
        limits: the bounds that rules leave to the deployment.
        kept: takes what is found, in counts.

    Returns:
        For each profile, what does not hold.

    Raises:
        InfrastructureError: a rule could not be judged.
    """
    findings: list[list[Finding]] = [[] for _ in profiles]
    judged = [_bounded(rule, limits) for rule in rules if any(p.get(rule.judged) is not None for p in profiles)]
    if not judged:
        return findings
    figures = {rule.judged: [_figure(profile.get(rule.judged)) for profile in profiles] for rule in judged}
    frame = pd.DataFrame(figures, dtype=float)
    with part("gates"):
        for rule, result in zip(judged, _validate(table, judged, frame, kept), strict=True):
            for place in sorted(result.result.get("unexpected_index_list") or ()):
                told = rule.message.format_map({"limits": limits, **profiles[place]})
                findings[place].append(Finding(rule.severity, told))
    return findings


def _bounded(rule: ProfileRule, limits: Limits | Movement) -> ProfileRule:
    """The rule with the deployment's bounds in place of their names."""
    arguments = {
        name: value.sign * getattr(limits, value.name) if isinstance(value, Limit) else value
        for name, value in rule.arguments.items()
    }
    return replace(rule, arguments=arguments)


def _figure(value: Any) -> float | None:
    """A figure to judge. One that is no number counts as infinite: as a null it would slip through every bound."""
    figure = None if value is None else float(value)
    return math.inf if figure is not None and math.isnan(figure) else figure


def _shown(value: object) -> str:
    text = str(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _validate(
    table: str, rules: Sequence[RowRule | ProfileRule], frame: pd.DataFrame, kept: Judgements | None
) -> list[ExpectationValidationResult]:
    """The result of each rule, in the order of the rules; which rows break it is asked only where some do."""
    results = _results(table, rules, frame, "BOOLEAN_ONLY")
    places = [place for place, result in enumerate(results) if not result.success]
    if places:
        told = _results(table, [rules[place] for place in places], frame, "COMPLETE")
        for place, result in zip(places, told, strict=True):
            results[place] = result
    if kept:
        kept.add(table, rules, results, len(frame))
    return results


def _results(
    table: str, rules: Sequence[RowRule | ProfileRule], frame: pd.DataFrame, result_format: str
) -> list[ExpectationValidationResult]:
    import great_expectations as gx

    suite = gx.ExpectationSuite(
        name=table, expectations=[_expectation(rule, place) for place, rule in enumerate(rules)]
    )
    batch = _frames().get_batch(batch_parameters={"dataframe": frame})
    results = sorted(batch.validate(suite, result_format={"result_format": result_format}).results, key=_place)
    for rule, result in zip(rules, results, strict=True):
        problem = _raised(result.exception_info or {})
        if problem:
            name = rule.column if isinstance(rule, RowRule) else rule.judged
            raise InfrastructureError(
                f"{table}: the check {rule.expectation} on {name} could not be judged: {problem}\n"
                "This is a fault of the check or of the machine, not of the data, and nothing of it lands: run again,"
                " and if it stays, mend the rule in expectations/."
            )
    return results


def _place(result: ExpectationValidationResult) -> int:
    """The place of the result's rule in its suite; Great Expectations keeps no order."""
    return int(result.expectation_config.meta["place"]) if result.expectation_config else -1


def _raised(info: Mapping[str, Any]) -> str | None:
    """The message of an exception inside an expectation, in either shape that Great Expectations reports it."""
    if "raised_exception" in info:
        return str(info["exception_message"]) if info["raised_exception"] else None
    messages = [inner["exception_message"] for inner in info.values() if inner.get("raised_exception")]
    return str(messages[0]) if messages else None


def _expectation(rule: RowRule | ProfileRule, place: int) -> Expectation:
    import great_expectations.expectations as library

    from expectations import conditions

    if isinstance(rule, ProfileRule):
        judged = {"column": rule.judged}
    elif rule.other:
        judged = {"column_A": rule.column, "column_B": rule.other}
    else:
        judged = {"column": rule.column}
    home = conditions if hasattr(conditions, rule.expectation) else library
    made: Expectation = getattr(home, rule.expectation)(**judged, meta={"place": place}, **rule.arguments)
    return made


@cache
def _frames() -> BatchDefinition[Any]:
    """An ephemeral context that takes frames; made once, because the import alone takes seconds."""
    import os

    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    return (
        context.data_sources.add_pandas("frames")
        .add_dataframe_asset("frame")
        .add_batch_definition_whole_dataframe("whole")
    )
