"""The setting ``retention_periods``: which period retention compares with which base.

Keep out the comparison itself (``dbt_project/models/marts/retention``).
"""

from __future__ import annotations

from typing import Any

from pydantic import Field, model_validator

from orchestration.config.settings import Strict


class RetentionPeriod(Strict):
    """A period and its base: how many months both have, and how many months lie between their ends."""

    length_months: int = Field(ge=1, le=60, description="Months of the period, and of its base.")
    distance_months: int | None = Field(
        None, ge=1, le=60, description="Months from the end of the base to the end of the period; default: its length."
    )

    @model_validator(mode="before")
    @classmethod
    def _names_its_length(cls, value: Any) -> Any:
        if isinstance(value, int):
            raise ValueError(  # noqa: TRY004 - pydantic reports value errors only
                f"write `length_months: {value}`; `distance_months` is its length unless it is set"
            )
        return value

    @model_validator(mode="after")
    def _does_not_overlap_its_base(self) -> RetentionPeriod:
        if self.distance < self.length_months:
            raise ValueError(
                f"a period of {self.length_months} months overlaps a base that ends {self.distance} months before its"
                f" end: set distance_months to {self.length_months} or more"
            )
        return self

    @property
    def distance(self) -> int:
        """Months from the end of the base to the end of the period."""
        return self.distance_months or self.length_months


class RetentionPeriods(Strict):
    """Which periods retention compares with which base, by type of revenue (docs/metrics.md)."""

    orders: RetentionPeriod = RetentionPeriod(length_months=12)
    subscriptions: RetentionPeriod = RetentionPeriod(length_months=1)

    def by_revenue_type(self) -> dict[str, dict[str, int]]:
        """Return length and distance of each type of revenue."""
        return {
            revenue_type: {"length_months": period.length_months, "distance_months": period.distance}
            for revenue_type, period in (("orders", self.orders), ("subscriptions", self.subscriptions))
        }
