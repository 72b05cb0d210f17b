"""The settings of journeys; keep out how contacts become journeys (``dbt_project/models/star/steps``)."""

from __future__ import annotations

from pydantic import Field

from orchestration.config.settings import Strict


class Journeys(Strict):
    """Which contacts belong to one journey, and which are repeats of one issue (docs/metrics.md)."""

    journey_days: int = Field(
        60, ge=1, description="A contact belongs to the customer's next order if it follows within so many days."
    )
    first_contact_days: int = Field(
        7, ge=1, le=30, description="A contact about the same reason within so many days repeats an issue."
    )
