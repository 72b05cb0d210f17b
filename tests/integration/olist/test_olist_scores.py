"""Published scores of an Olist folder: its stars are satisfaction, by month and state, and no NPS."""

from __future__ import annotations

import pytest

from tests.integration.conftest import Company
from tests.integration.olist import oracle


def test_scores_equal_the_share_of_four_and_five_stars(olist_night: Company) -> None:
    expected = oracle.csat_by_month_and_state(olist_night.extracts)
    published = olist_night.query(
        """
        select
            strftime(month_start_date, '%Y-%m'), segment, answer_count, satisfied_count,
            cast(csat_rate as double), survey_type, touchpoint
        from marts.mart_csat_scores
        """
    )
    assert {row[5:] for row in published} == {("transactional", "order_review")}
    assert {row[:2]: row[2:4] for row in published} == expected
    for month, state, _, _, score, *_ in published:
        count, satisfied = expected[str(month), str(state)]
        assert score == (pytest.approx(satisfied / count, abs=5.1e-7) if count >= 10 else None)


def test_totals_equal_the_csv_files(olist_night: Company) -> None:
    published = olist_night.query(
        """
        select strftime(month_start_date, '%Y-%m'), answer_count, satisfied_count, customer_count
        from marts.mart_csat_scores_total
        """
    )
    assert {row[0]: row[1:] for row in published} == oracle.csat_by_month(olist_night.extracts)


def test_stages_with_contacts_and_without_responses_are_blind_spots(olist_night: Company) -> None:
    published = olist_night.query(
        """
        select
            strftime(month_start_date, '%Y-%m'), journey_stage, sum(contact_count), sum(response_count),
            bool_and(is_blind_spot = (contact_count > 0 and response_count = 0))
        from marts.mart_survey_blind_spots group by 1, 2
        """
    )
    assert {row[:2]: row[2:4] for row in published} == oracle.contacts_and_reviews_by_month_and_stage(
        olist_night.extracts
    )
    assert {row[1] for row in published if row[3] == 0} >= {"purchase", "onboarding"}
    assert all(row[4] for row in published)


@pytest.mark.parametrize(
    "mart",
    [
        "mart_nps_by_segment_lifecycle",
        "mart_nps_by_segment_stage_quarterly",
        "mart_nps_change",
        "mart_nps_change_by_stage",
        "mart_nps_scores",
        "mart_ces_scores",
        "mart_expectation_scores_total",
        "mart_nps_strata",
        "mart_nps_weighted",
    ],
)
def test_without_an_nps_question_the_nps_marts_are_empty(olist_night: Company, mart: str) -> None:
    assert olist_night.query(f"select count(*) from marts.{mart}") == [(0,)]


def test_reviews_are_uninvited_responses(olist_night: Company) -> None:
    health = (
        "select sum(invited_count), sum(uninvited_response_count), count(response_rate) from marts.mart_survey_health"
    )
    reviews = sum(count for count, _ in oracle.csat_by_month_and_state(olist_night.extracts).values())
    assert olist_night.query(health) == [(0, reviews, 0)]
