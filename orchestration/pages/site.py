"""Writes the static site of a version: a page per question, each a file that needs nothing else.

Add here what all pages share; keep out what a page says (``topics/``) and the order of pages (``reading_order.py``).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb

from orchestration.config.deployment import Deployment
from orchestration.pages.mail import write_mail
from orchestration.pages.reading_order import PAGES
from orchestration.pages.source import Source
from orchestration.pages.templating import environment, facts, stylesheet
from orchestration.pages.words import clean

# a page runs nothing and fetches nothing, whatever a delivered text may contain
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"


def write_site(
    connection: duckdb.DuckDBPyConnection, manifest: Mapping[str, Any], deployment: Deployment, folder: Path
) -> list[Path]:
    """Write every page that the version has figures for.

    Args:
        connection: the published file, open for reading only.
        manifest: the manifest of the version.
        folder: an existing folder.

    Returns:
        The files.

    Raises:
        PipelineError: the version lacks a table that a page reads.
    """
    source = source_of(connection, manifest, deployment)
    built = [(page, sections) for page in PAGES if (sections := page.built(source))]
    templates = environment()
    written = []
    for page, sections in built:
        text = templates.get_template("page.html.j2").render(
            page=page,
            pages=[each for each, _ in built],
            sections=sections,
            site=facts(source),
            policy=POLICY,
            stylesheet=stylesheet(),
        )
        path = folder / page.file
        path.write_text(text, encoding="utf-8")
        written.append(path)
    return [*written, *write_mail(source, folder)]


def source_of(connection: duckdb.DuckDBPyConnection, manifest: Mapping[str, Any], deployment: Deployment) -> Source:
    """Return what the pages of a version read."""
    return Source(
        connection,
        manifest,
        clean(deployment.name),
        deployment.currency,
        deployment.minimum_base,
        deployment.brief.figures,
    )
