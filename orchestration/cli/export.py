"""The command ``cx360 export``: the current version as an Excel workbook.

Keep out what is on its sheets (``publication/workbook.py``).
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from orchestration.base.errors import PipelineError
from orchestration.base.paths import Home
from orchestration.config.deployment import Deployment
from orchestration.publication.publication import Publication
from orchestration.publication.workbook import write_workbook


def export_workbook(deployment: Deployment, file: Path) -> list[str]:
    """Write the workbook, and return what was done.

    Raises:
        PipelineError: nothing is published, or the file cannot be written.
    """
    version = Publication(Home.of(deployment.name), deployment.retention).version()
    if version is None:
        raise PipelineError(
            f"Nothing is published yet for deployment '{deployment.name}': cx360 run --deployment {deployment.argument}"
        )
    if file.suffix.lower() != ".xlsx":
        raise PipelineError(f"{file} does not end in .xlsx: Excel would not open it. Name the file so.")
    try:
        with duckdb.connect(version.database.resolve(), read_only=True) as connection:
            notes = write_workbook(connection, deployment, file, version.manifest)
    except OSError as error:
        raise PipelineError(
            f"{file} cannot be written ({error.strerror}). Name a file in a folder that exists."
        ) from error
    return [f"Written     {file} of version {version.name}", *(f"Note        {note}" for note in notes)]
