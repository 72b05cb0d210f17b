"""What the demo company asks, and after what: its surveys, their questions and scales."""

from __future__ import annotations

from dataclasses import dataclass

SCALES = {"nps": (0, 10), "csat": (1, 5), "ces": (1, 7), "vs_expectation": (1, 5)}
QUESTIONS = {
    "nps": "recommend",
    "csat": "satisfied",
    "ces": "made_it_easy",
    "vs_expectation": "compared_with_expected",
}


@dataclass(frozen=True)
class Survey:
    """One survey: the touchpoint it asks about, how often it follows, and how content people are there."""

    survey_id: str
    survey_name: str
    survey_type: str
    touchpoint: str | None
    metrics: tuple[str, ...]
    effect: float
    asked_share: float


SURVEYS = (
    Survey("relationship", "Quarterly relationship survey", "relational", None, ("nps", "csat"), 0.0, 0.22),
    Survey("advice", "After product advice", "transactional", "product_chat", ("nps", "csat"), -0.1, 0.80),
    Survey("store", "After a store visit", "transactional", "store_visit", ("nps", "csat"), 0.3, 0.50),
    Survey("checkout", "After the checkout", "transactional", "web_checkout", ("nps", "ces"), 0.5, 0.20),
    Survey("delivery", "After the delivery", "transactional", "delivery", ("nps", "csat"), 0.0, 0.30),
    Survey(
        "onboarding", "Two weeks after the first order", "transactional", "setup_guide",
        ("nps", "ces", "vs_expectation"), -0.2, 0.50,
    ),
    Survey("product", "Two months of use", "transactional", "app_use", ("nps", "csat"), 0.3, 0.15),
    Survey("support", "After a solved case", "transactional", "support_call", ("nps", "csat", "ces"), -0.9, 0.80),
    Survey("reorder", "After a repeat order", "transactional", "reorder_reminder", ("nps", "ces"), 0.1, 0.15),
    Survey("advocacy", "After a review or a referral", "transactional", "review", ("nps",), 0.9, 0.80),
)  # fmt: skip
