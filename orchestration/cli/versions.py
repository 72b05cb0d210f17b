"""The commands ``cx360 versions``, ``rollback`` and ``release``.

Keep out how versions and holds change (``publication/``).
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import Any

from orchestration.base.errors import PipelineError
from orchestration.base.paths import Home
from orchestration.config.deployment import Deployment
from orchestration.landing.pull import forget
from orchestration.landing.unit_place import recover_units
from orchestration.publication.history import History
from orchestration.publication.publication import Publication
from orchestration.publication.versions import Version
from orchestration.runs.lock import hold
from orchestration.runs.pending import hold_reason


def listed(deployment: Deployment) -> str:
    """Return a line per version on disk, newest first."""
    publication = Publication(Home.of(deployment.name), deployment.retention)
    versions = publication.versions()
    damaged = [f"{version.name:<21}  damaged: {version.reason}" for version in publication.damaged()]
    if not versions and not damaged:
        return f"Nothing is published yet for deployment '{deployment.name}'."
    lines = [f"{'version':<21}  {'as of':<10}  {'published, UTC':<16}  {'load dates':>10}  {'MiB':>9}"]
    lines += [_line(version, _standing(publication, version)) for version in versions]
    return "\n".join([*lines, *damaged])


def record(deployment: Deployment) -> dict[str, Any]:
    """Return the versions on disk for ``--json`` (docs/command-line.md), newest first."""
    publication = Publication(Home.of(deployment.name), deployment.retention)
    current, withdrawn = publication.version(), publication.holds.withdrawn()
    versions = [
        {
            "version": version.name,
            "state": "withdrawn"
            if version.name in withdrawn
            else "current"
            if current and current.name == version.name
            else "earlier",
            "as_of_date": version.as_of_date.isoformat(),
            "published_at": version.manifest["published_at"],
            "load_date_count": len(version.load_dates),
            "byte_count": version.byte_count,
            "folder": str(version.folder),
        }
        for version in publication.versions()
    ]
    damaged = [
        {"version": version.name, "state": "damaged", "reason": version.reason} for version in publication.damaged()
    ]
    return {"deployment": deployment.name, "versions": [*versions, *damaged]}


def _line(version: Version, standing: str) -> str:
    published_at = version.manifest["published_at"][:16].replace("T", " ")
    size = f"{version.byte_count / 2**20:,.1f}"
    facts = f"{version.name:<21}  {version.as_of_date}  {published_at}  {len(version.load_dates):>10}  {size:>9}"
    return f"{facts}  {standing}".rstrip()


def _standing(publication: Publication, version: Version) -> str:
    withdrawn = publication.holds.withdrawn().get(version.name)
    if withdrawn:
        return f"withdrawn {withdrawn:%Y-%m-%d %H:%M}"
    current = publication.version()
    return "current" if current and current.name == version.name else ""


def roll_back(deployment: Deployment, name: str | None) -> str:
    """Withdraw a version (default: the current one) and every later one.

    Raises:
        PipelineError: the version does not exist, no earlier version is left, or a run is in progress.
    """
    home = Home.of(deployment.name)
    publication, history = Publication(home, deployment.retention), History(home)
    with hold(home):
        for table in deployment.tables():
            recover_units(home, table)
        publication.settle_versions()
        if version := publication.version():
            history.absorb(version.database)
        withdrawn, current = publication.withdraw(name)
        forget(home)
        history.withdraw([version.name for version in withdrawn])
    lines = [
        *(f"Withdrawn   {version.name}" for version in withdrawn),
        f"Current     {current.name}, as of {current.as_of_date}",
        hold_reason(deployment, publication) or "No load date is on hold: the withdrawn versions had loaded none.",
    ]
    if deployment.postgres_publication:
        lines.append(
            f"PostgreSQL still has {withdrawn[0].name}. Put it back as well:"
            f" cx360 publish-postgres --deployment {deployment.argument}"
        )
    return "\n".join(lines)


def release(deployment: Deployment, load_dates: Collection[date]) -> str:
    """Release load dates from hold (default: all of them), so that they are pending again.

    Raises:
        PipelineError: a load date is not on hold, or a run is in progress.
    """
    home = Home.of(deployment.name)
    publication = Publication(home, deployment.retention)
    with hold(home):
        held = publication.holds.load_dates()
        unknown = sorted(set(load_dates) - set(held))
        if unknown:
            raise PipelineError(
                f"{unknown[0]} is not on hold in deployment '{deployment.name}'. "
                f"On hold: {', '.join(day.isoformat() for day in held) or 'none'}."
            )
        released = sorted(load_dates) or held
        publication.holds.release(released)
    if not released:
        return "No load date is on hold."
    days = ", ".join(day.isoformat() for day in released)
    return (
        f"Released    {days}\nThe next run loads those that are not published:"
        f" cx360 run --deployment {deployment.argument}"
    )
