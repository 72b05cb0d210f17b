"""How far a delivery may stray before gate 1 refuses it: what a deployment, or one of its tables, sets for itself.

Add here a limit that a rule of ``expectations/rules.py`` names; keep out the rules. Shares are 0 to 1.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Limits(BaseModel):
    """The limits of gate 1; what is held against recent loads is held against their median, from the fifth load on."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rejected_rate: float = Field(0.05, ge=0, le=1, description="Share of rows that break a row rule.")
    duplicate_rate: float = Field(0.05, ge=0, le=1, description="Share of rows that the same unit holds once more.")
    repeated_rate: float = Field(0.05, ge=0, le=1, description="Share of rows that the load before delivered too.")
    volume_at_least: float = Field(0.2, ge=0, description="Rows by the recent loads'.")
    volume_at_most: float = Field(5.0, ge=1, description="Rows by the recent loads'.")
    null_rate_change: float = Field(0.3, ge=0, le=1, description="Change of a column's share of missing values.")
    amount_at_least: float = Field(0.33, ge=0, description="Mean and median of an amount by the recent loads'.")
    amount_at_most: float = Field(3.0, ge=1, description="Mean and median of an amount by the recent loads'.")
    score_change: float = Field(0.2, ge=0, le=1, description="Change of a mean score, as a share of its scale.")
    days_behind: float = Field(2.0, gt=0, description="Days from the newest changes to the end of the window.")
    days_ahead: float = Field(1.0, ge=0, description="Days from the end of the window to the newest changes.")

    @model_validator(mode="after")
    def _leave_room(self) -> Limits:
        for name in ("volume", "amount"):
            if getattr(self, f"{name}_at_least") > 1:
                raise ValueError(f"{name}_at_least must not be above 1: the usual must be let through")
        return self
