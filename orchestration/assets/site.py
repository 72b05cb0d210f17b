"""The pages of the published version: made after publication, into the version.

Keep out what they show (``pages/``) and how they are stored (``publication/sites.py``).
"""

from pathlib import Path

import dagster as dg
import duckdb

from orchestration.assets.publish import VERSION
from orchestration.base.errors import PipelineError
from orchestration.base.progress import step
from orchestration.config.deployment import Deployment
from orchestration.publication.publication import Publication
from orchestration.publication.sites import add_site
from orchestration.publication.versions import Version
from orchestration.runs.resource import RunLock

SITE = dg.AssetKey(["published", "site"])
# of a mart in the workbook of the pages, which stays small whatever the company's size; `cx360 export` writes all
MOST_ROWS = 50_000


def site(deployment: Deployment) -> dg.AssetsDefinition:
    """Build the asset of the pages: a failure leaves the version published."""

    @dg.asset(
        key=SITE,
        deps=[VERSION],
        description="One row per page of the published version: a static site in the version's folder.",
        group_name="publish",
        owners=[deployment.owner],
        kinds={"python", "html"},
    )
    def pages(publication: dg.ResourceParam[Publication], run_lock: RunLock) -> dg.MaterializeResult:
        with step("pages") as progress:
            version = publication.version()
            if version is None:
                raise dg.Failure(description="There are no pages without a published version.", allow_retries=False)
            try:
                folder = make_site(deployment, publication, version)
            except PipelineError as error:
                raise dg.Failure(description=str(error), allow_retries=False) from error
            files = list(folder.glob("*.html"))
            size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
            progress.detail(f"{len(files)} pages, {size / 2**20:.1f} MiB")
            return dg.MaterializeResult(
                metadata={
                    "version": version.name,
                    "start": dg.MetadataValue.path(folder / "index.html"),
                    "pages": len(files),
                    "bytes": size,
                }
            )

    return pages


def make_site(deployment: Deployment, publication: Publication, version: Version) -> Path:
    """Make the pages of a version; return their folder. The caller holds the run lock.

    Raises:
        PipelineError: the version lacks what a page reads, or the disk cannot be written.
    """
    # charts take a second to import, which only this asset needs
    from orchestration.pages.site import write_site
    from orchestration.publication.workbook import write_workbook

    def write(folder: Path) -> None:
        with duckdb.connect(version.database, read_only=True) as connection:
            write_site(connection, version.manifest, deployment, folder, version.lineage())
            write_workbook(connection, deployment, folder / "cx360.xlsx", version.manifest, MOST_ROWS)

    return add_site(publication, version, write)
