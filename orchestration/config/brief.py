"""The settings of the nightly brief: ``brief.yml`` beside ``deployment.yml``.

A new figure is a name here and a figure in ``pages/figures.py``.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from orchestration.config.settings import Strict

FigureName = Literal[
    "nps_relational",
    "nps_transactional",
    "csat_relational",
    "csat_transactional",
    "ces_relational",
    "ces_transactional",
    "logo_retention_rate",
    "net_revenue_retention_rate",
    "gross_revenue_retention_rate",
    "revenue_amount",
    "historic_value_amount",
    "residual_value_amount",
    "stake_amount",
    "at_risk_count",
    "likely_lost_count",
    "response_rate",
]


class Brief(Strict):
    """What the nightly brief shows, and who gets it by mail."""

    figures: tuple[FigureName, ...] = Field(
        (
            "nps_relational",
            "nps_transactional",
            "csat_transactional",
            "ces_transactional",
            "logo_retention_rate",
            "net_revenue_retention_rate",
            "residual_value_amount",
            "stake_amount",
            "at_risk_count",
            "likely_lost_count",
        ),
        min_length=1,
        description="The figures of the brief, in this order; those without data are left out.",
    )
    recipients: tuple[str, ...] = Field(
        (), description="Who gets the brief by mail, through the server of alerts.email; empty: it is not mailed."
    )

    @field_validator("figures")
    @classmethod
    def _has_no_duplicates(cls, value: tuple[FigureName, ...]) -> tuple[FigureName, ...]:
        if len(set(value)) < len(value):
            raise ValueError("a figure is listed twice")
        return value

    @field_validator("recipients")
    @classmethod
    def _are_addresses(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for address in value:
            if "@" not in address or any(character.isspace() or character in ",;<>" for character in address):
                raise ValueError(f"'{address}' is not one e-mail address")
        return value
