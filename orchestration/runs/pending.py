"""Which load dates a run takes, and why it takes none. The schedule and ``cx360 run`` use the same functions.

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


def pending_load_dates(deployment: Deployment, publication: Publication, extracts: Path) -> list[date]:
    """The load dates that have extracts, are not in the current version, and are not held.

    A day whose files have changed since they landed waits once more, and so do rows that were released from quarantine.
    A run builds everything from the landing: where nothing else waits, it takes the newest load date once more.
    """
    current = publication.version()
    held = {*publication.holds.load_dates()}
    landed_of = partial(landed_files, publication.home)
    free = [day for day in available_load_dates(deployment, extracts, landed_of) if day not in held]
    done = current.load_dates - {*changed_load_dates(deployment, extracts, landed_of)} if current else set()
    pending = [day for day in free if day not in done]
    is_released = bool(set(releases(publication.home)) - (current.releases if current else set()))
    return pending or (free[-1:] if is_released else [])


def why_held(deployment: Deployment, publication: Publication) -> str | None:
    """Which load dates are held, why, and what to do about it; None where none is."""
    held = publication.holds.load_dates()
    if not held:
        return None
    return (
        f"Held: {', '.join(day.isoformat() for day in held)}, because "
        f"{' and '.join(sorted(publication.holds.holding()))} was withdrawn. When what was wrong is mended: "
        f"cx360 release --deployment {deployment.name}"
    )


def why_nothing_may_run(deployment: Deployment, publication: Publication) -> str | None:
    """Why the next version would lack what the current one shows; None where it would not."""
    current = publication.version()
    lost = sorted(current.load_dates & {*publication.holds.load_dates()}) if current else []
    if not lost:
        return None
    return (
        f"The current version shows {', '.join(day.isoformat() for day in lost)}, which the withdrawn version had "
        f"taken anew: the landing of that day is no more the one that is shown. {why_held(deployment, publication)}, "
        f"then deliver it again and: cx360 run --deployment {deployment.name} --date {lost[0]}"
    )


def choose_load_dates(
    deployment: Deployment, publication: Publication, extracts: Path, first: date | None, last: date | None
) -> list[date]:
    """The load dates of a run: all that are pending, or those between ``first`` and ``last`` that were delivered.

    Raises:
        PipelineError: a published load date is on hold, there are no extracts, or none in the range.
    """
    blocked = why_nothing_may_run(deployment, publication)
    if blocked:
        raise PipelineError(blocked)
    available = available_load_dates(deployment, extracts, partial(landed_files, publication.home))
    if not available:
        raise PipelineError(
            f"Deployment '{deployment.name}' has no extracts in {extracts}. Put them there, name their folder "
            "(EXTRACTS=<folder>), or see the file patterns in "
            f"deployments/{deployment.name}.yml."
        )
    if first is None and last is None:
        return pending_load_dates(deployment, publication, extracts)
    if any((first or day) <= day <= (last or day) for day in publication.holds.load_dates()):
        raise PipelineError(f"Not all of these load dates can be taken. {why_held(deployment, publication)}")
    chosen = [day for day in available if (first or day) <= day <= (last or day)]
    if not chosen:
        raise PipelineError(
            f"Nothing was delivered for deployment '{deployment.name}' between {first or 'the beginning'} and "
            f"{last or 'the end'}: extracts are there from {available[0]} to {available[-1]}."
        )
    return chosen
