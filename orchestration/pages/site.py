"""Writes the static site of a version: a page per question, each a file that needs nothing else.

Add here what all pages share; keep out what a page says (``topics/``) and the order of pages (``reading_order.py``).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from orchestration.config.deployment import Deployment
from orchestration.pages.reading_order import PAGES
from orchestration.pages.source import Source
from orchestration.pages.words import clean

TEMPLATES = Path(__file__).parent / "templates"
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
    return written


def source_of(connection: duckdb.DuckDBPyConnection, manifest: Mapping[str, Any], deployment: Deployment) -> Source:
    """Return what the pages of a version read."""
    return Source(
        connection,
        manifest,
        clean(deployment.name),
        deployment.currency,
        deployment.minimum_base,
        deployment.flagged_base,
    )


def environment() -> Environment:
    """Return the templates; every text is escaped unless it is markup."""
    made = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    made.filters["definition"] = lambda column: f"tables.html#{column}"
    return made


def facts(source: Source) -> dict[str, object]:
    """Return what every page says about the version."""
    return {
        "deployment": source.deployment,
        "version": source.manifest["version"],
        "as_of_date": source.as_of_date.isoformat(),
        "minimum_base": source.minimum_base,
    }


def stylesheet() -> Markup:
    """Return the stylesheet."""
    return Markup((TEMPLATES / "site.css").read_text(encoding="utf-8"))  # noqa: S704 - a file of the project
