"""Two shops and two survey tools, end to end: every figure equals both systems' extract files."""

from __future__ import annotations

from collections import Counter

import pandas as pd
import pytest

from demo.generate import generate
from orchestration.warehouse.dbt import run_dbt
from tests.integration.conftest import HISTORY, Company, company
from tests.integration.demo.oracle import nps_counts, of_every_grain
from tests.integration.two_shops_oracle import Both
from tests.unit.demo.truths import Demo

pytestmark = pytest.mark.xdist_group("two shops")

STATUS_GROUPS = {
    ("shop", "placed"): "placed",
    ("shop", "shipped"): "placed",
    ("shop", "delivered"): "fulfilled",
    ("shop", "returned"): "fulfilled",
    ("shop", "canceled"): "canceled",
    ("outlet", "open"): "placed",
    ("outlet", "delivered"): "placed",
    ("outlet", "received"): "fulfilled",
    ("outlet", "back"): "fulfilled",
    ("outlet", "void"): "canceled",
}
"""Status codes per shop: delivered means to the customer in one and to the carrier in the other."""


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Company:
    """A published night of a company with two shops: its history and two nights."""
    root = tmp_path_factory.mktemp("two-shops")
    owner = company("demo_two_shops", root, root / "extracts")
    generate(
        owner.extracts,
        customers=400,
        nights=2,
        seed=11,
        history_load_date=HISTORY,
        systems=tuple(owner.deployment.systems),
    )
    owner.succeed()
    return owner


@pytest.fixture(scope="module")
def extracts(night: Company) -> Both:
    """The extract files of the night."""
    return Both(night.extracts)


@pytest.fixture(scope="module")
def members(night: Company) -> pd.DataFrame:
    """The outlet's members of the truth."""
    return Demo(night.extracts).label("outlet_members")


def customer_of(night: Company) -> dict[tuple[str, str], str]:
    """The customer of every record."""
    found = night.query("select system, source_id, customer_id from star.map_customer_identities")
    return {(str(system), str(source_id)): str(customer_id) for system, source_id, customer_id in found}


def test_unit_tests_of_the_staging_models_pass(night: Company) -> None:
    selection = [f"fqn:cx360.staging.{name},test_type:unit" for name in ("outlet", "panel")]
    proven = run_dbt(night.deployment, night.home, ["--quiet", "test", "--select", *selection])
    assert [str(result.status) for result in proven.result.results] == ["pass"] * 2  # type: ignore[union-attr]


def by_name(night: Company, sql: str) -> dict[object, object]:
    """Query results: a number by name."""
    return {row[0]: row[1] for row in night.query(sql)}


def test_every_check_passes_and_nothing_goes_to_quarantine(night: Company) -> None:
    assert night.query("select count(*) from quality.quality_quarantine") == [(0,)]
    [(checks, passed)] = night.query(
        "select count(*), count(*) filter (where status = 'passed') from quality.quality_checks"
    )
    assert checks == passed
    gates = {
        table for (table,) in night.query("select table_name from quality.quality_checks where check_name = 'gate'")
    }
    landed = {f"landing/{table.name}" for table in night.deployment.tables()}
    marts = {name.replace(".", "/") for name in night.manifest()["tables"] if name.startswith("marts.")}
    assert gates == landed | marts | {"quality/quality_references", "quality/quality_contacts"}


def test_every_systems_records_are_those_of_the_truth(night: Company, members: pd.DataFrame) -> None:
    truth = Demo(night.extracts)
    records = Counter(truth.label("identities")["system"])
    assert records["outlet"] == records["panel"] == len(members)
    assert by_name(night, "select system, count(*) from star.map_customer_identities group by system") == records
    assert by_name(night, "select system, count(*) from star.fct_orders group by system") == {
        "shop": len(truth.label("orders")),
        "outlet": members["outlet_order_count"].sum(),
    }


def test_a_buyer_in_both_shops_is_one_customer_with_all_orders(
    night: Company, extracts: Both, members: pd.DataFrame
) -> None:
    """Persons come from the truth, which links records of the outlet and the CRM."""
    customers = customer_of(night)
    identities = Demo(night.extracts).label("identities", dtype={"source_id": str})
    in_crm = identities[identities["system"] == "crm"].drop_duplicates("person").set_index("person")["source_id"]
    linked = members[members["is_in_crm"]]
    overlapping = linked[linked["shop_order_count"] > 0]
    assert set(overlapping["linked_by"]) == {"email", "phone"}
    assert len(overlapping) > 20
    for member in linked.to_dict("records"):
        assert customers["outlet", str(member["member_no"])] == customers["crm", in_crm[member["person"]]], member

    counted = extracts.purchases[extracts.purchases["is_counted"]].assign(revenue=extracts.revenue).reset_index()
    expected = {
        customers[rows["system"].iloc[0], rows["buyer"].iloc[0]]: (len(rows), rows["revenue"].sum())
        for _, rows in counted.groupby("person")
        if rows["system"].nunique() == 2
    }
    assert len(expected) > 20
    published = night.query("select customer_id, order_count, revenue_amount from marts.mart_customer_360")
    assert len({row[0] for row in published}) == len(published)
    assert {row[0]: row[1:] for row in published if row[0] in expected} == expected
    current = Counter(row[0] for row in night.query("select customer_id from star.dim_customers where is_current"))
    assert all(current[customer] == 1 for customer in expected)
    valued = night.query("select customer_id, order_count, revenue_amount from marts.mart_customer_lifetime_value")
    assert {row[0]: row[1:] for row in valued if row[0] in expected} == expected


