"""Thresholds of whole groups of marts, which a deployment may set below a name of their own.

Add here what a group of marts needs several settings for; keep out what belongs to the company itself
(``deployment.py``).
"""

from __future__ import annotations

from pydantic import BaseModel, Field, model_validator


class LifetimeValue(BaseModel, extra="forbid", frozen=True):
    """How far lifetime value looks ahead, and which fits it believes (docs/metrics.md)."""

    horizon_days: int = Field(365, ge=7, description="What is forecast: the days from the as-of date on.")
    annual_discount_rate: float = Field(0.10, ge=0, lt=1, description="What a year's waiting takes off an amount.")
    minimum_customers_per_fit: int = Field(500, ge=2, description="A segment with fewer buyers is fitted with all.")
    holdout_days: int = Field(91, ge=7, description="The last days, which a fit on the days before must foresee.")
    holdout_error_limit: float = Field(0.30, gt=0, description="A fit whose total is further off is refused.")
    high_value_share: float = Field(0.20, gt=0, lt=1, description="Share of customers in the highest value tier.")
    medium_value_share: float = Field(0.30, gt=0, lt=1, description="Share of customers in the tier below it.")

    @model_validator(mode="after")
    def _leave_a_low_tier(self) -> LifetimeValue:
        if self.high_value_share + self.medium_value_share >= 1:
            raise ValueError("high_value_share and medium_value_share leave nobody for the low tier")
        return self
