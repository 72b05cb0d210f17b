"""What a deployment's file may hold, part by part: a class for each part, with its defaults and its limits.

Add here a setting; keep out the source systems (``system_settings.py``), how the file is read (``deployment.py``) and
rules (they stand in SQL). Unknown keys are refused with a suggestion, so that a typing error never silently means a
default.
"""

from __future__ import annotations

import os
from typing import Annotated, Literal
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator

from orchestration.base.errors import PipelineError

Role = Literal["surveys", "crm", "transactions", "interactions"]


def _is_a_timezone(value: str) -> str:
    if value not in available_timezones():
        raise ValueError(f"'{value}' is no IANA time zone (like Europe/Berlin)")
    return value


Timezone = Annotated[str, AfterValidator(_is_a_timezone)]


class Strict(BaseModel):
    """Settings that refuse what they do not know."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Limits(Strict):
    """The limits of gate 1; what is held against recent loads is held against their median, from the fifth load on."""

    rejected_rate: float = Field(0.05, ge=0, le=1, description="Share of rows that break a row rule.")
    duplicate_rate: float = Field(0.05, ge=0, le=1, description="Share of rows that the same unit holds once more.")
    repeated_rate: float = Field(0.05, ge=0, le=1, description="Share of rows that the load before delivered too.")
    volume_at_least: float = Field(0.2, ge=0, description="Rows by the recent loads'.")
    volume_at_most: float = Field(5.0, ge=1, description="Rows by the recent loads'.")
    null_rate_change: float = Field(0.3, ge=0, le=1, description="Change of a column's share of missing values.")
    amount_at_least: float = Field(0.33, ge=0, description="Mean and median of an amount by the recent loads'.")
    amount_at_most: float = Field(3.0, ge=1, description="Mean and median of an amount by the recent loads'.")
    score_change: float = Field(0.2, ge=0, le=1, description="Change of a mean score, as a share of its scale.")
    snapshot_loss: float = Field(0.1, ge=0, le=1, description="Share of the last snapshot's keys that a new one lacks.")
    days_behind: float = Field(2.0, gt=0, description="Days from the newest changes to the end of the window.")
    days_ahead: float = Field(1.0, ge=0, description="Days from the end of the window to the newest changes.")

    @model_validator(mode="after")
    def _leave_room(self) -> Limits:
        for name in ("volume", "amount"):
            if getattr(self, f"{name}_at_least") > 1:
                raise ValueError(f"{name}_at_least must not be above 1: the usual must be let through")
        return self


class Movement(Strict):
    """How far figures may move from the published version to the next one (gate 2)."""

    nps_change: float = Field(25, gt=0, description="Points of an overall NPS of the running quarter, up or down.")
    invalid_rate_change: float = Field(0.05, gt=0, le=1, description="Change of its share of answers without a score.")
    revenue_change: float = Field(0.10, gt=0, description="Change of the revenue of ended months, as a share of it.")
    customer_loss: float = Field(0.05, gt=0, le=1, description="Share of the customers who are no more.")
    residual_value_change: float = Field(0.30, gt=0, description="Change of the value to come, as a share of it.")


class Presence(Strict):
    """What becomes of post-purchase journey stages and channels without traffic or feedback in a year (gate 2)."""

    severity: Literal["red", "warn", "off"] = "warn"
    known_gaps: tuple[str, ...] = Field((), description="Journey stages and channels of which it is known, and why.")

    @field_validator("severity", mode="before")
    @classmethod
    def _takes_off_for_a_word(cls, value: object) -> object:
        return "off" if value is False else value  # as YAML reads it


class Identity(Strict):
    """How records of different systems are linked to one customer."""

    max_people_per_value: int = Field(10, ge=2, description="An e-mail or phone that more people share links nobody.")
    country_calling_code: str = Field(pattern="^[1-9][0-9]{0,2}$", description="Read into phone numbers without one.")


class Lifecycle(Strict):
    """Days since an order that divide the lifecycle stages (docs/metrics.md)."""

    new_days: int = Field(90, ge=1)
    active_days: int = Field(180, ge=1)
    lapsed_days: int = Field(365, ge=1)

    @model_validator(mode="after")
    def _are_ordered(self) -> Lifecycle:
        if not self.new_days <= self.active_days <= self.lapsed_days:
            raise ValueError("new_days, active_days and lapsed_days must not fall")
        return self


class RetentionPeriods(Strict):
    """How many months are held against how many before them when customers are said to be retained."""

    orders: int = Field(12, ge=1, le=60)
    subscriptions: int = Field(1, ge=1, le=60)


class LifetimeValue(Strict):
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


class Surveys(Strict):
    """How answers become scores (docs/metrics.md)."""

    one_answer_per_customer: bool = Field(
        False, description="Of several answers in a window only the customer's latest counts."
    )
    strata: tuple[Literal["segment", "lifecycle_stage"], ...] = Field(
        ("segment",), min_length=1, description="What the weighted score sets right: these shares of active customers."
    )
    repeat_ask_days: int = Field(30, ge=1, description="Who was asked so many days ago or less is asked again.")

    @field_validator("strata")
    @classmethod
    def _names_nothing_twice(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(value)) < len(value):
            raise ValueError("each may stand in it once")
        return value


class Retention(Strict):
    """How many versions stay published."""

    daily_versions: int = Field(7, ge=1)
    weekly_versions: int = Field(4, ge=0)


class Secret(Strict):
    """A secret, named by the environment variable that holds it: no file of the project ever does."""

    env: str = Field(pattern="^[A-Z_][A-Z0-9_]*$")

    @model_validator(mode="before")
    @classmethod
    def _stands_in_the_environment(cls, value: object) -> object:
        if not isinstance(value, dict | Secret):
            raise ValueError(  # noqa: TRY004 - pydantic tells value errors only
                "a secret never stands in the file: name the variable that holds it, as {env: NAME}"
            )
        return value

    def value(self) -> str:
        """The secret itself; read when it is needed, never kept.

        Raises:
            PipelineError: the variable is not set.
        """
        value = os.environ.get(self.env)
        if not value:
            raise PipelineError(f"The environment variable {self.env} is not set. The deployment's file asks for it.")
        return value


class Email(Strict):
    """The mail server that alerts go through, and whom they reach."""

    host: str
    port: int = Field(587, ge=1, le=65535)
    security: Literal["starttls", "tls", "none"] = "starttls"
    sender: str
    recipients: tuple[str, ...] = Field(min_length=1)
    username: Secret | None = None
    password: Secret | None = None

    @model_validator(mode="after")
    def _logs_in_with_both(self) -> Email:
        if (self.username is None) != (self.password is None):
            raise ValueError("username and password go together")
        if self.password and self.security == "none":
            raise ValueError("a password is never sent without encryption: set security to starttls or tls")
        return self


class Webhook(Strict):
    """Where alerts are posted as JSON."""

    url: Secret


class AlertSettings(Strict):
    """What is worth an alert, and whom it reaches; nobody where neither e-mail nor webhook is set."""

    quarantine_rate_limit: float = Field(0.01, ge=0, le=1, description="Share of a run's rows of one table.")
    email: Email | None = None
    webhook: Webhook | None = None
