"""The settings of a deployment's file: one class per section, with defaults and limits.

Keep out source systems (``systems.py``), reading the file (``deployment.py``) and business rules (SQL). Unknown keys
are refused with a suggestion, so that a typing error never falls back to a default silently.
"""

from __future__ import annotations

import os
import re
import unicodedata
from datetime import date
from typing import Annotated, Literal
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator

from orchestration.base.errors import PipelineError

Role = Literal["surveys", "crm", "transactions", "interactions"]


def _is_a_timezone(value: str) -> str:
    if value not in available_timezones():
        raise ValueError(f"'{value}' is not an IANA time zone (such as Europe/Berlin)")
    return value


Timezone = Annotated[str, AfterValidator(_is_a_timezone)]


class Strict(BaseModel):
    """Settings that refuse unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Limits(Strict):
    """The limits of gate 1, and of references that no record answers (gate 2).

    Gate 1 compares figures with the median of recent loads, from the fifth load on.
    """

    rejected_rate: float = Field(0.05, ge=0, le=1, description="Share of rows that break a row rule.")
    duplicate_rate: float = Field(0.05, ge=0, le=1, description="Share of rows that appear more than once in the unit.")
    repeated_rate: float = Field(0.05, ge=0, le=1, description="Share of rows that the previous load also had.")
    volume_at_least: float = Field(0.2, ge=0, description="Rows, as a multiple of recent loads.")
    volume_at_most: float = Field(5.0, ge=1, description="Rows, as a multiple of recent loads.")
    null_rate_change: float = Field(0.3, ge=0, le=1, description="Change of a column's share of missing values.")
    amount_at_least: float = Field(
        0.33, ge=0, description="Mean and median of an amount, as a multiple of recent loads."
    )
    amount_at_most: float = Field(3.0, ge=1, description="Mean and median of an amount, as a multiple of recent loads.")
    score_change: float = Field(0.2, ge=0, le=1, description="Change of a mean score, as a share of its scale.")
    snapshot_loss: float = Field(0.1, ge=0, le=1, description="Share of the last snapshot's keys that are missing.")
    unresolved_rate: float = Field(
        0.05, ge=0, le=1, description="Warn above this share of references, or of their amount, to unknown records."
    )
    unresolved_rise: float = Field(
        0.3, ge=0, le=1, description="Stop if that share is so much above the usual one of recent loads."
    )
    unresolved_at_most: float = Field(1.0, ge=0, le=1, description="Stop if that share is above this one.")
    key_conflict_rate: float = Field(
        0.001, ge=0, le=1, description="Share of rows, or of an amount, that another row of the same key replaces."
    )
    unknown_code_rate: float = Field(
        0.05, ge=0, le=1, description="Share of records whose code or currency the deployment does not know."
    )
    earliest_date: date = Field(
        date(1971, 1, 1), ge=date(1900, 1, 2), description="A row with a time before it is rejected."
    )
    latest_date: date = Field(
        date(2199, 12, 31), le=date(2199, 12, 31), description="A row with a time after it is rejected."
    )
    largest_amount: float = Field(
        1e8, gt=0, le=1e12, description="A row with an amount beyond it, of either sign, is rejected."
    )
    days_behind: float = Field(2.0, gt=0, description="Days from the newest changes to the end of the window.")
    days_ahead: float = Field(1.0, ge=0, description="Days from the end of the window to the newest changes.")

    @model_validator(mode="after")
    def _leave_room(self) -> Limits:
        for name in ("volume", "amount"):
            if getattr(self, f"{name}_at_least") > 1:
                raise ValueError(f"{name}_at_least must not be above 1: a usual load must pass")
        return self


class Movement(Strict):
    """How far figures may change from the published version to the next one (gate 2)."""

    nps_change: float = Field(25, gt=0, description="Points that an overall NPS of the current quarter may change.")
    invalid_rate_change: float = Field(0.05, gt=0, le=1, description="Change of the share of answers without a score.")
    revenue_change: float = Field(0.10, gt=0, description="Relative change of the revenue of ended months.")
    customer_loss: float = Field(0.05, gt=0, le=1, description="Share of customers that are missing.")
    residual_value_change: float = Field(0.30, gt=0, description="Relative change of the residual value.")


class Presence(Strict):
    """The verdict on post-purchase journey stages and channels without traffic or feedback in a year (gate 2)."""

    severity: Literal["red", "warn", "off"] = "warn"
    known_gaps: tuple[str, ...] = Field((), description="Journey stages and channels whose gap is accepted.")

    @field_validator("severity", mode="before")
    @classmethod
    def _reads_off_as_text(cls, value: object) -> object:
        return "off" if value is False else value  # YAML reads off as false


class Identity(Strict):
    """How records of different systems are linked to one customer."""

    max_people_per_value: int = Field(
        10, ge=2, description="An e-mail or phone that more people share is not used to link records."
    )
    many_records_per_value: int = Field(
        10, ge=2, description="Warn of an address, phone number or shared id that more records of one system hold."
    )
    country_calling_code: str = Field(
        pattern="^[1-9][0-9]{0,2}$", description="Country of phone numbers without a calling code."
    )
    placeholders: tuple[str, ...] = Field(
        (),
        description="Addresses, mailboxes (`till@`), domains (`@tills.acme.example`), phone numbers and shared ids"
        " (`crm:9999`) that do not identify a customer, beside those of all deployments"
        " (dbt_project/macros/contacts.sql).",
    )

    @field_validator("country_calling_code")
    @classmethod
    def _belongs_to_a_country(cls, value: str) -> str:
        from phonenumbers import COUNTRY_CODE_TO_REGION_CODE

        if COUNTRY_CODE_TO_REGION_CODE.get(int(value), ("001",))[0] == "001":
            raise ValueError(f"no country has the calling code {value}")
        return value

    @field_validator("placeholders")
    @classmethod
    def _are_written_as_they_are_compared(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if blank := [text for text in value if not text.strip(" @")]:
            raise ValueError(f"{blank[0]!r} is blank: it would match nothing or everything; delete it")
        return tuple(unicodedata.normalize("NFC", text.strip()).lower() for text in value)


class Lifecycle(Strict):
    """Days since the last order that separate the lifecycle stages (docs/metrics.md)."""

    new_days: int = Field(90, ge=1)
    active_days: int = Field(180, ge=1)
    lapsed_days: int = Field(365, ge=1)

    @model_validator(mode="after")
    def _are_ordered(self) -> Lifecycle:
        if not self.new_days <= self.active_days <= self.lapsed_days:
            raise ValueError("new_days, active_days and lapsed_days must be in ascending order")
        return self


class LifetimeValue(Strict):
    """The horizon of lifetime value, and which fits are accepted (docs/metrics.md)."""

    horizon_days: int = Field(365, ge=7, description="Forecast days from the as-of date on.")
    annual_discount_rate: float = Field(0.10, ge=0, lt=1, description="Discount per year.")
    minimum_customers_per_fit: int = Field(
        500, ge=2, description="Smaller segments are judged, and smaller plans fitted, with all customers."
    )
    holdout_days: int = Field(
        91,
        ge=7,
        description="The last days, which a fit on the days before must predict; a year for purchases, with two years.",
    )
    holdout_error_limit: float = Field(
        0.30, gt=0, description="A fit with a larger relative error of the total is refused."
    )
    high_value_share: float = Field(0.20, gt=0, lt=1, description="Share of customers in the highest value tier.")
    medium_value_share: float = Field(0.30, gt=0, lt=1, description="Share of customers in the tier below it.")

    @model_validator(mode="after")
    def _leave_a_low_tier(self) -> LifetimeValue:
        if self.high_value_share + self.medium_value_share >= 1:
            raise ValueError("high_value_share and medium_value_share leave no customers for the low tier")
        return self


class Surveys(Strict):
    """How answers become scores (docs/metrics.md)."""

    one_answer_per_customer: bool = Field(
        False, description="Count only the latest of a customer's answers in a window."
    )
    strata: tuple[Literal["segment", "lifecycle_stage"], ...] = Field(
        ("segment",),
        min_length=1,
        description="The weighted score corrects the shares of these groups of active customers.",
    )
    repeat_ask_days: int = Field(30, ge=1, description="An invitation within so many days of another is a repeat.")

    @field_validator("strata")
    @classmethod
    def _has_no_duplicates(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(value)) < len(value):
            raise ValueError("a value is listed twice")
        return value


class Retention(Strict):
    """How many versions stay published."""

    daily_versions: int = Field(7, ge=1)
    weekly_versions: int = Field(4, ge=0)


class Secret(Strict):
    """A secret, named by its environment variable; files never contain the value."""

    env: str = Field(pattern="^[A-Z_][A-Z0-9_]*$")

    @model_validator(mode="before")
    @classmethod
    def _names_its_variable(cls, value: object) -> object:
        if not isinstance(value, dict | Secret):
            raise ValueError(  # noqa: TRY004 - pydantic reports value errors only
                "secrets are not allowed in files: name the environment variable, as {env: NAME}"
            )
        return value

    def value(self) -> str:
        """Return the secret; it is read when it is needed and never stored.

        Raises:
            PipelineError: the variable is not set.
        """
        value = os.environ.get(self.env)
        if not value:
            raise PipelineError(
                f"The environment variable {self.env} is not set, and the deployment's file names it."
                " Set it to the secret, and run again."
            )
        return value


class Email(Strict):
    """The mail server for alerts, and their recipients."""

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
            raise ValueError("set both username and password, or neither")
        if self.password and self.security == "none":
            raise ValueError("a password requires encryption: set security to starttls or tls")
        return self


class Webhook(Strict):
    """The address that alerts are posted to as JSON."""

    url: Secret
    plain_http: bool = Field(False, description="Allow an unencrypted address on another machine.")


class AlertSettings(Strict):
    """The channels of alerts; without e-mail and webhook no alerts are sent."""

    quarantine_rate_limit: float = Field(
        0.01, ge=0, le=1, description="Alert above this share of a table's rows in a run."
    )
    email: Email | None = None
    webhook: Webhook | None = None


class Ui(Strict):
    """Who may use the UI, beside this machine itself."""

    allowed_hosts: tuple[str, ...] = Field(
        (), description="Names under which a reverse proxy or --host serves the UI, without a port."
    )

    @field_validator("allowed_hosts")
    @classmethod
    def _are_names(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for host in value:
            if not re.fullmatch(r"[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\]", host):
                raise ValueError(f"'{host}' is not the name or address of a host, without scheme and port")
        return tuple(host.lower() for host in value)
