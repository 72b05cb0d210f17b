"""The surveys of the demo company: touchpoints, questions and scales."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Question:
    """One question: metric, scale, and the linear model of its answer in satisfaction points."""

    question: str
    metric: str
    scale_min: int
    scale_max: int
    slope: float
    intercept: float
    noise: float


DIMENSIONS = {"tangibles": 0.3, "reliability": -0.5, "responsiveness": -0.3, "assurance": 0.2, "empathy": 0.0}
"""Dimensions of service quality, and the company's deviation from its mean on each, in points."""

QUESTIONS = (
    Question("recommend", "nps", 0, 10, 1.0, 0.0, 0.0),
    Question("satisfied", "csat", 1, 5, 0.5, 0.1, 0.3),
    Question("made_it_easy", "ces", 1, 7, 0.7, -0.2, 0.6),
    Question("compared_with_expected", "vs_expectation", 1, 5, 0.5, -0.7, 0.5),
    *(Question(f"expected_{name}", "expectation", 1, 7, 0.1, 5.3, 0.7) for name in DIMENSIONS),
    *(
        Question(f"experienced_{name}", "perception", 1, 7, 0.6, 0.4 + better, 0.7)
        for name, better in DIMENSIONS.items()
    ),
    *(
        Question(f"importance_{name}", "importance", 1, 7, 0.0, 4.5 - better, 0.9)
        for name, better in DIMENSIONS.items()
    ),
)


@dataclass(frozen=True)
class Survey:
    """One survey: touchpoint, effect on satisfaction, and the share of occasions that lead to an invitation."""

    survey_id: str
    survey_name: str
    survey_type: str
    touchpoint: str | None
    metrics: tuple[str, ...]
    effect: float
    invited_share: float


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
    Survey(
        "quality", "Service quality, three months after the first order", "transactional", "account_page",
        ("expectation", "perception", "importance"), 0.0, 0.15,
    ),
)  # fmt: skip
