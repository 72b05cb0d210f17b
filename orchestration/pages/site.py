"""Writes the static site of a version: a page per question, each a file that needs nothing else.

Add here what all pages share; keep out what a page says (``topics/``) and the order of pages (``reading_order.py``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb

from orchestration.config.deployment import Deployment
from orchestration.pages.explore import EXPLORES, write_library
from orchestration.pages.lineage import Lineage
from orchestration.pages.mail import write_mail
from orchestration.pages.reading_order import PAGES
from orchestration.pages.source import Source
from orchestration.pages.templating import environment, facts, stylesheet
from orchestration.pages.words import clean

# a page runs nothing and fetches nothing, whatever a delivered text may contain
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
# the scripts of an explore page are files beside it
EXPLORE_POLICY = POLICY.replace("default-src 'none';", "default-src 'none'; script-src 'self' file:;")


def write_site(
    connection: duckdb.DuckDBPyConnection,
    manifest: Mapping[str, Any],
    deployment: Deployment,
    folder: Path,
    lineage: Lineage | None = None,
) -> list[Path]:
    """Write every page that the version has figures for.

    Args:
        connection: the published file, open for reading only.
        manifest: the manifest of the version.
        folder: an existing folder.
        lineage: the parent columns of each column of the version; without it, its page is not written.

    Returns:
        The files.

    Raises:
        PipelineError: the version lacks a table that a page reads.
    """
    source = replace(source_of(connection, manifest, deployment), lineage=lineage or {})
    built = [(page, sections) for page in PAGES if (sections := page.built(source))]
    explores = [(page, given) for page in EXPLORES if (given := page.given(source))]
    templates = environment()
    common = {"pages": [page for page, _ in built], "site": facts(source), "stylesheet": stylesheet()}
    links = {page.page: page.file for page, _ in explores}
    written = []
    for page, sections in built:
        text = templates.get_template("page.html.j2").render(
            common, page=page, sections=sections, explore=links.get(page.name), policy=POLICY
        )
        written.append(_write(folder / page.file, text))
    for filtered, given in explores:
        text = templates.get_template("explore.html.j2").render(
            common, page=filtered, given=given, explore=None, policy=EXPLORE_POLICY
        )
        written.append(_write(folder / filtered.file, text))
    if explores:
        written += write_library(folder)
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


def _write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path
