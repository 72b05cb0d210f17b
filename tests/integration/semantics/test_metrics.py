"""Every metric of the semantic layer is the figure of its mart or fact."""

from __future__ import annotations

import math
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from orchestration.publication.publication import Publication
from orchestration.warehouse.semantic_query import Query, rows_of, statement_of
from orchestration.warehouse.semantics import Semantics
from tests.integration.conftest import Company
from tests.integration.semantics.customer_oracles import CUSTOMERS
from tests.integration.semantics.oracle import Oracle
from tests.integration.semantics.retention_oracles import RETENTION
from tests.integration.semantics.survey_oracles import SURVEYS

ORACLES = {**SURVEYS, **RETENTION, **CUSTOMERS}

pytestmark = pytest.mark.xdist_group("demo nights")


@pytest.fixture(scope="module")
def semantics(demo_night: Company) -> Semantics:
    """The semantic layer that the night published."""
    version = Publication(demo_night.home).version()
    assert version is not None
    return Semantics((version.folder / "semantic_manifest.json").read_text(encoding="utf-8"))


def asked(semantics: Semantics, company: Company, query: Query) -> list[tuple[Any, ...]]:
    """The answer of a query without the bases that it did not ask for."""
    statement = statement_of(semantics, query, company.deployment.minimum_base)
    wanted = [statement.columns.index(name) for name in (*query.by, *query.metrics)]
    return [tuple(row[place] for place in wanted) for row in rows_of(company.published, statement, query)]


@pytest.mark.parametrize("subject", ORACLES)
def test_a_metric_is_the_figure_of_its_mart(subject: str, semantics: Semantics, demo_night: Company) -> None:
    oracle: Oracle = ORACLES[subject]
    query = Query(tuple(oracle.figures), tuple(oracle.groups))
    size = len(oracle.groups)
    found = {row[:size]: row[size:] for row in asked(semantics, demo_night, query)}
    expected = {tuple(map(_plain, row[:size])): row[size:] for row in demo_night.query(oracle.sql)}
    empty = [row for row in set(expected) - set(found) if any(expected[row])]
    assert not empty, f"rows of {oracle.source} that the semantic layer lacks"
    assert expected
    differences = [
        (row, name, mine, theirs)
        for row, figures in expected.items()
        if row in found
        for name, mine, theirs in zip(oracle.figures, found[row], figures, strict=True)
        if not _equal(mine, theirs)
    ]
    assert not differences[:5]


def test_every_metric_is_compared_with_its_mart(semantics: Semantics) -> None:
    compared = {name for oracle in ORACLES.values() for name in oracle.figures}
    assert compared == set(semantics.metrics)


def test_a_score_of_a_coarser_group_is_made_of_sums(semantics: Semantics, demo_night: Company) -> None:
    found = asked(semantics, demo_night, Query(("nps",), ("survey_type", "journey_stage")))
    expected = demo_night.query(
        """
        select survey_type, journey_stage, case when sum(answer_count) >= 10 then
            100.0 * (sum(promoter_count) - sum(detractor_count)) / sum(answer_count) end
        from marts.mart_nps_by_segment_stage group by all having sum(answer_count) > 0 order by all
        """
    )
    assert len(found) > 3
    assert [row[:2] for row in found] == [row[:2] for row in expected]
    assert [row[2] for row in found] == pytest.approx([row[2] for row in expected])


def test_retention_without_a_period_is_that_of_the_newest_one_that_has_ended(
    semantics: Semantics, demo_night: Company
) -> None:
    [found] = asked(semantics, demo_night, Query(("logo_retention_rate", "net_revenue_retention_rate")))
    [expected] = demo_night.query(
        """
        select sum(retained_customer_count) / sum(base_customer_count),
            sum(retained_revenue_amount) / sum(base_revenue_amount)
        from marts.mart_retention_by_segment_stage
        where month_start_date = (
            select max(month_start_date) from marts.mart_retention_by_segment_stage
            where is_complete and is_base_complete
        )
        """
    )
    assert all(found)
    assert found == pytest.approx(tuple(map(float, expected)))  # type: ignore[arg-type]


def test_a_bridge_over_months_opens_with_the_first_and_closes_with_the_last(
    semantics: Semantics, demo_night: Company
) -> None:
    columns = ("opening", "new", "reactivated", "expansion", "transferred_in")
    losses = ("contraction", "churned", "open", "transferred_out")
    names = tuple(f"bridge_{name}_amount" for name in (*columns, *losses, "closing"))
    for *gains_and_losses, closing in asked(semantics, demo_night, Query(names, where=("month >= '2025-03-01'",))):
        gains, lost = gains_and_losses[: len(columns)], gains_and_losses[len(columns) :]
        assert sum(gains) - sum(lost) == closing
    [(opening,)] = demo_night.query(
        "select sum(opening_amount) from marts.mart_revenue_bridge where month_start_date = '2025-03-01'"
    )
    assert gains[0] == opening


def test_revenue_of_facts_is_that_of_the_customer_months(semantics: Semantics, demo_night: Company) -> None:
    known = Query(("order_value_amount", "refund_amount", "revenue_amount"), where=("current_segment <> 'nobody'",))
    [(value, refunds, revenue)] = asked(semantics, demo_night, known)
    [(strangers,)] = demo_night.query(
        """
        select coalesce(sum(amount), 0) from (
            select net_amount as amount, customer_id from star.fct_orders where is_counted
            union all select -refund_amount, customer_id from star.fct_refunds where is_counted
        ) where customer_id = md5('unknown')
        """
    )
    assert value - refunds - strangers == revenue


def _plain(value: Any) -> Any:
    return value.date() if isinstance(value, datetime) else value


def _equal(mine: Any, theirs: Any) -> bool:
    """Whether two figures are equal to the digits that a mart stores; a sum of nothing is 0 or null."""
    if mine is None or theirs is None:
        return not mine and not theirs
    digits = -int(theirs.as_tuple().exponent) if isinstance(theirs, Decimal) else 9
    return math.isclose(mine, theirs, rel_tol=1e-9, abs_tol=0.51 * 10**-digits)
