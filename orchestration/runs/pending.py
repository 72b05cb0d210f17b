"""Which load dates a run takes, or why it takes none. The schedule and ``cx360 run`` use the same functions.

Add here what makes a load date pending; keep out how it is pulled (``landing/``). Imports no Dagster: a command that
finds nothing to do ends before anything heavy is loaded.
"""

from __future__ import annotations

from datetime import date
from functools import partial
from pathlib import Path

from orchestration.base.errors import PipelineError
from orchestration.config.deployment import Deployment
from orchestration.connectors.sources import available_load_dates, changed_load_dates
from orchestration.landing.corrections import releases
from orchestration.landing.landed_files import landed_files
from orchestration.publication.publication import Publication


class NoExtractsError(PipelineError):
    """No system has delivered anything."""


def pending_load_dates(deployment: Deployment, publication: Publication, extracts: Path) -> list[date]:
    """Return the load dates that have extracts, are not in the current version, and are not on hold.

    A load date is pending again if its files have changed since they landed. If rows of the quarantine were readmitted
    and nothing else is pending, the newest load date is pending again: every run builds everything from the landing.
    """
    current = publication.version()
    on_hold = {*publication.holds.load_dates()}
    landed_of = partial(landed_files, publication.home)
    free = [day for day in available_load_dates(deployment, extracts, landed_of) if day not in on_hold]
    published = current.load_dates - {*changed_load_dates(deployment, extracts, landed_of)} if current else set()
    pending = [day for day in free if day not in published]
    has_readmitted = bool(set(releases(publication.home)) - (current.releases if current else set()))
    return pending or (free[-1:] if has_readmitted else [])


def hold_reason(deployment: Deployment, publication: Publication) -> str | None:
    """Return which load dates are on hold, why, and what to do; None if none is."""
    on_hold = publication.holds.load_dates()
    if not on_hold:
        return None
    return (
        f"On hold: {', '.join(map(str, on_hold))}, because the version "
        f"{', '.join(sorted(publication.holds.holding()))} that took them was withdrawn. Fix the cause, then: "
        f"cx360 release --deployment {deployment.argument}"
    )


def refusal_reason(deployment: Deployment, publication: Publication) -> str | None:
    """Reason to refuse the run, or None: published load dates are on hold."""
    current = publication.version()
    unbuildable = sorted(current.load_dates & {*publication.holds.load_dates()}) if current else []
    if not unbuildable:
        return None
    return (
        f"No run may start: the current version contains {', '.join(map(str, unbuildable))}, and a withdrawn version "
        "pulled that day again. That day's landing no longer matches the published version. "
        f"{hold_reason(deployment, publication)}, deliver the day again and: "
        f"cx360 run --deployment {deployment.argument} --date {unbuildable[0]}"
    )


def choose_load_dates(
    deployment: Deployment, publication: Publication, extracts: Path, first: date | None, last: date | None
) -> list[date]:
    """Return the load dates of a run: all that are pending, or those from ``first`` to ``last`` that were delivered.

    Raises:
        PipelineError: a published load date is on hold, there are no extracts, or the range has none.
    """
    reason = refusal_reason(deployment, publication)
    if reason:
        raise PipelineError(reason)
    available = available_load_dates(deployment, extracts, partial(landed_files, publication.home))
    if not available:
        raise NoExtractsError(
            f"Deployment '{deployment.name}' has no extracts in {extracts}. Put them there, name another folder "
            f"(EXTRACTS=<folder>), or correct the file patterns in {deployment.file}."
        )
    if first is None and last is None:
        return pending_load_dates(deployment, publication, extracts)
    if any((first or day) <= day <= (last or day) for day in publication.holds.load_dates()):
        raise PipelineError(f"The range contains load dates on hold. {hold_reason(deployment, publication)}")
    chosen = [day for day in available if (first or day) <= day <= (last or day)]
    if not chosen:
        raise PipelineError(
            f"Deployment '{deployment.name}' has no extracts from {first or available[0]} to {last or available[-1]}: "
            f"its extracts are from {available[0]} to {available[-1]}. Name other days, or deliver these."
        )
    return chosen
