"""The lineage page: each published column with where it comes from and what is made of it."""

from __future__ import annotations

import re

from orchestration.pages.lineage import Lineage, lineage_page

LINEAGE: Lineage = {
    "staging.stg_shop__orders": {"net": []},
    "star.orders__amounts": {"net_amount": ["staging.stg_shop__orders.net"]},
    "star.fct_orders": {"net_amount": ["star.orders__amounts.net_amount"]},
    "marts.mart_value": {"revenue_amount": ["star.fct_orders.net_amount"], "<b>": []},
    "marts.mart_growth": {"growth_amount": ["star.fct_orders.net_amount", "identity.customers.customer_id"]},
}
PUBLISHED = ["star.fct_orders", "marts.mart_value", "marts.mart_growth"]


def entry(page: str, path: str) -> str:
    """The text of a column's entry."""
    found = re.search(rf'<dt id="{re.escape(path)}">.*?(?=<dt|</dl>)', page, re.DOTALL)
    assert found, path
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", found[0]))


def test_a_column_names_its_parents_their_origins_and_what_is_made_of_it() -> None:
    page = str(lineage_page(LINEAGE, PUBLISHED))
    assert entry(page, "star.fct_orders.net_amount").strip() == (
        "net_amount from star.orders__amounts.net_amount in the end from staging.stg_shop__orders.net"
        " to marts.mart_growth.growth_amount, marts.mart_value.revenue_amount"
    )
    assert "to no other column" in entry(page, "marts.mart_value.revenue_amount")
    assert "from no other column" in entry(page, "staging.stg_shop__orders.net")


def test_every_link_leads_to_a_column_of_the_page() -> None:
    page = str(lineage_page(LINEAGE, PUBLISHED))
    targets = set(re.findall(r'href="#([^"]+)"', page))
    assert "identity.customers.customer_id" in targets
    assert targets <= set(re.findall(r'id="([^"]+)"', page))


def test_published_tables_come_first_and_the_index_has_their_columns_alone() -> None:
    page = str(lineage_page(LINEAGE, PUBLISHED))
    index, tables = page.split('id="published"')
    assert "star.fct_orders.net_amount" in index
    assert "stg_shop__orders" not in index
    assert tables.index("star.fct_orders") < tables.index('id="steps"') < tables.index('id="star.orders__amounts"')


def test_a_hostile_name_is_inert() -> None:
    page = str(lineage_page(LINEAGE, PUBLISHED))
    assert "<b>" not in page
    assert "&lt;b&gt;" in page


def test_columns_that_are_made_of_each_other_end() -> None:
    page = str(lineage_page({"a.b": {"c": ["a.b.d"], "d": ["a.b.c"]}}, ["a.b"]))
    assert "from a.b.d" in entry(page, "a.b.c")


def test_a_figure_of_many_columns_names_its_parents_alone() -> None:
    wide = {"star.s": {"total": [f"star.t.c{place}" for place in range(9)]}, "star.t": {}}
    lineage: Lineage = {**wide, "marts.m": {"total": ["star.s.total"]}}
    assert "in the end" not in entry(str(lineage_page(lineage, ["marts.m"])), "marts.m.total")
