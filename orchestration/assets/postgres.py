"""Publish to PostgreSQL, for deployments that name a database: after the version, so that it stands if this fails.

Keep out how it is written (``publication/postgres/``).
"""

import dagster as dg

from orchestration.assets.publish import VERSION
from orchestration.base.errors import PipelineError
from orchestration.base.progress import step
from orchestration.config.deployment import Deployment
from orchestration.publication.postgres.publish import publish
from orchestration.publication.postgres.target import Target
from orchestration.publication.publication import Publication
from orchestration.runs.resource import RunLock

POSTGRES = dg.AssetKey(["published", "postgres"])


def postgres(deployment: Deployment) -> dg.AssetsDefinition:
    """Build the asset of the publication to PostgreSQL."""

    @dg.asset(
        key=POSTGRES,
        deps=[VERSION],
        group_name="publish",
        owners=[deployment.owner],
        kinds={"duckdb", "postgres"},
        description="All tables of the current version in PostgreSQL, for readers that cannot open a DuckDB file.",
    )
    def in_postgres(
        context: dg.AssetExecutionContext, publication: dg.ResourceParam[Publication], run_lock: RunLock
    ) -> dg.MaterializeResult:
        current = publication.version()
        if current is None:
            raise dg.Failure(description="Nothing is published yet: run the night first.", allow_retries=False)
        with step("postgres", context.log.info) as progress:
            try:
                written = publish(
                    current, Target.of(deployment), deployment.memory_limit, progress.detail, publication.versions()
                )
            except PipelineError as error:
                raise dg.Failure(description=str(error), allow_retries=False) from error
            for note in written.notes:
                context.log.warning(note)
            progress.detail("; ".join([written.summary, *written.notes]))
        return dg.MaterializeResult(
            metadata={
                "dagster/row_count": written.row_count,
                "version": written.version,
                "seconds": round(written.seconds, 1),
                "how": written.how,
                **(
                    {"notes": dg.MetadataValue.md("\n".join(f"- {note}" for note in written.notes))}
                    if written.notes
                    else {}
                ),
            }
        )

    return in_postgres
