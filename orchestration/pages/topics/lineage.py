"""The page of lineage: where every published column comes from, and what is made of it."""

from __future__ import annotations

from orchestration.pages.lineage import lineage_page
from orchestration.pages.page import Page
from orchestration.pages.parts import Prose, Section
from orchestration.pages.source import Source


def columns(source: Source) -> Section | None:
    """Return the columns of all tables; None for a version without lineage, of an earlier cx360."""
    if not source.lineage:
        return None
    lead = (
        "Read from the SQL of the night that published this version. Columns of Python steps and of staging begin here."
    )
    return Section("Columns", [Prose(lineage_page(source.lineage, [*source.manifest["tables"]]))], lead)


PAGE = Page("lineage", "Lineage", "Where does a column come from, and what is made of it?", (columns,))
