"""The pages of the current version, for ``cx360 site``.

Keep out what they show (``pages/``) and the server (``docs.py``).
"""

from __future__ import annotations

from pathlib import Path

from orchestration.assets.site import make_site
from orchestration.base.errors import PipelineError
from orchestration.base.paths import Home
from orchestration.config.deployment import Deployment
from orchestration.publication.publication import Publication
from orchestration.publication.versions import SITE
from orchestration.runs.lock import hold


def current_site(deployment: Deployment) -> Path:
    """Return the folder of the pages that readers get, also after later publications.

    A version without pages, because making them had failed or because it is older, gets them now.

    Raises:
        PipelineError: nothing is published, a run is in progress, or the pages cannot be made.
    """
    home = Home.of(deployment.name)
    publication = Publication(home, deployment.retention)
    version = publication.version()
    if version is None:
        raise PipelineError(
            f"Nothing is published yet for deployment '{deployment.name}', so it has no pages."
            f" Run the night first: cx360 run --deployment {deployment.argument}"
        )
    if not version.site.is_dir():
        with hold(home):
            make_site(deployment, publication, version)
    return publication.current / SITE
