"""The templates, the stylesheet, and what every page says about its version.

Keep out what a page shows (``topics/``) and which files are written (``site.py``).
"""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from orchestration.pages.source import Source

TEMPLATES = Path(__file__).parent / "templates"


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
