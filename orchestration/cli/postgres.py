"""The command ``cx360 publish-postgres``.

Keep out how a version is written (``publication/postgres/``).
"""

from __future__ import annotations

from orchestration.base.errors import PipelineError
from orchestration.base.paths import Home
from orchestration.config.deployment import Deployment
from orchestration.publication.postgres.publish import publish
from orchestration.publication.postgres.target import Target
from orchestration.publication.publication import Publication


def publish_current(deployment: Deployment) -> list[str]:
    """Write every row of the current version into the deployment's database, and return what was done.

    It needs no run lock: the lock on the server keeps two publications apart.

    Raises:
        PipelineError: the deployment names no database, nothing is published, or the server refuses.
    """
    target = Target.of(deployment)
    version = Publication(Home.of(deployment.name), deployment.retention).version()
    if version is None:
        raise PipelineError(
            f"Nothing is published yet for deployment '{deployment.name}': cx360 run --deployment {deployment.argument}"
        )
    written = publish(version, target, deployment.memory_limit)
    return [f"PostgreSQL  {written.summary}", *(f"Note        {note}" for note in written.notes)]