def test_customers_of_one_shop_are_published(night: Company, members: pd.DataFrame) -> None:
    customers = customer_of(night)
    strangers = members[members["linked_by"] == "nothing"]
    theirs = {customers["outlet", str(number)] for number in strangers["member_no"]}
    systems = by_name(night, "select customer_id, count(distinct system) from star.fct_orders group by customer_id")
    assert len(theirs) == len(strangers) > 20
    assert {systems[customer] for customer in theirs} == {1}


def test_orders_and_amounts_equal_both_shops_to_the_cent(night: Company, extracts: Both) -> None:
    orders = extracts.purchases.groupby("system").size()
    sums = [
        rows.groupby("system")["amount"].sum()
        for rows in (extracts.lines, extracts.amounts("refunds"), extracts.amounts("payments"))
    ]
    expected = {system: (orders[system], *(of[system] for of in sums)) for system in ("shop", "outlet")}
    published = night.query(
        "select system, count(*), sum(net_amount), sum(refunded_amount), sum(paid_amount) from star.fct_orders"
        " group by system"
    )
    assert {row[0]: row[1:] for row in published} == expected
    [(revenue,)] = night.query("select sum(revenue_amount) from marts.mart_customer_lifetime_value")
    assert revenue == extracts.revenue.sum()


def test_an_ambiguous_status_is_mapped_per_shop(night: Company, extracts: Both) -> None:
    purchases = extracts.purchases.reset_index()
    expected = Counter(
        (system, STATUS_GROUPS[system, state])
        for system, state in zip(purchases["system"], purchases["state"], strict=True)
    )
    published = night.query("select system, status_group, count(*) from star.fct_orders group by system, status_group")
    assert "delivered" in set(extracts.outlet("purchases")["state"])
    assert {row[:2]: row[2] for row in published} == expected


def test_equal_numbers_in_both_shops_are_different_orders_and_products(night: Company, extracts: Both) -> None:
    numbers = extracts.purchases.reset_index().groupby("number")["system"].nunique()
    articles = extracts.lines.groupby("sku")[["system", "product_name"]].nunique()
    assert (numbers == 2).sum() > 100
    assert ((articles["system"] == 2) & (articles["product_name"] == 2)).sum() > 20
    expected = Counter(
        zip(*(extracts.lines[name] for name in ("system", "number", "product_name", "amount")), strict=True)
    )
    published = night.query(
        """
        select orders.system, orders.source_id, products.product_name, order_lines.net_amount
        from star.fct_order_lines as order_lines
        join star.fct_orders as orders using (order_key)
        join star.dim_products as products using (product_key)
        """
    )
    assert Counter(published) == expected


def test_panel_answers_refer_to_outlet_purchases(night: Company, extracts: Both) -> None:
    replies = extracts.panel("replies")
    expected = Counter(replies["purchase_no"].dropna())
    published = night.query(
        """
        select orders.source_id, orders.system
        from star.fct_survey_answers as answers join star.fct_orders as orders using (order_key)
        where answers.system = 'panel' and answers.metric = 'nps'
        """
    )
    assert {system for _, system in published} == {"outlet"}
    assert Counter(number for number, _ in published) == expected


def test_every_nps_row_equals_both_survey_tools(night: Company, extracts: Both) -> None:
    groups = ("survey_type", "segment", "journey_stage")
    expected = nps_counts(extracts, *groups)
    counts = ("answer_count", "promoter_count", "passive_count", "detractor_count")
    published = night.query(of_every_grain("mart_nps_by_segment_stage", ", ".join([*groups, *counts])))
    assert {row[:5]: row[5:] for row in published} == expected
    nps = extracts.answers[extracts.answers["metric"] == "nps"]
    tools_of = nps.groupby("person")["system"].nunique()
    assert (tools_of == 2).sum() > 5


def test_equal_survey_codes_in_both_tools_are_two_surveys(night: Company, extracts: Both) -> None:
    expected = {
        (system, *key): (len(rows), int(rows["is_delivered"].sum()), int(rows["is_answered"].sum()))
        for system, requests in {"survey_tool": extracts.invitations, "panel": extracts.panel_requests}.items()
        for key, rows in requests.groupby(["survey_name", "month", "segment"])
    }
    names = {system: {key[1] for key in expected if key[0] == system} for system in ("survey_tool", "panel")}
    assert names["panel"] < names["survey_tool"]
    published = night.query(
        """
        select
            surveys.system, health.survey_name, health.month_start_date, health.segment, health.invited_count,
            health.delivered_count, health.responded_count
        from marts.mart_survey_health as health join star.dim_surveys as surveys using (survey_key)
        where health.invited_count > 0
        """
    )
    assert {row[:4]: row[4:] for row in published} == expected
