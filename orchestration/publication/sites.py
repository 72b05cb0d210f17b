"""The static site of a version, which is added after the version is published.

A version never changes; its site is a folder of its own with its own checksums, and comes by one rename. A version
without one is whole. Keep out what a site shows (``pages/``).
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

from orchestration.base import durable
from orchestration.base.checksums import checksums
from orchestration.base.errors import PipelineError
from orchestration.publication.publication import Publication
from orchestration.publication.versions import SITE, SITE_LISTING, Version


def add_site(publication: Publication, version: Version, write: Callable[[Path], object]) -> Path:
    """Give a version its site; one that it has is replaced. The caller holds the run lock.

    Args:
        write: writes the files of the site into an empty folder.

    Returns:
        The folder of the site.

    Raises:
        PipelineError: the site cannot be written; the version stays published without it.
    """
    new = publication.folder / f".new-site-{version.name}"
    old = publication.folder / f".old-site-{version.name}"
    final = version.folder / SITE
    try:
        for leftover in (new, old):
            shutil.rmtree(leftover, ignore_errors=True)
        new.mkdir()
        write(new)
        listing = json.dumps(checksums(new), indent=1, ensure_ascii=False)
        (new / SITE_LISTING).write_text(listing, encoding="utf-8")
        durable.sync_tree(new)
        if final.exists():
            final.rename(old)
        new.rename(final)
        durable.sync(version.folder)
        shutil.rmtree(old, ignore_errors=True)
    except OSError as error:
        raise PipelineError(
            f"The site of version {version.name} could not be written below {publication.folder}: {error}\n"
            "The version is published without it. Free or repair the disk, or correct its permissions, and make the"
            f" site: cx360 site --deployment {publication.home.root.name}"
        ) from error
    finally:
        shutil.rmtree(new, ignore_errors=True)
    return final
