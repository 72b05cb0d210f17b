"""The commands ``cx360 verify``, ``backup`` and ``restore``.

Keep out what is compared (``runs/readiness.py``) and copied (``publication/backup.py``).
"""

from __future__ import annotations

from pathlib import Path

from orchestration.base.errors import PipelineError
from orchestration.base.paths import Home
from orchestration.config.deployment import Deployment
from orchestration.publication.backup import back_up, read_backup
from orchestration.publication.backup import restore as restore_home
from orchestration.publication.publication import Publication
from orchestration.runs.lock import hold
from orchestration.runs.readiness import damage_of, make_ready


def verify(deployment: Deployment) -> list[str]:
    """Return what is wrong with the home of a deployment, one line each; nothing if all is as it was written.

    Raises:
        PipelineError: a run is in progress, or the home does not exist.
    """
    home = _existing(deployment)
    with hold(home):
        return [*damage_of(home, Publication(home, deployment.retention))]


def backup(deployment: Deployment, target: Path) -> str:
    """Back up the home of a deployment into a new folder below ``target``.

    Raises:
        PipelineError: a run is in progress, the home is damaged, or ``target`` cannot be written.
    """
    home = _existing(deployment)
    publication = Publication(home, deployment.retention)
    with hold(home):
        notes = make_ready(home, publication)
        made = back_up(home, publication, target)
    return "\n".join(
        [
            *notes,
            f"Backup      {made.folder}",
            f"Contents    {made.size}, version {made.listing.version or 'none'}",
            f"Restore     cx360 restore --deployment {deployment.argument} --from {made.folder}",
        ]
    )


def restore(deployment: Deployment, folder: Path) -> str:
    """Restore a backup into the empty home of a deployment.

    Raises:
        PipelineError: the home is not empty, or the backup is missing, damaged or of another deployment.
    """
    home, found = Home.of(deployment.name), read_backup(folder)
    with hold(home, fit=False):
        restore_home(home, found)
    return "\n".join(
        [
            f"Restored    {home.root}",
            f"Contents    {found.size}, version {found.listing.version or 'none'}",
            f"Next        cx360 run --deployment {deployment.argument}",
        ]
    )


def _existing(deployment: Deployment) -> Home:
    home = Home.of(deployment.name)
    if not home.root.exists():
        raise PipelineError(
            f"Deployment '{deployment.name}' has no home: {home.root} does not exist. Name another deployment, or set"
            " CX360_HOME to the parent folder of its home."
        )
    return home
