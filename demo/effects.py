"""The effects in the demo company and their sizes: the truth behind the extracts.

Add here the size or the time of an effect. Keep out the parameters without effects (world) and the drawing of rows
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Effects:
    """Every effect with its size. Points are points of satisfaction, roughly the scale of an NPS answer."""

    name: str
    # On satisfaction, in points; the factor multiplies the touchpoint effects of ``surveys``.
    touchpoint_factor: float = 1.0
    late_delivery: float = -1.6
    reopened_case: float = -2.0
    initiative: float = 0.6
    closed_loop: float = 1.2
    # Of satisfaction, per point: on the log value of later orders, on the log odds of dropping out after an order, on
    # the log odds of being the referrer of a new customer.
    spend_per_point: float = 0.06
    dropout_per_point: float = -0.25
    referral_per_point: float = 0.45
    # On the log odds of an answer: of satisfaction per point, of each invitation in the 90 days before.
    answer_per_point: float = 0.12
    answer_per_recent_invitation: float = -0.08
    # Context: time in days before the end of the history, and size.
    price_rise_days: int = 150
    price_rise: float = 0.06
    crisis_days: tuple[int, int] = (330, 290)
    crisis_late_share: float = 0.38
    late_share: float = 0.08
    # Amplitude of the yearly season as a share of mean orders per day; the peak is in early December.
    season: float = 0.25
    initiative_days: int = 180
    initiative_share: float = 0.5
    initiative_spend: float = 0.10
    canceled_share: float = 0.03
    # Shares of duplicate, shared and misspelt records.
    guest_record_share: float = 0.15
    second_crm_record_share: float = 0.015
    shared_email_share: float = 0.01
    misspelt_share: float = 0.06
    nickname_share: float = 0.04
    late_links_per_customer: float = 0.003
    one_purchase_a_day: bool = False
    """A second order on a day moves to the next day, so that purchase days follow BG/NBD."""


FULL = Effects("full")
PLAIN = Effects(
    "plain",
    touchpoint_factor=0.0,
    late_delivery=0.0,
    reopened_case=0.0,
    initiative=0.0,
    closed_loop=0.0,
    spend_per_point=0.0,
    dropout_per_point=0.0,
    referral_per_point=0.0,
    answer_per_point=0.0,
    answer_per_recent_invitation=0.0,
    price_rise=0.0,
    crisis_late_share=0.08,
    season=0.0,
    initiative_share=0.0,
    initiative_spend=0.0,
    canceled_share=0.0,
    guest_record_share=0.0,
    second_crm_record_share=0.0,
    shared_email_share=0.0,
    misspelt_share=0.0,
    nickname_share=0.0,
    late_links_per_customer=0.0,
    one_purchase_a_day=True,
)
"""No effects: the textbook models hold exactly."""

WORLDS = {effects.name: effects for effects in (FULL, PLAIN)}
