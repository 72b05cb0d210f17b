"""Filters of a query: one condition on dimensions is read, everything else is refused with what to do."""

from __future__ import annotations

import pytest

from orchestration.base.errors import PipelineError
from orchestration.warehouse.semantic_filter import read_filter
from orchestration.warehouse.semantics import GroupBy


def _rendered(text: str) -> str:
    return read_filter(text).rendered(lambda name: GroupBy(("customer",), name))


def test_every_name_of_a_condition_becomes_the_dimension_that_it_means() -> None:
    read = read_filter("segment in ('a', 'b') and (month >= date '2026-01-01' or not is_complete)")
    assert read.names == ("segment", "month", "is_complete")


def test_a_value_with_quotes_and_names_in_it_stays_a_value() -> None:
    written = _rendered("segment = 'it''s name_0_; drop table x --'")
    assert written == ("({{ Dimension('customer__segment', entity_path=[]) }} = 'it''s name_0_; drop table x --')")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("segment = 'a'; drop table star.fct_orders", "cannot be read"),
        ("1 = 1) or (1 = 1", "cannot be read"),
        ("", "cannot be read"),
        ("segment =", "cannot be read"),
        ("segment = 'a' group by segment", "more than one condition"),
        ("segment = 'a' limit 1", "more than one condition"),
        ("segment = 'a' union select 1", "more than one condition"),
        ("segment in (select customer_id from star.dim_customers)", "may not hold a subquery"),
        ("exists (select 1)", "may not hold a subquery"),
        ("sum(nps) over () > 1", "may not hold a window"),
        ("segment = $1", "may not hold a parameter"),
        ("segment = '{{ env_var(''HOME'') }}'", "may not hold a template"),
        ("segment = '{% raw %}'", "may not hold a template"),
        ("not " * 2000 + "is_complete", "more than 1,000"),
        ("(" * 450 + "is_complete" + ")" * 450, ""),
    ],
)
def test_what_is_no_condition_is_refused_with_what_to_write(text: str, reason: str) -> None:
    if not reason:
        assert read_filter(text).names == ("is_complete",)
        return
    with pytest.raises(PipelineError, match=reason) as refusal:
        read_filter(text)
    assert '--where "segment = ' in str(refusal.value)
