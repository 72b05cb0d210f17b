"""The pages of the site in reading order, which is that of the navigation.

Add a page here: a module of ``topics/`` with ``PAGE``. A page whose sections have nothing to show is not written.
"""

from orchestration.pages.page import Page
from orchestration.pages.topics import (
    brief,
    customers,
    journeys,
    lineage,
    overview,
    quality,
    retention,
    scores,
    surveys,
    tables,
    value,
)
from orchestration.pages.topics import definitions as meanings

PAGES: tuple[Page, ...] = (
    overview.PAGE,
    brief.PAGE,
    scores.PAGE,
    retention.PAGE,
    value.PAGE,
    journeys.PAGE,
    customers.PAGE,
    surveys.PAGE,
    quality.PAGE,
    meanings.PAGE,
    tables.PAGE,
    lineage.PAGE,
)
